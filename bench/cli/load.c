/* SPDX-License-Identifier: GPL-3.0-or-later */
/* load.c - many users at once: replications of a load, a row each. */
#include "bench/cli/command.h"
#include "bench/cli/headline.h"
#include "bench/cli/load_folder.h"
#include "bench/cli/progress.h"
#include "bench/harness/load_run.h"
#include "sim/base/units.h"
#include "sim/des/stats.h"

#include <math.h>
#include <stdlib.h>

#define LOAD_MEMORY ((size_t)16 << 30)
enum { REPLICATIONS_MAX = 10000, TABLE_MEMORY = 1 << 24, CELL_SIZE = 64, TEXT_SIZE = 1 << 14 };

/* What a run holds on to; loading_free gives it back whole. */
struct loading_command {
    const struct command_line *line;
    struct setup setup;
    const struct arm *arm;
    uint64_t replications, jobs;
    struct load_times times;
    struct load_outcome *outcomes;
    struct arena *arena; /* of the table */
    struct progress progress;
    struct load_folder folder;
    char text[TEXT_SIZE]; /* for people */
    struct sink told;
};

static enum err read_inputs(struct loading_command *own, struct note *note)
{
    const struct command_given *arm = command_option(own->line, "--arm");

    TRY(command_arm(arm ? arm->value : "msrp-smime", &own->arm, note));
    TRY(command_number(own->line, "--replications", 1, 1, REPLICATIONS_MAX, &own->replications, note));
    TRY(command_number(own->line, "-j", headline_jobs(), 1, COMPARISON_JOBS_MAX, &own->jobs, note));
    TRY(command_scenario(own->line, &own->setup.file, note));
    TRY(setup_open(&own->setup, note));
    if (command_option(own->line, "--steps") && own->setup.file.scenario.load_arrivals != ARRIVALS_STAIRCASE)
        return note_set(note, ERR_RANGE, "--steps: expected load.arrivals = staircase");
    TRY(load_times_read(&own->setup.file.scenario, &own->times, note));
    TRY(load_folder_open(&own->folder, own->line, own->setup.file.scenario.name, note));
    own->outcomes = calloc(own->replications, sizeof(*own->outcomes));
    own->arena = arena_create(TABLE_MEMORY + own->replications * TEXT_SIZE);
    return own->outcomes && own->arena ? ERR_OK : note_set(note, ERR_FULL, "no memory for rows");
}

static void show(void *context, uint64_t done, uint64_t wanted)
{
    progress_show(context, (size_t)done, (size_t)wanted);
}

static enum err run_replications(struct loading_command *own, struct note *note)
{
    struct load_job job = {.setup = &own->setup,
                           .times = &own->times,
                           .arm = own->arm,
                           .replications = own->replications,
                           .jobs = (unsigned)own->jobs,
                           .memory_bytes = LOAD_MEMORY,
                           .context = &own->progress,
                           .progress = show};

    progress_begin(&own->progress, "load");
    enum err error = load_run(&job, own->outcomes, note);

    progress_end(&own->progress);
    return error;
}

/* ---- For programs: a row a replication ---- */

static void make_rows(const struct loading_command *own, struct table *table)
{
    char(*names)[CELL_SIZE] = arena_alloc(own->arena, TABLE_COLUMNS_MAX * sizeof(*names));
    char text[CELL_SIZE];
    size_t column = 0;

    table_init(table, own->arena);
    table_column(table, NULL, "replication", TABLE_NUMBER);
    for (const struct field *field = load_fields; field->name; field++, column++) {
        struct sink name = {.data = names[column], .capacity = CELL_SIZE};

        field_write_column(field, &name);
        table_column(table, NULL, sink_string(&name), field->kind == FIELD_CHOICE ? TABLE_TEXT : TABLE_NUMBER);
    }
    for (uint64_t i = 0; i < own->replications; i++) {
        struct sink number = SINK(text);

        table_row(table);
        sink_number(&number, i);
        table_same(table, sink_written(&number));
        for (const struct field *field = load_fields; field->name; field++) {
            struct sink cell = SINK(text);

            field_write_csv(field, &own->outcomes[i], &cell);
            table_same(table, sink_written(&cell));
        }
    }
}

/* ---- A staircase: a row a step, over all replications ---- */

