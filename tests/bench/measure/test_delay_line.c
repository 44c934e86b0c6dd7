/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When frames leave the delay box: alone, in a row, and with a token bucket behind it as a link would send them. */
#include "bench/measure/delay_line.h"
#include "tests/unit.h"

#include <string.h>

enum { FRAMES = 4000, LONGEST = 1514 };

static const uint64_t rate_bps = 10000000, queue_bytes = 40000;

static int64_t bits(uint64_t size)
{
    return (int64_t)(size * 8 * 1000000000 / rate_bps);
}

static void waits_for_its_bits_and_the_delay(void)
{
    struct delay_line line = {.delay_ns = 5000000, .rate_bps = rate_bps, .queue_bytes = queue_bytes};

    CU_ASSERT_EQUAL(delay_line_due(&line, 1000, 100), 1000 + bits(100) + 5000000);
    CU_ASSERT_EQUAL(delay_line_due(&line, 90000000, LONGEST), 90000000 + bits(LONGEST) + 5000000);
}

static void no_frame_overtakes(void)
{
    struct delay_line line = {.delay_ns = 5000000, .rate_bps = rate_bps, .queue_bytes = queue_bytes};
    struct delay_line bare = {.delay_ns = 5000000};
    int64_t before_ns = delay_line_due(&line, 0, LONGEST);

    CU_ASSERT(delay_line_due(&line, 1000, 66) >= before_ns);
    CU_ASSERT_EQUAL(delay_line_due(&bare, 2000, LONGEST), 5002000);
    CU_ASSERT_EQUAL(delay_line_due(&bare, 1900, 66), 5002000); /* a clock that was set back */
}

/* A frame's way: when it came, its size, and when its last bit was sent; -1: dropped. */
struct way {
    int64_t seen_ns, sent_ns;
    uint64_t size;
};

/* Bursts of long, short and middling frames, twice what the link can send for a while and then silence. */
static void make_frames(struct way *ways, bool is_mixed)
{
    uint32_t random = 1;
    int64_t at_ns = 0;

    for (int i = 0; i < FRAMES; i++) {
        random = random * 1664525 + 1013904223;
        uint64_t size = !is_mixed || random >> 31 ? LONGEST : random >> 30 ? 549 : 66;

        at_ns += i % 400 > 300 ? 3 * bits(LONGEST) : (int64_t)(random >> 8 & 0xfffff) * bits(LONGEST) / 0xfffff;
        ways[i] = (struct way){.seen_ns = at_ns, .size = size};
    }
}

/* A link: what waits for its first bit to leave counts against the queue. */
static void send_by_link(struct way *ways)
{
    int64_t free_ns = 0;

    for (int i = 0; i < FRAMES; i++) {
        uint64_t waiting = 0;

        for (int k = 0; k < i; k++)
            if (ways[k].sent_ns - bits(ways[k].size) > ways[i].seen_ns)
                waiting += ways[k].size;
        ways[i].sent_ns = -1;
        if (free_ns > ways[i].seen_ns && waiting + ways[i].size > queue_bytes)
            continue;
        free_ns = (free_ns > ways[i].seen_ns ? free_ns : ways[i].seen_ns) + bits(ways[i].size);
        ways[i].sent_ns = free_ns;
    }
}

/* Linux' tbf behind the box: bits collect up to a longest frame; what waits for them counts against the queue. */
static void send_by_bucket(struct way *ways)
{
    struct delay_line line = {.rate_bps = rate_bps, .queue_bytes = queue_bytes};
    int64_t empty_ns = -bits(LONGEST), last_ns = 0;

    for (int i = 0; i < FRAMES; i++) {
        int64_t here_ns = delay_line_due(&line, ways[i].seen_ns, ways[i].size);
        uint64_t waiting = 0;

        for (int k = 0; k < i; k++)
            if (ways[k].sent_ns > here_ns)
                waiting += ways[k].size;
        ways[i].sent_ns = -1;
        int64_t start_ns = here_ns > last_ns ? here_ns : last_ns;

        if (start_ns < empty_ns + bits(ways[i].size))
            start_ns = empty_ns + bits(ways[i].size);
        if (start_ns > here_ns && waiting + ways[i].size > queue_bytes)
            continue;
        if (empty_ns < start_ns - bits(LONGEST))
            empty_ns = start_ns - bits(LONGEST);
        empty_ns += bits(ways[i].size);
        ways[i].sent_ns = last_ns = start_ns;
    }
}

/* What becomes of the same frames on a link and behind the box. */
struct compared {
    int dropped, dropped_behind, differ, late;
};

static struct compared compare(bool is_mixed)
{
    static struct way link[FRAMES], bucket[FRAMES];
    struct compared result = {0};

    make_frames(link, is_mixed);
    memcpy(bucket, link, sizeof(link));
    send_by_link(link);
    send_by_bucket(bucket);
    for (int i = 0; i < FRAMES; i++) {
        bool is_dropped = link[i].sent_ns < 0, is_dropped_behind = bucket[i].sent_ns < 0;

        result.dropped += is_dropped;
        result.dropped_behind += is_dropped_behind;
        result.differ += is_dropped != is_dropped_behind;
        result.late += !is_dropped && bucket[i].sent_ns > link[i].sent_ns + bits(LONGEST);
    }
    return result;
}

static void with_a_bucket_it_is_a_link(void)
{
    struct compared result = compare(false);

    CU_ASSERT(result.dropped > FRAMES / 50);
    CU_ASSERT_EQUAL(result.differ, 0);
    CU_ASSERT_EQUAL(result.late, 0);
}

static void frames_of_all_lengths(void)
{
    struct compared result = compare(true);

    CU_ASSERT(result.dropped > FRAMES / 50);
    CU_ASSERT(abs(result.dropped_behind - result.dropped) * 50 <= result.dropped);
    CU_ASSERT_EQUAL(result.late, 0);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a frame waits for its own bits and the delay", waits_for_its_bits_and_the_delay},
        {"no frame overtakes one before it", no_frame_overtakes},
        {"with a token bucket behind it the box is a link", with_a_bucket_it_is_a_link},
        {"which drops as many of frames of all lengths", frames_of_all_lengths},
        {NULL, NULL},
    };

    return unit_run("delay line", tests);
}
