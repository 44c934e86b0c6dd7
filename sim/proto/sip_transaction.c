/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/sip_transaction.h"
#include "sim/base/check.h"

/* 64*T1: Timers B, D, F, H, J, L and M. */
static int64_t long_ns(const struct sip_transaction *transaction)
{
    return 64 * transaction->timers.t1_ns;
}

static void set_again(struct sip_layer *layer, struct sip_transaction *transaction, int64_t interval_ns)
{
    transaction->interval_ns = interval_ns;
    sip_alarm_set(&layer->clock, &transaction->again, layer->now_ns, interval_ns);
}

static void set_end(struct sip_layer *layer, struct sip_transaction *transaction, int64_t length_ns)
{
    sip_alarm_set(&layer->clock, &transaction->end, layer->now_ns, length_ns);
}

/* Twice as many buckets; the old ones stay in the arena, all of them together less than the new. */
static void grow(struct sip_layer *layer)
{
    uint32_t bucket_count = 2 * layer->bucket_count;
    struct sip_transaction **buckets = arena_alloc(layer->pool.arena, bucket_count * sizeof(struct sip_transaction *));

    check(bucket_count != 0);
    for (uint32_t i = 0; i < layer->bucket_count; i++)
        while (layer->buckets[i]) {
            struct sip_transaction *moved = layer->buckets[i];
            struct sip_transaction **bucket = &buckets[moved->key.low & (bucket_count - 1)];

            layer->buckets[i] = moved->next;
            moved->next = *bucket;
            *bucket = moved;
        }
    layer->buckets = buckets;
    layer->bucket_count = bucket_count;
}

static struct sip_transaction *transaction_begin(struct sip_layer *layer, struct sip_key key)
{
    struct sip_transaction *begun = layer->unused;

    check(sip_find(layer, key) == NULL);
    if (begun)
        layer->unused = begun->next;
    else
        begun = arena_alloc(layer->pool.arena, sizeof(*begun));
    if (layer->count == layer->bucket_count)
        grow(layer);
    struct sip_transaction **bucket = &layer->buckets[key.low & (layer->bucket_count - 1)];

    *begun = (struct sip_transaction){.next = *bucket, .key = key, .state = SIP_STATE_TRYING};
    begun->again.owner = begun->end.owner = begun;
    begun->again.what = SIP_ALARM_AGAIN;
    begun->end.what = SIP_ALARM_END;
    *bucket = begun;
    layer->count++;
    return begun;
}

/* Nothing will be sent again. */
static void let_go(struct sip_layer *layer, struct sip_transaction *transaction)
{
    sip_pool_release(&layer->pool, transaction->head);
    sip_pool_release(&layer->pool, transaction->copied);
    transaction->head = transaction->copied = NULL;
    transaction->body = (struct slice){.length = 0};
}

void sip_transaction_end(struct sip_layer *layer, struct sip_transaction *transaction)
{
    struct sip_transaction **link = &layer->buckets[transaction->key.low & (layer->bucket_count - 1)];

    while (*link != transaction)
        link = &(*link)->next;
    *link = transaction->next;
    check(layer->count > 0);
    layer->count--;
    sip_alarm_stop(&layer->clock, &transaction->again);
    sip_alarm_stop(&layer->clock, &transaction->end);
    let_go(layer, transaction);
    sip_pool_release(&layer->pool, transaction->request);
    if (transaction->partner && transaction->partner->partner == transaction)
        transaction->partner->partner = NULL;
    transaction->next = layer->unused;
    layer->unused = transaction;
}

/* Ends it after a wait for stray copies, or at once where the transport makes none. */
static void linger(struct sip_layer *layer, struct sip_transaction *transaction, int64_t length_ns)
{
    sip_alarm_stop(&layer->clock, &transaction->again);
    if (sip_is_reliable(transaction->hop))
        sip_transaction_end(layer, transaction);
    else
        set_end(layer, transaction, length_ns);
}

/* Keeps what may have to be sent again and sends it. */
static struct sip_output *keep_and_send(struct sip_layer *layer, struct sip_transaction *transaction, struct span head,
                                        struct slice body)
{
    /* A provisional response is sent again on every transport: to an INVITE that comes again, or until its PRACK. */
    bool may_repeat =
        !sip_is_reliable(transaction->hop) || transaction->is_by_size || transaction->kind == SIP_SERVER_INVITE;

    let_go(layer, transaction);
    transaction->head = sip_pool_copy(&layer->pool, head);
    transaction->body = body;
    if (body.length > 0 && !body.source->lasts && may_repeat) {
        transaction->copied = sip_pool_copy_slice(&layer->pool, body);
        transaction->body = sip_buffer_slice(transaction->copied);
    }
    struct sip_output *output =
        sip_layer_send(layer, transaction->hop, sip_buffer_span(transaction->head), transaction->body);

