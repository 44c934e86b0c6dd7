/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A connection that comes in on one side opens the one on the other side at once, before its own handshake is over
 * (state-aware TCP handling, 3GPP TS 23.334 section 5.16.2). */
#include "sim/ims/agw.h"
#include "sim/ims/fingerprint.h"
#include "sim/wire/sdp.h"

enum agw_side_name { AGW_UE, AGW_CORE, AGW_SIDES };

struct agw_side {
    struct agw *agw;
    struct agw_side *across;
    uint16_t port; /* own */
    bool is_tls;
    enum role peer; /* as the SDP from this side says; ROLE_COUNT: not known yet */
    uint16_t peer_port;
    char fingerprint[FINGERPRINT_TEXT + 1];
    struct channel *channel;
    bool is_known;     /* it stands, and its other end is the one that the SDP spoke of */
    bool has_finished; /* the peer sends no more */
};

struct agw {
    struct world *world;
    enum role role;
    struct agw_side sides[AGW_SIDES];
};

static const struct channel_owner agw_owner;
static void agw_meet(struct agw_side *side, const struct cause *cause);

/* ---- SDP ---- */

/* Who listens at a host and port that SDP names. */
static enum role peer_at(const struct world *world, struct span host, uint16_t port)
{
    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct site *site = &world->sites[role];

        if (site->label && span_equal_nocase(host, span_of(site->host_name)) &&
            (site->msrp_port == port || site->core_port == port))
            return (enum role)role;
    }
    return ROLE_COUNT;
}

bool agw_rewrite(struct agw *agw, bool is_from_ue, struct span text, struct sink *out, const struct cause *cause)
{
    struct world *world = agw->world;
    struct agw_side *from = &agw->sides[is_from_ue ? AGW_UE : AGW_CORE];
    char own_text[FINGERPRINT_TEXT + 1];
    struct sink own = SINK(own_text), kept = SINK(from->fingerprint);
    struct sdp_msrp sdp;

    if (sdp_read(text, &sdp) != ERR_OK)
        return false;
    from->peer = peer_at(world, sdp.host, sdp.port);
    from->peer_port = sdp.port;
    sink_span(&kept, sdp.fingerprint);
    sink_string(&kept);
    if (from->channel && channel_is_ready(from->channel))
        agw_meet(from, cause);
    struct sdp_leg leg = {
        .host = span_of(world->sites[agw->role].host_name), .port = from->across->port, .is_tls = sdp.is_tls};

    if (world->arm->hop == HOP_TLS_ACCESS) {
        leg.is_tls = from->across->is_tls;
        if (leg.is_tls)
            fingerprint_of_role(world, agw->role, &own);
        leg.fingerprint = sink_written(&own);
    }
    return sdp_replace_leg(text, &leg, out);
}

/* ---- Passing on ---- */

/* As much as there is room for; then the end, where it has come. */
static void agw_pump(struct agw_side *from, const struct cause *cause)
{
    struct channel *in = from->channel, *out = from->across->channel;

    if (!in || !out || !from->is_known || channel_is_dead(in) || channel_is_dead(out))
        return;
    struct rope *rope = channel_in(in);
    uint64_t at = rope->begin, room = 0;

    while (at < rope->end && (room = channel_room(out)) > 0) {
        struct slice slice = rope_slice(rope, at);

        if (slice.length > room)
            slice.length = room;
        slice.length = channel_pass_on(in, out, at, slice.length);
        channel_write(out, slice, cause->is_feedback);
        at += slice.length;
    }
    if (at > rope->begin) {
        channel_push(out, cause);
        channel_release(in, at, cause);
    }
    if (from->has_finished && rope_length(channel_in(in)) == 0)
        channel_finish(out, cause);
}

/* ---- What the connections tell ---- */

static void agw_open(struct agw_side *side, struct channel *incoming)
{
    struct agw *agw = side->agw;
    struct cause cause = channel_opening(incoming);
    struct channel_config config = {.role = agw->role,
                                    .peer = side->peer,
                                    .port = side->peer_port,
                                    .is_tls = side->is_tls,
                                    .by_fingerprint = side->is_tls,
                                    .spliced = incoming,
                                    .context = side,
                                    .owner = &agw_owner};

    side->channel = channel_open(agw->world, &config, &cause);
    world_leg_opened(agw->world);
}

/* Nothing is coupled with a connection that comes before the SDP has said where to: it is reset when it stands. */
static void *agw_accept(void *context, struct channel *channel)
{
    struct agw_side *side = context;

    side->channel = channel;
    if (side->across->peer != ROLE_COUNT)
        agw_open(side->across, channel);
    return side;
}

/* Looks whose certificate it was, where there is TLS: the active end may be faster than the SDP that speaks of it, and
 * nothing is passed on before that is there (RFC 8122 section 6.2). */
static void agw_meet(struct agw_side *side, const struct cause *cause)
{
    char text[FINGERPRINT_TEXT + 1];
    struct sink shown = SINK(text);

    if (side->is_tls && side->fingerprint[0] == 0)
        return;
    if (side->is_tls)
        channel_write_fingerprint(side->channel, &shown);
    side->is_known = !side->is_tls || fingerprint_is_same(sink_written(&shown), span_of(side->fingerprint));
    if (side->is_known && side->across->channel) {
        agw_pump(side, cause);
        return;
    }
    channel_reset(side->channel, cause);
    if (side->across->channel)
        channel_reset(side->across->channel, cause);
}

static void agw_ready(void *context, struct channel *channel, const struct cause *cause)
{
    struct agw_side *side = context;

    side->channel = channel;
    if (channel_is_passive(channel))
        world_leg_ready(side->agw->world);
    agw_meet(side, cause);
}

static void agw_received(void *context, struct channel *channel, const struct cause *cause)
{
    (void)channel;
    agw_pump(context, cause);
}

static void agw_writable(void *context, struct channel *channel, const struct cause *cause)
{
    struct agw_side *side = context;
    struct cause forward = cause_forward(cause);

    (void)channel;
    agw_pump(side->across, &forward);
}

static void agw_ended(void *context, struct channel *channel, enum tcp_end how, const struct cause *cause)
{
    struct agw_side *side = context;

    (void)channel;
    if (how != TCP_END_FIN) {
        if (side->across->channel)
            channel_reset(side->across->channel, cause);
        return;
    }
    side->has_finished = true;
    agw_pump(side, cause);
}

static const struct channel_owner agw_owner = {
    .ready = agw_ready, .received = agw_received, .writable = agw_writable, .ended = agw_ended};

bool agw_leads_to(const struct agw *agw, enum role role)
{
    return agw->sides[AGW_UE].peer == role || agw->sides[AGW_CORE].peer == role;
}

/* ---- Making ---- */

struct agw *agw_create(struct world *world, enum role role)
{
    struct agw *agw = arena_alloc(world->arena, sizeof(*agw));
    const struct site *site = &world->sites[role];

    agw->world = world;
    agw->role = role;
    for (int i = 0; i < AGW_SIDES; i++) {
        struct agw_side *side = &agw->sides[i];

        side->agw = agw;
        side->across = &agw->sides[1 - i];
        side->port = i == AGW_UE ? site->msrp_port : site->core_port;
        side->is_tls = i == AGW_UE && world->arm->hop == HOP_TLS_ACCESS;
        side->peer = ROLE_COUNT;
        channel_listen(world, role, side->port, side->is_tls, side, agw_accept, &agw_owner);
    }
    world->agws[role] = agw;
    return agw;
}
