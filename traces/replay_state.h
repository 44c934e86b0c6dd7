/* SPDX-License-Identifier: GPL-3.0-or-later */
/* replay_state.h - what the files of replay share. */
#ifndef TRACES_REPLAY_STATE_H
#define TRACES_REPLAY_STATE_H

#include "traces/replay.h"

/* A parameter with what it rests on; the value by format. */
void replay_set(struct replay *replay, const char *key, enum replay_basis basis, const char *why, const char *format,
                ...) __attribute__((format(printf, 5, 6)));

/* The arm, and what the messages say of the session. */
void replay_find_arm(struct replay *replay);
void replay_find_settings(struct replay *replay);

/* Topology, tap and links. */
void replay_find_network(struct replay *replay);

/* One way between two places, by the links as they are used. */
int64_t replay_way_ns(const struct replay *replay, enum place from, enum place to);

/* How long a captured message had been under way when the tap saw it, as far as the links say. */
int64_t replay_before_tap_ns(const struct replay *replay, const struct session_step *step);

#endif
