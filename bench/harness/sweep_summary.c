/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sweep_summary.c - summary.csv from trials.csv, which is read once: the rows of a trial stand together, and so do
 * those of a point. Of a point sums are held, and its delays in order as far as memory is given for them.
 */
#include "bench/harness/ordered.h"
#include "bench/harness/sweep_folder.h"
#include "bench/harness/sweep_inputs.h"
#include "sim/base/check.h"
#include "sim/base/csv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { CELLS_MAX = 160, KEY_SIZE = SWEEP_VALUE_SIZE };

/* What an arm's trials gave so far. */
struct arm_sums {
    struct comparison_sums sums;
    struct comparison_pairs pairs; /* with the reference */
    struct ordered delays;
};

/* The point that is read. */
struct point {
    bool is_open;
    char keys[SWEEP_AXES_MAX + 1][KEY_SIZE]; /* point and axes, as cells */
    uint64_t trials;                         /* that are whole */
    struct arm_sums arms[COMPARISON_ARMS_MAX];
    size_t in_trial; /* rows of the trial that is read */
    struct outcome trial[COMPARISON_ARMS_MAX];
};

struct summary {
    const char *path;
    struct sweep sweep;
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

static enum err read_choice(const struct field *field, struct span cell, int *choice)
{
    for (int i = 0; field->choices[i]; i++)
        if (span_equal(cell, span_of(field->choices[i])))
            return *choice = i, ERR_OK;
    return ERR_SYNTAX;
}

/* A time may be below 0; an empty cell is none. */
static enum err read_time(struct span cell, int64_t *time_ns)
{
    bool is_negative = cell.size > 0 && cell.data[0] == '-';
    struct span rest = span_after(cell, is_negative);
    uint64_t number = 0;

    if (cell.size > 0)
        TRY(span_cut_number(&rest, &number));
    if (rest.size > 0 || number > INT64_MAX)
        return ERR_SYNTAX;
    *time_ns = cell.size == 0 ? NONE_NS : is_negative ? -(int64_t)number : (int64_t)number;
    return ERR_OK;
}

static enum err read_count(struct span cell, uint64_t *count)
{
    uint64_t number = NONE_COUNT;

    if (cell.size > 0)
        TRY(span_cut_number(&cell, &number));
    if (cell.size > 0)
        return ERR_SYNTAX;
    *count = number;
    return ERR_OK;
}

/* Columns of outcome_fields are choices, times and whole numbers. */
static enum err read_cell(const struct field *field, struct outcome *outcome, struct span cell)
{
    char *member = (char *)outcome + field->offset;
    int64_t time_ns;
    uint64_t count;
    int choice;

    if (field->kind == FIELD_CHOICE) {
        TRY(read_choice(field, cell, &choice));
        memcpy(member, &choice, sizeof(choice));
    } else if (field->kind == FIELD_TIME) {
        TRY(read_time(cell, &time_ns));
        memcpy(member, &time_ns, sizeof(time_ns));
    } else {
        check(field->kind == FIELD_SIZE || field->kind == FIELD_COUNT);
        TRY(read_count(cell, &count));
        memcpy(member, &count, sizeof(count));
    }
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
            return refuse(summary, "expected the cells of a trial: numbers, and how it ended", note);
    if (outcome->end == OUTCOME_DELIVERED && outcome->delay_ns < 0)
        return refuse(summary, "expected the delay of what was delivered", note);
    return ERR_OK;
}

/* Adds the trial that was read to the sums. */
static enum err close_trial(struct summary *summary, struct note *note)
{
    struct point *point = &summary->point;

    if (point->in_trial == 0)
        return ERR_OK;
    if (point->in_trial != summary->sweep.arm_count)
        return refuse(summary, "the trial before has not all arms", note);
    for (size_t i = 0; i < point->in_trial; i++) {
        struct arm_sums *arm = &point->arms[i];

        comparison_sums_add(&arm->sums, &point->trial[i]);
        comparison_pairs_add(&arm->pairs, &point->trial[i], &point->trial[summary->sweep.reference]);
        TRY(ordered_add(&arm->delays, comparison_delay_ms(&point->trial[i]), note));
    }
    point->trials++;
    point->in_trial = 0;
    return ERR_OK;
}

/* A lone trial is the whole truth only where nothing is random. */
static enum err is_exact(const struct summary *summary, bool *answer, struct note *note)
{
    struct span text = span_of(summary->point.keys[0]);
    uint64_t point;

    if (span_cut_number(&text, &point) != ERR_OK || text.size > 0 || point >= summary->sweep.points)
        return refuse(summary, "the rows before are of no point of the folder's sweep.ini", note);
    return sweep_is_exact(&summary->sweep, (size_t)point, answer, note);
}

static enum err close_point(struct summary *summary, struct note *note)
{
    struct point *point = &summary->point;
    struct results_key keys[SWEEP_AXES_MAX + 1];
    struct results_summary row = {.reference = NULL};

