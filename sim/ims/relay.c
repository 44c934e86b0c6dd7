/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/relay_state.h"
#include "sim/sec/digest.h"

static const struct leg_owner relay_leg_owner;
static void relay_pump(struct relay_leg *from, const struct cause *cause);

static struct relay_leg *relay_leg_to(struct relay *relay, enum role peer)
{
    for (uint32_t i = 0; i < relay->leg_count; i++)
        if (channel_peer(relay->legs[i].leg->channel) == peer && !channel_is_dead(relay->legs[i].leg->channel))
            return &relay->legs[i];
    return NULL;
}

static struct relay_leg *relay_leg_add(struct relay *relay)
{
    check(relay->leg_count < RELAY_LEGS_MAX);
    struct relay_leg *own = &relay->legs[relay->leg_count++];

    *own = (struct relay_leg){.relay = relay};
    rope_init(&own->body, relay->world->arena);
    return own;
}

/* Connections between relays carry whatever goes that way; the others are one session's. */
static bool is_of_session(const struct relay *relay, enum role peer)
{
    return relay->is_b2bua || peer == ROLE_UE_A || peer == ROLE_UE_B;
}

void relay_connect(struct relay *relay, enum role peer, const struct cause *cause)
{
    struct relay_leg *own = relay_leg_to(relay, peer);

    if (own)
        return;
    own = relay_leg_add(relay);
    struct channel_config config = {.role = relay->role,
                                    .peer = peer,
                                    .port = relay->world->sites[peer].msrp_port,
                                    .is_tls = relay->is_tls,
                                    .by_fingerprint = relay->is_tls && relay->is_b2bua,
                                    .context = own};

    own->leg = leg_open(relay->world, &config, &relay_leg_owner, cause);
    if (is_of_session(relay, peer))
        world_leg_opened(relay->world);
}

static void *relay_accept(void *context, struct leg *leg)
{
    struct relay_leg *own = relay_leg_add(context);

    own->leg = leg;
    return own;
}

/* Whether a message can leave for peer, over a connection that stands or one that can be opened. A connection that
 * broke is not opened again, since a half-sent chunk cannot go on over another one; users open theirs themselves. */
static bool relay_reaches(struct relay *relay, enum role peer)
{
    const struct relay_leg *leg = relay_leg_to(relay, peer);

    if (leg)
        return !leg->has_finished;
    for (uint32_t i = 0; i < relay->leg_count; i++)
        if (channel_peer(relay->legs[i].leg->channel) == peer)
            return false;
    return peer != ROLE_UE_A;
}

/* What comes before the answer to a back-to-back user agent waits for it: it then opens the way upstream. */
static bool relay_is_to_open(struct relay *relay, enum role peer)
{
    return relay->is_b2bua && relay->downstream[0] == 0 && peer == ROLE_UE_A && !relay_leg_to(relay, peer);
}

/* ---- Passing on ---- */

static void transit_pop(struct relay_leg *from)
{
    struct transit *transit = from->first;

    from->first = transit->next;
    if (!from->first)
        from->last = NULL;
    transit->next = from->relay->free;
    from->relay->free = transit;
}

static void relay_send_answer(struct relay_leg *from, const struct transit *transit, const struct cause *cause)
{
    if (transit->answer_size == 0 || channel_is_dead(from->leg->channel))
        return;
    from->leg->cause = *cause;
    leg_write_text(from->leg, (struct span){transit->answer, transit->answer_size},
                   transit->cost == COST_OPERATION_COUNT);
}

/* Passes on as much of the oldest message's body as has come and as there is room for. A piece of one that is cut again
 * is ended only when there is more than it takes. */
static void relay_pass_body(struct relay_leg *from, struct transit *transit, struct relay_leg *to,
                            const struct msrp_writer *writer)
{
    while (transit->body_left_from < transit->body_end) {
        uint64_t room = writer->room(writer->context);
        uint64_t left = transit->body_end - transit->body_left_from;

        if (room == 0)
            return;
        if (transit->is_cut && transit->cut_left == 0)
            relay_cut_next(to, transit, writer);
        if (transit->is_cut && left > transit->cut_left)
            left = transit->cut_left;
        struct slice slice = rope_slice(&from->body, transit->body_left_from);

        if (slice.length > left)
            slice.length = left;
        if (slice.length > room)
            slice.length = room;
        writer->slice(writer->context, slice, false);
        transit->body_left_from += slice.length;
        if (transit->is_cut)
            transit->cut_left -= slice.length;
        rope_release(&from->body, transit->body_left_from);
    }
}

