/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flow_svg.h - call flows as SVG from messages.csv alone (its columns are those of a trial's, a capture's or a measured
 * transfer's messages): one, or several side by side.
 */
#ifndef PLOTS_FLOW_SVG_H
#define PLOTS_FLOW_SVG_H

#include "plots/ladder_svg.h"

enum { FLOW_PARTS_MAX = 8, FLOW_DRAWINGS_MAX = 4 };

struct flow_drawing {
    const char *csv;         /* path of messages.csv */
    const char *title;       /* anybody's text */
    int64_t from_ns;         /* what time 0 is, and what came before is left out; NONE_NS: the first message */
    const char *link_prefix; /* "#message-": arrows link to it with their number; NULL: no links */
    bool (*has_text)(void *context, uint64_t number); /* whether there is something to link to; NULL: always */
    void *context;
    size_t part_count;
    struct ladder_svg_part parts[FLOW_PARTS_MAX]; /* of the delay, for the bar underneath */
};

/* Writes count drawings (at most FLOW_DRAWINGS_MAX) side by side. is_embedded: within HTML, under a heading. ERR_SYNTAX
 * and ERR_FILE as sheet_read, ERR_SYNTAX for a row without its time too; ERR_RANGE for more than LADDER_ROLES_MAX
 * roles, ERR_FULL; with a note. */
MUST_USE enum err flow_svg_write(const struct flow_drawing *drawings, size_t count, bool is_embedded, struct sink *sink,
                                 struct note *note);

#endif
