/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcp_set.h - kinds of TCP: the values of the parameters tcp.* (but tcp.buffer, which applications choose) that make
 * one up, each with its source.
 */
#ifndef SIM_TCP_SET_H
#define SIM_TCP_SET_H

#include "sim/preset.h"

/* Ends with a row whose name is NULL. */
extern const struct preset_value tcp_set_values[];

#endif
