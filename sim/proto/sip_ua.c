/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/check.h"
#include "sim/proto/sip_ua_state.h"

enum { ALARM_ANSWER_AGAIN = SIP_ALARM_USER, ALARM_ANSWER_END };

struct sip_ua *sip_ua_create(struct arena *arena, const struct sip_ua_config *config)
{
    struct sip_ua *ua = arena_alloc(arena, sizeof(*ua));

    check(config->timers.t1_ns > 0 && config->transport <= SIP_TLS);
    ua->config = *config;
    sip_layer_init(&ua->layer, arena);
    ua->layer.by_size = config->by_size;
    ua->scratch = (struct sink){.data = ua->scratch_bytes, .capacity = sizeof(ua->scratch_bytes)};
    ua->session.again.what = ALARM_ANSWER_AGAIN;
    ua->session.end.what = ALARM_ANSWER_END;
    return ua;
}

uint64_t sip_ua_retransmissions(const struct sip_ua *ua)
{
    return ua->layer.retransmissions;
}

/* ---- Requests of the user ---- */

/* All requests go to the P-CSCF, whatever their route set says. */
static struct sip_transaction *start(struct sip_ua *ua, struct span method, struct span branch, struct slice body)
{
    struct sip_client_start client = {.method = method,
                                      .branch = branch,
                                      .hop = ua->config.p_cscf,
                                      .timers = ua->config.timers,
                                      .head = sink_written(&ua->scratch),
                                      .body = body};

    check(!ua->scratch.overflow);
    client.hop.transport = ua->config.transport;
    client.hop = sip_hop_by_size(&ua->layer, client.hop, &ua->scratch, body.length);
    client.is_by_size = client.hop.transport != ua->config.transport;
    return sip_client_begin(&ua->layer, &client);
}

/* The session's buffers and timers are let go of; a new session may begin. */
static void session_clear(struct sip_ua *ua)
{
    struct sip_session *session = &ua->session;

    sip_alarm_stop(&ua->layer.clock, &session->again);
    sip_alarm_stop(&ua->layer.clock, &session->end);
    sip_pool_release(&ua->layer.pool, session->kept);
    sip_pool_release(&ua->layer.pool, session->sent);
    sip_pool_release(&ua->layer.pool, session->sent_body);
    session->kept = session->sent = session->sent_body = NULL;
    session->invite = NULL;
    session->state = SIP_SESSION_NONE;
    session->number++;
}

void sip_ua_invite(struct sip_ua *ua, int64_t now_ns, const char *target, struct span sdp, struct sip_outbox *out)
{
    sip_layer_begin(&ua->layer, now_ns, out);
    check(ua->session.state == SIP_SESSION_NONE);
    struct sip_buffer *body = sip_pool_copy(&ua->layer.pool, sdp);

    session_clear(ua);
    ua->session.state = SIP_SESSION_CALLING;
    ua->session.is_caller = true;
    ua->session.cseq = 1;
    ua->session.local_tag = sip_ua_draw(ua);
    struct span branch = sip_ua_write_invite(ua, target, sdp.size);

    start(ua, SPAN("INVITE"), branch, sip_buffer_slice(body))->token = ua->session.number;
    sip_pool_release(&ua->layer.pool, body);
    sip_layer_end(&ua->layer);
}

void sip_ua_bye(struct sip_ua *ua, int64_t now_ns, struct sip_outbox *out)
{
    struct sip_session *session = &ua->session;

    sip_layer_begin(&ua->layer, now_ns, out);
    check(session->state == SIP_SESSION_UP || session->state == SIP_SESSION_ANSWERED);
    sip_alarm_stop(&ua->layer.clock, &session->again);
    sip_alarm_stop(&ua->layer.clock, &session->end);
    struct span branch = sip_ua_write_in_dialog(ua, "BYE", ++session->cseq);

    session->state = SIP_SESSION_ENDING;
    if (branch.size > 0) {
        start(ua, SPAN("BYE"), branch, (struct slice){.length = 0})->token = session->number;
    } else {
        sip_layer_put(&ua->layer, SIP_REFUSED)->status = 513;
        session->state = SIP_SESSION_NONE;
    }
    sip_layer_end(&ua->layer);
}

void sip_ua_message(struct sip_ua *ua, int64_t now_ns, const struct sip_ua_message *message, struct sip_outbox *out)
{
    sip_layer_begin(&ua->layer, now_ns, out);
    struct span branch = sip_ua_write_message(ua, message);

    start(ua, SPAN("MESSAGE"), branch, message->body);
    sip_layer_end(&ua->layer);
}

