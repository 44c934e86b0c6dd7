/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * slice.h - bytes by reference: a source that can be read anywhere, a slice of it, and the rope, a byte stream made
 * of slices. The file a trial carries is a source; no copy of it is ever made. Headers are written into the spool
 * of the rope that carries them and are gone when the rope lets go of them.
 */
#ifndef SIM_BASE_SLICE_H
#define SIM_BASE_SLICE_H

#include "sim/base/arena.h"
#include "sim/base/sink.h"

/* Where bytes come from. The struct is the first member of whatever read needs to know. */
struct source {
    /* Puts size bytes from offset on into bytes. Offsets outside what the source holds are our own mistake. */
    void (*read)(const struct source *source, uint64_t offset, void *bytes, size_t size);
    /* Not NULL when the bytes lie in memory: the byte of offset o is memory[o & memory_mask]. */
    const uint8_t *memory;
    uint64_t memory_mask; /* UINT64_MAX for plain memory */
    bool lasts;           /* lives as long as the trial; false for a spool, whose bytes are let go */
};

/* length bytes of source from offset on. */
struct slice {
    const struct source *source;
    uint64_t offset;
    uint64_t length;
};

/* Reads a part of the slice: at + size is at most slice.length. */
void slice_read(struct slice slice, uint64_t at, void *bytes, size_t size);

/* The part of the slice from at on, length bytes of it. */
static inline struct slice slice_part(struct slice slice, uint64_t at, uint64_t length)
{
    return (struct slice){.source = slice.source, .offset = slice.offset + at, .length = length};
}

/* A pointer to all bytes of the slice if they lie side by side in memory, else NULL. */
const char *slice_pointer(struct slice slice);

/* Bytes in memory that last as long as the trial. The caller keeps bytes. */
struct source source_memory(const void *bytes);

/* Bytes that depend on the offset only, without end: what a file of no content looks like. */
extern const struct source source_pattern;

/*
 * A first-in first-out byte stream. Offsets count from the stream's first byte and never restart; the rope holds
 * the bytes from begin to end. Slices of lasting sources are kept by reference, others are copied into the spool.
 */
struct rope {
    uint64_t begin;
    uint64_t end;
    struct arena *arena;
    struct rope_piece *pieces; /* ring of slices, each with the stream offset where it begins */
    uint32_t piece_capacity;   /* a power of two */
    uint32_t piece_first;      /* counts up without limit; the ring index is its low bits */
    uint32_t piece_end;
    uint32_t piece_hint; /* where the last look-up ended */
    struct spool {
        struct source source; /* memory is the ring, memory_mask its size - 1 */
        uint8_t *bytes;
        uint64_t begin;
        uint64_t end;
    } spool;
};

struct rope_piece {
    struct slice slice;
    uint64_t at;
};

/* An empty rope whose memory comes from arena and grows with what it holds at once. The rope must not move. */
void rope_init(struct rope *rope, struct arena *arena);

/* Appends a slice (joined with the last one where it goes on in the same source). */
void rope_append(struct rope *rope, struct slice slice);

/* Copies size bytes behind the end. */
void rope_append_bytes(struct rope *rope, const void *bytes, size_t size);

/* Appends to the rope the bytes from to until of another one. */
void rope_append_rope(struct rope *rope, struct rope *other, uint64_t from, uint64_t until);

/* Lets go of everything before offset (at most end). */
void rope_release(struct rope *rope, uint64_t offset);

/* The longest slice that begins at offset, begin <= offset < end. */
struct slice rope_slice(struct rope *rope, uint64_t offset);

/* Copies size bytes from offset on; they must be there. */
void rope_read(struct rope *rope, uint64_t offset, void *bytes, size_t size);

static inline uint64_t rope_length(const struct rope *rope)
{
    return rope->end - rope->begin;
}

#endif
