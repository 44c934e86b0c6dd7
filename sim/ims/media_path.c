/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/media_state.h"
#include "sim/ims/relay.h"
#include "sim/proto/msrp_relay.h"
#include "sim/sec/digest.h"

/* ---- Preparing ---- */

static void media_write_path(struct media *media)
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

static void media_prepared(struct media *media, const struct cause *cause)
{
    media->is_preparing = false;
    media_write_path(media);
    media->owner->prepared(media->context, cause);
}

static void media_write_auth(void *context, const struct cause *cause)
{
    struct media *media = context;
    char text[2048];
    struct sink sink = SINK(text);

    msrp_auth_request(media->auth, &sink);
    check(!sink.overflow);
    media->leg->cause = *cause;
    leg_write_text(media->leg, sink_written(&sink), false);
}

/* AUTH with the next of the UE's relays, through those before it. */
void media_next_auth(struct media *media, const struct cause *cause)
{
    struct world *world = media->world;
    char *to_path = arena_alloc(world->arena, MEDIA_PATH_SIZE);
    struct sink sink = {.data = to_path, .capacity = MEDIA_PATH_SIZE};

    if (media->relay_index == media->relay_count) {
        media_prepared(media, cause);
        return;
    }
    for (uint32_t i = 0; i < media->relay_index; i++) {
        sink_text(&sink, media->relay_sessions[i]);
        sink_char(&sink, ' ');
    }
    sink_text(&sink, relay_uri(world->relays[media->relays[media->relay_index]]));
    sink_text(&sink, ";tcp");
    check(!sink.overflow);
    sink_string(&sink);
    struct msrp_auth_config config = {.to_path = to_path,
                                      .from_path = media->own_uri,
                                      .user = "user",
                                      .realm_password = "secret",
                                      .identity = stream_place(to_path) ^ world->trial->number,
                                      .md5 = digest_md5};

    media->auth = msrp_auth_create(world->arena, &config);
    media_write_auth(media, cause);
}

void media_authorised(struct media *media, const struct msrp_head *response)
{
    struct world *world = media->world;
    struct cause cause = cause_forward(&media->leg->cause);

    switch (msrp_auth_answered(media->auth, response)) {
    case MSRP_AUTH_AGAIN:
        site_crypto(world, media->role, COST_DIGEST, 0, &cause, media, media_write_auth);
        return;
    case MSRP_AUTH_REFUSED:
        media->owner->failed(media->context, OUTCOME_CONNECT_FAILED);
        return;
    case MSRP_AUTH_DONE:
        break;
    }
    struct sink session = SINK(media->relay_sessions[media->relay_index]);
    struct span path = span_of(msrp_auth_use_path(media->auth)), uri = {0};

    check(msrp_path_next(&path, &uri));
    sink_span(&session, uri);
    check(!session.overflow);
    sink_string(&session);
    media->auth = NULL;
    media->relay_index++;
    media_next_auth(media, &cause);
}

/* Opens the leg into the network. With AUTH kept from before, the offer need not wait for it. */
void media_prepare(struct media *media, const struct cause *cause)
{
    struct world *world = media->world;

    if (media->relay_count == 0) {
        media_prepared(media, cause);
        return;
    }
    struct channel_config config = {.role = media->role,
                                    .peer = media->relays[0],
                                    .port = world->sites[media->relays[0]].msrp_port,
                                    .is_tls = world->arm->hop == HOP_TLS,
                                    .context = media};

    media->is_preparing = true;
    media->leg = leg_open(world, &config, &media_leg_owner, cause);
    world_leg_opened(world);
    if (world->scenario->auth == AUTH_CACHED) {
        for (uint32_t i = 0; i < media->relay_count; i++) {
            struct sink sink = SINK(media->relay_sessions[i]);

            relay_session_uri(world->relays[media->relays[i]], &sink);
            check(!sink.overflow);
            sink_string(&sink);
        }
        media_prepared(media, cause);
    }
}

/* ---- The other end ---- */

