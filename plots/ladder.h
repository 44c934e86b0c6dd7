/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ladder.h - a call flow as text: one lifeline a role, one line a message, times in milliseconds from the moment the
 * user pressed send. Alike messages that follow each other closely share a line and are counted, so that ten thousand
 * messages stay readable. Every line fits the width; what does not fit is shortened, never wrapped.
 */
#ifndef PLOTS_LADDER_H
#define PLOTS_LADDER_H

#include "sim/base/field.h"

/* A message between two roles. Names and labels are borrowed; what is not printable ASCII in them is shown escaped. */
struct ladder_message {
    uint64_t number;     /* by which its text is found; 0: it has none */
    int64_t sent_ns;     /* first bit out */
    int64_t received_ns; /* last bit in; NONE_NS when it never was */
    const char *from, *to;
    const char *protocol; /* shown when it is not SIP: "MSRP", "Diameter", "TCP", "TLS" */
    struct span label;    /* "INVITE", "200 (INVITE)", "SEND 1-1444/1444" */
    uint64_t bytes;
    int64_t dwell_ns; /* how long the receiver kept it; NONE_NS when unknown */
    bool is_again;    /* a retransmission */
    bool is_lost;
};

enum {
    LADDER_WIDTH_MIN = 60,
    LADDER_WIDTH_MAX = 200,
    LADDER_ROLES_MAX = 20,
    LADDER_ROWS_MAX = 400,
    /* Room that always suffices for what ladder_write writes. */
    LADDER_TEXT_SIZE = (LADDER_ROWS_MAX * 2 + 8) * (3 * LADDER_WIDTH_MAX + 1)
};

struct ladder_style {
    unsigned width;           /* columns; brought into LADDER_WIDTH_MIN to LADDER_WIDTH_MAX */
    bool is_unicode;          /* box drawing and arrows; ASCII otherwise */
    int64_t origin_ns;        /* what time 0 is: when the user pressed send */
    const char *const *roles; /* lifelines from left to right, NULL-terminated; those without messages are left out,
                                 roles that are missing here stand to the right; NULL: where they
                                 stand in a network, see ladder_flow.h */
};

/* Writes the ladder of messages in any order. ERR_FULL when the sink or memory is too small, ERR_RANGE for more than
 * LADDER_ROLES_MAX roles. */
MUST_USE enum err ladder_write(const struct ladder_message *messages, size_t count, const struct ladder_style *style,
                               struct sink *sink);

#endif
