/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/msrp_ue_state.h"
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/sec/digest.h"

const char *msrp_ue_uri(const struct msrp_ue *media)
{
    return media->own_uri;
}

const char *msrp_ue_path(const struct msrp_ue *media)
{
    return media->path;
}

void msrp_ue_limit(struct msrp_ue *media, uint64_t size_max)
{
    media->size_max = size_max;
}

uint64_t msrp_ue_chunks(const struct msrp_ue *media)
{
    return media->sender ? msrp_sender_chunks(media->sender) : 0;
}

uint64_t msrp_ue_resent(const struct msrp_ue *media)
{
    uint64_t sum = media->resent;

    for (int i = 0; i < MSRP_UE_LINKS_MAX; i++)
        if (media->links[i].stream)
            sum += stream_retransmissions(media->links[i].stream);
    return sum;
}

static void msrp_ue_fail(struct msrp_ue *media, enum node_end end, const char *text)
{
    if (!media->is_closed)
        media->config.owner->failed(media->config.context, end, text);
}

static bool is_tls(const struct msrp_ue *media)
{
    return media->config.node->cast->way.is_tls;
}

/* ---- Connecting ---- */

static void msrp_ue_open(struct msrp_ue *media, enum cast_role to, uint16_t port)
{
    const struct cast *cast = media->config.node->cast;
    struct msrp_ue_link *link = msrp_ue_link_take(media);
    struct stream_config config = node_stream(media->config.node, is_tls(media), link, &msrp_ue_stream_owner);
    struct note note = {{0}};

    check(link != NULL);
    config.peer_name = cast->hosts[to];
    config.to = cast->addresses[to];
    config.to_port = port;
    struct stream *stream = stream_open(&config, &note);

    if (!stream) {
        msrp_ue_fail(media, NODE_CONNECT_FAILED, note.text);
        return;
    }
    msrp_ue_link_begin(link, stream);
    media->session = link;
    node_tell(media->config.node, MARK_SYN, stream_opened_ns(stream));
}

/* ---- Preparing ---- */

static void write_path(struct msrp_ue *media)
{
    struct sink sink = SINK(media->path);

    for (uint32_t i = media->relay_count; i > 0; i--) {
        sink_text(&sink, media->relay_sessions[i - 1]);
        sink_char(&sink, ' ');
    }
    sink_text(&sink, media->own_uri);
    check(!sink.overflow);
    sink_string(&sink);
}

static void msrp_ue_prepared(struct msrp_ue *media)
{
    media->is_preparing = false;
    write_path(media);
    media->config.owner->prepared(media->config.context);
}

static void write_auth(struct msrp_ue *media)
{
    char text[4096];
    struct sink sink = SINK(text);

    msrp_auth_request(media->auth, &sink);
    check(!sink.overflow);
    msrp_leg_write_text(media->session->leg, sink_written(&sink));
}

/* AUTH with the next of the user's relays, through those before it. */
static void next_auth(struct msrp_ue *media)
{
    const struct cast *cast = media->config.node->cast;

    if (media->relay_index == media->relay_count) {
        msrp_ue_prepared(media);
        return;
    }
    enum cast_role relay = media->relays[media->relay_index];
    struct sink sink = {.data = arena_alloc(media->arena, MSRP_UE_PATH_SIZE), .capacity = MSRP_UE_PATH_SIZE};

    for (uint32_t i = 0; i < media->relay_index; i++) {
        sink_text(&sink, media->relay_sessions[i]);
        sink_char(&sink, ' ');
    }
    sink_format(&sink, "%s://%s:%u;tcp", is_tls(media) ? "msrps" : "msrp", cast->hosts[relay], cast->relay_port);
    check(!sink.overflow);
    struct msrp_auth_config config = {.to_path = sink_string(&sink),
                                      .from_path = media->own_uri,
                                      .user = "user",
                                      .realm_password = "secret",
                                      .identity =
                                          cast_identity(cast, relay) ^ cast_identity(cast, media->config.node->role),
                                      .md5 = digest_md5};

    media->auth = msrp_auth_create(media->arena, &config);
    write_auth(media);
}

