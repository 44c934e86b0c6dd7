/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * capacity.c - the highest rate at which the core still handles nearly all attempts, arm by arm: of files beside calls,
 * or of calls beside files.
 */
#include "bench/harness/capacity.h"
#include "bench/cli/command.h"
#include "bench/cli/headline.h"
#include "bench/cli/load_folder.h"
#include "bench/cli/progress.h"
#include "sim/base/units.h"

#include <stdlib.h>

#define LOAD_MEMORY ((size_t)16 << 30)
#define PRECISION 0.02
#define INADEQUATE_MOST 0.001 /* ETSI TS 186 008-1 */
#define INADEQUATE_LEAST 1e-6
enum { REPLICATIONS = 3, REPLICATIONS_MAX = 1000, ATTEMPTS = 20000, ATTEMPTS_MAX = 100000000 };
enum {
    TABLE_MEMORY = 1 << 24,
    TEXT_SIZE = 1 << 18,
    CELL_SIZE = 64,
    ARMS_MAX = 8,
    BESIDES_MAX = 32,
    HELD_CELLS = 6,
    FAILING_CELLS = 3
};

static const char *const host_names[LOAD_HOSTS] = {"p-cscf-a", "s-cscf-a", "i-cscf-b", "hss-b", "s-cscf-b", "p-cscf-b"};

static const char *const reasons[CAPACITY_REASONS] = {
    [CAPACITY_HOLDS] = "",
    [CAPACITY_WORK] = "more work than time",
    [CAPACITY_INADEQUATE] = "failed or late",
    [CAPACITY_LINK] = "more bits than time",
    [CAPACITY_GROWTH] = "backlog grows",
};

/* What a run holds on to; searching_free gives it back whole. */
struct searching {
    const struct command_line *line;
    struct setup setup;
    struct load_times times; /* none */
    const struct arm *arms[ARMS_MAX];
    size_t arm_count;
    uint64_t besides_per_ks[BESIDES_MAX]; /* of what is not sought */
    size_t beside_count;
    struct capacity capacities[BESIDES_MAX][ARMS_MAX];
    struct capacity_search search;
    struct arena *arena; /* of the table */
    char label[CELL_SIZE];
    struct load_folder folder;
    struct progress progress;
};

static enum err read_arms(struct searching *own, struct note *note)
{
    const struct command_given *given = command_option(own->line, "--arms");
    struct span list = span_of(given ? given->value : "msrp-smime,message-plain");

    while (list.size > 0) {
        char text[CELL_SIZE];
        struct sink name = SINK(text);
        size_t end = span_find_byte(list, ',');

        if (own->arm_count == ARMS_MAX)
            return note_set(note, ERR_RANGE, "--arms: expected at most %d", ARMS_MAX);
        sink_span(&name, span_trim((struct span){list.data, end}));
        TRY(command_arm(name.overflow ? "" : sink_string(&name), &own->arms[own->arm_count], note));
        own->arm_count++;
        list = span_after(list, end < list.size ? end + 1 : end);
    }
    return own->arm_count > 0 ? ERR_OK : note_set(note, ERR_SYNTAX, "--arms: expected arms, separated by commas");
}

static const char *const kinds[] = {[CAPACITY_OF_FILES] = "files", [CAPACITY_OF_CALLS] = "calls"};

static enum err read_of(struct searching *own, struct note *note)
{
    const struct command_given *given = command_option(own->line, "--of");

    own->search.of = CAPACITY_OF_FILES;
    for (size_t i = 0; given && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(given->value, kinds[i]) == 0) {
            own->search.of = (enum capacity_of)i;
            return ERR_OK;
        }
    return given ? note_set(note, ERR_SYNTAX, "--of %s: expected files or calls", given->value) : ERR_OK;
}

/* The scenario's member that --beside is about. */
static uint64_t *beside(struct searching *own)
{
    struct scenario *scenario = &own->setup.file.scenario;

    return own->search.of == CAPACITY_OF_CALLS ? &scenario->load_rate_per_ks : &scenario->load_calls_per_ks;
}

/* Rates between commas: "0, 50/s, 100/s"; without any that of the scenario. */
static enum err read_besides(struct searching *own, struct note *note)
{
    const struct command_given *given = command_option(own->line, "--beside");
    struct span list = span_of(given ? given->value : "");

