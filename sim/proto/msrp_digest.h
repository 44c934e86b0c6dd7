/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * msrp_digest.h - the digest of an AUTH (RFC 2617 section 3.2.2 with qop=auth), computed alike by client and relay.
 */
#ifndef SIM_PROTO_MSRP_DIGEST_H
#define SIM_PROTO_MSRP_DIGEST_H

#include "sim/proto/msrp_relay.h"

struct msrp_digest {
    struct span user, realm, password;
    struct span nonce, count, cnonce; /* count: nc, eight hexadecimal digits */
    struct span uri;                  /* of the relay that asks */
};

void msrp_digest_response(const struct msrp_digest *digest, msrp_md5_fn *md5, char response[32]);

#endif
