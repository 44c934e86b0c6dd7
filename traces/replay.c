/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/replay_state.h"
#include "sim/base/sink.h"
#include "sim/base/units.h"

#include <stdlib.h>

#define PRESS_BEFORE_NS (200 * MS) /* what UE-A has to do before its first message; no timer of SIP is as short */

const char *const replay_basis_names[REPLAY_BASES] = {"measured", "estimated", "assumed"};

void replay_set(struct replay *replay, const char *key, enum replay_basis basis, const char *why, const char *format,
                ...)
{
    struct replay_setting *setting = &replay->settings[replay->setting_count];
    struct sink value = SINK(setting->value), reason = SINK(setting->why);
    va_list list;

    if (replay->setting_count == REPLAY_SETTINGS_MAX)
        return;
    setting->key = key;
    setting->basis = basis;
    va_start(list, format);
    sink_format_list(&value, format, list);
    va_end(list);
    sink_text(&reason, why);
    sink_string(&value);
    sink_string(&reason);
    replay->setting_count++;
}

/* ---- The schedule ---- */

/* What the simulator calls a place: back-to-back user agents of deployed RCS have names of their own. */
static const char *label_of(const struct replay *replay, enum place place)
{
    static const char *const rcs[] = {"SBC(A)", "AS(A)", "AS(B)", "SBC(B)"};

    if (replay->arm->path == PATH_RCS && place >= PLACE_RELAY_1 && place < PLACE_RELAY_1 + 4)
        return rcs[place - PLACE_RELAY_1];
    return place_labels[place];
}

/* A gateway passes on what a UE sends to the other UE. */
static enum place reader_of(const struct replay *replay, const struct session_step *step)
{
    if (replay->arm->path != PATH_AGWS || (step->from != PLACE_UE_A && step->from != PLACE_UE_B))
        return step->to;
    bool is_tls = replay->session->flow->messages[step->message].protocol == TRACE_TLS;

    if ((step->to == PLACE_AGW_A || step->to == PLACE_AGW_B) && !(is_tls && replay->arm->hop == HOP_TLS_ACCESS))
        return step->from == PLACE_UE_A ? PLACE_UE_B : PLACE_UE_A;
    return step->to;
}

static struct schedule_row *row_of(struct replay *replay, const struct session_step *step)
{
    const char *from = label_of(replay, step->from), *to = label_of(replay, reader_of(replay, step));

    for (size_t i = 0; i < replay->schedule.row_count; i++) {
        struct schedule_row *row = &replay->rows[i];

        if (strcmp(row->from, from) == 0 && strcmp(row->to, to) == 0 && strcmp(row->kind, step->kind) == 0)
            return row;
    }
    if (replay->schedule.row_count == SCHEDULE_ROWS_MAX || strlen(step->kind) >= SCHEDULE_KIND_SIZE)
        return NULL;
    struct schedule_row *row = &replay->rows[replay->schedule.row_count++];
    struct sink from_sink = SINK(row->from), to_sink = SINK(row->to), kind = SINK(row->kind);

    sink_text(&from_sink, from);
    sink_text(&to_sink, to);
    sink_text(&kind, step->kind);
    sink_string(&from_sink);
    sink_string(&to_sink);
    sink_string(&kind);
    return row;
}

static int64_t simulated_ns(const struct replay *replay, int64_t captured_ns)
{
    return captured_ns - replay->origin_ns + REPLAY_LEAD_NS;
}

/* What UE-A sends for the session: its INVITE or MESSAGE, and before that what it needs of relays. */
static bool is_of_press(const struct replay *replay, const struct session_step *step)
{
    const struct trace_message *message = &replay->session->flow->messages[step->message];

    if (step->from != PLACE_UE_A || strcmp(message->kind, "REGISTER") == 0)
        return false;
    return message->protocol == TRACE_SIP || step->to >= PLACE_RELAY_1 || step->to == PLACE_UE_B;
}

static int64_t press_of(const struct replay *replay)
{
    const struct session *session = replay->session;
    int64_t first_ns = INT64_MAX;

    for (size_t i = 0; i < session->step_count; i++)
        if (is_of_press(replay, &session->steps[i]) && session->steps[i].first_ns < first_ns)
            first_ns = session->steps[i].first_ns;
    for (size_t i = 0; i < session->step_count && first_ns == INT64_MAX && session->kind != SESSION_REGISTRATION; i++)
        if (session->steps[i].message == session->opening) /* seen only behind UE-A */
            first_ns = session->steps[i].first_ns;
    if (first_ns == INT64_MAX) /* a registration alone: the press comes behind it */
        first_ns = session->steps[session->step_count - 1].last_ns + SECOND;
    int64_t press_ns = simulated_ns(replay, first_ns) - PRESS_BEFORE_NS;

    return press_ns > 0 ? press_ns : 0;
}

/* A registration that no tap saw would take the place of the one that was seen where both go the same way: it comes
 * behind it. */
