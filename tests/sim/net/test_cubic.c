/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CUBIC (RFC 9438) and HyStart: the window against the closed forms. */
#include "sim/net/tcp.h"
#include "tests/sim/net/lab.h"

#include <math.h>

enum { MSS = 1460 };

/* An open connection over a link without limit whose window was lossless segments when a loss was found at start_ns,
 * and that has more to send than it can. */
struct probe {
    struct lab lab;
    struct transfer transfer;
    int64_t start_ns;
};

static void probe_lose(struct probe *probe, uint64_t window)
{
    struct tcp *tcp = probe->transfer.sender;

    tcp->cwnd = window * MSS;
    tcp_reduce(tcp);
    tcp->cwnd = tcp->ssthresh;
}

static void probe_open(struct probe *probe, int64_t rtt_ns)
{
    struct tcp_config tcp = tcp_rfc;
    struct link_config config = lab_link(0, rtt_ns / 2);

    *probe = (struct probe){.transfer.total = 0};
    tcp.congestion = TCP_CUBIC;
    tcp.idle_restart = TCP_IDLE_KEEP;
    tcp.reduces_window = true; /* nothing is on its way yet */
    tcp.delayed_ack_ns = 0;
    tcp.receive_buffer = tcp.send_buffer = 1 * GIB;
    lab_open(&probe->lab, 64 * MIB, 0, NULL);
    lab_chain(&probe->lab, 1, &config);
    transfer_start(&probe->transfer, &probe->lab, 1, &tcp);
    lab_run(&probe->lab);
}

static void probe_start(struct probe *probe)
{
    /* Congestion avoidance begins with the first ACK. */
    probe->start_ns = probe->lab.engine.now_ns + 2 * net_path_propagation_ns(probe->lab.net, 0, 1);
    transfer_write(&probe->transfer, 512 * MIB, 1);
}

static double probe_window(struct probe *probe, int64_t after_ns)
{
    lab_run_until(&probe->lab, probe->start_ns + after_ns);
    return (double)probe->transfer.sender->cwnd / MSS;
}

static void probe_close(struct probe *probe)
{
    struct cause cause = {0};

    tcp_reset(probe->transfer.sender, &cause);
    lab_run(&probe->lab);
    lab_close(&probe->lab);
}

/* W_cubic(t) = C (t - K)^3 + W_max, K = cbrt((W_max - cwnd) / C), C = 0.4; cwnd = 0.7 W_max after a loss. */
static void test_curve(void)
{
    struct probe probe;
    double k_s = cbrt(150 / 0.4);

    probe_open(&probe, 100 * MS);
    probe_lose(&probe, 500);
    CU_ASSERT_EQUAL(probe.transfer.sender->cwnd, 350 * MSS);
    probe_start(&probe);
    for (int t = 1; t <= 14; t++) {
        double expected = 0.4 * pow(t - k_s, 3) + 500;

        /* The window is where the curve is, a segment more or less; it never falls. */
        CU_ASSERT_DOUBLE_EQUAL(probe_window(&probe, t * SECOND), expected, 1 + 0.02 * expected);
    }
    probe_close(&probe);
}

/* Section 4.7: a loss below the last maximum lowers the next one to 0.85 of the window, since others want to grow. */
static void test_fast_convergence(void)
{
    struct probe probe;
    double k_s = cbrt((68 - 56) / 0.4);

    probe_open(&probe, 300 * MS); /* so long that Reno would be below */
    probe_lose(&probe, 100);
    probe_lose(&probe, 80);
    CU_ASSERT_EQUAL(probe.transfer.sender->cwnd, 56 * MSS);
    probe_start(&probe);
    CU_ASSERT_DOUBLE_EQUAL(probe_window(&probe, (int64_t)(k_s * 1e9)), 68, 2);
    probe_close(&probe);
}

