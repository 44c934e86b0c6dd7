/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * media_state.h - the inside of a UE's MSRP side, and what its three files do for each other: media_path.c finds the
 * way (AUTH, the peer's SDP, the connection), media_send.c sends, media.c receives and takes what the leg tells.
 */
#ifndef SIM_IMS_MEDIA_STATE_H
#define SIM_IMS_MEDIA_STATE_H

#include "sim/ims/fingerprint.h"
#include "sim/ims/media.h"
#include "sim/proto/msrp_ident.h"

enum {
    MEDIA_URI_SIZE = 160,
    MEDIA_RELAYS_MAX = 6,
    MEDIA_CHUNK = 2048, /* RFC 4975 section 7.1.1: the longest chunk that need not be interruptible */
};

/* An answer to a SEND that waits for the UE's dwell. */
struct media_job {
    struct media_job *next;
    struct media *media;
    struct watched *watched;
};

struct media {
    struct world *world;
    enum role role;
    void *context;
    const struct media_owner *owner;
    struct leg *leg;
    bool is_active, is_met; /* is_met: the peer's SDP is known */
    bool is_bound;          /* passive: the active end has spoken */
    enum role peer; /* where the session's connection leads, by the peer's SDP; ROLE_COUNT: nowhere that is known */
    char peer_fingerprint[FINGERPRINT_TEXT + 1];
    char own_uri[MEDIA_URI_SIZE];
    char path[MEDIA_PATH_SIZE];      /* a=path */
    char send_path[MEDIA_PATH_SIZE]; /* To-Path: own relays from near to far, then the peer's path */

    enum role relays[MEDIA_RELAYS_MAX]; /* own, nearest first */
    uint32_t relay_count, relay_index;
    char relay_sessions[MEDIA_RELAYS_MAX][MEDIA_URI_SIZE];
    struct msrp_auth *auth;
    bool is_preparing;

    struct slice body;
    uint64_t offered; /* bytes of it that there are */
    const char *content_type;
    bool has_body;
    struct msrp_sender *sender;
    struct msrp_sender *opener; /* of the SEND without a body */
    struct msrp_sender *text;   /* of what the user types while the file is under way */
    struct source text_source;
    int64_t nickname_until_ns;
    bool has_failed, has_text_failed;  /* that has been told of */
    char nickname_id[MSRP_IDENT_SIZE]; /* the transaction in which it was asked for; 0: none is under way */
    struct cause pumped;               /* sums of what was sent last, and when it was */
    int64_t pumped_ns;
    struct timer *timer, *text_timer, *second_timer;

    struct leg *second; /* another connection that claims the session */
    struct msrp_sender *claim;

    struct msrp_receiver *receiver;
    uint32_t answers_due; /* that wait for a chunk to make way */
    uint64_t received_bytes;
    bool tells_growth;
    uint8_t *kept;
    uint64_t kept_capacity;
    bool is_taking;  /* the message under way is the receiver's */
    bool is_text;    /* and not the file, but what was typed meanwhile */
    bool is_refused; /* the chunk under way has its answer already */
    struct media_job *jobs_free;
    const struct dwell_row *send_row; /* of the dwell table: how long a SEND is worked on */
};

/* ---- media_path.c ---- */

/* The UE's own relays, nearest first. */
void media_take_relays(struct media *media);

/* AUTH with the next of them, through those before it; done when there is none left. */
void media_next_auth(struct media *media, const struct cause *cause);
void media_authorised(struct media *media, const struct msrp_head *response);

/* Whether the other end of TLS is the one that the SDP spoke of, where it is known by that (RFC 8122 section 6.2). */
bool media_knows_peer(const struct media *media);

/* ---- media_second.c ---- */

/* Begins to wait for the moment at which the sender opens a second connection, where the scenario names one. */
void media_plan_second(struct media *media);
void media_init_second(struct media *media);

/* ---- media_send.c ---- */

void media_init_sending(struct media *media);

/* The connection stands, and the other end's description is there. */
void media_begin(struct media *media, const struct cause *cause);

/* Begins to send when there is both a body and a connection. */
void media_try_send(struct media *media, const struct cause *cause);

/* Writes the answer to the oldest request: at once, or where a chunk is under way when that has been cut off. */
void media_write_answer(struct media *media, const struct cause *cause);

/* Goes on sending: room has come, or a response or a REPORT about what this UE sends. */
void media_heard(struct media *media);

/* A response to a request of this UE's, but AUTH; a REPORT. */
void media_answered(struct media *media, const struct msrp_head *head);

/* ---- media.c ---- */

extern const struct leg_owner media_leg_owner;

#endif
