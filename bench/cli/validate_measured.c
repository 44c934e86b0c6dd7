/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * validate_measured.c - calibrates the simulator on some measured points, predicts others, measures them, and says how
 * far apart the two are. Points that stand in the record are not measured again.
 */
#include "bench/cli/validate_measured.h"
#include "bench/cli/measure_run.h"
#include "bench/cli/measured_plan.h"
#include "bench/cli/measured_record.h"
#include "bench/cli/measured_table.h"
#include "bench/cli/progress.h"
#include "sim/base/units.h"

#include <stdlib.h>

enum { TABLE_MEMORY = 16 << 20, REPEAT_STANDARD = 7, REPEAT_MOST = 101, TEXT_SIZE = 4096 };

/* What a validation holds on to; given back whole at the end. */
struct measured {
    const struct command_line *line;
    uint64_t repeat;
    bool is_recorded; /* nothing is measured */
    struct measured_plan plan;
    struct measured_record record;
    struct measured_model model;
    struct progress progress;
    int64_t time_ns, done_ns; /* what measuring is expected to take, and has been done of that */
    struct arena *arena;
    struct table errors_table, answer_table;
    struct measured_answer answer;
    size_t count;
    struct measured_cell cells[MEASURED_POINTS_MAX];
};

/* ---- The plan ---- */

static void add_time(struct measured *measured, const struct measured_point *points, size_t count, uint64_t repeat,
                     size_t *missing)
{
    for (size_t i = 0; i < count; i++) {
        if (measured_record_find(&measured->record, &points[i]))
            continue;
        (*missing)++;
        measured->time_ns += measured_plan_time_ns(&points[i], repeat);
    }
}

