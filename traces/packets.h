/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packets.h - from frames to what UDP and TCP carry: link layers (Ethernet, 802.1Q and QinQ, PPPoE, Linux cooked 1 and
 * 2, raw IP, BSD loopback), IPv4 and IPv6 with extension headers, fragments put together, tunnels opened (IP in IP,
 * GRE, GTP-U, ESP with null encryption, UDP-encapsulated or not). Copies of one packet, as a capture on all interfaces
 * or inside and outside of a tunnel has them, are recognised.
 */
#ifndef TRACES_PACKETS_H
#define TRACES_PACKETS_H

#include "sim/base/sink.h"
#include "traces/frames.h"

/* An address of either family; IPv4 stands in the first four bytes. */
struct endpoint {
    uint8_t address[16];
    uint16_t port;
    bool is_ipv6;
};

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
bool endpoint_same_host(const struct endpoint *a, const struct endpoint *b);
uint64_t endpoint_hash(const struct endpoint *endpoint);
/* "192.0.2.1:5060", "[2001:db8::1]:5060"; without a port where that is 0. */
void endpoint_write(const struct endpoint *endpoint, struct sink *sink);

/* What a frame held, tunnels opened. */
struct packet_seen {
    uint64_t frame;
    int64_t at_ns;    /* of the frame, the last one of fragments */
    int64_t first_ns; /* of the first fragment; at_ns otherwise */
    uint32_t interface;
    uint32_t fragments; /* 1: not fragmented */
    bool is_copy;       /* of a packet told before */
    bool is_tcp;        /* else UDP */
    struct endpoint from, to;
    struct span payload; /* valid during the call */
    bool is_cut;         /* the capture holds less of it than was on the wire */
    /* TCP */
    uint32_t sequence, acknowledged;
    uint8_t flags; /* FIN 1, SYN 2, RST 4, PSH 8, ACK 16 */
};

enum { PACKET_FIN = 1, PACKET_SYN = 2, PACKET_RST = 4, PACKET_ACK = 16 };

struct trace;

struct packets_config {
    void *context;
    void (*seen)(void *context, const struct packet_seen *packet);
    bool opens_esp;      /* try ESP with null encryption */
    struct trace *trace; /* whose security associations are tried, and which counts ESP by SPI; NULL: none */
};

/* What could not be used, and what was done, as counts. */
struct packets_counts {
    uint64_t frames;
    uint64_t fragments;       /* IP fragments, those within tunnels and copies of other fragments too */
    uint64_t datagrams_whole; /* put together */
    uint64_t fragments_lost;  /* given up: a part was missing for 30 s, or the limit was reached */
    uint64_t copies;          /* packets that were there before */
    uint64_t tunnelled;       /* packets found within others */
    uint64_t esp_opened;      /* of them ESP without encryption, by its form */
    uint64_t esp_keyed;       /* of them ESP of an association that was given */
    uint64_t esp_sealed;      /* ESP that stays closed */
    uint64_t malformed;       /* headers that do not fit */
    uint64_t link_unknown;    /* frames of a link type that is not known here */
    uint64_t not_ip, not_udp_tcp;
};

/* Limits: of datagrams being put together, of their bytes, of time, and of tunnels within tunnels. */
enum { PACKETS_DATAGRAMS_MAX = 256, PACKETS_DATAGRAM_SIZE_MAX = 65535, PACKETS_DEPTH_MAX = 8 };

struct packets;
/* NULL without memory. */
struct packets *packets_create(const struct packets_config *config);
void packets_free(struct packets *packets);

void packets_frame(struct packets *packets, const struct frame *frame);

const struct packets_counts *packets_counts(const struct packets *packets);

#endif
