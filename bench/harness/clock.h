/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clock.h - how long work really takes: nanoseconds of CLOCK_MONOTONIC. No simulated time comes from here.
 */
#ifndef BENCH_HARNESS_CLOCK_H
#define BENCH_HARNESS_CLOCK_H

#include "sim/base/check.h"
#include "sim/base/units.h"

#include <time.h>

static inline int64_t clock_now_ns(void)
{
    struct timespec now;

    check(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec * SECOND + now.tv_nsec;
}

#endif
