/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pictures_tables.c - figures of one table each: bytes by layer, how busy nodes are, simulated against observed, and
 * what each arm notices.
 */
#include "plots/gallery_parts.h"
#include "plots/threat_table.h"
#include "sim/base/units.h"

#include <math.h>

enum { SERIES_MAX = 24 };

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* A figure for each point of a comparison, filled by fill, which sets *rows to how many arms it wrote. */
struct arm_figure {
    void (*write)(const struct sheet *sheet, size_t row, size_t number, struct picture *picture, double *most);
    const char *head, *remark;
    double foot, row; /* points below the bars, and for each, of which there is room for two at least */
};

static enum err fill_arms(struct picture *picture, const struct points *points, size_t group,
                          const struct arm_figure *figure)
{
    const struct points_place anywhere = {.x = SIZE_MAX, .y = SIZE_MAX};
    struct points_arms arms;
    double most = 0;
    size_t rows = 0;

    points_arms(points, group, &arms);
    sink_text(&picture->csv, figure->head);
    for (size_t i = 0; i < arms.count; i++) {
        size_t row = points_find(points, group, arms.names[i], &anywhere);

        if (sheet_number(points->sheet, row, "delay_mean_ms") > 0)
            figure->write(points->sheet, row, rows++, picture, &most);
    }
    if (rows == 0 || most <= 0)
        return ERR_OK;
    points_suffix(points, group, &picture->name);
    points_describe(points, group, false, &picture->subtitle);
    TRY(picture_tell_file(picture, points->sheet));
    picture_tell_trials(picture, points, group, false);
    sink_text(&picture->caption, figure->remark);
    figure_set_number(&picture->figure, "rows", (double)rows);
    figure_set_number(&picture->figure, "most", most);
    picture->height = 64 + figure->row * fmax(2, (double)rows) + figure->foot;
    return picture_save(picture, NULL);
}

static enum err draw_arms(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet,
                          const struct arm_figure *figure)
{
    struct points points;
    enum err error = points_init(&points, sheet, NULL, 0);

    if (error != ERR_OK)
        return note_set(gallery->note, error, "no memory for the points of %s", kind->file);
    picture_groups(gallery, &points);
    for (size_t group = 0; group < points.group_count && error == ERR_OK; group++) {
        struct picture *picture = picture_create(gallery, kind);

        error = picture ? fill_arms(picture, &points, group, figure) : ERR_FULL;
        picture_free(picture);
    }
    points_free(&points);
    return error;
}

/* ---- Bytes by layer ---- */

static const char *const layers[] = {"layer_link_bytes", "layer_ip_bytes",  "layer_transport_bytes", "layer_esp_bytes",
                                     "layer_tls_bytes",  "layer_sip_bytes", "layer_rest_bytes"};

static double file_bytes_of(const struct picture *picture, const struct sheet *sheet, size_t row)
{
    double bytes = sheet_number(sheet, row, "transfer.size_bytes");
    const struct sheet *trials;

    if (isnan(bytes) && gallery_sheet(picture->gallery, "trials.csv", &trials) == ERR_OK && trials)
        bytes = sheet_number(trials, 0, "file_bytes");
    return bytes;
}

static void write_layers(const struct sheet *sheet, size_t row, size_t number, struct picture *picture, double *most)
{
    double whole = 0;

    for (size_t i = 0; i < COUNT(layers); i++)
        whole += fmax(0, sheet_number(sheet, row, layers[i]));
    picture_number(&picture->csv, (double)number);
    sink_char(&picture->csv, ',');
    picture_arm(&picture->csv, sheet_find(sheet, row, "arm"));
    picture_number(&picture->csv, whole / MIB);
    picture_number(&picture->csv, whole / file_bytes_of(picture, sheet, row));
    for (size_t i = 0; i < COUNT(layers); i++)
        picture_number(&picture->csv, whole > 0 ? 100 * fmax(0, sheet_number(sheet, row, layers[i])) / whole : 0);
    sink_char(&picture->csv, '\n');
    *most = fmax(*most, whole);
}

enum err gallery_draw_layers(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet)
{
    static const struct arm_figure figure = {
        .write = write_layers,
        .head = "row,arm,MiB,times_file,link,ip,transport,esp,tls,sip,rest\n",
        .remark = "Every packet on every link counts, so that a file over more links counts more often. ",
        .foot = 18 + 96 + 10,
        .row = 24};

    return draw_arms(gallery, kind, sheet, &figure);
}

