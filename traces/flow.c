/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/flow_state.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <arpa/inet.h>
#include <stdlib.h>

#define AGAIN_WINDOW (130 * SECOND) /* beyond timer F and B of Gm, nothing is sent again */
#define LEG_WINDOW (10 * SECOND)    /* a node that keeps a message longer is not forwarding it */

/* ---- Nodes ---- */

/* The node at an endpoint, made where it is new; FLOW_NONE at the limit. */
static int node_at(struct flow *flow, const struct endpoint *at)
{
    for (size_t i = 0; i < flow->node_count; i++)
        if (endpoint_equal(&flow->nodes[i].at, at))
            return (int)i;
    if (flow->node_count == FLOW_NODES_MAX)
        return FLOW_NONE;
    flow->nodes[flow->node_count] = (struct flow_node){.at = *at, .name = ""};
    return (int)flow->node_count++;
}

/* A client's end of a TCP connection has a port that nobody could reach it at; who sends requests there says in its Via
 * at which port it is reached, and in Diameter the end that asks is a node of its own. */
struct alias {
    struct endpoint client;
    struct endpoint server;
};

struct aliases {
    size_t count, capacity;
    struct alias *rows;
};

static bool has_digits_only(const char *text)
{
    return *text && strspn(text, "0123456789.") == strlen(text);
}

/* The port in "host:port", 5060 where there is none (RFC 3261 section 18.2.2). */
static uint16_t port_of(const char *sent_by)
{
    const char *colon = strrchr(sent_by, ':');
    long port = colon && !strchr(colon, ']') ? strtol(colon + 1, NULL, 10) : 5060;

    return port > 0 && port < 65536 ? (uint16_t)port : 5060;
}

static const struct endpoint *find_alias(const struct aliases *aliases, const struct endpoint *client)
{
    for (size_t i = aliases->count; i > 0; i--)
        if (endpoint_equal(&aliases->rows[i - 1].client, client))
            return &aliases->rows[i - 1].server;
    return client;
}

static bool add_alias(struct aliases *aliases, const struct trace_message *message)
{
    struct endpoint server = message->from;

    server.port = port_of(message->sent_by);
    if (server.port == message->from.port || !endpoint_equal(find_alias(aliases, &message->from), &message->from))
        return true;
    if (aliases->count == aliases->capacity) {
        size_t capacity = aliases->capacity ? 2 * aliases->capacity : 64;
        struct alias *grown = realloc(aliases->rows, capacity * sizeof(*grown));

        if (!grown)
            return false;
        aliases->rows = grown;
        aliases->capacity = capacity;
    }
    aliases->rows[aliases->count++] = (struct alias){message->from, server};
    return true;
}

static void name_node(struct flow *flow, int node, const struct trace_message *message)
{
    char host[256];
    size_t size = strcspn(message->sent_by, ":");

    if (node == FLOW_NONE || !message->is_request || *flow->nodes[node].name || size == 0 || size >= sizeof(host) ||
        has_digits_only(message->sent_by) || message->sent_by[0] == '[')
        return;
    memcpy(host, message->sent_by, size);
    host[size] = 0;
    if (has_digits_only(host))
        return;
    const char *kept = trace_text((struct trace *)flow->trace, (struct span){host, size});

    flow->nodes[node].name = kept ? kept : "";
}

enum err flow_find_nodes(struct flow *flow, struct note *note)
{
    struct aliases aliases = {0};
    enum err error = ERR_OK;

