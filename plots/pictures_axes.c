/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pictures_axes.c - the figures of a sweep: the delay of each arm along one axis, and the ratio of two arms over two
 * axes with the crossover as a contour.
 */
#include "plots/contour.h"
#include "plots/gallery_parts.h"
#include "sim/base/units.h"

#include <math.h>
#include <stdlib.h>

enum { VALUES_LEAST = 3, CROSSINGS_MAX = 16, CELLS_MAX = 32 * 32, SIDE_MAX = 32 };

static const char proposal[] = "msrp-smime";
static const char *const baselines[] = {"message-tls", "msrp-relay"};

enum { BASELINES = sizeof(baselines) / sizeof(*baselines) };

/* ---- Axes ---- */

/* How an axis is called and scaled; the first row whose ending the column has. */
static const struct axis {
    const char *ending, *slug, *what, *unit, *kind;
    double scale; /* a unit of the axis in units of the column */
} axes[] = {
    {"transfer.size_bytes", "size", "file size", "", "size", 1},
    {"rtt_ns", "rtt", "round trip between the users", "ms", "", 1e6},
    {"path.relays", "hops", "relays on the path", "", "count", 1},
    {".loss_ratio", NULL, "share of packets lost", "%", "", 0.01},
    {".loss", NULL, "share of packets lost", "%", "", 0.01},
    {".rate_bps", NULL, "", "Mbit/s", "", 1e6},
    {".delay_ns", NULL, "delay of each link, one way", "ms", "", 1e6},
    {"_bytes", NULL, "", "", "size", 1},
    {"_ns", NULL, "", "ms", "", 1e6},
    {"_bps", NULL, "", "Mbit/s", "", 1e6},
    {"_ratio", NULL, "", "%", "", 0.01},
    {"", NULL, "", "", "", 1},
};

static const struct axis *axis_of(struct span column)
{
    const struct axis *axis = axes;

    while (column.size < strlen(axis->ending) ||
           !span_equal(span_after(column, column.size - strlen(axis->ending)), span_of(axis->ending)))
        axis++;
    return axis;
}

/* "core.delay (delay of each link, one way), ms" */
static void write_axis(struct sink *sink, struct span column, bool has_unit)
{
    const struct axis *axis = axis_of(column);

    if (axis->slug) {
        sink_text(sink, axis->what);
    } else {
        points_label(sink, points_axis_name(column), false);
        if (*axis->what)
            sink_format(sink, " (%s)", axis->what);
    }
    if (has_unit && *axis->unit)
        sink_format(sink, ", %s", axis->unit);
}

static void write_slug(struct sink *sink, struct span column)
{
    const struct axis *axis = axis_of(column);
    struct span name = axis->slug ? span_of(axis->slug) : points_axis_name(column);

    for (size_t i = 0; i < name.size; i++)
        sink_char(sink, name.data[i] == '.' || name.data[i] == '/' ? '-' : name.data[i]);
}

/* ---- Along one axis ---- */

struct curve {
    const struct points *points;
    size_t group, column, count;
    double x[POINTS_VALUES_MAX];
    struct points_arms arms;
    double least_ms, most_ms;
};

static double delay_at(const struct curve *curve, struct span arm, size_t i, const char *which)
{
    const struct points_place place = {.x = curve->column, .x_value = curve->x[i], .y = SIZE_MAX};
    size_t row = points_find(curve->points, curve->group, arm, &place);

    return row == SIZE_MAX ? NAN : sheet_number(curve->points->sheet, row, which);
}

static void write_curves(struct picture *picture, struct curve *curve)
{
    static const char *const columns[] = {"delay_mean_ms", "delay_low_ms", "delay_high_ms"};
    double scale = axis_of(curve->points->sheet->names[curve->column])->scale;

    sink_text(&picture->csv, "x");
    for (size_t arm = 0; arm < curve->arms.count; arm++)
        for (size_t i = 0; i < 3; i++) {
            picture_label(&picture->csv, curve->arms.names[arm]);
            sink_format(&picture->csv, "_%s", columns[i]);
        }
    sink_char(&picture->csv, '\n');
    for (size_t i = 0; i < curve->count; i++) {
        picture_number(&picture->csv, curve->x[i] / scale);
        for (size_t arm = 0; arm < curve->arms.count; arm++) {
            double mean_ms = delay_at(curve, curve->arms.names[arm], i, columns[0]);

            for (size_t at = 0; at < 3; at++) {
                double value = delay_at(curve, curve->arms.names[arm], i, columns[at]);

                value = value > 0 ? value : mean_ms; /* a bound below 0 has no place on a logarithmic axis */
                picture_number(&picture->csv, value);
                if (value > 0) {
                    curve->least_ms = fmin(curve->least_ms, value);
                    curve->most_ms = fmax(curve->most_ms, value);
                }
            }
        }
        sink_char(&picture->csv, '\n');
    }
}

