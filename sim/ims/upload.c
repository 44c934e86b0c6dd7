/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/upload.h"
#include "sim/ims/registration.h"
#include "sim/ims/cargo.h"
#include "sim/ims/content.h"
#include "sim/ims/intercept.h"
#include "sim/ims/web.h"
#include "sim/wire/rcs_link.h"

enum { LINK_SIZE = 1024, TAMPER_ROOM = 65536 };

struct upload {
    struct world *world;
    struct sip_ua *ua_a, *ua_b;
    struct sip_node *node_a, *node_b;
    struct rope file; /* as UE-A has it */
    int put_status, get_status;
    char link[LINK_SIZE]; /* as UE-A got it */
    size_t link_size;
    struct source link_source;
    char asked[LINK_SIZE]; /* as UE-B got it: its spans point in here */
    struct rcs_link wanted;
    struct span path;
    uint64_t received;
    uint8_t *kept; /* what UE-B got, where somebody tampers; else NULL */
    uint64_t kept_bytes;
    bool is_matching;          /* every byte so far was the file's */
    bool is_asking;            /* UE-B has got the link */
    bool is_told, is_answered; /* the MESSAGE has left, and has been answered */
};

static void upload_finish(struct upload *upload)
{
    if (upload->world->is_delivered && upload->is_answered)
        world_end(upload->world);
}

/* ---- UE-A puts ---- */

static void put_ready(void *context, struct web *web)
{
    struct upload *upload = context;
    struct world *world = upload->world;
    struct cause cause = web_cause(web);
    struct http_head head = {.is_request = true,
                             .method = SPAN("PUT"),
                             .target = SPAN(CONTENT_UPLOAD),
                             .host = span_of(world->sites[ROLE_CONTENT].host_name),
                             .content_type = SPAN("application/octet-stream")};

    world->moments.first_byte_ns = world_now(world);
    web_send(web, head, &upload->file, "PUT", &cause);
}

static void put_head(void *context, struct web *web, const struct http_head *head)
{
    struct upload *upload = context;

    (void)web;
    upload->put_status = head->status;
}

static void put_body(void *context, struct web *web, uint64_t at, struct slice slice)
{
    struct upload *upload = context;

    (void)web;
    if (at + slice.length > LINK_SIZE) {
        upload->put_status = 0;
        return;
    }
    slice_read(slice, 0, upload->link + at, (size_t)slice.length);
    upload->link_size = (size_t)(at + slice.length);
}

/* The link goes to UE-B as it came. */
static void upload_tell(void *context, const struct cause *cause)
{
    struct upload *upload = context;
    struct world *world = upload->world;

    upload->link_source = source_memory(upload->link);
    struct sip_ua_message message = {.target = "sip:bob@open-ims.test",
                                     .content_type = RCS_LINK_TYPE,
                                     .body = {&upload->link_source, 0, upload->link_size}};

    upload->is_told = true;
    world->moments.signalled_ns = world_now(world);
    sip_ua_message(upload->ua_a, world_now(world), &message, sip_node_outbox(upload->node_a));
    sip_node_do(upload->node_a, sip_node_outbox(upload->node_a), cause);
}

/* What came must be a link. */
static void put_end(void *context, struct web *web)
{
    struct upload *upload = context;
    struct world *world = upload->world;
    struct cause cause = web_cause(web);
    struct rcs_link link;

    if (upload->put_status != 200 || rcs_link_read((struct span){upload->link, upload->link_size}, &link) != ERR_OK) {
        world_fail(world, OUTCOME_TRANSFER_FAILED);
        return;
    }
    if (registration_stands(world, &cause, upload, upload_tell))
        upload_tell(upload, &cause);
    web_finish(web, &cause);
}

/* Once the link is there, the connection that it came over has nothing left to lose. */
static void put_ended(void *context, struct web *web, enum tcp_end how)
{
    struct upload *upload = context;

    (void)web;
    if (how != TCP_END_FIN && !upload->is_told)
        world_fail(upload->world,
                   upload->world->moments.first_byte_ns == NONE_NS ? OUTCOME_CONNECT_FAILED : OUTCOME_TRANSFER_FAILED);
}

static const struct web_owner put_owner = {
    .ready = put_ready, .head = put_head, .body = put_body, .end = put_end, .ended = put_ended};

void upload_press(struct upload *upload, const struct cause *cause)
{
    web_open(upload->world, ROLE_UE_A, ROLE_CONTENT, upload, &put_owner, cause);
}

static void upload_a_told(void *context, const struct sip_output *item, const struct cause *cause)
{
    struct upload *upload = context;

    (void)cause;
    if (item->action == SIP_REFUSED)
        world_fail(upload->world, OUTCOME_TRANSFER_FAILED);
    else if (item->action == SIP_TIMED_OUT || item->action == SIP_BROKEN)
        world_fail(upload->world, OUTCOME_TRANSFER_FAILED);
    else if (item->action == SIP_MESSAGE_ANSWERED)
        upload->is_answered = true;
    upload_finish(upload);
}

/* ---- UE-B gets ---- */

static void get_ready(void *context, struct web *web)
{
    struct upload *upload = context;
    struct cause cause = web_cause(web);
    struct http_head head = {.is_request = true, .method = SPAN("GET"), .target = upload->path};

    head.host = span_of(upload->world->sites[ROLE_CONTENT].host_name);
    web_send(web, head, NULL, "GET", &cause);
}

