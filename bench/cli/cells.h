/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cells.h - cells of tables that several commands write alike. */
#ifndef BENCH_CLI_CELLS_H
#define BENCH_CLI_CELLS_H

#include "sim/base/field.h"
#include "sim/base/table.h"

void cell_text(struct table *table, const char *text);
void cell_format(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ns as ms with `digits` behind the point for people, as ns for programs; empty for NONE_NS. */
void cell_time(struct table *table, int64_t ns, int digits);

#endif
