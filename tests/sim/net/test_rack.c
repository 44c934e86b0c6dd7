/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RACK-TLP, RFC 8985, and what else the set `linux` does: when what is lost is sent again, to the nanosecond. */
#include "sim/net/tcp.h"
#include "tests/sim/net/lab.h"

enum { MSS = 1448 };

/* The set `linux`, but with RFC 8985's own rules and times, over 50 ms each way, an ACK a segment; every segment of
 * data in its own write. */
struct scene {
    struct lab lab;
    struct transfer transfer;
    int64_t start_ns; /* when the data was sent */
};

static void scene_open(struct scene *scene)
{
    struct tcp_config tcp = tcp_linux;

    *scene = (struct scene){.transfer.total = 0};
    tcp.delayed_ack_ns = tcp.rack_margin_ns = 0;
    tcp.has_linux_rack = false;
    transfer_open(&scene->transfer, &scene->lab, &tcp);
    scene->transfer.is_checked = true;
    scene->start_ns = scene->lab.engine.now_ns;
    CU_ASSERT_EQUAL(scene->transfer.sender->rtt_ns, 100 * MS);
}

/* A segment a letter: '.' arrives, 'x' is lost. */
static void scene_send(struct scene *scene, const char *fates)
{
    for (; *fates; fates++) {
        lab_lose(&scene->lab, 0, *fates == 'x');
        scene->transfer.total += MSS;
        transfer_write(&scene->transfer, MSS, 1);
    }
    lab_lose(&scene->lab, 0, false);
}

/* Runs to the end: all has arrived done_ns after it was sent. */
static struct tcp_info scene_end(struct scene *scene, int64_t done_ns)
{
    lab_run(&scene->lab);
    struct tcp_info info = tcp_info(scene->transfer.sender);

    CU_ASSERT_EQUAL(scene->transfer.got, scene->transfer.total);
    CU_ASSERT_EQUAL(scene->transfer.wrong_bytes + scene->transfer.wrong_sums, 0);
    CU_ASSERT_EQUAL(scene->transfer.done_ns - scene->start_ns, done_ns);
    lab_close(&scene->lab);
    return info;
}

static void test_three_are_enough(void)
{
    struct scene scene;

    scene_open(&scene);
    scene_send(&scene, "x...");
    struct tcp_info info = scene_end(&scene, 150 * MS);

    CU_ASSERT_EQUAL(info.retransmitted, 1);
    CU_ASSERT_EQUAL(info.fast_recoveries, 1);
    CU_ASSERT_EQUAL(info.probes + info.timeouts, 0);
}

/* One is reported: what was sent before it may still come for a quarter of the least round trip, 25 ms. */
static void test_one_needs_time(void)
{
    struct scene scene;

    scene_open(&scene);
    scene_send(&scene, "x.");
    struct tcp_info info = scene_end(&scene, 175 * MS);

    CU_ASSERT_EQUAL(info.retransmitted, 1);
    CU_ASSERT_EQUAL(info.fast_recoveries, 1);
    CU_ASSERT_EQUAL(info.probes + info.timeouts, 0);
}

/* What RFC 6675 cannot see: later segments arrive, the one that was sent again does not. */
static void test_lost_again(void)
{
    struct scene scene;

    scene_open(&scene);
    scene_send(&scene, "x...");
    lab_run_until(&scene.lab, scene.start_ns + 100 * MS - 1);
    lab_lose(&scene.lab, 0, true);
    lab_run_until(&scene.lab, scene.start_ns + 100 * MS);
    CU_ASSERT_EQUAL(tcp_info(scene.transfer.sender).retransmitted, 1);
    lab_lose(&scene.lab, 0, false);
    scene.lab.engine.now_ns += 1 * MS;
    scene_send(&scene, "...");
    /* Those of 101 ms are reported at 201: sent later, so that of 100 ms is lost. */
    struct tcp_info info = scene_end(&scene, 251 * MS);

    CU_ASSERT_EQUAL(info.retransmitted, 2);
    CU_ASSERT_EQUAL(info.fast_recoveries, 1);
    CU_ASSERT_EQUAL(info.probes + info.timeouts, 0);
}

