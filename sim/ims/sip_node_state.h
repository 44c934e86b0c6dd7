/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_node_state.h - the inside of a SIP element on a host, and what its two files do for each other: sip_node.c sends
 * and does what the element wants done, sip_node_receive.c minds what comes in, and connections.
 */
#ifndef SIM_IMS_SIP_NODE_STATE_H
#define SIM_IMS_SIP_NODE_STATE_H

#include "sim/ims/sip_node.h"

enum { KIND_SIZE = 48 };

/* A message between its arrival and the end of its dwell. */
struct sip_job {
    struct sip_job *next;
    struct sip_node *node;
    struct sip_hop from;
    struct watched *watched;
    int64_t arrived_ns;
    struct cause cause;    /* at the end of its dwell */
    int64_t asking_ns;     /* of a dwell that includes the HSS: what comes behind its work */
    int64_t not_before_ns; /* and when the message may go on */
    struct slice body;
    struct source body_source; /* of a body that had to be copied: body_bytes */
    uint8_t *body_bytes;
    size_t body_capacity;
    bool is_refused; /* by overload, once its dwell has passed */
    size_t head_size;
    char head[SIP_HEAD_MAX];
};

struct sip_node {
    struct world *world;
    enum role role;
    struct sip_ua *ua;
    struct sip_proxy *proxy;
    void *context;
    sip_node_told_fn *told;
    sip_node_arrived_fn *arrived;
    bool hears_registration;
    struct sip_job *jobs_free;
    uint32_t jobs;           /* between arrival and the end of their dwell */
    struct sip_job *running; /* the message the element works on */
    struct channel *channels[ROLE_COUNT];
    bool has_stood[ROLE_COUNT]; /* a channel has been ready */
    struct timer *timer;
    struct cause last; /* of the last thing done: what a timer extends */
    int64_t last_ns;
    struct sip_outbox outbox;
};

/* ---- sip_node_receive.c ---- */

/* A datagram has come. */
void sip_node_received(void *context, const struct datagram *datagram, const struct cause *cause);

/* Takes connections from now on. */
void sip_node_listen(struct sip_node *node);

#endif
