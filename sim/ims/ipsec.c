/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/ipsec.h"

enum {
    PROTOCOL_UDP = 17,
    PROTOCOL_ESP = 50,
    PORT_NAT = 4500, /* RFC 3948 */
    UDP_HEADER = 8,
    PORT_CX = 3868,
    SPI_FIRST = 0x1001,
    SA_TEXT = 256
};

/* One direction between two neighbours. */
struct ipsec_way {
    struct world *world;
    struct ipsec_way *next;
    enum role from, to; /* ROLE_COUNT: a security gateway */
    uint32_t from_address, to_address;
    bool is_encapsulated;
    bool is_up;
    struct net_shield_config config;
    struct esp_association association;
    struct esp *esp; /* once its bytes have been asked for */
};

struct ipsec {
    struct ipsec_way *ways;
    uint32_t spi_next;
};

enum protection ipsec_protection(const struct world *world, enum role a, enum role b)
{
    static const enum protection of_hop[] = {
        [HOP_NONE] = PROTECTION_NONE, [HOP_TLS] = PROTECTION_TLS, [HOP_ESP] = PROTECTION_ESP};
    const struct scenario *scenario = world->scenario;

    if (world->arm->carrier == CARRIER_MESSAGE)
        return of_hop[world->arm->hop];
    return (enum protection)(role_is_ue(a) || role_is_ue(b) ? scenario->signalling_gm : scenario->signalling_core);
}

static bool has_za(const struct scenario *scenario)
{
    return scenario->signalling_za == PROTECTION_ESP &&
           (scenario->topology == TOPOLOGY_TWO_DOMAINS || scenario->topology == TOPOLOGY_ROAMING);
}

bool ipsec_is_used(const struct scenario *scenario, const struct arm *arm)
{
    if (has_za(scenario))
        return true;
    if (arm->carrier == CARRIER_MESSAGE)
        return arm->hop == HOP_ESP;
    return scenario->signalling_gm == PROTECTION_ESP || scenario->signalling_core == PROTECTION_ESP;
}

enum cost_operation ipsec_cost(const struct scenario *scenario, bool is_sealing)
{
    static const enum cost_operation operations[ESP_SUITE_COUNT][2] = {
        [ESP_AES_CBC] = {COST_ESP_OPEN_CBC, COST_ESP_SEAL_CBC},
        [ESP_AES_GCM] = {COST_ESP_OPEN_GCM, COST_ESP_SEAL_GCM},
        [ESP_NULL_SHA] = {COST_ESP_OPEN_NULL, COST_ESP_SEAL_NULL},
    };

    return operations[scenario->esp_suite][is_sealing];
}

int64_t ipsec_work_ns(const struct world *world, enum role from, enum role to, bool is_sealing, uint64_t bytes)
{
    if (ipsec_protection(world, from, to) != PROTECTION_ESP)
        return 0;
    return cost_ns(world->trial->costs, ipsec_cost(world->scenario, is_sealing), bytes);
}

const struct esp_association *ipsec_association(const struct world *world, enum role from, enum role to)
{
    for (const struct ipsec_way *way = world->ipsec->ways; way; way = way->next)
        if (way->from == from && way->to == to)
            return &way->association;
    return NULL;
}

/* The direction of the tunnel over Za in which what a role sends crosses it. */
static const struct ipsec_way *za_way(const struct world *world, enum role from)
{
    const struct border *borders = world->borders;
    uint32_t node = world->sites[from].node;
    bool is_back =
        net_path_links(world->net, node, borders[1].node) < net_path_links(world->net, node, borders[0].node);

    for (const struct ipsec_way *way = world->ipsec->ways; way; way = way->next)
        if (way->from == ROLE_COUNT && way->from_address == borders[is_back].address)
            return way;
    return NULL;
}

const struct esp_association *ipsec_at_link(const struct world *world, enum role from, enum role to, const char *a,
                                            const char *b)
{
    bool is_za =
        has_za(world->scenario) && net_path_crosses(world->net, world->borders[0].node, world->borders[1].node, a, b);
    const struct ipsec_way *za = is_za ? za_way(world, from) : NULL;

    if (za)
        return &za->association;
    for (const struct ipsec_way *way = world->ipsec->ways; way; way = way->next)
        if (way->from == from && way->to == to && way->is_up)
            return &way->association;
    return NULL;
}

/* ---- What the network asks for ---- */

