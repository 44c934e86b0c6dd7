/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TCP without loss: handshake, windows, slow start, acknowledgements, the end of a connection. */
#include "tests/sim/net/lab.h"

enum { SENT_MAX = 64 };

/* When packets left their first link. */
struct sent {
    uint32_t count;
    int64_t at_ns[SENT_MAX];
    uint16_t flags[SENT_MAX];
    uint16_t length[SENT_MAX];
};

static void sent_packet(void *context, struct net *net, uint32_t link, enum tap_event event, int64_t at_ns,
                        bool is_origin, const struct packet *packet)
{
    struct sent *sent = context;

    (void)net;
    (void)link;
    if (event != TAP_SENT || !is_origin || sent->count == SENT_MAX)
        return;
    sent->at_ns[sent->count] = at_ns;
    sent->flags[sent->count] = packet->flags & PACKET_TCP_FLAGS;
    sent->length[sent->count++] = packet->length;
}

static void test_handshake_times(void)
{
    struct sent sent = {0};
    struct net_tap tap = {&sent, sent_packet};
    struct transfer transfer = {.total = 100, .is_checked = true};
    struct lab lab;
    struct link_config config = lab_link(8 * 1000 * 1000, 10 * MS);

    lab_open(&lab, 16 * MIB, 0, &tap);
    lab_chain(&lab, 1, &config);
    transfer_start(&transfer, &lab, 1, &tcp_rfc);
    lab_run(&lab);
    /* SYN and SYN-ACK: 20 + 20 + 12 + 14 bytes, 1 us each; the third ACK 54, then the data with 54 more */
    CU_ASSERT_EQUAL(sent.at_ns[1], 66 * US + 10 * MS);
    CU_ASSERT_EQUAL(sent.at_ns[2], 2 * (66 * US + 10 * MS));
    CU_ASSERT_EQUAL(sent.at_ns[3], sent.at_ns[2] + 54 * US);
    CU_ASSERT_EQUAL(transfer.first_ns, sent.at_ns[3] + 154 * US + 10 * MS);
    CU_ASSERT_EQUAL(sent.flags[0], PACKET_SYN);
    CU_ASSERT_EQUAL(sent.flags[1], PACKET_SYN | PACKET_ACK);
    CU_ASSERT_EQUAL(sent.flags[2], PACKET_ACK);
    CU_ASSERT_EQUAL(sent.flags[3], PACKET_ACK | PACKET_PSH);
    /* less than two segments: the ACK is delayed */
    CU_ASSERT_EQUAL(sent.count, 5);
    CU_ASSERT_EQUAL(sent.at_ns[4], transfer.first_ns + tcp_rfc.delayed_ack_ns);
    CU_ASSERT_EQUAL(transfer.established, 2);
    CU_ASSERT_EQUAL(transfer.drained, 1);
    CU_ASSERT_EQUAL(transfer.wrong_sums + transfer.wrong_bytes, 0);
    CU_ASSERT_EQUAL(tcp_info(transfer.sender).mss, 1460);
    lab_close(&lab);
}

/* Bytes delivered when each round's last segment has come. */
static void test_slow_start_in_rounds(void)
{
    struct transfer transfer = {.total = 10 * MIB};
    struct tcp_config tcp = tcp_rfc;
    struct lab lab;
    struct link_config config = lab_link(0, 50 * MS);
    uint64_t expected = 0;

    tcp.delayed_ack_ns = 0;
    tcp.send_buffer = 16 * MIB;
    tcp.receive_buffer = 16 * MIB;
    lab_open(&lab, 64 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    transfer_start(&transfer, &lab, 1, &tcp);
    for (int round = 0; round < 8; round++) {
        lab_run_until(&lab, (150 + 100 * round) * MS);
        expected += (UINT64_C(10) << round) * 1460;
        CU_ASSERT_EQUAL(transfer.got, expected);
    }
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.got, transfer.total);
    CU_ASSERT_EQUAL(transfer.wrong_sums, 0);
    lab_close(&lab);
}

static void test_delayed_acks(void)
{
    struct transfer transfer = {.total = 10 * 1460};
    struct lab lab;
    struct link_config config = lab_link(100 * 1000 * 1000, 10 * MS);

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    transfer_start(&transfer, &lab, 1, &tcp_rfc);
    lab_run(&lab);
    /* SYN-ACK and five ACKs, one for every second segment */
    CU_ASSERT_EQUAL(net_link(lab.net, 1).packets, 6);
    CU_ASSERT_EQUAL(net_link(lab.net, 0).packets, 12);
    lab_close(&lab);
}

