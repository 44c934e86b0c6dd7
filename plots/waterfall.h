/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * waterfall.h - times as horizontal bars in a terminal: the parts of one delay, each beginning where the one before it
 * ends, or the delays of several arms side by side with the interval of each.
 */
#ifndef PLOTS_WATERFALL_H
#define PLOTS_WATERFALL_H

#include "sim/base/field.h"

struct waterfall_style {
    unsigned width;  /* columns; brought into 60 to 200 */
    bool is_unicode; /* block characters; ASCII otherwise */
    bool is_plain;   /* names and figures alone, no bars: where nobody looks at them */
};

/* A time with its name (borrowed; what is not printable ASCII is shown escaped). */
struct waterfall_part {
    const char *name;
    int64_t ns; /* NONE_NS: a line without a bar */
};

enum {
    WATERFALL_LINES_MAX = 64,
    /* Room that always suffices for what either function writes. */
    WATERFALL_TEXT_SIZE = (WATERFALL_LINES_MAX + 2) * (3 * 200 + 1)
};

/* One line a part, "processing  ###   12.345 ms  45.6 %", and the sum below. At most WATERFALL_LINES_MAX parts. */
void waterfall_write(const struct waterfall_part *parts, size_t count, const struct waterfall_style *style,
                     struct sink *sink);

/* An estimate with its interval, in ms; low and high are NAN where there is none, mean where nothing is known. */
struct waterfall_bar {
    const char *name;
    double mean_ms, low_ms, high_ms;
    bool is_marked; /* a '*' after the name: what the others are compared with */
};

/* One line a bar on a common scale that begins at 0, the interval drawn at the bar's end. A bar more than
 * WATERFALL_TIMES as long as the marked one is cut, its end says so, and leaves the scale to the others. Plain: nothing
 * is written, since the figures stand in tables. */
#define WATERFALL_TIMES 5
void waterfall_bars(const struct waterfall_bar *bars, size_t count, const struct waterfall_style *style,
                    struct sink *sink);

#endif
