/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session.h - the file over an MSRP session: what the two users' UEs do from the press of the button to the plaintext
 * in hand (RFC 4975, RFC 5547, RFC 8591). Whoever seals or opens, when INVITE, SEND and BYE leave, stands here.
 */
#ifndef SIM_IMS_SESSION_H
#define SIM_IMS_SESSION_H

#include "sim/ims/media.h"
#include "sim/ims/sip_node.h"

struct session;

/* Both ends of the session, at UE-A and UE-B. Their user agents' nodes are made here. */
struct session *session_create(struct world *world, struct sip_ua *ua_a, struct sip_ua *ua_b);

/* The user presses send. */
void session_press(struct session *session, const struct cause *cause);

/* It has failed: whoever still can says BYE, and connections are reset. */
void session_abandon(struct session *session, const struct cause *cause);

/* Nobody listens or is bound any more: what comes for the UEs is not for this session. */
void session_retire(struct session *session);

/* Bytes of the body as carried, and chunks sent. */
uint64_t session_body_bytes(const struct session *session);
uint64_t session_chunks(const struct session *session);

#endif