static void authorised(struct msrp_ue *media, const struct msrp_head *response)
{
    switch (msrp_auth_answered(media->auth, response)) {
    case MSRP_AUTH_AGAIN:
        write_auth(media);
        return;
    case MSRP_AUTH_REFUSED:
        msrp_ue_fail(media, NODE_CONNECT_FAILED, "the relay refuses AUTH");
        return;
    case MSRP_AUTH_DONE:
        break;
    }
    struct sink session = SINK(media->relay_sessions[media->relay_index]);
    struct span path = span_of(msrp_auth_use_path(media->auth)), uri = {0};

    if (!msrp_path_next(&path, &uri) || uri.size >= session.capacity) {
        msrp_ue_fail(media, NODE_CONNECT_FAILED, "the relay's Use-Path cannot be used");
        return;
    }
    sink_span(&session, uri);
    sink_string(&session);
    media->auth = NULL;
    media->relay_index++;
    next_auth(media);
}

void msrp_ue_prepare(struct msrp_ue *media)
{
    if (media->relay_count == 0) {
        msrp_ue_prepared(media);
        return;
    }
    media->is_preparing = true;
    msrp_ue_open(media, media->relays[0], media->config.node->cast->relay_port);
}

/* ---- Sending ---- */

static void check_sender(struct msrp_ue *media)
{
    char text[64];
    struct sink sink = SINK(text);

    switch (msrp_sender_state(media->sender)) {
    case MSRP_SENT:
        if (!media->was_sent)
            media->config.owner->sent(media->config.context);
        media->was_sent = true;
        break;
    case MSRP_FAILED:
        sink_format(&sink, "MSRP %d", msrp_sender_status(media->sender));
        msrp_ue_fail(media, NODE_TRANSFER_FAILED, sink_string(&sink));
        break;
    case MSRP_SENDING:
    case MSRP_WAITING:
        break;
    }
}

void msrp_ue_pump(struct msrp_ue *media)
{
    if (!media->sender || !media->session)
        return;
    struct stream *stream = media->session->stream;
    uint64_t left;

    /* What the kernel takes at once makes room again. */
    do {
        msrp_sender_pump(media->sender, loop_now_ns());
        left = stream_room(stream);
        stream_push(stream);
    } while (msrp_sender_state(media->sender) == MSRP_SENDING && stream_room(stream) > left);
    media->timer.at_ns = msrp_sender_wake_ns(media->sender);
    check_sender(media);
}

static void sender_wake(void *context)
{
    struct msrp_ue *media = context;

    msrp_sender_wake(media->sender, loop_now_ns());
    msrp_ue_pump(media);
}

static void try_send(struct msrp_ue *media)
{
    const struct cast *cast = media->config.node->cast;

    if (!media->has_body || media->sender || !media->session || !stream_is_ready(media->session->stream))
        return;
    struct msrp_send_config config = {.to_path = media->send_path,
                                      .from_path = media->own_uri,
                                      .content_type = media->content_type,
                                      .body = media->body,
                                      .chunk_bytes = cast->chunk_bytes,
                                      .window = cast->window,
                                      .identity = cast_identity(cast, media->config.node->role),
                                      .timeout_ns = 30 * SECOND,
                                      .writer = msrp_leg_writer(media->session->leg)};

    media->sender = msrp_sender_create(media->arena, &config);
    node_now(media->config.node, MARK_FIRST_BYTE);
    msrp_ue_pump(media);
}

void msrp_ue_send(struct msrp_ue *media, struct slice body, const char *content_type)
{
    media->body = body;
    media->content_type = content_type;
    media->has_body = true;
    try_send(media);
}

void msrp_ue_connect(struct msrp_ue *media, struct span peer_path)
{
    struct sink sink = SINK(media->send_path);
    struct span rest = peer_path, first = {0};
    struct msrp_uri uri;

    for (uint32_t i = 0; i < media->relay_count; i++) {
        sink_text(&sink, media->relay_sessions[i]);
        sink_char(&sink, ' ');
    }
    sink_span(&sink, peer_path);
    if (sink.overflow || !msrp_path_next(&rest, &first) || msrp_parse_uri(first, &uri) != ERR_OK) {
        msrp_ue_fail(media, NODE_CONNECT_FAILED, "the peer's path cannot be used");
        return;
    }
    sink_string(&sink);
    if (media->relay_count > 0)
        return;
    enum cast_role to = cast_of_uri(media->config.node->cast, first);

    /* No way back to plain text: a leg that is to be under TLS goes to an msrps URI or nowhere. */
    if (to == CAST_COUNT || uri.is_secure != is_tls(media)) {
        msrp_ue_fail(media, NODE_CONNECT_FAILED, "the peer's path leads nowhere that the session may go");
        return;
    }
    msrp_ue_open(media, to, uri.port);
}

void msrp_ue_close(struct msrp_ue *media)
{
    media->is_closed = true;
    media->timer.at_ns = INT64_MAX;
    if (media->session)
        stream_finish(media->session->stream);
}

