/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay_dwells.c - what each role kept each message, from the legs of a session: the captured time between in and out
 * less the ways that the network of the replay has itself. Where one node stands for several roles its dwell is split
 * evenly over those that the message passes.
 */
#include "traces/replay_state.h"
#include "sim/base/check.h"
#include "sim/base/sink.h"

#include <stdlib.h>

static const struct {
    enum dwell_role role;
    enum dwell_side side;
} dwells_of[PLACE_COUNT] = {
    [PLACE_UE_A] = {DWELL_UE_A, DWELL_ANY_SIDE}, [PLACE_P_A] = {DWELL_P_CSCF, DWELL_ORIG},
    [PLACE_S_A] = {DWELL_S_CSCF, DWELL_ORIG},    [PLACE_I_B] = {DWELL_I_CSCF, DWELL_TERM},
    [PLACE_S_B] = {DWELL_S_CSCF, DWELL_TERM},    [PLACE_P_B] = {DWELL_P_CSCF, DWELL_TERM},
    [PLACE_UE_B] = {DWELL_UE_B, DWELL_ANY_SIDE}, [PLACE_I_A] = {DWELL_I_CSCF, DWELL_ORIG},
    [PLACE_HSS_A] = {DWELL_HSS, DWELL_ORIG},     [PLACE_HSS_B] = {DWELL_HSS, DWELL_TERM},
};

/* Steps by their message. */
struct steps {
    const struct session *session;
    size_t *at; /* 1 + number of a step; 0: none */
};

static const struct session_step *step_of(const struct steps *steps, size_t message)
{
    return steps->at[message] ? &steps->session->steps[steps->at[message] - 1] : NULL;
}

/* The row of a place and kind, made where it is new; NULL: full, or not a role that keeps messages. */
static struct dwell_row *row_of(struct dwell_table *table, enum place place, const char *kind)
{
    if (place >= PLACE_AS_A || strlen(kind) >= DWELL_KIND_SIZE)
        return NULL;
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].role == dwells_of[place].role && table->rows[i].side == dwells_of[place].side &&
            strcmp(table->rows[i].kind, kind) == 0)
            return &table->rows[i];
    if (table->count == DWELL_ROWS_MAX)
        return NULL;
    struct dwell_row *row = &table->rows[table->count++];
    struct sink text = SINK(row->kind);

    *row = (struct dwell_row){.role = dwells_of[place].role,
                              .side = dwells_of[place].side,
                              .min_ns = NONE_NS,
                              .p95_ns = NONE_NS,
                              .max_ns = NONE_NS,
                              .work_ns = NONE_NS};
    sink_text(&text, kind);
    sink_string(&text);
    return row;
}

/* A dwell of one place; the sequence of a row grows as long as nothing else has been added behind it, so rows are
 * filled one by one. */
struct sample {
    enum place place;
    const char *kind;
    int64_t ns;
    bool has_hss, is_split;
    size_t order; /* of the message */
};

struct samples {
    size_t count, capacity;
    struct sample *rows;
};

static bool add(struct samples *samples, const struct sample *sample)
{
    if (samples->count == samples->capacity) {
        size_t capacity = samples->capacity ? 2 * samples->capacity : 256;
        struct sample *grown = realloc(samples->rows, capacity * sizeof(*grown));

        if (!grown)
            return false;
        samples->rows = grown;
        samples->capacity = capacity;
    }
    samples->rows[samples->count++] = *sample;
    return true;
}

/* When a message left its sender, and when it was whole at its receiver, as the links have it. */
int64_t replay_left_ns(const struct replay *replay, const struct session_step *step)
{
    return step->first_ns - replay_before_tap_ns(replay, step);
}

int64_t replay_came_ns(const struct replay *replay, const struct session_step *step)
{
    return step->last_ns - replay_before_tap_ns(replay, step) + replay_way_ns(replay, step->from, step->to);
}

/* The places between a message's coming in and its going out: those of one visit, in the direction of the message. */
static bool add_split(struct samples *samples, const struct session_step *in, const struct session_step *out,
                      int64_t ns, bool has_hss)
{
    enum place first = in->to, last = out->from;
    bool is_backward = first > last;
    size_t count = (size_t)(is_backward ? first - last : last - first) + 1;

    if (first > PLACE_UE_B || last > PLACE_UE_B)
        return first == last ? add(samples, &(struct sample){first, in->kind, ns, has_hss, false, in->message}) : true;
    for (size_t i = 0; i < count; i++) {
        enum place place = (enum place)(is_backward ? (size_t)first - i : (size_t)first + i);

        if (!add(samples,
                 &(struct sample){place, in->kind, ns / (int64_t)count, has_hss && count == 1, count > 1, in->message}))
            return false;
    }
    return true;
}

/* Where a success comes from an end that no tap saw, the time is not the node's: of what only a user agent grants. */
static bool is_of_unseen(const struct session_step *in, const struct trace_message *answer)
{
    static const char *const granted[] = {"BYE", "MESSAGE", "PRACK", "UPDATE", "INFO", "REFER", "NOTIFY"};
    bool is_end = in->to == PLACE_UE_A || in->to == PLACE_UE_B;

    for (size_t i = 0; i < sizeof(granted) / sizeof(*granted); i++)
        if (!is_end && answer->status / 100 == 2 && strcmp(in->kind, granted[i]) == 0)
            return true;
    return false;
}