    while (list.size > 0) {
        size_t end = span_find_byte(list, ',');
        struct span rate = span_trim((struct span){list.data, end});

        if (own->beside_count == BESIDES_MAX)
            return note_set(note, ERR_RANGE, "--beside: expected at most %d rates", BESIDES_MAX);
        TRY(units_read_frequency(rate, &own->besides_per_ks[own->beside_count], note));
        own->beside_count++;
        list = span_after(list, end < list.size ? end + 1 : end);
    }
    if (own->beside_count == 0)
        own->besides_per_ks[own->beside_count++] = *beside(own);
    return ERR_OK;
}

static void show(void *context, uint64_t done, uint64_t wanted)
{
    struct searching *own = context;

    progress_show(&own->progress, (size_t)done, (size_t)wanted);
}

/* A bar for each rate: "msrp-smime 800/s". */
static void begin_rate(void *context, uint64_t rate_per_ks)
{
    struct searching *own = context;
    struct sink label = SINK(own->label);

    progress_end(&own->progress);
    sink_format(&label, "%s ", own->search.job.arm->name);
    units_write_frequency(&label, rate_per_ks);
    progress_begin(&own->progress, sink_string(&label));
}

static enum err read_share(struct searching *own, struct note *note)
{
    const struct command_given *given = command_option(own->line, "--inadequate");
    double *share = &own->search.inadequate_most;

    *share = INADEQUATE_MOST;
    if (given)
        TRY(units_read_ratio(span_of(given->value), share, note));
    if (*share < INADEQUATE_LEAST || *share >= 1)
        return note_set(note, ERR_RANGE, "--inadequate %s: expected a share of 0.0001%% or more, below 100%%",
                        given->value);
    return ERR_OK;
}

static enum err read_inputs(struct searching *own, struct note *note)
{
    uint64_t replications, jobs;

    TRY(read_share(own, note));
    TRY(read_arms(own, note));
    TRY(read_of(own, note));
    TRY(command_number(own->line, "--replications", REPLICATIONS, 1, REPLICATIONS_MAX, &replications, note));
    TRY(command_number(own->line, "--attempts", ATTEMPTS, 1, ATTEMPTS_MAX, &own->search.attempts_most, note));
    TRY(command_number(own->line, "-j", headline_jobs(), 1, COMPARISON_JOBS_MAX, &jobs, note));
    TRY(command_scenario(own->line, &own->setup.file, note));
    TRY(setup_open(&own->setup, note));
    TRY(read_besides(own, note));
    TRY(load_folder_open(&own->folder, own->line, own->setup.file.scenario.name, note));
    own->search.setup = &own->setup;
    own->search.precision = PRECISION;
    own->search.outcomes = calloc(replications, sizeof(*own->search.outcomes));
    own->search.trying = begin_rate;
    own->arena = arena_create(TABLE_MEMORY);
    own->search.job = (struct load_job){.setup = &own->setup,
                                        .times = &own->times,
                                        .replications = (size_t)replications,
                                        .jobs = (unsigned)jobs,
                                        .memory_bytes = LOAD_MEMORY,
                                        .context = own,
                                        .progress = show};
    return own->search.outcomes && own->arena ? ERR_OK : note_set(note, ERR_FULL, "no memory for rows");
}

static enum err search_arms(struct searching *own, struct note *note)
{
    enum err error = ERR_OK;

    for (size_t i = 0; i < own->beside_count * own->arm_count && error == ERR_OK; i++) {
        size_t number = i % own->beside_count, arm = i / own->beside_count;

        *beside(own) = own->besides_per_ks[number];
        own->search.job.arm = own->arms[arm];
        error = capacity_find(&own->search, &own->capacities[number][arm], note);
    }
    progress_end(&own->progress);
    return error;
}

/* ---- The table ---- */

static void add_number(struct table *table, const char *format, double value)
{
    char text[CELL_SIZE];
    struct sink cell = SINK(text);

    sink_format(&cell, format, value);
    table_same(table, sink_written(&cell));
}

static void add_share(struct table *table, const char *mark, double share)
{
    char text[CELL_SIZE], plain_text[CELL_SIZE];
    struct sink shown = SINK(text), plain = SINK(plain_text);

    sink_format(&shown, "%s%.3g %%", mark, 100 * share);
    sink_format(&plain, "%.9g", share);
    table_cell(table, sink_written(&shown), sink_written(&plain));
}

static void add_empty(struct table *table, size_t cells)
{
    for (size_t i = 0; i < cells; i++)
        table_same(table, SPAN(""));
}