static int64_t way_work_ns(void *context, bool is_sealing, uint32_t bytes)
{
    const struct ipsec_way *way = context;

    return cost_ns(way->world->trial->costs, ipsec_cost(way->world->scenario, is_sealing), bytes);
}

static void way_write(void *context, uint32_t sequence, uint8_t protocol, struct span payload, struct sink *sink)
{
    struct ipsec_way *way = context;
    struct note note = {{0}};

    if (!way->esp) {
        enum err error = esp_create(&way->esp, way->world->arena, &way->association, &note);

        check(error == ERR_OK);
    }
    if (way->is_encapsulated) {
        sink_u16(sink, PORT_NAT);
        sink_u16(sink, PORT_NAT);
        sink_u16(sink, (uint16_t)(UDP_HEADER + esp_size(way->association.suite, payload.size)));
        sink_u16(sink, 0); /* no checksum, RFC 3948 section 2.1 */
    }
    enum err error = esp_seal(way->esp, sequence, protocol, payload, sink);

    check(error == ERR_OK);
}

/* ---- Setting up ---- */

static void address_write(uint32_t address, char text[16])
{
    struct sink sink = {.data = text, .capacity = 16};

    sink_format(&sink, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
    sink_string(&sink);
}

static void tell_keys(const struct ipsec_way *way)
{
    const struct sim_tap *tap = way->world->trial->tap;
    char from[16], to[16], text[SA_TEXT];
    struct sink line = SINK(text);

    if (!tap || !tap->association)
        return;
    address_write(way->from_address, from);
    address_write(way->to_address, to);
    esp_write_keys(&way->association, from, to, &line);
    check(!line.overflow);
    tap->association(tap->context, sink_written(&line));
}

static struct ipsec_way *way_create(struct world *world, uint32_t from_address, uint32_t to_address)
{
    struct ipsec_way *way = arena_alloc(world->arena, sizeof(*way));
    char text[SA_TEXT];
    struct sink seed = SINK(text);

    *way = (struct ipsec_way){
        .world = world,
        .next = world->ipsec->ways,
        .from = ROLE_COUNT,
        .to = ROLE_COUNT,
        .from_address = from_address,
        .to_address = to_address,
        .association = {.suite = (enum esp_suite)world->scenario->esp_suite, .spi = world->ipsec->spi_next++}};
    sink_format(&seed, "%llu %llu %u", (unsigned long long)world->scenario->seed,
                (unsigned long long)world->trial->number, way->association.spi);
    esp_derive(&way->association, sink_written(&seed));
    world->ipsec->ways = way;
    return way;
}

static struct net_shield_config shield_of(struct ipsec_way *way)
{
    const struct esp_shape *shape = &esp_shapes[way->association.suite];
    uint32_t fixed = ESP_HEADER_SIZE + (uint32_t)shape->iv_bytes + shape->icv_bytes;

    return (struct net_shield_config){.protocol = way->is_encapsulated ? PROTOCOL_UDP : PROTOCOL_ESP,
                                      .fixed_bytes = fixed + (way->is_encapsulated ? UDP_HEADER : 0),
                                      .trailer_bytes = ESP_TRAILER_SIZE,
                                      .block_bytes = shape->block_bytes,
                                      .context = way,
                                      .work_ns = way_work_ns,
                                      .write = way_write};
}

static void way_up(struct ipsec_way *way)
{
    tell_keys(way);
    net_shield(way->world->net, &way->config);
    way->is_up = true;
}

/* Two roles and the ports under which they are known. */
struct pair {
    enum role a, b;
    uint16_t a_port, b_port;
};

static void protect_way(struct world *world, const struct pair *pair, bool is_back)
{
    enum role from = is_back ? pair->b : pair->a, to = is_back ? pair->a : pair->b;
    const struct site *from_site = &world->sites[from], *to_site = &world->sites[to];
    struct ipsec_way *way = way_create(world, from_site->address, to_site->address);

    way->from = from;
    way->to = to;
    way->is_encapsulated = world->scenario->esp_nat && (role_is_ue(from) || role_is_ue(to));

    way->config = shield_of(way);
    way->config.from = from_site->node;
    way->config.to = to_site->node;
    way->config.from_port = is_back ? pair->b_port : pair->a_port;
    way->config.to_port = is_back ? pair->a_port : pair->b_port;
    way->config.is_tunnel = way->is_encapsulated;
    if (from != ROLE_UE_A && from != ROLE_UE_B && to != ROLE_UE_A && to != ROLE_UE_B)
        way_up(way);
}

static void protect(struct world *world, enum role a, enum role b)
{
    const struct site *sites = world->sites;
    struct pair pair = {a, b, sites[a].sip_port, sites[b].sip_port};

    if (!sites[a].label || !sites[b].label || ipsec_protection(world, a, b) != PROTECTION_ESP)
        return;
    if (b == ROLE_HSS_A || b == ROLE_HSS_B)
        pair.a_port = pair.b_port = PORT_CX;
    protect_way(world, &pair, false);
    protect_way(world, &pair, true);
}

static void protect_za(struct world *world)
{
    uint16_t *ports = arena_alloc(world->arena, ROLE_COUNT * sizeof(*ports));
    uint32_t count = 0;

    for (int role = 0; role < ROLE_COUNT; role++)
        if (world->sites[role].sip_port != 0)
            ports[count++] = world->sites[role].sip_port;
    for (int back = 0; back < 2; back++) {
        const struct border *from = &world->borders[back], *to = &world->borders[1 - back];
        struct ipsec_way *way = way_create(world, from->address, to->address);
        struct net_shield_config config = shield_of(way);

        tell_keys(way);
        config.from = from->node;
        config.to = to->node;
        config.from_address = from->address;
        config.to_address = to->address;
        config.is_tunnel = true;
        config.ports = ports;
        config.port_count = count;
        net_tunnel(world->net, &config);
    }
}

void ipsec_create(struct world *world)
{
    static const enum role core[] = {ROLE_P_A, ROLE_S_A, ROLE_I_A,   ROLE_I_B,
                                     ROLE_S_B, ROLE_P_B, ROLE_HSS_A, ROLE_HSS_B};
    enum { CORE_COUNT = sizeof(core) / sizeof(core[0]) };

    world->ipsec = arena_alloc(world->arena, sizeof(*world->ipsec));
    world->ipsec->spi_next = SPI_FIRST;
    protect(world, ROLE_UE_A, ROLE_P_A);
    protect(world, ROLE_UE_B, ROLE_P_B);
    for (uint32_t i = 0; i < world_devices(world); i++)
        protect(world, (enum role)(ROLE_DEVICE_2 + i), ROLE_P_B);
    for (size_t a = 0; a < CORE_COUNT; a++)
        for (size_t b = a + 1; b < CORE_COUNT; b++)
            protect(world, core[a], core[b]);
    if (has_za(world->scenario))
        protect_za(world);
}

/* Annex I: AES and HMAC-SHA-1 take CK and IK, the latter filled up with zeros. The salt of GCM stays derived. */
void ipsec_agree(struct world *world, enum role ue, const uint8_t ck[ESP_KEY_SIZE], const uint8_t ik[ESP_KEY_SIZE])
{
    for (struct ipsec_way *way = world->ipsec->ways; way; way = way->next) {
        if ((way->from != ue && way->to != ue) || way->is_up)
            continue;
        memcpy(way->association.key, ck, ESP_KEY_SIZE);
        memset(way->association.auth_key, 0, ESP_AUTH_KEY_SIZE);
        memcpy(way->association.auth_key, ik, ESP_KEY_SIZE);
        way_up(way);
    }
}

bool ipsec_write_offer(const struct world *world, enum role own, enum role peer, struct sink *sink)
{
    static const char *const algorithms[ESP_SUITE_COUNT] = {
        [ESP_AES_CBC] = "alg=hmac-sha-1-96; ealg=aes-cbc",
        [ESP_AES_GCM] = "alg=null; ealg=aes-gcm",
        [ESP_NULL_SHA] = "alg=hmac-sha-1-96; ealg=null",
    };
    const struct esp_association *association = ipsec_association(world, peer, own);
    unsigned port = world->sites[own].sip_port;

    if (!association)
        return false;
    /* One association a direction serves both as client and as server. */
    sink_format(sink, "ipsec-3gpp; %s; prot=esp; mod=%s; spi-c=%u; spi-s=%u; port-c=%u; port-s=%u",
                algorithms[association->suite], world->scenario->esp_nat ? "UDP-enc-tun" : "trans", association->spi,
                association->spi, port, port);
    return true;
}

void ipsec_free(struct world *world)
{
    for (struct ipsec_way *way = world->ipsec ? world->ipsec->ways : NULL; way; way = way->next) {
        esp_free(way->esp);
        way->esp = NULL;
    }
}
