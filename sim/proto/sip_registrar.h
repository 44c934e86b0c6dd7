/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_registrar.h - what CSCFs do with a REGISTER and what they keep of it: the P-CSCF says where it came through and
 * watches its answers, the I-CSCF asks the HSS for an S-CSCF, the S-CSCF challenges, checks and binds (TS 24.229
 * sections 5.2.2, 5.3.1, 5.4.1). For users sip_proxy.h is the door.
 */
#ifndef SIM_PROTO_SIP_REGISTRAR_H
#define SIM_PROTO_SIP_REGISTRAR_H

#include "sim/proto/sip_proxy_state.h"

enum { SIP_ALARM_AWAIT = SIP_ALARM_USER, SIP_ALARM_EXPIRY };

enum { SIP_USER_URI_MAX = 192, SIP_USER_TEXT_MAX = 512 };

/* A public identity as its P-CSCF or S-CSCF knows it. Texts end in a zero byte; empty: not known. */
struct sip_user {
    struct sip_user *next;
    struct sip_proxy *proxy;
    char aor[SIP_USER_URI_MAX]; /* "sip:bob@open-ims.test" */
    char private_identity[SIP_USER_URI_MAX];
    char contact[SIP_USER_URI_MAX];
    char path[SIP_USER_TEXT_MAX];       /* S-CSCF: URIs of the Path, the first is the next hop */
    char route[SIP_USER_URI_MAX];       /* P-CSCF: the first URI of the Service-Route */
    char server[SIP_USER_URI_MAX];      /* I-CSCF: the S-CSCF that its first REGISTER went to */
    char identities[SIP_USER_TEXT_MAX]; /* its public identities that are not barred, a P-Associated-URI value */
    struct sip_buffer *profile;         /* S-CSCF: XML */
    struct sip_hop hop;                 /* P-CSCF: where the UE is */
    bool is_registered;
    int64_t expires_at_ns;
    struct sip_alarm expiry;

    /* S-CSCF: the challenge under way. */
    bool is_awaited; /* an answer to nonce */
    uint32_t failures;
    char nonce[128];
    char challenge[64]; /* RAND and AUTN */
    size_t challenge_size;
    uint8_t expected[SIP_RES_SIZE_MAX];
    size_t expected_size;
    struct sip_alarm await;
    struct diameter_message question; /* that nothing waits for */

    /* P-CSCF: of the last challenge. */
    bool has_keys;
    uint8_t ck[SIP_KEY_SIZE], ik[SIP_KEY_SIZE];
    char security_client[SIP_USER_TEXT_MAX];
};

/* The user with that address of record (parameters and port left out), or NULL; the second makes one. NULL then: no
 * URI, or too long. */
struct sip_user *sip_user_find(const struct sip_proxy *proxy, struct span uri);
struct sip_user *sip_user_make(struct sip_proxy *proxy, struct span uri);

/* P-CSCF: the registered user whose UE is there, or NULL. */
const struct sip_user *sip_user_at(const struct sip_proxy *proxy, struct sip_hop hop);

/* Whether a URI is one of the identities that may be used. */
bool sip_user_has_identity(const struct sip_user *user, struct span uri);

/* Registered from now on for so many seconds; a timer minds the end where the registrar watches. */
void sip_user_bind(struct sip_user *user, uint32_t expires_s);

/* Whether the registration stands now. */
bool sip_user_is_registered(const struct sip_user *user);

/* Copies a text; false and empty: too long. */
bool sip_user_keep(char *place, size_t size, struct span text);

/* ---- sip_register_route.c: P-CSCF and I-CSCF ---- */

int sip_register_route(struct sip_proxy *proxy, const struct sip_incoming *request, struct sip_forward *forward);
int sip_register_authorized(struct sip_proxy *proxy, const struct sip_incoming *request,
                            const struct diameter_message *answer, struct sip_forward *forward);

/* The status that a refusal of the HSS means for a REGISTER (sections 5.3.1.3, 5.4.1.2.1); 0: none. NULL: no answer. */
int sip_register_status(const struct diameter_message *answer);

/* P-CSCF: what stands in scratch is the response as it goes on to the UE: keys are taken out and kept. */
void sip_register_response(struct sip_proxy *proxy, const struct sip_transaction *server,
                           const struct sip_incoming *response);

/* Who asks, and the identity it asks for, of a REGISTER: the private one is derived where none is given (TS 23.003
 * section 13.4B). False: the request has no such things. */
struct sip_registrant {
    struct span public_identity, private_identity;
    struct sip_auth auth;
    uint32_t expires_s;
};
bool sip_registrant_read(const struct sip_message *request, struct sip_registrant *registrant);

/* ---- sip_registrar.c: S-CSCF ---- */

void sip_registrar_take(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request);
void sip_registrar_challenge(struct sip_proxy *proxy, struct sip_transaction *server,
                             const struct sip_incoming *request, const struct diameter_message *answer);
void sip_registrar_assigned(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                            const struct diameter_message *answer);
void sip_registrar_ring(struct sip_proxy *proxy, struct sip_alarm *alarm);

/* Where a request for a user goes: 0 and its contact and path, 404 for nobody of ours, 480 for one who is not here. */
int sip_registrar_find(const struct sip_proxy *proxy, struct span uri, struct cscf_user *registered);

#endif
