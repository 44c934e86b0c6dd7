/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ranges.h - a set of byte ranges of a stream: what arrived out of order, what the other side says it has (SACK).
 * Ranges are kept in order, never touch and never overlap. The set is empty unless something was lost.
 */
#ifndef SIM_NET_RANGES_H
#define SIM_NET_RANGES_H

#include "sim/net/packet.h"

struct ranges {
    struct range *items;
    uint32_t count;
    uint32_t capacity;
    uint64_t bytes; /* in all of them */
};

/* Adds the range; false if it was there already. */
bool ranges_add(struct ranges *ranges, struct arena *arena, struct range range);

/* Takes away everything before offset. */
void ranges_cut(struct ranges *ranges, uint64_t offset);

/* Bytes in the set before offset. */
uint64_t ranges_below(const struct ranges *ranges, uint64_t offset);

/* The first byte from offset on that is not in the set. */
uint64_t ranges_skip(const struct ranges *ranges, uint64_t offset);

/* Where the first range that begins after offset begins; UINT64_MAX if there is none. */
uint64_t ranges_next(const struct ranges *ranges, uint64_t offset);

/* The range that holds offset; empty (from = until) if there is none. */
struct range ranges_at(const struct ranges *ranges, uint64_t offset);

#endif
