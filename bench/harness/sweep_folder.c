/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/sweep_folder.h"
#include "bench/harness/clock.h"
#include "bench/harness/input.h"
#include "bench/harness/sweep_inputs.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

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
    file->pending = 0;
    file->synced_ns = clock_now_ns();
    return fdatasync(file->descriptor) == 0 || errno == EINVAL ? ERR_OK : refuse(note, file->path);
}

enum err sweep_file_add(struct sweep_file *file, const struct sweep *sweep, const struct sweep_row *row,
                        struct note *note)
{
    struct sink sink = {.data = file->buffer + file->pending, .capacity = sizeof(file->buffer) - file->pending};

    sweep_write_row(sweep, row, &sink);
    file->pending += sink.size;
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

/* Saves the text, or (with folder) finds that the one saved there is the same. */
static enum err keep_text(const struct results *results, const char *folder, const struct sweep *sweep,
                          struct note *note)
{
    struct sink sink = {.data = malloc(text_size(sweep)), .capacity = text_size(sweep)};
    char path[RESULTS_PATH_SIZE];
    struct sink path_sink = SINK(path);
    struct input input = {.owned = NULL};
    enum err error = sink.data ? ERR_OK : note_set(note, ERR_FULL, "no memory for a copy of the sweep");

    if (error == ERR_OK) {
        write_text(sweep, &sink);
        sink_format(&path_sink, "%s/sweep.ini", folder ? folder : "");
        error = folder ? input_read(INPUT_SCENARIO, sink_written(&path_sink), SPAN(""), &input, note)
                       : results_save(results, "sweep.ini", sink_written(&sink), note);
    }
    if (error == ERR_OK && folder && !span_equal(input.text, sink_written(&sink)))
        error = note_set(note, ERR_RANGE, "%s/sweep.ini is another sweep: expected the one that was begun", folder);
    if (input.owned)
        input_free(&input);
    free(sink.data);
    return error;
}

enum err sweep_file_begin(struct sweep_file *file, const struct results *results, const struct sweep *sweep,
                          struct note *note)
{
    *file = (struct sweep_file){.descriptor = -1};
    TRY(sweep_inputs_save(results, sweep, note));
    TRY(keep_text(results, NULL, sweep, note));
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

/* "point," at the front of a row, and ",arm,trial," somewhere behind it: whose row it is. */
static bool is_row_of(const struct sweep *sweep, struct span line, size_t *point)
{
    uint64_t number;
    struct span rest = line;

    if (span_cut_number(&rest, &number) != ERR_OK || number >= sweep->points || rest.size == 0 || rest.data[0] != ',')
        return false;
    char cells[SWEEP_ROW_SIZE];
    struct sink sink = SINK(cells);

    for (size_t axis = 0; axis < sweep->axis_count; axis++) {
        sink_char(&sink, ',');
        sweep_write_cell(sweep, (size_t)number, axis, &sink);
    }
    *point = (size_t)number;
    return span_starts(rest, sink_written(&sink));
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
        size_t point;

        /* What a power failure leaves behind the last synced row may be zeros. */
        if (span_find_byte(text, 0) < text.size)
            break;
        if (found->end == 0 && !span_equal(text, sink_written(&sink))) {
            error = note_set(note, ERR_SYNTAX, "%s:1: expected the columns of this sweep", path);
        } else if (found->end > 0 && !is_row_of(sweep, text, &point)) {
            error = note_set(note, ERR_SYNTAX, "%s:%llu: expected a row of this sweep", path,
                             (unsigned long long)found->rows + 2);
        } else if (found->end > 0) {
            if (point != found->point) {
                found->point = point;
                found->point_begin = found->end;
                found->rows_before_point = found->rows;
            }
            found->rows++;
        }
        found->end += size;
    }
    free(line);
    return error;
}

enum err sweep_file_resume(struct sweep_file *file, const char *folder, const struct sweep *sweep, uint64_t *rows,
                           size_t *point, struct note *note)
{
    struct sink path = SINK(file->path);
    struct found found;

    file->descriptor = -1;
    file->pending = 0;
    file->synced_ns = 0;
    sink_format(&path, "%s/trials.csv", folder);
    sink_string(&path);
    TRY(keep_text(NULL, folder, sweep, note));
    file->descriptor = open(file->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file->descriptor < 0)
        return refuse(note, file->path);
    TRY(claim_file(file, note));
    FILE *stream = fopen(file->path, "r");

    if (!stream)
        return refuse(note, file->path);
    enum err error = look_through(stream, file->path, sweep, &found, note);

    fclose(stream);
    if (error != ERR_OK)
        return error;
    if (sweep->precision > 0 && found.rows > 0) { /* a point's number of trials is decided by all of them */
        found.end = found.point_begin;
        found.rows = found.rows_before_point;
    }
    *rows = found.rows;
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
