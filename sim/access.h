/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * access.h - kinds of access networks: the values of the parameters access.* that make one up, each with its source.
 */
#ifndef SIM_ACCESS_H
#define SIM_ACCESS_H

#include "sim/preset.h"

/* The choices are of enum access_preset. Ends with a row whose name is NULL. */
extern const struct preset_value access_values[];

/* Whether no operator would let users reach one another directly there: arms that are direct are then a bound of what
 * could be, not a configuration. */
bool access_is_mobile(const struct scenario *scenario);

#endif
