/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_called.c - UE-B's end of a session: INVITE answered or refused, the file taken, BYE where the called ends it.
 */
#include "sim/ims/device.h"
#include "sim/ims/gate.h"
#include "sim/ims/session_state.h"

/* ---- The file ---- */

static void session_bye_b(void *context, const struct cause *cause)
{
    struct session *session = context;
    struct world *world = session->world;

    world->moments.bye_ns = world_now(world);
    sip_ua_bye(session->ua_b, world_now(world), sip_node_outbox(session->node_b));
    sip_node_do(session->node_b, sip_node_outbox(session->node_b), cause);
}

/* Where the called ends the session: the file is in hand. What still acknowledges it goes on meanwhile. */
static void session_leave_b(struct session *session, const struct cause *cause)
{
    struct world *world = session->world;

    if (world->scenario->ended_by == ENDED_BY_CALLEE && world->moments.bye_ns == NONE_NS)
        world_wait(world, PART_ANSWERING, gate_wait_ns(world, ROLE_COUNT, "BYE"), cause, session, session_bye_b);
}

static void session_in_hand(void *context, const struct cause *cause)
{
    struct session *session = context;
    struct world *world = session->world;

    /* UE-A has given the file up before and said so to its user: it is late, not delivered. */
    if (session->is_refused)
        return;
    if (!cargo_verify(&session->cargo, session->received_bytes)) {
        world_fail(world, OUTCOME_VERIFY_FAILED);
        return;
    }
    check(cause->transfer == 0 || parts_total(&cause->parts) == world_now(world) - world->moments.pressed_ns);
    world->moments.in_hand_ns = world_now(world);
    world->delivered = *cause;
    world->is_delivered = true;
    world->end = OUTCOME_DELIVERED;
    watch_event(world, "plaintext UE-B %llu bytes", (unsigned long long)world->trial->file_bytes);
    session_leave_b(session, cause);
    session_finish(session);
}

static void session_grown(void *context, uint64_t length, const struct cause *cause)
{
    struct session *session = context;
    struct cause forward = cause_forward(cause);

    cargo_grown(&session->cargo, length, &forward);
}

static void session_has_read(void *context, const struct cause *cause)
{
    struct session *session = context;

    session->world->moments.last_byte_ns = world_now(session->world);
    cargo_open(&session->cargo, cause, session, session_in_hand);
}

static void session_received(void *context, uint64_t length, struct span content_type, const struct cause *cause)
{
    struct session *session = context;
    struct world *world = session->world;
    struct cause forward = cause_forward(cause);

    if (!cargo_fits(&session->cargo, length, content_type)) {
        world_fail(world, OUTCOME_TRANSFER_FAILED);
        return;
    }
    session->received_bytes = length;
    session->is_received = true;
    if (session->is_closing)
        media_close(session->media_b, &forward);
    if (world->scenario->read_ns > 0)
        world_wait(world, PART_PROCESSING, world->scenario->read_ns, &forward, session, session_has_read);
    else
        session_has_read(session, &forward);
}

/* ---- INVITE and its answer ---- */

static void session_answer(void *context, const struct cause *cause)
{
    struct session *session = context;
    char text[SESSION_SDP_SIZE];
    struct sink sdp = SINK(text);

    /* Where a 183 gave the answer, the 200 has none to give. */
    if (!session->progress || !progress_has_answered(session->progress))
        session_write_sdp(session, false, &sdp);
    sip_ua_answer(session->ua_b, world_now(session->world), sink_written(&sdp), sip_node_outbox(session->node_b));
    sip_node_do(session->node_b, sip_node_outbox(session->node_b), cause);
    devices_follow(session->world, cause);
    media_connect(session->media_b, cause);
}

static void session_picked_up(void *context, const struct cause *cause);

void session_called_alert(void *context, const struct cause *cause)
{
    struct session *session = context;

    if (session->progress)
        progress_ring(session->progress, cause);
    int64_t waits_ns = gate_wait_ns(session->world, ROLE_COUNT, "INVITE/200");

    if (waits_ns == 0)
        waits_ns = session->world->scenario->answer_ns;
    world_wait(session->world, PART_ANSWERING, waits_ns, cause, session, session_picked_up);
}

