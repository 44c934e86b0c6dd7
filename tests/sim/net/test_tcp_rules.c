/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Single rules of TCP: how windows grow, what is held back, what is echoed, and who is charged for waiting. */
#include "sim/net/tcp.h"
#include "tests/sim/net/lab.h"

static void test_congestion_avoidance(void)
{
    struct transfer transfer = {.total = 0};
    struct tcp_config tcp = tcp_rfc;
    struct lab lab;
    int64_t start_ns;

    tcp.delayed_ack_ns = 0;
    transfer_open(&transfer, &lab, &tcp);
    transfer.sender->ssthresh = 14600;
    start_ns = lab.engine.now_ns;
    transfer_write(&transfer, 1000000, 1);
    for (uint64_t round = 1; round <= 20; round++) {
        lab_run_until(&lab, start_ns + (int64_t)round * 100 * MS);
        CU_ASSERT_EQUAL(transfer.sender->cwnd, (10 + round) * 1460);
    }
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.got, 1000000);
    lab_close(&lab);
}

static void test_unused_window_does_not_grow(void)
{
    struct transfer transfer = {.total = 0};
    struct lab lab;

    transfer_open(&transfer, &lab, &tcp_rfc);
    for (int i = 0; i < 50; i++) {
        transfer_write(&transfer, 2920, 1); /* two of ten segments */
        lab_run_until(&lab, lab.engine.now_ns + 100 * MS);
    }
    CU_ASSERT_EQUAL(transfer.sender->cwnd, 14600);
    lab_run(&lab);
    lab_close(&lab);
}

static void test_lost_syn_means_caution(void)
{
    struct transfer transfer = {.total = 100000};
    struct lab lab;
    struct link_config config = lab_link(0, 50 * MS);

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    lab_lose(&lab, 0, true);
    transfer_start(&transfer, &lab, 1, &tcp_rfc);
    lab_lose(&lab, 0, false);
    lab_run_until(&lab, 1 * SECOND + 100 * MS);
    CU_ASSERT_EQUAL(transfer.sender->cwnd, 1460);
    CU_ASSERT_EQUAL(transfer.sender->next, 1460);
    CU_ASSERT_EQUAL(transfer.sender->rto_ns, 3 * SECOND);
    CU_ASSERT_EQUAL(net_retransmissions(lab.net), 1);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.got, 100000);
    lab_close(&lab);
}

/* ---- Silly windows ---- */

struct sizes {
    uint32_t data, small;
};

static void sizes_packet(void *context, struct net *net, uint32_t link, enum tap_event event, int64_t at_ns,
                         bool is_origin, const struct packet *packet)
{
    struct sizes *sizes = context;

    (void)net;
    (void)at_ns;
    (void)is_origin;
    if (event != TAP_SENT || link != 0 || packet->length == 0)
        return;
    sizes->data++;
    sizes->small += packet->length < 1460;
}

static void test_sender_waits_for_whole_segments(void)
{
    struct sizes sizes = {0};
    struct net_tap tap = {&sizes, sizes_packet};
    struct transfer transfer = {.total = 1000000};
    struct tcp_config tcp = tcp_rfc;
    struct lab lab;
    struct link_config config = lab_link(100 * 1000 * 1000, 50 * MS);

    tcp.receive_buffer = 50000; /* 34 segments and a bit */
    lab_open(&lab, 16 * MIB, 0, &tap);
    lab_chain(&lab, 1, &config);
    transfer_start(&transfer, &lab, 1, &tcp);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.got, 1000000);
    CU_ASSERT_EQUAL(sizes.data, 685); /* 684 full ones and the rest */
    CU_ASSERT_EQUAL(sizes.small, 1);
    lab_close(&lab);
}

static void test_receiver_opens_by_whole_segments(void)
{
    struct transfer transfer = {.total = 0, .holds = true};
    struct tcp_config tcp = tcp_rfc;
    struct lab lab;
    struct cause cause = {0};
    uint64_t acks;

    tcp.receive_buffer = 20000;
    tcp.delayed_ack_ns = 0;
    transfer_open(&transfer, &lab, &tcp);
    transfer_write(&transfer, 40000, 1);
    lab_run_until(&lab, lab.engine.now_ns + 900 * MS);
    CU_ASSERT_EQUAL(transfer.got, 20000);
    acks = net_link(lab.net, 1).packets;
    for (uint64_t offset = 100; offset <= 1400; offset += 100)
        tcp_release(transfer.receiver, offset, &cause);
    CU_ASSERT_EQUAL(net_link(lab.net, 1).packets, acks);
    CU_ASSERT_EQUAL(transfer.receiver->offered, 20000);
    tcp_release(transfer.receiver, 1500, &cause);
    CU_ASSERT_EQUAL(net_link(lab.net, 1).packets, acks + 1);
    CU_ASSERT_EQUAL(transfer.receiver->offered, 21500);
    lab_run_until(&lab, lab.engine.now_ns + 300 * MS);
    CU_ASSERT_EQUAL(transfer.got, 21500);
    transfer.holds = false;
    tcp_release(transfer.receiver, 21500, &cause);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.got, 40000);
    lab_close(&lab);
}

