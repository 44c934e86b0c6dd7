/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * measured_plan.h - which points a validation against real transfers measures, in order, and how long that takes.
 */
#ifndef BENCH_CLI_MEASURED_PLAN_H
#define BENCH_CLI_MEASURED_PLAN_H

#include "bench/cli/measured_model.h"

enum { MEASURED_POINTS_MAX = 512 };
enum { MEASURED_CALIBRATION_TIMES = 7 }; /* transfers of a calibration point, of one of another point */

struct measured_plan {
    size_t count;
    struct measured_point points[MEASURED_POINTS_MAX];
};

/* Each every-th point, from the first on. MESSAGEs, whose files are small, only stand beside the other arms. */
void measured_plan_make(struct measured_plan *plan, uint64_t every);

/* Whether the machine's own time, not the network's, makes most of a point's. */
bool measured_plan_takes_turns(const struct measured_point *point);

/* What repeat transfers of a point take, about. */
int64_t measured_plan_time_ns(const struct measured_point *point, uint64_t repeat);

#endif
