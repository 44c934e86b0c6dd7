/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/session_state.h"
#include "sim/base/check.h"

#include <stdlib.h>

const char *const place_labels[PLACE_COUNT] = {
    [PLACE_UE_A] = "UE-A",           [PLACE_P_A] = "P-CSCF(A)",       [PLACE_S_A] = "S-CSCF(A)",
    [PLACE_I_B] = "I-CSCF(B)",       [PLACE_S_B] = "S-CSCF(B)",       [PLACE_P_B] = "P-CSCF(B)",
    [PLACE_UE_B] = "UE-B",           [PLACE_I_A] = "I-CSCF(A)",       [PLACE_HSS_A] = "HSS(A)",
    [PLACE_HSS_B] = "HSS(B)",        [PLACE_AS_A] = "AS of A",        [PLACE_AS_B] = "AS of B",
    [PLACE_RELAY_1] = "relay 1",     [PLACE_RELAY_1 + 1] = "relay 2", [PLACE_RELAY_1 + 2] = "relay 3",
    [PLACE_RELAY_1 + 3] = "relay 4", [PLACE_RELAY_1 + 4] = "relay 5", [PLACE_RELAY_1 + 5] = "relay 6",
    [PLACE_AGW_A] = "IMS-AGW(A)",    [PLACE_AGW_B] = "IMS-AGW(B)",
};

const char *const session_kind_names[] = {"nothing", "registration", "messages", "call", NULL};

/* ---- What is no step ---- */

void session_leave_out(struct session *session, const struct trace_message *message, const char *why)
{
    for (size_t i = 0; i < session->rest_count; i++)
        if (session->rests[i].kind == message->kind && session->rests[i].why == why) {
            session->rests[i].count++;
            return;
        }
    if (session->rest_count < SESSION_RESTS_MAX)
        session->rests[session->rest_count++] = (struct session_rest){message->kind, why, 1};
}

void session_add(struct session *session, size_t i, enum place from, enum place to, const char *kind)
{
    session->steps[session->step_count++] = (struct session_step){.message = i,
                                                                  .from = from,
                                                                  .to = to,
                                                                  .kind = kind,
                                                                  .first_ns = flow_first_ns(session->flow, i),
                                                                  .last_ns = flow_last_ns(session->flow, i)};
}

static bool is_kind(const struct trace_message *message, const char *kind)
{
    return strcmp(message->kind, kind) == 0;
}

/* ---- Ways ---- */

/* How well a node's role fits a place. */
static int fit(enum flow_role role, enum place place)
{
    static const enum flow_role roles[PLACE_COUNT] = {
        [PLACE_P_A] = FLOW_P_CSCF, [PLACE_S_A] = FLOW_S_CSCF, [PLACE_I_B] = FLOW_I_CSCF, [PLACE_S_B] = FLOW_S_CSCF,
        [PLACE_P_B] = FLOW_P_CSCF, [PLACE_I_A] = FLOW_I_CSCF, [PLACE_AS_A] = FLOW_AS,    [PLACE_AS_B] = FLOW_AS};

    return roles[place] == role ? 2 : role == FLOW_PROXY || role == FLOW_UNKNOWN ? 1 : 0;
}

/* Gives visits 1 to `end` - 1 their places, in order, below `places`, so that roles fit best; on a tie the earlier
 * place. best[v][p]: of the visits from v on, with the places from p on. */
static void align(const struct session *session, struct session_way *way, size_t end, size_t places)
{
    size_t least = way->visits[0].first + 1;

    enum { IMPOSSIBLE = -1000 };
    int best[SESSION_WAY_MAX + 1][SESSION_WAY_MAX + 1] = {{0}};

    for (size_t v = 0; v < end; v++)
        best[v][places] = IMPOSSIBLE;
    for (size_t v = end; v-- > 1;)
        for (size_t p = places; p-- > least;) {
            int here = fit(session->flow->nodes[way->visits[v].node].role, way->places[p]) + best[v + 1][p + 1];

            best[v][p] = best[v][p + 1] > here ? best[v][p + 1] : here;
        }
    for (size_t v = 1, p = least; v < end; v++, p++) {
        while (p + 1 < places && best[v][p + 1] == best[v][p] &&
               fit(session->flow->nodes[way->visits[v].node].role, way->places[p]) + best[v + 1][p + 1] < best[v][p])
            p++;
        way->visits[v].first = p;
    }
}

