/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * capacity.c - the highest rate at which the core still handles nearly all attempts, arm by arm: of files beside calls,
 * or of calls beside files.
 */
#include "bench/cli/capacity_table.h"
#include "bench/cli/command.h"
#include "bench/cli/headline.h"
#include "bench/cli/load_folder.h"
#include "bench/cli/progress.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <stdlib.h>

#define LOAD_MEMORY ((size_t)16 << 30)
#define PRECISION 0.02
#define INADEQUATE_MOST 0.001 /* ETSI TS 186 008-1 */
#define INADEQUATE_LEAST 1e-6
enum { REPLICATIONS = 3, REPLICATIONS_MAX = 1000, ATTEMPTS = 20000, ATTEMPTS_MAX = 100000000 };
enum { TABLE_MEMORY = 1 << 24, TEXT_SIZE = 1 << 18, LABEL_SIZE = 64 };

/* What a run holds on to; searching_free gives it back whole. */
struct searching {
    const struct command_line *line;
    struct setup setup;
    struct load_times times; /* none */
    struct capacity_rows rows;
    struct capacity_search search;
    struct arena *arena; /* of the table */
    char text[TEXT_SIZE], label[LABEL_SIZE];
    struct load_folder folder;
    struct progress progress;
};

/* Cuts what stands before the next comma, or all of the last; *list is without data then. */
static struct span cut_item(struct span *list)
{
    size_t end = span_find_byte(*list, ',');
    struct span item = span_trim((struct span){list->data, end});

    *list = end < list->size ? span_after(*list, end + 1) : (struct span){NULL, 0};
    return item;
}

static enum err read_arms(struct searching *own, struct note *note)
{
    const struct command_given *given = command_option(own->line, "--arms");
    struct capacity_rows *rows = &own->rows;

    for (struct span list = span_of(given ? given->value : "msrp-smime,message-plain"); list.data;) {
        char text[LABEL_SIZE];
        struct sink name = SINK(text);

        if (rows->arm_count == CAPACITY_ARMS_MAX)
            return note_set(note, ERR_RANGE, "--arms: expected at most %d", CAPACITY_ARMS_MAX);
        sink_span(&name, cut_item(&list));
        if (name.size == 0)
            return note_set(note, ERR_SYNTAX, "--arms %s: expected arms, separated by commas", given->value);
        TRY(command_arm(name.overflow ? "" : sink_string(&name), &rows->arms[rows->arm_count], note));
        rows->arm_count++;
    }
    return ERR_OK;
}

static enum err read_of(struct searching *own, struct note *note)
{
    const struct command_given *given = command_option(own->line, "--of");

    own->search.of = CAPACITY_OF_FILES;
    for (size_t i = 0; given && i < sizeof(capacity_kinds) / sizeof(capacity_kinds[0]); i++)
        if (strcmp(given->value, capacity_kinds[i]) == 0) {
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

/* Rates between commas: "0, 50/s, 100/s"; that of the scenario where none are given. */
static enum err read_besides(struct searching *own, struct note *note)
{
    const struct command_given *given = command_option(own->line, "--beside");
    struct capacity_rows *rows = &own->rows;

    if (!given)
        rows->besides_per_ks[rows->beside_count++] = *beside(own);
    for (struct span list = given ? span_of(given->value) : (struct span){NULL, 0}; list.data;) {
        struct span rate = cut_item(&list);

        if (rows->beside_count == CAPACITY_BESIDES_MAX)
            return note_set(note, ERR_RANGE, "--beside: expected at most %d rates", CAPACITY_BESIDES_MAX);
        if (rate.size == 0)
            return note_set(note, ERR_SYNTAX, "--beside %s: expected rates such as 50/s, separated by commas",
                            given->value);
        TRY(units_read_frequency(rate, &rows->besides_per_ks[rows->beside_count], note));
        rows->beside_count++;
    }
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

    for (size_t i = 0; i < own->rows.beside_count * own->rows.arm_count && error == ERR_OK; i++) {
        size_t number = i % own->rows.beside_count, arm = i / own->rows.beside_count;

        *beside(own) = own->rows.besides_per_ks[number];
        own->search.job.arm = own->rows.arms[arm];
        error = capacity_find(&own->search, &own->rows.capacities[number][arm], note);
    }
    progress_end(&own->progress);
    return error;
}

/* Below tables for programs the sentences have no place. */
static enum status print_for_programs(struct searching *own, const struct table *table)
{
    struct sink sink = SINK(own->text);

    capacity_table_write_unbounded(&own->rows, &sink);
    if (sink.size > 0)
        fprintf(stderr, "hopsim: %s", sink_string(&sink));
    return command_print_table(own->line, table);
}

static bool is_found(const struct searching *own)
{
    for (size_t i = 0; i < own->rows.beside_count * own->rows.arm_count; i++) {
        const struct capacity *capacity = &own->rows.capacities[i % own->rows.beside_count][i / own->rows.beside_count];

        if (capacity->held.rate_per_ks == 0 || capacity->is_unbounded)
            return false;
    }
    return true;
}

static enum status print(struct searching *own)
{
    struct sink text = SINK(own->text);
    struct note note = {{0}};
    struct table table;

    own->rows.scenario = own->setup.file.scenario.name;
    own->rows.of = own->search.of;
    own->rows.inadequate_most = own->search.inadequate_most;
    own->rows.file_bytes = own->setup.file_bytes;
    capacity_table_make(&own->rows, own->arena, &table);
    capacity_table_write(&own->rows, own->arena, &text);
    check(!text.overflow);
    enum err error =
        load_folder_save(&own->folder, own->line, &own->setup, "capacity", &table, sink_written(&text), &note);

    if (error != ERR_OK)
        return command_fail(error, &note);
    bool is_for_people = !command_option(own->line, "--csv") && !command_option(own->line, "--json");
    enum status status = is_for_people ? command_print(sink_written(&text)) : print_for_programs(own, &table);

    return status == STATUS_DONE && !is_found(own) ? STATUS_NO : status;
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
        "The design objective capacity of ETSI TS 186 008. The search begins at load.rate (load.calls), raises or "
        "halves\n"
        "it until one rate holds and one fails, and ends when they differ by 2 %. A rate holds when at most 0.1 % of "
        "all\n"
        "attempts (--inadequate) fail or are late and it could go on for ever: no host is offered more work than its\n"
        "workers have time, no link more bits, and attempts under way do not grow. It lasts for load.duration, less\n"
        "where --attempts are enough, more where the share or long attempts need it; load.users is raised where they\n"
        "would all be busy. A rate at which far too many are inadequate is stopped early. Where work and links alone\n"
        "allow 100,000 a second nothing is sought.\n"
        "In msrp arms CSCFs carry signalling alone, in message arms the file's bytes too. What files cost in calls:\n"
        "  hopsim capacity home-load --of calls --beside 0,20/s,40/s\n"
        "Columns:\n"
        "  beside    what comes beside what is sought: calls beside files, files beside calls\n"
        "  %IHS      share of attempts that failed or were late; \"> 1 %\": stopped when so many were\n"
        "  its load  work that attempts bring to the busiest host, over its workers' time\n"
        "  by work   the rate at which that would be 100 %: the capacity is below it; of one kind alone\n"
        "  costs     how many attempts of the first arm one of this arm displaces\n"
        "  lost      by how much the capacity is less than at the first rate of --beside, over the difference\n"
        "The status is 1 where an arm holds at no rate or nothing bounds it.\n",
    .run = run_capacity,
};