    if (!may_repeat)
        transaction->body = (struct slice){.length = 0};
    return output;
}

static void send_again(struct sip_layer *layer, struct sip_transaction *transaction)
{
    struct sip_output *output =
        sip_layer_send(layer, transaction->hop, sip_buffer_span(transaction->head), transaction->body);

    output->is_again = true;
    output->acknowledges = transaction->kind == SIP_SERVER_OTHER && transaction->is_message;
}

/* ---- Client ---- */

struct sip_transaction *sip_client_begin(struct sip_layer *layer, const struct sip_client_start *start)
{
    struct sip_transaction *client = transaction_begin(layer, sip_client_key(start->branch, start->method));

    client->kind = span_equal(start->method, SPAN("INVITE")) ? SIP_CLIENT_INVITE : SIP_CLIENT_OTHER;
    client->is_message = span_equal(start->method, SPAN("MESSAGE"));
    client->hop = start->hop;
    client->is_by_size = start->is_by_size;
    client->timers = start->timers;
    keep_and_send(layer, client, start->head, start->body);
    if (!sip_is_reliable(client->hop))
        set_again(layer, client, client->timers.t1_ns);
    set_end(layer, client, long_ns(client));
    return client;
}

void sip_client_fall_back(struct sip_layer *layer, struct sip_transaction *client)
{
    check(client->kind <= SIP_CLIENT_OTHER && client->is_by_size && client->head != NULL);
    client->hop.transport = SIP_UDP;
    client->is_by_size = false;
    send_again(layer, client);
    set_again(layer, client, client->timers.t1_ns);
}

/* The two requests that a client transaction makes from the INVITE it sent: ACK to a refusal (section 17.1.1.3) and
 * CANCEL (section 9.1). Its own Via alone, its Route, To as given. */
static void write_from_invite(struct sink *sink, const struct sip_message *invite, struct span method, struct span to)
{
    struct span vias = sip_value(invite, SIP_HEADER_VIA), via;
    struct sip_cseq cseq;
    enum err error = sip_cut_element(&vias, &via);

    check(error == ERR_OK); /* an INVITE of our own is well-formed */
    error = sip_parse_cseq(sip_value(invite, SIP_HEADER_CSEQ), &cseq);
    check(error == ERR_OK);
    sip_write_request(sink, method, invite->uri);
    sip_write_line(sink, "Via", via);
    sip_write_line(sink, "Max-Forwards", SPAN("70"));
    for (const struct sip_line *line = sip_line_next(invite, SIP_HEADER_ROUTE, NULL); line;
         line = sip_line_next(invite, SIP_HEADER_ROUTE, line))
        sink_span(sink, line->whole);
    sip_write_line(sink, "From", sip_value(invite, SIP_HEADER_FROM));
    sip_write_line(sink, "To", to);
    sip_write_line(sink, "Call-ID", sip_value(invite, SIP_HEADER_CALL_ID));
    sink_span(sink, SPAN("CSeq: "));
    sink_number(sink, cseq.number);
    sink_char(sink, ' ');
    sink_span(sink, method);
    sink_span(sink, SPAN("\r\n"));
    sip_write_end(sink, 0);
}

static void read_invite(const struct sip_transaction *client, struct sip_message *invite)
{
    check(client->kind == SIP_CLIENT_INVITE && client->head != NULL);
    enum err error = sip_parse(sip_buffer_span(client->head), invite);

    check(error == ERR_OK);
}

static void client_refused(struct sip_layer *layer, struct sip_transaction *client, const struct sip_message *response)
{
    struct sip_message invite;
    char text[SIP_HEAD_SIZE_MAX];
    struct sink sink = SINK(text);

    read_invite(client, &invite);
    write_from_invite(&sink, &invite, SPAN("ACK"), sip_value(response, SIP_HEADER_TO));
    client->state = SIP_STATE_COMPLETED;
    /* An answer whose To is so long that the ACK does not fit gets none. */
    if (sink.overflow) {
        sip_transaction_end(layer, client);
        return;
    }
    keep_and_send(layer, client, sink_written(&sink), (struct slice){.length = 0});
    linger(layer, client, long_ns(client)); /* Timer D */
}

