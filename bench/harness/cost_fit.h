/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cost_fit.h - a straight line through measured times: so much fixed, so much a byte.
 */
#ifndef BENCH_HARNESS_COST_FIT_H
#define BENCH_HARNESS_COST_FIT_H

#include <stddef.h>

struct fit_point {
    double bytes;
    double time_ns; /* more than 0 */
};

struct fit {
    double fixed_ns;
    double ns_per_byte;
    double residual; /* the largest, relative to the measured time */
};

/* The line whose relative residuals have the least sum of squares, so that small sizes count as much as large ones.
 * Neither part is negative: one that came out so is set to 0 and the other fitted again. One point is a fixed time. */
struct fit fit_line(const struct fit_point *points, size_t count);

/* The middle one of an odd number of values, which are put in order. */
double fit_median(double *values, size_t count);

#endif
