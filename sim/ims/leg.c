/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/leg.h"

enum { STATUS_SIZE = 7 }; /* of a REPORT, without the comment: "000 200" */

struct leg_listener {
    struct world *world;
    void *context;
    leg_accept_fn *accept;
    const struct leg_owner *owner;
};

static const struct channel_owner leg_channel_owner;

/* ---- Reading ---- */

static void leg_head(void *context, const struct msrp_head *head)
{
    struct leg *leg = context;

    leg->owner->head(leg->context, leg, head);
}

static void leg_body(void *context, uint64_t at, struct slice slice)
{
    struct leg *leg = context;

    leg->owner->body(leg->context, leg, at, slice);
}

static void leg_end(void *context, char flag)
{
    struct leg *leg = context;

    leg->incoming = channel_note_received(leg->channel);
    watch_received(leg->world, leg->incoming);
    leg->owner->end(leg->context, leg, flag);
}

static const struct msrp_reader_events leg_reader_events = {.head = leg_head, .body = leg_body, .end = leg_end};

void leg_read(struct leg *leg)
{
    struct cause cause = leg->cause;
    uint64_t released;

    if (leg->is_reading || channel_is_dead(leg->channel) || !channel_is_ready(leg->channel))
        return;
    if (leg->owner->may_read && !leg->owner->may_read(leg->context, leg))
        return;
    leg->is_reading = true;
    enum err error = msrp_reader_take(leg->reader, channel_in(leg->channel), &released);

    leg->is_reading = false;
    if (error != ERR_OK && error != ERR_MORE) {
        channel_reset(leg->channel, &cause);
        leg->owner->ended(leg->context, leg, TCP_END_RESET);
        return;
    }
    if (!channel_is_dead(leg->channel))
        channel_release(leg->channel, released, &cause);
    if (leg->owner->taken) {
        leg->cause = cause;
        leg->owner->taken(leg->context, leg);
    }
}

static void leg_received(void *context, struct channel *channel, const struct cause *cause)
{
    struct leg *leg = context;

    (void)channel;
    leg->cause = *cause;
    leg_read(leg);
}

static void leg_ready(void *context, struct channel *channel, const struct cause *cause)
{
    struct leg *leg = context;

    (void)channel;
    leg->cause = *cause;
    if (leg->owner->ready)
        leg->owner->ready(leg->context, leg);
}

static void leg_writable(void *context, struct channel *channel, const struct cause *cause)
{
    struct leg *leg = context;

    (void)channel;
    leg->cause = cause_forward(cause);
    leg->owner->writable(leg->context, leg);
}

static void leg_ended(void *context, struct channel *channel, enum tcp_end how, const struct cause *cause)
{
    struct leg *leg = context;

    (void)channel;
    leg->cause = *cause;
    leg->owner->ended(leg->context, leg, how);
}

static const struct channel_owner leg_channel_owner = {
    .ready = leg_ready, .received = leg_received, .writable = leg_writable, .ended = leg_ended};

/* ---- Opening ---- */

static struct leg *leg_create(struct world *world, void *context, const struct leg_owner *owner)
{
    struct leg *leg = arena_alloc(world->arena, sizeof(*leg));

    leg->world = world;
    leg->context = context;
    leg->owner = owner;
    leg->reader = msrp_reader_create(world->arena, leg, &leg_reader_events);
    return leg;
}

struct leg *leg_open(struct world *world, const struct channel_config *config, const struct leg_owner *owner,
                     const struct cause *cause)
{
    struct leg *leg = leg_create(world, config->context, owner);
    struct channel_config own = *config;

    own.context = leg;
    own.owner = &leg_channel_owner;
    leg->cause = *cause;
    leg->channel = channel_open(world, &own, cause);
    return leg;
}

static void *leg_accept(void *context, struct channel *channel)
{
    struct leg_listener *listener = context;
    struct leg *leg = leg_create(listener->world, NULL, listener->owner);

    leg->channel = channel;
    leg->context = listener->accept(listener->context, leg);
    return leg;
}

