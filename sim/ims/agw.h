/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agw.h - an IMS access gateway (3GPP TS 23.334) under its P-CSCF: stands itself into c= and m= of the SDP, leaves
 * a=path alone (RFC 6714), and couples two TCP connections, the one towards its UE and the one towards the core. What
 * comes in on one goes out on the other as there is room; what has no room stays in TCP's receive buffer, so that a
 * slow side stops the fast one. In e2ae (3GPP TS 33.328) it ends TLS towards the UE. It answers nothing and its
 * switching takes no time (assumed); TLS takes its CPU's.
 */
#ifndef SIM_IMS_AGW_H
#define SIM_IMS_AGW_H

#include "sim/ims/channel.h"

/* The gateway at a role's site, listening on both sides. */
struct agw *agw_create(struct world *world, enum role role);

/* The SDP as it goes on: an offer or answer that came from the UE's side or from the core. False: it has no MSRP. */
bool agw_rewrite(struct agw *agw, bool is_from_ue, struct span sdp, struct sink *out, const struct cause *cause);

/* Whether SDP has led the gateway to a role on either side. */
bool agw_leads_to(const struct agw *agw, enum role role);

#endif
