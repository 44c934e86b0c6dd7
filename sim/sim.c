/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sim.h"
#include "sim/sim_world.h"
#include "sim/base/units.h"
#include "sim/ims/core.h"
#include "sim/ims/crowd.h"
#include "sim/ims/gate.h"
#include "sim/ims/intercept.h"
#include "sim/ims/ipsec.h"
#include "sim/ims/pager.h"
#include "sim/ims/registration.h"
#include "sim/ims/session.h"
#include "sim/ims/upload.h"
#include "sim/sec/tls.h"

enum { B2BUAS_MAX = 5 }; /* CSCFs on the way */

#define BACKGROUND_LEAD_NS (2 * SECOND)
/* No transfer takes longer than its timers: then the others go home, so that every trial ends. */
#define BACKGROUND_NS (1000 * SECOND)

/* What is on the links and CPUs when the user presses send: not the transfer's. */
struct before {
    uint64_t wire_bytes, packet_hops, retransmissions, events;
    struct net_layers layers;
    uint64_t tls_bytes, sip_bytes;
    int64_t cpu_ns, ue_cpu_ns, core_cpu_ns, relay_cpu_ns;
};

static void packet_seen(void *context, struct net *net, uint32_t link, enum tap_event event, int64_t at_ns,
                        bool is_origin, const struct packet *packet)
{
    const struct sim_tap *tap = context;
    struct link_info info = net_link(net, link);
    char bytes[65536];
    struct sink sink = SINK(bytes);
    struct sim_packet seen = {
        .link = link, .from = info.from, .to = info.to, .event = (int)event, .is_origin = is_origin, .at_ns = at_ns};

    net_packet_bytes(net, packet, &sink);
    check(!sink.overflow);
    seen.bytes = sink_written(&sink);
    tap->packet(tap->context, &seen);
}

/* Rows of what is seldom used are asked for only where it is: tables from before have none. */
static bool cost_is_needed(const struct trial *trial, enum cost_operation operation)
{
    const struct scenario *scenario = trial->scenario;
    bool is_12 = scenario->tls_version == TLS_1_2;

    if (operation >= COST_TLS12_CLIENT && operation <= COST_TLS12_SERVER_MUTUAL)
        return is_12;
    if (operation == COST_TLS13_CLIENT_RESUMED || operation == COST_TLS13_SERVER_RESUMED)
        return scenario->tls_resumption == RESUMPTION_TICKET && !is_12;
    if (operation == COST_TLS12_CLIENT_RESUMED || operation == COST_TLS12_SERVER_RESUMED)
        return scenario->tls_resumption == RESUMPTION_TICKET && is_12;
    if (operation == COST_TLS_RECORD_SEAL_CBC || operation == COST_TLS_RECORD_OPEN_CBC)
        return scenario->tls_cipher == TLS_AES_CBC_SHA;
    if (operation == COST_SIP_PARSE || operation == COST_RELAY_COPY)
        return false;
    if (operation < COST_ESP_SEAL_CBC || operation > COST_ESP_OPEN_NULL)
        return true;
    return ipsec_is_used(trial->scenario, trial->arm) &&
           (operation == ipsec_cost(trial->scenario, true) || operation == ipsec_cost(trial->scenario, false));
}

bool sim_costs_are_known(const struct trial *trial, struct note *note)
{
    for (int i = 0; i < COST_OPERATION_COUNT; i++)
        if (!trial->costs->costs[i].is_known && cost_is_needed(trial, (enum cost_operation)i)) {
            enum err error = note_set(note, ERR_RANGE, "the cost table %s has no row for %s", trial->costs->name,
                                      cost_operation_names[i]);

            return error == ERR_OK;
        }
    return true;
}

static int64_t cpu_of(struct world *world, enum role role)
{
    return station_busy_ns(world->sites[role].cpu);
}

static struct before measure(struct world *world)
{
    struct before now = {.packet_hops = net_packet_hops(world->net),
                         .layers = net_layers(world->net),
                         .tls_bytes = world->tls_bytes,
                         .sip_bytes = world->sip_bytes,
                         .retransmissions = net_retransmissions(world->net) + core_retransmissions(world),
                         .events = world->engine->events_run};

