/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * msrp_relay.h - what an MSRP relay (RFC 4976) and a back-to-back user agent do to a message: the relay moves itself
 * from To-Path to From-Path and answers for itself; AUTH gives a client its Use-Path after a digest challenge.
 * A client's side of AUTH stands here too.
 */
#ifndef SIM_PROTO_MSRP_RELAY_H
#define SIM_PROTO_MSRP_RELAY_H

#include "sim/base/slice.h"
#include "sim/wire/msrp.h"

/* MD5 of the concatenated parts as 32 lower-case hex digits; given by the owner, since protocols do not know OpenSSL.
 */
typedef void msrp_md5_fn(const struct span *parts, size_t count, char hex[32]);

/* ---- Client ---- */

struct msrp_auth_config {
    const char *to_path;   /* the relay that is asked comes last; what earlier AUTHs gave comes before it */
    const char *from_path; /* own URI */
    const char *user, *realm_password;
    uint64_t identity;
    msrp_md5_fn *md5;
};

struct msrp_auth;
struct msrp_auth *msrp_auth_create(struct arena *arena, const struct msrp_auth_config *config);

/* The AUTH request: the first time without, after a 401 with credentials (RFC 2617 qop=auth). */
void msrp_auth_request(struct msrp_auth *auth, struct sink *out);

enum msrp_auth_step { MSRP_AUTH_AGAIN, MSRP_AUTH_DONE, MSRP_AUTH_REFUSED };
/* The response to it. AGAIN: send msrp_auth_request once more. DONE: msrp_auth_use_path holds the path. */
enum msrp_auth_step msrp_auth_answered(struct msrp_auth *auth, const struct msrp_head *response);
const char *msrp_auth_use_path(const struct msrp_auth *auth);

/* ---- Relay ---- */

struct msrp_relay_config {
    const char *uri; /* own URI without session part: "msrps://192.168.80.128:2855" */
    const char *realm;
    const char *user, *password; /* the one account it knows; more accounts come with registration */
    uint64_t identity;
    msrp_md5_fn *md5;
    bool is_b2bua; /* legs end here: To-Path and From-Path hold one URI each, and no AUTH */
    bool is_open;  /* passes on for whoever names it, with any session part */
};

struct msrp_relay;
struct msrp_relay *msrp_relay_create(struct arena *arena, const struct msrp_relay_config *config);

/* An AUTH for this relay: writes 401 with a fresh nonce (no credentials, or a nonce that is old or used), 200 with
 * Use-Path and Expires, 403 (wrong user or password), 423 (Expires out of bounds) or 400. */
void msrp_relay_auth(struct msrp_relay *relay, const struct msrp_head *request, struct sink *answer);

/* A session URI as a 200 to AUTH would hand out: for paths that were set up before (AUTH's result kept). */
void msrp_relay_session_uri(struct msrp_relay *relay, struct sink *out);

/* Whether the first To-Path URI of the request is ours (a relay: with a session part that it handed out, for AUTH also
 * without one; a B2BUA: equal to its uri in host and port) and, when a next hop follows, which URI that is. UNKNOWN: a
 * method that gets 501 (RFC 4975 section 10.9) from a B2BUA, which is an end of the session; a relay passes it on. */
enum msrp_relay_way { MSRP_RELAY_FORWARD, MSRP_RELAY_FOR_US, MSRP_RELAY_NOT_OURS, MSRP_RELAY_UNKNOWN };
enum msrp_relay_way msrp_relay_route(struct msrp_relay *relay, const struct msrp_head *head, struct span *next_uri);

/* The head of the forwarded request (a new transaction ID unless given): To-Path without us, From-Path with us in
 * front; for a B2BUA: to and from as given. Also for responses to AUTH and REPORT that pass through. */
struct msrp_relay_forward {
    const char *b2bua_to, *b2bua_from; /* B2BUA only */
    struct span transaction_id;        /* of the forwarded request */
    uint64_t range_start, range_end;   /* of the forwarded chunk; start 0 or end MSRP_RANGE_STAR: as received */
};
void msrp_relay_forward_head(struct msrp_relay *relay, const struct msrp_head *head,
                             const struct msrp_relay_forward *forward, struct sink *out);

/* A REPORT back along the path of a SEND that could not be forwarded (408: the next hop did not answer), written in
 * full; false: Failure-Report wants none. */
bool msrp_relay_report(struct msrp_relay *relay, const struct msrp_head *send, int status, struct sink *out);

/* A fresh transaction ID. */
void msrp_relay_transaction_id(struct msrp_relay *relay, struct sink *out);

#endif
