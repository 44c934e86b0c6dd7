/* SPDX-License-Identifier: GPL-3.0-or-later */
/* threats.c - who can read the file, and who can change it without being noticed. */
#include "bench/cli/command.h"
#include "bench/cli/exposure.h"
#include "bench/cli/figures.h"
#include "bench/cli/flows.h"
#include "bench/cli/progress.h"
#include "sim/base/units.h"

#include <stdlib.h>

enum { TABLE_MEMORY = 256 << 20, SIZE_LEAST = 1024, SIZE_MOST = 1 << 20, TEXT_SIZE = 256 * 1024 };

struct threats_job {
    const struct command_line *line;
    struct setup setup;
    struct threat_plan plan;
    struct threats *threats;
    struct arena *arena;
};

/* ---- Reading the command line ---- */

static enum err choose_arms(struct threat_plan *plan, const char *list, struct note *note)
{
    struct span rest = span_of(list ? list : "");

    for (const struct arm *arm = arms; !list && arm->name; arm++)
        plan->arms[plan->arm_count++] = arm;
    while (rest.size > 0) {
        struct span word = {rest.data, span_find_byte(rest, ',')};
        char text[64];
        struct sink name = SINK(text);

        sink_span(&name, word);
        rest = span_after(rest, word.size < rest.size ? word.size + 1 : word.size);
        if (plan->arm_count == THREAT_ARMS_MAX)
            return note_set(note, ERR_RANGE, "--arms: more than %d", THREAT_ARMS_MAX);
        TRY(command_arm(sink_string(&name), &plan->arms[plan->arm_count], note));
        plan->arm_count++;
    }
    return ERR_OK;
}

static enum err read_size(const struct command_line *line, uint64_t *size, struct note *note)
{
    const struct command_given *given = command_option(line, "--size");
    uint64_t value = 40 * KIB;

    if (given &&
        (units_read_size(span_of(given->value), &value, note) != ERR_OK || value < SIZE_LEAST || value > SIZE_MOST))
        return note_set(note, ERR_RANGE, "threats: --size %s: expected a size from 1KiB to 1MiB", given->value);
    *size = value;
    return ERR_OK;
}

static enum err read_plan(struct threats_job *job, struct note *note)
{
    const struct command_line *line = job->line;
    const struct command_given *list = command_option(line, "--arms");
    const struct command_given *attacks = command_option(line, "--attacks"), *places = command_option(line, "--at");
    uint64_t jobs;

    TRY(choose_arms(&job->plan, list ? list->value : NULL, note));
    if (attacks) {
        TRY(threats_check_attacks(attacks->value, note));
        job->plan.attacks = attacks->value;
    }
    job->plan.places = places ? places->value : NULL;
    TRY(read_size(line, &job->plan.file_bytes, note));
    TRY(command_number(line, "-j", headline_jobs(), 1, THREAT_JOBS_MAX, &jobs, note));
    job->plan.jobs = (unsigned)jobs;
    job->plan.is_credulous = command_option(line, "--credulous") != NULL;
    TRY(command_scenario(line, &job->setup.file, note));
    return setup_open(&job->setup, note);
}

/* ---- Tables ---- */

static void write_arm(const struct threat_row *row, struct sink *sink)
{
    sink_text(sink, row->arm->name);
    if (row->has_hash)
        sink_text(sink, "+sha-1");
}

/* ---- The matrix ---- */

/* What came of an attack at all places of an arm. */
struct cell_count {
    size_t altered, harmless, noticed, none;
};

static void count(struct cell_count *counted, const struct threat_row *row)
{
    bool is_bad = exposure_is_harm(row);

    counted->altered += is_bad;
    counted->harmless += row->verdict == THREAT_UNNOTICED && !is_bad;
    counted->noticed += row->verdict == THREAT_NOTICED;
    counted->none += row->verdict == THREAT_NA;
}

static void write_cell(const struct cell_count *counted, struct sink *sink)
{
    size_t all = counted->altered + counted->harmless + counted->noticed;

    if (all == 0)
        sink_text(sink, counted->none > 0 ? "n/a" : "");
    else if (counted->altered > 0)
        sink_format(sink, "%zu!", counted->altered);
    else if (counted->noticed > 0)
        sink_text(sink, "noticed");
    else
        sink_text(sink, "no harm");
}

static void add_matrix(const struct threats_job *job, struct table *table)
{
    size_t rows = threats_count(job->threats);

    table_column(table, "arm", "arm", TABLE_TEXT);
    for (const struct threat_attack *attack = threat_attacks; attack->name; attack++)
        table_column(table, attack->name, attack->name, TABLE_TEXT);
    for (size_t i = 0; i < rows;) {
        const struct threat_row *first = threats_row(job->threats, i);
        size_t end = i;
        char text[64];
        struct sink arm = SINK(text);

        while (end < rows && threats_row(job->threats, end)->arm == first->arm &&
               threats_row(job->threats, end)->has_hash == first->has_hash)
            end++;
        write_arm(first, &arm);
        table_row(table);
        table_same(table, sink_written(&arm));
        for (const struct threat_attack *attack = threat_attacks; attack->name; attack++) {
            struct cell_count counted = {0};
            char shown_text[32];
            struct sink shown = SINK(shown_text);

            for (size_t at = i; at < end; at++)
                if (threats_row(job->threats, at)->attack == attack)
                    count(&counted, threats_row(job->threats, at));
            write_cell(&counted, &shown);
            table_same(table, sink_written(&shown));
        }
        i = end;
    }
}

