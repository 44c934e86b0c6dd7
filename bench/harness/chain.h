/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * chain.h - two hosts with routers in a row between them, and a bulk transfer over TCP from the first to the last: the
 * networks for which closed forms exist.
 */
#ifndef BENCH_HARNESS_CHAIN_H
#define BENCH_HARNESS_CHAIN_H

#include "sim/net/net.h"

enum { CHAIN_LINKS_MAX = 4, CHAIN_PORT = 7394 };

struct chain {
    struct engine engine;
    struct streams streams;
    struct net *net;
    uint32_t last; /* node of the receiving host; the sending one is 0 */
};

/* Links of one rate without loss and jitter, Ethernet's header and MTU, an endless queue. */
struct link_config chain_link(uint64_t rate_bps, int64_t propagation_ns);

/* Builds the chain in the arena, which is reset; each link is alike in both directions,
 * but loses nothing on the way back. */
void chain_init(struct chain *chain, struct arena *arena, const struct link_config *links, uint32_t count,
                uint64_t seed, const struct net_tap *tap);

/* Runs events up to until_ns, those of that instant too. */
void chain_run_until(struct chain *chain, int64_t until_ns);

/* Runs until nothing is left to happen. */
void chain_run(struct chain *chain);

struct bulk {
    uint64_t total;    /* to be sent; set by the caller */
    uint64_t written;  /* so far */
    uint64_t received; /* in order */
    int64_t ended_ns;  /* the last byte arrived; 0: not yet */
    int64_t lost_ns;   /* the connection was given up; 0: never */
    struct engine *engine;
    struct tcp *sender;
};

/* Opens the connection now; the receiver reads at once whatever comes. */
void bulk_start(struct bulk *bulk, struct chain *chain, const struct tcp_config *config);

#endif
