/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay.c - a captured session once more in the simulator: its messages at the captured instants, as far as what sets
 * them off is there by then. What was simulated is read back from a capture of the trial by the same eyes that read the
 * captured one.
 */
#include "bench/cli/replay.h"
#include "bench/cli/drawing.h"
#include "bench/cli/replay_paper.h"
#include "bench/cli/scratch.h"
#include "sim/base/units.h"
#include "sim/sec/cms.h"
#include "traces/capture.h"
#include "traces/esp_keys.h"
#include "traces/keylog.h"
#include "traces/pcapng.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define GOOD_NS US /* a difference that is none */
#define TRIAL_MEMORY ((size_t)4 << 30)
enum { TABLE_MEMORY = 1 << 30, GIVEN_MAX = 64, OUTPUT_SIZE = 64 << 20, EVENTS_MAX = 1000000000 };

static const char scenario_text[] = "[scenario]\nname = replay\n";

static enum err read_given(const struct command_line *line, struct flow_given *given, size_t *count, struct note *note)
{
    *count = 0;
    for (size_t i = 0; i < line->option_count; i++) {
        if (strcmp(line->options[i].option->name, "--role") != 0)
            continue;
        if (*count == GIVEN_MAX)
            return note_set(note, ERR_RANGE, "--role: at most %d of them", GIVEN_MAX);
        TRY(flow_parse_given(span_of(line->options[i].value), &given[(*count)++], note));
    }
    return ERR_OK;
}

/* Keys of TLS and ESP that the user has, beside those that captures bring along. */
static enum err read_keys(const struct command_line *line, struct trace *trace, struct note *note)
{
    for (size_t i = 0; i < line->option_count; i++) {
        const struct command_given *given = &line->options[i];

        if (strcmp(given->option->name, "--keylog") == 0)
            TRY(keylog_read(trace->keylog, given->value, note));
        else if (strcmp(given->option->name, "--esp-sa") == 0)
            TRY(esp_keys_read(trace->esp_keys, given->value, note));
    }
    return ERR_OK;
}

/* What to read, and which session of it. */
struct wanted {
    const char *path;
    const struct command_line *line; /* NULL: a capture of our own */
    const struct flow_given *given;
    size_t given_count;
    uint64_t number;
};

/* A capture that is damaged is used as far as it goes. */
static enum err read_capture(struct replay_source *source, const struct wanted *wanted, struct note *note)
{
    const char *path = wanted->path;

    const struct trace_config config = {.opens_esp = !wanted->line || !command_option(wanted->line, "--no-esp"),
                                        .keeps_text = true};

    TRY(trace_init(&source->trace, &config, note));
    if (wanted->line)
        TRY(read_keys(wanted->line, &source->trace, note));
    enum err error = trace_read(&source->trace, path, note);

    if (error == ERR_SYNTAX && source->trace.counts.packets.frames > 0) {
        fprintf(stderr, "hopsim: %s: %s; what came before is used\n", path, note->text);
        *note = (struct note){{0}};
    } else if (error != ERR_OK) {
        return error;
    }
    TRY(flow_init(&source->flow, &source->trace, wanted->given, wanted->given_count, note));
    struct note why = {{0}};

    error = session_init(&source->session, &source->flow, wanted->number, &why);
    return error == ERR_OK ? ERR_OK : note_set(note, error, "%s: %s", path, why.text);
}

static void free_source(struct replay_source *source)
{
    session_free(&source->session);
    flow_free(&source->flow);
    trace_free(&source->trace);
}

/* ---- The trial that repeats the session ---- */

static enum err apply_settings(struct replay_run *run, struct note *note)
{
    TRY(scenario_file_parse(SPAN(scenario_text), "replay", &run->setup.file, note));
    for (size_t i = 0; i < run->replay.setting_count; i++) {
        const struct replay_setting *setting = &run->replay.settings[i];
        char text[256];
        struct sink sink = SINK(text);

        sink_format(&sink, "%s=%s", setting->key, setting->value);
        TRY(scenario_file_set(&run->setup.file, sink_written(&sink), note));
    }
    return ERR_OK;
}

/* Everything that a node does with a message is in what the schedule says of it. */
static void take_no_time(struct setup *setup)
{
    setup->dwells = (struct dwell_table){.name = "replayed", .count = DWELL_ROLE_COUNT};
    for (int role = 0; role < DWELL_ROLE_COUNT; role++)
        setup->dwells.rows[role] = (struct dwell_row){.role = (enum dwell_role)role,
                                                      .kind = "*",
                                                      .min_ns = NONE_NS,
                                                      .p95_ns = NONE_NS,
                                                      .max_ns = NONE_NS,
                                                      .work_ns = NONE_NS,
                                                      .source = "the capture's own sequence"};
    for (int i = 0; i < COST_OPERATION_COUNT; i++)
        setup->costs.costs[i] = (struct cost){.is_known = true};
}

