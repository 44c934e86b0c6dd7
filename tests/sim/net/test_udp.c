/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Datagrams: fragments, loss of one, recycling. */
#include "tests/sim/net/lab.h"

struct taker {
    struct lab *lab;
    uint32_t count;
    uint32_t size;
    uint32_t slices;
    uint16_t from_port;
    uint32_t from_node;
    struct cause cause;
    int64_t at_ns;
    char bytes[65536];
};

static void taker_received(void *context, const struct datagram *datagram, const struct cause *cause)
{
    struct taker *taker = context;
    uint32_t at = 0;

    taker->count++;
    taker->size = datagram->size;
    taker->slices = datagram->slice_count;
    taker->from_port = datagram->from_port;
    taker->from_node = datagram->from_node;
    taker->cause = *cause;
    taker->at_ns = taker->lab->engine.now_ns;
    for (uint32_t i = 0; i < datagram->slice_count; i++) {
        slice_read(datagram->slices[i], 0, taker->bytes + at, datagram->slices[i].length);
        at += (uint32_t)datagram->slices[i].length;
    }
    CU_ASSERT_EQUAL(at, datagram->size);
}

static void send_pattern(struct lab *lab, uint32_t to, uint32_t size)
{
    struct cause cause = {.transfer = 1};
    struct slice slice = {&source_pattern, 0, size};

    cause.parts.ns[PART_PROCESSING] = lab->engine.now_ns;
    udp_send(lab->net, 0, 5060, to, 5060, &slice, size ? 1 : 0, &cause, NULL);
}

static void test_sizes(void)
{
    static struct taker taker;
    static char expected[65536];
    static const struct {
        uint32_t size, packets;
    } rows[] = {{0, 1}, {1, 1}, {1472, 1}, {1473, 2}, {2952, 2}, {2953, 3}, {65507, 45}};
    struct lab lab;
    struct link_config config = lab_link(100 * 1000 * 1000, 1 * MS);

    source_pattern.read(&source_pattern, 0, expected, sizeof(expected));
    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    memset(&taker, 0, sizeof(taker));
    taker.lab = &lab;
    udp_bind(lab.net, 1, 5060, &taker, taker_received);
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t before = net_packet_hops(lab.net);

        send_pattern(&lab, 1, rows[i].size);
        engine_run(&lab.engine, NULL);
        CU_ASSERT_EQUAL(taker.count, i + 1);
        CU_ASSERT_EQUAL(taker.size, rows[i].size);
        CU_ASSERT_EQUAL(net_packet_hops(lab.net) - before, rows[i].packets);
        CU_ASSERT_EQUAL(memcmp(taker.bytes, expected, rows[i].size), 0);
        CU_ASSERT_EQUAL(parts_total(&taker.cause.parts), taker.at_ns);
        CU_ASSERT_EQUAL(taker.cause.parts.ns[PART_QUEUEING], 0);
    }
    CU_ASSERT_EQUAL(taker.from_port, 5060);
    CU_ASSERT_EQUAL(taker.from_node, 0);
    lab_close(&lab);
}

static void test_fragment_times(void)
{
    static struct taker taker;
    struct lab lab;
    struct link_config config = lab_link(8 * 1000 * 1000, 1 * MS);

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    memset(&taker, 0, sizeof(taker));
    taker.lab = &lab;
    udp_bind(lab.net, 1, 5060, &taker, taker_received);
    send_pattern(&lab, 1, 3000);
    engine_run(&lab.engine, NULL);
    /* 3,008 bytes of IP payload as 1,480 + 1,480 + 48, each with 20 + 14 bytes around it, 1 us a byte */
    CU_ASSERT_EQUAL(taker.at_ns, (3008 + 3 * 34) * US + 1 * MS);
    CU_ASSERT_EQUAL(taker.cause.parts.ns[PART_TRANSMISSION], (3008 + 3 * 34) * US);
    CU_ASSERT_EQUAL(taker.cause.parts.ns[PART_PROPAGATION], 1 * MS);
    CU_ASSERT_EQUAL(net_layers(lab.net).payload_bytes, 3000);
    lab_close(&lab);
}

static void test_routers_fragment_again(void)
{
    static struct taker taker;
    static char expected[4000];
    struct lab lab;
    struct link_config wide = lab_link(100 * 1000 * 1000, 1 * MS), narrow = wide;

    narrow.mtu = 604; /* 584 bytes of payload, a multiple of 8 */
    source_pattern.read(&source_pattern, 0, expected, sizeof(expected));
    lab_open(&lab, 16 * MIB, 0, NULL);
    for (uint32_t i = 0; i < 4; i++)
        net_add_node(lab.net, &(struct node_config){.name = "n", .address = i + 1});
    net_join(lab.net, 0, 1, &wide, &wide);
    net_join(lab.net, 1, 2, &narrow, &narrow);
    net_join(lab.net, 2, 3, &wide, &wide);
    net_build(lab.net);
    memset(&taker, 0, sizeof(taker));
    taker.lab = &lab;
    udp_bind(lab.net, 3, 5060, &taker, taker_received);
    send_pattern(&lab, 3, 4000);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(taker.count, 1);
    CU_ASSERT_EQUAL(memcmp(taker.bytes, expected, sizeof(expected)), 0);
    /* 4,008 = 1,480 + 1,480 + 1,048; each of them in 3, 3 and 2 on the narrow link, put together only at the end */
    CU_ASSERT_EQUAL(net_link(lab.net, 0).packets, 3);
    CU_ASSERT_EQUAL(net_link(lab.net, 2).packets, 8);
    CU_ASSERT_EQUAL(net_link(lab.net, 4).packets, 8);
    CU_ASSERT_EQUAL(net_layers(lab.net).payload_bytes, 3 * 4000);
    lab_close(&lab);
}

