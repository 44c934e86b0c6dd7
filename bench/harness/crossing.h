/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crossing.h - where two lines over a logarithmic axis meet, between points at which both are known: straight lines in
 * log space, which a power law is.
 */
#ifndef BENCH_HARNESS_CROSSING_H
#define BENCH_HARNESS_CROSSING_H

#include <stddef.h>

struct crossing {
    double x, y;
    int order; /* -1: the first line is below from here on, 1: above */
};

/* The crossings of y1 and y2 over ascending x > 0, at most max of them, in order of x; returns how many. Points where
 * either is not a positive number are passed over; lines that only touch do not cross. */
size_t crossing_find(const double *x, const double *y1, const double *y2, size_t count, struct crossing *crossings,
                     size_t max);

#endif