void leg_listen(struct world *world, enum role role, bool is_tls, void *context, leg_accept_fn *accept,
                const struct leg_owner *owner)
{
    struct leg_listener *listener = arena_alloc(world->arena, sizeof(*listener));

    *listener = (struct leg_listener){world, context, accept, owner};
    channel_listen(world, role, world->sites[role].msrp_port, is_tls, listener, leg_accept, &leg_channel_owner);
}

/* ---- Writing ---- */

/* "SEND 1-2048/4096", "200 (SEND)", "REPORT 000 200": what a ladder shows. A response does not name its method: it is
 * known here only that a response without Use-Path and challenge answers a SEND, unless it does not know the method. */
static void leg_label(const struct msrp_head *head, struct sink *label)
{
    if (head->is_request) {
        sink_span(label, head->method);
        if (head->report_status.size >= STATUS_SIZE) {
            sink_char(label, ' ');
            sink_span(label, (struct span){head->report_status.data, STATUS_SIZE});
        } else if (head->has_range) {
            sink_char(label, ' ');
            msrp_write_byte_range(head->range, label);
        }
        return;
    }
    bool is_auth = head->status == 401 || head->use_path.size > 0;

    sink_number(label, (uint64_t)head->status);
    if (head->status != 501)
        sink_text(label, is_auth ? " (AUTH)" : " (SEND)");
}

/* "SEND", "SEND/200", "AUTH/401": what schedules call a message. */
static void leg_kind(const struct msrp_head *head, struct sink *kind)
{
    bool is_auth = head->status == 401 || head->use_path.size > 0;

    if (head->is_request)
        sink_span(kind, head->method);
    else
        sink_format(kind, "%s/%d", is_auth ? "AUTH" : "SEND", head->status);
}

/* Every message begins with one write that holds its head. */
static void leg_note(struct leg *leg, struct span text)
{
    struct msrp_head head;
    size_t size;
    char label_text[64], kind_text[64];
    struct sink label = SINK(label_text), kind = SINK(kind_text);
    bool is_wanted = leg->world->watch || leg->world->trial->schedule;

    if (!is_wanted || !span_starts(text, SPAN("MSRP ")) || msrp_parse_head(text, &head, &size) != ERR_OK)
        return;
    uint64_t bytes = text.size;

    if (head.is_request && head.has_body && head.has_range && head.range.end != MSRP_RANGE_STAR)
        bytes = size + (head.range.end + 1 - head.range.start) + 2 + 7 + head.transaction_id.size + 3;
    leg_label(&head, &label);
    struct watch_new message = {.from = channel_role(leg->channel),
                                .to = channel_end(leg->channel),
                                .protocol = "MSRP",
                                .label = sink_written(&label),
                                .bytes = bytes,
                                .head = text};

    channel_note_sent(leg->channel, watch_sent(leg->world, &message));
    leg_kind(&head, &kind);
    channel_gate(leg->channel, channel_end(leg->channel), sink_written(&kind));
}

static uint64_t writer_room(void *context)
{
    struct leg *leg = context;

    return channel_is_dead(leg->channel) ? 0 : channel_room(leg->channel);
}

static void writer_bytes(void *context, const void *bytes, size_t size, bool acknowledges)
{
    struct leg *leg = context;

    leg_note(leg, (struct span){bytes, size});
    channel_write_bytes(leg->channel, bytes, size, acknowledges);
}

static void writer_slice(void *context, struct slice slice, bool acknowledges)
{
    struct leg *leg = context;

    channel_write(leg->channel, slice, acknowledges);
}

struct msrp_writer leg_writer(struct leg *leg)
{
    return (struct msrp_writer){leg, writer_room, writer_bytes, writer_slice};
}

void leg_write_text(struct leg *leg, struct span text, bool acknowledges)
{
    writer_bytes(leg, text.data, text.size, acknowledges);
    leg_push(leg);
}

void leg_push(struct leg *leg)
{
    channel_push(leg->channel, &leg->cause);
}

enum role leg_role_of_uri(const struct world *world, struct span text)
{
    struct msrp_uri uri;

    if (msrp_parse_uri(text, &uri) != ERR_OK)
        return ROLE_COUNT;
    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct site *site = &world->sites[role];

        if (site->label && site->msrp_port == uri.port && span_equal_nocase(uri.host, span_of(site->host_name)))
            return (enum role)role;
    }
    return ROLE_COUNT;
}
