/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * renewal.h - UEs that register once more, as a load has them beside files: REGISTER, UAR, MAR, the challenge, REGISTER
 * with its answer, SAR, 200, each through the CSCFs and the HSS as in a trial (registration.h). Users of the population
 * are set aside for it, as many as register at once; each keeps its USIM.
 */
#ifndef SIM_IMS_RENEWAL_H
#define SIM_IMS_RENEWAL_H

#include "sim/ims/population.h"
#include "sim/ims/sip_node.h"

/* Those who are set aside. One a load, in the core's arena. */
struct renewals;
struct renewals *renewals_create(struct world *core);

/* One of them that is free, or one more of the population's callers, drawn by ordinal; NULL: all are busy. */
struct renewing;
struct renewing *renewals_take(struct renewals *renewals, uint64_t ordinal);
void renewals_give(struct renewals *renewals, struct renewing *renewing);
struct population_user renewing_user(const struct renewing *renewing);

/* How its UE registers, for the user agent. */
const struct sip_ua_registration *renewing_registration(struct renewing *renewing);

/* One registration, at UE-A of the world. Its user agent's node is made here. */
struct renewal;
struct renewal *renewal_create(struct world *world, struct sip_ua *ua);

/* The UE registers. The world ends delivered when the 200 is there. */
void renewal_press(struct renewal *renewal, const struct cause *cause);
void renewal_retire(struct renewal *renewal);

#endif
