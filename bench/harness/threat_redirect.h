/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * threat_redirect.h - an attacker's own host in the SDP of two neighbours: in a=path (RFC 4975 section 14.4), for
 * relays as one more of them in front (RFC 4976), for gateways in c= and m= (RFC 6714).
 */
#ifndef BENCH_HARNESS_THREAT_REDIRECT_H
#define BENCH_HARNESS_THREAT_REDIRECT_H

#include "bench/harness/threat_attack.h"

/* Puts text with the run of characters behind a mark replaced. False: it has no such mark. */
bool threat_replace_behind(struct span text, const char *mark, const char *characters, const char *other,
                           struct sink *out);

/* Writes the description in the message with his host in it, and keeps where it led before. False: it is not one of the
 * two that he is after, or leads nowhere. */
bool threat_redirect(struct threat_attacker *attacker, const struct threat_message *message, struct sink *out);

/* The tamperer's onward (sim_tamper): whom the answer named, and who comes before there is one, goes where the offer
 * led, everybody else where the answer did. */
bool threat_onward(void *context, const char *from, struct sim_address *to);

#endif
