/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * topology.c - where roles live and how hosts are joined. `single-host`: both UEs and one host with every CSCF, the
 * HSS and every relay at a switch, as in the paper. `home`: each node a host of its own at a core router, each UE
 * behind its edge router. `two-domains`: two such networks, their border routers joined by the link Za. `roaming`: the
 * same two, and UE-A visits the network of UE-B. With s8hr its packets are tunnelled to its home network (S8) before
 * they go anywhere, P-CSCF(A) there too; with lbo its IP anchor and P-CSCF(A) are in the visited network, and only
 * signalling that S-CSCF(A) has to see, and what goes through relays of A, crosses Za. Every graph is a tree but for
 * loopbacks, so ways do not depend on which link is the faster.
 */
#include "sim/base/check.h"
#include "sim/ims/population.h"

#include <assert.h>

enum {
    PORT_P_CSCF = 4060, /* ports of Open IMS Core */
    PORT_I_CSCF = 5060,
    PORT_S_CSCF = 6060,
    PORT_UE = 5060,
    PORT_AS = 7060,
    PORT_DIAMETER = 3868,   /* RFC 6733 */
    PORT_MSRP_UE = 7394,    /* both UEs in the paper's captures */
    PORT_MSRP_RELAY = 2855, /* RFC 4975 section 14 */
    PORT_HTTP = 80,
    PORT_HTTPS = 443,
    PORT_AGW = 2865, /* assumed: a gateway gives out any */
};

