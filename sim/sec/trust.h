/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trust.h - whose certificate it is, and whether it may be used for what it is about to be used for. Nothing is taken
 * for granted: what is not shown to hold is refused, and the note says what it was. Checked are the chain to the one
 * authority that is trusted, dates, the authority's revocation list (without one everything is refused), key sizes and
 * signature algorithms of 112 bits or more, that it is no authority's own, its key usage, and a
 * uniformResourceIdentifier in subjectAltName that is the peer's SIP address of record (RFC 8591 sections 4.4.1, 8.4;
 * RFC 8550; RFC 5280). Host names of TLS are another matter (RFC 5922), tls.h's.
 */
#ifndef SIM_SEC_TRUST_H
#define SIM_SEC_TRUST_H

#include "sim/sec/party.h"

enum trust_use {
    TRUST_SIGN,    /* the certificate's key has signed */
    TRUST_RECEIVE, /* a content-encryption key is to be sent to it */
    TRUST_USE_COUNT
};

struct trust {
    const struct party *authority; /* with its revocation list */
    const char *aor;               /* "sip:alice@open-ims.test": whose certificate it has to be */
    int64_t at_s;                  /* seconds since 1970 at which it has to be valid */
    enum trust_use use;
};

/* ERR_OK when all holds; else ERR_CRYPTO and a note. */
MUST_USE enum err trust_check(struct x509_st *certificate, const struct trust *trust, struct note *note);

/* The same of a certificate in DER, which must be all of it. */
MUST_USE enum err trust_check_der(struct span der, const struct trust *trust, struct note *note);

/* Whether two addresses of record are the same: scheme and host without regard to case, the user with it (RFC 3261
 * section 19.1.4), and no parameters. What is no sip: or sips: URI with a user is no address of record. */
bool trust_same_aor(struct span a, struct span b);

#endif
