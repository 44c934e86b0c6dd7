/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crossover.c - from where on along one parameter an arm is faster than another: for every combination of a sweep's
 * other axes and for every arm beside the reference, each change of sign of the paired difference.
 */
#include "bench/cli/headline.h"
#include "bench/cli/progress.h"
#include "bench/harness/crossover.h"
#include "bench/harness/sweep.h"

#include <math.h>
#include <stdlib.h>

enum { TABLE_MEMORY = 64 << 20, CELL = 96 };
#define NARROW 0.01 /* of a place: parameters are no better known */

struct finding {
    const struct command_line *line;
    struct sweep sweep;
    size_t axis; /* the one along which */
    unsigned jobs;
    size_t point, arm; /* of what is searched now */
    struct setup *setup;
    struct arena *arena;
    struct table table;
    struct progress progress;
    size_t done, wanted;
};

/* ---- Samples ---- */

static enum err open_setup(struct finding *finding, double at, struct note *note)
{
    const struct field *row = finding->sweep.axes[finding->axis].row;
    char text[2 * SWEEP_VALUE_SIZE];
    struct sink sink = SINK(text);

    TRY(sweep_scenario(&finding->sweep, finding->point, &finding->setup->file, note));
    sink_format(&sink, "%s=", row->name);
    sweep_write_number(row, at, &sink);
    TRY(scenario_file_set(&finding->setup->file, sink_written(&sink), note));
    return setup_open(finding->setup, note);
}

/* The arm's delay less the reference's, in pairs. */
static enum err sample(void *context, double at, struct crossover_sample *sample, struct note *note)
{
    struct finding *finding = context;
    const struct sweep *sweep = &finding->sweep;
    struct comparison_plan plan = {.arms = {sweep->arms[sweep->reference], sweep->arms[finding->arm]},
                                   .arm_count = 2,
                                   .trials = sweep->repetitions,
                                   .precision = sweep->precision,
                                   .jobs = finding->jobs,
                                   .memory_bytes = HEADLINE_MEMORY};
    struct comparison comparison;

    TRY(open_setup(finding, at, note));
    plan.trial = setup_trial(finding->setup, NULL, 0);
    plan.trial.events_max = sweep->events_max;
    enum err error = comparison_run(&plan, &comparison, note);

    if (error == ERR_OK) {
        struct comparison_pair pair = comparison_of_pair(&comparison, 1, 0);

        *sample = (struct crossover_sample){.mean = pair.difference.mean_ms,
                                            .half = pair.difference.half_ms,
                                            .is_comparable = pair.is_ranked && !isnan(pair.difference.mean_ms)};
        comparison_free(&comparison);
    }
    setup_close(finding->setup);
    return error;
}

/* ---- Rows ---- */

static void value_cell(struct finding *finding, double at)
{
    const struct field *row = finding->sweep.axes[finding->axis].row;
    char shown[CELL], plain[CELL];
    struct sink shown_sink = SINK(shown), plain_sink = SINK(plain);

    if (isnan(at)) {
        table_same(&finding->table, SPAN(""));
        return;
    }
    sweep_write_number(row, at, &shown_sink);
    sink_format(&plain_sink, "%.9g", at);
    table_cell(&finding->table, sink_written(&shown_sink), sink_written(&plain_sink));
}

static void text_cell(struct finding *finding, const char *text)
{
    table_same(&finding->table, span_of(text));
}

static void begin_row(struct finding *finding)
{
    table_row(&finding->table);
    for (size_t axis = 0; axis < finding->sweep.axis_count; axis++)
        if (axis != finding->axis)
            text_cell(finding, sweep_value(&finding->sweep, finding->point, axis));
    text_cell(finding, finding->sweep.arms[finding->arm]->name);
}

/* Which arm is faster behind a change, or where there is none. */
static const char *faster(const struct finding *finding, bool is_reference)
{
    return finding->sweep.arms[is_reference ? finding->sweep.reference : finding->arm]->name;
}

static void write_place(const struct finding *finding, double at, struct sink *sink)
{
    sweep_write_number(finding->sweep.axes[finding->axis].row, at, sink);
}

static const char *openness(const struct crossover_span *span)
{
    if (span->is_open_low)
        return span->is_open_high ? "open below and above" : "open below";
    return span->is_open_high ? "open above" : "";
}

