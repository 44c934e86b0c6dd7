/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ladder_svg.h - a call flow as SVG: a lifeline a role, an arrow a message from the time it is sent to the time it is
 * received, colour and dash by protocol, lost and repeated ones marked, how long a node kept a message as a bar on its
 * lifeline, the parts of the delay underneath. Time runs downwards to scale, but no two arrows come closer than a line
 * of text, and where nobody sends for long the scale is folded.
 */
#ifndef PLOTS_LADDER_SVG_H
#define PLOTS_LADDER_SVG_H

#include "plots/ladder.h"

/* A part of the delay for the bar underneath; ns of NONE_NS or 0 has no box. */
struct ladder_svg_part {
    const char *name;
    int64_t ns;
};

struct ladder_svg_style {
    const char *title;        /* text alternative and heading; other people's text is escaped */
    const char *const *roles; /* as in struct ladder_style */
    int64_t origin_ns;        /* what time 0 is */
    const char *link_prefix;  /* "#message-": each arrow links to it with the message's number; NULL: no links */
    const struct ladder_svg_part *parts;
    size_t part_count;
    bool is_embedded; /* within HTML or another drawing: without the XML declaration */
    bool is_untitled; /* the title is the text alternative alone, its heading stands elsewhere */
    double x;         /* how far to the right it stands within another drawing */
    struct ladder_svg_size {
        double width, height;
    } * size; /* how large it is, told where it is not NULL */
};

/* Room that always suffices: names and labels are cut, rows are at most LADDER_ROWS_MAX. */
enum { LADDER_SVG_SIZE = 1 << 20 };

/* Writes the drawing of messages in any order. Errors as ladder_write. */
MUST_USE enum err ladder_svg_write(const struct ladder_message *messages, size_t count,
                                   const struct ladder_svg_style *style, struct sink *sink);

#endif
