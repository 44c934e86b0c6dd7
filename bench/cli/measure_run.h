/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * measure_run.h - repeated transfers of one arm over real sockets, for the commands that measure: signals, the folder
 * of received files, the file that is sent.
 */
#ifndef BENCH_CLI_MEASURE_RUN_H
#define BENCH_CLI_MEASURE_RUN_H

#include "bench/cli/measure_outcome.h"

enum { MEASURE_REPEAT_MAX = 1000, MEASURE_REASON_SIZE = CONDUCT_TEXT_SIZE };

struct measure_point {
    const struct arm *arm;
    struct slice file;
    uint32_t relays;
    uint64_t chunk_bytes, message_bytes;
    uint32_t window; /* SENDs outstanding; 0: no limit */
    const char *congestion;
    uint64_t buffer_bytes;   /* of each TCP socket; 0: the system's */
    const struct core *core; /* another program's; NULL: our own */
    bool is_loopback;
    struct network_config network;
    const char *folder; /* keeps received files there; NULL: a temporary one */
    const char *pcap, *keylog;
    bool has_outside;
    struct in_addr outside;
    uint16_t outside_port;
    bool outside_is_plain; /* its legs are not under TLS, whatever the arm's are */
    const char *authority; /* PEM file of further authorities; NULL: none */
};

/* What all repetitions gave beside their outcomes. */
struct measure_told {
    struct delay_box_report box;
    char reason[MEASURE_REASON_SIZE]; /* of the first that was not delivered; empty: none */
};

/* repeat transfers into outcomes; *done of them were made (less when interrupted). A transfer that fails is an outcome;
 * errors are ERR_RANGE (an arm that is simulated only, too many relays), ERR_FILE, ERR_CRYPTO. told may be NULL. */
MUST_USE enum err measure_run(const struct measure_point *point, size_t repeat, struct outcome *outcomes, size_t *done,
                              struct measure_told *told, struct note *note);

/* Whether Ctrl-C or SIGTERM ended a measure_run(). */
bool measure_was_interrupted(void);

#endif
