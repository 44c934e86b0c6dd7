/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * link.h - one direction of a link: a drop-tail queue, a transmitter and a delay line. Packets that are on their way
 * wait in the link's own ring; only the first of them has an event in the engine, with the ticket that it took when
 * it was sent, so the order of events is that of one event a packet. Where packets may overtake one another, each has
 * an event indeed.
 */
#ifndef SIM_NET_LINK_H
#define SIM_NET_LINK_H

#include "sim/net/net.h"
#include "sim/net/packet.h"

/* A packet on its way. */
struct flight {
    int64_t arrive_ns;
    uint64_t ticket;
    struct packet *packet;
};

/* The same where packets may overtake one another. */
struct free_flight {
    struct free_flight *next; /* in the pool */
    struct link *link;
    struct packet *packet;
};

/* A packet that waits for transmission: it counts against the queue until its first bit leaves. */
struct waiting {
    int64_t start_ns;
    uint32_t bytes;
};

/* A packet whose first bit has not left yet, for the tap. */
struct departure {
    struct departure *next;
    struct packet *packet;
    int64_t start_ns;
    uint64_t ticket;
    bool is_lost;
};

/* The state that both directions of a radio link share. */
struct radio {
    const struct link *up, *down;
    int64_t promotion_ns, idle_ns;
    int64_t ready_ns; /* when the promotion ends or ended */
};

struct link {
    /* What every packet needs lies together. */
    struct net *net;
    struct engine *engine;
    int64_t free_ns; /* when all that was accepted so far will have been transmitted */
    int64_t propagation_ns;
    struct flight *flights; /* ring; the numbers of its first and one behind its last count up without limit */
    uint64_t flight_first;  /* so many have arrived */
    uint64_t flight_end;
    uint32_t flight_mask;
    uint32_t overhead_bytes;
    uint32_t mtu;
    uint32_t to;         /* node */
    uint32_t size_bytes; /* the size that was transmitted last, and how long that took */
    bool is_random;      /* loss or jitter */
    bool is_free;        /* packets may overtake one another */
    bool is_watched;     /* that, or there is a tap */
    bool has_radio;
    bool is_losing; /* Gilbert's bad state */
    bool has_tunnel;
    int64_t size_ns;
    uint64_t packets;         /* accepted */
    const struct cause *last; /* of the packet accepted last, which is on its way as long as the link is busy */
    int64_t last_way_ns;      /* what it was charged after its release */
    uint64_t bytes;
    struct link **onward;   /* the first links of the ways from node `to`, by node */
    uint64_t payload_bytes; /* of what arrived, above TCP and UDP */
    uint64_t shield_bytes;  /* and what protected it */

    struct waiting *waiting; /* ring */
    uint32_t waiting_mask;
    uint32_t waiting_first;
    uint32_t waiting_end;
    uint64_t waiting_bytes;
    uint64_t queue_bytes_max;
    uint64_t rate_bps;
    int64_t bucket_ns; /* until an empty one is full; 0: there is none */
    int64_t empty_ns;  /* when the bucket was, or will be, or would have been empty, counted back from its tokens */
    int64_t start_ns;  /* of the packet accepted last, where there is a bucket */

    struct radio *radio;
    struct shield *tunnel; /* gateways at both its ends protect what has certain ports; NULL: none */
    uint64_t dropped_queue;
    uint64_t dropped_loss;
    uint64_t lost_bytes, free_bytes; /* of packets lost; on their way where they may overtake; link layer not counted */
    int64_t arrive_ns;               /* of the packet accepted last, where there is jitter */
    uint64_t packets_before;         /* from which the ordinals of random draws count; modulo 2^64 */
    uint64_t place;                  /* address of its random draws */
    struct departure *departures;
    struct departure *departures_last;
    struct cause ghost; /* the sums of a lost packet that was the last one */
    uint32_t from;
    uint32_t number;
    struct link_config config;
};

/* In place. place is the address of its draws. */
void link_init(struct link *link, struct net *net, uint32_t from, uint32_t to, const struct link_config *config,
               uint64_t place);

/* Makes the two directions one radio link, if their configuration has a promotion. */
void link_pair(struct link *up, struct link *down);

/* Transmits, queues or drops a packet that the MTU allows. */
void link_take(struct link *link, struct packet *packet);

/* Cuts a UDP packet's IP payload into pieces of a multiple of 8 bytes (RFC 791 section 3.2), each a packet. */
void link_fragment(struct link *link, struct packet *packet);

static inline void link_send(struct link *link, struct packet *packet)
{
    if (packet->bytes <= link->mtu)
        link_take(link, packet);
    else
        link_fragment(link, packet);
}

/* A packet that has come out of a link, and of the tunnel over it, goes on. */
void link_pass(struct link *link, struct packet *packet);

/* Bytes of the packets that have come out, link layer not counted. Looks at each that is on its way. */
uint64_t link_arrived_bytes(const struct link *link);

/* Packets accepted that neither arrived nor were lost. */
static inline uint64_t link_in_flight(const struct link *link)
{
    return link->flight_end - link->flight_first;
}

#endif