/* Section 4.3: 3 (1 - b) / (1 + b) = 9/17 segments a round trip up to the window before the loss, one beyond it. */
static void test_follows_reno(void)
{
    struct probe probe;

    probe_open(&probe, 10 * MS);
    probe_lose(&probe, 20);
    probe_start(&probe);
    CU_ASSERT_DOUBLE_EQUAL(probe_window(&probe, 100 * MS), 14 + 10 * 9.0 / 17, 0.6);
    CU_ASSERT_DOUBLE_EQUAL(probe_window(&probe, 200 * MS), 20 + (20 - 6 * 17.0 / 9), 1.2);
    probe_close(&probe);
}

/* Section 4.4: by half of the window in a round trip, at most, though the curve of a long round trip is steeper. */
static void test_at_most_half_a_round(void)
{
    struct probe probe;
    double before = 10;

    probe_open(&probe, 2 * SECOND);
    probe_lose(&probe, 14);
    probe_start(&probe);
    for (int round = 1; round <= 5; round++) {
        double now = probe_window(&probe, round * 2 * SECOND - 1);

        CU_ASSERT_TRUE(now <= 1.5 * before + 1);
        before = now;
    }
    CU_ASSERT_TRUE(before > 40 && before < 0.5 * (0.4 * pow(10 - cbrt(4.2 / 0.4), 3) + 14));
    probe_close(&probe);
}

/* Section 4.8: after a timeout slow start to 0.7 of the window, then a curve that begins flat there. */
static void test_timeout(void)
{
    struct probe probe;

    probe_open(&probe, 100 * MS);
    probe.transfer.sender->cwnd = 40 * MSS;
    probe.start_ns = probe.lab.engine.now_ns;
    lab_lose(&probe.lab, 0, true);
    transfer_write(&probe.transfer, 512 * MIB, 1);
    lab_lose(&probe.lab, 0, false);
    CU_ASSERT_EQUAL(probe_window(&probe, 1050 * MS), 1);
    CU_ASSERT_EQUAL(probe.transfer.sender->ssthresh, 28 * MSS);
    double reached = probe_window(&probe, 2 * SECOND);

    CU_ASSERT_TRUE(reached >= 28 && reached < 33);
    /* One a second more at least, since the curve's own 0.4 t^3 lies below what Reno would have. */
    double later = probe_window(&probe, 4 * SECOND);

    CU_ASSERT_TRUE(later > reached + 10 && later < reached + 30);
    probe_close(&probe);
}

/* Section 5.8: silence does not move the window along the curve. */
static void test_silence_stops_the_clock(void)
{
    struct probe probe;
    struct cause cause = {0};

    probe_open(&probe, 100 * MS);
    probe_lose(&probe, 100);
    probe.start_ns = probe.lab.engine.now_ns;
    transfer_write(&probe.transfer, 70 * 10 * MSS, 1);
    lab_run(&probe.lab);
    double before = (double)probe.transfer.sender->cwnd / MSS;

    CU_ASSERT_TRUE(before > 70 && before < 90);
    probe.lab.engine.now_ns += 60 * SECOND;
    tcp_write(probe.transfer.sender, (struct slice){&source_pattern, 0, 300 * MSS}, &cause);
    lab_run(&probe.lab);
    /* Three rounds more, not sixty seconds: the curve at 60 s is above 60,000 segments, 1.5^3 the most in three rounds.
     */
    CU_ASSERT_TRUE((double)probe.transfer.sender->cwnd / MSS < before + 10);
    probe_close(&probe);
}

/* ---- HyStart ---- */

struct start {
    const struct tcp_hystart *hystart;
    uint64_t rate_bps;
    int64_t rtt_ns;
    uint64_t queue_bytes;
    double left_at; /* segments; 0: slow start never ended */
    uint64_t dropped;
};

