/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_ua.h - a SIP user agent of one user: INVITE dialogs (RFC 3261 sections 12 to 15, 13.3.1.4, RFC 6026) and pager
 * mode (RFC 3428), registered already, with the Service-Route and the P-CSCF it got then.
 */
#ifndef SIM_PROTO_SIP_UA_H
#define SIM_PROTO_SIP_UA_H

#include "sim/proto/sip.h"
#include "sim/proto/sip_digest.h"
#include "sim/proto/sip_register.h"

struct sip_ua;
struct sip_layer;

/* How a UE registers (TS 24.229 section 5.1.1, RFC 3310). */
struct sip_ua_registration {
    const char *private_identity; /* "alice@open-ims.test" */
    const char *p_cscf;           /* URI in its Route, first of every later Route set: "sip:mo@pcscf...:4060;lr" */
    uint32_t expires_s;           /* what is asked for */
    bool refreshes;               /* by itself, before it expires: 600 s before, or at half time (section 5.1.1.4.1) */
    const char *security_client;  /* Security-Client, whole value; NULL: no security agreement (RFC 3329) */
    sip_md5_fn *md5;
    sip_usim_fn *usim;
    void *usim_context;
};

struct sip_ua_config {
    const char *user;   /* "alice" */
    const char *domain; /* "open-ims.test" */
    const char *host;   /* own address as text, "192.168.80.1" */
    uint16_t port;
    uint8_t transport;     /* towards the P-CSCF, enum sip_transport; written into Via and Contact */
    struct sip_hop p_cscf; /* outbound proxy */
    const char *const
        *routes;       /* Route set of initial requests: P-CSCF first, then Service-Route; NULL-terminated URIs */
    uint64_t identity; /* tags, branches and Call-IDs are made from it: the same for the same number */
    struct sip_timers timers;
    struct sip_by_size by_size; /* where transport is SIP_UDP */
    const char *user_agent;     /* User-Agent header; NULL: none */
    struct sip_secret secret;   /* answers the first 407 to a request; md5 NULL: none; the realm is the challenger's */
    bool takes_events;          /* PUBLISH and NOTIFY are answered with 200 (RFC 3903, RFC 6665) */
    bool has_100rel; /* knows reliable provisional responses, UPDATE and preconditions (RFC 3262, 3311, 3312) */
    /* NULL: registered already, by routes. Else routes come with the registration. */
    const struct sip_ua_registration *registration;
};

/* Lives in arena. Strings of config must outlive it. */
struct sip_ua *sip_ua_create(struct arena *arena, const struct sip_ua_config *config);

/* REGISTER, the challenge and its answer; SIP_REGISTERED or SIP_REGISTRATION_REFUSED tells how it ends. Again: a
 * re-registration. */
void sip_ua_register(struct sip_ua *ua, int64_t now_ns, struct sip_outbox *out);

/* The same with an expiry of 0; SIP_DEREGISTERED. */
void sip_ua_deregister(struct sip_ua *ua, int64_t now_ns, struct sip_outbox *out);

/* Where the P-CSCF is, if that is found out later than the user agent is made. */
void sip_ua_set_outbound(struct sip_ua *ua, struct sip_hop p_cscf);

bool sip_ua_is_registered(const struct sip_ua *ua);

/* What the last successful challenge agreed on; false before it. The spans stay until the next challenge. */
bool sip_ua_security(const struct sip_ua *ua, struct sip_security *security);

/* INVITE to target ("sip:bob@open-ims.test") with an SDP offer. One session at a time. */
void sip_ua_invite(struct sip_ua *ua, int64_t now_ns, const char *target, struct span sdp, struct sip_outbox *out);

/*
 * Provisional responses to the INVITE that SIP_INVITED told of. status 101 to 199; sdp of size 0: none. A reliable one
 * is sent again after T1, doubled each time, until its PRACK comes (SIP_PRACKED; RFC 3262 section 3); after 64*T1
 * without one the INVITE is refused with 504 (SIP_ENDED). One at a time: while a reliable one waits for its PRACK, no
 * other may be sent. Nothing happens to an INVITE that is gone. A caller that does not know reliable ones gets it as a
 * plain one.
 */
