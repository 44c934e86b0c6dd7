/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_world.h - a call path without a network: UE-A, P, S, I, S, P, UE-B joined by a queue of messages that take one
 * millisecond each and may be lost or doubled by number. Each message that is sent is logged and read by libosip2.
 */
#ifndef TESTS_SIM_PROTO_SIP_WORLD_H
#define TESTS_SIM_PROTO_SIP_WORLD_H

#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/proto/sip_proxy.h"
#include "sim/proto/sip_ua.h"
#include "sim/wire/sip.h"
#include "tests/unit.h"

#include <osipparser2/osip_parser.h>
#include <stdio.h>
#include <stdlib.h>

enum node { UE_A, P_A, S_A, I_B, S_B, P_B, UE_B, NODES };

enum { LOG_MAX = 512, TEXT_MAX = 4096, FLIGHTS_MAX = 512 };

struct logged {
    int64_t at_ns;
    enum node from, to;
    uint8_t transport;
    char kind[32];
    size_t size, head_size;
    bool is_again, acknowledges;
    char text[TEXT_MAX];
};

struct flight {
    int64_t at_ns;
    uint64_t order;
    enum node to;
    struct sip_hop from;
    size_t head_size, body_size;
    char bytes[TEXT_MAX];
};

struct world {
    struct arena *arena;
    int64_t now_ns;
    struct sip_ua *uas[NODES];
    struct sip_proxy *proxies[NODES];
    int64_t wakes_ns[NODES];
    struct sip_outbox outbox;
    struct flight *flights[FLIGHTS_MAX];
    size_t flight_count;
    struct logged *log;
    size_t log_count;
    uint64_t sent;                   /* messages so far, counted from 1 */
    uint64_t lose, lose_also, twice; /* numbers of messages that are lost or doubled; 0: none */
    enum node dead;                  /* takes nothing; NODES: all are alive */
    int told[NODES][32];             /* by enum sip_action */
    int status[NODES];               /* of the last thing told */
    int64_t answer_ns;               /* how long the user at UE-B takes */
    int64_t answer_at_ns;            /* INT64_MAX: nothing to answer */
    bool is_located, checks_osip;
    bool rewrites;  /* the P-CSCFs change SDP */
    bool is_wild;   /* messages may be damaged and go anywhere */
    bool is_silent; /* nothing is logged */
    bool is_early;  /* UE-B answers with 183, UE-A sends UPDATE, UE-B rings, then answers */
    uint32_t mtu;   /* of every way, where transport depends on size; 0: not known */
    bool is_by_size;
    bool refuses_tcp; /* nobody takes a connection */
    uint8_t transport;
    struct cscf_user users_b[2];
    struct sip_name names[6];
    char contact_b[80], path_b[80];
};

static const char sdp_offer[] = "v=0\r\no=- 1 1 IN IP4 192.168.80.1\r\ns=-\r\nc=IN IP4 192.168.80.1\r\nt=0 0\r\n"
                                "m=message 7394 TCP/MSRP *\r\na=accept-types:text/plain\r\n"
                                "a=path:msrp://192.168.80.1:7394/s1a;tcp\r\n";
static const char sdp_answer[] = "v=0\r\no=- 2 1 IN IP4 192.168.80.3\r\ns=-\r\nc=IN IP4 192.168.80.3\r\nt=0 0\r\n"
                                 "m=message 7394 TCP/MSRP *\r\na=accept-types:*\r\n"
                                 "a=path:msrp://192.168.80.3:7394/s2b;tcp\r\n";

#define ADDRESS_A UINT32_C(0xC0A85001)
#define ADDRESS_B UINT32_C(0xC0A85003)
#define ADDRESS_CORE UINT32_C(0xC0A85080)

static const struct {
    const char *name;
    uint32_t address;
    uint16_t port;
    int role;
} places[NODES] = {
    [UE_A] = {"192.168.80.1", ADDRESS_A, 5060, 0},
    [P_A] = {"pcscf.open-ims.test", ADDRESS_CORE, 4060, CSCF_P},
    [S_A] = {"scscf.open-ims.test", ADDRESS_CORE, 6060, CSCF_S},
    [I_B] = {"icscf.open-ims.test", ADDRESS_CORE, 5060, CSCF_I},
    [S_B] = {"scscf2.open-ims.test", ADDRESS_CORE, 6061, CSCF_S},
    [P_B] = {"pcscf2.open-ims.test", ADDRESS_CORE, 4061, CSCF_P},
    [UE_B] = {"192.168.80.3", ADDRESS_B, 5060, 0},
};

