/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * core_trials.h - the trials.csv of `hopsim measure -o` read again, as medians of each arm and size.
 */
#ifndef BENCH_CLI_CORE_TRIALS_H
#define BENCH_CLI_CORE_TRIALS_H

#include "bench/cli/measured_model.h"

enum { CORE_TRIALS_POINTS_MAX = 64, CORE_TRIALS_EACH_MAX = 200 };

struct core_trials {
    size_t count;
    struct measured_row rows[CORE_TRIALS_POINTS_MAX]; /* in the order in which they first stand in the file */
    uint64_t failed;                                  /* trials that were not delivered; they are in no median */
};

/* Adds a file's trials as points; a point that is there already is an error, so that no two runs mix. ERR_FILE,
 * ERR_SYNTAX, ERR_RANGE with a note. */
MUST_USE enum err core_trials_read(struct core_trials *trials, const char *path, struct note *note);

/* The point of an arm and size; NULL. */
const struct measured_row *core_trials_find(const struct core_trials *trials, const char *arm, uint64_t size_bytes);

#endif
