/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream.c - each address is hashed to a seed of its own, from which xoshiro256** starts. Its authors' advice is kept:
 * the 256 bits of state are filled by splitmix64, whose finaliser also does the hashing (Blackman, Vigna 2021; Steele,
 * Lea, Flood 2014).
 */
#include "sim/des/stream.h"

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

struct xoshiro {
    uint64_t words[4];
};

/* Spreads every bit of x over all bits, one to one: Stafford's variant 13 of the finaliser. */
static inline uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline uint64_t rotate_left(uint64_t x, int count)
{
    return x << count | x >> (64 - count);
}

static inline uint64_t xoshiro_next(struct xoshiro *state)
{
    uint64_t *s = state->words;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

static void xoshiro_set(void *state, unsigned long seed)
{
    struct xoshiro *xoshiro = state;

    /* mix is one to one, so at most one of the four words is 0: the state that would stay 0 for ever cannot come. */
    for (uint64_t i = 0; i < 4; i++)
        xoshiro->words[i] = mix(seed + (i + 1) * GOLDEN);
}

static unsigned long xoshiro_get(void *state)
{
    return xoshiro_next(state);
}

/* 53 bits, from 0 up to but not 1. */
static double xoshiro_get_double(void *state)
{
    return (double)(xoshiro_next(state) >> 11) * 0x1p-53;
}

static const gsl_rng_type xoshiro_type = {.name = "xoshiro256**",
                                          .max = UINT64_MAX,
                                          .min = 0,
                                          .size = sizeof(struct xoshiro),
                                          .set = xoshiro_set,
                                          .get = xoshiro_get,
                                          .get_double = xoshiro_get_double};

void streams_init(struct streams *streams, struct arena *arena, uint64_t seed, uint64_t trial)
{
    /* gsl_rng_alloc would take memory of its own; the generator is two pointers, so it is put together here. */
    gsl_rng *rng = arena_alloc(arena, sizeof(*rng));

    rng->type = &xoshiro_type;
    rng->state = arena_alloc(arena, sizeof(struct xoshiro));
    xoshiro_set(rng->state, 0);
    *streams = (struct streams){.seed = seed, .trial = trial, .rng = rng};
}

gsl_rng *streams_at(struct streams *streams, uint64_t place, enum stream_kind kind, uint64_t ordinal)
{
    uint64_t hash = mix(streams->seed + GOLDEN);

    hash = mix(hash + streams->trial);
    hash = mix(hash + place);
    hash = mix(hash + (uint64_t)kind);
    hash = mix(hash + ordinal);
    xoshiro_set(streams->rng->state, hash);
    return streams->rng;
}

uint64_t stream_place(const char *name)
{
    uint64_t hash = 0;

    for (; *name; name++)
        hash = mix(hash + GOLDEN + (uint8_t)*name);
    return hash;
}
