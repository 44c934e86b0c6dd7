/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flow_roles.c - what a node is, from what it does: a P-CSCF adds a Path, an I-CSCF asks by UAR and LIR, an S-CSCF by
 * MAR and SAR or gives a Service-Route, an HSS answers Diameter, a proxy passes requests on, a user agent begins or
 * ends them; who answers what it must have passed on is none, though no tap saw it do that. And on which side of a
 * session a node stood: before the I-CSCF or behind it.
 */
#include "traces/flow_state.h"
#include "sim/base/units.h"

#include <stdlib.h>

#define DIAMETER_NEAR (SECOND) /* a node asks its HSS within that time of what makes it ask */

const char *const flow_role_names[] = {"unknown", "ue",    "p-cscf", "i-cscf",    "s-cscf", "hss",
                                       "as",      "b2bua", "proxy",  "registrar", "relay",  NULL};

static bool is_kind(const struct trace_message *message, const char *kind)
{
    return strcmp(message->kind, kind) == 0;
}

static bool is_cx(const struct trace_message *message)
{
    static const char *const kinds[] = {"UAR", "UAA", "SAR", "SAA", "LIR", "LIA", "MAR", "MAA"};

    for (size_t i = 0; message->protocol == TRACE_DIAMETER && i < sizeof(kinds) / sizeof(*kinds); i++)
        if (is_kind(message, kinds[i]))
            return true;
    return false;
}

/* ---- Counting what nodes do ---- */

/* A user agent copies the Record-Routes of a request into its answer (RFC 3261 section 12.1.1), and what reaches it in
 * a dialog has no Route left (sections 12.2.1.1 and 16.4). */
static bool has_others_behind(const struct trace_message *in, const struct trace_message *out)
{
    return (*out->record_route && strcmp(in->record_route, out->record_route) != 0) ||
           (is_kind(in, "BYE") && *in->route);
}

static void count_leg(struct flow *flow, const struct flow_leg *leg)
{
    struct flow_node *node = &flow->nodes[leg->node];
    const struct trace_message *in = &flow->messages[leg->in], *out = &flow->messages[leg->out];

    if (leg->is_answer) {
        node->answers += out->status >= 200;
        node->hides += out->status / 100 == 2 && has_others_behind(in, out);
        node->challenges += out->status == 401;
        node->gives_service_route += is_kind(in, "REGISTER") && out->status / 100 == 2 && *out->service_route;
        return;
    }
    if (!in->is_request)
        return;
    node->forwards++;
    node->adds_path += is_kind(in, "REGISTER") && !*in->path && *out->path;
}

static void count_messages(struct flow *flow)
{
    for (size_t i = 0; i < flow->trace->count; i++) {
        const struct trace_message *message = &flow->messages[i];
        int from = flow->from[i];

        if (message->is_copy || message->is_again || from == FLOW_NONE)
            continue;
        if (message->protocol == TRACE_SIP && message->is_request && message->via_count == 1 &&
            !is_kind(message, "ACK") && !is_kind(message, "CANCEL"))
            flow->nodes[from].originates++;
        if (is_cx(message) && !message->is_request)
            flow->nodes[from].diameter_answers++;
        if (message->protocol == TRACE_MSRP && message->is_request && strchr(message->from_path, ' '))
            flow->nodes[from].msrp_forwards++;
    }
}

/* The SIP node on whose behalf a Diameter request was sent: at the same address, the one that got a request last. */
static int asker(const struct flow *flow, size_t request)
{
    const struct trace_message *message = &flow->messages[request];
    int64_t best_ns = INT64_MIN;
    int found = FLOW_NONE;

    for (size_t i = request; i > 0; i--) {
        const struct trace_message *before = &flow->messages[i - 1];

        if (message->first_ns - before->last_ns > DIAMETER_NEAR)
            break;
        if (before->protocol == TRACE_SIP && before->is_request && !before->is_copy && before->tap == message->tap &&
            endpoint_same_host(&before->to, &message->from) && before->last_ns <= message->first_ns &&
            before->last_ns > best_ns) {
            best_ns = before->last_ns;
            found = flow->to[i - 1];
        }
    }
    return found;
}

