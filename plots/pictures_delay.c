/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pictures_delay.c - the figures of a comparison's delays: by arm with its parts, and as a distribution. */
#include "plots/gallery_parts.h"
#include "sim/base/units.h"

#include <math.h>
#include <stdlib.h>

enum { PANELS_MAX = 4, STEPS_MAX = 300, TRIALS_LEAST = 5 };

/* A panel holds arms down to one so many times shorter than its longest. */
#define PANEL_TIMES 6

static const char *const parts[] = {"part_processing_ms",  "part_queueing_ms", "part_transmission_ms",
                                    "part_propagation_ms", "part_crypto_ms",   "part_timer_ms",
                                    "part_answering_ms",   "part_feedback_ms"};

enum { PART_COUNT = sizeof(parts) / sizeof(*parts) };

/* ---- By arm, with parts ---- */

struct bars {
    size_t count, panels;
    size_t rows[POINTS_ARMS_MAX];     /* of the table */
    size_t panel_of[POINTS_ARMS_MAX]; /* the one with the shortest delays first */
    double ends_ms[PANELS_MAX];
    size_t heights[PANELS_MAX];
};

static double mean_of(const struct sheet *sheet, size_t row)
{
    return sheet_number(sheet, row, "delay_mean_ms");
}

/* From the longest down; each panel begins with the longest that is left. */
static void divide(struct bars *bars, const struct sheet *sheet)
{
    double begins[PANELS_MAX], last = INFINITY;

    while (bars->panels < PANELS_MAX) {
        double longest = 0;

        for (size_t i = 0; i < bars->count; i++)
            if (mean_of(sheet, bars->rows[i]) * (bars->panels ? PANEL_TIMES : 1) < last)
                longest = fmax(longest, mean_of(sheet, bars->rows[i]));
        if (longest <= 0)
            break;
        begins[bars->panels++] = longest;
        last = longest;
    }
    for (size_t i = 0; i < bars->count; i++) {
        double mean_ms = mean_of(sheet, bars->rows[i]), high_ms = sheet_number(sheet, bars->rows[i], "delay_high_ms");
        size_t panel = 0;

        while (panel + 1 < bars->panels && mean_ms <= begins[panel + 1])
            panel++;
        bars->panel_of[i] = bars->panels - 1 - panel;
        bars->ends_ms[bars->panel_of[i]] = fmax(bars->ends_ms[bars->panel_of[i]], fmax(mean_ms, high_ms));
        bars->heights[bars->panel_of[i]]++;
    }
}

static void find_bars(const struct points *points, size_t group, struct bars *bars)
{
    const struct points_place anywhere = {.x = SIZE_MAX, .y = SIZE_MAX};
    struct points_arms arms;

    *bars = (struct bars){.count = 0};
    points_arms(points, group, &arms);
    for (size_t i = 0; i < arms.count; i++) {
        size_t row = points_find(points, group, arms.names[i], &anywhere);

        if (mean_of(points->sheet, row) > 0)
            bars->rows[bars->count++] = row;
    }
    divide(bars, points->sheet);
}

static bool is_in_seconds(const struct bars *bars, size_t panel)
{
    return bars->ends_ms[panel] >= 10000;
}

static void write_bar(const struct sheet *sheet, const struct bars *bars, size_t bar, size_t row, struct sink *csv)
{
    double unit = is_in_seconds(bars, bars->panel_of[bar]) ? 1000 : 1;
    double mean_ms = mean_of(sheet, bars->rows[bar]), low_ms = sheet_number(sheet, bars->rows[bar], "delay_low_ms");
    double high_ms = sheet_number(sheet, bars->rows[bar], "delay_high_ms");

    picture_number(csv, (double)row);
    sink_char(csv, ',');
    picture_arm(csv, sheet_find(sheet, bars->rows[bar], "arm"));
    picture_number(csv, mean_ms / unit);
    picture_number(csv, (isfinite(low_ms) ? low_ms : mean_ms) / unit);
    picture_number(csv, (isfinite(high_ms) ? high_ms : mean_ms) / unit);
    for (size_t part = 0; part < PART_COUNT; part++)
        picture_number(csv, sheet_number(sheet, bars->rows[bar], parts[part]) / unit);
    sink_char(csv, '\n');
}

