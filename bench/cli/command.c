/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/command.h"
#include "sim/base/check.h"
#include "sim/base/nearest.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { PRINT_FIRST = 1 << 16, PRINT_MAX = 1 << 30 };

/* ---- Reading the command line ---- */

static const struct command_option *find_option(const struct command *command, struct span name)
{
    for (const struct command_option *option = command->options; option->name; option++)
        if (span_equal(name, span_of(option->name)))
            return option;
    return NULL;
}

static enum err unknown_option(const struct command *command, struct span name, struct note *note)
{
    struct nearest nearest = nearest_to(name);
    char known[512];
    struct sink sink = SINK(known);

    for (const struct command_option *option = command->options; option->name; option++) {
        nearest_try(&nearest, option->name);
        sink_format(&sink, "%s, ", option->name);
    }
    sink_text(&sink, "--help");
    if (nearest.best)
        return note_set(note, ERR_UNKNOWN, "%s: unknown option %.*s: did you mean %s?", command->name, (int)name.size,
                        name.data, nearest.best);
    return note_set(note, ERR_UNKNOWN, "%s: unknown option %.*s: expected %s", command->name, (int)name.size, name.data,
                    sink_string(&sink));
}

static int values_of(const struct command_option *option)
{
    if (!option->values)
        return 0;
    return strchr(option->values, ' ') ? 2 : 1;
}

/* Takes the option at words[*at] with its values; *at then stands on its last word. */
static enum err take_option(struct command_line *line, int count, char *const *words, int *at, struct note *note)
{
    struct span word = span_of(words[*at]);
    size_t equals = span_starts(word, SPAN("--")) ? span_find_byte(word, '=') : word.size;
    struct span name = {word.data, equals};
    const struct command_option *option = find_option(line->command, name);

    if (!option)
        return unknown_option(line->command, name, note);
    struct command_given given = {.option = option};
    int wanted = values_of(option);

    if (equals < word.size && wanted != 1)
        return note_set(note, ERR_SYNTAX, "%s: %s%s%s: expected without =", line->command->name, option->name,
                        wanted ? " " : "", wanted ? option->values : "");
    if (equals < word.size) {
        given.value = word.data + equals + 1;
    } else {
        if (count - *at - 1 < wanted)
            return note_set(note, ERR_SYNTAX, "%s: expected %s %s", line->command->name, option->name, option->values);
        if (wanted > 0)
            given.value = words[++*at];
        if (wanted > 1)
            given.second = words[++*at];
    }
    line->options[line->option_count++] = given;
    return ERR_OK;
}

enum err command_parse(const struct command *command, int count, char *const *words, struct command_line *line,
                       struct note *note)
{
    bool options_end = false;

    *line = (struct command_line){.command = command};
    if (count > COMMAND_WORDS_MAX)
        return note_set(note, ERR_RANGE, "%s: expected at most %d words", command->name, COMMAND_WORDS_MAX);
    for (int i = 0; i < count; i++) {
        if (!options_end && strcmp(words[i], "--") == 0)
            options_end = true;
        else if (!options_end && words[i][0] == '-' && words[i][1] != 0)
            TRY(take_option(line, count, words, &i, note));
        else
            line->arguments[line->argument_count++] = words[i];
    }
    if (line->argument_count > command->arguments_most)
        return note_set(note, ERR_SYNTAX, "%s: one word too many: %s (see hopsim %s --help)", command->name,
                        line->arguments[command->arguments_most], command->name);
    if (line->argument_count < command->arguments_least)
        return note_set(note, ERR_SYNTAX, "%s: expected %s (see hopsim %s --help)", command->name, command->arguments,
                        command->name);
    return ERR_OK;
}

const struct command_given *command_option(const struct command_line *line, const char *name)
{
    for (size_t i = line->option_count; i-- > 0;)
        if (strcmp(line->options[i].option->name, name) == 0)
            return &line->options[i];
    return NULL;
}

enum err command_number(const struct command_line *line, const char *name, uint64_t standard, uint64_t least,
                        uint64_t most, uint64_t *number, struct note *note)
{
    const struct command_given *given = command_option(line, name);
    uint64_t value = standard;

    if (given) {
        struct span text = span_of(given->value);

        if (span_cut_number(&text, &value) != ERR_OK || text.size != 0 || value < least || value > most)
            return note_set(note, ERR_RANGE, "%s: %s %s: expected a number from %llu to %llu", line->command->name,
                            name, given->value, (unsigned long long)least, (unsigned long long)most);
    }
    *number = value;
    return ERR_OK;
}

