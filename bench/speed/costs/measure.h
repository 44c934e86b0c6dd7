/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * measure.h - the CPU time of each operation of sim/sec/cost.h on this machine, by running it.
 */
#ifndef BENCH_SPEED_COSTS_MEASURE_H
#define BENCH_SPEED_COSTS_MEASURE_H

#include "bench/speed/costs/fit.h"
#include "sim/base/arena.h"
#include "sim/sec/cost.h"
#include "sim/sec/esp.h"
#include "sim/sec/party.h"
#include "sim/sec/tls.h"

struct measure {
    struct party_set parties;
    struct tls_context tls, tls_mutual;
    struct esp *esp[ESP_SUITE_COUNT];
    struct arena *arena, *esp_arena;
    uint8_t *file, *sealed, *opened;  /* of MEASURE_FILE_MAX bytes and what sealing adds */
    double sign_ns[PARTY_KIND_COUNT]; /* one signature */
};

enum { MEASURE_FILE_MAX = 16 << 20 };

/* Makes keys and buffers; measure_end gives them back. */
MUST_USE enum err measure_begin(struct measure *measure, struct note *note);
void measure_end(struct measure *measure);

/* Medians of CPU time of this thread over sizes from 1 KiB (records: 1 byte) on, and the line through them. */
MUST_USE enum err measure_operation(struct measure *measure, enum cost_operation operation, struct fit *fit,
                                    struct note *note);

#endif
