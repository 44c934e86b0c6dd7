/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run.c - one trial of one arm: what it gave, where the delay went, who said what; captures and the event log. */
#include "bench/cli/run_report.h"
#include "bench/harness/keys.h"
#include "sim/ims/ipsec.h"
#include "bench/cli/drawing.h"
#include "bench/cli/scratch.h"
#include "plots/waterfall.h"
#include "sim/sec/cms.h"
#include "sim/base/units.h"
#include "traces/capture.h"
#include "traces/eventlog.h"
#include "traces/messages.h"
#include "traces/pcapng.h"
#include "traces/tap.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TRIAL_MEMORY ((size_t)4 << 30)
enum { TABLE_MEMORY = 1 << 20, REPORT_SIZE = LADDER_TEXT_SIZE + WATERFALL_TEXT_SIZE + (1 << 14) };

/* What a run holds on to; run_free gives it back whole. */
struct run {
    const struct command_line *line;
    struct setup setup;
    const struct arm *arm;
    uint64_t number;
    int packet_fault, message_fault; /* enum sim_fault */
    uint64_t fault_packet, fault_message;
    bool is_for_people;

    struct arena *trial_arena, *table_arena;
    struct run_messages messages;
    struct party_set parties; /* of zeros unless bytes are wanted */
    struct capture_set *captures;
    struct messages message_files;
    struct scratch scratch; /* holds them where they are for the ladder only */
    struct outfile log;
    struct outfile associations; /* keys of ESP */
    struct tap_chain taps;
};

/* Options that name the accident of one packet or one message, by enum sim_fault. */
static const char *const packet_faults[] = {NULL, "--lose", "--hold", "--duplicate"};
static const char *const message_faults[] = {NULL, "--lose-message", "--hold-message", "--duplicate-message"};

static enum err read_fault(const struct command_line *line, const char *const *options, int *fault, uint64_t *number,
                           struct note *note)
{
    for (int i = SIM_FAULT_LOSE; i <= SIM_FAULT_DUPLICATE; i++) {
        uint64_t given;

        TRY(command_number(line, options[i], 0, 1, UINT32_MAX, &given, note));
        if (given == 0)
            continue;
        if (*fault != SIM_FAULT_NONE)
            return note_set(note, ERR_RANGE, "%s and %s: expected one of them", options[*fault], options[i]);
        *fault = i;
        *number = given;
    }
    return ERR_OK;
}

/* Everything the command line names, read. */
static enum err read_inputs(struct run *run, struct note *note)
{
    const struct command_line *line = run->line;
    const struct command_given *arm = command_option(line, "--arm");

    TRY(command_arm(arm ? arm->value : "msrp-smime", &run->arm, note));
    TRY(command_number(line, "--trial", 0, 0, UINT32_MAX, &run->number, note));
    TRY(read_fault(line, packet_faults, &run->packet_fault, &run->fault_packet, note));
    TRY(read_fault(line, message_faults, &run->message_fault, &run->fault_message, note));
    TRY(command_scenario(line, &run->setup.file, note));
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

/* Real bytes need keys; they are made here, and saved where somebody wants to open what they sealed. */
static enum err open_parties(struct run *run, bool wants_bytes, struct note *note)
{
    const struct command_given *keys = command_option(run->line, "--keys");
    enum party_kind kind = cms_party_kind((enum cms_suite)run->setup.file.scenario.suite);
    const struct party_set_config config = {.alice = sim_alice_aor(&run->setup.file.scenario),
                                            .server_names = sim_server_names,
                                            .with_rsa = kind == PARTY_RSA,
                                            .bob_others = (uint32_t)run->setup.file.scenario.devices - 1};

    if (!wants_bytes && !keys)
        return ERR_OK;
    TRY(party_set_init(&run->parties, &config, note));
    return keys ? keys_save(&run->parties, kind, keys->value, note) : ERR_OK;
}

/* messages.csv and messages.txt in a folder, which is made where it is missing. */
static enum err open_message_files(struct run *run, const char *folder, bool wants_bytes, struct note *note)
{
    char csv_text[OUTFILE_PATH_SIZE], txt_text[OUTFILE_PATH_SIZE];
    struct sink csv = SINK(csv_text), txt = SINK(txt_text);