/* Section 6.2, step 2: a segment was sent again though its first sending was only late. The answer comes sooner than
 * the way takes, so it is no answer to the second sending, and says nothing of what was sent shortly before that. */
static void test_late_is_not_lost_again(void)
{
    struct scene scene;

    scene_open(&scene);
    scene.lab.net->links[0]->is_free = true;
    scene.lab.net->links[0]->propagation_ns = 110 * MS;
    scene_send(&scene, ".");
    scene.lab.net->links[0]->propagation_ns = 50 * MS;
    scene_send(&scene, "...");
    lab_run_until(&scene.lab, scene.start_ns + 99 * MS);
    scene.lab.engine.now_ns = scene.start_ns + 99 * MS;
    scene_send(&scene, ".");
    /* Three reports at 100 ms: the first is sent again. Its late answer comes at 160 ms, that of the fifth at 199 ms.
     */
    lab_run(&scene.lab);
    CU_ASSERT_EQUAL(scene.transfer.got, 5 * MSS);
    CU_ASSERT_EQUAL(tcp_info(scene.transfer.sender).retransmitted, 1);
    CU_ASSERT_EQUAL(tcp_info(scene.transfer.sender).fast_recoveries, 1);
    lab_close(&scene.lab);
}

/* The tail: the ACKs of two come at 100 ms, two are still out; after two round trips the last is sent again as a probe,
 * and its SACK at 400 ms shows the other one lost. */
static void test_probe_of_a_tail(void)
{
    struct scene scene;

    scene_open(&scene);
    scene_send(&scene, "..xx");
    lab_run_until(&scene.lab, scene.start_ns + 300 * MS - 1);
    CU_ASSERT_EQUAL(tcp_info(scene.transfer.sender).retransmitted, 0);
    lab_run_until(&scene.lab, scene.start_ns + 300 * MS);
    CU_ASSERT_EQUAL(tcp_info(scene.transfer.sender).probes, 1);
    struct tcp_info info = scene_end(&scene, 450 * MS);

    CU_ASSERT_EQUAL(info.retransmitted, 2);
    CU_ASSERT_EQUAL(info.fast_recoveries, 1);
    CU_ASSERT_EQUAL(info.timeouts, 0);
}

/* A single segment's ACK might be delayed: 200 ms more, but before the timeout of 100 + 200 ms. */
static void test_probe_of_one(void)
{
    struct scene scene;

    scene_open(&scene);
    scene_send(&scene, "x");
    struct tcp_info info = scene_end(&scene, 300 * MS - 1 + 50 * MS);

    CU_ASSERT_EQUAL(info.probes, 1);
    CU_ASSERT_EQUAL(info.timeouts, 0);
    CU_ASSERT_EQUAL(info.retransmitted, 1);
}

/* Section 7.3: new data is a better probe than old, even beyond the window. */
static void test_probe_with_new_data(void)
{
    struct scene scene;

    scene_open(&scene);
    scene.transfer.sender->cwnd = 2 * MSS;
    scene_send(&scene, "xx.");
    CU_ASSERT_EQUAL(scene.transfer.sender->highest, 2 * MSS);
    lab_run_until(&scene.lab, scene.start_ns + 200 * MS);
    CU_ASSERT_EQUAL(tcp_info(scene.transfer.sender).probes, 1);
    CU_ASSERT_EQUAL(scene.transfer.sender->highest, 3 * MSS);
    CU_ASSERT_EQUAL(tcp_info(scene.transfer.sender).retransmitted, 0);
    lab_run(&scene.lab);
    CU_ASSERT_EQUAL(scene.transfer.got, 3 * MSS);
    CU_ASSERT_EQUAL(tcp_info(scene.transfer.sender).timeouts, 0);
    lab_close(&scene.lab);
}

