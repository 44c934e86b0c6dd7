/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/slice.h"
#include "sim/base/check.h"

enum { PIECES_FIRST = 8, SPOOL_FIRST = 512 };

static void memory_read(const struct source *source, uint64_t offset, void *bytes, size_t size)
{
    uint64_t start = offset & source->memory_mask;
    size_t until_wrap = source->memory_mask == UINT64_MAX ? size : (size_t)(source->memory_mask + 1 - start);

    if (size <= until_wrap) {
        memcpy(bytes, source->memory + start, size);
        return;
    }
    memcpy(bytes, source->memory + start, until_wrap);
    memcpy((char *)bytes + until_wrap, source->memory, size - until_wrap);
}

struct source source_memory(const void *bytes)
{
    return (struct source){.read = memory_read, .memory = bytes, .memory_mask = UINT64_MAX, .lasts = true};
}

static void pattern_read(const struct source *source, uint64_t offset, void *bytes, size_t size)
{
    char *out = bytes;

    (void)source;
    for (size_t i = 0; i < size; i++) {
        uint64_t at = offset + i;

        /* Lines of 64 characters that tell their own place, so that a shifted or repeated part is seen. */
        out[i] = at % 64 == 63 ? '\n' : "0123456789abcdef"[(at / 64 >> (4 * (at % 16))) & 15];
    }
}

const struct source source_pattern = {.read = pattern_read, .lasts = true};

void slice_read(struct slice slice, uint64_t at, void *bytes, size_t size)
{
    check(at <= slice.length && size <= slice.length - at);
    if (size > 0)
        slice.source->read(slice.source, slice.offset + at, bytes, size);
}

const char *slice_pointer(struct slice slice)
{
    const struct source *source = slice.source;
    uint64_t start = slice.offset & source->memory_mask;

    if (!source->memory)
        return NULL;
    if (source->memory_mask != UINT64_MAX && slice.length > source->memory_mask + 1 - start)
        return NULL;
    return (const char *)source->memory + start;
}

void rope_init(struct rope *rope, struct arena *arena)
{
    *rope = (struct rope){.arena = arena};
    rope->spool.source = (struct source){.read = memory_read, .lasts = false};
}

static struct rope_piece *rope_piece_at(const struct rope *rope, uint32_t index)
{
    return &rope->pieces[index & (rope->piece_capacity - 1)];
}

/* Twice the ring; the old one stays in the arena, so all rings together take less than twice the last one's size. */
static void rope_grow_pieces(struct rope *rope)
{
    uint32_t capacity = rope->piece_capacity ? 2 * rope->piece_capacity : PIECES_FIRST;
    struct rope_piece *pieces = arena_alloc(rope->arena, capacity * sizeof(*pieces));

    check(capacity != 0);
    for (uint32_t i = rope->piece_first; i != rope->piece_end; i++)
        pieces[i & (capacity - 1)] = *rope_piece_at(rope, i);
    rope->pieces = pieces;
    rope->piece_capacity = capacity;
}

/* Takes the slice member by member: a caller has mostly just written them, and a wide copy would wait for that. */
static void rope_push(struct rope *rope, const struct source *source, uint64_t offset, uint64_t length)
{
    if (rope->piece_end != rope->piece_first) {
        struct rope_piece *last = rope_piece_at(rope, rope->piece_end - 1);

        if (last->slice.source == source && last->slice.offset + last->slice.length == offset) {
            last->slice.length += length;
            rope->end += length;
            return;
        }
    }
    if (rope->piece_end - rope->piece_first == rope->piece_capacity)
        rope_grow_pieces(rope);
    struct rope_piece *piece = rope_piece_at(rope, rope->piece_end++);

    piece->slice.source = source;
    piece->slice.offset = offset;
    piece->slice.length = length;
    piece->at = rope->end;
    rope->end += length;
}

static void spool_grow(struct spool *spool, struct arena *arena, uint64_t needed)
{
    uint64_t size = spool->bytes ? spool->source.memory_mask + 1 : SPOOL_FIRST;

    while (size < needed)
        size *= 2;
    uint8_t *bytes = arena_alloc(arena, size);

    for (uint64_t at = spool->begin; at < spool->end;) {
        uint64_t old_start = at & spool->source.memory_mask;
        uint64_t new_start = at & (size - 1);
        uint64_t run = spool->end - at;

        if (run > spool->source.memory_mask + 1 - old_start)
            run = spool->source.memory_mask + 1 - old_start;
        if (run > size - new_start)
            run = size - new_start;
        memcpy(bytes + new_start, spool->bytes + old_start, run);
        at += run;
    }
    spool->bytes = bytes;
    spool->source.memory = bytes;
    spool->source.memory_mask = size - 1;
}

/* Room for size bytes that lie side by side, at the end of the spool. */
static uint8_t *spool_room(struct spool *spool, struct arena *arena, size_t size)
{
    uint64_t mask = spool->source.memory_mask, place = spool->end & mask;

    if (place + size <= mask && spool->end + size - spool->begin <= mask)
        return spool->bytes + place;
    for (;;) {
        uint64_t ring = spool->bytes ? spool->source.memory_mask + 1 : 0;
        uint64_t start = spool->end & (ring - 1);
        uint64_t skip = ring && start + size > ring ? ring - start : 0;

        if (ring && spool->end + skip + size - spool->begin <= ring) {
            spool->end += skip;
            return spool->bytes + (spool->end & (ring - 1));
        }
        spool_grow(spool, arena, 2 * (spool->end - spool->begin + size));
    }
}

