/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/sweep_inputs.h"
#include "bench/harness/input.h"
#include "sim/base/check.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define INPUTS "inputs"

static const struct table_kind {
    const char *field;
    enum input_kind kind;
    const char *prefix;
} table_kinds[] = {
    {"dwell.table", INPUT_DWELL, "dwell"},
    {"costs.table", INPUT_COST, "cost"},
};
enum { TABLE_KINDS = sizeof(table_kinds) / sizeof(*table_kinds) };

/* The axis whose values name the table: of the table itself, else of scenarios; axis_count where there is neither. */
static size_t naming_axis(const struct sweep *sweep, const struct table_kind *kind)
{
    for (size_t axis = 0; axis < sweep->axis_count; axis++)
        if (sweep->axes[axis].row && strcmp(sweep->axes[axis].row->name, kind->field) == 0)
            return axis;
    return sweep->has_scenarios ? 0 : sweep->axis_count;
}

static const char *table_of(const struct table_kind *kind, const struct scenario *scenario)
{
    const struct field *field = field_find(scenario_fields, span_of(kind->field));

    check(field && field->kind == FIELD_TEXT);
    return (const char *)scenario + field->offset;
}

/* ---- Saving; without results only looking whether everything is there ---- */

static enum err save_as(const struct results *results, const char *prefix, size_t number, const char *ending,
                        struct span content, struct note *note)
{
    char name[64], path[RESULTS_PATH_SIZE];
    struct sink sink = SINK(name);

    sink_format(&sink, INPUTS "/%s-%zu%s", prefix, number, ending);
    results_path(results, sink_string(&sink), path, sizeof(path));
    unlink(path); /* of a run that was ended before its first row */
    return results_save(results, name, content, note);
}

static enum err save_table(const struct results *results, const struct table_kind *kind, const char *name,
                           size_t number, struct note *note)
{
    struct input input;

    TRY(input_read(kind->kind, span_of(name), SPAN(""), &input, note));
    enum err error = results ? save_as(results, kind->prefix, number, ".csv", input.text, note) : ERR_OK;

    input_free(&input);
    return error;
}

/* The scenario number i with the tables that it names, unless an axis of theirs names others. */
static enum err save_scenario(const struct results *results, const struct sweep *sweep, size_t number,
                              const struct scenario_file *file, struct note *note)
{
    for (size_t i = 0; i < TABLE_KINDS; i++) {
        size_t axis = naming_axis(sweep, &table_kinds[i]);

        if (axis == sweep->axis_count || !sweep->axes[axis].row)
            TRY(save_table(results, &table_kinds[i], table_of(&table_kinds[i], &file->scenario), number, note));
    }
    if (!sweep->has_scenarios || !results)
        return ERR_OK;
    struct sink sink = {.data = malloc(SCENARIO_TEXT_SIZE), .capacity = SCENARIO_TEXT_SIZE};

    if (!sink.data)
        return note_set(note, ERR_FULL, "no memory for a scenario");
    scenario_file_write(file, &sink);
    check(!sink.overflow);
    enum err error = save_as(results, "scenario", number, ".ini", sink_written(&sink), note);

    free(sink.data);
    return error;
}

static enum err save_axis_tables(const struct results *results, const struct sweep *sweep,
                                 const struct table_kind *kind, struct note *note)
{
    size_t axis = naming_axis(sweep, kind);

    if (axis == sweep->axis_count || !sweep->axes[axis].row)
        return ERR_OK;
    for (size_t i = 0; i < sweep->axes[axis].count; i++)
        TRY(save_table(results, kind, sweep->axes[axis].values[i], i, note));
    return ERR_OK;
}

/* It may be there, of a run that was ended before its first row. */
static enum err make_folder(const struct results *results, struct note *note)
{
    char path[RESULTS_PATH_SIZE];

    results_path(results, INPUTS, path, sizeof(path));
    return access(path, W_OK | X_OK) == 0 ? ERR_OK : results_folder(results, INPUTS, note);
}

static enum err go_through(const struct results *results, const struct sweep *sweep, struct note *note)
{
    struct scenario_file *file = malloc(sizeof(*file));
    size_t count = sweep->has_scenarios ? sweep->axes[0].count : 1;
    enum err error = file ? ERR_OK : note_set(note, ERR_FULL, "no memory");

    for (size_t i = 0; i < count && error == ERR_OK; i++) {
        if (sweep->has_scenarios)
            error = scenario_file_read(span_of(sweep->axes[0].values[i]), file, note);
        else
            *file = sweep->base;
        if (error == ERR_OK)
            error = save_scenario(results, sweep, i, file, note);
    }
    for (size_t i = 0; i < TABLE_KINDS && error == ERR_OK; i++)
        error = save_axis_tables(results, sweep, &table_kinds[i], note);
    free(file);
    return error;
}

enum err sweep_inputs_check(const struct sweep *sweep, struct note *note)
{
    return go_through(NULL, sweep, note);
}

enum err sweep_inputs_save(const struct results *results, const struct sweep *sweep, struct note *note)
{
    TRY(make_folder(results, note));
    return go_through(results, sweep, note);
}

/* ---- Using ---- */

enum err sweep_inputs_read(const char *folder, struct sweep *sweep, struct note *note)
{
    char inputs[FIELD_TEXT_SIZE], path[FIELD_TEXT_SIZE];
    struct sink inputs_sink = SINK(inputs), path_sink = SINK(path);

    sink_format(&inputs_sink, "%s/" INPUTS, folder);
    sink_format(&path_sink, "%s/sweep.ini", folder);
    /* A table's path is a text of a scenario, which has FIELD_TEXT_SIZE bytes. */
    if (inputs_sink.overflow || inputs_sink.size + sizeof("/scenario-1000.ini") > FIELD_TEXT_SIZE)
        return note_set(note, ERR_RANGE, "%.60s: expected a folder's name of at most %d bytes", folder,
                        FIELD_TEXT_SIZE - 32);
    if (access(sink_string(&inputs_sink), R_OK | X_OK) != 0)
        return note_set(note, ERR_FILE, "%s: %s: expected copies of a sweep's inputs", inputs, strerror(errno));
    return sweep_read_copy(sink_string(&path_sink), inputs, sweep, note);
}

enum err sweep_inputs_redirect(const struct sweep *sweep, size_t point, struct scenario *scenario, struct note *note)
{
    if (sweep->inputs[0] == 0)
        return ERR_OK;
    for (size_t i = 0; i < TABLE_KINDS; i++) {
        const struct field *field = field_find(scenario_fields, span_of(table_kinds[i].field));
        size_t axis = naming_axis(sweep, &table_kinds[i]);
        char path[FIELD_TEXT_SIZE];
        struct sink sink = SINK(path);

        sink_format(&sink, "%s/%s-%zu.csv", sweep->inputs, table_kinds[i].prefix,
                    axis < sweep->axis_count ? sweep_value_number(sweep, point, axis) : 0);
        TRY(field_read(field, scenario, sink_written(&sink), note));
    }
    return ERR_OK;
}