static size_t find_leg(const struct flow *flow, size_t in)
{
    for (size_t i = 0; i < flow->leg_count; i++)
        if (flow->legs[i].in == in && !flow->legs[i].is_answer)
            return flow->legs[i].out;
    return SIZE_MAX;
}

/* A detour from an S-CSCF to a server and back is not on the standard way: the second visit of the S-CSCF goes, and the
 * server with it. */
static void drop_detours(struct session_way *way, size_t most)
{
    for (size_t i = 1; i + 2 < way->count && way->count > most;) {
        if (way->visits[i].node != way->visits[i + 2].node) {
            i++;
            continue;
        }
        memmove(&way->visits[i + 1], &way->visits[i + 3], (way->count - i - 3) * sizeof(way->visits[0]));
        way->count -= 2;
    }
}

/* Where a call ends, as far as can be seen: at a user agent, or at one that passes it on unseen. */
static bool ends_calls(const struct session *session, int node)
{
    enum flow_role role = session->flow->nodes[node].role;

    return role == FLOW_UE || role == FLOW_B2BUA || role == FLOW_UNKNOWN;
}

void session_find_way(const struct session *session, size_t opening, const enum place *places, size_t place_count,
                      struct session_way *way)
{
    const struct flow *flow = session->flow;

    *way = (struct session_way){.count = 1, .place_count = place_count};
    memcpy(way->places, places, place_count * sizeof(*places));
    way->visits[0].node = flow->from[opening];
    for (size_t at = opening; at != SIZE_MAX && way->count < SESSION_WAY_MAX; at = find_leg(flow, at))
        way->visits[way->count++].node = flow->to[at];
    drop_detours(way, place_count);
    if (way->count > place_count) /* more nodes than places: the last ones are told of as not simulated */
        way->count = place_count;
    /* A request that others have passed on before has as many Vias as there were. */
    size_t vias = flow->messages[opening].via_count, last = way->count - 1;
    bool has_callee = places[place_count - 1] == PLACE_UE_B && last > 0 && ends_calls(session, way->visits[last].node);

    if (vias > 1)
        way->visits[0].first = vias - 1 < place_count - way->count ? vias - 1 : place_count - way->count;
    align(session, way, has_callee ? last : way->count, has_callee ? place_count - 1 : place_count);
    if (last > 0)
        way->visits[1].first = way->visits[0].first + 1;
    if (has_callee)
        way->visits[last].first = place_count - 1;
}

/* The last place that a visit stands for: a caller for no other. */
static size_t last_of(const struct session_way *way, size_t visit)
{
    if (visit == 0 && way->visits[0].first == 0)
        return 0;
    return visit + 1 < way->count ? way->visits[visit + 1].first - 1 : way->place_count - 1;
}

/* The place next to `at` in a direction, without the skipped one. */
static size_t beside(const struct session_way *way, size_t at, bool is_forward, enum place skipped)
{
    size_t next = is_forward ? at + 1 : at - 1;

    if (way->places[next] == skipped)
        next = is_forward ? next + 1 : next - 1;
    return next;
}

/* The node of the way's end that a message came from or went to: a user agent may use several ports of its host. */
static int end_of(const struct session *session, const struct session_way *way, int node)
{
    const size_t ends[] = {0, way->count - 1};

    for (size_t v = 0; v < way->count; v++)
        if (way->visits[v].node == node)
            return node;
    for (size_t i = 0; i < 2; i++) {
        const struct session_visit *visit = &way->visits[ends[i]];
        enum place place = way->places[visit->first];

        if ((place == PLACE_UE_A || place == PLACE_UE_B) &&
            endpoint_same_host(&session->flow->nodes[visit->node].at, &session->flow->nodes[node].at))
            return visit->node;
    }
    return node;
}

