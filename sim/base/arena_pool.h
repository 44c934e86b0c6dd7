/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * arena_pool.h - arenas that end before the trial does: each takes chunks from a pool in the trial's own arena as it
 * needs them, and gives all of them back at once. What lives for a while (a session among many) has such an arena, so
 * that memory follows what is alive and not what has been.
 */
#ifndef SIM_BASE_ARENA_POOL_H
#define SIM_BASE_ARENA_POOL_H

#include "sim/base/arena.h"

#include <stdint.h>

struct arena_pool;

/* Chunks of chunk_bytes, a power of two of at least 4 KiB, out of parent, which must not be a pool's arena itself. */
struct arena_pool *arena_pool_create(struct arena *parent, size_t chunk_bytes);

/* An arena that grows by chunks, and a number by which arena_pool_owner knows it. Beyond the limit of the pool's parent
 * it does what that one does. arena_used counts all its chunks; it cannot be reset. */
struct arena *arena_pool_take(struct arena_pool *pool, uint32_t number);

/* Gives the arena and everything in it back. */
void arena_pool_give(struct arena_pool *pool, struct arena *arena);

/* The number of the arena that an address lies in; UINT32_MAX: in none that is taken now. */
uint32_t arena_pool_owner(const struct arena_pool *pool, const void *address);

/* Bytes of all chunks that are taken now, and of all there are. */
size_t arena_pool_taken(const struct arena_pool *pool);
size_t arena_pool_size(const struct arena_pool *pool);

#endif
