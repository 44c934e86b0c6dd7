/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Expected values are computed by hand; Student's quantiles are those of printed tables (t of 0.975: 12.7062 for 1
 * degree of freedom, 4.3027 for 2, 3.1824 for 3).
 */
#include "bench/harness/comparison.h"
#include "sim/base/units.h"
#include "tests/unit.h"

#include <math.h>
#include <stdlib.h>

enum { ARMS = 5, TRIALS_MAX = 2000 };
enum { PLAIN, RELAY_PLAIN, RELAY, SMIME, RELAY_SMIME };
static const struct arm rows[ARMS] = {{.name = "msrp-plain"},
                                      {.name = "msrp-relay-plain"},
                                      {.name = "msrp-relay"},
                                      {.name = "msrp-smime"},
                                      {.name = "msrp-relay-smime"}};

static struct comparison make(size_t arm_count, size_t trials)
{
    struct comparison made = {.arm_count = arm_count, .trials = trials};

    for (size_t arm = 0; arm < arm_count; arm++)
        made.arms[arm] = &rows[arm];
    made.outcomes = calloc(TRIALS_MAX * arm_count, sizeof(*made.outcomes));
    return made;
}

static struct outcome *at(struct comparison *comparison, size_t arm, size_t trial)
{
    return &comparison->outcomes[trial * comparison->arm_count + arm];
}

static void put_delays(struct comparison *comparison, size_t arm, const int *delays_ms)
{
    for (size_t trial = 0; trial < comparison->trials; trial++) {
        at(comparison, arm, trial)->delay_ns = delays_ms[trial] * MS;
        at(comparison, arm, trial)->parts_ns[PART_PROCESSING] = delays_ms[trial] * MS;
    }
}

static void fail(struct comparison *comparison, size_t arm, size_t trial)
{
    at(comparison, arm, trial)->end = OUTCOME_TRANSFER_FAILED;
    at(comparison, arm, trial)->delay_ns = NONE_NS;
    for (int part = 0; part < PART_COUNT; part++)
        at(comparison, arm, trial)->parts_ns[part] = NONE_NS;
}

