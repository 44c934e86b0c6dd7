/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flow_clock.c - what the clock of one tap reads against that of another: for a message from tap 0 to the other tap the
 * difference of the two times is offset plus the way there, for one back it is offset less the way back. No way is
 * negative, so both kinds bound the offset, and with a drift they bound a line. Of all lines the one in the middle of
 * the widest gap is taken: for a given drift the gap is the least difference there less the greatest back, which is
 * concave in the drift, so that halving finds the best. Half of the gap bounds the error.
 */
#include "traces/flow_state.h"
#include "sim/base/units.h"

#include <math.h>
#include <stdlib.h>

#define DRIFT_MAX 1e-3 /* of a clock that is worth correcting */
enum { STEPS = 100, PAIRS_MAX = 20000 };

/* The bounds of the offset for one drift; -INFINITY and INFINITY where a direction has no message. */
static void bounds(const struct flow_pair *pairs, size_t count, double drift, double *lower, double *upper)
{
    *lower = -INFINITY;
    *upper = INFINITY;
    for (size_t i = 0; i < count; i++) {
        double difference =
            (double)(pairs[i].far_ns - pairs[i].near_ns) - drift * (double)(pairs[i].near_ns - pairs[0].near_ns);

        if (pairs[i].is_there)
            *upper = fmin(*upper, difference);
        else
            *lower = fmax(*lower, difference);
    }
}

static double gap(const struct flow_pair *pairs, size_t count, double drift)
{
    double lower, upper;

    bounds(pairs, count, drift, &lower, &upper);
    return upper - lower;
}

/* The drift of the widest gap. */
static double best_drift(const struct flow_pair *pairs, size_t count)
{
    double low = -DRIFT_MAX, high = DRIFT_MAX;

    for (int i = 0; i < STEPS; i++) {
        double left = low + (high - low) / 3, right = high - (high - low) / 3;

        if (gap(pairs, count, left) < gap(pairs, count, right))
            low = left;
        else
            high = right;
    }
    return (low + high) / 2;
}

struct flow_clock flow_clock_fit(const struct flow_pair *pairs, size_t count)
{
    struct flow_clock clock = {.is_known = false};
    double lower, upper;

    for (size_t i = 0; i < count; i++) {
        clock.there += pairs[i].is_there;
        clock.back += !pairs[i].is_there;
    }
    if (count == 0)
        return clock;
    bool is_both = clock.there > 1 && clock.back > 1;

    clock.is_known = clock.there > 0 && clock.back > 0;
    clock.of_ns = pairs[0].near_ns;
    clock.drift = is_both ? best_drift(pairs, count) : 0;
    bounds(pairs, count, clock.drift, &lower, &upper);
    if (!clock.is_known) { /* one direction only: taken as if the fastest message took no time, and said so */
        clock.offset_ns = clock.there > 0 ? upper : lower;
        clock.bound_ns = INFINITY;
        return clock;
    }
    clock.offset_ns = (lower + upper) / 2;
    clock.bound_ns = fabs(upper - lower) / 2;
    clock.is_impossible = upper < lower;
    return clock;
}

/* Which host a tap is at: the one that most of its messages begin or end at. */
static struct endpoint host_of_tap(const struct flow *flow, uint16_t tap)
{
    struct candidate {
        struct endpoint host;
        size_t count;
    } candidates[64] = {0};
    size_t used = 0, best = 0;

    for (size_t i = 0; i < flow->trace->count; i++) {
        const struct trace_message *message = &flow->messages[i];
        const struct endpoint *ends[] = {&message->from, &message->to};

        for (size_t end = 0; message->tap == tap && end < 2; end++) {
            size_t at = 0;

            while (at < used && !endpoint_same_host(&candidates[at].host, ends[end]))
                at++;
            if (at == used && used < 64)
                candidates[used++].host = *ends[end];
            if (at < used && ++candidates[at].count > candidates[best].count)
                best = at;
        }
    }
    return candidates[best].host;
}

static uint64_t sighting_key(const struct trace_message *message)
{
    uint64_t key = flow_mix(endpoint_hash(&message->from), endpoint_hash(&message->to));

    key = flow_mix_text(flow_mix_text(key, message->kind), message->branch);
    key = flow_mix(flow_mix_text(key, message->call_id), (uint64_t)message->cseq << 32 | message->hop_by_hop);
    return flow_mix_text(flow_mix_text(key, message->transaction), message->to_tag);
}

static void fit_tap(struct flow *flow, const struct flow_index *index, uint16_t tap, struct flow_pair *pairs)
{
    struct endpoint near = host_of_tap(flow, 0), far = host_of_tap(flow, tap);
    size_t count = 0;

    for (size_t i = 0; i < flow->trace->count && count < PAIRS_MAX; i++) {
        const struct trace_message *message = &flow->messages[i];
        size_t other = SIZE_MAX;

        if (message->tap != tap || message->protocol == TRACE_TLS)
            continue;
        do
            other = flow_index_next(index, sighting_key(message), other);
        while (other != SIZE_MAX && flow->messages[other].tap != 0);
        if (other == SIZE_MAX)
            continue;
        /* Towards the far tap's host, or away from the near one's: there. */
        bool is_there = endpoint_same_host(&message->to, &far) || endpoint_same_host(&message->from, &near);
        bool is_back = endpoint_same_host(&message->from, &far) || endpoint_same_host(&message->to, &near);

        if (is_there == is_back)
            continue;
        pairs[count++] = (struct flow_pair){flow->messages[other].first_ns, message->first_ns, is_there};
    }
    flow->clocks[tap] = flow_clock_fit(pairs, count);
}

void flow_fit_clocks(struct flow *flow)
{
    struct flow_pair *pairs = calloc(PAIRS_MAX, sizeof(*pairs));
    struct flow_index index = {0};

    flow->clocks[0].is_known = true;
    if (pairs && flow->trace->tap_count > 1 && flow_index_init(&index, flow->trace->count)) {
        for (size_t i = 0; i < flow->trace->count; i++)
            flow_index_add(&index, sighting_key(&flow->messages[i]), i);
        for (uint16_t tap = 1; tap < flow->trace->tap_count && tap < FLOW_TAPS_MAX; tap++)
            fit_tap(flow, &index, tap, pairs);
    }
    flow_index_free(&index);
    free(pairs);
}

static int64_t corrected(const struct flow *flow, uint16_t tap, int64_t at_ns)
{
    const struct flow_clock *clock = &flow->clocks[tap < FLOW_TAPS_MAX ? tap : 0];
    double near = (double)(at_ns - clock->of_ns) - clock->offset_ns;

    if (tap == 0 || tap >= FLOW_TAPS_MAX || (clock->offset_ns == 0 && clock->drift == 0))
        return at_ns;
    return clock->of_ns + (int64_t)llround(near / (1 + clock->drift));
}

int64_t flow_first_ns(const struct flow *flow, size_t message)
{
    return corrected(flow, flow->messages[message].tap, flow->messages[message].first_ns);
}

int64_t flow_last_ns(const struct flow *flow, size_t message)
{
    return corrected(flow, flow->messages[message].tap, flow->messages[message].last_ns);
}
