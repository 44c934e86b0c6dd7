/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the time went: the sums that packets carry. That they equal the time is checked at every delivery of every
 * test. */
#include "tests/sim/net/lab.h"

/* A transfer over a chain of links whose forward direction is longer by extra_ns. */
struct outcome {
    int64_t done_ns;
    struct parts parts;
};

static struct outcome run_chain(uint32_t links, uint64_t bytes, struct link_config config, int64_t extra_ns,
                                const struct tcp_config *tcp)
{
    struct transfer transfer = {.total = bytes};
    struct lab lab;
    struct link_config forward = config;

    forward.propagation_ns += extra_ns;
    lab_open(&lab, 64 * MIB, 0, NULL);
    for (uint32_t i = 0; i <= links; i++)
        net_add_node(lab.net, &(struct node_config){.name = "n", .address = i + 1});
    for (uint32_t i = 0; i < links; i++)
        net_join(lab.net, i, i + 1, &forward, &config);
    net_build(lab.net);
    transfer_start(&transfer, &lab, links, tcp);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(transfer.got, bytes);
    CU_ASSERT_EQUAL(transfer.wrong_sums, 0);
    CU_ASSERT_EQUAL(parts_total(&transfer.parts), transfer.done_ns);
    lab_close(&lab);
    return (struct outcome){transfer.done_ns, transfer.parts};
}

static void test_one_nanosecond(void)
{
    static const uint64_t sizes[] = {1, 1460, 20000, 100000, 1000000};
    static const uint64_t rates[] = {0, 1000 * 1000, 17 * 1000 * 1000, 1000 * 1000 * 1000};

    for (uint32_t links = 1; links <= 3; links++)
        for (uint32_t s = 0; s < 5; s++)
            for (uint32_t r = 0; r < 4; r++) {
                struct link_config config = lab_link(rates[r], 13 * MS + 331);
                struct outcome before = run_chain(links, sizes[s], config, 0, &tcp_rfc);
                struct outcome after = run_chain(links, sizes[s], config, 1, &tcp_rfc);
                int64_t crossings = before.parts.ns[PART_PROPAGATION] / config.propagation_ns;
                int64_t grown = after.parts.ns[PART_PROPAGATION] - before.parts.ns[PART_PROPAGATION];

                CU_ASSERT_EQUAL(after.done_ns - before.done_ns, grown);
                /* SYN and SYN-ACK are propagation both ways; all else that is not feedback goes forward. */
                CU_ASSERT_EQUAL(grown, crossings - links);
                CU_ASSERT_EQUAL(after.parts.ns[PART_FEEDBACK], before.parts.ns[PART_FEEDBACK]);
                CU_ASSERT_EQUAL(after.parts.ns[PART_TRANSMISSION], before.parts.ns[PART_TRANSMISSION]);
            }
}

static void test_bulk_is_transmission(void)
{
    struct outcome outcome = run_chain(1, 10 * 1000 * 1000, lab_link(10 * 1000 * 1000, 500 * US), 0, &tcp_rfc);

    CU_ASSERT_TRUE(outcome.parts.ns[PART_TRANSMISSION] * 100 >= outcome.done_ns * 95);
    CU_ASSERT_EQUAL(outcome.parts.ns[PART_QUEUEING], 0);
}

static void test_window_is_feedback(void)
{
    struct tcp_config tcp = tcp_rfc;
    struct outcome outcome;

    tcp.receive_buffer = 65536;
    outcome = run_chain(1, 10 * 1000 * 1000, lab_link(1000 * 1000 * 1000, 50 * MS), 0, &tcp);
    /* Each round trip of 100 ms brings 64 KiB: half of it is data's propagation, half its acknowledgement's way. */
    CU_ASSERT_TRUE(outcome.done_ns > 15 * SECOND);
    CU_ASSERT_TRUE(outcome.parts.ns[PART_FEEDBACK] * 100 >= outcome.done_ns * 48);
    CU_ASSERT_TRUE(outcome.parts.ns[PART_TRANSMISSION] * 100 < outcome.done_ns);
}