static void get_head(void *context, struct web *web, const struct http_head *head)
{
    struct upload *upload = context;

    (void)web;
    upload->get_status = head->status;
}

/* Compares what came with what was sent: by reference where it still is the file's own slice, else byte by byte. */
static bool is_of_file(const struct upload *upload, uint64_t at, struct slice slice)
{
    const struct trial *trial = upload->world->trial;
    uint8_t a[4096], b[4096];

    if (at + slice.length > trial->file_bytes)
        return false;
    if (slice.source == trial->file)
        return slice.offset == at;
    for (uint64_t done = 0; done < slice.length;) {
        size_t run = slice.length - done < sizeof(a) ? (size_t)(slice.length - done) : sizeof(a);

        slice_read(slice, done, a, run);
        slice_read((struct slice){trial->file, at, slice.length}, done, b, run);
        if (memcmp(a, b, run) != 0)
            return false;
        done += run;
    }
    return true;
}

static void get_body(void *context, struct web *web, uint64_t at, struct slice slice)
{
    struct upload *upload = context;

    (void)web;
    if (upload->kept) {
        if (at + slice.length <= upload->kept_bytes)
            slice_read(slice, 0, upload->kept + at, (size_t)slice.length);
    } else {
        upload->is_matching = upload->is_matching && is_of_file(upload, at, slice);
    }
    upload->received = at + slice.length;
}

static void get_end(void *context, struct web *web)
{
    struct upload *upload = context;
    struct world *world = upload->world;
    struct cause cause = web_cause(web), forward = cause_forward(&cause);

    if (upload->get_status != 200 || upload->received != upload->wanted.file_size) {
        intercept_refused(world, "HTTP: what came is not what the link says");
        world_fail(world, OUTCOME_TRANSFER_FAILED);
        return;
    }
    world->moments.last_byte_ns = world->moments.in_hand_ns = world_now(world);
    bool is_taken = upload->kept
                        ? upload->received <= upload->kept_bytes && cargo_take(world, upload->kept, upload->received)
                        : upload->is_matching && upload->received == world->trial->file_bytes;

    if (!is_taken) {
        world_fail(world, OUTCOME_VERIFY_FAILED);
        return;
    }
    check(parts_total(&forward.parts) == world_now(world) - world->moments.pressed_ns);
    world->delivered = forward;
    world->is_delivered = true;
    world->end = OUTCOME_DELIVERED;
    watch_event(world, "plaintext UE-B %llu bytes", (unsigned long long)world->trial->file_bytes);
    web_finish(web, &forward);
    upload_finish(upload);
}

static void get_ended(void *context, struct web *web, enum tcp_end how)
{
    struct upload *upload = context;

    (void)web;
    if (how != TCP_END_FIN && !upload->world->is_delivered)
        world_fail(upload->world, OUTCOME_TRANSFER_FAILED);
}

static const struct web_owner get_owner = {
    .ready = get_ready, .head = get_head, .body = get_body, .end = get_end, .ended = get_ended};

/* The host that a link names, if it is one of this network. */
static enum role server_of(const struct world *world, struct span host)
{
    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct site *site = &world->sites[role];

        if (site->label && site->web_port > 0 && !site->has_plain_web &&
            span_equal_nocase(host, span_of(site->host_name)))
            return (enum role)role;
    }
    return ROLE_COUNT;
}

static void upload_b_told(void *context, const struct sip_output *item, const struct cause *cause)
{
    struct upload *upload = context;
    struct cause forward = cause_forward(cause);
    size_t size = item->body.length < LINK_SIZE ? (size_t)item->body.length : 0;
    struct span host;

    if (item->action != SIP_MESSAGE_RECEIVED || upload->is_asking)
        return;
    slice_read(item->body, 0, upload->asked, size);
    upload->is_asking = true;
    if (intercept_is_on(upload->world)) {
        upload->kept_bytes = 2 * upload->world->trial->file_bytes + TAMPER_ROOM;
        upload->kept = arena_alloc(upload->world->arena, upload->kept_bytes);
    }
    if (rcs_link_read((struct span){upload->asked, size}, &upload->wanted) != ERR_OK ||
        rcs_link_split(upload->wanted.url, &host, &upload->path) != ERR_OK ||
        server_of(upload->world, host) == ROLE_COUNT) {
        world_fail(upload->world, OUTCOME_TRANSFER_FAILED);
        return;
    }
    web_open(upload->world, ROLE_UE_B, server_of(upload->world, host), upload, &get_owner, &forward);
}

struct upload *upload_create(struct world *world, struct sip_ua *ua_a, struct sip_ua *ua_b)
{
    struct upload *upload = arena_alloc(world->arena, sizeof(*upload));
    struct sip_node_config a = {.role = ROLE_UE_A, .ua = ua_a, .context = upload, .told = upload_a_told};
    struct sip_node_config b = {.role = ROLE_UE_B, .ua = ua_b, .context = upload, .told = upload_b_told};

    upload->world = world;
    upload->ua_a = ua_a;
    upload->ua_b = ua_b;
    upload->is_matching = true;
    rope_init(&upload->file, world->arena);
    rope_append(&upload->file, (struct slice){world->trial->file, 0, world->trial->file_bytes});
    upload->node_a = sip_node_create(world, &a);
    upload->node_b = sip_node_create(world, &b);
    return upload;
}