static void session_b_prepared(void *context, const struct cause *cause)
{
    struct session *session = context;
    char text[SESSION_SDP_SIZE];
    struct sink sdp = SINK(text);

    if (!session->progress || !progress_is_early(session->progress)) {
        session_answer(session, cause);
        return;
    }
    session_write_sdp(session, false, &sdp);
    progress_answer_early(session->progress, &sdp, cause);
}

static void session_picked_up(void *context, const struct cause *cause)
{
    struct session *session = context;

    if (session->progress && progress_has_answered(session->progress))
        session_answer(session, cause);
    else
        media_prepare(session->media_b, cause);
}

/* A UE without S/MIME takes an offer that lists some type but S/MIME's (RFC 4975 section 8.6, RFC 8591). */
static bool offers_other_types(struct slice body)
{
    char text[SESSION_SDP_SIZE];
    struct sdp_msrp sdp;
    size_t size = body.length < SESSION_SDP_SIZE ? (size_t)body.length : 0;
    struct span types, type;

    slice_read(body, 0, text, size);
    if (sdp_read((struct span){text, size}, &sdp) != ERR_OK)
        return false;
    for (types = span_trim(sdp.accept_types); types.size > 0; types = span_trim(types)) {
        type = (struct span){types.data, span_find_byte(types, ' ')};
        if (!span_equal_nocase(type, SPAN("application/pkcs7-mime")))
            return true;
        types = span_after(types, type.size);
    }
    return false;
}

/* What user B's UE refuses the INVITE with; 0: not. */
static int session_refusal(const struct session *session, struct slice offer)
{
    static const int statuses[PEER_COUNT] = {[PEER_BUSY] = 486, [PEER_DECLINES] = 603, [PEER_NO_SMIME] = 488};
    int state = session->world->scenario->peer_state;

    return state == PEER_NO_SMIME && offers_other_types(offer) ? 0 : statuses[state];
}

/* Either the user is alerted first and the media prepared for the answer, or the answer comes first. */
static void session_invited(struct session *session, const struct sip_output *item, const struct cause *cause)
{
    int refusal = session_refusal(session, item->body);

    session->is_answering = true;
    if (refusal != 0) {
        sip_ua_refuse(session->ua_b, world_now(session->world), refusal, sip_node_outbox(session->node_b));
        sip_node_do(session->node_b, sip_node_outbox(session->node_b), cause);
        return;
    }
    if (session->progress && progress_offered(session->progress, item))
        media_prepare(session->media_b, cause);
    else
        session_called_alert(session, cause);
}

/* An offer that cannot be read is answered all the same: the caller's UE finds that nobody comes. */
static void session_offered(struct session *session, struct slice body, const struct cause *cause)
{
    char text[SESSION_SDP_SIZE];
    struct sdp_msrp sdp;
    size_t size = body.length < SESSION_SDP_SIZE ? (size_t)body.length : 0;

    slice_read(body, 0, text, size);
    if (sdp_read((struct span){text, size}, &sdp) != ERR_OK)
        return;
    cargo_offered(&session->cargo, &sdp);
    media_meet(session->media_b, &sdp, cause);
}

void session_called_told(void *context, const struct sip_output *item, const struct cause *cause)
{
    struct session *session = context;
    struct world *world = session->world;
    struct cause forward = cause_forward(cause);

    if (item->action == SIP_INVITED && !session->is_answering) {
        cargo_heard(&session->cargo, item->head);
        session_offered(session, item->body, &forward);
        session_invited(session, item, &forward);
    } else if (item->action == SIP_UPDATED || item->action == SIP_PRACKED) {
        if (session->progress)
            progress_asked(session->progress, item, &forward);
    } else if (item->action == SIP_ENDED) {
        /* Relays answer for themselves, so a BYE may overtake the file: what is under way is still taken. */
        session->is_closing = true;
        if (session->is_received)
            media_close(session->media_b, &forward);
    } else if (item->action == SIP_BYE_ANSWERED) {
        world->moments.ended_ns = sip_node_arrived_ns(session->node_b);
        media_close(session->media_b, &forward);
        session->is_ended = true;
        session_finish(session);
    } else if (item->action == SIP_TIMED_OUT || item->action == SIP_BROKEN) {
        session_fail(session, OUTCOME_SETUP_TIMEOUT);
    }
}

const struct media_owner session_called_media = {
    .prepared = session_b_prepared, .received = session_received, .grown = session_grown, .failed = session_failed};
