/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/units.h"
#include "sim/load_state.h"

#include <gsl/gsl_randist.h>
#include <math.h>

enum { PLACES_FIRST = 256, KIND_SHIFT = 60 };

/* ---- UEs that are no more ---- */

static void linger_do(struct loading *loading, uint32_t node, uint16_t port)
{
    struct world *world = loading->world;
    const struct sip_outbox *out = &loading->linger_outbox;
    struct cause nobody = {.transfer = 0};

    if (out->wake_ns == INT64_MAX)
        timer_cancel(&loading->linger_timer);
    else
        timer_arm(&loading->linger_timer, out->wake_ns > world_now(world) ? out->wake_ns : world_now(world));
    for (uint32_t i = 0; i < out->count; i++) {
        const struct sip_output *item = &out->items[i];
        struct neighbour to = world_neighbour(world, item->hop.address, item->hop.port);
        struct source head = source_memory(item->head.data);
        struct slice slice = {&head, 0, item->head.size};

        check(item->action == SIP_SEND && port != 0);
        head.lasts = false;
        udp_send(world->net, node, port, to.node, item->hop.port, &slice, 1, &nobody, NULL);
    }
}

static void linger_wake(struct engine *engine, void *context)
{
    struct loading *loading = context;

    sip_linger_wake(loading->linger, engine->now_ns, &loading->linger_outbox);
    linger_do(loading, 0, 0);
}

/* A group's host, which has no UE at that port now. */
struct group_host {
    struct loading *loading;
    uint32_t node;
};

static void group_received(void *context, const struct datagram *datagram, const struct cause *cause)
{
    const struct group_host *host = context;
    struct loading *loading = host->loading;
    struct world *world = loading->world;
    struct sip_hop from = {net_address(world->net, datagram->from_node), datagram->from_port, SIP_UDP};
    char head[SIP_HEAD_MAX];
    size_t size = 0;

    (void)cause;
    for (uint32_t i = 0; i < datagram->slice_count; i++) {
        struct slice slice = datagram->slices[i];
        size_t take = slice.length < sizeof(head) - size ? (size_t)slice.length : sizeof(head) - size;

        slice_read(slice, 0, head + size, take);
        size += take;
    }
    size_t end = span_find((struct span){head, size}, SPAN("\r\n\r\n"));

    if (end == size)
        return;
    sip_linger_receive(loading->linger, world_now(world), from, (struct span){head, end + 4}, &loading->linger_outbox);
    linger_do(loading, host->node, datagram->to_port);
}

void loading_bind(struct loading *loading)
{
    struct world *world = loading->world;
    const struct population *population = world->population;

    loading->linger = sip_linger_create(world->arena);
    timer_init(&loading->linger_timer, world->engine, loading, linger_wake);
    for (int side = 0; side < POPULATION_SIDES; side++)
        for (uint32_t group = 0; group < population_groups(population); group++) {
            struct group_host *host = arena_alloc(world->arena, sizeof(*host));

            *host = (struct group_host){loading, population_group_node(population, (enum population_side)side, group)};
            udp_bind(world->net, host->node, 0, host, group_received);
        }
}

/* ---- Places ---- */

static struct place *place_take(struct loading *loading, uint32_t *number)
{
    if (loading->free == 0 && loading->place_count == loading->place_capacity) {
        uint32_t capacity = loading->place_capacity ? 2 * loading->place_capacity : PLACES_FIRST;
        struct place *places = arena_alloc(loading->world->arena, capacity * sizeof(*places));

        if (loading->place_count > 0)
            memcpy(places, loading->places, loading->place_count * sizeof(*places));
        loading->places = places;
        loading->place_capacity = capacity;
    }
    *number = loading->free > 0 ? loading->free - 1 : loading->place_count++;
    struct place *place = &loading->places[*number];

    loading->free = place->next_free;
    *place = (struct place){.loading = loading, .state = PLACE_RUNNING};
    return place;
}

static void place_give(struct loading *loading, struct place *place)
{
    arena_pool_give(loading->pool, place->arena);
    *place = (struct place){.state = PLACE_FREE, .next_free = loading->free};
    loading->free = (uint32_t)(place - loading->places) + 1;
    loading->gone--;
}

/* ---- An attempt's life ---- */

/* Whoever has failed hangs up when all that goes on at this moment has been done. */
static void hang_up(struct engine *engine, void *context)
{
    (void)engine;
    attempt_abandon(context);
}

static void ended(struct loading *loading, struct place *place)
{
    struct attempt_result result = attempt_result(place->attempt);

    place->state = PLACE_CLOSING;
    loading->running[place->kind]--;
    loading_note(loading, place, &result);
    if (result.end != OUTCOME_DELIVERED)
        engine_at(loading->world->engine, world_now(loading->world), place->attempt, hang_up);
}

static void attempt_over(void *context, struct attempt *attempt)
{
    struct loading *loading = context;
    uint32_t number = arena_pool_owner(loading->pool, attempt);

    check(number < loading->place_count);
    struct place *place = &loading->places[number];

    place->attempt = attempt;
    if (place->state == PLACE_RUNNING)
        ended(loading, place);
}

/* Two users who are free; of a registration one, who is set aside for it. */
static bool take_users(struct loading *loading, struct attempt_config *config)
{
    struct population *population = loading->world->population;

    if (config->kind == ATTEMPT_REGISTRATION) {
        config->renewing = renewals_take(loading->renewals, config->number);
        if (config->renewing)
            config->caller = renewing_user(config->renewing);
        return config->renewing != NULL;
    }
    return population_draw(population, POPULATION_CALLERS, config->number, &config->caller) &&
           population_draw(population, POPULATION_CALLED, config->number, &config->called);
}

