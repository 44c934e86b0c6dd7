/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/core_trials.h"
#include "bench/cli/measure_outcome.h"
#include "sim/base/csv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 4096, CELLS_MAX = 128 };

enum column {
    COLUMN_ARM,
    COLUMN_END,
    COLUMN_SIZE,
    COLUMN_PREPARE,
    COLUMN_SETUP,
    COLUMN_PROTECT,
    COLUMN_CONNECT,
    COLUMN_TRANSFER,
    COLUMN_UNPROTECT,
    COLUMN_DELAY,
    COLUMN_COUNT
};

/* The columns that are taken, and where their times go. */
static const struct {
    const char *name;
    size_t of_outcome, of_row;
} columns[COLUMN_COUNT] = {
    [COLUMN_ARM] = {"arm", 0, 0},        [COLUMN_END] = {"end", 0, 0},          [COLUMN_SIZE] = {"file_bytes", 0, 0},
#define TIME(member)                                                                                                   \
    {                                                                                                                  \
#member, offsetof(struct outcome, member), offsetof(struct measured_row, member)                               \
    }
    [COLUMN_PREPARE] = TIME(prepare_ns), [COLUMN_SETUP] = TIME(setup_ns),       [COLUMN_PROTECT] = TIME(protect_ns),
    [COLUMN_CONNECT] = TIME(connect_ns), [COLUMN_TRANSFER] = TIME(transfer_ns), [COLUMN_UNPROTECT] = TIME(unprotect_ns),
    [COLUMN_DELAY] = TIME(delay_ns),
#undef TIME
};

struct reading {
    const char *path;
    int line;
    size_t places[COLUMN_COUNT]; /* of the columns in the file */
    size_t first;                /* point of this file */
    struct outcome outcomes[CORE_TRIALS_POINTS_MAX][CORE_TRIALS_EACH_MAX];
    size_t counts[CORE_TRIALS_POINTS_MAX];
};

static enum err take_header(struct reading *reading, const struct span *cells, size_t count, struct note *note)
{
    for (int column = 0; column < COLUMN_COUNT; column++) {
        size_t place = 0;

        while (place < count && !span_equal(cells[place], span_of(columns[column].name)))
            place++;
        if (place == count)
            return note_set(note, ERR_SYNTAX, "%s:1: expected a column %s, as hopsim measure -o writes it",
                            reading->path, columns[column].name);
        reading->places[column] = place;
    }
    return ERR_OK;
}

/* The point of a row: one of this file's, or a new one. */
static enum err take_point(struct reading *reading, struct core_trials *trials, struct span arm_name, uint64_t size,
                           size_t *point, struct note *note)
{
    const struct arm *arm = arm_find(arm_name);

    if (!arm)
        return note_set(note, ERR_SYNTAX, "%s:%d: %.*s is no arm", reading->path, reading->line, (int)arm_name.size,
                        arm_name.data);
    for (size_t i = 0; i < trials->count; i++) {
        if (trials->rows[i].point.arm != arm || trials->rows[i].point.size_bytes != size)
            continue;
        *point = i;
        return i >= reading->first ? ERR_OK
                                   : note_set(note, ERR_RANGE, "%s:%d: %s of %llu bytes stands in another file, too",
                                              reading->path, reading->line, arm->name, (unsigned long long)size);
    }
    if (trials->count == CORE_TRIALS_POINTS_MAX)
        return note_set(note, ERR_RANGE, "%s: more than %d arms and sizes", reading->path, CORE_TRIALS_POINTS_MAX);
    *point = trials->count++;
    trials->rows[*point] = (struct measured_row){.point = {.arm = arm, .size_bytes = size, .relays = 2}};
    return ERR_OK;
}

static enum err take_row(struct reading *reading, struct core_trials *trials, const struct span *cells, size_t count,
                         struct note *note)
{
    struct outcome outcome = {.end = OUTCOME_DELIVERED};
    uint64_t size = 0, number = 0;
    size_t point = 0;

