/* SPDX-License-Identifier: GPL-3.0-or-later */
/* replay.h - what `hopsim replay` has worked out, and how it is told. */
#ifndef BENCH_CLI_REPLAY_H
#define BENCH_CLI_REPLAY_H

#include "bench/cli/command.h"
#include "bench/cli/replay_what_if.h"
#include "traces/anonymise.h"

/* A capture with the session that was chosen in it. */
struct replay_source {
    struct trace trace;
    struct flow flow;
    struct session session;
};

struct replay_run {
    const struct command_line *line;
    struct replay_source captured, simulated;
    struct anonymiser *anonymiser; /* NULL: names stay */
    struct replay replay;
    struct replay_match match;
    struct setup setup;
    bool has_what_if;
    struct what_if what_if;
    struct outcome outcome; /* of the repeated session */
    struct arena *trial_arena, *table_arena;
};

struct replay_table {
    const char *name, *help;
    void (*fill)(const struct replay_run *run, struct table *table);
};

/* Ends with a row whose name is NULL. */
extern const struct replay_table replay_tables[];
const struct replay_table *replay_find_table(const char *name); /* NULL: none of that name */

/* Everything, or the table that --table names, for people. */
void replay_write(struct replay_run *run, struct sink *sink);

#endif
