/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/media.h"
#include "sim/base/units.h"
#include "sim/ims/fingerprint.h"
#include "sim/ims/relay.h"
#include "sim/proto/msrp_relay.h"
#include "sim/sec/digest.h"

enum {
    MEDIA_URI_SIZE = 160,
    MEDIA_RELAYS_MAX = 6,
    MEDIA_CHUNK = 2048, /* RFC 4975 section 7.1.1: the longest chunk that need not be interruptible */
};

/* An answer to a SEND that waits for the UE's dwell. */
struct media_job {
    struct media_job *next;
    struct media *media;
    struct watched *watched;
};

struct media {
    struct world *world;
    enum role role;
    void *context;
    const struct media_owner *owner;
    struct leg *leg;
    bool is_active, is_met; /* is_met: the peer's SDP is known */
    bool is_bound;          /* passive: the active end has spoken */
    enum role peer; /* where the session's connection leads, by the peer's SDP; ROLE_COUNT: nowhere that is known */
    char peer_fingerprint[FINGERPRINT_TEXT + 1];
    char own_uri[MEDIA_URI_SIZE];
    char path[MEDIA_PATH_SIZE];      /* a=path */
    char send_path[MEDIA_PATH_SIZE]; /* To-Path: own relays from near to far, then the peer's path */

    enum role relays[MEDIA_RELAYS_MAX]; /* own, nearest first */
    uint32_t relay_count, relay_index;
    char relay_sessions[MEDIA_RELAYS_MAX][MEDIA_URI_SIZE];
    struct msrp_auth *auth;
    bool is_preparing;

    struct slice body;
    const char *content_type;
    bool has_body;
    struct msrp_sender *sender;
    struct msrp_sender *opener; /* of the SEND without a body */
    struct timer timer;

    struct msrp_receiver *receiver;
    uint64_t received_bytes;
    uint8_t *kept;
    uint64_t kept_capacity;
    bool is_taking;  /* the message under way is the receiver's */
    bool is_refused; /* the chunk under way has its answer already */
    struct media_job *jobs_free;
    const struct dwell_row *send_row; /* of the dwell table: how long a SEND is worked on */
};

static const struct leg_owner media_leg_owner;

const char *media_path(const struct media *media)
{
    return media->path;
}

uint64_t media_chunks(const struct media *media)
{
    return media->sender ? msrp_sender_chunks(media->sender) : 0;
}

void media_keep_bytes(struct media *media, uint8_t *bytes, uint64_t capacity)
{
    media->kept = bytes;
    media->kept_capacity = capacity;
}

/* ---- Preparing ---- */

static void media_write_path(struct media *media)
{
    struct sink sink = SINK(media->path);

    for (uint32_t i = media->relay_count; i > 0; i--) {
        sink_text(&sink, media->relay_sessions[i - 1]);
        sink_char(&sink, ' ');
    }
    sink_text(&sink, media->own_uri);
    check(!sink.overflow);
    sink_string(&sink);
}

static void media_prepared(struct media *media, const struct cause *cause)
{
    media->is_preparing = false;
    media_write_path(media);
    media->owner->prepared(media->context, cause);
}

static void media_write_auth(void *context, const struct cause *cause)
{
    struct media *media = context;
    char text[2048];
    struct sink sink = SINK(text);

    msrp_auth_request(media->auth, &sink);
    check(!sink.overflow);
    media->leg->cause = *cause;
    leg_write_text(media->leg, sink_written(&sink), false);
}

/* AUTH with the next of the UE's relays, through those before it. */
static void media_next_auth(struct media *media, const struct cause *cause)
{
    struct world *world = media->world;
    char *to_path = arena_alloc(world->arena, MEDIA_PATH_SIZE);
    struct sink sink = {.data = to_path, .capacity = MEDIA_PATH_SIZE};

    if (media->relay_index == media->relay_count) {
        media_prepared(media, cause);
        return;
    }
    for (uint32_t i = 0; i < media->relay_index; i++) {
        sink_text(&sink, media->relay_sessions[i]);
        sink_char(&sink, ' ');
    }
    sink_text(&sink, relay_uri(world->relays[media->relays[media->relay_index]]));
    sink_text(&sink, ";tcp");
    check(!sink.overflow);
    sink_string(&sink);
    struct msrp_auth_config config = {.to_path = to_path,
                                      .from_path = media->own_uri,
                                      .user = "user",
                                      .realm_password = "secret",
                                      .identity = stream_place(to_path) ^ world->trial->number,
                                      .md5 = digest_md5};

    media->auth = msrp_auth_create(world->arena, &config);
    media_write_auth(media, cause);
}

