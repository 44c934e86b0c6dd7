/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * threat_look.h - an attacker who looks: what he can read of what passes his place, and what he keeps of it.
 */
#ifndef BENCH_HARNESS_THREAT_LOOK_H
#define BENCH_HARNESS_THREAT_LOOK_H

#include "bench/harness/threat_attack.h"

/* Notes what can be read of a unit. */
void threat_look(struct threat_attacker *attacker, const struct sim_unit *unit);

/* What is sealed for Mallory, because his certificate has been taken for the recipient's, he can open. */
void threat_look_into(struct threat_attacker *attacker, const struct threat_message *message);

/* Keeps what passes in attacker->keeps; message NULL: it cannot be read. */
void threat_keep(struct threat_attacker *attacker, const struct sim_unit *unit, const struct threat_message *message);

/* Whether it is a record of TLS or packet of ESP that may carry a part of the file. */
bool threat_is_closed(const struct sim_unit *unit);

#endif
