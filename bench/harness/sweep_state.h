/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sweep_state.h - a running sweep from within: what sweep_run.c (threads) and sweep_ranks.c (processes) share. */
#ifndef BENCH_HARNESS_SWEEP_STATE_H
#define BENCH_HARNESS_SWEEP_STATE_H

#include "bench/harness/sweep_run.h"

#include <pthread.h>
#include <stdatomic.h>

/* A result on its way from a worker to the caller. */
struct slot {
    bool is_done;
    uint64_t seed;
    struct outcome outcome;
    bool is_error;
    char error[SWEEP_ERROR_SIZE];
};

/* A stretch of trials: of every point those from first_trial to before its until, one behind the other. */
struct work {
    const struct sweep_job *job;
    size_t first_point, point_count;
    size_t first_trial;
    const uint64_t *before; /* by point of the stretch: trials of those in front of it; one more for the end */
    uint64_t total;         /* rows */
    atomic_uint_fast64_t next;
    pthread_mutex_t lock;
    pthread_cond_t done, room; /* a slot is done; told has grown */
    uint64_t told;             /* rows; guarded by lock, as is what follows */
    unsigned running;
    bool is_ended;
    struct slot *slots; /* SWEEP_AHEAD_MAX, by row modulo it */
    uint64_t block;     /* rows that are claimed at once, with several ranks */
};

/* A worker's own: the setup of the point that it is at, and the rows that it has claimed. */
struct worker {
    struct arena *arena;
    struct setup *setup;
    size_t point; /* SIZE_MAX: none is open */
    uint64_t claimed, until;
    struct note note;
};

/* False without memory. sweep_worker_free also then. */
bool sweep_worker_init(struct worker *worker, const struct sweep_job *job);
void sweep_worker_free(struct worker *worker);

/* Runs the trial of a row and fills all of the slot but is_done. */
void sweep_run_row(struct work *work, struct worker *worker, uint64_t row, struct slot *slot);

/* By point: trials of those in front of it, one more for the end; the caller frees it. */
MUST_USE enum err sweep_count_trials(const struct sweep *sweep, uint64_t **before, struct note *note);

bool sweep_is_stopped(const struct work *work);

/* A worker's row is in its slot. */
void sweep_slot_done(struct work *work, uint64_t row);

/* One thread of the running puts no more rows into slots. */
void sweep_thread_done(struct work *work);

/* ---- sweep_ranks.c ---- */

bool sweep_has_ranks(const struct sweep_job *job);

/* At rank 0: tells the others what to do. Then sweep_ranks_receive, in a thread of its own, puts their rows into slots
 * until all of them are through; it is one of the running. */
void sweep_ranks_order(struct work *work, uint64_t first, bool is_all);
void *sweep_ranks_receive(void *work);

#endif