static enum err run_trial(struct replay_run *run, const char *path, struct note *note)
{
    const struct capture_config config = {.all_path = path, .comment = "replay", .epoch_ns = PCAPNG_EPOCH_NS};
    enum party_kind kind = cms_party_kind((enum cms_suite)run->setup.file.scenario.suite);
    const struct party_set_config parties = {.server_names = sim_server_names, .with_rsa = kind == PARTY_RSA};
    struct party_set set = {0};
    struct capture_set *captures = NULL;

    TRY(party_set_init(&set, &parties, note));
    enum err error = capture_open(&captures, &config, note);

    if (error == ERR_OK) {
        struct sim_tap tap = {
            .context = captures, .wants_bytes = true, .packet = capture_packet, .secret = capture_secret};
        struct trial trial = setup_trial(&run->setup, run->replay.arm, 0);

        trial.schedule = &run->replay.schedule;
        trial.tap = &tap;
        trial.parties = &set;
        trial.events_max = EVENTS_MAX;
        error = sim_run(&trial, run->trial_arena, &run->outcome, note);
        if (error == ERR_OK)
            error = capture_close(captures, note);
        else
            capture_discard(captures);
    }
    party_set_free(&set);
    return error;
}

/* The trial's packets go through a file of their own. */
static enum err simulate(struct replay_run *run, struct note *note)
{
    struct scratch scratch = {""};
    char path[OUTFILE_PATH_SIZE];

    TRY(scratch_make(&scratch, "replay", note));
    scratch_path(&scratch, "trial.pcapng", path);
    enum err error = run_trial(run, path, note);

    if (error == ERR_OK)
        error = read_capture(&run->simulated, &(struct wanted){.path = path}, note);
    scratch_remove(&scratch);
    return error;
}

static enum err repeat_with(struct replay_run *run, enum replay_links links, struct note *note)
{
    replay_match_free(&run->match);
    replay_free(&run->replay);
    free_source(&run->simulated);
    setup_close(&run->setup);
    TRY(replay_init(&run->replay, &run->captured.session, links, note));
    TRY(apply_settings(run, note));
    TRY(setup_open(&run->setup, note));
    take_no_time(&run->setup);
    TRY(simulate(run, note));
    return replay_match(&run->match, &run->replay, &run->simulated.session, PCAPNG_EPOCH_NS, note);
}

/* Estimated links that are longer than the real ones make messages late: then less of the estimate is used, and what is
 * set aside stays in the dwells. */
static enum err repeat(struct replay_run *run, struct note *note)
{
    enum replay_links best = REPLAY_LINKS_FULL;
    int64_t worst_ns = INT64_MAX;

    for (int links = REPLAY_LINKS_FULL; links < REPLAY_LINKS; links++) {
        TRY(repeat_with(run, (enum replay_links)links, note));
        if (run->match.worst_ns <= GOOD_NS)
            return ERR_OK;
        if (run->match.worst_ns < worst_ns) {
            worst_ns = run->match.worst_ns;
            best = (enum replay_links)links;
        }
    }
    return best == REPLAY_LINKS_NONE ? ERR_OK : repeat_with(run, best, note);
}

static enum err check_options(const struct command_line *line, struct note *note)
{
    const struct command_given *name = command_option(line, "--table");
    char known[256];
    struct sink sink = SINK(known);

    for (const struct replay_table *table = replay_tables; table->name; table++)
        sink_format(&sink, "%s%s", table == replay_tables ? "" : ", ", table->name);
    if (name && !replay_find_table(name->value))
        return note_set(note, ERR_UNKNOWN, "--table %s: expected one of %s", name->value, sink_string(&sink));
    return ERR_OK;
}

/* Other names in what was captured, once everything is worked out of it. */
static enum err anonymise(struct replay_run *run, struct note *note)
{
    if (!command_option(run->line, "--anonymise"))
        return ERR_OK;
    run->anonymiser = anonymiser_create();
    if (!run->anonymiser)
        return note_set(note, ERR_FULL, "no memory for other names");
    return anonymise_flow(run->anonymiser, &run->captured.flow, note);
}

static enum err work_out(struct replay_run *run, struct note *note)
{
    struct flow_given given[GIVEN_MAX];
    size_t given_count;
    uint64_t number;

    TRY(check_options(run->line, note));
    TRY(command_number(run->line, "--session", 0, 1, UINT32_MAX, &number, note));
    TRY(read_given(run->line, given, &given_count, note));
    run->trial_arena = arena_create(TRIAL_MEMORY);
    run->table_arena = arena_create(TABLE_MEMORY);
    if (!run->trial_arena || !run->table_arena)
        return note_set(note, ERR_FULL, "no memory for a trial");
    const struct wanted wanted = {run->line->arguments[0], run->line, given, given_count, number};

    TRY(read_capture(&run->captured, &wanted, note));
    TRY(repeat(run, note));
    run->has_what_if = what_if_is_wanted(run->line);
    if (run->has_what_if)
        TRY(what_if_run(&run->what_if, &run->captured.session, run->line, run->trial_arena, note));
    return anonymise(run, note);
}

