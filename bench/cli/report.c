/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report.c - figures and report.html from a results folder, nothing simulated. */
#include "bench/cli/figures.h"
#include "plots/booktabs.h"
#include "plots/page.h"
#include "traces/anonymise_folder.h"
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

/* What a report is made from and where it goes. */
struct report {
    char folder[OUTFILE_PATH_SIZE]; /* without slashes at its end */
    char page[OUTFILE_PATH_SIZE];
    bool is_anonymised;
    struct anonymise_told told;
};

/* Other names first: figures and page are made from the copy. It lies in the folder, and is called after nothing. */
static enum err anonymise(struct report *report, struct note *note)
{
    char given[OUTFILE_PATH_SIZE];
    struct sink given_sink = SINK(given), folder = SINK(report->folder);

    sink_text(&given_sink, report->folder);
    sink_string(&given_sink);
    sink_format(&folder, "%s/anonymised", given);
    if (folder.overflow || folder.size >= sizeof(report->folder))
        return note_set(note, ERR_RANGE, "%s: too long a name", given);
    sink_string(&folder);
    report->is_anonymised = true;
    return anonymise_folder(given, report->folder, &report->told, note);
}

static enum err find_places(const struct command_line *line, struct report *report, struct note *note)
{
    const struct command_given *wanted = command_option(line, "-o");
    struct sink folder = SINK(report->folder), page = SINK(report->page);

    sink_text(&folder, line->arguments[0]);
    while (folder.size > 1 && folder.data[folder.size - 1] == '/')
        folder.size--;
    sink_string(&folder);
    if (folder.overflow)
        return note_set(note, ERR_RANGE, "%s: too long a name", line->arguments[0]);
    if (command_option(line, "--anonymise"))
        TRY(anonymise(report, note));
    if (wanted)
        sink_text(&page, wanted->value);
    else
        sink_format(&page, "%s/report.html", report->folder);
    sink_string(&page);
    return page.overflow || page.size >= sizeof(report->page)
               ? note_set(note, ERR_RANGE, "%s: too long a name", line->arguments[0])
               : ERR_OK;
}

static enum err make_report(const struct command_line *line, struct report *report, struct note *note)
{
    const struct command_given *latex = command_option(line, "--latex");

    TRY(find_places(line, report, note));
    TRY(figures_draw(report->folder, NULL, note));
    if (latex)
        TRY(make_latex(report->folder, latex->value, note));
    return make_page(report->folder, report->page, note);
}

static enum status run_report_page(const struct command_line *line)
{
    char text[2 * OUTFILE_PATH_SIZE + 256];
    struct sink sink = SINK(text);
    struct note note = {{0}};
    struct report report = {.is_anonymised = false};
    enum err error = make_report(line, &report, &note);

    if (error != ERR_OK)
        return command_fail(error, &note);
    if (report.is_anonymised)
        sink_format(&sink,
                    "folder: %s: %zu files with other names, %zu left out (no texts of results, or drawn anew)\n",
                    report.folder, report.told.written, report.told.left_out);
    sink_format(&sink, "page: %s\n", report.page);
    return command_print(sink_written(&sink));
}

static const struct command_option options[] = {
    {"-o", "FILE", "where the page goes; FOLDER/report.html unless given; it must not exist"},
    {"--anonymise", NULL,
     "make FOLDER/anonymised first, where users, hosts, addresses and the like have other names, and all else of it"},
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