/* Straight between neighbours, in the logarithm of the delay and, where the axis has it, of x. */
static void cross(struct picture *picture, const struct curve *curve, const char *baseline, bool is_log, size_t *found)
{
    struct span column = curve->points->sheet->names[curve->column];
    const struct axis *axis = axis_of(column);

    for (size_t i = 0; i + 1 < curve->count && *found < CROSSINGS_MAX; i++) {
        double a = delay_at(curve, span_of(proposal), i, "delay_mean_ms"),
               b = delay_at(curve, span_of(proposal), i + 1, "delay_mean_ms");
        double before = log(a / delay_at(curve, span_of(baseline), i, "delay_mean_ms"));
        double after = log(b / delay_at(curve, span_of(baseline), i + 1, "delay_mean_ms"));

        if (!isfinite(before) || !isfinite(after) || (before < 0) == (after < 0))
            continue;
        double share = before / (before - after);
        double x = is_log ? curve->x[i] * pow(curve->x[i + 1] / curve->x[i], share)
                          : curve->x[i] + share * (curve->x[i + 1] - curve->x[i]);

        picture_number(&picture->more_csv, x / axis->scale);
        picture_number(&picture->more_csv, a * pow(b / a, share));
        sink_char(&picture->more_csv, '\n');
        sink_text(&picture->caption, *found == 0 ? "Crossovers (straight between the points): " : ", ");
        if (strcmp(axis->kind, "size") == 0)
            units_show_size(&picture->caption, (uint64_t)x);
        else
            sink_format(&picture->caption, "%.3g%s%s", x / axis->scale, *axis->unit ? " " : "", axis->unit);
        sink_format(&picture->caption, " (from there on %s is faster)", after < 0 ? proposal : baseline);
        ++*found;
    }
}

static void set_axis(struct picture *picture, const struct curve *curve, bool is_log)
{
    struct span column = curve->points->sheet->names[curve->column];
    const struct axis *axis = axis_of(column);
    char text[FIGURE_TEXT_SIZE], arms[FIGURE_TEXT_SIZE];
    struct sink label = SINK(text), names = SINK(arms);

    write_axis(&label, column, true);
    for (size_t arm = 0; arm < curve->arms.count; arm++) {
        points_label(&names, curve->arms.names[arm], true);
        sink_char(&names, ' ');
    }
    picture->height = fmax(480, 150 + 26 * (double)curve->arms.count);
    figure_set_text(&picture->figure, "x_label", sink_string(&label));
    figure_set_text(&picture->figure, "x_unit", axis->kind);
    figure_set_text(&picture->figure, "arms", sink_string(&names));
    figure_set_number(&picture->figure, "is_log_x", is_log);
    figure_set_number(&picture->figure, "least_x", curve->x[0] / axis->scale);
    figure_set_number(&picture->figure, "most_x", curve->x[curve->count - 1] / axis->scale);
    figure_set_number(&picture->figure, "least_ms", curve->least_ms);
    figure_set_number(&picture->figure, "most_ms", curve->most_ms);
}

static enum err fill_curves(struct picture *picture, struct curve *curve)
{
    struct span column = curve->points->sheet->names[curve->column];
    bool is_log = curve->x[0] > 0 && curve->x[curve->count - 1] > 30 * curve->x[0];
    char crossings[FIGURE_TEXT_SIZE];
    struct sink crossings_sink = SINK(crossings);
    size_t found = 0;

    sink_char(&picture->name, '-');
    write_slug(&picture->name, column);
    points_suffix(curve->points, curve->group, &picture->name);
    sink_char(&picture->title, ' ');
    write_axis(&picture->title, column, false);
    points_describe(curve->points, curve->group, false, &picture->subtitle);
    picture_tell_trials(picture, curve->points, curve->group, true);
    write_curves(picture, curve);
    if (curve->most_ms <= 0)
        return ERR_OK;
    sink_text(&picture->more_csv, "x,delay_ms\n");
    for (size_t i = 0; i < BASELINES; i++)
        cross(picture, curve, baselines[i], is_log, &found);
    if (found > 0)
        sink_text(&picture->caption, ".\n");
    else /* gnuplot takes no table without rows; this one is outside of the axes */
        sink_format(&picture->more_csv, "%.9g,%.9g\n", curve->x[0], curve->least_ms / 1e9);
    set_axis(picture, curve, is_log);
    sink_format(&crossings_sink, "%.*s-crossings.csv", (int)picture->name.size, picture->name.data);
    figure_set_text(&picture->figure, "data_crossings", sink_string(&crossings_sink));
    figure_set_number(&picture->figure, "crossings", (double)found);
    return picture_save(picture, "crossings");
}

