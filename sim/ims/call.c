/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/call.h"
#include "sim/ims/world.h"

enum { SDP_SIZE = 1024, CALL_URI_SIZE = 96, SPEECH_PORT = 49152 };

struct call {
    struct world *world;
    struct sip_ua *ua_a, *ua_b;
    struct sip_node *node_a, *node_b;
    int64_t hold_ns;
    bool is_answered, is_answering, is_leaving, is_retired;
    char target[CALL_URI_SIZE];
};

/* Codecs and their order as in TS 26.114 annex A.1: AMR-WB, AMR, telephone events. */
static void write_sdp(const struct call *call, enum role role, struct sink *sdp)
{
    const struct site *site = &call->world->sites[role];

    sink_format(sdp,
                "v=0\r\no=%s 2890844526 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
                "m=audio %d RTP/AVP 97 98 99\r\nb=AS:37\r\na=rtpmap:97 AMR-WB/16000/1\r\n"
                "a=rtpmap:98 AMR/8000/1\r\na=rtpmap:99 telephone-event/8000\r\na=ptime:20\r\na=maxptime:240\r\n",
                site->user, site->host_name, site->host_name, SPEECH_PORT);
    check(!sdp->overflow);
}

/* ---- The caller ---- */

static void hang_up(struct call *call, const struct cause *cause)
{
    call->is_leaving = true;
    sip_ua_bye(call->ua_a, world_now(call->world), sip_node_outbox(call->node_a));
    sip_node_do(call->node_a, sip_node_outbox(call->node_a), cause);
}

/* All is said, unless the call has failed meanwhile. */
static void have_talked(struct engine *engine, void *context)
{
    struct call *call = context;
    struct cause nobody = {.transfer = 0};

    (void)engine;
    if (!call->is_retired && sip_ua_is_up(call->ua_a))
        hang_up(call, &nobody);
}

static void answered(struct call *call)
{
    struct world *world = call->world;

    if (call->is_answered)
        return;
    call->is_answered = true;
    world->moments.answered_ns = sip_node_arrived_ns(call->node_a);
    engine_at(world->engine, world_now(world) + call->hold_ns, call, have_talked);
}

static void ended(struct call *call)
{
    struct world *world = call->world;

    if (!world->is_over) {
        world->moments.in_hand_ns = world->moments.answered_ns;
        world->is_delivered = true;
        world->end = OUTCOME_DELIVERED;
    }
    world_end(world);
}

static void caller_told(void *context, const struct sip_output *item, const struct cause *cause)
{
    struct call *call = context;
    struct world *world = call->world;

    (void)cause;
    switch (item->action) {
    case SIP_ANSWERED:
        answered(call);
        break;
    case SIP_REFUSED:
        world_refuse(world, item->status, sip_node_arrived_ns(call->node_a));
        break;
    case SIP_TIMED_OUT:
        world_fail(world, call->is_answered ? OUTCOME_TRANSFER_FAILED : OUTCOME_SETUP_TIMEOUT);
        break;
    case SIP_BROKEN:
        world_break(world);
        break;
    case SIP_BYE_ANSWERED:
        ended(call);
        break;
    default:
        break;
    }
}

void call_press(struct call *call, const struct cause *cause)
{
    struct world *world = call->world;
    char text[SDP_SIZE];
    struct sink sdp = SINK(text);

    write_sdp(call, ROLE_UE_A, &sdp);
    world->moments.signalled_ns = world_now(world);
    sip_ua_invite(call->ua_a, world_now(world), call->target, sink_written(&sdp), sip_node_outbox(call->node_a));
    sip_node_do(call->node_a, sip_node_outbox(call->node_a), cause);
}

/* ---- The called ---- */

static void pick_up(void *context, const struct cause *cause)
{
    struct call *call = context;
    char text[SDP_SIZE];
    struct sink sdp = SINK(text);

    if (call->is_retired)
        return;
    write_sdp(call, ROLE_UE_B, &sdp);
    sip_ua_answer(call->ua_b, world_now(call->world), sink_written(&sdp), sip_node_outbox(call->node_b));
    sip_node_do(call->node_b, sip_node_outbox(call->node_b), cause);
}

static void invited(struct call *call, const struct cause *cause)
{
    struct world *world = call->world;

    call->is_answering = true;
    if (world->scenario->provisional != PROVISIONAL_NONE) {
        sip_ua_progress(call->ua_b, world_now(world), 180, false, (struct span){"", 0}, sip_node_outbox(call->node_b));
        sip_node_do(call->node_b, sip_node_outbox(call->node_b), cause);
    }
    world_wait(world, PART_ANSWERING, world->scenario->answer_ns, cause, call, pick_up);
}

static void called_told(void *context, const struct sip_output *item, const struct cause *cause)
{
    struct call *call = context;

    if (item->action == SIP_INVITED && !call->is_answering)
        invited(call, cause);
    else if (item->action == SIP_TIMED_OUT || item->action == SIP_BROKEN)
        world_fail(call->world, OUTCOME_SETUP_TIMEOUT);
}

/* ---- Both ---- */

bool call_is_talking(const struct call *call)
{
    return call->is_answered && !call->is_leaving;
}

void call_abandon(struct call *call, const struct cause *cause)
{
    if (sip_ua_is_up(call->ua_a))
        hang_up(call, cause);
}

void call_retire(struct call *call)
{
    call->is_retired = true;
    sip_node_retire(call->node_a);
    sip_node_retire(call->node_b);
}

struct call *call_create(struct world *world, struct sip_ua *ua_a, struct sip_ua *ua_b, int64_t hold_ns)
{
    struct call *call = arena_alloc(world->arena, sizeof(*call));
    struct sip_node_config a = {.role = ROLE_UE_A, .ua = ua_a, .context = call, .told = caller_told};
    struct sip_node_config b = {.role = ROLE_UE_B, .ua = ua_b, .context = call, .told = called_told};

    check(hold_ns >= 0);
    *call = (struct call){.world = world, .ua_a = ua_a, .ua_b = ua_b, .hold_ns = hold_ns};
    world_write_aor(world, ROLE_UE_B, call->target, sizeof(call->target));
    call->node_a = sip_node_create(world, &a);
    call->node_b = sip_node_create(world, &b);
    return call;
}
