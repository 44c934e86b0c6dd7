/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * validate_core.c - FOLDER holds a folder for each load, called by its sessions a second ("1", "10", "50"), with
 * dwells.csv (hopsim inspect --dwell), and in calibration/ and measured/ a trials.csv for each arm and size
 * (hopsim measure -o). Nothing is measured here.
 */
#include "bench/cli/validate_core.h"
#include "bench/cli/core_model.h"
#include "sim/base/units.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_MEMORY = 4 << 20, LOADS_MAX = 16, PATH_SIZE = 4096, ERRORS_MAX = LOADS_MAX * CORE_TRIALS_POINTS_MAX * 3 };

#define SHOWN_ERROR 0.10 /* what is beyond has to be explained */

/* The times that are compared. */
static const struct {
    const char *name;
    size_t predicted, measured;
} compared[] = {
    {"setup", offsetof(struct outcome, setup_ns), offsetof(struct measured_row, setup_ns)},
    {"transfer", offsetof(struct outcome, transfer_ns), offsetof(struct measured_row, transfer_ns)},
    {"delay", offsetof(struct outcome, delay_ns), offsetof(struct measured_row, delay_ns)},
};
enum { COMPARED = sizeof(compared) / sizeof(*compared) };

struct validation {
    const char *folder;
    uint64_t rate_bps;
    unsigned loads[LOADS_MAX];
    size_t load_count;
    struct arena *arena;
    struct table table;
    char fits_text[4096];
    struct sink fits;
    double errors[ERRORS_MAX], delay_errors[ERRORS_MAX];
    size_t error_count, delay_count, beyond;
    uint64_t failed;
};

/* ---- The folder ---- */

static int in_order(const void *a, const void *b)
{
    const unsigned *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static enum err find_loads(struct validation *validation, struct note *note)
{
    DIR *entries = opendir(validation->folder);

    if (!entries)
        return note_set(note, ERR_FILE, "%s: %s", validation->folder, strerror(errno));
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        struct span name = span_of(entry->d_name);
        uint64_t load;

        if (span_cut_number(&name, &load) == ERR_OK && name.size == 0 && load <= 100000 &&
            validation->load_count < LOADS_MAX)
            validation->loads[validation->load_count++] = (unsigned)load;
    }
    closedir(entries);
    qsort(validation->loads, validation->load_count, sizeof(*validation->loads), in_order);
    return validation->load_count > 0
               ? ERR_OK
               : note_set(note, ERR_FILE, "%s: expected folders called by sessions a second", validation->folder);
}

/* Every trials.csv one folder below. */
static enum err read_all(const char *path, struct core_trials *trials, struct note *note)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    enum err error = ERR_OK;

    if (count < 0)
        return note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    for (int i = 0; i < count; i++) {
        char text[PATH_SIZE];
        struct sink file = SINK(text);

        sink_format(&file, "%s/%s/trials.csv", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && error == ERR_OK)
            error = file.overflow ? note_set(note, ERR_RANGE, "%s: too long a path", path)
                                  : core_trials_read(trials, sink_string(&file), note);
        free(entries[i]);
    }
    free(entries);
    return error;
}

static void write_path(const struct validation *validation, unsigned load, const char *name, struct sink *path)
{
    sink_format(path, "%s/%u/%s", validation->folder, load, name);
    sink_string(path);
}

/* ---- The table ---- */

static void add_columns(struct table *table)
{
    table_column(table, "load", "sessions_per_s", TABLE_NUMBER);
    table_column(table, "arm", "arm", TABLE_TEXT);
    table_column(table, "size", "size_bytes", TABLE_NUMBER);
    table_column(table, "n", "n", TABLE_NUMBER);
    table_column(table, "time", "time", TABLE_TEXT);
    table_column(table, "predicted", "predicted_ns", TABLE_NUMBER);
    table_column(table, "measured", "measured_ns", TABLE_NUMBER);
    table_column(table, "error", "error_ratio", TABLE_NUMBER);
}

typedef void show_fn(struct sink *sink, uint64_t value);

