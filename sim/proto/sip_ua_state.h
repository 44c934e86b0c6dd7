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

/* A request out of dialog, which a challenge makes the user agent send again. */
struct sip_initial {
    const char *target;
    uint64_t tag, call_id;
    uint32_t cseq;
    bool is_challenged; /* once already */
};

enum { SIP_EARLY_MAX = 16 };

/* A dialog that a device at the other end has made, by a provisional response or a 2xx: its response is the state. */
struct sip_early {
    struct sip_buffer *kept;
    uint32_t rseq; /* of the last reliable response; 0: none yet */
    bool is_ended; /* by a BYE, since another device was faster */
};

/* Our reliable provisional response until its PRACK. */
struct sip_reliable {
    struct sip_alarm again, end;
    int64_t interval_ns;
    uint32_t rseq; /* of the last one; 0: none yet */
    bool is_waiting;
};

/* The dialog is kept as the message that made it, the peer's INVITE or 2xx: its headers are the dialog's state. */
struct sip_session {
    enum sip_session_state state;
    uint32_t number; /* counts sessions: tells late answers of an earlier one apart */
    bool is_caller;
    uint32_t cseq; /* of our last request in the dialog, and in all early ones */
    uint32_t invite_cseq;
    struct sip_initial initial; /* caller: of the INVITE */
    struct sip_buffer *offer;
    struct sip_key invite_key;             /* caller: of its client transaction */
    struct sip_early early[SIP_EARLY_MAX]; /* caller */
    uint32_t early_count;
    struct sip_reliable reliable; /* callee */
    struct sip_key update_key;    /* callee: of the UPDATE that waits for its answer */
    bool has_update;
    uint64_t local_tag;
    struct sip_buffer *kept;
    struct sip_buffer *sent, *sent_body; /* caller: the ACK; callee: the 200 and its SDP */
    struct sip_hop hop;                  /* where it goes */
    struct sip_transaction *invite;      /* callee, until the answer */
    struct sip_alarm again, end;         /* callee: 200 until ACK */
    int64_t interval_ns;
};

enum sip_register_state { SIP_REGISTER_NONE, SIP_REGISTER_TRYING, SIP_REGISTER_DONE, SIP_REGISTER_LEAVING };

enum { SIP_SERVICE_ROUTES_MAX = 8, SIP_REGISTER_TEXT_MAX = 2048 };

#define SIP_TOKEN_REGISTER UINT32_MAX /* of transactions: no session has that number */

struct sip_register {
    enum sip_register_state state;
    bool is_registered;
    struct sip_transaction *client; /* of the REGISTER under way */
    uint64_t call_id, tag;          /* the same for all REGISTERs (RFC 3261 section 10.2.4) */
    uint32_t cseq;
    uint32_t challenges;         /* since sip_ua_register */
    uint32_t expires_s;          /* asked for */
    struct sip_auth credentials; /* its spans point into text_challenge */
    char text_challenge[SIP_REGISTER_TEXT_MAX], text_routes[SIP_REGISTER_TEXT_MAX];
    struct sink challenge;
    const char *routes[SIP_SERVICE_ROUTES_MAX + 2];
    struct sip_usim_answer keys;
    bool has_keys;
    struct span security_server; /* points into text_challenge */
    struct sip_alarm refresh;
    int64_t refresh_at_ns;
};

/* What credentials are made from: the last challenge. */
struct sip_challenge {
    struct sip_buffer *nonce, *realm; /* NULL: none yet */
    uint64_t count;                   /* requests that have used it */
    bool is_sizing;                   /* what is written is only to be measured */
};

/* The last MESSAGE, where it may be challenged. */
struct sip_last_message {
    struct sip_initial initial;
    struct sip_ua_message message;
    struct sip_buffer *headers, *body;
    uint32_t token; /* of its transaction */
};

struct sip_ua {
    struct sip_ua_config config;
    struct sip_layer layer;
    uint64_t drawn; /* identifiers made so far */
    struct sip_challenge challenge;
    struct sip_last_message last;
    struct sip_session session;
    struct sip_register registration;
    struct sink scratch; /* for the head under construction */
    char scratch_bytes[SIP_HEAD_SIZE_MAX];
};

/* Fresh numbers of 64 bits, the same in every run for one identity. */
uint64_t sip_ua_draw(struct sip_ua *ua);

/* ---- sip_ua_register.c: what the transaction of a REGISTER and the refresh alarm lead to ---- */

void sip_ua_register_take(struct sip_ua *ua, struct sip_transaction *client, const struct sip_incoming *response);
void sip_ua_register_lost(struct sip_ua *ua, struct sip_transaction *client, int status); /* there is no answer */
void sip_ua_register_due(struct sip_ua *ua);