static void step_numbers(const struct loading_command *own, uint32_t number, struct load_step *sum, double *delay_ns)
{
    struct tally delays = {0};

    *sum = (struct load_step){.arrived = 0};
    for (uint64_t i = 0; i < own->replications; i++) {
        const struct load_step *step = &own->outcomes[i].steps[number];

        sum->arrived += step->arrived;
        sum->failed += step->failed;
        sum->late += step->late;
        for (size_t host = 0; host < LOAD_HOSTS; host++)
            sum->utilisation[host] += step->utilisation[host] / (double)own->replications;
        if (step->delay_mean_ns != NONE_NS)
            tally_add(&delays, (double)step->delay_mean_ns);
    }
    *delay_ns = delays.count > 0 ? delays.mean : NAN;
}

static void step_cell(struct table *table, const char *format, double value)
{
    char text[CELL_SIZE];
    struct sink cell = SINK(text);

    if (isfinite(value))
        sink_format(&cell, format, value);
    table_same(table, sink_written(&cell));
}

static void step_row(const struct loading_command *own, uint32_t number, struct table *table)
{
    const struct scenario *scenario = &own->setup.file.scenario;
    struct load_step step;
    double delay_ns, busiest = 0;

    step_numbers(own, number, &step, &delay_ns);
    for (size_t host = 0; host < LOAD_HOSTS; host++)
        busiest = fmax(busiest, step.utilisation[host]);
    table_row(table);
    step_cell(table, "%.0f", number);
    step_cell(table, "%.3f",
              ((double)scenario->load_rate_per_ks + number * (double)scenario->load_step_rate_per_ks) / 1000);
    step_cell(table, "%.0f", (double)step.arrived);
    step_cell(table, "%.0f", (double)step.failed);
    step_cell(table, "%.0f", (double)step.late);
    step_cell(table, "%.6g", step.arrived > 0 ? (double)(step.failed + step.late) / (double)step.arrived : NAN);
    step_cell(table, "%.3f", delay_ns / (double)MS);
    step_cell(table, "%.4f", busiest);
}

static void make_steps(const struct loading_command *own, struct table *table)
{
    table_init(table, own->arena);
    table_column(table, "step", "step", TABLE_NUMBER);
    table_column(table, "rate, 1/s", "rate_per_s", TABLE_NUMBER);
    table_column(table, "arrived", "arrived", TABLE_NUMBER);
    table_column(table, "failed", "failed", TABLE_NUMBER);
    table_column(table, "late", "late", TABLE_NUMBER);
    table_column(table, "inadequate", "inadequate_ratio", TABLE_NUMBER);
    table_column(table, "delay, ms", "delay_mean_ms", TABLE_NUMBER);
    table_column(table, "busiest host", "utilisation_ratio", TABLE_NUMBER);
    for (uint32_t step = 0; step < own->outcomes[0].step_count; step++)
        step_row(own, step, table);
}

/* ---- For people: a line a result, over all replications ---- */

static double number_of(const struct field *field, const struct load_outcome *outcome)
{
    const char *member = (const char *)outcome + field->offset;
    int64_t time_ns;
    uint64_t number;
    double ratio;

    switch (field->kind) {
    case FIELD_TIME:
        memcpy(&time_ns, member, sizeof(time_ns));
        return (double)time_ns;
    case FIELD_RATIO:
        memcpy(&ratio, member, sizeof(ratio));
        return ratio;
    default:
        memcpy(&number, member, sizeof(number));
        return (double)number;
    }
}

static void show_number(const struct field *field, double value, struct sink *sink)
{
    if (field->kind == FIELD_TIME)
        units_show_time(sink, (int64_t)value);
    else if (field->kind == FIELD_SIZE)
        units_show_size(sink, (uint64_t)value);
    else
        sink_format(sink, "%.6g", value);
}

/* The mean over replications that have a value, and half its 95 % interval. */
static void show_field(const struct loading_command *own, const struct field *field, struct table *table)
{
    char mean_text[CELL_SIZE], half_text[CELL_SIZE];
    struct sink mean = SINK(mean_text), half = SINK(half_text);
    struct tally tally = {0};

    for (uint64_t i = 0; i < own->replications; i++) {
        double value = number_of(field, &own->outcomes[i]);

        if (field->kind != FIELD_TIME || value != (double)NONE_NS)
            tally_add(&tally, value);
    }
    if (tally.count > 0)
        show_number(field, tally.mean, &mean);
    if (tally.count > 1)
        show_number(field, tally_half_width(&tally, 0.95), &half);
    table_row(table);
    table_same(table, span_of(field->name));
    table_same(table, sink_written(&mean));
    table_same(table, sink_written(&half));
    table_same(table, span_of(field->help));
}

