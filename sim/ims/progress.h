/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * progress.h - what happens between an INVITE and its answer at both UEs, where the scenario asks for it: ringing
 * (180), or an early answer with preconditions (TS 24.229 sections 5.1.3 and 5.1.4): 183 with the answer, PRACK,
 * resources, UPDATE, then 180. Transactions and retransmissions are the user agents'.
 */
#ifndef SIM_IMS_PROGRESS_H
#define SIM_IMS_PROGRESS_H

#include "sim/ims/sip_node.h"

struct progress;

struct progress_config {
    struct sip_ua *ua_a, *ua_b;
    struct sip_node *node_a, *node_b;
    void *context;
    void (*write_sdp)(void *context, bool is_offer, struct sink *sdp);
    /* UE-B: both sides have their resources: its user may be alerted. */
    void (*ready)(void *context, const struct cause *cause);
};
struct progress *progress_create(struct world *world, const struct progress_config *config);

/* Whether the scenario wants the answer in a 183. */
bool progress_is_early(const struct progress *progress);

/* ---- UE-A ---- */

/* Adds the precondition to the offer, where there is one. */
void progress_write_offer(struct progress *progress, struct sink *sdp);

/* SIP_PROGRESSED: keeps the answer, reserves, and sends the UPDATE. */
void progress_seen(struct progress *progress, const struct sip_output *item, const struct cause *cause);

/* The answer that came in a dialog's 183; size 0: none. */
struct span progress_answer(const struct progress *progress, uint32_t dialog);

/* ---- UE-B ---- */

/* SIP_INVITED: true when the answer is to go out early, by progress_answer_early. */
bool progress_offered(struct progress *progress, const struct sip_output *item);
void progress_answer_early(struct progress *progress, struct sink *sdp, const struct cause *cause);
bool progress_has_answered(const struct progress *progress);

/* SIP_PRACKED, SIP_UPDATED. */
void progress_asked(struct progress *progress, const struct sip_output *item, const struct cause *cause);

/* The 180. */
void progress_ring(struct progress *progress, const struct cause *cause);

#endif
