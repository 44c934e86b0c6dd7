/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * node.h - one process of a measured transfer: its loop, its role's start and commands, and the line to the process
 * that conducts the transfer. Commands come as single letters; what happens is told as reports with the time at which
 * it happened.
 */
#ifndef BENCH_MEASURE_NODE_H
#define BENCH_MEASURE_NODE_H

#include "bench/measure/cast.h"
#include "bench/measure/stream.h"

enum {
    NODE_WARM = 'w',  /* open what stands before the press */
    NODE_PRESS = 'p', /* UE-A: the user presses send; the others: count from now */
    NODE_QUIT = 'q'   /* report what was counted and end */
};

/* What a report tells; value is a time unless it says otherwise. */
enum node_mark {
    MARK_LISTENING,
    MARK_WARM,
    MARK_PRESSED,
    MARK_SIGNALLED,
    MARK_ANSWERED,
    MARK_SEALING,
    MARK_SEALED,
    MARK_SYN,       /* a leg of the session's own is opened */
    MARK_CONNECTED, /* the passive end of one can receive */
    MARK_FIRST_BYTE,
    MARK_LAST_BYTE,
    MARK_IN_HAND,
    MARK_BYE,
    MARK_ENDED, /* the sender has nothing more to do */
    MARK_BODY,  /* bytes of the file as carried */
    MARK_CHUNKS,
    MARK_RETRANSMISSIONS,
    MARK_CPU,    /* nanoseconds of CPU time since the press */
    MARK_FAILED, /* an enum node_end, with text */
    MARK_COUNT
};

enum node_end {
    NODE_SETUP_TIMEOUT,
    NODE_SETUP_REFUSED,
    NODE_CONNECT_FAILED,
    NODE_TRANSFER_FAILED,
    NODE_VERIFY_FAILED,
    NODE_FAULT /* the machine's, or ours: not an outcome */
};

enum { NODE_TEXT_SIZE = 480 };

struct node_report {
    int32_t mark; /* enum node_mark */
    int32_t role; /* enum cast_role */
    int64_t value;
    char text[NODE_TEXT_SIZE];
};

struct node {
    struct loop loop;
    const struct cast *cast;
    enum cast_role role;
    struct stream_tls tls;
    struct loop_watch line;
    int64_t cpu_ns;           /* at the press */
    uint64_t retransmissions; /* of connections that are gone */
    void *context;
    void (*warm)(void *context);
    void (*press)(void *context);
    void (*leave)(void *context);      /* after the last report: ends the loop when it is done; NULL: nothing to do */
    uint64_t (*resent)(void *context); /* messages and segments sent again */
};

/* Runs the process of a role until it is told to end; line is a SOCK_SEQPACKET socket to the conductor. */
void node_run(const struct cast *cast, enum cast_role role, int line);

void node_tell(struct node *node, enum node_mark mark, int64_t value);
void node_now(struct node *node, enum node_mark mark); /* value: now */
void node_fail(struct node *node, enum node_end end, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* How this node opens or accepts a connection: from its own address, under TLS or plain. */
struct stream_config node_stream(struct node *node, bool is_tls, void *context, const struct stream_owner *owner);

/* What a role does when its process begins: makes its state, listens, and sets the node's functions. */
typedef enum err node_start_fn(struct node *node, struct note *note);
node_start_fn cscf_start, hss_start, ue_a_start, ue_b_start, pager_a_start, pager_b_start, msrp_hop_start;

#endif
