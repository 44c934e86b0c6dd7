/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_linger.h - what is left of user agents that have nothing to do any more: transactions that absorb what comes
 * again (RFC 3261 sections 17.1 and 17.2, RFC 6026). So a user agent can be forgotten when its session has ended, and
 * not a minute or two later.
 */
#ifndef SIM_PROTO_SIP_LINGER_H
#define SIM_PROTO_SIP_LINGER_H

#include "sim/proto/sip_ua.h"

struct sip_linger;

struct sip_linger *sip_linger_create(struct arena *arena);

/* Takes over the transactions of a user agent at rest, which may be forgotten then. */
void sip_linger_take(struct sip_linger *linger, int64_t now_ns, struct sip_ua *ua, struct sip_outbox *out);

/* A message for a user agent that is no more: its answer is sent again, or it is absorbed. What nobody has seen before
 * is dropped, as at a UE that is switched off. */
void sip_linger_receive(struct sip_linger *linger, int64_t now_ns, struct sip_hop from, struct span head,
                        struct sip_outbox *out);

void sip_linger_wake(struct sip_linger *linger, int64_t now_ns, struct sip_outbox *out);

/* Transactions that linger now. */
uint32_t sip_linger_count(const struct sip_linger *linger);

#endif