/* The highest rate that held, how far its load fills the busiest host, and what that host's work alone would allow. */
static void add_held(const struct capacity_look *held, struct table *table)
{
    if (held->rate_per_ks == 0) {
        table_same(table, SPAN("0"));
        add_empty(table, HELD_CELLS - 1);
        return;
    }
    add_number(table, "%.3f", (double)held->rate_per_ks / 1000);
    add_share(table, "", held->inadequate);
    table_same(table, span_of(host_names[held->busiest]));
    add_share(table, "", held->offered);
    /* What a call and a file take alone is not known where there are both. */
    if (held->offered > 0 && held->all_per_ks == held->rate_per_ks)
        add_number(table, "%.3f", (double)held->rate_per_ks / 1000 / held->offered);
    else
        add_empty(table, 1);
    add_number(table, "%.0f", (double)held->attempts);
}

static void add_failing(const struct capacity_look *failing, struct table *table)
{
    if (failing->rate_per_ks == 0) {
        add_empty(table, FAILING_CELLS);
        return;
    }
    add_number(table, "%.3f", (double)failing->rate_per_ks / 1000);
    add_share(table, failing->is_stopped ? "> " : "", failing->inadequate);
    table_same(table, span_of(reasons[failing->reason]));
}

/* How much of what is sought the core no longer takes for each unit of what is beside it, from the first rate of that
 * on. */
static void add_lost(const struct searching *own, size_t number, size_t arm, struct table *table)
{
    double more = (double)own->besides_per_ks[number] - (double)own->besides_per_ks[0];
    double first = (double)own->capacities[0][arm].held.rate_per_ks;

    if (more > 0)
        add_number(table, "%.4g", (first - (double)own->capacities[number][arm].held.rate_per_ks) / more);
    else
        add_empty(table, 1);
}

static void add_row(const struct searching *own, size_t number, size_t arm, struct table *table)
{
    const struct capacity *capacity = &own->capacities[number][arm];
    uint64_t first_per_ks = own->capacities[number][0].held.rate_per_ks, rate_per_ks = capacity->held.rate_per_ks;

    table_row(table);
    table_same(table, span_of(own->arms[arm]->name));
    table_same(table, span_of(kinds[own->search.of]));
    add_number(table, "%.3f", (double)own->besides_per_ks[number] / 1000);
    add_held(&capacity->held, table);
    add_failing(&capacity->failing, table);
    if (rate_per_ks > 0)
        add_number(table, "%.4g", (double)first_per_ks / (double)rate_per_ks);
    else
        add_empty(table, 1);
    add_lost(own, number, arm, table);
    add_number(table, "%.0f", (double)capacity->looks);
    add_number(table, "%.0f", (double)own->setup.file_bytes);
}

static void make_table(const struct searching *own, struct table *table)
{
    table_init(table, own->arena);
    table_column(table, "arm", "arm", TABLE_TEXT);
    table_column(table, "of", "of", TABLE_TEXT);
    table_column(table, own->search.of == CAPACITY_OF_CALLS ? "beside files, 1/s" : "beside calls, 1/s", "beside_per_s",
                 TABLE_NUMBER);
    table_column(table, "capacity, 1/s", "capacity_per_s", TABLE_NUMBER);
    table_column(table, "%IHS at it", "inadequate_ratio", TABLE_NUMBER);
    table_column(table, "busiest", "busiest", TABLE_TEXT);
    table_column(table, "its load", "offered_ratio", TABLE_NUMBER);
    table_column(table, "by work alone, 1/s", "work_bound_per_s", TABLE_NUMBER);
    table_column(table, "attempts", "attempts", TABLE_NUMBER);
    table_column(table, "fails at, 1/s", "failing_per_s", TABLE_NUMBER);
    table_column(table, "%IHS there", "failing_inadequate_ratio", TABLE_NUMBER);
    table_column(table, "since", "failing_reason", TABLE_TEXT);
    table_column(table, "costs, in attempts of the first", "cost_ratio", TABLE_NUMBER);
    table_column(table, "lost for each beside", "lost_ratio", TABLE_NUMBER);
    table_column(table, "rates tried", "rates", TABLE_NUMBER);
    table_column(table, "file, B", "file_bytes", TABLE_NUMBER);
    for (size_t i = 0; i < own->beside_count * own->arm_count; i++)
        add_row(own, i % own->beside_count, i / own->beside_count, table);
}