static size_t find_diameter_answer(const struct flow *flow, size_t request)
{
    const struct trace_message *message = &flow->messages[request];

    for (size_t i = request + 1; i < flow->trace->count; i++) {
        const struct trace_message *answer = &flow->messages[i];

        if (answer->protocol == TRACE_DIAMETER && !answer->is_request && answer->hop_by_hop == message->hop_by_hop &&
            answer->tap == message->tap && endpoint_equal(&answer->to, &message->from))
            return i;
        if (answer->first_ns - message->last_ns > 10 * SECOND)
            break;
    }
    return SIZE_MAX;
}

/* The first leg whose message came behind message i: legs stand in the order of what came in. */
static size_t legs_behind(const struct flow *flow, size_t i)
{
    size_t low = 0, high = flow->leg_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (flow->legs[middle].in <= i)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What a node kept a message for because it asked the HSS. */
static void charge_hss(struct flow *flow, size_t request, size_t answer, int node)
{
    int64_t asked_ns = flow->messages[request].first_ns, told_ns = flow->messages[answer].last_ns;

    for (size_t i = legs_behind(flow, request); i > 0; i--) {
        struct flow_leg *leg = &flow->legs[i - 1];
        const struct trace_message *in = &flow->messages[leg->in], *out = &flow->messages[leg->out];

        if (asked_ns - in->last_ns > 10 * SECOND)
            break;
        if (leg->node == node && in->is_request && in->tap == flow->messages[request].tap && in->last_ns <= asked_ns &&
            out->first_ns >= told_ns && out->status != 100)
            leg->hss_ns += told_ns - asked_ns;
    }
}

static void count_diameter(struct flow *flow)
{
    for (size_t i = 0; i < flow->trace->count; i++) {
        const struct trace_message *message = &flow->messages[i];

        if (message->protocol != TRACE_DIAMETER || !message->is_request || message->is_copy)
            continue;
        bool is_location = is_kind(message, "UAR") || is_kind(message, "LIR");
        bool is_authentication = is_kind(message, "MAR") || is_kind(message, "SAR");
        int node = is_location || is_authentication ? asker(flow, i) : FLOW_NONE;
        size_t answer = node != FLOW_NONE ? find_diameter_answer(flow, i) : SIZE_MAX;

        if (node == FLOW_NONE)
            continue;
        flow->nodes[node].asks[is_authentication]++;
        if (answer != SIZE_MAX)
            charge_hss(flow, i, answer, node);
    }
}

/* ---- Deciding ---- */

static enum flow_role role_of(const struct flow_node *node, bool *is_guess)
{
    *is_guess = false;
    if (node->diameter_answers > 0)
        return FLOW_HSS;
    if (node->asks[0] > node->asks[1])
        return FLOW_I_CSCF;
    if (node->asks[1] > 0 || (node->gives_service_route > 0 && node->forwards > 0))
        return FLOW_S_CSCF;
    if (node->adds_path > 0)
        return FLOW_P_CSCF;
    if (node->gives_service_route > 0)
        return FLOW_S_CSCF;
    if (node->msrp_forwards > 0)
        return FLOW_RELAY;
    *is_guess = true;
    if (node->forwards > 0 || node->hides > 0)
        return FLOW_PROXY;
    if (node->challenges > 0 && node->originates == 0)
        return FLOW_REGISTRAR;
    return node->originates > 0 || node->answers > 0 ? FLOW_UE : FLOW_UNKNOWN;
}

/* In a core that has S- or I-CSCFs a proxy beside a user agent is a P-CSCF, and one that has an I-CSCF beside it and no
 * user agent is an S-CSCF (TS 23.228 section 5.6). */
static void refine_proxies(struct flow *flow)
{
    bool has_core = false;

    for (size_t i = 0; i < flow->node_count; i++)
        has_core |= flow->nodes[i].role == FLOW_S_CSCF || flow->nodes[i].role == FLOW_I_CSCF;
    for (size_t i = 0; i < flow->leg_count && has_core; i++) {
        const struct flow_leg *leg = &flow->legs[i];
        struct flow_node *node = &flow->nodes[leg->node];
        const struct trace_message *in = &flow->messages[leg->in];

        if (node->role != FLOW_PROXY || node->is_given || leg->is_answer || !in->is_request)
            continue;
        enum flow_role before = flow->nodes[flow->from[leg->in]].role, behind = flow->nodes[flow->to[leg->out]].role;

        if (before == FLOW_UE || behind == FLOW_UE)
            node->role = FLOW_P_CSCF;
    }
    for (size_t i = 0; i < flow->leg_count && has_core; i++) {
        const struct flow_leg *leg = &flow->legs[i];
        struct flow_node *node = &flow->nodes[leg->node];

        if (node->role != FLOW_PROXY || node->is_given || leg->is_answer || !flow->messages[leg->in].is_request)
            continue;
        if (flow->nodes[flow->from[leg->in]].role == FLOW_I_CSCF || flow->nodes[flow->to[leg->out]].role == FLOW_I_CSCF)
            node->role = FLOW_S_CSCF;
    }
}

void flow_find_roles(struct flow *flow)
{
    count_messages(flow);
    for (size_t i = 0; i < flow->leg_count; i++)
        count_leg(flow, &flow->legs[i]);
    count_diameter(flow);
    for (size_t i = 0; i < flow->node_count; i++)
        if (!flow->nodes[i].is_given)
            flow->nodes[i].role = role_of(&flow->nodes[i], &flow->nodes[i].is_guess);
    refine_proxies(flow);
}

/* ---- Sides ---- */

static bool is_forwarded_request(const struct flow *flow, size_t leg)
{
    return !flow->legs[leg].is_answer && !flow->legs[leg].is_guess && flow->messages[flow->legs[leg].in].is_request;
}

/* The leg by which the request of this leg came to the node before; SIZE_MAX at the first one. */
static size_t leg_into(const struct flow *flow, const size_t *leg_out_of, size_t leg)
{
    return leg_out_of[flow->legs[leg].in];
}

/* By the branch that a request left a node with, which the responses to it bring back. */
static uint64_t branch_key(const struct flow *flow, size_t leg, const char *branch)
{
    return flow_mix_text(flow_mix(3, (uint64_t)(unsigned)flow->legs[leg].node), branch);
}

static void find_sides_of_responses(struct flow *flow)
{
    struct flow_index index = {0};
    bool has_memory = flow_index_init(&index, flow->leg_count);

    for (size_t i = 0; i < flow->leg_count && has_memory; i++)
        if (is_forwarded_request(flow, i))
            flow_index_add(&index, branch_key(flow, i, flow->messages[flow->legs[i].out].branch), i);
    for (size_t i = 0; i < flow->leg_count && has_memory; i++) {
        const struct trace_message *in = &flow->messages[flow->legs[i].in];
        size_t found = in->is_request ? SIZE_MAX : flow_index_next(&index, branch_key(flow, i, in->branch), SIZE_MAX);

        if (found != SIZE_MAX)
            flow->legs[i].side = flow->legs[found].side;
    }
    flow_index_free(&index);
}

static enum flow_side side_of(const struct flow *flow, const size_t *leg_out_of, size_t leg)
{
    enum flow_role own = flow->nodes[flow->legs[leg].node].role;

    if (own == FLOW_I_CSCF)
        return FLOW_TERM;
    for (size_t before = leg_into(flow, leg_out_of, leg), turns = 0; before != SIZE_MAX && turns < 64; turns++) {
        if (flow->nodes[flow->legs[before].node].role == FLOW_I_CSCF)
            return FLOW_TERM;
        before = leg_into(flow, leg_out_of, before);
    }
    return FLOW_ANY_SIDE;
}

/* A request's legs behind the I-CSCF are terminating; those in front of one that it passed later, originating. Its
 * responses take the side of the request's leg at the node. */
void flow_find_sides(struct flow *flow)
{
    size_t *leg_out_of = malloc((flow->trace->count + 1) * sizeof(*leg_out_of));

    if (!leg_out_of)
        return;
    for (size_t i = 0; i < flow->trace->count; i++)
        leg_out_of[i] = SIZE_MAX;
    for (size_t i = 0; i < flow->leg_count; i++)
        if (is_forwarded_request(flow, i))
            leg_out_of[flow->legs[i].out] = i;
    for (size_t i = 0; i < flow->leg_count; i++) {
        if (!is_forwarded_request(flow, i))
            continue;
        flow->legs[i].side = side_of(flow, leg_out_of, i);
        if (flow->nodes[flow->legs[i].node].role != FLOW_I_CSCF)
            continue;
        for (size_t before = leg_into(flow, leg_out_of, i), turns = 0; before != SIZE_MAX && turns < 64; turns++) {
            flow->legs[before].side = FLOW_ORIG;
            before = leg_into(flow, leg_out_of, before);
        }
    }
    find_sides_of_responses(flow);
    free(leg_out_of);
}
