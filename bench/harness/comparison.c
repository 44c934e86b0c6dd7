/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/comparison.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <math.h>
#include <stdlib.h>

/* Arms whose shares of failures differ by more than this, and significantly, are not ranked. */
#define FAILURES_FORGIVEN 0.01

static bool is_delivered(const struct outcome *outcome)
{
    return outcome->end == OUTCOME_DELIVERED;
}

static double delay_ms(const struct outcome *outcome)
{
    return (double)outcome->delay_ns / MS;
}

static struct comparison_estimate estimate(const struct comparison *comparison, const struct tally *tally)
{
    struct comparison_estimate made = {.count = tally->count, .mean_ms = NAN, .half_ms = NAN};

    if (tally->count > 0) {
        made.mean_ms = tally->mean;
        made.half_ms = comparison->is_exact ? 0 : tally_half_width(tally, COMPARISON_CONFIDENCE);
    }
    return made;
}

bool comparison_is_exact(const struct scenario *scenario)
{
    const struct scenario_link *links[] = {&scenario->access, &scenario->core, &scenario->site,
                                           &scenario->za,     &scenario->s8,   &scenario->loopback};

    for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
        if (links[i]->loss > 0 || links[i]->jitter_ns > 0)
            return false;
    return !(scenario->dwell_spread > 0);
}

void comparison_free(struct comparison *comparison)
{
    free(comparison->outcomes);
    comparison->outcomes = NULL;
}

size_t comparison_find(const struct comparison *comparison, const char *name)
{
    size_t arm = 0;

    while (arm < comparison->arm_count && strcmp(comparison->arms[arm]->name, name) != 0)
        arm++;
    return arm;
}

/* ---- One arm ---- */

static int compare_doubles(const void *a, const void *b)
{
    double first = *(const double *)a;
    double second = *(const double *)b;

    return first < second ? -1 : first > second;
}

/* Few trials do not show a rare event: the quantile is then not known. */
static struct quantile quantile_from(const double *ascending, size_t count, double q, size_t least)
{
    if (count == 0 || count < least)
        return (struct quantile){NAN, NAN, NAN};
    return stats_quantile(ascending, count, q, COMPARISON_CONFIDENCE);
}

static void add_quantiles(const struct comparison *comparison, size_t arm, struct comparison_arm *made)
{
    double *delays = calloc(comparison->trials + 1, sizeof(*delays));

    check(delays);
    for (size_t trial = 0; trial < comparison->trials; trial++) {
        const struct outcome *outcome = comparison_outcome(comparison, arm, trial);

        delays[trial] = is_delivered(outcome) ? delay_ms(outcome) : INFINITY;
    }
    qsort(delays, comparison->trials, sizeof(*delays), compare_doubles);
    made->p50 = quantile_from(delays, comparison->trials, 0.50, 1);
    made->p90 = quantile_from(delays, comparison->trials, 0.90, 1);
    made->p95 = quantile_from(delays, comparison->trials, 0.95, 200);
    made->p99 = quantile_from(delays, comparison->trials, 0.99, 1000);
    free(delays);
}

const char *const comparison_layer_names[COMPARISON_LAYERS] = {
    "layer_link", "layer_ip", "layer_transport", "layer_esp", "layer_tls", "layer_sip", "layer_rest"};

/* What one trial adds to a mean; NAN where it is not known. */
static double mean_part_ms(const struct comparison *comparison, int64_t time_ns)
{
    return time_ns == NONE_NS ? NAN : (double)time_ns / MS / (double)comparison->trials;
}

static void add_layers(const struct outcome *outcome, double *sums)
{
    const uint64_t layers[] = {outcome->layer_link_bytes, outcome->layer_ip_bytes,  outcome->layer_transport_bytes,
                               outcome->layer_esp_bytes,  outcome->layer_tls_bytes, outcome->layer_sip_bytes};

    for (int layer = 0; layer + 1 < COMPARISON_LAYERS; layer++)
        sums[layer] += layers[layer] == NONE_COUNT ? NAN : (double)layers[layer];
    if (outcome->payload_bytes == NONE_COUNT)
        sums[COMPARISON_LAYERS - 1] = NAN;
    sums[COMPARISON_LAYERS - 1] +=
        (double)outcome->payload_bytes - (double)outcome->layer_tls_bytes - (double)outcome->layer_sip_bytes;
}

