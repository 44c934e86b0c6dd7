/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/lookup.h"
#include "sim/ims/intercept.h"
#include "sim/ims/web.h"
#include "sim/sec/cms.h"
#include "sim/sec/trust.h"

enum { CERTIFICATE_MAX = 1024 };

#define LOOKUP_AOR "sip:bob@open-ims.test"
#define LOOKUP_TARGET "/certificates?uri=" LOOKUP_AOR

static const struct party *recipient_of(const struct world *world)
{
    return &world->trial->parties->bob[cms_party_kind((enum cms_suite)world->scenario->suite)];
}

/* The recipient's certificate as DER; as many other bytes where bytes are of no interest. */
static void write_certificate(const struct world *world, struct sink *out)
{
    bool is_ec = cms_party_kind((enum cms_suite)world->scenario->suite) == PARTY_EC;
    size_t size = is_ec ? PARTY_CERTIFICATE_EC : PARTY_CERTIFICATE_RSA;

    if (world->wants_bytes)
        party_write_der(recipient_of(world), out);
    else
        for (size_t i = 0; i < size; i++)
            sink_u8(out, (uint8_t)i);
    check(!out->overflow && out->size == size);
}

/* ---- The store ---- */

struct store_leg {
    struct world *world;
    struct web *web;
    int status;
    struct rope body;
};

static void store_answer(void *context, const struct cause *cause)
{
    struct store_leg *leg = context;
    struct http_head head = {.status = leg->status};
    char der[CERTIFICATE_MAX];
    struct sink sink = SINK(der);

    if (leg->status != 200) {
        web_send(leg->web, head, NULL, "refused", cause);
        return;
    }
    write_certificate(leg->world, &sink);
    rope_append_bytes(&leg->body, sink.data, sink.size);
    head.content_type = SPAN("application/pkix-cert");
    web_send(leg->web, head, &leg->body, "200 (GET)", cause);
}

static void store_head(void *context, struct web *web, const struct http_head *head)
{
    struct store_leg *leg = context;

    (void)web;
    leg->status = !span_equal(head->method, SPAN("GET"))           ? 405
                  : !span_equal(head->target, SPAN(LOOKUP_TARGET)) ? 404
                                                                   : 200;
}

static void store_body(void *context, struct web *web, uint64_t at, struct slice slice)
{
    (void)context;
    (void)web;
    (void)at;
    (void)slice;
}

static void store_end(void *context, struct web *web)
{
    struct store_leg *leg = context;
    struct cause cause = web_cause(web);

    site_keep(leg->world, ROLE_CERTIFICATES, SPAN("GET"), &cause, leg, store_answer);
}

static void store_ended(void *context, struct web *web, enum tcp_end how)
{
    struct cause cause = web_cause(web);

    (void)context;
    if (how == TCP_END_FIN)
        web_finish(web, &cause);
}

static const struct web_owner store_owner = {
    .head = store_head, .body = store_body, .end = store_end, .ended = store_ended};

static void *store_accept(void *context, struct web *web)
{
    struct world *world = context;
    struct store_leg *leg = arena_alloc(world->arena, sizeof(*leg));

    leg->world = world;
    leg->web = web;
    rope_init(&leg->body, world->arena);
    return leg;
}

void lookup_create(struct world *world)
{
    web_listen(world, ROLE_CERTIFICATES, world, store_accept, &store_owner);
}

/* ---- UE-A ---- */

struct lookup {
    struct world *world;
    void *context;
    station_done_fn *done;
    int status;
    bool is_done;
    size_t size;
    char certificate[CERTIFICATE_MAX];
};

static void lookup_ready(void *context, struct web *web)
{
    struct lookup *lookup = context;
    struct cause cause = web_cause(web);
    struct http_head head = {.is_request = true, .method = SPAN("GET"), .target = SPAN(LOOKUP_TARGET)};

    head.host = span_of(lookup->world->sites[ROLE_CERTIFICATES].host_name);
    web_send(web, head, NULL, "GET", &cause);
}

static void lookup_head(void *context, struct web *web, const struct http_head *head)
{
    struct lookup *lookup = context;

    (void)web;
    lookup->status = head->status;
}

static void lookup_body(void *context, struct web *web, uint64_t at, struct slice slice)
{
    struct lookup *lookup = context;

    (void)web;
    if (at + slice.length <= CERTIFICATE_MAX)
        slice_read(slice, 0, lookup->certificate + at, (size_t)slice.length);
    lookup->size = (size_t)(at + slice.length);
}

/* The certificate that came is judged as a stranger's is, and sealed to if it holds. Where bytes are of no interest it
 * can only be the one that was sent. */
static bool lookup_takes(struct lookup *lookup)
{
    struct world *world = lookup->world;
    struct span der = {lookup->certificate, lookup->size};
    struct note note = {{0}};
    char expected[CERTIFICATE_MAX];
    struct sink sink = SINK(expected);

    write_certificate(world, &sink);
    if (!world->wants_bytes)
        return span_equal(sink_written(&sink), der);
    const struct party_set *parties = world->trial->parties;
    enum party_kind kind = cms_party_kind((enum cms_suite)world->scenario->suite);
    const struct trust trust = {&parties->authority[kind], LOOKUP_AOR, SIM_EPOCH_S, TRUST_RECEIVE};

    if (!intercept_is_credulous(world) && trust_check_der(der, &trust, &note) != ERR_OK) {
        intercept_refused(world, "look-up: %s", note.text);
        return false;
    }
    return span_equal(sink_written(&sink), der) || party_init_peer(&world->found, der, &note) == ERR_OK;
}

static void lookup_end(void *context, struct web *web)
{
    struct lookup *lookup = context;
    struct cause cause = web_cause(web), forward = cause_forward(&cause);

    lookup->is_done = true;
    web_finish(web, &forward);
    if (lookup->status != 200 || lookup->size > CERTIFICATE_MAX) {
        world_fail(lookup->world, OUTCOME_SETUP_REFUSED);
        return;
    }
    if (!lookup_takes(lookup)) {
        world_fail(lookup->world, OUTCOME_VERIFY_FAILED);
        return;
    }
    lookup->done(lookup->context, &forward);
}

static void lookup_ended(void *context, struct web *web, enum tcp_end how)
{
    struct lookup *lookup = context;

    (void)web;
    if (how != TCP_END_FIN && !lookup->is_done)
        world_fail(lookup->world, OUTCOME_CONNECT_FAILED);
}

static const struct web_owner lookup_owner = {
    .ready = lookup_ready, .head = lookup_head, .body = lookup_body, .end = lookup_end, .ended = lookup_ended};

void lookup_ask(struct world *world, const struct cause *cause, void *context, station_done_fn *done)
{
    struct lookup *lookup = arena_alloc(world->arena, sizeof(*lookup));

    lookup->world = world;
    lookup->context = context;
    lookup->done = done;
    web_open(world, ROLE_UE_A, ROLE_CERTIFICATES, lookup, &lookup_owner, cause);
}

const struct party *lookup_recipient(const struct world *world)
{
    return world->found.certificate ? &world->found : recipient_of(world);
}