static void media_authorised(struct media *media, const struct msrp_head *response)
{
    struct world *world = media->world;
    struct cause cause = cause_forward(&media->leg->cause);

    switch (msrp_auth_answered(media->auth, response)) {
    case MSRP_AUTH_AGAIN:
        site_crypto(world, media->role, COST_DIGEST, 0, &cause, media, media_write_auth);
        return;
    case MSRP_AUTH_REFUSED:
        media->owner->failed(media->context, OUTCOME_CONNECT_FAILED);
        return;
    case MSRP_AUTH_DONE:
        break;
    }
    struct sink session = SINK(media->relay_sessions[media->relay_index]);
    struct span path = span_of(msrp_auth_use_path(media->auth)), uri = {0};

    check(msrp_path_next(&path, &uri));
    sink_span(&session, uri);
    check(!session.overflow);
    sink_string(&session);
    media->auth = NULL;
    media->relay_index++;
    media_next_auth(media, &cause);
}

/* Opens the leg into the network. With AUTH kept from before, the offer need not wait for it. */
void media_prepare(struct media *media, const struct cause *cause)
{
    struct world *world = media->world;

    if (media->relay_count == 0) {
        media_prepared(media, cause);
        return;
    }
    struct channel_config config = {.role = media->role,
                                    .peer = media->relays[0],
                                    .port = world->sites[media->relays[0]].msrp_port,
                                    .is_tls = world->arm->hop == HOP_TLS,
                                    .context = media};

    media->is_preparing = true;
    media->leg = leg_open(world, &config, &media_leg_owner, cause);
    world_leg_opened(world);
    if (world->scenario->auth == AUTH_CACHED) {
        for (uint32_t i = 0; i < media->relay_count; i++) {
            struct sink sink = SINK(media->relay_sessions[i]);

            relay_session_uri(world->relays[media->relays[i]], &sink);
            check(!sink.overflow);
            sink_string(&sink);
        }
        media_prepared(media, cause);
    }
}

/* ---- Sending ---- */

static void media_arm(struct media *media)
{
    int64_t wake_ns = msrp_sender_wake_ns(media->sender);

    if (wake_ns == INT64_MAX)
        timer_cancel(&media->timer);
    else
        timer_arm(&media->timer, wake_ns);
}

static void media_check_sender(struct media *media)
{
    struct cause cause = media->leg->cause;

    switch (msrp_sender_state(media->sender)) {
    case MSRP_SENT:
        media->owner->sent(media->context, &cause);
        break;
    case MSRP_FAILED:
        watch_event(media->world, "failed %s MSRP %d", media->world->sites[media->role].label,
                    msrp_sender_status(media->sender));
        media->owner->failed(media->context, OUTCOME_TRANSFER_FAILED);
        break;
    case MSRP_SENDING:
    case MSRP_WAITING:
        break;
    }
}

static void media_wake(struct engine *engine, void *context)
{
    struct media *media = context;

    msrp_sender_wake(media->sender, engine->now_ns);
    leg_push(media->leg);
    media_arm(media);
    media_check_sender(media);
}

static void media_pump(struct media *media)
{
    msrp_sender_pump(media->sender, world_now(media->world));
    leg_push(media->leg);
    media_arm(media);
}

/* Whether the other end of TLS is the one that the SDP spoke of, where it is known by that (RFC 8122 section 6.2). */
static bool media_knows_peer(const struct media *media)
{
    char text[FINGERPRINT_TEXT + 1];
    struct sink shown = SINK(text);

    if (!arm_has_fingerprints(media->world->arm))
        return true;
    channel_write_fingerprint(media->leg->channel, &shown);
    return fingerprint_is_same(sink_written(&shown), span_of(media->peer_fingerprint));
}

/* The value of Failure-Report that the scenario asks for; NULL: the header is left out, which means yes. */
static const char *const failure_reports[] = {[FAILURE_REPORT_NO] = "no", [FAILURE_REPORT_PARTIAL] = "partial"};

