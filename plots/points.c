/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/points.h"
#include "sim/base/units.h"

#include <math.h>
#include <stdlib.h>

/* ---- Values ---- */

static const struct unit {
    const char *ending;
    enum { UNIT_SIZE, UNIT_TIME, UNIT_RATE, UNIT_RATIO } kind;
} units[] = {{"_bytes", UNIT_SIZE}, {"_ns", UNIT_TIME}, {"_bps", UNIT_RATE}, {"_ratio", UNIT_RATIO}, {NULL, 0}};

static const struct unit *unit_of(struct span column)
{
    for (const struct unit *unit = units; unit->ending; unit++) {
        size_t size = strlen(unit->ending);

        if (column.size > size && span_equal(span_after(column, column.size - size), span_of(unit->ending)))
            return unit;
    }
    return NULL;
}

struct span points_axis_name(struct span column)
{
    const struct unit *unit = unit_of(column);

    if (unit)
        column.size -= strlen(unit->ending);
    return column;
}

void points_label(struct sink *sink, struct span text, bool is_word)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool is_kept = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       (c && strchr(".:/+()=*-", c)) || (c == ' ' && !is_word);

        sink_char(sink, is_kept ? c : '-');
    }
}

static bool read_number(struct span cell, double *number)
{
    char text[64], *end;

    if (cell.size == 0 || cell.size >= sizeof(text))
        return false;
    memcpy(text, cell.data, cell.size);
    text[cell.size] = 0;
    *number = strtod(text, &end);
    return *end == 0 && isfinite(*number);
}

void points_show(struct sink *sink, struct span column, struct span value)
{
    const struct unit *unit = unit_of(column);
    double number;

    if (!unit || !read_number(value, &number) || number < 0 || number > 9e18)
        points_label(sink, value, false);
    else if (unit->kind == UNIT_SIZE)
        units_write_size(sink, (uint64_t)number);
    else if (unit->kind == UNIT_TIME)
        units_write_time(sink, (int64_t)number);
    else if (unit->kind == UNIT_RATE)
        units_write_rate(sink, (uint64_t)number);
    else
        units_write_ratio(sink, number);
}

/* ---- Groups ---- */

static bool is_one_of(size_t column, const size_t *columns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (columns[i] == column)
            return true;
    return false;
}

static size_t find_keys(const struct sheet *sheet, const size_t *axes, size_t axis_count, size_t keys[POINTS_KEYS_MAX])
{
    size_t arm = sheet_column(sheet, "arm"), count = 0;

    for (size_t column = 0; arm != SIZE_MAX && column < arm && count < POINTS_KEYS_MAX; column++)
        if (!span_equal(sheet->names[column], SPAN("point")) && !is_one_of(column, axes, axis_count))
            keys[count++] = column;
    return count;
}

static bool is_same(const struct points *points, size_t a, size_t b)
{
    for (size_t key = 0; key < points->key_count; key++)
        if (!span_equal(sheet_cell(points->sheet, a, points->keys[key]),
                        sheet_cell(points->sheet, b, points->keys[key])))
            return false;
    return true;
}

/* Neighbours are mostly alike, so the search begins with the group of the row before. */
static size_t find_group(struct points *points, size_t row, size_t likely)
{
    if (likely < points->group_count && is_same(points, points->first[likely], row))
        return likely;
    for (size_t group = 0; group < points->group_count; group++)
        if (is_same(points, points->first[group], row))
            return group;
    if (points->group_count == POINTS_GROUPS_MAX)
        return SIZE_MAX;
    points->first[points->group_count] = row;
    return points->group_count++;
}

enum err points_init(struct points *points, const struct sheet *sheet, const size_t *axes, size_t axis_count)
{
    *points = (struct points){.sheet = sheet};
    points->key_count = find_keys(sheet, axes, axis_count, points->keys);
    points->group = calloc(sheet->row_count + 1, sizeof(*points->group));
    if (!points->group)
        return ERR_FULL;
    size_t likely = 0;

    for (size_t row = 0; row < sheet->row_count; row++) {
        size_t group = find_group(points, row, likely);

        points->group[row] = group;
        if (group == SIZE_MAX)
            continue;
        points->size[group]++;
        likely = group;
    }
    return ERR_OK;
}

void points_free(struct points *points)
{
    free(points->group);
    points->group = NULL;
}

void points_keep(struct points *points, const size_t *groups, size_t count)
{
    for (size_t row = 0; row < points->sheet->row_count; row++) {
        size_t kept = 0;

        while (kept < count && groups[kept] != points->group[row])
            kept++;
        points->group[row] = kept < count ? kept : SIZE_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        points->first[i] = points->first[groups[i]];
        points->size[i] = points->size[groups[i]];
    }
    points->group_count = count;
}