/* ---- Acknowledgements ---- */

static void test_echo_of_the_first(void)
{
    struct transfer transfer = {.total = 0};
    struct tcp_config tcp = tcp_rfc;
    struct lab lab;

    tcp.has_timestamps = true;
    transfer_open(&transfer, &lab, &tcp);
    CU_ASSERT_EQUAL(transfer.sender->rtt_ns, 100 * MS);
    transfer_write(&transfer, 1448, 1);
    lab_run_until(&lab, lab.engine.now_ns + 40 * MS);
    lab.engine.now_ns += 8 * MS;
    int64_t later_ns = lab.engine.now_ns - transfer.sender->sent_ns;

    transfer_write(&transfer, 1448, 1);
    lab_run(&lab);
    /* The ACK of both echoes the first one's clock: the sample is a round trip and the time between them. */
    CU_ASSERT_TRUE(later_ns > 0);
    CU_ASSERT_EQUAL(transfer.sender->rtt_ns, 100 * MS + later_ns / 8);
    lab_close(&lab);
}

static void test_early_fin_is_answered(void)
{
    struct transfer transfer = {.total = 0};
    struct lab lab;
    struct cause cause = {0};
    uint64_t acks;

    transfer_open(&transfer, &lab, &tcp_rfc);
    acks = net_link(lab.net, 1).packets;
    lab_lose(&lab, 0, true);
    transfer_write(&transfer, 100, 1);
    lab_lose(&lab, 0, false);
    tcp_finish(transfer.sender, &cause);
    lab_run_until(&lab, lab.engine.now_ns + 60 * MS);
    CU_ASSERT_EQUAL(transfer.ended_receiver, 0);
    CU_ASSERT_EQUAL(net_link(lab.net, 1).packets, acks + 1);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.got, 100);
    CU_ASSERT_EQUAL(transfer.ended_receiver, 1);
    lab_close(&lab);
}

static void test_limited_transmit(void)
{
    for (int sack = 0; sack < 2; sack++) {
        struct transfer transfer = {.total = 0};
        struct tcp_config tcp = tcp_rfc;
        struct lab lab;

        tcp.initial_window = 3;
        tcp.has_sack = sack;
        transfer_open(&transfer, &lab, &tcp);
        lab_lose(&lab, 0, true);
        transfer_write(&transfer, 1460, 1);
        lab_lose(&lab, 0, false);
        transfer_write(&transfer, 10 * 1460, 1);
        lab_run(&lab);
        /* Two segments arrive behind the lost one: their ACKs send two more, and the third duplicate repairs. */
        CU_ASSERT_EQUAL(transfer.got, 11 * 1460);
        CU_ASSERT_EQUAL(tcp_info(transfer.sender).timeouts, 0);
        CU_ASSERT_EQUAL(tcp_info(transfer.sender).fast_recoveries, 1);
        lab_close(&lab);
    }
}

/* ---- Who is charged for waiting ---- */

static void test_waiting_behind_another_transfer(void)
{
    struct transfer transfer = {.total = 0};
    struct tcp_config tcp = tcp_rfc;
    struct lab lab;
    int64_t start_ns;

    tcp.delayed_ack_ns = 0;
    transfer_open(&transfer, &lab, &tcp);
    start_ns = lab.engine.now_ns;
    transfer_write(&transfer, 14600, 2); /* fills the window */
    transfer_write(&transfer, 100, 1);   /* waits for the first ACK */
    transfer.total = 14700;
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.done_ns, start_ns + 150 * MS);
    CU_ASSERT_EQUAL(transfer.parts.ns[PART_PROCESSING], start_ns);
    CU_ASSERT_EQUAL(transfer.parts.ns[PART_QUEUEING], 100 * MS);
    CU_ASSERT_EQUAL(transfer.parts.ns[PART_PROPAGATION], 50 * MS);
    CU_ASSERT_EQUAL(transfer.wrong_sums, 0);
    lab_close(&lab);
}