static void add_change(struct finding *finding, const struct crossover_change *change)
{
    char text[CELL], remark[CELL];
    struct sink sink = SINK(text), remark_sink = SINK(remark);

    begin_row(finding);
    sink_format(&sink, "from there on %s", faster(finding, change->is_upwards));
    table_same(&finding->table, sink_written(&sink));
    value_cell(finding, change->at);
    value_cell(finding, change->has_span ? change->span.low : NAN);
    value_cell(finding, change->has_span ? change->span.high : NAN);
    if (change->is_cut) {
        sink_text(&remark_sink, "not comparable between ");
        write_place(finding, change->low, &remark_sink);
        sink_text(&remark_sink, " and ");
        write_place(finding, change->high, &remark_sink);
    } else {
        sink_text(&remark_sink, change->has_span ? openness(&change->span) : "to 1 %");
    }
    table_same(&finding->table, sink_written(&remark_sink));
}

/* A stretch without comparison, and what a change across it says. */
static void add_gap(struct finding *finding, const struct crossover_gap *gap)
{
    char text[2 * CELL];
    struct sink sink = SINK(text);

    begin_row(finding);
    text_cell(finding, "not comparable here");
    for (int i = 0; i < 3; i++)
        value_cell(finding, NAN);
    sink_text(&sink, "failures forbid it from ");
    write_place(finding, gap->low, &sink);
    sink_text(&sink, " to ");
    write_place(finding, gap->high, &sink);
    if (gap->is_change)
        sink_format(&sink, "; %s faster before, %s behind", faster(finding, !gap->is_upwards),
                    faster(finding, gap->is_upwards));
    table_same(&finding->table, sink_written(&sink));
}

/* No change of sign anywhere that arms can be compared. */
static void add_none(struct finding *finding, const struct crossover *crossover)
{
    char text[CELL];
    struct sink sink = SINK(text);

    begin_row(finding);
    sink_format(&sink, "none in range: %s faster", faster(finding, crossover->last > 0));
    table_same(&finding->table, sink_written(&sink));
    for (int i = 0; i < 3; i++)
        value_cell(finding, NAN);
    text_cell(finding, "");
}

/* A span without a change: the arms meet and do not cross, or nothing is shown. */
static void add_lone_spans(struct finding *finding, const struct crossover *crossover)
{
    for (size_t i = 0; i < crossover->span_count; i++) {
        const struct crossover_span *span = &crossover->spans[i];
        bool is_told = false;

        for (size_t j = 0; j < crossover->change_count; j++)
            is_told |= span->low <= crossover->changes[j].at && crossover->changes[j].at <= span->high;
        if (is_told)
            continue;
        begin_row(finding);
        text_cell(finding, "no difference is shown");
        value_cell(finding, NAN);
        value_cell(finding, span->low);
        value_cell(finding, span->high);
        text_cell(finding, openness(span));
    }
}

/* ---- The search ---- */

static void add_rows(struct finding *finding, const struct crossover *crossover)
{
    bool is_none = crossover->change_count + crossover->span_count == 0 && !isnan(crossover->last);

    for (size_t i = 0; i < crossover->change_count; i++)
        add_change(finding, &crossover->changes[i]);
    add_lone_spans(finding, crossover);
    for (size_t i = 0; i < crossover->gap_count; i++) {
        add_gap(finding, &crossover->gaps[i]);
        is_none = is_none && !crossover->gaps[i].is_change;
    }
    if (is_none)
        add_none(finding, crossover);
}

/* From the least to the largest value of the axis, in whatever order they stand. */
static enum err find_range(const struct sweep_axis *axis, struct crossover_plan *plan, struct note *note)
{
    for (size_t i = 0; i < axis->count; i++) {
        double at;

        TRY(sweep_number(axis->row, span_of(axis->values[i]), &at, note));
        plan->low = i == 0 ? at : fmin(plan->low, at);
        plan->high = i == 0 ? at : fmax(plan->high, at);
    }
    plan->is_log = plan->low > 0 && plan->high / plan->low >= 10;
    return ERR_OK;
}

static enum err find_one(struct finding *finding, struct note *note)
{
    const struct sweep_axis *axis = &finding->sweep.axes[finding->axis];
    struct crossover *crossover = malloc(sizeof(*crossover));
    struct crossover_plan plan = {
        .narrow = NARROW, .is_whole = axis->row->kind != FIELD_RATIO, .context = finding, .sample = sample};

    if (!crossover)
        return note_set(note, ERR_FULL, "no memory for a crossover");
    enum err error = find_range(axis, &plan, note);

    if (error == ERR_OK)
        error = crossover_find(&plan, crossover, note);
    if (error == ERR_OK)
        add_rows(finding, crossover);
    free(crossover);
    return error;
}

static bool is_first_value(const struct finding *finding, size_t point)
{
    const char *value = sweep_value(&finding->sweep, point, finding->axis);

    return strcmp(value, finding->sweep.axes[finding->axis].values[0]) == 0;
}

static enum err find_all(struct finding *finding, struct note *note)
{
    finding->wanted = finding->sweep.points / finding->sweep.axes[finding->axis].count * (finding->sweep.arm_count - 1);
    progress_begin(&finding->progress, "crossover");
    enum err error = ERR_OK;

