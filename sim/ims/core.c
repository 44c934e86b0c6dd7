/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/core.h"
#include "sim/ims/ipsec.h"
#include "sim/base/units.h"
#include "sim/ims/agw.h"
#include "sim/ims/anchor.h"
#include "sim/ims/content.h"
#include "sim/ims/detour.h"
#include "sim/ims/crowd.h"
#include "sim/ims/cx.h"
#include "sim/ims/device.h"
#include "sim/ims/dns.h"
#include "sim/ims/hss.h"
#include "sim/ims/lookup.h"
#include "sim/ims/population.h"
#include "sim/ims/registration.h"
#include "sim/ims/relay.h"
#include "sim/sec/digest.h"

static const struct cscf_row {
    enum role role;
    enum cscf_role kind;
} cscfs[] = {{ROLE_P_A, CSCF_P}, {ROLE_S_A, CSCF_S}, {ROLE_I_B, CSCF_I},   {ROLE_S_B, CSCF_S},
             {ROLE_P_B, CSCF_P}, {ROLE_I_A, CSCF_I}, {ROLE_AS_A, CSCF_AS}, {ROLE_AS_B, CSCF_AS}};

enum { CSCF_COUNT = sizeof(cscfs) / sizeof(cscfs[0]) };

/* A role as a neighbour of another one. */
static struct sip_hop hop_of(const struct world *world, enum role from, enum role role)
{
    const struct site *site = &world->sites[role];

    return (struct sip_hop){site->address, site->sip_port, (uint8_t)sip_node_transport(world, from, role)};
}

/* ---- The MTU of the ways between neighbours ---- */

struct neighbourhood {
    const struct world *world;
    enum role role;
};

static uint32_t mtu_to(void *context, struct sip_hop to)
{
    const struct neighbourhood *own = context;
    const struct world *world = own->world;
    const struct site *site = &world->sites[own->role];
    enum role role = world_role_at(world, to.address, to.port);

    if (role == ROLE_COUNT)
        return 0;
    return net_port_mtu(world->net, site->node, site->sip_port, world->sites[role].node, to.port);
}

static struct sip_by_size by_size_at(const struct world *world, enum role role)
{
    struct neighbourhood *own;

    if (!sip_node_is_by_size(world))
        return (struct sip_by_size){0};
    own = arena_alloc(world->arena, sizeof(*own));
    *own = (struct neighbourhood){world, role};
    return (struct sip_by_size){mtu_to, own};
}

/* ---- User agents ---- */

/* What UE-A and S-CSCF(A) share, where requests are challenged. */
static struct sip_secret secret_of(struct world *world, bool is_meant, bool is_user)
{
    int auth = world->scenario->proxy_auth;
    bool is_wrong = auth == PROXY_AUTH_WRONG_PASSWORD && is_user;

    if (!is_meant || auth == PROXY_AUTH_OFF)
        return (struct sip_secret){0};
    return (struct sip_secret){digest_md5, registration_of(world, ROLE_UE_A)->private_identity,
                               world_domain(world, ROLE_UE_A), is_wrong ? "guess" : "secret"};
}

/* Of who is registered from the start. */
static const char *const *routes_of(struct world *world, enum role role)
{
    if (role == ROLE_CROWD_A)
        return crowd_routes(world);
    return world->population && role == ROLE_UE_A ? population_routes(world->population) : NULL;
}

struct sip_ua *core_user_agent(struct world *world, enum role role)
{
    bool is_a = role == ROLE_UE_A || role == ROLE_CROWD_A, is_registered = role >= ROLE_CROWD_A || world->population;

    return core_registering_agent(world, role,
                                  is_registered ? NULL : registration_of(world, is_a ? ROLE_UE_A : ROLE_UE_B));
}

