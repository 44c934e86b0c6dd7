/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_register.h - what both ends of a registration know: the digest of AKAv1-MD5 (RFC 3310) and the USIM that a UE
 * asks (3GPP TS 33.203 section 6.1). Algorithms are the owner's: they are passed in as functions.
 */
#ifndef SIM_PROTO_SIP_REGISTER_H
#define SIM_PROTO_SIP_REGISTER_H

#include "sim/wire/sip_auth.h"

enum {
    SIP_RAND_SIZE = 16,
    SIP_AUTN_SIZE = 16,
    SIP_AUTS_SIZE = 14,
    SIP_KEY_SIZE = 16,
    SIP_RES_SIZE_MAX = 16,
    SIP_DIGEST_SIZE = 32
};

/* What a UE asks for, and what it gets at most: TS 24.229 section 5.1.1.2. */
enum { SIP_EXPIRES_S = 600000 };

/* MD5 of all parts one after another, as 32 lower-case hexadecimal digits. */
typedef void sip_md5_fn(const struct span *parts, size_t count, char hex[SIP_DIGEST_SIZE]);

enum sip_usim_verdict {
    SIP_USIM_GOOD,
    SIP_USIM_BAD_MAC,    /* the challenge is not from the home network */
    SIP_USIM_OUT_OF_SYNC /* it is, but its sequence number is not fresh: auts asks for another */
};

struct sip_usim_answer {
    uint8_t res[SIP_RES_SIZE_MAX];
    size_t res_size;
    uint8_t ck[SIP_KEY_SIZE], ik[SIP_KEY_SIZE];
    uint8_t auts[SIP_AUTS_SIZE];
};
typedef enum sip_usim_verdict sip_usim_fn(void *context, const uint8_t rand[SIP_RAND_SIZE],
                                          const uint8_t autn[SIP_AUTN_SIZE], struct sip_usim_answer *answer);

/* The response of credentials (RFC 2617 section 3.2.2): with qop=auth, nc and cnonce count; without qop they do not.
 * With AKAv1 the password is RES as bytes, or empty where auts stands there (RFC 3310 sections 3.3, 3.4). */
void sip_digest_response(const struct sip_auth *auth, struct span method, struct span password, sip_md5_fn *md5,
                         char response[SIP_DIGEST_SIZE]);

/* Seconds that a Contact of a REGISTER or of its 200 is asked or given for (RFC 3261 section 10.2.1.1): its expires
 * parameter, else the Expires header's value, else otherwise. */
struct sip_message;
uint32_t sip_expires_s(const struct sip_message *message, uint32_t otherwise_s);

/* How long to wait at a time where there are left_ns to wait, a second at least: a power of two of seconds, so that the
 * waits of all registrations have few lengths (sip_alarm.h), and end to the nanosecond. */
int64_t sip_long_wait_ns(int64_t left_ns);

/* Keys and mechanisms that registration agreed on for Gm (TS 33.203 section 7, RFC 3329): what security associations
 * are made from. client and server are the values of Security-Client and Security-Server; size 0: none was offered. */
struct sip_security {
    uint8_t ck[SIP_KEY_SIZE], ik[SIP_KEY_SIZE];
    struct span client, server;
};

#endif
