/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sweep_summary.c - summary.csv from trials.csv: the rows of a point stand together, so one point at a time is held,
 * however long the file is.
 */
#include "bench/harness/sweep_folder.h"
#include "sim/base/check.h"
#include "sim/base/csv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { CELLS_MAX = 160, KEY_SIZE = SWEEP_VALUE_SIZE };

/* What a point's rows gave so far. */
struct point {
    bool is_open;
    char keys[SWEEP_AXES_MAX + 1][KEY_SIZE]; /* point and axes, as cells */
    struct comparison comparison;
    size_t rows, capacity;
};

struct summary {
    const char *path;
    uint64_t line;
    size_t key_count; /* columns in front of "arm" */
    char columns[SWEEP_AXES_MAX + 1][KEY_SIZE];
    int field_of[CELLS_MAX]; /* by column: row of outcome_fields, or -1 */
    size_t cell_count, arm_at, trial_at;
    struct point point;
    struct outfile out;
};

static enum err refuse(const struct summary *summary, const char *what, struct note *note)
{
    return note_set(note, ERR_SYNTAX, "%s:%llu: %s", summary->path, (unsigned long long)summary->line, what);
}

static void copy(char to[KEY_SIZE], struct span from)
{
    size_t size = from.size < KEY_SIZE - 1 ? from.size : KEY_SIZE - 1;

    memcpy(to, from.data, size);
    to[size] = 0;
}

/* ---- Columns ---- */

static int find_field(struct span column)
{
    char text[64];

    for (int i = 0; outcome_fields[i].name; i++) {
        struct sink sink = SINK(text);

        field_write_column(&outcome_fields[i], &sink);
        if (span_equal(sink_written(&sink), column))
            return i;
    }
    return -1;
}

static enum err read_head(struct summary *summary, const struct span *cells, size_t count, struct note *note)
{
    summary->cell_count = count;
    summary->arm_at = summary->trial_at = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        summary->field_of[i] = find_field(cells[i]);
        if (span_equal(cells[i], SPAN("arm")))
            summary->arm_at = i;
        if (span_equal(cells[i], SPAN("trial")))
            summary->trial_at = i;
    }
    if (summary->arm_at == SIZE_MAX || summary->trial_at == SIZE_MAX || summary->arm_at > SWEEP_AXES_MAX + 1)
        return refuse(summary, "expected the columns of a sweep: point, axes, arm, trial ...", note);
    summary->key_count = summary->arm_at;
    for (size_t i = 0; i < summary->key_count; i++)
        copy(summary->columns[i], cells[i]);
    return ERR_OK;
}

/* ---- Rows ---- */

static enum err read_cell(const struct field *field, struct outcome *outcome, struct span cell)
{
    char *member = (char *)outcome + field->offset;
    char text[64];
    int64_t time_ns = NONE_NS;
    uint64_t number = 0;

    if (cell.size >= sizeof(text))
        return ERR_SYNTAX;
    memcpy(text, cell.data, cell.size);
    text[cell.size] = 0;
    if (field->kind == FIELD_CHOICE) {
        for (int i = 0; field->choices[i]; i++)
            if (span_equal(cell, span_of(field->choices[i])))
                return memcpy(member, &i, sizeof(i)), ERR_OK;
        return ERR_SYNTAX;
    }
    if (field->kind == FIELD_TIME) {
        time_ns = cell.size > 0 ? (int64_t)strtoll(text, NULL, 10) : NONE_NS;
        memcpy(member, &time_ns, sizeof(time_ns));
        return ERR_OK;
    }
    if (field->kind == FIELD_RATIO) {
        double ratio = strtod(text, NULL);

        return memcpy(member, &ratio, sizeof(ratio)), ERR_OK;
    }
    struct span rest = cell;

    if (cell.size > 0)
        TRY(span_cut_number(&rest, &number));
    if (field->kind == FIELD_SIZE || field->kind == FIELD_COUNT)
        memcpy(member, &number, sizeof(number));
    return ERR_OK;
}

/* A trial that could not be run counts as one that was not delivered. */
static enum err read_outcome(const struct summary *summary, const struct span *cells, struct outcome *outcome,
                             struct note *note)
{
    bool is_error = summary->field_of[summary->cell_count - 1] < 0 && cells[summary->cell_count - 1].size > 0;

    *outcome = (struct outcome){.end = OUTCOME_LIMIT, .delay_ns = NONE_NS};
    for (size_t i = 0; i < summary->cell_count && !is_error; i++)
        if (summary->field_of[i] >= 0 && read_cell(&outcome_fields[summary->field_of[i]], outcome, cells[i]) != ERR_OK)
            return refuse(summary, "expected a number", note);
    return ERR_OK;
}

static enum err close_point(struct summary *summary, struct note *note)
{
    struct point *point = &summary->point;
    struct results_key keys[SWEEP_AXES_MAX + 1];

    if (!point->is_open)
        return ERR_OK;
    if (point->rows % point->comparison.arm_count != 0)
        return refuse(summary, "the point before has not all arms in its last trial", note);
    point->comparison.trials = point->rows / point->comparison.arm_count;
    point->comparison.is_exact = point->comparison.trials == 1;
    point->comparison.reference = 0;
    for (size_t i = 0; i < point->comparison.arm_count; i++)
        if (strcmp(point->comparison.arms[i]->name, "msrp-smime") == 0)
            point->comparison.reference = i;
    for (size_t i = 0; i < summary->key_count; i++)
        keys[i] = (struct results_key){summary->columns[i], point->keys[i]};
    results_write_summary(&summary->out, keys, summary->key_count, &point->comparison);
    point->is_open = false;
    return ERR_OK;
}

