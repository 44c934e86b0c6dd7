/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/measured_plan.h"
#include "sim/base/units.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Times of one transfer beside those of rate and distance, as seen: its processes begin and end; and a point's network.
 */
static const int64_t transfer_ns = 60 * MS, point_ns = 300 * MS;

/* An arm and the longest file that is sent by it. */
static const struct plan_arm {
    const char *name;
    uint64_t bytes_max;
} plan_arms[] = {
    {"msrp-plain", 10 * MIB}, {"msrp-smime", 10 * MIB},   {"msrp-relay-plain", 10 * MIB},
    {"msrp-relay", 10 * MIB}, {"message-tls", 100 * KIB},
};
static const uint64_t sizes[] = {10 * KIB, 100 * KIB, MIB, 10 * MIB};
static const uint64_t rates[] = {10000000, 100000000};
static const int64_t rtts[] = {0, 20 * MS};
static const uint32_t relays[] = {1, 3, 5};

struct plan_filling {
    struct measured_plan *plan;
    uint64_t every, seen;
};

static void add_point(struct plan_filling *filling, const struct measured_point *point)
{
    if (filling->seen++ % filling->every == 0)
        filling->plan->points[filling->plan->count++] = *point;
}

/* The numbers of relays that an arm has at a size, rate and distance: those that go without have one point. */
static void add_points(struct plan_filling *filling, struct measured_point point)
{
    for (size_t i = 0; i < COUNT(plan_arms); i++) {
        if (point.size_bytes > plan_arms[i].bytes_max)
            continue;
        point.arm = arm_find(span_of(plan_arms[i].name));
        bool has_relays = point.arm->path == PATH_RELAYS || point.arm->path == PATH_B2BUAS;

        for (size_t k = 0; k < (has_relays ? COUNT(relays) : 1); k++) {
            point.relays = has_relays ? relays[k] : 0;
            add_point(filling, &point);
        }
    }
}

void measured_plan_make(struct measured_plan *plan, uint64_t every)
{
    struct plan_filling filling = {plan, every, 0};

    plan->count = 0;
    for (size_t size = 0; size < COUNT(sizes); size++)
        for (size_t rate = 0; rate < COUNT(rates); rate++)
            for (size_t rtt = 0; rtt < COUNT(rtts); rtt++)
                add_points(&filling, (struct measured_point){
                                         .size_bytes = sizes[size], .rate_bps = rates[rate], .rtt_ns = rtts[rtt]});
}

bool measured_plan_takes_turns(const struct measured_point *point)
{
    return point->rtt_ns == 0 && point->size_bytes <= 100 * KIB;
}

int64_t measured_plan_time_ns(const struct measured_point *point, uint64_t repeat)
{
    int64_t bits_ns = point->rate_bps ? (int64_t)(point->size_bytes * 8 * 1050 / (point->rate_bps / 1000000)) : 10 * MS;
    int64_t trips = 5 + point->relays;

    /* One MESSAGE is under way at a time, of some 800 B of the file. */
    if (point->arm->carrier == CARRIER_MESSAGE)
        trips += (int64_t)(point->size_bytes / 800);
    return (int64_t)repeat * (bits_ns + trips * (point->rtt_ns + MS) + transfer_ns) + point_ns;
}
