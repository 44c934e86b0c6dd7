/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/msrp_hop.h"
#include "sim/base/check.h"
#include "sim/sec/digest.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum { MSRP_HOP_MEMORY = 16 << 20 };

static const struct stream_owner leg_stream_owner;
static const struct msrp_reader_events leg_events;

static bool is_tls(const struct msrp_hop *relay)
{
    return relay->node->cast->way.is_tls;
}

/* ---- Legs ---- */

static struct msrp_hop_leg *leg_to(struct msrp_hop *relay, enum cast_role role)
{
    for (int i = 0; i < MSRP_HOP_LEGS_MAX; i++)
        if (relay->legs[i].arena && relay->legs[i].stream && relay->legs[i].role == role)
            return &relay->legs[i];
    return NULL;
}

static struct msrp_hop_leg *leg_add(struct msrp_hop *relay, enum cast_role role)
{
    for (int i = 0; i < MSRP_HOP_LEGS_MAX; i++) {
        struct msrp_hop_leg *leg = &relay->legs[i];

        if (leg->arena)
            continue;
        struct arena *arena = arena_create(MSRP_HOP_LEG_MEMORY);

        if (!arena)
            return NULL;
        *leg = (struct msrp_hop_leg){.relay = relay, .role = role, .arena = arena};
        rope_init(&leg->body, arena);
        rope_init(&leg->waiting, arena);
        return leg;
    }
    return NULL;
}

static void leg_begin(struct msrp_hop_leg *leg, struct stream *stream)
{
    leg->stream = stream;
    leg->leg = msrp_leg_create(stream, leg, &leg_events);
}

/* Connections between relays carry whatever goes that way; the others are one session's. */
static bool is_of_session(const struct msrp_hop *relay, enum cast_role role)
{
    return relay->is_b2bua || role == CAST_UE_A || role == CAST_UE_B;
}

static struct msrp_hop_leg *msrp_hop_connect(struct msrp_hop *relay, enum cast_role role)
{
    const struct cast *cast = relay->node->cast;
    struct msrp_hop_leg *leg = leg_add(relay, role);
    struct note note = {{0}};

    if (!leg)
        return NULL;
    struct stream_config config = node_stream(relay->node, is_tls(relay), leg, &leg_stream_owner);

    config.peer_name = cast->hosts[role];
    config.to = cast->addresses[role];
    config.to_port = CAST_MSRP_PORT;
    if (!is_of_session(relay, role))
        config.idle_ns = 0;
    struct stream *stream = stream_open(&config, &note);

    if (!stream) {
        arena_destroy(leg->arena);
        leg->arena = NULL;
        return NULL;
    }
    leg_begin(leg, stream);
    if (is_of_session(relay, role))
        node_tell(relay->node, MARK_SYN, stream_opened_ns(stream));
    return leg;
}

/* The leg by which a message leaves for role: one that stands or one that can be opened; NULL: none. Users open theirs
 * themselves, but for UE-B where it has no relay of its own. */
static struct msrp_hop_leg *way_to(struct msrp_hop *relay, enum cast_role role)
{
    struct msrp_hop_leg *leg = leg_to(relay, role);

    if (leg || role == CAST_COUNT || relay->is_broken[role] || role == CAST_UE_A)
        return leg;
    return msrp_hop_connect(relay, role);
}

void msrp_hop_say(struct msrp_hop_leg *leg, struct span text)
{
    if (!leg->stream || text.size == 0)
        return;
    if (leg->writer) {
        rope_append_bytes(&leg->waiting, text.data, text.size);
        if (rope_length(&leg->waiting) > MSRP_HOP_WAITING_MAX)
            stream_doom(leg->stream);
        return;
    }
    msrp_leg_write_text(leg->leg, text);
}

static void say_waiting(struct msrp_hop_leg *leg)
{
    while (leg->stream && rope_length(&leg->waiting) > 0) {
        struct slice slice = rope_slice(&leg->waiting, leg->waiting.begin);

        stream_write_slice(leg->stream, slice);
        rope_release(&leg->waiting, leg->waiting.begin + slice.length);
    }
}