    for (size_t point = 0; point < finding->sweep.points && error == ERR_OK; point++) {
        finding->point = point;
        for (size_t arm = 0; arm < finding->sweep.arm_count && error == ERR_OK && is_first_value(finding, point);
             arm++) {
            if (arm == finding->sweep.reference)
                continue;
            finding->arm = arm;
            error = find_one(finding, note);
            progress_show(&finding->progress, ++finding->done, finding->wanted);
        }
    }
    progress_end(&finding->progress);
    return error;
}

static void add_columns(struct finding *finding)
{
    const struct sweep_axis *along = &finding->sweep.axes[finding->axis];

    table_init(&finding->table, finding->arena);
    for (size_t axis = 0; axis < finding->sweep.axis_count; axis++)
        if (axis != finding->axis)
            table_column(&finding->table,
                         finding->sweep.axes[axis].row ? finding->sweep.axes[axis].row->name : "scenario",
                         finding->sweep.axes[axis].row ? finding->sweep.axes[axis].row->name : "scenario", TABLE_TEXT);
    table_column(&finding->table, "beside the reference", "arm", TABLE_TEXT);
    table_column(&finding->table, "what", "what", TABLE_TEXT);
    table_column(&finding->table, along->row->name, along->column, TABLE_NUMBER);
    table_column(&finding->table, "0 in the interval from", "low", TABLE_NUMBER);
    table_column(&finding->table, "to", "high", TABLE_NUMBER);
    table_column(&finding->table, "remark", "remark", TABLE_TEXT);
}

static enum err choose_axis(struct finding *finding, struct note *note)
{
    const struct command_given *along = command_option(finding->line, "--along");
    struct span name = span_of(along ? along->value : "transfer.size");

    if (finding->sweep.design != SWEEP_GRID)
        return note_set(note, ERR_RANGE, "a crossover is looked for on a grid: expected design = grid");
    if (finding->sweep.arm_count < 2)
        return note_set(note, ERR_RANGE, "expected at least two arms in the sweep");
    for (size_t i = 0; i < finding->sweep.axis_count; i++) {
        const struct sweep_axis *axis = &finding->sweep.axes[i];

        if (!axis->row || !span_equal(span_of(axis->row->name), name))
            continue;
        if (axis->row->kind == FIELD_CHOICE || axis->row->kind == FIELD_TEXT || axis->count < 2)
            return note_set(note, ERR_RANGE, "--along %s: expected an axis of numbers with at least two values",
                            axis->row->name);
        finding->axis = i;
        return ERR_OK;
    }
    return note_set(note, ERR_UNKNOWN, "--along %.*s: expected an axis of the sweep", (int)name.size, name.data);
}

static enum err find(struct finding *finding, struct note *note)
{
    uint64_t jobs;

    TRY(choose_axis(finding, note));
    TRY(command_number(finding->line, "-j", headline_jobs(), 1, COMPARISON_JOBS_MAX, &jobs, note));
    finding->jobs = (unsigned)jobs;
    finding->arena = arena_create(TABLE_MEMORY);
    finding->setup = calloc(1, sizeof(*finding->setup));
    if (!finding->arena || !finding->setup)
        return note_set(note, ERR_FULL, "no memory for a search");
    add_columns(finding);
    return find_all(finding, note);
}

static enum status run_crossover(const struct command_line *line)
{
    struct finding *finding = calloc(1, sizeof(*finding));
    struct note note = {{0}};

    if (!finding)
        return command_fail(note_set(&note, ERR_FULL, "no memory"), &note);
    finding->line = line;
    enum err error = sweep_read(line->arguments[0], &finding->sweep, &note);
    enum status status;

    if (error != ERR_OK) {
        free(finding);
        return command_fail(error, &note);
    }
    error = find(finding, &note);
    status = error == ERR_OK ? command_print_table(line, &finding->table) : command_fail(error, &note);
    sweep_free(&finding->sweep);
    if (finding->arena)
        arena_destroy(finding->arena);
    free(finding->setup);
    free(finding);
    return status;
}

static const struct command_option options[] = {
    {"--along", "PARAMETER", "an axis of the sweep, of numbers; transfer.size unless given"},
    {"-j", "N", "threads; as many as there are processors unless given"},
    COMMAND_OPTION_JSON,
    COMMAND_OPTION_CSV,
    {.name = NULL},
};

const struct command command_crossover = {
    .name = "crossover",
    .arguments = "SWEEP",
    .arguments_least = 1,
    .arguments_most = 1,
    .help = "Say from where on along a parameter which arm is faster: every change, with its interval",
    .options = options,
    .run = run_crossover,
};