static enum err draw_curves(struct gallery *gallery, const struct gallery_kind *kind, const struct points *points,
                            size_t group, size_t column)
{
    struct curve *curve = calloc(1, sizeof(*curve));
    struct picture *picture = curve ? picture_create(gallery, kind) : NULL;
    enum err error = picture ? ERR_OK : note_set(gallery->note, ERR_FULL, "no memory for a figure");

    if (error == ERR_OK) {
        curve->points = points;
        curve->group = group;
        curve->column = column;
        curve->count = points_values(points, group, column, curve->x);
        curve->least_ms = INFINITY;
        points_arms(points, group, &curve->arms);
        if (curve->count >= VALUES_LEAST)
            error = fill_curves(picture, curve);
    }
    picture_free(picture);
    free(curve);
    return error;
}

/* Points that have a figure along these axes, by draw. */
enum err gallery_draw_axes(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet)
{
    size_t columns[POINTS_KEYS_MAX];
    size_t count = points_axes(sheet, VALUES_LEAST, columns);
    enum err error = ERR_OK;

    for (size_t i = 0; i < count && error == ERR_OK; i++) {
        struct points points;

        error = points_init(&points, sheet, &columns[i], 1);
        if (error != ERR_OK)
            return note_set(gallery->note, error, "no memory for the points of %s", kind->file);
        picture_groups(gallery, &points);
        for (size_t group = 0; group < points.group_count && error == ERR_OK; group++)
            error = draw_curves(gallery, kind, &points, group, columns[i]);
        points_free(&points);
    }
    return error;
}

/* ---- Over two axes ---- */

struct heat {
    const struct points *points;
    size_t group, x_column, y_column, x_count, y_count;
    double x[POINTS_VALUES_MAX], y[POINTS_VALUES_MAX];
    double logs[CELLS_MAX]; /* of the ratio, row by row from the least y */
    double far;
};

static double ratio_at(const struct heat *heat, size_t x, size_t y, const char *baseline)
{
    const struct points_place place = {heat->x_column, heat->y_column, heat->x[x], heat->y[y]};
    size_t a = points_find(heat->points, heat->group, span_of(baseline), &place);
    size_t b = points_find(heat->points, heat->group, span_of(proposal), &place);

    if (a == SIZE_MAX || b == SIZE_MAX)
        return NAN;
    return sheet_number(heat->points->sheet, a, "delay_mean_ms") /
           sheet_number(heat->points->sheet, b, "delay_mean_ms");
}

static void write_tick(struct sink *csv, struct span column, double value)
{
    const struct axis *axis = axis_of(column);

    sink_char(csv, ',');
    if (strcmp(axis->kind, "size") == 0 && value >= 0 && value < 9e18 && value == floor(value)) {
        if ((uint64_t)value % KIB == 0)
            units_write_size(csv, (uint64_t)value);
        else
            units_show_size(csv, (uint64_t)value);
    } else
        sink_format(csv, "%.4g", value / axis->scale);
}

static size_t write_cells(struct picture *picture, struct heat *heat, const char *baseline)
{
    const struct sheet *sheet = heat->points->sheet;
    size_t known = 0;

    heat->far = log(1.05);
    sink_text(&picture->csv, "x,y,ratio,text,x_value,y_value\n");
    for (size_t y = 0; y < heat->y_count; y++)
        for (size_t x = 0; x < heat->x_count; x++) {
            double ratio = ratio_at(heat, x, y, baseline);

            heat->logs[y * heat->x_count + x] = log(ratio);
            if (!isfinite(log(ratio)))
                continue;
            known++;
            heat->far = fmax(heat->far, fabs(log(ratio)));
            picture_number(&picture->csv, (double)x);
            picture_number(&picture->csv, (double)y);
            picture_number(&picture->csv, ratio);
            sink_format(&picture->csv, ",%.*f", ratio < 10 ? 2 : ratio < 100 ? 1 : 0, ratio);
            write_tick(&picture->csv, sheet->names[heat->x_column], heat->x[x]);
            write_tick(&picture->csv, sheet->names[heat->y_column], heat->y[y]);
            sink_char(&picture->csv, '\n');
        }
    return known;
}

static enum err write_contour(struct picture *picture, const struct heat *heat)
{
    struct contour_segment *segments = calloc(2 * CELLS_MAX, sizeof(*segments));

    if (!segments)
        return note_set(picture->gallery->note, ERR_FULL, "no memory for a contour");
    size_t count = contour_find(heat->logs, heat->x_count, heat->y_count, segments, 2 * CELLS_MAX);

