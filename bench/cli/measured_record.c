/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/measured_record.h"
#include "sim/base/csv.h"
#include "sim/base/units.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { LINE_SIZE = 1024, CELLS = 15, MACHINE_SIZE = 256 };

static const char columns[] =
    "arm,size_bytes,rate_bps,rtt_ns,relays,n,prepare_ns,setup_ns,protect_ns,connect_ns,transfer_ns,unprotect_ns,"
    "delay_ns,delay_min_ns,delay_max_ns\n";

/* Where the times of a row stand, in the order of the columns behind n. */
static const size_t times[] = {
    offsetof(struct measured_row, prepare_ns),  offsetof(struct measured_row, setup_ns),
    offsetof(struct measured_row, protect_ns),  offsetof(struct measured_row, connect_ns),
    offsetof(struct measured_row, transfer_ns), offsetof(struct measured_row, unprotect_ns),
    offsetof(struct measured_row, delay_ns),    offsetof(struct measured_row, least_ns),
    offsetof(struct measured_row, most_ns),
};
enum { TIMES = sizeof(times) / sizeof(*times), FIRST_TIME = CELLS - TIMES };

/* ---- Reading ---- */

static bool read_number(struct span cell, uint64_t *number)
{
    return span_cut_number(&cell, number) == ERR_OK && cell.size == 0;
}

static bool read_row(struct span line, struct measured_row *row)
{
    struct span cells[CELLS];
    char text[LINE_SIZE];
    struct sink unquoted = SINK(text);
    uint64_t numbers[5];
    size_t count;

    if (csv_cut(line, cells, CELLS, &count, &unquoted) != ERR_OK || count != CELLS)
        return false;
    for (size_t i = 0; i < 5; i++)
        if (!read_number(cells[1 + i], &numbers[i]))
            return false;
    *row = (struct measured_row){.point = {.arm = arm_find(cells[0]),
                                           .size_bytes = numbers[0],
                                           .rate_bps = numbers[1],
                                           .rtt_ns = (int64_t)numbers[2],
                                           .relays = (uint32_t)numbers[3]},
                                 .n = numbers[4]};
    for (size_t i = 0; i < TIMES; i++) {
        int64_t time_ns = NONE_NS;
        uint64_t number;

        if (cells[FIRST_TIME + i].size > 0) {
            if (!read_number(cells[FIRST_TIME + i], &number) || number > INT64_MAX)
                return false;
            time_ns = (int64_t)number;
        }
        memcpy((char *)row + times[i], &time_ns, sizeof(time_ns));
    }
    return row->point.arm != NULL;
}

static enum err read_rows(struct measured_record *record, const char *path, struct note *note)
{
    char text[LINE_SIZE];

    for (int number = 1; fgets(text, sizeof(text), record->file); number++) {
        struct span line = span_of(text);

        if (line.size > 0 && line.data[line.size - 1] == '\n')
            line.size--;
        if (line.size == 0 || line.data[0] == '#' || span_starts(line, SPAN("arm,")))
            continue;
        if (record->count == MEASURED_ROWS_MAX || !read_row(line, &record->rows[record->count]))
            return note_set(note, ERR_SYNTAX, "%s:%d: expected a row of %s", path, number, columns);
        record->count++;
    }
    return ERR_OK;
}

/* ---- Writing ---- */

/* The first line of that name in a file of /proc, without it. */
static void cut_line(const char *path, const char *name, struct sink *out)
{
    char text[LINE_SIZE];
    FILE *file = fopen(path, "re");

    while (file && fgets(text, sizeof(text), file)) {
        struct span line = span_of(text);

        if (!span_starts(line, span_of(name)))
            continue;
        line = span_after(line, strlen(name));
        line.size = span_find_byte(line, '\n');
        sink_span(out, span_trim(line));
        break;
    }
    if (file)
        fclose(file);
}

/* Beside whom: a process of higher priority is disturbed less by others. */
static void write_priority(struct sink *sink)
{
    int policy = sched_getscheduler(0);

    if (policy == SCHED_RR || policy == SCHED_FIFO)
        sink_text(sink, "real-time priority");
    else
        sink_format(sink, "nice %d", getpriority(PRIO_PROCESS, 0));
}

/* Where and when: what a measured time means depends on it. */
static void write_machine(FILE *file)
{
    char priority_text[64];
    struct sink priority = SINK(priority_text);

    char model_text[MACHINE_SIZE], load_text[MACHINE_SIZE], date[32];
    struct sink model = SINK(model_text), load = SINK(load_text);
    time_t now = time(NULL);
    struct tm utc;

    cut_line("/proc/cpuinfo", "model name\t:", &model);
    cut_line("/proc/loadavg", "", &load);
    write_priority(&priority);
    if (gmtime_r(&now, &utc) && strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &utc) > 0)
        fprintf(file, "# %s, %s, load average when begun %s, %s; medians of n transfers by hopsim measure\n", date,
                sink_string(&model), sink_string(&load), sink_string(&priority));
}

enum err measured_record_open(struct measured_record *record, const char *path, bool is_read_only, struct note *note)
{
    *record = (struct measured_record){.file = fopen(path, is_read_only ? "re" : "a+e")};
    if (!record->file)
        return note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    rewind(record->file);
    return read_rows(record, path, note);
}

void measured_record_close(struct measured_record *record)
{
    if (record->file)
        fclose(record->file);
    record->file = NULL;
}

const struct measured_row *measured_record_find(const struct measured_record *record,
                                                const struct measured_point *point)
{
    for (size_t i = 0; i < record->count; i++) {
        const struct measured_point *seen = &record->rows[i].point;

        if (seen->arm == point->arm && seen->size_bytes == point->size_bytes && seen->rate_bps == point->rate_bps &&
            seen->rtt_ns == point->rtt_ns && seen->relays == point->relays)
            return &record->rows[i];
    }
    return NULL;
}

enum err measured_record_add(struct measured_record *record, const struct measured_row *row, struct note *note)
{
    const struct measured_point *point = &row->point;

    if (record->count == MEASURED_ROWS_MAX)
        return note_set(note, ERR_FULL, "more than %d points", MEASURED_ROWS_MAX);
    if (!record->is_begun) {
        write_machine(record->file);
        fputs(record->count == 0 ? columns : "", record->file);
        record->is_begun = true;
    }
    record->rows[record->count++] = *row;
    fprintf(record->file, "%s,%llu,%llu,%lld,%u,%llu", point->arm->name, (unsigned long long)point->size_bytes,
            (unsigned long long)point->rate_bps, (long long)point->rtt_ns, point->relays, (unsigned long long)row->n);
    for (size_t i = 0; i < TIMES; i++) {
        int64_t time_ns;

        memcpy(&time_ns, (const char *)row + times[i], sizeof(time_ns));
        if (time_ns == NONE_NS)
            fputc(',', record->file);
        else
            fprintf(record->file, ",%lld", (long long)time_ns);
    }
    fputc('\n', record->file);
    if (fflush(record->file) != 0 || ferror(record->file))
        return note_set(note, ERR_FULL, "the record cannot be written: %s", strerror(errno));
    return ERR_OK;
}
