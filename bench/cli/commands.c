/* SPDX-License-Identifier: GPL-3.0-or-later */
/* commands.c - the sub-commands in the order in which people are told of them, and the program's version. */
#include "bench/cli/command.h"

static enum status run_version(const struct command_line *line)
{
    (void)line;
    return command_print(SPAN("hopsim " HOPSIM_VERSION "\n"));
}

static const struct command_option no_options[] = {{.name = NULL}};

const struct command command_version = {
    .name = "version",
    .arguments = "",
    .help = "Print the program's version",
    .options = no_options,
    .run = run_version,
};

/* clang-format off */
const struct command *const commands[] = {
    &command_run,
    &command_compare,
    &command_reproduce,
    &command_validate,
    &command_calibrate,
    &command_measure,
    &command_report,
    &command_inspect,
    &command_replay,
    &command_sweep,
    &command_crossover,
    &command_threats,
    &command_load,
    &command_capacity,
    &command_rerun,
    &command_summarise,
    &command_pack,
    &command_show,
    &command_list,
    &command_manual,
    &command_completion,
    &command_cite,
    &command_version,
    NULL,
};
/* clang-format on */
