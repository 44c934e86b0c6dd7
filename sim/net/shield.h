/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shield.h - the inside of packet protection (net_shield): what is sealed and opened waits in line at each end, one
 * packet after another as on one core, and is worked on by the host's CPU.
 */
#ifndef SIM_NET_SHIELD_H
#define SIM_NET_SHIELD_H

#include "sim/net/net.h"
#include "sim/net/packet.h"

struct link;
struct shield;

/* A packet that is being sealed or opened, or waits for that. */
struct shield_job {
    struct shield_job *next;
    struct packet *packet;
    struct link *link; /* sealing: where the packet goes next; opening: where it came from */
    int64_t since_ns;
};

/* One end of a shield: its jobs, the first of them with the CPU. */
struct shield_end {
    struct shield *shield;
    struct shield_job *first, *last;
    struct station *cpu;
    bool is_sealing;
};

struct shield {
    struct net *net;
    struct shield *next; /* of the net's */
    struct net_shield_config config;
    struct shield_end seal, open;
    struct shield_job *jobs_free;
    uint32_t sequence; /* of the packet sealed last */
};

/* The shield of what goes between two nodes' ports, NULL: none. One that names both ports comes first. */
struct shield *shield_find(const struct net *net, uint32_t from, uint16_t from_port, uint32_t to, uint16_t to_port);

/* Bytes of the IP packet that protects one of bytes; the largest packet whose protected form has at most mtu. */
uint32_t shield_bytes(const struct shield *shield, uint32_t bytes);
uint32_t shield_most(const struct shield *shield, uint32_t mtu);

/* The least of mtu and what tunnels on the way of a connection leave of their links. */
uint32_t shield_path_mtu(const struct net *net, uint32_t from, uint16_t from_port, uint32_t to, uint16_t to_port,
                         uint32_t mtu);

/* Protects a packet that leaves its host, or enters a tunnel, then sends it over link. What it had been stands in its
 * datagram, or in its extension. */
void shield_send(struct shield *shield, struct packet *packet, struct link *link);

/* Whether a packet that is about to go over link enters its tunnel. It does, in pieces where it is too large. */
bool shield_enter_tunnel(struct link *link, struct packet *packet);

/* A whole protected packet has come out of link: it is opened and goes on, to its connection or datagram, or over the
 * next link. */
void shield_take(struct packet *packet, struct link *link);

/* The packet as it was before it entered the tunnel, or its host protected it. Only for who looks. */
struct packet shield_inner(const struct packet *packet);

#endif
