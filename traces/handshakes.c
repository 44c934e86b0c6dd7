/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/handshakes.h"
#include "sim/base/units.h"

#include <stdlib.h>

static bool is_between(const struct handshake *row, uint16_t tap, const struct endpoint *client,
                       const struct endpoint *server)
{
    return row->tap == tap && endpoint_equal(&row->client, client) && endpoint_equal(&row->server, server);
}

/* The open handshake between two ends: its place in the list, or its length. */
static size_t find_open(const struct handshakes *handshakes, uint16_t tap, const struct endpoint *client,
                        const struct endpoint *server)
{
    size_t at = 0;

    while (at < handshakes->open_count && !is_between(&handshakes->rows[handshakes->open[at]], tap, client, server))
        at++;
    return at;
}

static void close_at(struct handshakes *handshakes, size_t at)
{
    handshakes->open_count--;
    memmove(&handshakes->open[at], &handshakes->open[at + 1],
            (handshakes->open_count - at) * sizeof(handshakes->open[0]));
}

static void begin(struct handshakes *handshakes, uint16_t tap, const struct packet_seen *packet)
{
    size_t at = find_open(handshakes, tap, &packet->from, &packet->to);

    if (at < handshakes->open_count) {
        handshakes->rows[handshakes->open[at]].syns_again++;
        return;
    }
    if (!handshakes->rows)
        handshakes->rows = malloc(HANDSHAKES_MAX * sizeof(*handshakes->rows)); /* pages come as they are written */
    if (!handshakes->rows || handshakes->count == HANDSHAKES_MAX)
        return;
    if (handshakes->open_count == HANDSHAKES_OPEN_MAX)
        close_at(handshakes, 0);
    handshakes->open[handshakes->open_count++] = handshakes->count;
    handshakes->rows[handshakes->count++] =
        (struct handshake){.tap = tap, .client = packet->from, .server = packet->to, .syn_ns = packet->at_ns};
}

void handshakes_packet(struct handshakes *handshakes, uint16_t tap, const struct packet_seen *packet)
{
    bool is_syn = packet->flags & PACKET_SYN, is_ack = packet->flags & PACKET_ACK;

    if (is_syn && !is_ack) {
        begin(handshakes, tap, packet);
        return;
    }
    size_t at = is_syn ? find_open(handshakes, tap, &packet->to, &packet->from)
                       : find_open(handshakes, tap, &packet->from, &packet->to);

    if (at == handshakes->open_count)
        return;
    struct handshake *row = &handshakes->rows[handshakes->open[at]];

    if (is_syn && row->syn_ack_ns == 0)
        row->syn_ack_ns = packet->at_ns;
    if (!is_syn && (packet->flags & PACKET_RST))
        close_at(handshakes, at);
    else if (!is_syn && is_ack && row->syn_ack_ns != 0) {
        row->ack_ns = packet->at_ns;
        close_at(handshakes, at);
    }
}

/* ---- TLS ---- */

/* The handshake of TCP that a message belongs to: the last one between its ends that began before it. */
static struct handshake *row_of(struct handshakes *handshakes, const struct trace_message *message, bool *is_client)
{
    for (size_t i = handshakes->count; i > 0; i--) {
        struct handshake *row = &handshakes->rows[i - 1];

        *is_client = is_between(row, message->tap, &message->from, &message->to);
        if ((*is_client || is_between(row, message->tap, &message->to, &message->from)) &&
            row->syn_ns <= message->first_ns)
            return row;
    }
    return NULL;
}

static void note_time(int64_t *time_ns, int64_t at_ns)
{
    if (*time_ns == 0)
        *time_ns = at_ns;
}

void handshakes_add_tls(struct handshakes *handshakes, const struct trace *trace)
{
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_message *message = &trace->messages[i];
        bool is_client = false;

        if (message->protocol != TRACE_TLS || message->is_copy)
            continue;
        struct handshake *row = row_of(handshakes, message, &is_client);

        if (!row)
            continue;
        if (is_client && strcmp(message->kind, "ClientHello") == 0)
            note_time(&row->client_hello_ns, message->first_ns);
        else if (!is_client && strcmp(message->kind, "ServerHello") == 0)
            note_time(&row->server_hello_ns, message->first_ns);
        else if (is_client && strcmp(message->kind, "ChangeCipherSpec") == 0)
            note_time(&row->ready_ns, message->first_ns);
    }
}

/* ---- Packet pairs ---- */

void pair_gaps_add(struct pair_gaps *pairs, const struct packet_seen *packet)
{
    uint32_t size = (uint32_t)packet->payload.size;
    int64_t gap_ns = packet->at_ns - pairs->last_ns;

    if (size >= PAIR_LEAST && pairs->size == size && packet->sequence == pairs->next && gap_ns > 0 &&
        gap_ns < PAIR_MOST_MS * MS) {
        pairs->gaps_ns[pairs->count++ % PAIR_GAPS] = (int32_t)gap_ns;
        pairs->full = size;
    }
    pairs->size = size >= PAIR_LEAST ? size : 0;
    pairs->next = packet->sequence + size;
    pairs->last_ns = packet->at_ns;
}

static int compare(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return (x > y) - (x < y);
}

void handshakes_add_rate(struct handshakes *handshakes, const struct pair_gaps *pairs, const struct endpoint *from,
                         const struct endpoint *to)
{
    enum { LEAST = 4 };
    int32_t sorted[PAIR_GAPS];
    uint32_t count = pairs->count < PAIR_GAPS ? pairs->count : PAIR_GAPS;

    if (count < LEAST)
        return;
    if (!handshakes->rates)
        handshakes->rates = malloc(PAIR_RATES_MAX * sizeof(*handshakes->rates));
    if (!handshakes->rates || handshakes->rate_count == PAIR_RATES_MAX)
        return;
    memcpy(sorted, pairs->gaps_ns, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), compare);
    handshakes->rates[handshakes->rate_count++] =
        (struct pair_rate){*from, *to, pairs->count, pairs->full, sorted[count / 2]};
}