/* ---- Results ---- */

static enum err save_matrix(const struct threats_job *job, const struct results *results, struct note *note)
{
    struct sink text = {.data = malloc(TEXT_SIZE), .capacity = TEXT_SIZE};
    struct table table;

    if (!text.data)
        return note_set(note, ERR_FULL, "no memory for threats.txt");
    table_init(&table, job->arena);
    add_matrix(job, &table);
    table_write_text(&table, 0, &text);
    enum err error = text.overflow ? note_set(note, ERR_FULL, "threats.txt is too long")
                                   : results_save(results, "threats.txt", sink_written(&text), note);

    free(text.data);
    return error;
}

static enum err save(const struct threats_job *job, const struct results *results, struct note *note)
{
    TRY(results_save_inputs(results, &job->setup, "scenario", note));
    TRY(exposure_save(job->threats, results, job->arena, note));
    TRY(save_matrix(job, results, note));
    TRY(headline_save_manifest(results, job->line, job->setup.file.scenario.seed, note));
    TRY(figures_draw(results->path, NULL, note));
    return flows_save_page(results, note);
}

/* ---- Running ---- */

static enum err compute(struct threats_job *job, struct note *note)
{
    const struct command_given *folder = command_option(job->line, "-o");
    struct progress progress;
    struct results results;

    TRY(read_plan(job, note));
    if (folder)
        TRY(results_create(&results, folder->value, job->setup.file.scenario.name, note));
    job->arena = arena_create(TABLE_MEMORY);
    if (!job->arena)
        return note_set(note, ERR_FULL, "no memory for a table");
    progress_begin(&progress, "threats");
    job->plan.setup = &job->setup;
    job->plan.context = &progress;
    job->plan.progress = progress_show;
    enum err error = threats_run(&job->plan, &job->threats, note);

    progress_end(&progress);
    return error == ERR_OK && folder ? save(job, &results, note) : error;
}

static enum status print(struct threats_job *job)
{
    bool is_csv = command_option(job->line, "--csv"), is_json = command_option(job->line, "--json");
    bool is_long = command_option(job->line, "--places");
    struct table table;

    table_init(&table, job->arena);
    if (is_csv || is_json || is_long)
        exposure_rows(job->threats, &table, !is_csv);
    else
        add_matrix(job, &table);
    return command_print_table(job->line, &table);
}

static enum status run_threats(const struct command_line *line)
{
    struct threats_job *job = calloc(1, sizeof(*job));
    struct note note = {{0}};

    if (!job)
        return command_fail(note_set(&note, ERR_FULL, "no memory"), &note);
    job->line = line;
    enum err error = compute(job, &note);
    enum status status = error == ERR_OK ? print(job) : command_fail(error, &note);

    threats_free(job->threats);
    setup_close(&job->setup);
    if (job->arena)
        arena_destroy(job->arena);
    free(job);
    return status;
}

static const struct command_option options[] = {
    {"--arms", "LIST", "arms by name, separated by commas; all unless given"},
    {"--attacks", "LIST", "attacks by name, separated by commas; all unless given; read-file is always there"},
    {"--at", "LIST", "places by name, separated by commas; all unless given"},
    {"--size", "SIZE", "of the file, 1KiB to 1MiB; 40KiB unless given"},
    {"--credulous", NULL, "receivers ask no certificate who vouches for it and whose it is: to see what that leads to"},
    {"--places", NULL, "a row a trial for people too, with what was said by whoever refused"},
    COMMAND_OPTION_SET,
    {"-j", "N", "threads; as many as there are processors unless given"},
    COMMAND_OPTION_JSON,
    COMMAND_OPTION_CSV,
    {"-o", "FOLDER", "write a results folder: threats.csv, inputs, the matrix drawn, report.html; it must not exist"},
    {.name = NULL},
};

const struct command command_threats = {
    .name = "threats",
    .arguments = "SCENARIO",
    .arguments_least = 1,
    .arguments_most = 1,
    .help = "Attack the transfer at every link and node, and say who can read and who can change it unnoticed",
    .options = options,
    .notes = "A cell: at how many places the attack does harm that nobody notices (\"3!\"); else \"noticed\", where\n"
             "somebody refuses or nothing arrives; \"no harm\", where nobody minds and the file arrives as it was;\n"
             "\"n/a\", where the attacker finds no way. An arm with +sha-1 has file.hash = sha-1. swap-path\n"
             "is of MSRP alone. --csv:\n"
             "arm,attack,place,read,verdict,delivered, a row a trial.\n",
    .run = run_threats,
};