/* 10, 12, 14, 16: mean 13, variance 20/3, half width 3.1824 * sqrt(20/3/4) = 4.1085. */
static void test_mean_and_interval(void)
{
    struct comparison comparison = make(1, 4);

    put_delays(&comparison, 0, (int[]){12, 10, 16, 14});
    struct comparison_arm arm = comparison_of_arm(&comparison, 0);

    CU_ASSERT_EQUAL(arm.delivered, 4);
    CU_ASSERT_DOUBLE_EQUAL(arm.delay.mean_ms, 13, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(arm.delay.half_ms, 4.1085, 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(arm.p50.value, 13, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(arm.parts_ms[PART_PROCESSING], 13, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(arm.parts_ms[PART_CRYPTO], 0, 1e-9);
    comparison_free(&comparison);
}

static void test_failures_stand_beside_the_mean(void)
{
    struct comparison comparison = make(1, 4);

    put_delays(&comparison, 0, (int[]){10, 0, 14, 12});
    fail(&comparison, 0, 1);
    struct comparison_arm arm = comparison_of_arm(&comparison, 0);

    CU_ASSERT_EQUAL(arm.trials, 4);
    CU_ASSERT_EQUAL(arm.delivered, 3);
    CU_ASSERT_EQUAL(arm.ended[OUTCOME_TRANSFER_FAILED], 1);
    CU_ASSERT_DOUBLE_EQUAL(arm.delay.mean_ms, 12, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(arm.p50.value, 13, 1e-9); /* between 12 and 14: the failure is longer than both */
    CU_ASSERT(isinf(arm.p90.value));
    comparison_free(&comparison);
}

static void test_nothing_delivered_has_no_mean(void)
{
    struct comparison comparison = make(2, 3);

    put_delays(&comparison, 1, (int[]){10, 11, 12});
    for (size_t trial = 0; trial < 3; trial++)
        fail(&comparison, 0, trial);
    struct comparison_arm arm = comparison_of_arm(&comparison, 0);
    struct comparison_pair pair = comparison_of_pair(&comparison, 0, 1);

    CU_ASSERT(isnan(arm.delay.mean_ms));
    CU_ASSERT(isnan(arm.parts_ms[PART_TIMER]));
    CU_ASSERT(isinf(arm.p50.value));
    CU_ASSERT_EQUAL(pair.difference.count, 0);
    CU_ASSERT_FALSE(pair.is_ranked);
    comparison_free(&comparison);
}

static void test_rare_quantiles_need_many_trials(void)
{
    struct comparison comparison = make(1, 199);

    CU_ASSERT(isnan(comparison_of_arm(&comparison, 0).p95.value));
    comparison.trials = 200;
    CU_ASSERT_FALSE(isnan(comparison_of_arm(&comparison, 0).p95.value));
    comparison.trials = 999;
    CU_ASSERT(isnan(comparison_of_arm(&comparison, 0).p99.value));
    comparison.trials = 1000;
    CU_ASSERT_FALSE(isnan(comparison_of_arm(&comparison, 0).p99.value));
    comparison_free(&comparison);
}

/* Differences 5, 6, 7: mean 6, variance 1, half width 4.3027 / sqrt(3) = 2.4842. Unpaired: 10, 20, 30 and 15, 26, 37
 * have variances 100 and 121, so pairing gains 221 to 1. */
static void test_paired_difference(void)
{
    struct comparison comparison = make(2, 3);

    put_delays(&comparison, 0, (int[]){10, 20, 30});
    put_delays(&comparison, 1, (int[]){15, 26, 37});
    struct comparison_pair pair = comparison_of_pair(&comparison, 1, 0);

    CU_ASSERT_EQUAL(pair.difference.count, 3);
    CU_ASSERT_DOUBLE_EQUAL(pair.difference.mean_ms, 6, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(pair.difference.half_ms, 2.4842, 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(pair.variance_ratio, 221, 1e-6);
    CU_ASSERT_TRUE(pair.is_ranked);
    CU_ASSERT_TRUE(pair.is_different);
    comparison_free(&comparison);
}

/* The middle trial of one arm failed: 5 and 7 are left, half width 12.7062 * sqrt(2 / 2) = 12.7062, no difference. */
static void test_pairs_need_both(void)
{
    struct comparison comparison = make(2, 3);

    put_delays(&comparison, 0, (int[]){10, 20, 30});
    put_delays(&comparison, 1, (int[]){15, 26, 37});
    fail(&comparison, 0, 1);
    struct comparison_pair pair = comparison_of_pair(&comparison, 1, 0);

    CU_ASSERT_EQUAL(pair.difference.count, 2);
    CU_ASSERT_DOUBLE_EQUAL(pair.difference.mean_ms, 6, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(pair.difference.half_ms, 12.7062, 1e-3);
    CU_ASSERT_DOUBLE_EQUAL(pair.failed_more, -1.0 / 3, 1e-9);
    CU_ASSERT_FALSE(pair.is_different);
    comparison_free(&comparison);
}

/* k of 1,000 failures in one arm only: the share's half width is about 1.96 * sqrt(p (1 - p) / 1000). */
static bool is_ranked_with(size_t failures, size_t trials)
{
    struct comparison comparison = make(2, trials);

    for (size_t trial = 0; trial < failures; trial++)
        fail(&comparison, 1, trial * (trials / failures));
    bool is_ranked = comparison_of_pair(&comparison, 1, 0).is_ranked;

    comparison_free(&comparison);
    return is_ranked;
}

static void test_arms_that_fail_more_are_not_ranked(void)
{
    CU_ASSERT_TRUE(is_ranked_with(10, 1000));  /* one point is forgiven */
    CU_ASSERT_FALSE(is_ranked_with(11, 1000)); /* 1.1 points +- 0.65 */
    CU_ASSERT_TRUE(is_ranked_with(1, 20));     /* 5 points +- 10.5: not significant */
    CU_ASSERT_FALSE(is_ranked_with(8, 20));    /* 40 points +- 23.5 */
}

static void test_an_exact_failure_is_not_ranked(void)
{
    struct comparison comparison = make(2, 1);

    comparison.is_exact = true;
    put_delays(&comparison, 0, (int[]){10});
    fail(&comparison, 1, 0);
    CU_ASSERT_FALSE(comparison_of_pair(&comparison, 1, 0).is_ranked);
    comparison_free(&comparison);
}

static void test_exact_has_no_width(void)
{
    struct comparison comparison = make(2, 1);

    put_delays(&comparison, 0, (int[]){10});
    put_delays(&comparison, 1, (int[]){12});
    CU_ASSERT(isinf(comparison_of_arm(&comparison, 0).delay.half_ms));
    CU_ASSERT_FALSE(comparison_of_pair(&comparison, 1, 0).is_different);
    comparison.is_exact = true;
    CU_ASSERT_EQUAL(comparison_of_arm(&comparison, 0).delay.half_ms, 0);
    CU_ASSERT_TRUE(comparison_of_pair(&comparison, 1, 0).is_different);
    comparison_free(&comparison);
}

/* plain 40, relay-plain 50, relay 58, smime 45, relay-smime 65: path 10, hop 8, end to end 5, whole 13, and S/MIME
 * costs 7 with relays, 5 without. */
static void test_split(void)
{
    struct comparison comparison = make(ARMS, 2);

    put_delays(&comparison, PLAIN, (int[]){40, 41});
    put_delays(&comparison, RELAY_PLAIN, (int[]){50, 51});
    put_delays(&comparison, RELAY, (int[]){58, 59});
    put_delays(&comparison, SMIME, (int[]){45, 46});
    put_delays(&comparison, RELAY_SMIME, (int[]){65, 66});
    struct comparison_split split = comparison_split(&comparison);

    CU_ASSERT_TRUE(split.is_known && split.has_interaction);
    CU_ASSERT_DOUBLE_EQUAL(split.path.mean_ms, 10, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(split.hop.mean_ms, 8, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(split.end_to_end.mean_ms, 5, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(split.whole.mean_ms, 13, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(split.interaction.mean_ms, 2, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(split.path.half_ms, 0, 1e-9);
    comparison_free(&comparison);
}

static void test_split_adds_up_with_failures(void)
{
    struct comparison comparison = make(4, 3);

    put_delays(&comparison, PLAIN, (int[]){40, 48, 43});
    put_delays(&comparison, RELAY_PLAIN, (int[]){52, 51, 66});
    put_delays(&comparison, RELAY, (int[]){58, 70, 59});
    put_delays(&comparison, SMIME, (int[]){45, 46, 99});
    fail(&comparison, RELAY_PLAIN, 1);
    struct comparison_split split = comparison_split(&comparison);

    CU_ASSERT_TRUE(split.is_known);
    CU_ASSERT_FALSE(split.has_interaction);
    CU_ASSERT_EQUAL(split.whole.count, 2);
    CU_ASSERT_DOUBLE_EQUAL(split.path.mean_ms + split.hop.mean_ms - split.end_to_end.mean_ms, split.whole.mean_ms,
                           1e-9);
    comparison_free(&comparison);
}

static void test_split_needs_its_arms(void)
{
    struct comparison comparison = make(3, 2);

    CU_ASSERT_FALSE(comparison_split(&comparison).is_known);
    comparison_free(&comparison);
}

static void test_looks_come_when_half_as_many_more_are_there(void)
{
    static const size_t looks[] = {0, 30, 45, 68, 102, 153, 230, 345, 400};

    for (size_t i = 0; i + 1 < sizeof(looks) / sizeof(*looks); i++)
        CU_ASSERT_EQUAL(comparison_next_look(looks[i], 400), looks[i + 1]);
    CU_ASSERT_EQUAL(comparison_next_look(0, 10), 10);
}

/* Alternating 99 and 101: the half width of n trials is about 2 / sqrt(n), 0.38 % of the mean at 30. */
static void fill_alternating(struct comparison *comparison, size_t arm, int64_t middle_ms, int64_t off_ms)
{
    for (size_t trial = 0; trial < TRIALS_MAX; trial++)
        at(comparison, arm, trial)->delay_ns = (middle_ms + (trial % 2 ? off_ms : -off_ms)) * MS;
}

static void test_precision_asks_arms_and_differences(void)
{
    struct comparison comparison = make(2, 30);

    fill_alternating(&comparison, 0, 100, 1);
    fill_alternating(&comparison, 1, 1000, 1);
    CU_ASSERT_TRUE(comparison_is_enough(&comparison, 0.01));
    CU_ASSERT_FALSE(comparison_is_enough(&comparison, 0.001));
    comparison.trials = 29;
    CU_ASSERT_FALSE(comparison_is_enough(&comparison, 0.01));
    comparison.trials = 30;
    fill_alternating(&comparison, 1, 1000, 10); /* 0.38 % of its own mean, but 3.4 % of the reference's */
    CU_ASSERT_FALSE(comparison_is_enough(&comparison, 0.01));
    comparison.trials = TRIALS_MAX;
    CU_ASSERT_TRUE(comparison_is_enough(&comparison, 0.01));
    comparison_free(&comparison);
}

static void test_precision_leaves_out_what_never_delivers(void)
{
    struct comparison comparison = make(2, 30);

    fill_alternating(&comparison, 0, 100, 1);
    for (size_t trial = 0; trial < 30; trial++)
        fail(&comparison, 1, trial);
    CU_ASSERT_TRUE(comparison_is_enough(&comparison, 0.01));
    comparison_free(&comparison);
}

static void test_randomness_is_seen(void)
{
    struct scenario scenario = {.dwell_spread = 0};

    CU_ASSERT_TRUE(comparison_is_exact(&scenario));
    scenario.dwell_spread = 0.1;
    CU_ASSERT_FALSE(comparison_is_exact(&scenario));
    scenario = (struct scenario){.loopback.loss = 0.001};
    CU_ASSERT_FALSE(comparison_is_exact(&scenario));
    scenario = (struct scenario){.core.jitter_ns = 1};
    CU_ASSERT_FALSE(comparison_is_exact(&scenario));
    scenario = (struct scenario){.dwell_distribution = DWELL_EXPONENTIAL};
    CU_ASSERT_FALSE(comparison_is_exact(&scenario));
    scenario = (struct scenario){.background_rate = 1};
    CU_ASSERT_FALSE(comparison_is_exact(&scenario));
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"mean, Student interval and median of four trials", test_mean_and_interval},
        {"failures stand beside the mean and are long in quantiles", test_failures_stand_beside_the_mean},
        {"an arm that delivered nothing has no mean and no rank", test_nothing_delivered_has_no_mean},
        {"p95 needs 200 trials, p99 a thousand", test_rare_quantiles_need_many_trials},
        {"paired difference, its interval and what pairing gained", test_paired_difference},
        {"a pair needs both of its trials", test_pairs_need_both},
        {"arms that fail significantly more are not ranked", test_arms_that_fail_more_are_not_ranked},
        {"an exact failure is not ranked", test_an_exact_failure_is_not_ranked},
        {"an exact result has no width, a single random one no end", test_exact_has_no_width},
        {"the split of the difference by causes", test_split},
        {"the split adds up over the trials that all arms delivered", test_split_adds_up_with_failures},
        {"the split needs its four arms", test_split_needs_its_arms},
        {"looks come when half as many more trials are there", test_looks_come_when_half_as_many_more_are_there},
        {"precision asks each arm and each difference", test_precision_asks_arms_and_differences},
        {"precision leaves out what never delivers", test_precision_leaves_out_what_never_delivers},
        {"any spread, loss or jitter makes a scenario random", test_randomness_is_seen},
        {NULL, NULL},
    };

    return unit_run("comparison", tests);
}
