/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sweep_points.c - which values of the axes a point has, by the sweep's design, and the scenario that they make.
 */
#include "bench/harness/sweep.h"
#include "sim/base/check.h"
#include "sim/base/csv.h"

#include <stdlib.h>

/* The place of point in a permutation of 0 to count - 1 that belongs to an axis: Fisher and Yates would need a table,
 * a cycle-walking Feistel network over the next power of four does not. */
static size_t permute(size_t point, size_t count, uint64_t key)
{
    unsigned half = 1;

    while ((UINT64_C(1) << 2 * half) < count)
        half++;
    uint64_t mask = (UINT64_C(1) << half) - 1, value = point;

    do {
        uint64_t left = value >> half, right = value & mask;

        for (uint64_t round = 0; round < 6; round++) {
            uint64_t mixed = (right + key + round) * UINT64_C(0x9e3779b97f4a7c15);
            uint64_t next = left ^ (mixed >> 40 & mask);

            left = right;
            right = next;
        }
        value = left << half | right;
    } while (value >= count);
    return (size_t)value;
}

enum err sweep_read_scenario(const struct sweep *sweep, size_t number, const char *name, struct scenario_file *file,
                             struct note *note)
{
    char copy[FIELD_TEXT_SIZE + 32];
    struct sink sink = SINK(copy);

    if (sweep->inputs[0] == 0)
        return scenario_file_read(span_of(name), file, note);
    sink_format(&sink, "%s/scenario-%zu.ini", sweep->inputs, number);
    return scenario_file_read(sink_written(&sink), file, note);
}

const char *sweep_value(const struct sweep *sweep, size_t point, size_t axis)
{
    const struct sweep_axis *one = &sweep->axes[axis];

    check(point < sweep->points && axis < sweep->axis_count);
    if (sweep->design == SWEEP_ZIP)
        return one->values[point];
    if (sweep->design == SWEEP_LATIN) {
        size_t stratum = permute(point, sweep->points, sweep->base.scenario.seed + 1000003 * (axis + 1));

        return one->values[stratum * one->count / sweep->points];
    }
    for (size_t i = sweep->axis_count - 1; i > axis; i--) /* the last axis changes fastest */
        point /= sweep->axes[i].count;
    return one->values[point % one->count];
}

size_t sweep_value_number(const struct sweep *sweep, size_t point, size_t axis)
{
    const char *value = sweep_value(sweep, point, axis);
    const struct sweep_axis *one = &sweep->axes[axis];

    size_t i = 0;

    while (i < one->count && strcmp(one->values[i], value) != 0)
        i++;
    check(i < one->count); /* a value of the axis */
    return i;
}

enum err sweep_scenario(const struct sweep *sweep, size_t point, struct scenario_file *file, struct note *note)
{
    struct note why = {{0}};
    enum err error = ERR_OK;

    *file = sweep->base;
    for (size_t axis = 0; axis < sweep->axis_count && error == ERR_OK; axis++) {
        const struct field *row = sweep->axes[axis].row;
        char text[SWEEP_VALUE_SIZE + 128];
        struct sink sink = SINK(text);

        if (!row) {
            error = sweep_read_scenario(sweep, sweep_value_number(sweep, point, axis), sweep_value(sweep, point, axis),
                                        file, &why);
            continue;
        }
        sink_format(&sink, "%s=%s", row->name, sweep_value(sweep, point, axis));
        error = scenario_file_set(file, sink_written(&sink), &why);
    }
    return error == ERR_OK ? ERR_OK : note_set(note, error, "point %zu: %s", point, why.text);
}

void sweep_write_cell(const struct sweep *sweep, size_t point, size_t axis, struct sink *sink)
{
    const struct field *row = sweep->axes[axis].row;
    struct scenario *scenario = calloc(1, sizeof(*scenario));
    struct note why = {{0}};
    const char *value = sweep_value(sweep, point, axis);

    if (row && scenario && field_read(row, scenario, span_of(value), &why) == ERR_OK)
        field_write_csv(row, scenario, sink);
    else
        csv_write(sink, span_of(value));
    free(scenario);
}
