/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/replay_what_if.h"
#include "bench/cli/cells.h"
#include "bench/cli/replay_rest.h"
#include "bench/harness/dwell_file.h"
#include "bench/harness/results.h"
#include "sim/base/units.h"

#include <stdlib.h>

#define STANDARD_DWELLS "kamailio-captures"

static const char scenario_text[] = "[scenario]\nname = captured\n";

bool what_if_is_wanted(const struct command_line *line)
{
    static const char *const names[] = {"--arm", "--set", "--file", "--save"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (command_option(line, names[i]))
            return true;
    return false;
}

/* ---- What was captured ---- */

static const struct session_step *find(const struct session *session, const char *kind, enum place from, enum place to,
                                       bool is_last)
{
    const struct session_step *found = NULL;

    for (size_t i = 0; i < session->step_count && (!found || is_last); i++) {
        const struct session_step *step = &session->steps[i];

        if (strcmp(step->kind, kind) == 0 && (from == PLACE_NONE || step->from == from) &&
            (to == PLACE_NONE || step->to == to))
            found = step;
    }
    return found;
}

static int64_t between(const struct replay *replay, const struct session_step *left, const struct session_step *came)
{
    return left && came ? replay_came_ns(replay, came) - replay_left_ns(replay, left) : NONE_NS;
}

static int64_t less(int64_t ns, int64_t taken_ns)
{
    return ns == NONE_NS || taken_ns == NONE_NS ? ns : ns - taken_ns;
}

static struct replay_phases find_phases(const struct replay *replay)
{
    const struct session *session = replay->session;
    bool is_call = session->kind == SESSION_CALL;
    const char *carrier = is_call ? "SEND" : "MESSAGE";
    const struct session_step *invite = find(session, "INVITE", PLACE_UE_A, PLACE_NONE, true);
    const struct session_step *first = find(session, carrier, PLACE_UE_A, PLACE_NONE, false);
    const struct session_step *last = find(session, carrier, PLACE_NONE, PLACE_UE_B, true);
    const struct session_step *ringing = find(session, "INVITE/180", PLACE_UE_B, PLACE_NONE, false);
    const struct session_step *answer = find(session, "INVITE/200", PLACE_UE_B, PLACE_NONE, false);
    const struct session_step *bye = find(session, "BYE", PLACE_NONE, PLACE_NONE, false);
    const struct session_step *ended = bye ? find(session, "BYE/200", PLACE_NONE, bye->from, true) : NULL;
    struct replay_phases phases = {.answering_ns = NONE_NS};

    if (ringing && answer)
        phases.answering_ns = replay_left_ns(replay, answer) - replay_left_ns(replay, ringing);
    phases.setup_ns =
        less(between(replay, invite, find(session, "INVITE/200", PLACE_NONE, PLACE_UE_A, false)), phases.answering_ns);
    phases.transfer_ns = between(replay, first, last);
    phases.teardown_ns = between(replay, bye, ended);
    phases.delay_ns = less(between(replay, is_call ? invite : first, last), phases.answering_ns);
    return phases;
}

/* ---- The network that the capture tells of ---- */

/* Rates that nothing is known of are a scenario's, not infinite: in a trial of its own something has to be sent. */
static bool is_left_to_scenario(const struct replay_setting *setting)
{
    size_t size = strlen(setting->key);

    return setting->basis == REPLAY_ASSUMED && size > 5 && strcmp(setting->key + size - 5, ".rate") == 0;
}

static enum err apply(const struct replay *replay, struct scenario_file *file, struct note *note)
{
    TRY(scenario_file_parse(SPAN(scenario_text), "captured", file, note));
    for (size_t i = 0; i < replay->setting_count; i++) {
        const struct replay_setting *setting = &replay->settings[i];
        char text[256];
        struct sink sink = SINK(text);

        if (is_left_to_scenario(setting) || strcmp(setting->key, "answer.delay") == 0)
            continue;
        sink_format(&sink, "%s=%s", setting->key, setting->value);
        TRY(scenario_file_set(file, sink_written(&sink), note));
        const struct field *row = field_find(scenario_fields, span_of(setting->key));
        struct sink origin = SINK(file->origins[row - scenario_fields]);

        sink_format(&origin, "%s: %.80s", replay_basis_names[setting->basis], setting->why);
        sink_string(&origin);
    }
    return ERR_OK;
}

static bool is_there(const struct dwell_table *table, const struct dwell_row *row)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].role == row->role && table->rows[i].side == row->side &&
            strcmp(table->rows[i].kind, row->kind) == 0)
            return true;
    return false;
}