void sip_client_cancel(struct sip_layer *layer, struct sip_transaction *client)
{
    struct sip_message invite;
    struct span vias, via;
    struct sip_via own;
    char text[SIP_HEAD_SIZE_MAX];
    struct sink sink = SINK(text);

    if (client->kind != SIP_CLIENT_INVITE || client->state > SIP_STATE_PROCEEDING || client->has_cancelled)
        return;
    client->wants_cancel = true;
    /* Nobody may be cancelled who has not been heard of (section 9.1): the first provisional response sends it. */
    if (client->state == SIP_STATE_TRYING)
        return;
    client->has_cancelled = true;
    read_invite(client, &invite);
    vias = sip_value(&invite, SIP_HEADER_VIA);
    write_from_invite(&sink, &invite, SPAN("CANCEL"), sip_value(&invite, SIP_HEADER_TO));
    check(!sink.overflow && sip_cut_element(&vias, &via) == ERR_OK && sip_parse_via(via, &own) == ERR_OK);
    struct sip_client_start start = {.method = SPAN("CANCEL"),
                                     .branch = own.branch,
                                     .hop = client->hop,
                                     .timers = client->timers,
                                     .head = sink_written(&sink)};

    sip_client_begin(layer, &start);
    set_end(layer, client, long_ns(client));
}

static enum sip_news invite_client_take(struct sip_layer *layer, struct sip_transaction *client,
                                        const struct sip_message *response)
{
    bool is_first = client->state == SIP_STATE_TRYING || client->state == SIP_STATE_PROCEEDING;

    if (response->status < 200) {
        if (!is_first)
            return SIP_NEWS_NONE;
        client->state = SIP_STATE_PROCEEDING;
        sip_alarm_stop(&layer->clock, &client->again);
        if (client->has_cancelled)
            return SIP_NEWS_PROVISIONAL;
        if (layer->timer_c_ns > 0)
            set_end(layer, client, layer->timer_c_ns);
        else
            sip_alarm_stop(&layer->clock, &client->end);
        if (client->wants_cancel)
            sip_client_cancel(layer, client);
        return SIP_NEWS_PROVISIONAL;
    }
    if (response->status < 300) {
        if (is_first) {
            client->state = SIP_STATE_ACCEPTED;
            sip_alarm_stop(&layer->clock, &client->again);
            let_go(layer, client);
            set_end(layer, client, long_ns(client)); /* Timer M, on every transport */
            return SIP_NEWS_FINAL;
        }
        return client->state == SIP_STATE_ACCEPTED ? SIP_NEWS_AGAIN : SIP_NEWS_NONE;
    }
    if (is_first) {
        client_refused(layer, client, response);
        return SIP_NEWS_FINAL;
    }
    if (client->state == SIP_STATE_COMPLETED)
        send_again(layer, client);
    return SIP_NEWS_NONE;
}

enum sip_news sip_client_take(struct sip_layer *layer, struct sip_transaction *client,
                              const struct sip_message *response)
{
    check(!response->is_request && client->kind <= SIP_CLIENT_OTHER);
    if (client->kind == SIP_CLIENT_INVITE)
        return invite_client_take(layer, client, response);
    if (client->state == SIP_STATE_COMPLETED)
        return SIP_NEWS_NONE;
    if (response->status < 200) {
        client->state = SIP_STATE_PROCEEDING;
        return SIP_NEWS_PROVISIONAL;
    }
    client->state = SIP_STATE_COMPLETED;
    let_go(layer, client);
    linger(layer, client, client->timers.t4_ns); /* Timer K */
    return SIP_NEWS_FINAL;
}

/* ---- Server ---- */

struct sip_transaction *sip_server_begin(struct sip_layer *layer, struct sip_key key, struct span method,
                                         struct sip_hop hop, struct sip_timers timers)
{
    struct sip_transaction *server = transaction_begin(layer, key);

    server->kind = span_equal(method, SPAN("INVITE")) ? SIP_SERVER_INVITE : SIP_SERVER_OTHER;
    server->is_message = span_equal(method, SPAN("MESSAGE"));
    server->hop = hop;
    server->timers = timers;
    if (server->kind == SIP_SERVER_INVITE)
        server->state = SIP_STATE_PROCEEDING;
    else /* Its client gives up after this time, and nothing useful can be said to it any more (RFC 4320). */
        set_end(layer, server, long_ns(server));
    return server;
}

static void invite_server_final(struct sip_layer *layer, struct sip_transaction *server, int status)
{
    if (status < 300) {
        /* The 2xx belongs to the user, who repeats it (RFC 6026 section 7.1). */
        let_go(layer, server);
        server->state = SIP_STATE_ACCEPTED;
        set_end(layer, server, long_ns(server)); /* Timer L, on every transport */
        return;
    }
    server->state = SIP_STATE_COMPLETED;
    if (!sip_is_reliable(server->hop))
        set_again(layer, server, server->timers.t1_ns); /* Timer G */
    set_end(layer, server, long_ns(server));            /* Timer H */
}

void sip_server_respond(struct sip_layer *layer, struct sip_transaction *server, int status, struct span head,
                        struct slice body)
{
    check(server->kind >= SIP_SERVER_INVITE);
    bool is_open = server->state == SIP_STATE_TRYING || server->state == SIP_STATE_PROCEEDING;
    bool is_again = server->state == SIP_STATE_ACCEPTED && status >= 200 && status < 300;

