/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/proto/sip_registrar.h"

enum { RETRY_AFTER_MOST_S = 86400 }; /* longer ones are taken for nonsense */

/* RFC 3261 section 16.6, step 11: more than three minutes. */
#define TIMER_C_NS (181 * SECOND)

static const struct slice no_body;

struct sip_proxy *sip_proxy_create(struct arena *arena, const struct sip_proxy_config *config)
{
    struct sip_proxy *proxy = arena_alloc(arena, sizeof(*proxy));

    check(config->timers.t1_ns > 0 && config->transport <= SIP_TLS && config->role <= CSCF_AS);
    proxy->config = *config;
    if (config->timers_ue.t1_ns == 0)
        proxy->config.timers_ue = config->timers;
    sip_layer_init(&proxy->layer, arena);
    proxy->layer.timer_c_ns = TIMER_C_NS;
    proxy->layer.by_size = config->by_size;
    proxy->scratch = (struct sink){.data = proxy->scratch_bytes, .capacity = sizeof(proxy->scratch_bytes)};
    for (const struct sip_name *name = config->names; name && name->name; name++)
        if (span_equal_nocase(span_of(name->name), span_of(config->name)))
            proxy->own_address = name->hop.address;
    return proxy;
}

bool sip_proxy_may_refuse(struct span head)
{
    static const char *const never[] = {"ACK ", "CANCEL ", "REGISTER ", "SIP/2.0 "};
    struct sip_message message;

    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
        if (span_starts(head, span_of(never[i])))
            return false;
    return sip_parse(head, &message) == ERR_OK && message.is_request &&
           sip_tag(sip_value(&message, SIP_HEADER_TO)).size == 0;
}

uint64_t sip_proxy_refused_requests(const struct sip_proxy *proxy)
{
    return proxy->refusals;
}

uint64_t sip_proxy_held_back(const struct sip_proxy *proxy)
{
    return proxy->held_back;
}

void sip_proxy_set_overload(struct sip_proxy *proxy, uint64_t retry_after_s)
{
    proxy->config.retry_after_s = retry_after_s;
}

uint64_t sip_proxy_retransmissions(const struct sip_proxy *proxy)
{
    return proxy->layer.retransmissions;
}

/* ---- Answers of its own ---- */

void sip_proxy_answer(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                      int status)
{
    struct sink *sink = &proxy->scratch;

    sink->size = 0;
    sink->overflow = false;
    sip_write_answer(sink, request, status, status > 100 ? sip_proxy_draw(proxy) : 0);
    if (status == 503) {
        sink_span(sink, SPAN("Retry-After: "));
        sink_number(sink, proxy->config.retry_after_s);
        sink_span(sink, SPAN("\r\n"));
    }
    if (status == 407)
        sip_digest_challenge(&proxy->nonces, &proxy->config.secret, sip_proxy_draw(proxy), sink);
    if (status == 420) /* section 8.2.2.3: of extensions it knows none */
        sip_write_line(sink, "Unsupported", sip_value(&request->message, SIP_HEADER_PROXY_REQUIRE));
    sip_write_end(sink, 0);
    if (!sink->overflow)
        sip_server_respond(&proxy->layer, server, status, sink_written(sink), no_body);
}

/* The same when the request is long gone: it was kept with its transaction. */
void sip_proxy_answer_later(struct sip_proxy *proxy, struct sip_transaction *server, int status)
{
    struct sip_incoming request;

    if (!server || !server->request)
        return;
    request.head = sip_buffer_span(server->request);
    request.from = server->hop;
    request.body = no_body;
    if (sip_incoming_read(&request) == ERR_OK)
        sip_proxy_answer(proxy, server, &request, status);
}

/* ---- Requests ---- */

struct sip_transaction *sip_proxy_pass(struct sip_proxy *proxy, const struct sip_incoming *request,
                                       const struct sip_forward *forward, const struct slice *body)
{
    uint32_t seed = (uint32_t)(sip_mix(proxy->config.identity, 0) + proxy->drawn++ * UINT64_C(0x9e3779b1));
    struct span branch = sip_forward_request(proxy, request, forward, seed, body);
    struct sip_hop hop = sip_hop_by_size(&proxy->layer, forward->hop, &proxy->scratch, body->length);
    struct sip_client_start start = {.method = request->message.method,
                                     .branch = branch,
                                     .hop = hop,
                                     .is_by_size = hop.transport != forward->hop.transport,
                                     .timers = forward->is_to_ue ? proxy->config.timers_ue : proxy->config.timers,
                                     .head = sink_written(&proxy->scratch),
                                     .body = *body};

    return proxy->scratch.overflow ? NULL : sip_client_begin(&proxy->layer, &start);
}