/* What a node passed on, or answered itself but for a 100 and for an INVITE, which a user answers. */
static bool add_legs(const struct replay *replay, const struct steps *steps, struct samples *samples)
{
    const struct flow *flow = replay->session->flow;

    for (size_t i = 0; i < flow->leg_count; i++) {
        const struct flow_leg *leg = &flow->legs[i];
        const struct session_step *in = step_of(steps, leg->in), *out = step_of(steps, leg->out);

        if (!in || !out ||
            (leg->is_answer && (flow->messages[leg->out].status < 200 || strcmp(in->kind, "INVITE") == 0)) ||
            (leg->is_answer && is_of_unseen(in, &flow->messages[leg->out])))
            continue;
        int64_t ns = replay_left_ns(replay, out) - replay_came_ns(replay, in);

        if (!add_split(samples, in, out, ns > 0 ? ns : 0, leg->hss_ns > 0))
            return false;
    }
    return true;
}

/* A kind in, and what the same place sends next of another one: a UE's ACK to a 200, its answer to a SEND, an HSS's
 * answers; of UE-B's INVITE whatever comes first. */
static const struct {
    const char *in, *out;
} reactions[] = {{"INVITE/200", "ACK"},    {"SEND", "SEND/200"},     {"LIR", "LIA"},
                 {"UAR", "UAA"},           {"MAR", "MAA"},           {"SAR", "SAA"},
                 {"INVITE", "INVITE/100"}, {"INVITE", "INVITE/180"}, {"REGISTER/401", "REGISTER"}};

static const struct session_step *reaction(const struct replay *replay, size_t step, const char *kind)
{
    const struct session *session = replay->session;
    const struct session_step *in = &session->steps[step];

    for (size_t i = step + 1; i < session->step_count; i++)
        if (session->steps[i].from == in->to && session->steps[i].to == in->from &&
            strcmp(session->steps[i].kind, kind) == 0)
            return &session->steps[i];
    return NULL;
}

static bool add_reactions(const struct replay *replay, struct samples *samples)
{
    const struct session *session = replay->session;

    for (size_t i = 0; i < session->step_count; i++) {
        const struct session_step *in = &session->steps[i];
        bool has_ue = in->to == PLACE_UE_A || in->to == PLACE_UE_B;
        bool is_hss = in->to == PLACE_HSS_A || in->to == PLACE_HSS_B;

        for (size_t r = 0; (has_ue || is_hss) && r < sizeof(reactions) / sizeof(*reactions); r++) {
            const struct session_step *out =
                strcmp(in->kind, reactions[r].in) == 0 ? reaction(replay, i, reactions[r].out) : NULL;

            if (!out)
                continue;
            int64_t ns = replay_left_ns(replay, out) - replay_came_ns(replay, in);

            if (!add(samples, &(struct sample){in->to, in->kind, ns > 0 ? ns : 0, false, false, in->message}))
                return false;
            break;
        }
    }
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct sample *first = a, *second = b;
    int by_kind = strcmp(first->kind, second->kind);

    if (first->place != second->place)
        return first->place < second->place ? -1 : 1;
    if (by_kind != 0)
        return by_kind;
    return first->order < second->order ? -1 : first->order > second->order;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void finish_row(struct dwell_table *table, struct dwell_row *row, bool is_split)
{
    int64_t sorted[DWELL_SEQUENCE_MAX];
    struct sink source = SINK(row->source);
    size_t count = row->sequence_count;

    memcpy(sorted, &table->sequence_ns[row->sequence_first], count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), by_value);
    row->n = count;
    row->min_ns = sorted[0];
    row->median_ns = count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
    row->max_ns = sorted[count - 1];
    row->is_assumed = is_split;
    sink_text(&source, is_split ? "a capture: the whole of several roles, an even split is assumed"
                                : "a capture's own sequence, hopsim replay");
    sink_string(&source);
}

static void fill(struct dwell_table *table, const struct samples *samples)
{
    for (size_t i = 0; i < samples->count;) {
        const struct sample *first = &samples->rows[i];
        struct dwell_row *row = row_of(table, first->place, first->kind);
        bool is_split = false;
        size_t begin = i;

        for (; i < samples->count && samples->rows[i].place == first->place &&
               strcmp(samples->rows[i].kind, first->kind) == 0;
             i++) {
            if (!row || table->sequence_count == DWELL_SEQUENCE_MAX)
                continue;
            if (i == begin)
                row->sequence_first = (uint32_t)table->sequence_count;
            table->sequence_ns[table->sequence_count++] = samples->rows[i].ns;
            row->sequence_count++;
            row->includes |= samples->rows[i].has_hss ? DWELL_INCLUDES_HSS : 0U;
            is_split |= samples->rows[i].is_split;
        }
        if (row && row->sequence_count > 0)
            finish_row(table, row, is_split);
        else if (row)
            table->count--;
    }
}

enum err replay_dwells(const struct replay *replay, struct dwell_table *table, struct note *note)
{
    const struct session *session = replay->session;
    struct steps steps = {session, calloc(session->flow->trace->count + 1, sizeof(size_t))};
    struct samples samples = {0};
    bool has_memory = steps.at != NULL;

    *table = (struct dwell_table){.name = "captured"};
    for (size_t i = 0; i < session->step_count && has_memory; i++)
        steps.at[session->steps[i].message] = i + 1;
    has_memory = has_memory && add_legs(replay, &steps, &samples) && add_reactions(replay, &samples);
    if (has_memory && samples.count > 0) {
        qsort(samples.rows, samples.count, sizeof(*samples.rows), compare);
        fill(table, &samples);
    }
    free(samples.rows);
    free(steps.at);
    return has_memory ? ERR_OK : note_set(note, ERR_FULL, "no memory for dwells");
}