    if (!is_open && !is_again)
        return;
    struct sip_output *output = keep_and_send(layer, server, head, body);

    output->status = status;
    output->is_again = is_again;
    output->acknowledges = server->is_message;
    if (status >= 200) {
        sip_pool_release(&layer->pool, server->request);
        server->request = NULL;
    }
    if (is_again)
        let_go(layer, server);
    else if (status < 200)
        server->state = SIP_STATE_PROCEEDING;
    else if (server->kind == SIP_SERVER_INVITE)
        invite_server_final(layer, server, status);
    else {
        server->state = SIP_STATE_COMPLETED;
        linger(layer, server, long_ns(server)); /* Timer J */
    }
}

void sip_server_repeated(struct sip_layer *layer, struct sip_transaction *server)
{
    if (!server->head || server->state == SIP_STATE_ACCEPTED || server->state == SIP_STATE_CONFIRMED)
        return;
    send_again(layer, server);
}

void sip_server_acked(struct sip_layer *layer, struct sip_transaction *server)
{
    if (server->kind != SIP_SERVER_INVITE || server->state != SIP_STATE_COMPLETED)
        return;
    server->state = SIP_STATE_CONFIRMED;
    let_go(layer, server);
    linger(layer, server, server->timers.t4_ns); /* Timer I */
}

/* ---- Timers ---- */

static int64_t next_interval_ns(const struct sip_transaction *transaction)
{
    int64_t doubled_ns = 2 * transaction->interval_ns;

    if (transaction->kind == SIP_CLIENT_INVITE)
        return doubled_ns;
    if (transaction->kind == SIP_CLIENT_OTHER && transaction->state == SIP_STATE_PROCEEDING)
        return transaction->timers.t2_ns;
    return doubled_ns < transaction->timers.t2_ns ? doubled_ns : transaction->timers.t2_ns;
}

struct sip_transaction *sip_transaction_ring(struct sip_layer *layer, struct sip_alarm *alarm)
{
    struct sip_transaction *transaction = alarm->owner;
    bool is_client = transaction->kind <= SIP_CLIENT_OTHER;

    if (alarm->what == SIP_ALARM_AGAIN) {
        send_again(layer, transaction);
        layer->retransmissions++;
        set_again(layer, transaction, next_interval_ns(transaction));
        return NULL;
    }
    check(alarm->what == SIP_ALARM_END);
    if (is_client && (transaction->state == SIP_STATE_TRYING || transaction->state == SIP_STATE_PROCEEDING))
        return transaction;
    sip_transaction_end(layer, transaction);
    return NULL;
}

/* ---- Afterwards ---- */

static bool is_at_rest(const struct sip_transaction *transaction)
{
    if (transaction->kind == SIP_SERVER_INVITE && transaction->state == SIP_STATE_COMPLETED)
        return false;
    return transaction->state > SIP_STATE_PROCEEDING;
}

bool sip_layer_is_at_rest(const struct sip_layer *layer)
{
    for (uint32_t i = 0; i < layer->bucket_count; i++)
        for (const struct sip_transaction *at = layer->buckets[i]; at; at = at->next)
            if (!is_at_rest(at))
                return false;
    return true;
}

/* Timer I and K wait T4, all others 64*T1. */
static int64_t linger_ns(const struct sip_transaction *transaction)
{
    bool is_short = (transaction->kind == SIP_CLIENT_OTHER && transaction->state == SIP_STATE_COMPLETED) ||
                    transaction->state == SIP_STATE_CONFIRMED;

    return is_short ? transaction->timers.t4_ns : long_ns(transaction);
}

static void bequeath(struct sip_layer *from, struct sip_transaction *transaction, struct sip_layer *to)
{
    struct sip_transaction *heir = sip_find(to, transaction->key);

    check(is_at_rest(transaction));
    if (heir) /* of an identifier that came once more */
        return;
    heir = transaction_begin(to, transaction->key);
    heir->kind = transaction->kind;
    heir->state = transaction->state;
    heir->is_message = transaction->is_message;
    heir->timers = transaction->timers;
    heir->hop = transaction->hop;
    if (transaction->head)
        heir->head = sip_pool_copy(&to->pool, sip_buffer_span(transaction->head));
    set_end(to, heir, linger_ns(transaction));
    sip_transaction_end(from, transaction);
}

void sip_layer_bequeath(struct sip_layer *from, struct sip_layer *to)
{
    for (uint32_t i = 0; i < from->bucket_count; i++)
        for (struct sip_transaction *at = from->buckets[i], *next; at; at = next) {
            next = at->next;
            bequeath(from, at, to);
        }
}
