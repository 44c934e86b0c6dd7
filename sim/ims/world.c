/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/population.h"

/* Timers of a world, or unused. */
struct pooled_timer {
    struct timer timer;
    struct pooled_timer *next;
};

/* A message that a site keeps. */
struct site_keep {
    struct world *world;
    struct site_keep *next;
    struct lane *lane; /* where it waits with others; NULL: alone */
    struct lane_entry entry;
    struct cause cause;
    enum part part;
    int64_t wait_ns;
    void *context;
    station_done_fn *done;
};

const char *world_sip_uri(struct world *world, const char *user, enum role role, const char *parameters)
{
    enum { URI_SIZE = 96 };
    const struct site *site = &world->sites[role];
    char *text = arena_alloc(world->arena, URI_SIZE);
    struct sink sink = {.data = text, .capacity = URI_SIZE};

    sink_format(&sink, "sip:%s@%s:%u%s", user, site->host_name, site->sip_port, parameters);
    check(!sink.overflow);
    return sink_string(&sink);
}

void world_write_aor(const struct world *world, enum role ue, char *text, size_t size)
{
    struct sink sink = {.data = text, .capacity = size};

    sink_format(&sink, "sip:%s@%s", world->sites[ue].user, world_domain(world, ue));
    check(!sink.overflow);
    (void)sink_string(&sink);
}

enum role world_role_at(const struct world *world, uint32_t address, uint16_t sip_port)
{
    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct site *site = &world->sites[role];

        if (site->label && site->address == address && site->sip_port == sip_port)
            return (enum role)role;
    }
    return ROLE_COUNT;
}

struct neighbour world_neighbour(const struct world *world, uint32_t address, uint16_t sip_port)
{
    enum role role;
    uint32_t node;

    if (world->population && population_node(world->population, address, &node))
        return (struct neighbour){ROLE_COUNT, node};
    role = world_role_at(world, address, sip_port);
    check(role != ROLE_COUNT);
    return (struct neighbour){role, world->sites[role].node};
}

struct timer *world_timer(struct world *world, void *context, event_fn *run)
{
    struct pooled_timer *pooled = *world->timers_free;

    if (pooled)
        *world->timers_free = pooled->next;
    else
        pooled = arena_alloc(net_arena(world->net), sizeof(*pooled));
    pooled->next = world->timers;
    world->timers = pooled;
    timer_init(&pooled->timer, world->engine, context, run);
    return &pooled->timer;
}

void world_give_timers(struct world *world)
{
    while (world->timers) {
        struct pooled_timer *pooled = world->timers;

        world->timers = pooled->next;
        timer_init(&pooled->timer, world->engine, NULL, NULL);
        pooled->next = *world->timers_free;
        *world->timers_free = pooled;
    }
}

void world_end(struct world *world)
{
    bool was_over = world->is_over;

    world->is_over = true;
    if (!was_over && world->over)
        world->over(world->over_context);
}

/* In a load the first failure is what counts: the world goes on behind it. */
void world_fail(struct world *world, enum outcome_end end)
{
    if (!world->is_delivered && !(world->is_over && world->over))
        world->end = (int)end;
    world_end(world);
}

/* What RFC 3261 section 21 says of a status; every other is just a refusal. */
static const struct {
    int status;
    enum outcome_end end;
} refusals[] = {
    {401, OUTCOME_NOT_AUTHORIZED}, {403, OUTCOME_NOT_AUTHORIZED}, {404, OUTCOME_NOT_FOUND},
    {407, OUTCOME_NOT_AUTHORIZED}, {408, OUTCOME_SETUP_TIMEOUT},  {415, OUTCOME_NOT_ACCEPTABLE},
    {480, OUTCOME_NOT_REGISTERED}, {486, OUTCOME_BUSY},           {487, OUTCOME_CANCELLED},
    {488, OUTCOME_NOT_ACCEPTABLE}, {500, OUTCOME_OVERLOADED}, /* a 503 that has passed a proxy */
    {503, OUTCOME_OVERLOADED},     {504, OUTCOME_SETUP_TIMEOUT},  {600, OUTCOME_BUSY},
    {603, OUTCOME_DECLINED},       {606, OUTCOME_NOT_ACCEPTABLE},
};

void world_refuse(struct world *world, int status, int64_t at_ns)
{
    enum outcome_end end = OUTCOME_SETUP_REFUSED;

    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        if (refusals[i].status == status)
            end = refusals[i].end;
    if (!world->is_delivered && !(world->is_over && world->over)) {
        world->refusal = status;
        world->moments.refused_ns = at_ns;
    }
    world_fail(world, end);
}

void world_break(struct world *world)
{
    if (!world->is_delivered) {
        world->refusal = 503;
        world->moments.refused_ns = world_now(world);
    }
    world_fail(world, OUTCOME_SIGNALLING_BROKEN);
}

void world_refuse_scenario(struct world *world)
{
    world->is_impossible = true;
    world_end(world);
}

void world_leg_opened(struct world *world)
{
    if (world->moments.syn_ns == NONE_NS)
        world->moments.syn_ns = world_now(world);
}

void world_leg_ready(struct world *world)
{
    if (world->legs_missing > 0 && --world->legs_missing == 0)
        world->moments.connected_ns = world_now(world);
}

void world_begin_draws(struct world *world)
{
    world->is_warming = false;
    memset(world->dwell_ordinals, 0, (size_t)ROLE_COUNT * DWELL_ROWS_MAX * sizeof(uint32_t));
    net_begin_draws(world->net, 0);
}

static struct site_keep *keep_take(struct world *world, const struct cause *cause, void *context, station_done_fn *done)
{
    struct site_keep *keep = world->keeps_free;