/* Linux lets both timers wait 2 ms more: for reordering, 127 ms after the sending, and before a probe of more than one
 * segment. */
static void test_margin(void)
{
    struct scene scene;

    scene_open(&scene);
    scene.transfer.sender->config.rack_margin_ns = tcp_linux.rack_margin_ns;
    scene_send(&scene, "x.");
    CU_ASSERT_EQUAL(scene_end(&scene, 177 * MS).fast_recoveries, 1);
    scene_open(&scene);
    scene.transfer.sender->config.rack_margin_ns = tcp_linux.rack_margin_ns;
    scene_send(&scene, "..xx");
    lab_run_until(&scene.lab, scene.start_ns + 302 * MS - 1);
    CU_ASSERT_EQUAL(tcp_info(scene.transfer.sender).probes, 0);
    CU_ASSERT_EQUAL(scene_end(&scene, 452 * MS).probes, 1);
}

/* Seven of ten are lost. At once, all are sent again by the third report, since 70 % of ten may be on their way. In
 * proportion (RFC 9937 section 6.1): one by the third report; two, one more than was delivered, by its ACK at 200 ms;
 * two by each of the two ACKs at 300 ms. */
static void test_reduction(void)
{
    struct scene scene;

    scene_open(&scene);
    scene_send(&scene, "xxxxxxx...");
    CU_ASSERT_EQUAL(scene_end(&scene, 150 * MS).retransmitted, 7);
    scene_open(&scene);
    scene.transfer.sender->config.has_linux_rack = true;
    scene_send(&scene, "xxxxxxx...");
    struct tcp_info info = scene_end(&scene, 350 * MS);

    CU_ASSERT_EQUAL(info.retransmitted, 7);
    CU_ASSERT_EQUAL(info.fast_recoveries, 1);
    CU_ASSERT_EQUAL(info.probes + info.timeouts, 0);
}

/* One of twenty is lost while more waits to be sent, an ACK a millisecond: two new ones by limited transmit, then what
 * is on its way falls to ssthresh by the last ACK of the round. Halved, it is that of RFC 6937 section 3.1's example
 * from the fourth ACK on; by CUBIC's 0.7 it is 19 - d + ceil(0.7 d) after d ACKs, and 14 once it has come down to that.
 */
static void test_reduction_above_ssthresh(void)
{
    static const struct {
        enum tcp_congestion_kind congestion;
        uint64_t ssthresh;
        uint64_t pipe[16]; /* segments, after the ACKs of segments 4 to 19 */
    } rows[] = {
        {TCP_NEWRENO, 10, {18, 18, 17, 17, 16, 16, 15, 15, 14, 14, 13, 13, 12, 12, 11, 10}},
        {TCP_CUBIC, 14, {19, 19, 18, 18, 18, 17, 17, 17, 16, 16, 16, 16, 15, 14, 14, 14}},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        struct scene scene;

        scene_open(&scene);
        struct tcp *tcp = scene.transfer.sender;
        uint64_t before = net_link(scene.lab.net, 0).packets;

        tcp->config.has_linux_rack = true;
        tcp->config.idle_restart = TCP_IDLE_KEEP;
        tcp->congestion = &tcp_congestions[rows[row].congestion];
        tcp->cwnd = tcp->ssthresh = 20 * MSS;
        for (int segment = 0; segment < 20; segment++) {
            scene.lab.engine.now_ns = scene.start_ns + segment * MS;
            scene_send(&scene, segment == 0 ? "x" : ".");
        }
        scene_send(&scene, "........................................");
        for (uint64_t ack = 1; ack < 20; ack++) {
            lab_run_until(&scene.lab, scene.start_ns + (100 + (int64_t)ack) * MS);
            uint64_t sent = net_link(scene.lab.net, 0).packets - before;

            CU_ASSERT_EQUAL(sent, ack < 4 ? 20 + ack : rows[row].pipe[ack - 4] + ack + 1);
        }
        CU_ASSERT_EQUAL(tcp->ssthresh, rows[row].ssthresh * MSS);
        CU_ASSERT_EQUAL(tcp_info(tcp).retransmitted, 1);
        /* The repetition's ACK ends it: no more than ssthresh is on its way, in either case. */
        lab_run_until(&scene.lab, scene.start_ns + 203 * MS);
        CU_ASSERT_EQUAL(tcp->repair, REPAIR_NONE);
        CU_ASSERT_EQUAL(tcp->cwnd, rows[row].ssthresh * MSS);
        CU_ASSERT_EQUAL(tcp->highest - tcp->acknowledged, rows[row].ssthresh * MSS);
        lab_run(&scene.lab);
        CU_ASSERT_EQUAL(scene.transfer.got, scene.transfer.total);
        CU_ASSERT_EQUAL(scene.transfer.wrong_bytes + scene.transfer.wrong_sums, 0);
        CU_ASSERT_EQUAL(tcp_info(tcp).timeouts + tcp_info(tcp).probes, 0);
        lab_close(&scene.lab);
    }
}

