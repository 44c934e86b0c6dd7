/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stats.h - means with Student's interval, by Welford's update, and quantiles with order-statistic intervals.
 */
#ifndef SIM_DES_STATS_H
#define SIM_DES_STATS_H

#include <stddef.h>
#include <stdint.h>

/* A running mean and its spread. All zero is empty. */
struct tally {
    uint64_t count;
    double mean;
    double squares; /* sum of squared distances from the mean */
    double least;
    double most;
};

void tally_add(struct tally *tally, double value);
/* As if all values of other had been added to tally (Chan, Golub, LeVeque 1983). */
void tally_join(struct tally *tally, const struct tally *other);
double tally_variance(const struct tally *tally); /* n - 1; 0 below two values */

/* Half the width of the two-sided Student interval of the mean at confidence 0 to 1; infinite below two values. */
double tally_half_width(const struct tally *tally, double confidence);

/* An estimate and its interval; low and high are NAN where the sample is too small to bound it. */
struct quantile {
    double value, low, high;
};

/* The q quantile (0 to 1) of count values in ascending order, at least one: linear between order statistics
 * (Hyndman, Fan 1996, type 7), interval by binomial order statistics at confidence. */
struct quantile stats_quantile(const double *ascending, size_t count, double q, double confidence);

/* The value of that rank in ascending order, 0 the least. */
typedef double ranked_fn(void *context, size_t rank);

/* The same for values that stand in no array. */
struct quantile stats_quantile_ranked(ranked_fn *at, void *context, size_t count, double q, double confidence);

#endif