#define ADDRESS(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* Addresses in `single-host` are the paper's; those elsewhere are from the block for private networks. */
static const struct role_row {
    const char *label;
    const char *host_name;
    const char *node_name; /* but in `single-host` */
    uint32_t home_address;
    enum dwell_role dwell_role;
    enum dwell_side side;
    uint16_t sip_port, sip_port_shared; /* shared: where another instance of the role is on the same host */
} rows[] = {
    [ROLE_UE_A] = {"UE-A", "192.168.80.1", "ue-a", ADDRESS(192, 168, 80, 1), DWELL_UE_A, DWELL_ANY_SIDE, PORT_UE,
                   PORT_UE},
    [ROLE_P_A] = {"P-CSCF(A)", "pcscf-1.open-ims.test", "p-cscf-a", ADDRESS(192, 168, 81, 1), DWELL_P_CSCF, DWELL_ORIG,
                  PORT_P_CSCF, PORT_P_CSCF},
    [ROLE_S_A] = {"S-CSCF(A)", "scscf-1.open-ims.test", "s-cscf-a", ADDRESS(192, 168, 81, 2), DWELL_S_CSCF, DWELL_ORIG,
                  PORT_S_CSCF, PORT_S_CSCF},
    [ROLE_I_B] = {"I-CSCF(B)", "icscf-1.open-ims.test", "i-cscf-b", ADDRESS(192, 168, 82, 3), DWELL_I_CSCF, DWELL_TERM,
                  PORT_I_CSCF, PORT_I_CSCF},
    [ROLE_HSS_B] = {"HSS(B)", "hss-01.open-ims.test", "hss-b", ADDRESS(192, 168, 82, 4), DWELL_HSS, DWELL_TERM, 0, 0},
    [ROLE_S_B] = {"S-CSCF(B)", "scscf-2.open-ims.test", "s-cscf-b", ADDRESS(192, 168, 82, 2), DWELL_S_CSCF, DWELL_TERM,
                  PORT_S_CSCF, PORT_S_CSCF + 1},
    [ROLE_P_B] = {"P-CSCF(B)", "pcscf-2.open-ims.test", "p-cscf-b", ADDRESS(192, 168, 82, 1), DWELL_P_CSCF, DWELL_TERM,
                  PORT_P_CSCF, PORT_P_CSCF + 1},
    [ROLE_UE_B] = {"UE-B", "192.168.80.3", "ue-b", ADDRESS(192, 168, 80, 3), DWELL_UE_B, DWELL_ANY_SIDE, PORT_UE,
                   PORT_UE},
    [ROLE_RELAY_1 + 0] = {"relay 1", "relay-1.open-ims.test", "relay-1", ADDRESS(192, 168, 83, 1), DWELL_RELAY,
                          DWELL_ANY_SIDE, 0, 0},
    [ROLE_RELAY_1 + 1] = {"relay 2", "relay-2.open-ims.test", "relay-2", ADDRESS(192, 168, 83, 2), DWELL_RELAY,
                          DWELL_ANY_SIDE, 0, 0},
    [ROLE_RELAY_1 + 2] = {"relay 3", "relay-3.open-ims.test", "relay-3", ADDRESS(192, 168, 83, 3), DWELL_RELAY,
                          DWELL_ANY_SIDE, 0, 0},
    [ROLE_RELAY_1 + 3] = {"relay 4", "relay-4.open-ims.test", "relay-4", ADDRESS(192, 168, 83, 4), DWELL_RELAY,
                          DWELL_ANY_SIDE, 0, 0},
    [ROLE_RELAY_1 + 4] = {"relay 5", "relay-5.open-ims.test", "relay-5", ADDRESS(192, 168, 83, 5), DWELL_RELAY,
                          DWELL_ANY_SIDE, 0, 0},
    [ROLE_RELAY_1 + 5] = {"relay 6", "relay-6.open-ims.test", "relay-6", ADDRESS(192, 168, 83, 6), DWELL_RELAY,
                          DWELL_ANY_SIDE, 0, 0},
    [ROLE_AGW_A] = {"IMS-AGW(A)", "agw-1.open-ims.test", "agw-a", ADDRESS(192, 168, 81, 5), DWELL_RELAY, DWELL_ANY_SIDE,
                    0, 0},
    [ROLE_AGW_B] = {"IMS-AGW(B)", "agw-2.open-ims.test", "agw-b", ADDRESS(192, 168, 82, 5), DWELL_RELAY, DWELL_ANY_SIDE,
                    0, 0},
    [ROLE_CONTENT] = {"content server", "content.open-ims.test", "content", ADDRESS(192, 168, 81, 6), DWELL_RELAY,
                      DWELL_ANY_SIDE, 0, 0},
    [ROLE_CERTIFICATES] = {"certificates", "certificates.open-ims.test", "certificates", ADDRESS(192, 168, 82, 6),
                           DWELL_RELAY, DWELL_ANY_SIDE, 0, 0},
    [ROLE_I_A] = {"I-CSCF(A)", "icscf-2.home-ims.test", "i-cscf-a", ADDRESS(192, 168, 81, 3), DWELL_I_CSCF, DWELL_ORIG,
                  PORT_I_CSCF, PORT_I_CSCF},
    [ROLE_HSS_A] = {"HSS(A)", "hss-02.home-ims.test", "hss-a", ADDRESS(192, 168, 81, 4), DWELL_HSS, DWELL_ORIG, 0, 0},
    [ROLE_DNS_A] = {"DNS(A)", "dns-1.home-ims.test", "dns-a", ADDRESS(192, 168, 81, 7), DWELL_DNS, DWELL_ORIG, 0, 0},
    [ROLE_DNS_B] = {"DNS(B)", "dns-2.open-ims.test", "dns-b", ADDRESS(192, 168, 82, 7), DWELL_DNS, DWELL_TERM, 0, 0},
    [ROLE_AS_A] = {"AS of A", "as-1.open-ims.test", "as-a", ADDRESS(192, 168, 81, 8), DWELL_AS, DWELL_ORIG, PORT_AS,
                   PORT_AS},
    [ROLE_AS_B] = {"AS of B", "as-2.open-ims.test", "as-b", ADDRESS(192, 168, 82, 8), DWELL_AS, DWELL_TERM, PORT_AS,
                   PORT_AS + 1},
    [ROLE_MALLORY] = {"Mallory's host", "mallory.open-ims.test", "mallory", ADDRESS(192, 168, 85, 1), DWELL_RELAY,
                      DWELL_ANY_SIDE, 0, 0},
    [ROLE_DEVICE_2 + 0] = {"UE-B 2", "192.168.80.11", "ue-b-2", ADDRESS(192, 168, 80, 11), DWELL_UE_B, DWELL_ANY_SIDE,
                           PORT_UE, PORT_UE},
    [ROLE_DEVICE_2 + 1] = {"UE-B 3", "192.168.80.12", "ue-b-3", ADDRESS(192, 168, 80, 12), DWELL_UE_B, DWELL_ANY_SIDE,
                           PORT_UE, PORT_UE},
    [ROLE_DEVICE_2 + 2] = {"UE-B 4", "192.168.80.13", "ue-b-4", ADDRESS(192, 168, 80, 13), DWELL_UE_B, DWELL_ANY_SIDE,
                           PORT_UE, PORT_UE},
    [ROLE_DEVICE_2 + 3] = {"UE-B 5", "192.168.80.14", "ue-b-5", ADDRESS(192, 168, 80, 14), DWELL_UE_B, DWELL_ANY_SIDE,
                           PORT_UE, PORT_UE},
    [ROLE_DEVICE_2 + 4] = {"UE-B 6", "192.168.80.15", "ue-b-6", ADDRESS(192, 168, 80, 15), DWELL_UE_B, DWELL_ANY_SIDE,
                           PORT_UE, PORT_UE},
    [ROLE_DEVICE_2 + 5] = {"UE-B 7", "192.168.80.16", "ue-b-7", ADDRESS(192, 168, 80, 16), DWELL_UE_B, DWELL_ANY_SIDE,
                           PORT_UE, PORT_UE},
    [ROLE_DEVICE_2 + 6] = {"UE-B 8", "192.168.80.17", "ue-b-8", ADDRESS(192, 168, 80, 17), DWELL_UE_B, DWELL_ANY_SIDE,
                           PORT_UE, PORT_UE},
    [ROLE_CROWD_A] = {"crowd A", "192.168.80.21", "crowd-a", ADDRESS(192, 168, 80, 21), DWELL_UE_B, DWELL_ANY_SIDE,
                      PORT_UE, PORT_UE},
    [ROLE_CROWD_B] = {"crowd B", "192.168.80.22", "crowd-b", ADDRESS(192, 168, 80, 22), DWELL_UE_B, DWELL_ANY_SIDE,
                      PORT_UE, PORT_UE},
};

