/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cost_file.h - tables of costs as CSV: operation,fixed_ns,ns_per_byte,source. A line that begins with # is a comment;
 * one that begins with "# machine: " says what was measured. An operation without a row is unknown in the table.
 */
#ifndef BENCH_HARNESS_COST_FILE_H
#define BENCH_HARNESS_COST_FILE_H

#include "sim/base/sink.h"
#include "sim/sec/cost.h"

/* Reads a file or a built-in table. Errors say "FILE:LINE: what was expected"; the table is then untouched. */
MUST_USE enum err cost_file_read(const char *name, struct cost_table *table, struct note *note);

/* The same for a text; name is what messages and the table are called after. */
MUST_USE enum err cost_file_parse(struct span text, const char *name, struct cost_table *table, struct note *note);

#endif
