/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip.h - what the SIP elements share: addresses, names already resolved, and the outbox in which a step leaves what
 * its owner has to do. Elements know neither engine, sockets nor clocks: they are told the time, and say when they
 * want to be called next.
 */
#ifndef SIM_PROTO_SIP_H
#define SIM_PROTO_SIP_H

#include "sim/base/slice.h"

enum sip_transport { SIP_UDP, SIP_TCP, SIP_TLS };

/* A place to send to. */
struct sip_hop {
    uint32_t address; /* IPv4, host byte order */
    uint16_t port;
    uint8_t transport; /* enum sip_transport */
};

/* A host name whose address is known (DNS is the owner's business). Names compare without case. */
struct sip_name {
    const char *name;
    struct sip_hop hop;
};

/* RFC 3261's timers: `core` 0.5/4/5 s, `gm` 2/16/17 s (TS 24.229 table 7.7.1). */
struct sip_timers {
    int64_t t1_ns, t2_ns, t4_ns;
};
extern const struct sip_timers sip_timers_core, sip_timers_gm;

/* RFC 3261 section 18.1.1: a request of more bytes than the MTU of the way to its next hop less 200, or 1,300 where
 * that MTU is not known, goes by TCP instead of UDP. path_mtu: bytes of the largest IP packet, 0: not known; NULL:
 * requests of every size go by UDP, in fragments. */
struct sip_by_size {
    uint32_t (*path_mtu)(void *context, struct sip_hop to);
    void *context;
};

enum sip_action {
    SIP_SEND,   /* send head and body to hop */
    SIP_LOCATE, /* I-CSCF: ask the HSS where user is served; sip_proxy_located(token) goes on */
    /* What a user agent tells its user. head and body are the message that tells it. */
    SIP_INVITED,   /* an INVITE with an offer; sip_ua_answer() answers it */
    SIP_CONFIRMED, /* the ACK to our 200 */
    SIP_ANSWERED,  /* INVITE was answered with 2xx (its ACK is another item of the same outbox) */
    SIP_REFUSED,   /* INVITE, BYE or MESSAGE got status 300 or more */
    SIP_TIMED_OUT, /* INVITE, BYE or MESSAGE was not answered in time */
    SIP_BROKEN,    /* the connection that carried INVITE, BYE or MESSAGE broke first; status: 503 */
    SIP_ENDED,     /* BYE came in and was answered */
    SIP_BYE_ANSWERED,
    SIP_PROGRESSED,       /* INVITE was answered with 101 to 199; token: the early dialog; its PRACK is on its way */
    SIP_PRACKED,          /* the PRACK of our reliable provisional response */
    SIP_UPDATED,          /* an UPDATE with an offer; sip_ua_answer_update() answers it */
    SIP_UPDATE_ANSWERED,  /* with 200 */
    SIP_MESSAGE_RECEIVED, /* and answered with 200 (never answered twice, never told twice) */
    SIP_MESSAGE_ANSWERED,
    SIP_ASK,                 /* CSCF: ask the HSS the question; where token is not 0, sip_proxy_answered() goes on */
    SIP_RESOLVE,             /* CSCF: look up the SIP entry of the domain in user; sip_proxy_resolved(token) goes on */
    SIP_REGISTERED,          /* REGISTER was answered with 2xx, also once more */
    SIP_DEREGISTERED,        /* the same, and no contact is left */
    SIP_REGISTRATION_REFUSED /* REGISTER got status 300 or more for good, or none in time (408) */
};

struct diameter_message;

struct sip_output {
    enum sip_action action;
    struct sip_hop hop; /* SIP_SEND */
    struct span head;   /* start line, headers, empty line; valid until the element's next step */
    struct slice body;  /* length 0: none */
    struct span user;   /* SIP_LOCATE: the public user identity, "sip:bob@open-ims.test"; SIP_RESOLVE: a domain */
    uint32_t token;     /* SIP_LOCATE, SIP_ASK, SIP_RESOLVE; SIP_PROGRESSED and SIP_ANSWERED: the dialog, from 0 */
    const struct diameter_message *question; /* SIP_ASK: command and what it is about; valid as head */
    int status;                              /* of an answer */
    bool is_again;                           /* a retransmission by timer, or the answer to one */
    bool acknowledges;                       /* a response to MESSAGE: only acknowledges the file */
};

enum { SIP_OUTBOX_MAX = 64, SIP_HEAD_MAX = 8192 };

struct sip_outbox {
    uint32_t count;
    struct sip_output items[SIP_OUTBOX_MAX];
    int64_t wake_ns; /* call the element's step for timers then; INT64_MAX: never. Always set. */
};

/* What kind a message is, for dwell tables and ladders: "INVITE", "INVITE/200", "ACK", "MESSAGE/200": method, and the
 * status of a response with its CSeq's method. */
MUST_USE enum err sip_kind(struct span head, struct sink *kind);

/* Length of the head (with its empty line) and of the body it announces, from the first bytes of a stream.
 * ERR_MORE, ERR_SYNTAX (also for a missing or bad Content-Length, RFC 3261 section 18.3). */
MUST_USE enum err sip_frame(struct span bytes, size_t *head_size, uint64_t *body_size);

#endif
