/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session.h - one session of a flow: who called whom, through which nodes, and between which places of a scenario each
 * of its messages went. Captured nodes stand for roles: five CSCFs where five are seen, one box for all of them where
 * only one is, none between two user agents that speak with each other directly. What belongs to no place is counted
 * with the reason.
 */
#ifndef TRACES_SESSION_H
#define TRACES_SESSION_H

#include "traces/flow.h"

enum place {
    PLACE_UE_A, /* the way of an INVITE, in its order */
    PLACE_P_A,
    PLACE_S_A,
    PLACE_I_B,
    PLACE_S_B,
    PLACE_P_B,
    PLACE_UE_B,
    PLACE_I_A,
    PLACE_HSS_A,
    PLACE_HSS_B,
    PLACE_AS_A,
    PLACE_AS_B,
    PLACE_RELAY_1, /* relays and back-to-back user agents of MSRP, in the order of the file's way */
    PLACE_AGW_A = PLACE_RELAY_1 + 6,
    PLACE_AGW_B,
    PLACE_COUNT,
    PLACE_NONE = PLACE_COUNT
};
extern const char *const place_labels[PLACE_COUNT]; /* as sim_message has them: "P-CSCF(A)" */

enum session_kind { SESSION_NONE, SESSION_REGISTRATION, SESSION_MESSAGES, SESSION_CALL };
extern const char *const session_kind_names[];

/* A message with its places. first_ns and last_ns are on the clock of tap 0. */
struct session_step {
    size_t message;
    enum place from, to;
    const char *kind; /* the message's, a response's with the method that it answers: "AUTH/401" */
    uint32_t ordinal; /* among those of the same places and kind, from 0 */
    int64_t first_ns, last_ns;
};

/* Messages that are no steps: of one kind, for one reason. */
struct session_rest {
    const char *kind;
    const char *why; /* one clause */
    uint64_t count;
};

enum { SESSION_RESTS_MAX = 256, SESSION_WAY_MAX = 12, SESSION_RELAYS_MAX = 6 };

/* A way of requests through nodes: visits in their order, each standing for the places from `first` to the one before
 * the next visit's. */
struct session_way {
    size_t count;
    struct session_visit {
        int node;
        size_t first; /* index into places */
    } visits[SESSION_WAY_MAX];
    size_t place_count;
    enum place places[SESSION_WAY_MAX];
};

struct session {
    const struct flow *flow;
    enum session_kind kind;
    size_t opening;      /* the message that opens it: INVITE, MESSAGE or REGISTER, as it leaves UE-A */
    size_t found;        /* sessions of that kind in the flow */
    const char *user[2]; /* address-of-record of user A and of user B; "" where not known */
    int ue[2];           /* their nodes; FLOW_NONE */
    bool has_two_operators;
    struct session_way way;                 /* of INVITE and MESSAGE */
    struct session_way registration[2];     /* of the REGISTERs of each user; count 0: not seen */
    const char *relays[SESSION_RELAYS_MAX]; /* "host:port" as MSRP URIs have it */
    size_t relay_count;
    size_t step_count;
    struct session_step *steps; /* in the order of first_ns */
    size_t rest_count;
    struct session_rest rests[SESSION_RESTS_MAX];
};

/* Session number `number`, counting from 1, of the flow's calls; of its MESSAGEs where there is no call, of its
 * registrations where there are neither. 0: the first call that was answered. ERR_UNKNOWN with a note where there is
 * none; ERR_FULL. Borrows flow. */
MUST_USE enum err session_init(struct session *session, const struct flow *flow, uint64_t number, struct note *note);
void session_free(struct session *session);

/* The place of a SIP node; the first one where it stands for several. PLACE_NONE. */
enum place session_place(const struct session *session, int node);

/* Whether a node at that address stands for a place that is not among the UEs. */
bool session_is_core(const struct session *session, const struct endpoint *at);

#endif
