/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * msrp_ranges.h - which bytes of a message are there: ranges that come in any order and overlap, each byte told once.
 */
#ifndef SIM_PROTO_MSRP_RANGES_H
#define SIM_PROTO_MSRP_RANGES_H

#include "sim/base/slice.h"

enum { MSRP_RANGES_MAX = 1024 }; /* separate ranges that are kept, at most */

struct msrp_range {
    uint64_t begin, end; /* bytes from begin until before end, from 0 */
};

/* Ranges in order, never touching; the first begins at 0 and may be empty. */
struct msrp_ranges {
    struct msrp_range prefix;
    struct msrp_range *others; /* NULL until bytes come out of order */
    size_t count;              /* of others */
};

/* Takes the bytes of slice, which stand at begin; tells those that are new. ERR_FULL: too many gaps; nothing is told.
 */
MUST_USE enum err msrp_ranges_add(struct msrp_ranges *ranges, struct arena *arena, uint64_t begin, struct slice slice,
                                  void *context, void (*tell)(void *context, uint64_t offset, struct slice slice));

/* Forgets everything but keeps the memory. */
void msrp_ranges_clear(struct msrp_ranges *ranges);

/* The end of the last range. */
uint64_t msrp_ranges_end(const struct msrp_ranges *ranges);

/* Whether all bytes before length are there and none behind. */
static inline bool msrp_ranges_whole(const struct msrp_ranges *ranges, uint64_t length)
{
    return ranges->count == 0 && ranges->prefix.end == length;
}

#endif
