/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * msrp_ue_state.h - the inside of a user's MSRP side: msrp_ue.c prepares and sends, msrp_ue_receive.c minds what comes
 * in.
 */
#ifndef BENCH_MEASURE_MSRP_UE_STATE_H
#define BENCH_MEASURE_MSRP_UE_STATE_H

#include "bench/measure/msrp_leg.h"
#include "bench/measure/msrp_ue.h"
#include "sim/proto/msrp_relay.h"

enum { MSRP_UE_URI_SIZE = 160, MSRP_UE_PATH_SIZE = 1024, MSRP_UE_LINKS_MAX = STREAM_ACCEPTED_MAX + 1 };

/* A connection of the user. */
struct msrp_ue_link {
    struct msrp_ue *media;
    struct msrp_leg *leg;
    struct stream *stream; /* NULL: unused */
    struct msrp_receiver *receiver;
    int64_t since_ns;
    bool is_foreign; /* the request under way is not the session's: it has its answer already */
    bool is_answered;
};

struct msrp_ue {
    struct msrp_ue_config config;
    struct arena *arena;
    struct msrp_ue_link links[MSRP_UE_LINKS_MAX];
    struct msrp_ue_link *session; /* that which has the session */
    struct stream_listener *listener;
    char own_uri[MSRP_UE_URI_SIZE];
    char path[MSRP_UE_PATH_SIZE];
    char send_path[MSRP_UE_PATH_SIZE]; /* To-Path: own relays from near to far, then the peer's path */

    enum cast_role relays[CAST_RELAYS_MAX]; /* own, nearest first */
    uint32_t relay_count, relay_index;
    char relay_sessions[CAST_RELAYS_MAX][MSRP_UE_URI_SIZE];
    struct msrp_auth *auth;
    bool is_preparing;

    struct slice body;
    const char *content_type;
    bool has_body, was_sent, is_closed;
    struct msrp_sender *sender;
    struct loop_timer timer; /* of the sender */
    struct loop_timer sweep; /* of connections that bring nothing */
    uint64_t size_max, resent;
    char fingerprint[MSRP_UE_URI_SIZE]; /* of the peer's certificate */
};

extern const struct stream_owner msrp_ue_stream_owner;

/* A place for a connection whose stream is still to be made; NULL: none is left. */
struct msrp_ue_link *msrp_ue_link_take(struct msrp_ue *media);
void msrp_ue_link_begin(struct msrp_ue_link *link, struct stream *stream);

/* What comes in: heads, bodies and ends of requests. */
void msrp_ue_request_head(struct msrp_ue_link *link, const struct msrp_head *head);
void msrp_ue_request_body(struct msrp_ue_link *link, uint64_t at, struct slice slice);
void msrp_ue_request_end(struct msrp_ue_link *link, char flag);
enum err msrp_ue_listen(struct msrp_ue *media, struct note *note);

/* For msrp_ue_receive.c: the sender's and AUTH's side of what comes in. */
void msrp_ue_response(struct msrp_ue_link *link, const struct msrp_head *head);
void msrp_ue_report(struct msrp_ue_link *link, const struct msrp_head *head);
void msrp_ue_pump(struct msrp_ue *media);
void msrp_ue_stream_ready(struct msrp_ue_link *link);
void msrp_ue_lost(struct msrp_ue_link *link, enum stream_end how);

#endif
