/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/dwells.h"
#include "sim/base/check.h"

#include <math.h>
#include <stdlib.h>

/* One dwell with what it is of. */
struct sample {
    const char *role, *kind, *side;
    int64_t ns;
    bool has_hss, is_guess;
};

struct samples {
    size_t count, capacity;
    struct sample *rows;
};

static const char *const side_names[] = {"any", "orig", "term"};

static bool add(struct samples *samples, const struct sample *sample)
{
    if (samples->count == samples->capacity) {
        size_t capacity = samples->capacity ? 2 * samples->capacity : 1024;
        struct sample *grown = realloc(samples->rows, capacity * sizeof(*grown));

        if (!grown)
            return false;
        samples->rows = grown;
        samples->capacity = capacity;
    }
    samples->rows[samples->count++] = *sample;
    return true;
}

/* A user agent called or was called: by whether the request came to it. Others by their role. */
static const char *role_of(const struct flow *flow, const struct flow_leg *leg)
{
    enum flow_role role = flow->nodes[leg->node].role;

    if (role == FLOW_UE)
        return flow->messages[leg->in].is_request ? "ue-b" : "ue-a";
    return flow_role_names[role];
}

/* Requests that a CSCF may answer itself: it registers, and it notifies of registrations (TS 24.229 section 5.4). A
 * final answer of its own to any other is one whose way through it the capture does not hold. */
static bool may_answer(enum flow_role role, const struct trace_message *request)
{
    static const char *const kinds[] = {"REGISTER", "SUBSCRIBE", "PUBLISH"};

    if (role != FLOW_P_CSCF && role != FLOW_I_CSCF && role != FLOW_S_CSCF && role != FLOW_PROXY)
        return true;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (strcmp(request->kind, kinds[i]) == 0)
            return true;
    return false;
}

/* A node's own answer is a dwell where nothing was forwarded: a user agent's, a registrar's. Its 100 is not: it says
 * only that the request has come. */
static bool is_dwell(const struct flow *flow, const struct flow_leg *leg)
{
    const struct trace_message *in = &flow->messages[leg->in], *out = &flow->messages[leg->out];

    if (leg->dwell_ns < 0)
        return false;
    return !leg->is_answer || (out->status >= 200 && may_answer(flow->nodes[leg->node].role, in));
}

/* Where a tap was. One that saw only messages of a single host was at that host: what its neighbours keep holds the
 * ways to them, and is no dwell. */
struct taps {
    struct endpoint hosts[FLOW_TAPS_MAX];
    bool is_seen[FLOW_TAPS_MAX], is_anywhere[FLOW_TAPS_MAX];
};

static void find_taps(const struct flow *flow, struct taps *taps)
{
    struct endpoint others[FLOW_TAPS_MAX]; /* the second candidate of each: a message has two ends */
    bool is_out[FLOW_TAPS_MAX][2] = {{false}};

    memset(taps, 0, sizeof(*taps));
    for (size_t i = 0; i < flow->trace->count; i++) {
        const struct trace_message *message = &flow->messages[i];
        uint16_t tap = message->tap;

        if (tap >= FLOW_TAPS_MAX || message->protocol != TRACE_SIP)
            continue;
        if (!taps->is_seen[tap]) {
            taps->is_seen[tap] = true;
            taps->hosts[tap] = message->from;
            others[tap] = message->to;
        }
        is_out[tap][0] |= !endpoint_same_host(&taps->hosts[tap], &message->from) &&
                          !endpoint_same_host(&taps->hosts[tap], &message->to);
        is_out[tap][1] |=
            !endpoint_same_host(&others[tap], &message->from) && !endpoint_same_host(&others[tap], &message->to);
    }
    for (size_t tap = 0; tap < FLOW_TAPS_MAX; tap++) {
        /* Two hosts that speak with nobody else: the tap may be at either. */
        taps->is_anywhere[tap] = is_out[tap][0] == is_out[tap][1];
        if (is_out[tap][0])
            taps->hosts[tap] = others[tap];
    }
}

static bool is_at_tap(const struct taps *taps, const struct flow *flow, size_t message, int node)
{
    uint16_t tap = flow->messages[message].tap;

    return tap >= FLOW_TAPS_MAX || !taps->is_seen[tap] || taps->is_anywhere[tap] ||
           endpoint_same_host(&taps->hosts[tap], &flow->nodes[node].at);
}

static bool add_legs(struct samples *samples, const struct flow *flow, const struct taps *taps, bool by_side)
{
    bool has_memory = true;

    for (size_t i = 0; i < flow->leg_count && has_memory; i++) {
        const struct flow_leg *leg = &flow->legs[i];
        struct sample sample = {role_of(flow, leg), flow->messages[leg->in].kind, "any", leg->dwell_ns, leg->hss_ns > 0,
                                leg->is_guess};

        if (!is_dwell(flow, leg) || (!leg->is_across && !is_at_tap(taps, flow, leg->in, leg->node)))
            continue;
        has_memory = add(samples, &sample);
        sample.side = side_names[leg->side];
        if (has_memory && by_side && leg->side != FLOW_ANY_SIDE)
            has_memory = add(samples, &sample);
    }
    return has_memory;
}

