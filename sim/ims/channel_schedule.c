/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/channel_state.h"
#include "sim/ims/gate.h"

/* Those that are open stand in nobody's way. */
static void barriers_drop(struct channel *channel)
{
    int64_t now_ns = world_now(channel->world);

    while (channel->barriers && channel->barriers->at_ns <= now_ns)
        channel->barriers = channel->barriers->next;
    if (channel->barriers)
        timer_arm(&channel->barrier_timer, channel->barriers->at_ns);
}

uint64_t channel_open_bytes(const struct channel *channel, const struct rope *rope)
{
    uint64_t length = rope_length(rope);

    if (!channel->barriers)
        return length;
    check(channel->barriers->offset >= rope->begin);
    return channel->barriers->offset - rope->begin < length ? channel->barriers->offset - rope->begin : length;
}

void channel_barrier_due(struct engine *engine, void *context)
{
    struct channel *channel = context;
    struct cause cause = channel->pushed;

    barriers_drop(channel);
    if (channel->state != CHANNEL_READY)
        return;
    if (cause.transfer != 0)
        cause_charge(&cause, PART_PROCESSING, engine->now_ns - channel->pushed_ns);
    if (channel->is_tls)
        channel_seal_next(channel, &cause);
    else
        channel_flush(channel, &cause);
    channel_offer_room(channel, &cause);
}

void channel_mark(struct channel *channel, struct marks *marks, uint64_t offset, struct span kind)
{
    struct mark *mark = arena_alloc(channel->world->arena, sizeof(*mark));
    struct sink text = SINK(mark->kind);

    *mark = (struct mark){.offset = offset};
    sink_span(&text, kind);
    sink_string(&text);
    if (marks->first)
        marks->last->next = mark;
    else
        marks->first = mark;
    marks->last = mark;
}

uint64_t channel_pass_on(struct channel *in, struct channel *out, uint64_t offset, uint64_t size)
{
    struct marks *marks = &in->other->marks;

    while (marks->first && marks->first->offset <= offset) {
        channel_gate(out, out->peer, span_of(marks->first->kind));
        marks->first = marks->first->next;
    }
    if (!marks->first || marks->first->offset - offset >= size)
        return size;
    return marks->first->offset - offset;
}

void channel_gate(struct channel *channel, enum role to, struct span kind)
{
    struct world *world = channel->world;

    if (world->trial->schedule && world->arm->path == PATH_AGWS)
        channel_mark(channel, channel_passes_tls(channel) ? &channel->plain_marks : &channel->marks, channel->written,
                     kind);
    int64_t due_ns = gate_take(world, channel->role, to, kind);

    if (due_ns == NONE_NS || due_ns <= world_now(world) || channel->state == CHANNEL_DEAD)
        return;
    struct barrier *barrier = arena_alloc(world->arena, sizeof(*barrier));

    *barrier = (struct barrier){.offset = channel->is_tls ? channel->out.end : channel->wire.end, .at_ns = due_ns};
    if (channel->barriers)
        channel->barriers_last->next = barrier;
    else
        channel->barriers = barrier;
    channel->barriers_last = barrier;
    barriers_drop(channel);
}