static void test_handshake_is_physical(void)
{
    struct link_config config = lab_link(8 * 1000 * 1000, 10 * MS);
    struct outcome outcome = run_chain(1, 100, config, 0, &tcp_rfc);

    /* SYN, SYN-ACK; the third ACK, behind which the data stands in line; the data */
    CU_ASSERT_EQUAL(outcome.parts.ns[PART_TRANSMISSION], (66 + 66 + 54 + 154) * US);
    CU_ASSERT_EQUAL(outcome.parts.ns[PART_PROPAGATION], 3 * 10 * MS);
    CU_ASSERT_EQUAL(outcome.parts.ns[PART_FEEDBACK], 0);
}

/* ---- Lines behind others ---- */

struct arrival {
    struct lab *lab;
    struct cause cause;
    int64_t at_ns;
};

static void arrival_received(void *context, const struct datagram *datagram, const struct cause *cause)
{
    struct arrival *arrival = context;

    (void)datagram;
    arrival->cause = *cause;
    arrival->at_ns = arrival->lab->engine.now_ns;
}

static void send_as(struct lab *lab, uint16_t to_port, uint16_t transfer, bool is_feedback)
{
    struct cause cause = {.transfer = transfer, .is_feedback = is_feedback};
    struct slice slice = {&source_pattern, 0, 958};

    udp_send(lab->net, 0, 1, 1, to_port, &slice, 1, &cause, NULL);
}

