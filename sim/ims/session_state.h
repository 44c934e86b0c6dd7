/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session_state.h - what the two ends of a session share: session.c has what UE-A does, session_called.c what UE-B
 * does.
 */
#ifndef SIM_IMS_SESSION_STATE_H
#define SIM_IMS_SESSION_STATE_H

#include "sim/ims/cargo.h"
#include "sim/ims/progress.h"
#include "sim/ims/session.h"
#include "sim/wire/sdp.h"

enum { SESSION_SDP_SIZE = 2048, SESSION_URI_SIZE = 96 };

struct session {
    struct world *world;
    struct sip_ua *ua_a, *ua_b;
    struct sip_node *node_a, *node_b;
    struct media *media_a, *media_b;
    struct progress *progress; /* NULL: nothing comes between INVITE and its answer */
    struct cargo cargo;
    bool is_sending;
    bool is_prepared, is_hashed, is_sealed, is_invited, is_answered, is_answering, is_ended;
    bool is_leaving;         /* UE-A's user has nothing more to send */
    bool is_cancelled;       /* UE-A's user has given up before the answer came */
    bool is_refused;         /* the file; BYE is on its way */
    bool is_received;        /* UE-B has the whole body */
    bool is_closing;         /* UE-B has got a BYE */
    bool is_clear;           /* UE-A sends the file unsealed after all */
    uint64_t received_bytes; /* of the body, at UE-B */
    char target[SESSION_URI_SIZE];
};

/* Ends the world when the file is in hand and BYE answered. */
void session_finish(struct session *session);

/* Once the file was refused, whatever goes wrong with the BYE is not what the transfer failed of. */
void session_fail(struct session *session, enum outcome_end end);

/* What media tell when they fail, at either end; context is the session. */
void session_failed(void *context, enum outcome_end end);

/* The offer of UE-A or the answer of UE-B. */
void session_write_sdp(struct session *session, bool is_offer, struct sink *sink);

/* ---- UE-B ---- */

/* What UE-B's dialogs tell, a sip_node's; context is the session, as in what follows. */
void session_called_told(void *context, const struct sip_output *item, const struct cause *cause);

/* The other end is told that the user is being alerted, and the user answers. */
void session_called_alert(void *context, const struct cause *cause);

/* What UE-B's media tell. */
extern const struct media_owner session_called_media;

#endif
