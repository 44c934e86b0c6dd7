/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/arena_pool.h"
#include "sim/base/arena_state.h"
#include "sim/base/check.h"
#include "sim/base/poison.h"

#include <assert.h>

enum { ORDERS = 24, SLAB = 64, HEAD = 128 };

/* A run of 2^order chunks that lie side by side; its record stands at its front. */
struct chunk {
    struct chunk *next; /* of the same arena, or unused */
    uint32_t order;
};

static_assert(sizeof(struct chunk) + sizeof(struct arena) <= HEAD, "an arena's record fits into its first chunk");

struct arena_pool {
    struct arena *parent;
    char *origin; /* chunk 0 would begin here: they are counted through the whole of the parent's memory */
    size_t chunk_bytes;
    size_t chunk_count; /* that owners has room for */
    uint32_t *owners;   /* by chunk: 1 + the number of its arena; 0: nobody's */
    struct chunk *unused[ORDERS];
    size_t taken, made; /* chunks */
};

struct arena_pool *arena_pool_create(struct arena *parent, size_t chunk_bytes)
{
    check(chunk_bytes >= 4096 && (chunk_bytes & (chunk_bytes - 1)) == 0 && !parent->pool);
    struct arena_pool *pool = arena_alloc(parent, sizeof(*pool));

    *pool = (struct arena_pool){.parent = parent, .origin = parent->memory, .chunk_bytes = chunk_bytes};
    pool->origin -= (uintptr_t)pool->origin % chunk_bytes;
    pool->chunk_count = (parent->limit + chunk_bytes) / chunk_bytes + 1;
    pool->owners = arena_alloc(parent, pool->chunk_count * sizeof(*pool->owners));
    return pool;
}

static size_t index_of(const struct arena_pool *pool, const void *address)
{
    return (size_t)((const char *)address - pool->origin) / pool->chunk_bytes;
}

/* Memory for count chunks, placed where a chunk begins. */
static char *make(struct arena_pool *pool, size_t count)
{
    char *memory = arena_alloc(pool->parent, (count + 1) * pool->chunk_bytes);
    size_t past = (size_t)(memory - pool->origin) % pool->chunk_bytes;

    pool->made += count;
    return past == 0 ? memory : memory + (pool->chunk_bytes - past);
}

/* Single chunks are made many at a time: placing them wastes up to one. */
static struct chunk *chunk_take(struct arena_pool *pool, uint32_t order)
{
    check(order < ORDERS);
    size_t runs = order == 0 ? SLAB : 1, run_bytes = pool->chunk_bytes << order;
    struct chunk *chunk;

    if (!pool->unused[order]) {
        char *memory = make(pool, runs << order);

        for (size_t i = runs; i > 0; i--) {
            chunk = (struct chunk *)(void *)(memory + (i - 1) * run_bytes);
            *chunk = (struct chunk){.next = pool->unused[order], .order = order};
            pool->unused[order] = chunk;
        }
    }
    chunk = pool->unused[order];
    pool->unused[order] = chunk->next;
    unpoison(chunk, HEAD);
    pool->taken += (size_t)1 << order;
    return chunk;
}

static void chunk_own(struct arena_pool *pool, const struct chunk *chunk, uint32_t owner)
{
    size_t first = index_of(pool, chunk);

    check(first + ((size_t)1 << chunk->order) <= pool->chunk_count);
    for (size_t i = 0; i < (size_t)1 << chunk->order; i++)
        pool->owners[first + i] = owner;
}

/* What an unused chunk holds is of earlier owners, all of it taken for written. Nobody may touch what the arena has not
 * handed out. */
static void arena_use(struct arena *arena, struct chunk *chunk)
{
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->memory = (char *)chunk;
    arena->used = HEAD;
    arena->limit = arena->peak = arena->pool->chunk_bytes << chunk->order;
    poison(arena->memory + HEAD, arena->limit - HEAD);
}

struct arena *arena_pool_take(struct arena_pool *pool, uint32_t number)
{
    check(number < UINT32_MAX - 1);
    struct chunk *chunk = chunk_take(pool, 0);
    struct arena *arena = (struct arena *)(void *)((char *)chunk + sizeof(*chunk));

    *arena = (struct arena){.pool = pool};
    chunk_own(pool, chunk, number + 1);
    arena_use(arena, chunk);
    return arena;
}

void arena_pool_refill(struct arena *arena, size_t size)
{
    struct arena_pool *pool = arena->pool;
    uint32_t order = 0, owner = pool->owners[index_of(pool, arena)];

    while ((pool->chunk_bytes << order) - HEAD < size)
        order++;
    struct chunk *chunk = chunk_take(pool, order);

    arena->earlier += arena->used;
    chunk_own(pool, chunk, owner);
    arena_use(arena, chunk);
}

void arena_pool_give(struct arena_pool *pool, struct arena *arena)
{
    struct chunk *chunk = arena->chunks;

    check(arena->pool == pool && chunk != NULL);
    while (chunk) {
        struct chunk *next = chunk->next; /* the last of them holds the arena's own record */

        chunk_own(pool, chunk, 0);
        pool->taken -= (size_t)1 << chunk->order;
        chunk->next = pool->unused[chunk->order];
        pool->unused[chunk->order] = chunk;
        poison((char *)chunk + sizeof(*chunk), (pool->chunk_bytes << chunk->order) - sizeof(*chunk));
        chunk = next;
    }
}

uint32_t arena_pool_owner(const struct arena_pool *pool, const void *address)
{
    const char *at = address;
    size_t span = pool->chunk_count * pool->chunk_bytes;

    if ((uintptr_t)at < (uintptr_t)pool->origin || (uintptr_t)at - (uintptr_t)pool->origin >= span)
        return UINT32_MAX;
    return pool->owners[index_of(pool, at)] - 1; /* of nobody's chunk UINT32_MAX */
}

size_t arena_pool_taken(const struct arena_pool *pool)
{
    return pool->taken * pool->chunk_bytes;
}

size_t arena_pool_size(const struct arena_pool *pool)
{
    return pool->made * pool->chunk_bytes;
}