/* A message without a body was written whole with its head. */
void relay_pass_end(const struct transit *transit, char flag, const struct msrp_writer *writer)
{
    char text[128];
    struct sink end = SINK(text);

    sink_text(&end, "\r\n");
    msrp_write_end((struct span){transit->transaction_id, transit->transaction_id_size}, flag, &end);
    check(!end.overflow);
    writer->bytes(writer->context, end.data, end.size, transit->acknowledges);
}

/* True when the message has been passed on whole. */
static bool relay_pass(struct relay_leg *from, struct transit *transit, const struct cause *cause)
{
    struct relay *relay = from->relay;

    if (relay_is_to_open(relay, transit->to))
        return false;
    if (transit->to != ROLE_COUNT && !relay_reaches(relay, transit->to))
        relay_lose(transit, cause);
    if (transit->to == ROLE_COUNT)
        return transit->is_whole;
    relay_connect(relay, transit->to, cause);
    struct relay_leg *to = relay_leg_to(relay, transit->to);
    struct leg *out = to->leg;
    struct msrp_writer writer = leg_writer(out);

    out->cause = transit->acknowledges ? *cause : cause_forward(cause);
    if (!transit->is_begun) {
        if (writer.room(out) == 0)
            return false;
        watch_acted(relay->world, transit->watched);
        writer.bytes(out, transit->head, transit->head_size, transit->acknowledges);
        transit->is_begun = true;
    }
    relay_pass_body(from, transit, to, &writer);
    if (!transit->is_whole || transit->body_left_from < transit->body_end) {
        leg_push(out);
        return false;
    }
    if (transit->has_body)
        relay_pass_end(transit, transit->flag, &writer);
    leg_push(out);
    relay_passed(to, transit);
    return true;
}

static void relay_pump(struct relay_leg *from, const struct cause *cause)
{
    while (from->first && from->first->is_worked) {
        struct transit *transit = from->first;

        if (!relay_pass(from, transit, cause))
            break;
        if (transit->to == ROLE_COUNT)
            watch_acted(from->relay->world, transit->watched);
        relay_send_answer(from, transit, cause);
        transit_pop(from);
    }
}

static void relay_worked(void *context, const struct cause *cause)
{
    struct transit *transit = context;
    struct relay_leg *from = transit->from;

    transit->is_worked = true;
    relay_pump(from, cause);
    /* Room in the relay may have come: go on reading. */
    from->leg->cause = *cause;
    leg_read(from->leg);
}

static void relay_digested(void *context, const struct cause *cause)
{
    struct transit *transit = context;

    site_keep(transit->from->relay->world, transit->from->relay->role, SPAN("AUTH"), cause, transit, relay_worked);
}

/* The dwell begins with the head, or where messages are stored with their end. */
static void relay_keep(struct transit *transit, const struct cause *cause)
{
    struct world *world = transit->from->relay->world;
    enum role role = transit->from->relay->role;
    bool waits = world->scenario->relay_forwarding == RELAY_STORE_AND_FORWARD && !transit->is_whole;

    if (transit->is_kept || waits)
        return;
    transit->is_kept = true;
    if (transit->cost != COST_OPERATION_COUNT)
        site_crypto(world, role, transit->cost, 0, cause, transit, relay_digested);
    else
        site_keep(world, role, transit->kind, cause, transit, relay_worked);
}

/* ---- Taking ---- */

static struct transit *transit_take(struct relay_leg *from)
{
    struct relay *relay = from->relay;
    struct transit *transit = relay->free;

    if (transit)
        relay->free = transit->next;
    else
        transit = arena_alloc(relay->world->arena, sizeof(*transit));
    /* The texts are written before they are read: only what stands before them is cleared. */
    memset(transit, 0, offsetof(struct transit, head));
    transit->from = from;
    transit->to = ROLE_COUNT;
    transit->cost = COST_OPERATION_COUNT;
    transit->kind = SPAN("SEND/200");
    transit->body_left_from = transit->body_end = from->body.end;
    if (from->last)
        from->last->next = transit;
    else
        from->first = transit;
    from->last = transit;
    return transit;
}

