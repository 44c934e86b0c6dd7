/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * setup.h - everything that trials of one scenario share, read from files or built-ins: the scenario, its tables of
 * dwells and costs, and the bytes of the file to send.
 */
#ifndef BENCH_HARNESS_SETUP_H
#define BENCH_HARNESS_SETUP_H

#include "bench/harness/scenario_file.h"
#include "sim/sim.h"

struct setup {
    struct scenario_file file;
    struct dwell_table dwells;
    struct cost_table costs;
    struct source source; /* of the file's bytes */
    uint64_t file_bytes;  /* how many of them are sent */
    void *mapped;         /* the file in memory, or NULL */
    size_t mapped_bytes;
};

/* Opens the tables and the file that setup->file names. setup_close gives back what it holds. */
MUST_USE enum err setup_open(struct setup *setup, struct note *note);
void setup_close(struct setup *setup);

/* A trial of the setup, which must outlive it. */
struct trial setup_trial(const struct setup *setup, const struct arm *arm, uint64_t number);

#endif
