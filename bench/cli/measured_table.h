/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * measured_table.h - what was predicted beside what was measured, as tables: a row a point with the error, and hop by
 * hop against end to end, measured and simulated.
 */
#ifndef BENCH_CLI_MEASURED_TABLE_H
#define BENCH_CLI_MEASURED_TABLE_H

#include "bench/cli/measured_model.h"
#include "sim/base/table.h"

/* A point with both its sides. */
struct measured_cell {
    struct measured_row row;
    struct outcome predicted;
};

/* Predicted less measured delay, of the measured one. */
double measured_error(const struct measured_cell *cell);

/* Columns and a row a cell. */
void measured_table_errors(struct table *table, const struct measured_cell *cells, size_t count);

/* Of the comparisons below: in how many end to end is faster, and in how many both sides say the same. */
struct measured_answer {
    size_t comparisons, faster_measured, faster_simulated, agreed;
};

/* A row for each way hop by hop (msrp-relay, message-tls) of which the same file over the same network went by
 * msrp-smime, too: how many times as long it took. */
struct measured_answer measured_table_answer(struct table *table, const struct measured_cell *cells, size_t count);

#endif
