/* SPDX-License-Identifier: GPL-3.0-or-later */
/* picture.c - a figure from data to files: name, caption in lines, CSV, script, drawing. */
#include "plots/booktabs.h"
#include "plots/gallery_parts.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CAPTION_COLUMNS = 118, PATH_SIZE = 4096, MORE_SIZE = 256 * 1024 };

struct picture *picture_create(struct gallery *gallery, const struct gallery_kind *kind)
{
    struct picture *picture = calloc(1, sizeof(*picture));

    if (!picture) {
        (void)note_set(gallery->note, ERR_FULL, "no memory for a figure");
        return NULL;
    }
    picture->gallery = gallery;
    picture->kind = kind;
    picture->name = SINK(picture->texts[0]);
    picture->title = SINK(picture->texts[1]);
    picture->subtitle = SINK(picture->texts[2]);
    picture->caption = SINK(picture->texts[3]);
    picture->csv = (struct sink){.data = malloc(PICTURE_CSV_SIZE), .capacity = PICTURE_CSV_SIZE};
    picture->more_csv = (struct sink){.data = malloc(MORE_SIZE), .capacity = MORE_SIZE};
    picture->height = 480;
    if (!picture->csv.data || !picture->more_csv.data) {
        (void)note_set(gallery->note, ERR_FULL, "no memory for the data of a figure");
        picture_free(picture);
        return NULL;
    }
    sink_text(&picture->name, kind->name);
    sink_text(&picture->title, kind->title);
    return picture;
}

void picture_free(struct picture *picture)
{
    if (!picture)
        return;
    free(picture->csv.data);
    free(picture->more_csv.data);
    free(picture);
}

static void tell_range(struct sink *sink, double least, double most)
{
    sink_format(sink, least < most ? "n = %.0f to %.0f" : "n = %.0f", least, most);
}

void picture_tell_trials(struct picture *picture, const struct points *points, size_t group, bool has_interval)
{
    const struct sheet *sheet = points->sheet;
    double least = INFINITY, most = 0, failed = 0;
    bool is_exact = true;

    for (size_t row = 0; row < sheet->row_count; row++) {
        double trials = sheet_number(sheet, row, "trials"), delivered = sheet_number(sheet, row, "delivered");

        if (points->group[row] != group || isnan(trials))
            continue;
        least = fmin(least, trials);
        most = fmax(most, trials);
        failed += trials > delivered ? trials - delivered : 0;
        is_exact = is_exact && span_equal(sheet_find(sheet, row, "exact"), SPAN("1"));
    }
    if (!isfinite(least))
        return;
    picture->is_exact = is_exact;
    if (is_exact) {
        sink_text(&picture->caption, "n = 1 trial an arm and point, exact: nothing is random");
    } else {
        tell_range(&picture->caption, least, most);
        sink_format(&picture->caption, " trials an arm and point; %s",
                    has_interval ? "mean and its 95 % interval (Student)" : "means");
    }
    if (failed > 0)
        sink_format(&picture->caption, "; %.0f %s failed, means are of the others", failed,
                    failed == 1 ? "trial" : "trials");
    sink_text(&picture->caption, ".\n");
}

enum err picture_tell_file(struct picture *picture, const struct sheet *summary)
{
    const struct sheet *trials;
    double bytes;

    if (sheet_column(summary, "transfer.size_bytes") != SIZE_MAX)
        return ERR_OK;
    TRY(gallery_sheet(picture->gallery, "trials.csv", &trials));
    if (!trials || isnan(bytes = sheet_number(trials, 0, "file_bytes")) || bytes < 0)
        return ERR_OK;
    sink_text(&picture->subtitle, ", file ");
    points_show(&picture->subtitle, SPAN("file_bytes"), sheet_find(trials, 0, "file_bytes"));
    return ERR_OK;
}

void picture_number(struct sink *csv, double number)
{
    if (csv->size > 0 && csv->data[csv->size - 1] != '\n')
        sink_char(csv, ',');
    if (isfinite(number))
        sink_format(csv, "%.9g", number);
}

void picture_label(struct sink *csv, struct span text)
{
    if (csv->size > 0 && csv->data[csv->size - 1] != '\n')
        sink_char(csv, ',');
    points_label(csv, text, false);
}

void picture_arm(struct sink *sink, struct span arm)
{
    static const struct {
        const char *name, *mark;
    } marks[] = {{"msrp-smime", "* "}, {"message-tls", "(a) "}, {"msrp-relay", "(b) "}};

    for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
        if (span_equal(arm, span_of(marks[i].name)))
            sink_text(sink, marks[i].mark);
    points_label(sink, arm, true);
}

void picture_groups(struct gallery *gallery, struct points *points)
{
    size_t largest = 0, count = 0, found[POINTS_GROUPS_MAX];

    for (size_t group = 0; group < points->group_count; group++)
        largest = points->size[group] > largest ? points->size[group] : largest;
    for (size_t group = 0; group < points->group_count; group++)
        if (2 * points->size[group] >= largest)
            found[count++] = group;
    if (count > GALLERY_EACH_MAX) {
        gallery->told->points_left_out += count - 3;
        found[1] = found[count / 2];
        found[2] = found[count - 1];
        count = 3;
    }
    points_keep(points, found, count);
}