bool session_cross(const struct session *session, const struct session_way *way, size_t message, bool is_forward,
                   enum place skipped, enum place *sender, enum place *receiver)
{
    int from = end_of(session, way, session->flow->from[message]),
        to = end_of(session, way, session->flow->to[message]);
    size_t best = SIZE_MAX, best_from = 0;

    for (size_t a = 0; a < way->count; a++) {
        for (size_t b = 0; b < way->count; b++) {
            size_t gap = is_forward ? b - a : a - b;

            if (way->visits[a].node != from || way->visits[b].node != to || (is_forward ? b <= a : a <= b) ||
                gap >= best)
                continue;
            best = gap;
            best_from = a;
        }
    }
    if (best == SIZE_MAX)
        return false;
    size_t at = is_forward ? last_of(way, best_from) : way->visits[best_from].first;

    if (way->places[at] == skipped)
        at = is_forward ? at - 1 : at + 1;
    *sender = way->places[at];
    *receiver = way->places[beside(way, at, is_forward, skipped)];
    return true;
}

/* ---- Choosing ---- */

/* A request at the first place where a tap saw it: no other of its transaction's chain has fewer Vias. */
static bool is_first_sending(const struct session *session, size_t i, const char *kind)
{
    const struct trace_message *message = &session->flow->messages[i];

    if (message->protocol != TRACE_SIP || !message->is_request || message->is_copy || message->is_again ||
        message->is_malformed || !is_kind(message, kind) || session->flow->from[i] < 0)
        return false;
    for (size_t j = i; message->via_count > 1 && j > 0; j--) {
        const struct trace_message *before = &session->flow->messages[j - 1];

        if (before->protocol == TRACE_SIP && before->is_request && before->call_id == message->call_id &&
            before->cseq == message->cseq && is_kind(before, kind) && before->via_count < message->via_count)
            return false;
    }
    return true;
}

/* The final response to a request that arrives where it came from; 0: none. */
static int status_of(const struct session *session, size_t request)
{
    const struct trace_message *asked = &session->flow->messages[request];

    for (size_t i = request + 1; i < session->flow->trace->count; i++) {
        const struct trace_message *message = &session->flow->messages[i];

        if (message->protocol == TRACE_SIP && message->status >= 200 && message->call_id == asked->call_id &&
            message->cseq == asked->cseq && message->branch == asked->branch && message->method == asked->method)
            return message->status;
    }
    return 0;
}

static bool is_challenge(int status)
{
    return status == 401 || status == 407;
}

/* Dialogs that begin: one for each Call-ID, at the request that was not challenged. */
static void find_call(struct session *session, uint64_t number)
{
    const char *last_call = NULL;
    size_t first = SIZE_MAX;

    for (size_t i = 0; i < session->flow->trace->count; i++) {
        const struct trace_message *message = &session->flow->messages[i];

        if (!is_first_sending(session, i, "INVITE") || *message->to_tag)
            continue;
        int status = status_of(session, i);

        session->found += message->call_id != last_call;
        if (first == SIZE_MAX)
            first = i;
        bool is_wanted = number > 0 ? session->found == number : status / 100 == 2 && session->opening == SIZE_MAX;

        if (is_wanted && (session->opening == SIZE_MAX || is_challenge(status_of(session, session->opening))))
            session->opening = i;
        last_call = message->call_id;
    }
    if (session->opening == SIZE_MAX && number == 0)
        session->opening = first;
    session->kind = session->found > 0 ? SESSION_CALL : SESSION_NONE;
}

