/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crowd.h - background load: requests of other users, whose UEs are behind the same P-CSCFs, from one side to the
 * other through every CSCF and the HSS, and their answers back. They arrive as a Poisson process; which request comes
 * when is the same for every arm.
 */
#ifndef SIM_IMS_CROWD_H
#define SIM_IMS_CROWD_H

#include "sim/ims/hss.h"
#include "sim/ims/sip_node.h"

/* Both sides' nodes; users are registered from the start. Nothing without background.rate. */
struct crowd;
void crowd_create(struct world *world, struct sip_ua *ua_a, struct sip_ua *ua_b);

/* What a P-CSCF and S-CSCF know of them, ending in a NULL aor; NULL: no crowd. */
const struct cscf_user *crowd_users(struct world *world, enum role cscf);
void crowd_subscribe(struct world *world, struct hss *hss);
/* Route set of the requests of side A, NULL-terminated URIs. */
const char *const *crowd_routes(struct world *world);

/* Requests come from at_ns to end_ns. */
void crowd_begin(struct world *world, int64_t at_ns, int64_t end_ns);

#endif
