/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/media_state.h"
#include "sim/ims/gate.h"
#include "sim/base/units.h"

const char *media_path(const struct media *media)
{
    return media->path;
}

uint64_t media_chunks(const struct media *media)
{
    return media->sender ? msrp_sender_chunks(media->sender) : 0;
}

void media_watch_growth(struct media *media)
{
    check(media->owner->grown != NULL);
    media->tells_growth = true;
}

void media_keep_bytes(struct media *media, uint8_t *bytes, uint64_t capacity)
{
    media->kept = bytes;
    media->kept_capacity = capacity;
}
void media_close(struct media *media, const struct cause *cause)
{
    timer_cancel(media->timer);
    timer_cancel(media->text_timer);
    timer_cancel(media->second_timer);
    if (media->leg)
        channel_finish(media->leg->channel, cause);
}

void media_abort(struct media *media, const struct cause *cause)
{
    timer_cancel(media->timer);
    timer_cancel(media->text_timer);
    if (media->leg)
        channel_abort(media->leg->channel, cause);
}

void media_retire(struct media *media)
{
    if (!media->is_active)
        channel_listen_end(media->world, media->role, media->world->sites[media->role].msrp_port);
}

/* ---- Receiving ---- */

static void media_answer(void *context, const struct cause *cause)
{
    struct media_job *job = context;
    struct media *media = job->media;

    watch_acted(media->world, job->watched);
    media_write_answer(media, cause);
    job->next = media->jobs_free;
    media->jobs_free = job;
}

static void media_received_body(void *context, uint64_t offset, struct slice slice)
{
    struct media *media = context;

    if (media->is_text)
        return;
    media->received_bytes += slice.length;
    if (media->kept && offset + slice.length <= media->kept_capacity)
        slice_read(slice, 0, media->kept + offset, (size_t)slice.length);
    if (media->tells_growth) {
        struct cause cause = media->leg->cause;

        media->owner->grown(media->context, media->received_bytes, &cause);
    }
}

static void media_received_all(void *context, uint64_t length, struct span content_type)
{
    struct media *media = context;
    struct cause cause = media->leg->cause;

    if (media->is_text) {
        watch_event(media->world, "text %s %llu bytes", media->world->sites[media->role].label,
                    (unsigned long long)length);
        return;
    }
    check(media->received_bytes == length);
    media->world->moments.last_byte_ns = world_now(media->world);
    media->owner->received(media->context, length, content_type, &cause);
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
    if (world->trial->schedule) /* what the user agent sends meanwhile is not behind the answer */
        world_wait(world, PART_PROCESSING, gate_answer_wait_ns(world, media->role, SPAN("SEND")), &answer, job,
                   media_answer);
    else
        site_keep_row(world, media->role, media->send_row, &answer, job, media_answer);
}

static void media_refused(void *context)
{
    struct media *media = context;

    media->is_refused = true;
    media_answer_later(media, NULL);
}

/* A session of UE-B's that nobody has spoken of: the only one that it knows after it has forgotten this one. */
static const char *media_other_uri(const struct media *media)
{
    char *text = arena_alloc(media->world->arena, MEDIA_URI_SIZE);
    struct sink uri = {.data = text, .capacity = MEDIA_URI_SIZE};

    sink_text(&uri, media->own_uri);
    check(!uri.overflow && uri.size > 5);
    text[uri.size - 5] = text[uri.size - 5] == '0' ? '1' : '0'; /* of the session, before ";tcp" */
    sink_string(&uri);
    return text;
}

