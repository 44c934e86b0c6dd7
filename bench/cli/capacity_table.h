/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * capacity_table.h - capacities as a table: all of it in one for programs, and for people in three that fit 80 columns:
 * what held, what failed, what attempts cost.
 */
#ifndef BENCH_CLI_CAPACITY_TABLE_H
#define BENCH_CLI_CAPACITY_TABLE_H

#include "bench/harness/capacity.h"
#include "sim/base/table.h"

enum { CAPACITY_ARMS_MAX = 8, CAPACITY_BESIDES_MAX = 32 };

/* What is sought, and what was found: a row an arm and a rate of what is beside it. */
struct capacity_rows {
    const char *scenario;
    enum capacity_of of;
    double inadequate_most; /* a share */
    uint64_t file_bytes;
    const struct arm *arms[CAPACITY_ARMS_MAX];
    size_t arm_count;
    uint64_t besides_per_ks[CAPACITY_BESIDES_MAX]; /* thousandths of attempts a second, of what is not sought */
    size_t beside_count;
    struct capacity capacities[CAPACITY_BESIDES_MAX][CAPACITY_ARMS_MAX];
};

/* "files" or "calls". */
extern const char *const capacity_kinds[2];

/* The whole table, for programs: its columns have no titles. */
void capacity_table_make(const struct capacity_rows *rows, struct arena *arena, struct table *table);

/* As people read it: what was sought, the tables, and what follows. */
void capacity_table_write(const struct capacity_rows *rows, struct arena *arena, struct sink *sink);

/* Some sentences on each arm that nothing bounds. */
void capacity_table_write_unbounded(const struct capacity_rows *rows, struct sink *sink);

#endif
