/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * msrp_hop.h - the inside of the process of an MSRP relay (RFC 4976) or a back-to-back user agent: msrp_hop.c takes
 * messages and passes them on by cut-through, msrp_hop_report.c minds what becomes of them at the next hop. Memory is
 * bounded: a source is not read from while what it sent cannot go on, and whoever goes beyond a limit is hung up on.
 */
#ifndef BENCH_MEASURE_MSRP_HOP_H
#define BENCH_MEASURE_MSRP_HOP_H

#include "bench/measure/msrp_leg.h"
#include "bench/measure/node.h"
#include "sim/proto/msrp_pending.h"
#include "sim/proto/msrp_relay.h"

enum {
    MSRP_HOP_URI_SIZE = 128,
    MSRP_HOP_TEXT_SIZE = 2048, /* a head as a relay passes it on: a path of six URIs fits */
    MSRP_HOP_LEGS_MAX = 24,
    MSRP_HOP_LEG_MEMORY = 32 << 20,  /* of one connection: messages between coming and going on */
    MSRP_HOP_ORIGINS_MAX = 256,      /* different messages of one connection */
    MSRP_HOP_PENDING_MAX = 4096,     /* SENDs that one next hop has not answered */
    MSRP_HOP_WAITING_MAX = 256 << 10 /* bytes of answers that wait for a chunk to end */
};

struct msrp_hop_leg;

/* A message that goes through: a request with its body, or a response that travels back. */
struct transit {
    struct transit *next;
    struct msrp_hop_leg *to; /* NULL: nowhere, only answered */
    uint64_t body_left_from, body_end;
    bool has_body, is_whole, is_begun;
    bool is_told; /* its sender knows already that it failed */
    char flag;
    const struct msrp_origin *origin; /* of a SEND that is passed on; NULL: of others */
    bool has_range;
    struct msrp_byte_range range;
    size_t head_size, answer_size, transaction_id_size;
    char transaction_id[64];
    char head[MSRP_HOP_TEXT_SIZE];
    char answer[MSRP_HOP_TEXT_SIZE];
};

/* One connection of the relay. */
struct msrp_hop_leg {
    struct msrp_hop *relay;
    enum cast_role role;   /* whose it is; CAST_COUNT: a stranger's */
    struct arena *arena;   /* NULL: the place is unused */
    struct stream *stream; /* NULL: gone */
    struct msrp_leg *leg;
    struct transit *first, *last, *free; /* oldest first */
    const struct msrp_origin *origin;    /* of the last SEND */
    uint32_t origins;
    struct rope body;            /* of all of them, not passed on yet */
    struct msrp_hop_leg *writer; /* whose chunk is being written here */
    struct rope waiting;         /* answers for when it has ended */
    struct msrp_pending pending; /* SENDs that went out here */
};

struct msrp_hop {
    struct node *node;
    struct arena *arena;
    bool is_b2bua;
    struct msrp_relay *msrp;
    struct loop_timer timer; /* the first SEND that a next hop leaves unanswered */
    struct loop_watch news;  /* a back-to-back user agent: from the CSCF beside it */
    struct msrp_hop_leg legs[MSRP_HOP_LEGS_MAX];
    bool is_broken[CAST_COUNT]; /* a half-sent chunk cannot go on over another connection */
    uint64_t resent;
    char uri[MSRP_HOP_URI_SIZE];
    char upstream[MSRP_HOP_URI_SIZE]; /* back-to-back: the path of the offer and of the answer */
    char downstream[MSRP_HOP_URI_SIZE];
};

/* Writes a whole message to a leg, behind the chunk that is being written there. */
void msrp_hop_say(struct msrp_hop_leg *leg, struct span text);

/* Passes on from every leg what can be passed on now. */
void msrp_hop_pump_all(struct msrp_hop *relay);

/* ---- msrp_hop_report.c ---- */

void msrp_hop_watch_next_hops(struct msrp_hop *relay);

/* The whole of a SEND has been written to a leg: from now on its answer is waited for. */
void msrp_hop_passed(struct msrp_hop_leg *from, struct msrp_hop_leg *out, const struct transit *transit);

/* A response that came in on a leg, to a SEND that went out there. */
void msrp_hop_answered_by(struct msrp_hop_leg *out, const struct msrp_head *response);

/* A SEND that cannot be passed on, or no further: its sender is told, and what comes of it goes nowhere. */
void msrp_hop_lose(struct msrp_hop_leg *from, struct transit *transit);

/* A leg is gone: those whose SENDs went out there are told, and nobody tells it anything more. */
void msrp_hop_forget(struct msrp_hop_leg *gone);

#endif