/* Users who send MESSAGEs to one another: a session for each pair; the first MESSAGE opens it. */
static void find_messages(struct session *session, uint64_t number)
{
    const struct flow *flow = session->flow;

    for (size_t i = 0; i < flow->trace->count; i++) {
        bool is_known = false;

        if (!is_first_sending(session, i, "MESSAGE"))
            continue;
        for (size_t j = 0; j < i && !is_known; j++)
            is_known = is_first_sending(session, j, "MESSAGE") &&
                       flow->messages[j].from_uri == flow->messages[i].from_uri &&
                       flow->messages[j].to_uri == flow->messages[i].to_uri;
        if (is_known)
            continue;
        session->found++;
        if (session->opening == SIZE_MAX && (number == 0 || session->found == number))
            session->opening = i;
    }
    session->kind = session->found > 0 ? SESSION_MESSAGES : SESSION_NONE;
}

static void find_registration(struct session *session, uint64_t number)
{
    const char *last_call = NULL;

    for (size_t i = 0; i < session->flow->trace->count; i++) {
        const struct trace_message *message = &session->flow->messages[i];

        if (!is_first_sending(session, i, "REGISTER"))
            continue;
        session->found += message->call_id != last_call;
        if (session->opening == SIZE_MAX && (number == 0 || session->found == number))
            session->opening = i;
        last_call = message->call_id;
    }
    session->kind = session->found > 0 ? SESSION_REGISTRATION : SESSION_NONE;
}

static enum err choose(struct session *session, uint64_t number, struct note *note)
{
    static void (*const finders[])(struct session *, uint64_t) = {find_call, find_messages, find_registration};

    session->opening = SIZE_MAX;
    for (size_t i = 0; i < sizeof(finders) / sizeof(*finders) && session->kind == SESSION_NONE; i++)
        finders[i](session, number);
    if (session->kind == SESSION_NONE)
        return note_set(note, ERR_UNKNOWN, "no call, MESSAGE or registration that can be read begins here");
    if (session->opening == SIZE_MAX)
        return note_set(note, ERR_UNKNOWN, "session %llu: there are %zu", (unsigned long long)number, session->found);
    return ERR_OK;
}

/* ---- SIP ---- */

static const enum place call_places[] = {PLACE_UE_A, PLACE_P_A, PLACE_S_A, PLACE_I_B, PLACE_S_B, PLACE_P_B, PLACE_UE_B};
enum { CALL_PLACES = sizeof(call_places) / sizeof(*call_places), REGISTER_PLACES = 4 };

static bool is_same_user(const char *a, const char *b)
{
    return *a && strcmp(a, b) == 0;
}

/* Whose registration a REGISTER is: 0 of user A, 1 of user B, 2 of another one. */
static size_t registrant(const struct session *session, const struct trace_message *message)
{
    for (size_t user = 0; user < 2; user++)
        if (is_same_user(message->to_uri, session->user[user]))
            return user;
    return 2;
}

static void find_registrations(struct session *session)
{
    const struct flow *flow = session->flow;
    int i_cscf = FLOW_NONE;

    for (size_t v = 1; v + 1 < session->way.count; v++)
        if (session->way.places[session->way.visits[v].first] == PLACE_I_B)
            i_cscf = session->way.visits[v].node;
    for (size_t i = 0; i < flow->trace->count; i++) {
        const struct trace_message *message = &flow->messages[i];
        size_t user = is_first_sending(session, i, "REGISTER") ? registrant(session, message) : 2;

        if (user == 2 || session->registration[user].count > 0)
            continue;
        enum place places[REGISTER_PLACES] = {user ? PLACE_UE_B : PLACE_UE_A, user ? PLACE_P_B : PLACE_P_A, PLACE_I_B,
                                              user ? PLACE_S_B : PLACE_S_A};
        struct session_way *way = &session->registration[user];

        session_find_way(session, i, places, REGISTER_PLACES, way);
        for (size_t v = 1; v < way->count; v++)
            if (user == 0 && flow->nodes[way->visits[v].node].role == FLOW_I_CSCF && i_cscf != FLOW_NONE &&
                way->visits[v].node != i_cscf) {
                session->has_two_operators = true;
                way->places[2] = PLACE_I_A;
            }
    }
}

