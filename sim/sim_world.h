/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sim_world.h - what the beginnings of a trial and of a load have in common. For users sim.h and load.h are the doors.
 */
#ifndef SIM_SIM_WORLD_H
#define SIM_SIM_WORLD_H

#include "sim/ims/world.h"

/* Whether the table has the cost of every operation that the trial may need; the note says which it has not. */
bool sim_costs_are_known(const struct trial *trial, struct note *note);

/* Engine, network and sites of the trial. ERR_RANGE with a note for what cannot be built. */
MUST_USE enum err sim_world_init(struct world *world, const struct trial *trial, struct arena *arena,
                                 struct net_tap *tap, struct note *note);

/* Everything that is ready before send is made ready: connections, registrations. Timers of their transactions may run
 * on. False: it cannot be. */
bool sim_make_ready(struct world *world);

#endif