/* Domains. Where both users have one operator it is the second. Both are as long, so that sizes do not depend on it. */
static const char domain_a[] = "home-ims.test", domain_b[] = "open-ims.test";

/* What the back-to-back user agents of deployed RCS are. */
enum { RCS_B2BUAS = 4 };
static const char *const rcs_labels[RCS_B2BUAS] = {"SBC(A)", "AS(A)", "AS(B)", "SBC(B)"};

static_assert(sizeof(rows) / sizeof(rows[0]) == ROLE_COUNT, "every role has a row");

const char *const sim_server_names[] = {"192.168.80.1",          "192.168.80.3",          "pcscf-1.open-ims.test",
                                        "scscf-1.open-ims.test", "icscf-1.open-ims.test", "hss-01.open-ims.test",
                                        "scscf-2.open-ims.test", "pcscf-2.open-ims.test", "relay-1.open-ims.test",
                                        "relay-2.open-ims.test", "relay-3.open-ims.test", "relay-4.open-ims.test",
                                        "relay-5.open-ims.test", "relay-6.open-ims.test", "agw-1.open-ims.test",
                                        "agw-2.open-ims.test",   "content.open-ims.test", "icscf-2.home-ims.test",
                                        "as-1.open-ims.test",    "as-2.open-ims.test",    "192.168.80.11",
                                        "192.168.80.12",         "192.168.80.13",         "192.168.80.14",
                                        "192.168.80.15",         "192.168.80.16",         "192.168.80.17",
                                        "192.168.80.21",         "192.168.80.22",         "pcscf-1.home-ims.test",
                                        "scscf-1.home-ims.test", "hss-02.home-ims.test",  NULL};

static struct link_config link_of(const struct scenario_link *link, int64_t extra_ns)
{
    return (struct link_config){.rate_bps = link->rate_bps,
                                .burst_bytes = link->burst_bytes,
                                .propagation_ns = link->delay_ns + extra_ns,
                                .jitter_ns = link->jitter_ns,
                                .is_order_free = link->jitter_order == JITTER_FREE,
                                .loss = link->loss,
                                .loss_burst = (double)link->loss_burst,
                                .queue_bytes_max = link->queue_bytes,
                                .mtu = (uint32_t)link->mtu,
                                .overhead_bytes = (uint32_t)link->overhead_bytes};
}

static void join(struct world *world, uint32_t a, uint32_t b, const struct scenario_link *link, int64_t forward_ns,
                 int64_t backward_ns)
{
    struct link_config there = link_of(link, forward_ns), back = link_of(link, backward_ns);

    net_join(world->net, a, b, &there, &back);
}

/* A UE's access link. */
struct access {
    struct link_config up, down;
};