/* In a dialog requests pass the nodes that recorded their route; an I-CSCF does not. */
static bool is_in_dialog(const struct session *session, const struct trace_message *message)
{
    static const char *const outside[] = {"INVITE", "CANCEL", "MESSAGE"};

    for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++)
        if (strcmp(message->method, outside[i]) == 0)
            return false;
    if (strcmp(message->method, "ACK") != 0)
        return true;
    for (size_t i = 0; i < session->flow->trace->count; i++) { /* one for a refusal goes from hop to hop */
        const struct trace_message *invite = &session->flow->messages[i];

        if (invite->protocol == TRACE_SIP && invite->branch == message->branch && is_kind(invite, "INVITE"))
            return false;
    }
    return true;
}

/* A user agent's own challenge of an INVITE: the simulator's core challenges by 407. */
static bool is_challenged(const struct session *session, const struct trace_message *message)
{
    bool is_invite = strcmp(message->method, "INVITE") == 0 || strcmp(message->method, "ACK") == 0;

    for (size_t i = 0; i < session->flow->trace->count && is_invite; i++) {
        const struct trace_message *other = &session->flow->messages[i];

        if (other->status == 401 && other->call_id == message->call_id && other->cseq == message->cseq &&
            strcmp(other->method, "INVITE") == 0)
            return true;
    }
    return false;
}

static void add_dialog_message(struct session *session, size_t i, const char *caller_tag)
{
    const struct trace_message *message = &session->flow->messages[i];
    bool is_forward = (message->from_tag == caller_tag) == message->is_request;
    enum place from, to, skipped = is_in_dialog(session, message) ? PLACE_I_B : PLACE_NONE;

    if (message->is_again)
        session_leave_out(session, message, "sent again");
    else if (is_challenged(session, message))
        session_leave_out(session, message, "a challenge by 401, which nobody gives to an INVITE in the simulator");
    else if (session_cross(session, &session->way, i, is_forward, skipped, &from, &to))
        session_add(session, i, from, to, message->kind);
    else
        session_leave_out(session, message, "between nodes that are not on the session's way");
}

static void add_register_message(struct session *session, size_t i)
{
    const struct trace_message *message = &session->flow->messages[i];
    size_t user = registrant(session, message);
    enum place from, to;

    if (user == 2 || session->registration[user].count == 0)
        session_leave_out(session, message, "a registration of somebody else");
    else if (message->is_again)
        session_leave_out(session, message, "sent again");
    else if (session_cross(session, &session->registration[user], i, message->is_request, PLACE_NONE, &from, &to))
        session_add(session, i, from, to, message->kind);
    else
        session_leave_out(session, message, "between nodes that are not on the registration's way");
}

static bool is_of_messages(const struct session *session, const struct trace_message *message)
{
    const struct trace_message *opening = &session->flow->messages[session->opening];

    return strcmp(message->method, "MESSAGE") == 0 && message->from_uri == opening->from_uri &&
           message->to_uri == opening->to_uri;
}

static void add_sip(struct session *session)
{
    const struct flow *flow = session->flow;
    const struct trace_message *opening = &flow->messages[session->opening];

    for (size_t i = 0; i < flow->trace->count; i++) {
        const struct trace_message *message = &flow->messages[i];
        bool is_mine = session->kind == SESSION_CALL       ? message->call_id == opening->call_id
                       : session->kind == SESSION_MESSAGES ? is_of_messages(session, message)
                                                           : false;

        if (message->protocol != TRACE_SIP || message->is_copy)
            continue;
        if (message->is_malformed)
            session_leave_out(session, message, "libosip2 refuses it");
        else if (strcmp(message->method, "REGISTER") == 0)
            add_register_message(session, i);
        else if (is_mine)
            add_dialog_message(session, i, session->kind == SESSION_CALL ? opening->from_tag : message->from_tag);
        else
            session_leave_out(session, message, "not of this session");
    }
}

