/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/detour.h"
#include "sim/ims/intercept.h"

enum { HEAD_ROOM = 512, /* what a head can grow by */ AUTHORITY_SIZE = 64 };

/* What comes in from one end and goes out to the other. */
struct detour_side {
    struct world *world;
    struct detour_side *across;
    struct channel *channel;
    enum role peer; /* at the other end of the channel */
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

/* A message on its way to the other end: it was sent to this host, and comes from it, unless it was led here by c= and
 * m= (RFC 6714). RFC 4975 section 7.1 has To-Path before From-Path. */
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

    if (span_starts(bytes, SPAN("MSRP ")) && world->arm->path != PATH_AGWS) {
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

    if (!side->across)
        return;
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
    if (!side->across)
        return;
    if (how == TCP_END_FIN)
        channel_finish(side->across->channel, cause);
    else
        channel_reset(side->across->channel, cause);
}

static const struct channel_owner detour_owner = {.received = detour_received, .ended = detour_ended};

/* ---- Making ---- */

/* Where the descriptions would have led who comes. ROLE_COUNT: nowhere that is known. */
static enum role find_far(const struct world *world, enum role from, uint16_t *port)
{
    const struct sim_tamper *tamper = world->trial->tamper;
    struct sim_address to = {NULL, 0};

    if (!tamper->onward || !tamper->onward(tamper->context, world->sites[from].host_name, &to))
        return ROLE_COUNT;
    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct site *site = &world->sites[role];

        *port = to.port;
        if (site->label && strcmp(site->host_name, to.host) == 0 &&
            (site->msrp_port == to.port || site->core_port == to.port))
            return (enum role)role;
    }
    return ROLE_COUNT;
}

static void side_init(struct detour_side *side, struct detour_side *across, struct channel *channel, enum role peer,
                      enum role far)
{
    side->across = across;
    side->channel = channel;
    side->peer = peer;
    side->way = intercept_create(side->world, peer, far, false, side, detour_put);
}

/* Who comes connects with TLS where that ends here, and so is it towards the other end. TLS that gateways pass on is
 * passed on here too. */
static struct channel *detour_open(struct detour_side *side, struct channel *incoming, enum role far, uint16_t port)
{
    struct world *world = side->world;
    struct cause cause = channel_opening(incoming);
    bool is_tls = channel_has_tls(incoming);
    struct channel_config config = {.role = ROLE_MALLORY,
                                    .peer = far,
                                    .port = port,
                                    .is_tls = is_tls,
                                    .by_fingerprint = is_tls,
                                    .spliced = incoming,
                                    .context = side,
                                    .owner = &detour_owner};

    return channel_open(world, &config, &cause);
}

/* Nothing is coupled with a connection from somebody who is not expected: it is not answered. */
static void *detour_accept(void *context, struct channel *channel)
{
    struct world *world = context;
    struct detour_side *sides = arena_alloc(world->arena, 2 * sizeof(*sides));
    uint16_t port = 0;
    enum role from = channel_peer(channel), far = find_far(world, from, &port);

    sides[0].world = sides[1].world = world;
    if (far == ROLE_COUNT)
        return &sides[0];
    side_init(&sides[0], &sides[1], channel, from, far);
    side_init(&sides[1], &sides[0], detour_open(&sides[1], channel, far, port), far, from);
    return &sides[0];
}

void detour_create(struct world *world)
{
    const struct site *site = &world->sites[ROLE_MALLORY];

    check(strcmp(site->host_name, SIM_TAMPER_HOST) == 0 && site->msrp_port == SIM_TAMPER_PORT);
    channel_listen_either(world, ROLE_MALLORY, site->msrp_port, world, detour_accept, &detour_owner);
}