    sink_text(&csv, folder);
    sink_text(&csv, "/messages.csv");
    sink_text(&txt, folder);
    sink_text(&txt, "/messages.txt");
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return note_set(note, ERR_FILE, "%s: %s", folder, strerror(errno));
    TRY(messages_open(&run->message_files, sink_string(&csv), sink_string(&txt), note));
    tap_chain_add(&run->taps, &(struct sim_tap){
                                  .context = &run->message_files, .wants_bytes = wants_bytes, .message = messages_add});
    return ERR_OK;
}

/* Opens what watches the trial: captures, messages, event log, ladder. */
static enum err open_taps(struct run *run, struct note *note)
{
    const struct command_given *all = command_option(run->line, "--pcap");
    const struct command_given *host = command_option(run->line, "--pcap-at");
    const struct command_given *links = command_option(run->line, "--pcap-links");
    const struct command_given *messages = command_option(run->line, "--messages");
    const struct command_given *log = command_option(run->line, "--log");
    const struct command_given *keys = command_option(run->line, "--keys");

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
    if (messages) {
        TRY(open_message_files(run, messages->value, true, note));
    } else if (command_option(run->line, "--ladder-svg")) {
        TRY(scratch_make(&run->scratch, "flow", note));
        TRY(open_message_files(run, run->scratch.path, false, note));
    }
    if (log) {
        TRY(eventlog_open(&run->log, log->value, note));
        tap_chain_add(&run->taps, &(struct sim_tap){.context = &run->log, .event = eventlog_add});
    }
    if (keys && ipsec_is_used(&run->setup.file.scenario, run->arm)) {
        TRY(keys_open_associations(&run->associations, keys->value, note));
        tap_chain_add(&run->taps,
                      &(struct sim_tap){.context = &run->associations, .association = keys_add_association});
    }
    if (run->messages.arena)
        tap_chain_add(&run->taps, &(struct sim_tap){.context = &run->messages, .message = run_messages_add});
    return open_parties(run, tap_chain_tap(&run->taps).wants_bytes, note);
}

/* Names what was written; the failure of one file does not leave the other half done. */
static enum err close_taps(struct run *run, struct note *note)
{
    if (run->captures) {
        struct capture_set *captures = run->captures;

        run->captures = NULL;
        TRY(capture_close(captures, note));
    }
    if (run->message_files.table.stream)
        TRY(messages_close(&run->message_files, note));
    if (run->log.stream)
        TRY(outfile_close(&run->log, note));
    if (run->associations.stream)
        TRY(outfile_close(&run->associations, note));
    return ERR_OK;
}

static void run_free(struct run *run)
{
    if (run->captures)
        capture_discard(run->captures);
    messages_discard(&run->message_files);
    scratch_remove(&run->scratch);
    outfile_discard(&run->log);
    outfile_discard(&run->associations);
    party_set_free(&run->parties);
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

/* The ladder as a drawing, where it is asked for. */
static enum err save_ladder(const struct run *run, const struct trial *trial, const struct outcome *outcome,
                            struct note *note)
{
    const struct command_given *path = command_option(run->line, "--ladder-svg");
    const struct command_given *messages = command_option(run->line, "--messages");
    char csv[OUTFILE_PATH_SIZE], title[2 * FIELD_TEXT_SIZE];
    struct sink csv_sink = SINK(csv), title_sink = SINK(title);
    struct flow_drawing drawing = {.from_ns = outcome->pressed_ns, .part_count = PART_COUNT};

    if (!path)
        return ERR_OK;
    sink_format(&csv_sink, "%s/messages.csv", messages ? messages->value : run->scratch.path);
    run_title(trial, outcome, &title_sink);
    drawing.csv = sink_string(&csv_sink);
    drawing.title = sink_string(&title_sink);
    for (int i = 0; i < PART_COUNT; i++)
        drawing.parts[i] = (struct ladder_svg_part){.name = part_names[i], .ns = outcome->parts_ns[i]};
    return drawing_save(&drawing, 1, path->value, note);
}

static enum err simulate(struct run *run, struct trial *trial, struct outcome *outcome, struct note *note)
{
    TRY(read_inputs(run, note));
    TRY(open_memory(run, note));
    TRY(open_taps(run, note));
    struct sim_tap tap = tap_chain_tap(&run->taps);

    *trial = setup_trial(&run->setup, run->arm, run->number);
    trial->packet_fault = run->packet_fault;
    trial->fault_packet = run->fault_packet;
    trial->message_fault = run->message_fault;
    trial->fault_message = run->fault_message;
    trial->hold_ns = 10 * SECOND;
    trial->tap = run->taps.count > 0 ? &tap : NULL;
    trial->parties = &run->parties;
    TRY(sim_run(trial, run->trial_arena, outcome, note));
    trial->tap = NULL;
    TRY(close_taps(run, note));
    return save_ladder(run, trial, outcome, note);
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
    COMMAND_OPTION_FILE,
    COMMAND_OPTION_SET,
    {"--lose", "N", "lose the Nth packet that leaves its host after the press"},
    {"--hold", "N", "hold that packet for 10 s, and what follows it on its link behind it"},
    {"--duplicate", "N", "send that packet twice"},
    {"--lose-message", "N", "lose the Nth SIP message that is sent after the press, whatever carries it"},
    {"--hold-message", "N", "send that message 10 s later"},
    {"--duplicate-message", "N", "send that message twice"},
    {"--trial", "N", "the trial's number: what is random differs between trials; 0 unless given"},
    COMMAND_OPTION_JSON,
    COMMAND_OPTION_CSV,
    {"--messages", "DIR", "write messages.csv and messages.txt into a folder: who said what, and its text"},
    {"--ladder-svg", "FILE", "draw the call flow: messages to time, what nodes kept, the parts of the delay"},
    {"--keys", "DIR", "write the keys of this run into a folder (mode 0600), for opening what a capture shows"},
    {"--log", "FILE", "write the event log: a line a message sent or received"},
    {"--pcap", "FILE", "write a capture: each packet once, as first sent"},
    {"--pcap-at", "HOST FILE",
     "write what a tap shows at ue-a, p-cscf-a, hss-b, relay-1, core ...; ims when all share it"},
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
