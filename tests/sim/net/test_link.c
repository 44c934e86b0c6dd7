/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Links: times to the nanosecond, order, queues, chance, routes. */
#include "tests/sim/net/link_log.h"

static void nothing_happens(struct engine *engine, void *context)
{
    (void)engine;
    (void)context;
}

static void test_one_link_exact(void)
{
    struct lab lab;
    struct log log = {.lab = &lab};
    struct link_config config = lab_link(10 * 1000 * 1000, 7 * MS);

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    udp_bind(lab.net, 1, 9, &log, log_received);
    send_number(&lab, 0, 1, 1, 958);
    send_number(&lab, 0, 1, 2, 458);
    engine_run(&lab.engine, NULL);
    /* 958 + 28 + 14 = 1,000 bytes take 0.8 ms at 10 Mbit/s; the second waits for the first. */
    CU_ASSERT_EQUAL(log.count, 2);
    CU_ASSERT_EQUAL(log.at_ns[0], 800 * US + 7 * MS);
    CU_ASSERT_EQUAL(log.at_ns[1], 1200 * US + 7 * MS);
    CU_ASSERT_EQUAL(log.wrong_sums, 0);
    lab_close(&lab);
}

static void test_three_links_exact(void)
{
    struct lab lab;
    struct log log = {.lab = &lab};
    struct link_config config = lab_link(3, 1);

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 3, &config);
    udp_bind(lab.net, 3, 9, &log, log_received);
    send_number(&lab, 0, 3, 1, 0);
    engine_run(&lab.engine, NULL);
    /* 42 bytes at 3 bit/s: 112 s exactly; three links store and forward. */
    CU_ASSERT_EQUAL(log.at_ns[0], 3 * (112 * SECOND + 1));
    send_number(&lab, 0, 3, 2, 1);
    int64_t before = lab.engine.now_ns;

    engine_run(&lab.engine, NULL);
    /* 43 bytes: 114.666... s, rounded on each link */
    CU_ASSERT_EQUAL(log.at_ns[1] - before, 3 * (INT64_C(114666666667) + 1));
    CU_ASSERT_EQUAL(net_packet_hops(lab.net), 6);
    lab_close(&lab);
}

static void test_infinite_rate(void)
{
    struct lab lab;
    struct log log = {.lab = &lab};
    struct link_config config = lab_link(0, 5 * MS);

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 2, &config);
    udp_bind(lab.net, 2, 9, &log, log_received);
    udp_bind(lab.net, 0, 9, &log, log_received);
    for (uint32_t i = 0; i < 100; i++)
        send_number(&lab, 0, 2, i, 1000);
    send_number(&lab, 0, 0, 100, 60000); /* by the loopback, unfragmented and at once */
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(log.count, 101);
    CU_ASSERT_EQUAL(log.number[0], 100);
    CU_ASSERT_EQUAL(log.at_ns[0], 0);
    for (uint32_t i = 1; i <= 100; i++)
        CU_ASSERT_TRUE(log.number[i] == i - 1 && log.at_ns[i] == 10 * MS);
    lab_close(&lab);
}

/* ---- The order is that of one event a packet ---- */

/* The plainest link: every packet has an event of its own. */
struct plain_link {
    int64_t free_ns, transmission_ns, propagation_ns;
    struct plain_link *next; /* NULL: the packet has arrived */
    struct log *log;
};

struct plain_packet {
    uint32_t number;
    struct plain_link *link;
};

static void plain_arrive(struct engine *engine, void *context);

static void plain_send(struct engine *engine, struct plain_packet *packet)
{
    struct plain_link *link = packet->link;
    int64_t start = link->free_ns > engine->now_ns ? link->free_ns : engine->now_ns;

    link->free_ns = start + link->transmission_ns;
    engine_at(engine, link->free_ns + link->propagation_ns, packet, plain_arrive);
}

static void plain_arrive(struct engine *engine, void *context)
{
    struct plain_packet *packet = context;
    struct log *log = packet->link->log;

    packet->link = packet->link->next;
    if (packet->link) {
        plain_send(engine, packet);
        return;
    }
    log->number[log->count] = packet->number;
    log->at_ns[log->count++] = engine->now_ns;
}

/* Three sources whose packets meet at one router and go on over one link; every time is a small multiple of 10 us. */
enum { SOURCES = 3, PACKETS = 1200 };

