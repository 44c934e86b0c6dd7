/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * arena_state.h - the inside of an arena, for arena.c and for arena_pool.c, whose arenas go on from chunk to chunk.
 */
#ifndef SIM_BASE_ARENA_STATE_H
#define SIM_BASE_ARENA_STATE_H

#include "sim/base/arena.h"

struct arena {
    char *memory;   /* where offsets count from */
    size_t limit;   /* offset of the first byte that may not be used */
    size_t used;    /* offset of the first free byte */
    size_t peak;    /* offset of the first byte that is known to be zero */
    size_t earlier; /* bytes handed out from chunks before this one */
    jmp_buf *full;
    struct arena_pool *pool; /* where more comes from; NULL: nowhere */
    struct chunk *chunks;    /* of the pool's, latest first */
};

/* A further chunk with room for size bytes: the arena goes on at its front, which is aligned to a line. */
void arena_pool_refill(struct arena *arena, size_t size);

#endif
