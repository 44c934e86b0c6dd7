/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay_rest.h - what a capture tells of nodes that no tap saw: how long they take all together, from a request's
 * leaving the last node that was seen to its answer's coming back there. The trial of the captured arm takes as long.
 */
#ifndef BENCH_CLI_REPLAY_REST_H
#define BENCH_CLI_REPLAY_REST_H

#include "bench/harness/setup.h"
#include "traces/replay.h"

/* Gives UE-B's dwells of INVITE and BYE, where the capture has none, what is missing in a trial of the setup to what
 * was captured, or takes away what is too much, and less than all; *moved_ns: how much, all in all. The setup is open.
 */
MUST_USE enum err replay_fit_rest(const struct replay *replay, struct setup *setup, size_t captured_rows,
                                  struct arena *arena, int64_t *moved_ns, struct note *note);

#endif
