/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/des/stats.h"
#include "tests/unit.h"

#include <math.h>

static struct tally tally_of(const double *values, size_t count)
{
    struct tally tally = {0};

    for (size_t i = 0; i < count; i++)
        tally_add(&tally, values[i]);
    return tally;
}

/* Worked by hand: 2, 4, 4, 4, 5, 5, 7, 9 has mean 5 and squares 32. */
static const double eight[] = {2, 4, 4, 4, 5, 5, 7, 9};

static void a_tally_is_mean_spread_and_range(void)
{
    struct tally tally = tally_of(eight, 8);

    CU_ASSERT_EQUAL(tally.count, 8);
    CU_ASSERT_DOUBLE_EQUAL(tally.mean, 5, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(tally_variance(&tally), 32.0 / 7, 1e-12);
    CU_ASSERT_EQUAL(tally.least, 2);
    CU_ASSERT_EQUAL(tally.most, 9);
}

static void few_values_have_no_spread(void)
{
    struct tally tally = {0};

    CU_ASSERT_EQUAL(tally_variance(&tally), 0);
    CU_ASSERT_TRUE(isinf(tally_half_width(&tally, 0.95)));
    tally_add(&tally, -3);
    CU_ASSERT_EQUAL(tally.mean, -3);
    CU_ASSERT_EQUAL(tally.least, -3);
    CU_ASSERT_EQUAL(tally.most, -3);
    CU_ASSERT_EQUAL(tally_variance(&tally), 0);
    CU_ASSERT_TRUE(isinf(tally_half_width(&tally, 0.95)));
    tally_add(&tally, -3);
    CU_ASSERT_EQUAL(tally_half_width(&tally, 0.95), 0);
}

/* NIST's NumAcc3 and NumAcc4 (Statistical Reference Datasets): a spread of 0.1 on top of 10^6 and of 10^7. The sum of
 * squares minus the square of the sum would lose every digit. */
static void a_small_spread_on_a_large_mean_is_kept(void)
{
    for (double base = 1e6; base <= 1e7; base *= 10) {
        struct tally tally = {0};

        tally_add(&tally, base + 0.2);
        for (int i = 0; i < 500; i++) {
            tally_add(&tally, base + 0.1);
            tally_add(&tally, base + 0.3);
        }
        CU_ASSERT_DOUBLE_EQUAL(tally.mean, base + 0.2, 1e-8);
        CU_ASSERT_DOUBLE_EQUAL(sqrt(tally_variance(&tally)), 0.1, 1e-7);
    }
}

static void joined_tallies_are_the_tally_of_all(void)
{
    for (size_t cut = 0; cut <= 8; cut++) {
        struct tally left = tally_of(eight, cut), right = tally_of(eight + cut, 8 - cut);

        tally_join(&left, &right);
        CU_ASSERT_EQUAL(left.count, 8);
        CU_ASSERT_DOUBLE_EQUAL(left.mean, 5, 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(left.squares, 32, 1e-11);
        CU_ASSERT_EQUAL(left.least, 2);
        CU_ASSERT_EQUAL(left.most, 9);
    }
}

/* Two-sided Student factors as printed in tables (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2). */
static void half_widths_are_students(void)
{
    static const struct {
        uint64_t count;
        double confidence, factor;
    } rows[] = {{2, 0.95, 12.706}, {3, 0.95, 4.303},  {10, 0.95, 2.262}, {30, 0.95, 2.045},
                {30, 0.99, 2.756}, {21, 0.90, 1.725}, {101, 0.95, 1.984}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double count = (double)rows[i].count;
        /* Variance 4, so that the standard error is 2 / sqrt(n). */
        struct tally tally = {.count = rows[i].count, .squares = 4 * (count - 1)};

        CU_ASSERT_DOUBLE_EQUAL(tally_half_width(&tally, rows[i].confidence), rows[i].factor * 2 / sqrt(count),
                               0.0006 * 2 / sqrt(count));
    }
}

static void count_up(double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (double)(i + 1);
}

/* R's quantile(), whose default is type 7: of 1 to 10, and of c(1, 2, 4, 8). */
static void quantiles_are_linear_between_order_statistics(void)
{
    static const double powers[] = {1, 2, 4, 8};
    double ten[10];

    count_up(ten, 10);
    CU_ASSERT_DOUBLE_EQUAL(stats_quantile(ten, 10, 0.25, 0.95).value, 3.25, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(stats_quantile(ten, 10, 0.5, 0.95).value, 5.5, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(stats_quantile(ten, 10, 0.9, 0.95).value, 9.1, 1e-12);
    CU_ASSERT_EQUAL(stats_quantile(ten, 10, 0, 0.95).value, 1);
    CU_ASSERT_EQUAL(stats_quantile(ten, 10, 1, 0.95).value, 10);
    CU_ASSERT_DOUBLE_EQUAL(stats_quantile(powers, 4, 0.5, 0.95).value, 3, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(stats_quantile(powers, 4, 0.9, 0.95).value, 6.8, 1e-12);
    CU_ASSERT_EQUAL(stats_quantile(powers, 1, 0.9, 0.95).value, 1);
}

/*
 * Ranks from exact binomial sums in Python's fractions: the highest rank with at most 2.5 % below it, the lowest with
 * at most 2.5 % above. Those of the median also stand in tables of the sign test (n = 10: 2 and 9; n = 20: 6 and 15).
 */
static void intervals_are_those_of_binomial_order_statistics(void)
{
    static const struct {
        size_t count;
        double q;
        size_t low, high; /* 0 and count + 1: unbounded */
    } rows[] = {{5, 0.5, 0, 6},        {6, 0.5, 1, 6},        {10, 0.5, 2, 9},    {20, 0.5, 6, 15},
                {100, 0.5, 40, 61},    {30, 0.9, 23, 31},     {50, 0.99, 48, 51}, {100, 0.9, 84, 96},
                {200, 0.95, 184, 197}, {1000, 0.99, 983, 997}};
    static double values[1000];

    count_up(values, 1000);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct quantile quantile = stats_quantile(values, rows[i].count, rows[i].q, 0.95);

        CU_ASSERT(rows[i].low == 0 ? isnan(quantile.low) : quantile.low == (double)rows[i].low);
        CU_ASSERT(rows[i].high > rows[i].count ? isnan(quantile.high) : quantile.high == (double)rows[i].high);
    }
}

/* A failed trial is longer than every delay. */
static void infinite_values_give_infinite_quantiles_and_no_nonsense(void)
{
    static const double values[] = {1, 2, 3, INFINITY, INFINITY};

    CU_ASSERT_EQUAL(stats_quantile(values, 5, 0.5, 0.5).value, 3);
    CU_ASSERT_TRUE(isinf(stats_quantile(values, 5, 0.6, 0.5).value));
    CU_ASSERT_TRUE(isinf(stats_quantile(values, 5, 0.9, 0.5).value));
    CU_ASSERT_TRUE(isinf(stats_quantile(values, 5, 1, 0.5).value));
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a tally is mean, spread and range", a_tally_is_mean_spread_and_range},
        {"few values have no spread", few_values_have_no_spread},
        {"a small spread on a large mean is kept", a_small_spread_on_a_large_mean_is_kept},
        {"joined tallies are the tally of all", joined_tallies_are_the_tally_of_all},
        {"half widths are Student's", half_widths_are_students},
        {"quantiles are linear between order statistics", quantiles_are_linear_between_order_statistics},
        {"intervals are those of binomial order statistics", intervals_are_those_of_binomial_order_statistics},
        {"infinite values give infinite quantiles and no nonsense",
         infinite_values_give_infinite_quantiles_and_no_nonsense},
        {NULL, NULL}};

    return unit_run("stats", tests);
}
