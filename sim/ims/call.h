/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * call.h - a call without a file, as a load has them beside files: INVITE with an offer of speech, 200, ACK, the time
 * for which people talk, BYE. Speech itself is media that no node of the core sees, and is left out.
 */
#ifndef SIM_IMS_CALL_H
#define SIM_IMS_CALL_H

#include "sim/ims/sip_node.h"

struct call;

/* Both ends of the call, at UE-A and UE-B. Their user agents' nodes are made here. It ends hold_ns after its answer:
 * the caller says BYE. */
struct call *call_create(struct world *world, struct sip_ua *ua_a, struct sip_ua *ua_b, int64_t hold_ns);

/* The caller dials. The world ends delivered when the BYE is answered, its moment in hand is that of the answer. */
void call_press(struct call *call, const struct cause *cause);

/* Nobody waits for anything: it is answered, and nobody has hung up yet. */
bool call_is_talking(const struct call *call);

/* As session_abandon and session_retire. */
void call_abandon(struct call *call, const struct cause *cause);
void call_retire(struct call *call);

#endif
