/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * manual.c - man pages, in the language of man(7), from the tables that also parse the command line, read scenarios
 * and write rows: one for the program, one a command, one for scenarios, one for the rows of results.
 */
#include "bench/cli/command.h"
#include "bench/harness/scenario_file.h"
#include "sim/base/check.h"
#include "sim/outcome.h"
#include "sim/scenario.h"
#include "traces/outfile.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { PAGE_SIZE = 256 << 10, PAGE_NAME_SIZE = 64, PAGE_PATH_SIZE = 4096 };

/* ---- Text for man(7) ---- */

/* A backslash begins an escape, a hyphen may be broken or turned into a dash, a dot or quote may begin a request. */
static void text(struct sink *sink, struct span words)
{
    for (size_t i = 0; i < words.size; i++) {
        bool is_first = i == 0 || words.data[i - 1] == '\n';

        if (is_first && (words.data[i] == '.' || words.data[i] == '\''))
            sink_text(sink, "\\&");
        if (words.data[i] == '\\')
            sink_text(sink, "\\e");
        else if (words.data[i] == '-')
            sink_text(sink, "\\-");
        else
            sink_bytes(sink, &words.data[i], 1);
    }
}

static void sentence(struct sink *sink, const char *words)
{
    text(sink, span_of(words));
    sink_text(sink, ".\n");
}

static void heading(struct sink *sink, const char *name)
{
    sink_format(sink, ".SH %s\n", name);
}

/* The word that a paragraph explains. */
static void tag(struct sink *sink, const char *bold, const char *italic)
{
    sink_text(sink, ".TP\n\\fB");
    text(sink, span_of(bold));
    sink_text(sink, "\\fR");
    if (italic && italic[0]) {
        sink_text(sink, " \\fI");
        text(sink, span_of(italic));
        sink_text(sink, "\\fR");
    }
    sink_text(sink, "\n");
}

static void begin(struct sink *sink, const char *name, int section, const char *help)
{
    sink_format(sink, ".TH \"%s\" %d \"\" \"hopsim %s\" \"hopsim\"\n", name, section, HOPSIM_VERSION);
    heading(sink, "NAME");
    text(sink, span_of(name));
    sink_text(sink, " \\- ");
    text(sink, span_of(help));
    sink_text(sink, "\n");
}

static void write_statuses(struct sink *sink)
{
    heading(sink, "EXIT STATUS");
    tag(sink, "0", NULL);
    sentence(sink, "Done");
    tag(sink, "1", NULL);
    sentence(sink, "The answer is no: a check failed, a transfer was not delivered, the command was interrupted");
    tag(sink, "2", NULL);
    sentence(sink, "Bad input");
    tag(sink, "3", NULL);
    sentence(sink, "A fault of the program or of the machine");
}

/* ---- Pages ---- */

static void write_program(struct sink *sink)
{
    begin(sink, "hopsim", 1, "what it costs to send a file through an IMS network end to end or hop by hop");
    heading(sink, "SYNOPSIS");
    sink_text(sink, "\\fBhopsim\\fR \\fICOMMAND\\fR [\\fIARGUMENT\\fR]... [\\fIOPTION\\fR]...\n");
    heading(sink, "DESCRIPTION");
    sentence(
        sink,
        "A discrete-event simulator and benchmark harness: it sends a file from user to user under S/MIME over a "
        "direct MSRP session, or through every call session control function or relay, over simulated links or real "
        "sockets, and tells the delay and where it went");
    heading(sink, "COMMANDS");
    for (size_t i = 0; commands[i]; i++) {
        tag(sink, commands[i]->name, commands[i]->arguments);
        sentence(sink, commands[i]->help);
    }
    write_statuses(sink);
    heading(sink, "ENVIRONMENT");
    tag(sink, "COLUMNS", NULL);
    sentence(sink, "The width to which tables and ladders are fitted, instead of the terminal's own");
    tag(sink, "LC_ALL, LC_CTYPE, LANG", NULL);
    sentence(sink, "Whether bars and ladders may use characters beyond ASCII");
    heading(sink, "SEE ALSO");
    for (size_t i = 0; commands[i]; i++)
        sink_format(sink, ".BR hopsim\\-%s (1),\n", commands[i]->name);
    sink_text(sink, ".BR hopsim\\-scenario (5),\n.BR hopsim\\-results (5)\n");
}