void sip_ua_progress(struct sip_ua *ua, int64_t now_ns, int status, bool is_reliable, struct span sdp,
                     struct sip_outbox *out);
/* The 200 to the UPDATE that SIP_UPDATED told of. */
void sip_ua_answer_update(struct sip_ua *ua, int64_t now_ns, struct span sdp, struct sip_outbox *out);

/* UPDATE with an offer in an early dialog, as SIP_PROGRESSED numbered it. Nothing happens once the INVITE has its final
 * response. An UPDATE or PRACK that is refused or not answered cancels the INVITE. */
void sip_ua_update(struct sip_ua *ua, int64_t now_ns, uint32_t dialog, struct span sdp, struct sip_outbox *out);

/* Gives our INVITE up: CANCEL, at once or after its first provisional response. Its final response, 487 as a rule, is
 * told of. Nothing happens once it has one. */
void sip_ua_cancel(struct sip_ua *ua, int64_t now_ns, struct sip_outbox *out);

/* The 200 to the INVITE that SIP_INVITED told of, sent again until its ACK comes (RFC 3261 section 13.3.1.4); after
 * 64*T1 without one SIP_TIMED_OUT tells that the session is over. The 100 went out when the INVITE came. An INVITE that
 * was cancelled meanwhile is answered already: nothing happens. */
void sip_ua_answer(struct sip_ua *ua, int64_t now_ns, struct span sdp, struct sip_outbox *out);

/* A refusal, 300 to 699, of the INVITE that SIP_INVITED told of. Nothing happens to one that is gone. */
void sip_ua_refuse(struct sip_ua *ua, int64_t now_ns, int status, struct sip_outbox *out);

/* BYE in the session's dialog, along its route set. */
void sip_ua_bye(struct sip_ua *ua, int64_t now_ns, struct sip_outbox *out);

/*
 * MESSAGE to target, out of dialog. headers are whole header lines ("X-...: ...\r\n") put before Content-Length.
 * size_of_head tells how many bytes all but the body takes for that body, so that the caller fills a limit exactly;
 * credentials are counted though the first MESSAGE does not have them yet. With a secret, one MESSAGE at a time.
 */
struct sip_ua_message {
    const char *method; /* NULL: MESSAGE; of others nothing is told */
    const char *target;
    const char *content_type;
    struct span headers;
    struct slice body;
};
void sip_ua_message(struct sip_ua *ua, int64_t now_ns, const struct sip_ua_message *message, struct sip_outbox *out);
size_t sip_ua_message_head_size(struct sip_ua *ua, const struct sip_ua_message *message);

/* A whole message has come from a hop. What cannot be parsed is dropped (RFC 3261 section 16.3, 18.3 apply to proxies
 * and streams; a user agent is silent). */
void sip_ua_receive(struct sip_ua *ua, int64_t now_ns, struct sip_hop from, struct span head, struct slice body,
                    struct sip_outbox *out);

/* The P-CSCF refused the TCP connection that a request was to take because of its size (section 18.1.1). */
void sip_ua_refused(struct sip_ua *ua, int64_t now_ns, struct sip_hop hop, struct sip_outbox *out);

/* The connection to the P-CSCF has broken: each request that it carried and that is not answered at all yet counts as
 * answered with 503 (section 8.1.3.1): SIP_BROKEN, or SIP_REGISTRATION_REFUSED. */
void sip_ua_broken(struct sip_ua *ua, int64_t now_ns, struct sip_hop hop, struct sip_outbox *out);

/* Timers that are due at now_ns. */
void sip_ua_wake(struct sip_ua *ua, int64_t now_ns, struct sip_outbox *out);

/* Whether its session stands: there is somebody to say BYE to. */
bool sip_ua_is_up(const struct sip_ua *ua);

/* Whether there is no session, and no request of either side waits for an answer: all that is left are transactions
 * that absorb what comes again. */
bool sip_ua_is_at_rest(const struct sip_ua *ua);

/* Those transactions, for sip_linger. */
struct sip_layer *sip_ua_layer(struct sip_ua *ua);

/* Messages sent again by timers so far. */
uint64_t sip_ua_retransmissions(const struct sip_ua *ua);

#endif
