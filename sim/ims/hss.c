/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/hss.h"
#include "sim/ims/cx.h"
#include "sim/ims/population.h"

#include <assert.h>
#include <stddef.h>

enum { SERVER_SIZE = 192, PROFILE_SIZE = 2048 };

static_assert(offsetof(struct aka_vector, answer) == MILENAGE_RAND_SIZE + AKA_AUTN_SIZE, "RAND and AUTN touch");

struct subscriber {
    struct subscriber *next;
    struct hss_subscriber told;
    struct aka_centre centre;
    struct aka_vector vector; /* the last one: answers point into it */
    uint64_t vectors;
    char server[SERVER_SIZE]; /* of the S-CSCF that serves it, or that has asked to authenticate it; empty: none */
    bool is_registered;
    char profile[PROFILE_SIZE];
    size_t profile_size;
};

struct hss {
    struct world *world;
    enum role role;
    struct subscriber *subscribers;
};

static struct subscriber *find(const struct hss *hss, struct span public_identity)
{
    struct subscriber *at = hss->subscribers;

    while (at && !span_equal_nocase(public_identity, span_of(at->told.public_identity)))
        at = at->next;
    return at;
}

static void refuse(struct diameter_message *answer, bool is_experimental, uint32_t result)
{
    answer->is_experimental = is_experimental;
    answer->result = result;
}

/* Common to all but LIR: both identities must be known and belong together. NULL: refused. */
static struct subscriber *identify(struct hss *hss, const struct diameter_message *question,
                                   struct diameter_message *answer)
{
    struct subscriber *subscriber = find(hss, question->public_identity);

    if (!subscriber) {
        refuse(answer, true, DIAMETER_ERROR_USER_UNKNOWN);
        return NULL;
    }
    if (!span_equal(question->user_name, span_of(subscriber->told.private_identity))) {
        refuse(answer, true, DIAMETER_ERROR_IDENTITIES_DONT_MATCH);
        return NULL;
    }
    return subscriber;
}

static void keep_server(struct subscriber *subscriber, struct span server)
{
    struct sink sink = SINK(subscriber->server);

    sink_span(&sink, server);
    (void)sink_string(&sink);
}

/* Section 6.1.1.1: the S-CSCF that is assigned, or what one must be able to. */
static void authorize(struct hss *hss, const struct diameter_message *question, struct diameter_message *answer)
{
    struct subscriber *subscriber = identify(hss, question, answer);

    if (!subscriber)
        return;
    if (subscriber->told.is_barred) {
        refuse(answer, false, DIAMETER_AUTHORIZATION_REJECTED);
        return;
    }
    if (question->authorization_type == DIAMETER_DEREGISTRATION && !subscriber->server[0]) {
        refuse(answer, true, DIAMETER_ERROR_IDENTITY_NOT_REGISTERED);
        return;
    }
    answer->is_experimental = question->authorization_type != DIAMETER_DEREGISTRATION;
    if (subscriber->server[0]) {
        answer->result = answer->is_experimental ? DIAMETER_SUBSEQUENT_REGISTRATION : DIAMETER_SUCCESS;
        answer->server_name = span_of(subscriber->server);
    } else {
        answer->result = DIAMETER_FIRST_REGISTRATION;
        answer->capability = subscriber->told.capability;
    }
}

/* A challenge is random by its address: the subscriber and how many there were before. */
static void draw_rand(struct hss *hss, struct subscriber *subscriber, uint8_t rand[MILENAGE_RAND_SIZE])
{
    gsl_rng *rng = streams_at(hss->world->streams, stream_place(subscriber->told.private_identity), STREAM_IDENTIFIER,
                              subscriber->vectors++);

    for (int i = 0; i < MILENAGE_RAND_SIZE; i++)
        rand[i] = (uint8_t)gsl_rng_uniform_int(rng, 256);
}

static struct span bytes_of(const uint8_t *bytes, size_t size)
{
    return (struct span){(const char *)bytes, size};
}

/* Section 6.3.1; with RAND and AUTS the sequence number is moved first. RAND and AUTN stand one behind the other. */
static void authenticate(struct hss *hss, const struct diameter_message *question, struct diameter_message *answer)
{
    struct subscriber *subscriber = identify(hss, question, answer);
    const uint8_t *resynchronise = (const uint8_t *)question->authorization.data;
    uint8_t rand[MILENAGE_RAND_SIZE];

    if (!subscriber)
        return;
    if (!span_equal(question->auth_scheme, SPAN("Digest-AKAv1-MD5"))) {
        refuse(answer, true, DIAMETER_ERROR_AUTH_SCHEME_NOT_SUPPORTED);
        return;
    }
    if (question->authorization.size > 0 &&
        (question->authorization.size != MILENAGE_RAND_SIZE + AKA_AUTS_SIZE ||
         !aka_resynchronise(&subscriber->centre, resynchronise, resynchronise + MILENAGE_RAND_SIZE))) {
        refuse(answer, false, DIAMETER_UNABLE_TO_COMPLY);
        return;
    }
    draw_rand(hss, subscriber, rand);
    aka_vector_make(&subscriber->centre, rand, &subscriber->vector);
    keep_server(subscriber, question->server_name);
    answer->user_name = question->user_name;
    answer->public_identity = question->public_identity;
    answer->auth_items = answer->auth_item = 1;
    answer->auth_scheme = question->auth_scheme;
    answer->authenticate = bytes_of((const uint8_t *)&subscriber->vector, offsetof(struct aka_vector, answer));
    answer->authorization = bytes_of(subscriber->vector.answer.res, MILENAGE_RES_SIZE);
    answer->confidentiality_key = bytes_of(subscriber->vector.answer.ck, MILENAGE_KEY_SIZE);
    answer->integrity_key = bytes_of(subscriber->vector.answer.ik, MILENAGE_KEY_SIZE);
}

