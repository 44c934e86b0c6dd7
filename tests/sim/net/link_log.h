/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * link_log.h - numbered datagrams over a lab's links, and what arrived of them.
 */
#ifndef TESTS_SIM_NET_LINK_LOG_H
#define TESTS_SIM_NET_LINK_LOG_H

#include "tests/sim/net/lab.h"

enum { LOG_MAX = 4096 };

/* What arrived where, in the order of arrival. */
struct log {
    struct lab *lab;
    uint32_t count;
    uint32_t number[LOG_MAX];
    int64_t at_ns[LOG_MAX];
    uint64_t wrong_sums;
};

static inline void log_received(void *context, const struct datagram *datagram, const struct cause *cause)
{
    struct log *log = context;

    log->number[log->count % LOG_MAX] = datagram->from_port;
    log->at_ns[log->count % LOG_MAX] = log->lab->engine.now_ns;
    log->count++;
    if (cause->transfer && parts_total(&cause->parts) != log->lab->engine.now_ns)
        log->wrong_sums++;
}

/* A datagram of size bytes of data whose source port is its number. */
static inline void send_number(struct lab *lab, uint32_t from, uint32_t to, uint32_t number, uint32_t size)
{
    struct cause cause = {.transfer = 1};
    struct slice slice = {&source_pattern, 0, size};

    cause.parts.ns[PART_PROCESSING] = lab->engine.now_ns;
    udp_send(lab->net, from, (uint16_t)number, to, 9, &slice, 1, &cause, NULL);
}

#endif
