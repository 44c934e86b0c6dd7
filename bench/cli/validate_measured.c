/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * validate_measured.c - calibrates the simulator on some measured points, predicts others, measures them, and says how
 * far apart the two are. Points that stand in the record are not measured again.
 */
#include "bench/cli/validate_measured.h"
#include "bench/cli/measure_run.h"
#include "bench/cli/measured_record.h"
#include "sim/base/units.h"

#include <stdlib.h>
#include <string.h>

enum { TABLE_MEMORY = 16 << 20, REPEAT_STANDARD = 7, REPEAT_MOST = 101, POINTS_MAX = 512, TEXT_SIZE = 4096 };
enum { CALIBRATION_TIMES = 3 }; /* the predictions rest on few points, which are quickly measured */

static const char *const arm_names[] = {"msrp-plain", "msrp-smime", "msrp-relay-plain", "msrp-relay"};
static const uint64_t sizes[] = {10 * KIB, 100 * KIB, MIB, 10 * MIB};
static const uint64_t rates[] = {10000000, 100000000};
static const int64_t rtts[] = {0, 20 * MS};
static const uint32_t relays[] = {1, 3, 5};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct validation_points {
    size_t count;
    struct measured_point points[POINTS_MAX];
};

/* What a validation holds on to; measured_free gives it back whole. */
struct measured {
    const struct command_line *line;
    uint64_t repeat, every;
    struct validation_points plan;
    struct measured_record record;
    struct measured_model model;
    struct arena *arena;
    struct table table;
    size_t rows;
    double errors[POINTS_MAX];
};

/* ---- The plan ---- */

static void add_point(struct validation_points *plan, const char *arm, size_t at[4])
{
    bool is_direct = arm_find(span_of(arm))->path == PATH_DIRECT;

    if (is_direct && at[3] > 0)
        return;
    plan->points[plan->count++] = (struct measured_point){.arm = arm_find(span_of(arm)),
                                                          .size_bytes = sizes[at[0]],
                                                          .rate_bps = rates[at[1]],
                                                          .rtt_ns = rtts[at[2]],
                                                          .relays = is_direct ? 0 : relays[at[3]]};
}

static void make_plan(struct validation_points *plan)
{
    size_t at[4];

    for (at[0] = 0; at[0] < COUNT(sizes); at[0]++)
        for (at[1] = 0; at[1] < COUNT(rates); at[1]++)
            for (at[2] = 0; at[2] < COUNT(rtts); at[2]++)
                for (size_t arm = 0; arm < COUNT(arm_names); arm++)
                    for (at[3] = 0; at[3] < COUNT(relays); at[3]++)
                        add_point(plan, arm_names[arm], at);
}

/* What a transfer takes at the least, and what a point takes beside its transfers. */
static int64_t expected_ns(uint64_t repeat, const struct measured_point *point)
{
    int64_t bits_ns = point->rate_bps ? (int64_t)(point->size_bytes * 8 * 1050 / (point->rate_bps / 1000000)) : 10 * MS;

    return (int64_t)repeat * (bits_ns + 5 * point->rtt_ns + 150 * MS) + 500 * MS;
}

static bool is_chosen(const struct measured *measured, size_t index)
{
    return index % measured->every == 0;
}

static void print_plan(const struct measured *measured)
{
    size_t count, missing = 0, chosen = 0;
    const struct measured_point *calibration = measured_calibration(&count);
    int64_t time_ns = 0;
    char text[32];
    struct sink shown = SINK(text);

    for (size_t i = 0; i < count; i++)
        if (!measured_record_find(&measured->record, &calibration[i]))
            time_ns += expected_ns(CALIBRATION_TIMES * measured->repeat, &calibration[i]);
    for (size_t i = 0; i < measured->plan.count; i++) {
        if (!is_chosen(measured, i))
            continue;
        chosen++;
        if (measured_record_find(&measured->record, &measured->plan.points[i]))
            continue;
        missing++;
        time_ns += expected_ns(measured->repeat, &measured->plan.points[i]);
    }
    units_show_time(&shown, time_ns);
    fprintf(stderr,
            "plan: calibrate on %zu points (10 KiB and 1 MiB, 2 hops, unshaped), then predict and measure %zu points,\n"
            "%llu transfers each, of the former %d times as many; %zu points are still to be measured, about %s\n",
            count, chosen, (unsigned long long)measured->repeat, CALIBRATION_TIMES, missing, sink_string(&shown));
}

