/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report.c - figures and report.html from a results folder, nothing simulated. */
#include "bench/cli/figures.h"
#include "plots/booktabs.h"
#include "plots/page.h"
#include "traces/outfile.h"

static enum err make_page(const char *folder, const char *path, struct note *note)
{
    struct outfile file = {.stream = NULL};

    TRY(outfile_open(&file, path, note));
    enum err error = page_write(folder, file.stream, note);

    if (error != ERR_OK) {
        outfile_discard(&file);
        return error;
    }
    return outfile_close(&file, note);
}

/* Figures whose text LaTeX sets, figures.tex, tables.tex, and all of them in report.tex. */
static enum err make_latex(const char *folder, const char *into, struct note *note)
{
    TRY(figures_draw(folder, into, note));
    return booktabs_save(folder, into, note);
}

static enum status run_report_page(const struct command_line *line)
{
    const struct command_given *wanted = command_option(line, "-o");
    char path[OUTFILE_PATH_SIZE], folder[OUTFILE_PATH_SIZE];
    struct sink path_sink = SINK(path), folder_sink = SINK(folder);
    struct note note = {{0}};

    sink_text(&folder_sink, line->arguments[0]);
    while (folder_sink.size > 1 && folder[folder_sink.size - 1] == '/')
        folder_sink.size--;
    sink_string(&folder_sink);
    sink_format(&path_sink, "%s/report.html", folder);
    if (folder_sink.overflow || path_sink.size >= sizeof(path))
        return command_fail(note_set(&note, ERR_RANGE, "%s: too long a name", line->arguments[0]), &note);
    sink_string(&path_sink);
    const char *target = wanted ? wanted->value : path;
    const struct command_given *latex = command_option(line, "--latex");
    enum err error = figures_draw(folder, NULL, &note);

    if (error == ERR_OK && latex)
        error = make_latex(folder, latex->value, &note);
    if (error == ERR_OK)
        error = make_page(folder, target, &note);
    if (error != ERR_OK)
        return command_fail(error, &note);
    path_sink = SINK(folder);
    sink_format(&path_sink, "page: %s\n", target);
    return command_print(sink_written(&path_sink));
}

static const struct command_option options[] = {
    {"-o", "FILE", "where the page goes; FOLDER/report.html unless given; it must not exist"},
    {"--latex", "DIR", "also figures whose text LaTeX sets, tables (booktabs), and report.tex that shows them all"},
    {.name = NULL},
};

const struct command command_report = {
    .name = "report",
    .arguments = "FOLDER",
    .arguments_least = 1,
    .arguments_most = 1,
    .help = "Draw the figures of a results folder and write it as one page, report.html, that opens from disk",
    .options = options,
    .run = run_report_page,
};
