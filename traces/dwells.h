/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dwells.h - how long each kind of node kept each kind of message in a flow: samples by role, kind and side, and their
 * order statistics.
 */
#ifndef TRACES_DWELLS_H
#define TRACES_DWELLS_H

#include "traces/flow.h"

/* One row: what it is of, and the sorted sample. */
struct dwells_row {
    const char *role; /* flow_role_names, but "ue-a" and "ue-b" for who called and who was called */
    const char *kind; /* "INVITE", "INVITE/200"; of Diameter "LIR" at the HSS */
    const char *side; /* "any", "orig", "term" */
    size_t count;
    int64_t *sample_ns; /* ascending */
    bool is_guess;      /* of legs that were paired by guess: a row of their own */
    bool has_hss;       /* the wait for the HSS is inside some of them */
};

struct dwells {
    size_t count;
    struct dwells_row *rows; /* by role, kind, side */
};

/* ERR_FULL without memory. With by_side a row a side is added where sides are known. */
MUST_USE enum err dwells_init(struct dwells *dwells, const struct flow *flow, bool by_side, struct note *note);
void dwells_free(struct dwells *dwells);

/* The q-quantile by the nearest rank, q in (0, 1]; the median of an even sample is the mean of the middle two. */
int64_t dwells_quantile(const struct dwells_row *row, double q);

#endif
