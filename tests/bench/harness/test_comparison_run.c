/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/comparison.h"
#include "bench/harness/setup.h"
#include "tests/unit.h"

static struct setup setup;
static struct note note;

static struct comparison_plan plan_of(const char *scenario, size_t trials, unsigned jobs)
{
    static const char *const names[] = {"msrp-smime", "message-tls", "msrp-relay"};
    struct comparison_plan plan = {.trials = trials, .jobs = jobs, .memory_bytes = (size_t)1 << 28};

    CU_ASSERT_EQUAL_FATAL(scenario_file_read(span_of(scenario), &setup.file, &note), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(setup_open(&setup, &note), ERR_OK);
    plan.trial = setup_trial(&setup, NULL, 0);
    for (size_t i = 0; i < 3; i++)
        plan.arms[plan.arm_count++] = arm_find(span_of(names[i]));
    return plan;
}

static void test_threads_change_nothing(void)
{
    struct comparison_plan plan = plan_of("paper", 20, 1);
    struct comparison alone, together;

    CU_ASSERT_EQUAL_FATAL(comparison_run(&plan, &alone, &note), ERR_OK);
    plan.jobs = 8;
    CU_ASSERT_EQUAL_FATAL(comparison_run(&plan, &together, &note), ERR_OK);
    CU_ASSERT_EQUAL(alone.trials, 20);
    CU_ASSERT_EQUAL(together.trials, 20);
    for (size_t arm = 0; arm < 3; arm++)
        for (size_t trial = 0; trial < 20; trial++)
            CU_ASSERT_EQUAL(memcmp(comparison_outcome(&alone, arm, trial), comparison_outcome(&together, arm, trial),
                                   sizeof(struct outcome)),
                            0);
    comparison_free(&alone);
    comparison_free(&together);
    setup_close(&setup);
}

static void test_without_randomness_one_trial_says_it_all(void)
{
    struct comparison_plan plan = plan_of("paper-exact", 20, 2);
    struct comparison comparison;

    CU_ASSERT_EQUAL_FATAL(comparison_run(&plan, &comparison, &note), ERR_OK);
    CU_ASSERT_TRUE(comparison.is_exact);
    CU_ASSERT_EQUAL(comparison.trials, 1);
    comparison_free(&comparison);
    setup_close(&setup);
}

/* The parts of each delay add up to it, trial by trial and so in their means. */
static void test_parts_add_up_in_the_mean(void)
{
    struct comparison_plan plan = plan_of("paper", 10, 2);
    struct comparison comparison;

    CU_ASSERT_EQUAL_FATAL(comparison_run(&plan, &comparison, &note), ERR_OK);
    for (size_t arm = 0; arm < 3; arm++) {
        struct comparison_arm one = comparison_of_arm(&comparison, arm);
        double sum_ms = 0;

        for (int part = 0; part < PART_COUNT; part++)
            sum_ms += one.parts_ms[part];
        CU_ASSERT_EQUAL(one.delivered, 10);
        CU_ASSERT_DOUBLE_EQUAL(sum_ms, one.delay.mean_ms, 1e-9);
    }
    comparison_free(&comparison);
    setup_close(&setup);
}

static void test_precision_runs_until_it_is_there(void)
{
    struct comparison_plan plan = plan_of("paper", 5000, 2);
    struct comparison comparison;

    plan.precision = 0.03;
    CU_ASSERT_EQUAL_FATAL(comparison_run(&plan, &comparison, &note), ERR_OK);
    CU_ASSERT(comparison.trials >= COMPARISON_TRIALS_LEAST && comparison.trials < 5000);
    CU_ASSERT_TRUE(comparison_is_enough(&comparison, 0.03));
    comparison_free(&comparison);
    plan.trials = 40;
    plan.precision = 1e-6;
    CU_ASSERT_EQUAL_FATAL(comparison_run(&plan, &comparison, &note), ERR_OK);
    CU_ASSERT_EQUAL(comparison.trials, 40);
    comparison_free(&comparison);
    setup_close(&setup);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"one thread and eight give the same outcomes", test_threads_change_nothing},
        {"without randomness one trial says it all", test_without_randomness_one_trial_says_it_all},
        {"parts add up to the delay in the mean", test_parts_add_up_in_the_mean},
        {"a precision runs until it is there, or to the most", test_precision_runs_until_it_is_there},
        {NULL, NULL},
    };

    return unit_run("comparison_run", tests);
}
