/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * variates.h - exponential variates at a few nanoseconds each, the same code for what is measured and for its floor, so
 * that their ratio compares engines. xoshiro256++ (Blackman, Vigna 2021) under a ziggurat of 256 layers of equal area
 * (Marsaglia, Tsang 2000).
 */
#ifndef BENCH_SPEED_VARIATES_H
#define BENCH_SPEED_VARIATES_H

#include <stdint.h>

enum { LAYERS = 256 };

/* Layer i is layers_x[i] wide; its top lies at layers_y[i + 1]. Set by variates_prepare. */
extern double layers_x[LAYERS + 1], layers_y[LAYERS + 1];

struct variates {
    uint64_t words[4];
};

/* Fills the tables; once, before anything else. */
void variates_prepare(void);
void variates_init(struct variates *variates, uint64_t seed);

/* What follows when a point is not safely inside its layer: about one time in a hundred. */
double variates_edge(struct variates *variates, unsigned layer, double x);

static inline uint64_t variates_bits(struct variates *variates)
{
    uint64_t *w = variates->words;
    uint64_t sum = w[0] + w[3];
    uint64_t bits = (sum << 23 | sum >> 41) + w[0];
    uint64_t shifted = w[1] << 17;

    w[2] ^= w[0];
    w[3] ^= w[1];
    w[1] ^= w[2];
    w[0] ^= w[3];
    w[2] ^= shifted;
    w[3] = w[3] << 45 | w[3] >> 19;
    return bits;
}

/* Exponential with mean 1. */
static inline double variates_exponential(struct variates *variates)
{
    uint64_t bits = variates_bits(variates);
    unsigned layer = bits % LAYERS;
    double x = (double)(int64_t)(bits >> 11) * 0x1p-53 * layers_x[layer];

    if (__builtin_expect(x < layers_x[layer + 1], 1))
        return x;
    return variates_edge(variates, layer, x);
}

#endif