/* An ACK that waited, of the first, comes with the report of a third segment sent 30 ms later: the second is lost. By
 * RFC 8985 RACK.rtt is the third's, 100 ms, and the second has had 30 ms more than that; in Linux it is that of the
 * first, which is acknowledged after the third is reported, so there are 25 ms left. Linux's window grows by both. */
static void test_ack_with_report(void)
{
    for (int is_linux = 0; is_linux < 2; is_linux++) {
        struct scene scene;

        scene_open(&scene);
        scene.transfer.sender->config.has_linux_rack = is_linux != 0;
        scene.transfer.sender->cwnd = 4 * MSS;
        scene.transfer.receiver->config.has_quick_ack = false;
        scene.transfer.receiver->config.delayed_ack_ns = 40 * MS;
        scene_send(&scene, ".x");
        lab_run_until(&scene.lab, scene.start_ns + 30 * MS);
        scene.lab.engine.now_ns = scene.start_ns + 30 * MS;
        scene_send(&scene, ".");
        lab_run_until(&scene.lab, scene.start_ns + 130 * MS);
        CU_ASSERT_EQUAL(tcp_info(scene.transfer.sender).retransmitted, !is_linux);
        if (is_linux)
            CU_ASSERT_EQUAL(scene.transfer.sender->cwnd, 6 * MSS);
        CU_ASSERT_EQUAL(scene_end(&scene, (is_linux ? 205 : 180) * MS).fast_recoveries, 1);
    }
}

/* Section 7.4: the probe repaired the only loss, which nothing else shows; the window answers when more is
 * acknowledged. */
static void test_probe_that_repairs_counts(void)
{
    struct scene scene;

    scene_open(&scene);
    scene_send(&scene, "...x");
    lab_run_until(&scene.lab, scene.start_ns + 700 * MS);
    uint64_t before = scene.transfer.sender->cwnd;

    CU_ASSERT_EQUAL(scene.transfer.got, 4 * MSS);
    CU_ASSERT_EQUAL(tcp_info(scene.transfer.sender).probes, 1);
    scene.transfer.sender->config.idle_restart = TCP_IDLE_KEEP;
    scene_send(&scene, ".");
    lab_run(&scene.lab);
    CU_ASSERT_EQUAL(scene.transfer.sender->ssthresh, before * 7 / 10);
    CU_ASSERT_EQUAL(scene.transfer.sender->cwnd, before * 7 / 10);
    CU_ASSERT_EQUAL(tcp_info(scene.transfer.sender).timeouts, 0);
    lab_close(&scene.lab);
}

