/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/replay.h"
#include "bench/cli/cells.h"
#include "sim/base/units.h"

#include <inttypes.h>
#include <string.h>

static int64_t difference(int64_t simulated_ns, int64_t captured_ns)
{
    return simulated_ns == NONE_NS || captured_ns == NONE_NS ? NONE_NS : simulated_ns - captured_ns;
}

/* ---- Messages ---- */

static const char *what_of(const struct replay_row *row)
{
    return !row->simulated ? "captured only" : !row->captured ? "predicted" : "both";
}

static void message_table(const struct replay_run *run, struct table *table)
{
    const struct replay_match *match = &run->match;

    table_column(table, "frame", "frame", TABLE_NUMBER);
    table_column(table, "from", "from", TABLE_TEXT);
    table_column(table, "to", "to", TABLE_TEXT);
    table_column(table, "message", "message", TABLE_TEXT);
    table_column(table, "captured, ms", "captured_ns", TABLE_NUMBER);
    table_column(table, "simulated", "simulated_ns", TABLE_NUMBER);
    table_column(table, "difference", "difference_ns", TABLE_NUMBER);
    table_column(table, "end: difference", "end_difference_ns", TABLE_NUMBER);
    table_column(table, "what", "what", TABLE_TEXT);
    for (size_t i = 0; i < match->count; i++) {
        const struct replay_row *row = &match->rows[i];
        const struct session_step *step = row->captured ? row->captured : row->simulated;

        table_row(table);
        if (row->captured)
            cell_format(table, "%" PRIu64, run->captured.flow.messages[step->message].frame);
        else
            cell_text(table, "");
        cell_text(table, place_labels[step->from]);
        cell_text(table, place_labels[step->to]);
        cell_text(table, step->kind);
        cell_time(table, row->captured_ns, 6);
        cell_time(table, row->simulated_ns, 6);
        cell_time(table, difference(row->simulated_ns, row->captured_ns), 6);
        cell_time(table, difference(row->simulated_end_ns, row->captured_end_ns), 6);
        cell_text(table, what_of(row));
    }
}

/* ---- The whole ---- */

static void setting_table(const struct replay_run *run, struct table *table)
{
    const struct replay *replay = &run->replay;

    table_column(table, "parameter", "parameter", TABLE_TEXT);
    table_column(table, "value", "value", TABLE_TEXT);
    table_column(table, "basis", "basis", TABLE_TEXT);
    table_column(table, "from", "from", TABLE_TEXT);
    table_row(table);
    cell_text(table, "arm");
    cell_text(table, replay->arm->name);
    cell_text(table, replay_basis_names[replay->arm_basis]);
    cell_text(table, replay->arm_why);
    for (size_t i = 0; i < replay->setting_count; i++) {
        const struct replay_setting *setting = &replay->settings[i];

        table_row(table);
        cell_text(table, setting->key);
        cell_text(table, setting->value);
        cell_text(table, replay_basis_names[setting->basis]);
        cell_text(table, setting->why);
    }
}

static void rest_table(const struct replay_run *run, struct table *table)
{
    const struct session *session = &run->captured.session;

    table_column(table, "message", "message", TABLE_TEXT);
    table_column(table, "count", "count", TABLE_NUMBER);
    table_column(table, "why", "why", TABLE_TEXT);
    for (size_t i = 0; i < session->rest_count; i++) {
        table_row(table);
        cell_text(table, session->rests[i].kind);
        cell_format(table, "%" PRIu64, session->rests[i].count);
        cell_text(table, session->rests[i].why);
    }
}

static void changed_table(const struct replay_run *run, struct table *table)
{
    if (run->has_what_if)
        what_if_table(&run->what_if, table);
}

const struct replay_table replay_tables[] = {
    {"settings", "what the session is repeated with", setting_table},
    {"messages", "messages, from the first one on", message_table},
    {"rest", "in the capture and not simulated", rest_table},
    {"what-if", "what if: trials of their own in the network of the capture", changed_table},
    {.name = NULL},
};

