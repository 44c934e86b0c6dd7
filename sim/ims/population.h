/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * population.h - the users of a load. Who does nothing is a row: registered until when, free for a call from when on.
 * Half of them are callers behind P-CSCF(A), half are called behind P-CSCF(B). A thousand share a group: an address,
 * from which each has a SIP port and an MSRP port of its own, and an access link.
 */
#ifndef SIM_IMS_POPULATION_H
#define SIM_IMS_POPULATION_H

#include "sim/ims/world.h"
#include "sim/proto/sip_proxy.h"

enum { POPULATION_GROUP = 1000, POPULATION_NAME_SIZE = 16, POPULATION_HOST_SIZE = 16 };

struct population;

enum population_side { POPULATION_CALLERS, POPULATION_CALLED, POPULATION_SIDES };

/* A user: side and number from 0. */
struct population_user {
    enum population_side side;
    uint32_t number;
};

/* All users, registered. Before the world is built. */
struct population *population_create(struct world *world);

/* Adds the groups' hosts, each with an access link, those of callers to the edge router A and the others to B. */
void population_join(struct world *world, uint32_t edge_a, uint32_t edge_b);

/* The roles have their places: what CSCFs and HSSs are told of users from now on. */
void population_meet_core(struct population *population);

/* Whether a node of that name is a group's, and of which side. */
bool population_side_of(const struct population *population, const char *node_name, enum population_side *side);

/* How many groups a side has, and the node of each. */
uint32_t population_groups(const struct population *population);
uint32_t population_group_node(const struct population *population, enum population_side side, uint32_t group);

/* The node of a group's address. False: it is no group's. */
bool population_node(const struct population *population, uint32_t address, uint32_t *node);

/* A user of the side who is free now, drawn by its ordinal, and busy from now on. False: a thousand draws found nobody.
 */
bool population_draw(struct population *population, enum population_side side, uint64_t ordinal,
                     struct population_user *user);

/* The user is free again at at_ns. */
void population_release(struct population *population, struct population_user user, int64_t at_ns);

/* Where the user's UE is, and its user part: fills a site. Texts of name and host take the sizes above. */
void population_place(const struct population *population, struct population_user user, char *name, char *host,
                      struct site *site);

/* For P- and S-CSCFs: whom they know. */
const struct sip_directory *population_directory(const struct population *population);

/* For the HSS: the S-CSCF of a registered user, NULL for one that is not; false: no user of the load's. */
bool population_locate(const struct population *population, struct span identity, const char **server);

/* Route set of a caller's requests: P-CSCF(A), S-CSCF(A). NULL-terminated. */
const char *const *population_routes(const struct population *population);

#endif