struct sip_ua *core_registering_agent(struct world *world, enum role role,
                                      const struct sip_ua_registration *registration)
{
    bool is_a = role == ROLE_UE_A || role == ROLE_CROWD_A, is_crowd = role >= ROLE_CROWD_A;
    enum role p_cscf = is_a ? ROLE_P_A : ROLE_P_B;
    struct sip_ua_config config = {.user = is_crowd ? "crowd" : world->sites[role].user,
                                   .domain = world_domain(world, role),
                                   .host = world->sites[role].host_name,
                                   .port = world->sites[role].sip_port,
                                   .transport = (uint8_t)sip_node_transport(world, role, p_cscf),
                                   .p_cscf = hop_of(world, role, p_cscf),
                                   .registration = registration,
                                   .routes = registration ? NULL : routes_of(world, role),
                                   .takes_events = is_crowd,
                                   .identity = stream_place(world->sites[role].label) ^ world->trial->number,
                                   .timers = sip_timers_gm,
                                   .by_size = by_size_at(world, role),
                                   .user_agent = "hopsim",
                                   .secret = secret_of(world, role == ROLE_UE_A, true),
                                   .has_100rel = world->scenario->provisional == PROVISIONAL_183};

    return sip_ua_create(world->arena, &config);
}

/* ---- CSCFs ---- */

static const enum role places[OVERLOAD_COUNT] = {
    [OVERLOAD_NONE] = ROLE_COUNT, [OVERLOAD_P_A] = ROLE_P_A, [OVERLOAD_S_A] = ROLE_S_A,
    [OVERLOAD_I_B] = ROLE_I_B,    [OVERLOAD_S_B] = ROLE_S_B, [OVERLOAD_P_B] = ROLE_P_B};

static uint64_t retry_after_s(const struct world *world, enum role role)
{
    if (places[world->scenario->overload_at] != role)
        return 0;
    return (uint64_t)(world->scenario->retry_after_ns + SECOND - 1) / (uint64_t)SECOND;
}

/* User B's devices beyond the first, behind the same P-CSCF and registered before. */
static const struct cscf_user *make_others(struct world *world)
{
    uint32_t count = world_devices(world);
    struct cscf_user *others = arena_alloc(world->arena, (count + 1) * sizeof(*others));

    for (uint32_t i = 0; i < count; i++)
        others[i] = (struct cscf_user){.aor = "sip:bob@open-ims.test",
                                       .contact = world_sip_uri(world, "bob", (enum role)(ROLE_DEVICE_2 + i), ""),
                                       .path = world_sip_uri(world, "term", ROLE_P_B, ";lr")};
    return others;
}

/* The I-CSCF of a user's network: what a P-CSCF sends REGISTERs of its UE to, and an S-CSCF requests for the peer. */
static enum role entry_of(const struct world *world, enum role cscf)
{
    bool is_of_alice = cscf == ROLE_P_A || cscf == ROLE_S_B;

    return is_of_alice && world->sites[ROLE_I_A].label ? ROLE_I_A : ROLE_I_B;
}

static void make_cscf(struct world *world, const struct cscf_row *row)
{
    const struct site *site = &world->sites[row->role];
    struct sip_proxy_config config = {.role = row->kind,
                                      .name = site->host_name,
                                      .port = site->sip_port,
                                      .transport = (uint8_t)sip_node_transport(world, ROLE_P_A, ROLE_S_A),
                                      .transport_ue = (uint8_t)sip_node_transport(world, ROLE_UE_A, ROLE_P_A),
                                      .domain = world_domain(world, row->role),
                                      .i_cscf = hop_of(world, ROLE_S_A, entry_of(world, row->role)),
                                      .resolves = world->scenario->dns == DNS_COLD,
                                      .registrar = registration_registrar(world, row->role),
                                      .names = world->names,
                                      .users = crowd_users(world, row->role),
                                      .directory = world->population ? population_directory(world->population) : NULL,
                                      .others = row->role == ROLE_S_B ? make_others(world) : NULL,
                                      .timers = sip_timers_core,
                                      .timers_ue = sip_timers_gm,
                                      .identity = stream_place(site->label) ^ world->trial->number,
                                      .secret = secret_of(world, row->role == ROLE_S_A, false),
                                      .heeds_retry_after = world->scenario->heeds_retry_after != 0,
                                      .retry_after_s = retry_after_s(world, row->role),
                                      .by_size = by_size_at(world, row->role)};

    anchor_join(world, row->role, &config);
    struct sip_node_config node = {.role = row->role, .proxy = sip_proxy_create(world->arena, &config)};

    sip_node_create(world, &node);
}

