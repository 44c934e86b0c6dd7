/* SPDX-License-Identifier: GPL-3.0-or-later */
/* calibrate.c - what cryptography costs on this host, measured with OpenSSL itself, as a table that costs.table takes.
 */
#include "bench/cli/command.h"
#include "bench/cli/progress.h"
#include "bench/harness/cost_measure.h"
#include "sim/base/units.h"
#include "traces/outfile.h"

#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TEXT_SIZE = 1 << 14, TABLE_MEMORY = 1 << 20, PROCESSOR_SIZE = 96 };

#define SPREAD_QUIET 0.10 /* between the quartiles of a time, relative: what a quiet host stays below */
#define CHECK_WITHIN 0.05

struct calibrate {
    const struct command_line *line;
    struct cost_measure measure;
    struct cost_measured results[COST_OPERATION_COUNT];
    bool is_measured[COST_OPERATION_COUNT];
    double load; /* average of the last minute, before measuring */
    char text_bytes[TEXT_SIZE];
    struct sink text;
};

/* ---- What to measure ---- */

/* For the check, between the sizes of the fit. */
static const uint64_t check_sizes[] = {3000, 50000, 700000, 3 * MIB, 0};

static bool is_named(const struct command_line *line, const char *name)
{
    for (size_t i = 0; i < line->argument_count; i++)
        if (strcmp(line->arguments[i], name) == 0)
            return true;
    return line->argument_count == 0;
}

static bool is_sealing(int operation)
{
    return operation == COST_CMS_SEAL_RFC8591 || operation == COST_CMS_SEAL_RFC4975_RSA ||
           operation == COST_CMS_SEAL_2013_3DES;
}

static enum err check_names(const struct command_line *line, struct note *note)
{
    for (size_t i = 0; i < line->argument_count; i++) {
        bool is_known = false;

        for (int k = 0; k < COST_OPERATION_COUNT; k++)
            is_known = is_known || strcmp(line->arguments[i], cost_operation_names[k]) == 0;
        if (!is_known)
            return note_set(note, ERR_UNKNOWN, "\"%s\" is no operation: see `hopsim list costs`", line->arguments[i]);
    }
    return ERR_OK;
}

static enum err measure_all(struct calibrate *calibrate, struct note *note)
{
    bool is_check = command_option(calibrate->line, "--check") != NULL;
    struct progress progress;
    enum err error = ERR_OK;

    progress_begin(&progress, "calibrate");
    for (int i = 0; i < COST_OPERATION_COUNT && error == ERR_OK; i++) {
        progress_show(&progress, (size_t)i, COST_OPERATION_COUNT);
        if (!is_named(calibrate->line, cost_operation_names[i]) || (is_check && !is_sealing(i)))
            continue;
        error = cost_measure_operation(&calibrate->measure, (enum cost_operation)i, is_check ? check_sizes : NULL,
                                       &calibrate->results[i], note);
        calibrate->is_measured[i] = error == ERR_OK;
    }
    progress_end(&progress);
    return error;
}

/* ---- The table ---- */

/* The processor's name, as the kernel tells it. */
static void read_processor(char name[PROCESSOR_SIZE])
{
    char line[256];
    struct sink sink = {.data = name, .capacity = PROCESSOR_SIZE};
    FILE *file = fopen("/proc/cpuinfo", "r");

    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':')) {
            struct span text = span_of(strchr(line, ':') + 1);

            text.size = strcspn(text.data, "\n");
            text = span_trim(text);

            sink_span(&sink, (struct span){text.data, text.size < PROCESSOR_SIZE ? text.size : PROCESSOR_SIZE - 1});
            break;
        }
    if (file)
        fclose(file);
    if (sink.size == 0)
        sink_text(&sink, "unknown processor");
    sink_string(&sink);
}

static void write_head(struct calibrate *calibrate)
{
    char date[32], processor[PROCESSOR_SIZE];
    time_t now = time(NULL);

    strftime(date, sizeof(date), "%Y-%m-%d", gmtime(&now));
    read_processor(processor);
    sink_format(&calibrate->text,
                "# machine: %s, %s, %s\n"
                "# hopsim calibrate, at a load average of %.2f. One thread, its CPU time; medians of %d rounds. Lines\n"
                "# by least squares of relative residuals; the largest stands in the source, and the largest distance\n"
                "# between the quartiles of a time, relative to its median.\n"
                "operation,fixed_ns,ns_per_byte,source\n",
                processor, OpenSSL_version(OPENSSL_VERSION), date, calibrate->load, COST_MEASURE_ROUNDS);
}

static void write_rows(struct calibrate *calibrate)
{
    for (int i = 0; i < COST_OPERATION_COUNT; i++) {
        const struct cost_measured *result = &calibrate->results[i];

        if (!calibrate->is_measured[i])
            continue;
        sink_format(&calibrate->text, "%s,%.0f,%.4f,measured", cost_operation_names[i], result->fit.fixed_ns,
                    result->fit.ns_per_byte);
        if (result->fit.ns_per_byte > 0) /* a line through one point has no residual to tell */
            sink_format(&calibrate->text, "; largest residual %.1f %%", 100 * result->fit.residual);
        sink_format(&calibrate->text, "; spread %.1f %%\n", 100 * result->spread);
    }
}