/* Request line, Via, Max-Forwards from the start of ua->scratch; returns the branch. Own address of record and contact
 * in brackets. */
struct span sip_ua_write_top(struct sip_ua *ua, struct span method, struct span uri);
void sip_ua_write_own_uri(struct sip_ua *ua);
void sip_ua_write_contact_uri(struct sip_ua *ua);

/* All writers write into ua->scratch from its start. Each returns the branch it put into the Via. */
struct span sip_ua_write_invite(struct sip_ua *ua, struct sip_initial *initial, size_t sdp_size);
struct span sip_ua_write_message(struct sip_ua *ua, struct sip_initial *initial, const struct sip_ua_message *message);
/* A request in the dialog that the message in kept has made; size 0 when the dialog's headers do not serve or the
 * request does not fit. */
struct sip_in_dialog {
    const char *method;
    const struct sip_buffer *kept;
    uint32_t cseq;
    struct sip_rack rack; /* PRACK: rseq is not 0 */
    size_t sdp_size;
};
struct span sip_ua_write_in_dialog(struct sip_ua *ua, const struct sip_in_dialog *request);
/* A response; tag goes into To where it has none, unless tag is 0. One that makes or refreshes a dialog, as every one
 * with a session description does, names a Contact. */
struct sip_reply {
    int status;
    uint64_t tag;
    size_t sdp_size;
    uint32_t rseq; /* a reliable provisional response; 0: not */
    uint64_t etag; /* a 200 to PUBLISH; 0: not */
    bool makes_dialog;
};
void sip_ua_write_reply(struct sip_ua *ua, const struct sip_incoming *request, const struct sip_reply *reply);

/* ---- sip_ua.c ---- */

struct sip_transaction *sip_ua_start(struct sip_ua *ua, struct span method, struct span branch, struct slice body);
struct sip_transaction *sip_ua_serve(struct sip_ua *ua, const struct sip_incoming *request);
void sip_ua_respond(struct sip_ua *ua, struct sip_transaction *server, const struct sip_incoming *request, int status);
struct sip_output *sip_ua_tell(struct sip_ua *ua, enum sip_action action, int status, struct span head,
                               struct slice body);
void sip_ua_clear(struct sip_ua *ua); /* the session's buffers and timers */

/* ---- sip_ua_challenge.c ---- */

/* The Proxy-Authorization line of a request that is being written, where there is a challenge to answer. */
void sip_ua_write_credentials(struct sip_ua *ua, struct span method, struct span uri);
/* Keeps a MESSAGE for the case that it is challenged. */
void sip_ua_keep_message(struct sip_ua *ua, const struct sip_initial *initial, const struct sip_ua_message *message,
                         struct sip_transaction *client);
/* A 407 has come: true when the request is on its way again, with credentials. */
bool sip_ua_take_challenge(struct sip_ua *ua, const struct sip_incoming *response, bool is_of_session);
/* Sends the session's INVITE. */
void sip_ua_start_invite(struct sip_ua *ua);

/* ---- sip_ua_early.c ---- */

enum {
    SIP_ALARM_ANSWER_AGAIN = SIP_ALARM_USER,
    SIP_ALARM_ANSWER_END,
    SIP_ALARM_RELIABLE_AGAIN,
    SIP_ALARM_RELIABLE_END,
    SIP_ALARM_REFRESH
};

/* The early dialog that a response of another device belongs to, a new one if need be; NULL: it has no tag, or there
 * are too many. */
struct sip_early *sip_ua_early(struct sip_ua *ua, const struct sip_incoming *response);
void sip_ua_early_clear(struct sip_ua *ua);
void sip_ua_take_progress(struct sip_ua *ua, const struct sip_incoming *response);
void sip_ua_take_prack(struct sip_ua *ua, const struct sip_incoming *request);
void sip_ua_take_update(struct sip_ua *ua, const struct sip_incoming *request);
void sip_ua_reliable_stop(struct sip_ua *ua);
void sip_ua_reliable_ring(struct sip_ua *ua, const struct sip_alarm *alarm);
/* Refuses the INVITE that waits for the user; the session is over. */
void sip_ua_refuse_invite(struct sip_ua *ua, int status);
/* What an UPDATE or PRACK that failed does: the INVITE is given up. */
void sip_ua_give_up(struct sip_ua *ua);

/* ---- sip_ua_write.c ---- */

/* Whether a request belongs to the session's dialog: Call-ID and both tags. */
bool sip_ua_in_dialog(const struct sip_ua *ua, const struct sip_message *request);

#endif