static void tell(struct loading_command *own)
{
    const struct scenario *scenario = &own->setup.file.scenario;
    struct sink *sink = &own->told;
    struct table table;

    *sink = (struct sink){.data = own->text, .capacity = sizeof(own->text)};
    sink_format(sink, "%s, %s: ", scenario->name, own->arm->name);
    units_write_frequency(sink, scenario->load_rate_per_ks);
    sink_text(sink, " for ");
    units_write_time(sink, scenario->load_ns);
    sink_format(sink, ", %llu replications of %llu users; dwells: %s, costs: %s\n",
                (unsigned long long)own->replications, (unsigned long long)scenario->load_users, scenario->dwell_table,
                scenario->cost_table);
    table_init(&table, own->arena);
    table_column(&table, "result", NULL, TABLE_TEXT);
    table_column(&table, "mean", NULL, TABLE_NUMBER);
    table_column(&table, "+-", NULL, TABLE_NUMBER);
    table_column(&table, "what it is", NULL, TABLE_TEXT);
    for (const struct field *field = load_fields + 1; field->name; field++)
        show_field(own, field, &table);
    table_write_text(&table, command_room(), sink);
}

static enum status print(struct loading_command *own)
{
    struct table table;
    struct note note = {{0}};
    bool is_whole = true;

    for (uint64_t i = 0; i < own->replications; i++)
        is_whole = is_whole && own->outcomes[i].end == LOAD_DONE;
    if (!is_whole)
        fprintf(stderr, "hopsim: a replication has not come to its end: memory exhausted, or all users busy "
                        "(load.users)\n");
    bool is_for_people = !command_option(own->line, "--csv") && !command_option(own->line, "--json");

    make_rows(own, &table);
    tell(own);
    if (own->told.overflow)
        return STATUS_FAULT;
    enum err error =
        load_folder_save(&own->folder, own->line, &own->setup, "load", &table, sink_written(&own->told), &note);

    if (error != ERR_OK)
        return command_fail(error, &note);
    if (command_option(own->line, "--steps")) {
        make_steps(own, &table);
        is_for_people = false;
    }
    enum status status =
        is_for_people ? command_print(sink_written(&own->told)) : command_print_table(own->line, &table);

    return status == STATUS_DONE && !is_whole ? STATUS_NO : status;
}

static void loading_free(struct loading_command *own)
{
    load_times_free(&own->times);
    setup_close(&own->setup);
    arena_destroy(own->arena);
    free(own->outcomes);
    free(own);
}

static enum status run_load(const struct command_line *line)
{
    struct loading_command *own = calloc(1, sizeof(*own));
    struct note note = {{0}};

    if (!own)
        return command_fail(note_set(&note, ERR_FULL, "no memory"), &note);
    own->line = line;
    enum err error = read_inputs(own, &note);

    if (error == ERR_OK)
        error = run_replications(own, &note);
    enum status status = error == ERR_OK ? print(own) : command_fail(error, &note);

    loading_free(own);
    return status;
}

static const struct command_option options[] = {
    {"--arm", "ARM", "the way to carry the file (hopsim list arms); msrp-smime unless given"},
    {"--replications", "N", "independent runs, each a row; 1 unless given"},
    {"--steps", NULL, "of a staircase: a row a step, over all replications, in place of the results"},
    {"-j", "N", "threads; as many as there are processors unless given"},
    COMMAND_OPTION_FILE,
    COMMAND_OPTION_SET,
    LOAD_FOLDER_OPTION,
    COMMAND_OPTION_JSON,
    COMMAND_OPTION_CSV,
    {.name = NULL},
};

const struct command command_load = {
    .name = "load",
    .arguments = "SCENARIO",
    .arguments_least = 1,
    .arguments_most = 1,
    .help = "Run many users' attempts to send the file through one core: delays, failures, utilisation under load",
    .options = options,
    .notes = "How attempts arrive stands in the scenario's section [load]; dwells of CSCFs and HSSs need work times\n"
             "(column work of their table), as the built-in home-load has them.\n",
    .run = run_load,
};
