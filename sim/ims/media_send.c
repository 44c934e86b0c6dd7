/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/units.h"
#include "sim/ims/media_state.h"

/* What the user types meanwhile. */
static const char text_typed[] = "Here is the file that we spoke of. Tell me when you have it.";

/* ---- Going on ---- */

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

static void media_arm(struct media *media)
{
    int64_t wake_ns = msrp_sender_wake_ns(media->sender);

    if (media->text)
        wake_ns = earlier(wake_ns, msrp_sender_wake_ns(media->text));
    if (media->nickname_id[0] != 0)
        wake_ns = earlier(wake_ns, media->nickname_until_ns);
    if (wake_ns == INT64_MAX)
        timer_cancel(media->timer);
    else
        timer_arm(media->timer, wake_ns);
}

static void media_note_failure(struct media *media, const struct msrp_sender *sender, bool *is_noted)
{
    if (!*is_noted)
        watch_event(media->world, "failed %s MSRP %d", media->world->sites[media->role].label,
                    msrp_sender_status(sender));
    *is_noted = true;
}

static bool ends_session(const struct msrp_sender *sender)
{
    return msrp_sender_state(sender) == MSRP_FAILED && msrp_status_ends_session(msrp_sender_status(sender));
}

static void media_end_nickname(struct media *media, int status)
{
    media->nickname_id[0] = 0;
    if (status != 200)
        watch_event(media->world, "failed %s MSRP %d to a nickname", media->world->sites[media->role].label, status);
}

/* What failed is told of once. The session is of no more use when both messages have been answered for good, or one
 * answer says so. */
static void media_check_failure(struct media *media, enum msrp_sender_state state, enum msrp_sender_state text)
{
    struct cause cause = media->leg->cause;
    bool is_over = ends_session(media->sender) || (media->text && ends_session(media->text));

    if (state == MSRP_FAILED)
        media_note_failure(media, media->sender, &media->has_failed);
    if (text == MSRP_FAILED)
        media_note_failure(media, media->text, &media->has_text_failed);
    if (!is_over && (state < MSRP_SENT || text < MSRP_SENT))
        return;
    if (state == MSRP_SENT)
        media->owner->sent(media->context, &cause);
    else
        media->owner->refused(media->context, msrp_sender_status(state == MSRP_FAILED ? media->sender : media->text),
                              &cause);
}

/* The session is over when every message has been answered. */
static void media_check_sender(struct media *media)
{
    enum msrp_sender_state state = msrp_sender_state(media->sender);
    enum msrp_sender_state text = media->text ? msrp_sender_state(media->text) : MSRP_SENT;

    if (media->nickname_id[0] != 0 && state == MSRP_SENT)
        state = MSRP_WAITING;
    if (state == MSRP_FAILED || text == MSRP_FAILED) {
        media_check_failure(media, state, text);
    } else if (state == MSRP_SENT && text == MSRP_SENT) {
        struct cause cause = media->leg->cause;

        media->owner->sent(media->context, &cause);
    }
}

static bool media_in_chunk(const struct media *media)
{
    return (media->sender && msrp_sender_in_chunk(media->sender)) || (media->text && msrp_sender_in_chunk(media->text));
}

/* Between two chunks: what is answered to the other end. */
static void media_write_due(struct media *media)
{
    struct cause cause = media->leg->cause;

    leg_push(media->leg);
    media->leg->cause = cause_feedback(&cause);
    for (; media->answers_due > 0; media->answers_due--)
        msrp_receiver_answer(media->receiver);
    leg_push(media->leg);
    media->leg->cause = cause;
    if (media->text && msrp_sender_state(media->text) == MSRP_SENDING)
        return;
    msrp_sender_resume(media->sender);
    msrp_sender_pump(media->sender, world_now(media->world));
}

/* The file, and once it has made way answers and the text, then the rest of the file. */
static void media_pump(struct media *media)
{
    int64_t now_ns = world_now(media->world);

    if (timer_armed(media->text_timer) || media->receiver) {
        media->pumped = media->leg->cause;
        media->pumped_ns = now_ns;
    }
    msrp_sender_pump(media->sender, now_ns);
    if (media->answers_due > 0 && !media_in_chunk(media))
        media_write_due(media);
    if (media->text && !msrp_sender_in_chunk(media->sender)) {
        msrp_sender_pump(media->text, now_ns);
        if (msrp_sender_state(media->text) != MSRP_SENDING) {
            msrp_sender_resume(media->sender);
            msrp_sender_pump(media->sender, now_ns);
        }
    }
    leg_push(media->leg);
    media_arm(media);
}

static void media_wake(struct engine *engine, void *context)
{
    struct media *media = context;

    msrp_sender_wake(media->sender, engine->now_ns);
    if (media->text)
        msrp_sender_wake(media->text, engine->now_ns);
    if (media->nickname_id[0] != 0 && engine->now_ns >= media->nickname_until_ns)
        media_end_nickname(media, 408);
    /* What is done about an answer that has not come is nobody's: it takes the file no further. */
    if (msrp_sender_state(media->sender) >= MSRP_SENT || (media->text && msrp_sender_state(media->text) == MSRP_FAILED))
        media->leg->cause = (struct cause){.transfer = 0};
    leg_push(media->leg);
    media_arm(media);
    media_check_sender(media);
}

/* ---- What comes in between ---- */

/* The sums of what has been sent last, and has waited in line since: what goes on with what comes in between would have
 * gone on without it. */
static struct cause media_waited(const struct media *media)
{
    struct cause cause = media->pumped;