static struct access access_of(const struct world *world, int64_t up_ns, int64_t down_ns)
{
    const struct scenario *scenario = world->scenario;
    struct access access = {link_of(&scenario->access, up_ns), link_of(&scenario->access, down_ns)};

    if (scenario->access_rate_up_bps)
        access.up.rate_bps = scenario->access_rate_up_bps;
    access.up.promotion_ns = access.down.promotion_ns = scenario->promotion_ns;
    access.up.idle_ns = access.down.idle_ns = scenario->promotion_idle_ns;
    return access;
}

static void join_ue_a(struct world *world, uint32_t ue, uint32_t edge)
{
    struct access access = access_of(world, world->scenario->forward_extra_ns, 0);

    net_join(world->net, ue, edge, &access.up, &access.down);
}

static void join_ue_b(struct world *world, uint32_t edge, uint32_t ue)
{
    struct access access = access_of(world, 0, world->scenario->forward_extra_ns);

    net_join(world->net, edge, ue, &access.down, &access.up);
}

static uint32_t add_host(struct world *world, const char *name, uint32_t address)
{
    const struct scenario *scenario = world->scenario;
    struct node_config config = {name, address, (uint32_t)scenario->cpu_workers, (uint32_t)scenario->cpu_queue};
    struct link_config loopback = link_of(&scenario->loopback, 0);
    uint32_t node = net_add_node(world->net, &config);

    net_loopback(world->net, node, &loopback);
    return node;
}

uint32_t world_add_ues(struct world *world, const char *name, uint32_t address, uint32_t edge, bool are_callers)
{
    uint32_t node = add_host(world, name, address);

    if (are_callers)
        join_ue_a(world, node, edge);
    else
        join_ue_b(world, edge, node);
    return node;
}

static uint32_t add_router(struct world *world, const char *name)
{
    struct node_config config = {.name = name};

    return net_add_node(world->net, &config);
}

static void place(struct world *world, enum role role, uint32_t node, bool is_shared)
{
    const struct role_row *row = &rows[role];
    bool is_relay = role >= ROLE_RELAY_1 && role < ROLE_AGW_A, is_agw = role == ROLE_AGW_A || role == ROLE_AGW_B;
    bool is_rcs = is_relay && world->arm->path == PATH_RCS;
    uint16_t relay_port = (uint16_t)(PORT_MSRP_RELAY + (is_shared ? role - ROLE_RELAY_1 : 0));
    uint16_t agw_port = (uint16_t)(PORT_AGW + (is_shared ? 2 * (role - ROLE_AGW_A) : 0));

    /* Nodes of UE-A's operator are named in its domain; abroad its P-CSCF is another's. */
    const char *host_name = row->host_name;

    if (role == ROLE_P_A && world_network(world, role) == domain_a)
        host_name = "pcscf-1.home-ims.test";
    if (role == ROLE_S_A && world_domain(world, role) == domain_a)
        host_name = "scscf-1.home-ims.test";
    world->sites[role] = (struct site){.label = is_rcs ? rcs_labels[role - ROLE_RELAY_1] : row->label,
                                       .host_name = host_name,
                                       .dwell_role = row->dwell_role,
                                       .side = row->side,
                                       .user = role == ROLE_UE_A ? "alice" : "bob",
                                       .node = node,
                                       .cpu = net_cpu(world->net, node),
                                       .address = net_address(world->net, node),
                                       .sip_port = is_shared ? row->sip_port_shared : row->sip_port,
                                       .msrp_port = is_relay ? relay_port
                                                    : is_agw ? agw_port
                                                             : PORT_MSRP_UE,
                                       .web_port = role == ROLE_CONTENT        ? PORT_HTTPS
                                                   : role == ROLE_CERTIFICATES ? PORT_HTTP
                                                                               : 0,
                                       .has_plain_web = role == ROLE_CERTIFICATES,
                                       .core_port = is_agw ? (uint16_t)(agw_port + 1) : 0};
}

static bool scenario_has_two_operators(const struct scenario *scenario)
{
    return scenario->topology == TOPOLOGY_TWO_DOMAINS || scenario->topology == TOPOLOGY_ROAMING;
}

static bool has_two_operators(const struct world *world)
{
    return scenario_has_two_operators(world->scenario);
}

const char *sim_alice_aor(const struct scenario *scenario)
{
    return scenario_has_two_operators(scenario) ? "sip:alice@home-ims.test" : "sip:alice@open-ims.test";
}

