/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream.h - addressed randomness. A draw is found by its address (seed, trial, place, kind, ordinal), never by how
 * many draws came before it: one more draw here shifts none there, and every arm meets the same world.
 */
#ifndef SIM_DES_STREAM_H
#define SIM_DES_STREAM_H

#include "sim/base/arena.h"

#include <gsl/gsl_rng.h>
#include <stdint.h>

/* What a draw decides. */
enum stream_kind { STREAM_SERVICE, STREAM_LOSS, STREAM_JITTER, STREAM_ARRIVAL, STREAM_IDENTIFIER, STREAM_TEST };

/* Where randomness comes from in one trial. */
struct streams {
    uint64_t seed;
    uint64_t trial;
    gsl_rng *rng; /* one generator, placed anew for each address; its memory is in the arena */
};

void streams_init(struct streams *streams, struct arena *arena, uint64_t seed, uint64_t trial);

/* A GSL generator that stands at the address's first number. Valid until the next call. place is a hash of a name
 * (stream_place); ordinal counts the draws of that kind at that place. Usable by every gsl_ran_ function. */
gsl_rng *streams_at(struct streams *streams, uint64_t place, enum stream_kind kind, uint64_t ordinal);

/* A number for a place's name, the same on every machine. */
uint64_t stream_place(const char *name);

#endif