/* ---- Measuring ---- */

static void summarise(const struct measured_point *point, const struct outcome *outcomes, size_t count,
                      struct measured_row *row)
{
    *row = (struct measured_row){.point = *point, .least_ns = NONE_NS, .most_ns = NONE_NS};
    for (size_t i = 0; i < count; i++) {
        int64_t delay_ns = outcomes[i].delay_ns;

        if (outcomes[i].end != OUTCOME_DELIVERED)
            continue;
        row->n++;
        if (row->least_ns == NONE_NS || delay_ns < row->least_ns)
            row->least_ns = delay_ns;
        if (row->most_ns == NONE_NS || delay_ns > row->most_ns)
            row->most_ns = delay_ns;
    }
    row->prepare_ns = measure_median(outcomes, count, offsetof(struct outcome, prepare_ns));
    row->setup_ns = measure_median(outcomes, count, offsetof(struct outcome, setup_ns));
    row->protect_ns = measure_median(outcomes, count, offsetof(struct outcome, protect_ns));
    row->connect_ns = measure_median(outcomes, count, offsetof(struct outcome, connect_ns));
    row->transfer_ns = measure_median(outcomes, count, offsetof(struct outcome, transfer_ns));
    row->unprotect_ns = measure_median(outcomes, count, offsetof(struct outcome, unprotect_ns));
    row->delay_ns = measure_median(outcomes, count, offsetof(struct outcome, delay_ns));
}

/* The row of a point: from the record, or measured now by so many transfers. */
static enum err row_of(struct measured *measured, const struct measured_point *point, uint64_t repeat,
                       struct measured_row *row, struct note *note)
{
    const struct measured_row *known = measured_record_find(&measured->record, point);
    struct outcome outcomes[CALIBRATION_TIMES * REPEAT_MOST];
    struct measure_told told;
    size_t done;

    if (known) {
        *row = *known;
        return ERR_OK;
    }
    struct measure_point how = {
        .arm = point->arm,
        .file = {&measured->model.setup.source, 0, point->size_bytes},
        .relays = point->relays,
        .message_bytes = 1300,
        .congestion = "reno",
        .buffer_bytes = MEASURED_BUFFER,
        .network = {.rate_bps = point->rate_bps, .delay_ns = point->rtt_ns / 4, .queue_bytes = MEASURED_QUEUE}};

    TRY(measure_run(&how, (size_t)repeat, outcomes, &done, &told, note));
    if (measure_was_interrupted())
        return note_set(note, ERR_FULL, "interrupted; the same command with the same --record goes on");
    if (told.reason[0])
        fprintf(stderr, "hopsim: %s: %s\n", point->arm->name, told.reason);
    summarise(point, outcomes, done, row);
    return measured_record_add(&measured->record, row, note);
}

static enum err calibrate(struct measured *measured, struct note *note)
{
    size_t count;
    const struct measured_point *points = measured_calibration(&count);
    struct measured_row *rows = calloc(count, sizeof(*rows));
    enum err error = rows ? ERR_OK : note_set(note, ERR_FULL, "no memory");

    for (size_t i = 0; i < count && error == ERR_OK; i++)
        error = row_of(measured, &points[i], CALIBRATION_TIMES * measured->repeat, &rows[i], note);
    if (error == ERR_OK)
        error = measured_model_fit(&measured->model, rows, count, note);
    free(rows);
    return error;
}

/* ---- The table ---- */

static void add_columns(struct table *table)
{
    table_column(table, "arm", "arm", TABLE_TEXT);
    table_column(table, "size", "size_bytes", TABLE_NUMBER);
    table_column(table, "rate", "rate_bps", TABLE_NUMBER);
    table_column(table, "RTT", "rtt_ns", TABLE_NUMBER);
    table_column(table, "relays", "relays", TABLE_NUMBER);
    table_column(table, "predicted", "predicted_ns", TABLE_NUMBER);
    table_column(table, "measured", "measured_ns", TABLE_NUMBER);
    table_column(table, "spread", "spread_ratio", TABLE_NUMBER);
    table_column(table, "error", "error_ratio", TABLE_NUMBER);
    table_column(table, "most in", "phase", TABLE_TEXT);
    table_column(table, "by", "phase_difference_ns", TABLE_NUMBER);
}

