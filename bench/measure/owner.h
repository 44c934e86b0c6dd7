/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * owner.h - names that tell which process they belong to, so that a later one finds what a dead one left behind.
 */
#ifndef BENCH_MEASURE_OWNER_H
#define BENCH_MEASURE_OWNER_H

#include "sim/base/sink.h"

/* "PID-TICKS-" of this process: its number, and when it began, which tells it from a later one of that number. */
void owner_write(struct sink *sink);

/* Whether a name begins in that way and the process is gone. */
bool owner_is_gone(struct span name);

#endif
