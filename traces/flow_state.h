/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flow_state.h - what the files of flow share. */
#ifndef TRACES_FLOW_STATE_H
#define TRACES_FLOW_STATE_H

#include "traces/flow.h"

/* The steps of flow_init in their order; each works on what those before it have found. */
void flow_fit_clocks(struct flow *flow);
MUST_USE enum err flow_find_nodes(struct flow *flow, struct note *note);
void flow_mark_repeats(struct flow *flow);
void flow_name_responses(struct flow *flow);
MUST_USE enum err flow_find_legs(struct flow *flow, struct note *note);
void flow_find_roles(struct flow *flow);
MUST_USE enum err flow_find_b2buas(struct flow *flow, struct note *note);
void flow_find_sides(struct flow *flow);

/* A table from a 64-bit key to the messages that have it, in the order in which they were added. */
struct flow_index {
    size_t slot_count;
    size_t *first; /* by slot: 1 + number of a message; 0: none */
    size_t *last;  /* by slot */
    size_t *next;  /* by message */
    uint64_t *keys;
};
bool flow_index_init(struct flow_index *index, size_t messages);
void flow_index_free(struct flow_index *index);
void flow_index_add(struct flow_index *index, uint64_t key, size_t message);
/* The first message of the key behind `after` (SIZE_MAX: from the start); SIZE_MAX when there is none. */
size_t flow_index_next(const struct flow_index *index, uint64_t key, size_t after);

uint64_t flow_mix(uint64_t hash, uint64_t value);
uint64_t flow_mix_text(uint64_t hash, const char *text); /* texts of one trace are equal where their pointers are */

#endif
