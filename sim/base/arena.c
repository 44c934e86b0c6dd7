/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/arena_state.h"
#include "sim/base/check.h"
#include "sim/base/poison.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { ARENA_HEAD = 128, ARENA_LINE = 64, ARENA_SMALL = 16 };

static_assert(sizeof(struct arena) <= ARENA_HEAD, "the arena's own record fits before its first piece");

struct arena *arena_create(size_t limit_bytes)
{
    check(limit_bytes > 0 && limit_bytes < SIZE_MAX - ARENA_HEAD);
    size_t size = limit_bytes + ARENA_HEAD;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        return NULL;
    struct arena *arena = memory;

    arena->memory = memory;
    arena->limit = size;
    arena->used = ARENA_HEAD;
    arena->peak = ARENA_HEAD;
    return arena;
}

void arena_destroy(struct arena *arena)
{
    if (!arena)
        return;
    unpoison(arena->memory, arena->peak);
    munmap(arena, arena->limit);
}

void arena_reset(struct arena *arena)
{
    unpoison(arena->memory, arena->peak); /* what a pool in it has left */
    arena->used = ARENA_HEAD;
    arena->full = NULL;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t align = size >= ARENA_LINE ? ARENA_LINE : ARENA_SMALL;
    size_t start = (arena->used + align - 1) & ~(align - 1);

    if (start > arena->limit || size > arena->limit - start) {
        if (!arena->pool) {
            check(arena->full != NULL);
            longjmp(*arena->full, 1);
        }
        arena_pool_refill(arena, size);
        start = arena->used;
    }
    /* Fresh pages of the kernel are zero already: clear only what an earlier trial wrote. */
    char *piece = arena->memory + start;

    if (arena->pool)
        unpoison(piece, size);
    if (start < arena->peak) {
        size_t dirty = arena->peak - start;
        memset(piece, 0, size < dirty ? size : dirty);
    }
    arena->used = start + size;
    if (arena->used > arena->peak)
        arena->peak = arena->used;
    return piece;
}

void arena_on_full(struct arena *arena, jmp_buf *full)
{
    arena->full = full;
}

size_t arena_used(const struct arena *arena)
{
    return arena->earlier + arena->used - ARENA_HEAD;
}

size_t arena_peak(const struct arena *arena)
{
    return arena->peak - ARENA_HEAD;
}