size_t sip_ua_message_head_size(struct sip_ua *ua, const struct sip_ua_message *message)
{
    uint64_t drawn = ua->drawn;

    (void)sip_ua_write_message(ua, message);
    ua->drawn = drawn;
    check(!ua->scratch.overflow);
    return ua->scratch.size;
}

/* ---- Answers to the peer ---- */

static void respond(struct sip_ua *ua, struct sip_transaction *server, const struct sip_incoming *request, int status)
{
    sip_ua_write_response(ua, request, status, status > 100 ? sip_ua_draw(ua) : 0, 0);
    if (!ua->scratch.overflow)
        sip_server_respond(&ua->layer, server, status, sink_written(&ua->scratch), (struct slice){.length = 0});
}

static void tell(struct sip_ua *ua, enum sip_action action, int status, struct span head, struct slice body)
{
    struct sip_output *output = sip_layer_put(&ua->layer, action);

    output->status = status;
    output->head = head;
    output->body = body;
}

/* The 200 stays with the user agent until its ACK comes: sent again on every transport (section 13.3.1.4). */
void sip_ua_answer(struct sip_ua *ua, int64_t now_ns, struct span sdp, struct sip_outbox *out)
{
    struct sip_session *session = &ua->session;
    struct sip_layer *layer = &ua->layer;
    struct sip_incoming request;

    sip_layer_begin(layer, now_ns, out);
    /* Whoever called may have given up meanwhile: nothing is left to answer. */
    if (session->state != SIP_SESSION_INVITED || !session->invite) {
        sip_layer_end(layer);
        return;
    }
    request.head = sip_buffer_span(session->kept);
    request.from = session->hop;
    enum err error = sip_incoming_read(&request);

    check(error == ERR_OK); /* as when it came */
    sip_ua_write_response(ua, &request, 200, session->local_tag, sdp.size);
    if (ua->scratch.overflow) {
        sip_ua_write_response(ua, &request, 500, session->local_tag, 0);
        sip_server_respond(layer, session->invite, 500, sink_written(&ua->scratch), (struct slice){.length = 0});
        tell(ua, SIP_REFUSED, 500, sip_layer_lend(layer, sink_written(&ua->scratch)), (struct slice){.length = 0});
        session_clear(ua);
        sip_layer_end(layer);
        return;
    }
    session->sent = sip_pool_copy(&layer->pool, sink_written(&ua->scratch));
    session->sent_body = sip_pool_copy(&layer->pool, sdp);
    session->hop = session->invite->hop;
    session->state = SIP_SESSION_ANSWERED;
    sip_server_respond(layer, session->invite, 200, sip_buffer_span(session->sent),
                       sip_buffer_slice(session->sent_body));
    session->invite = NULL;
    session->interval_ns = ua->config.timers.t1_ns;
    sip_alarm_set(&layer->clock, &session->again, now_ns, session->interval_ns);
    sip_alarm_set(&layer->clock, &session->end, now_ns, 64 * ua->config.timers.t1_ns);
    sip_layer_end(layer);
}

/* ---- Requests of the peer ---- */

static struct sip_transaction *serve(struct sip_ua *ua, const struct sip_incoming *request)
{
    return sip_server_begin(&ua->layer, sip_server_key(&request->via, request->message.method), request->message.method,
                            sip_hop_back(&request->via, request->from), ua->config.timers);
}

static void take_invite(struct sip_ua *ua, const struct sip_incoming *request)
{
    struct sip_session *session = &ua->session;
    struct sip_transaction *server = serve(ua, request);

    respond(ua, server, request, 100);
    if (session->state != SIP_SESSION_NONE) {
        respond(ua, server, request, sip_ua_in_dialog(ua, &request->message) ? 488 : 486);
        return;
    }
    session_clear(ua);
    session->state = SIP_SESSION_INVITED;
    session->is_caller = false;
    session->cseq = 0;
    session->local_tag = sip_ua_draw(ua);
    session->kept = sip_pool_copy(&ua->layer.pool, request->head);
    session->invite = server;
    session->hop = request->from;
    tell(ua, SIP_INVITED, 0, request->head, request->body);
}

static void take_ack(struct sip_ua *ua, const struct sip_incoming *request)
{
    struct sip_session *session = &ua->session;

    if (session->state != SIP_SESSION_ANSWERED || !sip_ua_in_dialog(ua, &request->message))
        return;
    sip_alarm_stop(&ua->layer.clock, &session->again);
    sip_alarm_stop(&ua->layer.clock, &session->end);
    session->state = SIP_SESSION_UP;
    tell(ua, SIP_CONFIRMED, 0, request->head, request->body);
}

