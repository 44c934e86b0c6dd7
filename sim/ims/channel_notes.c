/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/channel_state.h"

enum { CHANNEL_NOTES = 8 };

void channel_note_add(struct channel *channel, struct notes *notes, struct watched *message)
{
    if (!message)
        return;
    if (notes->end - notes->first == notes->capacity) {
        uint32_t capacity = notes->capacity ? 2 * notes->capacity : CHANNEL_NOTES;
        struct watched **ring = arena_alloc(channel->world->arena, capacity * sizeof(struct watched *));

        for (uint32_t i = notes->first; i != notes->end; i++)
            ring[i & (capacity - 1)] = notes->ring[i & (notes->capacity - 1)];
        notes->ring = ring;
        notes->capacity = capacity;
    }
    notes->ring[notes->end++ & (notes->capacity - 1)] = message;
}

void channel_note_sent(struct channel *channel, struct watched *message)
{
    channel_note_add(channel, channel->state == CHANNEL_READY ? &channel->notes : &channel->early, message);
}

void channel_notes_follow(struct channel *channel)
{
    struct notes *early = &channel->early;

    while (early->first != early->end)
        channel_note_add(channel, &channel->notes, early->ring[early->first++ & (early->capacity - 1)]);
}

struct watched *channel_note_take(struct channel *sender)
{
    struct notes *notes = &sender->notes;

    if (notes->first == notes->end)
        return NULL;
    return notes->ring[notes->first++ & (notes->capacity - 1)];
}

struct watched *channel_note_received(struct channel *channel)
{
    struct channel *far = channel_far(channel);

    return far ? channel_note_take(far) : NULL;
}
