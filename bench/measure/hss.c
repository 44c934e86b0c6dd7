/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/hss.h"
#include "bench/measure/sip_peer.h"
#include "sim/base/check.h"
#include "sim/wire/diameter.h"

enum { HSS_MEMORY = 1 << 20, NAME_SIZE = 256 };

static void diameter_send(struct stream *stream, const struct diameter_message *message)
{
    char bytes[DIAMETER_SIZE_MAX];
    struct sink sink = SINK(bytes);

    diameter_write(message, &sink);
    if (sink.overflow)
        return;
    stream_write(stream, sink.data, sink.size);
    stream_push(stream);
}

/* One message off the front; its spans point into bytes. False: none is whole, or what came is not Diameter. */
static bool diameter_take(struct stream *stream, char bytes[DIAMETER_SIZE_MAX], struct diameter_message *message)
{
    struct rope *in = stream_in(stream);
    size_t size = rope_length(in) < DIAMETER_SIZE_MAX ? (size_t)rope_length(in) : DIAMETER_SIZE_MAX, used;

    if (stream_is_dead(stream) || size == 0)
        return false;
    rope_read(in, in->begin, bytes, size);
    enum err error = diameter_parse((struct span){bytes, size}, message, &used);

    if (error == ERR_OK) {
        stream_release(stream, in->begin + used);
        return true;
    }
    if (error != ERR_MORE || size == DIAMETER_SIZE_MAX)
        stream_close(stream);
    return false;
}

static void nothing(void *context, struct stream *stream)
{
    (void)context;
    (void)stream;
}

/* ---- HSS ---- */

struct hss {
    struct node *node;
    const char *s_cscf; /* who serves bob */
};

static void server_answer(struct hss *hss, struct stream *stream, const struct diameter_message *request)
{
    const struct cast *cast = hss->node->cast;
    bool is_location = request->command == DIAMETER_LOCATION_INFO;
    bool is_known = span_equal_nocase(request->public_identity, SPAN("sip:bob@open-ims.test"));
    struct diameter_message answer = {.command = request->command,
                                      .hop_by_hop = request->hop_by_hop,
                                      .end_to_end = request->end_to_end,
                                      .session_id = request->session_id,
                                      .origin_host = span_of(cast->hosts[CAST_HSS_B]),
                                      .origin_realm = span_of(cast_domain),
                                      .host_address = ntohl(cast->addresses[CAST_HSS_B].s_addr),
                                      .result =
                                          !is_location || is_known ? DIAMETER_SUCCESS : DIAMETER_ERROR_USER_UNKNOWN,
                                      .server_name = is_location && is_known ? span_of(hss->s_cscf) : (struct span){0}};

    diameter_send(stream, &answer);
}

static void server_received(void *context, struct stream *stream)
{
    char bytes[DIAMETER_SIZE_MAX];
    struct diameter_message message;

    while (diameter_take(stream, bytes, &message))
        if (message.is_request)
            server_answer(context, stream, &message);
}

static void server_ended(void *context, struct stream *stream, enum stream_end how)
{
    (void)context;
    (void)stream;
    (void)how;
}

static const struct stream_owner server_owner = {
    .ready = nothing, .received = server_received, .writable = nothing, .ended = server_ended};

static void *server_accepted(void *context, struct stream *stream)
{
    (void)stream;
    return context;
}

enum err hss_start(struct node *node, struct note *note)
{
    struct arena *arena = arena_create(HSS_MEMORY);

    if (!arena)
        return note_set(note, ERR_FULL, "no memory for the HSS");
    struct hss *hss = arena_alloc(arena, sizeof(*hss));
    struct stream_config config = node_stream(node, false, hss, &server_owner);

    *hss = (struct hss){node, sip_peer_uri(node->cast, arena, "term", CAST_S_B, "")};
    config.idle_ns = 0;
    return stream_listen(&config, node->cast->addresses[node->role], CAST_DIAMETER_PORT, server_accepted, note)
               ? ERR_OK
               : ERR_FILE;
}

/* ---- I-CSCF ---- */

struct hss_client {
    struct node *node;
    struct stream *stream;
    void *context;
    void (*located)(void *context, uint32_t token, const char *s_cscf);
    void (*ready)(void *context);
};

/* Requests carry the token, two more than it is: 1 is the introduction's. */
static void client_received(void *context, struct stream *stream)
{
    struct hss_client *client = context;
    char bytes[DIAMETER_SIZE_MAX], name_text[NAME_SIZE];
    struct diameter_message message;

    while (diameter_take(stream, bytes, &message)) {
        struct sink name = SINK(name_text);

        if (message.is_request)
            continue;
        if (message.command != DIAMETER_LOCATION_INFO) {
            client->ready(client->context);
            continue;
        }
        sink_span(&name, message.server_name);
        client->located(client->context, message.hop_by_hop - 2,
                        message.server_name.size > 0 && !name.overflow ? sink_string(&name) : NULL);
    }
}

static void client_ended(void *context, struct stream *stream, enum stream_end how)
{
    struct hss_client *client = context;

    (void)stream;
    client->stream = NULL;
    node_fail(client->node, NODE_FAULT, "the HSS: %s", stream_end_names[how]);
}

static const struct stream_owner client_owner = {
    .ready = nothing, .received = client_received, .writable = nothing, .ended = client_ended};

struct hss_client *hss_client_create(struct node *node, struct arena *arena, void *context,
                                     void (*located)(void *context, uint32_t token, const char *s_cscf))
{
    struct hss_client *client = arena_alloc(arena, sizeof(*client));

    *client = (struct hss_client){.node = node, .context = context, .located = located};
    return client;
}

void hss_client_connect(struct hss_client *client, void (*ready)(void *context))
{
    const struct cast *cast = client->node->cast;
    struct stream_config config = node_stream(client->node, false, client, &client_owner);
    struct diameter_message hello = {.is_request = true,
                                     .command = DIAMETER_CAPABILITIES_EXCHANGE,
                                     .hop_by_hop = 1,
                                     .end_to_end = 1,
                                     .origin_host = span_of(cast->hosts[CAST_I_B]),
                                     .origin_realm = span_of(cast_domain),
                                     .host_address = ntohl(cast->addresses[CAST_I_B].s_addr)};
    struct note note = {{0}};

    config.to = cast->addresses[CAST_HSS_B];
    config.to_port = CAST_DIAMETER_PORT;
    config.idle_ns = 0;
    client->ready = ready;
    client->stream = stream_open(&config, &note);
    if (client->stream)
        diameter_send(client->stream, &hello);
    else
        node_fail(client->node, NODE_FAULT, "%s", note.text);
}

void hss_client_ask(struct hss_client *client, struct span user, uint32_t token)
{
    const struct cast *cast = client->node->cast;
    char text[NAME_SIZE];
    struct sink session = SINK(text);
    struct diameter_message request = {.is_request = true,
                                       .command = DIAMETER_LOCATION_INFO,
                                       .hop_by_hop = token + 2,
                                       .end_to_end = token + 2,
                                       .origin_host = span_of(cast->hosts[CAST_I_B]),
                                       .origin_realm = span_of(cast_domain),
                                       .destination_realm = span_of(cast_domain),
                                       .public_identity = user};

    if (!client->stream)
        return;
    sink_format(&session, "%s;%llu;%u", cast->hosts[CAST_I_B], (unsigned long long)(cast->number & UINT32_MAX), token);
    request.session_id = sink_written(&session);
    diameter_send(client->stream, &request);
}
