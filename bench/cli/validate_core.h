/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * validate_core.h - `hopsim validate --core FOLDER`: what the simulator predicts for sessions through another program's
 * core, from the dwells and calibrating transfers of one run, against another run.
 */
#ifndef BENCH_CLI_VALIDATE_CORE_H
#define BENCH_CLI_VALIDATE_CORE_H

#include "bench/cli/command.h"

enum status validate_core(const struct command_line *line);

#endif