/* Begins to send when there is both a body and a connection. */
static void media_try_send(struct media *media, const struct cause *cause)
{
    struct world *world = media->world;
    const struct scenario *scenario = world->scenario;

    if (!media->has_body || media->sender || !media->leg || !channel_is_ready(media->leg->channel))
        return;
    if (media->relay_count == 0 && (!media_knows_peer(media) || !(media->is_active || media->is_bound)))
        return;
    struct msrp_send_config config = {.to_path = media->send_path,
                                      .from_path = media->own_uri,
                                      .content_type = media->content_type,
                                      .body = media->body,
                                      .chunk_bytes = scenario->chunking == CHUNKING_2048 ? MEDIA_CHUNK : 0,
                                      .window = (uint32_t)scenario->window,
                                      .identity = stream_place(media->own_uri) ^ world->trial->number,
                                      .success_report = scenario->success_report ? "yes" : NULL,
                                      .failure_report = failure_reports[scenario->failure_report],
                                      .timeout_ns = 30 * SECOND,
                                      .writer = leg_writer(media->leg)};

    media->leg->cause = *cause;
    media->sender = msrp_sender_create(world->arena, &config);
    world->moments.first_byte_ns = world_now(world);
    media_pump(media);
}

/* The active end has nothing of its own to send. */
static void media_send_nothing(struct media *media, const struct cause *cause)
{
    struct msrp_send_config config = {.to_path = media->send_path,
                                      .from_path = media->own_uri,
                                      .body = {&source_pattern, 0, 0},
                                      .identity = ~stream_place(media->own_uri) ^ media->world->trial->number,
                                      .timeout_ns = 30 * SECOND,
                                      .writer = leg_writer(media->leg)};

    media->leg->cause = *cause;
    media->opener = msrp_sender_create(media->world->arena, &config);
    msrp_sender_pump(media->opener, world_now(media->world));
    leg_push(media->leg);
}

/* The connection stands, and the other end's description is there. */
static void media_begin(struct media *media, const struct cause *cause)
{
    if (!media_knows_peer(media)) {
        watch_event(media->world, "unknown certificate %s", media->world->sites[media->role].label);
        channel_reset(media->leg->channel, cause);
        media->owner->failed(media->context, OUTCOME_CONNECT_FAILED);
        return;
    }
    if (media->is_active && media->role == ROLE_UE_B && media->relay_count == 0 && !media->opener)
        media_send_nothing(media, cause);
    media_try_send(media, cause);
}

void media_send(struct media *media, struct slice body, const char *content_type, const struct cause *cause)
{
    media->body = body;
    media->content_type = content_type;
    media->has_body = true;
    media_try_send(media, cause);
}

bool media_is_active(const struct media *media)
{
    return media->is_active;
}

/* Who listens at a host and port that SDP names; ROLE_COUNT when nobody does. */
static enum role media_role_at(const struct world *world, struct span host, uint16_t port)
{
    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct site *site = &world->sites[role];

        if (site->label && site->msrp_port == port && span_equal_nocase(host, span_of(site->host_name)))
            return (enum role)role;
    }
    return ROLE_COUNT;
}

/* Where to connect to: what the path says, or c= and m= where both ends have said a=msrp-cema (RFC 6714 section 5). */
static void media_find_peer(struct media *media, const struct sdp_msrp *peer)
{
    struct world *world = media->world;
    struct span rest = peer->path, uri = {0};

    media->peer = ROLE_COUNT;
    if (world->arm->path == PATH_AGWS && peer->has_cema)
        media->peer = media_role_at(world, peer->host, peer->port);
    else if (msrp_path_next(&rest, &uri))
        media->peer = leg_role_of_uri(world, uri);
}

void media_meet(struct media *media, const struct sdp_msrp *peer, const struct cause *cause)
{
    struct sink path = SINK(media->send_path), fingerprint = SINK(media->peer_fingerprint);

    for (uint32_t i = 0; i < media->relay_count; i++) {
        sink_text(&path, media->relay_sessions[i]);
        sink_char(&path, ' ');
    }
    sink_span(&path, peer->path);
    sink_span(&fingerprint, peer->fingerprint);
    if (path.overflow || fingerprint.overflow) {
        media->owner->failed(media->context, OUTCOME_CONNECT_FAILED);
        return;
    }
    sink_string(&path);
    sink_string(&fingerprint);
    media_find_peer(media, peer);
    media->is_met = true;
    /* The active end may have been faster than its answer (RFC 8122 section 6.2). */
    if (media->leg && channel_is_ready(media->leg->channel))
        media_begin(media, cause);
}

