/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sweep_run.h - runs a sweep's trials in threads and tells their rows in order: points, then trials, then arms. Each
 * thread claims the next trial with one atomic addition and has an arena of its own; no thread runs further ahead of
 * the first row that is not told than SWEEP_AHEAD_MAX trials. The rows do not depend on the number of threads, nor on
 * that of ranks, which claim blocks of rows and send them to rank 0.
 */
#ifndef BENCH_HARNESS_SWEEP_RUN_H
#define BENCH_HARNESS_SWEEP_RUN_H

#include "bench/harness/ranks.h"
#include "bench/harness/sweep.h"

#include <signal.h>

enum { SWEEP_AHEAD_MAX = 4096, SWEEP_ERROR_SIZE = 200, SWEEP_ROW_SIZE = 8192 };

/* One trial's place and result. */
struct sweep_row {
    size_t point, trial, arm;
    uint64_t seed; /* of the point's scenario */
    struct outcome outcome;
    bool is_error; /* the trial could not be run: error says why, outcome is nothing */
    char error[SWEEP_ERROR_SIZE];
};

struct sweep_job {
    const struct sweep *sweep;
    unsigned jobs;
    size_t memory_bytes;               /* of a trial */
    uint64_t first;                    /* rows that are there already: with repetitions any, with a precision those of
                                          whole points; first_point goes with it */
    size_t first_point;                /* with a precision: the point to begin with */
    struct ranks *ranks;               /* NULL: this process alone. sweep_run is for rank 0 */
    const char *folder;                /* with ranks: where the others read the sweep, by sweep_inputs_read */
    const volatile sig_atomic_t *stop; /* not 0: no further trial begins; NULL: never */
    void *context;
    /* The next row, from the calling thread. An error ends the run. */
    enum err (*row)(void *context, const struct sweep_row *row, struct note *note);
    uint64_t *imprecise; /* counts points that have the most trials and not the precision; may be NULL */
    void (*progress)(void *context, uint64_t done, uint64_t wanted); /* may be NULL; wanted is a guess with precision */
};

/* Of several ranks those but 0: run what they claim of each order of rank 0's until there are no more. ERR_FULL without
 * memory, and what sweep_inputs_read says: then the ranks are to be abandoned. */
MUST_USE enum err sweep_help(struct ranks *ranks, size_t memory_bytes, struct note *note);

/* ERR_OK also when stop ended it early. Errors of row; ERR_FULL without memory. */
MUST_USE enum err sweep_run(const struct sweep_job *job, struct note *note);

/* Whether nothing is random at a point. ERR as sweep_scenario. */
MUST_USE enum err sweep_is_exact(const struct sweep *sweep, size_t point, bool *is_exact, struct note *note);

/* Trials a point gets: 1 where nothing is random. ERR as sweep_scenario. */
MUST_USE enum err sweep_trials(const struct sweep *sweep, size_t point, size_t *trials, struct note *note);

/* Rows in all, with repetitions; with a precision the most. */
MUST_USE enum err sweep_rows(const struct sweep *sweep, uint64_t *rows, struct note *note);

/* The head of trials.csv and a row of it, each with its line end. SWEEP_ROW_SIZE bytes suffice. */
void sweep_write_head(const struct sweep *sweep, struct sink *sink);
void sweep_write_row(const struct sweep *sweep, const struct sweep_row *row, struct sink *sink);

#endif