/* Section 7.4: nothing was lost but an ACK: the answer to the probe is a duplicate, and the window stays. */
static void test_probe_in_vain(void)
{
    struct scene scene;

    scene_open(&scene);
    scene_send(&scene, "...");
    lab_run_until(&scene.lab, scene.start_ns + 50 * MS - 1);
    scene.lab.net->links[1]->propagation_ns = 250 * MS; /* the ACKs come after 300 ms */
    lab_run_until(&scene.lab, scene.start_ns + 299 * MS);
    CU_ASSERT_EQUAL(tcp_info(scene.transfer.sender).probes, 1);
    lab_run_until(&scene.lab, scene.start_ns + 700 * MS);
    uint64_t before = scene.transfer.sender->cwnd;

    scene.transfer.sender->config.idle_restart = TCP_IDLE_KEEP;
    scene_send(&scene, ".");
    lab_run(&scene.lab);
    CU_ASSERT_TRUE(scene.transfer.sender->cwnd >= before);
    CU_ASSERT_EQUAL(scene.transfer.sender->ssthresh, UINT64_MAX);
    lab_close(&scene.lab);
}

/* Section 6.3, RFC 6298 section 5: nobody answers the probe either; the timeout doubles. */
static void test_timeouts_double(void)
{
    struct scene scene;

    scene_open(&scene);
    lab_lose(&scene.lab, 0, true);
    scene.transfer.total = 3 * MSS;
    transfer_write(&scene.transfer, 3 * MSS, 1);
    /* Probe at 200 ms; timeouts 300 ms after it, then 600, 1,200 ms later. */
    lab_run_until(&scene.lab, scene.start_ns + 1500 * MS);
    CU_ASSERT_EQUAL(tcp_info(scene.transfer.sender).probes, 1);
    CU_ASSERT_EQUAL(tcp_info(scene.transfer.sender).timeouts, 2);
    lab_lose(&scene.lab, 0, false);
    /* At 2,300 ms the first segment, at 2,400 ms both others (the window is one segment, and one for its ACK). */
    struct tcp_info info = scene_end(&scene, 2450 * MS);

    CU_ASSERT_EQUAL(info.timeouts, 3);
}

/* Section 6.2, step 4: once reordering has been seen, three reports do not make a loss, a quarter of a round trip does.
 */
static void test_reordering_is_borne(void)
{
    uint64_t again[2];

    for (int rack = 0; rack < 2; rack++) {
        struct transfer transfer = {.total = 10000000, .is_checked = true};
        struct tcp_config tcp = tcp_linux;
        struct link_config config = lab_link(10 * 1000 * 1000, 50 * MS);
        struct lab lab;

        tcp.has_rack = rack;
        config.jitter_ns = 10 * MS; /* there and back less than 25 ms */
        config.is_order_free = true;
        lab_open(&lab, 64 * MIB, 0, NULL);
        lab_chain(&lab, 1, &config);
        transfer_start(&transfer, &lab, 1, &tcp);
        lab_run(&lab);
        CU_ASSERT_EQUAL(transfer.got, transfer.total);
        CU_ASSERT_EQUAL(transfer.wrong_bytes + transfer.wrong_sums, 0);
        again[rack] = tcp_info(transfer.sender).retransmitted;
        lab_close(&lab);
    }
    CU_ASSERT_TRUE(again[0] > 50);
    CU_ASSERT_TRUE(again[1] < 5);
}

/* Section 6.2, step 3: the ACK of the first segment is delayed until a later one comes behind a hole. Both are
 * delivered by one ACK, which is no reordering: three reports are still enough. */
static void test_delayed_is_not_reordered(void)
{
    struct scene scene;
    struct tcp_config *receiver;

    scene_open(&scene);
    receiver = &scene.transfer.receiver->config;
    receiver->has_quick_ack = false;
    receiver->delayed_ack_ns = 40 * MS;
    scene.transfer.receiver->quick = 0;
    scene_send(&scene, ".x...");
    struct tcp_info info = scene_end(&scene, 150 * MS);

    CU_ASSERT_EQUAL(info.retransmitted, 1);
    CU_ASSERT_EQUAL(info.probes + info.timeouts, 0);
}

/* ---- What else Linux does ---- */