/* ---- How busy nodes are ---- */

static void write_utilisation(const struct sheet *sheet, size_t row, size_t number, struct picture *picture,
                              double *most)
{
    static const char *const columns[] = {"ue_cpu_ms", "core_cpu_ms", "relay_cpu_ms"};
    double delay_ms = sheet_number(sheet, row, "delay_mean_ms");

    picture_number(&picture->csv, (double)number);
    sink_char(&picture->csv, ',');
    picture_arm(&picture->csv, sheet_find(sheet, row, "arm"));
    for (size_t i = 0; i < COUNT(columns); i++) {
        double share = 100 * sheet_number(sheet, row, columns[i]) / delay_ms;

        picture_number(&picture->csv, isfinite(share) ? share : 0);
        *most = fmax(*most, isfinite(share) ? share : 0);
    }
    sink_char(&picture->csv, '\n');
}

enum err gallery_draw_utilisation(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet)
{
    static const struct arm_figure figure = {
        .write = write_utilisation,
        .head = "row,arm,ues,core,relays\n",
        .remark =
            "CPU time of all nodes of a kind over the mean delay; a dwell known only as a whole is waited for and "
            "occupies no CPU, so that core nodes may show nothing. ",
        .foot = 80 + 10,
        .row = 40};

    return draw_arms(gallery, kind, sheet, &figure);
}

/* ---- Against what was observed ---- */

/* Which columns hold the pair, and what tells series apart, by file. */
static const struct observed {
    const char *file, *series, *observed, *simulated, *words, *remark;
    const char *needs_unit; /* of the column "unit"; NULL: all rows are times */
} observations[] = {
    {"validation.csv", "arm", "measured_ns", "predicted_ns", "measured over real sockets",
     "Measured: medians over real sockets; predicted by the simulator calibrated on other points. ", NULL},
    {"replay.csv", "what", "captured_ns", "simulated_ns", "captured",
     "Times of messages since the first; captured dwells went in, so that this checks consistency. ", NULL},
    {"paper.csv", "is", "figure", "simulated", "read from the paper's figures",
     "input: went into the scenario, no validation; predicted: did not. ", "ns"},
};

struct series {
    size_t count;
    struct span names[SERIES_MAX];
};

static size_t series_of(struct series *series, struct span name)
{
    for (size_t i = 0; i < series->count; i++)
        if (span_equal(series->names[i], name))
            return i + 1;
    if (series->count == SERIES_MAX)
        return SERIES_MAX;
    series->names[series->count++] = name.size > 0 ? name : SPAN("all");
    return series->count;
}

struct pairs {
    size_t count, within;
    double least, most, farthest; /* farthest: the greatest difference in per cent, without its sign */
    struct series series;
};

static void write_pairs(const struct sheet *sheet, const struct observed *observed, struct sink *csv,
                        struct pairs *pairs)
{
    sink_text(csv, "series,name,observed_ms,simulated_ms,difference_percent\n");
    for (size_t row = 0; row < sheet->row_count; row++) {
        double seen = sheet_number(sheet, row, observed->observed) / (double)MS;
        double simulated = sheet_number(sheet, row, observed->simulated) / (double)MS;
        double difference = 100 * (simulated - seen) / seen;

        if (!(seen > 0) || !(simulated > 0) ||
            (observed->needs_unit && !span_equal(sheet_find(sheet, row, "unit"), span_of(observed->needs_unit))))
            continue;
        picture_number(csv, (double)series_of(&pairs->series, sheet_find(sheet, row, observed->series)));
        picture_label(csv, sheet_find(sheet, row, observed->series));
        picture_number(csv, seen);
        picture_number(csv, simulated);
        picture_number(csv, difference);
        sink_char(csv, '\n');
        pairs->count++;
        pairs->within += fabs(difference) <= 5;
        pairs->least = fmin(pairs->least, fmin(seen, simulated));
        pairs->most = fmax(pairs->most, fmax(seen, simulated));
        pairs->farthest = fmax(pairs->farthest, fabs(difference));
    }
}

static enum err fill_against(struct picture *picture, const struct sheet *sheet, const struct observed *observed)
{
    struct pairs pairs = {.least = INFINITY};
    char names[FIGURE_TEXT_SIZE];
    struct sink sink = SINK(names);