    for (uint32_t i = 0; i < net_links(world->net); i++)
        now.wire_bytes += net_link(world->net, i).bytes;
    /* Roles that share a host share its CPU: count each host once. */
    for (int role = 0; role < ROLE_COUNT; role++) {
        bool is_first = world->sites[role].label != NULL;

        for (int earlier = 0; earlier < role && is_first; earlier++)
            is_first = !world->sites[earlier].label || world->sites[earlier].node != world->sites[role].node;
        if (!is_first)
            continue;
        int64_t busy_ns = cpu_of(world, (enum role)role);

        now.cpu_ns += busy_ns;
        if (role >= ROLE_RELAY_1 && role <= ROLE_CONTENT)
            now.relay_cpu_ns += busy_ns;
        else if ((role >= ROLE_P_A && role <= ROLE_P_B) || role == ROLE_I_A || role == ROLE_HSS_A)
            now.core_cpu_ns += busy_ns;
    }
    now.ue_cpu_ns = cpu_of(world, ROLE_UE_A) + cpu_of(world, ROLE_UE_B);
    return now;
}

static int64_t between(int64_t from_ns, int64_t to_ns)
{
    return from_ns == NONE_NS || to_ns == NONE_NS ? NONE_NS : to_ns - from_ns;
}

static void write_phases(const struct world *world, struct outcome *outcome)
{
    const struct moments *at = &world->moments;
    bool is_msrp = world->arm->carrier == CARRIER_MSRP, is_cms = world->arm->body == BODY_CMS;

    outcome->prepare_ns = between(at->pressed_ns, at->signalled_ns);
    outcome->setup_ns = is_msrp ? between(at->signalled_ns, at->answered_ns) : NONE_NS;
    outcome->protect_ns = is_cms ? between(at->sealing_ns, at->sealed_ns) : NONE_NS;
    outcome->connect_ns = is_msrp ? between(at->syn_ns, at->connected_ns) : NONE_NS;
    outcome->transfer_ns = between(at->first_byte_ns, at->last_byte_ns);
    outcome->unprotect_ns = is_cms || world->arm->hop != HOP_NONE || world->arm->body == BODY_TLS
                                ? between(at->last_byte_ns, at->in_hand_ns)
                                : NONE_NS;
    if (is_msrp && world->scenario->file_hash != FILE_HASH_OFF)
        outcome->unprotect_ns = between(at->last_byte_ns, at->in_hand_ns);
    outcome->teardown_ns = is_msrp ? between(at->bye_ns, at->ended_ns) : NONE_NS;
    outcome->refusal_ns = between(at->signalled_ns, at->refused_ns);
    outcome->status = (uint64_t)world->refusal;
    outcome->registration_ns = registration_ns(world);
    outcome->delay_ns = world->is_delivered ? between(at->pressed_ns, at->in_hand_ns) : NONE_NS;
    outcome->pressed_ns = at->pressed_ns;
    for (int i = 0; i < PART_COUNT; i++)
        outcome->parts_ns[i] = world->is_delivered ? world->delivered.parts.ns[i] : NONE_NS;
    check(!world->is_delivered || parts_total(&world->delivered.parts) == outcome->delay_ns);
}

static void write_outcome(struct world *world, const struct before *before, struct outcome *outcome)
{
    struct before now = measure(world);

    *outcome = (struct outcome){.end = world->end,
                                .file_bytes = world->trial->file_bytes,
                                .wire_bytes = now.wire_bytes - before->wire_bytes,
                                .payload_bytes = now.layers.payload_bytes - before->layers.payload_bytes,
                                .layer_link_bytes = now.layers.link_bytes - before->layers.link_bytes,
                                .layer_ip_bytes = now.layers.ip_bytes - before->layers.ip_bytes,
                                .layer_transport_bytes = now.layers.transport_bytes - before->layers.transport_bytes,
                                .layer_esp_bytes = now.layers.shield_bytes - before->layers.shield_bytes,
                                .layer_tls_bytes = now.tls_bytes - before->tls_bytes,
                                .layer_sip_bytes = now.sip_bytes - before->sip_bytes,
                                .core_cpu_ns = now.core_cpu_ns - before->core_cpu_ns,
                                .relay_cpu_ns = now.relay_cpu_ns - before->relay_cpu_ns,
                                .packet_hops = now.packet_hops - before->packet_hops,
                                .retransmissions = now.retransmissions - before->retransmissions,
                                .events = now.events - before->events,
                                .cpu_ns = now.cpu_ns - before->cpu_ns,
                                .ue_cpu_ns = now.ue_cpu_ns - before->ue_cpu_ns};
    write_phases(world, outcome);
}

