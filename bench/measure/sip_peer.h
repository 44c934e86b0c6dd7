/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_peer.h - a SIP element of sim/proto on real sockets: a user agent or a CSCF that receives by UDP, or by TLS where
 * the file goes in MESSAGEs under TLS, and whose outbox is carried out at once. With another program's core a user
 * agent takes the transport of that, which may also be TCP; the core may then open a connection of its own to the user.
 */
#ifndef BENCH_MEASURE_SIP_PEER_H
#define BENCH_MEASURE_SIP_PEER_H

#include "bench/measure/node.h"
#include "sim/proto/sip_proxy.h"
#include "sim/proto/sip_ua.h"

struct sip_peer;

struct sip_peer_config {
    struct sip_ua *ua; /* exactly one of the two */
    struct sip_proxy *proxy;
    void *context;
    void (*told)(void *context, const struct sip_output *item); /* what a user agent tells its user */
    /* A whole message is there, before the element works on it; user agents; may be NULL. */
    void (*arrived)(void *context, struct span head, struct slice body);
    void (*locate)(void *context, struct span user, uint32_t token); /* I-CSCF */
    void (*connected)(void *context); /* a connection that was opened can carry messages; may be NULL */
};

/* Lives in arena, listens at the node's address. */
struct sip_peer *sip_peer_create(struct node *node, struct arena *arena, const struct sip_peer_config *config,
                                 struct note *note);

/* Opens the connection to another element before it is needed; nothing to do for UDP. */
void sip_peer_connect(struct sip_peer *peer, enum cast_role to);

/* How many of the connections that were opened cannot carry anything yet. */
uint32_t sip_peer_missing(const struct sip_peer *peer);

struct sip_outbox *sip_peer_outbox(struct sip_peer *peer);
void sip_peer_do(struct sip_peer *peer); /* carries out the outbox that a call of the element has filled */

/* When the message came in that the element works on. */
int64_t sip_peer_arrived_ns(const struct sip_peer *peer);

uint64_t sip_peer_resent(const struct sip_peer *peer);

/* For configurations of elements. */
enum sip_transport sip_peer_transport(const struct cast *cast);
uint16_t sip_peer_port(const struct cast *cast); /* that our own elements listen at */
struct sip_hop sip_peer_hop(const struct cast *cast, enum cast_role role);
const struct sip_name *sip_peer_names(const struct cast *cast, struct arena *arena);
/* "sip:user@host:port" and parameters, in arena. */
const char *sip_peer_uri(const struct cast *cast, struct arena *arena, const char *user, enum cast_role role,
                         const char *parameters);
/* The user agent of UE-A or UE-B. */
struct sip_ua *sip_peer_user_agent(const struct cast *cast, struct arena *arena, enum cast_role role);

#endif
