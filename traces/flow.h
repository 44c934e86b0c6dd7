/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flow.h - what the messages of a trace are about: which nodes there are and what they seem to be, which message is the
 * forwarded form of which (legs), retransmissions, how long nodes kept what, and what the clocks of several taps say of
 * one another. Roles come from Via, Record-Route, Path, Service-Route, Diameter and behaviour, never from port numbers.
 */
#ifndef TRACES_FLOW_H
#define TRACES_FLOW_H

#include "traces/trace.h"

enum flow_role {
    FLOW_UNKNOWN,
    FLOW_UE,
    FLOW_P_CSCF,
    FLOW_I_CSCF,
    FLOW_S_CSCF,
    FLOW_HSS,
    FLOW_AS,
    FLOW_B2BUA,
    FLOW_PROXY,
    FLOW_REGISTRAR,
    FLOW_RELAY,
    FLOW_ROLE_COUNT
};
extern const char *const flow_role_names[]; /* "p-cscf", NULL-terminated */

enum { FLOW_NODES_MAX = 4096, FLOW_TAPS_MAX = 64, FLOW_NONE = -1 };

/* A hop is an address and a port: the one that it can be reached at. */
struct flow_node {
    struct endpoint at;
    enum flow_role role;
    bool is_given;    /* the role was told, not found */
    bool is_guess;    /* found by weak signs */
    const char *name; /* host name from its Via, "" where that is an address */
    uint64_t sent, received;
    /* What it did. */
    uint64_t forwards;            /* requests passed on */
    uint64_t originates;          /* requests without a Via but its own */
    uint64_t answers;             /* final responses of its own */
    uint64_t hides;               /* 2xx of its own to what it must have passed on unseen: others gave them */
    uint64_t adds_path;           /* REGISTERs that left it with a Path and had come without */
    uint64_t gives_service_route; /* 200s of its own with a Service-Route */
    uint64_t challenges;          /* 401s of its own */
    uint64_t asks[2];             /* Diameter requests: UAR or LIR; MAR or SAR */
    uint64_t diameter_answers;
    uint64_t msrp_forwards;
};

enum flow_side { FLOW_ANY_SIDE, FLOW_ORIG, FLOW_TERM };

/* A message that came to a node and what left it therefore. */
struct flow_leg {
    size_t in, out; /* numbers of messages */
    int node;
    enum flow_side side;
    int64_t dwell_ns; /* last bit in to first bit out */
    int64_t hss_ns;   /* of it, from a Diameter request of the node to the answer; 0: none */
    bool is_answer;   /* out is the node's own answer to in, not its forwarded form */
    bool is_across;   /* in and out were seen at different taps: clocks are corrected by estimate */
    bool is_guess;    /* two legs of a B2BUA, by SDP and time */
};

/* One tap's clock against that of tap 0: a tap's time less offset_ns less drift * (time - of_ns) is tap 0's. */
struct flow_clock {
    bool is_known;
    double offset_ns, drift; /* drift: ratio, 50e-6 for 50 ppm */
    int64_t of_ns;
    double bound_ns;    /* the offset is at most so much off, given that nothing arrives before it was sent */
    size_t there, back; /* messages seen at both taps, by direction */
    bool is_impossible; /* no clock of one rate makes all one-way times positive */
};

struct flow {
    const struct trace *trace;
    struct trace_message *messages; /* the trace's; is_again is set */
    size_t node_count;
    struct flow_node *nodes;
    int *from, *to; /* nodes by message; FLOW_NONE for TLS alone */
    size_t leg_count;
    struct flow_leg *legs;
    struct flow_clock clocks[FLOW_TAPS_MAX];
};

/* A role that is known: "ADDRESS:PORT=p-cscf". */
struct flow_given {
    struct endpoint at;
    enum flow_role role;
};
MUST_USE enum err flow_parse_given(struct span text, struct flow_given *given, struct note *note);

/* Works the trace out. ERR_FULL without memory or beyond FLOW_NODES_MAX nodes, ERR_UNKNOWN for a given role of nobody,
 * with a note. */
MUST_USE enum err flow_init(struct flow *flow, struct trace *trace, const struct flow_given *given, size_t given_count,
                            struct note *note);
void flow_free(struct flow *flow);

/* A message's times on the clock of tap 0. */
int64_t flow_first_ns(const struct flow *flow, size_t message);
int64_t flow_last_ns(const struct flow *flow, size_t message);

/* Clock of tap against tap 0 from pairs of times: ahead of that of tap 0 in the direction there, behind it back. For
 * tests; flow_init calls it. times: of tap 0 and of the other one. */
struct flow_pair {
    int64_t near_ns, far_ns; /* at tap 0, at the other tap */
    bool is_there;           /* the message went from tap 0 to the other one */
};
struct flow_clock flow_clock_fit(const struct flow_pair *pairs, size_t count);

#endif
