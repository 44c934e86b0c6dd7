/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_pending.c - requests that wait for somebody who does not speak SIP: the HSS, DNS. Each is kept whole, and goes on
 * as if it had come when the answer is there.
 */
#include "sim/base/check.h"
#include "sim/proto/sip_registrar.h"

static struct sip_pending *pending_add(struct sip_proxy *proxy, struct sip_transaction *server,
                                       const struct sip_incoming *request, enum sip_wait wait)
{
    struct sip_layer *layer = &proxy->layer;
    struct sip_pending *pending = proxy->pending_unused;

    if (pending)
        proxy->pending_unused = pending->next;
    else
        pending = arena_alloc(layer->pool.arena, sizeof(*pending));
    *pending = (struct sip_pending){
        .token = ++proxy->last_token, .wait = wait, .key = server->key, .from = request->from, .body = request->body};
    pending->head = sip_pool_copy(&layer->pool, request->head);
    if (request->body.length > 0 && !request->body.source->lasts) {
        pending->copied = sip_pool_copy_slice(&layer->pool, request->body);
        pending->body = sip_buffer_slice(pending->copied);
    }
    if (proxy->pending)
        proxy->pending_last->next = pending;
    else
        proxy->pending = pending;
    proxy->pending_last = pending;
    server->token = pending->token;
    return pending;
}

/* Answers come mostly in the order of questions, so the search from the oldest ends at once. */
static struct sip_pending *pending_take(struct sip_proxy *proxy, uint32_t token)
{
    struct sip_pending *before = NULL, *pending = proxy->pending;

    while (pending && pending->token != token) {
        before = pending;
        pending = pending->next;
    }
    if (!pending)
        return NULL;
    if (before)
        before->next = pending->next;
    else
        proxy->pending = pending->next;
    if (proxy->pending_last == pending)
        proxy->pending_last = before;
    return pending;
}

static void pending_free(struct sip_proxy *proxy, struct sip_pending *pending)
{
    sip_pool_release(&proxy->layer.pool, pending->head);
    sip_pool_release(&proxy->layer.pool, pending->copied);
    pending->next = proxy->pending_unused;
    proxy->pending_unused = pending;
}

/* ---- Questions ---- */

/* A span of the request as it stands in the copy. */
static struct span in_copy(const struct sip_pending *pending, const struct sip_incoming *request, struct span text)
{
    return (struct span){pending->head->bytes + (text.data - request->head.data), text.size};
}

void sip_pending_locate(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request)
{
    struct sip_uri uri;

    if (sip_parse_uri(request->message.uri, &uri) != ERR_OK) {
        sip_proxy_answer(proxy, server, request, 416);
        return;
    }
    struct sip_pending *pending = pending_add(proxy, server, request, SIP_WAIT_LOCATION);
    struct sip_output *output = sip_layer_put(&proxy->layer, SIP_LOCATE);

    output->token = pending->token;
    output->user = in_copy(pending, request, uri.bare);
}

void sip_pending_resolve(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                         struct span domain)
{
    struct sip_pending *pending = pending_add(proxy, server, request, SIP_WAIT_ADDRESS);
    struct sip_output *output = sip_layer_put(&proxy->layer, SIP_RESOLVE);

    output->token = pending->token;
    output->user = in_copy(pending, request, domain);
}

static struct span keep(struct sink *sink, struct span text)
{
    size_t start = sink->size;

    sink_span(sink, text);
    return (struct span){sink->data + start, sink->size - start};
}

void sip_pending_ask(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                     enum sip_wait wait, const struct diameter_message *question)
{
    struct sip_pending *pending = pending_add(proxy, server, request, wait);
    struct sink sink = SINK(pending->text);
    struct sip_output *output;

    pending->question = *question;
    pending->question.user_name = keep(&sink, question->user_name);
    pending->question.public_identity = keep(&sink, question->public_identity);
    pending->question.visited_network = keep(&sink, question->visited_network);
    pending->question.server_name = keep(&sink, question->server_name);
    pending->question.authorization = keep(&sink, question->authorization);
    if (sink.overflow) {
        sip_proxy_answer(proxy, server, request, 513);
        pending_free(proxy, pending_take(proxy, pending->token));
        return;
    }
    output = sip_layer_put(&proxy->layer, SIP_ASK);
    output->token = pending->token;
    output->question = &pending->question;
}