struct comparison_arm comparison_of_arm(const struct comparison *comparison, size_t arm)
{
    struct comparison_arm made = {.trials = comparison->trials};
    struct tally delay = {0}, wire = {0}, again = {0}, cpu = {0}, ue_cpu = {0};
    struct tally parts[PART_COUNT] = {0};

    check(arm < comparison->arm_count);
    for (size_t trial = 0; trial < comparison->trials; trial++) {
        const struct outcome *outcome = comparison_outcome(comparison, arm, trial);

        check(outcome->end >= 0 && outcome->end < OUTCOME_END_COUNT);
        made.ended[outcome->end]++;
        tally_add(&wire, (double)outcome->wire_bytes);
        tally_add(&again, (double)outcome->retransmissions);
        tally_add(&cpu, (double)outcome->cpu_ns / MS);
        tally_add(&ue_cpu, (double)outcome->ue_cpu_ns / MS);
        made.core_cpu_ms += mean_part_ms(comparison, outcome->core_cpu_ns);
        made.relay_cpu_ms += mean_part_ms(comparison, outcome->relay_cpu_ns);
        add_layers(outcome, made.layer_bytes);
        if (!is_delivered(outcome))
            continue;
        tally_add(&delay, delay_ms(outcome));
        for (int part = 0; part < PART_COUNT; part++)
            tally_add(&parts[part], (double)outcome->parts_ns[part] / MS);
    }
    for (int layer = 0; layer < COMPARISON_LAYERS; layer++)
        made.layer_bytes[layer] /= (double)comparison->trials;
    made.delivered = made.ended[OUTCOME_DELIVERED];
    made.delay = estimate(comparison, &delay);
    made.wire_bytes = wire.mean;
    made.retransmissions = again.mean;
    made.cpu_ms = cpu.mean;
    made.ue_cpu_ms = ue_cpu.mean;
    for (int part = 0; part < PART_COUNT; part++)
        made.parts_ms[part] = made.delivered > 0 ? parts[part].mean : NAN;
    add_quantiles(comparison, arm, &made);
    return made;
}

/* ---- Two arms ---- */

/* Failures forbid a ranking when they differ by more than a point and the interval of their paired difference holds no
 * zero. The same difference in every trial has an interval of no width. */
static bool failures_allow_ranking(const struct comparison *comparison, const struct tally *failed_more)
{
    if (fabs(failed_more->mean) <= FAILURES_FORGIVEN)
        return true;
    if (comparison->is_exact || tally_variance(failed_more) <= 0)
        return failed_more->count < 2 && !comparison->is_exact;
    return fabs(failed_more->mean) <= tally_half_width(failed_more, COMPARISON_CONFIDENCE);
}

struct comparison_pair comparison_of_pair(const struct comparison *comparison, size_t other, size_t reference)
{
    struct tally first = {0}, second = {0}, difference = {0}, failed_more = {0};
    struct comparison_pair made = {.variance_ratio = NAN};

    check(other < comparison->arm_count && reference < comparison->arm_count);
    for (size_t trial = 0; trial < comparison->trials; trial++) {
        const struct outcome *a = comparison_outcome(comparison, other, trial);
        const struct outcome *b = comparison_outcome(comparison, reference, trial);

        tally_add(&failed_more, (double)is_delivered(b) - (double)is_delivered(a));
        if (!is_delivered(a) || !is_delivered(b))
            continue;
        tally_add(&first, delay_ms(a));
        tally_add(&second, delay_ms(b));
        tally_add(&difference, (double)(a->delay_ns - b->delay_ns) / MS);
    }
    made.difference = estimate(comparison, &difference);
    if (tally_variance(&difference) > 0)
        made.variance_ratio = (tally_variance(&first) + tally_variance(&second)) / tally_variance(&difference);
    made.failed_more = failed_more.mean;
    made.is_ranked = difference.count > 0 && failures_allow_ranking(comparison, &failed_more);
    made.is_different = made.is_ranked && fabs(made.difference.mean_ms) > made.difference.half_ms;
    return made;
}

