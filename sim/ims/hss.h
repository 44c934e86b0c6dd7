/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hss.h - the I-CSCF's question to the HSS where a user is served (TS 29.228 section 6.1.4), as Diameter messages over
 * TCP. The HSS looks the user up in what it has been told.
 */
#ifndef SIM_IMS_HSS_H
#define SIM_IMS_HSS_H

#include "sim/ims/sip_node.h"

struct hss;

/* The HSS and the I-CSCF's end. s_cscf serves sip:bob@open-ims.test: "sip:term@scscf-2.open-ims.test:6061". */
void hss_create(struct world *world, const char *s_cscf);

/* Opens the I-CSCF's connection before it is needed. */
void hss_connect(struct world *world);

/* A sip_node_locate_fn; context is the world. */
void hss_locate(void *context, struct span user, uint32_t token, int64_t not_before_ns, const struct cause *cause);

#endif
