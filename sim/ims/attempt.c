/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/attempt.h"
#include "sim/ims/call.h"
#include "sim/ims/core.h"
#include "sim/proto/sip_transaction.h"
#include "sim/ims/pager.h"
#include "sim/ims/session.h"

enum { CARRIERS = CARRIER_MSRP + 1 }; /* that loads have */

struct attempt {
    struct world world;
    struct trial trial; /* the load's, with a number of its own */
    struct attempt_config config;
    const struct manner *manner;
    struct sip_ua *ua_a, *ua_b; /* a registration has no second */
    struct session *session;    /* one of these, by the manner */
    struct pager *pager;
    struct call *call;
    struct renewal *renewal;
    char names[POPULATION_SIDES][POPULATION_NAME_SIZE];
    char hosts[POPULATION_SIDES][POPULATION_HOST_SIZE];
};

static const struct moments nothing_yet = {NONE_NS, NONE_NS, NONE_NS, NONE_NS, NONE_NS, NONE_NS, NONE_NS,
                                           NONE_NS, NONE_NS, NONE_NS, NONE_NS, NONE_NS, NONE_NS};

/* What is done in an attempt. */
struct manner {
    enum err (*create)(struct attempt *attempt, struct note *note);
    void (*press)(struct attempt *attempt, const struct cause *cause);
    void (*abandon)(struct attempt *attempt, const struct cause *cause); /* NULL: there is nothing to hang up */
    void (*retire)(struct attempt *attempt);
};

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
    world->refusal = 0;
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

/* ---- Manners ---- */

static enum err create_session(struct attempt *attempt, struct note *note)
{
    (void)note;
    attempt->session = session_create(&attempt->world, attempt->ua_a, attempt->ua_b);
    return ERR_OK;
}

static void press_session(struct attempt *attempt, const struct cause *cause)
{
    session_press(attempt->session, cause);
}

static void abandon_session(struct attempt *attempt, const struct cause *cause)
{
    session_abandon(attempt->session, cause);
}

static void retire_session(struct attempt *attempt)
{
    session_retire(attempt->session);
}

static enum err create_pager(struct attempt *attempt, struct note *note)
{
    return pager_create(&attempt->world, attempt->ua_a, attempt->ua_b, &attempt->pager, note);
}

static void press_pager(struct attempt *attempt, const struct cause *cause)
{
    pager_press(attempt->pager, cause);
}

static void retire_pager(struct attempt *attempt)
{
    pager_retire(attempt->pager);
}

static enum err create_call(struct attempt *attempt, struct note *note)
{
    (void)note;
    attempt->call = call_create(&attempt->world, attempt->ua_a, attempt->ua_b, attempt->config.hold_ns);
    return ERR_OK;
}

static void press_call(struct attempt *attempt, const struct cause *cause)
{
    call_press(attempt->call, cause);
}

static void abandon_call(struct attempt *attempt, const struct cause *cause)
{
    call_abandon(attempt->call, cause);
}

static void retire_call(struct attempt *attempt)
{
    call_retire(attempt->call);
}

static enum err create_renewal(struct attempt *attempt, struct note *note)
{
    (void)note;
    attempt->renewal = renewal_create(&attempt->world, attempt->ua_a);
    return ERR_OK;
}

static void press_renewal(struct attempt *attempt, const struct cause *cause)
{
    renewal_press(attempt->renewal, cause);
}

static void retire_renewal(struct attempt *attempt)
{
    renewal_retire(attempt->renewal);
}

static const struct manner sending_over_msrp = {create_session, press_session, abandon_session, retire_session};
static const struct manner sending_in_messages = {create_pager, press_pager, NULL, retire_pager};
static const struct manner calling = {create_call, press_call, abandon_call, retire_call};
static const struct manner registering = {create_renewal, press_renewal, NULL, retire_renewal};

/* By kind and carrier. */
static const struct manner *const manners[ATTEMPT_KINDS][CARRIERS] = {
    [ATTEMPT_FILE] = {[CARRIER_MSRP] = &sending_over_msrp, [CARRIER_MESSAGE] = &sending_in_messages},
    [ATTEMPT_CALL] = {[CARRIER_MSRP] = &calling, [CARRIER_MESSAGE] = &calling},
    [ATTEMPT_REGISTRATION] = {[CARRIER_MSRP] = &registering, [CARRIER_MESSAGE] = &registering},
};

/* ---- An attempt ---- */

enum err attempt_begin(const struct attempt_config *config, struct attempt **out, struct note *note)
{
    struct attempt *attempt = arena_alloc(config->arena, sizeof(*attempt));
    struct world *world = &attempt->world;
    struct cause nobody = {.transfer = 0};

    attempt->config = *config;
    make_world(attempt);
    attempt->manner = manners[config->kind][world->arm->carrier];
    check(attempt->manner && (config->renewing != NULL) == (config->kind == ATTEMPT_REGISTRATION));
    place(attempt, ROLE_UE_A, config->caller);
    if (config->renewing) {
        attempt->ua_a = core_registering_agent(world, ROLE_UE_A, renewing_registration(config->renewing));
    } else {
        attempt->ua_a = core_user_agent(world, ROLE_UE_A);
        place(attempt, ROLE_UE_B, config->called);
        attempt->ua_b = core_user_agent(world, ROLE_UE_B);
    }
    TRY(attempt->manner->create(attempt, note));
    *out = attempt;
    world->moments.pressed_ns = world_now(world);
    attempt->manner->press(attempt, &nobody);
    return ERR_OK;
}

struct attempt_result attempt_result(const struct attempt *attempt)
{
    const struct world *world = &attempt->world;
    const struct moments *at = &world->moments;
    bool is_answered = !attempt->pager && at->answered_ns != NONE_NS;

    return (struct attempt_result){.end = world->end,
                                   .refusal = world->refusal,
                                   .pressed_ns = at->pressed_ns,
                                   .delay_ns = world->is_delivered ? at->in_hand_ns - at->pressed_ns : NONE_NS,
                                   .setup_ns = is_answered ? at->answered_ns - at->signalled_ns : NONE_NS};
}

const struct attempt_config *attempt_of(const struct attempt *attempt)
{
    return &attempt->config;
}

bool attempt_is_talk(const struct attempt *attempt)
{
    return attempt->call && call_is_talking(attempt->call);
}

void attempt_abandon(struct attempt *attempt)
{
    struct cause nobody = {.transfer = 0};

    if (attempt->manner->abandon)
        attempt->manner->abandon(attempt, &nobody);
}

bool attempt_is_at_rest(struct attempt *attempt)
{
    const struct world *world = &attempt->world;

    if (sip_node_is_busy(world->sip_nodes[ROLE_UE_A]) || !sip_ua_is_at_rest(attempt->ua_a))
        return false;
    return !attempt->ua_b || (!sip_node_is_busy(world->sip_nodes[ROLE_UE_B]) && sip_ua_is_at_rest(attempt->ua_b));
}

void attempt_retire(struct attempt *attempt, struct sip_linger *linger, struct sip_outbox *out)
{
    attempt_abandon(attempt);
    attempt->manner->retire(attempt);
    sip_linger_take(linger, world_now(&attempt->world), attempt->ua_a, out);
    if (attempt->ua_b)
        sip_linger_take(linger, world_now(&attempt->world), attempt->ua_b, out);
    world_give_timers(&attempt->world);
}

uint64_t attempt_retransmissions(const struct attempt *attempt)
{
    return sip_ua_retransmissions(attempt->ua_a) + (attempt->ua_b ? sip_ua_retransmissions(attempt->ua_b) : 0);
}