static void whole_second(struct engine *engine, void *context)
{
    bool *has_come = context;

    (void)engine;
    *has_come = true;
}

bool sim_make_ready(struct world *world)
{
    struct cause nobody = {.transfer = 0};

    core_connect(world);
    registration_begin(world, &nobody);
    do {
        bool has_come = false;

        engine_at(world->engine, (world_now(world) / SECOND + 1) * SECOND, &has_come, whole_second);
        if (!engine_run(world->engine, &has_come) || world->is_over)
            return false;
    } while (!registration_is_done(world) || !channels_are_ready(world));
    return true;
}

/* With a schedule the registrations begin at once, are done when that says, and so is the press. */
static bool warm_up_by_schedule(struct world *world)
{
    struct cause nobody = {.transfer = 0};

    if (world->scenario->connections == CONNECTIONS_WARM)
        core_connect(world);
    else
        core_connect_ue(world, &nobody);
    registration_begin(world, &nobody);
    world->moments.pressed_ns = world->trial->schedule->pressed_ns;
    return true;
}

/* The press comes at a whole second, one at least after the network has fallen quiet. */
static bool warm_up(struct world *world)
{
    world->is_warming = true;
    net_begin_draws(world->net, WORLD_WARM_UP_DRAWS);
    if (world->trial->schedule)
        return warm_up_by_schedule(world);
    if (world->scenario->connections == CONNECTIONS_WARM && !sim_make_ready(world))
        return false;
    int64_t now_ns = world_now(world);

    if (world->scenario->promotion_ns > 0) /* by then the radio is idle */
        now_ns += world->scenario->promotion_idle_ns;
    if (world->crowd) /* the load is there before */
        now_ns += BACKGROUND_LEAD_NS;
    world->moments.pressed_ns = (now_ns / SECOND + 1) * SECOND;
    return true;
}

struct press {
    struct world *world;
    struct before before;
    struct session *session;
    struct pager *pager;
    struct upload *upload;
};

/* One packet's accident, where the trial has one. */
static void set_fault(struct world *world)
{
    const struct trial *trial = world->trial;
    static const enum net_fault_kind kinds[] = {[SIM_FAULT_NONE] = NET_FAULT_NONE,
                                                [SIM_FAULT_LOSE] = NET_FAULT_LOSE,
                                                [SIM_FAULT_HOLD] = NET_FAULT_HOLD,
                                                [SIM_FAULT_DUPLICATE] = NET_FAULT_DUPLICATE};
    struct net_fault fault = {
        .kind = kinds[trial->packet_fault], .packet = trial->fault_packet, .hold_ns = trial->hold_ns};

    if (trial->packet_fault != SIM_FAULT_NONE)
        net_set_fault(world->net, &fault);
}

static void press(struct engine *engine, void *context)
{
    struct press *own = context;
    struct cause cause = {.transfer = 1};

    (void)engine;
    own->before = measure(own->world);
    set_fault(own->world);
    world_begin_draws(own->world);
    watch_event(own->world, "press UE-A");
    if (own->world->scenario->connections == CONNECTIONS_COLD && !own->world->trial->schedule) {
        core_connect_ue(own->world, &cause);
        registration_begin(own->world, &cause);
    }
    if (own->session)
        session_press(own->session, &cause);
    else if (own->upload)
        upload_press(own->upload, &cause);
    else
        pager_press(own->pager, &cause);
}

static const struct moments nothing_yet = {NONE_NS, NONE_NS, NONE_NS, NONE_NS, NONE_NS, NONE_NS, NONE_NS,
                                           NONE_NS, NONE_NS, NONE_NS, NONE_NS, NONE_NS, NONE_NS};