static void give_users(struct loading *loading, const struct attempt *attempt)
{
    struct world *world = loading->world;
    const struct attempt_config *config = attempt_of(attempt);
    int64_t wait_ns = 64 * sip_timers_gm.t1_ns, retry_ns = world->scenario->retry_after_ns;

    /* The 503 that a user hears is the P-CSCF's own, and has said Retry-After. */
    if (attempt_result(attempt).refusal == 503 && world->scenario->heeds_retry_after && wait_ns < retry_ns)
        wait_ns = retry_ns;
    int64_t free_ns = world_now(world) + wait_ns;

    if (config->kind == ATTEMPT_REGISTRATION) {
        renewals_give(loading->renewals, config->renewing);
        return;
    }
    /* It is as if they needed their UEs for nothing else until no copy of a message can come any more. */
    population_release(world->population, config->caller, free_ns);
    population_release(world->population, config->called, free_ns);
}

static int64_t draw_hold_ns(const struct loading *loading, const struct attempt_config *config)
{
    struct world *world = loading->world;
    gsl_rng *rng = streams_at(world->streams, stream_place("talk"), STREAM_SERVICE, config->number);

    return llround(gsl_ran_exponential(rng, (double)world->scenario->load_call_ns));
}

bool loading_begin(struct loading *loading, enum attempt_kind kind)
{
    struct world *world = loading->world;
    struct attempt_config config = {.kind = kind,
                                    .core = world,
                                    .number = (uint64_t)kind << KIND_SHIFT | loading->attempts[kind],
                                    .context = loading,
                                    .over = attempt_over};
    uint32_t number;

    if (!take_users(loading, &config)) {
        loading->has_no_users = true;
        return false;
    }
    config.hold_ns = kind == ATTEMPT_CALL ? draw_hold_ns(loading, &config) : 0;
    struct place *place = place_take(loading, &number);

    place->kind = kind;
    place->number = loading->attempts[kind]++;
    place->arena = config.arena = arena_pool_take(loading->pool, number);
    place->begun_ns = world_now(world);
    loading->under_way++;
    loading->running[kind]++;
    struct attempt *attempt;

    if (attempt_begin(&config, &attempt, world->note) != ERR_OK) {
        world->is_impossible = true;
        return false;
    }
    loading->places[number].attempt = attempt;
    return true;
}

static void retire(struct loading *loading, struct place *place)
{
    loading->sip_again += attempt_retransmissions(place->attempt);
    give_users(loading, place->attempt);
    attempt_retire(place->attempt, loading->linger, &loading->linger_outbox);
    linger_do(loading, 0, 0);
    place->state = PLACE_GONE;
    loading->gone++;
    loading->under_way--;
}

/* ---- Memory ---- */

static void event_seen(void *visitor, const void *context)
{
    struct loading *loading = visitor;
    uint32_t owner = arena_pool_owner(loading->pool, context);

    if (owner != UINT32_MAX)
        loading->places[owner].is_named = true;
}

static void segment_seen(void *visitor, const struct tcp *sender)
{
    event_seen(visitor, sender);
}

/* What is gone may still be named by an event that waits (a timer that was cancelled lets its event come) or by a
 * segment on a link. */
static void reclaim(struct loading *loading)
{
    if (loading->gone == 0)
        return;
    for (uint32_t i = 0; i < loading->place_count; i++)
        loading->places[i].is_named = false;
    engine_visit(loading->world->engine, loading, event_seen);
    net_visit_segments(loading->world->net, loading, segment_seen);
    for (uint32_t i = 0; i < loading->place_count; i++)
        if (loading->places[i].state == PLACE_GONE && !loading->places[i].is_named)
            place_give(loading, &loading->places[i]);
}

uint64_t loading_late(const struct loading *loading)
{
    int64_t most_ns = loading->world->scenario->load_delay_max_ns, now_ns = world_now(loading->world);
    uint64_t late = 0;

    for (uint32_t i = 0; i < loading->place_count && most_ns > 0; i++) {
        const struct place *place = &loading->places[i];

        if (place->state != PLACE_RUNNING || now_ns - place->begun_ns <= most_ns)
            continue;
        struct attempt_result result = attempt_result(place->attempt);
        int64_t taken_ns = place->kind == ATTEMPT_CALL ? result.setup_ns : result.delay_ns;

        late += taken_ns == NONE_NS || taken_ns > most_ns;
    }
    return late;
}

/* Talk is no wait. */
static int64_t waits_from_ns(const struct place *place)
{
    return place->begun_ns + attempt_of(place->attempt)->hold_ns;
}

void loading_look(struct loading *loading)
{
    int64_t now_ns = world_now(loading->world);
    uint32_t talking = 0;

    if (loading->attempt_bytes < arena_pool_taken(loading->pool))
        loading->attempt_bytes = arena_pool_taken(loading->pool);
    for (uint32_t i = 0; i < loading->place_count; i++) {
        struct place *place = &loading->places[i];

        bool is_talk = place->state == PLACE_RUNNING && attempt_is_talk(place->attempt);

        talking += is_talk;
        /* Whatever it waits for does not come. */
        if (place->state == PLACE_RUNNING && !is_talk && now_ns - waits_from_ns(place) > LOAD_ATTEMPT_MAX_NS)
            ended(loading, place);
        if (place->state == PLACE_CLOSING && attempt_is_at_rest(place->attempt))
            retire(loading, place);
    }
    reclaim(loading);
    loading_note_look(loading, talking);
    uint64_t most = loading->load->inadequate_most;

    loading->is_stopped = most > 0 && loading->inadequate + loading_late(loading) > most;
}