struct tie {
    struct lab *lab; /* NULL: the plain reference */
    uint32_t number, source;
    struct plain_packet packet;
};

static void tie_send(struct engine *engine, void *context)
{
    struct tie *tie = context;

    if (tie->lab)
        send_number(tie->lab, tie->source, SOURCES + 1, tie->number, 83); /* 125 bytes: 10 us at 100 Mbit/s */
    else
        plain_send(engine, &tie->packet);
}

static void ties_plan(struct engine *engine, struct tie *ties, struct lab *lab, struct plain_link *links)
{
    uint64_t state = 1;

    for (uint32_t i = 0; i < PACKETS; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        uint32_t source = (uint32_t)(state >> 33) % SOURCES;
        int64_t at_ns = (int64_t)((state >> 40) % 400) * 10 * US;

        ties[i] = (struct tie){lab, i, source, {i, links ? &links[source] : NULL}};
        engine_at(engine, at_ns, &ties[i], tie_send);
    }
}

static void run_ties(bool is_order_free)
{
    static struct tie ties[PACKETS];
    static struct log ours, plain;
    static const int64_t propagations[] = {0, 20 * US, 50 * US};
    struct plain_link links[SOURCES + 1];
    struct lab lab;
    struct engine engine;

    lab_open(&lab, 16 * MIB, 0, NULL);
    memset(&ours, 0, sizeof(ours));
    memset(&plain, 0, sizeof(plain));
    ours.lab = &lab;
    for (uint32_t i = 0; i < SOURCES + 2; i++)
        net_add_node(lab.net, &(struct node_config){.name = "node", .address = i + 1});
    for (uint32_t i = 0; i <= SOURCES; i++) {
        int64_t propagation = i < SOURCES ? propagations[i] : 30 * US;
        struct link_config config = lab_link(100 * 1000 * 1000, propagation);

        config.is_order_free = is_order_free;
        net_join(lab.net, i, i < SOURCES ? SOURCES : SOURCES + 1, &config, &config);
        links[i] = (struct plain_link){0, 10 * US, propagation, i < SOURCES ? &links[SOURCES] : NULL, &plain};
    }
    net_build(lab.net);
    udp_bind(lab.net, SOURCES + 1, 9, &ours, log_received);
    ties_plan(&lab.engine, ties, &lab, NULL);
    engine_run(&lab.engine, NULL);
    engine_init(&engine, lab.arena);
    ties_plan(&engine, ties, NULL, links);
    engine_run(&engine, NULL);
    CU_ASSERT_EQUAL(ours.count, PACKETS);
    CU_ASSERT_EQUAL(plain.count, PACKETS);
    CU_ASSERT_EQUAL(memcmp(ours.number, plain.number, sizeof(ours.number)), 0);
    CU_ASSERT_EQUAL(memcmp(ours.at_ns, plain.at_ns, sizeof(ours.at_ns)), 0);
    CU_ASSERT_EQUAL(ours.wrong_sums, 0);
    CU_ASSERT_EQUAL(lab.engine.events_run, engine.events_run);
    lab_close(&lab);
}

static void test_order_with_ties(void)
{
    run_ties(false);
}

static void test_order_with_ties_free(void)
{
    run_ties(true);
}

/* ---- Queues ---- */

static void test_drop_tail(void)
{
    struct lab lab;
    struct log log = {.lab = &lab};
    struct link_config config = lab_link(8 * 1000 * 1000, 1 * MS);

    config.queue_bytes_max = 2000;
    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    udp_bind(lab.net, 1, 9, &log, log_received);
    for (uint32_t i = 0; i < 5; i++)
        send_number(&lab, 0, 1, i, 958); /* 1,000 bytes, 1 ms each: one leaves, two wait, two are dropped */
    CU_ASSERT_EQUAL(net_link(lab.net, 0).dropped_queue, 2);
    net_check(lab.net);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(log.count, 3);
    CU_ASSERT_EQUAL(log.number[2], 2);
    CU_ASSERT_EQUAL(net_link(lab.net, 0).packets, 3);
    CU_ASSERT_EQUAL(net_link(lab.net, 0).bytes, 3000);
    lab_close(&lab);
}

struct burst {
    struct lab *lab;
    uint32_t count;
};

static void burst_send(struct engine *engine, void *context)
{
    struct burst *burst = context;

    (void)engine;
    for (uint32_t i = 0; i < burst->count; i++)
        send_number(burst->lab, 0, 1, 100 + i, 958);
}

