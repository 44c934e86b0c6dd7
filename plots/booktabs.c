/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/booktabs.h"
#include "plots/figure.h"
#include "plots/points.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { TABLES_SIZE = 2 << 20, PATH_SIZE = 4096, ROWS_SHOWN = 400, ROWS_EACH = 34 };

/* ---- Text ---- */

void booktabs_text(struct sink *sink, struct span text)
{
    static const struct {
        const char *text, *tex;
    } signs[] = {{"\\", "\\textbackslash{}"},
                 {"~", "\\textasciitilde{}"},
                 {"^", "\\textasciicircum{}"},
                 {"%", "\\%"},
                 {"_", "\\_"},
                 {"&", "\\&"},
                 {"#", "\\#"},
                 {"$", "\\$"},
                 {"{", "\\{"},
                 {"}", "\\}"},
                 {"<", "\\textless{}"},
                 {">", "\\textgreater{}"},
                 {"|", "\\textbar{}"},
                 {"\"", "''"},
                 {"±", "\\ensuremath{\\pm}"},
                 {"×", "\\ensuremath{\\times}"},
                 {"✓", "\\ensuremath{+}"},
                 {"✗", "\\ensuremath{-}"},
                 {"\n", " "}};

    while (text.size > 0) {
        size_t i = 0;

        while (i < sizeof(signs) / sizeof(*signs) && !span_starts(text, span_of(signs[i].text)))
            i++;
        if (i < sizeof(signs) / sizeof(*signs)) {
            sink_text(sink, signs[i].tex);
            text = span_after(text, strlen(signs[i].text));
            continue;
        }
        sink_char(sink, text.data[0] >= ' ' && text.data[0] <= '~' ? text.data[0] : '?');
        text = span_after(text, 1);
    }
}

/* ---- Arms ---- */

static const struct {
    const char *name, *head;
    int decimals;
} columns[] = {
    {"trials", "$n$", 0},
    {"failed_ratio", "failed, \\%", 1},
    {"delay_mean_ms", "mean, ms", 3},
    {NULL, "95\\,\\% interval", 3},
    {"p50_ms", "p50, ms", 3},
    {"p90_ms", "p90, ms", 3},
    {"difference_ms", "$-$ reference, ms", 3},
};

enum { COLUMNS = sizeof(columns) / sizeof(*columns) };

static void write_number(struct sink *sink, double number, int decimals)
{
    if (isfinite(number))
        sink_format(sink, "%.*f", decimals, number);
    else
        sink_text(sink, "--");
}

static void write_row(struct sink *sink, const struct sheet *sheet, size_t row)
{
    double low = sheet_number(sheet, row, "delay_low_ms"), high = sheet_number(sheet, row, "delay_high_ms");

    booktabs_text(sink, sheet_find(sheet, row, "arm"));
    for (size_t i = 0; i < COLUMNS; i++) {
        sink_text(sink, " & ");
        if (columns[i].name) {
            double scale = strcmp(columns[i].name, "failed_ratio") == 0 ? 100 : 1;

            write_number(sink, scale * sheet_number(sheet, row, columns[i].name), columns[i].decimals);
        } else if (span_equal(sheet_find(sheet, row, "exact"), SPAN("1"))) {
            sink_text(sink, "exact");
        } else {
            write_number(sink, low, columns[i].decimals);
            sink_text(sink, " to ");
            write_number(sink, high, columns[i].decimals);
        }
    }
    sink_text(sink, " \\\\\n");
}

static void begin_arms(struct sink *sink, const struct points *points, size_t group, bool is_more)
{
    sink_text(sink, "\\begin{table}\n  \\centering\\small\n  \\caption{Delay by arm: ");
    char text[1024];
    struct sink words = SINK(text);

    points_describe(points, group, false, &words);
    booktabs_text(sink, sink_written(&words));
    sink_text(sink, is_more ? " (continued)" : "");
    sink_text(sink, ". Mean of the delivered trials with its 95\\,\\% interval (Student), quantiles, the paired "
                    "difference to the reference arm.}\n  \\begin{tabular}{l");
    for (size_t i = 0; i < COLUMNS; i++)
        sink_char(sink, 'r');
    sink_text(sink, "}\n    \\toprule\n    arm");
    for (size_t i = 0; i < COLUMNS; i++)
        sink_format(sink, " & %s", columns[i].head);
    sink_text(sink, " \\\\\n    \\midrule\n");
}

static void end_table(struct sink *sink)
{
    sink_text(sink, "    \\bottomrule\n  \\end{tabular}\n\\end{table}\n\n");
}

