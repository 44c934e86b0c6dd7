/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load_times.h - when the calls of a capture began, as arrivals of a load.
 */
#ifndef BENCH_HARNESS_LOAD_TIMES_H
#define BENCH_HARNESS_LOAD_TIMES_H

#include "sim/scenario.h"

struct load_times {
    int64_t *at_ns; /* ascending, from 0 on: each call's first INVITE */
    size_t count;
};

/* Those of load.capture where load.arrivals = capture; else none. ERR_FILE, ERR_SYNTAX of the capture, ERR_RANGE for
 * one without INVITEs. load_times_free gives back. */
MUST_USE enum err load_times_read(const struct scenario *scenario, struct load_times *times, struct note *note);
void load_times_free(struct load_times *times);

#endif
