/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/web.h"

struct web {
    struct world *world;
    struct channel *channel;
    void *context;
    const struct web_owner *owner;
    struct cause cause; /* of what is being done now */
    struct rope *out;   /* the body under way; NULL: none */
    uint64_t out_at;
    bool is_in_body;
    uint64_t in_at, in_length;
    char text[HTTP_HEAD_MAX]; /* the head that came last */
};

struct web_listener {
    struct world *world;
    void *context;
    web_accept_fn *accept;
    const struct web_owner *owner;
};

struct cause web_cause(const struct web *web)
{
    return web->cause;
}

/* ---- Writing ---- */

static void web_pump(struct web *web, const struct cause *cause)
{
    bool has_written = false;
    uint64_t room;

    while (web->out && web->out_at < web->out->end && (room = channel_room(web->channel)) > 0) {
        struct slice slice = rope_slice(web->out, web->out_at);

        if (slice.length > room)
            slice.length = room;
        channel_write(web->channel, slice, false);
        web->out_at += slice.length;
        has_written = true;
    }
    if (web->out && web->out_at == web->out->end)
        web->out = NULL;
    if (has_written)
        channel_push(web->channel, cause);
}

void web_send(struct web *web, struct http_head head, struct rope *body, const char *label, const struct cause *cause)
{
    char text[HTTP_HEAD_MAX];
    struct sink sink = SINK(text);
    struct cause forward = cause_forward(cause);

    check(!web->out);
    head.has_length = body != NULL || !head.is_request;
    head.length = body ? rope_length(body) : 0;
    http_write_head(&head, &sink);
    check(!sink.overflow);
    struct watch_new message = {.from = channel_role(web->channel),
                                .to = channel_peer(web->channel),
                                .protocol = "HTTP",
                                .label = span_of(label),
                                .bytes = sink.size + head.length,
                                .head = sink_written(&sink)};

    channel_note_sent(web->channel, watch_sent(web->world, &message));
    channel_write_bytes(web->channel, sink.data, sink.size, false);
    web->out = body;
    web->out_at = body ? body->begin : 0;
    channel_push(web->channel, &forward);
    web_pump(web, &forward);
}

void web_finish(struct web *web, const struct cause *cause)
{
    channel_finish(web->channel, cause);
}

/* ---- Reading ---- */

/* A message is whole. */
static void web_end(struct web *web)
{
    struct watched *watched = channel_note_received(web->channel);

    web->is_in_body = false;
    watch_received(web->world, watched);
    web->owner->end(web->context, web);
}

/* The head at the front of what has come; false when it is not whole. What is no HTTP ends the connection. */
static bool web_take_head(struct web *web)
{
    struct rope *in = channel_in(web->channel);
    size_t length = rope_length(in) < HTTP_HEAD_MAX ? (size_t)rope_length(in) : HTTP_HEAD_MAX, size;
    struct http_head head;

    rope_read(in, in->begin, web->text, length);
    enum err error = http_parse_head((struct span){web->text, length}, &head, &size);

    if (error == ERR_MORE && length < HTTP_HEAD_MAX)
        return false;
    if (error != ERR_OK) {
        channel_reset(web->channel, &web->cause);
        web->owner->ended(web->context, web, TCP_END_RESET);
        return false;
    }
    channel_release(web->channel, in->begin + size, &web->cause);
    web->is_in_body = true;
    web->in_at = 0;
    web->in_length = head.has_length ? head.length : 0;
    web->owner->head(web->context, web, &head);
    return true;
}

static void web_take_body(struct web *web)
{
    struct rope *in = channel_in(web->channel);
    uint64_t at = in->begin;

    while (at < in->end && web->in_at < web->in_length) {
        struct slice slice = rope_slice(in, at);
        uint64_t left = web->in_length - web->in_at;

        if (slice.length > left)
            slice.length = left;
        web->owner->body(web->context, web, web->in_at, slice);
        web->in_at += slice.length;
        at += slice.length;
    }
    channel_release(web->channel, at, &web->cause);
}

static void web_received(void *context, struct channel *channel, const struct cause *cause)
{
    struct web *web = context;

    web->cause = *cause;
    while (!channel_is_dead(channel)) {
        if (!web->is_in_body && (rope_length(channel_in(channel)) == 0 || !web_take_head(web)))
            return;
        web_take_body(web);
        if (web->in_at < web->in_length)
            return;
        web_end(web);
    }
}

/* ---- What the channel tells ---- */

static void web_ready(void *context, struct channel *channel, const struct cause *cause)
{
    struct web *web = context;

    (void)channel;
    web->cause = *cause;
    if (web->owner->ready)
        web->owner->ready(web->context, web);
}

static void web_writable(void *context, struct channel *channel, const struct cause *cause)
{
    struct cause forward = cause_forward(cause);

    (void)channel;
    web_pump(context, &forward);
}

static void web_ended(void *context, struct channel *channel, enum tcp_end how, const struct cause *cause)
{
    struct web *web = context;

    (void)channel;
    web->cause = *cause;
    web->owner->ended(web->context, web, how);
}

static const struct channel_owner web_channel_owner = {
    .ready = web_ready, .received = web_received, .writable = web_writable, .ended = web_ended};

/* ---- Opening ---- */

static struct web *web_create(struct world *world, void *context, const struct web_owner *owner)
{
    struct web *web = arena_alloc(world->arena, sizeof(*web));

    web->world = world;
    web->context = context;
    web->owner = owner;
    return web;
}

struct web *web_open(struct world *world, enum role role, enum role peer, void *context, const struct web_owner *owner,
                     const struct cause *cause)
{
    struct web *web = web_create(world, context, owner);
    struct channel_config config = {.role = role,
                                    .peer = peer,
                                    .port = world->sites[peer].web_port,
                                    .is_tls = !world->sites[peer].has_plain_web,
                                    .context = web,
                                    .owner = &web_channel_owner};

    web->cause = *cause;
    web->channel = channel_open(world, &config, cause);
    return web;
}

static void *web_accept(void *context, struct channel *channel)
{
    struct web_listener *listener = context;
    struct web *web = web_create(listener->world, NULL, listener->owner);

    web->channel = channel;
    web->context = listener->accept(listener->context, web);
    return web;
}

void web_listen(struct world *world, enum role role, void *context, web_accept_fn *accept,
                const struct web_owner *owner)
{
    struct web_listener *listener = arena_alloc(world->arena, sizeof(*listener));

    *listener = (struct web_listener){world, context, accept, owner};
    channel_listen(world, role, world->sites[role].web_port, !world->sites[role].has_plain_web, listener, web_accept,
                   &web_channel_owner);
}