/* Who calls keeps the 200 until its ACK leaves. */
static bool add_acks(struct samples *samples, const struct flow *flow, const struct taps *taps)
{
    bool has_memory = true;

    for (size_t i = 0; i < flow->trace->count && has_memory; i++) {
        const struct trace_message *ack = &flow->messages[i];

        if (ack->protocol != TRACE_SIP || strcmp(ack->kind, "ACK") != 0 || ack->via_count != 1 || ack->is_copy ||
            ack->is_again || flow->nodes[flow->from[i]].role != FLOW_UE || !is_at_tap(taps, flow, i, flow->from[i]))
            continue;
        for (size_t j = i; j > 0; j--) {
            const struct trace_message *answer = &flow->messages[j - 1];

            if (ack->first_ns - answer->last_ns > INT64_C(10000000000))
                break;
            if (answer->call_id != ack->call_id || answer->cseq != ack->cseq || answer->status / 100 != 2 ||
                flow->to[j - 1] != flow->from[i] || answer->tap != ack->tap || answer->is_copy || answer->is_again)
                continue;
            has_memory = add(
                samples, &(struct sample){"ue-a", answer->kind, "any", ack->first_ns - answer->last_ns, false, false});
            break;
        }
    }
    return has_memory;
}

/* An HSS answers requests by their hop-by-hop identifier. */
static bool add_diameter(struct samples *samples, const struct flow *flow)
{
    bool has_memory = true;

    for (size_t i = 0; i < flow->trace->count && has_memory; i++) {
        const struct trace_message *request = &flow->messages[i];

        if (request->protocol != TRACE_DIAMETER || !request->is_request || request->is_copy ||
            flow->nodes[flow->to[i]].role != FLOW_HSS || request->kind[0] == 'C' || request->kind[0] == '?')
            continue;
        for (size_t j = i + 1; j < flow->trace->count; j++) {
            const struct trace_message *answer = &flow->messages[j];

            if (answer->first_ns - request->last_ns > INT64_C(10000000000))
                break;
            if (answer->protocol != TRACE_DIAMETER || answer->is_request || answer->is_copy ||
                answer->hop_by_hop != request->hop_by_hop || answer->tap != request->tap ||
                !endpoint_equal(&answer->to, &request->from))
                continue;
            has_memory = add(samples, &(struct sample){"hss", request->kind, "any", answer->first_ns - request->last_ns,
                                                       false, false});
            break;
        }
    }
    return has_memory;
}

/* By role, kind and side, those of guessed legs behind, then by time. */
static int compare(const void *a, const void *b)
{
    const struct sample *first = a, *second = b;
    int order = strcmp(first->role, second->role);

    if (order == 0)
        order = strcmp(first->kind, second->kind);
    if (order == 0)
        order = strcmp(first->side, second->side);
    if (order == 0)
        order = first->is_guess - second->is_guess;
    if (order == 0)
        order = first->ns < second->ns ? -1 : first->ns > second->ns;
    return order;
}

static bool is_same_row(const struct dwells_row *row, const struct sample *sample)
{
    return strcmp(row->role, sample->role) == 0 && strcmp(row->kind, sample->kind) == 0 &&
           strcmp(row->side, sample->side) == 0 && row->is_guess == sample->is_guess;
}

static enum err group(struct dwells *dwells, const struct samples *samples)
{
    int64_t *times = malloc((samples->count + 1) * sizeof(*times));

    dwells->rows = calloc(samples->count + 1, sizeof(*dwells->rows));
    if (!times || !dwells->rows) {
        free(times);
        return ERR_FULL;
    }
    dwells->rows[0].sample_ns = times; /* what dwells_free gives back, rows or none */
    for (size_t i = 0; i < samples->count; i++) {
        const struct sample *sample = &samples->rows[i];
        struct dwells_row *row = dwells->count > 0 ? &dwells->rows[dwells->count - 1] : NULL;

        if (!row || !is_same_row(row, sample)) {
            row = &dwells->rows[dwells->count++];
            *row = (struct dwells_row){.role = sample->role,
                                       .kind = sample->kind,
                                       .side = sample->side,
                                       .sample_ns = times + i,
                                       .is_guess = sample->is_guess};
        }
        row->sample_ns[row->count++] = sample->ns;
        row->has_hss |= sample->has_hss;
    }
    return ERR_OK;
}

enum err dwells_init(struct dwells *dwells, const struct flow *flow, bool by_side, struct note *note)
{
    struct samples samples = {0};
    struct taps taps;
    enum err error = ERR_FULL;

    *dwells = (struct dwells){.count = 0};
    find_taps(flow, &taps);
    if (add_legs(&samples, flow, &taps, by_side) && add_acks(&samples, flow, &taps) && add_diameter(&samples, flow)) {
        if (samples.count > 0)
            qsort(samples.rows, samples.count, sizeof(*samples.rows), compare);
        error = group(dwells, &samples);
    }
    free(samples.rows);
    return error == ERR_OK ? ERR_OK : note_set(note, error, "no memory for dwells");
}

void dwells_free(struct dwells *dwells)
{
    if (dwells->rows)
        free(dwells->rows[0].sample_ns);
    free(dwells->rows);
    *dwells = (struct dwells){.count = 0};
}

int64_t dwells_quantile(const struct dwells_row *row, double q)
{
    check(row->count > 0 && q > 0 && q <= 1);
    size_t rank = (size_t)ceil(q * (double)row->count);
    size_t at = rank > 0 ? rank - 1 : 0;

    if (q == 0.5 && row->count % 2 == 0)
        return (row->sample_ns[row->count / 2 - 1] + row->sample_ns[row->count / 2]) / 2;
    return row->sample_ns[at < row->count ? at : row->count - 1];
}
