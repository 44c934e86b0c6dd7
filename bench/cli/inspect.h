/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inspect.h - tables that `hopsim inspect` shows, each a row by name. */
#ifndef BENCH_CLI_INSPECT_H
#define BENCH_CLI_INSPECT_H

#include "bench/cli/command.h"
#include "traces/anonymise.h"
#include "traces/dwells.h"

struct inspect {
    const struct command_line *line;
    struct trace trace;
    struct flow flow;
    struct dwells dwells;
    struct anonymiser *anonymiser; /* NULL: names stay */
    struct arena *arena;           /* of tables */
    char sources[256];             /* the captures' names, for dwell files */
};

typedef void inspect_table_fn(const struct inspect *inspect, struct table *table);

struct inspect_table {
    const char *name, *help;
    inspect_table_fn *fill;
    bool is_standard; /* shown to people who ask for none by name */
};

/* Ends with a row whose name is NULL. */
extern const struct inspect_table inspect_tables[];

/* In a file of its own. */
inspect_table_fn inspect_fill_handshakes;

/* A message's time in seconds since the first frame, on the clock of tap 0. */
double inspect_seconds(const struct inspect *inspect, int64_t at_ns);

#endif