/* What the schedule still holds back when all is over, an ACK of a refusal, leaves too. */
static void end_schedule(struct world *world)
{
    const struct schedule *schedule = world->trial->schedule;
    int64_t last_ns = world_now(world);
    bool has_come = false;

    for (size_t i = 0; schedule && i < schedule->time_count; i++)
        if (schedule->times_ns[i] > last_ns)
            last_ns = schedule->times_ns[i];
    if (last_ns == world_now(world))
        return;
    engine_at(world->engine, last_ns + 1, &has_come, whole_second);
    (void)engine_run(world->engine, &has_come);
}

static enum err world_run(struct world *world, struct outcome *outcome, struct note *note)
{
    struct press own = {.world = world};
    struct sip_ua *ua_a, *ua_b;

    core_create(world);
    ua_a = core_user_agent(world, ROLE_UE_A);
    ua_b = core_user_agent(world, ROLE_UE_B);
    if (world->arm->carrier == CARRIER_MSRP)
        own.session = session_create(world, ua_a, ua_b);
    else if (world->arm->carrier == CARRIER_HTTP)
        own.upload = upload_create(world, ua_a, ua_b);
    else
        TRY(pager_create(world, ua_a, ua_b, &own.pager, note));
    bool is_ready = warm_up(world);

    if (is_ready) {
        engine_at(world->engine, world->moments.pressed_ns, &own, press);
        crowd_begin(world, world->moments.pressed_ns - BACKGROUND_LEAD_NS,
                    world->moments.pressed_ns - BACKGROUND_LEAD_NS + BACKGROUND_NS);
        if (!engine_run(world->engine, &world->is_over))
            world_fail(world, OUTCOME_LIMIT);
    } else {
        own.before = measure(world);
        world->moments.pressed_ns = world_now(world);
        world->end = world->is_over ? world->end : OUTCOME_LIMIT;
    }
    if (is_ready && !world->is_over && !world->is_delivered)
        world->end = OUTCOME_TRANSFER_FAILED; /* nothing is left that could happen */
    if (world->is_impossible)
        return ERR_RANGE;
    write_outcome(world, &own.before, outcome);
    outcome->body_bytes = own.session ? session_body_bytes(own.session)
                          : own.pager ? pager_body_bytes(own.pager)
                                      : world->trial->file_bytes;
    outcome->chunks = own.session ? session_chunks(own.session) : own.pager ? pager_messages(own.pager) : 1;
    end_schedule(world);
    net_check(world->net);
    watch_tell(world);
    return ERR_OK;
}

/* A line of the event log: what TCP sends again, between hosts, and its probes. */
static void repeat_seen(void *context, uint32_t from_node, uint32_t to_node, enum tcp_repeat what, uint64_t offset,
                        uint32_t length)
{
    struct world *world = context;
    const char *from = net_name(world->net, from_node), *to = net_name(world->net, to_node);

    if (what == TCP_REPEAT_SYN)
        watch_event(world, "again %s %s TCP SYN", from, to);
    else
        watch_event(world, "%s %s %s TCP %llu+%u", what == TCP_REPEAT_PROBE ? "probe" : "again", from, to,
                    (unsigned long long)offset, length);
}

enum err sim_world_init(struct world *world, const struct trial *trial, struct arena *arena, struct net_tap *tap,
                        struct note *note)
{
    const struct sim_tap *watcher = trial->tap;

