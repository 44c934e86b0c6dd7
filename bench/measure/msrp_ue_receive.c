/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/msrp_ue_state.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <unistd.h>

/* How long a connection may stay without a request for the session. */
static const int64_t patience_ns = 30 * SECOND;

struct msrp_ue_link *msrp_ue_link_take(struct msrp_ue *media)
{
    for (int i = 0; i < MSRP_UE_LINKS_MAX; i++)
        if (!media->links[i].stream) {
            media->links[i] = (struct msrp_ue_link){.media = media, .since_ns = loop_now_ns()};
            return &media->links[i];
        }
    return NULL;
}

/* ---- The receiver's side ---- */

static void received_body(void *context, uint64_t offset, struct slice slice)
{
    struct msrp_ue_link *link = context;
    struct msrp_ue *media = link->media;

    if (!stream_is_dead(link->stream) && !media->config.owner->body(media->config.context, offset, slice))
        stream_close(link->stream);
}

static void received_all(void *context, uint64_t length, struct span content_type)
{
    struct msrp_ue_link *link = context;
    struct msrp_ue *media = link->media;

    if (!stream_is_dead(link->stream))
        media->config.owner->received(media->config.context, length, content_type);
}

static void refused(void *context)
{
    struct msrp_ue_link *link = context;

    link->is_answered = true;
    msrp_receiver_answer(link->receiver);
}

static void make_receiver(struct msrp_ue_link *link)
{
    const struct msrp_ue *media = link->media;
    struct msrp_receive_config config = {.own_uri = media->own_uri,
                                         .size_max = media->size_max,
                                         .accept_types = media->config.accept_types,
                                         .identity = cast_identity(media->config.node->cast, media->config.node->role),
                                         .writer = msrp_leg_writer(link->leg),
                                         .context = link,
                                         .body = received_body,
                                         .complete = received_all,
                                         .refused = refused};

    link->receiver = msrp_receiver_create(stream_arena(link->stream), &config);
}

/* RFC 4975 section 5.4: a session stays with the connection that brought its first request. */
static bool takes_session(struct msrp_ue_link *link, const struct msrp_head *head)
{
    struct msrp_ue *media = link->media;
    char text[4096];
    struct sink answer = SINK(text);

    if (media->session == link)
        return true;
    if (!media->session && msrp_uri_equal(head->to_path, span_of(media->own_uri))) {
        media->session = link;
        return true;
    }
    if (!media->session)
        return true; /* for another URI: the receiver says 481 */
    if (!span_equal(head->method, SPAN("REPORT"))) {
        msrp_write_response(head, 506, &answer);
        if (!answer.overflow)
            msrp_leg_write_text(link->leg, sink_written(&answer));
    }
    return false;
}

void msrp_ue_request_head(struct msrp_ue_link *link, const struct msrp_head *head)
{
    link->is_foreign = !takes_session(link, head);
    link->is_answered = false;
    if (link->is_foreign)
        return;
    if (!link->receiver)
        make_receiver(link);
    msrp_receiver_head(link->receiver, head);
}

void msrp_ue_request_body(struct msrp_ue_link *link, uint64_t at, struct slice slice)
{
    if (link->receiver && !link->is_foreign)
        msrp_receiver_body(link->receiver, at, slice);
}

void msrp_ue_request_end(struct msrp_ue_link *link, char flag)
{
    if (!link->receiver || link->is_foreign)
        return;
    msrp_receiver_end(link->receiver, flag);
    if (!link->is_answered)
        msrp_receiver_answer(link->receiver);
}

/* ---- What the leg tells ---- */

static void leg_head(void *context, const struct msrp_head *head)
{
    struct msrp_ue_link *link = context;

    link->is_foreign = true;
    if (!head->is_request)
        msrp_ue_response(link, head);
    else if (link->media->sender && span_equal(head->method, SPAN("REPORT")))
        msrp_ue_report(link, head);
    else
        msrp_ue_request_head(link, head);
}

static void leg_body(void *context, uint64_t at, struct slice slice)
{
    msrp_ue_request_body(context, at, slice);
}

static void leg_end(void *context, char flag)
{
    msrp_ue_request_end(context, flag);
}

static const struct msrp_reader_events leg_events = {.head = leg_head, .body = leg_body, .end = leg_end};

void msrp_ue_link_begin(struct msrp_ue_link *link, struct stream *stream)
{
    link->stream = stream;
    link->leg = msrp_leg_create(stream, link, &leg_events);
}

/* ---- What the stream tells ---- */

static void stream_ready(void *context, struct stream *stream)
{
    (void)stream;
    msrp_ue_stream_ready(context);
}

/* A peer that does not take its answers is not read from until it does. */
static void stream_received(void *context, struct stream *stream)
{
    struct msrp_ue_link *link = context;

    if (!msrp_leg_take(link->leg)) {
        msrp_ue_lost(link, STREAM_ALIEN);
        return;
    }
    if (stream_is_dead(stream)) {
        if (link->stream == stream)
            msrp_ue_lost(link, STREAM_BROKEN);
        return;
    }
    stream_push(stream);
    if (!link->media->sender)
        stream_pause(stream, stream_room(stream) == 0);
}

static void stream_writable(void *context, struct stream *stream)
{
    struct msrp_ue_link *link = context;

    stream_pause(stream, false);
    if (link == link->media->session)
        msrp_ue_pump(link->media);
}

static void stream_ended(void *context, struct stream *stream, enum stream_end how)
{
    (void)stream;
    msrp_ue_lost(context, how);
}

const struct stream_owner msrp_ue_stream_owner = {
    .ready = stream_ready, .received = stream_received, .writable = stream_writable, .ended = stream_ended};

/* ---- Listening ---- */

static void sweep(void *context)
{
    struct msrp_ue *media = context;
    int64_t now_ns = loop_now_ns();

    for (int i = 0; i < MSRP_UE_LINKS_MAX; i++) {
        struct msrp_ue_link *link = &media->links[i];

        if (!link->stream || link == media->session || now_ns - link->since_ns < patience_ns)
            continue;
        stream_close(link->stream);
        link->stream = NULL;
    }
    media->sweep.at_ns = now_ns + SECOND;
}

enum err msrp_ue_adopt(struct msrp_ue *media, int fd, struct note *note)
{
    struct node *node = media->config.node;
    struct msrp_ue_link *link = msrp_ue_link_take(media);

    if (!link) {
        close(fd);
        return note_set(note, ERR_FULL, "too many connections");
    }
    struct stream_config config = node_stream(node, node->cast->way.is_tls, link, &msrp_ue_stream_owner);
    struct stream *stream = stream_adopt(&config, fd, true, note);

    if (!stream)
        return ERR_FILE;
    msrp_ue_link_begin(link, stream);
    return ERR_OK;
}

static void *accepted(void *context, struct stream *stream)
{
    struct msrp_ue *media = context;
    struct msrp_ue_link *link = msrp_ue_link_take(media);

    if (link) {
        msrp_ue_link_begin(link, stream);
        media->sweep.at_ns = loop_now_ns() + SECOND;
    }
    return link;
}

enum err msrp_ue_listen(struct msrp_ue *media, struct note *note)
{
    struct node *node = media->config.node;
    struct stream_config config = node_stream(node, node->cast->way.is_tls, media, &msrp_ue_stream_owner);

    media->sweep = (struct loop_timer){.context = media, .ring = sweep};
    check(loop_add_timer(&node->loop, &media->sweep));
    media->listener = stream_listen(&config, node->cast->addresses[node->role], CAST_MSRP_PORT, accepted, note);
    return media->listener ? ERR_OK : ERR_FILE;
}
