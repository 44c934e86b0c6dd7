/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_auth.h - the Digest challenges and credentials of SIP (RFC 3261 section 22.4, RFC 2617), with what AKA adds to
 * them: auts (RFC 3310 section 3.4), and ck, ik and integrity-protected between the nodes of a home network (3GPP TS
 * 24.229 section 7.2A).
 */
#ifndef SIM_WIRE_SIP_AUTH_H
#define SIM_WIRE_SIP_AUTH_H

#include "sim/base/sink.h"

/* Values without their quotes; size 0: absent or empty. */
struct sip_auth {
    struct span username, realm, nonce, uri, response, algorithm, qop, nc, cnonce, auts, ck, ik, integrity_protected;
};

/* "Digest username=...": ERR_SYNTAX when another scheme leads. What is not in the struct is passed over. */
MUST_USE enum err sip_auth_parse(struct span value, struct sip_auth *auth);

/* Writes the value of WWW-Authenticate: realm, nonce, algorithm, qop and, where there are any, the keys. */
void sip_auth_write_challenge(struct sink *sink, const struct sip_auth *auth);

/* Writes the value of Authorization: username, realm, nonce, uri and response always, the rest where there is any. */
void sip_auth_write_credentials(struct sink *sink, const struct sip_auth *auth);

#endif