static enum err save(const struct searching *own, const struct table *table, struct note *note)
{
    struct sink text = {.data = malloc(TEXT_SIZE), .capacity = TEXT_SIZE};

    if (!text.data)
        return note_set(note, ERR_FULL, "no memory for the table");
    table_write_text(table, &text);
    enum err error =
        load_folder_save(&own->folder, own->line, &own->setup, "capacity", table, sink_written(&text), note);

    free(text.data);
    return error;
}

static enum status print(const struct searching *own)
{
    struct note note = {{0}};
    struct table table;

    make_table(own, &table);
    enum err error = save(own, &table, &note);

    if (error != ERR_OK)
        return command_fail(error, &note);
    enum status status = command_print_table(own->line, &table);

    for (size_t i = 0; i < own->beside_count * own->arm_count && status == STATUS_DONE; i++)
        if (own->capacities[i % own->beside_count][i / own->beside_count].held.rate_per_ks == 0)
            status = STATUS_NO;
    return status;
}

static void searching_free(struct searching *own)
{
    setup_close(&own->setup);
    arena_destroy(own->arena);
    free(own->search.outcomes);
    free(own);
}

static enum status run_capacity(const struct command_line *line)
{
    struct searching *own = calloc(1, sizeof(*own));
    struct note note = {{0}};

    if (!own)
        return command_fail(note_set(&note, ERR_FULL, "no memory"), &note);
    own->line = line;
    enum err error = read_inputs(own, &note);

    if (error == ERR_OK)
        error = search_arms(own, &note);
    enum status status = error == ERR_OK ? print(own) : command_fail(error, &note);

    searching_free(own);
    return status;
}

static const struct command_option options[] = {
    {"--arms", "LIST", "ways to carry the file, separated by commas; msrp-smime,message-plain unless given"},
    {"--of", "KIND", "files (load.rate) or calls (load.calls): whose rate is sought; files unless given"},
    {"--beside", "RATES",
     "rates of the other kind, separated by commas: a search for each; the scenario's unless given"},
    {"--inadequate", "SHARE", "the most that may fail or be later than load.delay_max; 0.1% unless given"},
    {"--replications", "N", "independent runs of each rate, judged together; 3 unless given"},
    {"--attempts", "N",
     "the most of them in a replication: a fast rate lasts less than load.duration; 20000 unless given"},
    {"-j", "N", "threads; as many as there are processors unless given"},
    COMMAND_OPTION_FILE,
    COMMAND_OPTION_SET,
    LOAD_FOLDER_OPTION,
    COMMAND_OPTION_JSON,
    COMMAND_OPTION_CSV,
    {.name = NULL},
};

const struct command command_capacity = {
    .name = "capacity",
    .arguments = "SCENARIO",
    .arguments_least = 1,
    .arguments_most = 1,
    .help = "Search the highest rate of attempts of which nearly all are handled: the core's capacity, arm by arm",
    .options = options,
    .notes =
        "The design objective capacity of ETSI TS 186 008. The search begins at load.rate (load.calls), doubles or "
        "halves\n"
        "it until one rate holds and one fails, and ends when they differ by 2 %. A rate holds when at most 0.1 % of "
        "all\n"
        "attempts (--inadequate) fail or are late and it could go on for ever: no host is offered more work than its\n"
        "workers have time, no link more bits, and attempts under way do not grow. It lasts for load.duration, less "
        "where --attempts are\n"
        "enough, more where the share or long attempts need it; load.users is raised where they would all be busy. A "
        "rate\n"
        "at which far too many are inadequate is stopped early.\n"
        "In msrp arms CSCFs carry signalling alone, in message arms the file's bytes too. What files cost in calls:\n"
        "  hopsim capacity home-load --of calls --beside 0,20/s,40/s\n"
        "Columns:\n"
        "  its load              work that attempts bring to the busiest host, over its workers' time\n"
        "  by work alone         the rate at which that would be 100 %: the capacity is below it; of one kind alone\n"
        "  %IHS there            at the failing rate; \"> 1 %\": it was stopped when so many were inadequate\n"
        "  costs, in attempts    how many attempts of the first arm one of this arm displaces\n"
        "  lost for each beside  by how much the capacity is less than at the first rate of --beside, over the "
        "difference\n"
        "The status is 1 where an arm holds at no rate.\n",
    .run = run_capacity,
};