static void show_size(struct sink *sink, uint64_t value)
{
    units_write_size(sink, value);
}

static void show_time(struct sink *sink, uint64_t value)
{
    units_show_time(sink, (int64_t)value);
}

static void number_cell(struct table *table, uint64_t value, show_fn *show)
{
    char shown_text[32], plain_text[32];
    struct sink shown = SINK(shown_text), plain = SINK(plain_text);

    show(&shown, value);
    sink_number(&plain, value);
    table_cell(table, sink_written(&shown), sink_written(&plain));
}

static void error_cell(struct table *table, double error)
{
    char shown_text[32], plain_text[32];
    struct sink shown = SINK(shown_text), plain = SINK(plain_text);

    sink_format(&shown, "%+.1f %%", 100 * error);
    sink_format(&plain, "%.4f", error);
    table_cell(table, sink_written(&shown), sink_written(&plain));
}

static int64_t member(const void *record, size_t offset)
{
    int64_t value;

    memcpy(&value, (const char *)record + offset, sizeof(value));
    return value;
}

static void count_error(struct validation *validation, size_t which, double error)
{
    double size = error < 0 ? -error : error;

    validation->errors[validation->error_count++] = size;
    if (compared[which].predicted == offsetof(struct outcome, delay_ns))
        validation->delay_errors[validation->delay_count++] = size;
    if (size > SHOWN_ERROR)
        validation->beyond++;
}

static void add_rows(struct validation *validation, unsigned load, const struct measured_row *row,
                     const struct outcome *outcome)
{
    struct table *table = &validation->table;

    for (size_t i = 0; i < COMPARED; i++) {
        int64_t predicted_ns = member(outcome, compared[i].predicted), measured_ns = member(row, compared[i].measured);

        if (measured_ns == NONE_NS || measured_ns == 0 || predicted_ns == NONE_NS)
            continue;
        double error = (double)(predicted_ns - measured_ns) / (double)measured_ns;

        count_error(validation, i, error);
        table_row(table);
        number_cell(table, load, sink_number);
        table_same(table, span_of(row->point.arm->name));
        number_cell(table, row->point.size_bytes, show_size);
        number_cell(table, row->n, sink_number);
        table_same(table, span_of(compared[i].name));
        number_cell(table, (uint64_t)predicted_ns, show_time);
        number_cell(table, (uint64_t)measured_ns, show_time);
        error_cell(table, error);
    }
}

/* ---- Words ---- */

