/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_ua_state.h - what a user agent holds, shared by its two halves: sip_ua.c decides, sip_ua_write.c composes. For
 * users sip_ua.h is the door.
 */
#ifndef SIM_PROTO_SIP_UA_STATE_H
#define SIM_PROTO_SIP_UA_STATE_H

#include "sim/proto/sip_hop.h"
#include "sim/proto/sip_incoming.h"
#include "sim/proto/sip_transaction.h"
#include "sim/proto/sip_ua.h"

enum sip_session_state {
    SIP_SESSION_NONE,
    SIP_SESSION_CALLING,  /* our INVITE waits for its final response */
    SIP_SESSION_INVITED,  /* a peer's INVITE waits for our user */
    SIP_SESSION_ANSWERED, /* our 200 waits for its ACK */
    SIP_SESSION_UP,
    SIP_SESSION_ENDING /* our BYE waits for its answer */
};

/* The dialog is kept as the message that made it, the peer's INVITE or 2xx: its headers are the dialog's state. */
struct sip_session {
    enum sip_session_state state;
    uint32_t number; /* counts sessions: tells late answers of an earlier one apart */
    bool is_caller;
    uint32_t cseq; /* of our last request in the dialog */
    uint64_t local_tag;
    struct sip_buffer *kept;
    struct sip_buffer *sent, *sent_body; /* caller: the ACK; callee: the 200 and its SDP */
    struct sip_hop hop;                  /* where it goes */
    struct sip_transaction *invite;      /* callee, until the answer */
    struct sip_alarm again, end;         /* callee: 200 until ACK */
    int64_t interval_ns;
};

struct sip_ua {
    struct sip_ua_config config;
    struct sip_layer layer;
    uint64_t drawn; /* identifiers made so far */
    struct sip_session session;
    struct sink scratch; /* for the head under construction */
    char scratch_bytes[SIP_HEAD_SIZE_MAX];
};

/* Fresh numbers of 64 bits, the same in every run for one identity. */
uint64_t sip_ua_draw(struct sip_ua *ua);

/* All writers write into ua->scratch from its start. Each returns the branch it put into the Via. */
struct span sip_ua_write_invite(struct sip_ua *ua, const char *target, size_t sdp_size);
struct span sip_ua_write_message(struct sip_ua *ua, const struct sip_ua_message *message);
/* ACK or BYE by the kept dialog; size 0 when the dialog's headers do not serve or the request does not fit. */
struct span sip_ua_write_in_dialog(struct sip_ua *ua, const char *method, uint32_t cseq);
/* A response; tag goes into To where it has none, unless tag is 0. With a session description it names a Contact. */
void sip_ua_write_response(struct sip_ua *ua, const struct sip_incoming *request, int status, uint64_t tag,
                           size_t sdp_size);

/* Whether a request belongs to the session's dialog: Call-ID and both tags. */
bool sip_ua_in_dialog(const struct sip_ua *ua, const struct sip_message *request);

#endif
