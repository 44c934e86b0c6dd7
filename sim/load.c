/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/load.h"
#include "sim/base/units.h"
#include "sim/ims/core.h"
#include "sim/ims/crowd.h"
#include "sim/load_state.h"
#include "sim/sim_world.h"

#include <gsl/gsl_randist.h>
#include <math.h>

enum { CHUNK_BYTES = 32 * KIB };

/* ---- What loads do not have ---- */

static enum err check_scenario(const struct trial *trial, struct note *note)
{
    const struct scenario *scenario = trial->scenario;
    const struct arm *arm = trial->arm;
    bool is_direct = arm->carrier == CARRIER_MSRP && arm->path == PATH_DIRECT;
    bool is_plain = arm->carrier == CARRIER_MESSAGE && arm->hop == HOP_NONE;

    if (!is_direct && !is_plain)
        return note_set(note, ERR_RANGE,
                        "%s: a load has msrp-plain, msrp-tls, msrp-smime, message-plain and message-smime", arm->name);
    if (scenario->signalling_gm != PROTECTION_NONE || scenario->signalling_core == PROTECTION_ESP ||
        scenario->signalling_za != PROTECTION_NONE)
        return note_set(note, ERR_RANGE, "signalling.gm, signalling.za: a load has none, and no esp in the core");
    if (scenario->sip_transport == SIP_TRANSPORT_AS_RFC)
        return note_set(note, ERR_RANGE, "sip.transport = as-rfc: a load has as-observed");
    if (scenario->proxy_auth != PROXY_AUTH_OFF || scenario->ifc_orig || scenario->ifc_term || scenario->devices > 1 ||
        scenario->dns != DNS_CACHED || scenario->recipient == RECIPIENT_FETCH)
        return note_set(note, ERR_RANGE,
                        "proxy.auth, ifc.orig, ifc.term, devices, dns, smime.recipient: a load has the "
                        "defaults of them");
    if (scenario->peer_state != PEER_REGISTERED || scenario->overload_at != OVERLOAD_NONE || scenario->cut_ns > 0)
        return note_set(note, ERR_RANGE, "peer.state, overload.at, network.cut_after: a load has the defaults of them");
    if (scenario->connections != CONNECTIONS_WARM)
        return note_set(note, ERR_RANGE, "connections = cold: in a load users are registered");
    return ERR_OK;
}

static enum err check_links(const struct scenario *scenario, struct note *note)
{
    const struct scenario_link *links[] = {&scenario->access, &scenario->core, &scenario->site,
                                           &scenario->za,     &scenario->s8,   &scenario->loopback};

    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        if (links[i]->jitter_ns > 0 && links[i]->jitter_order == JITTER_FREE)
            return note_set(note, ERR_RANGE, "jitter_order = free: in a load packets keep their order");
    return ERR_OK;
}

/* A dwell known only as a whole is a wait: it delays, but nobody is kept from anything by it. Without work times no
 * load would ever be too much. */
static enum err check_work(const struct trial *trial, struct note *note)
{
    static const enum dwell_role roles[] = {DWELL_P_CSCF, DWELL_I_CSCF, DWELL_S_CSCF, DWELL_HSS};
    const struct dwell_table *table = trial->dwells;

    for (size_t i = 0; i < table->count; i++)
        for (size_t k = 0; k < sizeof(roles) / sizeof(roles[0]); k++)
            if (table->rows[i].role == roles[k] && table->rows[i].work_ns == NONE_NS && table->rows[i].median_ns > 0)
                return note_set(
                    note, ERR_RANGE,
                    "the dwell table %s knows %s of %s as a wait only: a load needs work times (column work)",
                    table->name, table->rows[i].kind, dwell_role_names[roles[k]]);
    return ERR_OK;
}

static enum err check_arrivals(const struct load *load, struct note *note)
{
    const struct scenario *scenario = load->trial->scenario;

    if (scenario->load_arrivals == ARRIVALS_CAPTURE && load->arrival_count == 0)
        return note_set(note, ERR_RANGE, "load.arrivals = capture: expected load.capture with INVITEs in it");
    if (scenario->load_arrivals == ARRIVALS_STAIRCASE && scenario->load_step_rate_per_ks == 0)
        return note_set(note, ERR_RANGE, "load.arrivals = staircase: expected load.step_rate above 0");
    return ERR_OK;
}

/* ---- Arrivals ---- */