typedef void show_fn(struct sink *sink, uint64_t value);

static void show_size(struct sink *sink, uint64_t value)
{
    units_write_size(sink, value);
}

static void show_rate(struct sink *sink, uint64_t value)
{
    units_write_rate(sink, value);
}

static void show_time(struct sink *sink, uint64_t value)
{
    units_show_time(sink, (int64_t)value);
}

static void show_number(struct sink *sink, uint64_t value)
{
    sink_number(sink, value);
}

static void number_cell(struct table *table, uint64_t value, show_fn *show)
{
    char shown_text[32], plain_text[32];
    struct sink shown = SINK(shown_text), plain = SINK(plain_text);

    show(&shown, value);
    sink_number(&plain, value);
    table_cell(table, sink_written(&shown), sink_written(&plain));
}

static void ratio_cell(struct table *table, double ratio)
{
    char shown_text[32], plain_text[32];
    struct sink shown = SINK(shown_text), plain = SINK(plain_text);

    sink_format(&shown, "%+.1f %%", 100 * ratio);
    sink_format(&plain, "%.4f", ratio);
    table_cell(table, sink_written(&shown), sink_written(&plain));
}

/* A phase on both sides. */
static const struct phase {
    const char *name;
    size_t predicted, measured; /* in struct outcome, in struct measured_row */
} phases[] = {
#define PHASE(name)                                                                                                    \
    {                                                                                                                  \
#name, offsetof(struct outcome, name##_ns), offsetof(struct measured_row, name##_ns)                           \
    }
    PHASE(prepare), PHASE(setup), PHASE(protect), PHASE(connect), PHASE(transfer), PHASE(unprotect),
#undef PHASE
};

static int64_t time_at(const void *record, size_t offset)
{
    int64_t time_ns;

    memcpy(&time_ns, (const char *)record + offset, sizeof(time_ns));
    return time_ns;
}

/* The phase in which prediction and measurement are farthest apart, and by how much. */
static const struct phase *worst_phase(const struct measured_row *row, const struct outcome *predicted,
                                       int64_t *difference_ns)
{
    const struct phase *worst = &phases[0];

    *difference_ns = 0;
    for (size_t i = 0; i < COUNT(phases); i++) {
        int64_t ours_ns = time_at(predicted, phases[i].predicted), real_ns = time_at(row, phases[i].measured);

        if (ours_ns == NONE_NS || real_ns == NONE_NS || llabs(ours_ns - real_ns) <= llabs(*difference_ns))
            continue;
        worst = &phases[i];
        *difference_ns = ours_ns - real_ns;
    }
    return worst;
}

static void difference_cell(struct table *table, int64_t difference_ns)
{
    char shown_text[32], plain_text[32];
    struct sink shown = SINK(shown_text), plain = SINK(plain_text);

    sink_char(&shown, difference_ns < 0 ? '-' : '+');
    units_show_time(&shown, llabs(difference_ns));
    sink_format(&plain, "%lld", (long long)difference_ns);
    table_cell(table, sink_written(&shown), sink_written(&plain));
}

static void add_row(struct measured *measured, const struct measured_row *row, const struct outcome *predicted)
{
    struct table *table = &measured->table;
    const struct measured_point *point = &row->point;
    double error = (double)(predicted->delay_ns - row->delay_ns) / (double)row->delay_ns;

    measured->errors[measured->rows++] = error < 0 ? -error : error;
    table_row(table);
    table_same(table, span_of(point->arm->name));
    number_cell(table, point->size_bytes, show_size);
    number_cell(table, point->rate_bps, show_rate);
    number_cell(table, (uint64_t)point->rtt_ns, show_time);
    number_cell(table, point->relays, show_number);
    number_cell(table, (uint64_t)predicted->delay_ns, show_time);
    number_cell(table, (uint64_t)row->delay_ns, show_time);
    ratio_cell(table, (double)(row->most_ns - row->least_ns) / (double)row->delay_ns);
    ratio_cell(table, error);
    int64_t difference_ns;
    const struct phase *worst = worst_phase(row, predicted, &difference_ns);

    table_same(table, span_of(worst->name));
    difference_cell(table, difference_ns);
}

