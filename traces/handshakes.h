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

enum { HANDSHAKES_MAX = 65536, HANDSHAKES_OPEN_MAX = 64 };

/* Those that are being opened: the ones that began last. */
struct handshakes {
    size_t count;
    struct handshake *rows; /* HANDSHAKES_MAX of them, in the order of the SYNs; NULL until there is one */
    size_t open_count;
    size_t open[HANDSHAKES_OPEN_MAX]; /* rows whose ACK has not come */
};

/* A TCP packet that is no copy. Only SYNs, and while a handshake is open ACKs, cost anything. */
void handshakes_packet(struct handshakes *handshakes, uint16_t tap, const struct packet_seen *packet);

/* Fills in what the trace's TLS messages say. */
void handshakes_add_tls(struct handshakes *handshakes, const struct trace *trace);

#endif