static void test_lines(void)
{
    struct lab lab;
    struct arrival arrivals[4];
    struct link_config config = lab_link(8 * 1000 * 1000, 10 * MS);

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    for (uint16_t i = 0; i < 4; i++) {
        arrivals[i].lab = &lab;
        udp_bind(lab.net, 1, i, &arrivals[i], arrival_received);
    }
    send_as(&lab, 0, 7, false); /* 1 ms each */
    send_as(&lab, 1, 8, false); /* behind another transfer */
    send_as(&lab, 2, 8, true);  /* behind its own, and only acknowledging */
    send_as(&lab, 3, 8, false); /* behind that */
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(arrivals[0].cause.parts.ns[PART_TRANSMISSION], 1 * MS);
    CU_ASSERT_EQUAL(arrivals[1].cause.parts.ns[PART_QUEUEING], 1 * MS);
    CU_ASSERT_EQUAL(arrivals[1].cause.parts.ns[PART_TRANSMISSION], 1 * MS);
    CU_ASSERT_EQUAL(arrivals[2].cause.parts.ns[PART_QUEUEING], 1 * MS);
    CU_ASSERT_EQUAL(arrivals[2].cause.parts.ns[PART_TRANSMISSION], 1 * MS);
    CU_ASSERT_EQUAL(arrivals[2].cause.parts.ns[PART_FEEDBACK], 11 * MS);
    CU_ASSERT_TRUE(arrivals[2].cause.is_feedback);
    /* It takes over the sums at release, not the flag: its own way is transmission and propagation again. */
    CU_ASSERT_EQUAL(arrivals[3].cause.parts.ns[PART_FEEDBACK], 1 * MS);
    CU_ASSERT_EQUAL(arrivals[3].cause.parts.ns[PART_TRANSMISSION], 2 * MS);
    CU_ASSERT_EQUAL(arrivals[3].cause.parts.ns[PART_PROPAGATION], 10 * MS);
    CU_ASSERT_FALSE(arrivals[3].cause.is_feedback);
    for (uint16_t i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(parts_total(&arrivals[i].cause.parts), arrivals[i].at_ns);
    lab_close(&lab);
}

static void test_line_behind_a_lost_packet(void)
{
    struct lab lab;
    struct arrival arrival;
    struct link_config config = lab_link(8 * 1000 * 1000, 10 * MS);

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    arrival.lab = &lab;
    udp_bind(lab.net, 1, 0, &arrival, arrival_received);
    lab.net->links[0]->is_random = true;
    lab.net->links[0]->config.loss = 1;
    send_as(&lab, 0, 8, false);
    lab.net->links[0]->config.loss = 0;
    send_as(&lab, 0, 8, false);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(arrival.at_ns, 12 * MS);
    CU_ASSERT_EQUAL(arrival.cause.parts.ns[PART_TRANSMISSION], 2 * MS);
    CU_ASSERT_EQUAL(arrival.cause.parts.ns[PART_PROPAGATION], 10 * MS);
    lab_close(&lab);
}

/* ---- Timers ---- */

static void test_timeout_is_timer(void)
{
    struct transfer transfer = {.total = 100};
    struct lab lab;
    struct link_config config = lab_link(0, 10 * MS);

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    lab.net->links[0]->is_random = true;
    lab.net->links[0]->config.loss = 1;
    transfer_start(&transfer, &lab, 1, &tcp_rfc);
    lab.net->links[0]->config.loss = 0;
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(transfer.done_ns, 1 * SECOND + 30 * MS);
    CU_ASSERT_EQUAL(transfer.parts.ns[PART_TIMER], 1 * SECOND);
    CU_ASSERT_EQUAL(transfer.parts.ns[PART_PROPAGATION], 30 * MS);
    lab_close(&lab);
}

static void test_delayed_ack_is_timer(void)
{
    struct transfer transfer = {.total = 2920};
    struct tcp_config tcp = tcp_rfc;
    struct lab lab;
    struct link_config config = lab_link(0, 10 * MS);

    tcp.send_buffer = 1460; /* the second segment has to wait for the first one's ACK, which is delayed */
    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    transfer_start(&transfer, &lab, 1, &tcp);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(transfer.done_ns, 30 * MS + 200 * MS + 20 * MS);
    CU_ASSERT_EQUAL(transfer.parts.ns[PART_TIMER], 200 * MS);
    CU_ASSERT_EQUAL(transfer.parts.ns[PART_FEEDBACK], 10 * MS);
    CU_ASSERT_EQUAL(transfer.parts.ns[PART_PROPAGATION], 40 * MS);
    lab_close(&lab);
}

/* ---- What is written by whom ---- */

/* The receiver's side answers with bytes that only acknowledge; the sender's side counts what it gets as such. */
struct echo {
    uint32_t feedback, plain;
    uint16_t transfer;
};

static void echo_received(void *context, struct tcp *tcp, const struct cause *cause)
{
    struct echo *echo = context;
    uint64_t end = tcp_received(tcp)->end;
    struct cause own = *cause;

    echo->feedback += cause->is_feedback;
    echo->plain += !cause->is_feedback;
    echo->transfer = cause->transfer;
    tcp_release(tcp, end, cause);
    if (tcp_info(tcp).node == 0)
        return;
    own.is_feedback = true;
    tcp_write_bytes(tcp, "200 OK", 6, &own);
}

static void echo_established(void *context, struct tcp *tcp, const struct cause *cause)
{
    struct cause own = *cause;

    (void)context;
    if (tcp_info(tcp).node != 0)
        return;
    own.transfer = 5;
    tcp_write_bytes(tcp, "SEND", 4, &own);
}

static void *echo_accept(void *context, struct tcp *tcp, uint32_t from_node, uint16_t from_port)
{
    (void)tcp;
    (void)from_node;
    (void)from_port;
    return context;
}

static void test_written_feedback(void)
{
    static const struct tcp_owner owner = {.established = echo_established, .received = echo_received};
    struct echo here = {0}, there = {0};
    struct lab lab;
    struct link_config config = lab_link(0, 10 * MS);
    struct cause cause = {.transfer = 0};

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    tcp_listen(lab.net, 1, 80, &tcp_rfc, &there, echo_accept, &owner);
    tcp_connect(lab.net, 0, 1, 1, 80, &tcp_rfc, &here, &owner, &cause);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(there.plain, 1);
    CU_ASSERT_EQUAL(there.feedback, 0);
    CU_ASSERT_EQUAL(here.feedback, 1);
    CU_ASSERT_EQUAL(here.plain, 0);
    /* The connection was opened for nobody; the bytes are of transfer 5 all the same. */
    CU_ASSERT_EQUAL(there.transfer, 5);
    CU_ASSERT_EQUAL(here.transfer, 5);
    lab_close(&lab);
}

static const struct unit_test tests[] = {
    {"a nanosecond more on each forward link moves the end by the crossings counted", test_one_nanosecond},
    {"bulk over a slow link is transmission", test_bulk_is_transmission},
    {"a small window over a long way is feedback", test_window_is_feedback},
    {"the handshake charges its physical causes", test_handshake_is_physical},
    {"behind another transfer one queues, behind one's own one goes on with its sums", test_lines},
    {"a lost packet hands on its sums like any other", test_line_behind_a_lost_packet},
    {"a retransmission by timeout is charged to the timer", test_timeout_is_timer},
    {"a delayed ACK is charged to the timer", test_delayed_ack_is_timer},
    {"bytes written as feedback arrive as feedback, of the writer's transfer", test_written_feedback},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("parts", tests);
}