static void write_fit(struct validation *validation, unsigned load, const struct core_fit *fit)
{
    struct sink *sink = &validation->fits;

    sink_format(sink, "calibrated at %u a second: a user's link adds ", load);
    units_show_time(sink, fit->link_ns);
    sink_text(sink, ", UE-B takes ");
    units_show_time(sink, fit->read_ns);
    sink_text(sink, " to read a SEND that is there, a relay keeps an MSRP message ");
    units_show_time(sink, fit->relay_ns);
    sink_format(
        sink,
        ",\nINVITE's dwells are %.2f and MESSAGE's %.2f of the table's, handshakes take %.2f times the cost table's,\n"
        "sealing ",
        (double)fit->setup_ppm / 1e6, (double)fit->message_ppm / 1e6, (double)fit->tls_ppm / 1e6);
    units_show_time(sink, fit->seal_fixed_ns);
    sink_format(sink, " and %.3f ns/B, opening ", (double)fit->seal_byte_ps / 1000);
    units_show_time(sink, fit->open_fixed_ns);
    sink_format(sink, " and %.3f ns/B\n", (double)fit->open_byte_ps / 1000);
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void write_errors(double *errors, size_t n, const char *before, struct sink *sink)
{
    if (n == 0)
        return;
    qsort(errors, n, sizeof(*errors), by_size);
    double median = n % 2 ? errors[n / 2] : (errors[n / 2 - 1] + errors[n / 2]) / 2;

    sink_format(sink, "%smedian error: %.1f %%, worst: %.1f %%\n", before, 100 * median, 100 * errors[n - 1]);
}

static enum status print(const struct command_line *line, struct validation *validation)
{
    char text[8192];
    struct sink sink = SINK(text);
    enum status status = command_print_table(line, &validation->table);

    sink_char(&sink, '\n');
    sink_span(&sink, sink_written(&validation->fits));
    sink_format(&sink, "error: predicted less measured, of measured; %zu of %zu beyond %.0f %%; %llu sessions failed\n",
                validation->beyond, validation->error_count, 100 * SHOWN_ERROR, (unsigned long long)validation->failed);
    write_errors(validation->delay_errors, validation->delay_count, "delays alone: ", &sink);
    write_errors(validation->errors, validation->error_count, "", &sink);
    if (command_option(line, "--csv") || command_option(line, "--json")) {
        fprintf(stderr, "%s", sink_string(&sink));
        return status;
    }
    return status == STATUS_DONE ? command_print(sink_written(&sink)) : status;
}

/* ---- All ---- */

static enum err compare_load(struct validation *validation, unsigned load, struct core_model *model, struct note *note)
{
    struct core_trials *calibration = calloc(1, sizeof(*calibration)), *measured = calloc(1, sizeof(*measured));
    char calibration_text[PATH_SIZE], measured_text[PATH_SIZE];
    struct sink calibration_path = SINK(calibration_text), measured_path = SINK(measured_text);
    enum err error = calibration && measured ? ERR_OK : note_set(note, ERR_FULL, "no memory");

    write_path(validation, load, "calibration", &calibration_path);
    write_path(validation, load, "measured", &measured_path);
    if (error == ERR_OK)
        error = read_all(calibration_text, calibration, note);
    if (error == ERR_OK)
        error = read_all(measured_text, measured, note);
    if (error == ERR_OK)
        error = core_model_fit(model, calibration, note);
    if (error == ERR_OK)
        write_fit(validation, load, &model->fit);
    for (size_t i = 0; error == ERR_OK && i < measured->count; i++) {
        struct outcome outcome;

        error = core_model_run(model, &measured->rows[i].point, &outcome, note);
        if (error == ERR_OK)
            add_rows(validation, load, &measured->rows[i], &outcome);
    }
    validation->failed += measured ? measured->failed : 0;
    free(calibration);
    free(measured);
    return error;
}

static enum err perform(struct validation *validation, struct note *note)
{
    TRY(find_loads(validation, note));
    for (size_t i = 0; i < validation->load_count; i++) {
        char text[PATH_SIZE];
        struct sink dwells = SINK(text);
        struct core_model model;

        write_path(validation, validation->loads[i], "dwells.csv", &dwells);
        enum err error = core_model_open(&model, text, validation->rate_bps, note);

        if (error == ERR_OK)
            error = compare_load(validation, validation->loads[i], &model, note);
        core_model_close(&model);
        TRY(error);
    }
    return ERR_OK;
}

enum status validate_core(const struct command_line *line)
{
    struct validation *validation = calloc(1, sizeof(*validation));
    const struct command_given *rate = command_option(line, "--rate");
    struct note note = {{0}};
    enum err error = ERR_OK;

    if (!validation)
        return command_fail(note_set(&note, ERR_FULL, "no memory"), &note);
    validation->folder = command_option(line, "--core")->value;
    validation->fits = (struct sink){.data = validation->fits_text, .capacity = sizeof(validation->fits_text)};
    validation->arena = arena_create(TABLE_MEMORY);
    if (!validation->arena)
        error = note_set(&note, ERR_FULL, "no memory for the table");
    if (error == ERR_OK && rate)
        error = units_read_rate(span_of(rate->value), &validation->rate_bps, &note);
    if (error == ERR_OK) {
        table_init(&validation->table, validation->arena);
        add_columns(&validation->table);
        error = perform(validation, &note);
    }
    enum status status = error == ERR_OK ? print(line, validation) : command_fail(error, &note);

    if (validation->arena)
        arena_destroy(validation->arena);
    free(validation);
    return status;
}