    for (size_t i = 0; i < flow->trace->count && error == ERR_OK; i++) {
        const struct trace_message *message = &flow->messages[i];

        if (message->protocol == TRACE_SIP && message->transport == TRACE_TCP && message->is_request)
            error = add_alias(&aliases, message) ? ERR_OK : note_set(note, ERR_FULL, "no memory for connections");
    }
    for (size_t i = 0; i < flow->trace->count && error == ERR_OK; i++) {
        const struct trace_message *message = &flow->messages[i];

        if (message->protocol == TRACE_TLS) {
            flow->from[i] = flow->to[i] = FLOW_NONE;
            continue;
        }
        flow->from[i] = node_at(flow, find_alias(&aliases, &message->from));
        flow->to[i] = node_at(flow, find_alias(&aliases, &message->to));
        if (flow->from[i] == FLOW_NONE || flow->to[i] == FLOW_NONE)
            error = note_set(note, ERR_FULL, "more than %d nodes", FLOW_NODES_MAX);
        else if (!message->is_copy) {
            flow->nodes[flow->from[i]].sent++;
            flow->nodes[flow->to[i]].received++;
            name_node(flow, flow->from[i], message);
        }
    }
    free(aliases.rows);
    return error;
}

/* ---- What was sent again ---- */

/* Alike for every sending of one message on one hop. */
static uint64_t sending_key(const struct flow *flow, size_t i)
{
    const struct trace_message *message = &flow->messages[i];
    uint64_t key = flow_mix((uint64_t)(unsigned)flow->from[i] << 32 | (unsigned)flow->to[i], message->cseq);

    key = flow_mix_text(flow_mix_text(key, message->kind), message->branch);
    return flow_mix(flow_mix_text(flow_mix_text(key, message->call_id), message->to_tag), message->tap);
}

void flow_mark_repeats(struct flow *flow)
{
    struct flow_index index = {0};

    if (!flow_index_init(&index, flow->trace->count)) {
        flow_index_free(&index);
        return;
    }
    for (size_t i = 0; i < flow->trace->count; i++) {
        struct trace_message *message = &flow->messages[i];

        if (message->protocol != TRACE_SIP || message->is_copy || message->is_malformed)
            continue;
        uint64_t key = sending_key(flow, i);
        size_t first = flow_index_next(&index, key, SIZE_MAX);

        if (first != SIZE_MAX && message->last_ns - flow->messages[first].last_ns < AGAIN_WINDOW)
            message->is_again = true;
        else
            flow_index_add(&index, key, i);
    }
    flow_index_free(&index);
}

/* ---- Legs ---- */

/* What a message and its forwarded form have in common; branch is the one that both hold: of a request the topmost one
 * as it came in, of a response the topmost one as it goes out. */
static uint64_t leg_key(const struct trace_message *message, const char *branch)
{
    uint64_t key = flow_mix_text(flow_mix(1, message->cseq), message->kind);

    return flow_mix_text(flow_mix_text(key, message->call_id), branch);
}

static bool is_sip_first(const struct trace_message *message)
{
    return message->protocol == TRACE_SIP && !message->is_malformed && !message->is_copy && !message->is_again;
}

static bool add_leg(struct flow *flow, size_t *capacity, const struct flow_leg *leg)
{
    if (flow->leg_count == *capacity) {
        size_t grown = *capacity ? 2 * *capacity : 1024;
        struct flow_leg *legs = realloc(flow->legs, grown * sizeof(*legs));

        if (!legs)
            return false;
        flow->legs = legs;
        *capacity = grown;
    }
    flow->legs[flow->leg_count++] = *leg;
    return true;
}

/* The forwarded form of message i that leaves the host it came to, from whatever port: at the same tap where there is
 * one. */
static size_t find_out(const struct flow *flow, const struct flow_index *index, size_t i)
{
    const struct trace_message *in = &flow->messages[i];
    uint64_t key = leg_key(in, in->is_request ? in->branch : in->branch_below);
    size_t found = SIZE_MAX;

    if (!*(in->is_request ? in->branch : in->branch_below))
        return SIZE_MAX;
    for (size_t at = flow_index_next(index, key, SIZE_MAX); at != SIZE_MAX; at = flow_index_next(index, key, at)) {
        const struct trace_message *out = &flow->messages[at];
        int64_t wait_ns = flow_first_ns(flow, at) - flow_last_ns(flow, i);
        bool is_branch_equal = in->is_request ? out->branch_below == in->branch : out->branch == in->branch_below;

        if (at == i || !endpoint_same_host(&flow->nodes[flow->from[at]].at, &flow->nodes[flow->to[i]].at) ||
            !is_branch_equal || out->call_id != in->call_id)
            continue;
        if (wait_ns > LEG_WINDOW || (out->tap == in->tap && wait_ns < 0))
            continue;
        if (out->tap == in->tap)
            return at;
        if (found == SIZE_MAX)
            found = at;
    }
    return found;
}

