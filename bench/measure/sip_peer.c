/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "bench/measure/sip_peer.h"
#include "sim/base/check.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    DATAGRAM_MAX = 65536,
    BODY_MAX = 1 << 17, /* of a message by TLS: a longer one is refused by hanging up */
    TOLD_MAX = 16
};

/* A connection to one neighbour. */
struct sip_link {
    struct sip_peer *peer;
    struct stream *stream; /* NULL: none */
    enum cast_role role;   /* the neighbour's */
};

/* What goes to a neighbour takes the connection that we opened or, where our own programs play, that of the neighbour,
 * which is then the only one. Another program's core may have opened a second one. */
enum { LINK_COUNT = 2 * CAST_COUNT };

struct sip_peer {
    struct node *node;
    struct sip_peer_config config;
    struct sip_outbox outbox;
    struct loop_watch datagrams; /* fd -1 under TLS */
    struct loop_timer timer;
    struct sip_link links[LINK_COUNT]; /* by role; in the second half those that a foreign core opened */
    int64_t arrived_ns;
    char bytes[DATAGRAM_MAX];
    char body[BODY_MAX];
};

static const struct stream_owner link_owner;

struct sip_outbox *sip_peer_outbox(struct sip_peer *peer)
{
    return &peer->outbox;
}

int64_t sip_peer_arrived_ns(const struct sip_peer *peer)
{
    return peer->arrived_ns;
}

uint64_t sip_peer_resent(const struct sip_peer *peer)
{
    uint64_t sum =
        peer->config.ua ? sip_ua_retransmissions(peer->config.ua) : sip_proxy_retransmissions(peer->config.proxy);

    for (int i = 0; i < LINK_COUNT; i++)
        if (peer->links[i].stream)
            sum += stream_retransmissions(peer->links[i].stream);
    return sum;
}

/* ---- Addresses ---- */

enum sip_transport sip_peer_transport(const struct cast *cast)
{
    if (cast->core)
        return (enum sip_transport)cast->core->users[0].transport;
    return cast->way.is_message && cast->way.is_tls ? SIP_TLS : SIP_UDP;
}

uint16_t sip_peer_port(const struct cast *cast)
{
    return sip_peer_transport(cast) == SIP_TLS ? CAST_SIPS_PORT : CAST_SIP_PORT;
}

/* A P-CSCF of another program's core may listen anywhere. */
static uint16_t port_of(const struct cast *cast, enum cast_role role)
{
    if (!cast_is_foreign(cast, role))
        return sip_peer_port(cast);
    return cast->core->users[role == CAST_P_A ? 0 : 1].p_cscf_port;
}

struct sip_hop sip_peer_hop(const struct cast *cast, enum cast_role role)
{
    return (struct sip_hop){ntohl(cast->addresses[role].s_addr), port_of(cast, role),
                            (uint8_t)sip_peer_transport(cast)};
}

const struct sip_name *sip_peer_names(const struct cast *cast, struct arena *arena)
{
    struct sip_name *names = arena_alloc(arena, (CAST_COUNT + 1) * sizeof(*names));

    for (int role = 0; role < CAST_COUNT; role++)
        names[role] = (struct sip_name){cast->hosts[role], sip_peer_hop(cast, (enum cast_role)role)};
    return names;
}

const char *sip_peer_uri(const struct cast *cast, struct arena *arena, const char *user, enum cast_role role,
                         const char *parameters)
{
    enum { URI_SIZE = 96 };
    struct sink sink = {.data = arena_alloc(arena, URI_SIZE), .capacity = URI_SIZE};

    sink_format(&sink, "sip:%s@%s:%u%s", user, cast->hosts[role], sip_peer_port(cast), parameters);
    check(!sink.overflow);
    return sink_string(&sink);
}

struct sip_ua *sip_peer_user_agent(const struct cast *cast, struct arena *arena, enum cast_role role)
{
    bool is_a = role == CAST_UE_A;
    enum cast_role p_cscf = is_a ? CAST_P_A : CAST_P_B, s_cscf = is_a ? CAST_S_A : CAST_S_B;
    const char **routes = arena_alloc(arena, 3 * sizeof(*routes));

    routes[0] = sip_peer_uri(cast, arena, "mo", p_cscf, ";lr");
    routes[1] = sip_peer_uri(cast, arena, "orig", s_cscf, ";lr");
    const struct core_user *card = cast_user(cast, role);
    struct sip_ua_config config = {.user = card   ? card->user
                                           : is_a ? "alice"
                                                  : "bob",
                                   .domain = card ? card->domain : cast_domain,
                                   .registration = card ? core_registration(card, arena) : NULL,
                                   .host = cast->hosts[role],
                                   .port = sip_peer_port(cast),
                                   .transport = (uint8_t)sip_peer_transport(cast),
                                   .p_cscf = sip_peer_hop(cast, p_cscf),
                                   .routes = routes,
                                   .identity = cast_identity(cast, role),
                                   .timers = sip_timers_gm,
                                   .user_agent = "hopsim"};

