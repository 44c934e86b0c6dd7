/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lab.h - a small network for tests: a chain of nodes, a sender and a receiver that check whatever passes them.
 */
#ifndef TESTS_SIM_NET_LAB_H
#define TESTS_SIM_NET_LAB_H

#include "sim/base/units.h"
#include "sim/net/graph.h"
#include "tests/unit.h"

struct lab {
    struct arena *arena;
    struct engine engine;
    struct streams streams;
    struct net *net;
};

/* A lab with limit bytes of memory. */
static inline void lab_open(struct lab *lab, size_t limit, uint64_t trial, const struct net_tap *tap)
{
    lab->arena = arena_create(limit);
    CU_ASSERT_PTR_NOT_NULL_FATAL(lab->arena);
    engine_init(&lab->engine, lab->arena);
    streams_init(&lab->streams, lab->arena, 42, trial);
    lab->net = net_create(&lab->engine, lab->arena, &lab->streams, tap);
}

/* Every packet must be accounted for at the end. */
static inline void lab_close(struct lab *lab)
{
    net_check(lab->net);
    CU_ASSERT_EQUAL(lab->net->packets_alive, 0);
    arena_destroy(lab->arena);
}

static inline void lab_run(struct lab *lab)
{
    lab->engine.events_max = UINT64_MAX;
    engine_run(&lab->engine, NULL);
}

static inline void lab_step(struct lab *lab)
{
    lab->engine.events_max = lab->engine.events_run + 1;
    engine_run(&lab->engine, NULL);
}

/* Runs what is due at until_ns and before. */
static inline void lab_run_until(struct lab *lab, int64_t until_ns)
{
    while (engine_next_ns(&lab->engine) <= until_ns)
        lab_step(lab);
}

/* Nodes 0 to links, joined in a row by links alike in both directions; the first and the last are hosts. */
static inline void lab_chain(struct lab *lab, uint32_t links, const struct link_config *config)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};

    for (uint32_t i = 0; i <= links; i++)
        net_add_node(lab->net, &(struct node_config){.name = names[i], .address = 0x0a000001 + i, .workers = 1});
    for (uint32_t i = 0; i < links; i++)
        net_join(lab->net, i, i + 1, config, config);
    net_build(lab->net);
}

static inline struct link_config lab_link(uint64_t rate_bps, int64_t propagation_ns)
{
    return (struct link_config){.rate_bps = rate_bps,
                                .propagation_ns = propagation_ns,
                                .queue_bytes_max = UINT64_MAX,
                                .mtu = 1500,
                                .overhead_bytes = 14};
}

/* ---- A transfer over TCP, from who connects to who accepts ---- */

struct transfer {
    struct lab *lab;
    struct tcp *sender;
    struct tcp *receiver;
    struct cause first; /* what the connection was opened with */
    uint64_t total;
    uint64_t written;
    uint64_t got;
    uint64_t write_max; /* bytes written at a time, at most; 0: what fits */
    bool holds;         /* the receiver releases nothing */
    bool is_checked;    /* bytes are compared */
    bool finishes;      /* FIN when all is written, and FIN in return */
    int64_t done_ns;    /* the last byte arrived; 0: never */
    int64_t first_ns;   /* the first data arrived */
    struct parts parts; /* then */
    uint64_t deliveries;
    uint64_t wrong_sums;
    uint64_t wrong_bytes;
    int established, ended_sender, ended_receiver, drained;
    enum tcp_end how_sender, how_receiver;
    int64_t ended_ns;
};

static inline void transfer_sums(struct transfer *transfer, const struct cause *cause)
{
    if (cause->transfer != 0 && parts_total(&cause->parts) != transfer->lab->engine.now_ns)
        transfer->wrong_sums++;
}

static inline void transfer_pump(struct transfer *transfer, struct tcp *tcp, const struct cause *cause)
{
    struct cause own = *cause;

    transfer_sums(transfer, cause);
    own.is_feedback = false;
    while (transfer->written < transfer->total && tcp_room(tcp) > 0) {
        uint64_t length = tcp_room(tcp);

        if (length > transfer->total - transfer->written)
            length = transfer->total - transfer->written;
        if (transfer->write_max && length > transfer->write_max)
            length = transfer->write_max;
        tcp_write(tcp, (struct slice){&source_pattern, transfer->written, length}, &own);
        transfer->written += length;
    }
    if (transfer->finishes && transfer->written == transfer->total)
        tcp_finish(tcp, &own);
}

