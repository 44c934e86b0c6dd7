/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ue.h - what the two users' processes share: their session descriptions, the file that UE-B receives.
 */
#ifndef BENCH_MEASURE_UE_H
#define BENCH_MEASURE_UE_H

#include "bench/measure/msrp_ue.h"
#include "bench/measure/receipt.h"
#include "bench/measure/sip_peer.h"
#include "sim/wire/sdp.h"
#include "sim/wire/sip_identity.h"

#define UE_MEMORY ((size_t)1 << 30)
enum { UE_SDP_SIZE = 2048 };

extern const char *const ue_sealed_types[]; /* what a user accepts who wants the file sealed */

/* Writes the user's offer or answer; file_bytes: of the file-selector. */
void ue_write_sdp(const struct node *node, const struct msrp_ue *media, uint64_t file_bytes, struct sink *sdp);

/* The file is whole at UE-B: opens what was sealed by the user whose address of record is peer_aor, checks it, gives it
 * its name and reports. */
void ue_keep(struct node *node, struct receipt *receipt, uint64_t length, const char *peer_aor);

/* With another program's core: registers, which is what warming up is. */
void ue_register(struct sip_ua *ua, struct sip_peer *peer);

/* Takes the registration back, so that the core keeps no contact of a process that is gone. */
void ue_deregister(struct sip_ua *ua, struct sip_peer *peer);

/* Whether that was about the registration: then it has been told of, as MARK_WARM or as a failure, or, taken back, has
 * ended the node. */
bool ue_registered(struct node *node, const struct sip_output *item);

#endif
