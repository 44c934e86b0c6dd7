/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * measure_arm.h - which arms can be performed over real sockets, and how: derived from an arm's choices, not its name.
 */
#ifndef BENCH_CLI_MEASURE_ARM_H
#define BENCH_CLI_MEASURE_ARM_H

#include "bench/measure/cast.h"
#include "sim/arm.h"

struct measure_arm {
    struct cast_way way;
    uint32_t relays; /* how many the arm has by itself; 0: as many as are asked for */
};

/* ERR_RANGE: it is simulated only; the note says why in one sentence. */
MUST_USE enum err measure_arm(const struct arm *arm, struct measure_arm *out, struct note *note);

#endif
