/* SPDX-License-Identifier: GPL-3.0-or-later */
/* show.c - prints a scenario in full: what it prints is a scenario again. */
#include "bench/cli/command.h"
#include "bench/harness/scenario_file.h"

static enum err read_scenario(const struct command_line *line, struct scenario_file *file, struct note *note)
{
    TRY(scenario_file_read(span_of(line->arguments[0]), file, note));
    for (size_t i = 0; i < line->option_count; i++)
        if (line->options[i].value)
            TRY(scenario_file_set(file, span_of(line->options[i].value), note));
    return ERR_OK;
}

static enum status run_show(const struct command_line *line)
{
    char text[SCENARIO_TEXT_SIZE];
    struct sink sink = SINK(text);
    struct note note = {{0}};
    struct scenario_file file;
    enum err error = read_scenario(line, &file, &note);

    if (error != ERR_OK)
        return command_fail(error, &note);
    scenario_file_write(&file, &sink);
    return command_print(sink_written(&sink));
}

static const struct command_option options[] = {COMMAND_OPTION_SET, {.name = NULL}};

const struct command command_show = {
    .name = "show",
    .arguments = "SCENARIO",
    .arguments_least = 1,
    .arguments_most = 1,
    .help = "Print a scenario, a file or a built-in name, in full: copy and edit it",
    .options = options,
    .run = run_show,
};
