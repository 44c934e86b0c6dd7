/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/des/stats.h"
#include "sim/base/check.h"

#include <gsl/gsl_cdf.h>
#include <limits.h>
#include <math.h>

/* Welford 1962: no difference of large sums, so no digits are lost. */
void tally_add(struct tally *tally, double value)
{
    tally->count++;
    double distance = value - tally->mean;

    tally->mean += distance / (double)tally->count;
    tally->squares += distance * (value - tally->mean);
    if (tally->count == 1 || value < tally->least)
        tally->least = value;
    if (tally->count == 1 || value > tally->most)
        tally->most = value;
}

void tally_join(struct tally *tally, const struct tally *other)
{
    if (other->count == 0)
        return;
    if (tally->count == 0) {
        *tally = *other;
        return;
    }
    double count = (double)tally->count;
    double other_count = (double)other->count;
    double distance = other->mean - tally->mean;

    tally->mean += distance * other_count / (count + other_count);
    tally->squares += other->squares + distance * distance * count * other_count / (count + other_count);
    tally->count += other->count;
    tally->least = fmin(tally->least, other->least);
    tally->most = fmax(tally->most, other->most);
}

double tally_variance(const struct tally *tally)
{
    return tally->count < 2 ? 0 : tally->squares / (double)(tally->count - 1);
}

double tally_half_width(const struct tally *tally, double confidence)
{
    check(confidence > 0 && confidence < 1);
    if (tally->count < 2)
        return INFINITY;
    double times = gsl_cdf_tdist_Pinv((1 + confidence) / 2, (double)(tally->count - 1));

    return times * sqrt(tally_variance(tally) / (double)tally->count);
}

/* Chance that fewer than rank of count values lie below the q quantile. */
static double chance_below(size_t rank, size_t count, double q)
{
    return rank == 0 ? 0 : gsl_cdf_binomial_P((unsigned)(rank - 1), q, (unsigned)count);
}

/* The largest rank, 0 to count, whose chance_below is at most tail; it grows with the rank. */
static size_t rank_low(size_t count, double q, double tail)
{
    size_t good = 0;

    for (size_t bad = count + 1; bad - good > 1;) {
        size_t middle = good + (bad - good) / 2;

        if (chance_below(middle, count, q) <= tail)
            good = middle;
        else
            bad = middle;
    }
    return good;
}

/* The smallest rank, 1 to count + 1, whose chance_below is at least 1 - tail. */
static size_t rank_high(size_t count, double q, double tail)
{
    size_t bad = 0, good = count + 1;

    while (good - bad > 1) {
        size_t middle = bad + (good - bad) / 2;

        if (1 - chance_below(middle, count, q) <= tail)
            good = middle;
        else
            bad = middle;
    }
    return good;
}

/* Linear between two order statistics; failures count as infinite, and infinity minus itself is no number. */
static double between(double low, double high, double share)
{
    return share > 0 && low < high ? low + share * (high - low) : low;
}

struct quantile stats_quantile_ranked(ranked_fn *at, void *context, size_t count, double q, double confidence)
{
    check(count >= 1 && count < UINT_MAX);
    check(q >= 0 && q <= 1);
    check(confidence > 0 && confidence < 1);
    double place = (double)(count - 1) * q;
    size_t below = (size_t)place;
    size_t above = below + 1 < count ? below + 1 : below;
    double tail = (1 - confidence) / 2;
    size_t low = rank_low(count, q, tail);
    size_t high = rank_high(count, q, tail);

    return (struct quantile){.value = between(at(context, below), at(context, above), place - (double)below),
                             .low = low >= 1 ? at(context, low - 1) : NAN,
                             .high = high <= count ? at(context, high - 1) : NAN};
}

static double at_place(void *context, size_t rank)
{
    const double *const *ascending = context;

    return (*ascending)[rank];
}

struct quantile stats_quantile(const double *ascending, size_t count, double q, double confidence)
{
    return stats_quantile_ranked(at_place, &ascending, count, q, confidence);
}
