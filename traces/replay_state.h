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

/* Topology and links. */
void replay_find_network(struct replay *replay);

#endif