uint32_t world_devices(const struct world *world)
{
    return (uint32_t)world->scenario->devices - 1;
}

static bool role_exists(const struct world *world, enum role role)
{
    if (role == ROLE_I_A || role == ROLE_HSS_A)
        return has_two_operators(world);
    if (role == ROLE_DNS_A)
        return has_two_operators(world) && world->scenario->dns == DNS_COLD;
    if (role == ROLE_DNS_B)
        return world->scenario->dns == DNS_COLD;
    if (role == ROLE_AGW_A || role == ROLE_AGW_B)
        return world->arm->path == PATH_AGWS;
    if (role == ROLE_CONTENT)
        return world->arm->path == PATH_SERVER;
    if (role == ROLE_CERTIFICATES)
        return world->arm->body == BODY_CMS && world->scenario->recipient == RECIPIENT_FETCH;
    if (role == ROLE_AS_A || role == ROLE_AS_B)
        return (role == ROLE_AS_A ? world->scenario->ifc_orig : world->scenario->ifc_term) != 0;
    if (role == ROLE_MALLORY)
        return world->wants_bytes && world->trial->tamper && world->trial->tamper->has_host;
    if (role >= ROLE_CROWD_A)
        return world->scenario->background_rate > 0;
    if (role >= ROLE_DEVICE_2)
        return (uint32_t)(role - ROLE_DEVICE_2) < world_devices(world);
    return role < ROLE_RELAY_1 || (uint32_t)(role - ROLE_RELAY_1) < world->relay_count;
}

enum role world_agw_of(const struct world *world, enum role role)
{
    if (world->arm->path != PATH_AGWS || (role != ROLE_P_A && role != ROLE_P_B))
        return ROLE_COUNT;
    return role == ROLE_P_A ? ROLE_AGW_A : ROLE_AGW_B;
}

const char *world_domain(const struct world *world, enum role role)
{
    static const enum role of_a[] = {ROLE_UE_A, ROLE_P_A, ROLE_S_A, ROLE_I_A, ROLE_HSS_A, ROLE_DNS_A};

    for (size_t i = 0; i < sizeof(of_a) / sizeof(of_a[0]) && has_two_operators(world); i++)
        if (of_a[i] == role)
            return domain_a;
    return domain_b;
}

const char *world_network(const struct world *world, enum role role)
{
    bool is_visited = world->scenario->topology == TOPOLOGY_ROAMING && world->scenario->breakout == BREAKOUT_LBO;

    return is_visited ? domain_b : world_domain(world, role);
}

static void build_single_host(struct world *world)
{
    const struct scenario *scenario = world->scenario;
    uint32_t lan = add_router(world, "switch");
    uint32_t ue_a = add_host(world, rows[ROLE_UE_A].node_name, rows[ROLE_UE_A].home_address);
    uint32_t ue_b = add_host(world, rows[ROLE_UE_B].node_name, rows[ROLE_UE_B].home_address);
    uint32_t ims = add_host(world, "ims", ADDRESS(192, 168, 80, 128));

    join_ue_a(world, ue_a, lan);
    join_ue_b(world, lan, ue_b);
    join(world, ims, lan, &scenario->access, 0, 0);
    for (int role = 0; role < ROLE_COUNT; role++)
        if (role_exists(world, (enum role)role) && role < ROLE_DEVICE_2)
            place(world, (enum role)role, role == ROLE_UE_A ? ue_a : role == ROLE_UE_B ? ue_b : ims, true);
    if (world->population)
        population_join(world, lan, lan);
    for (int i = ROLE_DEVICE_2; i < ROLE_COUNT; i++) {
        enum role role = (enum role)i;

        if (!role_exists(world, role))
            continue;
        uint32_t node = add_host(world, rows[role].node_name, rows[role].home_address);

        join_ue_b(world, lan, node);
        place(world, role, node, true);
    }
}

enum { CSCFS = 5 };

/* Which CSCFs have a back-to-back user agent beside them, by their number and in the order of the path. */
static const enum role b2bua_sites[CSCFS + 1][CSCFS] = {
    [1] = {ROLE_P_A},
    [2] = {ROLE_P_A, ROLE_P_B},
    [3] = {ROLE_P_A, ROLE_S_A, ROLE_P_B},
    [4] = {ROLE_P_A, ROLE_S_A, ROLE_S_B, ROLE_P_B},
    [5] = {ROLE_P_A, ROLE_S_A, ROLE_I_B, ROLE_S_B, ROLE_P_B},
};