    sink_text(&picture->more_csv, "x1,y1,x2,y2\n");
    for (size_t i = 0; i < count; i++)
        sink_format(&picture->more_csv, "%.6g,%.6g,%.6g,%.6g\n", segments[i].x1, segments[i].y1, segments[i].x2,
                    segments[i].y2);
    if (count == 0) /* gnuplot takes no table without rows; this one is outside of the axes */
        sink_text(&picture->more_csv, "-9,-9,-9,-9\n");
    sink_text(&picture->caption, count > 0 ? "Line: where they are equal, straight between the points (in logarithms). "
                                           : "At no point between these are they equal. ");
    free(segments);
    return ERR_OK;
}

static void set_heat(struct picture *picture, const struct heat *heat, const char *baseline)
{
    const struct sheet *sheet = heat->points->sheet;
    char x[FIGURE_TEXT_SIZE], y[FIGURE_TEXT_SIZE], contour[FIGURE_TEXT_SIZE];
    struct sink x_label = SINK(x), y_label = SINK(y), contour_sink = SINK(contour);

    write_axis(&x_label, sheet->names[heat->x_column], true);
    write_axis(&y_label, sheet->names[heat->y_column], true);
    sink_format(&contour_sink, "%.*s-contour.csv", (int)picture->name.size, picture->name.data);
    figure_set_text(&picture->figure, "x_label", sink_string(&x_label));
    figure_set_text(&picture->figure, "y_label", sink_string(&y_label));
    figure_set_text(&picture->figure, "data_contour", sink_string(&contour_sink));
    figure_set_text(&picture->figure, "baseline", baseline);
    figure_set_text(&picture->figure, "proposal", proposal);
    figure_set_number(&picture->figure, "x_count", (double)heat->x_count);
    figure_set_number(&picture->figure, "y_count", (double)heat->y_count);
    figure_set_number(&picture->figure, "far_ratio", exp(heat->far));
    picture->height = 64 + 66 + 10 + fmax(310, 30 * (double)heat->y_count);
}

static enum err fill_heat(struct picture *picture, struct heat *heat, const char *baseline)
{
    const struct sheet *sheet = heat->points->sheet;

    if (write_cells(picture, heat, baseline) == 0)
        return ERR_OK;
    sink_format(&picture->name, "-%s-", baseline);
    write_slug(&picture->name, sheet->names[heat->x_column]);
    sink_char(&picture->name, '-');
    write_slug(&picture->name, sheet->names[heat->y_column]);
    points_suffix(heat->points, heat->group, &picture->name);
    sink_format(&picture->title, ": %s against %s", baseline, proposal);
    points_describe(heat->points, heat->group, false, &picture->subtitle);
    picture_tell_trials(picture, heat->points, heat->group, false);
    sink_format(&picture->caption,
                "Number: delay of %s over that of %s; above 1, orange: end to end is faster, blue: hop by hop. ",
                baseline, proposal);
    TRY(write_contour(picture, heat));
    set_heat(picture, heat, baseline);
    return picture_save(picture, "contour");
}

static enum err draw_heat(struct gallery *gallery, const struct gallery_kind *kind, struct heat *heat)
{
    const struct points *points = heat->points;

    heat->x_count = points_values(points, heat->group, heat->x_column, heat->x);
    heat->y_count = points_values(points, heat->group, heat->y_column, heat->y);
    if (heat->x_count < VALUES_LEAST || heat->y_count < VALUES_LEAST || heat->x_count > SIDE_MAX ||
        heat->y_count > SIDE_MAX)
        return ERR_OK;
    for (size_t i = 0; i < BASELINES; i++) {
        struct picture *picture = picture_create(gallery, kind);
        enum err error = picture ? fill_heat(picture, heat, baselines[i]) : ERR_FULL;

        picture_free(picture);
        TRY(error);
    }
    return ERR_OK;
}

static enum err draw_pair(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet,
                          const size_t pair[2])
{
    struct heat *heat = calloc(1, sizeof(*heat));
    struct points points;
    enum err error = points_init(&points, sheet, pair, 2);

    if (error != ERR_OK || !heat)
        error = note_set(gallery->note, ERR_FULL, "no memory for a figure");
    else
        picture_groups(gallery, &points);
    for (size_t group = 0; error == ERR_OK && group < points.group_count; group++) {
        heat->points = &points;
        heat->group = group;
        heat->x_column = pair[0];
        heat->y_column = pair[1];
        error = draw_heat(gallery, kind, heat);
    }
    points_free(&points);
    free(heat);
    return error;
}

enum err gallery_draw_heat(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet)
{
    size_t columns[POINTS_KEYS_MAX];
    size_t count = points_axes(sheet, VALUES_LEAST, columns);

    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count; k++)
            TRY(draw_pair(gallery, kind, sheet, (size_t[2]){columns[i], columns[k]}));
    return ERR_OK;
}