static void take_bye(struct sip_ua *ua, const struct sip_incoming *request)
{
    struct sip_session *session = &ua->session;
    bool is_ours = session->state >= SIP_SESSION_ANSWERED && sip_ua_in_dialog(ua, &request->message);

    respond(ua, serve(ua, request), request, is_ours ? 200 : 481);
    if (!is_ours)
        return;
    sip_alarm_stop(&ua->layer.clock, &session->again);
    sip_alarm_stop(&ua->layer.clock, &session->end);
    /* While our own BYE waits for its answer, that answer ends the session. */
    if (session->state != SIP_SESSION_ENDING)
        session->state = SIP_SESSION_NONE;
    tell(ua, SIP_ENDED, 0, request->head, request->body);
}

static void take_message(struct sip_ua *ua, const struct sip_incoming *request)
{
    respond(ua, serve(ua, request), request, 200);
    tell(ua, SIP_MESSAGE_RECEIVED, 0, request->head, request->body);
}

static void take_options(struct sip_ua *ua, const struct sip_incoming *request)
{
    respond(ua, serve(ua, request), request, 200);
}

/* Section 9.2. The INVITE is refused with 487 if nobody has answered it yet. */
static void take_cancel(struct sip_ua *ua, const struct sip_incoming *request)
{
    struct sip_session *session = &ua->session;
    struct sip_transaction *invite = sip_find(&ua->layer, sip_server_key(&request->via, SPAN("INVITE")));

    respond(ua, serve(ua, request), request, invite ? 200 : 481);
    if (!invite || session->state != SIP_SESSION_INVITED || session->invite != invite)
        return;
    struct sip_incoming first = {.head = sip_buffer_span(session->kept), .from = request->from};

    enum err error = sip_incoming_read(&first);

    check(error == ERR_OK); /* as when it came */
    respond(ua, invite, &first, 487);
    session_clear(ua);
    tell(ua, SIP_ENDED, 487, request->head, request->body);
}

static void take_other(struct sip_ua *ua, const struct sip_incoming *request)
{
    respond(ua, serve(ua, request), request, 405);
}

static const struct {
    const char *method;
    void (*take)(struct sip_ua *ua, const struct sip_incoming *request);
} methods[] = {
    {"MESSAGE", take_message}, {"INVITE", take_invite}, {"ACK", take_ack},
    {"BYE", take_bye},         {"CANCEL", take_cancel}, {"OPTIONS", take_options},
};

static void take_request(struct sip_ua *ua, const struct sip_incoming *request)
{
    struct span method = request->message.method;
    struct sip_transaction *server = sip_find(&ua->layer, sip_server_key(&request->via, method));

    if (server && span_equal(method, SPAN("ACK"))) {
        sip_server_acked(&ua->layer, server);
        return;
    }
    if (server) {
        sip_server_repeated(&ua->layer, server);
        return;
    }
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (span_equal(method, span_of(methods[i].method))) {
            methods[i].take(ua, request);
            return;
        }
    take_other(ua, request);
}

/* ---- Responses of the peer ---- */

static void answered(struct sip_ua *ua, const struct sip_incoming *response)
{
    struct sip_session *session = &ua->session;

    session->kept = sip_pool_copy(&ua->layer.pool, response->head);
    if (sip_ua_write_in_dialog(ua, "ACK", session->cseq).size == 0) {
        tell(ua, SIP_REFUSED, 513, response->head, response->body);
        session_clear(ua);
        return;
    }
    session->hop = ua->config.p_cscf;
    session->hop.transport = ua->config.transport;
    session->hop = sip_hop_by_size(&ua->layer, session->hop, &ua->scratch, 0);
    session->sent = sip_pool_copy(&ua->layer.pool, sink_written(&ua->scratch));
    session->state = SIP_SESSION_UP;
    sip_layer_send(&ua->layer, session->hop, sip_buffer_span(session->sent), (struct slice){.length = 0});
    tell(ua, SIP_ANSWERED, response->message.status, response->head, response->body);
}

/* A 2xx of the same peer once more: its ACK was lost, or is still under way. */
static void answered_again(struct sip_ua *ua, const struct sip_incoming *response)
{
    struct sip_session *session = &ua->session;
    struct sip_message kept;

    if (!session->is_caller || !session->sent || sip_parse(sip_buffer_span(session->kept), &kept) != ERR_OK)
        return;
    if (!span_equal(sip_tag(sip_value(&kept, SIP_HEADER_TO)), sip_tag(sip_value(&response->message, SIP_HEADER_TO))))
        return;
    sip_layer_send(&ua->layer, session->hop, sip_buffer_span(session->sent), (struct slice){.length = 0})->is_again =
        true;
}

