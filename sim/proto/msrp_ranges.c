/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/msrp_ranges.h"
#include "sim/base/check.h"

/* The first of the others that ends at position or later; count when none does. */
static size_t first_reaching(const struct msrp_ranges *ranges, uint64_t position)
{
    size_t low = 0;

    for (size_t high = ranges->count; low < high;) {
        size_t middle = low + (high - low) / 2;

        if (ranges->others[middle].end < position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The prefix swallows the others that it now touches. */
static void extend_prefix(struct msrp_ranges *ranges, uint64_t end)
{
    size_t swallowed = 0;

    if (ranges->prefix.end < end)
        ranges->prefix.end = end;
    while (swallowed < ranges->count && ranges->others[swallowed].begin <= ranges->prefix.end) {
        if (ranges->prefix.end < ranges->others[swallowed].end)
            ranges->prefix.end = ranges->others[swallowed].end;
        swallowed++;
    }
    ranges->count -= swallowed;
    if (swallowed > 0)
        memmove(ranges->others, ranges->others + swallowed, ranges->count * sizeof(*ranges->others));
}

static enum err insert_other(struct msrp_ranges *ranges, struct arena *arena, struct msrp_range range)
{
    size_t first = first_reaching(ranges, range.begin), after = first;

    for (; after < ranges->count && ranges->others[after].begin <= range.end; after++) {
        if (ranges->others[after].begin < range.begin)
            range.begin = ranges->others[after].begin;
        if (ranges->others[after].end > range.end)
            range.end = ranges->others[after].end;
    }
    if (after == first && ranges->count == MSRP_RANGES_MAX)
        return ERR_FULL;
    if (!ranges->others)
        ranges->others = arena_alloc(arena, MSRP_RANGES_MAX * sizeof(*ranges->others));
    memmove(ranges->others + first + 1, ranges->others + after, (ranges->count - after) * sizeof(*ranges->others));
    ranges->others[first] = range;
    ranges->count = ranges->count + 1 - (after - first);
    return ERR_OK;
}

/* Tells what lies between the ranges as they are before the new one joins them. */
static void tell_gaps(const struct msrp_ranges *ranges, uint64_t begin, struct slice slice, void *context,
                      void (*tell)(void *context, uint64_t offset, struct slice slice))
{
    uint64_t end = begin + slice.length;
    uint64_t at = ranges->prefix.end > begin ? ranges->prefix.end : begin;

    for (size_t i = first_reaching(ranges, at); at < end; i++) {
        uint64_t gap_end = i < ranges->count && ranges->others[i].begin < end ? ranges->others[i].begin : end;

        if (at < gap_end)
            tell(context, at, slice_part(slice, at - begin, gap_end - at));
        if (i >= ranges->count)
            break;
        at = ranges->others[i].end > at ? ranges->others[i].end : at;
    }
}

static bool has_room(const struct msrp_ranges *ranges, struct msrp_range range)
{
    if (ranges->count < MSRP_RANGES_MAX || range.begin <= ranges->prefix.end)
        return true;
    size_t first = first_reaching(ranges, range.begin);

    return first < ranges->count && ranges->others[first].begin <= range.end;
}

enum err msrp_ranges_add(struct msrp_ranges *ranges, struct arena *arena, uint64_t begin, struct slice slice,
                         void *context, void (*tell)(void *context, uint64_t offset, struct slice slice))
{
    struct msrp_range range = {begin, begin + slice.length};

    check(range.end >= range.begin);
    if (slice.length == 0)
        return ERR_OK;
    if (begin == ranges->prefix.end && ranges->count == 0) {
        ranges->prefix.end = range.end;
        tell(context, begin, slice);
        return ERR_OK;
    }
    if (!has_room(ranges, range))
        return ERR_FULL;
    tell_gaps(ranges, begin, slice, context, tell);
    if (begin <= ranges->prefix.end) {
        extend_prefix(ranges, range.end);
        return ERR_OK;
    }
    return insert_other(ranges, arena, range);
}

void msrp_ranges_clear(struct msrp_ranges *ranges)
{
    ranges->prefix.end = 0;
    ranges->count = 0;
}

uint64_t msrp_ranges_end(const struct msrp_ranges *ranges)
{
    return ranges->count ? ranges->others[ranges->count - 1].end : ranges->prefix.end;
}