void rope_append_bytes(struct rope *rope, const void *bytes, size_t size)
{
    if (size == 0)
        return;
    memcpy(spool_room(&rope->spool, rope->arena, size), bytes, size);
    rope_push(rope, &rope->spool.source, rope->spool.end, size);
    rope->spool.end += size;
}

void rope_append(struct rope *rope, struct slice slice)
{
    if (slice.length == 0)
        return;
    if (slice.source->lasts) {
        rope_push(rope, slice.source, slice.offset, slice.length);
        return;
    }
    uint8_t *room = spool_room(&rope->spool, rope->arena, slice.length);
    const char *bytes = slice_pointer(slice);

    if (bytes)
        memcpy(room, bytes, slice.length);
    else
        slice_read(slice, 0, room, slice.length);
    rope_push(rope, &rope->spool.source, rope->spool.end, slice.length);
    rope->spool.end += slice.length;
}

/* Cuts off the front of a piece that stays, so that a run of joined headers does not hold the spool for ever. */
static void rope_trim(struct rope_piece *piece, uint64_t offset, struct rope *rope)
{
    if (offset <= piece->at)
        return;
    piece->slice = slice_part(piece->slice, offset - piece->at, piece->slice.length - (offset - piece->at));
    piece->at = offset;
    if (piece->slice.source == &rope->spool.source)
        rope->spool.begin = piece->slice.offset;
}

void rope_release(struct rope *rope, uint64_t offset)
{
    check(offset >= rope->begin && offset <= rope->end);
    while (rope->piece_first != rope->piece_end) {
        struct rope_piece *piece = rope_piece_at(rope, rope->piece_first);

        if (piece->at + piece->slice.length > offset) {
            rope_trim(piece, offset, rope);
            break;
        }
        if (piece->slice.source == &rope->spool.source)
            rope->spool.begin = piece->slice.offset + piece->slice.length;
        if (rope->piece_hint == rope->piece_first)
            rope->piece_hint++;
        rope->piece_first++;
    }
    rope->begin = offset;
}

static bool piece_holds(const struct rope_piece *piece, uint64_t offset)
{
    return offset >= piece->at && offset - piece->at < piece->slice.length;
}

/* Looks at the place of the last look-up and its neighbour first: streams are mostly read in order. */
static const struct rope_piece *rope_search(struct rope *rope, uint64_t offset)
{
    uint32_t count = rope->piece_end - rope->piece_first;
    uint32_t hint = rope->piece_hint - rope->piece_first;

    for (uint32_t i = 0; i < 2 && hint + i < count; i++) {
        const struct rope_piece *piece = rope_piece_at(rope, rope->piece_first + hint + i);

        if (piece_holds(piece, offset)) {
            rope->piece_hint = rope->piece_first + hint + i;
            return piece;
        }
    }
    uint32_t low = 0;

    for (uint32_t high = count; high - low > 1;) {
        uint32_t middle = low + (high - low) / 2;

        if (rope_piece_at(rope, rope->piece_first + middle)->at <= offset)
            low = middle;
        else
            high = middle;
    }
    rope->piece_hint = rope->piece_first + low;
    return rope_piece_at(rope, rope->piece_hint);
}

static inline const struct rope_piece *rope_find(struct rope *rope, uint64_t offset)
{
    if (rope->piece_hint - rope->piece_first < rope->piece_end - rope->piece_first) {
        const struct rope_piece *piece = rope_piece_at(rope, rope->piece_hint);

        if (piece_holds(piece, offset))
            return piece;
    }
    return rope_search(rope, offset);
}

void rope_append_rope(struct rope *rope, struct rope *other, uint64_t from, uint64_t until)
{
    check(from >= other->begin && until <= other->end);
    while (from < until) {
        const struct rope_piece *piece = rope_find(other, from);
        const struct source *source = piece->slice.source;
        uint64_t skip = from - piece->at;
        uint64_t length = piece->slice.length - skip;

        if (length > until - from)
            length = until - from;
        if (source->lasts)
            rope_push(rope, source, piece->slice.offset + skip, length);
        else
            rope_append(rope, slice_part(piece->slice, skip, length));
        from += length;
    }
}

struct slice rope_slice(struct rope *rope, uint64_t offset)
{
    check(offset >= rope->begin && offset < rope->end);
    const struct rope_piece *piece = rope_find(rope, offset);
    uint64_t skip = offset - piece->at;

    check(skip < piece->slice.length);
    return slice_part(piece->slice, skip, piece->slice.length - skip);
}

void rope_read(struct rope *rope, uint64_t offset, void *bytes, size_t size)
{
    char *out = bytes;

    while (size > 0) {
        struct slice slice = rope_slice(rope, offset);
        size_t run = slice.length < size ? (size_t)slice.length : size;

        slice_read(slice, 0, out, run);
        out += run;
        offset += run;
        size -= run;
    }
}