static void put_off_registration(struct replay *replay, size_t user)
{
    const struct session *session = replay->session;
    int64_t last_ns = INT64_MIN;

    for (size_t i = 0; i < session->step_count; i++)
        if (strncmp(session->steps[i].kind, "REGISTER", 8) == 0 && session->steps[i].last_ns > last_ns)
            last_ns = session->steps[i].last_ns;
    if (session->registration[user].count > 0 || last_ns == INT64_MIN ||
        replay->schedule.row_count == SCHEDULE_ROWS_MAX)
        return;
    struct schedule_row *row = &replay->rows[replay->schedule.row_count++];
    struct sink from = SINK(row->from), to = SINK(row->to), kind = SINK(row->kind);

    sink_text(&from, place_labels[user ? PLACE_UE_B : PLACE_UE_A]);
    sink_text(&to, place_labels[user ? PLACE_P_B : PLACE_P_A]);
    sink_text(&kind, "REGISTER");
    sink_string(&from);
    sink_string(&to);
    sink_string(&kind);
    row->first = (uint32_t)replay->schedule.time_count;
    row->count = 1;
    replay->times_ns[replay->schedule.time_count++] = simulated_ns(replay, last_ns);
}

/* Two passes: how many there are of each row, then the times, in the order of the steps. */
static enum err make_schedule(struct replay *replay, struct note *note)
{
    const struct session *session = replay->session;
    struct schedule *schedule = &replay->schedule;

    replay->rows = calloc(SCHEDULE_ROWS_MAX, sizeof(*replay->rows));
    replay->times_ns = calloc(session->step_count + 2, sizeof(*replay->times_ns));
    if (!replay->rows || !replay->times_ns)
        return note_set(note, ERR_FULL, "no memory for a schedule");
    for (size_t i = 0; i < session->step_count; i++) {
        struct schedule_row *row = row_of(replay, &session->steps[i]);

        if (!row)
            return note_set(note, ERR_RANGE, "more than %d kinds of messages", SCHEDULE_ROWS_MAX);
        row->count++;
    }
    for (size_t i = 0; i < schedule->row_count; i++) {
        replay->rows[i].first = (uint32_t)schedule->time_count;
        schedule->time_count += replay->rows[i].count;
        replay->rows[i].count = 0;
    }
    for (size_t i = 0; i < session->step_count; i++) {
        struct schedule_row *row = row_of(replay, &session->steps[i]);

        replay->times_ns[row->first + row->count++] =
            simulated_ns(replay, session->steps[i].first_ns) - replay_before_tap_ns(replay, &session->steps[i]);
    }
    for (size_t user = 0; user < 2; user++)
        put_off_registration(replay, user);
    schedule->rows = replay->rows;
    schedule->times_ns = replay->times_ns;
    schedule->pressed_ns = press_of(replay);
    return ERR_OK;
}

enum err replay_init(struct replay *replay, const struct session *session, enum replay_links links, struct note *note)
{
    *replay = (struct replay){.session = session, .links = links};
    if (session->step_count == 0)
        return note_set(note, ERR_RANGE, "no message of the session can be given a place");
    replay->origin_ns = session->steps[0].first_ns;
    replay_find_arm(replay);
    replay_find_settings(replay);
    replay_find_network(replay);
    enum err error = make_schedule(replay, note);

    if (error != ERR_OK)
        replay_free(replay);
    return error;
}

void replay_free(struct replay *replay)
{
    free(replay->rows);
    free(replay->times_ns);
    *replay = (struct replay){.setting_count = 0};
}

/* ---- Captured beside simulated ---- */

static uint64_t key_of(const struct session_step *step)
{
    uint64_t key = 14695981039346656037u;
    const uint64_t words[] = {step->from, step->to, step->ordinal};

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        key = (key ^ words[i]) * 1099511628211u;
    for (const char *at = step->kind; *at; at++)
        key = (key ^ (unsigned char)*at) * 1099511628211u;
    return key;
}

static bool is_same(const struct session_step *a, const struct session_step *b)
{
    return a->from == b->from && a->to == b->to && a->ordinal == b->ordinal && strcmp(a->kind, b->kind) == 0;
}

/* Open addressing over the simulated steps. */
struct step_table {
    size_t slot_count;
    size_t *slots; /* 1 + number of a step; 0: none */
};

static bool table_init(struct step_table *table, const struct session *session)
{
    table->slot_count = 2 * session->step_count + 1;
    table->slots = calloc(table->slot_count, sizeof(*table->slots));
    for (size_t i = 0; table->slots && i < session->step_count; i++) {
        size_t slot = key_of(&session->steps[i]) % table->slot_count;

        while (table->slots[slot])
            slot = (slot + 1) % table->slot_count;
        table->slots[slot] = i + 1;
    }
    return table->slots != NULL;
}

static size_t table_find(const struct step_table *table, const struct session *session, const struct session_step *step)
{
    size_t slot = key_of(step) % table->slot_count;

    while (table->slots[slot] && !is_same(&session->steps[table->slots[slot] - 1], step))
        slot = (slot + 1) % table->slot_count;
    return table->slots[slot] ? table->slots[slot] - 1 : SIZE_MAX;
}

