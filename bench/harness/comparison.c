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

static struct comparison_estimate estimate(bool is_exact, const struct tally *tally)
{
    struct comparison_estimate made = {.count = tally->count, .mean_ms = NAN, .half_ms = NAN};

    if (tally->count > 0) {
        made.mean_ms = tally->mean;
        made.half_ms = is_exact ? 0 : tally_half_width(tally, COMPARISON_CONFIDENCE);
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
    return !(scenario->dwell_spread > 0) && scenario->dwell_distribution != DWELL_EXPONENTIAL &&
           scenario->background_rate == 0;
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
static struct quantile quantile_from(ranked_fn *delay_at, void *context, size_t count, double q, size_t least)
{
    if (count == 0 || count < least)
        return (struct quantile){NAN, NAN, NAN};
    return stats_quantile_ranked(delay_at, context, count, q, COMPARISON_CONFIDENCE);
}

double comparison_delay_ms(const struct outcome *outcome)
{
    return is_delivered(outcome) ? delay_ms(outcome) : INFINITY;
}

const char *const comparison_layer_names[COMPARISON_LAYERS] = {
    "layer_link", "layer_ip", "layer_transport", "layer_esp", "layer_tls", "layer_sip", "layer_rest"};

static double known_ms(int64_t time_ns)
{
    return time_ns == NONE_NS ? NAN : (double)time_ns / MS;
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

void comparison_sums_add(struct comparison_sums *sums, const struct outcome *outcome)
{
    check(outcome->end >= 0 && outcome->end < OUTCOME_END_COUNT);
    sums->trials++;
    sums->ended[outcome->end]++;
    tally_add(&sums->wire, (double)outcome->wire_bytes);
    tally_add(&sums->retransmissions, (double)outcome->retransmissions);
    tally_add(&sums->cpu, (double)outcome->cpu_ns / MS);
    tally_add(&sums->ue_cpu, (double)outcome->ue_cpu_ns / MS);
    sums->core_cpu_ms += known_ms(outcome->core_cpu_ns);
    sums->relay_cpu_ms += known_ms(outcome->relay_cpu_ns);
    add_layers(outcome, sums->layer_bytes);
    if (!is_delivered(outcome))
        return;
    tally_add(&sums->delay, delay_ms(outcome));
    for (int part = 0; part < PART_COUNT; part++)
        tally_add(&sums->parts[part], (double)outcome->parts_ns[part] / MS);
}

struct comparison_arm comparison_of_sums(const struct comparison_sums *sums, bool is_exact, ranked_fn *delay_at,
                                         void *context)
{
    struct comparison_arm made = {.trials = sums->trials, .delivered = sums->ended[OUTCOME_DELIVERED]};
    double trials = (double)sums->trials;

    memcpy(made.ended, sums->ended, sizeof(made.ended));
    made.delay = estimate(is_exact, &sums->delay);
    made.wire_bytes = sums->wire.mean;
    made.retransmissions = sums->retransmissions.mean;
    made.cpu_ms = sums->cpu.mean;
    made.ue_cpu_ms = sums->ue_cpu.mean;
    made.core_cpu_ms = sums->core_cpu_ms / trials;
    made.relay_cpu_ms = sums->relay_cpu_ms / trials;
    for (int layer = 0; layer < COMPARISON_LAYERS; layer++)
        made.layer_bytes[layer] = sums->layer_bytes[layer] / trials;
    for (int part = 0; part < PART_COUNT; part++)
        made.parts_ms[part] = made.delivered > 0 ? sums->parts[part].mean : NAN;
    made.p50 = quantile_from(delay_at, context, sums->trials, 0.50, 1);
    made.p90 = quantile_from(delay_at, context, sums->trials, 0.90, 1);
    made.p95 = quantile_from(delay_at, context, sums->trials, 0.95, 200);
    made.p99 = quantile_from(delay_at, context, sums->trials, 0.99, 1000);
    return made;
}

static double delay_of_rank(void *context, size_t rank)
{
    const double *ascending = context;

    return ascending[rank];
}

struct comparison_arm comparison_of_arm(const struct comparison *comparison, size_t arm)
{
    struct comparison_sums sums = {0};
    double *delays = calloc(comparison->trials + 1, sizeof(*delays));

    check(arm < comparison->arm_count && delays);
    for (size_t trial = 0; trial < comparison->trials; trial++) {
        const struct outcome *outcome = comparison_outcome(comparison, arm, trial);

        comparison_sums_add(&sums, outcome);
        delays[trial] = comparison_delay_ms(outcome);
    }
    qsort(delays, comparison->trials, sizeof(*delays), compare_doubles);
    struct comparison_arm made = comparison_of_sums(&sums, comparison->is_exact, delay_of_rank, delays);

    free(delays);
    return made;
}

/* ---- Two arms ---- */

/* Failures forbid a ranking when they differ by more than a point and the interval of their paired difference holds no
 * zero. The same difference in every trial has an interval of no width. */
static bool failures_allow_ranking(bool is_exact, const struct tally *failed_more)
{
    if (fabs(failed_more->mean) <= FAILURES_FORGIVEN)
        return true;
    if (is_exact || tally_variance(failed_more) <= 0)
        return failed_more->count < 2 && !is_exact;
    return fabs(failed_more->mean) <= tally_half_width(failed_more, COMPARISON_CONFIDENCE);
}

void comparison_pairs_add(struct comparison_pairs *pairs, const struct outcome *other, const struct outcome *reference)
{
    tally_add(&pairs->failed_more, (double)is_delivered(reference) - (double)is_delivered(other));
    if (!is_delivered(other) || !is_delivered(reference))
        return;
    tally_add(&pairs->other, delay_ms(other));
    tally_add(&pairs->reference, delay_ms(reference));
    tally_add(&pairs->difference, (double)(other->delay_ns - reference->delay_ns) / MS);
}

struct comparison_pair comparison_of_pairs(const struct comparison_pairs *pairs, bool is_exact)
{
    struct comparison_pair made = {.variance_ratio = NAN};
    double variance = tally_variance(&pairs->difference);

    made.difference = estimate(is_exact, &pairs->difference);
    if (variance > 0)
        made.variance_ratio = (tally_variance(&pairs->other) + tally_variance(&pairs->reference)) / variance;
    made.failed_more = pairs->failed_more.mean;
    made.is_ranked = pairs->difference.count > 0 && failures_allow_ranking(is_exact, &pairs->failed_more);
    made.is_different = made.is_ranked && fabs(made.difference.mean_ms) > made.difference.half_ms;
    return made;
}

struct comparison_pair comparison_of_pair(const struct comparison *comparison, size_t other, size_t reference)
{
    struct comparison_pairs pairs = {.other = {0}};

    check(other < comparison->arm_count && reference < comparison->arm_count);
    for (size_t trial = 0; trial < comparison->trials; trial++)
        comparison_pairs_add(&pairs, comparison_outcome(comparison, other, trial),
                             comparison_outcome(comparison, reference, trial));
    return comparison_of_pairs(&pairs, comparison->is_exact);
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
    return estimate(comparison->is_exact, &tally);
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
