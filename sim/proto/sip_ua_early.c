/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_ua_early.c - a session before its answer: early dialogs (RFC 3261 section 12.1), reliable provisional responses
 * (RFC 3262) at both ends, UPDATE (RFC 3311), and giving up (RFC 3261 section 9.1).
 */
#include "sim/base/check.h"
#include "sim/proto/sip_ua_state.h"

static const struct slice no_body;

/* ---- Caller ---- */

struct sip_early *sip_ua_early(struct sip_ua *ua, const struct sip_incoming *response)
{
    struct sip_session *session = &ua->session;
    struct span tag = sip_tag(sip_value(&response->message, SIP_HEADER_TO));
    struct sip_message kept;

    if (tag.size == 0)
        return NULL;
    for (uint32_t i = 0; i < session->early_count; i++)
        if (sip_parse(sip_buffer_span(session->early[i].kept), &kept) == ERR_OK &&
            span_equal(sip_tag(sip_value(&kept, SIP_HEADER_TO)), tag))
            return &session->early[i];
    if (session->early_count == SIP_EARLY_MAX)
        return NULL;
    struct sip_early *made = &session->early[session->early_count++];

    *made = (struct sip_early){.kept = sip_pool_copy(&ua->layer.pool, response->head)};
    return made;
}

void sip_ua_early_clear(struct sip_ua *ua)
{
    struct sip_session *session = &ua->session;

    while (session->early_count > 0)
        sip_pool_release(&ua->layer.pool, session->early[--session->early_count].kept);
}

static void send_prack(struct sip_ua *ua, const struct sip_early *early)
{
    struct sip_session *session = &ua->session;
    struct sip_in_dialog prack = {.method = "PRACK",
                                  .kept = early->kept,
                                  .cseq = ++session->cseq,
                                  .rack = {early->rseq, session->invite_cseq, SPAN("INVITE")}};
    struct span branch = sip_ua_write_in_dialog(ua, &prack);

    if (branch.size > 0)
        sip_ua_start(ua, SPAN("PRACK"), branch, no_body)->token = session->number;
}

/* A reliable response that has been seen, or that comes before its turn, is passed over (RFC 3262 section 4). */
void sip_ua_take_progress(struct sip_ua *ua, const struct sip_incoming *response)
{
    const struct sip_message *message = &response->message;
    bool is_reliable = sip_lists(message, SIP_HEADER_REQUIRE, SPAN("100rel"));
    uint64_t rseq = 0;

    if (message->status == 100 || ua->session.state != SIP_SESSION_CALLING)
        return;
    if (is_reliable &&
        (sip_parse_number(sip_value(message, SIP_HEADER_RSEQ), &rseq) != ERR_OK || rseq == 0 || rseq > UINT32_MAX))
        return;
    struct sip_early *early = sip_ua_early(ua, response);

    if (!early || (is_reliable && early->rseq != 0 && rseq != (uint64_t)early->rseq + 1))
        return;
    if (is_reliable) {
        early->rseq = (uint32_t)rseq;
        send_prack(ua, early);
    }
    sip_ua_tell(ua, SIP_PROGRESSED, message->status, response->head, response->body)->token =
        (uint32_t)(early - ua->session.early);
}

void sip_ua_update(struct sip_ua *ua, int64_t now_ns, uint32_t dialog, struct span sdp, struct sip_outbox *out)
{
    struct sip_session *session = &ua->session;

    sip_layer_begin(&ua->layer, now_ns, out);
    if (session->state == SIP_SESSION_CALLING && dialog < session->early_count) {
        struct sip_buffer *body = sip_pool_copy(&ua->layer.pool, sdp);
        struct sip_in_dialog update = {
            .method = "UPDATE", .kept = session->early[dialog].kept, .cseq = ++session->cseq, .sdp_size = sdp.size};
        struct span branch = sip_ua_write_in_dialog(ua, &update);

        if (branch.size > 0)
            sip_ua_start(ua, SPAN("UPDATE"), branch, sip_buffer_slice(body))->token = session->number;
        sip_pool_release(&ua->layer.pool, body);
    }
    sip_layer_end(&ua->layer);
}

