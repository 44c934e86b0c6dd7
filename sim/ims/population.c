/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/population.h"
#include "sim/base/units.h"
#include "sim/wire/sip.h"

enum { DRAWS_MAX = 1000, NUMBER_DIGITS = 7, URI_SIZE = 96, PORT_MSRP = 7394, PORT_SIP = 5060 };

#define ADDRESS_CALLERS UINT32_C(0x0a010000) /* 10.1.0.0: from the block for private networks */
#define ADDRESS_CALLED UINT32_C(0x0a020000)
#define ADDRESS_MASK UINT32_C(0xffff0000)

/* A user in 16 bytes. */
struct row {
    int64_t expires_at_ns; /* of the registration */
    int64_t free_at_ns;    /* INT64_MAX: in a call */
};

struct side {
    char letter; /* of names */
    uint32_t address;
    struct row *rows;
    uint32_t *nodes; /* by group */
};

struct population {
    struct world *world;
    uint32_t users; /* of each side */
    uint32_t groups;
    struct side sides[POPULATION_SIDES];
    const char **routes;
    struct sip_directory directory;
    const char *server, *path;             /* of the called */
    char aor[URI_SIZE], contact[URI_SIZE]; /* found last */
};

struct population *population_create(struct world *world)
{
    struct population *population = arena_alloc(world->arena, sizeof(*population));
    uint64_t users = (world->scenario->load_users + 1) / POPULATION_SIDES;

    *population = (struct population){.world = world,
                                      .users = (uint32_t)users,
                                      .groups = (uint32_t)((users + POPULATION_GROUP - 1) / POPULATION_GROUP),
                                      .sides = {[POPULATION_CALLERS] = {'a', ADDRESS_CALLERS, NULL, NULL},
                                                [POPULATION_CALLED] = {'b', ADDRESS_CALLED, NULL, NULL}}};
    for (int i = 0; i < POPULATION_SIDES; i++) {
        struct side *side = &population->sides[i];

        side->rows = arena_alloc(world->arena, users * sizeof(*side->rows));
        side->nodes = arena_alloc(world->arena, population->groups * sizeof(*side->nodes));
        for (uint32_t user = 0; user < population->users; user++)
            side->rows[user].expires_at_ns = INT64_MAX;
    }
    return population;
}

void population_join(struct world *world, uint32_t edge_a, uint32_t edge_b)
{
    enum { NODE_NAME_SIZE = 24 };
    struct population *population = world->population;

    for (int i = 0; i < POPULATION_SIDES; i++)
        for (uint32_t group = 0; group < population->groups; group++) {
            struct side *side = &population->sides[i];
            char *text = arena_alloc(world->arena, NODE_NAME_SIZE);
            struct sink name = {.data = text, .capacity = NODE_NAME_SIZE};

            sink_format(&name, "ue-%c-group-%u", side->letter, group + 1);
            side->nodes[group] = world_add_ues(world, sink_string(&name), side->address + group,
                                               i == POPULATION_CALLERS ? edge_a : edge_b, i == POPULATION_CALLERS);
        }
}

bool population_side_of(const struct population *population, const char *node_name, enum population_side *side)
{
    struct span name = span_of(node_name), prefix = SPAN("ue-?-group-");

    for (int i = 0; i < POPULATION_SIDES; i++) {
        char text[sizeof("ue-?-group-")];
        struct sink sink = SINK(text);

        sink_format(&sink, "ue-%c-group-", population->sides[i].letter);
        if (name.size <= prefix.size || !span_equal((struct span){name.data, prefix.size}, sink_written(&sink)))
            continue;
        *side = (enum population_side)i;
        return true;
    }
    return false;
}

uint32_t population_groups(const struct population *population)
{
    return population->groups;
}

uint32_t population_group_node(const struct population *population, enum population_side side, uint32_t group)
{
    check(group < population->groups);
    return population->sides[side].nodes[group];
}

bool population_node(const struct population *population, uint32_t address, uint32_t *node)
{
    for (int i = 0; i < POPULATION_SIDES; i++) {
        const struct side *side = &population->sides[i];
        uint32_t group = address - side->address;

        if ((address & ADDRESS_MASK) != side->address || group >= population->groups)
            continue;
        *node = side->nodes[group];
        return true;
    }
    return false;
}

/* ---- Who is free ---- */

bool population_draw(struct population *population, enum population_side side, uint64_t ordinal,
                     struct population_user *user)
{
    struct world *world = population->world;
    uint64_t place = stream_place(side == POPULATION_CALLERS ? "callers" : "called");
    gsl_rng *rng = streams_at(world->streams, place, STREAM_ARRIVAL, ordinal);

    for (int i = 0; i < DRAWS_MAX; i++) {
        uint32_t number = (uint32_t)gsl_rng_uniform_int(rng, population->users);
        struct row *row = &population->sides[side].rows[number];

        if (row->free_at_ns > world_now(world))
            continue;
        row->free_at_ns = INT64_MAX;
        *user = (struct population_user){side, number};
        return true;
    }
    return false;
}

