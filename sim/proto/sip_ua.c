/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/check.h"
#include "sim/proto/sip_ua_state.h"

struct sip_ua *sip_ua_create(struct arena *arena, const struct sip_ua_config *config)
{
    struct sip_ua *ua = arena_alloc(arena, sizeof(*ua));

    check(config->timers.t1_ns > 0 && config->transport <= SIP_TLS);
    ua->config = *config;
    sip_layer_init(&ua->layer, arena);
    ua->layer.by_size = config->by_size;
    ua->scratch = (struct sink){.data = ua->scratch_bytes, .capacity = sizeof(ua->scratch_bytes)};
    ua->session.again.what = SIP_ALARM_ANSWER_AGAIN;
    ua->session.end.what = SIP_ALARM_ANSWER_END;
    ua->session.reliable.again.what = SIP_ALARM_RELIABLE_AGAIN;
    ua->session.reliable.end.what = SIP_ALARM_RELIABLE_END;
    ua->registration.refresh.what = SIP_ALARM_REFRESH;
    return ua;
}

bool sip_ua_is_up(const struct sip_ua *ua)
{
    return ua->session.state == SIP_SESSION_UP;
}

bool sip_ua_is_at_rest(const struct sip_ua *ua)
{
    return ua->session.state == SIP_SESSION_NONE && sip_layer_is_at_rest(&ua->layer);
}

struct sip_layer *sip_ua_layer(struct sip_ua *ua)
{
    return &ua->layer;
}

uint64_t sip_ua_retransmissions(const struct sip_ua *ua)
{
    return ua->layer.retransmissions;
}

/* ---- Requests of the user ---- */

/* All requests go to the P-CSCF, whatever their route set says. */
struct sip_transaction *sip_ua_start(struct sip_ua *ua, struct span method, struct span branch, struct slice body)
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
void sip_ua_clear(struct sip_ua *ua)
{
    struct sip_session *session = &ua->session;

    sip_alarm_stop(&ua->layer.clock, &session->again);
    sip_alarm_stop(&ua->layer.clock, &session->end);
    sip_pool_release(&ua->layer.pool, session->kept);
    sip_pool_release(&ua->layer.pool, session->sent);
    sip_pool_release(&ua->layer.pool, session->sent_body);
    sip_pool_release(&ua->layer.pool, session->offer);
    session->kept = session->sent = session->sent_body = session->offer = NULL;
    session->invite = NULL;
    session->has_update = false;
    sip_ua_reliable_stop(ua);
    session->reliable.rseq = 0;
    session->reliable.is_waiting = false;
    sip_ua_early_clear(ua);
    session->state = SIP_SESSION_NONE;
    session->number++;
}

void sip_ua_start_invite(struct sip_ua *ua)
{
    struct sip_session *session = &ua->session;
    struct span branch = sip_ua_write_invite(ua, &session->initial, session->offer->size);
    struct sip_transaction *invite = sip_ua_start(ua, SPAN("INVITE"), branch, sip_buffer_slice(session->offer));

    session->invite_cseq = session->initial.cseq;
    invite->token = session->number;
    session->invite_key = invite->key;
}

void sip_ua_invite(struct sip_ua *ua, int64_t now_ns, const char *target, struct span sdp, struct sip_outbox *out)
{
    struct sip_session *session = &ua->session;

    sip_layer_begin(&ua->layer, now_ns, out);
    check(session->state == SIP_SESSION_NONE);
    sip_ua_clear(ua);
    session->offer = sip_pool_copy(&ua->layer.pool, sdp);
    session->state = SIP_SESSION_CALLING;
    session->is_caller = true;
    session->cseq = 1;
    session->local_tag = sip_ua_draw(ua);
    session->initial = (struct sip_initial){.target = target, .tag = session->local_tag, .cseq = 1};
    sip_ua_start_invite(ua);
    sip_layer_end(&ua->layer);
}

void sip_ua_bye(struct sip_ua *ua, int64_t now_ns, struct sip_outbox *out)
{
    struct sip_session *session = &ua->session;

    sip_layer_begin(&ua->layer, now_ns, out);
    check(session->state == SIP_SESSION_UP || session->state == SIP_SESSION_ANSWERED);
    sip_alarm_stop(&ua->layer.clock, &session->again);
    sip_alarm_stop(&ua->layer.clock, &session->end);
    struct sip_in_dialog bye = {.method = "BYE", .kept = session->kept, .cseq = ++session->cseq};
    struct span branch = sip_ua_write_in_dialog(ua, &bye);

    session->state = SIP_SESSION_ENDING;
    if (branch.size > 0) {
        sip_ua_start(ua, SPAN("BYE"), branch, (struct slice){.length = 0})->token = session->number;
    } else {
        sip_layer_put(&ua->layer, SIP_REFUSED)->status = 513;
        session->state = SIP_SESSION_NONE;
    }
    sip_layer_end(&ua->layer);
}