/* A node's own final answer to request i, or its 100. */
static size_t find_answer(const struct flow *flow, const struct flow_index *index, size_t i, bool is_final)
{
    const struct trace_message *in = &flow->messages[i];
    uint64_t key = flow_mix_text(flow_mix_text(2, in->call_id), in->branch);

    for (size_t at = flow_index_next(index, key, SIZE_MAX); at != SIZE_MAX; at = flow_index_next(index, key, at)) {
        const struct trace_message *out = &flow->messages[at];

        if (flow->from[at] == flow->to[i] && out->branch == in->branch && out->call_id == in->call_id &&
            out->cseq == in->cseq && out->tap == in->tap && out->method == in->method &&
            (is_final ? out->status >= 200 : out->status == 100) && out->first_ns >= in->last_ns)
            return at;
    }
    return SIZE_MAX;
}

static bool index_legs(struct flow *flow, struct flow_index *outs, struct flow_index *answers)
{
    if (!flow_index_init(outs, flow->trace->count) || !flow_index_init(answers, flow->trace->count))
        return false;
    for (size_t i = 0; i < flow->trace->count; i++) {
        const struct trace_message *message = &flow->messages[i];

        if (!is_sip_first(message))
            continue;
        if (message->is_request && *message->branch_below)
            flow_index_add(outs, leg_key(message, message->branch_below), i);
        if (!message->is_request && *message->branch) {
            flow_index_add(outs, leg_key(message, message->branch), i);
            flow_index_add(answers, flow_mix_text(flow_mix_text(2, message->call_id), message->branch), i);
        }
    }
    return true;
}

static bool add_legs_of(struct flow *flow, size_t i, const struct flow_index *outs, const struct flow_index *answers,
                        size_t *capacity)
{
    const struct trace_message *in = &flow->messages[i];
    size_t out = find_out(flow, outs, i);
    struct flow_leg leg = {.in = i, .out = out, .node = flow->to[i]};

    if (out != SIZE_MAX) {
        leg.dwell_ns = flow_first_ns(flow, out) - flow_last_ns(flow, i);
        leg.is_across = flow->messages[out].tap != in->tap;
        if (!add_leg(flow, capacity, &leg))
            return false;
    }
    for (int is_final = 0; in->is_request && is_final < 2; is_final++) {
        out = is_final && leg.out != SIZE_MAX ? SIZE_MAX : find_answer(flow, answers, i, is_final);
        if (out == SIZE_MAX)
            continue;
        struct flow_leg answer = {.in = i,
                                  .out = out,
                                  .node = flow->to[i],
                                  .dwell_ns = flow->messages[out].first_ns - in->last_ns,
                                  .is_answer = true};

        if (!add_leg(flow, capacity, &answer))
            return false;
    }
    return true;
}

/* ---- Ports of one node ---- */

static int root(int *parents, int node)
{
    while (parents[node] != node) {
        parents[node] = parents[parents[node]];
        node = parents[node];
    }
    return node;
}

/* A node that takes a message at one port and passes it on from another one of its host is one node: a P-CSCF with
 * ports of its own for each protected user. Its first port stands for it. */