/* ---- Passing on ---- */

static void transit_pop(struct msrp_hop_leg *from)
{
    struct transit *transit = from->first;

    from->first = transit->next;
    if (!from->first)
        from->last = NULL;
    transit->next = from->free;
    from->free = transit;
}

static void pass_body(struct msrp_hop_leg *from, struct transit *transit, struct msrp_hop_leg *out)
{
    while (transit->body_left_from < transit->body_end) {
        uint64_t room = stream_room(out->stream), left = transit->body_end - transit->body_left_from;

        if (room == 0)
            return;
        struct slice slice = rope_slice(&from->body, transit->body_left_from);

        slice.length = slice.length < left ? slice.length : left;
        slice.length = slice.length < room ? slice.length : room;
        stream_write_slice(out->stream, slice);
        transit->body_left_from += slice.length;
        rope_release(&from->body, transit->body_left_from);
    }
}

static void pass_end(const struct transit *transit, struct msrp_hop_leg *out, char flag)
{
    char text[128];
    struct sink end = SINK(text);

    sink_text(&end, "\r\n");
    msrp_write_end((struct span){transit->transaction_id, transit->transaction_id_size}, flag, &end);
    check(!end.overflow);
    stream_write(out->stream, end.data, end.size);
    out->writer = NULL;
    say_waiting(out);
}

/* True when the message has been passed on whole. */
static bool pass(struct msrp_hop_leg *from, struct transit *transit)
{
    struct msrp_hop_leg *out = transit->to;

    if (!out)
        return transit->is_whole;
    if (!transit->is_begun) {
        if (out->writer || stream_room(out->stream) == 0 ||
            out->pending.next - out->pending.first >= MSRP_HOP_PENDING_MAX)
            return false;
        stream_write(out->stream, transit->head, transit->head_size);
        transit->is_begun = true;
        if (transit->has_body)
            out->writer = from;
    }
    uint64_t left;

    /* What the kernel takes at once makes room again; where it does not, the connection tells when there is some. */
    do {
        pass_body(from, transit, out);
        left = stream_room(out->stream);
        stream_push(out->stream);
    } while (transit->body_left_from < transit->body_end && stream_room(out->stream) > left);
    bool is_done = transit->is_whole && transit->body_left_from == transit->body_end;

    if (is_done && transit->has_body)
        pass_end(transit, out, transit->flag);
    stream_push(out->stream);
    if (is_done)
        msrp_hop_passed(from, out, transit);
    return is_done;
}

/* Nothing more is read from a leg whose oldest message waits for somebody else. */
static bool is_blocked(const struct msrp_hop_leg *from)
{
    const struct transit *transit = from->first;

    return transit && transit->to &&
           (!transit->is_begun || transit->is_whole || transit->body_left_from < transit->body_end);
}

/* The place of a connection that is gone is free when what came over it has gone on. */
static void leg_settle(struct msrp_hop_leg *leg)
{
    if (leg->stream) {
        stream_pause(leg->stream, is_blocked(leg) || stream_room(leg->stream) == 0);
        return;
    }
    if (leg->first)
        return;
    msrp_hop_forget(leg);
    arena_destroy(leg->arena);
    leg->arena = NULL;
}

/* Whether a message went on whole: another one may wait for that. */
static bool msrp_hop_pump(struct msrp_hop_leg *from)
{
    bool has_passed = false;

    while (from->arena && from->first && pass(from, from->first)) {
        const struct transit *transit = from->first;

        msrp_hop_say(from, (struct span){transit->answer, transit->answer_size});
        transit_pop(from);
        has_passed = true;
    }
    return has_passed;
}

