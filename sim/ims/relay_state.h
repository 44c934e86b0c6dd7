/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * relay_state.h - the inside of a relay, and what its files do for each other: relay.c takes messages and passes them
 * on, relay_cut.c cuts their chunks again, relay_report.c minds what becomes of them at the next hop.
 */
#ifndef SIM_IMS_RELAY_STATE_H
#define SIM_IMS_RELAY_STATE_H

#include "sim/ims/fingerprint.h"
#include "sim/ims/relay.h"
#include "sim/proto/msrp_pending.h"
#include "sim/proto/msrp_relay.h"

enum {
    RELAY_URI_SIZE = 128,
    RELAY_TEXT_SIZE = 2048, /* a head as a relay passes it on: a path of six URIs fits */
    RELAY_LEGS_MAX = 8,
};

/* A message that goes through: a request with its body, or a response that travels back. */
struct transit {
    struct transit *next;
    struct relay_leg *from;
    enum role to;             /* ROLE_COUNT: nowhere, only answered */
    enum cost_operation cost; /* of the answer; COST_OPERATION_COUNT: none */
    struct watched *watched;
    uint64_t body_left_from; /* offset in the leg's body rope of the next byte to pass on */
    uint64_t body_end;       /* of its last byte so far */
    bool has_body;
    bool acknowledges; /* a response that passes through */
    bool is_whole;     /* its end has come */
    bool is_kept;      /* its dwell is under way */
    bool is_worked;    /* its dwell is over */
    bool is_begun;     /* its head has been passed on */
    bool is_told;      /* its sender knows already that it failed */
    char flag;
    struct span kind;                 /* in the table of dwells */
    const struct msrp_origin *origin; /* of a SEND that is passed on; NULL: of others */
    bool has_range;
    struct msrp_byte_range range; /* of what is passed on now: all of it, or the piece of a SEND that is cut again */
    bool is_cut;
    uint64_t cut_left;  /* bytes that the piece still takes */
    uint64_t range_end; /* of the SEND as it came */
    size_t head_size, answer_size;
    char transaction_id[64];
    size_t transaction_id_size;
    char head[RELAY_TEXT_SIZE];
    char answer[RELAY_TEXT_SIZE];
};

/* One connection of the relay. */
struct relay_leg {
    struct relay *relay;
    struct leg *leg;
    struct transit *first, *last; /* oldest first */
    struct rope body;             /* of all of them, not passed on yet */
    struct msrp_pending pending;  /* SENDs that went out here */
    bool has_finished;            /* the peer sends no more, and nothing more is sent */
    bool is_held;                 /* stands, but the SDP has not said yet whose certificate it is */
};

struct relay {
    struct world *world;
    enum role role;
    bool is_b2bua, is_tls;
    struct msrp_relay *msrp;
    struct transit *free;
    const struct msrp_origin *origin; /* of the last SEND */
    struct timer timer;               /* the first SEND that a next hop leaves unanswered */
    uint32_t leg_count;
    struct relay_leg legs[RELAY_LEGS_MAX];
    char uri[RELAY_URI_SIZE];            /* own; a B2BUA's upstream, which stands in the answer */
    char downstream_uri[RELAY_URI_SIZE]; /* B2BUA: its other one, which stands in the offer */
    char upstream[RELAY_URI_SIZE];       /* the path of the offer and of the answer */
    char downstream[RELAY_URI_SIZE];
    char upstream_fingerprint[FINGERPRINT_TEXT + 1]; /* and whom they say to be there */
    char downstream_fingerprint[FINGERPRINT_TEXT + 1];
};

/* ---- relay.c ---- */

/* Passes on from every leg what can be passed on now. */
void relay_pump_all(struct relay *relay, const struct cause *cause);

/* The end of a body with a flag. */
void relay_pass_end(const struct transit *transit, char flag, const struct msrp_writer *writer);

/* ---- relay_cut.c ---- */

/* Makes a SEND the first of its pieces, where the scenario has relays cut chunks again. */
void relay_cut_first(struct transit *transit);

/* Ends the piece under way and begins the next one. */
void relay_cut_next(struct relay_leg *out, struct transit *transit, const struct msrp_writer *writer);

/* ---- relay_report.c ---- */

void relay_watch_next_hops(struct relay *relay);

/* The whole of a SEND has been handed to the connection of a leg: from now on its answer is waited for. */
void relay_passed(struct relay_leg *out, const struct transit *transit);

/* A response that came in on a leg, to a SEND that went out there. */
void relay_answered_by(struct relay_leg *out, const struct msrp_head *response, const struct cause *cause);

/* A SEND that cannot be passed on, or no further: its sender is told, and what comes of it goes nowhere. */
void relay_lose(struct transit *transit, const struct cause *cause);

/* A leg's connection broke. */
void relay_broken(struct relay_leg *own, const struct cause *cause);

#endif
