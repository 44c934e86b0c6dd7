/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network.h - the machine's own network for a measured transfer: a network namespace for each role and one in the
 * middle whose bridge joins them; the two users' links delayed by the delay box and shaped by tbf behind it, in both
 * directions: their queues lie in the network, not in the hosts. Namespaces are called after the process that owns
 * them, so that a set whose owner is dead is found and removed.
 */
#ifndef BENCH_MEASURE_NETWORK_H
#define BENCH_MEASURE_NETWORK_H

#include "bench/measure/cast.h"

enum { NETWORK_NAME_SIZE = 64, NETWORK_DEVICE_SIZE = 16 };

struct network_config {
    uint64_t rate_bps;    /* of the users' links, each direction; 0: unshaped */
    int64_t delay_ns;     /* one way over each user's link */
    uint64_t queue_bytes; /* that may wait at a shaped link */
};

struct network {
    struct network_config config;
    char prefix[NETWORK_NAME_SIZE]; /* "hopsim-1234-56789-" */
    int namespaces[CAST_COUNT];     /* descriptors; -1: none */
    int middle;
    bool is_made[CAST_COUNT + 1]; /* which namespaces have a name to be removed; the last: the middle */
};

/* Bytes and packets over all links, each once, link layer included. */
struct network_count {
    uint64_t bytes, packets;
};

/* Whether the users' links go through a delay box: where they have a rate or a delay. */
bool network_has_box(const struct network_config *config);

/* Depth of the token bucket of a link with a rate: one frame, or a quarter of a millisecond: small beside what is
 * measured, large enough for the machine's timers. */
uint64_t network_burst_bytes(uint64_t rate_bps);

/* Whether this process may make namespaces; the note says in one sentence what is missing. */
bool network_may(struct note *note);

/* Removes what dead processes left. */
void network_sweep(void);

/* Makes the network for everybody in the cast and sets their addresses. What a failure leaves is removed. */
MUST_USE enum err network_open(struct network *network, struct cast *cast, const struct network_config *config,
                               struct note *note);
void network_close(struct network *network);

MUST_USE enum err network_read(const struct network *network, const struct cast *cast, struct network_count *count,
                               struct note *note);

/* The device of a role's link in the middle: "h0"; it shows every packet of the link. */
void network_device(enum cast_role role, char name[NETWORK_DEVICE_SIZE]);

/* The user's link on the far side of the delay box: "d0". */
void network_delayed_device(enum cast_role role, char name[NETWORK_DEVICE_SIZE]);

#endif