static void test_syn_instants(void)
{
    struct sent sent = {0};
    struct net_tap tap = {&sent, sent_packet};
    struct transfer transfer = {.total = 100};
    static const int64_t seconds[] = {0, 1, 3, 7, 15, 31, 63};
    struct lab lab;
    struct link_config config = lab_link(0, 10 * MS);

    config.loss = 1;
    lab_open(&lab, 16 * MIB, 0, &tap);
    lab_chain(&lab, 1, &config);
    transfer_start(&transfer, &lab, 1, &tcp_rfc);
    lab_run(&lab);
    CU_ASSERT_EQUAL(sent.count, 7);
    for (uint32_t i = 0; i < 7; i++)
        CU_ASSERT_EQUAL(sent.at_ns[i], seconds[i] * SECOND);
    CU_ASSERT_EQUAL(transfer.ended_sender, 1);
    CU_ASSERT_EQUAL(transfer.how_sender, TCP_END_TIMEOUT);
    CU_ASSERT_EQUAL(transfer.wrong_sums, 0);
    CU_ASSERT_EQUAL(transfer.ended_ns, 123 * SECOND); /* 60 s, the most, after the last */
    lab_close(&lab);
}

static void test_refused(void)
{
    struct transfer transfer = {.total = 100, .lab = NULL};
    struct lab lab;
    struct link_config config = lab_link(8 * 1000 * 1000, 10 * MS);
    struct cause cause = {.transfer = 1};

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 2, &config);
    transfer.lab = &lab;
    tcp_connect(lab.net, 0, 1, 2, 80, &tcp_rfc, &transfer, &transfer_owner, &cause);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.ended_sender, 1);
    CU_ASSERT_EQUAL(transfer.how_sender, TCP_END_RESET);
    CU_ASSERT_EQUAL(transfer.ended_ns, 4 * 10 * MS + 2 * (66 + 54) * US);
    CU_ASSERT_EQUAL(transfer.wrong_sums, 0);
    lab_close(&lab);
}

static void test_finish_both_ways(void)
{
    struct transfer transfer = {.total = 5000, .is_checked = true, .finishes = true};
    struct lab lab;
    struct link_config config = lab_link(8 * 1000 * 1000, 10 * MS);

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    transfer_start(&transfer, &lab, 1, &tcp_rfc);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.got, 5000);
    CU_ASSERT_EQUAL(transfer.ended_receiver, 1);
    CU_ASSERT_EQUAL(transfer.ended_sender, 1);
    CU_ASSERT_EQUAL(transfer.how_receiver, TCP_END_FIN);
    CU_ASSERT_EQUAL(transfer.how_sender, TCP_END_FIN);
    CU_ASSERT_EQUAL(tcp_acknowledged(transfer.sender), 5000);
    CU_ASSERT_EQUAL(tcp_written(transfer.sender), 5000);
    /* SYN-ACK; ACK of two segments; the own FIN, which acknowledges the rest */
    CU_ASSERT_EQUAL(net_link(lab.net, 1).packets, 3);
    CU_ASSERT_EQUAL(net_link(lab.net, 0).packets, 2 + 4 + 2);
    CU_ASSERT_EQUAL(net_retransmissions(lab.net), 0);
    CU_ASSERT_EQUAL(transfer.wrong_sums, 0);
    lab_close(&lab);
}

static void test_reset(void)
{
    struct transfer transfer = {.total = 100000};
    struct lab lab;
    struct link_config config = lab_link(8 * 1000 * 1000, 10 * MS);
    struct cause cause = {0};

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    transfer_start(&transfer, &lab, 1, &tcp_rfc);
    while (transfer.got < 20000)
        lab_step(&lab);
    tcp_reset(transfer.receiver, &cause);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.ended_sender, 1);
    CU_ASSERT_EQUAL(transfer.ended_receiver, 0);
    CU_ASSERT_EQUAL(transfer.how_sender, TCP_END_RESET);
    CU_ASSERT_TRUE(transfer.got < 100000);
    lab_close(&lab);
}

static void run_receiver_holds(const struct tcp_config *set)
{
    struct transfer transfer = {.total = 300000, .holds = true, .is_checked = true};
    struct tcp_config tcp = *set;
    struct lab lab;
    struct link_config config = lab_link(100 * 1000 * 1000, 10 * MS);
    struct cause cause = {0};

    tcp.receive_buffer = 50000;
    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    transfer_start(&transfer, &lab, 1, &tcp);
    lab_run_until(&lab, 100 * SECOND);
    /* The window is full to the last byte, and probes go on: 1, 2, 4 ... 60 s apart, none of them a loss. */
    CU_ASSERT_EQUAL(transfer.got, 50000);
    CU_ASSERT_EQUAL(rope_length(tcp_received(transfer.receiver)), 50000);
    CU_ASSERT_TRUE(tcp_info(transfer.sender).segments_sent > 5 && tcp_info(transfer.sender).segments_sent < 60);
    CU_ASSERT_EQUAL(tcp_info(transfer.sender).timeouts, 0);
    transfer.holds = false;
    int64_t released_ns = lab.engine.now_ns;

    tcp_release(transfer.receiver, 50000, &cause);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.got, 300000);
    CU_ASSERT_EQUAL(transfer.wrong_bytes, 0);
    CU_ASSERT_TRUE(transfer.done_ns - released_ns < 1 * SECOND); /* the window update, not a probe */
    lab_close(&lab);
}

