/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay_network.c - the network that a capture tells of: which nodes share a host, where the tap was, and what links
 * take. From TCP's handshakes a tap knows the way there and back together, never one of them: each is taken for half.
 */
#include "traces/replay_state.h"
#include "sim/base/units.h"
#include "traces/handshakes.h"

#include <stdlib.h>

enum { SEGMENT_HEADERS = 66, SYN_SIZE = 74 }; /* Ethernet, IPv4, TCP with timestamps; with the options of a SYN */

const char *const replay_links_names[REPLAY_LINKS] = {"estimated", "delays alone", "none"};

/* ---- Hosts ---- */

/* Whether a tap saw the session's messages from one UE to the other. */
static bool is_seen_whole(const struct session *session)
{
    const struct session_way *way = &session->way;

    return way->count == 0 || (way->places[way->visits[0].first] == PLACE_UE_A &&
                               way->places[way->visits[way->count - 1].first] == PLACE_UE_B);
}

/* Whether every node of the ways between the UEs is on one host. */
static bool is_one_host(const struct session *session)
{
    const struct session_way *ways[] = {&session->way, &session->registration[0], &session->registration[1]};
    const struct endpoint *host = NULL;

    for (size_t w = 0; w < sizeof(ways) / sizeof(*ways); w++) {
        for (size_t v = 0; v < ways[w]->count; v++) {
            enum place place = ways[w]->places[ways[w]->visits[v].first];
            const struct endpoint *at = &session->flow->nodes[ways[w]->visits[v].node].at;

            if (place == PLACE_UE_A || place == PLACE_UE_B)
                continue;
            if (host && !endpoint_same_host(host, at))
                return false;
            host = at;
        }
    }
    return true;
}

static bool is_ue(const struct session *session, const struct endpoint *at)
{
    for (size_t user = 0; user < 2; user++)
        if (session->ue[user] != FLOW_NONE && endpoint_same_host(&session->flow->nodes[session->ue[user]].at, at))
            return true;
    if (session->ue[0] != FLOW_NONE && session->ue[1] != FLOW_NONE)
        return false;
    for (size_t i = 0; i < session->step_count; i++) { /* of one only media were seen */
        const struct session_step *step = &session->steps[i];
        const struct trace_message *message = &session->flow->messages[step->message];
        bool is_from = step->from == PLACE_UE_A || step->from == PLACE_UE_B;
        bool is_to = step->to == PLACE_UE_A || step->to == PLACE_UE_B;

        if ((is_from && endpoint_same_host(&message->from, at)) || (is_to && endpoint_same_host(&message->to, at)))
            return true;
    }
    return false;
}

/* Every message begins or ends at the host. */
static bool has_all(const struct session *session, const struct endpoint *host)
{
    for (size_t i = 0; i < session->step_count; i++) {
        const struct trace_message *message = &session->flow->messages[session->steps[i].message];

        if (!endpoint_same_host(&message->from, host) && !endpoint_same_host(&message->to, host))
            return false;
    }
    return true;
}

/* What the connections between a host and others say of the tap: beside the host that answers at once it is near. */
enum nearness { NEAR_UNKNOWN, NEAR_NO, NEAR_YES };

static enum nearness nearness_of(const struct session *session, const struct endpoint *host)
{
    const struct handshakes *handshakes = session->flow->trace->handshakes;

    for (size_t i = 0; i < handshakes->count; i++) {
        const struct handshake *row = &handshakes->rows[i];
        bool is_server = endpoint_same_host(&row->server, host), is_client = endpoint_same_host(&row->client, host);
        int64_t server_ns = row->syn_ack_ns - row->syn_ns, client_ns = row->ack_ns - row->syn_ack_ns;

        if (row->syn_ack_ns == 0 || row->ack_ns == 0 || row->syns_again > 0 || is_server == is_client)
            continue;
        return (is_server ? server_ns < client_ns / 4 : client_ns < server_ns / 4) ? NEAR_YES : NEAR_NO;
    }
    return NEAR_UNKNOWN;
}

/* A tap that saw only messages of one host was there, unless a connection tells otherwise: where every packet is seen
 * as it leaves its sender, both ends answer after as long a time. Of two hosts that speak with nobody else it was at
 * the one that answers at once. */
