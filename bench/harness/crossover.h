/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crossover.h - where a difference of two arms changes its sign along one parameter: a grid is scanned first, so that
 * every change between two of its places is found; each is then narrowed by halving. Beside it, the places whose 95 %
 * interval holds 0: there nothing is shown either way. Where the samples come from is the caller's: trials, or a
 * function in a test.
 */
#ifndef BENCH_HARNESS_CROSSOVER_H
#define BENCH_HARNESS_CROSSOVER_H

#include "sim/base/span.h"

enum { CROSSOVER_MAX = 64, CROSSOVER_GRID_MAX = 4096, CROSSOVER_PER_DECADE = 16 };

/* The difference at a place: its mean and the half width of its interval, in any unit. */
struct crossover_sample {
    double mean, half;
    bool is_comparable; /* failures do not forbid to say which is faster */
};
typedef enum err crossover_fn(void *context, double at, struct crossover_sample *sample, struct note *note);

struct crossover_plan {
    double low, high; /* low < high; above 0 with is_log */
    bool is_log;      /* places divide a ratio evenly, CROSSOVER_PER_DECADE a decade or more; else a distance */
    size_t grid;      /* places scanned, 0: 16 a decade and at least 17 */
    double narrow;    /* two places nearer than this share of the larger are one: 0.01 */
    bool is_whole;    /* places are whole numbers */
    void *context;
    crossover_fn *sample;
};

/* Places whose interval holds 0, from the first that was found to the last; open where it reaches an end of the range.
 */
struct crossover_span {
    double low, high;
    bool is_open_low, is_open_high;
};

struct crossover_change {
    double at;       /* the middle of what it was narrowed to */
    bool is_upwards; /* the difference is negative before it and positive behind */
    bool has_span;   /* a span of 0 lies around it */
    struct crossover_span span;
    bool is_cut; /* nearer than from low to high arms cannot be compared */
    double low, high;
};

/* Neighbouring places of the grid at which arms cannot be compared, from the first to the last. */
struct crossover_gap {
    double low, high;
    bool is_change; /* the difference has another sign behind it than before it */
    bool is_upwards;
};

struct crossover {
    size_t change_count;
    struct crossover_change changes[CROSSOVER_MAX];
    size_t span_count; /* spans with and without a change */
    struct crossover_span spans[CROSSOVER_MAX];
    size_t gap_count;
    struct crossover_gap gaps[CROSSOVER_MAX];
    size_t scanned, samples;
    size_t not_comparable; /* of the places scanned */
    double first, last;    /* the mean at the first and last place at which arms can be compared; NAN: there is none */
};

/* Errors of sample; ERR_RANGE for a plan that cannot be, ERR_FULL beyond CROSSOVER_MAX changes, spans or gaps. */
MUST_USE enum err crossover_find(const struct crossover_plan *plan, struct crossover *crossover, struct note *note);

#endif
