/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_pool.h - the memory of one SIP element: buffers of bytes that are taken, released and taken again, so that the
 * arena grows with what is alive at once and not with what passes through. What is released stays readable until the
 * element's next step, since outboxes point to it.
 */
#ifndef SIM_PROTO_SIP_POOL_H
#define SIM_PROTO_SIP_POOL_H

#include "sim/base/slice.h"

struct sip_buffer {
    struct source source; /* of the buffer's own bytes; never lasting, so that nobody keeps a slice of it */
    struct sip_buffer *next;
    size_t size; /* bytes in use */
    uint32_t size_class;
    char bytes[];
};

enum { SIP_POOL_CLASSES = 96 };

struct sip_pool {
    struct arena *arena;
    struct sip_buffer *released;
    struct sip_buffer *unused[SIP_POOL_CLASSES];
};

void sip_pool_init(struct sip_pool *pool, struct arena *arena);

/* A buffer of size bytes with any content. */
struct sip_buffer *sip_pool_take(struct sip_pool *pool, size_t size);

/* A buffer that holds text, or the bytes of slice. */
struct sip_buffer *sip_pool_copy(struct sip_pool *pool, struct span text);
struct sip_buffer *sip_pool_copy_slice(struct sip_pool *pool, struct slice slice);

/* Gives a buffer back; NULL is allowed. */
void sip_pool_release(struct sip_pool *pool, struct sip_buffer *buffer);

/* A new step begins: what was released may be used again. */
void sip_pool_sweep(struct sip_pool *pool);

static inline struct span sip_buffer_span(const struct sip_buffer *buffer)
{
    return (struct span){.data = buffer->bytes, .size = buffer->size};
}

static inline struct slice sip_buffer_slice(const struct sip_buffer *buffer)
{
    return (struct slice){.source = &buffer->source, .offset = 0, .length = buffer->size};
}

#endif
