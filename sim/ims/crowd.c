/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/crowd.h"
#include "sim/base/units.h"

#include <gsl/gsl_randist.h>
#include <math.h>

enum { ETAG_DIGITS = 8 };

static const char aor[] = "sip:crowd@open-ims.test";

static const char document[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
                               "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"sip:crowd@open-ims.test\">"
                               "<tuple id=\"t1\"><status><basic>open</basic></status>"
                               "<contact priority=\"0.8\">sip:crowd@open-ims.test</contact></tuple></presence>\r\n";

/* What comes, each as often as the others. */
static const struct kind {
    const char *method, *headers, *content_type;
} kinds[] = {
    {"PUBLISH", "Event: presence\r\nExpires: 3600\r\n", "application/pidf+xml"},
    {"NOTIFY",
     "Event: presence\r\nSubscription-State: active;expires=3600\r\nContact: <sip:crowd@192.168.80.21:5060>\r\n",
     "application/pidf+xml"},
    {"OPTIONS", "Accept: application/sdp\r\n", NULL},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct crowd {
    struct world *world;
    struct sip_ua *ua;
    struct sip_node *node;
    struct source body;
    uint64_t number;  /* of the next request */
    size_t next_kind; /* and what it will be */
    int64_t end_ns;
};

const struct cscf_user *crowd_users(struct world *world, enum role cscf)
{
    bool is_a = cscf == ROLE_P_A;
    struct cscf_user *users;

    if (world->scenario->background_rate == 0 || (!is_a && cscf != ROLE_S_B))
        return NULL;
    users = arena_alloc(world->arena, 2 * sizeof(*users));
    users[0] = (struct cscf_user){.aor = aor,
                                  .contact = world_sip_uri(world, "crowd", is_a ? ROLE_CROWD_A : ROLE_CROWD_B, ""),
                                  .path = world_sip_uri(world, "term", is_a ? ROLE_P_A : ROLE_P_B, ";lr")};
    users[1] = (struct cscf_user){.aor = NULL};
    return users;
}

const char *const *crowd_routes(struct world *world)
{
    const char **routes = arena_alloc(world->arena, 3 * sizeof(*routes));

    routes[0] = world_sip_uri(world, "mo", ROLE_P_A, ";lr");
    routes[1] = world_sip_uri(world, "orig", ROLE_S_A, ";lr");
    routes[2] = NULL;
    return routes;
}

void crowd_subscribe(struct world *world, struct hss *hss)
{
    const struct hss_subscriber crowd = {.public_identity = aor,
                                         .private_identity = "crowd@open-ims.test",
                                         .capability = 2,
                                         .served = world_sip_uri(world, "term", ROLE_S_B, "")};

    if (world->scenario->background_rate > 0)
        hss_add(hss, &crowd);
}

static void crowd_told(void *context, const struct sip_output *item, const struct cause *cause)
{
    (void)context;
    (void)item;
    (void)cause;
}

void crowd_create(struct world *world, struct sip_ua *ua_a, struct sip_ua *ua_b)
{
    struct crowd *crowd = arena_alloc(world->arena, sizeof(*crowd));
    struct sip_node_config a = {.role = ROLE_CROWD_A, .ua = ua_a, .context = crowd, .told = crowd_told};
    struct sip_node_config b = {.role = ROLE_CROWD_B, .ua = ua_b, .context = crowd, .told = crowd_told};

    *crowd = (struct crowd){.world = world, .ua = ua_a, .body = source_memory(document)};
    crowd->node = sip_node_create(world, &a);
    sip_node_create(world, &b);
    world->crowd = crowd;
}

static void crowd_send(struct engine *engine, void *context);

/* The gap before a request, and what it is: addressed by its number, so the same for every arm. */
static void crowd_await(struct crowd *crowd, int64_t from_ns)
{
    struct world *world = crowd->world;
    double mean_ns = (double)SECOND / (double)world->scenario->background_rate;
    gsl_rng *rng = streams_at(world->streams, stream_place("background"), STREAM_ARRIVAL, crowd->number++);
    int64_t at_ns = from_ns + llround(gsl_ran_exponential(rng, mean_ns));

    crowd->next_kind = gsl_rng_uniform_int(rng, KINDS);
    if (at_ns < crowd->end_ns)
        engine_at(world->engine, at_ns, crowd, crowd_send);
}

static void crowd_send(struct engine *engine, void *context)
{
    struct crowd *crowd = context;
    const struct kind *kind = &kinds[crowd->next_kind];
    struct cause nobody = {.transfer = 0};
    struct sip_ua_message request = {
        .method = kind->method, .target = aor, .content_type = kind->content_type, .headers = span_of(kind->headers)};

    if (kind->content_type)
        request.body = (struct slice){&crowd->body, 0, sizeof(document) - 1};
    sip_ua_message(crowd->ua, engine->now_ns, &request, sip_node_outbox(crowd->node));
    sip_node_do(crowd->node, sip_node_outbox(crowd->node), &nobody);
    crowd_await(crowd, engine->now_ns);
}

void crowd_begin(struct world *world, int64_t at_ns, int64_t end_ns)
{
    struct crowd *crowd = world->crowd;

    if (!crowd)
        return;
    crowd->end_ns = end_ns;
    crowd_await(crowd, at_ns);
}