/* ---- Axes ---- */

static bool add_value(double value, double values[POINTS_VALUES_MAX], size_t *count)
{
    size_t at = *count;

    while (at > 0 && values[at - 1] > value)
        at--;
    if (at > 0 && values[at - 1] == value)
        return true;
    if (*count == POINTS_VALUES_MAX)
        return false;
    memmove(&values[at + 1], &values[at], (*count - at) * sizeof(*values));
    values[at] = value;
    ++*count;
    return true;
}

size_t points_values(const struct points *points, size_t group, size_t column, double values[POINTS_VALUES_MAX])
{
    size_t count = 0;
    double value;

    for (size_t row = 0; row < points->sheet->row_count; row++) {
        if (points->group[row] != group)
            continue;
        if (!read_number(sheet_cell(points->sheet, row, column), &value) || !add_value(value, values, &count))
            return 0;
    }
    return count;
}

static size_t count_values(const struct sheet *sheet, size_t column, size_t enough)
{
    double values[POINTS_VALUES_MAX], value;
    size_t count = 0;

    for (size_t row = 0; row < sheet->row_count; row++) {
        if (!read_number(sheet_cell(sheet, row, column), &value))
            return 0;
        if (count < enough)
            (void)add_value(value, values, &count);
    }
    return count;
}

size_t points_axes(const struct sheet *sheet, size_t different_least, size_t axes[POINTS_KEYS_MAX])
{
    size_t keys[POINTS_KEYS_MAX], count = 0;
    size_t key_count = find_keys(sheet, NULL, 0, keys);

    for (size_t i = 0; i < key_count; i++)
        if (count_values(sheet, keys[i], different_least) >= different_least)
            axes[count++] = keys[i];
    return count;
}

void points_arms(const struct points *points, size_t group, struct points_arms *arms)
{
    size_t arm = sheet_column(points->sheet, "arm");

    arms->count = 0;
    for (size_t row = 0; row < points->sheet->row_count && arms->count < POINTS_ARMS_MAX; row++) {
        struct span name = sheet_cell(points->sheet, row, arm);
        size_t at = 0;

        while (at < arms->count && !span_equal(arms->names[at], name))
            at++;
        if (points->group[row] == group && at == arms->count)
            arms->names[arms->count++] = name;
    }
}

static bool holds(const struct sheet *sheet, size_t row, size_t column, double wanted)
{
    double value;

    return column == SIZE_MAX || (read_number(sheet_cell(sheet, row, column), &value) && value == wanted);
}

size_t points_find(const struct points *points, size_t group, struct span arm, const struct points_place *place)
{
    size_t column = sheet_column(points->sheet, "arm");

    for (size_t row = points->first[group]; row < points->sheet->row_count; row++)
        if (points->group[row] == group && span_equal(sheet_cell(points->sheet, row, column), arm) &&
            holds(points->sheet, row, place->x, place->x_value) && holds(points->sheet, row, place->y, place->y_value))
            return row;
    return SIZE_MAX;
}

/* ---- Words ---- */

static bool differs(const struct points *points, size_t key)
{
    struct span first = sheet_cell(points->sheet, points->first[0], points->keys[key]);

    for (size_t group = 1; group < points->group_count; group++)
        if (!span_equal(sheet_cell(points->sheet, points->first[group], points->keys[key]), first))
            return true;
    return false;
}

void points_describe(const struct points *points, size_t group, bool is_short, struct sink *sink)
{
    bool is_first = true;

    for (size_t key = 0; key < points->key_count; key++) {
        struct span column = points->sheet->names[points->keys[key]];

        if (is_short && !differs(points, key))
            continue;
        sink_text(sink, is_first ? "" : ", ");
        points_label(sink, points_axis_name(column), false);
        sink_char(sink, ' ');
        points_show(sink, column, sheet_cell(points->sheet, points->first[group], points->keys[key]));
        is_first = false;
    }
}

void points_suffix(const struct points *points, size_t group, struct sink *sink)
{
    for (size_t key = 0; key < points->key_count; key++) {
        char text[64];
        struct sink value = SINK(text);

        if (!differs(points, key))
            continue;
        points_show(&value, points->sheet->names[points->keys[key]],
                    sheet_cell(points->sheet, points->first[group], points->keys[key]));
        sink_char(sink, '-');
        for (size_t i = 0; i < value.size; i++)
            sink_char(sink, strchr("/:()=*+% ", text[i]) ? '-' : text[i]);
    }
}
