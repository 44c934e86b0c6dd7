/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_node.h - a SIP element on a host: receives messages by UDP, TCP or TLS, keeps each for its dwell, lets the
 * element work on it, and sends what the element wants sent. The CSCFs' routing stands in sip_proxy.h, the users'
 * sessions in sip_ua.h.
 */
#ifndef SIM_IMS_SIP_NODE_H
#define SIM_IMS_SIP_NODE_H

#include "sim/ims/channel.h"
#include "sim/proto/sip_proxy.h"
#include "sim/proto/sip_ua.h"

struct sip_node;

/* What a user is told by its user agent: items of an outbox that are not messages. */
typedef void sip_node_told_fn(void *context, const struct sip_output *item, const struct cause *cause);

/* A message is whole at the UE's SIP layer, before the UE has worked on it. */
typedef void sip_node_arrived_fn(void *context, struct span head, struct slice body, const struct cause *cause);

/* A user agent at a UE's site, or a CSCF at its site; exactly one of the two. */
struct sip_node_config {
    enum role role;
    struct sip_ua *ua;
    struct sip_proxy *proxy;
    void *context;
    sip_node_told_fn *told;       /* user agents */
    sip_node_arrived_fn *arrived; /* user agents; may be NULL */
    bool hears_registration;      /* told of its own registration, which else is one of the trial's two users' */
};
struct sip_node *sip_node_create(struct world *world, const struct sip_node_config *config);

/* Transport of signalling between two neighbours. */
enum sip_transport sip_node_transport(const struct world *world, enum role a, enum role b);

/* Whether requests that are too large for UDP go by TCP (RFC 3261 section 18.1.1): sip.transport = as-rfc. */
bool sip_node_is_by_size(const struct world *world);

/* Opens this node's connection to another SIP role before it is needed. */
void sip_node_connect(struct sip_node *node, enum role peer, const struct cause *cause);

/* Carries out an outbox that a call of the element's user has filled. */
void sip_node_do(struct sip_node *node, const struct sip_outbox *out, const struct cause *cause);

struct sip_outbox *sip_node_outbox(struct sip_node *node);

struct sip_ua *sip_node_ua(const struct sip_node *node);
struct sip_proxy *sip_node_proxy(const struct sip_node *node);

/* The HSS has answered: a LIR, or another question. */
void sip_node_located(struct sip_node *node, uint32_t token, const struct diameter_message *answer,
                      const struct cause *cause);
void sip_node_answered(struct sip_node *node, uint32_t token, const struct diameter_message *answer,
                       const struct cause *cause);

/* The message that the element works on: when it came, and its sums. Only while one is worked on. */
int64_t sip_node_arrived_ns(const struct sip_node *node);
struct cause sip_node_cause(const struct sip_node *node);

/* Whether it works on a message, or one waits for it. */
bool sip_node_is_busy(const struct sip_node *node);

/* The node's UDP port is free again; its user agent goes to linger (sip_linger.h). */
void sip_node_retire(struct sip_node *node);

uint64_t sip_node_retransmissions(const struct sip_node *node);

#endif