/* A host that is busy with something else gives times that are worth less. */
static void warn_of_noise(const struct calibrate *calibrate)
{
    int noisy = 0, worst = 0;

    for (int i = 0; i < COST_OPERATION_COUNT; i++) {
        noisy += calibrate->is_measured[i] && calibrate->results[i].spread > SPREAD_QUIET;
        if (calibrate->is_measured[i] && calibrate->results[i].spread > calibrate->results[worst].spread)
            worst = i;
    }
    if (noisy > 0)
        fprintf(stderr,
                "hopsim: this host is noisy: %d of its times spread by more than %.0f %% of their median,\n"
                "        the most that of %s, by %.0f %%\n",
                noisy, 100 * SPREAD_QUIET, cost_operation_names[worst], 100 * calibrate->results[worst].spread);
}

static enum err save(const struct calibrate *calibrate, const char *path, struct note *note)
{
    struct outfile file;

    TRY(outfile_open(&file, path, note));
    outfile_write(&file, sink_written(&calibrate->text));
    return outfile_close(&file, note);
}

/* ---- The check ---- */

static void put_number(struct table *table, double number)
{
    char text[32];
    struct sink sink = SINK(text);

    sink_format(&sink, "%.0f", number);
    table_same(table, sink_written(&sink));
}

static void check_operation(const struct calibrate *calibrate, enum cost_operation operation, struct table *table,
                            size_t *off)
{
    const struct cost_measured *result = &calibrate->results[operation];

    for (size_t i = 0; check_sizes[i]; i++) {
        double measured_ns = result->others_ns[i];
        double predicted_ns = result->fit.fixed_ns + result->fit.ns_per_byte * (double)check_sizes[i];
        double error = predicted_ns / measured_ns - 1;
        char text[32];
        struct sink sink = SINK(text);

        sink_format(&sink, "%.1f", 100 * error);
        table_row(table);
        table_same(table, span_of(cost_operation_names[operation]));
        put_number(table, (double)check_sizes[i]);
        put_number(table, predicted_ns);
        put_number(table, measured_ns);
        table_same(table, sink_written(&sink));
        table_same(table, fabs(error) <= CHECK_WITHIN ? SPAN("yes") : SPAN("no"));
        *off += fabs(error) > CHECK_WITHIN;
    }
}

static void check_fits(const struct calibrate *calibrate, struct table *table, size_t *off)
{
    table_column(table, "operation", "operation", TABLE_TEXT);
    table_column(table, "bytes", "bytes", TABLE_NUMBER);
    table_column(table, "predicted, ns", "predicted_ns", TABLE_NUMBER);
    table_column(table, "measured, ns", "measured_ns", TABLE_NUMBER);
    table_column(table, "off, %", "off_percent", TABLE_NUMBER);
    table_column(table, "within 5 %", "is_within", TABLE_TEXT);
    for (int i = 0; i < COST_OPERATION_COUNT; i++)
        if (calibrate->is_measured[i])
            check_operation(calibrate, (enum cost_operation)i, table, off);
}

static enum err compute(struct calibrate *calibrate, struct table *table, size_t *off, struct note *note)
{
    const struct command_given *path = command_option(calibrate->line, "-o");
    double loads[1] = {0};

    TRY(check_names(calibrate->line, note));
    calibrate->load = getloadavg(loads, 1) == 1 ? loads[0] : 0;
    TRY(cost_measure_begin(&calibrate->measure, note));
    TRY(measure_all(calibrate, note));
    write_head(calibrate);
    write_rows(calibrate);
    warn_of_noise(calibrate);
    if (calibrate->text.overflow)
        return note_set(note, ERR_FULL, "the table is too long");
    if (command_option(calibrate->line, "--check"))
        return check_fits(calibrate, table, off), ERR_OK;
    return path ? save(calibrate, path->value, note) : ERR_OK;
}

static enum status print(const struct calibrate *calibrate, const struct table *table, size_t off)
{
    if (!command_option(calibrate->line, "--check"))
        return command_option(calibrate->line, "-o") ? STATUS_DONE : command_print(sink_written(&calibrate->text));
    enum status status = command_print_table(calibrate->line, table);

    return status == STATUS_DONE && off > 0 ? STATUS_NO : status;
}

static enum status run_calibrate(const struct command_line *line)
{
    struct calibrate *calibrate = calloc(1, sizeof(*calibrate));
    struct arena *arena = arena_create(TABLE_MEMORY);
    struct note note = {{0}};
    struct table table;
    size_t off = 0;
    enum status status;

    if (!calibrate || !arena) {
        free(calibrate);
        if (arena)
            arena_destroy(arena);
        return command_fail(note_set(&note, ERR_FULL, "no memory"), &note);
    }
    calibrate->line = line;
    calibrate->text = SINK(calibrate->text_bytes);
    table_init(&table, arena);
    enum err error = compute(calibrate, &table, &off, &note);

    status = error == ERR_OK ? print(calibrate, &table, off) : command_fail(error, &note);
    cost_measure_end(&calibrate->measure);
    arena_destroy(arena);
    free(calibrate);
    return status;
}

static const struct command_option options[] = {
    {"-o", "FILE", "write the table into a new file, for costs.table; standard output unless given"},
    {"--check", NULL, "measure sealing at sizes between those of the line, too: is what it says within 5 %"},
    COMMAND_OPTION_CSV,
    COMMAND_OPTION_JSON,
    {.name = NULL},
};

const struct command command_calibrate = {
    .name = "calibrate",
    .arguments = "[OPERATION...]",
    .arguments_most = COST_OPERATION_COUNT,
    .help = "Measure what cryptography costs on this host, all operations or some, as a table of costs",
    .options = options,
    .run = run_calibrate,
};