/* The captured rows, and what the capture does not show from another table. */
static enum err find_dwells(struct what_if *what_if, struct note *note)
{
    struct dwell_table *standard = malloc(sizeof(*standard)), *table = &what_if->base.dwells;
    enum err error = standard ? dwell_file_read(SPAN(STANDARD_DWELLS), standard, note)
                              : note_set(note, ERR_FULL, "no memory for a table of dwells");

    if (error == ERR_OK)
        error = replay_dwells(&what_if->replay, table, note);
    what_if->captured_rows = error == ERR_OK ? table->count : 0;
    for (size_t i = 0; error == ERR_OK && i < standard->count && table->count < DWELL_ROWS_MAX; i++) {
        if (is_there(table, &standard->rows[i]))
            continue;
        struct dwell_row *row = &table->rows[table->count++];

        *row = standard->rows[i];
        row->is_assumed = true; /* of another core */
    }
    free(standard);
    return error;
}

static enum err change(struct what_if *what_if, const struct command_line *line, struct note *note)
{
    const struct command_given *arm = command_option(line, "--arm");

    what_if->changed.file = what_if->base.file;
    what_if->arm = what_if->replay.arm;
    if (arm)
        TRY(command_arm(arm->value, &what_if->arm, note));
    return command_set(line, &what_if->changed.file, note);
}

static enum err run_trial(const struct setup *setup, const struct arm *arm, struct arena *arena,
                          struct outcome *outcome, struct note *note)
{
    const struct trial trial = setup_trial(setup, arm, 0);

    return sim_run(&trial, arena, outcome, note);
}

/* scenario.ini, which names dwell.csv beside it as the folder was named. */
static enum err save(const struct what_if *what_if, const struct command_line *line, struct note *note)
{
    enum { DWELLS_SIZE = 1 << 19 };
    const struct command_given *folder = command_option(line, "--save");
    char path[FIELD_TEXT_SIZE + 32];
    struct sink assignment = SINK(path);
    struct sink sink = {.data = malloc(DWELLS_SIZE), .capacity = DWELLS_SIZE};
    struct scenario_file *file = malloc(sizeof(*file));
    struct results results;
    enum err error = sink.data && file ? ERR_OK : note_set(note, ERR_FULL, "no memory to save");

    if (error == ERR_OK) {
        *file = what_if->base.file;
        sink_format(&assignment, "dwell.table=%s/dwell.csv", folder->value);
        error = assignment.overflow ? note_set(note, ERR_RANGE, "--save: a longer path than scenarios take")
                                    : scenario_file_set(file, sink_written(&assignment), note);
    }
    if (error == ERR_OK)
        error = results_create(&results, folder->value, "replay", note);
    if (error == ERR_OK) {
        dwell_file_write(&what_if->base.dwells, &sink);
        error = results_save(&results, "dwell.csv", sink_written(&sink), note);
    }
    if (error == ERR_OK) {
        sink.size = 0;
        scenario_file_write(file, &sink);
        error = results_save(&results, "scenario.ini", sink_written(&sink), note);
    }
    free(sink.data);
    free(file);
    return error;
}

enum err what_if_run(struct what_if *what_if, const struct session *session, const struct command_line *line,
                     struct arena *arena, struct note *note)
{
    TRY(replay_init(&what_if->replay, session, REPLAY_LINKS_FULL, note));
    what_if->captured = find_phases(&what_if->replay);
    TRY(apply(&what_if->replay, &what_if->base.file, note));
    TRY(change(what_if, line, note));
    TRY(setup_open(&what_if->base, note));
    TRY(setup_open(&what_if->changed, note));
    TRY(find_dwells(what_if, note));
    TRY(replay_fit_rest(&what_if->replay, &what_if->base, what_if->captured_rows, arena, &what_if->rest_ns, note));
    /* A table that was set stays; else the capture's. */
    if (strcmp(what_if->changed.file.scenario.dwell_table, what_if->base.file.scenario.dwell_table) == 0)
        what_if->changed.dwells = what_if->base.dwells;
    if (command_option(line, "--save"))
        TRY(save(what_if, line, note));
    TRY(run_trial(&what_if->base, what_if->replay.arm, arena, &what_if->base_outcome, note));
    return run_trial(&what_if->changed, what_if->arm, arena, &what_if->outcome, note);
}

void what_if_free(struct what_if *what_if)
{
    replay_free(&what_if->replay);
    setup_close(&what_if->base);
    setup_close(&what_if->changed);
}

