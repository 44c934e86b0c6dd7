/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sheet.h - a file of results in memory: its text, or a CSV table whose cells are found by row and column name.
 */
#ifndef PLOTS_SHEET_H
#define PLOTS_SHEET_H

#include "sim/base/span.h"

enum { SHEET_COLUMNS_MAX = 256, SHEET_BYTES_MAX = 256 << 20 };

/* The bytes of a file. ERR_FILE when it cannot be read, ERR_FULL without memory or beyond SHEET_BYTES_MAX; a note names
 * the file. free() gives text->data back. */
MUST_USE enum err sheet_read_text(const char *path, struct span *text, struct note *note);

/* A table. Names and cells live until sheet_free; lines that begin with '#' before the head are left out. */
struct sheet {
    size_t column_count, row_count;
    struct span names[SHEET_COLUMNS_MAX];
    struct span *cells; /* row by row */
    char *bytes, *unquoted;
};

/* Reads a CSV file (RFC 4180 without line breaks in quotes). ERR_SYNTAX names file and line where a row has other
 * columns than the head; errors as sheet_read_text otherwise. */
MUST_USE enum err sheet_read(const char *path, struct sheet *sheet, struct note *note);
void sheet_free(struct sheet *sheet);

/* The number of the column, SIZE_MAX when there is none. */
size_t sheet_column(const struct sheet *sheet, const char *name);

/* An empty span where the row or the column is not there. */
struct span sheet_cell(const struct sheet *sheet, size_t row, size_t column);
struct span sheet_find(const struct sheet *sheet, size_t row, const char *name);

/* The cell as a number, NAN where it is empty or none. */
double sheet_value(const struct sheet *sheet, size_t row, size_t column);
double sheet_number(const struct sheet *sheet, size_t row, const char *name);

#endif
