/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sweep_inputs.h - copies of what a sweep reads beside its own text, in the folder inputs/ of its results: whole
 * scenarios where these are an axis, tables of dwells and costs. A sweep runs from them, now, resumed or years later,
 * so that what happens to the originals changes no row.
 */
#ifndef BENCH_HARNESS_SWEEP_INPUTS_H
#define BENCH_HARNESS_SWEEP_INPUTS_H

#include "bench/harness/results.h"
#include "bench/harness/sweep.h"

/* Whether everything can be read that sweep_inputs_save copies. */
MUST_USE enum err sweep_inputs_check(const struct sweep *sweep, struct note *note);

/* Saves inputs/scenario-I.ini, dwell-I.csv and cost-I.csv; I is the number of the value of the axis that names them (of
 * dwell.table, costs.table, or scenarios), 0 without one. */
MUST_USE enum err sweep_inputs_save(const struct results *results, const struct sweep *sweep, struct note *note);

/* Reads the sweep of a results folder from its copies alone. ERR_FILE where there are none, ERR_RANGE for a folder
 * whose name is too long, and what sweep_read says. */
MUST_USE enum err sweep_inputs_read(const char *folder, struct sweep *sweep, struct note *note);

/* Makes the point's scenario name the copies of its tables; nothing happens to a sweep that reads the originals. */
MUST_USE enum err sweep_inputs_redirect(const struct sweep *sweep, size_t point, struct scenario *scenario,
                                        struct note *note);

#endif
