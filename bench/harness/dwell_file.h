/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dwell_file.h - tables of dwells as CSV, times in milliseconds:
 * role,kind,side,n,min_ms,median_ms,p95_ms,max_ms,work_ms,includes,source. A line that begins with # is a comment. Each
 * row has a source; one that holds the word "assumed" marks the row as such. A last column replayed_ms may follow:
 * dwells divided by blanks, which the simulator takes in their order instead of the median.
 */
#ifndef BENCH_HARNESS_DWELL_FILE_H
#define BENCH_HARNESS_DWELL_FILE_H

#include "sim/base/sink.h"
#include "sim/ims/dwell.h"

/* Reads a file or a built-in table. Errors say "FILE:LINE: what was expected"; the table is then untouched. */
MUST_USE enum err dwell_file_read(struct span name, struct dwell_table *table, struct note *note);

/* The same for a text; name is what messages and the table are called after. */
MUST_USE enum err dwell_file_parse(struct span text, const char *name, struct dwell_table *table, struct note *note);

/* The table as such a text. */
void dwell_file_write(const struct dwell_table *table, struct sink *sink);

/* What a dwell includes, as the column has it: "hss+esp"; nothing for 0. */
void dwell_write_includes(unsigned includes, struct sink *sink);

#endif
