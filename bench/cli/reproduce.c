/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reproduce.c - the paper's scenario from the packets of its figures to the answer: one results folder. */
#include "bench/cli/figures.h"
#include "bench/cli/flows.h"
#include "bench/cli/reproduce_paper.h"
#include "sim/sec/cms.h"
#include "traces/capture.h"
#include "traces/pcapng.h"
#include "traces/tap.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <stdlib.h>

enum {
    TRIALS_STANDARD = 100,
    TABLE_MEMORY = 64 << 20,
    REPORT_SIZE = 4 * HEADLINE_TEXT_SIZE,
    SIZE_LEAST = KIB,
    SIZE_MOST = 16 * MIB
};

/* The comparisons: scenario and number of relays. The first random one is what the figures show. */
enum { EXACT, PAPER, PAPER_FEWER, HEADLINES };
static const struct {
    const char *scenario;
    uint64_t relays; /* 0: the scenario's own */
} headline_rows[HEADLINES] = {{"paper-exact", 0}, {"paper", 0}, {"paper", 2}};

struct reproduce {
    const struct command_line *line;
    struct results results;
    struct headline_plan plan;
    struct setup setups[HEADLINES];
    bool is_open[HEADLINES];
    struct headline headlines[HEADLINES];
    struct party_set parties;
    struct arena *arena, *trial_arena;
    struct reproduce_watch watch;
    struct figures_sizes sizes;
    struct sink report;
};

/* ---- The paper's packets ---- */

/* One trial with real bytes: its frames into the watch, its packets into a capture; either may be left out. */
static enum err run_watched(struct reproduce *reproduce, const char *arm, bool is_watched, struct note *note)
{
    struct trial trial = setup_trial(&reproduce->setups[EXACT], arm_find(span_of(arm)), 0);
    struct tap_chain taps = {.count = 0};
    struct capture_set *captures = NULL;
    char name[64], path[OUTFILE_PATH_SIZE];
    struct sink sink = SINK(name);
    struct outcome outcome;

    sink_format(&sink, "captures/%s.pcapng", arm);
    results_path(&reproduce->results, sink_string(&sink), path, sizeof(path));
    if (strcmp(arm, "msrp-plain") != 0) {
        const struct capture_config config = {.all_path = path, .comment = arm, .epoch_ns = PCAPNG_EPOCH_NS};

        TRY(capture_open(&captures, &config, note));
        tap_chain_add(
            &taps, &(struct sim_tap){
                       .context = captures, .wants_bytes = true, .packet = capture_packet, .secret = capture_secret});
    }
    if (is_watched)
        tap_chain_add(&taps, &(struct sim_tap){
                                 .context = &reproduce->watch, .wants_bytes = true, .packet = reproduce_watch_packet});
    struct sim_tap tap = tap_chain_tap(&taps);

    trial.tap = &tap;
    trial.parties = &reproduce->parties;
    enum err error = sim_run(&trial, reproduce->trial_arena, &outcome, note);

    if (captures && error == ERR_OK)
        return capture_close(captures, note);
    if (captures)
        capture_discard(captures);
    return error;
}

static void write_facts(struct sink *report, int64_t plain_bytes, int64_t sealed_bytes)
{
    static const char *const suites[CMS_SUITE_COUNT] = {"rfc8591", "rfc4975-rsa", "2013-3des"};

    sink_text(report,
              "Beside these numbers:\n"
              "- The paper's tables of delays are lost; nothing here is fitted to them or called its result.\n"
              "- The split of the core's time over the CSCFs and all dwells that no frame shows are assumed.\n");
    sink_format(report,
                "- The SEND of the paper's S/MIME run is %lld B longer than that of its plain run (%lld against %lld). "
                "Whether\n  both carry the same file cannot be seen.\n",
                (long long)(sealed_bytes - plain_bytes), (long long)sealed_bytes, (long long)plain_bytes);
    sink_text(report, "- What sealing adds to an empty file:");
    for (int suite = 0; suite < CMS_SUITE_COUNT; suite++)
        sink_format(report, " %s %llu B with the signer's certificate, %llu B without;", suites[suite],
                    (unsigned long long)cms_sealed_size((enum cms_suite)suite, true, 0),
                    (unsigned long long)cms_sealed_size((enum cms_suite)suite, false, 0));
    report->size--;
    sink_text(report, ".\n\n");
}