static enum err fill(struct measured *measured, struct note *note)
{
    add_columns(&measured->table);
    for (size_t i = 0; i < measured->plan.count; i++) {
        const struct measured_point *point = &measured->plan.points[i];
        struct measured_row row;
        struct outcome predicted;

        if (!is_chosen(measured, i))
            continue;
        TRY(row_of(measured, point, measured->repeat, &row, note));
        if (row.n == 0)
            return note_set(note, ERR_RANGE, "%s was not delivered: it has no delay to compare", point->arm->name);
        TRY(measured_model_run(&measured->model, point, &predicted, note));
        add_row(measured, &row, &predicted);
    }
    return ERR_OK;
}

/* ---- Words ---- */

static int in_order(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void write_fit(const struct measured_fit *fit, struct sink *sink)
{
    sink_text(sink, "\ncalibrated: from process to process ");
    units_show_time(sink, fit->hop_ns);
    sink_text(sink, ", a node keeps a SIP message ");
    units_show_time(sink, fit->sip_ns);
    sink_text(sink, ", a relay a SEND ");
    units_show_time(sink, fit->relay_ns);
    sink_text(sink, ", the users' ends take ");
    units_show_time(sink, fit->user_ns);
    sink_format(sink, ",\nhandshakes take %.2f times the cost table's, sealing ", fit->tls_scale);
    units_show_time(sink, fit->seal_fixed_ns);
    sink_format(sink, " and %.3f ns/B, opening ", (double)fit->seal_byte_ps / 1000);
    units_show_time(sink, fit->open_fixed_ns);
    sink_format(sink, " and %.3f ns/B\n", (double)fit->open_byte_ps / 1000);
    sink_text(
        sink,
        "error: predicted less measured, of measured; spread: longest less shortest transfer, of the median; most in:\n"
        "the phase in which the two are farthest apart\n");
}

static void write_errors(struct measured *measured, struct sink *sink)
{
    size_t n = measured->rows;

    if (n == 0)
        return;
    qsort(measured->errors, n, sizeof(*measured->errors), in_order);
    double median = n % 2 ? measured->errors[n / 2] : (measured->errors[n / 2 - 1] + measured->errors[n / 2]) / 2;

    sink_format(sink, "median error: %.1f %%, worst: %.1f %%\n", 100 * median, 100 * measured->errors[n - 1]);
}

static enum status print(struct measured *measured)
{
    char text[TEXT_SIZE];
    struct sink sink = SINK(text);
    enum status status = command_print_table(measured->line, &measured->table);

    write_fit(&measured->model.fit, &sink);
    write_errors(measured, &sink);
    if (command_option(measured->line, "--csv") || command_option(measured->line, "--json")) {
        fprintf(stderr, "%s", sink_string(&sink));
        return status;
    }
    return status == STATUS_DONE ? command_print(sink_written(&sink)) : status;
}

/* ---- All ---- */

static enum err perform(struct measured *measured, struct note *note)
{
    const struct command_given *record = command_option(measured->line, "--record");

    if (!network_may(note))
        return ERR_FILE;
    TRY(command_number(measured->line, "--repeat", REPEAT_STANDARD, 1, REPEAT_MOST, &measured->repeat, note));
    TRY(command_number(measured->line, "--every", 1, 1, POINTS_MAX, &measured->every, note));
    measured->arena = arena_create(TABLE_MEMORY);
    if (!measured->arena)
        return note_set(note, ERR_FULL, "no memory for the table");
    table_init(&measured->table, measured->arena);
    make_plan(&measured->plan);
    TRY(measured_record_open(&measured->record, record ? record->value : "measured.csv", note));
    TRY(measured_model_open(&measured->model, note));
    print_plan(measured);
    TRY(calibrate(measured, note));
    return fill(measured, note);
}

enum status validate_measured(const struct command_line *line)
{
    struct measured *measured = calloc(1, sizeof(*measured));
    struct note note = {{0}};

    if (!measured)
        return command_fail(note_set(&note, ERR_FULL, "no memory"), &note);
    measured->line = line;
    enum err error = perform(measured, &note);
    enum status status = error == ERR_OK ? print(measured) : command_fail(error, &note);

    measured_record_close(&measured->record);
    measured_model_close(&measured->model);
    if (measured->arena)
        arena_destroy(measured->arena);
    free(measured);
    return status;
}