/* ---- What comes in for the sender ---- */

void msrp_ue_response(struct msrp_ue_link *link, const struct msrp_head *head)
{
    struct msrp_ue *media = link->media;

    if (link != media->session)
        return;
    if (media->auth) {
        authorised(media, head);
    } else if (media->sender) {
        msrp_sender_answered(media->sender, loop_now_ns(), head);
        msrp_ue_pump(media);
    }
}

void msrp_ue_report(struct msrp_ue_link *link, const struct msrp_head *head)
{
    struct msrp_ue *media = link->media;

    if (link != media->session || !media->sender)
        return;
    msrp_sender_reported(media->sender, head);
    msrp_ue_pump(media);
}

void msrp_ue_expect(struct msrp_ue *media, struct span fingerprint)
{
    struct sink sink = SINK(media->fingerprint);

    sink_span(&sink, fingerprint);
    sink_string(&sink);
}

/* Whether the peer is the one whose certificate the session description named. */
static bool is_expected(const struct msrp_ue *media, const struct msrp_ue_link *link)
{
    char text[MSRP_UE_URI_SIZE];
    struct sink shown = SINK(text);

    if (!media->config.node->cast->way.has_fingerprints)
        return true;
    stream_peer_fingerprint(link->stream, &shown);
    return shown.size > 0 && !shown.overflow && span_equal_nocase(sink_written(&shown), span_of(media->fingerprint));
}

void msrp_ue_stream_ready(struct msrp_ue_link *link)
{
    struct msrp_ue *media = link->media;

    if (!is_expected(media, link)) {
        stream_close(link->stream);
        if (link == media->session)
            msrp_ue_fail(media, NODE_CONNECT_FAILED, "the peer's certificate is not that of its session description");
        link->stream = NULL;
        return;
    }
    if (stream_is_server(link->stream))
        node_now(media->config.node, MARK_CONNECTED);
    else if (media->is_preparing)
        next_auth(media);
    else
        try_send(media);
}

void msrp_ue_lost(struct msrp_ue_link *link, enum stream_end how)
{
    struct msrp_ue *media = link->media;
    bool was_used = media->sender || (link->receiver && link == media->session);

    media->resent += stream_retransmissions(link->stream);
    link->stream = NULL;
    if (link != media->session)
        return;
    media->session = NULL;
    media->timer.at_ns = INT64_MAX;
    /* A FIN behind all that was wanted is how a session ends. */
    if (how == STREAM_FINISHED && media->was_sent)
        return;
    msrp_ue_fail(media, was_used ? NODE_TRANSFER_FAILED : NODE_CONNECT_FAILED, stream_end_names[how]);
}

/* ---- Making ---- */

/* The first half of the relays is UE-A's, the rest UE-B's; of an odd number UE-A has one more. */
static void take_relays(struct msrp_ue *media)
{
    const struct cast *cast = media->config.node->cast;
    uint32_t count = cast->way.between == CAST_RELAYS ? cast->relay_count : 0, of_a = (count + 1) / 2;

    if (media->config.node->role == CAST_UE_A)
        for (uint32_t i = 0; i < of_a; i++)
            media->relays[media->relay_count++] = (enum cast_role)(CAST_RELAY_1 + i);
    else
        for (uint32_t i = count; i > of_a; i--)
            media->relays[media->relay_count++] = (enum cast_role)(CAST_RELAY_1 + i - 1);
}

struct msrp_ue *msrp_ue_create(struct arena *arena, const struct msrp_ue_config *config, struct note *note)
{
    struct msrp_ue *media = arena_alloc(arena, sizeof(*media));
    struct node *node = config->node;
    struct sink uri = SINK(media->own_uri);

    media->config = *config;
    media->arena = arena;
    media->size_max = UINT64_MAX - 1;
    sink_format(&uri, "%s://%s:%u/", node->cast->way.is_tls ? "msrps" : "msrp", node->cast->hosts[node->role],
                CAST_MSRP_PORT);
    sink_hex(&uri, cast_identity(node->cast, node->role) & UINT64_C(0xffffffffffff), 12);
    sink_text(&uri, ";tcp");
    sink_string(&uri);
    media->timer = (struct loop_timer){.context = media, .ring = sender_wake};
    check(loop_add_timer(&node->loop, &media->timer));
    take_relays(media);
    if (config->is_listening && msrp_ue_listen(media, note) != ERR_OK)
        return NULL;
    return media;
}
