/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets of byte ranges, against a plain map of bytes. */
#include "sim/net/ranges.h"
#include "tests/unit.h"

enum { BYTES = 200 };

static uint64_t plain_below(const bool *map, uint64_t offset)
{
    uint64_t count = 0;

    for (uint64_t i = 0; i < offset && i < BYTES; i++)
        count += map[i];
    return count;
}

static uint64_t plain_skip(const bool *map, uint64_t offset)
{
    while (offset < BYTES && map[offset])
        offset++;
    return offset;
}

/* Where a range begins behind offset: a byte in the set whose neighbour before it is not. */
static uint64_t plain_next(const bool *map, uint64_t offset)
{
    for (uint64_t i = offset + 1; i < BYTES; i++)
        if (map[i] && !map[i - 1])
            return i;
    return UINT64_MAX;
}

static void compare(const struct ranges *ranges, const bool *map)
{
    CU_ASSERT_EQUAL(ranges->bytes, plain_below(map, BYTES));
    for (uint32_t i = 0; i + 1 < ranges->count; i++)
        CU_ASSERT_TRUE(ranges->items[i].until < ranges->items[i + 1].from);
    for (uint64_t offset = 0; offset < BYTES; offset++) {
        struct range range = ranges_at(ranges, offset);

        CU_ASSERT_EQUAL(ranges_below(ranges, offset), plain_below(map, offset));
        CU_ASSERT_EQUAL(ranges_skip(ranges, offset), plain_skip(map, offset));
        CU_ASSERT_EQUAL(ranges_next(ranges, offset), plain_next(map, offset));
        CU_ASSERT_EQUAL(range.until > range.from, map[offset]);
        CU_ASSERT_TRUE(range.from <= offset);
        CU_ASSERT_EQUAL(range.until, map[offset] ? plain_skip(map, offset) : offset);
    }
}

static void test_against_a_map(void)
{
    struct arena *arena = arena_create(1 << 20);
    uint64_t state = 3;

    for (int round = 0; round < 20; round++) {
        struct ranges ranges = {0};
        bool map[BYTES] = {false};
        uint64_t cut = 0;

        for (int step = 0; step < 60; step++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
            uint64_t from = cut + (state >> 33) % (BYTES - cut);
            uint64_t until = from + 1 + (state >> 45) % 12;

            if (until > BYTES)
                until = BYTES;
            CU_ASSERT_EQUAL(ranges_add(&ranges, arena, (struct range){from, until}), plain_skip(map, from) < until);
            for (uint64_t i = from; i < until; i++)
                map[i] = true;
            if (step % 8 == 7 && cut < BYTES - 20) {
                cut += (state >> 20) % 9;
                ranges_cut(&ranges, cut);
                for (uint64_t i = 0; i < cut; i++)
                    map[i] = false;
            }
            compare(&ranges, map);
        }
    }
    arena_destroy(arena);
}

static const struct unit_test tests[] = {
    {"ranges say what a map of bytes says", test_against_a_map},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("ranges", tests);
}
