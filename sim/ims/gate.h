/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate.h - holds messages back until their time, where the trial has a schedule. Without one nothing waits here.
 */
#ifndef SIM_IMS_GATE_H
#define SIM_IMS_GATE_H

#include "sim/ims/world.h"

/* The schedule's counters. */
void gate_init(struct world *world);

/* When the next message of that kind from one role to another has to leave, NONE_NS where the schedule has none (left).
 * The one that was asked for counts as sent. */
int64_t gate_take(struct world *world, enum role from, enum role to, struct span kind);

/* How long a user waits with what makes the role's UE send that, to whomever: until shortly before it is due, so that
 * no timer of the UE runs meanwhile. 0 where the schedule has none. Nothing is counted. */
int64_t gate_wait_ns(const struct world *world, enum role from, const char *kind);

/* How long a user agent keeps a request of that kind: until it answers it. An INVITE is taken at once, since its user
 * answers it. */
int64_t gate_answer_wait_ns(const struct world *world, enum role role, struct span kind);

#endif