    cause_charge(&cause, PART_QUEUEING, world_now(media->world) - media->pumped_ns);
    return cause;
}

/* A chunk that may be longer than 2,048 B makes way for it (RFC 4975 section 5.1). */
void media_write_answer(struct media *media, const struct cause *cause)
{
    if (!media_in_chunk(media)) {
        media->leg->cause = *cause;
        msrp_receiver_answer(media->receiver);
        leg_push(media->leg);
        return;
    }
    media->answers_due++;
    media->leg->cause = media_waited(media);
    msrp_sender_interrupt(media->sender, world_now(media->world));
    media_pump(media);
}

static void media_send_text(struct engine *engine, void *context)
{
    struct media *media = context;
    struct world *world = media->world;
    struct msrp_send_config config = {.to_path = media->send_path,
                                      .from_path = media->own_uri,
                                      .content_type = "text/plain",
                                      .body = {&media->text_source, 0, sizeof(text_typed) - 1},
                                      .identity = stream_place(media->own_uri) * 3 ^ world->trial->number,
                                      .timeout_ns = 30 * SECOND,
                                      .writer = leg_writer(media->leg)};
    enum msrp_sender_state state = msrp_sender_state(media->sender);

    if ((state != MSRP_SENDING && state != MSRP_WAITING) || channel_is_dead(media->leg->channel))
        return;
    media->text = msrp_sender_create(world->arena, &config);
    media->leg->cause = media_waited(media);
    msrp_sender_interrupt(media->sender, engine->now_ns);
    media_pump(media);
}

void media_init_sending(struct media *media)
{
    media->timer = world_timer(media->world, media, media_wake);
    media->text_timer = world_timer(media->world, media, media_send_text);
    media_init_second(media);
    media->text_source = source_memory(text_typed);
}

/* ---- A method that is not known ---- */

/* RFC 7701 section 5: a nickname. Who does not know the method answers 501, and the session goes on as it was (RFC 4975
 * section 10.9). */
static void media_ask_nickname(struct media *media)
{
    char text[2 * MEDIA_PATH_SIZE];
    struct sink request = SINK(text);

    msrp_ident_write(stream_place(media->own_uri) * 7 ^ media->world->trial->number, 0, media->nickname_id);
    struct msrp_head head = {.is_request = true,
                             .method = SPAN("NICKNAME"),
                             .transaction_id = {media->nickname_id, MSRP_IDENT_SIZE},
                             .to_path = span_of(media->send_path),
                             .from_path = span_of(media->own_uri)};

    msrp_write_head(&head, &request);
    sink_text(&request, "Use-Nickname: \"Alice\"\r\n");
    msrp_write_end(head.transaction_id, '$', &request);
    check(!request.overflow);
    media->nickname_until_ns = world_now(media->world) + 30 * SECOND;
    leg_write_text(media->leg, sink_written(&request), false);
}

/* True if the answer was to that. */
static bool media_nickname_answered(struct media *media, const struct msrp_head *head)
{
    if (head->is_request || media->nickname_id[0] == 0 ||
        !span_equal(head->transaction_id, (struct span){media->nickname_id, MSRP_IDENT_SIZE}))
        return false;
    media_end_nickname(media, head->status);
    return true;
}

/* ---- Beginning ---- */

/* The value of Failure-Report that the scenario asks for; NULL: the header is left out, which means yes. */
static const char *const failure_reports[] = {[FAILURE_REPORT_NO] = "no", [FAILURE_REPORT_PARTIAL] = "partial"};

/* Begins to send when there is both a body and a connection. */
void media_try_send(struct media *media, const struct cause *cause)
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
    if (scenario->asks_nickname)
        media_ask_nickname(media);
    media->sender = msrp_sender_create(world->arena, &config);
    msrp_sender_offer(media->sender, media->offered);
    world->moments.first_byte_ns = world_now(world);
    media_plan_second(media);
    if (scenario->text_after_ns > 0)
        timer_arm(media->text_timer, world_now(world) + scenario->text_after_ns);
    /* Nothing may come of it any more: no room, as all of it had, and no answer, as none was asked for. */
    media_heard(media);
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
void media_begin(struct media *media, const struct cause *cause)
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

void media_send(struct media *media, struct slice body, uint64_t offered, const char *content_type,
                const struct cause *cause)
{
    media->body = body;
    media->offered = offered;
    media->content_type = content_type;
    media->has_body = true;
    media_try_send(media, cause);
}

void media_offer(struct media *media, uint64_t offered, const struct cause *cause)
{
    media->offered = offered;
    if (!media->sender || msrp_sender_state(media->sender) != MSRP_SENDING)
        return;
    media->leg->cause = *cause;
    msrp_sender_offer(media->sender, offered);
    media_heard(media);
}

/* ---- Answers ---- */

void media_heard(struct media *media)
{
    if (!media->sender)
        return;
    media_pump(media);
    media_check_sender(media);
}

void media_answered(struct media *media, const struct msrp_head *head)
{
    struct msrp_sender *senders[] = {media->sender, media->text, media->opener};

    if (media_nickname_answered(media, head)) {
        media_heard(media);
        return;
    }
    media->leg->cause = cause_forward(&media->leg->cause);
    for (size_t i = 0; i < sizeof(senders) / sizeof(*senders); i++) {
        if (!senders[i])
            continue;
        if (head->is_request)
            msrp_sender_reported(senders[i], head);
        else
            msrp_sender_answered(senders[i], world_now(media->world), head);
    }
    media_heard(media);
}