static void media_make_receiver(struct media *media)
{
    static const char *const text_only[] = {"text/plain", NULL};
    int ways = media->role == ROLE_UE_B ? media->world->scenario->peer_msrp : PEER_MSRP_REGULAR;
    uint64_t size_max = media->world->scenario->receive_bytes_max;
    struct msrp_receive_config config = {.own_uri =
                                             ways == PEER_MSRP_FORGETFUL ? media_other_uri(media) : media->own_uri,
                                         .accept_types = ways == PEER_MSRP_TEXT_ONLY ? text_only : NULL,
                                         .size_max = size_max > 0 ? size_max : UINT64_MAX - 1,
                                         .identity = stream_place(media->own_uri),
                                         .writer = leg_writer(media->leg),
                                         .context = media,
                                         .body = media_received_body,
                                         .complete = media_received_all,
                                         .refused = media_refused};

    media->receiver = msrp_receiver_create(media->world->arena, &config);
}

/* ---- Whose session it is ---- */

/* The connection that brings the first request for the session has it from then on (RFC 4975 section 5.4). */
static bool media_is_taken_over(struct media *media, struct leg *leg, const struct msrp_head *head)
{
    if (media->is_bound || media->receiver || media->is_active || !head->is_request ||
        !msrp_uri_equal(head->to_path, span_of(media->own_uri)))
        return false;
    media->leg = leg;
    return media_knows_peer(media);
}

/* A request on another connection gets 506 (section 10.10). */
static void media_turn_away(struct leg *leg, const struct msrp_head *head)
{
    char text[4096];
    struct sink answer = SINK(text);

    if (!head->is_request || span_equal(head->method, SPAN("REPORT")))
        return;
    msrp_write_response(head, 506, &answer);
    leg->cause = cause_feedback(&leg->cause);
    if (!answer.overflow)
        leg_write_text(leg, sink_written(&answer), true);
}

/* ---- What the leg tells ---- */
static void media_head(void *context, struct leg *leg, const struct msrp_head *head)
{
    struct media *media = context;

    if (leg != media->leg && !media_is_taken_over(media, leg, head)) {
        media_turn_away(leg, head);
        return;
    }
    media->is_taking = false;
    if (head->is_request && media->sender) {
        if (!span_equal(head->method, SPAN("REPORT")))
            return;
        leg->cause = cause_forward(&leg->cause);
        media_answered(media, head);
        return;
    }
    if (head->is_request) {
        if (!media->receiver)
            media_make_receiver(media);
        media->is_taking = true;
        msrp_receiver_head(media->receiver, head);
        media->is_text = span_equal(msrp_receiver_content_type(media->receiver), SPAN("text/plain"));
        return;
    }
    leg->cause = cause_forward(&leg->cause);
    if (media->auth)
        media_authorised(media, head);
    else
        media_answered(media, head);
}

static void media_body(void *context, struct leg *leg, uint64_t at, struct slice slice)
{
    struct media *media = context;

    if (leg == media->leg && media->is_taking)
        msrp_receiver_body(media->receiver, at, slice);
}

static void media_end(void *context, struct leg *leg, char flag)
{
    struct media *media = context;
    struct world *world = media->world;

    if (leg != media->leg || !media->is_taking) {
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

    if (leg != media->leg)
        return;
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

    if (leg == media->leg)
        media_heard(media);
}

static void media_ended(void *context, struct leg *leg, enum tcp_end how)
{
    struct media *media = context;
    bool was_used = media->sender || media->receiver;

    if (how == TCP_END_FIN) {
        channel_finish(leg->channel, &leg->cause);
        return;
    }
    if (leg == media->leg)
        media->owner->failed(media->context, was_used ? OUTCOME_TRANSFER_FAILED : OUTCOME_CONNECT_FAILED);
}

const struct leg_owner media_leg_owner = {.ready = media_ready,
                                          .head = media_head,
                                          .body = media_body,
                                          .end = media_end,
                                          .writable = media_writable,
                                          .ended = media_ended};

static void *media_accept(void *context, struct leg *leg)
{
    struct media *media = context;

    if (!media->leg)
        media->leg = leg;
    return media;
}

/* ---- Making ---- */
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
    media_init_sending(media);
    media_take_relays(media);
    if (!media->is_active)
        leg_listen(world, role, is_tls, media, media_accept, &media_leg_owner);
    return media;
}