/* Whether the request has passed here before, as one that an application server sends back has. */
static bool has_own_via(const struct sip_proxy *proxy, const struct sip_message *message)
{
    for (const struct sip_line *line = sip_line_next(message, SIP_HEADER_VIA, NULL); line;
         line = sip_line_next(message, SIP_HEADER_VIA, line)) {
        struct span rest = line->value, element;
        struct sip_via via;

        while (rest.size > 0 && sip_cut_element(&rest, &element) == ERR_OK)
            if (sip_parse_via(element, &via) == ERR_OK && via.port == proxy->config.port &&
                span_equal_nocase(via.host, span_of(proxy->config.name)))
                return true;
    }
    return false;
}

/* ---- Next hops that want to be left alone ---- */

/* The one that ends first makes room for another. */
static void heed(struct sip_proxy *proxy, const struct sip_incoming *response)
{
    struct span value = sip_value(&response->message, SIP_HEADER_RETRY_AFTER);
    struct sip_closed *place = &proxy->closed[0];
    uint64_t seconds;

    if (response->message.status != 503 || !proxy->config.heeds_retry_after ||
        span_cut_number(&value, &seconds) != ERR_OK || seconds > RETRY_AFTER_MOST_S)
        return;
    for (size_t i = 0; i < SIP_CLOSED_MAX; i++) {
        struct sip_closed *closed = &proxy->closed[i];

        if (closed->address == response->from.address && closed->port == response->from.port) {
            place = closed;
            break;
        }
        if (closed->until_ns < place->until_ns)
            place = closed;
    }
    *place = (struct sip_closed){response->from.address, response->from.port,
                                 proxy->layer.now_ns + (int64_t)seconds * SECOND};
}

static bool is_closed(const struct sip_proxy *proxy, struct sip_hop hop)
{
    for (size_t i = 0; i < SIP_CLOSED_MAX; i++)
        if (proxy->closed[i].address == hop.address && proxy->closed[i].port == hop.port)
            return proxy->layer.now_ns < proxy->closed[i].until_ns;
    return false;
}

/* Sends the request on and ties both transactions together, or ties one to all of those where it goes. */
void sip_proxy_pass_on(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                       struct sip_forward *forward)
{
    struct span method = request->message.method;
    bool has_offer = span_equal(method, SPAN("INVITE")) || span_equal(method, SPAN("UPDATE"));
    struct slice body = request->body;

    /* There is no other way: it is as if the next hop had said 503 once more (section 16.7, step 6). */
    if (forward->is_initial && is_closed(proxy, forward->hop)) {
        proxy->held_back++;
        sip_proxy_answer(proxy, server, request, 500);
        return;
    }
    server->has_been_here = has_offer && proxy->config.rewrite_sdp && has_own_via(proxy, &request->message);
    if (has_offer && !server->has_been_here)
        body = sip_forward_body(proxy, request, false);
    if (forward->other) {
        sip_fork_pass(proxy, server, request, forward, &body);
        return;
    }
    struct sip_transaction *client = sip_proxy_pass(proxy, request, forward, &body);

    if (!client) {
        sip_proxy_answer(proxy, server, request, 513);
        return;
    }
    client->partner = server;
    server->partner = client;
}

void sip_proxy_route(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                     struct sip_forward *forward)
{
    int status = sip_cscf_route(proxy, request, forward);

    switch (status) {
    case 0:
        sip_proxy_pass_on(proxy, server, request, forward);
        break;
    case SIP_CSCF_LOCATE:
        sip_pending_locate(proxy, server, request);
        break;
    case SIP_CSCF_ASK:
        sip_pending_ask(proxy, server, request, SIP_WAIT_AUTHORIZATION, &forward->question);
        break;
    case SIP_CSCF_RESOLVE:
        sip_pending_resolve(proxy, server, request, forward->domain);
        break;
    case SIP_CSCF_REGISTRAR:
        sip_registrar_take(proxy, server, request);
        break;
    default:
        sip_proxy_answer(proxy, server, request, status);
    }
}

/* ACK to a 2xx has no transaction: it goes on by its Route, with a branch that is the same when it comes again (section
 * 16.11). */
