/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run.c - one trial of one arm: what it gave, where the delay went, who said what; captures and the event log. */
#include "bench/cli/run_report.h"
#include "plots/waterfall.h"
#include "sim/base/nearest.h"
#include "traces/capture.h"
#include "traces/eventlog.h"
#include "traces/pcapng.h"
#include "traces/tap.h"

#include <stdlib.h>

#define TRIAL_MEMORY ((size_t)4 << 30)
enum { TABLE_MEMORY = 1 << 20, REPORT_SIZE = LADDER_TEXT_SIZE + WATERFALL_TEXT_SIZE + (1 << 14) };

/* What a run holds on to; run_free gives it back whole. */
struct run {
    const struct command_line *line;
    struct setup setup;
    const struct arm *arm;
    uint64_t number;
    bool is_for_people;

    struct arena *trial_arena, *table_arena;
    struct run_messages messages;
    struct capture_set *captures;
    struct outfile log;
    struct tap_chain taps;
};

static enum err unknown_arm(const char *name, struct note *note)
{
    struct nearest nearest = nearest_to(span_of(name));
    char known[512];
    struct sink sink = SINK(known);

    for (const struct arm *arm = arms; arm->name; arm++) {
        nearest_try(&nearest, arm->name);
        sink_format(&sink, "%s%s", arm == arms ? "" : ", ", arm->name);
    }
    return note_set(note, ERR_UNKNOWN, "--arm %s: %s%s%sexpected one of %s", name, nearest.best ? "did you mean " : "",
                    nearest.best ? nearest.best : "", nearest.best ? "? " : "", sink_string(&sink));
}

/* Everything the command line names, read. */
static enum err read_inputs(struct run *run, struct note *note)
{
    const struct command_line *line = run->line;
    const struct command_given *arm = command_option(line, "--arm");

    run->arm = arm_find(span_of(arm ? arm->value : "msrp-smime"));
    if (!run->arm)
        return unknown_arm(arm->value, note);
    TRY(command_number(line, "--trial", 0, 0, UINT32_MAX, &run->number, note));
    TRY(scenario_file_read(span_of(line->arguments[0]), &run->setup.file, note));
    for (size_t i = 0; i < line->option_count; i++)
        if (strcmp(line->options[i].option->name, "--set") == 0)
            TRY(scenario_file_set(&run->setup.file, span_of(line->options[i].value), note));
    run->is_for_people = !command_option(line, "--csv") && !command_option(line, "--json");
    return setup_open(&run->setup, note);
}

static enum err open_memory(struct run *run, struct note *note)
{
    run->trial_arena = arena_create(TRIAL_MEMORY);
    run->table_arena = arena_create(TABLE_MEMORY);
    if (!run->trial_arena || !run->table_arena)
        return note_set(note, ERR_FULL, "no memory for a trial");
    if (run->is_for_people && !run_messages_init(&run->messages))
        return note_set(note, ERR_FULL, "no memory for the ladder");
    return ERR_OK;
}

/* Opens what watches the trial: captures, event log, ladder. */
static enum err open_taps(struct run *run, struct note *note)
{
    const struct command_given *all = command_option(run->line, "--pcap");
    const struct command_given *host = command_option(run->line, "--pcap-at");
    const struct command_given *links = command_option(run->line, "--pcap-links");
    const struct command_given *log = command_option(run->line, "--log");

    if (all || host || links) {
        const struct capture_config config = {
            .all_path = all ? all->value : NULL,
            .host = host ? host->value : NULL,
            .host_path = host ? host->second : NULL,
            .links_folder = links ? links->value : NULL,
            .comment = run->arm->name,
            .epoch_ns = PCAPNG_EPOCH_NS,
        };

        TRY(capture_open(&run->captures, &config, note));
        tap_chain_add(&run->taps, &(struct sim_tap){.context = run->captures,
                                                    .wants_bytes = true,
                                                    .packet = capture_packet,
                                                    .secret = capture_secret});
    }
    if (log) {
        TRY(eventlog_open(&run->log, log->value, note));
        tap_chain_add(&run->taps, &(struct sim_tap){.context = &run->log, .event = eventlog_add});
    }
    if (run->is_for_people)
        tap_chain_add(&run->taps, &(struct sim_tap){.context = &run->messages, .message = run_messages_add});
    return ERR_OK;
}