/* Section 6.1.2.1. */
static void assign(struct hss *hss, const struct diameter_message *question, struct diameter_message *answer)
{
    struct subscriber *subscriber = identify(hss, question, answer);

    if (!subscriber)
        return;
    answer->user_name = question->user_name;
    switch (question->assignment_type) {
    case DIAMETER_ASSIGN_REGISTRATION:
    case DIAMETER_ASSIGN_RE_REGISTRATION:
        subscriber->is_registered = true;
        keep_server(subscriber, question->server_name);
        if (question->is_data_available == 0)
            answer->user_data = (struct span){subscriber->profile, subscriber->profile_size};
        break;
    case DIAMETER_ASSIGN_TIMEOUT_DEREGISTRATION:
    case DIAMETER_ASSIGN_USER_DEREGISTRATION:
        subscriber->is_registered = false;
        subscriber->server[0] = '\0';
        break;
    case DIAMETER_ASSIGN_AUTHENTICATION_FAILURE:
    case DIAMETER_ASSIGN_AUTHENTICATION_TIMEOUT:
        if (!subscriber->is_registered)
            subscriber->server[0] = '\0';
        break;
    default:
        refuse(answer, false, DIAMETER_UNABLE_TO_COMPLY);
    }
}

/* Section 6.1.4.1. Nobody here has services while not registered. */
static void locate(struct hss *hss, const struct diameter_message *question, struct diameter_message *answer)
{
    const struct population *population = hss->world->population;
    const struct subscriber *subscriber = find(hss, question->public_identity);
    const char *server;

    if (!subscriber && population && population_locate(population, question->public_identity, &server)) {
        if (server)
            answer->server_name = span_of(server);
        else
            refuse(answer, true, DIAMETER_ERROR_IDENTITY_NOT_REGISTERED);
        return;
    }
    if (!subscriber)
        refuse(answer, true, DIAMETER_ERROR_USER_UNKNOWN);
    else if (!subscriber->is_registered)
        refuse(answer, true, DIAMETER_ERROR_IDENTITY_NOT_REGISTERED);
    else
        answer->server_name = span_of(subscriber->server);
}

static const struct {
    enum diameter_command command;
    void (*serve)(struct hss *hss, const struct diameter_message *question, struct diameter_message *answer);
} commands[] = {
    {DIAMETER_USER_AUTHORIZATION, authorize},
    {DIAMETER_MULTIMEDIA_AUTH, authenticate},
    {DIAMETER_SERVER_ASSIGNMENT, assign},
    {DIAMETER_LOCATION_INFO, locate},
};

static void serve(void *context, const struct diameter_message *question, struct diameter_message *answer)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (commands[i].command == (enum diameter_command)question->command)
            commands[i].serve(context, question, answer);
}

/* Where INVITE and MESSAGE go first: (INVITE or MESSAGE) and the session case, in conjunctive normal form (TS 29.228
 * annex C). */
static void write_criteria(const struct hss_subscriber *told, struct sink *sink)
{
    static const char *const methods[] = {"INVITE", "MESSAGE"};

    if (!told->server)
        return;
    sink_text(sink,
              "<InitialFilterCriteria><Priority>0</Priority><TriggerPoint><ConditionTypeCNF>1</ConditionTypeCNF>");
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        sink_format(sink, "<SPT><ConditionNegated>0</ConditionNegated><Group>0</Group><Method>%s</Method></SPT>",
                    methods[i]);
    sink_format(sink,
                "<SPT><ConditionNegated>0</ConditionNegated><Group>1</Group><SessionCase>%d</SessionCase></SPT>"
                "</TriggerPoint><ApplicationServer><ServerName>%s</ServerName><DefaultHandling>0</DefaultHandling>"
                "</ApplicationServer></InitialFilterCriteria>",
                told->session_case, told->server);
}

/* The subscription as TS 29.228 annex E has it: one profile, one identity, and where to its requests go first. */
static void write_profile(struct subscriber *subscriber)
{
    struct sink sink = SINK(subscriber->profile);

    sink_format(&sink,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
                "<IMSSubscription><PrivateID>%s</PrivateID><ServiceProfile><PublicIdentity>"
                "<BarringIndication>0</BarringIndication><Identity>%s</Identity></PublicIdentity>",
                subscriber->told.private_identity, subscriber->told.public_identity);
    write_criteria(&subscriber->told, &sink);
    sink_text(&sink, "</ServiceProfile></IMSSubscription>");
    check(!sink.overflow);
    subscriber->profile_size = sink.size;
}

void hss_add(struct hss *hss, const struct hss_subscriber *told)
{
    struct subscriber *subscriber = arena_alloc(hss->world->arena, sizeof(*subscriber));

    subscriber->told = *told;
    subscriber->centre.key = told->key;
    write_profile(subscriber);
    if (told->served) {
        keep_server(subscriber, span_of(told->served));
        subscriber->is_registered = true;
    }
    subscriber->next = hss->subscribers;
    hss->subscribers = subscriber;
}

struct hss *hss_create(struct world *world, enum role role)
{
    struct hss *hss = arena_alloc(world->arena, sizeof(*hss));

    *hss = (struct hss){.world = world, .role = role};
    cx_serve(world, role, hss, serve);
    world->hsses[role] = hss;
    return hss;
}
