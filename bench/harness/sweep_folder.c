/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/sweep_folder.h"
#include "bench/harness/clock.h"
#include "bench/harness/input.h"
#include "bench/harness/sweep_inputs.h"
#include "bench/harness/sweep_state.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SWEEP_TEXT "sweep.ini"
#define SWEEP_PROGRAM "program.txt"

enum { PROGRAM_SIZE = 1024 };

static enum err refuse(struct note *note, const char *path)
{
    return note_set(note, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_FILE, "%s: %s", path, strerror(errno));
}

/* ---- Writing ---- */

void sweep_file_close(struct sweep_file *file)
{
    if (file->descriptor >= 0)
        close(file->descriptor);
    file->descriptor = -1;
}

/* One run at a time writes: of a killed one a process may be left. A file system without locks has none. */
static enum err claim_file(struct sweep_file *file, struct note *note)
{
    if (flock(file->descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return ERR_OK;
    sweep_file_close(file);
    return note_set(note, ERR_FILE, "%s: another run is still writing to it", file->path);
}

enum err sweep_file_flush(struct sweep_file *file, struct note *note)
{
    size_t done = 0;

    while (done < file->pending) {
        ssize_t written = write(file->descriptor, file->buffer + done, file->pending - done);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            memmove(file->buffer, file->buffer + done, file->pending - done);
            file->pending -= done;
            return refuse(note, file->path);
        }
        done += (size_t)written;
    }
    file->rows += file->waiting;
    file->waiting = file->pending = 0;
    file->synced_ns = clock_now_ns();
    return fdatasync(file->descriptor) == 0 || errno == EINVAL ? ERR_OK : refuse(note, file->path);
}

enum err sweep_file_add(struct sweep_file *file, const struct sweep *sweep, const struct sweep_row *row,
                        struct note *note)
{
    struct sink sink = {.data = file->buffer + file->pending, .capacity = sizeof(file->buffer) - file->pending};

    sweep_write_row(sweep, row, &sink);
    file->pending += sink.size;
    file->waiting++;
    if (file->pending < SWEEP_BATCH && clock_now_ns() - file->synced_ns < SECOND)
        return ERR_OK;
    return sweep_file_flush(file, note);
}

/* Room for write_text. */
static size_t text_size(const struct sweep *sweep)
{
    return SCENARIO_TEXT_SIZE + sweep->text_size + 64;
}

/* The sweep as a text that needs no other file: the scenario in full, then the lines of [sweep]. */
static void write_text(const struct sweep *sweep, struct sink *sink)
{
    struct span text = {sweep->text, sweep->text_size}, line;
    bool is_in = false;

    if (!sweep->has_scenarios)
        scenario_file_write(&sweep->base, sink);
    sink_char(sink, '\n');
    while (text.size > 0) {
        size_t end = span_find_byte(text, '\n');

        line = span_trim((struct span){text.data, end});
        if (line.size > 0 && line.data[0] == '[')
            is_in = span_starts(line, SPAN("[sweep]"));
        if (is_in) {
            sink_span(sink, line);
            sink_char(sink, '\n');
        }
        text = span_after(text, end < text.size ? end + 1 : end);
    }
    check(!sink->overflow);
}

/* In place of one that a run left which was ended before its first row. */
static enum err save_anew(const struct results *results, const char *name, struct span content, struct note *note)
{
    char path[RESULTS_PATH_SIZE];

    results_path(results, name, path, sizeof(path));
    unlink(path);
    return results_save(results, name, content, note);
}

/* What names the sweep and the program that its rows are of. */
struct identity {
    char *text; /* the caller frees it */
    struct span sweep, program;
    char program_text[PROGRAM_SIZE];
};

static enum err identity_make(struct identity *identity, const struct sweep *sweep, struct note *note)
{
    struct sink text = {.data = malloc(text_size(sweep)), .capacity = text_size(sweep)};
    struct sink program = SINK(identity->program_text);