/* The session as captured and as simulated, side by side. */
static enum err save_ladder(const struct replay_run *run, struct note *note)
{
    const struct command_given *path = command_option(run->line, "--ladder-svg");
    const struct replay_source *sources[] = {&run->captured, &run->simulated};
    static const char *const titles[] = {"captured", "simulated"};
    struct scratch scratch = {""};
    struct flow_drawing drawings[2];
    char folders[2][OUTFILE_PATH_SIZE], paths[2][OUTFILE_PATH_SIZE];
    enum err error = ERR_OK;

    if (!path)
        return ERR_OK;
    TRY(scratch_make(&scratch, "flow", note));
    for (int i = 0; i < 2 && error == ERR_OK; i++) {
        struct sink csv = SINK(paths[i]);

        if (mkdir(scratch_path(&scratch, titles[i], folders[i]), 0700) != 0)
            error = note_set(note, ERR_FILE, "%s: %s", folders[i], strerror(errno));
        else
            error = drawing_save_session(&sources[i]->session, folders[i], note);
        sink_format(&csv, "%s/messages.csv", folders[i]);
        drawings[i] = (struct flow_drawing){.csv = sink_string(&csv),
                                            .title = titles[i],
                                            .from_ns = flow_first_ns(&sources[i]->flow, sources[i]->session.opening)};
    }
    if (error == ERR_OK)
        error = drawing_save(drawings, 2, path->value, note);
    scratch_remove(&scratch);
    return error;
}

/* ---- Printing ---- */

static enum status print(struct replay_run *run)
{
    const struct command_given *name = command_option(run->line, "--table");
    struct note note = {{0}};

    if (command_option(run->line, "--csv") || command_option(run->line, "--json")) {
        struct table table;

        table_init(&table, run->table_arena);
        replay_find_table(name ? name->value : "messages")->fill(run, &table);
        return command_print_table(run->line, &table);
    }
    struct sink sink = {.data = malloc(OUTPUT_SIZE), .capacity = OUTPUT_SIZE};
    enum status status = STATUS_FAULT;

    if (!sink.data)
        return command_fail(note_set(&note, ERR_FULL, "no memory for the tables"), &note);
    replay_write(run, &sink);
    if (sink.overflow)
        status = command_fail(
            note_set(&note, ERR_FULL, "the table is too long to be told; --csv has no limit of lines"), &note);
    else
        status = command_print(sink_written(&sink));
    free(sink.data);
    return status;
}

static enum status run_replay(const struct command_line *line)
{
    if (replay_paper_is(line->arguments[0]))
        return replay_paper_run(line);

    struct replay_run *run = calloc(1, sizeof(*run));
    struct note note = {{0}};

    if (!run)
        return command_fail(note_set(&note, ERR_FULL, "no memory"), &note);
    run->line = line;
    enum err error = work_out(run, &note);

    if (error == ERR_OK)
        error = save_ladder(run, &note);
    enum status status = error == ERR_OK ? print(run) : command_fail(error, &note);

    if (run->has_what_if)
        what_if_free(&run->what_if);
    replay_match_free(&run->match);
    replay_free(&run->replay);
    free_source(&run->simulated);
    free_source(&run->captured);
    setup_close(&run->setup);
    anonymiser_free(run->anonymiser);
    if (run->trial_arena)
        arena_destroy(run->trial_arena);
    if (run->table_arena)
        arena_destroy(run->table_arena);
    free(run);
    return status;
}

static const struct command_option options[] = {
    {"--arm", "ARM", "what if the file went by this arm, in the network and with the dwells that the capture tells of"},
    COMMAND_OPTION_SET,
    COMMAND_OPTION_FILE,
    {"--save", "DIR", "write that network as a scenario and its dwells as a table, for run, compare and sweep"},
    {"--session", "N", "which call of the capture, counting from 1; the first one that was answered unless given"},
    {"--role", "ADDRESS:PORT=ROLE",
     "what a node is: ue, p-cscf, i-cscf, s-cscf, hss, as, b2bua, proxy, registrar, relay"},
    {"--keylog", "FILE", "TLS secrets as in SSLKEYLOGFILE, beside those that the capture brings along"},
    {"--esp-sa", "FILE", "ESP security associations, a line each as in Wireshark's esp_sa and in run's --keys"},
    {"--no-esp", NULL, "leave ESP alone; unless given, ESP without encryption is opened by its form"},
    {"--anonymise", NULL, "other names for the nodes' addresses and whatever else the capture names"},
    {"--ladder-svg", "FILE", "draw both call flows side by side, as captured and as simulated"},
    {"--table", "NAME", "messages, settings, rest or what-if alone; messages for --csv and --json unless given"},
    COMMAND_OPTION_JSON,
    COMMAND_OPTION_CSV,
    {.name = NULL},
};

const struct command command_replay = {
    .name = "replay",
    .arguments = "CAPTURE",
    .arguments_least = 1,
    .arguments_most = 1,
    .help = "Repeat a captured session in the simulator: each message captured, simulated, difference",
    .options = options,
    .run = run_replay,
};