static void join_ports(struct flow *flow, int *parents)
{
    for (size_t i = 0; i < flow->node_count; i++)
        parents[i] = (int)i;
    for (size_t i = 0; i < flow->leg_count; i++) {
        int in = root(parents, flow->legs[i].node), out = root(parents, flow->from[flow->legs[i].out]);

        if (in != out)
            parents[in > out ? in : out] = in > out ? out : in;
    }
    for (size_t i = 0; i < flow->node_count; i++) {
        int to = root(parents, (int)i);

        if (to == (int)i)
            continue;
        flow->nodes[to].sent += flow->nodes[i].sent;
        flow->nodes[to].received += flow->nodes[i].received;
        flow->nodes[i].sent = flow->nodes[i].received = 0;
        if (flow->nodes[i].is_given && !flow->nodes[to].is_given) {
            flow->nodes[to].role = flow->nodes[i].role;
            flow->nodes[to].is_given = true;
        }
    }
    for (size_t i = 0; i < flow->trace->count; i++) {
        flow->from[i] = flow->from[i] == FLOW_NONE ? FLOW_NONE : root(parents, flow->from[i]);
        flow->to[i] = flow->to[i] == FLOW_NONE ? FLOW_NONE : root(parents, flow->to[i]);
    }
    for (size_t i = 0; i < flow->leg_count; i++)
        flow->legs[i].node = root(parents, flow->legs[i].node);
}

static bool is_same_sending(const struct trace_message *a, const struct trace_message *b)
{
    return a->branch == b->branch && a->call_id == b->call_id && a->cseq == b->cseq && a->kind == b->kind;
}

/* What left a node in a leg, whichever tap saw it: its topmost branch is of this node alone. */
static uint64_t sending_of_leg(const struct flow *flow, size_t leg)
{
    const struct trace_message *out = &flow->messages[flow->legs[leg].out];

    return leg_key(out, out->branch);
}

/* A leg across taps is left out where one tap saw both of its ends: its clock needs no correction, and its dwell holds
 * no link. */
static bool drop_doubles(struct flow *flow)
{
    struct flow_index near = {0};
    bool has_memory = flow_index_init(&near, flow->leg_count);
    size_t count = has_memory ? flow->leg_count : 0, kept = 0;
    bool *is_double = calloc(flow->leg_count + 1, sizeof(*is_double));

    has_memory = has_memory && is_double;
    for (size_t i = 0; i < count && has_memory; i++)
        if (!flow->legs[i].is_across)
            flow_index_add(&near, sending_of_leg(flow, i), i);
    for (size_t i = 0; i < count && has_memory; i++) {
        const struct trace_message *out = &flow->messages[flow->legs[i].out];
        uint64_t key = sending_of_leg(flow, i);

        if (!flow->legs[i].is_across)
            continue;
        for (size_t at = flow_index_next(&near, key, SIZE_MAX); at != SIZE_MAX; at = flow_index_next(&near, key, at))
            is_double[i] |= is_same_sending(&flow->messages[flow->legs[at].out], out);
    }
    for (size_t i = 0; i < count && has_memory; i++)
        if (!is_double[i])
            flow->legs[kept++] = flow->legs[i];
    if (has_memory)
        flow->leg_count = kept;
    free(is_double);
    flow_index_free(&near);
    return has_memory;
}

enum err flow_find_legs(struct flow *flow, struct note *note)
{
    struct flow_index outs = {0}, answers = {0};
    size_t capacity = 0;
    bool has_memory = index_legs(flow, &outs, &answers);

    for (size_t i = 0; i < flow->trace->count && has_memory; i++)
        if (is_sip_first(&flow->messages[i]))
            has_memory = add_legs_of(flow, i, &outs, &answers, &capacity);
    flow_index_free(&outs);
    flow_index_free(&answers);
    has_memory = has_memory && drop_doubles(flow);
    int *parents = has_memory ? malloc((flow->node_count + 1) * sizeof(*parents)) : NULL;

    if (parents)
        join_ports(flow, parents);
    has_memory = parents != NULL;
    free(parents);
    return has_memory ? ERR_OK : note_set(note, ERR_FULL, "no memory for the legs of messages");
}

/* ---- Given roles ---- */

