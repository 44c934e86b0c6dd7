/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dns.h - name servers and who asks them: each operator's server knows the names of its own nodes and asks the other
 * operator's for what it does not know; SIP nodes ask their own (RFC 3263). Messages go by UDP.
 */
#ifndef SIM_IMS_DNS_H
#define SIM_IMS_DNS_H

#include "sim/ims/world.h"

/* Makes the servers that the topology has. */
void dns_create(struct world *world);

/* entry NULL: not found, with the status that a SIP server answers then. */
typedef void dns_done_fn(void *context, const struct sip_hop *entry, int status, uint32_t token,
                         const struct cause *cause);

/* Looks up a domain or host for a role: done at once where the role remembers it. */
void dns_look_up(struct world *world, enum role role, struct span name, uint32_t token, void *context,
                 dns_done_fn *done, const struct cause *cause);

/* Questions that were asked again. */
uint64_t dns_retransmissions(const struct world *world);

#endif
