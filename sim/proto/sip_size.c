/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_size.c - UDP or TCP by the size of a request (RFC 3261 section 18.1.1), and the way back to UDP where TCP is
 * refused.
 */
#include "sim/base/check.h"
#include "sim/proto/sip_transaction.h"

#include <assert.h>

enum { MTU_RESERVE = 200, SIZE_MAX_UNKNOWN = 1300, REFUSING_MAX = 64 };

static const char via_udp[] = "\r\nVia: SIP/2.0/UDP ", via_tcp[] = "\r\nVia: SIP/2.0/TCP ";
static_assert(sizeof(via_udp) == sizeof(via_tcp), "a request keeps its size");

/* Changes the top Via, which stands first in what is written here. */
static void via_change(char *head, size_t size, const char *from, const char *to)
{
    size_t at = span_find((struct span){head, size}, span_of(from));

    check(at < size);
    memcpy(head + at, to, sizeof(via_tcp) - 1);
}

static bool is_refusing(const struct sip_layer *layer, struct sip_hop hop)
{
    for (uint32_t i = 0; i < layer->refusing_count; i++)
        if (layer->refusing[i].address == hop.address && layer->refusing[i].port == hop.port)
            return true;
    return false;
}

struct sip_hop sip_hop_by_size(const struct sip_layer *layer, struct sip_hop hop, struct sink *request,
                               uint64_t body_size)
{
    const struct sip_by_size *by_size = &layer->by_size;

    if (!by_size->path_mtu || hop.transport != SIP_UDP || request->overflow || is_refusing(layer, hop))
        return hop;
    uint32_t mtu = by_size->path_mtu(by_size->context, hop);
    uint64_t limit = mtu > MTU_RESERVE ? mtu - MTU_RESERVE : mtu == 0 ? SIZE_MAX_UNKNOWN : 0;

    if (request->size + body_size <= limit)
        return hop;
    via_change(request->data, request->size, via_udp, via_tcp);
    hop.transport = SIP_TCP;
    return hop;
}

static bool waits_for(const struct sip_transaction *transaction, struct sip_hop hop)
{
    return transaction->kind <= SIP_CLIENT_OTHER && transaction->is_by_size && transaction->state == SIP_STATE_TRYING &&
           transaction->hop.address == hop.address && transaction->hop.port == hop.port;
}

void sip_layer_refused(struct sip_layer *layer, struct sip_hop hop)
{
    if (!layer->refusing)
        layer->refusing = arena_alloc(layer->pool.arena, REFUSING_MAX * sizeof(*layer->refusing));
    if (!is_refusing(layer, hop) && layer->refusing_count < REFUSING_MAX)
        layer->refusing[layer->refusing_count++] = hop;
    for (uint32_t i = 0; i < layer->bucket_count; i++)
        for (struct sip_transaction *client = layer->buckets[i]; client; client = client->next)
            if (waits_for(client, hop) && sip_layer_has_room(layer)) {
                via_change(client->head->bytes, client->head->size, via_tcp, via_udp);
                sip_client_fall_back(layer, client);
            }
}
