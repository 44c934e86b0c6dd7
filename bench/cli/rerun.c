/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rerun.c - a sweep's folder run again from its own copy and compared row by row; and its summary made again. */
#include "bench/cli/headline.h"
#include "bench/harness/sweep_folder.h"
#include "bench/harness/sweep_inputs.h"

#include <errno.h>
#include <stdlib.h>

enum { CELL_SHOWN = 200 };

struct rerun {
    struct sweep sweep;
    FILE *rows; /* trials.csv of the folder */
    char *line;
    size_t capacity;
    uint64_t row; /* lines read */
    bool is_different;
};

/* The cell of a line that begins at `at`, without its line end and cut to what a message has room for. */
static struct span cell_from(struct span line, size_t at)
{
    bool is_quoted = false;
    size_t end = at;

    for (; end < line.size && line.data[end] != '\n' && (is_quoted || line.data[end] != ','); end++)
        is_quoted ^= line.data[end] == '"';
    return (struct span){line.data + at, end - at < CELL_SHOWN ? end - at : CELL_SHOWN};
}

/* The number of the cell in which two lines begin to differ, and where it begins in both. */
static size_t differing_cell(struct span there, struct span again, size_t *begin)
{
    bool is_quoted = false;
    size_t cell = 0;

    *begin = 0;
    for (size_t i = 0; i < there.size && i < again.size && there.data[i] == again.data[i]; i++) {
        is_quoted ^= again.data[i] == '"';
        if (is_quoted || again.data[i] != ',')
            continue;
        cell++;
        *begin = i + 1;
    }
    return cell;
}

static void write_column(const struct sweep *sweep, size_t number, struct sink *text)
{
    char head[SWEEP_ROW_SIZE];
    struct sink sink = SINK(head);
    size_t at = 0;

    sweep_write_head(sweep, &sink);
    while (number-- > 0 && at < sink.size)
        at += cell_from(sink_written(&sink), at).size + 1;
    sink_span(text, at < sink.size ? cell_from(sink_written(&sink), at) : SPAN("no column"));
}

/* The next line must be this text. */
static enum err expect_line(struct rerun *rerun, struct span text, struct note *note)
{
    ssize_t size = getline(&rerun->line, &rerun->capacity, rerun->rows);
    struct span there = {rerun->line, size > 0 ? (size_t)size : 0};
    char column[CELL_SHOWN + 1];
    struct sink sink = SINK(column);
    size_t at;

    rerun->row++;
    if (span_equal(there, text))
        return ERR_OK;
    rerun->is_different = true;
    if (there.size == 0)
        return note_set(note, ERR_RANGE, "row %llu is not there\n", (unsigned long long)rerun->row);
    size_t number = differing_cell(there, text, &at);
    struct span was = cell_from(there, at), is = cell_from(text, at);

    write_column(&rerun->sweep, number, &sink);
    return note_set(note, ERR_RANGE, "row %llu differs from its column %zu on, %s:\n  there: %.*s\n  again: %.*s\n",
                    (unsigned long long)rerun->row, number + 1, sink_string(&sink), (int)was.size, was.data,
                    (int)is.size, is.data);
}

static enum err take_row(void *context, const struct sweep_row *row, struct note *note)
{
    struct rerun *rerun = context;
    char text[SWEEP_ROW_SIZE];
    struct sink sink = SINK(text);

    sweep_write_row(&rerun->sweep, row, &sink);
    return expect_line(rerun, sink_written(&sink), note);
}

static enum err run_again(struct rerun *rerun, const struct command_line *line, const char *path, struct note *note)
{
    struct sweep_job job = {.sweep = &rerun->sweep, .memory_bytes = HEADLINE_MEMORY, .context = rerun, .row = take_row};
    char head[SWEEP_ROW_SIZE];
    struct sink sink = SINK(head);
    uint64_t jobs;

    TRY(command_number(line, "-j", headline_jobs(), 1, COMPARISON_JOBS_MAX, &jobs, note));
    job.jobs = (unsigned)jobs;
    rerun->rows = fopen(path, "r");
    if (!rerun->rows)
        return note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    sweep_write_head(&rerun->sweep, &sink);
    TRY(expect_line(rerun, sink_written(&sink), note));
    TRY(sweep_run(&job, note));
    if (getline(&rerun->line, &rerun->capacity, rerun->rows) <= 0)
        return ERR_OK;
    rerun->is_different = true;
    return note_set(note, ERR_RANGE, "row %llu is one too many\n", (unsigned long long)rerun->row + 1);
}

static enum status run_rerun(const struct command_line *line)
{
    struct rerun rerun = {.row = 0};
    char trials[RESULTS_PATH_SIZE], text[64];
    struct sink trials_sink = SINK(trials), text_sink = SINK(text);
    struct note note = {{0}};

    sink_format(&trials_sink, "%s/trials.csv", line->arguments[0]);
    enum err error = sweep_inputs_read(line->arguments[0], &rerun.sweep, &note);

    if (error != ERR_OK)
        return command_fail(error, &note);
    error = run_again(&rerun, line, sink_string(&trials_sink), &note);
    sweep_free(&rerun.sweep);
    if (rerun.rows)
        fclose(rerun.rows);
    free(rerun.line);
    if (rerun.is_different) {
        enum status status = command_print(span_of(note.text));

        return status == STATUS_DONE ? STATUS_NO : status;
    }
    if (error != ERR_OK)
        return command_fail(error, &note);
    sink_format(&text_sink, "identical: %llu rows\n", (unsigned long long)rerun.row - 1);
    return command_print(sink_written(&text_sink));
}

static enum status run_summarise(const struct command_line *line)
{
    struct note note = {{0}};
    char text[RESULTS_PATH_SIZE + 32];
    struct sink sink = SINK(text);
    enum err error = sweep_summarise(line->arguments[0], &note);

    if (error != ERR_OK)
        return command_fail(error, &note);
    sink_format(&sink, "summary: %s/summary.csv\n", line->arguments[0]);
    return command_print(sink_written(&sink));
}

static const struct command_option rerun_options[] = {
    {"-j", "N", "threads; as many as there are processors unless given"},
    {.name = NULL},
};

static const struct command_option summarise_options[] = {{.name = NULL}};

const struct command command_rerun = {
    .name = "rerun",
    .arguments = "FOLDER",
    .arguments_least = 1,
    .arguments_most = 1,
    .help = "Run a sweep's folder again from its own copy: identical, or the first row that differs",
    .options = rerun_options,
    .run = run_rerun,
};

const struct command command_summarise = {
    .name = "summarise",
    .arguments = "FOLDER",
    .arguments_least = 1,
    .arguments_most = 1,
    .help = "Make a sweep's summary.csv again from its trials.csv",
    .options = summarise_options,
    .run = run_summarise,
};