static void test_receiver_holds(void)
{
    run_receiver_holds(&tcp_rfc);
    run_receiver_holds(&tcp_linux);
}

static void run_probe_opens(const struct tcp_config *set)
{
    struct transfer transfer = {.total = 100000, .holds = true};
    struct tcp_config tcp = *set;
    struct lab lab;
    struct link_config config = lab_link(100 * 1000 * 1000, 10 * MS);
    struct cause cause = {0};

    tcp.receive_buffer = 50000;
    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    transfer_start(&transfer, &lab, 1, &tcp);
    lab_run_until(&lab, 5 * SECOND);
    transfer.holds = false;
    /* The window update is lost: the next probe finds the window open. */
    lab.net->links[1]->config.loss = 1;
    lab.net->links[1]->is_random = true;
    tcp_release(transfer.receiver, 50000, &cause);
    lab.net->links[1]->config.loss = 0;
    CU_ASSERT_EQUAL(net_link(lab.net, 1).dropped_loss, 1);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.got, 100000);
    lab_close(&lab);
}

static void test_probe_opens(void)
{
    run_probe_opens(&tcp_rfc);
    run_probe_opens(&tcp_linux);
}

static void test_send_buffer(void)
{
    struct transfer transfer = {.total = 1000000, .is_checked = true};
    struct tcp_config tcp = tcp_rfc;
    struct lab lab;
    struct link_config config = lab_link(0, 50 * MS);

    tcp.send_buffer = 14600;
    tcp.delayed_ack_ns = 0;
    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    transfer_start(&transfer, &lab, 1, &tcp);
    CU_ASSERT_EQUAL(tcp_room(transfer.sender), 14600);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.got, 1000000);
    CU_ASSERT_EQUAL(transfer.wrong_bytes, 0);
    /* Ten segments a round trip: 69 rounds, the first one byte after one and a half */
    CU_ASSERT_EQUAL(transfer.done_ns, 150 * MS + 68 * 100 * MS);
    lab_close(&lab);
}

static void test_idle_restart(void)
{
    struct transfer transfer = {.total = 1000000};
    struct tcp_config tcp = tcp_rfc;
    struct lab lab;
    struct link_config config = lab_link(0, 50 * MS);
    struct cause cause = {.transfer = 0};
    uint64_t cwnd;

    tcp.delayed_ack_ns = 0;
    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    transfer_start(&transfer, &lab, 1, &tcp);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.got, 1000000);
    transfer.total += 100000;
    uint64_t before = net_link(lab.net, 0).packets;

    lab.engine.now_ns += 2 * SECOND;
    tcp_write(transfer.sender, (struct slice){&source_pattern, 1000000, 100000}, &cause);
    cwnd = net_link(lab.net, 0).packets - before;
    CU_ASSERT_EQUAL(cwnd, 10);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.got, 1100000);
    lab_close(&lab);
}

static void test_append_and_push(void)
{
    struct transfer transfer = {.total = 1000};
    struct lab lab;
    struct link_config config = lab_link(0, 50 * MS);
    struct cause cause = {.transfer = 0};

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    transfer_start(&transfer, &lab, 1, &tcp_rfc);
    lab_run(&lab);
    transfer.total += 600;
    uint64_t before = net_link(lab.net, 0).packets;

    tcp_append(transfer.sender, (struct slice){&source_pattern, 1000, 300});
    tcp_append_bytes(transfer.sender, "twenty-three bytes here", 23);
    tcp_append(transfer.sender, (struct slice){&source_pattern, 1323, 277});
    CU_ASSERT_EQUAL(net_link(lab.net, 0).packets, before);
    CU_ASSERT_EQUAL(tcp_room(transfer.sender), tcp_rfc.send_buffer - 600);
    tcp_push(transfer.sender, &cause);
    tcp_push(transfer.sender, &cause);
    CU_ASSERT_EQUAL(net_link(lab.net, 0).packets, before + 1);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.got, 1600);
    lab_close(&lab);
}

