/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TCP: handshake timer, slow start and window to the byte; throughput under loss against the models of the literature.
 */
#include "bench/harness/chain.h"
#include "bench/harness/validation.h"
#include "sim/base/units.h"
#include "sim/net/packet.h"

#include <math.h>

enum { MSS = 1460, INITIAL_WINDOW = 10, ROUNDS = 8 };
#define RTT_NS (100 * MS)

/* An ACK for each segment, room for all: nothing but the congestion window limits the sender. */
static struct tcp_config plain_tcp(void)
{
    struct tcp_config tcp = tcp_rfc;

    tcp.delayed_ack_ns = 0;
    tcp.initial_window = INITIAL_WINDOW;
    tcp.send_buffer = tcp.receive_buffer = 64 * MIB;
    return tcp;
}

/* ---- Exact ---- */

struct knocks {
    struct validation_result *result;
    uint32_t count;
};

static void syn_sent(void *context, struct net *net, uint32_t link, enum tap_event event, int64_t at_ns, bool is_origin,
                     const struct packet *packet)
{
    struct knocks *knocks = context;

    (void)net;
    (void)link;
    (void)is_origin;
    if (event != TAP_SENT || !(packet->flags & PACKET_SYN))
        return;
    /* The timeout begins at 1 s and doubles: attempt i comes 2^i - 1 seconds after the first. */
    validation_add(knocks->result, ((INT64_C(1) << knocks->count) - 1) * SECOND, at_ns);
    knocks->count++;
}

static enum err run_syn(const struct validation_row *row, const struct validation_effort *effort,
                        struct validation_result *result, struct note *note)
{
    struct link_config link = chain_link(0, RTT_NS / 2);
    struct tcp_config tcp = plain_tcp();
    struct knocks knocks = {.result = result};
    struct net_tap tap = {&knocks, syn_sent};
    struct bulk bulk = {.total = 1};
    struct chain chain;

    (void)row;
    (void)note;
    link.loss = 1;
    chain_init(&chain, effort->arena, &link, 1, 1, &tap);
    bulk_start(&bulk, &chain, &tcp);
    chain_run(&chain);
    return ERR_OK;
}

static enum err run_slow_start(const struct validation_row *row, const struct validation_effort *effort,
                               struct validation_result *result, struct note *note)
{
    const struct link_config link = chain_link(0, RTT_NS / 2);
    struct tcp_config tcp = plain_tcp();
    struct bulk bulk = {.total = 20 * MIB};
    struct chain chain;

    (void)row;
    (void)note;
    chain_init(&chain, effort->arena, &link, 1, 1, NULL);
    bulk_start(&bulk, &chain, &tcp);
    for (int64_t round = 1; round <= ROUNDS; round++) {
        /* The SYN and its answer take a round trip; data needs half of one more. */
        chain_run_until(&chain, RTT_NS * round + RTT_NS / 2);
        validation_add(result, INITIAL_WINDOW * ((INT64_C(1) << round) - 1) * MSS, (int64_t)bulk.received);
    }
    chain_run(&chain);
    return ERR_OK;
}

/* Whole segments only are sent into a window that is not empty (silly window avoidance), so a round carries as many of
 * them as fit into it. */
static enum err run_window(const struct validation_row *row, const struct validation_effort *effort,
                           struct validation_result *result, struct note *note)
{
    const struct link_config link = chain_link(0, RTT_NS / 2);
    struct tcp_config tcp = plain_tcp();
    struct bulk bulk = {.total = 20 * MIB};
    struct chain chain;
    const int64_t from = 10, rounds = 100;

    (void)note;
    tcp.receive_buffer = row->number;
    chain_init(&chain, effort->arena, &link, 1, 1, NULL);
    bulk_start(&bulk, &chain, &tcp);
    chain_run_until(&chain, RTT_NS * from);
    uint64_t before = bulk.received;

    chain_run_until(&chain, RTT_NS * (from + rounds));
    validation_add(result, rounds * (row->number / MSS * MSS), (int64_t)(bulk.received - before));
    chain_run(&chain);
    return ERR_OK;
}

/* ---- Throughput under loss ---- */

/* A connection without end over a link that loses packets, from the 20th second on: the first slow start is over. */
struct steady {
    double segments_per_s;
    double lost;        /* share of the packets that the link lost */
    double indications; /* fast recoveries and timeouts, a segment sent */
};

/* Mathis, Semke, Mahdavi, Ott 1997: C / sqrt(p) segments a round trip, C = 1.31 where losses are random and every
 * segment is acknowledged (1.22 = sqrt(3/2) where they are periodic). It knows no timeouts. */
static double mathis(double loss)
{
    return 1.31 / sqrt(loss) * (double)SECOND / (double)RTT_NS;
}

/* Padhye, Firoiu, Towsley, Kurose 1998, the approximate form, for an ACK a segment and a first timeout of 1 s. Its p
 * counts loss indications, since it takes a window's further losses to come with the first. */