void media_connect(struct media *media, const struct cause *cause)
{
    struct world *world = media->world;

    if (media->relay_count > 0 || !media->is_active)
        return;
    if (media->peer == ROLE_COUNT) {
        media->owner->failed(media->context, OUTCOME_CONNECT_FAILED);
        return;
    }
    struct channel_config config = {.role = media->role,
                                    .peer = media->peer,
                                    .port = world->sites[media->peer].msrp_port,
                                    .from_port = world->sites[media->role].msrp_port,
                                    .is_tls = arm_has_tls_at_ues(world->arm),
                                    .by_fingerprint = arm_has_fingerprints(world->arm),
                                    .has_gateways = world->arm->path == PATH_AGWS,
                                    .end = media->role == ROLE_UE_A ? ROLE_UE_B : ROLE_UE_A,
                                    .gateways_pass_tls = world->arm->body == BODY_TLS && world->arm->path == PATH_AGWS,
                                    .context = media};

    media->leg = leg_open(world, &config, &media_leg_owner, cause);
    world_leg_opened(world);
}

void media_close(struct media *media, const struct cause *cause)
{
    timer_cancel(&media->timer);
    if (media->leg)
        channel_finish(media->leg->channel, cause);
}

/* ---- Receiving ---- */

static void media_answer(void *context, const struct cause *cause)
{
    struct media_job *job = context;
    struct media *media = job->media;

    media->leg->cause = *cause;
    watch_acted(media->world, job->watched);
    msrp_receiver_answer(media->receiver);
    leg_push(media->leg);
    job->next = media->jobs_free;
    media->jobs_free = job;
}

static void media_received_body(void *context, uint64_t offset, struct slice slice)
{
    struct media *media = context;

    media->received_bytes += slice.length;
    if (media->kept && offset + slice.length <= media->kept_capacity)
        slice_read(slice, 0, media->kept + offset, (size_t)slice.length);
}

static void media_received_all(void *context, uint64_t length, struct span content_type)
{
    struct media *media = context;
    struct cause cause = media->leg->cause;

    (void)content_type;
    check(media->received_bytes == length);
    media->world->moments.last_byte_ns = world_now(media->world);
    media->owner->received(media->context, length, &cause);
}

/* The answer to the request that came last goes out when the UE has worked on it. */
static void media_answer_later(struct media *media, struct watched *watched)
{
    struct world *world = media->world;
    struct media_job *job = media->jobs_free;
    struct cause answer = cause_feedback(&media->leg->cause);

    if (job)
        media->jobs_free = job->next;
    else
        job = arena_alloc(world->arena, sizeof(*job));
    job->media = media;
    job->watched = watched;
    site_keep_row(world, media->role, media->send_row, &answer, job, media_answer);
}

static void media_refused(void *context)
{
    struct media *media = context;

    media->is_refused = true;
    media_answer_later(media, NULL);
}

static void media_make_receiver(struct media *media)
{
    uint64_t size_max = media->world->scenario->receive_bytes_max;
    struct msrp_receive_config config = {.own_uri = media->own_uri,
                                         .size_max = size_max > 0 ? size_max : UINT64_MAX - 1,
                                         .identity = stream_place(media->own_uri),
                                         .writer = leg_writer(media->leg),
                                         .context = media,
                                         .body = media_received_body,
                                         .complete = media_received_all,
                                         .refused = media_refused};

    media->receiver = msrp_receiver_create(media->world->arena, &config);
}

/* ---- What the leg tells ---- */

/* A response or a REPORT about what this UE sends may let it go on, or end it. */
static void media_heard(struct media *media)
{
    media_pump(media);
    media_check_sender(media);
}

static void media_head(void *context, struct leg *leg, const struct msrp_head *head)
{
    struct media *media = context;

    media->is_taking = false;
    if (head->is_request && media->sender) {
        if (!span_equal(head->method, SPAN("REPORT")))
            return;
        leg->cause = cause_forward(&leg->cause);
        msrp_sender_reported(media->sender, head);
        media_heard(media);
        return;
    }
    if (head->is_request) {
        if (!media->receiver)
            media_make_receiver(media);
        media->is_taking = true;
        msrp_receiver_head(media->receiver, head);
        return;
    }
    if (media->auth) {
        media_authorised(media, head);
    } else if (media->sender) {
        leg->cause = cause_forward(&leg->cause);
        msrp_sender_answered(media->sender, world_now(media->world), head);
        media_heard(media);
    } else if (media->opener) {
        msrp_sender_answered(media->opener, world_now(media->world), head);
    }
}