static const char *const routes_of_a[][3] = {
    {"sip:pcscf.open-ims.test:4060;lr", "sip:orig@scscf.open-ims.test:6060;lr", NULL},
    {"sip:pcscf.open-ims.test:4060;transport=tcp;lr", "sip:orig@scscf.open-ims.test:6060;transport=tcp;lr", NULL},
};
static const char server_name[] = "sip:scscf2.open-ims.test:6061";

static inline struct sip_hop hop_of(const struct world *world, enum node node)
{
    return (struct sip_hop){places[node].address, places[node].port, world->transport};
}

static inline uint32_t world_mtu(void *context, struct sip_hop to)
{
    (void)to;
    return ((struct world *)context)->mtu;
}

static inline void add_ua(struct world *world, enum node node, const char *user, enum node p_cscf,
                          struct sip_timers timers)
{
    struct sip_ua_config config = {.user = user,
                                   .domain = "open-ims.test",
                                   .host = places[node].name,
                                   .port = places[node].port,
                                   .transport = world->transport,
                                   .p_cscf = hop_of(world, p_cscf),
                                   .routes = routes_of_a[world->transport != SIP_UDP],
                                   .identity = 1 + (uint64_t)node,
                                   .timers = timers,
                                   .by_size = {world->is_by_size ? world_mtu : NULL, world},
                                   .has_100rel = world->is_early,
                                   .user_agent = "hopsim"};

    world->uas[node] = sip_ua_create(world->arena, &config);
}

/* Puts a P-CSCF's own path in front, as one with a media gateway does. */
static inline bool rewrite_path(void *context, bool is_answer, struct span sdp, struct sink *out)
{
    struct world *world = context;
    size_t at = span_find(sdp, SPAN("a=path:"));

    if (!world->rewrites || at == sdp.size)
        return false;
    sink_span(out, (struct span){sdp.data, at});
    sink_text(out, is_answer ? "a=x-answer:1\r\n" : "a=x-offer:22\r\n");
    sink_span(out, span_after(sdp, at));
    return true;
}

static inline void add_proxy(struct world *world, enum node node, struct sip_timers timers_ue)
{
    struct sip_proxy_config config = {.role = (enum cscf_role)places[node].role,
                                      .name = places[node].name,
                                      .port = places[node].port,
                                      .transport = world->transport,
                                      .transport_ue = world->transport,
                                      .domain = "open-ims.test",
                                      .i_cscf = hop_of(world, I_B),
                                      .names = world->names,
                                      .users = world->users_b,
                                      .timers = sip_timers_core,
                                      .timers_ue = timers_ue,
                                      .identity = 100 + (uint64_t)node,
                                      .heeds_retry_after = true,
                                      .by_size = {world->is_by_size ? world_mtu : NULL, world},
                                      .rewrite_sdp = places[node].role == CSCF_P ? rewrite_path : NULL,
                                      .rewrite_context = world};

    world->proxies[node] = sip_proxy_create(world->arena, &config);
}

static inline void world_fill(struct world *world, uint8_t transport, struct sip_timers timers_ue);

static inline struct world *world_create_gm(uint8_t transport, struct sip_timers timers_ue)
{
    struct world *world = calloc(1, sizeof(*world));

    check(world != NULL);
    world_fill(world, transport, timers_ue);
    return world;
}

/* Users who know reliable provisional responses. */
static inline struct world *world_create_early(void)
{
    struct world *world = calloc(1, sizeof(*world));

    check(world != NULL);
    world->is_early = true;
    world_fill(world, SIP_UDP, sip_timers_core);
    return world;
}

/* Requests over mtu - 200 bytes (0: 1,300) go by TCP, or would if anybody took a connection. */
static inline struct world *world_create_by_size(uint32_t mtu, bool refuses_tcp)
{
    struct world *world = calloc(1, sizeof(*world));

    check(world != NULL);
    world->is_by_size = true;
    world->mtu = mtu;
    world->refuses_tcp = refuses_tcp;
    world_fill(world, SIP_UDP, sip_timers_core);
    return world;
}

