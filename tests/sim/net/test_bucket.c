/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A link with a token bucket at its end. */
#include "tests/sim/net/link_log.h"

/* Tokens counted one by one as Linux' tbf does: they come at the link's rate, no more than the bucket holds; a packet
 * that finds enough, and nobody before it, comes out. In bits times a second's nanoseconds. */
struct tokens {
    int64_t level, most, at_ns;
    int64_t rate_bps;
};

static int64_t tokens_take(struct tokens *tokens, int64_t now_ns, int64_t bytes)
{
    int64_t start_ns = now_ns > tokens->at_ns ? now_ns : tokens->at_ns;
    int64_t wanted = bytes * 8 * SECOND;

    tokens->level += (start_ns - tokens->at_ns) * tokens->rate_bps;
    tokens->level = tokens->level < tokens->most ? tokens->level : tokens->most;
    tokens->at_ns = start_ns;
    if (tokens->level < wanted) {
        int64_t wait_ns = (wanted - tokens->level) / tokens->rate_bps;

        tokens->level += wait_ns * tokens->rate_bps;
        tokens->at_ns += wait_ns;
    }
    tokens->level -= wanted;
    return tokens->at_ns;
}

struct bucket_packet {
    struct lab *lab;
    uint32_t number, size;
};

static void bucket_send(struct engine *engine, void *context)
{
    struct bucket_packet *packet = context;

    (void)engine;
    send_number(packet->lab, 0, 1, packet->number, packet->size);
}

static void test_bucket(void)
{
    enum { COUNT = 2000, RATE = 10 * 1000 * 1000, DEPTH = 3125 };
    static struct bucket_packet packets[COUNT];
    static int64_t expected_ns[COUNT];
    struct lab lab;
    struct log log = {.lab = &lab};
    struct link_config config = lab_link(RATE, 3 * MS);
    struct tokens tokens = {.level = DEPTH * 8 * SECOND, .most = DEPTH * 8 * SECOND, .rate_bps = RATE};
    int64_t at_ns = 0, at_once = 0;
    uint32_t random = 7;

    config.burst_bytes = DEPTH;
    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    udp_bind(lab.net, 1, 9, &log, log_received);
    for (uint32_t i = 0; i < COUNT; i++) {
        random = random * 1664525 + 1013904223;
        packets[i] = (struct bucket_packet){&lab, i, random >> 31 ? 1472 : random >> 24};
        at_ns += i % 20 == 0 ? 20 * MS : (random >> 8 & 0xff) * US;
        engine_at(&lab.engine, at_ns, &packets[i], bucket_send);
        int64_t bytes = packets[i].size + 28 + 14;
        int64_t end_ns = tokens_take(&tokens, at_ns + bytes * 800, bytes);

        at_once += end_ns == at_ns + bytes * 800;
        expected_ns[i] = end_ns + 3 * MS;
    }
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(log.count, COUNT);
    for (uint32_t i = 0; i < COUNT; i++)
        CU_ASSERT_TRUE(log.number[i] == i && log.at_ns[i] == expected_ns[i]);
    CU_ASSERT(at_once > COUNT / 20 && at_once < COUNT / 2);
    CU_ASSERT_EQUAL(log.wrong_sums, 0);
    lab_close(&lab);
}

/* What has not begun counts against the queue: of five packets the bucket lets two go at once and two may wait. */
static void test_bucket_drops(void)
{
    struct lab lab;
    struct log log = {.lab = &lab};
    struct link_config config = lab_link(10 * 1000 * 1000, 0);

    config.burst_bytes = 2 * 1514;
    config.queue_bytes_max = 2 * 1514;
    lab_open(&lab, 16 * MIB, 0, NULL);
    lab_chain(&lab, 1, &config);
    udp_bind(lab.net, 1, 9, &log, log_received);
    for (uint32_t i = 0; i < 5; i++)
        send_number(&lab, 0, 1, i, 1472);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(log.count, 4);
    CU_ASSERT_EQUAL(log.at_ns[1], 1514 * 800);
    CU_ASSERT_EQUAL(log.at_ns[3], 3 * 1514 * 800);
    CU_ASSERT_EQUAL(net_link(lab.net, 0).dropped_queue, 1);
    lab_close(&lab);
}

static const struct unit_test tests[] = {
    {"a token bucket lets go what it has tokens for", test_bucket},
    {"behind a token bucket a queue drops what it has no room for", test_bucket_drops},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("bucket", tests);
}
