/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * measure_outcome.h - a measured transfer as the row that a trial gives, so that every table and figure takes both.
 * What a real run cannot know (parts, events, bytes at layers it does not see) is an empty cell.
 */
#ifndef BENCH_CLI_MEASURE_OUTCOME_H
#define BENCH_CLI_MEASURE_OUTCOME_H

#include "bench/measure/conduct.h"
#include "sim/arm.h"
#include "sim/base/table.h"
#include "sim/outcome.h"

void measure_outcome(const struct arm *arm, uint64_t file_bytes, const struct conduct_result *result,
                     struct outcome *outcome);

/* Columns arm, trial, seed and then those of outcome_fields: trials.csv's; people see the phases alone. */
void measure_columns(struct table *table);
void measure_row(struct table *table, const char *arm, uint64_t number, const struct outcome *outcome);

/* The middle of the delivered outcomes' member, the mean of the two in the middle of an even number; NONE_NS where
 * there is none or it is not known. member: offset of an int64_t in struct outcome. */
int64_t measure_median(const struct outcome *outcomes, size_t count, size_t member);

#endif