static void test_spool_slices_are_copied(void)
{
    static struct taker taker;
    struct lab lab;
    struct rope rope;
    struct link_config config = lab_link(100 * 1000 * 1000, 1 * MS);
    struct cause cause = {0};
    struct slice slices[3];

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    memset(&taker, 0, sizeof(taker));
    taker.lab = &lab;
    udp_bind(lab.net, 1, 5060, &taker, taker_received);
    rope_init(&rope, lab.arena);
    rope_append_bytes(&rope, "INVITE ", 7);
    slices[0] = rope_slice(&rope, 0);
    slices[1] = (struct slice){&source_pattern, 4, 4};
    slices[2] = slices[0];
    udp_send(lab.net, 0, 1, 1, 5060, slices, 3, &cause, NULL);
    rope_release(&rope, 7);
    for (int i = 0; i < 1000; i++)
        rope_append_bytes(&rope, "XXXXXXX", 7);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(taker.size, 18);
    CU_ASSERT_EQUAL(memcmp(taker.bytes, "INVITE 0000INVITE ", 18), 0);
    lab_close(&lab);
}

static void test_one_lost_fragment_loses_all(void)
{
    static struct taker taker;
    struct lab lab;
    struct link_config config = lab_link(100 * 1000 * 1000, 1 * MS);

    config.queue_bytes_max = 2 * 1514; /* the fourth of four fragments does not fit */
    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    memset(&taker, 0, sizeof(taker));
    taker.lab = &lab;
    udp_bind(lab.net, 1, 5060, &taker, taker_received);
    send_pattern(&lab, 1, 5000);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(taker.count, 0);
    CU_ASSERT_EQUAL(net_packet_hops(lab.net), 3);
    send_pattern(&lab, 1, 4000);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(taker.count, 1);
    lab_close(&lab);
}

static void test_loss_of_fragments_is_that_of_datagrams(void)
{
    static struct taker taker;
    struct lab lab;
    struct link_config config = lab_link(0, 1 * MS);

    config.loss = 0.1;
    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    memset(&taker, 0, sizeof(taker));
    taker.lab = &lab;
    udp_bind(lab.net, 1, 5060, &taker, taker_received);
    for (int i = 0; i < 5000; i++) {
        send_pattern(&lab, 1, 4000);
        engine_run(&lab.engine, NULL);
    }
    /* 0.9^3 of 5,000: mean 3,645, standard deviation 31.4 */
    CU_ASSERT_TRUE(taker.count > 3645 - 157 && taker.count < 3645 + 157);
    lab_close(&lab);
}

static void test_memory_is_recycled(void)
{
    static struct taker taker;
    struct lab lab;
    struct link_config config = lab_link(1000 * 1000 * 1000, 1 * MS);
    size_t used = 0;

    config.loss = 0.05;
    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 2, &config);
    memset(&taker, 0, sizeof(taker));
    taker.lab = &lab;
    udp_bind(lab.net, 2, 5060, &taker, taker_received);
    for (int i = 0; i < 100000; i++) {
        struct cause cause = {0};
        char text[4] = "abc";
        struct source source = source_memory(text);

        source.lasts = false;
        for (uint32_t k = 0; k < 10; k++)
            udp_send(lab.net, 0, 1, 2, 5060, &(struct slice){&source, 0, 3}, 1, &cause, NULL);
        send_pattern(&lab, 2, 3000);
        engine_run(&lab.engine, NULL);
        if (i == 100)
            used = arena_used(lab.arena);
    }
    CU_ASSERT_EQUAL(arena_used(lab.arena), used);
    lab_close(&lab);
}

static void test_unbound_port(void)
{
    struct lab lab;
    struct link_config config = lab_link(0, 1 * MS);

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    send_pattern(&lab, 1, 4000);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(lab.net->unclaimed, 1);
    lab_close(&lab);
}

static void test_free_ports(void)
{
    struct lab lab;
    struct link_config config = lab_link(0, 0);

    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    CU_ASSERT_EQUAL(net_free_port(lab.net, 0), 49152);
    udp_bind(lab.net, 0, 49153, NULL, taker_received);
    CU_ASSERT_EQUAL(net_free_port(lab.net, 0), 49154);
    CU_ASSERT_EQUAL(net_free_port(lab.net, 1), 49152);
    lab_close(&lab);
}

static const struct unit_test tests[] = {
    {"datagrams of every size arrive whole, in as many packets as RFC 791 says", test_sizes},
    {"the sums of a datagram are those of its last fragment, and it does not queue behind itself", test_fragment_times},
    {"a router with a smaller MTU fragments again", test_routers_fragment_again},
    {"slices of a spool are copied when they are sent", test_spool_slices_are_copied},
    {"one lost fragment loses the datagram", test_one_lost_fragment_loses_all},
    {"a datagram of three fragments is lost as often as any of them", test_loss_of_fragments_is_that_of_datagrams},
    {"a million datagrams take no more memory than a thousand", test_memory_is_recycled},
    {"a datagram to a port nobody has bound disappears", test_unbound_port},
    {"free ports count up and leave out those in use", test_free_ports},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("udp", tests);
}