static enum err compare_packets(struct reproduce *reproduce, struct note *note)
{
    const struct party_set_config config = {.server_names = sim_server_names, .with_rsa = true};
    char csv[32 * 1024];
    struct sink csv_sink = SINK(csv);
    struct table table;
    int64_t plain_bytes, sealed_bytes;

    TRY(party_set_init(&reproduce->parties, &config, note));
    TRY(results_folder(&reproduce->results, "captures", note));
    reproduce->watch.overhead_bytes = reproduce->setups[EXACT].file.scenario.access.overhead_bytes;
    reproduce->watch.lan = reproduce->setups[EXACT].file.scenario.access;
    reproduce->watch.run = REPRODUCE_PLAIN;
    TRY(run_watched(reproduce, "msrp-plain", true, note));
    reproduce->watch.run = REPRODUCE_SEALED;
    reproduce->watch.copied_ns = 0;
    TRY(run_watched(reproduce, "msrp-smime", true, note));
    TRY(run_watched(reproduce, "message-tls", false, note));
    TRY(reproduce_table(&reproduce->watch, &table, reproduce->arena, note));
    TRY(reproduce_send_bytes(&plain_bytes, &sealed_bytes, note));
    sink_text(&reproduce->report, "What can be read of the paper's figures, and one trial of msrp-plain and msrp-smime "
                                  "(paper-exact).\nFrames count from when a tap at UE-A would see them. 'input' was "
                                  "put into the scenario from the figure.\n\n");
    table_write_text(&table, 0, &reproduce->report);
    sink_char(&reproduce->report, '\n');
    write_facts(&reproduce->report, plain_bytes, sealed_bytes);
    table_write_csv(&table, &csv_sink);
    check(!csv_sink.overflow);
    return results_save(&reproduce->results, "paper.csv", sink_written(&csv_sink), note);
}

/* ---- The comparisons ---- */

static enum err save_rows(struct reproduce *reproduce, struct note *note)
{
    struct outfile trials = {0}, summary = {0};
    enum err error = results_open(&reproduce->results, "trials.csv", &trials, note);

    if (error == ERR_OK)
        error = results_open(&reproduce->results, "summary.csv", &summary, note);
    if (error == ERR_OK) {
        headline_write_heads(&trials, &summary);
        for (size_t i = 0; i < HEADLINES; i++)
            headline_write_rows(&reproduce->headlines[i], &trials, &summary);
        error = outfile_close(&trials, note);
    }
    if (error == ERR_OK)
        error = outfile_close(&summary, note);
    outfile_discard(&trials);
    outfile_discard(&summary);
    return error;
}

static enum err compare_arms(struct reproduce *reproduce, struct note *note)
{
    struct command_terminal terminal = command_terminal();

    for (size_t i = 0; i < HEADLINES; i++) {
        TRY(headline_run(&reproduce->headlines[i], &reproduce->setups[i], &reproduce->plan, note));
        headline_write(&reproduce->headlines[i], &terminal, reproduce->arena, &reproduce->report);
    }
    return save_rows(reproduce, note);
}

static enum err compare_sizes(struct reproduce *reproduce, struct note *note)
{
    struct setup *setup = &reproduce->setups[PAPER];

    TRY(figures_run_sizes(&reproduce->sizes, setup, &reproduce->plan, SIZE_LEAST, SIZE_MOST, note));
    sink_text(&reproduce->report, "By the size of the file (paper, warm connections):\n");
    figures_write_crossings(&reproduce->sizes, &reproduce->report);
    return figures_save_sizes(&reproduce->results, setup, &reproduce->sizes, note);
}

/* ---- The whole ---- */

