/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/session_state.h"
#include "sim/ims/fingerprint.h"
#include "sim/ims/gate.h"
#include "sim/ims/intercept.h"
#include "sim/ims/registration.h"

static bool is_cms(const struct session *session)
{
    return session->world->arm->body == BODY_CMS && !session->is_clear;
}

uint64_t session_body_bytes(const struct session *session)
{
    return session->cargo.body.length;
}

uint64_t session_chunks(const struct session *session)
{
    return media_chunks(session->media_a);
}

/* ---- At its ends ---- */

void session_finish(struct session *session)
{
    if (session->world->is_delivered && session->is_ended)
        world_end(session->world);
}

void session_fail(struct session *session, enum outcome_end end)
{
    world_fail(session->world, session->is_refused ? OUTCOME_TRANSFER_FAILED : end);
}

/* ---- UE-A ---- */

void session_write_sdp(struct session *session, bool is_offer, struct sink *sink)
{
    struct world *world = session->world;
    const struct site *site = &world->sites[is_offer ? ROLE_UE_A : ROLE_UE_B];
    struct media *media = is_offer ? session->media_a : session->media_b;
    char fingerprint_text[FINGERPRINT_TEXT + 1];
    struct sink fingerprint = SINK(fingerprint_text);

    if (arm_has_fingerprints(world->arm))
        fingerprint_of_role(world, is_offer ? ROLE_UE_A : ROLE_UE_B, &fingerprint);
    struct sdp_msrp sdp = {.user = span_of(site->user),
                           .session_id = is_offer ? 2890844526 : 2890844527,
                           .version = 1,
                           .host = span_of(site->host_name),
                           .port = site->msrp_port,
                           .is_tls = arm_has_tls_at_ues(world->arm),
                           .path = span_of(media_path(media)),
                           .direction = is_offer ? SDP_SENDONLY : SDP_RECVONLY,
                           .setup = media_is_active(media) ? SDP_SETUP_ACTIVE : SDP_SETUP_PASSIVE,
                           .has_cema = world->arm->path == PATH_AGWS,
                           .fingerprint = sink_written(&fingerprint)};

    cargo_describe(&session->cargo, &sdp);
    sdp_write(&sdp, sink);
    check(!sink->overflow);
}

static void session_send(struct session *session, const struct cause *cause)
{
    const struct cargo *cargo = &session->cargo;
    uint64_t sealed_bytes = is_cms(session) ? cargo->sealed_bytes : cargo->body.length;

    if (session->is_sending)
        media_offer(session->media_a, sealed_bytes, cause);
    else
        media_send(session->media_a, cargo->body, sealed_bytes, cargo->content_type, cause);
    session->is_sending = true;
}

static void session_try_send(struct session *session, const struct cause *cause)
{
    if (session->is_answered && (session->is_sealed || !is_cms(session)))
        session_send(session, cause);
}

/* Nothing of the file's: whoever gives up waits for nobody. */
static void session_cancel(struct engine *engine, void *context)
{
    struct session *session = context;
    struct world *world = session->world;
    struct cause cause = {.transfer = 0};

    (void)engine;
    if (session->is_answered)
        return;
    session->is_cancelled = true;
    sip_ua_cancel(session->ua_a, world_now(world), sip_node_outbox(session->node_a));
    sip_node_do(session->node_a, sip_node_outbox(session->node_a), &cause);
}

static void session_registered(void *context, const struct cause *cause);

static void session_try_invite(struct session *session, const struct cause *cause)
{
    struct world *world = session->world;
    char text[SESSION_SDP_SIZE];
    struct sink sdp = SINK(text);
    bool waits_for_seal = is_cms(session) && world->scenario->seal_when == SEAL_BEFORE_INVITE && !session->is_sealed;

    if (!session->is_prepared || !session->is_hashed || waits_for_seal || session->is_invited ||
        !registration_stands(world, cause, session, session_registered))
        return;
    session->is_invited = true;
    session_write_sdp(session, true, &sdp);
    if (session->progress)
        progress_write_offer(session->progress, &sdp);
    world->moments.signalled_ns = world_now(world);
    sip_ua_invite(session->ua_a, world_now(world), session->target, sink_written(&sdp),
                  sip_node_outbox(session->node_a));
    sip_node_do(session->node_a, sip_node_outbox(session->node_a), cause);
    if (world->scenario->cancel_ns > 0)
        engine_at(world->engine, world_now(world) + world->scenario->cancel_ns, session, session_cancel);
}

static void session_registered(void *context, const struct cause *cause)
{
    session_try_invite(context, cause);
}

static void session_sealed(void *context, const struct cause *cause)
{
    struct session *session = context;

    if (!session->is_sealed)
        session->world->moments.sealed_ns = world_now(session->world);
    session->is_sealed = true;
    session_try_invite(session, cause);
    session_try_send(session, cause);
}

