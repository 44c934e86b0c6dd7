/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main.c - the program: finds the sub-command in the table, parses its words, runs it. Each sub-command has a file of
 * its own.
 */
#include "bench/cli/command.h"
#include "sim/base/nearest.h"

#include <gsl/gsl_errno.h>

static void help(FILE *out)
{
    fprintf(out, "usage: hopsim COMMAND [ARGUMENT]... [OPTION]...\n\n"
                 "What it costs, or saves, to send a file through an IMS network end to end under S/MIME rather than\n"
                 "hop by hop.\n\nCommands:\n");
    for (size_t i = 0; commands[i]; i++) {
        char text[80];
        struct sink sink = SINK(text);

        sink_format(&sink, "%s", commands[i]->name);
        fprintf(out, "  %-12s %s\n", sink_string(&sink), commands[i]->help);
    }
    fprintf(out, "\nhopsim COMMAND --help tells a command's options. Exit status: 0 done, 1 the answer is no, 2 bad\n"
                 "input, 3 a fault of the program or the machine.\n");
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static enum status unknown_command(const char *name)
{
    struct nearest nearest = nearest_to(span_of(name));

    for (size_t i = 0; commands[i]; i++)
        nearest_try(&nearest, commands[i]->name);
    fprintf(stderr, "hopsim: unknown command %s: ", name);
    if (nearest.best)
        fprintf(stderr, "did you mean %s? ", nearest.best);
    fprintf(stderr, "expected");
    for (size_t i = 0; commands[i]; i++)
        fprintf(stderr, "%s %s", i ? "," : "", commands[i]->name);
    fprintf(stderr, "\n");
    return STATUS_INPUT;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* What was written must have arrived: a full disk shows when the stream is closed. */
static enum status close_output(enum status status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "hopsim: standard output cannot be written\n");
    return STATUS_FAULT;
}

static enum status run_command(const struct command *command, int count, char *const *words)
{
    struct note note = {{0}};
    struct command_line line;

    for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++) {
        if (is_help(words[i])) {
            command_help(command, stdout);
            return STATUS_DONE;
        }
    }
    enum err error = command_parse(command, count, words, &line, &note);

    if (error != ERR_OK)
        return command_fail(error, &note);
    return command->run(&line);
}

int main(int count, char **words)
{
    /* Errors of GSL come back as values; without this it would abort. */
    gsl_set_error_handler_off();
    if (count < 2) {
        help(stderr);
        return STATUS_INPUT;
    }
    if (is_help(words[1]) || strcmp(words[1], "help") == 0) {
        help(stdout);
        return (int)close_output(STATUS_DONE);
    }
    if (strcmp(words[1], "--version") == 0)
        return (int)close_output(command_version.run(NULL));
    const struct command *command = find_command(words[1]);

    if (!command)
        return (int)unknown_command(words[1]);
    return (int)close_output(run_command(command, count - 2, words + 2));
}
