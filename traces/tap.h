/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tap.h - lets several watch one trial: a tap that passes what it sees on to other taps, in the order they were added.
 */
#ifndef TRACES_TAP_H
#define TRACES_TAP_H

#include "sim/sim.h"

enum { TAP_CHAIN_MAX = 8 };

struct tap_chain {
    struct sim_tap taps[TAP_CHAIN_MAX];
    int count;
};

/* Adds a copy of tap; at most TAP_CHAIN_MAX. */
void tap_chain_add(struct tap_chain *chain, const struct sim_tap *tap);

/* The tap for the trial. It wants bytes when one of them does, and has a function only where one of them has it, so
 * that nothing is made for nobody. The chain must outlive it and not grow. */
struct sim_tap tap_chain_tap(struct tap_chain *chain);

#endif
