/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * msrp_pipe.h - a sender and a receiver joined by two streams in memory that arrive in pieces of any size.
 */
#ifndef TESTS_SIM_PROTO_MSRP_PIPE_H
#define TESTS_SIM_PROTO_MSRP_PIPE_H

#include "sim/proto/msrp_session.h"

#include <stdlib.h>

#define OWN_A "msrp://192.168.80.1:7394/session;tcp"
#define OWN_B "msrp://192.168.80.3:7394/session;tcp"

static inline uint32_t pipe_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* One direction: what was written waits in out, what has arrived lies in in. */
struct stream {
    struct rope out, in;
    uint64_t room; /* bytes that may wait */
    uint64_t acknowledging;
};

static inline uint64_t stream_room(void *context)
{
    struct stream *stream = context;
    uint64_t length = rope_length(&stream->out);

    return length < stream->room ? stream->room - length : 0;
}

static inline void stream_bytes(void *context, const void *bytes, size_t size, bool acknowledges)
{
    struct stream *stream = context;

    rope_append_bytes(&stream->out, bytes, size);
    stream->acknowledging += acknowledges ? size : 0;
}

static inline void stream_slice(void *context, struct slice slice, bool acknowledges)
{
    struct stream *stream = context;

    (void)acknowledges;
    rope_append(&stream->out, slice);
}

static inline struct msrp_writer stream_writer(struct stream *stream)
{
    return (struct msrp_writer){stream, stream_room, stream_bytes, stream_slice};
}

static inline void stream_init(struct stream *stream, struct arena *arena, uint64_t room)
{
    *stream = (struct stream){.room = room};
    rope_init(&stream->out, arena);
    rope_init(&stream->in, arena);
}

/* Moves at most size bytes on; false: there was nothing. */
static inline bool stream_move(struct stream *stream, uint64_t size)
{
    uint64_t length = rope_length(&stream->out);

    if (size > length)
        size = length;
    rope_append_rope(&stream->in, &stream->out, stream->out.begin, stream->out.begin + size);
    rope_release(&stream->out, stream->out.begin + size);
    return size > 0;
}

struct pair {
    struct arena *arena;
    struct stream there, back;
    struct msrp_sender *sender;
    struct msrp_receiver *receiver;
    struct msrp_reader *reader_a, *reader_b;
    struct slice body;
    int64_t now_ns;
    uint64_t told;      /* bytes of the body that were told */
    bool is_blind;      /* the body is not compared */
    uint64_t wrong;     /* pieces that differ from the body */
    uint64_t completed; /* messages */
    uint64_t length;    /* of the last one */
    uint64_t answers;
    uint32_t held; /* answers not written yet */
    int last_status;
    char last_to[128]; /* To-Path of that answer */
    char type[64];
};

static inline void pair_told(void *context, uint64_t offset, struct slice slice)
{
    struct pair *pair = context;
    char got[4096], wanted[4096];

    if (offset + slice.length > pair->body.length) {
        pair->wrong++;
        return;
    }
    for (uint64_t at = 0; !pair->is_blind && at < slice.length; at += sizeof(got)) {
        size_t size = slice.length - at < sizeof(got) ? slice.length - at : sizeof(got);

        slice_read(slice, at, got, size);
        slice_read(pair->body, offset + at, wanted, size);
        pair->wrong += memcmp(got, wanted, size) != 0;
    }
    pair->told += slice.length;
}

static inline void pair_completed(void *context, uint64_t length, struct span content_type)
{
    struct pair *pair = context;
    struct sink sink = SINK(pair->type);

    sink_span(&sink, content_type);
    (void)sink_string(&sink);
    pair->completed++;
    pair->length = length;
}

static inline void pair_head_b(void *context, const struct msrp_head *head)
{
    msrp_receiver_head(((struct pair *)context)->receiver, head);
}

static inline void pair_body_b(void *context, uint64_t at, struct slice slice)
{
    msrp_receiver_body(((struct pair *)context)->receiver, at, slice);
}

static inline void pair_end_b(void *context, char flag)
{
    struct pair *pair = context;

    msrp_receiver_end(pair->receiver, flag);
    pair->held++;
}

static inline void pair_head_a(void *context, const struct msrp_head *head)
{
    struct pair *pair = context;

    if (head->is_request) { /* a REPORT */
        if (pair->sender)
            msrp_sender_reported(pair->sender, head);
        return;
    }
    pair->answers++;
    pair->last_status = head->status;
    struct sink to = SINK(pair->last_to);

    sink_span(&to, head->to_path);
    (void)sink_string(&to);
    if (pair->sender)
        msrp_sender_answered(pair->sender, pair->now_ns, head);
}

static inline void pair_body_a(void *context, uint64_t at, struct slice slice)
{
    (void)context;
    (void)at;
    (void)slice;
}

static inline void pair_end_a(void *context, char flag)
{
    (void)context;
    (void)flag;
}

static const struct msrp_reader_events pair_events_a = {pair_head_a, pair_body_a, pair_end_a};
static const struct msrp_reader_events pair_events_b = {pair_head_b, pair_body_b, pair_end_b};

/* Everything but the sender. */
static inline void pair_init(struct pair *pair, struct arena *arena, struct slice body, uint64_t room)
{
    struct msrp_receive_config receive = {.own_uri = OWN_B, .size_max = UINT64_C(1) << 40, .identity = 2};

    *pair = (struct pair){.arena = arena, .body = body};
    stream_init(&pair->there, arena, room);
    stream_init(&pair->back, arena, 1 << 20);
    receive.writer = stream_writer(&pair->back);
    receive.context = pair;
    receive.body = pair_told;
    receive.complete = pair_completed;
    pair->receiver = msrp_receiver_create(arena, &receive);
    pair->reader_a = msrp_reader_create(arena, pair, &pair_events_a);
    pair->reader_b = msrp_reader_create(arena, pair, &pair_events_b);
}

static inline struct msrp_send_config pair_send_config(struct pair *pair)
{
    return (struct msrp_send_config){.to_path = OWN_B,
                                     .from_path = OWN_A,
                                     .content_type = "application/octet-stream",
                                     .body = pair->body,
                                     .identity = 1,
                                     .timeout_ns = INT64_C(30000000000),
                                     .writer = stream_writer(&pair->there)};
}

static inline enum err pair_take(struct msrp_reader *reader, struct rope *rope)
{
    uint64_t released;

    TRY(msrp_reader_take(reader, rope, &released));
    rope_release(rope, released);
    return ERR_OK;
}

static inline void pair_answer(struct pair *pair)
{
    for (; pair->held > 0; pair->held--)
        (void)msrp_receiver_answer(pair->receiver);
}

/* Runs until nothing moves, in pieces of 1 to piece bytes. */
static inline enum err pair_run(struct pair *pair, uint32_t piece, uint32_t seed)
{
    bool moved = true;

    while (moved) {
        if (pair->sender)
            msrp_sender_pump(pair->sender, pair->now_ns);
        moved = stream_move(&pair->there, 1 + pipe_random(&seed) % piece);
        TRY(pair_take(pair->reader_b, &pair->there.in));
        pair_answer(pair);
        moved = stream_move(&pair->back, 1 + pipe_random(&seed) % piece) || moved;
        TRY(pair_take(pair->reader_a, &pair->back.in));
        pair->now_ns += 1000;
    }
    return ERR_OK;
}

/* Text as the peer would have written it. */
static inline enum err pair_feed(struct pair *pair, const char *text)
{
    rope_append_bytes(&pair->there.out, text, strlen(text));
    return pair_run(pair, 1 << 20, 1);
}

#endif