static bool is_same_point(const struct summary *summary, const struct span *cells)
{
    return summary->point.is_open && span_equal(cells[0], span_of(summary->point.keys[0]));
}

static void open_point(struct summary *summary, const struct span *cells)
{
    struct point *point = &summary->point;
    struct outcome *outcomes = point->comparison.outcomes;

    for (size_t i = 0; i < summary->key_count; i++)
        copy(point->keys[i], cells[i]);
    point->comparison = (struct comparison){.outcomes = outcomes};
    point->rows = 0;
    point->is_open = true;
}

/* Arms come in the same order in every trial: the first trial says which there are. */
static enum err take_arm(struct summary *summary, struct span name, struct span trial, struct note *note)
{
    struct comparison *comparison = &summary->point.comparison;
    const struct arm *arm = arm_find(name);

    if (!arm)
        return refuse(summary, "expected the name of an arm", note);
    if (span_equal(trial, SPAN("0")) && summary->point.rows == comparison->arm_count) {
        if (comparison->arm_count == COMPARISON_ARMS_MAX)
            return refuse(summary, "more arms than there are", note);
        comparison->arms[comparison->arm_count++] = arm;
    } else if (comparison->arm_count == 0 || comparison->arms[summary->point.rows % comparison->arm_count] != arm) {
        return refuse(summary, "expected the arms in the order of the first trial", note);
    }
    return ERR_OK;
}

static enum err take_row(struct summary *summary, const struct span *cells, struct note *note)
{
    struct point *point = &summary->point;

    if (!is_same_point(summary, cells)) {
        TRY(close_point(summary, note));
        open_point(summary, cells);
    }
    TRY(take_arm(summary, cells[summary->arm_at], cells[summary->trial_at], note));
    if (point->rows == point->capacity) {
        size_t capacity = point->capacity ? 2 * point->capacity : 256;
        struct outcome *grown = reallocarray(point->comparison.outcomes, capacity, sizeof(*grown));

        if (!grown)
            return note_set(note, ERR_FULL, "no memory for the %zu rows of a point", capacity);
        point->comparison.outcomes = grown;
        point->capacity = capacity;
    }
    TRY(read_outcome(summary, cells, &point->comparison.outcomes[point->rows], note));
    point->rows++;
    return ERR_OK;
}

/* ---- The file ---- */

static enum err take_line(struct summary *summary, struct span line, char *unquoted, struct note *note)
{
    struct span cells[CELLS_MAX];
    struct sink sink = {.data = unquoted, .capacity = line.size + 1};
    size_t count;

    if (csv_cut(line, cells, CELLS_MAX, &count, &sink) != ERR_OK)
        return refuse(summary, "expected a row of cells", note);
    if (summary->line == 1) {
        struct results_key keys[SWEEP_AXES_MAX + 1];

        TRY(read_head(summary, cells, count, note));
        for (size_t i = 0; i < summary->key_count; i++)
            keys[i] = (struct results_key){summary->columns[i], ""};
        results_write_summary_head(&summary->out, keys, summary->key_count);
        return ERR_OK;
    }
    if (count != summary->cell_count)
        return refuse(summary, "expected as many cells as the first line has", note);
    return take_row(summary, cells, note);
}

static enum err read_all(struct summary *summary, FILE *stream, struct note *note)
{
    char *line = NULL, *unquoted = NULL;
    size_t capacity = 0, room = 0;
    ssize_t size;
    enum err error = ERR_OK;

    while (error == ERR_OK && (size = getline(&line, &capacity, stream)) > 0) {
        summary->line++;
        if (line[size - 1] != '\n')
            break; /* a row that is not whole, of a run that was ended */
        if (capacity > room) {
            free(unquoted);
            room = capacity;
            unquoted = malloc(room);
        }
        error = unquoted ? take_line(summary, (struct span){line, (size_t)size - 1}, unquoted, note)
                         : note_set(note, ERR_FULL, "no memory for a row");
    }
    if (error == ERR_OK && summary->point.is_open) {
        /* The last trial may lack arms: they are not there yet, and it is left out. */
        struct point *point = &summary->point;

        point->rows -= point->rows % point->comparison.arm_count;
        error = close_point(summary, note);
    }
    free(line);
    free(unquoted);
    return error;
}

enum err sweep_summarise(const char *folder, struct note *note)
{
    struct summary *summary = calloc(1, sizeof(*summary));
    char trials[RESULTS_PATH_SIZE], path[RESULTS_PATH_SIZE];
    struct sink trials_sink = SINK(trials), path_sink = SINK(path);

    if (!summary)
        return note_set(note, ERR_FULL, "no memory for a summary");
    sink_format(&trials_sink, "%s/trials.csv", folder);
    sink_format(&path_sink, "%s/summary.csv", folder);
    summary->path = sink_string(&trials_sink);
    FILE *stream = fopen(trials, "r");
    enum err error = stream ? ERR_OK : note_set(note, ERR_FILE, "%s: %s", trials, strerror(errno));

    if (error == ERR_OK) {
        unlink(sink_string(&path_sink)); /* it is made anew from the rows */
        error = outfile_open(&summary->out, path, note);
    }
    if (error == ERR_OK)
        error = read_all(summary, stream, note);
    if (error == ERR_OK)
        error = outfile_close(&summary->out, note);
    outfile_discard(&summary->out);
    if (stream)
        fclose(stream);
    free(summary->point.comparison.outcomes);
    free(summary);
    return error;
}
