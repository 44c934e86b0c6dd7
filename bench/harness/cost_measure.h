/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cost_measure.h - the CPU time of each operation of sim/sec/cost.h on this machine, by running it.
 */
#ifndef BENCH_HARNESS_COST_MEASURE_H
#define BENCH_HARNESS_COST_MEASURE_H

#include "bench/harness/cost_fit.h"
#include "sim/base/arena.h"
#include "sim/sec/cost.h"
#include "sim/sec/esp.h"
#include "sim/sec/party.h"
#include "sim/sec/tls.h"

/* The kinds of connections of TLS that are measured. */
enum cost_measure_tls {
    COST_MEASURE_13,
    COST_MEASURE_13_MUTUAL,
    COST_MEASURE_13_RESUMED,
    COST_MEASURE_12,
    COST_MEASURE_12_MUTUAL,
    COST_MEASURE_12_RESUMED,
    COST_MEASURE_12_CBC,
    COST_MEASURE_TLS_COUNT
};

struct cost_measure {
    struct party_set parties;
    struct tls_context tls[COST_MEASURE_TLS_COUNT];
    struct esp *esp[ESP_SUITE_COUNT];
    struct arena *arena, *esp_arena;
    uint8_t *file, *sealed, *opened;  /* of COST_MEASURE_FILE_MAX bytes and what sealing adds */
    double sign_ns[PARTY_KIND_COUNT]; /* one signature */
};

enum { COST_MEASURE_FILE_MAX = 64 << 20, COST_MEASURE_ROUNDS = 9, COST_MEASURE_OTHERS_MAX = 8 };

/* Makes keys and buffers; cost_measure_end gives them back. */
MUST_USE enum err cost_measure_begin(struct cost_measure *measure, struct note *note);
void cost_measure_end(struct cost_measure *measure);

/* What the times of an operation say. */
struct cost_measured {
    struct fit fit;
    double spread; /* of the times of one size, between their quartiles, relative to the median; of the worst size */
    double others_ns[COST_MEASURE_OTHERS_MAX]; /* medians at the sizes that were not fitted */
};

/* Medians of CPU time of this thread over sizes from 1 KiB (records and packets: from 1 byte) on, and the line through
 * them. others, ended by 0, or NULL: sizes of 1 to COST_MEASURE_FILE_MAX bytes that are timed in the same rounds as
 * those and stay out of the line. */
MUST_USE enum err cost_measure_operation(struct cost_measure *measure, enum cost_operation operation,
                                         const uint64_t *others, struct cost_measured *measured, struct note *note);

#endif