    world->trial = trial;
    world->scenario = trial->scenario;
    world->arm = trial->arm;
    world->arena = arena;
    world->note = note;
    world->moments = nothing_yet;
    world->wants_bytes = watcher && watcher->wants_bytes;
    world->end = OUTCOME_TRANSFER_FAILED;
    if (world->arm->path == PATH_B2BUAS && world->scenario->relays > B2BUAS_MAX)
        return note_set(note, ERR_RANGE,
                        "path.relays = %llu: there are %d CSCFs that %s can have a back-to-back user "
                        "agent at",
                        (unsigned long long)world->scenario->relays, B2BUAS_MAX, world->arm->name);
    if (world->scenario->tls_cipher == TLS_AES_CBC_SHA && world->scenario->tls_version != TLS_1_2)
        return note_set(note, ERR_RANGE,
                        "tls.cipher = aes-cbc-sha: TLS 1.3 has no such suite, expected tls.version = 1.2");
    check(!world->wants_bytes || trial->parties != NULL);
    world->engine = arena_alloc(arena, sizeof(*world->engine));
    world->streams = arena_alloc(arena, sizeof(*world->streams));
    world->timers_free = arena_alloc(arena, sizeof(struct pooled_timer *));
    engine_init(world->engine, arena);
    world->engine->events_max = trial->events_max ? trial->events_max : UINT64_MAX;
    streams_init(world->streams, arena, world->scenario->seed, trial->number);
    world->dwell_ordinals = arena_alloc(arena, (size_t)ROLE_COUNT * DWELL_ROWS_MAX * sizeof(uint32_t));
    gate_init(world);
    watch_init(world);
    *tap = (struct net_tap){.context = (void *)(uintptr_t)watcher, .packet = packet_seen};
    TRY(world_build(world, watcher && watcher->packet ? tap : NULL, note));
    if (watcher && watcher->event)
        net_watch_repeats(world->net, world, repeat_seen);
    ipsec_create(world);
    return ERR_OK;
}

/* The trial went beyond its memory: what can be said of it. */
static void write_limit(const struct trial *trial, struct outcome *outcome)
{
    *outcome = (struct outcome){.end = OUTCOME_LIMIT, .file_bytes = trial->file_bytes};
    outcome->prepare_ns = outcome->setup_ns = outcome->protect_ns = outcome->connect_ns = NONE_NS;
    outcome->transfer_ns = outcome->unprotect_ns = outcome->teardown_ns = outcome->delay_ns = NONE_NS;
    outcome->refusal_ns = outcome->registration_ns = NONE_NS;
    for (int i = 0; i < PART_COUNT; i++)
        outcome->parts_ns[i] = NONE_NS;
}

enum err sim_run(const struct trial *trial, struct arena *arena, struct outcome *outcome, struct note *note)
{
    jmp_buf full;

    arena_reset(arena);
    if (!sim_costs_are_known(trial, note))
        return ERR_RANGE;
    struct world *world = arena_alloc(arena, sizeof(*world));
    struct net_tap *tap = arena_alloc(arena, sizeof(*tap));

    if (setjmp(full) != 0) {
        channels_free(world);
        intercepts_free(world);
        party_free(&world->found);
        ipsec_free(world);
        write_limit(trial, outcome);
        return ERR_OK;
    }
    arena_on_full(arena, &full);
    enum err error = sim_world_init(world, trial, arena, tap, note);

    if (error == ERR_OK)
        error = world_run(world, outcome, note);
    channels_free(world);
    intercepts_free(world);
    party_free(&world->found);
    ipsec_free(world);
    arena_on_full(arena, NULL);
    return error;
}

/* Where an INVITE passes. */
static const enum role stations[] = {ROLE_UE_A, ROLE_P_A, ROLE_S_A, ROLE_I_B, ROLE_S_B, ROLE_P_B, ROLE_UE_B};

enum err sim_ways(const struct scenario *scenario, struct arena *arena, struct sim_ways *ways, struct note *note)
{
    struct world *world = arena_alloc(arena, sizeof(*world));

    world->scenario = scenario;
    world->arm = arms;
    world->arena = arena;
    world->engine = arena_alloc(arena, sizeof(*world->engine));
    world->streams = arena_alloc(arena, sizeof(*world->streams));
    engine_init(world->engine, arena);
    streams_init(world->streams, arena, scenario->seed, 0);
    TRY(world_build(world, NULL, note));
    const struct site *sites = world->sites;

    *ways = (struct sim_ways){.direct_ns =
                                  net_path_propagation_ns(world->net, sites[ROLE_UE_A].node, sites[ROLE_UE_B].node)};
    for (size_t i = 1; i < sizeof(stations) / sizeof(*stations); i++)
        ways->core_ns += net_path_propagation_ns(world->net, sites[stations[i - 1]].node, sites[stations[i]].node);
    return ERR_OK;
}