    if (keep)
        world->keeps_free = keep->next;
    else
        keep = arena_alloc(world->arena, sizeof(*keep));
    keep->world = world;
    keep->lane = NULL;
    keep->cause = *cause;
    keep->wait_ns = 0;
    keep->context = context;
    keep->done = done;
    return keep;
}

static void keep_free(struct site_keep *keep)
{
    keep->next = keep->world->keeps_free;
    keep->world->keeps_free = keep;
}

static void keep_end(struct site_keep *keep)
{
    keep->done(keep->context, &keep->cause);
    keep_free(keep);
}

static void keep_waited(struct engine *engine, void *context)
{
    struct site_keep *keep = context;

    (void)engine;
    cause_charge(&keep->cause, keep->part, keep->wait_ns);
    keep_end(keep);
}

/* Hundreds of SENDs may wait at a UE, all for the same time: they share one event. Whoever finds the lane empty says
 * for how long one waits in it. */
static void keep_wait(struct site_keep *keep)
{
    struct engine *engine = keep->world->engine;
    struct lane *lane = keep->lane;

    if (keep->wait_ns <= 0) {
        keep_end(keep);
        return;
    }
    if (lane && lane->length_ns != keep->wait_ns && !lane->waiting)
        lane_init(lane, engine, keep->wait_ns);
    if (lane && lane->length_ns == keep->wait_ns)
        lane_arm(lane, &keep->entry, keep, keep_waited);
    else
        engine_at(engine, engine->now_ns + keep->wait_ns, keep, keep_waited);
}

static void keep_worked(void *context, const struct cause *cause)
{
    struct site_keep *keep = context;

    keep->cause = *cause;
    keep_wait(keep);
}

void world_wait(struct world *world, enum part part, int64_t wait_ns, const struct cause *cause, void *context,
                station_done_fn *done)
{
    struct site_keep *keep = keep_take(world, cause, context, done);

    keep->part = part;
    keep->wait_ns = wait_ns;
    keep_wait(keep);
}

const struct dwell_row *site_row(const struct world *world, enum role role, struct span kind)
{
    const struct site *site = &world->sites[role];

    return dwell_find(world->trial->dwells, site->dwell_role, kind, site->side);
}

static struct site_dwell draw_row(struct world *world, enum role role, const struct dwell_row *row)
{
    double spread =
        world->scenario->dwell_distribution == DWELL_EXPONENTIAL ? DWELL_IS_EXPONENTIAL : world->scenario->dwell_spread;
    gsl_rng *rng = NULL;

    if (!row)
        return (struct site_dwell){0};
    size_t number = (size_t)(row - world->trial->dwells->rows);
    uint32_t *ordinal = &world->dwell_ordinals[(size_t)role * DWELL_ROWS_MAX + number];

    if (row->sequence_count > 0)
        return (struct site_dwell){dwell_replay(world->trial->dwells, row, (*ordinal)++), row->includes};
    if (spread != 0) {
        uint64_t place = stream_place(world->sites[role].label) ^ stream_place(row->kind) * 3;

        rng =
            streams_at(world->streams, place, STREAM_SERVICE, *ordinal + (world->is_warming ? WORLD_WARM_UP_DRAWS : 0));
    }
    ++*ordinal;
    return (struct site_dwell){dwell_draw(row, spread, rng), row->includes};
}

struct site_dwell site_draw(struct world *world, enum role role, struct span kind)
{
    return draw_row(world, role, site_row(world, role, kind));
}

/* A dwell whose work has still to be done; NULL when there is none, and the wait has begun. */
static struct site_keep *keep_dwell(struct world *world, enum role role, struct dwell dwell, const struct cause *cause,
                                    void *context, station_done_fn *done)
{
    struct site_keep *keep = keep_take(world, cause, context, done);

    keep->part = PART_PROCESSING;
    keep->wait_ns = dwell.wait_ns;
    keep->lane = &world->keep_lanes[role];
    if (dwell.work_ns > 0)
        return keep;
    keep_wait(keep);
    return NULL;
}

bool site_work_datagram(struct world *world, enum role role, struct dwell dwell, const struct cause *cause,
                        void *context, station_done_fn *done)
{
    struct site_keep *keep = keep_dwell(world, role, dwell, cause, context, done);
    struct station *cpu = world->sites[role].cpu;

    if (!keep || station_submit(cpu, cause, PART_PROCESSING, dwell.work_ns, keep, keep_worked))
        return true;
    keep_free(keep);
    return false;
}

void site_work(struct world *world, enum role role, struct dwell dwell, const struct cause *cause, void *context,
               station_done_fn *done)
{
    struct site_keep *keep = keep_dwell(world, role, dwell, cause, context, done);
    struct station *cpu = world->sites[role].cpu;

    if (keep)
        station_take(cpu, cause, PART_PROCESSING, dwell.work_ns, keep, keep_worked);
}

void site_keep(struct world *world, enum role role, struct span kind, const struct cause *cause, void *context,
               station_done_fn *done)
{
    site_keep_row(world, role, site_row(world, role, kind), cause, context, done);
}

void site_keep_row(struct world *world, enum role role, const struct dwell_row *row, const struct cause *cause,
                   void *context, station_done_fn *done)
{
    site_work(world, role, draw_row(world, role, row).dwell, cause, context, done);
}

void site_crypto(struct world *world, enum role role, enum cost_operation operation, uint64_t bytes,
                 const struct cause *cause, void *context, station_done_fn *done)
{
    int64_t work_ns = cost_ns(world->trial->costs, operation, bytes);
    struct station *cpu = world->sites[role].cpu;
    struct site_keep *keep = keep_take(world, cause, context, done);

    keep->part = PART_CRYPTO;
    station_take(cpu, cause, PART_CRYPTO, work_ns, keep, keep_worked);
}