/* Names what was written; the failure of one file does not leave the other half done. */
static enum err close_taps(struct run *run, struct note *note)
{
    if (run->captures) {
        struct capture_set *captures = run->captures;

        run->captures = NULL;
        TRY(capture_close(captures, note));
    }
    if (run->log.stream)
        TRY(outfile_close(&run->log, note));
    return ERR_OK;
}

static void run_free(struct run *run)
{
    if (run->captures)
        capture_discard(run->captures);
    outfile_discard(&run->log);
    if (run->messages.arena)
        arena_destroy(run->messages.arena);
    if (run->table_arena)
        arena_destroy(run->table_arena);
    if (run->trial_arena)
        arena_destroy(run->trial_arena);
    setup_close(&run->setup);
    free(run);
}

static enum status print_report(struct run *run, const struct trial *trial, const struct outcome *outcome)
{
    struct sink sink = {.data = malloc(REPORT_SIZE), .capacity = REPORT_SIZE};
    struct note note = {{0}};
    enum status status = STATUS_FAULT;

    if (sink.data && run_report(trial, outcome, &run->messages, command_terminal(), run->table_arena, &sink) == ERR_OK)
        status = command_print(sink_written(&sink));
    else
        (void)command_fail(note_set(&note, ERR_FULL, "no memory for the report"), &note);
    free(sink.data);
    return status;
}

static enum status print(struct run *run, const struct trial *trial, const struct outcome *outcome)
{
    struct table table;

    if (run->is_for_people)
        return print_report(run, trial, outcome);
    table_init(&table, run->table_arena);
    run_table(trial, outcome, &table);
    return command_print_table(run->line, &table);
}

static enum err simulate(struct run *run, struct trial *trial, struct outcome *outcome, struct note *note)
{
    TRY(read_inputs(run, note));
    TRY(open_memory(run, note));
    TRY(open_taps(run, note));
    struct sim_tap tap = tap_chain_tap(&run->taps);

    *trial = setup_trial(&run->setup, run->arm, run->number);
    trial->tap = run->taps.count > 0 ? &tap : NULL;
    TRY(sim_run(trial, run->trial_arena, outcome, note));
    trial->tap = NULL;
    return close_taps(run, note);
}

static enum status run_run(const struct command_line *line)
{
    struct run *run = calloc(1, sizeof(*run));
    struct note note = {{0}};
    struct outcome outcome;
    struct trial trial;

    if (!run)
        return command_fail(note_set(&note, ERR_FULL, "no memory"), &note);
    run->line = line;
    enum err error = simulate(run, &trial, &outcome, &note);
    enum status status = error == ERR_OK ? print(run, &trial, &outcome) : command_fail(error, &note);

    run_free(run);
    if (status == STATUS_DONE && outcome.end != OUTCOME_DELIVERED)
        return STATUS_NO;
    return status;
}

static const struct command_option options[] = {
    {"--arm", "ARM", "the way to carry the file (hopsim list arms); msrp-smime unless given"},
    COMMAND_OPTION_SET,
    {"--trial", "N", "the trial's number: what is random differs between trials; 0 unless given"},
    COMMAND_OPTION_JSON,
    COMMAND_OPTION_CSV,
    {"--log", "FILE", "write the event log, a line an event"},
    {"--pcap", "FILE", "write a capture: each packet once, as first sent"},
    {"--pcap-at", "HOST FILE", "write a capture of what a tap at that host would show"},
    {"--pcap-links", "DIR", "write a capture of each link into a new folder"},
    {.name = NULL},
};

const struct command command_run = {
    .name = "run",
    .arguments = "SCENARIO",
    .arguments_least = 1,
    .arguments_most = 1,
    .help = "Run one trial of one arm: its result, where the delay went, who said what",
    .options = options,
    .run = run_run,
};
