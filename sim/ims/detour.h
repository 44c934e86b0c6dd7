/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * detour.h - the host of somebody who has put it into the SDP of two neighbours, in a=path or for gateways in c= and
 * m=: it takes the connection that was meant for the other one, opens one there, and ends TLS on both where there is
 * any (RFC 4975 section 14.4). What passes in clear passes the trial's tamperer, whole message by whole message.
 * To-Path and From-Path are made to say what either end expects. Its switching takes no time (assumed); TLS takes its
 * CPU's.
 */
#ifndef SIM_IMS_DETOUR_H
#define SIM_IMS_DETOUR_H

#include "sim/ims/channel.h"

/* The host at ROLE_MALLORY's site, listening. */
void detour_create(struct world *world);

#endif