static void test_queue_empties_bit_by_bit(void)
{
    struct lab lab;
    struct log log = {.lab = &lab};
    struct link_config config = lab_link(8 * 1000 * 1000, 1 * MS);
    struct burst burst = {&lab, 2};

    config.queue_bytes_max = 2000;
    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    udp_bind(lab.net, 1, 9, &log, log_received);
    for (uint32_t i = 0; i < 3; i++)
        send_number(&lab, 0, 1, i, 958);
    engine_at(&lab.engine, 1 * MS - 1, &burst, burst_send); /* the second still waits: no room */
    engine_at(&lab.engine, 1 * MS, &burst, burst_send);     /* its first bit leaves now: room for one */
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(log.count, 4);
    CU_ASSERT_EQUAL(log.at_ns[3], 4 * MS + 1 * MS);
    CU_ASSERT_EQUAL(net_link(lab.net, 0).dropped_queue, 3);
    lab_close(&lab);
}

/* ---- Chance ---- */

static uint32_t lossy_run_on(struct link_config config, uint32_t pause, struct log *log)
{
    struct lab lab;
    uint32_t dropped;

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    *log = (struct log){.lab = &lab};
    udp_bind(lab.net, 1, 9, log, log_received);
    for (uint32_t i = 0; i < 4000; i++) {
        send_number(&lab, 0, 1, i, 100);
        if (pause)
            send_number(&lab, 1, 0, i, 100); /* the other direction has draws of its own */
    }
    engine_run(&lab.engine, NULL);
    dropped = (uint32_t)net_link(lab.net, 0).dropped_loss;
    CU_ASSERT_EQUAL(log->count + dropped, 4000);
    CU_ASSERT_EQUAL(log->wrong_sums, 0);
    lab_close(&lab);
    return dropped;
}

static uint32_t lossy_run(double loss, int64_t jitter_ns, uint32_t pause, struct log *log)
{
    struct link_config config = lab_link(1000 * 1000 * 1000, 1 * MS);

    config.loss = loss;
    config.jitter_ns = jitter_ns;
    return lossy_run_on(config, pause, log);
}

static void test_loss_share_and_address(void)
{
    static struct log first, second;
    uint32_t dropped = lossy_run(0.1, 0, 0, &first);

    /* 4,000 draws of 0.1: mean 400, standard deviation 19 */
    CU_ASSERT_TRUE(dropped > 400 - 95 && dropped < 400 + 95);
    CU_ASSERT_EQUAL(lossy_run(0.1, 0, 1, &second), dropped);
    CU_ASSERT_EQUAL(memcmp(first.number, second.number, sizeof(first.number)), 0);
}

/* Runs of losses, counted from what is missing of 20,000 packets. */
static void count_runs(double loss, double burst, double *share, double *mean_run)
{
    struct lab lab;
    static struct log log;
    struct link_config config = lab_link(1000 * 1000 * 1000, 1 * MS);
    uint32_t packets = 20000, lost = 0, runs = 0;
    bool was_lost = false;

    config.loss = loss;
    config.loss_burst = burst;
    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    log = (struct log){.lab = &lab};
    udp_bind(lab.net, 1, 9, &log, log_received);
    for (uint32_t i = 0; i < packets; i++) {
        uint64_t before = net_link(lab.net, 0).dropped_loss;

        send_number(&lab, 0, 1, i, 100);
        bool is_lost = net_link(lab.net, 0).dropped_loss > before;

        lost += is_lost;
        runs += is_lost && !was_lost;
        was_lost = is_lost;
    }
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(log.count + lost, packets);
    lab_close(&lab);
    *share = (double)lost / packets;
    *mean_run = (double)lost / runs;
}

static void test_losses_come_in_runs(void)
{
    double share, run;

    /* Independent: a run has 1 / (1 - p) packets. Gilbert: as many as asked for. 200 runs or more: within a fifth. */
    count_runs(0.1, 0, &share, &run);
    CU_ASSERT_TRUE(share > 0.09 && share < 0.11);
    CU_ASSERT_TRUE(run > 1.05 && run < 1.17);
    count_runs(0.1, 8, &share, &run);
    CU_ASSERT_TRUE(share > 0.08 && share < 0.12);
    CU_ASSERT_TRUE(run > 6.4 && run < 9.6);
    count_runs(1, 8, &share, &run);
    CU_ASSERT_EQUAL(share, 1);
}