static void find_tap(struct replay *replay)
{
    const struct session *session = replay->session;
    const struct trace_message *first = &session->flow->messages[session->steps[0].message];
    bool is_from = has_all(session, &first->from), is_to = has_all(session, &first->to);
    const struct endpoint *host = is_from ? &first->from : &first->to;

    if (is_from && is_to)
        host = nearness_of(session, &first->from) == NEAR_YES ? &first->from : &first->to;
    enum nearness nearness = nearness_of(session, host);

    replay->tap_host = *host;
    replay->has_tap_host = is_from != is_to ? nearness != NEAR_NO : is_from && nearness == NEAR_YES;
}

/* ---- Operators ---- */

/* Whose operator's a place is, where there are two. */
static bool is_of_a(const struct session *session, enum place place)
{
    static const enum place of_a[] = {PLACE_UE_A,  PLACE_P_A,  PLACE_S_A,  PLACE_I_A,
                                      PLACE_HSS_A, PLACE_AS_A, PLACE_AGW_A};

    for (size_t i = 0; i < sizeof(of_a) / sizeof(*of_a); i++)
        if (of_a[i] == place)
            return true;
    return place >= PLACE_RELAY_1 && place < PLACE_RELAY_1 + (session->relay_count + 1) / 2;
}

static bool is_across(const struct session *session, enum place from, enum place to)
{
    return session->has_two_operators && is_of_a(session, from) != is_of_a(session, to);
}

/* Where messages of the session begin or end at that host; PLACE_NONE. */
static enum place place_at(const struct session *session, const struct endpoint *host)
{
    for (size_t i = 0; i < session->step_count; i++) {
        const struct session_step *step = &session->steps[i];
        const struct trace_message *message = &session->flow->messages[step->message];

        if (endpoint_same_host(&message->from, host))
            return step->from;
        if (endpoint_same_host(&message->to, host))
            return step->to;
    }
    return PLACE_NONE;
}

/* ---- Links ---- */

struct lengths {
    int64_t ue_core_ns, ue_ue_ns, core_ns; /* one way, the least of each kind; NONE_NS: no handshake */
    int64_t across_ns;                     /* from one operator's core to the other's */
};

static void take_least(int64_t *least_ns, int64_t ns)
{
    if (*least_ns == NONE_NS || ns < *least_ns)
        *least_ns = ns;
}

static struct lengths find_lengths(const struct session *session)
{
    const struct handshakes *handshakes = session->flow->trace->handshakes;
    struct lengths lengths = {NONE_NS, NONE_NS, NONE_NS, NONE_NS};

    for (size_t i = 0; i < handshakes->count; i++) {
        const struct handshake *row = &handshakes->rows[i];
        bool is_client_ue = is_ue(session, &row->client), is_server_ue = is_ue(session, &row->server);

        if (row->syn_ack_ns == 0 || row->ack_ns == 0 || row->syns_again > 0 ||
            endpoint_same_host(&row->client, &row->server))
            continue;
        int64_t way_ns = (row->ack_ns - row->syn_ns) / 2;

        if (is_client_ue && is_server_ue)
            take_least(&lengths.ue_ue_ns, way_ns);
        else if (is_client_ue || is_server_ue)
            take_least(&lengths.ue_core_ns, way_ns);
        else if (is_across(session, place_at(session, &row->client), place_at(session, &row->server)))
            take_least(&lengths.across_ns, way_ns);
        else
            take_least(&lengths.core_ns, way_ns);
    }
    return lengths;
}

/* The rate at which segments leave a UE, by pairs of them; 0: not known. */
static uint64_t find_rate(const struct session *session)
{
    const struct handshakes *handshakes = session->flow->trace->handshakes;
    uint64_t best = 0;
    uint32_t most = 0;

    for (size_t i = 0; i < handshakes->rate_count; i++) {
        const struct pair_rate *row = &handshakes->rates[i];

        if (!is_ue(session, &row->from) || endpoint_same_host(&row->from, &row->to) || row->count <= most)
            continue;
        most = row->count;
        best = (uint64_t)(row->size + SEGMENT_HEADERS) * 8 * SECOND / (uint64_t)row->median_ns;
    }
    return best;
}

/* ---- Ways between two operators ---- */

/* What a message takes to be sent at the rate of the access links. */
static int64_t sending_ns(const struct replay *replay, const struct session_step *step)
{
    uint64_t bits = 8 * (replay->session->flow->messages[step->message].bytes + SEGMENT_HEADERS);

    return replay->ways.access_bps > 0 ? (int64_t)(bits * SECOND / replay->ways.access_bps) : 0;
}

