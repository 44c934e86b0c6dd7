/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flow_b2bua.c - back-to-back user agents: a node that ends one dialog and begins another for it gives the two
 * different Call-IDs and branches, so nothing in the messages says that they belong together. Two INVITEs of one node
 * are paired by what they offer (media of the same kinds, the same formats or file) and by time, responses and BYE then
 * by the dialogs and their order. All of this is a guess, and its legs are marked so.
 */
#include "traces/flow_state.h"
#include "sim/base/units.h"

#include <stdlib.h>

#define PAIR_WINDOW (SECOND)     /* from the INVITE that came to the one that leaves for it */
#define LEG_WINDOW (10 * SECOND) /* as in flow.c: who keeps a message longer is not passing it on */
enum { LOOKS_MAX = 1000 };       /* at candidates for one message */

static bool is_kind(const struct trace_message *message, const char *kind)
{
    return message->protocol == TRACE_SIP && strcmp(message->kind, kind) == 0;
}

/* An INVITE that begins a dialog: with an offer, not sent before. */
static bool is_opening(const struct trace_message *message)
{
    return is_kind(message, "INVITE") && message->is_request && !message->is_copy && !message->is_again &&
           !message->is_malformed && !*message->to_tag && message->sdp_media != 0;
}

/* ---- Pairs of INVITEs ---- */

struct pair {
    size_t in, out;
};

struct pairs {
    size_t count, capacity;
    struct pair *rows;
    size_t opening_count;
    size_t *openings; /* messages, in their order */
    bool *is_taken;   /* by message: it is in a pair already, or is passed on as a proxy does */
};

static bool add_pair(struct pairs *pairs, size_t in, size_t out)
{
    if (pairs->count == pairs->capacity) {
        size_t capacity = pairs->capacity ? 2 * pairs->capacity : 64;
        struct pair *grown = realloc(pairs->rows, capacity * sizeof(*grown));

        if (!grown)
            return false;
        pairs->rows = grown;
        pairs->capacity = capacity;
    }
    pairs->rows[pairs->count++] = (struct pair){in, out};
    pairs->is_taken[in] = pairs->is_taken[out] = true;
    return true;
}

/* How well an INVITE that leaves a node fits one that came to it: 0 not at all. */
static int score(const struct trace_message *in, const struct trace_message *out)
{
    if (in->sdp_media != out->sdp_media || in->call_id == out->call_id || out->via_count != 1)
        return 0;
    return 1 + 2 * (in->sdp_formats == out->sdp_formats) + (in->from_uri == out->from_uri) +
           (in->to_uri == out->to_uri);
}

/* The best of those that left the node soon after the opening at place; of equals the first. */
static size_t find_pair(const struct flow *flow, const struct pairs *pairs, size_t place)
{
    size_t in = pairs->openings[place], found = SIZE_MAX;
    const struct trace_message *message = &flow->messages[in];
    int best = 0;

    for (size_t i = place + 1; i < pairs->opening_count && i - place < LOOKS_MAX; i++) {
        size_t at = pairs->openings[i];
        const struct trace_message *out = &flow->messages[at];
        int fits = score(message, out);

        if (out->tap != message->tap || out->first_ns - message->last_ns > PAIR_WINDOW)
            break;
        if (flow->from[at] != flow->to[in] || pairs->is_taken[at] || out->first_ns < message->last_ns || fits <= best)
            continue;
        best = fits;
        found = at;
    }
    return found;
}

/* What a node refused itself, with a challenge for instance, it did not pass on. */
static bool is_refused_at_once(const struct flow *flow, size_t in)
{
    for (size_t i = 0; i < flow->leg_count; i++) {
        const struct flow_leg *leg = &flow->legs[i];

        if (leg->in == in && leg->is_answer && flow->messages[leg->out].status >= 300 && leg->dwell_ns < SECOND)
            return true;
    }
    return false;
}

static bool find_pairs(const struct flow *flow, struct pairs *pairs)
{
    for (size_t i = 0; i < flow->leg_count; i++)
        if (!flow->legs[i].is_answer)
            pairs->is_taken[flow->legs[i].in] = pairs->is_taken[flow->legs[i].out] = true;
    for (size_t i = 0; i < flow->trace->count; i++)
        if (is_opening(&flow->messages[i]))
            pairs->openings[pairs->opening_count++] = i;
    for (size_t place = 0; place < pairs->opening_count; place++) {
        size_t in = pairs->openings[place];
        size_t out = pairs->is_taken[in] ? SIZE_MAX : find_pair(flow, pairs, place);

        if (out != SIZE_MAX && !is_refused_at_once(flow, in) && !add_pair(pairs, in, out))
            return false;
    }
    return true;
}

/* ---- Legs ---- */

static bool add_leg(struct flow *flow, size_t in, size_t out, int node)
{
    struct flow_leg *grown = realloc(flow->legs, (flow->leg_count + 1) * sizeof(*grown));

    if (!grown)
        return false;
    flow->legs = grown;
    flow->legs[flow->leg_count++] = (struct flow_leg){.in = in,
                                                      .out = out,
                                                      .node = node,
                                                      .dwell_ns = flow_first_ns(flow, out) - flow_last_ns(flow, in),
                                                      .is_guess = true};
    return true;
}

/* A pair's dialogs: messages by Call-ID. */
struct dialogs {
    struct flow_index index;
    const char *in_id, *out_id; /* what comes with the one goes on with the other */
    size_t begin;               /* the pair's message of the dialog with in_id */
    const char *in_branch, *out_branch;
};

