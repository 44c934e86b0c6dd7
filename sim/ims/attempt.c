/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/attempt.h"
#include "sim/ims/core.h"
#include "sim/proto/sip_transaction.h"
#include "sim/ims/pager.h"
#include "sim/ims/session.h"

struct attempt {
    struct world world;
    struct trial trial; /* the load's, with a number of its own */
    struct attempt_config config;
    struct sip_ua *ua_a, *ua_b;
    struct session *session; /* one of the two */
    struct pager *pager;
    char names[POPULATION_SIDES][POPULATION_NAME_SIZE];
    char hosts[POPULATION_SIDES][POPULATION_HOST_SIZE];
};

static const struct moments nothing_yet = {NONE_NS, NONE_NS, NONE_NS, NONE_NS, NONE_NS, NONE_NS, NONE_NS,
                                           NONE_NS, NONE_NS, NONE_NS, NONE_NS, NONE_NS, NONE_NS};

static void attempt_over(void *context)
{
    struct attempt *attempt = context;

    attempt->config.over(attempt->config.context, attempt);
}

/* What is of the attempt alone begins anew. */
static void make_world(struct attempt *attempt)
{
    const struct attempt_config *config = &attempt->config;
    struct world *world = &attempt->world;

    *world = *config->core;
    attempt->trial = *world->trial;
    attempt->trial.number = sip_mix(config->core->trial->number, config->number);
    world->trial = &attempt->trial;
    world->arena = config->arena;
    world->channels_first = NULL;
    world->keeps_free = NULL;
    memset(world->keep_lanes, 0, sizeof(world->keep_lanes));
    world->moments = nothing_yet;
    world->timers = NULL;
    world->over = attempt_over;
    world->over_context = attempt;
    world->end = OUTCOME_TRANSFER_FAILED;
}

static void place(struct attempt *attempt, enum role role, struct population_user user)
{
    struct world *world = &attempt->world;
    const struct scenario *scenario = world->scenario;
    struct site *site = &world->sites[role];

    population_place(world->population, user, attempt->names[user.side], attempt->hosts[user.side], site);
    site->cpu =
        station_create(world->engine, world->arena, (uint32_t)scenario->cpu_workers, (uint32_t)scenario->cpu_queue);
}

enum err attempt_begin(const struct attempt_config *config, struct attempt **out, struct note *note)
{
    struct attempt *attempt = arena_alloc(config->arena, sizeof(*attempt));
    struct world *world = &attempt->world;
    struct cause nobody = {.transfer = 0};

    attempt->config = *config;
    make_world(attempt);
    place(attempt, ROLE_UE_A, config->caller);
    place(attempt, ROLE_UE_B, config->called);
    attempt->ua_a = core_user_agent(world, ROLE_UE_A);
    attempt->ua_b = core_user_agent(world, ROLE_UE_B);
    if (world->arm->carrier == CARRIER_MSRP)
        attempt->session = session_create(world, attempt->ua_a, attempt->ua_b);
    else
        TRY(pager_create(world, attempt->ua_a, attempt->ua_b, &attempt->pager, note));
    *out = attempt;
    world->moments.pressed_ns = world_now(world);
    if (attempt->session)
        session_press(attempt->session, &nobody);
    else
        pager_press(attempt->pager, &nobody);
    return ERR_OK;
}

struct attempt_result attempt_result(const struct attempt *attempt)
{
    const struct world *world = &attempt->world;
    const struct moments *at = &world->moments;
    bool is_answered = attempt->session && at->answered_ns != NONE_NS;

    return (struct attempt_result){.end = world->end,
                                   .pressed_ns = at->pressed_ns,
                                   .delay_ns = world->is_delivered ? at->in_hand_ns - at->pressed_ns : NONE_NS,
                                   .setup_ns = is_answered ? at->answered_ns - at->signalled_ns : NONE_NS};
}

struct population_user attempt_user(const struct attempt *attempt, enum population_side side)
{
    return side == POPULATION_CALLERS ? attempt->config.caller : attempt->config.called;
}

void attempt_abandon(struct attempt *attempt)
{
    struct cause nobody = {.transfer = 0};

    if (attempt->session)
        session_abandon(attempt->session, &nobody);
}

bool attempt_is_at_rest(struct attempt *attempt)
{
    const struct world *world = &attempt->world;

    return !sip_node_is_busy(world->sip_nodes[ROLE_UE_A]) && !sip_node_is_busy(world->sip_nodes[ROLE_UE_B]) &&
           sip_ua_is_at_rest(attempt->ua_a) && sip_ua_is_at_rest(attempt->ua_b);
}

void attempt_retire(struct attempt *attempt, struct sip_linger *linger, struct sip_outbox *out)
{
    struct cause nobody = {.transfer = 0};

    if (attempt->session) {
        session_abandon(attempt->session, &nobody);
        session_retire(attempt->session);
    } else {
        pager_retire(attempt->pager);
    }
    sip_linger_take(linger, world_now(&attempt->world), attempt->ua_a, out);
    sip_linger_take(linger, world_now(&attempt->world), attempt->ua_b, out);
    world_give_timers(&attempt->world);
}

uint64_t attempt_retransmissions(const struct attempt *attempt)
{
    return sip_ua_retransmissions(attempt->ua_a) + sip_ua_retransmissions(attempt->ua_b);
}
