/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * conduct.h - conducts measured transfers: makes the network and a process for each role, lets them open what stands
 * before the press, presses, gathers what they report, and compares the file that arrived with the one that was sent.
 */
#ifndef BENCH_MEASURE_CONDUCT_H
#define BENCH_MEASURE_CONDUCT_H

#include "bench/measure/delay_box.h"
#include "bench/measure/network.h"
#include "bench/measure/node.h"

#define CONDUCT_NONE INT64_MIN /* a time, or a number, that is not known */

enum { CONDUCT_TEXT_SIZE = NODE_TEXT_SIZE + 64 };

struct conduct_plan {
    struct cast_way way;
    uint32_t relays;
    struct slice file;
    enum cms_suite suite;
    uint64_t chunk_bytes, message_bytes;
    uint32_t window;         /* SENDs outstanding; 0: no limit */
    const char *congestion;  /* NULL: the system's */
    uint64_t buffer_bytes;   /* of each TCP socket; 0: the system's */
    const struct core *core; /* another program's, in the network that it is in; NULL: ours */
    bool is_loopback;        /* no namespaces, no shaping */
    struct network_config network;
    const char *folder; /* where received files go */
    bool keeps_files;   /* else they are removed when they have been compared */
    const char *keylog; /* a file for TLS secrets; NULL: none */
    bool has_outside;   /* the one relay is another program's */
    struct in_addr outside;
    uint16_t outside_port;
    const char *authority; /* PEM file of authorities that are trusted beside the cast's own; NULL: none */
    int64_t limit_ns;      /* for one transfer */
    /* A tap: called in a process of its own inside of the middle of the network, with the devices that show each link.
     * It writes one byte to line when it is watching, ends when the other side shuts line down, and returns whether all
     * went well. NULL: none. */
    bool (*tap)(void *context, const char *const *devices, const char *const *labels, size_t count, int line);
    void *tap_context;
};

/* What one transfer gave. Times are those of CLOCK_MONOTONIC or CONDUCT_NONE. */
struct conduct_result {
    bool is_delivered;            /* the file that arrived is the one that was sent, byte for byte */
    enum node_end end;            /* where it was not delivered */
    char text[CONDUCT_TEXT_SIZE]; /* why, in words */
    int64_t at_ns[MARK_COUNT];
    int64_t body_bytes, chunks, retransmissions, cpu_ns, ue_cpu_ns;
    int64_t wire_bytes, packet_hops; /* all links; CONDUCT_NONE on loopback */
};

struct conductor;

/* ERR_RANGE, ERR_FILE, ERR_CRYPTO with a note. Stale networks of dead processes are removed first. */
MUST_USE enum err conductor_open(struct conductor **conductor, const struct conduct_plan *plan, struct note *note);

/* One transfer. Its failure is a result; errors are the machine's. *interrupted, set by a signal handler, ends it. */
MUST_USE enum err conductor_run(struct conductor *conductor, uint64_t number, const volatile int *interrupted,
                                struct conduct_result *result, struct note *note);

/* What the delay box says of itself so far is final after this; frames 0: there was none. Also ends the tap; ERR_FILE
 * when that failed. */
MUST_USE enum err conductor_finish(struct conductor *conductor, struct delay_box_report *report, struct note *note);

/* Removes the network and ends what still runs. NULL: nothing happens. */
void conductor_close(struct conductor *conductor);

#endif
