/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * csv.h - one line of CSV into cells, and a cell out (RFC 4180, but for reading line ends inside of quotes).
 */
#ifndef SIM_BASE_CSV_H
#define SIM_BASE_CSV_H

#include "sim/base/sink.h"

/* Cuts line into at most max cells, *count of them, blanks at both ends taken off those without quotes. Cells point
 * into line, or into unquoted for quoted ones. ERR_SYNTAX: a quote in the wrong place; ERR_RANGE: more than max cells;
 * ERR_FULL: unquoted is too small (line.size bytes always suffice). */
MUST_USE enum err csv_cut(struct span line, struct span *cells, size_t max, size_t *count, struct sink *unquoted);

/* A cell as CSV takes it: in quotes, those inside doubled, where it holds a comma, a quote or a line end. */
void csv_write(struct sink *sink, struct span cell);

#endif
