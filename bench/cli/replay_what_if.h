/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay_what_if.h - trials of their own in the network that a capture tells of: the captured arm with the captured
 * dwells, and beside it another arm, another network, another file.
 */
#ifndef BENCH_CLI_REPLAY_WHAT_IF_H
#define BENCH_CLI_REPLAY_WHAT_IF_H

#include "bench/cli/command.h"
#include "bench/harness/setup.h"
#include "traces/replay.h"

/* What a session took, as the capture has it; NONE_NS where it does not tell. */
struct replay_phases {
    int64_t setup_ns;     /* INVITE leaves UE-A to its 200 is there, without the answering */
    int64_t answering_ns; /* UE-B's 180 to its 200 */
    int64_t transfer_ns;  /* the file's first byte leaves to its last one is there */
    int64_t teardown_ns;
    int64_t delay_ns; /* INVITE or the first MESSAGE leaves to the file's last byte is there, without the answering */
};

struct what_if {
    struct replay replay; /* with links as they are estimated */
    struct replay_phases captured;
    struct setup base, changed;
    size_t captured_rows; /* of the dwell table */
    int64_t rest_ns;      /* what UE-B's dwells, which no tap saw, were given: see replay_fit_rest */
    const struct arm *arm;
    struct outcome base_outcome, outcome;
};

/* Whether the command line asks for one: --arm, --set, --file, --save. */
bool what_if_is_wanted(const struct command_line *line);

/* Runs both trials in arena, and saves the inputs of the first where --save names a folder. */
MUST_USE enum err what_if_run(struct what_if *what_if, const struct session *session, const struct command_line *line,
                              struct arena *arena, struct note *note);
void what_if_free(struct what_if *what_if);

/* Phases and parts: captured, simulated, changed, difference. */
void what_if_table(const struct what_if *what_if, struct table *table);

/* What it rests on, in words. */
void what_if_write_basis(const struct what_if *what_if, struct sink *sink);

#endif
