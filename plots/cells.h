/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cells.h - one line of a terminal picture: printable ASCII and a few drawing symbols by column, written at the end in
 * ASCII or as UTF-8. Text of others is escaped on its way in, so no byte of a capture reaches the terminal as control.
 */
#ifndef PLOTS_CELLS_H
#define PLOTS_CELLS_H

#include "sim/base/sink.h"

enum { CELLS_MAX = 200 };

/* Codes below ' ', which no text can hold once it is escaped. */
enum cell_symbol {
    CELL_LIFELINE = 1, /* | */
    CELL_FOLD,         /* : where time is left out */
    CELL_SHAFT,        /* - */
    CELL_RIGHT,        /* > */
    CELL_LEFT,         /* < */
    CELL_TIMES,        /* x: a count, or a loss */
    CELL_CUT,          /* ~ where text was shortened */
    CELL_FULL,         /* # of a bar */
    CELL_EDGE,         /* the end of an interval */
    CELL_SYMBOL_COUNT
};

struct cells {
    unsigned width;
    uint8_t cell[CELLS_MAX];
};

/* A line of blanks; width is at most CELLS_MAX. */
void cells_clear(struct cells *cells, unsigned width);

/* One symbol or printable character; outside of the line nothing happens. */
void cells_put(struct cells *cells, unsigned column, uint8_t cell);

/* The same one from column from to before column until. */
void cells_fill(struct cells *cells, unsigned from, unsigned until, uint8_t cell);

/* text from column on in at most room columns, shortened with CELL_CUT; bytes outside of printable ASCII appear as
 * \xNN. Returns the columns taken. */
unsigned cells_text(struct cells *cells, unsigned column, unsigned room, struct span text);

/* The columns that text needs. */
unsigned cells_text_width(struct span text);

/* The line without blanks at its end, and a newline. */
void cells_write(const struct cells *cells, bool is_unicode, struct sink *sink);

#endif
