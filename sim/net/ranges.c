/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/net/ranges.h"
#include "sim/base/check.h"

enum { RANGES_FIRST = 16 };

/* Index of the first range that ends at offset or behind it. */
static uint32_t ranges_find(const struct ranges *ranges, uint64_t offset)
{
    uint32_t low = 0;
    uint32_t high = ranges->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (ranges->items[middle].until < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Replaces count ranges from index on by one; count may be 0. */
static void ranges_replace(struct ranges *ranges, struct arena *arena, uint32_t index, uint32_t count,
                           struct range range)
{
    uint32_t behind = ranges->count - index - count;

    if (count == 0 && ranges->count == ranges->capacity) {
        uint32_t capacity = ranges->capacity ? 2 * ranges->capacity : RANGES_FIRST;
        struct range *items = arena_alloc(arena, capacity * sizeof(*items));

        check(capacity != 0);
        if (ranges->count > 0)
            memcpy(items, ranges->items, ranges->count * sizeof(*items));
        ranges->items = items;
        ranges->capacity = capacity;
    }
    if (behind > 0)
        memmove(&ranges->items[index + 1], &ranges->items[index + count], behind * sizeof(*ranges->items));
    ranges->items[index] = range;
    ranges->count = index + 1 + behind;
}

bool ranges_add(struct ranges *ranges, struct arena *arena, struct range range)
{
    check(range.from < range.until);
    uint32_t index = ranges_find(ranges, range.from);
    uint32_t count = 0;
    uint64_t covered = 0;

    for (; index + count < ranges->count && ranges->items[index + count].from <= range.until; count++) {
        const struct range *item = &ranges->items[index + count];

        covered += item->until - item->from;
        if (item->from <= range.from && item->until >= range.until)
            return false;
        if (item->from < range.from)
            range.from = item->from;
        if (item->until > range.until)
            range.until = item->until;
    }
    ranges_replace(ranges, arena, index, count, range);
    ranges->bytes += range.until - range.from - covered;
    return true;
}

void ranges_cut(struct ranges *ranges, uint64_t offset)
{
    uint32_t gone = 0;

    while (gone < ranges->count && ranges->items[gone].until <= offset) {
        ranges->bytes -= ranges->items[gone].until - ranges->items[gone].from;
        gone++;
    }
    ranges->count -= gone;
    if (gone > 0)
        memmove(ranges->items, ranges->items + gone, ranges->count * sizeof(*ranges->items));
    if (ranges->count > 0 && ranges->items[0].from < offset) {
        ranges->bytes -= offset - ranges->items[0].from;
        ranges->items[0].from = offset;
    }
}

uint64_t ranges_below(const struct ranges *ranges, uint64_t offset)
{
    uint64_t above = 0;

    /* From the top: whoever asks mostly asks near it. */
    for (uint32_t i = ranges->count; i > 0 && ranges->items[i - 1].until > offset; i--) {
        const struct range *item = &ranges->items[i - 1];

        above += item->until - (item->from > offset ? item->from : offset);
    }
    return ranges->bytes - above;
}

uint64_t ranges_skip(const struct ranges *ranges, uint64_t offset)
{
    struct range range = ranges_at(ranges, offset);

    return range.until > offset ? range.until : offset;
}

uint64_t ranges_next(const struct ranges *ranges, uint64_t offset)
{
    uint32_t index = ranges_find(ranges, offset);

    while (index < ranges->count && ranges->items[index].from <= offset)
        index++;
    return index < ranges->count ? ranges->items[index].from : UINT64_MAX;
}

struct range ranges_at(const struct ranges *ranges, uint64_t offset)
{
    for (uint32_t i = ranges_find(ranges, offset); i < ranges->count && ranges->items[i].from <= offset; i++)
        if (ranges->items[i].until > offset)
            return ranges->items[i];
    return (struct range){offset, offset};
}
