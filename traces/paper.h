/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * paper.h - the packets that can be read in the paper's capture figures (traces/paper/captures.csv) and the quantities
 * that follow from them. Every quantity is computed from rows of that file; digits that the scan lost stay lost.
 */
#ifndef TRACES_PAPER_H
#define TRACES_PAPER_H

#include "sim/base/span.h"

enum { PAPER_ROWS_MAX = 64, PAPER_QUANTITIES_MAX = 40 };

/* A frame of a figure. Spans point into the text that was read; empty where nothing can be read. */
struct paper_row {
    uint64_t figure, frame;
    struct span time; /* seconds; '?' a lost digit; "*REF*" */
    struct span from, to, protocol;
    struct span length; /* '?' a lost digit */
    struct span info, note;
    bool has_time, has_length; /* every digit can be read */
    int64_t time_ns;
    uint64_t length_bytes;
};

struct paper {
    struct paper_row rows[PAPER_ROWS_MAX];
    uint32_t count;
};

/* Reads the file's text, which must outlive *paper. ERR_SYNTAX or ERR_FULL; the note tells the line. */
MUST_USE enum err paper_read(struct span text, struct paper *paper, struct note *note);

/* The row of that frame, or NULL. Frame numbers differ between the figures. */
const struct paper_row *paper_row_of(const struct paper *paper, uint64_t frame);

enum paper_match { PAPER_NOTHING_LEGIBLE, PAPER_AGREES, PAPER_DIFFERS };

/* Holds a time against the digits of a row's time that can be read. Digits past the microsecond are cut off, as
 * the clock of a capture does. */
enum paper_match paper_match_time(struct span pattern, int64_t time_ns);

struct paper_quantity {
    const char *name;
    int64_t value;      /* nanoseconds or bytes */
    const char *unit;   /* "ns" or "B" */
    uint64_t frames[2]; /* those it follows from; the second is 0 where one is enough */
    bool is_time;
    bool is_bound;          /* the true value is at most this */
    const char *legibility; /* "" when every digit stands in the scan as it is used here */
};

struct paper_quantities {
    struct paper_quantity rows[PAPER_QUANTITIES_MAX];
    uint32_t count;
};

/* All that the figures tell in numbers. ERR_SYNTAX when a frame that is needed is missing or cannot be read, or two
 * frames that tell the same thing differ. */
MUST_USE enum err paper_derive(const struct paper *paper, struct paper_quantities *quantities, struct note *note);

#endif