    for (int column = 0; column < COLUMN_COUNT; column++) {
        struct span cell = reading->places[column] < count ? cells[reading->places[column]] : (struct span){"", 0};
        int64_t time_ns = NONE_NS;

        if (column == COLUMN_SIZE && span_cut_number(&cell, &size) != ERR_OK)
            return note_set(note, ERR_SYNTAX, "%s:%d: expected file_bytes", reading->path, reading->line);
        if (column < COLUMN_PREPARE)
            continue;
        if (cell.size > 0) {
            if (span_cut_number(&cell, &number) != ERR_OK || number > INT64_MAX || cell.size > 0)
                return note_set(note, ERR_SYNTAX, "%s:%d: expected nanoseconds in column %s", reading->path,
                                reading->line, columns[column].name);
            time_ns = (int64_t)number;
        }
        memcpy((char *)&outcome + columns[column].of_outcome, &time_ns, sizeof(time_ns));
    }
    TRY(take_point(reading, trials, cells[reading->places[COLUMN_ARM]], size, &point, note));
    if (!span_equal(cells[reading->places[COLUMN_END]], SPAN("delivered"))) {
        trials->failed++;
        return ERR_OK;
    }
    if (reading->counts[point] == CORE_TRIALS_EACH_MAX)
        return note_set(note, ERR_RANGE, "%s: more than %d trials of a point", reading->path, CORE_TRIALS_EACH_MAX);
    reading->outcomes[point][reading->counts[point]++] = outcome;
    return ERR_OK;
}

static enum err take_lines(struct reading *reading, struct core_trials *trials, FILE *file, struct note *note)
{
    char text[LINE_SIZE], unquoted_text[LINE_SIZE];
    struct span cells[CELLS_MAX];
    size_t count;

    while (fgets(text, sizeof(text), file)) {
        struct sink unquoted = SINK(unquoted_text);
        struct span line = span_of(text);

        reading->line++;
        if (line.size > 0 && line.data[line.size - 1] == '\n')
            line.size--;
        if (csv_cut(line, cells, CELLS_MAX, &count, &unquoted) != ERR_OK)
            return note_set(note, ERR_SYNTAX, "%s:%d: expected a line of CSV", reading->path, reading->line);
        if (reading->line == 1)
            TRY(take_header(reading, cells, count, note));
        else
            TRY(take_row(reading, trials, cells, count, note));
    }
    return reading->line > 1 ? ERR_OK : note_set(note, ERR_SYNTAX, "%s: holds no trials", reading->path);
}

static void summarise(struct reading *reading, struct core_trials *trials)
{
    for (size_t i = reading->first; i < trials->count; i++) {
        struct measured_row *row = &trials->rows[i];

        row->n = reading->counts[i];
        row->least_ns = row->most_ns = NONE_NS;
        for (int column = COLUMN_PREPARE; column < COLUMN_COUNT; column++) {
            int64_t median_ns = measure_median(reading->outcomes[i], reading->counts[i], columns[column].of_outcome);

            memcpy((char *)row + columns[column].of_row, &median_ns, sizeof(median_ns));
        }
        for (size_t k = 0; k < reading->counts[i]; k++) {
            int64_t delay_ns = reading->outcomes[i][k].delay_ns;

            if (row->least_ns == NONE_NS || delay_ns < row->least_ns)
                row->least_ns = delay_ns;
            if (row->most_ns == NONE_NS || delay_ns > row->most_ns)
                row->most_ns = delay_ns;
        }
    }
}

enum err core_trials_read(struct core_trials *trials, const char *path, struct note *note)
{
    struct reading *reading = calloc(1, sizeof(*reading));
    FILE *file = fopen(path, "re");
    enum err error = ERR_OK;

    if (!reading)
        error = note_set(note, ERR_FULL, "no memory");
    else if (!file)
        error = note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    if (error == ERR_OK) {
        reading->path = path;
        reading->first = trials->count;
        error = take_lines(reading, trials, file, note);
    }
    if (error == ERR_OK)
        summarise(reading, trials);
    if (file)
        fclose(file);
    free(reading);
    return error;
}

const struct measured_row *core_trials_find(const struct core_trials *trials, const char *arm, uint64_t size_bytes)
{
    for (size_t i = 0; i < trials->count; i++)
        if (strcmp(trials->rows[i].point.arm->name, arm) == 0 && trials->rows[i].point.size_bytes == size_bytes)
            return &trials->rows[i];
    return NULL;
}
