/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * command.h - sub-commands as rows: name, arguments, options, what to run. The command line is parsed and --help is
 * written from the same row.
 */
#ifndef BENCH_CLI_COMMAND_H
#define BENCH_CLI_COMMAND_H

#include "bench/harness/scenario_file.h"
#include "sim/arm.h"
#include "sim/base/table.h"

#include <stdio.h>

/* What the program ends with. */
enum status {
    STATUS_DONE = 0,
    STATUS_NO = 1,    /* the answer is no: a check failed, a transfer was not delivered */
    STATUS_INPUT = 2, /* bad input */
    STATUS_FAULT = 3  /* our fault or the machine's */
};

struct command_option {
    const char *name;   /* "--arm", "-o" */
    const char *values; /* "ARM", or "HOST FILE" for two; NULL for a switch */
    const char *help;   /* one sentence, no full stop */
};

struct command_line;

struct command {
    const char *name;
    const char *arguments; /* "SCENARIO"; "" for none */
    size_t arguments_least, arguments_most;
    const char *help;                     /* one sentence, no full stop */
    const struct command_option *options; /* ends with a row whose name is NULL */
    const char *notes;                    /* whole lines below the options; NULL for none */
    enum status (*run)(const struct command_line *line);
};

#define HOPSIM_VERSION "0.1.0"

/* One a sub-command, each in the file of its name. */
extern const struct command command_run, command_compare, command_reproduce, command_validate, command_calibrate,
    command_measure, command_report, command_inspect, command_replay, command_sweep, command_crossover, command_rerun,
    command_summarise, command_load, command_capacity, command_pack, command_show, command_list, command_manual,
    command_completion, command_cite, command_version, command_threats;

/* All of them; ends with NULL. */
extern const struct command *const commands[];

enum { COMMAND_WORDS_MAX = 256 };

/* Options and arguments in the order given. */
struct command_line {
    const struct command *command;
    size_t argument_count, option_count;
    const char *arguments[COMMAND_WORDS_MAX];
    struct command_given {
        const struct command_option *option;
        const char *value, *second; /* NULL where the option has none */
    } options[COMMAND_WORDS_MAX];
};

/* Parses the words behind the sub-command's name. The note names the nearest option where one is unknown. */
MUST_USE enum err command_parse(const struct command *command, int count, char *const *words, struct command_line *line,
                                struct note *note);
void command_help(const struct command *command, FILE *out);

/* The last time that the option was given, or NULL. */
const struct command_given *command_option(const struct command_line *line, const char *name);

/* The option's number from least to most, or standard when it was not given. */
MUST_USE enum err command_number(const struct command_line *line, const char *name, uint64_t standard, uint64_t least,
                                 uint64_t most, uint64_t *number, struct note *note);

/* The arm of that name; the note names the nearest where there is none. */
MUST_USE enum err command_arm(const char *name, const struct arm **arm, struct note *note);

/* Says the note on standard error; the status that goes with the error. */
enum status command_fail(enum err error, const struct note *note);

/* Writes text to standard output: STATUS_FAULT, with a message, when that fails. */
enum status command_print(struct span text);

/* Prints the table: as CSV or JSON where --csv or --json was given, for people otherwise. */
enum status command_print_table(const struct command_line *line, const struct table *table);

/* What a terminal can show: its width in columns (COLUMNS, the terminal's own, 80), and whether UTF-8. */
struct command_terminal {
    unsigned width;
    bool is_unicode;
    bool is_there; /* standard output is a terminal: pictures are for those who look */
};
struct command_terminal command_terminal(void);

/* The room of a table's lines in columns: the terminal's width; 0, as wide as it is, where another program reads. */
size_t command_room(void);

/* Names of things for --help and messages, shared by commands. */
#define COMMAND_OPTION_CSV                                                                                             \
    {                                                                                                                  \
        "--csv", NULL, "print the table as CSV"                                                                        \
    }
#define COMMAND_OPTION_JSON                                                                                            \
    {                                                                                                                  \
        "--json", NULL, "print the table as JSON"                                                                      \
    }
#define COMMAND_OPTION_FILE                                                                                            \
    {                                                                                                                  \
        "--file", "PATH", "send this file, whole; a built-in text of transfer.size unless given"                       \
    }
#define COMMAND_OPTION_SET                                                                                             \
    {                                                                                                                  \
        "--set", "KEY=VALUE", "change a parameter (hopsim list parameters); may be repeated"                           \
    }

/* The scenario that the first argument names, with every --file and --set of the line in their order. */
MUST_USE enum err command_scenario(const struct command_line *line, struct scenario_file *file, struct note *note);

/* Those --file and --set alone. */
MUST_USE enum err command_set(const struct command_line *line, struct scenario_file *file, struct note *note);

#endif