static bool is_method(const struct msrp_head *head, struct span method)
{
    return head->is_request && span_equal(head->method, method);
}

/* Whether it is the session with the offerer that a message for a back-to-back user agent is about, by the first URI of
 * its To-Path; false in *is_known: neither. Who brings it does not matter: both neighbours may be one host. */
static bool is_of_upstream(const struct relay *relay, const struct msrp_head *head, bool *is_known)
{
    struct span path = head->to_path, own = {0};
    bool has_own = msrp_path_next(&path, &own);
    bool is_upstream = has_own && msrp_uri_equal(own, span_of(relay->uri));

    *is_known = is_upstream || (has_own && msrp_uri_equal(own, span_of(relay->downstream_uri)));
    return is_upstream;
}

static void transit_forward(struct transit *transit, const struct msrp_head *head, struct span next_uri)
{
    struct relay *relay = transit->from->relay;
    struct sink id = SINK(transit->transaction_id), text = SINK(transit->head);

    transit->to = leg_role_of_uri(relay->world, next_uri);
    if (transit->to == ROLE_COUNT)
        return;
    /* A SEND is answered hop by hop under an ID of each hop's own; others keep theirs all the way. */
    if (is_method(head, SPAN("SEND"))) {
        msrp_relay_transaction_id(relay->msrp, &id);
        relay->origin = msrp_origin_keep(relay->world->arena, relay->origin, head);
        transit->origin = relay->origin;
        transit->has_range = head->has_range;
        transit->range = head->range;
    } else {
        sink_span(&id, head->transaction_id);
    }
    struct msrp_relay_forward forward = {.transaction_id = sink_written(&id), .range_end = MSRP_RANGE_STAR};

    if (relay->is_b2bua) {
        bool goes_down = next_uri.data == relay->downstream;

        forward.b2bua_to = goes_down ? relay->downstream : relay->upstream;
        forward.b2bua_from = goes_down ? relay->downstream_uri : relay->uri;
    }
    msrp_relay_forward_head(relay->msrp, head, &forward, &text);
    check(!id.overflow);
    if (!head->has_body)
        msrp_write_end(sink_written(&id), '$', &text);
    /* A path too long to be passed on is answered as one that leads nowhere. */
    if (text.overflow)
        transit->to = ROLE_COUNT;
    transit->head_size = text.size;
    transit->transaction_id_size = id.size;
    if (is_method(head, SPAN("SEND")))
        relay_cut_first(transit);
}

static void transit_route(struct transit *transit, const struct msrp_head *head)
{
    struct relay *relay = transit->from->relay;
    struct sink answer = SINK(transit->answer);
    struct span next_uri = {0};
    enum msrp_relay_way way = msrp_relay_route(relay->msrp, head, &next_uri);

    if (relay->is_b2bua && way == MSRP_RELAY_FOR_US && head->is_request) {
        bool is_known, is_upstream = is_of_upstream(relay, head, &is_known);

        way = is_known ? MSRP_RELAY_FORWARD : MSRP_RELAY_NOT_OURS;
        next_uri = span_of(is_upstream ? relay->downstream : relay->upstream);
    }
    if (way == MSRP_RELAY_FORWARD)
        transit_forward(transit, head, next_uri);
    if (!head->is_request)
        return;
    transit->kind = is_method(head, SPAN("REPORT")) ? SPAN("REPORT") : SPAN("SEND");
    if (way == MSRP_RELAY_UNKNOWN) {
        msrp_write_response(head, 501, &answer);
    } else if (way == MSRP_RELAY_FOR_US && is_method(head, SPAN("AUTH"))) {
        msrp_relay_auth(relay->msrp, head, &answer);
        transit->cost = COST_DIGEST;
    } else if (is_method(head, SPAN("SEND"))) {
        int status = transit->to == ROLE_COUNT ? 481 : 200;

        if (msrp_wish_answers(msrp_wish_of(head->failure_report), status))
            msrp_write_response(head, status, &answer);
    }
    check(!answer.overflow);
    transit->answer_size = answer.size;
}

static void relay_head(void *context, struct leg *leg, const struct msrp_head *head)
{
    struct relay_leg *from = context;
    struct transit *transit = transit_take(from);

    transit->has_body = head->has_body;
    transit->acknowledges = leg->cause.is_feedback;
    transit_route(transit, head);
    if (!head->is_request && transit->to == ROLE_COUNT)
        relay_answered_by(from, head, &leg->cause);
}

