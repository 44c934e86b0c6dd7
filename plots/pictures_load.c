/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pictures_load.c - figures of loads: what the core can take of one kind of attempt beside another, and how busy its
 * nodes are.
 */
#include "plots/gallery_parts.h"

#include <math.h>
#include <stdlib.h>

enum { ARMS_MAX = 16, NODES = 6 };

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* ---- Capacity ---- */

/* Arms in the order of their rows, and the rates beside, ascending. */
struct besides {
    size_t arm_count, rate_count;
    struct span arms[ARMS_MAX];
    double rates[POINTS_VALUES_MAX];
};

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void find_besides(const struct sheet *sheet, struct besides *besides)
{
    besides->arm_count = besides->rate_count = 0;
    for (size_t row = 0; row < sheet->row_count; row++) {
        struct span arm = sheet_find(sheet, row, "arm");
        double rate = sheet_number(sheet, row, "beside_per_s");
        size_t i = 0, k = 0;

        while (i < besides->arm_count && !span_equal(besides->arms[i], arm))
            i++;
        if (i == besides->arm_count && i < ARMS_MAX)
            besides->arms[besides->arm_count++] = arm;
        while (k < besides->rate_count && besides->rates[k] != rate)
            k++;
        if (k == besides->rate_count && k < POINTS_VALUES_MAX && isfinite(rate))
            besides->rates[besides->rate_count++] = rate;
    }
    qsort(besides->rates, besides->rate_count, sizeof(*besides->rates), by_number);
}

/* NAN where there is no such row. */
static double capacity_at(const struct sheet *sheet, struct span arm, double rate)
{
    for (size_t row = 0; row < sheet->row_count; row++)
        if (span_equal(sheet_find(sheet, row, "arm"), arm) && sheet_number(sheet, row, "beside_per_s") == rate)
            return sheet_number(sheet, row, "capacity_per_s");
    return NAN;
}

/* Rows of the data; returns the highest capacity. */
static double write_capacities(const struct sheet *sheet, const struct besides *besides, struct sink *csv)
{
    double most = 0;

    sink_text(csv, "beside");
    for (size_t i = 0; i < besides->arm_count; i++)
        picture_label(csv, besides->arms[i]);
    sink_char(csv, '\n');
    for (size_t k = 0; k < besides->rate_count; k++) {
        picture_number(csv, besides->rates[k]);
        for (size_t i = 0; i < besides->arm_count; i++) {
            double capacity = capacity_at(sheet, besides->arms[i], besides->rates[k]);

            picture_number(csv, capacity);
            most = fmax(most, isfinite(capacity) ? capacity : 0);
        }
        sink_char(csv, '\n');
    }
    return most;
}

/* "a file costs 0.99 calls by msrp-smime, 3.8 by message-plain": from the first rate to the last at which there still
 * is a capacity. */
static void tell_costs(const struct sheet *sheet, const struct besides *besides, const char *one, const char *others,
                       struct sink *sink)
{
    bool is_first = true;

    for (size_t i = 0; i < besides->arm_count; i++) {
        double from = capacity_at(sheet, besides->arms[i], besides->rates[0]), to = 0;
        size_t last = besides->rate_count;

        while (last-- > 1 && !((to = capacity_at(sheet, besides->arms[i], besides->rates[last])) > 0))
            ;
        if (last == 0 || last == SIZE_MAX || !(from > 0))
            continue;
        double cost = (from - to) / (besides->rates[last] - besides->rates[0]);

        if (is_first)
            sink_format(sink, "a %s costs %.2g %s by ", one, cost, others);
        else
            sink_format(sink, ", %.2g by ", cost);
        points_label(sink, besides->arms[i], true);
        is_first = false;
    }
}

static enum err fill_capacity(struct picture *picture, const struct sheet *sheet)
{
    bool is_calls = span_equal(sheet_find(sheet, 0, "of"), SPAN("calls"));
    char names[FIGURE_TEXT_SIZE], label[FIGURE_TEXT_SIZE];
    struct sink sink = SINK(names), label_sink = SINK(label);
    struct besides besides;