static void write_command(const struct command *command, struct sink *sink)
{
    char name[PAGE_NAME_SIZE];
    struct sink named = SINK(name);

    sink_format(&named, "hopsim-%s", command->name);
    begin(sink, sink_string(&named), 1, command->help);
    heading(sink, "SYNOPSIS");
    sink_format(sink, "\\fBhopsim %s\\fR \\fI", command->name);
    text(sink, span_of(command->arguments));
    sink_format(sink, "\\fR%s\n", command->options[0].name ? " [\\fIOPTION\\fR]..." : "");
    heading(sink, "DESCRIPTION");
    sentence(sink, command->help);
    heading(sink, "OPTIONS");
    for (const struct command_option *option = command->options; option->name; option++) {
        tag(sink, option->name, option->values);
        sentence(sink, option->help);
    }
    tag(sink, "--help", NULL);
    sentence(sink, "Print what the command does and its options");
    if (command->notes) {
        heading(sink, "NOTES");
        sink_text(sink, ".nf\n");
        text(sink, span_of(command->notes));
        sink_text(sink, ".fi\n");
    }
    write_statuses(sink);
    heading(sink, "SEE ALSO");
    sink_text(sink, ".BR hopsim (1),\n.BR hopsim\\-scenario (5),\n.BR hopsim\\-results (5)\n");
}

static void write_scenario(struct sink *sink)
{
    begin(sink, "hopsim-scenario", 5, "the parameters of a scenario of hopsim");
    heading(sink, "DESCRIPTION");
    sentence(sink, "A scenario is an INI file: sections in brackets, a line NAME = VALUE for each parameter, comments "
                   "behind a semicolon or a number sign");
    sentence(sink,
             "The parameter access.rate is the name rate in the section access. A line include = NAME in front of "
             "every section takes all values of another file or of a built-in scenario first");
    sentence(sink, "Values carry units: 20ms, 100Mbit/s, 1MiB, 1kB (1,000 bytes), 0.1%");
    sentence(sink, "The section sweep names axes; see hopsim-sweep(1)");
    heading(sink, "PARAMETERS");
    for (const struct field *row = scenario_fields; row->name; row++) {
        char range_text[256];
        struct sink range = SINK(range_text);

        scenario_write_range(row, &range);
        tag(sink, row->name, sink_string(&range));
        sentence(sink, row->help);
        sink_text(sink, "Default: ");
        text(sink, span_of(row->standard && row->standard[0] ? row->standard : "none"));
        if (row->source && row->source[0] && strcmp(row->source, "-") != 0) {
            sink_text(sink, " (");
            text(sink, span_of(row->source));
            sink_text(sink, ")");
        }
        sink_text(sink, ".\n");
    }
    heading(sink, "SEE ALSO");
    sink_text(sink, ".BR hopsim (1),\n.BR hopsim\\-show (1),\n.BR hopsim\\-sweep (1)\n");
}

/* Columns of summary.csv behind those of a point, as results.h writes them. */
static const struct summary_column {
    const char *name, *help;
} summary_columns[] = {
    {"exact", "1 where nothing is random: then one trial says it all, and intervals have no width"},
    {"trials", "how many there were"},
    {"delivered", "how many of them delivered the file"},
    {"failed_ratio", "the share that did not"},
    {"delay_mean_ms", "mean of those that were delivered"},
    {"delay_low_ms, delay_high_ms", "its 95 % interval (Student); -inf and inf for a lone random trial"},
    {"p50_ms, p90_ms, p95_ms, p99_ms",
     "quantiles, a failure counting as longer than every delay (inf); p95 from 200 trials on, p99 from 1,000; _low and "
     "_high: intervals of 95 % by order statistics"},
    {"reference", "the arm with which this one is paired: msrp-smime where it is there, else the first"},
    {"pairs", "trials that both delivered"},
    {"difference_ms", "mean of this arm's delay less the reference's, in pairs; _low and _high: its 95 % interval"},
    {"variance_ratio", "variance of unpaired differences over that of paired ones"},
    {"ranked", "0 where failures forbid to say which is faster"},
    {"part_..._ms", "means of the parts of the delay"},
    {"wire_bytes, retransmissions, cpu_ms ...", "means over all trials"},
};

static void write_summary_columns(struct sink *sink)
{
    heading(sink, "SUMMARY");
    sentence(sink, "The table summary.csv has a row a point and arm: the columns of the point, the arm, and these");
    for (size_t i = 0; i < sizeof(summary_columns) / sizeof(*summary_columns); i++) {
        tag(sink, summary_columns[i].name, NULL);
        sentence(sink, summary_columns[i].help);
    }
}