static inline void world_fill(struct world *world, uint8_t transport, struct sip_timers timers_ue)
{
    world->log = calloc(LOG_MAX, sizeof(*world->log));
    world->arena = arena_create(64 * MIB);
    check(world->log != NULL && world->arena != NULL);
    parser_init();
    world->transport = transport;
    world->dead = NODES;
    world->is_located = world->checks_osip = true;
    world->answer_at_ns = INT64_MAX;
    struct sink contact = SINK(world->contact_b), path = SINK(world->path_b);

    sink_text(&contact, "sip:bob@192.168.80.3:5060");
    sink_text(&contact, transport == SIP_TCP ? ";transport=tcp" : "");
    sink_text(&path, "sip:term@pcscf2.open-ims.test:4061");
    sink_text(&path, transport == SIP_TCP ? ";transport=tcp;lr" : ";lr");
    world->users_b[0] = (struct cscf_user){"sip:bob@open-ims.test", sink_string(&contact), sink_string(&path)};
    for (int node = P_A; node <= P_B; node++)
        world->names[node - P_A] = (struct sip_name){places[node].name, hop_of(world, (enum node)node)};
    for (int node = 0; node < NODES; node++)
        world->wakes_ns[node] = INT64_MAX;
    add_ua(world, UE_A, "alice", P_A, timers_ue);
    add_ua(world, UE_B, "bob", P_B, timers_ue);
    for (int node = P_A; node <= P_B; node++)
        add_proxy(world, (enum node)node, timers_ue);
}

static inline struct world *world_create(uint8_t transport)
{
    return world_create_gm(transport, sip_timers_core);
}

static inline void world_destroy(struct world *world)
{
    while (world->flight_count > 0)
        free(world->flights[--world->flight_count]);
    arena_destroy(world->arena);
    free(world->log);
    free(world);
}

static inline enum node node_at(struct sip_hop hop)
{
    for (int node = 0; node < NODES; node++)
        if (places[node].address == hop.address && places[node].port == hop.port)
            return (enum node)node;
    return NODES;
}

static inline void world_fly(struct world *world, enum node from, enum node to, const struct logged *logged)
{
    struct flight *flight = malloc(sizeof(*flight));

    check(flight != NULL && world->flight_count < FLIGHTS_MAX);
    flight->at_ns = world->now_ns + MS;
    flight->order = world->sent;
    flight->to = to;
    flight->from = hop_of(world, from);
    flight->from.transport = logged->transport;
    flight->head_size = logged->head_size;
    flight->body_size = logged->size - logged->head_size;
    memcpy(flight->bytes, logged->text, logged->size);
    world->flights[world->flight_count++] = flight;
}

static inline void world_send(struct world *world, enum node from, const struct sip_output *item)
{
    struct logged *logged = &world->log[world->log_count];
    struct sink kind = SINK(logged->kind);
    enum node to = node_at(item->hop);

    if (to == NODES && world->is_wild)
        return;
    CU_ASSERT_NOT_EQUAL_FATAL(to, NODES);
    CU_ASSERT_TRUE(world->is_wild || world->is_by_size || item->hop.transport == world->transport);
    check(world->log_count < LOG_MAX && item->head.size + item->body.length < TEXT_MAX);
    world->log_count += world->is_silent ? 0 : 1;
    memset(logged, 0, world->is_silent ? offsetof(struct logged, text) : sizeof(*logged));
    logged->at_ns = world->now_ns;
    logged->from = from;
    logged->to = to;
    logged->transport = item->hop.transport;
    logged->head_size = item->head.size;
    logged->size = item->head.size + item->body.length;
    logged->is_again = item->is_again;
    logged->acknowledges = item->acknowledges;
    memcpy(logged->text, item->head.data, item->head.size);
    if (item->body.length > 0)
        slice_read(item->body, 0, logged->text + item->head.size, item->body.length);
    CU_ASSERT_EQUAL(sip_kind(item->head, &kind), ERR_OK);
    sink_string(&kind);
    if (world->checks_osip) {
        osip_message_t *parsed;

        CU_ASSERT_EQUAL_FATAL(osip_message_init(&parsed), 0);
        CU_ASSERT_EQUAL(osip_message_parse(parsed, logged->text, logged->size), 0);
        osip_message_free(parsed);
    }
    world->sent++;
    if (world->refuses_tcp && logged->transport == SIP_TCP)
        return;
    if (world->sent == world->lose || world->sent == world->lose_also || to == world->dead)
        return;
    world_fly(world, from, to, logged);
    if (world->sent == world->twice)
        world_fly(world, from, to, logged);
}