/* Sixteen ACKs for sixteen segments, then one for two; after silence again. */
static void test_quick_acks(void)
{
    struct transfer transfer = {.total = 0};
    struct lab lab;

    transfer_open(&transfer, &lab, &tcp_linux);
    transfer.sender->config.idle_restart = TCP_IDLE_KEEP;
    transfer.sender->cwnd = 100 * MSS;
    for (int round = 0; round < 2; round++) {
        uint64_t before = net_link(lab.net, 1).packets;

        transfer_write(&transfer, 16 * MSS, 1);
        lab_run_until(&lab, lab.engine.now_ns + 60 * MS);
        CU_ASSERT_EQUAL(net_link(lab.net, 1).packets - before, 16);
        transfer_write(&transfer, 16 * MSS, 1);
        lab_run_until(&lab, lab.engine.now_ns + 60 * MS);
        CU_ASSERT_EQUAL(net_link(lab.net, 1).packets - before, 16 + 8);
        lab_run(&lab);
        lab.engine.now_ns += 10 * SECOND;
    }
    lab_close(&lab);
}

/* ACKs that a write of that size gets until ms after it: 50 ms on the way there, 40 ms is an ACK delayed at most. */
static uint64_t acks_of(struct transfer *transfer, uint64_t size, int ms)
{
    struct lab *lab = transfer->lab;
    uint64_t before = net_link(lab->net, 1).packets;

    transfer_write(transfer, size, 1);
    lab_run_until(lab, lab->engine.now_ns + ms * MS);
    uint64_t acks = net_link(lab->net, 1).packets - before;

    lab_run_until(lab, lab->engine.now_ns + 200 * MS);
    return acks;
}

/* Behind the first sixteen: the end of a write at once, unless data went back less than 40 ms after data had come,
 * since an ACK may soon ride on more of it; more than a full segment at once in any case, and two ends of writes, too.
 */
static void test_ends_of_writes(void)
{
    struct transfer transfer = {.total = 0};
    struct cause cause = {.transfer = 1};
    struct lab lab;

    transfer_open(&transfer, &lab, &tcp_linux);
    CU_ASSERT_EQUAL(acks_of(&transfer, 16 * MSS, 190), 16);
    struct tcp *receiver = transfer.sender->peer;

    CU_ASSERT_EQUAL(acks_of(&transfer, 500, 51), 1);
    CU_ASSERT_EQUAL(acks_of(&transfer, MSS, 51), 1);
    transfer_write(&transfer, 500, 1);
    lab_run_until(&lab, lab.engine.now_ns + 55 * MS);
    tcp_write(receiver, (struct slice){&source_pattern, 0, 100}, &cause);
    lab_run_until(&lab, lab.engine.now_ns + 150 * MS);
    CU_ASSERT_EQUAL(acks_of(&transfer, 500, 89), 0);
    CU_ASSERT_EQUAL(acks_of(&transfer, 500, 91), 1);
    CU_ASSERT_EQUAL(acks_of(&transfer, MSS + 500, 51), 1);
    transfer_write(&transfer, 500, 1);
    CU_ASSERT_EQUAL(acks_of(&transfer, 500, 51), 1);
    lab_run(&lab);
    lab_close(&lab);
}

/* RFC 2861 section 3.1: a half for each timeout's length, not below the initial window; slow start to three quarters.
 */