void sip_ua_give_up(struct sip_ua *ua)
{
    struct sip_transaction *invite = sip_find(&ua->layer, ua->session.invite_key);

    if (ua->session.state == SIP_SESSION_CALLING && invite)
        sip_client_cancel(&ua->layer, invite);
}

void sip_ua_cancel(struct sip_ua *ua, int64_t now_ns, struct sip_outbox *out)
{
    sip_layer_begin(&ua->layer, now_ns, out);
    sip_ua_give_up(ua);
    sip_layer_end(&ua->layer);
}

/* ---- Callee ---- */

void sip_ua_reliable_stop(struct sip_ua *ua)
{
    struct sip_reliable *reliable = &ua->session.reliable;

    sip_alarm_stop(&ua->layer.clock, &reliable->again);
    sip_alarm_stop(&ua->layer.clock, &reliable->end);
}

static void reliable_start(struct sip_ua *ua)
{
    struct sip_reliable *reliable = &ua->session.reliable;
    int64_t now_ns = ua->layer.now_ns, t1_ns = ua->config.timers.t1_ns;

    reliable->is_waiting = true;
    reliable->interval_ns = t1_ns;
    sip_alarm_set(&ua->layer.clock, &reliable->again, now_ns, t1_ns);
    sip_alarm_set(&ua->layer.clock, &reliable->end, now_ns, 64 * t1_ns);
}

/* The INVITE, or another request of the peer that was kept. */
static void read_kept(struct sip_buffer *kept, struct sip_hop from, struct sip_incoming *request)
{
    request->head = sip_buffer_span(kept);
    request->from = from;
    request->body = no_body;
    enum err error = sip_incoming_read(request);

    check(error == ERR_OK); /* as when it came */
}

/* The first number is any; it has six digits, so that sizes do not depend on the trial. */
static uint32_t next_rseq(struct sip_ua *ua)
{
    uint32_t last = ua->session.reliable.rseq;

    return last != 0 ? last + 1 : 100000 + (uint32_t)(sip_ua_draw(ua) % 800000);
}

void sip_ua_progress(struct sip_ua *ua, int64_t now_ns, int status, bool is_reliable, struct span sdp,
                     struct sip_outbox *out)
{
    struct sip_session *session = &ua->session;
    struct sip_reply reply = {.status = status, .tag = session->local_tag, .sdp_size = sdp.size, .makes_dialog = true};
    struct sip_incoming request;

    check(status > 100 && status < 200);
    sip_layer_begin(&ua->layer, now_ns, out);
    if (session->state == SIP_SESSION_INVITED && session->invite && !session->reliable.is_waiting) {
        struct sip_buffer *body = sip_pool_copy(&ua->layer.pool, sdp);

        read_kept(session->kept, session->hop, &request);
        if (is_reliable && sip_lists(&request.message, SIP_HEADER_SUPPORTED, SPAN("100rel")))
            reply.rseq = session->reliable.rseq = next_rseq(ua);
        sip_ua_write_reply(ua, &request, &reply);
        if (!ua->scratch.overflow)
            sip_server_respond(&ua->layer, session->invite, status, sink_written(&ua->scratch), sip_buffer_slice(body));
        if (reply.rseq != 0)
            reliable_start(ua);
        sip_pool_release(&ua->layer.pool, body);
    }
    sip_layer_end(&ua->layer);
}

void sip_ua_reliable_ring(struct sip_ua *ua, const struct sip_alarm *alarm)
{
    struct sip_session *session = &ua->session;
    struct sip_reliable *reliable = &session->reliable;

    if (alarm->what == SIP_ALARM_RELIABLE_AGAIN) {
        sip_server_repeated(&ua->layer, session->invite);
        ua->layer.retransmissions++;
        reliable->interval_ns *= 2;
        sip_alarm_set(&ua->layer.clock, &reliable->again, ua->layer.now_ns, reliable->interval_ns);
        return;
    }
    struct span invite = sip_layer_lend(&ua->layer, sip_buffer_span(session->kept));

    sip_ua_refuse_invite(ua, 504);
    sip_ua_tell(ua, SIP_ENDED, 504, invite, no_body);
}