void msrp_hop_pump_all(struct msrp_hop *relay)
{
    for (bool goes_on = true; goes_on;) {
        goes_on = false;
        for (int i = 0; i < MSRP_HOP_LEGS_MAX; i++)
            if (relay->legs[i].arena && msrp_hop_pump(&relay->legs[i]))
                goes_on = true;
    }
    for (int i = 0; i < MSRP_HOP_LEGS_MAX; i++)
        if (relay->legs[i].arena)
            leg_settle(&relay->legs[i]);
}

/* ---- Taking ---- */

static struct transit *transit_take(struct msrp_hop_leg *from)
{
    struct transit *transit = from->free;

    if (transit)
        from->free = transit->next;
    else
        transit = arena_alloc(from->arena, sizeof(*transit));
    /* The texts are written before they are read: only what stands before them is cleared. */
    memset(transit, 0, offsetof(struct transit, head));
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

/* The origin of a SEND; NULL, and the connection is closed, for one message too many. */
static const struct msrp_origin *keep_origin(struct msrp_hop_leg *from, const struct msrp_head *head)
{
    const struct msrp_origin *origin = msrp_origin_keep(from->arena, from->origin, head);

    if (origin != from->origin && ++from->origins > MSRP_HOP_ORIGINS_MAX) {
        stream_close(from->stream);
        return NULL;
    }
    from->origin = origin;
    return origin;
}

static void transit_forward(struct msrp_hop_leg *from, struct transit *transit, const struct msrp_head *head,
                            struct span next_uri)
{
    struct msrp_hop *relay = from->relay;
    struct sink id = SINK(transit->transaction_id), text = SINK(transit->head);

    transit->to = way_to(relay, cast_of_uri(relay->node->cast, next_uri));
    /* A SEND is answered hop by hop under an ID of each hop's own; others keep theirs all the way. */
    if (is_method(head, SPAN("SEND"))) {
        msrp_relay_transaction_id(relay->msrp, &id);
        transit->origin = keep_origin(from, head);
        transit->has_range = head->has_range;
        transit->range = head->range;
    } else {
        sink_span(&id, head->transaction_id);
    }
    struct msrp_relay_forward forward = {.transaction_id = sink_written(&id), .range_end = MSRP_RANGE_STAR};

