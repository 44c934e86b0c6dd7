/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/sip_linger.h"
#include "sim/base/check.h"
#include "sim/proto/sip_incoming.h"
#include "sim/proto/sip_transaction.h"

struct sip_linger {
    struct sip_layer layer;
};

struct sip_linger *sip_linger_create(struct arena *arena)
{
    struct sip_linger *linger = arena_alloc(arena, sizeof(*linger));

    sip_layer_init(&linger->layer, arena);
    return linger;
}

void sip_linger_take(struct sip_linger *linger, int64_t now_ns, struct sip_ua *ua, struct sip_outbox *out)
{
    sip_layer_begin(&linger->layer, now_ns, out);
    sip_layer_bequeath(sip_ua_layer(ua), &linger->layer);
    sip_layer_end(&linger->layer);
}

static void take_request(struct sip_linger *linger, const struct sip_incoming *request)
{
    struct sip_transaction *server = sip_find(&linger->layer, sip_server_key(&request->via, request->message.method));

    if (server && !span_equal(request->message.method, SPAN("ACK")))
        sip_server_repeated(&linger->layer, server);
}

static void take_response(struct sip_linger *linger, const struct sip_incoming *response)
{
    struct sip_transaction *client =
        sip_find(&linger->layer, sip_client_key(response->via.branch, response->cseq.method));

    if (client && client->kind <= SIP_CLIENT_OTHER)
        (void)sip_client_take(&linger->layer, client, &response->message);
}

void sip_linger_receive(struct sip_linger *linger, int64_t now_ns, struct sip_hop from, struct span head,
                        struct sip_outbox *out)
{
    struct sip_incoming incoming = {.from = from, .head = head};

    sip_layer_begin(&linger->layer, now_ns, out);
    if (sip_incoming_read(&incoming) == ERR_OK) {
        if (incoming.message.is_request)
            take_request(linger, &incoming);
        else
            take_response(linger, &incoming);
    }
    sip_layer_end(&linger->layer);
}

void sip_linger_wake(struct sip_linger *linger, int64_t now_ns, struct sip_outbox *out)
{
    struct sip_alarm *alarm;

    sip_layer_begin(&linger->layer, now_ns, out);
    while ((alarm = sip_clock_due(&linger->layer.clock, now_ns)) != NULL) {
        struct sip_transaction *waiting = sip_transaction_ring(&linger->layer, alarm);

        check(waiting == NULL); /* all have had their answers */
    }
    sip_layer_end(&linger->layer);
}

uint32_t sip_linger_count(const struct sip_linger *linger)
{
    return linger->layer.count;
}