static enum err open_setups(struct reproduce *reproduce, struct note *note)
{
    for (size_t i = 0; i < HEADLINES; i++) {
        struct setup *setup = &reproduce->setups[i];

        TRY(scenario_file_read(span_of(headline_rows[i].scenario), &setup->file, note));
        if (headline_rows[i].relays > 0)
            setup->file.scenario.relays = headline_rows[i].relays;
        TRY(setup_open(setup, note));
        reproduce->is_open[i] = true;
    }
    return ERR_OK;
}

static enum err open_memory(struct reproduce *reproduce, struct note *note)
{
    reproduce->arena = arena_create(TABLE_MEMORY);
    reproduce->trial_arena = arena_create(HEADLINE_MEMORY);
    reproduce->report = (struct sink){.data = malloc(REPORT_SIZE), .capacity = REPORT_SIZE};
    if (!reproduce->arena || !reproduce->trial_arena || !reproduce->report.data)
        return note_set(note, ERR_FULL, "no memory for the report");
    return ERR_OK;
}

static enum err compute(struct reproduce *reproduce, struct note *note)
{
    const struct command_given *folder = command_option(reproduce->line, "-o");
    struct results *results = &reproduce->results;

    TRY(headline_read_plan(&reproduce->plan, reproduce->line, TRIALS_STANDARD, note));
    TRY(open_memory(reproduce, note));
    TRY(open_setups(reproduce, note));
    TRY(results_create(results, folder ? folder->value : NULL, "reproduce", note));
    TRY(results_save_inputs(results, &reproduce->setups[EXACT], "paper-exact", note));
    TRY(results_save_inputs(results, &reproduce->setups[PAPER], "paper", note));
    TRY(compare_packets(reproduce, note));
    TRY(compare_arms(reproduce, note));
    TRY(compare_sizes(reproduce, note));
    if (reproduce->report.overflow)
        return note_set(note, ERR_FULL, "the report is too long to be told");
    TRY(results_save(results, "report.txt", sink_written(&reproduce->report), note));
    TRY(flows_save(results, &reproduce->setups[PAPER], &reproduce->plan, note));
    TRY(headline_save_manifest(results, reproduce->line, reproduce->setups[PAPER].file.scenario.seed, note));
    TRY(figures_draw(results->path, NULL, note));
    TRY(flows_save_page(results, note));
    sink_format(&reproduce->report, "\npage: %s/report.html\nresults: %s\n", results->path, results->path);
    return ERR_OK;
}

static void reproduce_free(struct reproduce *reproduce)
{
    for (size_t i = 0; i < HEADLINES; i++) {
        headline_free(&reproduce->headlines[i]);
        if (reproduce->is_open[i])
            setup_close(&reproduce->setups[i]);
    }
    party_set_free(&reproduce->parties);
    if (reproduce->arena)
        arena_destroy(reproduce->arena);
    if (reproduce->trial_arena)
        arena_destroy(reproduce->trial_arena);
    free(reproduce->report.data);
    free(reproduce);
}

static enum status run_reproduce(const struct command_line *line)
{
    struct reproduce *reproduce = calloc(1, sizeof(*reproduce));
    struct note note = {{0}};

    if (!reproduce)
        return command_fail(note_set(&note, ERR_FULL, "no memory"), &note);
    reproduce->line = line;
    enum err error = compute(reproduce, &note);
    enum status status = error == ERR_OK ? command_print(sink_written(&reproduce->report)) : command_fail(error, &note);

    reproduce_free(reproduce);
    return status;
}

static const struct command_option options[] = {
    {"--trials", "N", "trials an arm; 100 unless given"},
    {"-j", "N", "threads; as many as there are processors unless given"},
    {"-o", "FOLDER", "where results go; results/reproduce-DATE-TIME unless given; it must not exist"},
    {.name = NULL},
};

const struct command command_reproduce = {
    .name = "reproduce",
    .arguments = "",
    .help = "Run the paper's scenario: its figures beside the simulation, every arm compared, captures and figures",
    .options = options,
    .run = run_reproduce,
};