static void pass_ack(struct sip_proxy *proxy, const struct sip_incoming *request)
{
    struct sip_forward forward;

    if (sip_cscf_begin(proxy, request, &forward) != 0)
        return;
    forward.is_initial = false;
    if (sip_cscf_route(proxy, request, &forward) != 0)
        return;
    uint32_t seed = (uint32_t)sip_hash(proxy->config.identity, request->via.branch);

    sip_forward_request(proxy, request, &forward, seed, &request->body);
    struct sip_hop hop = sip_hop_by_size(&proxy->layer, forward.hop, &proxy->scratch, request->body.length);

    if (!proxy->scratch.overflow)
        sip_layer_send(&proxy->layer, hop, sip_layer_lend(&proxy->layer, sink_written(&proxy->scratch)), request->body);
}

/* Section 16.10: what the INVITE has sent on is cancelled, and the CANCEL itself answered. */
static void take_cancel(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request)
{
    struct sip_transaction *invite = sip_find(&proxy->layer, sip_server_key(&request->via, SPAN("INVITE")));

    sip_proxy_answer(proxy, server, request, invite ? 200 : 481);
    if (!invite || invite->kind != SIP_SERVER_INVITE)
        return;
    if (invite->fork) {
        sip_fork_cancel(proxy, invite->fork);
        return;
    }
    if (invite->partner) {
        sip_client_cancel(&proxy->layer, invite->partner);
        return;
    }
    /* It still waits for the HSS, whose answer will find it refused. */
    if (invite->state == SIP_STATE_PROCEEDING)
        sip_proxy_answer_later(proxy, invite, 487);
}

static void take_new(struct sip_proxy *proxy, const struct sip_incoming *request, struct sip_key key)
{
    struct span method = request->message.method;
    struct sip_forward forward;
    int status = sip_cscf_begin(proxy, request, &forward);
    struct sip_timers timers = forward.is_from_ue ? proxy->config.timers_ue : proxy->config.timers;
    struct sip_transaction *server =
        sip_server_begin(&proxy->layer, key, method, sip_hop_back(&request->via, request->from), timers);

    if (span_equal(method, SPAN("CANCEL"))) {
        take_cancel(proxy, server, request);
        return;
    }
    if (server->kind == SIP_SERVER_INVITE) {
        server->request = sip_pool_copy(&proxy->layer.pool, request->head);
        sip_proxy_answer(proxy, server, request, 100);
    }
    /* Overload is taken to come later than registrations. */
    if (status == 0 && forward.is_initial && proxy->config.retry_after_s > 0 && !span_equal(method, SPAN("REGISTER")))
        status = 503;
    proxy->refusals += status == 503;
    if (status == 0)
        sip_proxy_route(proxy, server, request, &forward);
    else
        sip_proxy_answer(proxy, server, request, status);
}

static void take_request(struct sip_proxy *proxy, const struct sip_incoming *request)
{
    struct sip_key key = sip_server_key(&request->via, request->message.method);
    struct sip_transaction *server = sip_find(&proxy->layer, key);
    bool is_ack = span_equal(request->message.method, SPAN("ACK"));

    if (server && is_ack)
        sip_server_acked(&proxy->layer, server);
    else if (server)
        sip_server_repeated(&proxy->layer, server);
    else if (is_ack)
        pass_ack(proxy, request);
    else
        take_new(proxy, request, key);
}

/* ---- Responses ---- */

void sip_proxy_return(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *response)
{
    int status = response->message.status;
    bool is_answer =
        status < 300 && (server->kind == SIP_SERVER_INVITE || span_equal(response->cseq.method, SPAN("UPDATE")));
    struct slice body = is_answer && !server->has_been_here ? sip_forward_body(proxy, response, true) : response->body;

    /* Section 16.7, step 6: the overload of the next hop says nothing of other ways, so upstream hears of an error. */
    if (status == 503)
        status = 500;
    sip_forward_response(proxy, response, status, &body);
    if (span_equal(response->cseq.method, SPAN("REGISTER")))
        sip_register_response(proxy, server, response);
    if (!proxy->scratch.overflow)
        sip_server_respond(&proxy->layer, server, status, sink_written(&proxy->scratch), body);
}