enum role world_b2bua_site(uint32_t count, uint32_t index)
{
    check(index < count && count <= CSCFS);
    return b2bua_sites[count][index];
}

/* The CSCF beside which a role lives. Relays are beside S-CSCFs, those of UE-A first; back-to-back user agents have
 * each its own. */
static enum role beside(const struct world *world, enum role role)
{
    uint32_t index = (uint32_t)role - ROLE_RELAY_1;

    if (role < ROLE_RELAY_1)
        return role == ROLE_HSS_B ? ROLE_I_B : role;
    if (role == ROLE_AGW_A || role == ROLE_AGW_B)
        return role == ROLE_AGW_A ? ROLE_P_A : ROLE_P_B;
    if (role == ROLE_CONTENT || role == ROLE_I_A || role == ROLE_HSS_A || role == ROLE_DNS_A || role == ROLE_MALLORY)
        return ROLE_S_A;           /* of the sender's operator */
    if (role == ROLE_CERTIFICATES) /* of the receiver's */
        return ROLE_S_B;
    if (role == ROLE_AS_A || role == ROLE_AS_B)
        return role == ROLE_AS_A ? ROLE_S_A : ROLE_S_B;
    if (role == ROLE_DNS_B)
        return ROLE_I_B;
    if (arm_has_b2buas(world->arm))
        return world_b2bua_site(world->relay_count, index);
    return index < (world->relay_count + 1) / 2 ? ROLE_S_A : ROLE_S_B;
}

/* A host for each role, those that are not UEs at the core router of their network. */
static void place_roles(struct world *world, uint32_t core_a, uint32_t core_b, uint32_t core_p_a)
{
    for (int role = 0; role < ROLE_COUNT; role++) {
        if (!role_exists(world, (enum role)role))
            continue;
        uint32_t node = add_host(world, rows[role].node_name, rows[role].home_address);

        place(world, (enum role)role, node, false);
        if (role_is_ue((enum role)role))
            continue;
        enum role cscf = beside(world, (enum role)role);
        uint32_t core = cscf == ROLE_P_A ? core_p_a : cscf == ROLE_S_A ? core_a : core_b;

        join(world, node, core, &world->scenario->site, 0, 0);
    }
}

/* UE-A behind its edge router at core_a, UE-B behind its own at core_b. */
static void join_users(struct world *world, uint32_t edge_a, uint32_t core_a, uint32_t core_b, uint32_t edge_b)
{
    const struct scenario *scenario = world->scenario;

    join_ue_a(world, world->sites[ROLE_UE_A].node, edge_a);
    join(world, edge_a, core_a, &scenario->core, scenario->forward_extra_ns, 0);
    join(world, core_b, edge_b, &scenario->core, scenario->forward_extra_ns, 0);
    join_ue_b(world, edge_b, world->sites[ROLE_UE_B].node);
    for (uint32_t i = 0; i < world_devices(world); i++)
        join_ue_b(world, edge_b, world->sites[ROLE_DEVICE_2 + i].node);
    if (world->population)
        population_join(world, edge_a, edge_b);
    if (scenario->background_rate > 0) {
        join_ue_a(world, world->sites[ROLE_CROWD_A].node, edge_a);
        join_ue_b(world, edge_b, world->sites[ROLE_CROWD_B].node);
    }
}

static void build_home(struct world *world)
{
    uint32_t core = add_router(world, "core"), edge_a = add_router(world, "edge-a"),
             edge_b = add_router(world, "edge-b");

    place_roles(world, core, core, core);
    join_users(world, edge_a, core, core, edge_b);
}

/* A router with a processor, for the packets that it seals and opens as a security gateway. */
static uint32_t add_border(struct world *world, int number, const char *name, uint32_t address)
{
    const struct scenario *scenario = world->scenario;
    struct node_config config = {
        .name = name, .workers = (uint32_t)scenario->cpu_workers, .queue_max = (uint32_t)scenario->cpu_queue};

    world->borders[number] = (struct border){net_add_node(world->net, &config), address};
    return world->borders[number].node;
}