void population_release(struct population *population, struct population_user user, int64_t at_ns)
{
    struct row *row = &population->sides[user.side].rows[user.number];

    check(row->free_at_ns == INT64_MAX);
    row->free_at_ns = at_ns;
}

/* ---- Names and places ---- */

static void write_name(const struct population *population, struct population_user user, struct sink *sink)
{
    sink_format(sink, "%c%0*u", population->sides[user.side].letter, NUMBER_DIGITS, user.number);
}

static uint32_t address_of(const struct population *population, struct population_user user)
{
    return population->sides[user.side].address + user.number / POPULATION_GROUP;
}

static uint16_t port_of(struct population_user user, uint16_t first)
{
    return (uint16_t)(first + user.number % POPULATION_GROUP);
}

void population_place(const struct population *population, struct population_user user, char *name, char *host,
                      struct site *site)
{
    struct sink user_part = {.data = name, .capacity = POPULATION_NAME_SIZE},
                address = {.data = host, .capacity = POPULATION_HOST_SIZE};

    write_name(population, user, &user_part);
    sip_write_ipv4(&address, address_of(population, user));
    check(!user_part.overflow && !address.overflow);
    site->user = sink_string(&user_part);
    site->host_name = sink_string(&address);
    site->address = address_of(population, user);
    site->node = population->sides[user.side].nodes[user.number / POPULATION_GROUP];
    site->sip_port = port_of(user, PORT_SIP);
    site->msrp_port = port_of(user, PORT_MSRP);
}

/* "sip:b0000123@open-ims.test" */
static bool user_of(const struct population *population, struct span identity, struct population_user *user)
{
    struct sip_uri uri;
    uint64_t number;

    if (sip_parse_uri(identity, &uri) != ERR_OK || uri.user.size != NUMBER_DIGITS + 1)
        return false;
    for (int i = 0; i < POPULATION_SIDES; i++) {
        struct span digits = span_after(uri.user, 1);

        if (uri.user.data[0] != population->sides[i].letter || span_cut_number(&digits, &number) != ERR_OK ||
            digits.size != 0 || number >= population->users)
            continue;
        *user = (struct population_user){(enum population_side)i, (uint32_t)number};
        return true;
    }
    return false;
}

/* ---- What the core knows of them ---- */

static bool is_registered(const struct population *population, struct population_user user)
{
    return world_now(population->world) < population->sides[user.side].rows[user.number].expires_at_ns;
}

static bool directory_serves(void *context, struct sip_hop from)
{
    const struct population *population = context;

    for (int i = 0; i < POPULATION_SIDES; i++) {
        const struct side *side = &population->sides[i];
        uint32_t group = from.address - side->address, place = (uint32_t)from.port - PORT_SIP;
        struct population_user user = {(enum population_side)i, group * POPULATION_GROUP + place};

        if ((from.address & ADDRESS_MASK) == side->address && group < population->groups && place < POPULATION_GROUP &&
            user.number < population->users)
            return is_registered(population, user);
    }
    return false;
}

static bool directory_find(void *context, struct span identity, struct cscf_user *found)
{
    struct population *population = context;
    struct sink aor = SINK(population->aor), contact = SINK(population->contact);
    struct population_user user;

    if (!user_of(population, identity, &user))
        return false;
    sink_text(&aor, "sip:");
    write_name(population, user, &aor);
    sink_format(&aor, "@%s", world_domain(population->world, ROLE_UE_B));
    sink_text(&contact, "sip:");
    write_name(population, user, &contact);
    sink_char(&contact, '@');
    sip_write_ipv4(&contact, address_of(population, user));
    sink_format(&contact, ":%u", port_of(user, PORT_SIP));
    check(!aor.overflow && !contact.overflow);
    *found = (struct cscf_user){.aor = sink_string(&aor),
                                .contact = is_registered(population, user) ? sink_string(&contact) : NULL,
                                .path = population->path};
    return true;
}

const struct sip_directory *population_directory(const struct population *population)
{
    return &population->directory;
}

bool population_locate(const struct population *population, struct span identity, const char **server)
{
    struct population_user user;

    if (!user_of(population, identity, &user))
        return false;
    *server = is_registered(population, user) ? population->server : NULL;
    return true;
}

const char *const *population_routes(const struct population *population)
{
    return population->routes;
}

void population_meet_core(struct population *population)
{
    struct world *world = population->world;

    population->routes = arena_alloc(world->arena, 3 * sizeof(*population->routes));
    population->routes[0] = world_sip_uri(world, "mo", ROLE_P_A, ";lr");
    population->routes[1] = world_sip_uri(world, "orig", ROLE_S_A, ";lr");
    population->server = world_sip_uri(world, "term", ROLE_S_B, "");
    population->path = world_sip_uri(world, "term", ROLE_P_B, ";lr");
    population->directory = (struct sip_directory){population, directory_serves, directory_find};
}