static void relay_body(void *context, struct leg *leg, uint64_t at, struct slice slice)
{
    struct relay_leg *from = context;
    struct transit *transit = from->last;

    (void)at;
    check(transit != NULL);
    if (transit->to == ROLE_COUNT)
        return;
    rope_append(&from->body, slice);
    transit->body_end = from->body.end;
    relay_keep(transit, &leg->cause);
}

static void relay_taken(void *context, struct leg *leg)
{
    struct cause cause = leg->cause;

    relay_pump(context, &cause);
}

static void relay_end(void *context, struct leg *leg, char flag)
{
    struct relay_leg *from = context;
    struct transit *transit = from->last;

    check(transit != NULL && !transit->is_whole);
    transit->is_whole = true;
    transit->flag = flag;
    transit->watched = leg->incoming;
    /* A response to what this relay passed on ends here: nothing waits for it. */
    if (transit->to == ROLE_COUNT && transit->answer_size == 0 && !transit->is_kept)
        transit->is_worked = true;
    else
        relay_keep(transit, &leg->cause);
    relay_pump(from, &leg->cause);
}

/* Which neighbour a connection is of, before anything has come over it. Who is neither of those that the SDP told of
 * has come from upstream, unless there is no answer yet: then only from downstream somebody can come so early. */
static bool is_from_upstream(const struct relay_leg *from)
{
    const struct relay *relay = from->relay;
    enum role peer = channel_peer(from->leg->channel);
    enum role downstream = leg_role_of_uri(relay->world, span_of(relay->downstream));

    return leg_role_of_uri(relay->world, span_of(relay->upstream)) == peer ||
           (downstream != ROLE_COUNT && downstream != peer);
}

/* Looks whether the neighbour of a leg is the one that the SDP spoke of. The active end may be faster than the SDP that
 * speaks of it: then nothing is read before that is there (RFC 8122 section 6.2). */
static void relay_meet(struct relay_leg *own, const struct cause *cause)
{
    struct relay *relay = own->relay;
    const char *named = is_from_upstream(own) ? relay->upstream_fingerprint : relay->downstream_fingerprint;
    char text[FINGERPRINT_TEXT + 1];
    struct sink shown = SINK(text);

    own->is_held = named[0] == 0;
    if (own->is_held)
        return;
    channel_write_fingerprint(own->leg->channel, &shown);
    if (fingerprint_is_same(sink_written(&shown), span_of(named)))
        return;
    channel_reset(own->leg->channel, cause);
    relay_broken(own, cause);
}

static void relay_meet_held(struct relay *relay, const struct cause *cause)
{
    for (uint32_t i = 0; i < relay->leg_count; i++) {
        struct relay_leg *own = &relay->legs[i];

        if (!own->is_held || channel_is_dead(own->leg->channel))
            continue;
        relay_meet(own, cause);
        own->leg->cause = *cause;
        leg_read(own->leg);
    }
}

static void relay_ready(void *context, struct leg *leg)
{
    struct relay_leg *own = context;
    struct cause cause = leg->cause;

    if (own->relay->is_b2bua && own->relay->is_tls)
        relay_meet(own, &cause);
    if (channel_is_passive(leg->channel) && is_of_session(own->relay, channel_peer(leg->channel)))
        world_leg_ready(leg->world);
}

void relay_pump_all(struct relay *relay, const struct cause *cause)
{
    for (uint32_t i = 0; i < relay->leg_count; i++) {
        relay_pump(&relay->legs[i], cause);
        relay->legs[i].leg->cause = *cause;
        leg_read(relay->legs[i].leg);
    }
}

static void relay_writable(void *context, struct leg *leg)
{
    struct cause cause = leg->cause;

    relay_pump_all(((struct relay_leg *)context)->relay, &cause);
}

static bool relay_may_read(void *context, struct leg *leg)
{
    struct relay_leg *from = context;
    const struct scenario *scenario = leg->world->scenario;

    if (from->is_held)
        return false;
    /* What is stored before it is forwarded has to fit, whatever its length. */
    return scenario->relay_forwarding == RELAY_STORE_AND_FORWARD ||
           rope_length(&from->body) < scenario->tcp_buffer_bytes;
}