void core_create(struct world *world)
{
    static const enum role servers[] = {ROLE_HSS_B, ROLE_HSS_A};

    world->reset_role = places[world->scenario->reset_at];
    dns_create(world);
    registration_create(world);
    for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++)
        if (world->sites[servers[i]].label) {
            struct hss *hss = hss_create(world, servers[i]);

            registration_subscribe(world, servers[i], hss);
            if (servers[i] == ROLE_HSS_B)
                crowd_subscribe(world, hss);
        }
    for (size_t i = 0; i < CSCF_COUNT; i++)
        if (world->sites[cscfs[i].role].label)
            make_cscf(world, &cscfs[i]);
    for (uint32_t i = 0; i < world_devices(world); i++) {
        enum role device = (enum role)(ROLE_DEVICE_2 + i);

        device_create(world, device, core_user_agent(world, device));
    }
    if (world->scenario->background_rate > 0)
        crowd_create(world, core_user_agent(world, ROLE_CROWD_A), core_user_agent(world, ROLE_CROWD_B));
    for (uint32_t i = 0; i < world->relay_count; i++)
        relay_create(world, (enum role)(ROLE_RELAY_1 + i), arm_has_b2buas(world->arm));
    if (world->arm->path == PATH_SERVER)
        content_create(world);
    if (world->sites[ROLE_MALLORY].label && world->arm->path == PATH_RELAYS)
        relay_create(world, ROLE_MALLORY, false);
    else if (world->sites[ROLE_MALLORY].label)
        detour_create(world);
    if (world->sites[ROLE_CERTIFICATES].label)
        lookup_create(world);
    for (size_t i = 0; i < CSCF_COUNT; i++)
        if (world_agw_of(world, cscfs[i].role) != ROLE_COUNT)
            agw_create(world, world_agw_of(world, cscfs[i].role));
}

void core_connect_ue(struct world *world, const struct cause *cause)
{
    if (sip_node_transport(world, ROLE_UE_B, ROLE_P_B) != SIP_UDP)
        sip_node_connect(world->sip_nodes[ROLE_UE_B], ROLE_P_B, cause);
    for (uint32_t i = 0; i < world_devices(world) && sip_node_transport(world, ROLE_UE_B, ROLE_P_B) != SIP_UDP; i++)
        sip_node_connect(world->sip_nodes[ROLE_DEVICE_2 + i], ROLE_P_B, cause);
}

void core_connect(struct world *world)
{
    static const enum role servers[] = {ROLE_AS_A, ROLE_AS_B}, servers_at[] = {ROLE_S_A, ROLE_S_B};
    const enum role way[] = {ROLE_UE_A, ROLE_P_A, ROLE_S_A, ROLE_I_B, ROLE_S_B, ROLE_P_B};
    struct cause nobody = {.transfer = 0};
    bool is_by_size = sip_node_is_by_size(world);
    bool is_esp = ipsec_protection(world, ROLE_UE_A, ROLE_P_A) == PROTECTION_ESP; /* set up by the registration */

    for (size_t i = world->population ? 1 : 0; i + 1 < sizeof(way) / sizeof(way[0]); i++)
        if (sip_node_transport(world, way[i], way[i + 1]) != SIP_UDP || (is_by_size && (i > 0 || !is_esp)))
            sip_node_connect(world->sip_nodes[way[i]], way[i + 1], &nobody);
    if (is_by_size && !is_esp)
        sip_node_connect(world->sip_nodes[ROLE_P_B], ROLE_UE_B, &nobody);
    for (size_t i = 0; i < 2; i++)
        if (world->sites[servers[i]].label &&
            (sip_node_transport(world, servers_at[i], servers[i]) != SIP_UDP || is_by_size))
            sip_node_connect(world->sip_nodes[servers_at[i]], servers[i], &nobody);
    if (!world->population)
        core_connect_ue(world, &nobody);
    cx_connect(world, ROLE_I_B, &nobody);
    /* Legs of back-to-back user agents belong to a session; connections between relays do not. */
    if (world->arm->path == PATH_RELAYS)
        for (uint32_t i = 0; i + 1 < world->relay_count; i++)
            relay_connect(world->relays[ROLE_RELAY_1 + i], (enum role)(ROLE_RELAY_1 + i + 1), &nobody);
}

uint64_t core_retransmissions(const struct world *world)
{
    uint64_t sum = 0;

    for (int role = 0; role < ROLE_COUNT; role++)
        if (world->sip_nodes[role])
            sum += sip_node_retransmissions(world->sip_nodes[role]);
    return sum + dns_retransmissions(world);
}