/* ---- Telling ---- */

/* From the first message to the last byte: what a capture can show of the delay. */
static int64_t to_last_byte(const struct outcome *outcome)
{
    int64_t opened_ns = outcome->unprotect_ns == NONE_NS ? 0 : outcome->unprotect_ns;

    return outcome->delay_ns == NONE_NS || outcome->prepare_ns == NONE_NS
               ? NONE_NS
               : outcome->delay_ns - outcome->prepare_ns - opened_ns;
}

static void add_row(struct table *table, const char *what, int64_t captured_ns, int64_t base_ns, int64_t changed_ns)
{
    table_row(table);
    cell_text(table, what);
    cell_time(table, captured_ns, 3);
    cell_time(table, base_ns, 3);
    cell_time(table, changed_ns, 3);
    cell_time(table, base_ns == NONE_NS || changed_ns == NONE_NS ? NONE_NS : changed_ns - base_ns, 3);
}

void what_if_table(const struct what_if *what_if, struct table *table)
{
    const struct outcome *base = &what_if->base_outcome, *changed = &what_if->outcome;
    const struct replay_phases *captured = &what_if->captured;

    table_column(table, "what", "what", TABLE_TEXT);
    table_column(table, "captured, ms", "captured_ns", TABLE_NUMBER);
    table_column(table, "simulated", "simulated_ns", TABLE_NUMBER);
    table_column(table, "what if", "what_if_ns", TABLE_NUMBER);
    table_column(table, "difference", "difference_ns", TABLE_NUMBER);
    add_row(table, "setup", captured->setup_ns, base->setup_ns, changed->setup_ns);
    add_row(table, "protect", NONE_NS, base->protect_ns, changed->protect_ns);
    add_row(table, "connect", NONE_NS, base->connect_ns, changed->connect_ns);
    add_row(table, "transfer", captured->transfer_ns, base->transfer_ns, changed->transfer_ns);
    add_row(table, "unprotect", NONE_NS, base->unprotect_ns, changed->unprotect_ns);
    add_row(table, "teardown", captured->teardown_ns, base->teardown_ns, changed->teardown_ns);
    add_row(table, "first message to last byte", captured->delay_ns, to_last_byte(base), to_last_byte(changed));
    add_row(table, "delay", NONE_NS, base->delay_ns, changed->delay_ns);
    for (int i = 0; i < PART_COUNT; i++)
        add_row(table, part_names[i], NONE_NS, base->parts_ns[i], changed->parts_ns[i]);
}

/* "message-tls: delivered". */
static void write_end(const struct arm *arm, const struct outcome *outcome, struct sink *sink)
{
    sink_format(sink, "%s, ", arm->name);
    field_write(field_find(outcome_fields, SPAN("end")), outcome, sink);
}

void what_if_write_basis(const struct what_if *what_if, struct sink *sink)
{
    const struct dwell_table *dwells = &what_if->base.dwells;
    size_t split = 0;

    for (size_t i = 0; i < what_if->captured_rows; i++)
        split += dwells->rows[i].is_assumed;
    sink_text(sink, "simulated: ");
    write_end(what_if->replay.arm, &what_if->base_outcome, sink);
    sink_text(sink, "; what if: ");
    write_end(what_if->arm, &what_if->outcome, sink);
    if (what_if->captured.answering_ns != NONE_NS)
        sink_format(sink, "\nanswering is left out of all columns: %.3f ms in the capture, from 180 to 200",
                    (double)what_if->captured.answering_ns / MS);
    else if (what_if->captured.setup_ns != NONE_NS)
        sink_text(sink, "\nno 180 tells when UE-B's user was alerted: the captured setup includes any answering");
    sink_format(sink,
                "\nmeasured: what was captured, %zu rows of dwells in their order; estimated: links (one-way ways as "
                "halves of handshakes)",
                what_if->captured_rows - split);
    if (split > 0)
        sink_format(sink, ", %zu rows of dwells that one node has for several roles, split evenly", split);
    if (what_if->rest_ns != 0)
        sink_format(sink,
                    "\nno tap saw UE-B: its dwells are what the captured answers leave for it (%+.3f ms, assumed)",
                    (double)what_if->rest_ns / MS);
    sink_format(sink,
                "\nassumed: %zu rows of dwells that the session did not show, from %s; costs of cryptography: %s\n",
                dwells->count - what_if->captured_rows, STANDARD_DWELLS, what_if->base.costs.name);
}