void sip_ua_message(struct sip_ua *ua, int64_t now_ns, const struct sip_ua_message *message, struct sip_outbox *out)
{
    sip_layer_begin(&ua->layer, now_ns, out);
    struct sip_initial initial = {.target = message->target, .tag = sip_ua_draw(ua), .cseq = 1};
    struct span branch = sip_ua_write_message(ua, &initial, message);
    struct span method = message->method ? span_of(message->method) : SPAN("MESSAGE");
    struct sip_transaction *client = sip_ua_start(ua, method, branch, message->body);

    if (ua->config.secret.md5)
        sip_ua_keep_message(ua, &initial, message, client);
    sip_layer_end(&ua->layer);
}

size_t sip_ua_message_head_size(struct sip_ua *ua, const struct sip_ua_message *message)
{
    struct sip_initial initial = {.target = message->target, .tag = sip_ua_draw(ua), .cseq = 1};
    uint64_t drawn = ua->drawn - 1;

    ua->challenge.is_sizing = true;
    (void)sip_ua_write_message(ua, &initial, message);
    ua->challenge.is_sizing = false;
    ua->drawn = drawn;
    check(!ua->scratch.overflow);
    return ua->scratch.size;
}

/* ---- Answers to the peer ---- */

void sip_ua_respond(struct sip_ua *ua, struct sip_transaction *server, const struct sip_incoming *request, int status)
{
    struct sip_reply reply = {.status = status, .tag = status > 100 ? sip_ua_draw(ua) : 0};

    sip_ua_write_reply(ua, request, &reply);
    if (!ua->scratch.overflow)
        sip_server_respond(&ua->layer, server, status, sink_written(&ua->scratch), (struct slice){.length = 0});
}

struct sip_output *sip_ua_tell(struct sip_ua *ua, enum sip_action action, int status, struct span head,
                               struct slice body)
{
    struct sip_output *output = sip_layer_put(&ua->layer, action);

    output->status = status;
    output->head = head;
    output->body = body;
    return output;
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

    check(error == ERR_OK);   /* as when it came */
    sip_ua_reliable_stop(ua); /* what waits for a PRACK has said all it could (RFC 3262 section 3) */
    struct sip_reply ok = {.status = 200, .tag = session->local_tag, .sdp_size = sdp.size, .makes_dialog = true};

