/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * heap.h - the barest event queue that keeps one total order: a 4-ary heap of 32-byte events, compared by time and
 * sequence number as one 128-bit number, each family of four children in two cache lines. Nothing is checked, nothing
 * grows, everything is inlined into the loop that uses it.
 */
#ifndef BENCH_SPEED_FLOORS_HEAP_H
#define BENCH_SPEED_FLOORS_HEAP_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct bare;
typedef void bare_fn(struct bare *bare, void *context);

struct bare_event {
    double at;
    uint64_t order;
    bare_fn *run;
    void *context;
};

struct bare {
    struct bare_event *heap;
    uint64_t count;
    uint64_t next_order;
    double now;
    char *memory;
};

__extension__ typedef unsigned __int128 bare_key;

/* The bits of a double that is not negative are in the order of its value. */
static inline bare_key bare_key_of(const struct bare_event *event)
{
    uint64_t bits;

    memcpy(&bits, &event->at, sizeof(bits));
    return (bare_key)bits << 64 | event->order;
}

static inline void bare_init(struct bare *bare, uint64_t capacity)
{
    size_t size = ((capacity + 8) * sizeof(struct bare_event) + 4095) & ~(size_t)4095;

    *bare = (struct bare){.memory = aligned_alloc(4096, size)};
    if (!bare->memory)
        abort();
    memset(bare->memory, 0, size);
    /* One event short of two cache lines: the root ends them, its children begin the next ones. */
    bare->heap = (struct bare_event *)(void *)(bare->memory + 3 * sizeof(struct bare_event));
}

static inline void bare_push(struct bare *bare, struct bare_event event)
{
    struct bare_event *heap = bare->heap;
    bare_key key = bare_key_of(&event);
    uint64_t at = bare->count++;

    while (at > 0) {
        uint64_t parent = (at - 1) / 4;

        if (bare_key_of(&heap[parent]) <= key)
            break;
        heap[at] = heap[parent];
        at = parent;
    }
    heap[at] = event;
}

static inline uint64_t bare_least(const struct bare_event *heap, uint64_t child, uint64_t count)
{
    if (child + 3 < count) {
        bare_key a = bare_key_of(&heap[child]), b = bare_key_of(&heap[child + 1]);
        bare_key c = bare_key_of(&heap[child + 2]), d = bare_key_of(&heap[child + 3]);
        uint64_t left = child + (b < a);
        uint64_t right = child + 2 + (d < c);

        return (d < c ? d : c) < (b < a ? b : a) ? right : left;
    }
    uint64_t least = child;

    for (uint64_t i = child + 1; i < count; i++)
        if (bare_key_of(&heap[i]) < bare_key_of(&heap[least]))
            least = i;
    return least;
}

/* Puts event in the root's place. */
static inline void bare_replace(struct bare *bare, struct bare_event event)
{
    struct bare_event *heap = bare->heap;
    bare_key key = bare_key_of(&event);
    uint64_t count = bare->count;
    uint64_t at = 0;

    for (uint64_t child = 1; child < count; child = 4 * at + 1) {
        uint64_t least = bare_least(heap, child, count);

        if (bare_key_of(&heap[least]) >= key)
            break;
        heap[at] = heap[least];
        at = least;
    }
    heap[at] = event;
}

static inline struct bare_event bare_pop(struct bare *bare)
{
    struct bare_event first = bare->heap[0];

    bare->count--;
    bare_replace(bare, bare->heap[bare->count]);
    return first;
}

static inline void bare_after(struct bare *bare, double delay, void *context, bare_fn *run)
{
    bare_push(bare, (struct bare_event){bare->now + delay, bare->next_order++, run, context});
}

static inline void bare_run(struct bare *bare)
{
    while (bare->count > 0) {
        struct bare_event event = bare_pop(bare);

        bare->now = event.at;
        event.run(bare, event.context);
    }
}

#endif