static void test_jitter_keeps_order(void)
{
    static struct log log;
    uint32_t different = 0;

    CU_ASSERT_EQUAL(lossy_run(0, 300 * US, 0, &log), 0);
    for (uint32_t i = 0; i < log.count; i++) {
        int64_t released = (int64_t)(i + 1) * 142 * 8;
        int64_t way = log.at_ns[i] - released;

        CU_ASSERT_TRUE(log.number[i] == i && way >= 1 * MS && way <= 1 * MS + 300 * US);
        CU_ASSERT_TRUE(i == 0 || log.at_ns[i] >= log.at_ns[i - 1]);
        different += i > 0 && log.at_ns[i] != log.at_ns[i - 1];
    }
    CU_ASSERT_TRUE(different > 10);
}

/* Where the draws let nobody overtake, with losses among them, both kinds of link tell the same. */
static void test_kinds_of_link_agree(void)
{
    static struct log kept, free;
    struct link_config config = lab_link(1000 * 1000 * 1000, 1 * MS);

    config.loss = 0.1;
    config.jitter_ns = 1136; /* 142 bytes take 1,136 ns: whoever is sent later comes later */
    uint32_t dropped = lossy_run_on(config, 1, &kept);

    config.is_order_free = true;
    CU_ASSERT_EQUAL(lossy_run_on(config, 1, &free), dropped);
    CU_ASSERT_EQUAL(kept.count, free.count);
    CU_ASSERT_EQUAL(memcmp(kept.number, free.number, sizeof(kept.number)), 0);
    CU_ASSERT_EQUAL(memcmp(kept.at_ns, free.at_ns, sizeof(kept.at_ns)), 0);
}

static int ascending(const void *a, const void *b)
{
    const int64_t *first = a, *second = b;

    return (*first > *second) - (*first < *second);
}

/* Each packet comes when its own draw says; the order is what follows from that. */
static void test_jitter_frees_order(void)
{
    static struct log log;
    static int64_t sorted[4000];
    struct link_config config = lab_link(1000 * 1000 * 1000, 1 * MS);
    uint32_t overtakes = 0;
    double sum_ns = 0;

    config.jitter_ns = 300 * US;
    config.is_order_free = true;
    CU_ASSERT_EQUAL(lossy_run_on(config, 0, &log), 0);
    for (uint32_t i = 0; i < log.count; i++) {
        int64_t released = ((int64_t)log.number[i] + 1) * 142 * 8;
        int64_t way = log.at_ns[i] - released;

        CU_ASSERT_TRUE(way >= 1 * MS && way <= 1 * MS + 300 * US);
        sum_ns += (double)(way - 1 * MS);
        overtakes += i > 0 && log.number[i] < log.number[i - 1];
    }
    memcpy(sorted, log.at_ns, sizeof(sorted));
    qsort(sorted, 4000, sizeof(sorted[0]), ascending);
    CU_ASSERT_EQUAL(memcmp(sorted, log.at_ns, sizeof(sorted)), 0);
    /* 4,000 uniform draws: mean 150 us, standard error 1.4 us; nearly half of the neighbours change places */
    CU_ASSERT_TRUE(sum_ns / 4000 > 143e3 && sum_ns / 4000 < 157e3);
    CU_ASSERT_TRUE(overtakes > 1500 && overtakes < 2500);
}

/* ---- Routes ---- */

