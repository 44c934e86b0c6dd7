/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/detour.h"
#include "sim/ims/intercept.h"

enum { HEAD_ROOM = 512, /* what a head can grow by */ AUTHORITY_SIZE = 64 };

/* What comes in from one end and goes out to the other. */
struct detour_side {
    struct world *world;
    struct detour_side *across;
    struct channel *channel;
    enum role peer; /* the UE at the other end of the channel */
    struct intercept *way;
};

static const struct channel_owner detour_owner;

/* ---- Heads ---- */

/* "//192.168.80.1:7394/", as the role's URIs have it. */
static struct span authority(const struct world *world, enum role role, struct sink *sink)
{
    const struct site *site = &world->sites[role];

    sink_format(sink, "//%s:%u/", site->host_name, site->msrp_port);
    check(!sink->overflow);
    return sink_written(sink);
}

/* The line that begins with a mark, with one authority in the place of another; then what is behind it stays. */
static void write_line(struct span *rest, const char *mark, struct span old, struct span other, struct sink *out)
{
    size_t at = span_find(*rest, span_of(mark));

    if (at == rest->size)
        return;
    at += strlen(mark);
    struct span line = span_after(*rest, at);

    line.size = span_find(line, SPAN("\r\n"));
    size_t found = span_find(line, old);

    if (found == line.size)
        return;
    sink_span(out, (struct span){rest->data, at + found});
    sink_span(out, other);
    *rest = span_after(*rest, at + found + old.size);
}

/* A message on its way to the other end: it was sent to this host, and comes from it. RFC 4975 section 7.1 has To-Path
 * before From-Path. */
static void detour_put(void *context, struct span bytes)
{
    struct detour_side *from = context;
    struct world *world = from->world;
    char texts[3][AUTHORITY_SIZE];
    struct sink sinks[3] = {SINK(texts[0]), SINK(texts[1]), SINK(texts[2])};
    struct span own = authority(world, ROLE_MALLORY, &sinks[0]), near = authority(world, from->peer, &sinks[1]),
                far = authority(world, from->across->peer, &sinks[2]);
    char *text = arena_alloc(world->arena, bytes.size + HEAD_ROOM);
    struct sink out = {.data = text, .capacity = bytes.size + HEAD_ROOM};

    if (span_starts(bytes, SPAN("MSRP "))) {
        write_line(&bytes, "\r\nTo-Path: ", own, far, &out);
        write_line(&bytes, "\r\nFrom-Path: ", near, own, &out);
    }
    sink_span(&out, bytes);
    check(!out.overflow);
    channel_write_bytes(from->across->channel, text, out.size, false);
}

/* ---- What the connections tell ---- */

static void detour_received(void *context, struct channel *channel, const struct cause *cause)
{
    struct detour_side *side = context;
    struct rope *rope = channel_in(channel);
    uint64_t at = rope->begin;

    while (at < rope->end) {
        struct slice slice = rope_slice(rope, at);

        intercept_slice(side->way, slice);
        at += slice.length;
    }
    channel_push(side->across->channel, cause);
    channel_release(channel, at, cause);
}

static void detour_ended(void *context, struct channel *channel, enum tcp_end how, const struct cause *cause)
{
    struct detour_side *side = context;

    (void)channel;
    if (how == TCP_END_FIN)
        channel_finish(side->across->channel, cause);
    else
        channel_reset(side->across->channel, cause);
}

static const struct channel_owner detour_owner = {.received = detour_received, .ended = detour_ended};

/* ---- Making ---- */

static void side_init(struct detour_side *side, struct detour_side *across, struct channel *channel, enum role peer)
{
    enum role other = peer == ROLE_UE_A ? ROLE_UE_B : ROLE_UE_A;

    side->across = across;
    side->channel = channel;
    side->peer = peer;
    side->way = intercept_create(side->world, peer, other, false, side, detour_put);
}

/* Whoever comes is one of the two UEs, and the descriptions have said where the other is. */
static void *detour_accept(void *context, struct channel *channel)
{
    struct world *world = context;
    struct detour_side *sides = arena_alloc(world->arena, 2 * sizeof(*sides));
    enum role far = channel_peer(channel) == ROLE_UE_A ? ROLE_UE_B : ROLE_UE_A;
    struct cause cause = channel_opening(channel);
    bool is_tls = arm_has_tls_at_ues(world->arm);
    struct channel_config config = {.role = ROLE_MALLORY,
                                    .peer = far,
                                    .port = world->sites[far].msrp_port,
                                    .is_tls = is_tls,
                                    .by_fingerprint = is_tls,
                                    .spliced = channel,
                                    .context = &sides[1],
                                    .owner = &detour_owner};

    sides[0].world = sides[1].world = world;
    side_init(&sides[0], &sides[1], channel, channel_peer(channel));
    side_init(&sides[1], &sides[0], channel_open(world, &config, &cause), far);
    return &sides[0];
}

void detour_create(struct world *world)
{
    const struct site *site = &world->sites[ROLE_MALLORY];

    check(strcmp(site->host_name, SIM_TAMPER_HOST) == 0 && site->msrp_port == SIM_TAMPER_PORT);
    channel_listen(world, ROLE_MALLORY, site->msrp_port, arm_has_tls_at_ues(world->arm), world, detour_accept,
                   &detour_owner);
}
