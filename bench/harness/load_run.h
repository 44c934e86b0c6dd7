/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load_run.h - replications of a load, in threads: each with the trial number of its place, so that the rows do not
 * depend on the number of threads.
 */
#ifndef BENCH_HARNESS_LOAD_RUN_H
#define BENCH_HARNESS_LOAD_RUN_H

#include "bench/harness/load_times.h"
#include "bench/harness/setup.h"
#include "sim/load.h"

struct load_job {
    const struct setup *setup;
    const struct load_times *times;
    const struct arm *arm;
    uint64_t first; /* number of the first replication */
    size_t replications;
    unsigned jobs;
    size_t memory_bytes;      /* of one */
    uint64_t inadequate_most; /* struct load's */
    void *context;
    /* From any thread, but never from two at once. NULL: nobody is told. */
    void (*progress)(void *context, uint64_t done, uint64_t wanted);
};

/* Fills an outcome for each. ERR_FULL without memory; errors of sim_load. */
MUST_USE enum err load_run(const struct load_job *job, struct load_outcome *outcomes, struct note *note);

#endif