    write_pairs(sheet, observed, &picture->csv, &pairs);
    if (pairs.count == 0)
        return ERR_OK;
    for (size_t i = 0; i < pairs.series.count; i++) {
        points_label(&sink, pairs.series.names[i], true);
        sink_char(&sink, ' ');
    }
    sink_format(&picture->subtitle, "%zu of %zu within 5 %%; the farthest is %.1f %% off", pairs.within, pairs.count,
                pairs.farthest);
    sink_format(&picture->caption, "n = %zu pairs. %s", pairs.count, observed->remark);
    figure_set_text(&picture->figure, "series", sink_string(&sink));
    figure_set_text(&picture->figure, "observed", observed->words);
    figure_set_number(&picture->figure, "least", pairs.least);
    figure_set_number(&picture->figure, "most", pairs.most);
    figure_set_number(&picture->figure, "widest", fmax(10, pairs.farthest) * 1.15);
    picture->height = 540;
    return picture_save(picture, NULL);
}

enum err gallery_draw_against(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet)
{
    size_t i = 0;

    while (strcmp(observations[i].file, kind->file) != 0)
        i++;
    struct picture *picture = picture_create(gallery, kind);
    enum err error = picture ? fill_against(picture, sheet, &observations[i]) : ERR_FULL;

    picture_free(picture);
    return error;
}

/* ---- Threats ---- */

enum { ATTACKS_WIDE = 12 }; /* more have no room for two numbers in a cell */

/* The colours of threats.gp. */
enum threat_kind { THREAT_STOPPED, THREAT_SOMEWHERE, THREAT_EVERYWHERE, THREAT_NO_WAY };

static void write_threat(const struct sheet *sheet, const struct threat_names *arms, const struct threat_names *attacks,
                         const size_t at[2], struct sink *csv)
{
    struct threat_count count = threat_count_find(sheet, arms->names[at[1]], attacks->names[at[0]]);

    if (count.places == 0)
        return;
    picture_number(csv, (double)at[0]);
    picture_number(csv, (double)at[1]);
    picture_number(csv, count.harm == count.places                ? THREAT_EVERYWHERE
                        : count.harm > 0                          ? THREAT_SOMEWHERE
                        : count.noticed > 0 || count.harmless > 0 ? THREAT_STOPPED
                                                                  : THREAT_NO_WAY);
    if (count.harm > 0 && attacks->count > ATTACKS_WIDE)
        sink_format(csv, ",✗ %zu", count.harm);
    else if (count.harm > 0)
        sink_format(csv, ",✗ %zu/%zu", count.harm, count.places);
    else if (count.noticed > 0)
        sink_format(csv, ",✓ %zu", count.noticed);
    else
        sink_text(csv, count.harmless > 0 ? ",○" : ",–");
    sink_char(csv, ',');
    picture_arm(csv, arms->names[at[1]]);
    picture_label(csv, attacks->names[at[0]]);
    sink_char(csv, '\n');
}

static enum err fill_threats(struct picture *picture, const struct sheet *sheet)
{
    struct threat_names arms, attacks;

    threat_names_find(sheet, "arm", &arms);
    threat_names_find(sheet, "attack", &attacks);
    sink_text(&picture->csv, "x,y,kind,text,arm,attack\n");
    size_t empty = picture->csv.size;

    for (size_t y = 0; y < arms.count; y++)
        for (size_t x = 0; x < attacks.count; x++)
            write_threat(sheet, &arms, &attacks, (size_t[2]){x, y}, &picture->csv);
    if (picture->csv.size == empty)
        return ERR_OK;
    sink_format(&picture->subtitle, "%zu attacks on %zu arms, each at every place it can be made from", attacks.count,
                arms.count);
    sink_format(
        &picture->caption,
        "✗ %s places on the way nobody noticed that the receiver took what had been changed, or that what was "
        "sought was read; ✓ m: noticed at m places, no harm at the others; ○: nobody minds and the file arrives "
        "as it was; –: the attacker finds no way; empty: not tried. Each cell is the outcome of trials with the "
        "attack carried out. ",
        attacks.count > ATTACKS_WIDE ? "m: at m" : "m/n: at m of the n");
    figure_set_number(&picture->figure, "x_count", (double)attacks.count);
    figure_set_number(&picture->figure, "y_count", (double)arms.count);
    picture->height = 64 + 26 * (double)arms.count + 118;
    return picture_save(picture, NULL);
}

enum err gallery_draw_threats(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet)
{
    struct picture *picture = picture_create(gallery, kind);
    enum err error = picture ? fill_threats(picture, sheet) : ERR_FULL;

    picture_free(picture);
    return error;
}
