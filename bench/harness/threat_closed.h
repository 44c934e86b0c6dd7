/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * threat_closed.h - what an attacker without the keys does to a record of TLS or a packet of ESP. All return true: it
 * has been dealt with; replaying returns false where nothing was kept.
 */
#ifndef BENCH_HARNESS_THREAT_CLOSED_H
#define BENCH_HARNESS_THREAT_CLOSED_H

#include "bench/harness/threat_attack.h"

bool threat_closed_change_bit(struct threat_attacker *attacker, const struct sim_unit *unit, struct sim_onward *onward);
bool threat_closed_truncate(struct threat_attacker *attacker, const struct sim_unit *unit, struct sim_onward *onward);
bool threat_closed_drop(struct threat_attacker *attacker, const struct sim_unit *unit, struct sim_onward *onward);
bool threat_closed_replay(struct threat_attacker *attacker, const struct sim_unit *unit, struct sim_onward *onward);

/* Holds it back, to go on behind the next one of its flow, which release puts first. */
bool threat_closed_hold(struct threat_attacker *attacker, const struct sim_unit *unit, struct sim_onward *onward);
void threat_closed_release(struct threat_attacker *attacker, const struct sim_unit *unit, struct sim_onward *onward);

#endif
