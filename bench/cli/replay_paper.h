/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay_paper.h - `hopsim replay` of frames that were read from the paper's figures (traces/paper/captures.csv): the
 * plain and the sealed session in the scenario paper-exact, each message at its time where that can be read.
 */
#ifndef BENCH_CLI_REPLAY_PAPER_H
#define BENCH_CLI_REPLAY_PAPER_H

#include "bench/cli/command.h"

/* Whether the file is a list of such frames, by the line that names the columns. */
bool replay_paper_is(const char *path);

enum status replay_paper_run(const struct command_line *line);

#endif
