/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * anchor.h - who stands itself into the way of the media as an offer or answer passes a CSCF: the back-to-back user
 * agent beside it, the gateway that it controls, or whoever the trial has tampering there.
 */
#ifndef SIM_IMS_ANCHOR_H
#define SIM_IMS_ANCHOR_H

#include "sim/ims/sip_node.h"

/* Makes the proxy of a CSCF rewrite SDP, where the arm has somebody there. */
void anchor_join(struct world *world, enum role cscf, struct sip_proxy_config *config);

#endif