    find_besides(sheet, &besides);
    if (besides.rate_count < 2)
        return ERR_OK;
    double most = write_capacities(sheet, &besides, &picture->csv);

    if (most <= 0)
        return ERR_OK;
    for (size_t i = 0; i < besides.arm_count; i++) {
        points_label(&sink, besides.arms[i], true);
        sink_char(&sink, ' ');
    }
    sink_text(&label_sink, "files of ");
    points_show(&label_sink, SPAN("file_bytes"), sheet_find(sheet, 0, "file_bytes"));
    sink_text(&label_sink, " a second");
    tell_costs(sheet, &besides, is_calls ? "file" : "call", is_calls ? "calls" : "files", &picture->subtitle);
    sink_text(
        &picture->caption,
        "Each point: the highest rate at which no more attempts of all kinds are inadequately handled than the "
        "capacity allows (ETSI TS 186 008), no host is offered more work and no link more bits than it has time for. "
        "By msrp arms CSCFs carry a file's signalling alone, by message arms its bytes too. ");
    figure_set_text(&picture->figure, "arms", sink_string(&sink));
    figure_set_text(&picture->figure, "x_label", is_calls ? sink_string(&label_sink) : "calls a second");
    figure_set_text(&picture->figure, "y_label", is_calls ? "calls a second" : sink_string(&label_sink));
    figure_set_number(&picture->figure, "most_x", besides.rates[besides.rate_count - 1]);
    figure_set_number(&picture->figure, "most_y", most);
    return picture_save(picture, NULL);
}

enum err gallery_draw_capacity(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet)
{
    struct picture *picture = picture_create(gallery, kind);
    enum err error = picture ? fill_capacity(picture, sheet) : ERR_FULL;

    picture_free(picture);
    return error;
}

/* ---- How busy nodes are ---- */

static const struct {
    const char *column, *name;
} nodes[NODES] = {{"utilisation_p_cscf_a_ratio", "P-CSCF(A)"}, {"utilisation_s_cscf_a_ratio", "S-CSCF(A)"},
                  {"utilisation_i_cscf_b_ratio", "I-CSCF(B)"}, {"utilisation_hss_b_ratio", "HSS(B)"},
                  {"utilisation_s_cscf_b_ratio", "S-CSCF(B)"}, {"utilisation_p_cscf_b_ratio", "P-CSCF(B)"}};

static void write_node(const struct sheet *sheet, size_t node, struct sink *csv)
{
    double sum = 0, least = INFINITY, most = 0;
    size_t count = 0;

    for (size_t row = 0; row < sheet->row_count; row++) {
        double share = 100 * sheet_number(sheet, row, nodes[node].column);

        if (!isfinite(share))
            continue;
        sum += share;
        least = fmin(least, share);
        most = fmax(most, share);
        count++;
    }
    if (count == 0)
        return;
    picture_number(csv, (double)node);
    sink_format(csv, ",%s", nodes[node].name);
    picture_number(csv, sum / (double)count);
    picture_number(csv, least);
    picture_number(csv, most);
    sink_char(csv, '\n');
}

/* Over all replications. */
static double mean_of(const struct sheet *sheet, const char *column)
{
    double sum = 0;

    for (size_t row = 0; row < sheet->row_count; row++)
        sum += sheet_number(sheet, row, column);
    return sum / (double)sheet->row_count;
}

enum err gallery_draw_load(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet)
{
    struct picture *picture = picture_create(gallery, kind);

    if (!picture)
        return ERR_FULL;
    sink_text(&picture->csv, "row,node,mean,least,most\n");
    for (size_t node = 0; node < NODES; node++)
        write_node(sheet, node, &picture->csv);
    sink_format(&picture->subtitle, "%.4g attempts a second to send the file, %.3g %% of all inadequately handled",
                mean_of(sheet, "rate_ratio"), 100 * mean_of(sheet, "inadequate_ratio"));
    sink_format(&picture->caption, "n = %zu replications; mean, least and most, behind the warm-up. ",
                sheet->row_count);
    figure_set_number(&picture->figure, "rows", NODES);
    picture->height = 64 + 30 * NODES + 80;
    enum err error = picture_save(picture, NULL);

    picture_free(picture);
    return error;
}