/* ---- Captions ---- */

static struct span skip_blanks(struct span text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\n'))
        text = span_after(text, 1);
    return text;
}

/* text in lines of at most CAPTION_COLUMNS, broken at blanks; returns how many lines. */
static size_t wrap(struct span text, struct sink *sink)
{
    size_t lines = 0;

    text = skip_blanks(text);
    while (text.size > 0) {
        size_t end = span_find_byte(text, '\n');

        if (end > CAPTION_COLUMNS) {
            end = CAPTION_COLUMNS;
            while (end > 0 && text.data[end] != ' ')
                end--;
            end = end > 0 ? end : CAPTION_COLUMNS;
        }
        sink_text(sink, lines > 0 ? "\n" : "");
        sink_bytes(sink, text.data, end);
        text = skip_blanks(span_after(text, end));
        lines++;
    }
    return lines;
}

/* ---- Files ---- */

static enum err save_csv(const struct picture *picture, const char *ending, const struct sink *csv)
{
    char path[PATH_SIZE];
    struct sink sink = SINK(path);

    sink_format(&sink, "%s/%s%s%s.csv", picture->gallery->wanted->into, picture->figure.name, *ending ? "-" : "",
                ending);
    sink_string(&sink);
    if (csv->overflow)
        return note_set(picture->gallery->note, ERR_FULL, "%s: more data than a figure can hold", path);
    return figure_save_file(path, sink_written(csv), picture->gallery->note);
}

/* Without a gnuplot, or with one that fails, all but the drawing is there. One that does not end is not tried again. */
static void draw(struct picture *picture)
{
    struct gallery *gallery = picture->gallery;
    struct note note = {{0}};
    struct sink why = SINK(gallery->told->why);
    enum err error = gallery->has_gnuplot ? figure_draw(&picture->figure, &note)
                                          : note_set(&note, ERR_FILE, "gnuplot is not installed");

    if (error == ERR_OK) {
        gallery->told->drawn++;
        return;
    }
    if (gallery->told->not_drawn++ == 0) {
        sink_text(&why, note.text);
        sink_string(&why);
    }
    if (error == ERR_FULL)
        gallery->has_gnuplot = false;
}

static void list_for_latex(struct picture *picture)
{
    struct sink *list = &picture->gallery->list;

    sink_format(list, "\\begin{figure}\n  \\centering\n  {\\scriptsize\\input{%s.tex}}\n  \\caption{",
                picture->figure.name);
    booktabs_text(list, sink_written(&picture->title));
    sink_text(list, ". ");
    booktabs_text(list, sink_written(&picture->subtitle));
    sink_text(list, ". ");
    booktabs_text(list, sink_written(&picture->caption));
    sink_format(list, "}\n  \\label{fig:%s}\n\\end{figure}\n\n", picture->figure.name);
}

/* How high the figure and its texts are, and which of the folder's it is. */
static void tell_measures(struct picture *picture, size_t caption_lines)
{
    const struct gallery *gallery = picture->gallery;
    double lines = FIGURE_LINE_POINTS * (double)caption_lines;

    figure_set_number(&picture->figure, "figure_number", (double)(gallery->told->drawn + gallery->told->not_drawn + 1));
    figure_set_number(&picture->figure, "height", picture->height + (gallery->wanted->is_latex ? -60 : lines));
    figure_set_number(&picture->figure, "title_points", FIGURE_TITLE_POINTS);
    figure_set_number(&picture->figure, "caption_points", FIGURE_CAPTION_POINTS + lines);
}

static void tell_assumed(struct picture *picture)
{
    const struct gallery *gallery = picture->gallery;
    bool has_spread = gallery->spread[0] && !picture->is_exact;

    if (!has_spread && !gallery->assumed[0])
        return;
    sink_text(&picture->caption, "\nAssumed: ");
    if (has_spread)
        sink_format(&picture->caption, "the spread of dwells, %s%s", gallery->spread, gallery->assumed[0] ? "; " : ".");
    sink_text(&picture->caption, gallery->assumed);
}

enum err picture_save(struct picture *picture, const char *more_ending)
{
    char caption[PICTURE_TEXT_SIZE];
    struct sink lines = SINK(caption);
    struct gallery *gallery = picture->gallery;

    if (picture->subtitle.size == 0)
        points_label(&picture->subtitle, span_of(gallery->command), false);
    tell_assumed(picture);
    size_t line_count = wrap(sink_written(&picture->caption), &lines);

    picture->figure.folder = gallery->wanted->into;
    picture->figure.is_latex = gallery->wanted->is_latex;
    picture->figure.name = sink_string(&picture->name);
    picture->figure.script = picture->kind->script ? picture->kind->script : picture->kind->name;
    picture->figure.title = sink_string(&picture->title);
    picture->figure.subtitle = sink_string(&picture->subtitle);
    picture->figure.caption = sink_string(&lines);
    tell_measures(picture, line_count);
    TRY(save_csv(picture, "", &picture->csv));
    if (more_ending)
        TRY(save_csv(picture, more_ending, &picture->more_csv));
    TRY(figure_save(&picture->figure, gallery->note));
    if (gallery->wanted->is_latex)
        list_for_latex(picture);
    draw(picture);
    return ERR_OK;
}
