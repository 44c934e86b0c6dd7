/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * relay.h - an MSRP relay (RFC 4976) or a back-to-back user agent on its host: takes chunks off one leg, keeps each for
 * its dwell, passes it on over the next leg as room allows, and answers SENDs itself. Store-and-forward waits for a
 * chunk's end, cut-through for its head; a full next leg stops the reading of the one before.
 */
#ifndef SIM_IMS_RELAY_H
#define SIM_IMS_RELAY_H

#include "sim/ims/leg.h"
#include "sim/wire/sdp.h"

/* The relay at a role's site; is_b2bua: a back-to-back user agent, whose neighbours are known by a=fingerprint where
 * the arm has TLS. */
struct relay *relay_create(struct world *world, enum role role, bool is_b2bua);

/* Opens the connection to the next relay before it is needed. */
void relay_connect(struct relay *relay, enum role peer, const struct cause *cause);

/* Own URI: "msrps://relay-1.open-ims.test:2855". */
const char *relay_uri(const struct relay *relay);

/* A back-to-back user agent's own URI in an offer or an answer: it is the end of two sessions, and each has a session
 * part of its own (RFC 4975 section 6). What comes for one leaves for the other's peer. */
const char *relay_session_end(const struct relay *relay, bool is_answer);

/* A back-to-back user agent has stood itself in this offer, or in its answer: from then on its legs belong together,
 * and it opens the one that leads away from the active side (a=setup, RFC 6135). */
void relay_offered(struct relay *relay, const struct sdp_msrp *offer);
void relay_answered(struct relay *relay, const struct sdp_msrp *answer, const struct cause *cause);

/* A Use-Path that it gave out before: for AUTH done earlier. */
void relay_session_uri(struct relay *relay, struct sink *out);

#endif