static inline void transfer_established(void *context, struct tcp *tcp, const struct cause *cause)
{
    struct transfer *transfer = context;

    transfer->established++;
    transfer_sums(transfer, cause);
    if (tcp_info(tcp).node == 0)
        transfer_pump(transfer, tcp, cause);
}

static inline void transfer_writable(void *context, struct tcp *tcp, const struct cause *cause)
{
    transfer_pump(context, tcp, cause);
}

static inline void transfer_drained(void *context, struct tcp *tcp, const struct cause *cause)
{
    struct transfer *transfer = context;

    (void)tcp;
    transfer->drained++;
    transfer_sums(transfer, cause);
}

static inline void transfer_compare(struct transfer *transfer, struct rope *rope)
{
    char got[4096], expected[4096];

    for (uint64_t at = transfer->got; at < rope->end;) {
        size_t run = rope->end - at < sizeof(got) ? (size_t)(rope->end - at) : sizeof(got);

        rope_read(rope, at, got, run);
        source_pattern.read(&source_pattern, at, expected, run);
        transfer->wrong_bytes += memcmp(got, expected, run) != 0;
        at += run;
    }
}

static inline void transfer_received(void *context, struct tcp *tcp, const struct cause *cause)
{
    struct transfer *transfer = context;
    struct rope *rope = tcp_received(tcp);

    transfer->deliveries++;
    transfer_sums(transfer, cause);
    if (!transfer->first_ns)
        transfer->first_ns = transfer->lab->engine.now_ns;
    if (transfer->is_checked)
        transfer_compare(transfer, rope);
    transfer->got = rope->end;
    if (transfer->got == transfer->total && !transfer->done_ns) {
        transfer->done_ns = transfer->lab->engine.now_ns;
        transfer->parts = cause->parts;
    }
    if (!transfer->holds)
        tcp_release(tcp, rope->end, cause);
}

static inline void transfer_ended(void *context, struct tcp *tcp, enum tcp_end how, const struct cause *cause)
{
    struct transfer *transfer = context;

    transfer_sums(transfer, cause);
    transfer->ended_ns = transfer->lab->engine.now_ns;
    if (tcp == transfer->receiver) {
        transfer->ended_receiver++;
        transfer->how_receiver = how;
        if (how == TCP_END_FIN)
            tcp_finish(tcp, cause);
        return;
    }
    transfer->ended_sender++;
    transfer->how_sender = how;
}

static const struct tcp_owner transfer_owner = {transfer_established, transfer_received, transfer_writable,
                                                transfer_drained, transfer_ended};

static inline void *transfer_accept(void *context, struct tcp *tcp, uint32_t from_node, uint16_t from_port)
{
    struct transfer *transfer = context;

    CU_ASSERT_EQUAL(from_node, 0);
    CU_ASSERT_EQUAL(from_port, 49152);
    transfer->receiver = tcp;
    return transfer;
}

/* Opens the connection from node 0 to node last at time 0; sums begin at 0, so they always equal the time. */
static inline void transfer_start(struct transfer *transfer, struct lab *lab, uint32_t last,
                                  const struct tcp_config *config)
{
    transfer->lab = lab;
    transfer->first = (struct cause){.transfer = 1};
    tcp_listen(lab->net, last, 7394, config, transfer, transfer_accept, &transfer_owner);
    transfer->sender = tcp_connect(lab->net, 0, net_free_port(lab->net, 0), last, 7394, config, transfer,
                                   &transfer_owner, &transfer->first);
}

/* Loses what enters a link from now on, or nothing any more. */
static inline void lab_lose(struct lab *lab, uint32_t link, bool all)
{
    lab->net->links[link]->is_random = true;
    lab->net->links[link]->config.loss = all;
}

/* The next length bytes of the pattern, as a write of the transfer number. */
static inline void transfer_write(struct transfer *transfer, uint64_t length, uint16_t number)
{
    struct cause cause = {.transfer = number};

    cause.parts.ns[PART_PROCESSING] = transfer->lab->engine.now_ns;
    tcp_write(transfer->sender, (struct slice){&source_pattern, tcp_written(transfer->sender), length}, &cause);
}

/* An open connection without data over 50 ms each way. */
static inline void transfer_open(struct transfer *transfer, struct lab *lab, const struct tcp_config *tcp)
{
    struct link_config config = lab_link(0, 50 * MS);

    lab_open(lab, 16 * MIB, 0, NULL);
    lab_chain(lab, 1, &config);
    transfer_start(transfer, lab, 1, tcp);
    lab_run(lab);
    CU_ASSERT_EQUAL_FATAL(transfer->established, 2);
}

#endif
