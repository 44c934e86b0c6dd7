/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session_media.c - the places of what is not SIP: Diameter by who asks for what, MSRP by the URIs that its messages
 * name, TLS handshakes by the ends of their connections.
 */
#include "traces/session_state.h"
#include "sim/base/units.h"
#include "sim/wire/msrp.h"

#include <stdlib.h>

static bool is_kind(const struct trace_message *message, const char *kind)
{
    return strcmp(message->kind, kind) == 0;
}

/* ---- Diameter ---- */

/* The place of a user's node in its registration, counted from the end of the way: 0 the S-CSCF, 1 the I-CSCF. */
static enum place registrar_of(const struct session *session, size_t user, bool is_s_cscf)
{
    if (is_s_cscf)
        return user ? PLACE_S_B : PLACE_S_A;
    return user == 0 && session->has_two_operators ? PLACE_I_A : PLACE_I_B;
}

/* The node that a Diameter peer calls itself after. */
static enum place place_named(const struct session *session, const char *host)
{
    for (size_t i = 0; i < session->flow->node_count && *host; i++)
        if (strcmp(session->flow->nodes[i].name, host) == 0)
            return session_place(session, (int)i);
    return PLACE_NONE;
}

/* Where the address belongs to one place only. */
static enum place place_alone(const struct session *session, const struct endpoint *at)
{
    enum place found = PLACE_NONE;

    for (size_t i = 0; i < session->flow->node_count; i++) {
        enum place place = session_place(session, (int)i);

        if (place == PLACE_NONE || !endpoint_same_host(&session->flow->nodes[i].at, at))
            continue;
        if (found != PLACE_NONE && found != place)
            return PLACE_NONE;
        found = place;
    }
    return found;
}

static enum place asking_place(const struct session *session, const struct trace_message *message)
{
    bool is_s_cscf = is_kind(message, "MAR") || is_kind(message, "SAR");
    enum place named = place_named(session, message->origin_host);

    if (is_kind(message, "LIR"))
        return PLACE_I_B;
    if (is_s_cscf || is_kind(message, "UAR")) {
        for (size_t user = 0; user < 2; user++)
            if (*session->user[user] && strcmp(message->public_identity, session->user[user]) == 0)
                return registrar_of(session, user, is_s_cscf);
        return PLACE_NONE;
    }
    return named != PLACE_NONE ? named : place_alone(session, &message->from);
}

static enum place hss_of(const struct session *session, enum place asking)
{
    bool is_a = asking == PLACE_I_A || asking == PLACE_S_A;

    return is_a && session->has_two_operators ? PLACE_HSS_A : PLACE_HSS_B;
}

/* The request that an answer belongs to, as a place. */
static enum place asked_by(const struct session *session, size_t answer)
{
    const struct trace_message *message = &session->flow->messages[answer];

    for (size_t i = answer; i > 0; i--) {
        const struct trace_message *request = &session->flow->messages[i - 1];

        if (request->protocol == TRACE_DIAMETER && request->is_request && request->hop_by_hop == message->hop_by_hop &&
            request->tap == message->tap && endpoint_equal(&request->from, &message->to) &&
            endpoint_equal(&request->to, &message->from))
            return asking_place(session, request);
    }
    return PLACE_NONE;
}

void session_add_diameter(struct session *session)
{
    for (size_t i = 0; i < session->flow->trace->count; i++) {
        const struct trace_message *message = &session->flow->messages[i];

        if (message->protocol != TRACE_DIAMETER || message->is_copy)
            continue;
        enum place asking = message->is_request ? asking_place(session, message) : asked_by(session, i);

        if (asking == PLACE_NONE)
            session_leave_out(session, message, "Diameter of others");
        else if (message->is_request)
            session_add(session, i, asking, hss_of(session, asking), message->kind);
        else
            session_add(session, i, hss_of(session, asking), asking, message->kind);
    }
}

/* ---- MSRP ---- */

/* "host:port" of the first URI of a path. */
static const char *authority(const struct session *session, const char *path)
{
    struct span rest = span_of(path), uri;
    struct msrp_uri parsed;
    char text[300];
    struct sink sink = SINK(text);

    if (!msrp_path_next(&rest, &uri) || msrp_parse_uri(uri, &parsed) != ERR_OK)
        return "";
    sink_format(&sink, "%.*s:%u", (int)parsed.host.size, parsed.host.data, parsed.port);
    const char *kept = sink.overflow ? NULL : trace_text((struct trace *)session->flow->trace, sink_written(&sink));

    return kept ? kept : "";
}

