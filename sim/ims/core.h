/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * core.h - the IMS core of a trial: the five CSCF instances on the way from UE-A to UE-B with what registration has
 * told them, the HSS behind the I-CSCF, and the relays or back-to-back user agents of the arm.
 */
#ifndef SIM_IMS_CORE_H
#define SIM_IMS_CORE_H

#include "sim/ims/sip_node.h"

/* Makes the nodes at their sites. */
void core_create(struct world *world);

/* The user agent of a UE: registered, with its P-CSCF and Service-Route. */
struct sip_ua *core_user_agent(struct world *world, enum role role);

/* The same of one that registers so; NULL: it is registered from the start. */
struct sip_ua *core_registering_agent(struct world *world, enum role role,
                                      const struct sip_ua_registration *registration);

/* Opens the connections that are ready before anybody presses send: SIP over TCP or TLS, Diameter, between relays. */
void core_connect(struct world *world);

/* The connection that only the UE can open: with cold connections it is opened when the trial begins. */
void core_connect_ue(struct world *world, const struct cause *cause);

uint64_t core_retransmissions(const struct world *world);

#endif