    return sip_ua_create(arena, &config);
}

/* ---- Sending ---- */

static void send_datagram(struct sip_peer *peer, const struct sip_output *item)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(item->hop.address), .sin_port = htons(item->hop.port)};
    struct sink out = {.data = peer->body, .capacity = BODY_MAX};

    sink_span(&out, item->head);
    if (item->body.length > BODY_MAX - out.size)
        return;
    slice_read(item->body, 0, out.data + out.size, (size_t)item->body.length);
    out.size += (size_t)item->body.length;
    /* What the network does not take is lost, as datagrams are; SIP sends it again. */
    if (sendto(peer->datagrams.fd, out.data, out.size, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
        return;
}

void sip_peer_connect(struct sip_peer *peer, enum cast_role to)
{
    struct sip_link *link = &peer->links[to];
    enum sip_transport transport = sip_peer_transport(peer->node->cast);
    struct stream_config config = node_stream(peer->node, transport == SIP_TLS, link, &link_owner);
    struct note note = {{0}};

    if (transport == SIP_UDP || link->stream)
        return;
    config.peer_name = peer->node->cast->hosts[to];
    config.to = peer->node->cast->addresses[to];
    config.to_port = port_of(peer->node->cast, to);
    config.idle_ns = 0;
    link->stream = stream_open(&config, &note);
    if (!link->stream)
        node_fail(peer->node, NODE_FAULT, "%s", note.text);
}

static void send_by_stream(struct sip_peer *peer, const struct sip_output *item)
{
    enum cast_role to = cast_at(peer->node->cast, (struct in_addr){htonl(item->hop.address)});

    if (to == CAST_COUNT)
        return;
    sip_peer_connect(peer, to);
    struct stream *stream = peer->links[to].stream;

    if (!stream)
        return;
    stream_write(stream, item->head.data, item->head.size);
    stream_write_slice(stream, item->body);
    stream_push(stream);
}

static void tell_user(struct sip_peer *peer, const struct sip_output *item)
{
    if (item->action == SIP_LOCATE) {
        if (peer->config.locate)
            peer->config.locate(peer->config.context, item->user, item->token);
    } else if (peer->config.told) {
        peer->config.told(peer->config.context, item);
    }
}

/* What the user then does fills the outbox anew, so items that a user hears of are copied and come last. */
void sip_peer_do(struct sip_peer *peer)
{
    const struct sip_outbox *out = &peer->outbox;
    struct sip_output told[TOLD_MAX];
    size_t told_count = 0;

    peer->timer.at_ns = out->wake_ns;
    for (uint32_t i = 0; i < out->count; i++) {
        const struct sip_output *item = &out->items[i];

        if (item->action != SIP_SEND) {
            check(told_count < TOLD_MAX);
            told[told_count++] = *item;
        } else if (item->hop.transport == SIP_UDP) {
            send_datagram(peer, item);
        } else {
            send_by_stream(peer, item);
        }
    }
    for (size_t i = 0; i < told_count; i++)
        tell_user(peer, &told[i]);
}

static void peer_wake(void *context)
{
    struct sip_peer *peer = context;

    if (peer->config.ua)
        sip_ua_wake(peer->config.ua, loop_now_ns(), &peer->outbox);
    else
        sip_proxy_wake(peer->config.proxy, loop_now_ns(), &peer->outbox);
    sip_peer_do(peer);
}

/* ---- Receiving ---- */

static void peer_take(struct sip_peer *peer, struct sip_hop from, struct span head, struct span body_bytes)
{
    struct source source = source_memory(body_bytes.data);
    struct slice body = {&source, 0, body_bytes.size};

    source.lasts = false;
    peer->arrived_ns = loop_now_ns();
    if (peer->config.arrived)
        peer->config.arrived(peer->config.context, head, body);
    if (peer->config.ua)
        sip_ua_receive(peer->config.ua, peer->arrived_ns, from, head, body, &peer->outbox);
    else
        sip_proxy_receive(peer->config.proxy, peer->arrived_ns, from, head, body, &peer->outbox);
    sip_peer_do(peer);
}

static void datagram_ready(void *context, short events)
{
    struct sip_peer *peer = context;
    struct sockaddr_in from;
    socklen_t from_size = sizeof(from);
    ssize_t size = recvfrom(peer->datagrams.fd, peer->bytes, DATAGRAM_MAX, 0, (struct sockaddr *)&from, &from_size);

    (void)events;
    if (size <= 0)
        return;
    struct span text = {peer->bytes, (size_t)size};
    size_t end = span_find(text, SPAN("\r\n\r\n"));

    if (end == text.size || end + 4 > SIP_HEAD_MAX)
        return;
    struct sip_hop hop = {ntohl(from.sin_addr.s_addr), ntohs(from.sin_port), SIP_UDP};

    peer_take(peer, hop, (struct span){text.data, end + 4}, span_after(text, end + 4));
}

/* One whole message off the front; false: none is there. */
static bool link_take(struct sip_link *link)
{
    struct sip_peer *peer = link->peer;
    struct rope *in = stream_in(link->stream);
    uint64_t length = rope_length(in), body_size;
    size_t size = length < SIP_HEAD_MAX ? (size_t)length : SIP_HEAD_MAX, head_size;

    rope_read(in, in->begin, peer->bytes, size);
    enum err error = sip_frame((struct span){peer->bytes, size}, &head_size, &body_size);

    if (error == ERR_MORE && size < SIP_HEAD_MAX)
        return false;
    if (error != ERR_OK || body_size > BODY_MAX) {
        stream_close(link->stream);
        link->stream = NULL;
        return false;
    }
    if (length - head_size < body_size)
        return false;
    struct sip_hop from = sip_peer_hop(peer->node->cast, link->role);
    char head[SIP_HEAD_MAX], body[BODY_MAX];

    memcpy(head, peer->bytes, head_size);
    rope_read(in, in->begin + head_size, body, (size_t)body_size);
    stream_release(link->stream, in->begin + head_size + body_size);
    peer_take(peer, from, (struct span){head, head_size}, (struct span){body, (size_t)body_size});
    return true;
}

static void link_received(void *context, struct stream *stream)
{
    struct sip_link *link = context;

    while (link->stream == stream && rope_length(stream_in(stream)) > 0 && link_take(link))
        ;
}

static void link_ready(void *context, struct stream *stream)
{
    struct sip_link *link = context;

    (void)stream;
    if (!stream_is_server(stream) && link->peer->config.connected)
        link->peer->config.connected(link->peer->config.context);
}

static void link_writable(void *context, struct stream *stream)
{
    (void)context;
    (void)stream;
}

static void link_ended(void *context, struct stream *stream, enum stream_end how)
{
    struct sip_link *link = context;

    if (link->stream == stream)
        link->stream = NULL;
    if (how == STREAM_ALIEN || how == STREAM_REFUSED)
        node_fail(link->peer->node, NODE_CONNECT_FAILED, "%s: %s", cast_labels[link->role], stream_end_names[how]);
}

static const struct stream_owner link_owner = {
    .ready = link_ready, .received = link_received, .writable = link_writable, .ended = link_ended};

/* Neighbours are told apart by their addresses; strangers are hung up on, and so is a connection too many. */
static void *link_accepted(void *context, struct stream *stream)
{
    struct sip_peer *peer = context;
    enum cast_role role = cast_at(peer->node->cast, stream_peer(stream));

    if (role == CAST_COUNT)
        return NULL;
    struct sip_link *link = &peer->links[cast_is_foreign(peer->node->cast, role) ? CAST_COUNT + role : role];

    if (link->stream)
        return NULL;
    link->stream = stream;
    return link;
}

uint32_t sip_peer_missing(const struct sip_peer *peer)
{
    uint32_t missing = 0;

    for (int i = 0; i < LINK_COUNT; i++)
        if (peer->links[i].stream && !stream_is_server(peer->links[i].stream) &&
            !stream_is_ready(peer->links[i].stream))
            missing++;
    return missing;
}

/* ---- Making ---- */

static enum err listen_for_datagrams(struct sip_peer *peer, struct note *note)
{
    struct sockaddr_in own = {.sin_family = AF_INET,
                              .sin_addr = peer->node->cast->addresses[peer->node->role],
                              .sin_port = htons(CAST_SIP_PORT)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)) != 0) {
        enum err error = note_set(note, ERR_FILE, "%s cannot listen at port %u: %s", cast_labels[peer->node->role],
                                  CAST_SIP_PORT, strerror(errno));

        if (fd >= 0)
            close(fd);
        return error;
    }
    peer->datagrams = (struct loop_watch){.fd = fd, .events = POLLIN, .context = peer, .ready = datagram_ready};
    check(loop_add(&peer->node->loop, &peer->datagrams));
    return ERR_OK;
}

struct sip_peer *sip_peer_create(struct node *node, struct arena *arena, const struct sip_peer_config *config,
                                 struct note *note)
{
    struct sip_peer *peer = arena_alloc(arena, sizeof(*peer));

    check((config->ua != NULL) != (config->proxy != NULL));
    peer->node = node;
    peer->config = *config;
    for (int i = 0; i < LINK_COUNT; i++) {
        peer->links[i].peer = peer;
        peer->links[i].role = (enum cast_role)(i % CAST_COUNT);
    }
    peer->datagrams.fd = -1;
    peer->timer = (struct loop_timer){.context = peer, .ring = peer_wake};
    check(loop_add_timer(&node->loop, &peer->timer));
    if (sip_peer_transport(node->cast) == SIP_UDP)
        return listen_for_datagrams(peer, note) == ERR_OK ? peer : NULL;
    struct stream_config listening = node_stream(node, sip_peer_transport(node->cast) == SIP_TLS, peer, &link_owner);

    listening.idle_ns = 0;
    return stream_listen(&listening, node->cast->addresses[node->role], sip_peer_port(node->cast), link_accepted, note)
               ? peer
               : NULL;
}