    sip_ua_write_reply(ua, &request, &ok);
    if (ua->scratch.overflow) {
        struct sip_reply failed = {.status = 500, .tag = session->local_tag};

        sip_ua_write_reply(ua, &request, &failed);
        sip_server_respond(layer, session->invite, 500, sink_written(&ua->scratch), (struct slice){.length = 0});
        sip_ua_tell(ua, SIP_REFUSED, 500, sip_layer_lend(layer, sink_written(&ua->scratch)),
                    (struct slice){.length = 0});
        sip_ua_clear(ua);
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

struct sip_transaction *sip_ua_serve(struct sip_ua *ua, const struct sip_incoming *request)
{
    return sip_server_begin(&ua->layer, sip_server_key(&request->via, request->message.method), request->message.method,
                            sip_hop_back(&request->via, request->from), ua->config.timers);
}

static void take_invite(struct sip_ua *ua, const struct sip_incoming *request)
{
    struct sip_session *session = &ua->session;
    struct sip_transaction *server = sip_ua_serve(ua, request);

    sip_ua_respond(ua, server, request, 100);
    if (session->state != SIP_SESSION_NONE) {
        sip_ua_respond(ua, server, request, sip_ua_in_dialog(ua, &request->message) ? 488 : 486);
        return;
    }
    sip_ua_clear(ua);
    session->state = SIP_SESSION_INVITED;
    session->is_caller = false;
    session->cseq = 0;
    session->local_tag = sip_ua_draw(ua);
    session->kept = sip_pool_copy(&ua->layer.pool, request->head);
    session->invite = server;
    session->hop = request->from;
    sip_ua_tell(ua, SIP_INVITED, 0, request->head, request->body);
}

static void take_ack(struct sip_ua *ua, const struct sip_incoming *request)
{
    struct sip_session *session = &ua->session;

    if (session->state != SIP_SESSION_ANSWERED || !sip_ua_in_dialog(ua, &request->message))
        return;
    sip_alarm_stop(&ua->layer.clock, &session->again);
    sip_alarm_stop(&ua->layer.clock, &session->end);
    session->state = SIP_SESSION_UP;
    sip_ua_tell(ua, SIP_CONFIRMED, 0, request->head, request->body);
}

static void take_bye(struct sip_ua *ua, const struct sip_incoming *request)
{
    struct sip_session *session = &ua->session;
    bool is_ours = session->state >= SIP_SESSION_ANSWERED && sip_ua_in_dialog(ua, &request->message);

    sip_ua_respond(ua, sip_ua_serve(ua, request), request, is_ours ? 200 : 481);
    if (!is_ours)
        return;
    sip_alarm_stop(&ua->layer.clock, &session->again);
    sip_alarm_stop(&ua->layer.clock, &session->end);
    /* While our own BYE waits for its answer, that answer ends the session. */
    if (session->state != SIP_SESSION_ENDING)
        session->state = SIP_SESSION_NONE;
    sip_ua_tell(ua, SIP_ENDED, 0, request->head, request->body);
}

static void take_message(struct sip_ua *ua, const struct sip_incoming *request)
{
    sip_ua_respond(ua, sip_ua_serve(ua, request), request, 200);
    sip_ua_tell(ua, SIP_MESSAGE_RECEIVED, 0, request->head, request->body);
}

static void take_options(struct sip_ua *ua, const struct sip_incoming *request)
{
    sip_ua_respond(ua, sip_ua_serve(ua, request), request, 200);
}

/* Section 9.2. The INVITE is refused with 487 if nobody has answered it yet. */
static void take_cancel(struct sip_ua *ua, const struct sip_incoming *request)
{
    struct sip_session *session = &ua->session;
    struct sip_transaction *invite = sip_find(&ua->layer, sip_server_key(&request->via, SPAN("INVITE")));

    sip_ua_respond(ua, sip_ua_serve(ua, request), request, invite ? 200 : 481);
    if (!invite || session->state != SIP_SESSION_INVITED || session->invite != invite)
        return;
    sip_ua_refuse_invite(ua, 487);
    sip_ua_tell(ua, SIP_ENDED, 487, request->head, request->body);
}

/* RFC 3903 section 6: the 200 names the version that was published. */
static void take_publish(struct sip_ua *ua, const struct sip_incoming *request)
{
    struct sip_transaction *server = sip_ua_serve(ua, request);
    struct sip_reply reply = {.status = 200, .tag = sip_ua_draw(ua), .etag = sip_ua_draw(ua) | 1};

    if (!ua->config.takes_events) {
        sip_ua_respond(ua, server, request, 405);
        return;
    }
    sip_ua_write_reply(ua, request, &reply);
    if (!ua->scratch.overflow)
        sip_server_respond(&ua->layer, server, 200, sink_written(&ua->scratch), (struct slice){.length = 0});
}

static void take_notify(struct sip_ua *ua, const struct sip_incoming *request)
{
    sip_ua_respond(ua, sip_ua_serve(ua, request), request, ua->config.takes_events ? 200 : 405);
}

static void take_other(struct sip_ua *ua, const struct sip_incoming *request)
{
    sip_ua_respond(ua, sip_ua_serve(ua, request), request, 405);
}

static const struct {
    const char *method;
    void (*take)(struct sip_ua *ua, const struct sip_incoming *request);
} methods[] = {
    {"MESSAGE", take_message},    {"INVITE", take_invite},        {"ACK", take_ack},         {"BYE", take_bye},
    {"CANCEL", take_cancel},      {"OPTIONS", take_options},      {"PUBLISH", take_publish}, {"NOTIFY", take_notify},
    {"PRACK", sip_ua_take_prack}, {"UPDATE", sip_ua_take_update},
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
    const struct sip_early *early = sip_ua_early(ua, response);
    uint32_t dialog = early ? (uint32_t)(early - session->early) : 0;

    session->kept = sip_pool_copy(&ua->layer.pool, response->head);
    struct sip_in_dialog ack = {.method = "ACK", .kept = session->kept, .cseq = session->invite_cseq};

    if (sip_ua_write_in_dialog(ua, &ack).size == 0) {
        sip_ua_tell(ua, SIP_REFUSED, 513, response->head, response->body);
        sip_ua_clear(ua);
        return;
    }
    session->hop = ua->config.p_cscf;
    session->hop.transport = ua->config.transport;
    session->hop = sip_hop_by_size(&ua->layer, session->hop, &ua->scratch, 0);
    session->sent = sip_pool_copy(&ua->layer.pool, sink_written(&ua->scratch));
    session->state = SIP_SESSION_UP;
    sip_layer_send(&ua->layer, session->hop, sip_buffer_span(session->sent), (struct slice){.length = 0});
    sip_ua_tell(ua, SIP_ANSWERED, response->message.status, response->head, response->body)->token = dialog;
}

/* A 2xx of another device: it is acknowledged, and its session ended (section 13.2.2.4). */
static void answered_elsewhere(struct sip_ua *ua, const struct sip_incoming *response)
{
    struct sip_session *session = &ua->session;
    struct sip_early *early = sip_ua_early(ua, response);

    if (!early)
        return;
    sip_pool_release(&ua->layer.pool, early->kept);
    early->kept = sip_pool_copy(&ua->layer.pool, response->head);
    struct sip_in_dialog ack = {.method = "ACK", .kept = early->kept, .cseq = session->invite_cseq};
    struct sip_hop hop = session->hop;

    if (sip_ua_write_in_dialog(ua, &ack).size == 0)
        return;
    sip_layer_send(&ua->layer, hop, sip_layer_lend(&ua->layer, sink_written(&ua->scratch)), (struct slice){.length = 0})
        ->is_again = early->is_ended;
    if (early->is_ended)
        return;
    early->is_ended = true;
    struct sip_in_dialog bye = {.method = "BYE", .kept = early->kept, .cseq = session->invite_cseq + 1};
    struct span branch = sip_ua_write_in_dialog(ua, &bye);

    if (branch.size > 0)
        sip_ua_start(ua, SPAN("BYE"), branch, (struct slice){.length = 0});
}

/* A 2xx of the same peer once more: its ACK was lost, or is still under way. */
static void answered_again(struct sip_ua *ua, const struct sip_incoming *response)
{
    struct sip_session *session = &ua->session;
    struct sip_message kept;

    if (!session->is_caller || !session->sent || sip_parse(sip_buffer_span(session->kept), &kept) != ERR_OK)
        return;
    if (!span_equal(sip_tag(sip_value(&kept, SIP_HEADER_TO)), sip_tag(sip_value(&response->message, SIP_HEADER_TO)))) {
        answered_elsewhere(ua, response);
        return;
    }
    sip_layer_send(&ua->layer, session->hop, sip_buffer_span(session->sent), (struct slice){.length = 0})->is_again =
        true;
}

/* The outcome of the INVITE that is not a 2xx, or of the BYE. */
static void session_over(struct sip_ua *ua, const struct sip_incoming *response, enum sip_action action)
{
    ua->session.state = SIP_SESSION_NONE;
    sip_ua_tell(ua, action, response->message.status, response->head, response->body);
}

static void final_invite(struct sip_ua *ua, const struct sip_incoming *response)
{
    if (response->message.status < 300)
        answered(ua, response);
    else
        session_over(ua, response, SIP_REFUSED);
}

static void final_bye(struct sip_ua *ua, const struct sip_incoming *response)
{
    session_over(ua, response, response->message.status < 300 ? SIP_BYE_ANSWERED : SIP_REFUSED);
}

static void final_prack(struct sip_ua *ua, const struct sip_incoming *response)
{
    if (response->message.status >= 300)
        sip_ua_give_up(ua);
}

static void final_update(struct sip_ua *ua, const struct sip_incoming *response)
{
    if (response->message.status >= 300)
        sip_ua_give_up(ua);
    else
        sip_ua_tell(ua, SIP_UPDATE_ANSWERED, response->message.status, response->head, response->body);
}

/* Of requests that are the session's; others, a CANCEL among them, need nothing more. */
static const struct {
    const char *method;
    void (*take)(struct sip_ua *ua, const struct sip_incoming *response);
} finals[] = {{"INVITE", final_invite}, {"BYE", final_bye}, {"PRACK", final_prack}, {"UPDATE", final_update}};

static void take_final(struct sip_ua *ua, const struct sip_incoming *response, bool is_of_session)
{
    int status = response->message.status;

    if (status == 407 && sip_ua_take_challenge(ua, response, is_of_session))
        return;
    if (span_equal(response->cseq.method, SPAN("MESSAGE")))
        sip_ua_tell(ua, status >= 300 ? SIP_REFUSED : SIP_MESSAGE_ANSWERED, status, response->head, response->body);
    for (size_t i = 0; i < sizeof(finals) / sizeof(finals[0]) && is_of_session; i++)
        if (span_equal(response->cseq.method, span_of(finals[i].method)))
            finals[i].take(ua, response);
}

static void take_response(struct sip_ua *ua, const struct sip_incoming *response)
{
    struct sip_transaction *client = sip_find(&ua->layer, sip_client_key(response->via.branch, response->cseq.method));

    if (!client)
        return;
    if (client->token == SIP_TOKEN_REGISTER) {
        sip_ua_register_take(ua, client, response);
        return;
    }
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
        if (is_of_session)
            sip_ua_take_progress(ua, response);
        break;
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
