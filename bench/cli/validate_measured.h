/* SPDX-License-Identifier: GPL-3.0-or-later */
/* validate_measured.h - the simulator against real transfers: hopsim validate --measured. */
#ifndef BENCH_CLI_VALIDATE_MEASURED_H
#define BENCH_CLI_VALIDATE_MEASURED_H

#include "bench/cli/command.h"

enum status validate_measured(const struct command_line *line);

#endif
