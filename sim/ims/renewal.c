/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/renewal.h"
#include "sim/ims/hss.h"
#include "sim/ims/registration.h"
#include "sim/sec/digest.h"

enum { IDENTITY_SIZE = 96 };

struct renewing {
    struct renewing *next; /* of those that are free */
    struct population_user user;
    char public_identity[IDENTITY_SIZE], private_identity[IDENTITY_SIZE];
    struct aka_usim usim;
    struct sip_ua_registration config;
};

struct renewals {
    struct world *core;
    struct hss *hss;
    struct renewing *free;
};

struct renewal {
    struct world *world;
    struct sip_ua *ua;
    struct sip_node *node;
};

/* The subscribers' secret. Any would do, and the same for all. */
static const struct milenage_key key = {"one key for many", "for open ims: R!"};

static enum sip_usim_verdict answer_challenge(void *context, const uint8_t rand[SIP_RAND_SIZE],
                                              const uint8_t autn[SIP_AUTN_SIZE], struct sip_usim_answer *answer)
{
    struct renewing *renewing = context;

    return registration_ask_usim(&renewing->usim, rand, autn, answer);
}

/* ---- Who is set aside ---- */

struct renewals *renewals_create(struct world *core)
{
    struct renewals *renewals = arena_alloc(core->arena, sizeof(*renewals));
    bool is_two = core->sites[ROLE_HSS_A].label != NULL;

    *renewals = (struct renewals){.core = core, .hss = core->hsses[is_two ? ROLE_HSS_A : ROLE_HSS_B]};
    check(renewals->hss != NULL);
    return renewals;
}

static void subscribe(struct renewals *renewals, struct renewing *renewing)
{
    struct world *core = renewals->core;
    char name[POPULATION_NAME_SIZE], host[POPULATION_HOST_SIZE];
    struct site site = {.label = NULL};
    struct sink public_identity = SINK(renewing->public_identity), private_identity = SINK(renewing->private_identity);

    population_place(core->population, renewing->user, name, host, &site);
    sink_format(&private_identity, "%s@%s", site.user, world_domain(core, ROLE_UE_A));
    sink_format(&public_identity, "sip:%s", sink_string(&private_identity));
    check(!private_identity.overflow && !public_identity.overflow);
    renewing->usim.key = key;
    renewing->config = (struct sip_ua_registration){.private_identity = renewing->private_identity,
                                                    .p_cscf = world_sip_uri(core, "mo", ROLE_P_A, ";lr"),
                                                    .expires_s = SIP_EXPIRES_S,
                                                    .md5 = digest_md5,
                                                    .usim = answer_challenge,
                                                    .usim_context = renewing};
    struct hss_subscriber subscriber = {.public_identity = sink_string(&public_identity),
                                        .private_identity = renewing->private_identity,
                                        .key = key,
                                        .capability = 1};

    hss_add(renewals->hss, &subscriber);
}

struct renewing *renewals_take(struct renewals *renewals, uint64_t ordinal)
{
    struct renewing *renewing = renewals->free;
    struct population_user user;

    if (renewing) {
        renewals->free = renewing->next;
        return renewing;
    }
    if (!population_draw(renewals->core->population, POPULATION_CALLERS, ordinal, &user))
        return NULL;
    renewing = arena_alloc(renewals->core->arena, sizeof(*renewing));
    renewing->user = user;
    subscribe(renewals, renewing);
    return renewing;
}

void renewals_give(struct renewals *renewals, struct renewing *renewing)
{
    renewing->next = renewals->free;
    renewals->free = renewing;
}

struct population_user renewing_user(const struct renewing *renewing)
{
    return renewing->user;
}

const struct sip_ua_registration *renewing_registration(struct renewing *renewing)
{
    return &renewing->config;
}

/* ---- A registration ---- */

static void ue_told(void *context, const struct sip_output *item, const struct cause *cause)
{
    struct renewal *renewal = context;
    struct world *world = renewal->world;

    (void)cause;
    if (item->action == SIP_REGISTERED && !world->is_over) {
        world->moments.in_hand_ns = sip_node_arrived_ns(renewal->node);
        world->is_delivered = true;
        world->end = OUTCOME_DELIVERED;
        world_end(world);
    } else if (item->action == SIP_REGISTRATION_REFUSED) {
        world->refusal = item->status;
        world_fail(world, item->status == 408 ? OUTCOME_REGISTRATION_TIMEOUT : OUTCOME_REGISTRATION_REFUSED);
    }
}

struct renewal *renewal_create(struct world *world, struct sip_ua *ua)
{
    struct renewal *renewal = arena_alloc(world->arena, sizeof(*renewal));
    struct sip_node_config config = {
        .role = ROLE_UE_A, .ua = ua, .context = renewal, .told = ue_told, .hears_registration = true};

    *renewal = (struct renewal){.world = world, .ua = ua};
    renewal->node = sip_node_create(world, &config);
    return renewal;
}

void renewal_press(struct renewal *renewal, const struct cause *cause)
{
    struct world *world = renewal->world;

    world->moments.signalled_ns = world_now(world);
    sip_ua_register(renewal->ua, world_now(world), sip_node_outbox(renewal->node));
    sip_node_do(renewal->node, sip_node_outbox(renewal->node), cause);
}

void renewal_retire(struct renewal *renewal)
{
    sip_node_retire(renewal->node);
}