static void session_seal(struct session *session, const struct cause *cause)
{
    cargo_seal(&session->cargo, cause, session, session_sealed);
}

static void session_cut(struct engine *engine, void *context)
{
    struct session *session = context;
    struct world *world = session->world;

    (void)engine;
    watch_event(world, "cut UE-B");
    net_cut(world->net, world->sites[ROLE_UE_B].node);
}

static void session_hashed(void *context, const struct cause *cause)
{
    struct session *session = context;

    session->is_hashed = true;
    session_try_invite(session, cause);
}

void session_press(struct session *session, const struct cause *cause)
{
    struct world *world = session->world;

    if (world->scenario->cut_ns > 0)
        engine_at(world->engine, world_now(world) + world->scenario->cut_ns, session, session_cut);
    if (is_cms(session) && session->world->scenario->seal_when != SEAL_AFTER_ANSWER)
        session_seal(session, cause);
    cargo_hash(&session->cargo, cause, session, session_hashed);
    media_prepare(session->media_a, cause);
}

static void session_a_prepared(void *context, const struct cause *cause)
{
    struct session *session = context;

    session->is_prepared = true;
    session_try_invite(session, cause);
}

static bool lists_type(struct span types, struct span wanted)
{
    for (types = span_trim(types); types.size > 0; types = span_trim(types)) {
        struct span type = {types.data, span_find_byte(types, ' ')};

        if (span_equal_nocase(type, wanted) || span_equal(type, SPAN("*")))
            return true;
        types = span_after(types, type.size);
    }
    return false;
}

/* A file that was to be sealed is not sent in clear because the answer asks for that; who minds nothing does. */
static bool session_may_seal(struct session *session, const struct sdp_msrp *answer)
{
    struct world *world = session->world;

    if (!is_cms(session) || lists_type(answer->accept_types, SPAN("application/pkcs7-mime")))
        return true;
    if (!intercept_is_credulous(world)) {
        intercept_refused(world, "SDP: the answer does not take S/MIME");
        return false;
    }
    session->is_clear = true;
    session->cargo.body = (struct slice){world->trial->file, 0, world->trial->file_bytes};
    session->cargo.content_type = "application/octet-stream";
    return true;
}

static void session_answered(struct session *session, const struct sip_output *item, const struct cause *cause)
{
    struct world *world = session->world;
    char text[SESSION_SDP_SIZE];
    struct sdp_msrp sdp;
    size_t size = item->body.length < SESSION_SDP_SIZE ? (size_t)item->body.length : 0;

    world->moments.answered_ns = sip_node_arrived_ns(session->node_a);
    slice_read(item->body, 0, text, size);
    struct span answer = {text, size};

    if (session->progress && size == 0)
        answer = progress_answer(session->progress, item->token);
    if (sdp_read(answer, &sdp) != ERR_OK || sdp.port == 0) {
        world_fail(world, OUTCOME_SETUP_REFUSED);
        return;
    }
    if (!session_may_seal(session, &sdp)) {
        world_fail(world, OUTCOME_NOT_ACCEPTABLE);
        return;
    }
    session->is_answered = true;
    media_meet(session->media_a, &sdp, cause);
    media_connect(session->media_a, cause);
    if (is_cms(session) && world->scenario->seal_when == SEAL_AFTER_ANSWER)
        session_seal(session, cause);
    session_try_send(session, cause);
}

/* The answer has overtaken the CANCEL: the session that nobody wants is there, and is ended (RFC 3261 section 9.1). */
static void session_hang_up(struct session *session, const struct cause *cause)
{
    struct world *world = session->world;

    world->moments.bye_ns = world_now(world);
    sip_ua_bye(session->ua_a, world_now(world), sip_node_outbox(session->node_a));
    sip_node_do(session->node_a, sip_node_outbox(session->node_a), cause);
}

