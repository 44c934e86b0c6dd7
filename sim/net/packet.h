/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packet.h - what travels over links: 128 bytes a packet, its eight sums among them. Payload is never in it: a TCP
 * segment names its connection and a stream offset, a UDP fragment its datagram. What few packets need (SACK blocks,
 * changed bytes) lies in a pooled extension.
 */
#ifndef SIM_NET_PACKET_H
#define SIM_NET_PACKET_H

#include "sim/base/slice.h"
#include "sim/des/parts.h"

#include <assert.h>
#include <stdalign.h>

enum {
    IP_HEADER_BYTES = 20,
    UDP_HEADER_BYTES = 8,
    TCP_HEADER_BYTES = 20,
    TCP_STAMP_BYTES = 12, /* the timestamps option with its two padding bytes */
    IP_BYTES_MAX = 65535,
    SACK_BLOCKS_MAX = 4, /* what fits into 40 bytes of options; three beside timestamps */
    PACKET_TTL = 64
};

/* The low five are the bits of the TCP header. */
enum packet_flag {
    PACKET_FIN = 0x01,
    PACKET_SYN = 0x02,
    PACKET_RST = 0x04,
    PACKET_PSH = 0x08,
    PACKET_ACK = 0x10,
    PACKET_TCP_FLAGS = 0x1f,
    PACKET_UDP = 0x20,
    PACKET_AGAIN = 0x40,     /* a retransmission: its connection keeps the bytes until it is gone */
    PACKET_REFUSAL = 0x80,   /* the answer of a host where nobody listens: goes to the connection that it names */
    PACKET_ORIGIN = 0x100,   /* on the first link of its way */
    PACKET_COPY = 0x200,     /* the second of a packet that was duplicated */
    PACKET_SHIELDED = 0x400, /* protected from host to host (net_shield) */
    PACKET_TUNNELLED = 0x800 /* protected between two gateways (net_tunnel) */
};

struct tcp;
struct udp_carried;

/* Bytes of a stream from offset from on, before offset until. */
struct range {
    uint64_t from;
    uint64_t until;
};

struct shield;

/* By which shield a packet is protected. */
struct packet_shielded {
    struct shield *shield;
    uint32_t sequence;
    uint16_t inner_bytes; /* what `bytes` was without */
};

struct packet_extra {
    struct range sack[SACK_BLOCKS_MAX];
    uint32_t sack_count;
    struct packet_shielded shielded; /* with PACKET_SHIELDED, of a TCP segment; a datagram's stands in the datagram */
    struct packet_shielded tunnel;   /* with PACKET_TUNNELLED */
    struct rope *changed;            /* not NULL: payload as changed on the way, from this rope's begin on */
    struct packet_extra *next;
};

struct packet {
    alignas(64) struct cause cause;
    union {
        struct tcp *tcp;             /* the connection's end that sent it */
        struct udp_carried *carried; /* the datagram of which it is a part */
        struct packet *next;         /* in the pool */
    } of;
    uint64_t offset;       /* stream offset of the first payload byte; of a fragment, its place in the IP payload */
    uint64_t acknowledged; /* stream offset of the other direction */
    struct packet_extra *extra;
    uint32_t window;   /* bytes offered */
    uint32_t stamp_us; /* timestamps option: own clock, and the other's that is echoed */
    uint32_t echo_us;
    uint16_t bytes;  /* from the IP header on */
    uint16_t length; /* payload of the segment; of a fragment, IP payload */
    uint16_t to;     /* node */
    uint16_t id;     /* IPv4 identification */
    uint16_t flags;
    uint8_t ttl;
};

static_assert(sizeof(struct packet) == 128, "a packet is two cache lines");

#endif
