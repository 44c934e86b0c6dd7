/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * registration.h - both users' registrations in a trial: their USIMs, when their UEs register, what waits for that, and
 * how long UE-A's took.
 */
#ifndef SIM_IMS_REGISTRATION_H
#define SIM_IMS_REGISTRATION_H

#include "sim/ims/sip_node.h"

struct registration;

/* Before the core is made: the subscribers' keys. */
void registration_create(struct world *world);

/* For the user agent of a UE: how it registers. */
const struct sip_ua_registration *registration_of(struct world *world, enum role ue);

/* What a USIM makes of a challenge, in the words of a user agent. */
struct aka_usim;
enum sip_usim_verdict registration_ask_usim(struct aka_usim *usim, const uint8_t rand[SIP_RAND_SIZE],
                                            const uint8_t autn[SIP_AUTN_SIZE], struct sip_usim_answer *answer);

/* For a CSCF: its part in registrations. */
const struct sip_registrar_config *registration_registrar(struct world *world, enum role cscf);

/* The subscribers of an operator's HSS. */
struct hss;
void registration_subscribe(struct world *world, enum role hss_role, struct hss *hss);

/* Both UEs register, as far as the scenario's peer does. Their user agents' nodes are there. */
void registration_begin(struct world *world, const struct cause *cause);

/* What the user agent of a UE tells of its registration. */
void registration_told(struct world *world, enum role ue, const struct sip_output *item, const struct cause *cause);

/* Whether all are registered who do. If not, calls done(context) once when they are: nobody sends a file to a UE that
 * is just being switched on. Where the registrations are nobody's, begun before the press, cause waits for them. */
bool registration_stands(struct world *world, const struct cause *cause, void *context, station_done_fn *done);

/* The same without waiting. */
bool registration_is_done(const struct world *world);

/* From UE-A's first REGISTER to its 200 (RFC 6076 section 4.1); NONE_NS: it was not registered. */
int64_t registration_ns(const struct world *world);

#endif
