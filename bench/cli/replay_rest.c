/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/replay_rest.h"
#include "sim/base/units.h"
#include "sim/sim.h"

/* A request and its answer over the way nearest to UE-A that was seen. */
struct span_of_kind {
    const char *kind, *answer; /* as steps have them */
    const char *label;         /* the answer's in the trial */
    int64_t captured_ns;       /* at the node that the request came to, until its answer leaves; NONE_NS */
    const char *from, *to;     /* labels of both ends */
    int64_t came_ns, left_ns;  /* simulated; NONE_NS until seen */
};

enum { KINDS = 2 };

struct spans {
    struct span_of_kind rows[KINDS];
};

/* The captured one, without answering. */
static void find_captured(const struct replay *replay, struct span_of_kind *row)
{
    const struct session *session = replay->session;
    const struct session_step *asked = NULL;
    int64_t ringing_ns = NONE_NS;

    for (size_t i = 0; i < session->step_count && row->captured_ns == NONE_NS; i++) {
        const struct session_step *step = &session->steps[i];

        if (!asked && strcmp(step->kind, row->kind) == 0) {
            asked = step;
        } else if (asked && step->from == asked->to && step->to == asked->from) {
            if (strcmp(step->kind, "INVITE/180") == 0 && ringing_ns == NONE_NS)
                ringing_ns = replay_left_ns(replay, step);
            if (strcmp(step->kind, row->answer) == 0)
                row->captured_ns = replay_left_ns(replay, step) - replay_came_ns(replay, asked);
            if (row->captured_ns != NONE_NS && ringing_ns != NONE_NS)
                row->captured_ns -= replay_left_ns(replay, step) - ringing_ns;
        }
    }
    if (row->captured_ns == NONE_NS)
        return;
    row->from = place_labels[asked->from];
    row->to = place_labels[asked->to];
}

static void watch(void *context, const struct sim_message *message)
{
    struct spans *spans = context;

    for (size_t i = 0; i < KINDS; i++) {
        struct span_of_kind *row = &spans->rows[i];

        if (row->captured_ns == NONE_NS || message->is_again)
            continue;
        if (row->came_ns == NONE_NS && span_equal(message->label, span_of(row->kind)) &&
            strcmp(message->from, row->from) == 0 && strcmp(message->to, row->to) == 0)
            row->came_ns = message->received_ns;
        if (row->left_ns == NONE_NS && span_equal(message->label, span_of(row->label)) &&
            strcmp(message->from, row->to) == 0 && strcmp(message->to, row->from) == 0)
            row->left_ns = message->sent_ns;
    }
}

/* UE-B's row of the kind, made of the one for all kinds where it has none; NULL where there is no room. */
static struct dwell_row *row_of(struct dwell_table *table, const char *kind)
{
    const struct dwell_row *found = dwell_find(table, DWELL_UE_B, span_of(kind), DWELL_ANY_SIDE);

    for (size_t i = 0; i < table->count; i++)
        if (found == &table->rows[i] && strcmp(found->kind, kind) == 0)
            return &table->rows[i];
    if (table->count == DWELL_ROWS_MAX)
        return NULL;
    struct dwell_row *row = &table->rows[table->count++];
    struct sink text = SINK(row->kind);

    *row = (struct dwell_row){.role = DWELL_UE_B, .side = DWELL_ANY_SIDE, .median_ns = found ? found->median_ns : 0};
    sink_text(&text, kind);
    sink_string(&text);
    return row;
}

static bool is_captured(const struct dwell_table *table, size_t captured_rows, const char *kind)
{
    for (size_t i = 0; i < captured_rows; i++)
        if (table->rows[i].role == DWELL_UE_B && strcmp(table->rows[i].kind, kind) == 0)
            return true;
    return false;
}

static int64_t move(struct dwell_table *table, const struct span_of_kind *row)
{
    struct dwell_row *dwell = row_of(table, row->kind);
    int64_t more_ns = row->captured_ns - (row->left_ns - row->came_ns);

    if (!dwell)
        return 0;
    if (more_ns < -dwell->median_ns)
        more_ns = -dwell->median_ns;
    struct sink source = SINK(dwell->source);

    dwell->median_ns += more_ns;
    dwell->min_ns = dwell->p95_ns = dwell->max_ns = dwell->work_ns = NONE_NS;
    dwell->n = 0;
    dwell->is_assumed = true;
    sink_text(&source,
              "what a capture's one tap saw pass away from it, less all other dwells and ways; UE-B's: assumed");
    sink_string(&source);
    return more_ns;
}

enum err replay_fit_rest(const struct replay *replay, struct setup *setup, size_t captured_rows, struct arena *arena,
                         int64_t *moved_ns, struct note *note)
{
    struct spans spans = {{{"INVITE", "INVITE/200", "200 (INVITE)", NONE_NS, NULL, NULL, NONE_NS, NONE_NS},
                           {"BYE", "BYE/200", "200 (BYE)", NONE_NS, NULL, NULL, NONE_NS, NONE_NS}}};
    const struct sim_tap tap = {.context = &spans, .message = watch};
    struct trial trial = setup_trial(setup, replay->arm, 0);
    struct outcome outcome;
    bool has_any = false;

    *moved_ns = 0;
    for (size_t i = 0; i < KINDS; i++) {
        if (!is_captured(&setup->dwells, captured_rows, spans.rows[i].kind))
            find_captured(replay, &spans.rows[i]);
        has_any |= spans.rows[i].captured_ns != NONE_NS;
    }
    if (!has_any)
        return ERR_OK;
    trial.tap = &tap;
    TRY(sim_run(&trial, arena, &outcome, note));
    for (size_t i = 0; i < KINDS; i++)
        if (spans.rows[i].captured_ns != NONE_NS && spans.rows[i].came_ns != NONE_NS &&
            spans.rows[i].left_ns != NONE_NS)
            *moved_ns += move(&setup->dwells, &spans.rows[i]);
    return ERR_OK;
}