static bool is_msrp(const struct trace_message *message)
{
    return message->protocol == TRACE_MSRP && !message->is_copy;
}

static bool is_near(const struct session *session, const struct endpoint *at, size_t user)
{
    return session->ue[user] != FLOW_NONE && endpoint_same_host(at, &session->flow->nodes[session->ue[user]].at);
}

/* What a UE calls itself: in the SENDs that it receives or sends; they name it first. */
static const char *authority_of(const struct session *session, size_t user)
{
    for (size_t i = 0; i < session->flow->trace->count; i++) {
        const struct trace_message *message = &session->flow->messages[i];

        if (!is_msrp(message) || !message->is_request)
            continue;
        if (is_near(session, &message->from, user))
            return authority(session, message->from_path);
        if (is_near(session, &message->to, user))
            return authority(session, message->to_path);
    }
    return "";
}

/* Who the node of that name sends the file on to. */
static const char *next_on_way(const struct session *session, const char *from)
{
    for (size_t i = 0; i < session->flow->trace->count; i++) {
        const struct trace_message *message = &session->flow->messages[i];

        if (is_msrp(message) && is_kind(message, "SEND") && authority(session, message->from_path) == from)
            return authority(session, message->to_path);
    }
    return "";
}

static void find_relays(struct session *session, const char *const *ends)
{
    const char *at = next_on_way(session, ends[0]);

    while (*at && at != ends[1] && at != ends[0] && session->relay_count < SESSION_RELAYS_MAX) {
        for (size_t i = 0; i < session->relay_count; i++)
            if (session->relays[i] == at)
                return;
        session->relays[session->relay_count++] = at;
        at = next_on_way(session, at);
    }
}

/* UE-A, whose signalling no tap saw, is who sends the file by a path that does not come from further away. */
static void find_sender(const struct session *session, const char **ends)
{
    for (size_t i = 0; i < session->flow->trace->count && session->ue[0] == FLOW_NONE && !*ends[0]; i++) {
        const struct trace_message *message = &session->flow->messages[i];

        if (is_msrp(message) && is_kind(message, "SEND") && !strchr(message->from_path, ' ') &&
            !is_near(session, &message->from, 1))
            ends[0] = authority(session, message->from_path);
    }
}

/* UE-B, whose signalling no tap saw, is who the file went to last, by a path that does not go on. */
static void find_receiver(struct session *session, const char **ends)
{
    const char *last = session->relay_count > 0 ? session->relays[session->relay_count - 1] : "";

    if (session->ue[1] != FLOW_NONE || *ends[1] || !*last || *next_on_way(session, last))
        return;
    for (size_t i = 0; i < session->flow->trace->count; i++) {
        const struct trace_message *message = &session->flow->messages[i];

        if (is_msrp(message) && is_kind(message, "SEND") && authority(session, message->to_path) == last &&
            strchr(message->to_path, ' '))
            return;
    }
    session->relay_count--;
    ends[1] = last;
}

static enum place place_called(const struct session *session, const char *const *ends, const char *name)
{
    if (*name && name == ends[0])
        return PLACE_UE_A;
    if (*name && name == ends[1])
        return PLACE_UE_B;
    for (size_t i = 0; i < session->relay_count; i++)
        if (name == session->relays[i])
            return (enum place)(PLACE_RELAY_1 + i);
    return PLACE_NONE;
}

/* A gateway between UEs leaves their URIs alone: then the address tells whose side it is on. */
static enum place place_at(const struct session *session, const struct endpoint *at, enum place called,
                           enum place other)
{
    size_t user = called == PLACE_UE_B;

    if ((called != PLACE_UE_A && called != PLACE_UE_B) || is_near(session, at, user) || session->ue[user] == FLOW_NONE)
        return called;
    /* On the leg to a UE it is that UE's gateway, between gateways the one of whom it speaks for. */
    if (other == PLACE_UE_A || other == PLACE_UE_B)
        return other == PLACE_UE_A ? PLACE_AGW_A : PLACE_AGW_B;
    return called == PLACE_UE_A ? PLACE_AGW_A : PLACE_AGW_B;
}

