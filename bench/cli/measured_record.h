/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * measured_record.h - measured points as a CSV file that grows by a row a point, so that a validation that was broken
 * off goes on where it was.
 */
#ifndef BENCH_CLI_MEASURED_RECORD_H
#define BENCH_CLI_MEASURED_RECORD_H

#include "bench/cli/measured_model.h"

#include <stdio.h>

enum { MEASURED_ROWS_MAX = 1024 };

struct measured_record {
    FILE *file;
    bool is_begun; /* this run has told where and when it measures */
    size_t count;
    struct measured_row rows[MEASURED_ROWS_MAX];
};

/* Reads what stands in the file, which is made where it is missing, or only read and must be there. ERR_FILE,
 * ERR_SYNTAX with file and line. */
MUST_USE enum err measured_record_open(struct measured_record *record, const char *path, bool is_read_only,
                                       struct note *note);
void measured_record_close(struct measured_record *record);

/* The row of that point, or NULL. */
const struct measured_row *measured_record_find(const struct measured_record *record,
                                                const struct measured_point *point);

/* Adds a row and writes it at once; before a run's first, a line about the machine. */
MUST_USE enum err measured_record_add(struct measured_record *record, const struct measured_row *row,
                                      struct note *note);

#endif