static void relay_ended(void *context, struct leg *leg, enum tcp_end how)
{
    struct relay_leg *own = context;
    struct cause cause = leg->cause;

    if (how == TCP_END_FIN) {
        own->has_finished = true;
        channel_finish(leg->channel, &cause);
        return;
    }
    /* What came only in part cannot come whole: whoever has it so far is told. */
    if (own->last && !own->last->is_whole)
        relay_end(own, leg, '#');
    relay_broken(own, &cause);
}

static const struct leg_owner relay_leg_owner = {.ready = relay_ready,
                                                 .head = relay_head,
                                                 .body = relay_body,
                                                 .end = relay_end,
                                                 .taken = relay_taken,
                                                 .writable = relay_writable,
                                                 .ended = relay_ended,
                                                 .may_read = relay_may_read};

/* ---- Making ---- */

const char *relay_uri(const struct relay *relay)
{
    return relay->uri;
}

const char *relay_session_end(const struct relay *relay, bool is_answer)
{
    check(relay->is_b2bua);
    return is_answer ? relay->uri : relay->downstream_uri;
}

void relay_session_uri(struct relay *relay, struct sink *out)
{
    msrp_relay_session_uri(relay->msrp, out);
}

/* The first URI of a path, where a back-to-back user agent's leg goes, and who is to be there. */
static void keep_neighbour(const struct sdp_msrp *sdp, char uri[RELAY_URI_SIZE], char fingerprint[FINGERPRINT_TEXT + 1])
{
    struct sink kept_uri = {.data = uri, .capacity = RELAY_URI_SIZE};
    struct sink kept_fingerprint = {.data = fingerprint, .capacity = FINGERPRINT_TEXT + 1};
    struct span path = sdp->path, first = {0};

    if (msrp_path_next(&path, &first))
        sink_span(&kept_uri, first);
    sink_string(&kept_uri);
    sink_span(&kept_fingerprint, sdp->fingerprint);
    sink_string(&kept_fingerprint);
}

void relay_offered(struct relay *relay, const struct sdp_msrp *offer)
{
    keep_neighbour(offer, relay->upstream, relay->upstream_fingerprint);
}

void relay_answered(struct relay *relay, const struct sdp_msrp *answer, const struct cause *cause)
{
    keep_neighbour(answer, relay->downstream, relay->downstream_fingerprint);
    relay_meet_held(relay, cause);
    const char *next = answer->setup == SDP_SETUP_ACTIVE ? relay->upstream : relay->downstream;
    enum role peer = leg_role_of_uri(relay->world, span_of(next));

    if (peer != ROLE_COUNT)
        relay_connect(relay, peer, cause);
    for (uint32_t i = 0; i < relay->leg_count; i++)
        relay_pump(&relay->legs[i], cause);
}

struct relay *relay_create(struct world *world, enum role role, bool is_b2bua)
{
    struct relay *relay = arena_alloc(world->arena, sizeof(*relay));
    const struct site *site = &world->sites[role];
    struct sink uri = SINK(relay->uri);

    relay->world = world;
    relay->role = role;
    relay->is_b2bua = is_b2bua;
    relay->is_tls = world->arm->hop == HOP_TLS;
    sink_format(&uri, "%s://%s:%u", relay->is_tls ? "msrps" : "msrp", site->host_name, site->msrp_port);
    sink_string(&uri);
    struct msrp_relay_config config = {.uri = relay->uri,
                                       .realm = "open-ims.test",
                                       .user = "user",
                                       .password = "secret",
                                       .identity = stream_place(site->host_name) ^ world->trial->number,
                                       .md5 = digest_md5,
                                       .is_b2bua = is_b2bua,
                                       .is_open = role == ROLE_MALLORY};

    relay->msrp = msrp_relay_create(world->arena, &config);
    struct sink downstream_uri = SINK(relay->downstream_uri);

    sink_span(&downstream_uri, sink_written(&uri));
    if (is_b2bua) {
        sink_text(&uri, "/b2bua4a7c1e09;tcp");
        sink_text(&downstream_uri, "/b2bua91d03f5c;tcp");
    }
    check(!uri.overflow && !downstream_uri.overflow);
    sink_string(&uri);
    sink_string(&downstream_uri);
    relay_watch_next_hops(relay);
    world->relays[role] = relay;
    leg_listen(world, role, relay->is_tls, relay, relay_accept, &relay_leg_owner);
    return relay;
}