static void set_panels(struct picture *picture, const struct bars *bars)
{
    char rows[64], ends[128], formats[64], names[64];
    struct sink row_sink = SINK(rows), end_sink = SINK(ends), format_sink = SINK(formats), unit_sink = SINK(names);

    for (size_t panel = 0; panel < bars->panels; panel++) {
        bool is_seconds = is_in_seconds(bars, panel);

        sink_format(&row_sink, "%zu ", bars->heights[panel]);
        sink_format(&end_sink, "%.9g ", bars->ends_ms[panel] / (is_seconds ? 1000 : 1));
        sink_text(&format_sink, is_seconds ? "%.2f " : bars->ends_ms[panel] < 10 ? "%.3f " : "%.1f ");
        sink_text(&unit_sink, is_seconds ? "s " : "ms ");
    }
    figure_set_number(&picture->figure, "panels", (double)bars->panels);
    figure_set_text(&picture->figure, "panel_rows", sink_string(&row_sink));
    figure_set_text(&picture->figure, "panel_ends", sink_string(&end_sink));
    figure_set_text(&picture->figure, "panel_formats", sink_string(&format_sink));
    figure_set_text(&picture->figure, "panel_units", sink_string(&unit_sink));
    picture->height = 64 + 24 * (double)bars->count + 52 * (double)bars->panels + 58;
}

static void write_bars(struct picture *picture, const struct sheet *sheet, const struct bars *bars)
{
    sink_text(&picture->csv, "row,arm,mean,low,high");
    for (size_t part = 0; part < PART_COUNT; part++)
        sink_format(&picture->csv, ",%.*s", (int)(strlen(parts[part]) - strlen("part__ms")),
                    parts[part] + strlen("part_"));
    sink_char(&picture->csv, '\n');
    for (size_t panel = 0; panel < bars->panels; panel++) {
        size_t row = 0;

        for (size_t bar = 0; bar < bars->count; bar++)
            if (bars->panel_of[bar] == panel)
                write_bar(sheet, bars, bar, row++, &picture->csv);
    }
}

static enum err fill_arms(struct picture *picture, const struct points *points, size_t group, const struct bars *bars)
{
    points_suffix(points, group, &picture->name);
    points_describe(points, group, false, &picture->subtitle);
    TRY(picture_tell_file(picture, points->sheet));
    picture_tell_trials(picture, points, group, true);
    sink_text(&picture->caption, "* the proposal, (a) and (b) the hop-by-hop baselines. ");
    if (bars->panels > 1)
        sink_text(&picture->caption, "Each panel has its own scale. ");
    set_panels(picture, bars);
    write_bars(picture, points->sheet, bars);
    return picture_save(picture, NULL);
}

static enum err draw_group(struct gallery *gallery, const struct gallery_kind *kind, const struct points *points,
                           size_t group)
{
    struct picture *picture = picture_create(gallery, kind);
    struct bars bars;

    if (!picture)
        return ERR_FULL;
    find_bars(points, group, &bars);
    enum err error = bars.count > 0 ? fill_arms(picture, points, group, &bars) : ERR_OK;

    picture_free(picture);
    return error;
}

/* A figure for each group that has one, by draw. */
static enum err draw_groups(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet,
                            enum err (*draw)(struct gallery *, const struct gallery_kind *, const struct points *,
                                             size_t))
{
    struct points points;
    enum err error = points_init(&points, sheet, NULL, 0);

    if (error != ERR_OK)
        return note_set(gallery->note, error, "no memory for the points of %s", kind->file);
    picture_groups(gallery, &points);
    for (size_t group = 0; group < points.group_count && error == ERR_OK; group++)
        error = draw(gallery, kind, &points, group);
    points_free(&points);
    return error;
}

enum err gallery_draw_arms(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet)
{
    return draw_groups(gallery, kind, sheet, draw_group);
}

/* ---- Distributions ---- */

struct sample {
    size_t trials, delivered;
    double *delays_ms; /* of those that delivered, in order */
};

static int compare_doubles(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;

    return first < second ? -1 : first > second;
}

static void read_sample(const struct points *points, size_t group, struct span arm, struct sample *sample)
{
    const struct sheet *sheet = points->sheet;
    size_t arm_column = sheet_column(sheet, "arm");

    sample->trials = sample->delivered = 0;
    for (size_t row = points->first[group]; row < sheet->row_count; row++) {
        if (points->group[row] != group || !span_equal(sheet_cell(sheet, row, arm_column), arm))
            continue;
        double delay_ns = sheet_number(sheet, row, "delay_ns");

        sample->trials++;
        if (span_equal(sheet_find(sheet, row, "end"), SPAN("delivered")) && delay_ns >= 0)
            sample->delays_ms[sample->delivered++] = delay_ns / (double)MS;
    }
    qsort(sample->delays_ms, sample->delivered, sizeof(*sample->delays_ms), compare_doubles);
}