    if (relay->is_b2bua) {
        forward.b2bua_to = is_method(head, SPAN("REPORT")) ? relay->upstream : relay->downstream;
        forward.b2bua_from = relay->uri;
    }
    msrp_relay_forward_head(relay->msrp, head, &forward, &text);
    check(!id.overflow);
    if (!head->has_body)
        msrp_write_end(sink_written(&id), '$', &text);
    /* A path too long to be passed on is answered as one that leads nowhere. */
    if (text.overflow)
        transit->to = NULL;
    transit->head_size = text.size;
    transit->transaction_id_size = id.size;
}

static void transit_route(struct msrp_hop_leg *from, struct transit *transit, const struct msrp_head *head)
{
    struct msrp_hop *relay = from->relay;
    struct sink answer = SINK(transit->answer);
    struct span next_uri = {0};
    enum msrp_relay_way way = msrp_relay_route(relay->msrp, head, &next_uri);

    if (relay->is_b2bua && way == MSRP_RELAY_FOR_US && head->is_request) {
        way = MSRP_RELAY_FORWARD;
        next_uri = span_of(is_method(head, SPAN("REPORT")) ? relay->upstream : relay->downstream);
    }
    if (way == MSRP_RELAY_FORWARD)
        transit_forward(from, transit, head, next_uri);
    if (!head->is_request)
        return;
    if (way == MSRP_RELAY_UNKNOWN) {
        msrp_write_response(head, 501, &answer);
    } else if (way == MSRP_RELAY_FOR_US && is_method(head, SPAN("AUTH"))) {
        msrp_relay_auth(relay->msrp, head, &answer);
    } else if (is_method(head, SPAN("SEND"))) {
        int status = transit->to ? 200 : 481;

        if (msrp_wish_answers(msrp_wish_of(head->failure_report), status))
            msrp_write_response(head, status, &answer);
    }
    /* Answers that do not fit belong to paths that nobody here gave out. */
    transit->answer_size = answer.overflow ? 0 : answer.size;
}

static void leg_head(void *context, const struct msrp_head *head)
{
    struct msrp_hop_leg *from = context;
    struct transit *transit = transit_take(from);

    transit->has_body = head->has_body;
    transit_route(from, transit, head);
    if (!head->is_request && !transit->to)
        msrp_hop_answered_by(from, head);
}

static void leg_body(void *context, uint64_t at, struct slice slice)
{
    struct msrp_hop_leg *from = context;
    struct transit *transit = from->last;

    (void)at;
    check(transit != NULL);
    if (!transit->to)
        return;
    rope_append(&from->body, slice);
    transit->body_end = from->body.end;
}

static void leg_end(void *context, char flag)
{
    struct msrp_hop_leg *from = context;

    check(from->last != NULL && !from->last->is_whole);
    from->last->is_whole = true;
    from->last->flag = flag;
}

static const struct msrp_reader_events leg_events = {.head = leg_head, .body = leg_body, .end = leg_end};

/* ---- What connections tell ---- */

static void leg_ready(void *context, struct stream *stream)
{
    struct msrp_hop_leg *leg = context;
    struct msrp_hop *relay = leg->relay;

    if (stream_is_server(stream) && is_of_session(relay, leg->role))
        node_now(relay->node, MARK_CONNECTED);
    else if (!stream_is_server(stream) && !is_of_session(relay, leg->role))
        node_now(relay->node, MARK_WARM);
    msrp_hop_pump_all(relay);
}

/* What came only in part cannot come whole: whoever has it so far is told. What waits to go out here is lost. */
static void leg_gone(struct msrp_hop_leg *leg, bool is_broken)
{
    struct msrp_hop *relay = leg->relay;

    relay->resent += stream_retransmissions(leg->stream);
    leg->stream = NULL;
    if (is_broken && leg->role != CAST_COUNT)
        relay->is_broken[leg->role] = true;
    if (leg->last && !leg->last->is_whole)
        leg_end(leg, '#');
    for (int i = 0; i < MSRP_HOP_LEGS_MAX; i++)
        for (struct transit *transit = relay->legs[i].arena ? relay->legs[i].first : NULL; transit;
             transit = transit->next)
            if (transit->to == leg)
                msrp_hop_lose(&relay->legs[i], transit);
    msrp_hop_pump_all(relay);
}

static void leg_received(void *context, struct stream *stream)
{
    struct msrp_hop_leg *leg = context;
    struct msrp_hop *relay = leg->relay;
    jmp_buf full;

    if (setjmp(full) != 0) {
        arena_on_full(leg->arena, NULL);
        stream_close(stream);
        leg_gone(leg, true);
        return;
    }
    arena_on_full(leg->arena, &full);
    bool is_msrp = msrp_leg_take(leg->leg);

    arena_on_full(leg->arena, NULL);
    if (!is_msrp || stream_is_dead(stream))
        leg_gone(leg, true);
    else
        msrp_hop_pump_all(relay);
}

static void leg_writable(void *context, struct stream *stream)
{
    const struct msrp_hop_leg *leg = context;

    (void)stream;
    msrp_hop_pump_all(leg->relay);
}

static void leg_ended(void *context, struct stream *stream, enum stream_end how)
{
    (void)stream;
    leg_gone(context, how != STREAM_FINISHED);
}

static const struct stream_owner leg_stream_owner = {
    .ready = leg_ready, .received = leg_received, .writable = leg_writable, .ended = leg_ended};

static void *msrp_hop_accepted(void *context, struct stream *stream)
{
    struct msrp_hop *relay = context;
    struct msrp_hop_leg *leg = leg_add(relay, cast_at(relay->node->cast, stream_peer(stream)));

    if (leg)
        leg_begin(leg, stream);
    return leg;
}

/* ---- Back-to-back: what the CSCF beside it tells ---- */

static void keep_uri(struct span path, char uri[MSRP_HOP_URI_SIZE])
{
    struct sink sink = {.data = uri, .capacity = MSRP_HOP_URI_SIZE};
    struct span first = {0};

    if (msrp_path_next(&path, &first))
        sink_span(&sink, first);
    sink_string(&sink);
}

static void msrp_hop_news(void *context, short events)
{
    struct msrp_hop *relay = context;
    char text[1024];
    ssize_t size = recv(relay->news.fd, text, sizeof(text), MSG_DONTWAIT);

    (void)events;
    if (size < 1)
        return;
    struct span path = {text + 1, (size_t)size - 1};

    keep_uri(path, text[0] == 'O' ? relay->upstream : relay->downstream);
    if (text[0] == 'A')
        (void)way_to(relay, cast_of_uri(relay->node->cast, span_of(relay->downstream)));
}

/* ---- Making ---- */

static void msrp_hop_warm(void *context)
{
    struct msrp_hop *relay = context;
    uint32_t index = (uint32_t)relay->node->role - CAST_RELAY_1;

    if (relay->is_b2bua || index + 1 == relay->node->cast->relay_count)
        node_now(relay->node, MARK_WARM);
    else if (!msrp_hop_connect(relay, (enum cast_role)(relay->node->role + 1)))
        node_fail(relay->node, NODE_FAULT, "no memory for a connection");
}

static uint64_t msrp_hop_resent(void *context)
{
    const struct msrp_hop *relay = context;
    uint64_t sum = relay->resent;

    for (int i = 0; i < MSRP_HOP_LEGS_MAX; i++)
        if (relay->legs[i].arena && relay->legs[i].stream)
            sum += stream_retransmissions(relay->legs[i].stream);
    return sum;
}

static void msrp_hop_name(struct msrp_hop *relay)
{
    const struct cast *cast = relay->node->cast;
    struct sink uri = SINK(relay->uri);

    sink_format(&uri, "%s://%s:%u", is_tls(relay) ? "msrps" : "msrp", cast->hosts[relay->node->role], CAST_MSRP_PORT);
    sink_string(&uri);
    struct msrp_relay_config config = {.uri = relay->uri,
                                       .realm = cast_domain,
                                       .user = "user",
                                       .password = "secret",
                                       .identity = cast_identity(cast, relay->node->role),
                                       .md5 = digest_md5,
                                       .is_b2bua = relay->is_b2bua};

    relay->msrp = msrp_relay_create(relay->arena, &config);
    if (relay->is_b2bua)
        sink_text(&uri, "/b2bua4a7c1e09;tcp");
    check(!uri.overflow);
    sink_string(&uri);
}

enum err msrp_hop_start(struct node *node, struct note *note)
{
    const struct cast *cast = node->cast;
    struct arena *arena = arena_create(MSRP_HOP_MEMORY);

    if (!arena)
        return note_set(note, ERR_FULL, "no memory for a relay");
    struct msrp_hop *relay = arena_alloc(arena, sizeof(*relay));

    relay->node = node;
    relay->arena = arena;
    relay->is_b2bua = cast->way.between == CAST_B2BUAS;
    msrp_hop_name(relay);
    msrp_hop_watch_next_hops(relay);
    if (relay->is_b2bua) {
        relay->news = (struct loop_watch){.fd = cast->beside[node->role - CAST_RELAY_1][1],
                                          .events = POLLIN,
                                          .context = relay,
                                          .ready = msrp_hop_news};
        check(loop_add(&node->loop, &relay->news));
    }
    struct stream_config config = node_stream(node, cast->way.is_tls, relay, &leg_stream_owner);

    node->context = relay;
    node->warm = msrp_hop_warm;
    node->resent = msrp_hop_resent;
    return stream_listen(&config, cast->addresses[node->role], CAST_MSRP_PORT, msrp_hop_accepted, note) ? ERR_OK
                                                                                                        : ERR_FILE;
}