static void test_silence_halves(void)
{
    const struct {
        enum tcp_idle_restart restart;
        int64_t idle_ns;
        uint64_t window, ssthresh; /* segments; 0: unknown */
    } rows[] = {
        {TCP_IDLE_HALVE, 299 * MS, 160, 160},   {TCP_IDLE_HALVE, 301 * MS, 80, 160},
        {TCP_IDLE_HALVE, 901 * MS, 20, 160},    {TCP_IDLE_HALVE, 60 * SECOND, 10, 160},
        {TCP_IDLE_KEEP, 60 * SECOND, 160, 100}, {TCP_IDLE_RESTART, 301 * MS, 10, 100},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct transfer transfer = {.total = 0};
        struct lab lab;

        transfer_open(&transfer, &lab, &tcp_linux);
        transfer_write(&transfer, MSS, 1);
        lab_run(&lab);
        struct tcp *tcp = transfer.sender;

        tcp->config.idle_restart = rows[i].restart;
        tcp->cwnd = 160 * MSS;
        tcp->ssthresh = 100 * MSS;
        CU_ASSERT_EQUAL(tcp->rto_ns, 300 * MS);
        lab.engine.now_ns = tcp->sent_ns + rows[i].idle_ns;
        uint64_t before = net_link(lab.net, 0).packets;

        transfer_write(&transfer, 200 * MSS, 1);
        CU_ASSERT_EQUAL(net_link(lab.net, 0).packets - before, rows[i].window);
        CU_ASSERT_EQUAL(tcp->ssthresh,
                        (rows[i].restart == TCP_IDLE_HALVE && rows[i].idle_ns > 300 * MS ? 120 : 100) * MSS);
        lab_run(&lab);
        lab_close(&lab);
    }
}

/* RFC 7323 section 4.1: a SYN that was sent again measures, too, since its echo tells which one was answered. */
static void test_lost_syn_is_measured(void)
{
    struct transfer transfer = {.total = 100000};
    struct lab lab;
    struct link_config config = lab_link(0, 50 * MS);

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    lab_lose(&lab, 0, true);
    transfer_start(&transfer, &lab, 1, &tcp_linux);
    lab_lose(&lab, 0, false);
    lab_run_until(&lab, 1 * SECOND + 100 * MS);
    CU_ASSERT_EQUAL(transfer.sender->rtt_ns, 100 * MS);
    CU_ASSERT_EQUAL(transfer.sender->rto_ns, 300 * MS);
    CU_ASSERT_EQUAL(transfer.sender->cwnd, MSS);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.got, 100000);
    lab_close(&lab);
}

static const struct unit_test tests[] = {
    {"RFC 8985 section 6.2: three reports and what was sent before them is lost", test_three_are_enough},
    {"RFC 8985 section 6.2: one report, and it is lost a quarter of a round trip later", test_one_needs_time},
    {"RFC 8985 section 6.2: what is lost again is found without a timeout", test_lost_again},
    {"RFC 8985 section 6.2: a late answer is not that of the repetition", test_late_is_not_lost_again},
    {"RFC 8985 section 7.2: a tail is probed after two round trips", test_probe_of_a_tail},
    {"RFC 8985 section 7.2: a single segment just before the timeout", test_probe_of_one},
    {"RFC 8985 section 7.3: a probe carries new data if there is any", test_probe_with_new_data},
    {"Linux: both timers wait 2 ms more", test_margin},
    {"RFC 9937: the window shrinks in proportion to what is delivered", test_reduction},
    {"RFC 9937: above ssthresh it comes down to it by the round's last ACK", test_reduction_above_ssthresh},
    {"Linux: an ACK with a report widens by both, and its time is the ACK's", test_ack_with_report},
    {"Linux: the end of a write is acknowledged at once, unless something goes back", test_ends_of_writes},
    {"RFC 8985 section 7.4: a loss that the probe repaired counts as one", test_probe_that_repairs_counts},
    {"RFC 8985 section 7.4: a probe in vain does not", test_probe_in_vain},
    {"RFC 8985 section 6.3: without any answer timeouts double", test_timeouts_double},
    {"RFC 8985 section 6.2: reordering that was seen is borne", test_reordering_is_borne},
    {"RFC 8985 section 6.2: what one ACK delivers is in order", test_delayed_is_not_reordered},
    {"RFC 7323 section 4.1: the echo measures a SYN that was sent again", test_lost_syn_is_measured},
    {"Linux: the first 16 segments, and those after silence, are acknowledged at once", test_quick_acks},
    {"RFC 2861 section 3.1: silence halves the window, keeps it, or restarts", test_silence_halves},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("rack", tests);
}
