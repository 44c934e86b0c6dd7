/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/sip_pool.h"
#include "sim/base/check.h"

/* Heads are some hundred bytes and thousands of them linger, so small classes are narrow; bodies are few. */
enum { CLASS_STEP = 64, CLASS_SMALL = 64, SMALL_MAX = CLASS_STEP * CLASS_SMALL };

static uint32_t class_of(size_t size)
{
    if (size <= SMALL_MAX)
        return (uint32_t)((size + CLASS_STEP - 1) / CLASS_STEP);
    uint32_t size_class = CLASS_SMALL + 1;

    for (size_t most = 2 * SMALL_MAX; most < size; most *= 2)
        size_class++;
    check(size_class < SIP_POOL_CLASSES);
    return size_class;
}

static size_t class_size(uint32_t size_class)
{
    if (size_class <= CLASS_SMALL)
        return (size_t)size_class * CLASS_STEP;
    return (size_t)SMALL_MAX << (size_class - CLASS_SMALL);
}

void sip_pool_init(struct sip_pool *pool, struct arena *arena)
{
    *pool = (struct sip_pool){.arena = arena};
}

struct sip_buffer *sip_pool_take(struct sip_pool *pool, size_t size)
{
    uint32_t size_class = class_of(size);
    struct sip_buffer *buffer = pool->unused[size_class];

    if (buffer) {
        pool->unused[size_class] = buffer->next;
    } else {
        buffer = arena_alloc(pool->arena, sizeof(*buffer) + class_size(size_class));
        buffer->source = source_memory(buffer->bytes);
        buffer->source.lasts = false;
        buffer->size_class = size_class;
    }
    buffer->next = NULL;
    buffer->size = size;
    return buffer;
}

struct sip_buffer *sip_pool_copy(struct sip_pool *pool, struct span text)
{
    struct sip_buffer *buffer = sip_pool_take(pool, text.size);

    if (text.size > 0)
        memcpy(buffer->bytes, text.data, text.size);
    return buffer;
}

struct sip_buffer *sip_pool_copy_slice(struct sip_pool *pool, struct slice slice)
{
    struct sip_buffer *buffer = sip_pool_take(pool, slice.length);

    slice_read(slice, 0, buffer->bytes, slice.length);
    return buffer;
}

void sip_pool_release(struct sip_pool *pool, struct sip_buffer *buffer)
{
    if (!buffer)
        return;
    check(buffer->next == NULL && pool->released != buffer);
    buffer->next = pool->released;
    pool->released = buffer;
}

void sip_pool_sweep(struct sip_pool *pool)
{
    while (pool->released) {
        struct sip_buffer *buffer = pool->released;

        pool->released = buffer->next;
        buffer->next = pool->unused[buffer->size_class];
        pool->unused[buffer->size_class] = buffer;
    }
}