static int64_t rounded_ns(double seconds)
{
    return llround(seconds * (double)SECOND);
}

static double draw_exponential(struct loading *loading)
{
    gsl_rng *rng =
        streams_at(loading->world->streams, stream_place("load"), STREAM_ARRIVAL, loading->attempts[ATTEMPT_FILE]);

    return gsl_ran_exponential(rng, 1);
}

static int64_t next_poisson(struct loading *loading, int64_t from_ns)
{
    double rate = (double)loading->world->scenario->load_rate_per_ks / 1000;

    return from_ns + rounded_ns(draw_exponential(loading) / rate);
}

/* Attempt i at i / rate: no error adds up. */
static int64_t next_deterministic(struct loading *loading, int64_t from_ns)
{
    __extension__ typedef unsigned __int128 wide;
    wide numerator = (wide)(loading->attempts[ATTEMPT_FILE] + 1) * 1000 * (uint64_t)SECOND;

    (void)from_ns;
    return (int64_t)(numerator / loading->world->scenario->load_rate_per_ks);
}

/* An exponential distance in expected arrivals, walked through the steps. */
static int64_t next_staircase(struct loading *loading, int64_t from_ns)
{
    const struct scenario *scenario = loading->world->scenario;
    double left = draw_exponential(loading);

    for (;;) {
        int64_t step = from_ns / scenario->load_step_ns, end_ns = (step + 1) * scenario->load_step_ns;
        double rate =
            ((double)scenario->load_rate_per_ks + (double)step * (double)scenario->load_step_rate_per_ks) / 1000;
        double expected = rate * (double)(end_ns - from_ns) / (double)SECOND;

        if (left < expected || from_ns >= scenario->load_ns)
            return from_ns + rounded_ns(left / rate);
        left -= expected;
        from_ns = end_ns;
    }
}

static int64_t next_of_capture(struct loading *loading, int64_t from_ns)
{
    uint64_t number = loading->attempts[ATTEMPT_FILE];

    (void)from_ns;
    return number < loading->load->arrival_count ? loading->load->arrivals_ns[number] : INT64_MAX;
}

static int64_t (*const arrival_kinds[ARRIVALS_COUNT])(struct loading *loading, int64_t from_ns) = {
    [ARRIVALS_POISSON] = next_poisson,
    [ARRIVALS_DETERMINISTIC] = next_deterministic,
    [ARRIVALS_STAIRCASE] = next_staircase,
    [ARRIVALS_CAPTURE] = next_of_capture,
};

static void arrive(struct engine *engine, void *context);

static void await_next(struct loading *loading, int64_t from_ns)
{
    const struct scenario *scenario = loading->world->scenario;
    bool has_rate = scenario->load_rate_per_ks > 0 || scenario->load_arrivals >= ARRIVALS_STAIRCASE;
    int64_t at_ns = has_rate ? arrival_kinds[scenario->load_arrivals](loading, from_ns) : INT64_MAX;

    if (at_ns < scenario->load_ns)
        engine_at(loading->world->engine, loading->begun_ns + at_ns, loading, arrive);
    else
        loading->arriving--;
}

static void arrive(struct engine *engine, void *context)
{
    struct loading *loading = context;

    if (!loading_begin(loading, ATTEMPT_FILE)) {
        loading->is_over = true;
        return;
    }
    await_next(loading, engine->now_ns - loading->begun_ns);
}

/* ---- Calls and registrations beside the files ---- */

static void arrive_beside(struct engine *engine, void *context);

static void await_beside(struct beside *beside, int64_t from_ns)
{
    static const char *const places[ATTEMPT_KINDS] = {
        [ATTEMPT_CALL] = "load.calls", [ATTEMPT_REGISTRATION] = "load.registrations"};
    struct loading *loading = beside->loading;
    struct world *world = loading->world;
    gsl_rng *rng =
        streams_at(world->streams, stream_place(places[beside->kind]), STREAM_ARRIVAL, loading->attempts[beside->kind]);
    int64_t at_ns = from_ns + rounded_ns(gsl_ran_exponential(rng, 1000 / (double)beside->rate_per_ks));

    if (at_ns < world->scenario->load_ns)
        engine_at(world->engine, loading->begun_ns + at_ns, beside, arrive_beside);
    else
        loading->arriving--;
}