/* No way is longer than the time from a message's leaving to that of what it sets off at the next node, whose sender
 * the tap was at as well: the least of those between UEs and nodes, and of those across two operators. */
static struct lengths find_longest(const struct replay *replay)
{
    const struct session *session = replay->session;
    const struct flow *flow = session->flow;
    size_t *steps = calloc(flow->trace->count + 1, sizeof(*steps)); /* 1 + the step of a message */
    struct lengths lengths = {NONE_NS, NONE_NS, NONE_NS, NONE_NS};

    for (size_t i = 0; i < session->step_count && steps; i++)
        steps[session->steps[i].message] = i + 1;
    for (size_t i = 0; i < flow->leg_count && steps; i++) {
        if (steps[flow->legs[i].in] == 0 || steps[flow->legs[i].out] == 0 || flow->legs[i].is_guess)
            continue;
        const struct session_step *in = &session->steps[steps[flow->legs[i].in] - 1],
                                  *out = &session->steps[steps[flow->legs[i].out] - 1];
        bool is_ue = in->from == PLACE_UE_A || in->from == PLACE_UE_B || in->to == PLACE_UE_A || in->to == PLACE_UE_B;
        int64_t most_ns = out->first_ns - in->last_ns;

        if (is_across(session, in->from, in->to))
            take_least(&lengths.across_ns, most_ns);
        else if (is_ue)
            take_least(&lengths.ue_core_ns, most_ns - sending_ns(replay, in));
    }
    free(steps);
    return lengths;
}

/* The UEs' own handshake tells how long the whole way is, messages how much of it each side and Za take at most. What
 * those say too much, since nodes kept the messages, is the same for each of the three parts: assumed. */
static void share_way(struct replay *replay, int64_t ue_ue_ns)
{
    const struct lengths most = find_longest(replay);
    struct replay_ways *ways = &replay->ways;

    if (replay->has_tap_host || most.ue_core_ns == NONE_NS || most.across_ns == NONE_NS)
        return;
    int64_t kept_ns = (2 * most.ue_core_ns + most.across_ns - ue_ue_ns - 4 * ways->site_ns) / 3;

    ways->access_ns = most.ue_core_ns - ways->site_ns - (kept_ns > 0 ? kept_ns : 0);
    ways->za_ns = ue_ue_ns - 2 * ways->access_ns - 2 * ways->site_ns;
    if (ways->access_ns < 0 || ways->za_ns < 0) {
        ways->access_ns = ue_ue_ns / 2;
        ways->za_ns = 0;
    }
    ways->is_za_shared = ways->za_ns > 0;
}

static void find_links(struct replay *replay, const struct lengths *lengths)
{
    struct replay_ways *ways = &replay->ways;

    ways->site_ns = lengths->core_ns == NONE_NS || ways->is_single_host ? 0 : lengths->core_ns / 2;
    if (lengths->ue_core_ns != NONE_NS)
        ways->access_ns = ways->is_single_host ? lengths->ue_core_ns / 2 : lengths->ue_core_ns - ways->site_ns;
    else if (lengths->ue_ue_ns != NONE_NS)
        ways->access_ns = lengths->ue_ue_ns / 2;
    if (replay->session->has_two_operators && lengths->ue_ue_ns != NONE_NS && lengths->ue_core_ns != NONE_NS)
        ways->za_ns = lengths->ue_ue_ns - 2 * ways->access_ns - 2 * ways->site_ns;
    else if (lengths->across_ns != NONE_NS)
        ways->za_ns = lengths->across_ns - 4 * ways->site_ns;
    if (ways->za_ns < 0)
        ways->za_ns = 0;
    ways->access_bps = find_rate(replay->session);
    int64_t syn_ns = 0; /* the handshake's packets took their time too */

    if (ways->access_bps > 0 && replay->links == REPLAY_LINKS_FULL)
        syn_ns = (int64_t)(SYN_SIZE * 8 * SECOND / (int64_t)ways->access_bps);
    ways->access_ns -= syn_ns;
    if (replay->session->has_two_operators && lengths->ue_ue_ns != NONE_NS && lengths->ue_core_ns == NONE_NS)
        share_way(replay, lengths->ue_ue_ns - 2 * syn_ns);
    if (ways->access_ns < 0)
        ways->access_ns = 0;
}