/* A response without a transaction goes nowhere (RFC 6026 section 7.3). */
static void take_response(struct sip_proxy *proxy, const struct sip_incoming *response)
{
    struct sip_layer *layer = &proxy->layer;
    struct sip_transaction *client = sip_find(layer, sip_client_key(response->via.branch, response->cseq.method));
    int status = response->message.status;

    if (!client || client->kind > SIP_CLIENT_OTHER)
        return;
    heed(proxy, response);
    struct sip_transaction *server = client->partner;
    struct sip_fork *fork = client->fork;
    enum sip_news news = sip_client_take(layer, client, &response->message);

    if (news == SIP_NEWS_NONE || status == 100)
        return;
    if (fork)
        sip_fork_take(proxy, fork, response, news == SIP_NEWS_FINAL);
    else if (server)
        sip_proxy_return(proxy, server, response);
}

void sip_proxy_receive(struct sip_proxy *proxy, int64_t now_ns, struct sip_hop from, struct span head,
                       struct slice body, struct sip_outbox *out)
{
    struct sip_incoming incoming;

    incoming.head = head;
    incoming.from = from;
    incoming.body = body;
    sip_layer_begin(&proxy->layer, now_ns, out);
    if (sip_incoming_read(&incoming) == ERR_OK) {
        if (incoming.message.is_request)
            take_request(proxy, &incoming);
        else
            take_response(proxy, &incoming);
    }
    sip_layer_end(&proxy->layer);
}

/* ---- Timers ---- */

/* Nobody answered. An INVITE is told so upstream; nothing else is, since its client has given up by itself and a 408
 * would only add to the load (RFC 4320 section 4.2). */
static void timed_out(struct sip_proxy *proxy, struct sip_transaction *client)
{
    if (client->kind == SIP_CLIENT_INVITE && client->state == SIP_STATE_PROCEEDING && !client->has_cancelled) {
        sip_client_cancel(&proxy->layer, client); /* Timer C */
        return;
    }
    if (client->fork)
        sip_fork_timed_out(proxy, client->fork);
    else if (client->kind == SIP_CLIENT_INVITE)
        sip_proxy_answer_later(proxy, client->partner, 408);
    sip_transaction_end(&proxy->layer, client);
}

void sip_proxy_refused(struct sip_proxy *proxy, int64_t now_ns, struct sip_hop hop, struct sip_outbox *out)
{
    sip_layer_begin(&proxy->layer, now_ns, out);
    sip_layer_refused(&proxy->layer, hop);
    sip_layer_end(&proxy->layer);
}

/* Its 503 is made of the request as it left, so that it goes the way of one that has come. No ACK: the transaction is
 * over (section 17.1.4). */
static void broken(struct sip_proxy *proxy, struct sip_transaction *client)
{
    struct sip_transaction *server = client->partner;
    struct sip_fork *fork = client->fork;
    struct sip_incoming request = {.head = sip_buffer_span(client->head), .from = client->hop}, response = request;
    char text[SIP_HEAD_SIZE_MAX];
    struct sink sink = SINK(text);
    enum err error = sip_incoming_read(&request);

    check(error == ERR_OK);
    sip_write_answer(&sink, &request, 503, 1 + sip_mix(proxy->config.identity, proxy->drawn++));
    sip_write_end(&sink, 0);
    sip_transaction_end(&proxy->layer, client);
    response.head = sink_written(&sink);
    if (sink.overflow || sip_incoming_read(&response) != ERR_OK)
        return;
    if (fork)
        sip_fork_take(proxy, fork, &response, true);
    else if (server)
        sip_proxy_return(proxy, server, &response);
}

void sip_proxy_broken(struct sip_proxy *proxy, int64_t now_ns, struct sip_hop hop, struct sip_outbox *out)
{
    struct sip_transaction *client;

    sip_layer_begin(&proxy->layer, now_ns, out);
    while (sip_layer_has_room(&proxy->layer) && (client = sip_layer_broken(&proxy->layer, hop)) != NULL)
        broken(proxy, client);
    sip_layer_end(&proxy->layer);
}

void sip_proxy_wake(struct sip_proxy *proxy, int64_t now_ns, struct sip_outbox *out)
{
    struct sip_alarm *alarm;

    sip_layer_begin(&proxy->layer, now_ns, out);
    while (sip_layer_has_room(&proxy->layer) && (alarm = sip_clock_due(&proxy->layer.clock, now_ns)) != NULL) {
        if (alarm->what >= SIP_ALARM_USER) {
            sip_registrar_ring(proxy, alarm);
            continue;
        }
        struct sip_transaction *client = sip_transaction_ring(&proxy->layer, alarm);

        if (client)
            timed_out(proxy, client);
    }
    sip_layer_end(&proxy->layer);
}
