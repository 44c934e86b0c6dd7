/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * points.h - the rows of a table of results by point: which columns tell points apart, which of them a sweep varies,
 * and how a value of them is shown. The key columns stand before the column "arm"; "point", a number, is not one.
 */
#ifndef PLOTS_POINTS_H
#define PLOTS_POINTS_H

#include "plots/sheet.h"
#include "sim/base/sink.h"

enum { POINTS_KEYS_MAX = 16, POINTS_GROUPS_MAX = 256, POINTS_VALUES_MAX = 128, POINTS_ARMS_MAX = 32 };

/* Rows that are alike in every key column but the axes. */
struct points {
    const struct sheet *sheet;
    size_t key_count, keys[POINTS_KEYS_MAX]; /* columns, without the axes */
    size_t group_count;                      /* beyond POINTS_GROUPS_MAX groups rows are left out */
    size_t first[POINTS_GROUPS_MAX];         /* the first row of a group */
    size_t size[POINTS_GROUPS_MAX];          /* its rows */
    size_t *group;                           /* of each row; SIZE_MAX: left out */
};

/* axes: columns that do not tell groups apart. ERR_FULL without memory; points_free in any case. */
MUST_USE enum err points_init(struct points *points, const struct sheet *sheet, const size_t *axes, size_t axis_count);
void points_free(struct points *points);

/* Leaves only these groups (ascending), which become groups 0 to count - 1. */
void points_keep(struct points *points, const size_t *groups, size_t count);

/* Key columns that hold numbers, at least so many different ones. Returns how many there are, at most POINTS_KEYS_MAX.
 */
size_t points_axes(const struct sheet *sheet, size_t different_least, size_t axes[POINTS_KEYS_MAX]);

/* The different numbers of a column in a group in ascending order; at most POINTS_VALUES_MAX, 0 when there are more. */
size_t points_values(const struct points *points, size_t group, size_t column, double values[POINTS_VALUES_MAX]);

/* The rows of the group whose axis columns hold these values, by arm: rows[arm] for each of arms, SIZE_MAX: none. */
struct points_arms {
    size_t count;
    struct span names[POINTS_ARMS_MAX];
};
void points_arms(const struct points *points, size_t group, struct points_arms *arms);

/* The row of an arm in a group where column x holds value (x SIZE_MAX: any), and y likewise; SIZE_MAX: none. */
struct points_place {
    size_t x, y; /* columns */
    double x_value, y_value;
};
size_t points_find(const struct points *points, size_t group, struct span arm, const struct points_place *place);

/* "transfer.size 10 KiB, connections warm" for the keys of a group; of them only those that differ between groups when
 * is_short. */
void points_describe(const struct points *points, size_t group, bool is_short, struct sink *sink);

/* "-10KiB-warm": the values that differ between groups, for the name of a file. */
void points_suffix(const struct points *points, size_t group, struct sink *sink);

/* A value with its unit, which the column's name ends in: "_bytes", "_ns", "_bps". */
void points_show(struct sink *sink, struct span column, struct span value);

/* The column without its unit: "transfer.size". */
struct span points_axis_name(struct span column);

/* Text for a figure's data: printable ASCII that neither CSV, gnuplot nor TeX takes for its own stays, the rest becomes
 * a hyphen; blanks too where is_word. */
void points_label(struct sink *sink, struct span text, bool is_word);

#endif