/* The steps of the empirical distribution, and the band around it. */
static void write_steps(const struct sample *sample, size_t panel, struct span arm, struct sink *csv)
{
    double n = (double)sample->trials, half = sqrt(log(2 / 0.05) / (2 * n));
    size_t stride = sample->delivered / STEPS_MAX + 1;

    for (size_t i = 0; i < sample->delivered; i += i + stride < sample->delivered ? stride : 1) {
        double share = (double)(i + 1) / n;

        picture_number(csv, (double)panel);
        sink_char(csv, ',');
        points_label(csv, arm, true);
        picture_number(csv, sample->delays_ms[i]);
        picture_number(csv, share);
        picture_number(csv, fmax(0, share - half));
        picture_number(csv, fmin(1, share + half));
        sink_char(csv, '\n');
    }
}

/* 1, 2 or 5 times a power of ten, so that at least two multiples of it fall into the range widened by 0.3 of it on both
 * sides (distribution.gp), and seldom more than four. */
static double tick_of(double range)
{
    double most = range / 1.4, power = pow(10, floor(log10(most)));

    return most >= 5 * power ? 5 * power : most >= 2 * power ? 2 * power : power;
}

struct panels {
    char arms[FIGURE_TEXT_SIZE], lows[FIGURE_TEXT_SIZE], highs[FIGURE_TEXT_SIZE], steps[FIGURE_TEXT_SIZE],
        counts[FIGURE_TEXT_SIZE];
    struct sink arm, low, high, step, number;
    size_t count;
};

static void add_panel(struct panels *panels, const struct sample *sample, struct span arm)
{
    double low = sample->delays_ms[0], high = sample->delays_ms[sample->delivered - 1];

    points_label(&panels->arm, arm, true);
    sink_char(&panels->arm, ' ');
    sink_format(&panels->low, "%.9g ", low);
    sink_format(&panels->high, "%.9g ", high);
    sink_format(&panels->step, "%.9g ", tick_of(high - low));
    sink_format(&panels->number, "n=%zu ", sample->trials);
    panels->count++;
}

static void add_samples(struct picture *picture, const struct points *points, size_t group, struct panels *panels)
{
    struct sample sample = {.delays_ms = calloc(points->size[group] + 1, sizeof(double))};
    struct points_arms arms;

    points_arms(points, group, &arms);
    sink_text(&picture->csv, "panel,arm,delay_ms,share,low,high\n");
    for (size_t i = 0; sample.delays_ms && i < arms.count; i++) {
        read_sample(points, group, arms.names[i], &sample);
        if (sample.trials < TRIALS_LEAST || sample.delivered < 2 ||
            sample.delays_ms[0] == sample.delays_ms[sample.delivered - 1])
            continue;
        add_panel(panels, &sample, arms.names[i]);
        write_steps(&sample, panels->count, arms.names[i], &picture->csv);
    }
    free(sample.delays_ms);
}

static enum err fill_distribution(struct picture *picture, const struct points *points, size_t group)
{
    struct panels panels = {.count = 0};

    panels.arm = SINK(panels.arms);
    panels.low = SINK(panels.lows);
    panels.high = SINK(panels.highs);
    panels.step = SINK(panels.steps);
    panels.number = SINK(panels.counts);
    add_samples(picture, points, group, &panels);
    if (panels.count == 0)
        return ERR_OK;
    points_suffix(points, group, &picture->name);
    points_describe(points, group, false, &picture->subtitle);
    TRY(picture_tell_file(picture, points->sheet));
    sink_text(&picture->caption,
              "Share of trials with the file in hand after so long, n in brackets; the shaded band holds the whole "
              "distribution with 95 % (Dvoretzky-Kiefer-Wolfowitz). Each panel has its own scale.\n");
    figure_set_text(&picture->figure, "arms", sink_string(&panels.arm));
    figure_set_text(&picture->figure, "lows", sink_string(&panels.low));
    figure_set_text(&picture->figure, "highs", sink_string(&panels.high));
    figure_set_text(&picture->figure, "steps", sink_string(&panels.step));
    figure_set_text(&picture->figure, "counts", sink_string(&panels.number));
    picture->height = 64 + 14 + 128 * (double)((panels.count + 3) / 4) + 10;
    return picture_save(picture, NULL);
}

static enum err draw_distribution(struct gallery *gallery, const struct gallery_kind *kind, const struct points *points,
                                  size_t group)
{
    struct picture *picture = picture_create(gallery, kind);

    if (!picture)
        return ERR_FULL;
    enum err error = fill_distribution(picture, points, group);

    picture_free(picture);
    return error;
}

enum err gallery_draw_distribution(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet)
{
    return draw_groups(gallery, kind, sheet, draw_distribution);
}
