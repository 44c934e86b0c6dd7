/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A client that has lost track of its session's connection opens another one and says the session's name there: a SEND
 * without a body. The other end has bound the session to the first connection (RFC 4975 section 5.4) and answers 506
 * (section 10.10), after which the client leaves the second one alone; the file goes on over the first.
 */
#include "sim/base/units.h"
#include "sim/ims/media_state.h"

static void second_head(void *context, struct leg *leg, const struct msrp_head *head)
{
    struct media *media = context;

    if (head->is_request)
        return;
    msrp_sender_answered(media->claim, world_now(media->world), head);
    if (msrp_sender_state(media->claim) != MSRP_FAILED)
        return;
    watch_event(media->world, "failed %s MSRP %d on a second connection", media->world->sites[media->role].label,
                msrp_sender_status(media->claim));
    channel_finish(leg->channel, &leg->cause);
}

static void second_body(void *context, struct leg *leg, uint64_t at, struct slice slice)
{
    (void)context;
    (void)leg;
    (void)at;
    (void)slice;
}

static void second_end(void *context, struct leg *leg, char flag)
{
    const struct media *media = context;

    (void)flag;
    watch_acted(media->world, leg->incoming);
}

static void second_ready(void *context, struct leg *leg)
{
    struct media *media = context;
    struct msrp_send_config config = {.to_path = media->send_path,
                                      .from_path = media->own_uri,
                                      .body = {&source_pattern, 0, 0},
                                      .identity = stream_place(media->own_uri) * 5 ^ media->world->trial->number,
                                      .timeout_ns = 30 * SECOND,
                                      .writer = leg_writer(leg)};

    media->claim = msrp_sender_create(media->world->arena, &config);
    msrp_sender_pump(media->claim, world_now(media->world));
    leg_push(leg);
}

static void second_writable(void *context, struct leg *leg)
{
    (void)context;
    (void)leg;
}

static void second_ended(void *context, struct leg *leg, enum tcp_end how)
{
    (void)context;
    if (how == TCP_END_FIN)
        channel_finish(leg->channel, &leg->cause);
}

static const struct leg_owner second_owner = {.ready = second_ready,
                                              .head = second_head,
                                              .body = second_body,
                                              .end = second_end,
                                              .writable = second_writable,
                                              .ended = second_ended};

static void second_open(struct engine *engine, void *context)
{
    struct media *media = context;
    struct world *world = media->world;
    struct channel_config config = {.role = media->role,
                                    .peer = media->peer,
                                    .port = world->sites[media->peer].msrp_port,
                                    .is_tls = arm_has_tls_at_ues(world->arm),
                                    .by_fingerprint = arm_has_fingerprints(world->arm),
                                    .context = media};
    struct cause nobody = {.transfer = 0};

    (void)engine;
    media->second = leg_open(world, &config, &second_owner, &nobody);
}

void media_init_second(struct media *media)
{
    media->second_timer = world_timer(media->world, media, second_open);
}

/* Only where the UE's own connection leads to the other UE: a relay passes on what any connection brings (RFC 4976). */
void media_plan_second(struct media *media)
{
    const struct world *world = media->world;

    if (world->scenario->second_after_ns > 0 && world->arm->path == PATH_DIRECT && media->is_active)
        timer_arm(media->second_timer, world_now(world) + world->scenario->second_after_ns);
}