/* ---- The whole ---- */

enum place session_place(const struct session *session, int node)
{
    const struct session_way *ways[] = {&session->way, &session->registration[0], &session->registration[1]};

    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
        for (size_t v = 0; v < ways[i]->count; v++)
            if (ways[i]->visits[v].node == node)
                return ways[i]->places[ways[i]->visits[v].first];
    return PLACE_NONE;
}

bool session_is_core(const struct session *session, const struct endpoint *at)
{
    for (size_t i = 0; i < session->flow->node_count; i++) {
        enum place place = session_place(session, (int)i);

        if (place != PLACE_NONE && place != PLACE_UE_A && place != PLACE_UE_B &&
            endpoint_same_host(&session->flow->nodes[i].at, at))
            return true;
    }
    return false;
}

static int compare(const void *a, const void *b)
{
    const struct session_step *first = a, *second = b;

    if (first->first_ns != second->first_ns)
        return first->first_ns < second->first_ns ? -1 : 1;
    return first->message < second->message ? -1 : first->message > second->message;
}

static bool is_alike(const struct session_step *a, const struct session_step *b)
{
    return a->from == b->from && a->to == b->to && strcmp(a->kind, b->kind) == 0;
}

/* A table from places and kind to how many there were: open addressing, as there are few of them. */
static bool number_steps(struct session *session)
{
    enum { SLOTS = 1 << 14 };
    size_t *last = calloc(SLOTS, sizeof(*last)); /* 1 + the step that came last */

    for (size_t i = 0; last && i < session->step_count; i++) {
        struct session_step *step = &session->steps[i];
        uint64_t key = 5381 + (uint64_t)step->from * 64 + (uint64_t)step->to;

        for (const char *at = step->kind; *at; at++)
            key = key * 33 + (unsigned char)*at;
        size_t slot = key % SLOTS;

        while (last[slot] && !is_alike(&session->steps[last[slot] - 1], step))
            slot = (slot + 1) % SLOTS;
        step->ordinal = last[slot] ? session->steps[last[slot] - 1].ordinal + 1 : 0;
        last[slot] = i + 1;
    }
    free(last);
    return last != NULL;
}

static void find_users(struct session *session)
{
    const struct trace_message *opening = &session->flow->messages[session->opening];

    session->user[0] = opening->from_uri;
    session->user[1] = session->kind == SESSION_REGISTRATION ? "" : opening->to_uri;
    if (session->kind == SESSION_REGISTRATION) { /* the user whose registration opens it is user A */
        session->user[0] = opening->to_uri;
        session->ue[0] = session->flow->from[session->opening];
        return;
    }
    session_find_way(session, session->opening, call_places, CALL_PLACES, &session->way);
    if (session->way.places[session->way.visits[0].first] == PLACE_UE_A) /* else no tap saw the message there */
        session->ue[0] = session->way.visits[0].node;
    const struct session_visit *last = &session->way.visits[session->way.count - 1];

    if (session->way.places[last->first] == PLACE_UE_B)
        session->ue[1] = last->node;
}

enum err session_init(struct session *session, const struct flow *flow, uint64_t number, struct note *note)
{
    *session = (struct session){.flow = flow, .user = {"", ""}, .ue = {FLOW_NONE, FLOW_NONE}};
    TRY(choose(session, number, note));
    session->steps = calloc(flow->trace->count + 1, sizeof(*session->steps));
    if (!session->steps)
        return note_set(note, ERR_FULL, "no memory for a session");
    find_users(session);
    find_registrations(session);
    add_sip(session);
    session_add_diameter(session);
    session_add_msrp(session);
    session_add_tls(session);
    qsort(session->steps, session->step_count, sizeof(*session->steps), compare);
    if (number_steps(session))
        return ERR_OK;
    session_free(session);
    return note_set(note, ERR_FULL, "no memory for a session");
}

void session_free(struct session *session)
{
    free(session->steps);
    *session = (struct session){.step_count = 0};
}