static void test_timeout_after_others_have_spoken(void)
{
    struct transfer transfer = {.total = 0};
    struct lab lab;
    struct cause cause = {.transfer = 0};
    int64_t start_ns;

    transfer_open(&transfer, &lab, &tcp_rfc);
    start_ns = lab.engine.now_ns;
    lab_lose(&lab, 0, true);
    transfer_write(&transfer, 100, 1);
    lab_lose(&lab, 0, false);
    transfer.total = 100;
    tcp_write_bytes(transfer.receiver, "nobody's", 8, &cause);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.done_ns, start_ns + 1 * SECOND + 50 * MS);
    CU_ASSERT_EQUAL(transfer.parts.ns[PART_TIMER], 1 * SECOND);
    CU_ASSERT_EQUAL(transfer.parts.ns[PART_QUEUEING], 0);
    CU_ASSERT_EQUAL(transfer.wrong_sums, 0);
    lab_close(&lab);
}

/* RFC 6675 section 5: an ACK with new SACK information is a duplicate whatever else it acknowledges. */
static void test_advancing_duplicate(void)
{
    struct transfer transfer = {.total = 0};
    struct lab lab;
    int64_t start_ns;

    transfer_open(&transfer, &lab, &tcp_rfc);
    start_ns = lab.engine.now_ns;
    transfer_write(&transfer, 100, 1); /* its ACK is delayed until the third segment shows the hole */
    lab_lose(&lab, 0, true);
    transfer_write(&transfer, 100, 1);
    lab_lose(&lab, 0, false);
    for (int i = 0; i < 3; i++)
        transfer_write(&transfer, 100, 1);
    lab_run_until(&lab, start_ns + 150 * MS);
    CU_ASSERT_EQUAL(transfer.got, 500);
    CU_ASSERT_EQUAL(tcp_info(transfer.sender).fast_recoveries, 1);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.got, 500);
    CU_ASSERT_EQUAL(tcp_info(transfer.sender).timeouts, 0);
    lab_close(&lab);
}

/* RFC 5681 section 4.1: messages of 14 segments, one every 5 s over 50 ms each way, on one connection. The first takes
 * two rounds; each later one does too if silence shrinks the window, and one round if it is kept. */
static void test_many_messages_on_one_connection(void)
{
    const struct {
        enum tcp_idle_restart restart;
        int64_t later_ns;
    } rows[] = {{TCP_IDLE_KEEP, 50 * MS}, {TCP_IDLE_RESTART, 150 * MS}, {TCP_IDLE_HALVE, 150 * MS}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct transfer transfer = {.total = 0, .is_checked = true};
        struct tcp_config tcp = tcp_rfc;
        struct lab lab;

        tcp.delayed_ack_ns = 0;
        tcp.idle_restart = rows[i].restart;
        transfer_open(&transfer, &lab, &tcp);
        for (int message = 0; message < 100; message++) {
            int64_t start_ns = lab.engine.now_ns + 5 * SECOND;

            lab.engine.now_ns = start_ns;
            transfer.total += 14 * 1460;
            transfer.done_ns = 0;
            transfer_write(&transfer, 14 * 1460, 1);
            lab_run(&lab);
            CU_ASSERT_EQUAL(transfer.done_ns - start_ns, message == 0 ? 150 * MS : rows[i].later_ns);
        }
        CU_ASSERT_EQUAL(transfer.got, 100 * 14 * 1460);
        CU_ASSERT_EQUAL(transfer.wrong_bytes + transfer.wrong_sums, 0);
        CU_ASSERT_EQUAL(tcp_info(transfer.sender).retransmitted, 0);
        CU_ASSERT_EQUAL(transfer.established, 2);
        lab_close(&lab);
    }
}

static const struct unit_test tests[] = {
    {"congestion avoidance adds a segment each round trip", test_congestion_avoidance},
    {"a window that is not used does not grow", test_unused_window_does_not_grow},
    {"after a lost SYN the sender starts from one segment and 3 s", test_lost_syn_means_caution},
    {"the sender sends no small segment into a window that will open", test_sender_waits_for_whole_segments},
    {"the receiver opens its window by a segment at least", test_receiver_opens_by_whole_segments},
    {"a delayed ACK echoes the clock of the first segment it acknowledges", test_echo_of_the_first},
    {"a FIN beyond a hole is answered at once", test_early_fin_is_answered},
    {"two duplicate ACKs release two segments", test_limited_transmit},
    {"RFC 5681 section 4.1: many messages on one connection, with silence between them",
     test_many_messages_on_one_connection},
    {"bytes that wait behind another transfer's queue", test_waiting_behind_another_transfer},
    {"a timeout is the timer's even if others have spoken since", test_timeout_after_others_have_spoken},
    {"an ACK that advances and brings new SACK blocks is a duplicate", test_advancing_duplicate},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("tcp_rules", tests);
}