static bool parse_endpoint(struct span text, struct endpoint *at)
{
    size_t colon = text.size;
    char host[64];
    uint64_t port;

    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    if (colon < 2 || colon - 1 >= sizeof(host))
        return false;
    struct span digits = span_after(text, colon), name = {text.data, colon - 1};

    if (span_cut_number(&digits, &port) != ERR_OK || digits.size > 0 || port == 0 || port > 65535)
        return false;
    if (name.size > 2 && name.data[0] == '[' && name.data[name.size - 1] == ']')
        name = (struct span){name.data + 1, name.size - 2};
    memcpy(host, name.data, name.size);
    host[name.size] = 0;
    *at = (struct endpoint){.port = (uint16_t)port};
    if (inet_pton(AF_INET, host, at->address) == 1)
        return true;
    at->is_ipv6 = inet_pton(AF_INET6, host, at->address) == 1;
    return at->is_ipv6;
}

enum err flow_parse_given(struct span text, struct flow_given *given, struct note *note)
{
    size_t equals = span_find_byte(text, '=');
    struct span name = equals < text.size ? span_after(text, equals + 1) : (struct span){"", 0};
    struct flow_given parsed = {.role = FLOW_UNKNOWN};

    for (int role = FLOW_UE; role < FLOW_ROLE_COUNT; role++)
        if (span_equal(name, span_of(flow_role_names[role])))
            parsed.role = (enum flow_role)role;
    if (parsed.role == FLOW_UNKNOWN || !parse_endpoint((struct span){text.data, equals}, &parsed.at))
        return note_set(note, ERR_SYNTAX,
                        "--role %.*s: expected ADDRESS:PORT=ROLE with one of ue, p-cscf, i-cscf, s-cscf, hss, as, "
                        "b2bua, proxy, registrar, relay",
                        (int)(text.size < 100 ? text.size : 100), text.data);
    *given = parsed;
    return ERR_OK;
}

/* A role for a node that is there. */
static enum err give(struct flow *flow, const struct flow_given *given, struct note *note)
{
    char text[64];
    struct sink sink = SINK(text);

    for (size_t i = 0; i < flow->node_count; i++)
        if (endpoint_equal(&flow->nodes[i].at, &given->at)) {
            flow->nodes[i].role = given->role;
            flow->nodes[i].is_given = true;
            return ERR_OK;
        }
    endpoint_write(&given->at, &sink);
    return note_set(note, ERR_UNKNOWN, "--role %s=%s: no message in the capture comes from there or goes there",
                    sink_string(&sink), flow_role_names[given->role]);
}

/* ---- The whole ---- */

static enum err open(struct flow *flow, struct note *note)
{
    size_t count = flow->trace->count;

    flow->nodes = calloc(FLOW_NODES_MAX, sizeof(*flow->nodes));
    flow->from = calloc(count + 1, sizeof(*flow->from));
    flow->to = calloc(count + 1, sizeof(*flow->to));
    if (flow->nodes && flow->from && flow->to)
        return ERR_OK;
    return note_set(note, ERR_FULL, "no memory for %zu messages", count);
}

static enum err work_out(struct flow *flow, const struct flow_given *given, size_t given_count, struct note *note)
{
    TRY(open(flow, note));
    flow_fit_clocks(flow);
    TRY(flow_find_nodes(flow, note));
    for (size_t i = 0; i < given_count; i++)
        TRY(give(flow, &given[i], note));
    flow_mark_repeats(flow);
    flow_name_responses(flow);
    TRY(flow_find_legs(flow, note));
    flow_find_roles(flow);
    TRY(flow_find_b2buas(flow, note));
    flow_find_sides(flow);
    return ERR_OK;
}

enum err flow_init(struct flow *flow, struct trace *trace, const struct flow_given *given, size_t given_count,
                   struct note *note)
{
    *flow = (struct flow){.trace = trace, .messages = trace->messages};
    enum err error = work_out(flow, given, given_count, note);

    if (error != ERR_OK)
        flow_free(flow);
    return error;
}

void flow_free(struct flow *flow)
{
    free(flow->nodes);
    free(flow->from);
    free(flow->to);
    free(flow->legs);
    *flow = (struct flow){.leg_count = 0};
}