static void test_path_mtu(void)
{
    struct transfer transfer = {.total = 100000};
    struct tcp_config tcp = tcp_rfc;
    struct lab lab;
    struct link_config wide = lab_link(0, 1 * MS), narrow = wide;

    narrow.mtu = 1000;
    tcp.has_timestamps = true;
    lab_open(&lab, 16 * MIB, 0, NULL);
    for (uint32_t i = 0; i < 3; i++)
        net_add_node(lab.net, &(struct node_config){.name = "n", .address = i + 1});
    net_join(lab.net, 0, 1, &wide, &wide);
    net_join(lab.net, 1, 2, &narrow, &narrow);
    net_build(lab.net);
    transfer_start(&transfer, &lab, 2, &tcp);
    lab_run(&lab);
    CU_ASSERT_EQUAL(tcp_info(transfer.sender).mss, 948);
    CU_ASSERT_EQUAL(tcp_info(transfer.receiver).mss, 948);
    CU_ASSERT_EQUAL(transfer.got, 100000);
    lab_close(&lab);
}

static void test_round_trip_is_measured(void)
{
    for (int stamps = 0; stamps < 2; stamps++) {
        struct transfer transfer = {.total = 10000000};
        struct tcp_config tcp = tcp_rfc;
        struct lab lab;
        struct link_config config = lab_link(0, 50 * MS);

        tcp.has_timestamps = stamps;
        tcp.delayed_ack_ns = 0;
        lab_open(&lab, 16 * MIB, 0, NULL);
        lab_chain(&lab, 1, &config);
        transfer_start(&transfer, &lab, 1, &tcp);
        lab_run(&lab);
        CU_ASSERT_EQUAL(tcp_info(transfer.sender).mss, stamps ? 1448 : 1460);
        CU_ASSERT_EQUAL(tcp_info(transfer.sender).smoothed_rtt_ns, 100 * MS);
        CU_ASSERT_EQUAL(transfer.wrong_sums, 0);
        lab_close(&lab);
    }
}

static void test_gibibyte_in_little_memory(void)
{
    struct transfer transfer = {.total = GIB, .write_max = 65536};
    struct lab lab;
    struct link_config config = lab_link(1000 * 1000 * 1000, 5 * MS);

    lab_open(&lab, 64 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    transfer_start(&transfer, &lab, 1, &tcp_rfc);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.got, GIB);
    CU_ASSERT_TRUE(arena_used(lab.arena) < 4 * MIB);
    /* 735,440 segments of 1,514 bytes at 1 Gbit/s: 8.907 s, and a few round trips to fill the pipe */
    CU_ASSERT_TRUE(transfer.done_ns > 8907 * MS && transfer.done_ns < 9010 * MS);
    lab_close(&lab);
}

static void test_same_twice(void)
{
    int64_t done_ns[2];
    uint64_t events[2];

    for (int run = 0; run < 2; run++) {
        struct transfer transfer = {.total = 3000000};
        struct lab lab;
        struct link_config config = lab_link(20 * 1000 * 1000, 10 * MS);

        config.loss = 0.01;
        config.jitter_ns = 3 * MS;
        config.queue_bytes_max = 60000;
        lab_open(&lab, 64 * MIB, 7, NULL);
        lab_chain(&lab, 2, &config);
        transfer_start(&transfer, &lab, 2, &tcp_rfc);
        lab_run(&lab);
        CU_ASSERT_EQUAL(transfer.got, 3000000);
        done_ns[run] = transfer.done_ns;
        events[run] = lab.engine.events_run;
        lab_close(&lab);
    }
    CU_ASSERT_EQUAL(done_ns[0], done_ns[1]);
    CU_ASSERT_EQUAL(events[0], events[1]);
}

static const struct unit_test tests[] = {
    {"the handshake takes its time, and data follows its third packet at once", test_handshake_times},
    {"slow start doubles from ten segments each round", test_slow_start_in_rounds},
    {"every second segment is acknowledged at once", test_delayed_acks},
    {"a SYN without answer is sent again after 1, 3, 7, 15, 31, 63 s", test_syn_instants},
    {"where nobody listens the connection is refused", test_refused},
    {"both sides finish", test_finish_both_ways},
    {"a reset ends the other side", test_reset},
    {"a receiver that releases nothing stops the sender at its window", test_receiver_holds},
    {"a lost window update is found by a probe", test_probe_opens},
    {"the send buffer bounds what is on its way", test_send_buffer},
    {"after an idle time the sender starts from ten segments", test_idle_restart},
    {"what is appended waits for one push and shares a segment", test_append_and_push},
    {"the least MTU of the path decides the segment size", test_path_mtu},
    {"the round trip is measured with and without timestamps", test_round_trip_is_measured},
    {"1 GiB passes through 4 MiB of memory", test_gibibyte_in_little_memory},
    {"the same seed gives the same trial", test_same_twice},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("tcp", tests);
}
