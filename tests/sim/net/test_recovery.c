/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TCP when packets get lost. */
#include "tests/sim/net/lab.h"

/* Loses what enters a link between two instants. */
struct outage {
    struct link *link;
    double loss;
};

static void outage_event(struct engine *engine, void *context)
{
    struct outage *outage = context;

    (void)engine;
    outage->link->is_random = true;
    outage->link->config.loss = outage->loss;
}

static void outage_plan(struct lab *lab, struct outage outages[2], uint32_t link, int64_t from_ns, int64_t until_ns)
{
    outages[0] = (struct outage){lab->net->links[link], 1};
    outages[1] = (struct outage){lab->net->links[link], 0};
    engine_at(&lab->engine, from_ns, &outages[0], outage_event);
    engine_at(&lab->engine, until_ns, &outages[1], outage_event);
}

/* 2,000,000 bytes over 10 Mbit/s and 50 ms each way with the window at 250,000 bytes; some packets get lost. */
struct run {
    bool has_sack;
    bool has_timestamps;
    int64_t from_ns, until_ns; /* of the outage on the forward link; equal: none */
    int64_t done_ns;
    struct tcp_info info;
    uint64_t lost;
};

static void run_with_outage(struct run *run)
{
    struct transfer transfer = {.total = 2000000, .is_checked = true};
    struct tcp_config tcp = tcp_rfc;
    struct outage outages[2];
    struct lab lab;
    struct link_config config = lab_link(10 * 1000 * 1000, 50 * MS);

    tcp.has_sack = run->has_sack;
    tcp.has_timestamps = run->has_timestamps;
    tcp.receive_buffer = 250000;
    lab_open(&lab, 64 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    transfer_start(&transfer, &lab, 1, &tcp);
    if (run->from_ns < run->until_ns)
        outage_plan(&lab, outages, 0, run->from_ns, run->until_ns);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(transfer.got, transfer.total);
    CU_ASSERT_EQUAL(transfer.wrong_bytes, 0);
    CU_ASSERT_EQUAL(transfer.wrong_sums, 0);
    run->done_ns = transfer.done_ns;
    run->info = tcp_info(transfer.sender);
    run->lost = net_link(lab.net, 0).dropped_loss;
    lab_close(&lab);
}

static void test_one_loss_costs_a_round_trip(void)
{
    for (int sack = 0; sack < 2; sack++) {
        struct run whole = {.has_sack = sack};
        struct run broken = {.has_sack = sack, .from_ns = 1000 * MS, .until_ns = 1002 * MS};

        run_with_outage(&whole);
        run_with_outage(&broken);
        CU_ASSERT_EQUAL(whole.info.retransmitted, 0);
        CU_ASSERT_TRUE(broken.lost >= 1 && broken.lost <= 2);
        CU_ASSERT_EQUAL(broken.info.retransmitted, broken.lost);
        CU_ASSERT_EQUAL(broken.info.fast_recoveries, 1);
        CU_ASSERT_EQUAL(broken.info.timeouts, 0);
        CU_ASSERT_TRUE(broken.done_ns >= whole.done_ns);
        /* A round trip is 100 ms, with the full queue 200 ms. NewReno repairs two losses in two of them and starts
         * again from two segments, since the receiver's window kept it from sending more meanwhile. */
        CU_ASSERT_TRUE(broken.done_ns - whole.done_ns < (sack ? 150 : 800) * MS);
    }
}

static void test_many_losses_in_a_window(void)
{
    struct run broken = {.has_sack = true, .from_ns = 1000 * MS, .until_ns = 1060 * MS};
    struct run stamped = {.has_sack = true, .has_timestamps = true, .from_ns = 1000 * MS, .until_ns = 1060 * MS};

    run_with_outage(&broken);
    /* What was lost, and the one rescue retransmission of RFC 6675 since the window allowed no new data */
    CU_ASSERT_TRUE(broken.lost >= 40);
    CU_ASSERT_EQUAL(broken.info.retransmitted, broken.lost + 1);
    CU_ASSERT_EQUAL(broken.info.timeouts, 0);
    CU_ASSERT_EQUAL(broken.info.fast_recoveries, 1);
    run_with_outage(&stamped);
    CU_ASSERT_EQUAL(stamped.info.retransmitted, stamped.lost + 1);
    CU_ASSERT_EQUAL(stamped.info.timeouts, 0);
}

static void test_newreno_repairs_one_a_round_trip(void)
{
    struct run broken = {.from_ns = 1000 * MS, .until_ns = 1006 * MS};

    run_with_outage(&broken);
    CU_ASSERT_TRUE(broken.lost >= 4);
    CU_ASSERT_EQUAL(broken.info.retransmitted, broken.lost);
    CU_ASSERT_EQUAL(broken.info.fast_recoveries, 1);
    CU_ASSERT_EQUAL(broken.info.timeouts, 0);
}

static void test_outage_of_a_second(void)
{
    for (int sack = 0; sack < 2; sack++) {
        struct run broken = {.has_sack = sack, .from_ns = 1000 * MS, .until_ns = 2500 * MS};

        run_with_outage(&broken);
        CU_ASSERT_TRUE(broken.info.timeouts >= 1 && broken.info.timeouts <= 3);
        CU_ASSERT_TRUE(broken.done_ns < 8 * SECOND);
    }
}

/* One packet is lost, by its ordinal among all that the two hosts send; data of 40,000 bytes, then FIN both ways. */
struct loser {
    struct lab *lab;
    uint32_t ordinal, count;
};

static void loser_sent(void *context, struct net *net, uint32_t link, enum tap_event event, int64_t at_ns,
                       bool is_origin, const struct packet *packet)
{
    struct loser *loser = context;
    bool is_next;

    (void)link;
    (void)at_ns;
    (void)is_origin;
    (void)packet;
    if (event != TAP_SENT)
        return;
    is_next = ++loser->count == loser->ordinal;
    for (uint32_t i = 0; i < 2; i++) {
        net->links[i]->is_random = true;
        net->links[i]->config.loss = is_next;
    }
}

static void lose_any_one_packet(const struct tcp_config *base, uint32_t least_lost)
{
    uint32_t lost = 0;

    for (uint32_t ordinal = 0; ordinal < 70; ordinal++) {
        struct transfer transfer = {.total = 40000, .is_checked = true, .finishes = true};
        struct tcp_config tcp = *base;
        struct lab lab;
        struct loser loser = {&lab, ordinal, 0};
        struct net_tap tap = {&loser, loser_sent};
        struct link_config config = lab_link(0, 50 * MS);

        tcp.has_sack = tcp.has_rack || ordinal % 2;
        lab_open(&lab, 16 * MIB, 0, &tap);
        lab_chain(&lab, 1, &config);
        if (ordinal == 0) { /* the very first packet, the SYN */
            lab.net->links[0]->is_random = true;
            lab.net->links[0]->config.loss = 1;
        }
        transfer_start(&transfer, &lab, 1, &tcp);
        engine_run(&lab.engine, NULL);
        CU_ASSERT_EQUAL(transfer.got, 40000);
        CU_ASSERT_EQUAL(transfer.wrong_bytes + transfer.wrong_sums, 0);
        CU_ASSERT_EQUAL(transfer.how_sender, TCP_END_FIN);
        CU_ASSERT_EQUAL(transfer.how_receiver, TCP_END_FIN);
        CU_ASSERT_TRUE(transfer.ended_sender == 1 && transfer.ended_receiver == 1);
        CU_ASSERT_TRUE(transfer.established == 2);
        CU_ASSERT_EQUAL(tcp_acknowledged(transfer.sender), 40000);
        lost += net_link(lab.net, 0).dropped_loss + net_link(lab.net, 1).dropped_loss > 0;
        lab_close(&lab);
    }
    CU_ASSERT_TRUE(lost >= least_lost && lost < 70);
}

static void test_any_one_packet_lost(void)
{
    /* 3 of the handshake, 28 segments, 14 ACKs, the FIN's answers: each was lost once */
    lose_any_one_packet(&tcp_rfc, 45);
    lose_any_one_packet(&tcp_linux, 53); /* the first 16 segments have an ACK each */
}

static void test_random_loss_of_everything(void)
{
    for (uint64_t trial = 0; trial < 512; trial++) {
        struct transfer transfer = {.total = 60000, .is_checked = true, .finishes = true, .write_max = 977};
        struct tcp_config tcp = trial & 32 ? tcp_linux : tcp_rfc;
        struct lab lab;
        struct link_config config = lab_link(10 * 1000 * 1000, 20 * MS);
        uint32_t last = 1 + (uint32_t)(trial % 3);

        tcp.congestion = trial & 64 ? TCP_CUBIC : TCP_NEWRENO;
        config.is_order_free = trial & 128;
        tcp.has_sack = trial & 1;
        tcp.has_timestamps = trial & 2;
        tcp.receive_buffer = trial & 4 ? 20000 : 200000;
        config.loss = 0.15;
        config.jitter_ns = trial & 8 ? 10 * MS : 0;
        config.queue_bytes_max = trial & 16 ? 8000 : 80000;
        lab_open(&lab, 16 * MIB, trial, NULL);
        lab_chain(&lab, last, &config);
        transfer_start(&transfer, &lab, last, &tcp);
        engine_run(&lab.engine, NULL);
        CU_ASSERT_EQUAL(transfer.wrong_bytes + transfer.wrong_sums, 0);
        if (transfer.established == 2 && transfer.ended_sender == 1 && transfer.how_sender == TCP_END_FIN)
            CU_ASSERT_EQUAL(transfer.got, 60000);
        CU_ASSERT_TRUE(transfer.ended_sender + transfer.ended_receiver >= 1);
        lab_close(&lab);
    }
}

static void test_drop_tail(void)
{
    for (int kind = 0; kind < 4; kind++) {
        struct transfer transfer = {.total = 20000000, .is_checked = true};
        struct tcp_config tcp = kind == 3 ? tcp_linux : tcp_rfc;
        struct lab lab;
        struct link_config config = lab_link(100 * 1000 * 1000, 10 * MS);

        tcp.has_sack = kind > 0;
        if (kind == 2) {
            tcp.congestion = TCP_CUBIC;
            tcp.hystart = &tcp_hystart_linux;
            tcp.has_timestamps = true; /* else it hears of one round trip a round */
        }
        config.queue_bytes_max = 250000; /* a round trip's worth */
        lab_open(&lab, 16 * MIB, 0, NULL);
        lab_chain(&lab, 1, &config);
        transfer_start(&transfer, &lab, 1, &tcp);
        engine_run(&lab.engine, NULL);
        CU_ASSERT_EQUAL(transfer.got, transfer.total);
        CU_ASSERT_EQUAL(transfer.wrong_bytes + transfer.wrong_sums, 0);
        CU_ASSERT_TRUE(net_link(lab.net, 0).dropped_queue > 0);
        if (kind > 0) {
            /* As much is sent again as was dropped, and the link is hardly ever idle: 1.66 s of transmission. */
            CU_ASSERT_EQUAL(net_retransmissions(lab.net), net_link(lab.net, 0).dropped_queue);
            CU_ASSERT_EQUAL(tcp_info(transfer.sender).timeouts, 0);
            CU_ASSERT_TRUE(transfer.done_ns < 2000 * MS);
        }
        lab_close(&lab);
    }
}

static void test_gives_up(void)
{
    struct transfer transfer = {.total = 1000000};
    struct tcp_config tcp = tcp_rfc;
    struct outage outages[2];
    struct lab lab;
    struct link_config config = lab_link(10 * 1000 * 1000, 10 * MS);

    tcp.retries = 5;
    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    transfer_start(&transfer, &lab, 1, &tcp);
    outage_plan(&lab, outages, 0, 100 * MS, 1000 * SECOND);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(transfer.how_sender, TCP_END_TIMEOUT);
    CU_ASSERT_EQUAL(transfer.ended_sender, 1);
    CU_ASSERT_EQUAL(tcp_info(transfer.sender).timeouts, 5);
    /* 1 + 2 + 4 + 8 + 16 + 32 s after the last progress */
    CU_ASSERT_TRUE(transfer.ended_ns > 63 * SECOND && transfer.ended_ns < 64 * SECOND);
    lab_close(&lab);
}

static const struct unit_test tests[] = {
    {"one loss in a large window costs about a round trip", test_one_loss_costs_a_round_trip},
    {"SACK repairs many losses of one window without a timeout", test_many_losses_in_a_window},
    {"NewReno repairs several losses of one window without a timeout", test_newreno_repairs_one_a_round_trip},
    {"an outage longer than the timeout ends well", test_outage_of_a_second},
    {"whichever packet is lost, all bytes arrive and both ends close", test_any_one_packet_lost},
    {"under heavy loss every transfer ends, and no byte is wrong", test_random_loss_of_everything},
    {"a full queue drops and the transfer goes on at the link's rate", test_drop_tail},
    {"after the stated number of retries the connection is given up", test_gives_up},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("recovery", tests);
}
