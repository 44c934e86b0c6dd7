/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nearest.h - what somebody may have meant by a name that is in no table: the candidate with the fewest letters
 * inserted, left out, changed or swapped with their neighbour.
 */
#ifndef SIM_BASE_NEAREST_H
#define SIM_BASE_NEAREST_H

#include "sim/base/span.h"

struct nearest {
    struct span given;
    const char *best; /* NULL: nothing is near enough to be worth saying */
    size_t distance;
};

/* A search for what given may mean: distances of up to a third of its length, at least 2, count as near. */
struct nearest nearest_to(struct span given);

/* Looks at one candidate, which lasts as long as the search; of equal distances the first one stays. */
void nearest_try(struct nearest *nearest, const char *candidate);

#endif