static inline void world_do(struct world *world, enum node node);

/* The connection is refused at once. */
static inline void world_refuse(struct world *world, enum node node, struct sip_hop hop)
{
    if (world->uas[node])
        sip_ua_refused(world->uas[node], world->now_ns, hop, &world->outbox);
    else
        sip_proxy_refused(world->proxies[node], world->now_ns, hop, &world->outbox);
    world_do(world, node);
}

/* What the users of an early session do: UE-B rings when it has PRACK and UPDATE, and answers at the second PRACK. */
static inline void world_told_early(struct world *world, enum node node, const struct sip_output *item)
{
    struct sip_ua *ua = world->uas[node];
    const int *told = world->told[node];
    bool is_news = item->action == SIP_UPDATED || item->action == SIP_PRACKED;

    if (item->action == SIP_INVITED)
        sip_ua_progress(ua, world->now_ns, 183, true, SPAN(sdp_answer), &world->outbox);
    else if (item->action == SIP_PROGRESSED && item->status == 183)
        sip_ua_update(ua, world->now_ns, item->token, SPAN(sdp_offer), &world->outbox);
    else if (item->action == SIP_UPDATED)
        sip_ua_answer_update(ua, world->now_ns, SPAN(sdp_answer), &world->outbox);
    else if (!is_news)
        return;
    if (item->action != SIP_PRACKED)
        world_do(world, node);
    if (is_news && told[SIP_PRACKED] == 1 && told[SIP_UPDATED] == 1) {
        sip_ua_progress(ua, world->now_ns, 180, true, (struct span){"", 0}, &world->outbox);
        world_do(world, node);
    }
    if (item->action == SIP_PRACKED && told[SIP_PRACKED] == 2)
        world->answer_at_ns = world->now_ns + world->answer_ns;
}

static inline void world_told(struct world *world, enum node node, const struct sip_output *item)
{
    struct sip_output copy = *item;

    world->told[node][copy.action]++;
    world->status[node] = copy.status;
    if (copy.action == SIP_LOCATE) {
        CU_ASSERT_TRUE(world->is_wild || span_equal(copy.user, SPAN("sip:bob@open-ims.test")));
        sip_proxy_located(world->proxies[node], world->now_ns, copy.token, world->is_located ? server_name : NULL, 404,
                          &world->outbox);
        world_do(world, node);
    }
    if (copy.action == SIP_INVITED && node == UE_B && !world->is_early)
        world->answer_at_ns = world->now_ns + world->answer_ns;
    if (world->is_early)
        world_told_early(world, node, &copy);
}

static inline void world_do(struct world *world, enum node node)
{
    struct sip_outbox *out = malloc(sizeof(*out));

    check(out != NULL);
    *out = world->outbox;
    world->wakes_ns[node] = out->wake_ns;
    for (uint32_t i = 0; i < out->count; i++)
        if (out->items[i].action == SIP_SEND)
            world_send(world, node, &out->items[i]);
    for (uint32_t i = 0; i < out->count && world->refuses_tcp; i++)
        if (out->items[i].action == SIP_SEND && out->items[i].hop.transport == SIP_TCP)
            world_refuse(world, node, out->items[i].hop);
    for (uint32_t i = 0; i < out->count; i++)
        if (out->items[i].action != SIP_SEND)
            world_told(world, node, &out->items[i]);
    free(out);
}

static inline void world_receive(struct world *world, struct flight *flight)
{
    struct source body = source_memory(flight->bytes + flight->head_size);
    struct span head = {flight->bytes, flight->head_size};
    struct slice slice = {&body, 0, flight->body_size};
    enum node to = flight->to;

    body.lasts = false;
    if (world->uas[to])
        sip_ua_receive(world->uas[to], world->now_ns, flight->from, head, slice, &world->outbox);
    else
        sip_proxy_receive(world->proxies[to], world->now_ns, flight->from, head, slice, &world->outbox);
    world_do(world, to);
    memset(flight, 0xdd, sizeof(*flight));
    free(flight);
}

static inline void world_wake(struct world *world, enum node node)
{
    if (world->uas[node])
        sip_ua_wake(world->uas[node], world->now_ns, &world->outbox);
    else
        sip_proxy_wake(world->proxies[node], world->now_ns, &world->outbox);
    world_do(world, node);
}

