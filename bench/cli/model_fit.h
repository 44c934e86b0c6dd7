/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * model_fit.h - what the models that are fitted to measured transfers share: one trial of a point, a number that brings
 * a phase to what was measured, the line through two sizes.
 */
#ifndef BENCH_CLI_MODEL_FIT_H
#define BENCH_CLI_MODEL_FIT_H

#include "bench/cli/measured_model.h"

/* The int64_t at that offset of a record. */
int64_t model_fit_member(const void *record, size_t offset);

MUST_USE enum err model_fit_set_time(struct scenario_file *file, const char *key, int64_t time_ns, struct note *note);

/* A trial of a point by a setup. ERR_RANGE: it does not deliver. */
MUST_USE enum err model_fit_run(const struct setup *setup, const struct measured_point *point, uint64_t number,
                                struct arena *arena, struct outcome *outcome, struct note *note);

/* Whether the number is still too small; once it is not, no greater one is. */
typedef enum err model_fit_fn(void *context, bool *is_small, struct note *note);

/* Sets *number, which context knows of, to the least value from 0 to most that is not too small, or to most. */
MUST_USE enum err model_fit_least(int64_t *number, int64_t most, model_fit_fn *ask, void *context, struct note *note);

/* The line through 10 KiB and 1 MiB: fixed, and picoseconds a byte; as a cost, with nothing below 0. */
void model_fit_line(int64_t small_ns, int64_t large_ns, int64_t *fixed_ns, int64_t *byte_ps);
void model_fit_set_cost(struct cost *cost, int64_t fixed_ns, int64_t byte_ps);

#endif