/* 1,000 bytes take 0.8 ms at 10 Mbit/s. */
static void test_promotion(void)
{
    struct lab lab;
    struct log there = {.lab = &lab}, back = {.lab = &lab};
    struct link_config config = lab_link(10 * 1000 * 1000, 7 * MS);

    config.promotion_ns = 100 * MS;
    config.idle_ns = 1 * SECOND;
    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    udp_bind(lab.net, 1, 9, &there, log_received);
    udp_bind(lab.net, 0, 9, &back, log_received);
    /* Both ways, what comes first waits for the radio, what comes next for what was before it. */
    send_number(&lab, 0, 1, 1, 958);
    send_number(&lab, 0, 1, 2, 958);
    send_number(&lab, 1, 0, 1, 958);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(there.at_ns[0], 100 * MS + 800 * US + 7 * MS);
    CU_ASSERT_EQUAL(there.at_ns[1], 100 * MS + 1600 * US + 7 * MS);
    CU_ASSERT_EQUAL(back.at_ns[0], 100 * MS + 800 * US + 7 * MS);
    /* Silent since 101.6 ms, for too short a time. */
    engine_at(&lab.engine, 1101600 * US - 1, NULL, nothing_happens);
    engine_run(&lab.engine, NULL);
    send_number(&lab, 1, 0, 2, 958);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(back.at_ns[1], 1101600 * US - 1 + 7800 * US);
    /* Its last bit came in at 1102.4 ms less 1 ns; one second later the radio is idle, for either direction. */
    engine_at(&lab.engine, 2102400 * US - 1, NULL, nothing_happens);
    engine_run(&lab.engine, NULL);
    send_number(&lab, 0, 1, 3, 958);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(there.at_ns[2], 2102400 * US - 1 + 107800 * US);
    send_number(&lab, 0, 1, 4, 958);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(there.at_ns[3], there.at_ns[2] + 7800 * US);
    CU_ASSERT_EQUAL(there.wrong_sums + back.wrong_sums, 0);
    lab_close(&lab);
}

static void test_routes(void)
{
    struct lab lab;
    struct link_config slow = lab_link(0, 10), fast = lab_link(0, 5);

    lab_open(&lab, 16 * MIB, 0, NULL);
    for (uint32_t i = 0; i < 6; i++)
        net_add_node(lab.net, &(struct node_config){.name = "n", .address = i + 1});
    net_join(lab.net, 0, 4, &fast, &fast);
    net_join(lab.net, 4, 3, &fast, &fast);
    net_join(lab.net, 0, 2, &fast, &fast);
    net_join(lab.net, 2, 3, &fast, &fast);
    net_build(lab.net);
    CU_ASSERT_EQUAL(net_route(lab.net, 0, 3)->to, 2); /* as far, as many hops: the lower node */
    CU_ASSERT_EQUAL(net_path_propagation_ns(lab.net, 0, 3), 10);
    CU_ASSERT_PTR_NULL(net_route(lab.net, 0, 5));
    lab_close(&lab);

    lab_open(&lab, 16 * MIB, 0, NULL);
    for (uint32_t i = 0; i < 4; i++)
        net_add_node(lab.net, &(struct node_config){.name = "n", .address = i + 1});
    net_join(lab.net, 0, 1, &fast, &fast);
    net_join(lab.net, 1, 3, &fast, &fast);
    net_join(lab.net, 0, 3, &slow, &slow); /* as far, fewer hops */
    slow.mtu = 600;
    net_join(lab.net, 3, 2, &slow, &slow);
    net_build(lab.net);
    CU_ASSERT_EQUAL(net_route(lab.net, 0, 3)->to, 3);
    CU_ASSERT_EQUAL(net_path_mtu(lab.net, 0, 2), 600);
    CU_ASSERT_EQUAL(net_path_propagation_ns(lab.net, 1, 2), 15);
    CU_ASSERT_EQUAL(net_links(lab.net), 8 + 4);
    CU_ASSERT_EQUAL(net_link(lab.net, 11).config.mtu, 65535);
    lab_close(&lab);
}

static const struct unit_test tests[] = {
    {"a packet takes its serialization and propagation, to the nanosecond", test_one_link_exact},
    {"three links add up and round each for itself", test_three_links_exact},
    {"an infinitely fast link keeps order and never waits", test_infinite_rate},
    {"with ties everywhere the order is that of one event a packet", test_order_with_ties},
    {"where packets may overtake one another each has an event, and ties are resolved alike",
     test_order_with_ties_free},
    {"a full queue drops what comes last", test_drop_tail},
    {"a packet leaves the queue when its first bit leaves", test_queue_empties_bit_by_bit},
    {"loss has its share, and no draw depends on other links", test_loss_share_and_address},
    {"losses come in runs of the length asked for", test_losses_come_in_runs},
    {"jitter stays in its bounds and keeps order", test_jitter_keeps_order},
    {"both kinds of link give the same log for the same arrivals", test_kinds_of_link_agree},
    {"with order free each packet comes when its own draw says", test_jitter_frees_order},
    {"a radio's first packet after silence waits for the promotion, no later one", test_promotion},
    {"routes are the least propagation, then hops, then node number", test_routes},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("link", tests);
}