int64_t replay_way_ns(const struct replay *replay, enum place from, enum place to)
{
    bool is_from_ue = from == PLACE_UE_A || from == PLACE_UE_B, is_to_ue = to == PLACE_UE_A || to == PLACE_UE_B;
    const struct replay_ways *ways = &replay->ways;

    if (ways->is_single_host)
        return is_from_ue || is_to_ue ? 2 * ways->access_ns : 0;
    return (is_from_ue + is_to_ue) * ways->access_ns + (2 - is_from_ue - is_to_ue) * ways->site_ns +
           (is_across(replay->session, from, to) ? ways->za_ns + 2 * ways->site_ns : 0);
}

static void set_delay(struct replay *replay, const char *key, int64_t ns, bool is_known)
{
    bool is_used = replay->links != REPLAY_LINKS_NONE;

    replay_set(replay, key, is_known && is_used ? REPLAY_ESTIMATED : REPLAY_ASSUMED,
               !is_known  ? "no handshake tells: what the way takes is in the dwells"
               : !is_used ? "set aside: messages would be late"
                          : "half of TCP's handshake, as if both ways were as long",
               "%lldns", (long long)(is_used ? ns : 0));
}

static void set_links(struct replay *replay, const struct lengths *lengths)
{
    static const char *const rates[] = {"core.rate", "site.rate", "za.rate"};
    const struct replay_ways *ways = &replay->ways;
    bool has_rate = ways->access_bps > 0 && replay->links == REPLAY_LINKS_FULL;

    set_delay(replay, "access.delay", ways->access_ns, lengths->ue_core_ns != NONE_NS || lengths->ue_ue_ns != NONE_NS);
    set_delay(replay, "site.delay", ways->site_ns, lengths->core_ns != NONE_NS && !ways->is_single_host);
    if (ways->is_za_shared && replay->links != REPLAY_LINKS_NONE)
        replay_set(replay, "za.delay", REPLAY_ESTIMATED,
                   "the UEs' handshake, shared by what messages took; the least dwells are as long (assumed)", "%lldns",
                   (long long)ways->za_ns);
    else if (ways->za_ns == 0 && replay->session->has_two_operators && lengths->ue_ue_ns != NONE_NS &&
             replay->links != REPLAY_LINKS_NONE)
        replay_set(replay, "za.delay", REPLAY_ASSUMED, "only the UEs' own handshake tells: in that of the access links",
                   "0");
    else
        set_delay(replay, "za.delay", ways->za_ns, ways->za_ns > 0);
    replay_set(replay, "core.delay", REPLAY_ASSUMED, "in that of the access links", "0");
    replay_set(replay, "access.rate", has_rate ? REPLAY_ESTIMATED : REPLAY_ASSUMED,
               has_rate ? "the time between full segments that leave a UE" : "infinitely fast: in the dwells",
               "%llubit/s", has_rate ? (unsigned long long)ways->access_bps : 0ULL);
    for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++)
        replay_set(replay, rates[i], REPLAY_ASSUMED, "infinitely fast: in the dwells", "0");
}

void replay_find_network(struct replay *replay)
{
    const struct session *session = replay->session;
    const struct lengths lengths = find_lengths(session);

    bool is_whole = is_seen_whole(session);

    replay->ways.is_single_host = !session->has_two_operators && is_whole && is_one_host(session);
    replay_set(replay, "topology", is_whole || session->has_two_operators ? REPLAY_MEASURED : REPLAY_ASSUMED,
               is_whole || session->has_two_operators ? "which nodes share an address"
                                                      : "a tap that saw a part of the way does not tell the rest",
               "%s",
               session->has_two_operators    ? "two-domains"
               : replay->ways.is_single_host ? "single-host"
                                             : "home");
    find_tap(replay);
    find_links(replay, &lengths);
    set_links(replay, &lengths);
    if (replay->links == REPLAY_LINKS_NONE)
        replay->ways.access_ns = replay->ways.site_ns = replay->ways.za_ns = 0;
}

/* What a message had behind it when the tap saw it. */
int64_t replay_before_tap_ns(const struct replay *replay, const struct session_step *step)
{
    const struct trace_message *message = &replay->session->flow->messages[step->message];

    if (!replay->has_tap_host || endpoint_same_host(&message->from, &replay->tap_host))
        return 0;
    return replay_way_ns(replay, step->from, step->to);
}
