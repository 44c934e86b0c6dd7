/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * preset.h - parameters that stand for many others: each of their choices sets a group of parameters, which may be
 * changed after it. access.preset gives the access.*, tcp.set the tcp.*.
 */
#ifndef SIM_PRESET_H
#define SIM_PRESET_H

#include "sim/scenario.h"

/* One parameter of one choice, in the words of a scenario file. */
struct preset_value {
    int choice;
    const char *name; /* of its row in scenario_fields */
    const char *value;
    const char *source; /* a standard, a measurement, or "assumed" */
};

struct preset {
    const char *name;                  /* of the row whose choice it is */
    size_t offset;                     /* of its member */
    const struct preset_value *values; /* ends with a row whose name is NULL */
};

/* Ends with a row whose name is NULL. */
extern const struct preset presets[];

/* The one whose choice the row is; NULL: none. */
const struct preset *preset_of(const struct field *row);

#endif