static double padhye(double indications)
{
    const double p = indications, rtt_s = (double)RTT_NS / (double)SECOND, first_timeout_s = 1;
    double timeouts = fmin(1, 3 * sqrt(3 * p / 8)) * p * (1 + 32 * p * p);

    return 1 / (rtt_s * sqrt(2 * p / 3) + first_timeout_s * timeouts);
}

struct subject {
    double loss;
    enum { BY_MATHIS, BY_PADHYE, SHARE_LOST } measure;
};

static struct steady run_steady(double loss, uint64_t seed, int64_t length_ns, struct arena *arena)
{
    struct link_config link = chain_link(0, RTT_NS / 2);
    struct tcp_config tcp = plain_tcp();
    struct bulk bulk = {.total = UINT64_C(1) << 50};
    struct chain chain;

    link.loss = loss;
    chain_init(&chain, arena, &link, 1, seed, NULL);
    bulk_start(&bulk, &chain, &tcp);
    chain_run_until(&chain, 20 * SECOND);
    uint64_t received = bulk.received;
    struct tcp_info before = tcp_info(bulk.sender);

    chain_run_until(&chain, 20 * SECOND + length_ns);
    struct tcp_info after = tcp_info(bulk.sender);
    struct link_info sent = net_link(chain.net, 0);
    uint64_t indications = after.fast_recoveries + after.timeouts - before.fast_recoveries - before.timeouts;

    return (struct steady){
        .segments_per_s = (double)(bulk.received - received) / MSS / ((double)length_ns / (double)SECOND),
        .lost = (double)sent.dropped_loss / (double)sent.packets,
        .indications = (double)indications / (double)(after.segments_sent - before.segments_sent),
    };
}

static enum err run_loss(const struct validation_row *row, const struct validation_effort *effort,
                         struct validation_result *result, struct note *note)
{
    const struct subject *subject = row->subject;
    uint64_t seeds = effort->is_quick ? 6 : 10;
    int64_t length_ns = (effort->is_quick ? 200 : 1000) * SECOND;
    struct tally indications = {0};

    (void)note;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct steady steady = run_steady(subject->loss, seed, length_ns, effort->arena);

        tally_add(&result->tally, subject->measure == SHARE_LOST ? steady.lost : steady.segments_per_s);
        tally_add(&indications, steady.indications);
    }
    const double expected[] = {
        [BY_MATHIS] = mathis(subject->loss), [BY_PADHYE] = padhye(indications.mean), [SHARE_LOST] = subject->loss};

    result->expected_mean = expected[subject->measure];
    return ERR_OK;
}

/* ---- CUBIC, one loss every so many packets ---- */

/* Loses every packet of data number `every`; an ACK that leaves at that moment in its place is lost in vain. */
struct metronome {
    struct net *net;
    uint64_t every;
    uint64_t data;    /* since the last loss */
    uint64_t origins; /* packets that have left their host */
    uint64_t losses;
};

static void metronome_set(struct metronome *metronome, uint64_t packet)
{
    net_set_fault(metronome->net, &(struct net_fault){.kind = NET_FAULT_LOSE, .packet = packet});
}

static void metronome_tick(void *context, struct net *net, uint32_t link, enum tap_event event, int64_t at_ns,
                           bool is_origin, const struct packet *packet)
{
    struct metronome *metronome = context;

    (void)net;
    (void)link;
    (void)at_ns;
    if (event == TAP_DROPPED && packet->length > 0) {
        metronome->data = 0;
        metronome->losses++;
        metronome_set(metronome, UINT64_MAX);
        return;
    }
    if (event != TAP_SENT || !is_origin)
        return;
    metronome->origins++;
    metronome->data += packet->length > 0;
    if (metronome->data + 1 >= metronome->every)
        metronome_set(metronome, metronome->origins + 1);
}

/* RFC 9438 section 5.1, equations 5 and 6, for C = 0.4 and a factor of 0.7; or, where that is more, the window of the
 * AIMD that section 4.3 follows, which is Reno's: sqrt(3 / (2 p)). */
static double cubic_window(double loss)
{
    const double rtt_s = (double)RTT_NS / (double)SECOND;
    const double cubic = pow(0.4 * 3.7 / (4 * 0.3), 0.25) * pow(rtt_s, 0.75) / pow(loss, 0.75);

    return fmax(cubic, sqrt(1.5 / loss));
}

/* The window's mean over whole cycles: what arrives in a round trip. */
static enum err run_cubic(const struct validation_row *row, const struct validation_effort *effort,
                          struct validation_result *result, struct note *note)
{
    const struct link_config link = chain_link(0, RTT_NS / 2);
    struct tcp_config tcp = plain_tcp();
    const double expected = cubic_window(1 / (double)row->number);
    /* The first loss comes when slow start is about there; what is left of its mistake decays by each loss. */
    struct metronome metronome = {.every = row->number, .data = row->number - (uint64_t)(2 * expected)};
    const struct net_tap tap = {&metronome, metronome_tick};
    struct bulk bulk = {.total = UINT64_C(1) << 50};
    const uint64_t settled = 10, cycles = effort->is_quick ? 4 : 12;
    struct chain chain;