static void take_final(struct sip_ua *ua, const struct sip_incoming *response, bool is_of_session)
{
    struct span method = response->cseq.method;
    int status = response->message.status;
    bool is_invite = span_equal(method, SPAN("INVITE"));
    bool is_bye = span_equal(method, SPAN("BYE"));

    if ((is_invite || is_bye) && !is_of_session)
        return;
    if (is_invite && status < 300) {
        answered(ua, response);
        return;
    }
    if (is_invite || is_bye)
        ua->session.state = SIP_SESSION_NONE;
    if (status >= 300)
        tell(ua, SIP_REFUSED, status, response->head, response->body);
    else
        tell(ua, is_bye ? SIP_BYE_ANSWERED : SIP_MESSAGE_ANSWERED, status, response->head, response->body);
}

static void take_response(struct sip_ua *ua, const struct sip_incoming *response)
{
    struct sip_transaction *client = sip_find(&ua->layer, sip_client_key(response->via.branch, response->cseq.method));

    if (!client)
        return;
    bool is_of_session = client->token == ua->session.number;

    switch (sip_client_take(&ua->layer, client, &response->message)) {
    case SIP_NEWS_FINAL:
        take_final(ua, response, is_of_session);
        break;
    case SIP_NEWS_AGAIN:
        if (is_of_session)
            answered_again(ua, response);
        break;
    case SIP_NEWS_PROVISIONAL:
    case SIP_NEWS_NONE:
        break;
    }
}

void sip_ua_receive(struct sip_ua *ua, int64_t now_ns, struct sip_hop from, struct span head, struct slice body,
                    struct sip_outbox *out)
{
    struct sip_incoming request;

    request.from = from;
    request.body = body;
    request.head = head;
    sip_layer_begin(&ua->layer, now_ns, out);
    if (sip_incoming_read(&request) == ERR_OK) {
        if (request.message.is_request)
            take_request(ua, &request);
        else
            take_response(ua, &request);
    }
    sip_layer_end(&ua->layer);
}

void sip_ua_refused(struct sip_ua *ua, int64_t now_ns, struct sip_hop hop, struct sip_outbox *out)
{
    sip_layer_begin(&ua->layer, now_ns, out);
    sip_layer_refused(&ua->layer, hop);
    sip_layer_end(&ua->layer);
}

/* ---- Timers ---- */

static void session_ring(struct sip_ua *ua, const struct sip_alarm *alarm)
{
    struct sip_session *session = &ua->session;
    struct sip_layer *layer = &ua->layer;
    int64_t t2_ns = ua->config.timers.t2_ns;

    if (alarm->what == ALARM_ANSWER_END) {
        sip_alarm_stop(&layer->clock, &session->again);
        tell(ua, SIP_TIMED_OUT, 408, sip_buffer_span(session->sent), sip_buffer_slice(session->sent_body));
        session->state = SIP_SESSION_NONE;
        return;
    }
    struct sip_output *output =
        sip_layer_send(layer, session->hop, sip_buffer_span(session->sent), sip_buffer_slice(session->sent_body));

    output->is_again = true;
    output->status = 200;
    layer->retransmissions++;
    session->interval_ns = 2 * session->interval_ns < t2_ns ? 2 * session->interval_ns : t2_ns;
    sip_alarm_set(&layer->clock, &session->again, layer->now_ns, session->interval_ns);
}

static void timed_out(struct sip_ua *ua, struct sip_transaction *client)
{
    bool is_of_session = !client->is_message && client->token == ua->session.number;

    if (is_of_session)
        ua->session.state = SIP_SESSION_NONE;
    if (is_of_session || client->is_message)
        tell(ua, SIP_TIMED_OUT, 408, client->head ? sip_buffer_span(client->head) : (struct span){"", 0},
             (struct slice){.length = 0});
    sip_transaction_end(&ua->layer, client);
}

void sip_ua_wake(struct sip_ua *ua, int64_t now_ns, struct sip_outbox *out)
{
    struct sip_alarm *alarm;

    sip_layer_begin(&ua->layer, now_ns, out);
    while (sip_layer_has_room(&ua->layer) && (alarm = sip_clock_due(&ua->layer.clock, now_ns)) != NULL) {
        if (alarm->what >= SIP_ALARM_USER) {
            session_ring(ua, alarm);
            continue;
        }
        struct sip_transaction *client = sip_transaction_ring(&ua->layer, alarm);

        if (client)
            timed_out(ua, client);
    }
    sip_layer_end(&ua->layer);
}
