/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ordered.h - numbers of which the smallest, the second and so on are asked for, in memory that does not grow with
 * them: beyond ORDERED_KEPT they lie in a file without a name, and a rank is found by counting, 16 bits of the numbers
 * at a time (a radix select).
 */
#ifndef BENCH_HARNESS_ORDERED_H
#define BENCH_HARNESS_ORDERED_H

#include "sim/base/span.h"

#include <stdio.h>

enum { ORDERED_KEPT = 1 << 14 };

struct ordered {
    const char *folder; /* where the file is made; the caller's */
    uint64_t count;
    size_t kept; /* in values: all of them, or those that are not in the file yet */
    bool is_sorted;
    FILE *file; /* NULL before it is needed */
    uint64_t *values, *counters;
    enum err error; /* of the file: ordered_at gave nonsense */
};

/* ERR_FULL without memory; ordered_free also then. */
MUST_USE enum err ordered_init(struct ordered *ordered, const char *folder, struct note *note);
void ordered_free(struct ordered *ordered);

/* As if nothing had been added. */
void ordered_clear(struct ordered *ordered);

/* A number of at least 0, infinity too. ERR_FULL or ERR_FILE with a note where the file cannot be written. */
MUST_USE enum err ordered_add(struct ordered *ordered, double value, struct note *note);

/* The number of that rank, 0 the smallest; it is below count. Failures to read the file are told by error. Fits
 * ranked_fn of sim/des/stats.h, context being the struct. */
double ordered_at(void *context, size_t rank);

#endif