static void arrive_beside(struct engine *engine, void *context)
{
    struct beside *beside = context;
    struct loading *loading = beside->loading;

    if (!loading_begin(loading, beside->kind)) {
        loading->is_over = true;
        return;
    }
    await_beside(beside, engine->now_ns - loading->begun_ns);
}

static void begin_arrivals(struct loading *loading)
{
    const struct scenario *scenario = loading->world->scenario;
    const uint64_t rates_per_ks[ATTEMPT_KINDS] = {
        [ATTEMPT_CALL] = scenario->load_calls_per_ks, [ATTEMPT_REGISTRATION] = scenario->load_registrations_per_ks};

    loading->arriving++;
    await_next(loading, 0);
    for (int kind = 0; kind < ATTEMPT_KINDS; kind++) {
        if (rates_per_ks[kind] == 0)
            continue;
        loading->besides[kind] = (struct beside){loading, (enum attempt_kind)kind, rates_per_ks[kind]};
        loading->arriving++;
        await_beside(&loading->besides[kind], 0);
    }
}

/* ---- The run ---- */

/* Conservation: an attempt that has arrived has ended once or runs; a packet that was sent was received or lost or is
 * on its way. */
static void check_all(const struct loading *loading)
{
    for (int kind = 0; kind < ATTEMPT_KINDS; kind++)
        check(loading->attempts[kind] == loading->noted[kind] + loading->running[kind]);
    net_check(loading->world->net);
}

static void look(struct engine *engine, void *context)
{
    struct loading *loading = context;
    const struct load *load = loading->load;

    loading_look(loading);
    check_all(loading);
    if (load->progress)
        load->progress(load->context, engine->now_ns - loading->begun_ns, loading->world->scenario->load_ns);
    if (loading->is_stopped || (loading->arriving == 0 && loading->under_way == 0))
        loading->is_over = true;
    else
        engine_at(engine, engine->now_ns + LOAD_LOOK_NS, loading, look);
}

static struct loading *loading_create(const struct load *load, struct world *world)
{
    struct loading *loading = arena_alloc(world->arena, sizeof(*loading));

    loading->load = load;
    loading->world = world;
    loading->pool = arena_pool_create(world->arena, CHUNK_BYTES);
    if (world->scenario->load_registrations_per_ks > 0)
        loading->renewals = renewals_create(world);
    loading_bind(loading);
    return loading;
}

static enum err run(const struct load *load, struct world *world, struct load_outcome *outcome, struct note *note)
{
    struct loading *loading;

    world->is_warming = true;
    core_create(world);
    loading = loading_create(load, world);
    if (!sim_make_ready(world))
        return note_set(note, ERR_RANGE, "the core's connections do not come about");
    world_begin_draws(world);
    loading->begun_ns = (world_now(world) / SECOND + 1) * SECOND;
    loading_measure(loading);
    engine_at(world->engine, loading->begun_ns, loading, look);
    begin_arrivals(loading);
    crowd_begin(world, loading->begun_ns, loading->begun_ns + world->scenario->load_ns);
    bool is_whole = engine_run(world->engine, &loading->is_over);

    if (world->is_impossible)
        return ERR_RANGE;
    check(is_whole == loading->is_over);
    loading_write(loading, outcome);
    check_all(loading);
    return ERR_OK;
}

enum err sim_load(const struct load *load, struct arena *arena, struct load_outcome *outcome, struct note *note)
{
    const struct trial *trial = load->trial;
    jmp_buf full;

    TRY(check_scenario(trial, note));
    TRY(check_links(trial->scenario, note));
    TRY(check_work(trial, note));
    TRY(check_arrivals(load, note));
    arena_reset(arena);
    if (!sim_costs_are_known(trial, note))
        return ERR_RANGE;
    struct world *world = arena_alloc(arena, sizeof(*world));
    struct net_tap *tap = arena_alloc(arena, sizeof(*tap));

    check(!trial->tap && !trial->tamper);
    if (setjmp(full) != 0) {
        *outcome = (struct load_outcome){.end = LOAD_LIMIT, .memory_bytes = arena_peak(arena)};
        return ERR_OK;
    }
    arena_on_full(arena, &full);
    world->arena = arena;
    world->scenario = trial->scenario;
    world->population = population_create(world);
    enum err error = sim_world_init(world, trial, arena, tap, note);

    if (error == ERR_OK)
        error = run(load, world, outcome, note);
    arena_on_full(arena, NULL);
    return error;
}
