/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/msrp_leg.h"

struct msrp_leg {
    struct stream *stream;
    struct msrp_reader *reader;
    bool is_taking; /* what the owner does about a message must not take the next one inside it */
};

struct msrp_leg *msrp_leg_create(struct stream *stream, void *context, const struct msrp_reader_events *events)
{
    struct msrp_leg *leg = arena_alloc(stream_arena(stream), sizeof(*leg));

    leg->stream = stream;
    leg->reader = msrp_reader_create(stream_arena(stream), context, events);
    return leg;
}

bool msrp_leg_take(struct msrp_leg *leg)
{
    struct rope *in = stream_in(leg->stream);
    uint64_t released;

    if (leg->is_taking || stream_is_dead(leg->stream) || rope_length(in) == 0)
        return true;
    leg->is_taking = true;
    enum err error = msrp_reader_take(leg->reader, in, &released);

    leg->is_taking = false;
    if (stream_is_dead(leg->stream))
        return true;
    if (error != ERR_OK) {
        stream_close(leg->stream);
        return false;
    }
    stream_release(leg->stream, released);
    return true;
}

struct stream *msrp_leg_stream(struct msrp_leg *leg)
{
    return leg->stream;
}

static uint64_t writer_room(void *context)
{
    const struct msrp_leg *leg = context;

    return stream_room(leg->stream);
}

static void writer_bytes(void *context, const void *bytes, size_t size, bool acknowledges)
{
    const struct msrp_leg *leg = context;

    (void)acknowledges;
    stream_write(leg->stream, bytes, size);
}

static void writer_slice(void *context, struct slice slice, bool acknowledges)
{
    const struct msrp_leg *leg = context;

    (void)acknowledges;
    stream_write_slice(leg->stream, slice);
}

struct msrp_writer msrp_leg_writer(struct msrp_leg *leg)
{
    return (struct msrp_writer){leg, writer_room, writer_bytes, writer_slice};
}

void msrp_leg_write_text(struct msrp_leg *leg, struct span text)
{
    stream_write(leg->stream, text.data, text.size);
    stream_push(leg->stream);
}