    TRY(close_trial(summary, note));
    if (!point->is_open || point->trials == 0)
        return ERR_OK;
    TRY(is_exact(summary, &row.is_exact, note));
    for (size_t i = 0; i < summary->key_count; i++)
        keys[i] = (struct results_key){summary->columns[i], point->keys[i]};
    row.reference = summary->sweep.arms[summary->sweep.reference]->name;
    for (size_t i = 0; i < summary->sweep.arm_count; i++) {
        struct arm_sums *arm = &point->arms[i];

        row.arm = summary->sweep.arms[i]->name;
        row.one = comparison_of_sums(&arm->sums, row.is_exact, ordered_at, &arm->delays);
        row.pair = comparison_of_pairs(&arm->pairs, row.is_exact);
        if (arm->delays.error != ERR_OK)
            return note_set(note, arm->delays.error, "%s: delays cannot be read again", summary->path);
        results_write_summary_row(&summary->out, keys, summary->key_count, &row);
    }
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

    for (size_t i = 0; i < summary->key_count; i++)
        copy(point->keys[i], cells[i]);
    for (size_t i = 0; i < COMPARISON_ARMS_MAX; i++) {
        point->arms[i].sums = (struct comparison_sums){.trials = 0};
        point->arms[i].pairs = (struct comparison_pairs){.other = {0}};
        ordered_clear(&point->arms[i].delays);
    }
    point->trials = point->in_trial = 0;
    point->is_open = true;
}

static enum err take_row(struct summary *summary, const struct span *cells, struct note *note)
{
    struct point *point = &summary->point;
    struct span text = cells[summary->trial_at];
    uint64_t trial;

    if (!is_same_point(summary, cells)) {
        TRY(close_point(summary, note));
        open_point(summary, cells);
    }
    if (span_cut_number(&text, &trial) != ERR_OK || text.size > 0)
        return refuse(summary, "expected the number of a trial", note);
    if (trial != point->trials)
        TRY(close_trial(summary, note));
    if (trial != point->trials)
        return refuse(summary, "expected the trials of a point in order", note);
    if (point->in_trial == summary->sweep.arm_count ||
        !span_equal(cells[summary->arm_at], span_of(summary->sweep.arms[point->in_trial]->name)))
        return refuse(summary, "expected the arms of the folder's sweep.ini in their order", note);
    TRY(read_outcome(summary, cells, &point->trial[point->in_trial], note));
    point->in_trial++;
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
    if (error == ERR_OK && ferror(stream))
        error = note_set(note, ERR_FILE, "%s: cannot be read", summary->path);
    if (error == ERR_OK && summary->point.is_open) {
        /* The last trial may lack arms: they are not there yet, and it is left out. */
        if (summary->point.in_trial < summary->sweep.arm_count)
            summary->point.in_trial = 0;
        error = close_point(summary, note);
    }
    free(line);
    free(unquoted);
    return error;
}

static enum err summarise(struct summary *summary, const char *folder, struct note *note)
{
    char path[RESULTS_PATH_SIZE], made[RESULTS_PATH_SIZE];
    struct sink path_sink = SINK(path), made_sink = SINK(made);
    FILE *stream = fopen(summary->path, "r");

    if (!stream)
        return note_set(note, ERR_FILE, "%s: %s", summary->path, strerror(errno));
    sink_format(&path_sink, "%s/summary.csv", folder); /* sweep_inputs_read has taken the name, so it is short */
    sink_format(&made_sink, "%s/summary.csv.new", folder);
    unlink(sink_string(&made_sink)); /* of one who was ended before it had its name */
    enum err error = outfile_open(&summary->out, made, note);

    if (error == ERR_OK)
        error = read_all(summary, stream, note);
    if (error == ERR_OK)
        error = outfile_close(&summary->out, note);
    outfile_discard(&summary->out);
    fclose(stream);
    if (error == ERR_OK && rename(made, sink_string(&path_sink)) != 0)
        error = note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    return error;
}

enum err sweep_summarise(const char *folder, struct note *note)
{
    struct summary *summary = calloc(1, sizeof(*summary));
    char trials[RESULTS_PATH_SIZE];
    struct sink sink = SINK(trials);

    sink_format(&sink, "%s/trials.csv", folder);
    if (!summary)
        return note_set(note, ERR_FULL, "no memory for a summary");
    summary->path = sink_string(&sink);
    enum err error = sweep_inputs_read(folder, &summary->sweep, note);
    bool has_sweep = error == ERR_OK;

    for (size_t i = 0; i < COMPARISON_ARMS_MAX && error == ERR_OK; i++)
        error = ordered_init(&summary->point.arms[i].delays, folder, note);
    if (error == ERR_OK)
        error = summarise(summary, folder, note);
    for (size_t i = 0; i < COMPARISON_ARMS_MAX; i++)
        ordered_free(&summary->point.arms[i].delays);
    if (has_sweep)
        sweep_free(&summary->sweep);
    free(summary);
    return error;
}