/* ---- Four arms ---- */

enum split_arm { PLAIN, RELAY_PLAIN, RELAY, SMIME, RELAY_SMIME, SPLIT_ARMS };
static const char *const split_names[SPLIT_ARMS] = {"msrp-plain", "msrp-relay-plain", "msrp-relay", "msrp-smime",
                                                    "msrp-relay-smime"};

/* The mean of the sum of sign * delay over the trials that the arms with a sign all delivered. */
static struct comparison_estimate contrast(const struct comparison *comparison, const size_t *chosen, const int *signs,
                                           size_t must)
{
    struct tally tally = {0};

    for (size_t trial = 0; trial < comparison->trials; trial++) {
        bool all = true;
        int64_t sum_ns = 0;

        for (size_t i = 0; i < must; i++) {
            const struct outcome *outcome = comparison_outcome(comparison, chosen[i], trial);

            all = all && is_delivered(outcome);
            if (all)
                sum_ns += signs[i] * outcome->delay_ns;
        }
        if (all)
            tally_add(&tally, (double)sum_ns / MS);
    }
    return estimate(comparison, &tally);
}

struct comparison_split comparison_split(const struct comparison *comparison)
{
    struct comparison_split split = {0};
    size_t chosen[SPLIT_ARMS];
    size_t must = RELAY_SMIME;

    for (size_t i = 0; i < SPLIT_ARMS; i++) {
        chosen[i] = comparison_find(comparison, split_names[i]);
        if (i < must && chosen[i] == comparison->arm_count)
            return split;
    }
    split.path = contrast(comparison, chosen, (int[SPLIT_ARMS]){[PLAIN] = -1, [RELAY_PLAIN] = 1}, must);
    split.hop = contrast(comparison, chosen, (int[SPLIT_ARMS]){[RELAY_PLAIN] = -1, [RELAY] = 1}, must);
    split.end_to_end = contrast(comparison, chosen, (int[SPLIT_ARMS]){[PLAIN] = -1, [SMIME] = 1}, must);
    split.whole = contrast(comparison, chosen, (int[SPLIT_ARMS]){[RELAY] = 1, [SMIME] = -1}, must);
    split.is_known = split.whole.count > 0;
    if (chosen[RELAY_SMIME] < comparison->arm_count) {
        static const int signs[SPLIT_ARMS] = {[RELAY_SMIME] = 1, [RELAY] = -1, [SMIME] = -1, [PLAIN] = 1};

        split.interaction = contrast(comparison, chosen, signs, SPLIT_ARMS);
        split.has_interaction = split.interaction.count > 0;
    }
    return split;
}

/* ---- Precision ---- */

bool comparison_is_enough(const struct comparison *comparison, double precision)
{
    if (comparison->is_exact)
        return true;
    if (comparison->trials < COMPARISON_TRIALS_LEAST)
        return false;
    double scale_ms = comparison_of_arm(comparison, comparison->reference).delay.mean_ms;

    for (size_t arm = 0; arm < comparison->arm_count; arm++) {
        struct comparison_arm one = comparison_of_arm(comparison, arm);

        if (one.delivered == 0)
            continue;
        if (!(one.delay.half_ms <= precision * one.delay.mean_ms))
            return false;
        if (arm == comparison->reference || isnan(scale_ms))
            continue;
        struct comparison_pair pair = comparison_of_pair(comparison, arm, comparison->reference);

        if (pair.difference.count > 0 && !(pair.difference.half_ms <= precision * scale_ms))
            return false;
    }
    return true;
}

size_t comparison_next_look(size_t trials, size_t most)
{
    size_t next = trials + (trials + 1) / 2;

    if (next < COMPARISON_TRIALS_LEAST)
        next = COMPARISON_TRIALS_LEAST;
    return next < most ? next : most;
}