/* "AUTH/401": a response names no method; its transaction is that of a request the other way. */
static const char *answering_kind(const struct session *session, size_t response)
{
    const struct trace_message *message = &session->flow->messages[response];

    for (size_t i = response; i > 0; i--) {
        const struct trace_message *request = &session->flow->messages[i - 1];
        char text[64];
        struct sink sink = SINK(text);

        if (request->protocol != TRACE_MSRP || !request->is_request || request->transaction != message->transaction ||
            !endpoint_equal(&request->to, &message->from))
            continue;
        sink_format(&sink, "%s/%d", request->kind, message->status);
        const char *kept = trace_text((struct trace *)session->flow->trace, sink_written(&sink));

        return kept ? kept : message->kind;
    }
    return message->kind;
}

static enum place other_end(const struct session *session, const struct endpoint *at)
{
    return is_near(session, at, 0) ? PLACE_UE_A : is_near(session, at, 1) ? PLACE_UE_B : PLACE_NONE;
}

void session_add_msrp(struct session *session)
{
    const char *ends[2] = {authority_of(session, 0), authority_of(session, 1)};

    find_sender(session, ends);
    find_relays(session, ends);
    find_receiver(session, ends);
    for (size_t i = 0; i < session->flow->trace->count; i++) {
        const struct trace_message *message = &session->flow->messages[i];

        if (!is_msrp(message))
            continue;
        enum place from = place_called(session, ends, authority(session, message->from_path));
        enum place to = place_called(session, ends, authority(session, message->to_path));

        if (from == PLACE_NONE || to == PLACE_NONE) {
            session_leave_out(session, message, "MSRP of others");
            continue;
        }
        enum place sender = place_at(session, &message->from, from, other_end(session, &message->to));
        enum place receiver = place_at(session, &message->to, to, other_end(session, &message->from));

        session_add(session, i, sender, receiver, message->is_request ? message->kind : answering_kind(session, i));
    }
}

/* ---- TLS ---- */

/* What one step has shown of an end of a connection. */
static bool is_end(const struct session *session, const struct session_step *step, const struct endpoint *from,
                   const struct endpoint *to, enum place *place)
{
    const struct trace_message *message = &session->flow->messages[step->message];

    if (message->transport != TRACE_TCP)
        return false;
    if (endpoint_equal(&message->from, from) && endpoint_equal(&message->to, to))
        *place = step->from;
    else if (endpoint_equal(&message->to, from) && endpoint_equal(&message->from, to))
        *place = step->to;
    else
        return false;
    return true;
}

static enum place place_of_end(const struct session *session, size_t steps, const struct endpoint *from,
                               const struct endpoint *to)
{
    enum place found = PLACE_NONE;

    for (size_t i = 0; i < steps; i++)
        if (is_end(session, &session->steps[i], from, to, &found))
            return found;
    for (size_t i = 0; i < session->flow->node_count; i++)
        if (endpoint_equal(&session->flow->nodes[i].at, from) && session_place(session, (int)i) != PLACE_NONE)
            return session_place(session, (int)i);
    return place_alone(session, from);
}

/* The first record of each flight stands for it. */
void session_add_tls(struct session *session)
{
    static const char *const kinds[] = {"ClientHello", "ServerHello", "ClientKeyExchange", "ChangeCipherSpec"};
    size_t steps = session->step_count;

    for (size_t i = 0; i < session->flow->trace->count; i++) {
        const struct trace_message *message = &session->flow->messages[i];
        bool is_wanted = false;

        if (message->protocol != TRACE_TLS || message->is_copy)
            continue;
        for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
            is_wanted |= is_kind(message, kinds[k]);
        enum place from = place_of_end(session, steps, &message->from, &message->to);
        enum place to = place_of_end(session, steps, &message->to, &message->from);

        if (!is_wanted)
            session_leave_out(session, message, "a later record of a TLS flight");
        else if (from == PLACE_NONE || to == PLACE_NONE)
            session_leave_out(session, message, "TLS whose ends speak nothing that can be read");
        else
            session_add(session, i, from, to, message->kind);
    }
}