/* The core router of each network behind its border router. forward_ns: what Za is longer from A to B. */
static void join_networks(struct world *world, uint32_t core_a, uint32_t core_b, int64_t forward_ns)
{
    const struct scenario *scenario = world->scenario;
    uint32_t border_a = add_border(world, 0, "border-a", ADDRESS(192, 168, 84, 1)),
             border_b = add_border(world, 1, "border-b", ADDRESS(192, 168, 84, 2));

    join(world, core_a, border_a, &scenario->site, forward_ns, 0);
    join(world, border_a, border_b, &scenario->za, forward_ns, 0);
    join(world, border_b, core_b, &scenario->site, forward_ns, 0);
}

static void build_two_domains(struct world *world)
{
    uint32_t core_a = add_router(world, "core-a"), core_b = add_router(world, "core-b"),
             edge_a = add_router(world, "edge-a"), edge_b = add_router(world, "edge-b");

    join_networks(world, core_a, core_b, world->scenario->forward_extra_ns);
    place_roles(world, core_a, core_b, core_a);
    join_users(world, edge_a, core_a, core_b, edge_b);
}

/* Network B is also the visited one. Its gateway (SGW) is where packets enter the tunnel of S8. */
static void build_roaming(struct world *world)
{
    const struct scenario *scenario = world->scenario;
    bool is_home_routed = scenario->breakout == BREAKOUT_S8HR;
    int64_t extra_ns = scenario->forward_extra_ns;
    uint32_t core_a = add_router(world, "core-a"), core_b = add_router(world, "core-b"),
             edge_a = add_router(world, "edge-a"), edge_b = add_router(world, "edge-b"), gateway = core_b;

    join_networks(world, core_a, core_b, is_home_routed ? extra_ns : 0);
    place_roles(world, core_a, core_b, is_home_routed ? core_a : core_b);
    if (is_home_routed) {
        gateway = add_router(world, "gateway");
        join(world, gateway, core_a, &scenario->s8, extra_ns, 0);
    }
    join_users(world, edge_a, gateway, core_b, edge_b);
}

static void (*const builders[TOPOLOGY_COUNT])(struct world *world) = {
    [TOPOLOGY_SINGLE_HOST] = build_single_host,
    [TOPOLOGY_HOME] = build_home,
    [TOPOLOGY_TWO_DOMAINS] = build_two_domains,
    [TOPOLOGY_ROAMING] = build_roaming,
};

/* Every host name with the address of its role; a name's port is only used where a URI has none. */
static const struct sip_name *make_names(struct world *world)
{
    struct sip_name *names = arena_alloc(world->arena, (ROLE_COUNT + 1) * sizeof(*names));
    size_t count = 0;

    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct site *site = &world->sites[role];

        if (site->label)
            names[count++] = (struct sip_name){site->host_name, {site->address, site->sip_port, SIP_UDP}};
    }
    return names;
}

static uint32_t relays_of(const struct world *world)
{
    enum arm_path path = world->arm->path;

    if (path == PATH_RCS)
        return RCS_B2BUAS;
    return path == PATH_RELAYS || path == PATH_B2BUAS ? (uint32_t)world->scenario->relays : 0;
}

/* Connections of the session's own: every one between back-to-back user agents or gateways, those of the UEs to relays,
 * or the one between them. */
static uint32_t legs_of(const struct world *world)
{
    if (arm_has_b2buas(world->arm))
        return world->relay_count + 1;
    if (world->arm->path == PATH_AGWS)
        return 3;
    return world->relay_count > 0 ? 2 : 1;
}

enum err world_build(struct world *world, const struct net_tap *tap, struct note *note)
{
    const struct scenario *scenario = world->scenario;
    const struct scenario_link *links[] = {&scenario->access, &scenario->core, &scenario->site,
                                           &scenario->za,     &scenario->s8,   &scenario->loopback};

    /* RFC 791: every host takes 576 bytes; below 68 nothing could be fragmented. */
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        if (links[i]->mtu < 576 || links[i]->mtu > 65535)
            return note_set(note, ERR_RANGE, "an MTU of %llu bytes: expected 576 to 65535",
                            (unsigned long long)links[i]->mtu);
    world->relay_count = relays_of(world);
    world->legs_missing = legs_of(world);
    world->net = net_create(world->engine, world->arena, world->streams, tap);
    builders[scenario->topology](world);
    net_build(world->net);
    world->names = make_names(world);
    if (world->population)
        population_meet_core(world->population);
    return ERR_OK;
}