/* A table a point, in pieces that fit a page. Returns the rows written. */
static size_t write_group(struct sink *sink, const struct points *points, size_t group)
{
    size_t rows = 0;

    for (size_t row = points->first[group]; row < points->sheet->row_count; row++) {
        if (points->group[row] != group)
            continue;
        if (rows % ROWS_EACH == 0) {
            if (rows > 0)
                end_table(sink);
            begin_arms(sink, points, group, rows > 0);
        }
        sink_text(sink, "    ");
        write_row(sink, points->sheet, row);
        rows++;
    }
    if (rows > 0)
        end_table(sink);
    return rows;
}

static void write_arms(struct sink *sink, const struct points *points)
{
    size_t rows = 0, group = 0;

    for (; group < points->group_count && rows < ROWS_SHOWN; group++)
        rows += write_group(sink, points, group);
    if (group < points->group_count)
        sink_format(sink, "%% %zu of %zu points; all are in summary.csv\n", group, points->group_count);
}

/* ---- The difference ---- */

static void write_sheet(struct sink *sink, const struct sheet *sheet, const char *caption)
{
    sink_format(sink, "\\begin{table}\n  \\centering\\small\n  \\caption{%s.}\n  \\begin{tabular}{l", caption);
    for (size_t i = 1; i < sheet->column_count; i++)
        sink_char(sink, 'l');
    sink_text(sink, "}\n    \\toprule\n");
    for (size_t row = 0; row <= sheet->row_count && row <= ROWS_EACH; row++) {
        sink_text(sink, row == 1 ? "    \\midrule\n    " : "    ");
        for (size_t i = 0; i < sheet->column_count; i++) {
            sink_text(sink, i > 0 ? " & " : "");
            booktabs_text(sink, row == 0 ? sheet->names[i] : sheet_cell(sheet, row - 1, i));
        }
        sink_text(sink, " \\\\\n");
    }
    end_table(sink);
}

/* ---- Files ---- */

static enum err read_sheet(const char *folder, const char *name, struct sheet *sheet, bool *is_there, struct note *note)
{
    char path[PATH_SIZE];
    struct sink sink = SINK(path);

    sink_format(&sink, "%s/%s", folder, name);
    *is_there = access(sink_string(&sink), R_OK) == 0;
    return *is_there ? sheet_read(path, sheet, note) : ERR_OK;
}

static enum err write_tables(const char *folder, struct sink *sink, struct note *note)
{
    struct sheet sheet;
    bool is_there;

    TRY(read_sheet(folder, "summary.csv", &sheet, &is_there, note));
    if (is_there && sheet_column(&sheet, "arm") != SIZE_MAX) {
        struct points points;
        enum err error = points_init(&points, &sheet, NULL, 0);

        if (error == ERR_OK)
            write_arms(sink, &points);
        points_free(&points);
    }
    if (is_there)
        sheet_free(&sheet);
    TRY(read_sheet(folder, "split.csv", &sheet, &is_there, note));
    if (is_there) {
        write_sheet(sink, &sheet, "Where the difference between relay by relay and end to end comes from");
        sheet_free(&sheet);
    }
    return ERR_OK;
}

static const char document[] = "\\documentclass[a4paper]{article}\n"
                               "\\usepackage[utf8]{inputenc}\n"
                               "\\usepackage[T1]{fontenc}\n"
                               "\\usepackage{graphicx,color,booktabs}\n"
                               "\\usepackage[margin=2cm]{geometry}\n"
                               "\\extrafloats{100}\n"
                               "\\begin{document}\n"
                               "\\input{tables.tex}\n"
                               "\\clearpage\n"
                               "\\input{figures.tex}\n"
                               "\\end{document}\n";

static enum err save(const char *into, const char *name, struct span text, struct note *note)
{
    char path[PATH_SIZE];
    struct sink sink = SINK(path);

    sink_format(&sink, "%s/%s", into, name);
    return figure_save_file(sink_string(&sink), text, note);
}

enum err booktabs_save(const char *folder, const char *into, struct note *note)
{
    struct sink sink = {.data = malloc(TABLES_SIZE), .capacity = TABLES_SIZE};

    if (!sink.data)
        return note_set(note, ERR_FULL, "no memory for tables");
    sink_text(&sink, "% Needs the package booktabs.\n");
    enum err error = write_tables(folder, &sink, note);

    if (error == ERR_OK && sink.overflow)
        error = note_set(note, ERR_FULL, "%s: more rows than tables.tex takes", folder);
    if (error == ERR_OK)
        error = save(into, "tables.tex", sink_written(&sink), note);
    if (error == ERR_OK)
        error = save(into, "report.tex", span_of(document), note);
    free(sink.data);
    return error;
}