static void session_a_told(void *context, const struct sip_output *item, const struct cause *cause)
{
    struct session *session = context;
    struct world *world = session->world;
    struct cause forward = cause_forward(cause);

    switch (item->action) {
    case SIP_PROGRESSED:
        if (session->progress)
            progress_seen(session->progress, item, &forward);
        break;
    case SIP_ANSWERED:
        if (session->is_cancelled)
            session_hang_up(session, &forward);
        else if (!session->is_answered)
            session_answered(session, item, &forward);
        break;
    case SIP_REFUSED:
        if (session->is_answered)
            session_fail(session, OUTCOME_SETUP_REFUSED);
        else
            world_refuse(world, item->status, sip_node_arrived_ns(session->node_a));
        /* What the user has not given up a timer has: that of an UPDATE or PRACK, or Timer C of a proxy. */
        if (item->status == 487 && !session->is_cancelled)
            world_fail(world, OUTCOME_SETUP_TIMEOUT);
        break;
    case SIP_TIMED_OUT:
        if (!session->is_answered)
            world->moments.refused_ns = world_now(world);
        world_fail(world, session->is_answered ? OUTCOME_TRANSFER_FAILED : OUTCOME_SETUP_TIMEOUT);
        break;
    case SIP_ENDED:
        media_close(session->media_a, &forward);
        break;
    case SIP_BROKEN:
        if (session->is_answered)
            world_fail(world, OUTCOME_TRANSFER_FAILED);
        else
            world_break(world);
        break;
    case SIP_BYE_ANSWERED:
        world->moments.ended_ns = sip_node_arrived_ns(session->node_a);
        if (session->is_cancelled)
            world_fail(world, OUTCOME_CANCELLED);
        if (session->is_refused)
            world_fail(world, OUTCOME_TRANSFER_FAILED);
        session->is_ended = true;
        session_finish(session);
        break;
    default:
        break;
    }
}

static void session_bye(void *context, const struct cause *cause)
{
    struct session *session = context;
    struct world *world = session->world;

    world->moments.bye_ns = world_now(world);
    sip_ua_bye(session->ua_a, world_now(world), sip_node_outbox(session->node_a));
    sip_node_do(session->node_a, sip_node_outbox(session->node_a), cause);
    media_close(session->media_a, cause);
}

static void session_sent(void *context, const struct cause *cause)
{
    struct session *session = context;
    struct world *world = session->world;
    struct cause forward = cause_forward(cause);

    if (session->is_leaving || world->scenario->ended_by == ENDED_BY_CALLEE)
        return;
    session->is_leaving = true;
    world_wait(world, PART_ANSWERING, gate_wait_ns(world, ROLE_COUNT, "BYE"), &forward, session, session_bye);
}

/* What is refused needs the session no longer (RFC 4975 sections 10.5 to 10.10), which BYE ends as ever. */
static void session_refused(void *context, int status, const struct cause *cause)
{
    struct session *session = context;
    struct cause forward = cause_forward(cause);

    if (!session->world->is_delivered && session->world->refusal == 0)
        session->world->refusal = status;
    session->is_refused = true;
    if (!session->is_leaving)
        session_bye(session, &forward);
    session->is_leaving = true;
}

void session_failed(void *context, enum outcome_end end)
{
    struct session *session = context;

    /* Once the file is in hand, a connection that breaks has nothing left to lose. */
    if (!session->world->is_delivered)
        session_fail(session, end);
}

static const struct media_owner media_owner_a = {
    .prepared = session_a_prepared, .sent = session_sent, .refused = session_refused, .failed = session_failed};

static void session_write_early(void *context, bool is_offer, struct sink *sdp)
{
    session_write_sdp(context, is_offer, sdp);
}

static void session_make_progress(struct session *session)
{
    struct progress_config config = {.ua_a = session->ua_a,
                                     .ua_b = session->ua_b,
                                     .node_a = session->node_a,
                                     .node_b = session->node_b,
                                     .context = session,
                                     .write_sdp = session_write_early,
                                     .ready = session_called_alert};

    if (session->world->scenario->provisional != PROVISIONAL_NONE)
        session->progress = progress_create(session->world, &config);
}

void session_abandon(struct session *session, const struct cause *cause)
{
    if (sip_ua_is_up(session->ua_a))
        session_hang_up(session, cause);
    media_abort(session->media_a, cause);
    media_abort(session->media_b, cause);
}

void session_retire(struct session *session)
{
    sip_node_retire(session->node_a);
    sip_node_retire(session->node_b);
    media_retire(session->media_a);
    media_retire(session->media_b);
}

struct session *session_create(struct world *world, struct sip_ua *ua_a, struct sip_ua *ua_b)
{
    struct session *session = arena_alloc(world->arena, sizeof(*session));
    struct sip_node_config a = {.role = ROLE_UE_A, .ua = ua_a, .context = session, .told = session_a_told};
    struct sip_node_config b = {.role = ROLE_UE_B, .ua = ua_b, .context = session, .told = session_called_told};

    session->world = world;
    world_write_aor(world, ROLE_UE_B, session->target, sizeof(session->target));
    session->ua_a = ua_a;
    session->ua_b = ua_b;
    session->node_a = sip_node_create(world, &a);
    session->node_b = sip_node_create(world, &b);
    session->media_a = media_create(world, ROLE_UE_A, session, &media_owner_a);
    session->media_b = media_create(world, ROLE_UE_B, session, &session_called_media);
    cargo_init(&session->cargo, world);
    if (session->cargo.pieces.count > 0)
        media_watch_growth(session->media_b);
    if (session->cargo.received)
        media_keep_bytes(session->media_b, session->cargo.received, session->cargo.received_capacity);
    session_make_progress(session);
    return session;
}
