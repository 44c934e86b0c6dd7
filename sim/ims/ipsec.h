/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ipsec.h - what protects signalling between two neighbours, and ESP where it is ESP: a pair of security associations
 * between every two that signal to each other (on Gm in transport mode or, with NAT, in a UDP-encapsulated tunnel: TS
 * 33.203; in the core in transport mode; the Cx of the HSS counts as core), and the tunnel of two security gateways at
 * the border routers over Za (TS 33.210). Real packets are made where somebody looks.
 */
#ifndef SIM_IMS_IPSEC_H
#define SIM_IMS_IPSEC_H

#include "sim/ims/world.h"
#include "sim/sec/esp.h"

/* What protects signalling between two roles: the arm's hops where the file itself goes in MESSAGEs, else the
 * scenario's. */
enum protection ipsec_protection(const struct world *world, enum role a, enum role b);

/* Whether packets of a trial are protected by ESP anywhere. */
bool ipsec_is_used(const struct scenario *scenario, const struct arm *arm);

/* The work of sealing and opening under the scenario's suite. */
enum cost_operation ipsec_cost(const struct scenario *scenario, bool is_sealing);

/* CPU time that a message of bytes on this hop takes to be sealed or opened; 0 where that is not ESP. */
int64_t ipsec_work_ns(const struct world *world, enum role from, enum role to, bool is_sealing, uint64_t bytes);

/* The association of one direction of a Gm, for the headers that agree on it (RFC 3329); NULL: Gm is not ESP. */
const struct esp_association *ipsec_association(const struct world *world, enum role from, enum role to);

/* The association that protects what goes from one role's SIP port to another's where it crosses the link between two
 * nodes, by their names: the outermost one; NULL: none. */
const struct esp_association *ipsec_at_link(const struct world *world, enum role from, enum role to, const char *a,
                                            const char *b);

/* What a UE or its P-CSCF offers of its end of Gm, a value of Security-Client or Security-Server (RFC 3329, TS 33.203
 * annex H); false: Gm is not ESP. */
bool ipsec_write_offer(const struct world *world, enum role own, enum role peer, struct sink *sink);

/* Once the world is built. Gm of UE-A and UE-B stays clear until ipsec_agree. */
void ipsec_create(struct world *world);

/* The associations of a UE's Gm come up, with the keys of its registration (TS 33.203 section 7.1, annex I): what it
 * sends and is sent from now on is protected. Nothing happens where Gm is not ESP or has them. */
void ipsec_agree(struct world *world, enum role ue, const uint8_t ck[ESP_KEY_SIZE], const uint8_t ik[ESP_KEY_SIZE]);

/* Frees what OpenSSL holds. */
void ipsec_free(struct world *world);

#endif
