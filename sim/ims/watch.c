/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/watch.h"

enum { WATCH_BODY_MAX = 2048, WATCH_LABEL_MAX = 64 };

struct watched {
    struct watched *next;
    struct sim_message message;
    char label[WATCH_LABEL_MAX];
};

struct watch {
    const struct sim_tap *tap;
    struct watched *first, *last;
    uint64_t count;
};

void watch_init(struct world *world)
{
    const struct sim_tap *tap = world->trial->tap;

    if (!tap || (!tap->message && !tap->event))
        return;
    world->watch = arena_alloc(world->arena, sizeof(*world->watch));
    world->watch->tap = tap;
}

static struct span watch_copy_text(struct world *world, const struct watch_new *message)
{
    uint64_t body = message->body.length < WATCH_BODY_MAX ? message->body.length : WATCH_BODY_MAX;
    char *text = arena_alloc(world->arena, message->head.size + (size_t)body + 1);

    memcpy(text, message->head.data, message->head.size);
    if (body > 0)
        slice_read(message->body, 0, text + message->head.size, (size_t)body);
    return (struct span){text, message->head.size + (size_t)body};
}

struct watched *watch_sent(struct world *world, const struct watch_new *message)
{
    struct watch *watch = world->watch;

    if (!watch)
        return NULL;
    watch_event(world, "send %s %s %s %.*s %llu%s", world->sites[message->from].label, world->sites[message->to].label,
                message->protocol, (int)message->label.size, message->label.data, (unsigned long long)message->bytes,
                message->is_again ? " again" : "");
    struct watched *watched = arena_alloc(world->arena, sizeof(*watched));
    struct sink label = SINK(watched->label);

    sink_span(&label, message->label.size < WATCH_LABEL_MAX ? message->label
                                                            : (struct span){message->label.data, WATCH_LABEL_MAX - 1});
    watched->message = (struct sim_message){.number = ++watch->count,
                                            .sent_ns = world_now(world),
                                            .received_ns = NONE_NS,
                                            .from = world->sites[message->from].label,
                                            .to = world->sites[message->to].label,
                                            .protocol = message->protocol,
                                            .label = sink_written(&label),
                                            .bytes = message->bytes,
                                            .dwell_ns = NONE_NS,
                                            .is_again = message->is_again};
    if (watch->tap->wants_bytes)
        watched->message.text = watch_copy_text(world, message);
    if (watch->last)
        watch->last->next = watched;
    else
        watch->first = watched;
    watch->last = watched;
    return watched;
}

void watch_received(struct world *world, struct watched *watched)
{
    if (!watched || watched->message.received_ns != NONE_NS)
        return;
    watched->message.received_ns = world_now(world);
    watch_event(world, "recv %s %s %s %.*s", watched->message.to, watched->message.from, watched->message.protocol,
                (int)watched->message.label.size, watched->message.label.data);
}

void watch_acted(struct world *world, struct watched *watched)
{
    if (watched && watched->message.received_ns != NONE_NS && watched->message.dwell_ns == NONE_NS)
        watched->message.dwell_ns = world_now(world) - watched->message.received_ns;
}

void watch_event(struct world *world, const char *format, ...)
{
    struct watch *watch = world->watch;
    char text[512];
    struct sink sink = SINK(text);
    va_list list;

    if (!watch || !watch->tap->event || world->is_warming)
        return;
    va_start(list, format);
    sink_format_list(&sink, format, list);
    va_end(list);
    watch->tap->event(watch->tap->context, world_now(world), sink_written(&sink));
}

void watch_tell(struct world *world)
{
    if (!world->watch || !world->watch->tap->message)
        return;
    for (const struct watched *watched = world->watch->first; watched; watched = watched->next)
        world->watch->tap->message(world->watch->tap->context, &watched->message);
}