static void media_body(void *context, struct leg *leg, uint64_t at, struct slice slice)
{
    struct media *media = context;

    (void)leg;
    if (media->is_taking)
        msrp_receiver_body(media->receiver, at, slice);
}

static void media_end(void *context, struct leg *leg, char flag)
{
    struct media *media = context;
    struct world *world = media->world;

    if (!media->is_taking) {
        watch_acted(world, leg->incoming);
        return;
    }
    struct cause cause = cause_forward(&leg->cause);

    media->is_taking = false;
    msrp_receiver_end(media->receiver, flag);
    if (!media->is_refused)
        media_answer_later(media, leg->incoming);
    media->is_refused = false;
    if (media->is_bound)
        return;
    media->is_bound = true;
    media_try_send(media, &cause);
}

static void media_ready(void *context, struct leg *leg)
{
    struct media *media = context;
    struct world *world = media->world;
    struct cause cause = leg->cause;

    if (channel_is_passive(leg->channel))
        world_leg_ready(world);
    if (media->is_preparing)
        media_next_auth(media, &cause);
    else if (media->is_met)
        media_begin(media, &cause);
}

static void media_writable(void *context, struct leg *leg)
{
    struct media *media = context;

    (void)leg;
    if (media->sender) {
        media_pump(media);
        media_check_sender(media);
    }
}

static void media_ended(void *context, struct leg *leg, enum tcp_end how)
{
    struct media *media = context;
    bool was_used = media->sender || media->receiver;

    if (how == TCP_END_FIN) {
        channel_finish(leg->channel, &leg->cause);
        return;
    }
    media->owner->failed(media->context, was_used ? OUTCOME_TRANSFER_FAILED : OUTCOME_CONNECT_FAILED);
}

static const struct leg_owner media_leg_owner = {.ready = media_ready,
                                                 .head = media_head,
                                                 .body = media_body,
                                                 .end = media_end,
                                                 .writable = media_writable,
                                                 .ended = media_ended};

static void *media_accept(void *context, struct leg *leg)
{
    struct media *media = context;

    media->leg = leg;
    return media;
}

/* ---- Making ---- */

/* The first half of the relays is UE-A's, the rest UE-B's; of an odd number UE-A has one more. */
static void media_take_relays(struct media *media)
{
    uint32_t count = media->world->arm->path == PATH_RELAYS ? media->world->relay_count : 0;
    uint32_t of_a = (count + 1) / 2;

    if (media->role == ROLE_UE_A)
        for (uint32_t i = 0; i < of_a; i++)
            media->relays[media->relay_count++] = (enum role)(ROLE_RELAY_1 + i);
    else
        for (uint32_t i = count; i > of_a; i--)
            media->relays[media->relay_count++] = (enum role)(ROLE_RELAY_1 + i - 1);
}

struct media *media_create(struct world *world, enum role role, void *context, const struct media_owner *owner)
{
    struct media *media = arena_alloc(world->arena, sizeof(*media));
    const struct site *site = &world->sites[role];
    struct sink uri = SINK(media->own_uri);
    bool is_tls = arm_has_tls_at_ues(world->arm);

    media->world = world;
    media->role = role;
    media->peer = ROLE_COUNT;
    media->is_active = (world->scenario->setup_active == SETUP_OFFERER) == (role == ROLE_UE_A);
    media->context = context;
    media->owner = owner;
    media->send_row = site_row(world, role, SPAN("SEND"));
    sink_format(&uri, "%s://%s:%u/", is_tls ? "msrps" : "msrp", site->host_name, site->msrp_port);
    sink_hex(&uri, (stream_place(site->label) ^ world->trial->number) & UINT64_C(0xffffffffffff), 12);
    sink_text(&uri, ";tcp");
    sink_string(&uri);
    timer_init(&media->timer, &world->engine, media, media_wake);
    media_take_relays(media);
    if (!media->is_active)
        leg_listen(world, role, is_tls, media, media_accept, &media_leg_owner);
    return media;
}
