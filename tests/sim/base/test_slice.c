/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/slice.h"
#include "tests/unit.h"

enum { ROPE_LENGTH = 300000 };

static struct arena *arena;
static struct rope rope;
static char expected[ROPE_LENGTH];
static uint8_t lasting[4096];

static void set_up(void)
{
    arena = arena_create((size_t)256 << 20);
    rope_init(&rope, arena);
    for (size_t i = 0; i < sizeof(lasting); i++)
        lasting[i] = (uint8_t)(i * 7 + i / 256);
}

static void tear_down(void)
{
    arena_destroy(arena);
}

static uint64_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static void memory_is_read_where_it_lies(void)
{
    set_up();
    struct source source = source_memory(lasting);
    struct slice slice = {&source, 100, 50};
    char bytes[50];

    slice_read(slice, 0, bytes, 50);
    CU_ASSERT_EQUAL(memcmp(bytes, lasting + 100, 50), 0);
    slice_read(slice_part(slice, 10, 20), 5, bytes, 15);
    CU_ASSERT_EQUAL(memcmp(bytes, lasting + 115, 15), 0);
    CU_ASSERT_PTR_EQUAL(slice_pointer(slice), (const char *)lasting + 100);
    tear_down();
}

static void the_pattern_depends_on_the_offset_only(void)
{
    char bytes[1000], again[1000];
    struct slice slice = {&source_pattern, UINT64_C(1) << 40, 1000};
    size_t wrong = 0;

    slice_read(slice, 0, bytes, 1000);
    for (size_t at = 0; at < 1000; at += 7) {
        slice_read(slice, at, again, 1000 - at);
        wrong += memcmp(bytes + at, again, 1000 - at) != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_PTR_NULL(slice_pointer(slice));
    /* A line of it tells which line it is: no two of the first 100,000 are alike. */
    slice_read((struct slice){&source_pattern, 0, 128}, 0, bytes, 128);
    CU_ASSERT_EQUAL(bytes[63], '\n');
    CU_ASSERT_NOT_EQUAL(memcmp(bytes, bytes + 64, 64), 0);
}

static void a_rope_keeps_lasting_bytes_by_reference(void)
{
    set_up();
    struct source source = source_memory(lasting);

    rope_append(&rope, (struct slice){&source, 0, 100});
    rope_append_bytes(&rope, "header", 6);
    rope_append(&rope, (struct slice){&source, 500, 100});
    CU_ASSERT_EQUAL(rope_length(&rope), 206);
    struct slice slice = rope_slice(&rope, 20);

    CU_ASSERT_PTR_EQUAL(slice.source, &source);
    CU_ASSERT_EQUAL(slice.offset, 20);
    CU_ASSERT_EQUAL(slice.length, 80);
    slice = rope_slice(&rope, 100);
    CU_ASSERT_EQUAL(slice.length, 6);
    CU_ASSERT_PTR_NOT_NULL_FATAL(slice_pointer(slice));
    CU_ASSERT_EQUAL(memcmp(slice_pointer(slice), "header", 6), 0);
    CU_ASSERT_EQUAL(rope_slice(&rope, 205).offset, 599);
    tear_down();
}

static void what_goes_on_in_its_source_is_one_slice(void)
{
    set_up();
    struct source source = source_memory(lasting);

    for (uint64_t at = 0; at < 4096; at += 64)
        rope_append(&rope, (struct slice){&source, at, 64});
    CU_ASSERT_EQUAL(rope_slice(&rope, 0).length, 4096);
    CU_ASSERT_EQUAL(rope.piece_end - rope.piece_first, 1);
    rope_append(&rope, (struct slice){&source, 0, 0});
    rope_append_bytes(&rope, "", 0);
    CU_ASSERT_EQUAL(rope_length(&rope), 4096);
    tear_down();
}

/* Appends a piece of some kind to the rope and to what is expected of it. */
static void append_something(uint64_t *state, struct rope *other, const struct source *source)
{
    size_t size = 1 + draw(state) % (draw(state) % 8 == 0 ? 3000 : 100);
    size_t from = draw(state) % 1000;
    char bytes[3001];

    if (rope.end + size > ROPE_LENGTH)
        size = ROPE_LENGTH - rope.end;
    switch (draw(state) % 3) {
    case 0:
        rope_append(&rope, (struct slice){source, from, size});
        memcpy(expected + rope.end - size, lasting + from, size);
        break;
    case 1:
        for (size_t i = 0; i < size; i++)
            bytes[i] = (char)draw(state);
        rope_append_bytes(&rope, bytes, size);
        memcpy(expected + rope.end - size, bytes, size);
        break;
    default:
        for (size_t i = 0; i < size; i++)
            bytes[i] = (char)draw(state);
        rope_append_bytes(other, bytes, size);
        rope_append_rope(&rope, other, other->end - size, other->end);
        rope_release(other, other->end);
        memcpy(expected + rope.end - size, bytes, size);
    }
}

/* Appending, reading anywhere, letting go: always the same as a plain array. */
static void a_rope_is_the_stream_that_was_appended(void)
{
    uint64_t state = 3;
    struct rope other;
    static char bytes[ROPE_LENGTH];
    size_t wrong = 0;

    set_up();
    rope_init(&other, arena);
    struct source source = source_memory(lasting);

    while (rope.end < ROPE_LENGTH) {
        append_something(&state, &other, &source);
        uint64_t from = rope.begin + draw(&state) % (rope_length(&rope) + 1);
        size_t size = draw(&state) % (rope.end - from + 1);

        rope_read(&rope, from, bytes, size);
        wrong += memcmp(bytes, expected + from, size) != 0;
        if (draw(&state) % 4 == 0)
            rope_release(&rope, rope.begin + draw(&state) % (rope_length(&rope) + 1));
    }
    CU_ASSERT_EQUAL(wrong, 0);
    tear_down();
}

/* What a connection does all day: headers and payload in, acknowledged bytes out. Its memory must not grow. */
static void a_rope_that_lets_go_stops_growing(void)
{
    size_t used = 0;

    set_up();
    struct source source = source_memory(lasting);

    for (uint64_t i = 0; i < 100000; i++) {
        rope_append_bytes(&rope, "SEND header of some length", 26);
        rope_append(&rope, (struct slice){&source, i % 1000, 2048});
        if (rope_length(&rope) > 65536)
            rope_release(&rope, rope.end - 30000);
        if (i == 1000)
            used = arena_used(arena);
    }
    CU_ASSERT_EQUAL(arena_used(arena), used);
    CU_ASSERT_EQUAL(rope.end, 100000 * 2074);
    tear_down();
}

/* Joined headers are one piece; letting go of a part of it must free the ring behind it. */
static void a_rope_of_headers_only_stops_growing(void)
{
    size_t used = 0;

    set_up();
    for (uint64_t i = 0; i < 100000; i++) {
        rope_append_bytes(&rope, "MSRP 4711 200 OK and what follows", 33);
        if (rope_length(&rope) > 1000)
            rope_release(&rope, rope.end - 500);
        if (i == 1000)
            used = arena_used(arena);
    }
    CU_ASSERT_EQUAL(arena_used(arena), used);
    tear_down();
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"memory is read where it lies", memory_is_read_where_it_lies},
        {"the pattern depends on the offset only", the_pattern_depends_on_the_offset_only},
        {"a rope keeps lasting bytes by reference", a_rope_keeps_lasting_bytes_by_reference},
        {"what goes on in its source is one slice", what_goes_on_in_its_source_is_one_slice},
        {"a rope is the stream that was appended", a_rope_is_the_stream_that_was_appended},
        {"a rope that lets go stops growing", a_rope_that_lets_go_stops_growing},
        {"a rope of headers only stops growing", a_rope_of_headers_only_stops_growing},
        {NULL, NULL}};

    return unit_run("slice", tests);
}