    (void)note;
    tcp.congestion = TCP_CUBIC;
    chain_init(&chain, effort->arena, &link, 1, 1, &tap);
    metronome.net = chain.net;
    metronome_set(&metronome, UINT64_MAX);
    bulk_start(&bulk, &chain, &tcp);
    int64_t now_ns = 0;

    for (uint64_t cycle = 0; cycle < settled + cycles; cycle++) {
        uint64_t received = bulk.received, losses = metronome.losses;
        int64_t start_ns = now_ns;

        while (metronome.losses == losses)
            chain_run_until(&chain, now_ns += RTT_NS);
        if (cycle >= settled)
            tally_add(&result->tally,
                      (double)(bulk.received - received) / MSS * (double)RTT_NS / (double)(now_ns - start_ns));
    }
    result->expected_mean = expected;
    return ERR_OK;
}

#define CUBIC_ROW(text, row_number, text_source)                                                                       \
    {                                                                                                                  \
        .what = "CUBIC, one loss in " text ", RTT 100 ms: mean window", .source = (text_source),                       \
        .kind = VALIDATION_WITHIN_SHARE, .unit = VALIDATION_COUNT, .run = run_cubic, .number = (row_number)            \
    }

static const struct subject lost_100 = {0.01, SHARE_LOST}, lost_33 = {0.03, SHARE_LOST};
static const struct subject mathis_1000 = {0.001, BY_MATHIS}, mathis_100 = {0.01, BY_MATHIS};
static const struct subject padhye_1000 = {0.001, BY_PADHYE}, padhye_100 = {0.01, BY_PADHYE},
                            padhye_33 = {0.03, BY_PADHYE};

static const char loss_source[] = "independent loss: its probability";
static const char mathis_source[] = "Mathis et al. 1997: 1.31 / (RTT sqrt p), no timeouts";
static const char padhye_source[] = "Padhye et al. 1998; p: loss indications a segment sent";

#define LOSS_ROW(text, row_kind, row_unit, row_subject, text_source)                                                   \
    {                                                                                                                  \
        .what = (text), .source = (text_source), .kind = (row_kind), .unit = (row_unit), .run = run_loss,              \
        .subject = (row_subject)                                                                                       \
    }
#define THROUGHPUT_ROW(text, row_subject, text_source)                                                                 \
    LOSS_ROW(text ": segments a second", VALIDATION_WITHIN_SHARE, VALIDATION_COUNT, row_subject, text_source)

const struct validation_row validation_tcp[] = {
    {.what = "SYN without an answer: sent at",
     .source = "RFC 6298 sections 2.1, 5.5: 1 s, doubled",
     .unit = VALIDATION_NS,
     .run = run_syn},
    {.what = "slow start: bytes by the end of rounds 1 to 8",
     .source = "RFC 5681 section 3.1, RFC 6928: 10 (2^k - 1) MSS",
     .unit = VALIDATION_BYTES,
     .run = run_slow_start},
    {.what = "window of 45 segments: bytes in 100 round trips",
     .source = "RFC 9293 section 3.8: window / RTT",
     .unit = VALIDATION_BYTES,
     .run = run_window,
     .number = 45 * MSS},
    {.what = "window of 64 KiB: bytes in 100 round trips",
     .source = "RFC 9293 section 3.8: whole segments of it / RTT",
     .unit = VALIDATION_BYTES,
     .run = run_window,
     .number = 64 * KIB},
    LOSS_ROW("loss 1 %: share lost", VALIDATION_INTERVAL, VALIDATION_SHARE, &lost_100, loss_source),
    LOSS_ROW("loss 3 %: share lost", VALIDATION_INTERVAL, VALIDATION_SHARE, &lost_33, loss_source),
    THROUGHPUT_ROW("loss 0.1 %, RTT 100 ms", &mathis_1000, mathis_source),
    THROUGHPUT_ROW("loss 1 %, RTT 100 ms", &mathis_100, mathis_source),
    THROUGHPUT_ROW("loss 0.1 %, RTT 100 ms", &padhye_1000, padhye_source),
    THROUGHPUT_ROW("loss 1 %, RTT 100 ms", &padhye_100, padhye_source),
    THROUGHPUT_ROW("loss 3 %, RTT 100 ms", &padhye_33, padhye_source),
    CUBIC_ROW("1,000", 1000, "RFC 9438 section 4.3: Reno's, sqrt(3 / 2p)"),
    CUBIC_ROW("10,000", 10000, "RFC 9438 section 5.1: 1.054 RTT^(3/4) / p^(3/4)"),
    CUBIC_ROW("100,000", 100000, "RFC 9438 section 5.1: 1.054 RTT^(3/4) / p^(3/4)"),
    {.what = NULL},
};
