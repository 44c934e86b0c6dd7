/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rule of --precision against means that are known: stopping when the interval is narrow enough tends to stop at
 * samples whose spread came out small, so what the interval promises has to be counted after the stop. */
#include "bench/harness/comparison.h"
#include "sim/base/units.h"
#include "tests/unit.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

enum { RUNS = 1000, TRIALS_MAX = 4000 };

/* A delay of mean 100 ms. */
typedef double delay_fn(gsl_rng *rng);

static double normal_ms(gsl_rng *rng)
{
    return 100 + gsl_ran_gaussian(rng, 8);
}

/* Skewed, as delays are: coefficient of variation 15 %. */
static double lognormal_ms(gsl_rng *rng)
{
    double sigma = sqrt(log(1 + 0.15 * 0.15));

    return gsl_ran_lognormal(rng, log(100) - sigma * sigma / 2, sigma);
}

struct counted {
    int covered, covered_difference; /* runs whose interval holds the true mean */
    double trials;                   /* mean */
    int too_wide;                    /* stopped before the most, but not precise */
};

/* Two arms; the second is the first and 5 ms more, and a spread of its own. */
static void run_once(struct comparison *comparison, gsl_rng *rng, delay_fn *delay, struct counted *counted)
{
    size_t done = 0;

    do {
        size_t next = comparison_next_look(done, TRIALS_MAX);

        for (; done < next; done++) {
            double first_ms = delay(rng);
            double second_ms = first_ms + 5 + gsl_ran_gaussian(rng, 2);

            comparison->outcomes[2 * done] = (struct outcome){.delay_ns = (int64_t)llround(first_ms * MS)};
            comparison->outcomes[2 * done + 1] = (struct outcome){.delay_ns = (int64_t)llround(second_ms * MS)};
        }
        comparison->trials = done;
    } while (done < TRIALS_MAX && !comparison_is_enough(comparison, 0.02));
    struct comparison_estimate mean = comparison_of_arm(comparison, 0).delay;
    struct comparison_estimate difference = comparison_of_pair(comparison, 1, 0).difference;

    counted->covered += fabs(mean.mean_ms - 100) <= mean.half_ms;
    counted->covered_difference += fabs(difference.mean_ms - 5) <= difference.half_ms;
    counted->trials += (double)done / RUNS;
    counted->too_wide += done < TRIALS_MAX && (mean.half_ms > 0.02 * mean.mean_ms || difference.half_ms > 2.1);
}

static struct counted count(delay_fn *delay, unsigned long seed)
{
    struct comparison comparison = {
        .arm_count = 2, .arms = {arm_find(SPAN("msrp-smime")), arm_find(SPAN("msrp-relay"))}, .reference = 0};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct counted counted = {0};

    comparison.outcomes = calloc(2 * TRIALS_MAX, sizeof(*comparison.outcomes));
    gsl_rng_set(rng, seed);
    CU_ASSERT_PTR_NOT_NULL_FATAL(comparison.outcomes);
    for (int run = 0; run < RUNS; run++)
        run_once(&comparison, rng, delay, &counted);
    comparison_free(&comparison);
    gsl_rng_free(rng);
    return counted;
}

/* 1,000 runs tell 95 % to 2 points (three standard errors). A look after every trial would cover far less than looks
 * half as many again apart; these cost at most two points. */
static void check_coverage(const struct counted *counted)
{
    printf("covered %.1f %%, of the difference %.1f %%, %.0f trials\n", 100.0 * counted->covered / RUNS,
           100.0 * counted->covered_difference / RUNS, counted->trials);
    CU_ASSERT(counted->covered >= 0.93 * RUNS && counted->covered <= 0.97 * RUNS);
    CU_ASSERT(counted->covered_difference >= 0.93 * RUNS && counted->covered_difference <= 0.97 * RUNS);
    CU_ASSERT_EQUAL(counted->too_wide, 0);
}

/* (1.96 * 8 / 2)^2 = 61 trials are needed: the look after 45 is at 68. */
static void test_normal(void)
{
    struct counted counted = count(normal_ms, 1);

    check_coverage(&counted);
    CU_ASSERT(counted.trials > 55 && counted.trials < 80);
}

/* (1.96 * 15 / 2)^2 = 216: the looks are at 153 and 230. */
static void test_skewed(void)
{
    struct counted counted = count(lognormal_ms, 2);

    check_coverage(&counted);
    CU_ASSERT(counted.trials > 190 && counted.trials < 300);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"95 % of intervals hold the mean after the stop", test_normal},
        {"they do so for skewed delays", test_skewed},
        {NULL, NULL},
    };

    return unit_run("precision", tests);
}
