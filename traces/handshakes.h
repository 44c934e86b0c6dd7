/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * handshakes.h - how connections opened: the three steps of TCP's handshake with their times, and behind them what a
 * TLS handshake shows in the clear (RFC 8446, RFC 5246), also where the rest stays sealed. From a tap the time between
 * two steps is the way to the one who answers and back: what it took on either side of the tap.
 */
#ifndef TRACES_HANDSHAKES_H
#define TRACES_HANDSHAKES_H

#include "traces/trace.h"

struct handshake {
    uint16_t tap;
    struct endpoint client, server;
    int64_t syn_ns, syn_ack_ns, ack_ns; /* first sendings; 0: not seen */
    uint32_t syns_again;
    /* Of TLS: 0 where not seen. ready_ns: the client's last message that can be told, ChangeCipherSpec. */
    int64_t client_hello_ns, server_hello_ns, ready_ns;
};

/* How close full segments of one direction followed one another: where the slowest link lies before the tap, as long as
 * that takes for one of them (packet pairs). The ring keeps the last ones. */
enum { PAIR_GAPS = 16, PAIR_LEAST = 1000, PAIR_MOST_MS = 50 };

struct pair_gaps {
    int64_t last_ns;
    uint32_t next, size;  /* sequence number behind the last segment, and its payload; 0: was no full one */
    uint32_t count, full; /* pairs so far, and the payload of the last one's segments */
    int32_t gaps_ns[PAIR_GAPS];
};
void pair_gaps_add(struct pair_gaps *pairs, const struct packet_seen *packet);

/* What a direction of a connection has shown. */
struct pair_rate {
    struct endpoint from, to;
    uint32_t count;
    uint32_t size;     /* payload of the segments */
    int64_t median_ns; /* from one to the next */
};

enum { PAIR_RATES_MAX = 4096, HANDSHAKES_MAX = 65536, HANDSHAKES_OPEN_MAX = 64 };

/* Those that are being opened: the ones that began last. */
struct handshakes {
    size_t count;
    struct handshake *rows; /* HANDSHAKES_MAX of them, in the order of the SYNs; NULL until there is one */
    size_t open_count;
    size_t open[HANDSHAKES_OPEN_MAX]; /* rows whose ACK has not come */
    size_t rate_count;
    struct pair_rate *rates; /* PAIR_RATES_MAX of them; NULL until there is one */
};

/* Takes what a direction has shown; nothing where that is too little to tell. */
void handshakes_add_rate(struct handshakes *handshakes, const struct pair_gaps *pairs, const struct endpoint *from,
                         const struct endpoint *to);

/* A TCP packet that is no copy. Only SYNs, and while a handshake is open ACKs, cost anything. */
void handshakes_packet(struct handshakes *handshakes, uint16_t tap, const struct packet_seen *packet);

/* Fills in what the trace's TLS messages say. */
void handshakes_add_tls(struct handshakes *handshakes, const struct trace *trace);

#endif