/* ---- Answers ---- */

/* What the request waited for, as far as it has come. */
struct answer {
    const char *s_cscf;
    int refusal; /* where there is none */
    const struct diameter_message *diameter;
    const struct sip_hop *entry;
};

static void located(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                    const struct answer *answer)
{
    struct sip_forward forward;
    int status = answer->s_cscf ? sip_cscf_begin(proxy, request, &forward) : answer->refusal;

    if (status == 0)
        status = sip_cscf_located(proxy, request, span_of(answer->s_cscf), &forward);
    if (status == 0)
        sip_proxy_pass_on(proxy, server, request, &forward);
    else
        sip_proxy_answer(proxy, server, request, status);
}

static void authorized(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                       const struct answer *answer)
{
    struct sip_forward forward;
    int status = sip_cscf_begin(proxy, request, &forward);

    if (status == 0)
        status = sip_register_authorized(proxy, request, answer->diameter, &forward);
    if (status == 0)
        sip_proxy_pass_on(proxy, server, request, &forward);
    else
        sip_proxy_answer(proxy, server, request, status);
}

static void challenged(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                       const struct answer *answer)
{
    sip_registrar_challenge(proxy, server, request, answer->diameter);
}

static void assigned(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                     const struct answer *answer)
{
    sip_registrar_assigned(proxy, server, request, answer->diameter);
}

static void resolved(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                     const struct answer *answer)
{
    struct sip_forward forward;
    int status = answer->entry ? sip_cscf_begin(proxy, request, &forward) : answer->refusal;

    if (status == 0) {
        forward.i_cscf = *answer->entry;
        forward.i_cscf.transport = proxy->config.transport;
        sip_proxy_route(proxy, server, request, &forward);
    } else {
        sip_proxy_answer(proxy, server, request, status);
    }
}

typedef void go_on_fn(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                      const struct answer *answer);

static go_on_fn *const go_on[] = {
    [SIP_WAIT_LOCATION] = located,    [SIP_WAIT_AUTHORIZATION] = authorized, [SIP_WAIT_VECTOR] = challenged,
    [SIP_WAIT_ASSIGNMENT] = assigned, [SIP_WAIT_ADDRESS] = resolved,
};

static void answered(struct sip_proxy *proxy, int64_t now_ns, uint32_t token, const struct answer *answer,
                     struct sip_outbox *out)
{
    struct sip_layer *layer = &proxy->layer;

    sip_layer_begin(layer, now_ns, out);
    struct sip_pending *pending = pending_take(proxy, token);

    if (pending) {
        struct sip_transaction *server = sip_find(layer, pending->key);
        struct sip_incoming request = {
            .head = sip_buffer_span(pending->head), .from = pending->from, .body = pending->body};
        enum err error = sip_incoming_read(&request);

        check(error == ERR_OK); /* as when it came */
        /* The request may have been cancelled or forgotten meanwhile. */
        if (server && server->token == token && server->state <= SIP_STATE_PROCEEDING)
            go_on[pending->wait](proxy, server, &request, answer);
        pending_free(proxy, pending);
    }
    sip_layer_end(layer);
}

void sip_proxy_located(struct sip_proxy *proxy, int64_t now_ns, uint32_t token, const char *s_cscf, int status,
                       struct sip_outbox *out)
{
    answered(proxy, now_ns, token, &(struct answer){.s_cscf = s_cscf, .refusal = status}, out);
}

void sip_proxy_answered(struct sip_proxy *proxy, int64_t now_ns, uint32_t token, const struct diameter_message *answer,
                        struct sip_outbox *out)
{
    answered(proxy, now_ns, token, &(struct answer){.diameter = answer}, out);
}

void sip_proxy_resolved(struct sip_proxy *proxy, int64_t now_ns, uint32_t token, const struct sip_hop *entry,
                        int status, struct sip_outbox *out)
{
    answered(proxy, now_ns, token, &(struct answer){.entry = entry, .refusal = status}, out);
}