static void write_results(struct sink *sink)
{
    begin(sink, "hopsim-results", 5, "the rows of a trial or a measured transfer of hopsim");
    heading(sink, "DESCRIPTION");
    sentence(
        sink,
        "The table trials.csv of a results folder has a row a trial: the number of the point, a column an axis of the "
        "sweep, the arm, the number of the trial, the seed, the columns below, and the error of a trial that could "
        "not be run. A time that an arm does not have is an empty cell");
    heading(sink, "COLUMNS");
    for (const struct field *row = outcome_fields; row->name; row++) {
        char column_text[64];
        struct sink column = SINK(column_text);

        field_write_column(row, &column);
        tag(sink, sink_string(&column), NULL);
        sentence(sink, row->help && row->help[0] ? row->help : "How the trial ended");
    }
    write_summary_columns(sink);
    heading(sink, "SEE ALSO");
    sink_text(sink, ".BR hopsim (1),\n.BR hopsim\\-scenario (5),\n.BR sqlite3 (1)\n");
}

static const struct page {
    const char *name;
    int section;
    void (*write)(struct sink *sink);
} pages[] = {
    {"hopsim", 1, write_program},
    {"hopsim-scenario", 5, write_scenario},
    {"hopsim-results", 5, write_results},
    {.name = NULL},
};

static const struct command *command_of(const char *name)
{
    if (strncmp(name, "hopsim-", 7) == 0)
        name += 7;
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static enum err write_page(const char *name, struct sink *sink, struct note *note)
{
    const struct command *command = command_of(name);

    for (const struct page *page = pages; page->name; page++)
        if (strcmp(name, page->name) == 0)
            return page->write(sink), ERR_OK;
    if (command)
        return write_command(command, sink), ERR_OK;
    return note_set(note, ERR_UNKNOWN,
                    "manual: %s has no page: expected hopsim, hopsim-scenario, hopsim-results or a command", name);
}

/* ---- Files ---- */

static enum err save_page(const char *folder, const char *name, int section, struct sink *sink, struct note *note)
{
    char path[PAGE_PATH_SIZE];
    struct sink written = SINK(path);
    struct outfile file;

    sink->size = 0;
    TRY(write_page(name, sink, note));
    check(!sink->overflow);
    sink_format(&written, "%s/%s.%d", folder, name, section);
    if (written.overflow)
        return note_set(note, ERR_RANGE, "%s: expected a shorter name", folder);
    TRY(outfile_open(&file, sink_string(&written), note));
    outfile_write(&file, sink_written(sink));
    return outfile_close(&file, note);
}

static enum err save_pages(const char *folder, struct sink *sink, struct note *note)
{
    if (mkdir(folder, 0777) != 0)
        return note_set(note, ERR_FILE, "%s: %s", folder, strerror(errno));
    for (const struct page *page = pages; page->name; page++)
        TRY(save_page(folder, page->name, page->section, sink, note));
    for (size_t i = 0; commands[i]; i++) {
        char name[PAGE_NAME_SIZE];
        struct sink named = SINK(name);

        sink_format(&named, "hopsim-%s", commands[i]->name);
        TRY(save_page(folder, sink_string(&named), 1, sink, note));
    }
    return ERR_OK;
}

static enum status run_manual(const struct command_line *line)
{
    const struct command_given *folder = command_option(line, "-o");
    struct sink sink = {.data = malloc(PAGE_SIZE), .capacity = PAGE_SIZE};
    struct note note = {{0}};
    enum err error = sink.data ? ERR_OK : note_set(&note, ERR_FULL, "no memory for a page");

    if (error == ERR_OK && folder)
        error = save_pages(folder->value, &sink, &note);
    else if (error == ERR_OK)
        error = write_page(line->argument_count ? line->arguments[0] : "hopsim", &sink, &note);
    enum status status =
        error == ERR_OK ? command_print(folder ? SPAN("") : sink_written(&sink)) : command_fail(error, &note);

    free(sink.data);
    return status;
}

static const struct command_option options[] = {
    {"-o", "DIR", "write every page into this new folder instead"},
    {.name = NULL},
};

const struct command command_manual = {
    .name = "manual",
    .arguments = "[PAGE]",
    .arguments_most = 1,
    .help = "Print a man page, for man -l: of the program, a command, hopsim-scenario or hopsim-results",
    .options = options,
    .run = run_manual,
};