static void run_start(struct start *start)
{
    struct transfer transfer = {.total = 4 * MIB};
    struct tcp_config tcp = tcp_rfc;
    struct link_config config = lab_link(start->rate_bps, start->rtt_ns / 2);
    struct lab lab;

    tcp.congestion = TCP_CUBIC;
    tcp.hystart = start->hystart;
    tcp.has_timestamps = true;
    config.queue_bytes_max = start->queue_bytes;
    tcp.delayed_ack_ns = 0; /* ACKs of two segments would come more than 2 ms apart: no train */
    lab_open(&lab, 64 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    transfer_start(&transfer, &lab, 1, &tcp);
    while (transfer.got < transfer.total && tcp_info(transfer.sender).slow_start_until_bytes == UINT64_MAX)
        lab_step(&lab);
    uint64_t until = tcp_info(transfer.sender).slow_start_until_bytes;

    start->left_at = until == UINT64_MAX ? 0 : (double)until / 1448;
    start->dropped = net_link(lab.net, 0).dropped_queue;
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.got, transfer.total);
    lab_close(&lab);
}

/* At 10 Mbit/s and 100 ms 83 segments fill the way, and another 83 the queue. */
static void test_hystart_leaves_before_a_loss(void)
{
    struct start without = {.rate_bps = 10 * 1000 * 1000, .rtt_ns = 100 * MS, .queue_bytes = 125000};
    struct start with = without;

    with.hystart = &tcp_hystart_linux;

    run_start(&with);
    run_start(&without);
    CU_ASSERT_EQUAL(with.dropped, 0);
    CU_ASSERT_TRUE(with.left_at > 40 && with.left_at < 166);
    CU_ASSERT_TRUE(without.dropped > 0);
    CU_ASSERT_TRUE(without.left_at > 0.7 * 166);
}

/* The train of ACKs, half a round trip and half a millisecond long: 50.5 ms at 1.2 ms a segment are 42 segments, more
 * than the round of 40 has; that of 80 reaches the 43rd. */
static void test_hystart_sees_the_train(void)
{
    struct tcp_hystart train = tcp_hystart_linux;
    struct start start = {.hystart = &train, .rate_bps = 10 * 1000 * 1000, .rtt_ns = 100 * MS, .queue_bytes = 125000};

    train.delay_least_ns = train.delay_most_ns = SECOND; /* never by delay */
    run_start(&start);
    CU_ASSERT_DOUBLE_EQUAL(start.left_at, 80 + 43, 1);
    CU_ASSERT_EQUAL(start.dropped, 0);
}

/* A delay of an eighth more, here 12.5 ms or ten segments in the queue. 83 segments fill the way: the round of 160
 * still begins with an empty queue, that of 320 with a full one, and its ninth sample ends slow start. */
static void test_hystart_sees_the_delay(void)
{
    struct tcp_hystart delay = tcp_hystart_linux;
    struct start start = {.hystart = &delay, .rate_bps = 10 * 1000 * 1000, .rtt_ns = 100 * MS, .queue_bytes = 1000000};

    delay.train_extra_ns = 100 * SECOND; /* never by a train */
    run_start(&start);
    CU_ASSERT_DOUBLE_EQUAL(start.left_at, 320 + 8, 1);
    CU_ASSERT_EQUAL(start.dropped, 0);
}

static const struct unit_test tests[] = {
    {"RFC 9438 section 4.2: after a loss the window follows the cubic curve", test_curve},
    {"RFC 9438 section 4.7: a loss below the last maximum lowers the next", test_fast_convergence},
    {"RFC 9438 section 4.3: it grows no slower than Reno would", test_follows_reno},
    {"RFC 9438 section 4.4: it grows by half in a round trip at most", test_at_most_half_a_round},
    {"RFC 9438 section 4.8: after a timeout the curve begins anew", test_timeout},
    {"RFC 9438 section 5.8: silence does not count", test_silence_stops_the_clock},
    {"HyStart leaves slow start before anything is lost", test_hystart_leaves_before_a_loss},
    {"HyStart leaves slow start when the train of ACKs is half a round trip long", test_hystart_sees_the_train},
    {"HyStart leaves slow start when the round trip has grown by an eighth", test_hystart_sees_the_delay},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("cubic", tests);
}