static int by_time(const void *a, const void *b)
{
    const struct replay_row *first = a, *second = b;
    int64_t x = first->captured ? first->captured_ns : first->simulated_ns;
    int64_t y = second->captured ? second->captured_ns : second->simulated_ns;

    if (x != y)
        return x < y ? -1 : 1;
    if (!first->captured != !second->captured)
        return first->captured ? -1 : 1;
    return first->captured ? (first->captured > second->captured) - (first->captured < second->captured)
                           : (first->simulated > second->simulated) - (first->simulated < second->simulated);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

/* The worst and the median difference of what both have: of first packets, or of last ones. */
static bool summarise(const struct replay_match *match, bool of_ends, int64_t *worst_ns, int64_t *median_ns)
{
    int64_t *all = calloc(match->count + 1, sizeof(*all));
    size_t count = 0;

    *worst_ns = *median_ns = NONE_NS;
    if (!all)
        return false;
    for (size_t i = 0; i < match->count; i++) {
        const struct replay_row *row = &match->rows[i];

        if (row->captured && row->simulated)
            all[count++] = of_ends ? distance(row->captured_end_ns, row->simulated_end_ns)
                                   : distance(row->captured_ns, row->simulated_ns);
    }
    if (count > 0) {
        qsort(all, count, sizeof(*all), by_value);
        *worst_ns = all[count - 1];
        *median_ns = count % 2 ? all[count / 2] : (all[count / 2 - 1] + all[count / 2]) / 2;
    }
    free(all);
    return true;
}

static void add_rows(struct replay_match *match, const struct replay *replay, const struct session *simulated,
                     const struct step_table *table, int64_t epoch_ns)
{
    const struct session *captured = replay->session;
    int64_t shift_ns = epoch_ns + REPLAY_LEAD_NS;

    for (size_t i = 0; i < captured->step_count; i++) {
        const struct session_step *step = &captured->steps[i];
        size_t found = table_find(table, simulated, step);
        struct replay_row *row = &match->rows[match->count++];

        *row = (struct replay_row){.captured = step,
                                   .captured_ns = step->first_ns - replay->origin_ns,
                                   .captured_end_ns = step->last_ns - replay->origin_ns,
                                   .simulated_ns = NONE_NS,
                                   .simulated_end_ns = NONE_NS};
        if (found == SIZE_MAX) {
            match->captured_only++;
            continue;
        }
        int64_t before_ns = replay_before_tap_ns(replay, step);

        row->simulated = &simulated->steps[found];
        row->simulated_ns = row->simulated->first_ns - shift_ns + before_ns;
        row->simulated_end_ns = row->simulated->last_ns - shift_ns + before_ns;
        match->both++;
    }
}

static enum err add_predicted(struct replay_match *match, const struct session *captured,
                              const struct session *simulated, int64_t epoch_ns)
{
    struct step_table table;
    int64_t shift_ns = epoch_ns + REPLAY_LEAD_NS;

    if (!table_init(&table, captured))
        return ERR_FULL;
    for (size_t i = 0; i < simulated->step_count; i++) {
        const struct session_step *step = &simulated->steps[i];

        if (table_find(&table, captured, step) != SIZE_MAX)
            continue;
        match->rows[match->count++] = (struct replay_row){.simulated = step,
                                                          .captured_ns = NONE_NS,
                                                          .captured_end_ns = NONE_NS,
                                                          .simulated_ns = step->first_ns - shift_ns,
                                                          .simulated_end_ns = step->last_ns - shift_ns};
        match->simulated_only++;
    }
    free(table.slots);
    return ERR_OK;
}

enum err replay_match(struct replay_match *match, const struct replay *replay, const struct session *simulated,
                      int64_t epoch_ns, struct note *note)
{
    const struct session *captured = replay->session;
    struct step_table table = {.slots = NULL};
    enum err error = ERR_FULL;

    *match =
        (struct replay_match){.rows = calloc(captured->step_count + simulated->step_count + 1, sizeof(*match->rows))};
    if (match->rows && table_init(&table, simulated)) {
        add_rows(match, replay, simulated, &table, epoch_ns);
        error = add_predicted(match, captured, simulated, epoch_ns);
    }
    free(table.slots);
    if (error == ERR_OK) {
        qsort(match->rows, match->count, sizeof(*match->rows), by_time);
        if (!summarise(match, false, &match->worst_ns, &match->median_ns) ||
            !summarise(match, true, &match->worst_end_ns, &match->median_end_ns))
            error = ERR_FULL;
    }
    if (error == ERR_OK)
        return ERR_OK;
    replay_match_free(match);
    return note_set(note, error, "no memory to compare messages");
}

void replay_match_free(struct replay_match *match)
{
    free(match->rows);
    *match = (struct replay_match){.count = 0};
}