static uint64_t dialog_key(const char *call_id)
{
    return flow_mix_text(6, call_id);
}

/* Whether a message is one that a B2BUA passes on: a 100, an ACK and the 200 of a BYE are each leg's own. */
static bool goes_on(const struct trace_message *message, const char *branch)
{
    return !message->is_copy && !message->is_again &&
           (is_kind(message, "BYE") || (!message->is_request && message->status > 100 && message->branch == branch));
}

/* What leaves next of the other dialog, of the same kind. */
static size_t find_out(const struct flow *flow, const struct pairs *pairs, const struct dialogs *dialogs, size_t i)
{
    const struct trace_message *in = &flow->messages[i];
    uint64_t key = dialog_key(dialogs->out_id);
    size_t looks = 0;

    for (size_t at = flow_index_next(&dialogs->index, key, SIZE_MAX); at != SIZE_MAX && looks < LOOKS_MAX;
         at = flow_index_next(&dialogs->index, key, at), looks++) {
        const struct trace_message *out = &flow->messages[at];

        if (at > i && out->kind == in->kind && out->call_id == dialogs->out_id && flow->from[at] == flow->to[i] &&
            out->tap == in->tap && !pairs->is_taken[at] && goes_on(out, dialogs->out_branch) &&
            out->first_ns >= in->last_ns && out->first_ns - in->last_ns < LEG_WINDOW)
            return at;
    }
    return SIZE_MAX;
}

static bool add_dialog(struct flow *flow, struct pairs *pairs, const struct dialogs *dialogs, int node)
{
    uint64_t key = dialog_key(dialogs->in_id);
    size_t looks = 0;

    for (size_t i = flow_index_next(&dialogs->index, key, dialogs->begin); i != SIZE_MAX && looks < LOOKS_MAX;
         i = flow_index_next(&dialogs->index, key, i), looks++) {
        const struct trace_message *in = &flow->messages[i];

        if (in->call_id != dialogs->in_id || flow->to[i] != node || pairs->is_taken[i] ||
            !goes_on(in, dialogs->in_branch))
            continue;
        size_t out = find_out(flow, pairs, dialogs, i);

        if (out == SIZE_MAX)
            continue;
        pairs->is_taken[i] = pairs->is_taken[out] = true;
        if (!add_leg(flow, i, out, node))
            return false;
    }
    return true;
}

/* Responses come with the branch of the INVITE that left and go on with that of the one that came. */
static bool add_dialogs(struct flow *flow, struct pairs *pairs, const struct pair *pair, struct flow_index index)
{
    const struct trace_message *in = &flow->messages[pair->in], *out = &flow->messages[pair->out];
    struct dialogs back = {index, out->call_id, in->call_id, pair->out, out->branch, in->branch};
    struct dialogs there = {index, in->call_id, out->call_id, pair->in, in->branch, out->branch};

    return add_dialog(flow, pairs, &back, flow->to[pair->in]) && add_dialog(flow, pairs, &there, flow->to[pair->in]);
}

/* A final answer that a B2BUA gives is what its other leg brought, not its own. */
static void drop_answers(struct flow *flow, const struct pairs *pairs)
{
    size_t kept = 0;

    for (size_t i = 0; i < flow->leg_count; i++) {
        const struct flow_leg *leg = &flow->legs[i];

        if (!leg->is_answer || !pairs->is_taken[leg->in] || flow->messages[leg->out].status < 200 ||
            flow->nodes[leg->node].role != FLOW_B2BUA || !is_kind(&flow->messages[leg->in], "INVITE"))
            flow->legs[kept++] = flow->legs[i];
    }
    flow->leg_count = kept;
}

static bool add_legs(struct flow *flow, struct pairs *pairs, struct flow_index index)
{
    for (size_t i = 0; i < pairs->count; i++) {
        const struct pair *pair = &pairs->rows[i];
        struct flow_node *node = &flow->nodes[flow->to[pair->in]];

        if (!node->is_given && (node->role == FLOW_UE || node->role == FLOW_UNKNOWN || node->role == FLOW_REGISTRAR)) {
            node->role = FLOW_B2BUA;
            node->is_guess = true;
        }
        if (!add_leg(flow, pair->in, pair->out, flow->to[pair->in]) || !add_dialogs(flow, pairs, pair, index))
            return false;
    }
    drop_answers(flow, pairs);
    return true;
}

enum err flow_find_b2buas(struct flow *flow, struct note *note)
{
    struct pairs pairs = {.is_taken = calloc(flow->trace->count + 1, sizeof(*pairs.is_taken)),
                          .openings = calloc(flow->trace->count + 1, sizeof(*pairs.openings))};
    struct flow_index index = {0};
    bool has_memory = pairs.is_taken && pairs.openings && flow_index_init(&index, flow->trace->count);

    for (size_t i = 0; i < flow->trace->count && has_memory; i++)
        if (flow->messages[i].protocol == TRACE_SIP && !flow->messages[i].is_malformed)
            flow_index_add(&index, dialog_key(flow->messages[i].call_id), i);
    has_memory = has_memory && find_pairs(flow, &pairs) && add_legs(flow, &pairs, index);
    flow_index_free(&index);
    free(pairs.is_taken);
    free(pairs.openings);
    free(pairs.rows);
    return has_memory ? ERR_OK : note_set(note, ERR_FULL, "no memory for the legs of messages");
}
