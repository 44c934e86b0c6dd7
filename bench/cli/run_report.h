/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_report.h - one trial on paper: what `hopsim run` prints, and the messages it remembers for the ladder.
 */
#ifndef BENCH_CLI_RUN_REPORT_H
#define BENCH_CLI_RUN_REPORT_H

#include "bench/cli/command.h"
#include "bench/harness/setup.h"
#include "plots/ladder.h"

enum { RUN_MESSAGES_MAX = 100000 };

/* Messages as they come from the tap; what is more than RUN_MESSAGES_MAX is only counted. */
struct run_messages {
    struct arena *arena;
    struct ladder_message *messages; /* RUN_MESSAGES_MAX of them */
    size_t count;
    uint64_t told;
};

/* Enough for RUN_MESSAGES_MAX messages. NULL when the machine has no memory; arena_destroy gives it back. */
struct arena *run_messages_init(struct run_messages *messages);

/* For sim_tap: context is the struct run_messages. */
void run_messages_add(void *context, const struct sim_message *message);

/* Writes result, phases, parts and ladder for people. ERR_FULL when sink or memory is too small. */
MUST_USE enum err run_report(const struct trial *trial, const struct outcome *outcome,
                             const struct run_messages *messages, struct command_terminal terminal, struct arena *arena,
                             struct sink *sink);

/* What a drawing of the trial is called. */
void run_title(const struct trial *trial, const struct outcome *outcome, struct sink *sink);

/* One row with every column of outcome_fields behind scenario, arm, seed and trial. */
void run_table(const struct trial *trial, const struct outcome *outcome, struct table *table);

#endif
