/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * arena.h - the memory of one trial: taken piece by piece, given back all at once, never beyond a stated limit.
 */
#ifndef SIM_BASE_ARENA_H
#define SIM_BASE_ARENA_H

#include <setjmp.h>
#include <stddef.h>

struct arena;

/* An arena that hands out at most limit_bytes. Memory is reserved, not used, until it is asked for. NULL if the
 * machine refuses. The caller destroys it. */
struct arena *arena_create(size_t limit_bytes);
void arena_destroy(struct arena *arena);

/* Forgets everything that was handed out. Pages stay with the process so that the next trial finds them warm. */
void arena_reset(struct arena *arena);

/* size bytes of zeros, aligned to 64 bytes when size is 64 or more, to 16 otherwise. Beyond the limit it jumps to
 * *arena_on_full with value 1, or aborts where none is set. */
void *arena_alloc(struct arena *arena, size_t size);

/* Where to go when the limit is reached; NULL to abort. What jumps is a trial: everything it owns is in the arena. */
void arena_on_full(struct arena *arena, jmp_buf *full);

/* Bytes handed out since the last reset, and the most that ever were. */
size_t arena_used(const struct arena *arena);
size_t arena_peak(const struct arena *arena);

#endif