/* One event at or before until_ns: the message that arrives first, the answer of UE-B's user, or a timer. */
static inline bool world_step(struct world *world, int64_t until_ns)
{
    size_t first = FLIGHTS_MAX;
    int64_t at_ns = INT64_MAX;
    int wake = -1;

    for (size_t i = 0; i < world->flight_count; i++)
        if (first == FLIGHTS_MAX || world->flights[i]->at_ns < world->flights[first]->at_ns ||
            (world->flights[i]->at_ns == world->flights[first]->at_ns &&
             world->flights[i]->order < world->flights[first]->order))
            first = i;
    if (first < FLIGHTS_MAX)
        at_ns = world->flights[first]->at_ns;
    for (int node = 0; node < NODES; node++)
        if (world->wakes_ns[node] < at_ns) {
            at_ns = world->wakes_ns[node];
            wake = node;
        }
    bool is_answer = world->answer_at_ns <= at_ns;

    if (is_answer)
        at_ns = world->answer_at_ns;
    if (at_ns > until_ns || at_ns == INT64_MAX)
        return false;
    world->now_ns = at_ns > world->now_ns ? at_ns : world->now_ns;
    if (is_answer) {
        world->answer_at_ns = INT64_MAX;
        sip_ua_answer(world->uas[UE_B], world->now_ns, SPAN(sdp_answer), &world->outbox);
        world_do(world, UE_B);
    } else if (wake >= 0) {
        world_wake(world, (enum node)wake);
    } else {
        struct flight *flight = world->flights[first];

        world->flights[first] = world->flights[--world->flight_count];
        world_receive(world, flight);
    }
    return true;
}

static inline void world_run(struct world *world, int64_t until_ns)
{
    while (world_step(world, until_ns))
        ;
    world->now_ns = until_ns;
}

static inline void world_invite(struct world *world)
{
    sip_ua_invite(world->uas[UE_A], world->now_ns, "sip:bob@open-ims.test", SPAN(sdp_offer), &world->outbox);
    world_do(world, UE_A);
}

static inline void world_bye(struct world *world, enum node node)
{
    sip_ua_bye(world->uas[node], world->now_ns, &world->outbox);
    world_do(world, node);
}

static inline void world_message(struct world *world, const char *body)
{
    struct source source = source_memory(body);
    struct sip_ua_message message = {.target = "sip:bob@open-ims.test",
                                     .content_type = "text/plain",
                                     .headers = SPAN("X-Part: 000001/000009\r\n"),
                                     .body = {&source, 0, strlen(body)}};

    source.lasts = false;
    sip_ua_message(world->uas[UE_A], world->now_ns, &message, &world->outbox);
    world_do(world, UE_A);
}

/* The logged message of that kind that left node, the first from index on; NULL when there is none. */
static inline const struct logged *world_logged(const struct world *world, const char *kind, enum node from)
{
    for (size_t i = 0; i < world->log_count; i++)
        if (world->log[i].from == from && strcmp(world->log[i].kind, kind) == 0)
            return &world->log[i];
    return NULL;
}

/* The same where there must be one. */
static inline const struct logged *world_must(const struct world *world, const char *kind, enum node from)
{
    const struct logged *logged = world_logged(world, kind, from);

    check(logged != NULL);
    return logged;
}

/* The nodes that messages of a kind left, in order, as digits of enum node, with the last receiver behind. */
static inline const char *world_way(const struct world *world, const char *kind, struct sink *way)
{
    int last = -1;

    way->size = 0;
    for (size_t i = 0; i < world->log_count; i++)
        if (strcmp(world->log[i].kind, kind) == 0 && !world->log[i].is_again) {
            sink_number(way, world->log[i].from);
            last = (int)world->log[i].to;
        }
    if (last >= 0)
        sink_number(way, (uint64_t)last);
    return sink_string(way);
}

static inline size_t count_header(const struct logged *logged, enum sip_header header)
{
    struct sip_message message;
    size_t count = 0;

    if (sip_parse((struct span){logged->text, logged->size}, &message) != ERR_OK)
        return SIZE_MAX;
    for (const struct sip_line *line = sip_line_next(&message, header, NULL); line;
         line = sip_line_next(&message, header, line)) {
        struct span rest = line->value, element;

        while (rest.size > 0 && sip_cut_element(&rest, &element) == ERR_OK)
            count++;
    }
    return count;
}

#endif