const struct replay_table *replay_find_table(const char *name)
{
    for (const struct replay_table *table = replay_tables; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static void write_table(struct replay_run *run, const struct replay_table *wanted, struct sink *sink)
{
    struct table table;

    arena_reset(run->table_arena);
    table_init(&table, run->table_arena);
    wanted->fill(run, &table);
    if (!table.first)
        return;
    sink_format(sink, "%s%s\n", sink->size > 0 ? "\n" : "", wanted->help);
    table_write_text(&table, command_room(), sink);
}

static void write_way(const struct replay_run *run, struct sink *sink)
{
    const struct session *session = &run->captured.session;

    sink_format(sink, "%s %s of %zu in the capture", session_kind_names[session->kind],
                session->found > 1 ? "chosen" : "one", session->found);
    for (size_t v = 0; v < session->way.count; v++) {
        const struct session_visit *visit = &session->way.visits[v];
        size_t end = v + 1 < session->way.count ? session->way.visits[v + 1].first : session->way.place_count;

        sink_text(sink, v == 0 ? ": " : " -> ");
        endpoint_write(&session->flow->nodes[visit->node].at, sink);
        sink_format(sink, " (%s", place_labels[session->way.places[visit->first]]);
        if (v > 0 && end > visit->first + 1) /* one box for several, as far as the capture shows */
            sink_format(sink, " to %s", place_labels[session->way.places[end - 1]]);
        sink_text(sink, ")");
    }
    sink_text(sink, "\n");
}

/* Kinds of messages that no trial has, in the order in which they were captured. */
static void write_captured_only(const struct replay_match *match, struct sink *sink)
{
    enum { KINDS_MAX = 32 };
    const char *kinds[KINDS_MAX];
    size_t counts[KINDS_MAX] = {0}, count = 0, more = 0;

    for (size_t i = 0; i < match->count; i++) {
        size_t k = 0;

        if (match->rows[i].simulated)
            continue;
        while (k < count && strcmp(kinds[k], match->rows[i].captured->kind) != 0)
            k++;
        if (k == KINDS_MAX) {
            more++;
            continue;
        }
        if (k == count)
            kinds[count++] = match->rows[i].captured->kind;
        counts[k]++;
    }
    for (size_t k = 0; k < count; k++)
        sink_format(sink, "%s %s (%zu)", k == 0 ? "not simulated, nothing in the trial sends them:" : ",", kinds[k],
                    counts[k]);
    if (more > 0)
        sink_format(sink, ", of other kinds (%zu)", more);
    if (count > 0)
        sink_text(sink, "\n");
}

/* What the one place of the tap leaves open, and how it was decided. */
static void write_unknown(const struct replay *replay, struct sink *sink)
{
    const struct session *session = replay->session;
    const struct replay_ways *ways = &replay->ways;
    bool has_links = replay->links != REPLAY_LINKS_NONE && (ways->access_ns > 0 || ways->site_ns > 0);
    bool has_box = false;

    for (size_t v = 0; v < session->way.count; v++) {
        size_t next = v + 1 < session->way.count ? session->way.visits[v + 1].first : session->way.place_count;

        has_box |= next > session->way.visits[v].first + 1;
    }
    sink_text(sink, "what one tap cannot know: ");
    if (replay->has_tap_host) {
        sink_text(sink, "what happens away from ");
        endpoint_write(&replay->tap_host, sink);
        sink_text(sink, ", where it was");
    } else {
        sink_text(sink, "when a message left, if the tap was not at its sender (assumed: it was)");
    }
    sink_text(sink, has_links ? "; the one-way delays of links: half of a handshake each (assumed)"
                              : "; the one-way delays of links: no handshake tells them, so they are in the dwells");
    if (has_box)
        sink_text(sink, "; what passes between the roles that one address stands for");
    sink_text(sink, "\n");
}

/* A message of the same transaction that only the capture has, before a row; NULL. */
static const struct replay_row *find_missing(const struct replay_run *run, const struct replay_row *worst)
{
    const struct trace_message *messages = run->captured.flow.messages, *late = &messages[worst->captured->message];
    const struct replay_row *found = NULL;

    for (const struct replay_row *row = run->match.rows; row < worst; row++) {
        const struct trace_message *message = row->captured ? &messages[row->captured->message] : NULL;

        if (message && !row->simulated && message->call_id == late->call_id && message->cseq == late->cseq)
            found = row;
    }
    return found;
}

/* Which message it is that is so far off, and what it waits for in vain where that can be told. */
static void write_worst(const struct replay_run *run, struct sink *sink)
{
    const struct replay_match *match = &run->match;
    const struct replay_row *worst = NULL;

    for (const struct replay_row *row = match->rows; row < match->rows + match->count && !worst; row++) {
        int64_t off_ns = row->captured && row->simulated ? row->simulated_ns - row->captured_ns : 0;

        if (off_ns == match->worst_ns || off_ns == -match->worst_ns)
            worst = row;
    }
    if (match->worst_ns <= US || !worst)
        return;
    sink_format(sink, "the worst is %s from %s, frame %" PRIu64, worst->captured->kind,
                place_labels[worst->captured->from], run->captured.flow.messages[worst->captured->message].frame);
    const struct replay_row *missing = find_missing(run, worst);

    if (missing)
        sink_format(sink, ": before it came %s, which nothing in the trial sends", missing->captured->kind);
    sink_text(sink, "\n");
}

static void write_summary(const struct replay_run *run, struct sink *sink)
{
    const struct replay_match *match = &run->match;

    sink_format(sink, "\n%zu messages are in both, %zu only in the capture, %zu predicted\n", match->both,
                match->captured_only, match->simulated_only);
    write_captured_only(match, sink);
    write_unknown(&run->replay, sink);
    if (match->worst_ns == NONE_NS)
        return;
    sink_text(sink, "worst difference ");
    units_show_time(sink, match->worst_ns);
    sink_text(sink, ", median ");
    units_show_time(sink, match->median_ns);
    sink_text(sink, "; of last packets: worst ");
    units_show_time(sink, match->worst_end_ns);
    sink_text(sink, ", median ");
    units_show_time(sink, match->median_end_ns);
    sink_text(sink, "\n");
    write_worst(run, sink);
}

void replay_write(struct replay_run *run, struct sink *sink)
{
    const struct command_given *name = command_option(run->line, "--table");

    if (name) {
        write_table(run, replay_find_table(name->value), sink);
        return;
    }
    write_way(run, sink);
    for (const struct replay_table *table = replay_tables; table->name; table++)
        write_table(run, table, sink);
    if (run->has_what_if)
        what_if_write_basis(&run->what_if, sink);
    write_summary(run, sink);
}