void sip_ua_refuse_invite(struct sip_ua *ua, int status)
{
    struct sip_session *session = &ua->session;
    struct sip_reply reply = {.status = status, .tag = session->local_tag};
    struct sip_incoming request;

    read_kept(session->kept, session->hop, &request);
    sip_ua_write_reply(ua, &request, &reply);
    if (!ua->scratch.overflow)
        sip_server_respond(&ua->layer, session->invite, status, sink_written(&ua->scratch), no_body);
    sip_ua_clear(ua);
}

void sip_ua_refuse(struct sip_ua *ua, int64_t now_ns, int status, struct sip_outbox *out)
{
    check(status >= 300 && status < 700);
    sip_layer_begin(&ua->layer, now_ns, out);
    if (ua->session.state == SIP_SESSION_INVITED && ua->session.invite)
        sip_ua_refuse_invite(ua, status);
    sip_layer_end(&ua->layer);
}

/* It may come after the 200 to INVITE has gone out. */
void sip_ua_take_prack(struct sip_ua *ua, const struct sip_incoming *request)
{
    struct sip_session *session = &ua->session;
    struct sip_transaction *server = sip_ua_serve(ua, request);
    struct sip_rack rack;

    if (!session->reliable.is_waiting || !sip_ua_in_dialog(ua, &request->message) ||
        sip_parse_rack(sip_value(&request->message, SIP_HEADER_RACK), &rack) != ERR_OK ||
        rack.rseq != session->reliable.rseq || !span_equal(rack.method, SPAN("INVITE"))) {
        sip_ua_respond(ua, server, request, 481);
        return;
    }
    sip_ua_reliable_stop(ua);
    session->reliable.is_waiting = false;
    sip_ua_respond(ua, server, request, 200);
    sip_ua_tell(ua, SIP_PRACKED, 0, request->head, request->body);
}

void sip_ua_take_update(struct sip_ua *ua, const struct sip_incoming *request)
{
    struct sip_session *session = &ua->session;
    struct sip_transaction *server = sip_ua_serve(ua, request);

    if (session->state == SIP_SESSION_NONE || !sip_ua_in_dialog(ua, &request->message)) {
        sip_ua_respond(ua, server, request, 481);
        return;
    }
    /* Once the session is there nothing about it is changed, as with an INVITE in the dialog. */
    if (session->state != SIP_SESSION_INVITED || session->has_update) {
        sip_ua_respond(ua, server, request, session->has_update ? 500 : 488);
        return;
    }
    server->request = sip_pool_copy(&ua->layer.pool, request->head);
    session->update_key = server->key;
    session->has_update = true;
    sip_ua_tell(ua, SIP_UPDATED, 0, request->head, request->body);
}

void sip_ua_answer_update(struct sip_ua *ua, int64_t now_ns, struct span sdp, struct sip_outbox *out)
{
    struct sip_session *session = &ua->session;
    struct sip_reply reply = {.status = 200, .sdp_size = sdp.size};
    struct sip_incoming request;

    sip_layer_begin(&ua->layer, now_ns, out);
    struct sip_transaction *server = session->has_update ? sip_find(&ua->layer, session->update_key) : NULL;

    if (server && server->request) {
        struct sip_buffer *body = sip_pool_copy(&ua->layer.pool, sdp);

        read_kept(server->request, server->hop, &request);
        sip_ua_write_reply(ua, &request, &reply);
        if (!ua->scratch.overflow)
            sip_server_respond(&ua->layer, server, 200, sink_written(&ua->scratch), sip_buffer_slice(body));
        sip_pool_release(&ua->layer.pool, body);
    }
    session->has_update = false;
    sip_layer_end(&ua->layer);
}