    if (!text.data)
        return note_set(note, ERR_FULL, "no memory for a copy of the sweep");
    write_text(sweep, &text);
    results_write_program(&program);
    identity->text = text.data;
    identity->sweep = sink_written(&text);
    identity->program = sink_written(&program);
    return ERR_OK;
}

static enum err save_texts(const struct results *results, const struct sweep *sweep, struct note *note)
{
    struct identity identity;

    TRY(identity_make(&identity, sweep, note));
    enum err error = save_anew(results, SWEEP_TEXT, identity.sweep, note);

    if (error == ERR_OK)
        error = save_anew(results, SWEEP_PROGRAM, identity.program, note);
    free(identity.text);
    return error;
}

/* The file of the folder must be this text. */
static enum err expect_text(const char *folder, const char *name, struct span text, const char *why, struct note *note)
{
    char path[RESULTS_PATH_SIZE];
    struct sink sink = SINK(path);
    struct input input;

    sink_format(&sink, "%s/%s", folder, name);
    TRY(input_read(INPUT_SCENARIO, sink_written(&sink), SPAN(""), &input, note));
    bool is_same = span_equal(input.text, text);

    input_free(&input);
    return is_same ? ERR_OK : note_set(note, ERR_RANGE, "%s/%s %s", folder, name, why);
}

/* Rows of one file come from one sweep and one program. */
static enum err expect_texts(const char *folder, const struct sweep *sweep, struct note *note)
{
    struct identity identity;

    TRY(identity_make(&identity, sweep, note));
    enum err error =
        expect_text(folder, SWEEP_TEXT, identity.sweep, "is another sweep: expected the one that was begun", note);

    if (error == ERR_OK)
        error = expect_text(
            folder, SWEEP_PROGRAM, identity.program,
            "names another program: expected the revision and compiler that began it, whose rows these are", note);
    free(identity.text);
    return error;
}

enum err sweep_file_begin(struct sweep_file *file, const struct results *results, const struct sweep *sweep,
                          struct note *note)
{
    *file = (struct sweep_file){.descriptor = -1};
    TRY(sweep_inputs_save(results, sweep, note));
    TRY(save_texts(results, sweep, note));
    results_path(results, "trials.csv", file->path, sizeof(file->path));
    file->descriptor = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (file->descriptor < 0)
        return refuse(note, file->path);
    TRY(claim_file(file, note));
    struct sink sink = SINK(file->buffer);

    sweep_write_head(sweep, &sink);
    file->pending = sink.size;
    return sweep_file_flush(file, note);
}

/* ---- Resuming ---- */

/* What an earlier run left: the end of its last whole row, how many there are, and where its last point begins. */
struct found {
    off_t end;
    uint64_t rows;
    size_t point;
    off_t point_begin;
    uint64_t rows_before_point;
};

/* What must stand at the front of a row: its point, the values of the axes, its arm and trial. */
static bool is_row_of(const struct sweep *sweep, struct span line, size_t point, size_t row)
{
    char cells[SWEEP_ROW_SIZE];
    struct sink sink = SINK(cells);

    sink_format(&sink, "%zu", point);
    for (size_t axis = 0; axis < sweep->axis_count; axis++) {
        sink_char(&sink, ',');
        sweep_write_cell(sweep, point, axis, &sink);
    }
    sink_format(&sink, ",%s,%zu,", sweep->arms[row % sweep->arm_count]->name, row / sweep->arm_count);
    return span_starts(line, sink_written(&sink));
}

/* Counts a row that belongs behind those that were found; false for any other. */
static bool add_row(const struct sweep *sweep, struct span line, struct found *found)
{
    size_t next = found->point == SIZE_MAX ? 0 : found->point + 1;
    uint64_t in_point = found->rows - found->rows_before_point;

    if (found->point != SIZE_MAX && is_row_of(sweep, line, found->point, in_point)) {
        found->rows++;
        return true;
    }
    if (in_point % sweep->arm_count != 0 || next == sweep->points || !is_row_of(sweep, line, next, 0))
        return false;
    found->point = next;
    found->point_begin = found->end;
    found->rows_before_point = found->rows++;
    return true;
}

static enum err look_through(FILE *stream, const char *path, const struct sweep *sweep, struct found *found,
                             struct note *note)
{
    char head[SWEEP_ROW_SIZE], *line = NULL;
    struct sink sink = SINK(head);
    size_t capacity = 0;
    ssize_t size;
    enum err error = ERR_OK;

