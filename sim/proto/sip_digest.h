/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_digest.h - digest access authentication of SIP requests (RFC 3261 section 22, RFC 2617 section 3.2.2 with
 * qop=auth): a server's challenges, its memory of its nonces, and its judgement.
 */
#ifndef SIM_PROTO_SIP_DIGEST_H
#define SIM_PROTO_SIP_DIGEST_H

#include "sim/proto/sip_register.h"
#include "sim/wire/sip.h"

enum { SIP_NONCE_SIZE = 16 };

/* One user and what a server knows of them. md5 NULL: nobody is challenged. */
struct sip_secret {
    sip_md5_fn *md5;
    const char *user, *realm, *password;
};

/* The last nonces that were given out, and how far each has been used: nc must grow. */
enum { SIP_NONCES_MAX = 16 };
struct sip_nonces {
    uint32_t given;
    struct sip_nonce {
        char text[SIP_NONCE_SIZE];
        uint64_t count;
    } nonces[SIP_NONCES_MAX];
};

/* Writes a Proxy-Authenticate line with a fresh nonce made from number. */
void sip_digest_challenge(struct sip_nonces *nonces, const struct sip_secret *secret, uint64_t number,
                          struct sink *sink);

/* Whether the request's Proxy-Authorization is the user's, for a nonce that was given and a count not used before. */
bool sip_digest_verify(struct sip_nonces *nonces, const struct sip_secret *secret, const struct sip_message *request);

#endif