void command_help(const struct command *command, FILE *out)
{
    fprintf(out, "usage: hopsim %s%s%s%s\n\n%s.\n", command->name, command->arguments[0] ? " " : "", command->arguments,
            command->options[0].name ? " [OPTION]..." : "", command->help);
    if (!command->options[0].name)
        return;
    fprintf(out, "\nOptions:\n");
    for (const struct command_option *option = command->options; option->name; option++) {
        char text[80];
        struct sink sink = SINK(text);

        sink_format(&sink, "%s%s%s", option->name, option->values ? " " : "", option->values ? option->values : "");
        fprintf(out, "  %-24s %s\n", sink_string(&sink), option->help);
    }
    fprintf(out, "  %-24s %s\n", "--help", "this text");
    if (command->notes)
        fprintf(out, "\n%s", command->notes);
}

static enum err unknown_arm(const char *name, struct note *note)
{
    struct nearest nearest = nearest_to(span_of(name));
    char known[512];
    struct sink sink = SINK(known);

    for (const struct arm *arm = arms; arm->name; arm++) {
        nearest_try(&nearest, arm->name);
        sink_format(&sink, "%s%s", arm == arms ? "" : ", ", arm->name);
    }
    return note_set(note, ERR_UNKNOWN, "--arm %s: %s%s%sexpected one of %s", name, nearest.best ? "did you mean " : "",
                    nearest.best ? nearest.best : "", nearest.best ? "? " : "", sink_string(&sink));
}

enum err command_arm(const char *name, const struct arm **arm, struct note *note)
{
    const struct arm *found = arm_find(span_of(name));

    if (!found)
        return unknown_arm(name, note);
    *arm = found;
    return ERR_OK;
}

/* ---- Writing ---- */

enum status command_fail(enum err error, const struct note *note)
{
    fprintf(stderr, "hopsim: %s\n", note->text[0] ? note->text : "failed without a reason");
    return error == ERR_FULL || error == ERR_CRYPTO ? STATUS_FAULT : STATUS_INPUT;
}

enum status command_print(struct span text)
{
    errno = 0;
    if (fwrite(text.data, 1, text.size, stdout) == text.size && fflush(stdout) == 0)
        return STATUS_DONE;
    fprintf(stderr, "hopsim: the result cannot be written: %s\n", strerror(errno));
    return STATUS_FAULT;
}

/* Text whose size nobody knows beforehand: written again into twice the room until it fits. */
enum status command_print_table(const struct command_line *line, const struct table *table)
{
    bool is_csv = command_option(line, "--csv") != NULL;
    bool is_json = command_option(line, "--json") != NULL;

    for (size_t size = PRINT_FIRST; size <= PRINT_MAX; size *= 2) {
        struct sink sink = {.data = malloc(size), .capacity = size};

        if (!sink.data)
            break;
        if (is_csv)
            table_write_csv(table, &sink);
        else if (is_json)
            table_write_json(table, &sink);
        else
            table_write_text(table, command_room(), &sink);
        enum status status = sink.overflow ? STATUS_FAULT : command_print(sink_written(&sink));
        bool is_done = !sink.overflow;

        free(sink.data);
        if (is_done)
            return status;
    }
    fprintf(stderr, "hopsim: no memory for the table\n");
    return STATUS_FAULT;
}

struct command_terminal command_terminal(void)
{
    struct command_terminal terminal = {.width = 80};
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    struct span text = span_of(columns ? columns : "");
    uint64_t number = 0;

    if (span_cut_number(&text, &number) == ERR_OK && text.size == 0 && number >= 20 && number <= 1000)
        terminal.width = (unsigned)number;
    else if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        terminal.width = size.ws_col;
    terminal.is_there = isatty(STDOUT_FILENO) == 1;
    terminal.is_unicode = setlocale(LC_CTYPE, "") && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    return terminal;
}

size_t command_room(void)
{
    struct command_terminal terminal = command_terminal();

    return terminal.is_there ? terminal.width : 0;
}

static enum err set_file(struct scenario_file *file, const char *path, struct note *note)
{
    char text[FIELD_TEXT_SIZE + 32];
    struct sink assignment = SINK(text);

    sink_format(&assignment, "transfer.file=%s", path);
    if (assignment.overflow)
        return note_set(note, ERR_RANGE, "--file: a path of more than %d bytes", FIELD_TEXT_SIZE - 1);
    TRY(scenario_file_set(file, sink_written(&assignment), note));
    return scenario_file_set(file, SPAN("transfer.size=0"), note);
}

enum err command_set(const struct command_line *line, struct scenario_file *file, struct note *note)
{
    for (size_t i = 0; i < line->option_count; i++) {
        const struct command_given *given = &line->options[i];

        if (strcmp(given->option->name, "--set") == 0)
            TRY(scenario_file_set(file, span_of(given->value), note));
        else if (strcmp(given->option->name, "--file") == 0)
            TRY(set_file(file, given->value, note));
    }
    return ERR_OK;
}

enum err command_scenario(const struct command_line *line, struct scenario_file *file, struct note *note)
{
    TRY(scenario_file_read(span_of(line->arguments[0]), file, note));
    return command_set(line, file, note);
}
