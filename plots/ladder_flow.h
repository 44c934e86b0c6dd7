/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ladder_flow.h - what every drawing of a call flow shares: messages in order, alike ones that follow each other
 * closely grouped, each message or group a row, lifelines for the roles that take part. How a row looks is the
 * drawing's own.
 */
#ifndef PLOTS_LADDER_FLOW_H
#define PLOTS_LADDER_FLOW_H

#include "plots/ladder.h"

/* Alike messages that share a row. */
struct ladder_group {
    const struct ladder_message *first;
    int64_t until_ns;
    size_t last; /* place of its last message in the order */
    size_t count;
    uint64_t bytes;
};

struct ladder_row {
    const struct ladder_message *message; /* of a group the first */
    const struct ladder_group *group;     /* NULL: one message alone */
    struct span label;                    /* of a group without what is the first one's only */
    unsigned from, to;                    /* lifelines */
    int64_t idle_ns;                      /* how long nobody sent before it, where that is worth a mark; else 0 */
    size_t left_out;                      /* rows that a ladder too long for its drawing leaves out before this one */
};

struct ladder_flow {
    const char
        *lanes[2 * LADDER_ROLES_MAX]; /* names, from left to right; before the unused are taken out twice as many */
    unsigned lane_count;              /* at most LADDER_ROLES_MAX */
    struct ladder_row *rows;
    size_t row_count; /* at most LADDER_ROWS_MAX */
    struct ladder_group *groups;
};

/* Where a role stands: those of A's side from the user on, relays and what nobody knows in the middle, those of B's
 * side, B's devices last. Equal ones stand in the order of their names, those that nobody knows in the order in which
 * they speak. */
int ladder_place(const char *role);

/* roles as in struct ladder_style. Borrows messages and roles; ladder_flow_free gives back the rest, also after an
 * error: ERR_FULL without memory, ERR_RANGE for more than LADDER_ROLES_MAX roles. */
MUST_USE enum err ladder_flow_init(struct ladder_flow *flow, const struct ladder_message *messages, size_t count,
                                   const char *const *roles);
void ladder_flow_free(struct ladder_flow *flow);

/* When the message was over: received, or sent where it never was. */
int64_t ladder_end_ns(const struct ladder_message *message);

#endif