/* Whether the other end of TLS is the one that the SDP spoke of, where it is known by that (RFC 8122 section 6.2). */
bool media_knows_peer(const struct media *media)
{
    char text[FINGERPRINT_TEXT + 1];
    struct sink shown = SINK(text);

    if (!arm_has_fingerprints(media->world->arm))
        return true;
    channel_write_fingerprint(media->leg->channel, &shown);
    return fingerprint_is_same(sink_written(&shown), span_of(media->peer_fingerprint));
}

bool media_is_active(const struct media *media)
{
    return media->is_active;
}

/* Who listens at a host and port that SDP names; ROLE_COUNT when nobody does. */
static enum role media_role_at(const struct world *world, struct span host, uint16_t port)
{
    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct site *site = &world->sites[role];

        if (site->label && site->msrp_port == port && span_equal_nocase(host, span_of(site->host_name)))
            return (enum role)role;
    }
    return ROLE_COUNT;
}

/* Where to connect to: what the path says, or c= and m= where both ends have said a=msrp-cema (RFC 6714 section 5). */
static void media_find_peer(struct media *media, const struct sdp_msrp *peer)
{
    struct world *world = media->world;
    struct span rest = peer->path, uri = {0};

    media->peer = ROLE_COUNT;
    if (world->arm->path == PATH_AGWS && peer->has_cema)
        media->peer = media_role_at(world, peer->host, peer->port);
    else if (msrp_path_next(&rest, &uri))
        media->peer = leg_role_of_uri(world, uri);
}

void media_meet(struct media *media, const struct sdp_msrp *peer, const struct cause *cause)
{
    struct sink path = SINK(media->send_path), fingerprint = SINK(media->peer_fingerprint);

    for (uint32_t i = 0; i < media->relay_count; i++) {
        sink_text(&path, media->relay_sessions[i]);
        sink_char(&path, ' ');
    }
    sink_span(&path, peer->path);
    sink_span(&fingerprint, peer->fingerprint);
    if (path.overflow || fingerprint.overflow) {
        media->owner->failed(media->context, OUTCOME_CONNECT_FAILED);
        return;
    }
    sink_string(&path);
    sink_string(&fingerprint);
    media_find_peer(media, peer);
    media->is_met = true;
    /* The active end may have been faster than its answer (RFC 8122 section 6.2). */
    if (media->leg && channel_is_ready(media->leg->channel))
        media_begin(media, cause);
}

void media_connect(struct media *media, const struct cause *cause)
{
    struct world *world = media->world;

    if (media->relay_count > 0 || !media->is_active)
        return;
    if (media->peer == ROLE_COUNT) {
        media->owner->failed(media->context, OUTCOME_CONNECT_FAILED);
        return;
    }
    struct channel_config config = {.role = media->role,
                                    .peer = media->peer,
                                    .port = world->sites[media->peer].msrp_port,
                                    .from_port = world->sites[media->role].msrp_port,
                                    .is_tls = arm_has_tls_at_ues(world->arm),
                                    .by_fingerprint = arm_has_fingerprints(world->arm),
                                    .has_gateways = world->arm->path == PATH_AGWS,
                                    .end = media->role == ROLE_UE_A ? ROLE_UE_B : ROLE_UE_A,
                                    .gateways_pass_tls = world->arm->body == BODY_TLS && world->arm->path == PATH_AGWS,
                                    .context = media};

    media->leg = leg_open(world, &config, &media_leg_owner, cause);
    world_leg_opened(world);
}

/* ---- Making ---- */

/* The first half of the relays is UE-A's, the rest UE-B's; of an odd number UE-A has one more. */
void media_take_relays(struct media *media)
{
    uint32_t count = media->world->arm->path == PATH_RELAYS ? media->world->relay_count : 0;
    uint32_t of_a = (count + 1) / 2;

    if (media->role == ROLE_UE_A)
        for (uint32_t i = 0; i < of_a; i++)
            media->relays[media->relay_count++] = (enum role)(ROLE_RELAY_1 + i);
    else
        for (uint32_t i = count; i > of_a; i--)
            media->relays[media->relay_count++] = (enum role)(ROLE_RELAY_1 + i - 1);
}
