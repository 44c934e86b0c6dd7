/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table.h - a table that is built cell by cell and written three ways: aligned columns for people, CSV (RFC 4180) and
 * JSON for programs. A cell may look different for people ("12.34 ms") and for programs ("12340000").
 */
#ifndef SIM_BASE_TABLE_H
#define SIM_BASE_TABLE_H

#include "sim/base/arena.h"
#include "sim/base/sink.h"

enum { TABLE_COLUMNS_MAX = 80 };

enum table_kind {
    TABLE_TEXT,  /* left-aligned; a string in JSON */
    TABLE_NUMBER /* right-aligned; for programs a plain decimal number, or empty: null in JSON */
};

struct table_column {
    const char *title; /* for people; borrowed. NULL: programs only */
    const char *name;  /* for programs; borrowed. NULL: people only */
    enum table_kind kind;
};

struct table_cell {
    struct span shown;
    struct span plain;
};

struct table_row {
    struct table_row *next;
    struct table_cell *cells;
};

struct table {
    struct arena *arena;
    size_t column_count;
    struct table_column columns[TABLE_COLUMNS_MAX];
    struct table_row *first, *last;
    size_t next_column; /* where the next cell of the last row goes */
};

/* An empty table whose rows live in arena. */
void table_init(struct table *table, struct arena *arena);

/* All columns come before the first row. */
void table_column(struct table *table, const char *title, const char *name, enum table_kind kind);

/* Begins a row. Cells that are not set stay empty. */
void table_row(struct table *table);

/* The next cell of the row; the texts are copied. table_same: the same for people and programs. */
void table_cell(struct table *table, struct span shown, struct span plain);
void table_same(struct table *table, struct span text);

/* A title line, then a line a row, blanks between the columns; an empty cell is "-". Non-ASCII text counts a column for
 * each code point. A table wider than room, in such columns (0: as wide as it is), is written in blocks, one below the
 * other, each with the first column and the texts behind it that take up to half of the room. Rows are in the same
 * order in all. */
void table_write_text(const struct table *table, size_t room, struct sink *sink);

/* A line of names, then a line a row, each ended by a newline. */
void table_write_csv(const struct table *table, struct sink *sink);

/* An array with one object a row. */
void table_write_json(const struct table *table, struct sink *sink);

#endif
