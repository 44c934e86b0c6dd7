/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes, in pieces whose size the first byte chooses, through a reader into a receiver that answers: no more may be
 * told than came, and nothing behind what the receiver takes. */
#include "sim/base/check.h"
#include "sim/proto/msrp_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OWN "msrp://b:1/x;tcp"

struct state {
    struct msrp_receiver *receiver;
    bool in_request;
    uint64_t told, written;
};

static uint64_t room(void *context)
{
    (void)context;
    return UINT64_MAX;
}

static void write_bytes(void *context, const void *bytes, size_t size, bool acknowledges)
{
    (void)bytes;
    check(acknowledges);
    ((struct state *)context)->written += size;
}

static void write_slice(void *context, struct slice slice, bool acknowledges)
{
    (void)context;
    (void)slice;
    check(!acknowledges);
}

static void told(void *context, uint64_t offset, struct slice slice)
{
    check(offset + slice.length <= 1 << 20);
    ((struct state *)context)->told += slice.length;
}

static void completed(void *context, uint64_t length, struct span content_type)
{
    (void)context;
    check(length <= 1 << 20 && content_type.size > 0);
}

static void head(void *context, const struct msrp_head *found)
{
    struct state *state = context;

    state->in_request = found->is_request;
    if (found->is_request)
        msrp_receiver_head(state->receiver, found);
}

static void body(void *context, uint64_t at, struct slice slice)
{
    struct state *state = context;

    if (state->in_request)
        msrp_receiver_body(state->receiver, at, slice);
}

static void end(void *context, char flag)
{
    struct state *state = context;

    if (!state->in_request)
        return;
    msrp_receiver_end(state->receiver, flag);
    (void)msrp_receiver_answer(state->receiver);
}

static const struct msrp_reader_events events = {head, body, end};

static void feed(struct arena *arena, struct msrp_reader *reader, const uint8_t *data, size_t size)
{
    size_t piece = 1 + data[0] % 64 * (1 + data[0] / 64);
    struct rope rope;

    rope_init(&rope, arena);
    for (size_t at = 1; at < size; at += piece) {
        uint64_t released;

        rope_append_bytes(&rope, data + at, size - at < piece ? size - at : piece);
        if (msrp_reader_take(reader, &rope, &released) != ERR_OK)
            return;
        rope_release(&rope, released);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct state state = {0};
    struct arena *arena = arena_create(64 << 20);
    struct msrp_receive_config config = {.own_uri = OWN,
                                         .size_max = 1 << 20,
                                         .writer = {&state, room, write_bytes, write_slice},
                                         .context = &state,
                                         .body = told,
                                         .complete = completed};

    check(arena);
    state.receiver = msrp_receiver_create(arena, &config);
    if (size > 0)
        feed(arena, msrp_reader_create(arena, &state, &events), data, size);
    check(state.told <= size);
    arena_destroy(arena);
    return 0;
}