    *found = (struct found){.point = SIZE_MAX};
    sweep_write_head(sweep, &sink);
    while (error == ERR_OK && (size = getline(&line, &capacity, stream)) > 0 && line[size - 1] == '\n') {
        struct span text = {line, (size_t)size};

        /* What a power failure leaves behind the last synced row may be zeros. */
        if (span_find_byte(text, 0) < text.size)
            break;
        if (found->end == 0 && !span_equal(text, sink_written(&sink)))
            error = note_set(note, ERR_SYNTAX, "%s:1: expected the columns of this sweep", path);
        else if (found->end > 0 && !add_row(sweep, text, found))
            error = note_set(note, ERR_SYNTAX, "%s:%llu: expected the next row of this sweep", path,
                             (unsigned long long)found->rows + 2);
        found->end += size;
    }
    free(line);
    return error;
}

/* With repetitions: every point but the last has all its trials. */
static enum err check_trials(const struct sweep *sweep, const struct found *found, const char *path, struct note *note)
{
    uint64_t *before;

    if (sweep->precision > 0 || found->point == SIZE_MAX)
        return ERR_OK;
    TRY(sweep_count_trials(sweep, &before, note));
    bool is_whole = found->rows_before_point == before[found->point] * sweep->arm_count &&
                    found->rows <= before[found->point + 1] * sweep->arm_count;

    free(before);
    return is_whole ? ERR_OK : note_set(note, ERR_SYNTAX, "%s: a point has not the trials of this sweep", path);
}

bool sweep_file_is_bare(const char *folder)
{
    static const char *const ours[] = {".", "..", "inputs", SWEEP_TEXT, SWEEP_PROGRAM};
    DIR *entries = opendir(folder);
    bool is_bare = entries != NULL;

    while (is_bare) {
        struct dirent *entry = readdir(entries);

        if (!entry)
            break;
        const char *end = strstr(entry->d_name, ".part");

        is_bare = end && strcmp(end, ".part") == 0; /* of a file that was being written */
        for (size_t i = 0; i < sizeof(ours) / sizeof(*ours) && !is_bare; i++)
            is_bare = strcmp(entry->d_name, ours[i]) == 0;
    }
    if (entries)
        closedir(entries);
    return is_bare;
}

enum err sweep_file_resume(struct sweep_file *file, const char *folder, const struct sweep *sweep, uint64_t *rows,
                           size_t *point, struct note *note)
{
    struct sink path = SINK(file->path);
    struct found found;

    *file = (struct sweep_file){.descriptor = -1};
    sink_format(&path, "%s/trials.csv", folder);
    sink_string(&path);
    TRY(expect_texts(folder, sweep, note));
    file->descriptor = open(file->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file->descriptor < 0)
        return refuse(note, file->path);
    TRY(claim_file(file, note));
    FILE *stream = fopen(file->path, "r");

    if (!stream)
        return refuse(note, file->path);
    enum err error = look_through(stream, file->path, sweep, &found, note);

    fclose(stream);
    if (error == ERR_OK)
        error = check_trials(sweep, &found, file->path, note);
    if (error != ERR_OK)
        return error;
    if (sweep->precision > 0 && found.rows > 0) { /* a point's number of trials is decided by all of them */
        found.end = found.point_begin;
        found.rows = found.rows_before_point;
    }
    *rows = file->rows = found.rows;
    *point = found.point == SIZE_MAX ? 0 : found.point;
    if (ftruncate(file->descriptor, found.end) != 0)
        return refuse(note, file->path);
    if (found.end == 0) { /* not even the head was whole */
        struct sink sink = SINK(file->buffer);

        sweep_write_head(sweep, &sink);
        file->pending = sink.size;
    }
    return sweep_file_flush(file, note);
}