static void print_plan(struct measured *measured)
{
    size_t count, missing = 0;
    const struct measured_point *calibration = measured_calibration(&count);
    char text[32];
    struct sink shown = SINK(text);

    add_time(measured, calibration, count, MEASURED_CALIBRATION_TIMES * measured->repeat, &missing);
    add_time(measured, measured->plan.points, measured->plan.count, measured->repeat, &missing);
    units_show_time(&shown, measured->time_ns);
    fprintf(
        stderr,
        "plan: calibrate on %zu points (2 hops, 10 KiB: msrp-plain and msrp-relay-plain, unshaped; at 50 Mbit/s\n"
        "msrp-plain, msrp-smime, its 1 MiB, msrp-relay, message-tls), %llu transfers each;\n"
        "predict and measure %zu points (MSRP arms: 10 KiB to 10 MiB, message-tls: to 100 KiB; 10 and 100 Mbit/s,\n"
        "round trips of 0 and 20 ms, 1, 3 and 5 relays), %llu transfers each, up to 100 KiB without a round trip in\n"
        "turns with the calibration; %zu points are missing in the record",
        count, (unsigned long long)(MEASURED_CALIBRATION_TIMES * measured->repeat), measured->plan.count,
        (unsigned long long)measured->repeat, missing);
    fprintf(stderr, measured->is_recorded ? " and left out\n" : ", about %s\n", sink_string(&shown));
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

/* Performs so many transfers of a point. */
static enum err transfer(struct measured *measured, const struct measured_point *point, uint64_t times,
                         struct outcome *outcomes, size_t *done, struct note *note)
{
    struct measure_told told;
    struct measure_point how = {
        .arm = point->arm,
        .file = {&measured->model.setup.source, 0, point->size_bytes},
        .relays = point->relays,
        .message_bytes = 1300,
        .congestion = "reno",
        .buffer_bytes = MEASURED_BUFFER,
        .network = {.rate_bps = point->rate_bps, .delay_ns = point->rtt_ns / 4, .queue_bytes = MEASURED_QUEUE}};

    if (!network_may(note))
        return ERR_FILE;
    TRY(measure_run(&how, (size_t)times, outcomes, done, &told, note));
    if (measure_was_interrupted())
        return note_set(note, ERR_FULL, "interrupted; the same command with the same --record goes on");
    if (told.reason[0])
        fprintf(stderr, "hopsim: %s: %s\n", point->arm->name, told.reason);
    measured->done_ns += measured_plan_time_ns(point, times);
    progress_show(&measured->progress, (size_t)(measured->done_ns / MS), (size_t)(measured->time_ns / MS));
    return ERR_OK;
}

static enum err keep(struct measured *measured, const struct measured_point *point, const struct outcome *outcomes,
                     size_t count, struct note *note)
{
    struct measured_row row;

    summarise(point, outcomes, count, &row);
    return measured_record_add(&measured->record, &row, note);
}

/* ---- In turns ---- */

/* A point that is measured in turns with others. */
struct turn {
    const struct measured_point *point;
    uint64_t times; /* transfers a turn */
    size_t done;
    struct outcome *outcomes;
};

static void add_turn(struct measured *measured, struct turn *turns, size_t *count, const struct measured_point *point,
                     uint64_t times)
{
    struct turn *turn = &turns[*count];

    if (measured_record_find(&measured->record, point))
        return;
    *turn = (struct turn){point, times, 0, NULL};
    turn->outcomes = arena_alloc(measured->arena, measured->repeat * times * sizeof(*turn->outcomes));
    (*count)++;
}

/* What a machine takes itself changes from minute to minute by more than the errors that are looked for: points that
 * are mostly that take turns with those that calibrate, so that all of them have seen the same minutes. */
static enum err take_turns(struct measured *measured, struct note *note)
{
    size_t calibrating, count = 0;
    const struct measured_point *calibration = measured_calibration(&calibrating);
    struct turn *turns = arena_alloc(measured->arena, (calibrating + measured->plan.count) * sizeof(*turns));

    for (size_t i = 0; i < calibrating; i++)
        add_turn(measured, turns, &count, &calibration[i], MEASURED_CALIBRATION_TIMES);
    for (size_t i = 0; i < measured->plan.count; i++)
        if (measured_plan_takes_turns(&measured->plan.points[i]))
            add_turn(measured, turns, &count, &measured->plan.points[i], 1);
    for (size_t i = 0; i < count * measured->repeat; i++) {
        struct turn *turn = &turns[i % count];
        size_t done;

        TRY(transfer(measured, turn->point, turn->times, turn->outcomes + turn->done, &done, note));
        turn->done += done;
    }
    for (size_t i = 0; i < count; i++)
        TRY(keep(measured, turns[i].point, turns[i].outcomes, turns[i].done, note));
    return ERR_OK;
}

/* ---- One after another ---- */

static enum err measure(struct measured *measured, const struct measured_point *point, struct note *note)
{
    struct outcome outcomes[REPEAT_MOST];
    size_t done;

    TRY(transfer(measured, point, measured->repeat, outcomes, &done, note));
    return keep(measured, point, outcomes, done, note);
}

/* The row of a point; without transfers where the record has none and nothing is measured. */
static enum err row_of(struct measured *measured, const struct measured_point *point, struct measured_row *row,
                       struct note *note)
{
    if (!measured->is_recorded && !measured_record_find(&measured->record, point))
        TRY(measure(measured, point, note));
    const struct measured_row *known = measured_record_find(&measured->record, point);

    *row = known ? *known : (struct measured_row){.n = 0};
    return ERR_OK;
}

static enum err calibrate(struct measured *measured, struct note *note)
{
    size_t count;
    const struct measured_point *points = measured_calibration(&count);
    struct measured_row *rows = arena_alloc(measured->arena, count * sizeof(*rows));

    for (size_t i = 0; i < count; i++)
        TRY(row_of(measured, &points[i], &rows[i], note));
    return measured_model_fit(&measured->model, rows, count, note);
}

static enum err fill(struct measured *measured, struct note *note)
{
    for (size_t i = 0; i < measured->plan.count; i++) {
        const struct measured_point *point = &measured->plan.points[i];
        struct measured_cell *cell = &measured->cells[measured->count];

        TRY(row_of(measured, point, &cell->row, note));
        if (cell->row.n == 0 && measured->is_recorded)
            continue;
        if (cell->row.n == 0)
            return note_set(note, ERR_RANGE, "%s was not delivered: it has no delay to compare", point->arm->name);
        TRY(measured_model_predict(&measured->model, point, &cell->predicted, note));
        measured->count++;
    }
    return ERR_OK;
}

/* ---- Words ---- */

static void write_fit(const struct measured_fit *fit, struct sink *sink)
{
    sink_text(sink, "\ncalibrated: from process to process ");
    units_show_time(sink, fit->hop_ns);
    sink_text(sink, ", through the delay box ");
    units_show_time(sink, fit->box_ns);
    sink_text(sink, ", a node keeps a SIP message ");
    units_show_time(sink, fit->sip_ns);
    sink_text(sink, ",\na MESSAGE ");
    units_show_time(sink, fit->message_ns);
    sink_text(sink, ", a relay a SEND ");
    units_show_time(sink, fit->relay_ns);
    sink_text(sink, ",\nUE-B reads a file in ");
    units_show_time(sink, fit->read_ns);
    sink_text(sink, ", the users' ends take ");
    units_show_time(sink, fit->user_ns);
    sink_format(sink, ", handshakes take %.2f times the cost table's,\nsealing ", fit->tls_scale);
    units_show_time(sink, fit->seal_fixed_ns);
    sink_format(sink, " and %.3f ns/B, opening ", (double)fit->seal_byte_ps / 1000);
    units_show_time(sink, fit->open_fixed_ns);
    sink_format(sink, " and %.3f ns/B\n", (double)fit->open_byte_ps / 1000);
    sink_text(
        sink,
        "error: predicted less measured, of measured; spread: longest less shortest transfer, of the median; most in:\n"
        "the phase in which the two are farthest apart\n");
}

static int in_order(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void write_errors_of(const struct measured *measured, bool with_messages, const char *before, struct sink *sink)
{
    double errors[MEASURED_POINTS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < measured->count; i++) {
        double error = measured_error(&measured->cells[i]);

        if (with_messages || measured->cells[i].row.point.arm->carrier == CARRIER_MSRP)
            errors[n++] = error < 0 ? -error : error;
    }
    if (n == 0)
        return;
    qsort(errors, n, sizeof(*errors), in_order);
    double median = n % 2 ? errors[n / 2] : (errors[n / 2 - 1] + errors[n / 2]) / 2;

    sink_format(sink, "%smedian error: %.1f %%, worst: %.1f %%\n", before, 100 * median, 100 * errors[n - 1]);
}

/* MESSAGEs stand in the table, but what the errors are about is MSRP: the last line. */
static void write_errors(const struct measured *measured, struct sink *sink)
{
    write_errors_of(measured, true, "message-tls among them: ", sink);
    write_errors_of(measured, false, "", sink);
}

static void write_answer(const struct measured_answer *answer, struct sink *sink)
{
    sink_format(
        sink,
        "\ntimes: hop by hop of end to end (msrp-smime), measured and simulated; end to end is faster in %zu of\n"
        "%zu comparisons measured and in %zu simulated, the two say the same in %zu\n\n",
        answer->faster_measured, answer->comparisons, answer->faster_simulated, answer->agreed);
}

static bool is_for_programs(const struct command_line *line)
{
    return command_option(line, "--csv") || command_option(line, "--json");
}

/* For programs one table and the words beside it; for people both tables, the errors last. */
static enum status print(struct measured *measured)
{
    char text[TEXT_SIZE];
    struct sink sink = SINK(text);
    bool wants_answer = command_option(measured->line, "--answer") != NULL;

    if (is_for_programs(measured->line)) {
        write_fit(&measured->model.fit, &sink);
        write_errors(measured, &sink);
        fprintf(stderr, "%s", sink_string(&sink));
        return command_print_table(measured->line, wants_answer ? &measured->answer_table : &measured->errors_table);
    }
    enum status status = STATUS_DONE;

    if (measured->answer.comparisons > 0) {
        status = command_print_table(measured->line, &measured->answer_table);
        write_answer(&measured->answer, &sink);
    }
    if (status == STATUS_DONE)
        status = command_print(sink_written(&sink));
    if (status == STATUS_DONE)
        status = command_print_table(measured->line, &measured->errors_table);
    sink.size = 0;
    write_fit(&measured->model.fit, &sink);
    write_errors(measured, &sink);
    return status == STATUS_DONE ? command_print(sink_written(&sink)) : status;
}

/* ---- All ---- */

static enum err open_all(struct measured *measured, struct note *note)
{
    const struct command_given *record = command_option(measured->line, "--record");
    uint64_t every;

    TRY(command_number(measured->line, "--repeat", REPEAT_STANDARD, 1, REPEAT_MOST, &measured->repeat, note));
    TRY(command_number(measured->line, "--every", 1, 1, MEASURED_POINTS_MAX, &every, note));
    measured->is_recorded = command_option(measured->line, "--recorded") != NULL;
    measured->arena = arena_create(TABLE_MEMORY);
    if (!measured->arena)
        return note_set(note, ERR_FULL, "no memory for the tables");
    table_init(&measured->errors_table, measured->arena);
    table_init(&measured->answer_table, measured->arena);
    measured_plan_make(&measured->plan, every);
    TRY(measured_record_open(&measured->record, record ? record->value : "measured.csv", measured->is_recorded, note));
    return measured_model_open(&measured->model, note);
}

static enum err perform(struct measured *measured, struct note *note)
{
    TRY(open_all(measured, note));
    print_plan(measured);
    progress_begin(&measured->progress, "measuring");
    enum err error = measured->is_recorded ? ERR_OK : take_turns(measured, note);

    if (error == ERR_OK)
        error = calibrate(measured, note);
    if (error == ERR_OK)
        error = fill(measured, note);
    progress_end(&measured->progress);
    TRY(error);
    measured_table_errors(&measured->errors_table, measured->cells, measured->count);
    measured->answer = measured_table_answer(&measured->answer_table, measured->cells, measured->count);
    return ERR_OK;
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
