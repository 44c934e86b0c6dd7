/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * graph.h - the inside of a net, shared by this folder: nodes, links, routes, and the pools of what travels.
 */
#ifndef SIM_NET_GRAPH_H
#define SIM_NET_GRAPH_H

#include "sim/net/link.h"
#include "sim/net/net.h"
#include "sim/net/packet.h"
#include "sim/net/shield.h"

/* Who owns a port. */
struct binding {
    uint16_t port;
    bool is_tcp;
    void *context;
    udp_received_fn *received; /* UDP */
    tcp_accept_fn *accept;     /* TCP */
    const struct tcp_owner *owner;
    struct tcp_config config;
};

struct node {
    const char *name;
    uint32_t address;
    uint16_t id_next; /* IPv4 identification */
    uint16_t port_next;
    struct station *cpu;
    struct link_config loopback;
    struct binding *bindings;
    uint32_t binding_count;
    uint32_t binding_capacity;
};

struct net {
    struct engine *engine;
    struct arena *arena;
    struct streams *streams;
    const struct net_tap *tap;
    struct packet *packets; /* pool */
    struct packet_extra *extras;
    struct udp_carried *carried;
    struct departure *departures;
    struct free_flight *free_flights;
    uint64_t packets_alive;
    uint64_t packets_delivering; /* popped from a link, not yet dealt with */
    uint64_t packets_departing;  /* lost, kept until the tap has seen them leave */
    uint64_t packets_shielding;  /* being sealed or opened, or waiting for it */
    struct shield *shields;
    uint64_t retransmissions;
    void *repeat_context;
    net_repeat_fn *repeat; /* NULL: nobody is told */
    uint64_t unclaimed;    /* datagrams for ports that nobody has bound */
    struct link **routes;  /* [from * node_count + to]: the first link of the way */
    struct node *nodes;
    uint32_t node_count;
    uint32_t node_capacity;
    struct link **links;
    uint32_t link_count;
    uint32_t link_capacity;
    struct slice *slices; /* of the datagram that is being delivered */
    uint32_t slice_capacity;
    uint64_t connections;
    struct net_fault fault;
    struct packet copy; /* what a duplicate will be */
    uint64_t origins;   /* packets that left their origin, counted where there is a fault */
};

void packet_pool_grow(struct net *net);
void packet_extra_grow(struct net *net);

/* A packet of whatever content. */
static inline struct packet *packet_create(struct net *net)
{
    if (!net->packets)
        packet_pool_grow(net);
    struct packet *packet = net->packets;

    net->packets = packet->of.next;
    net->packets_alive++;
    return packet;
}

static inline struct packet_extra *packet_extra_create(struct net *net)
{
    if (!net->extras)
        packet_extra_grow(net);
    struct packet_extra *extra = net->extras;

    net->extras = extra->next;
    extra->sack_count = 0;
    extra->changed = NULL;
    return extra;
}

/* Gives the packet back, without a word to whom it belongs. */
static inline void packet_recycle(struct net *net, struct packet *packet)
{
    if (packet->extra) {
        packet->extra->next = net->extras;
        net->extras = packet->extra;
    }
    packet->of.next = net->packets;
    net->packets = packet;
    net->packets_alive--;
}

/* The packet will not arrive: its owner is told what that means for it, and it is given back. */
void packet_lose(struct net *net, struct packet *packet);

/* A larger array with the old content; *capacity doubles. */
void *net_grow(struct net *net, const void *old, uint32_t *capacity, size_t element_size);

/* NULL: nobody. */
struct binding *net_binding(const struct net *net, uint32_t node, uint16_t port, bool is_tcp);
struct binding *net_bind(struct net *net, uint32_t node, uint16_t port, bool is_tcp);
void net_unbind(struct net *net, uint32_t node, uint16_t port, bool is_tcp);

static inline struct link *net_route(const struct net *net, uint32_t from, uint32_t to)
{
    return net->routes[(size_t)from * net->node_count + to];
}

/* The end of a packet's way; they give it back. */
void tcp_arrive(struct net *net, struct packet *packet);
void udp_arrive(struct net *net, struct packet *packet, struct link *link);

/* A datagram that was protected has been opened. */
void udp_finish(struct net *net, struct packet *packet);

/* A packet of theirs is no more, arrived or lost; was lost; became more. */
void tcp_gone(const struct packet *packet);
void udp_lost(struct net *net, struct packet *packet);
void udp_fragmented(struct packet *packet, uint32_t more);

/*
 * The longest slice that begins at byte at of a segment's payload, or of the data of a fragment's whole datagram. The
 * one place where a packet's bytes are looked up.
 */
struct slice packet_payload(const struct packet *packet, uint64_t at);

#endif
