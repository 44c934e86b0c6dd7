/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/channel_state.h"

struct listener {
    struct world *world;
    enum role role;
    bool is_tls, is_either;
    void *context;
    channel_accept_fn *accept;
    const struct channel_owner *owner;
};

static const struct tcp_owner channel_tcp_owner;

static struct tcp_config channel_tcp_config(const struct world *world)
{
    const struct scenario *scenario = world->scenario;
    struct tcp_config config = tcp_rfc;

    config.arena = world->arena;
    config.congestion = (enum tcp_congestion_kind)scenario->tcp_congestion;
    config.hystart = scenario->tcp_hystart ? &tcp_hystart_linux : NULL;
    config.reduces_window = scenario->tcp_loss_base == TCP_LOSS_WINDOW;
    config.has_rack = scenario->tcp_recovery == TCP_RECOVERY_RACK_TLP;
    config.has_linux_rack = scenario->tcp_rack_rules == TCP_RACK_LINUX;
    config.idle_restart = (enum tcp_idle_restart)scenario->tcp_idle_restart;
    config.has_quick_ack = scenario->tcp_quick_ack != 0;
    config.rto_spread_min_ns = scenario->tcp_rto_spread_min_ns;
    config.rack_margin_ns = scenario->tcp_rack_margin_ns;
    config.initial_window = (uint32_t)scenario->tcp_initial_window;
    config.send_buffer = scenario->tcp_buffer_bytes;
    config.receive_buffer = scenario->tcp_buffer_bytes;
    config.delayed_ack_ns = scenario->tcp_delayed_ack_ns;
    config.rto_min_ns = scenario->tcp_rto_min_ns;
    config.has_timestamps = scenario->tcp_timestamps != 0;
    return config;
}

struct channel *channel_tls_peer(const struct channel *channel)
{
    struct channel *peer = channel->other;

    while (peer && !peer->is_tls && peer->spliced)
        peer = peer->spliced->other;
    return peer;
}

struct channel *channel_far(const struct channel *channel)
{
    struct channel *far = channel->other;

    while (far && far->spliced)
        far = far->spliced->other;
    return far;
}

static struct channel *channel_create(struct world *world, enum role role, bool is_client, bool is_tls)
{
    struct channel *channel = arena_alloc(world->arena, sizeof(*channel));

    *channel = (struct channel){.world = world,
                                .next = world->channels_first,
                                .role = role,
                                .peer = ROLE_COUNT,
                                .is_client = is_client,
                                .is_tls = is_tls};
    rope_init(&channel->in, world->arena);
    rope_init(&channel->out, world->arena);
    rope_init(&channel->sealed, world->arena);
    rope_init(&channel->wire, world->arena);
    timer_init(&channel->barrier_timer, world->engine, channel, channel_barrier_due);
    world->channels_first = channel;
    return channel;
}

void channel_tell(struct channel *from, enum role to, const char *protocol, struct span label, uint64_t bytes)
{
    struct watch_new message = {
        .from = from->role, .to = to, .protocol = protocol, .label = label, .bytes = bytes, .head = label};

    channel_note_add(from, &from->notes, watch_sent(from->world, &message));
}

/* ---- Somebody on the way ---- */

static void channel_append(struct channel *channel, const void *bytes, size_t size);

static void written_put(void *context, struct span bytes)
{
    channel_append(context, bytes.data, bytes.size);
}

static void wired_put(void *context, struct span bytes)
{
    struct channel *channel = context;

    rope_append_bytes(&channel->wire, bytes.data, bytes.size);
}

static void channel_meet_tamperer(struct channel *channel)
{
    struct world *world = channel->world;

    switch (intercept_place(world, channel->role, channel->peer, channel->tls_end, channel->is_tls)) {
    case INTERCEPT_NOWHERE:
        break;
    case INTERCEPT_PLAIN:
        channel->on_plain = intercept_create(world, channel->role, channel->peer, false, channel, written_put);
        break;
    case INTERCEPT_WIRE:
        channel->on_wire = intercept_create(world, channel->role, channel->peer, false, channel, wired_put);
        break;
    case INTERCEPT_SEEN:
        channel->on_read = intercept_create(world, channel->role, channel->peer, true, channel, written_put);
        break;
    }
}

void channel_wire(struct channel *channel, struct span bytes)
{
    if (channel->on_wire)
        intercept_bytes(channel->on_wire, bytes);
    else
        rope_append_bytes(&channel->wire, bytes.data, bytes.size);
}

void channel_refuse(struct channel *channel, const struct cause *cause, const char *why)
{
    intercept_refused(channel->world, "TLS at %s: %s", channel->world->sites[channel->role].label, why);
    watch_event(channel->world, "alert %s %s", channel->world->sites[channel->role].label, why);
    channel_reset(channel, cause);
    if (channel->owner->ended)
        channel->owner->ended(channel->context, channel, TCP_END_RESET, cause);
}

/* ---- Opening ---- */

struct channel *channel_open(struct world *world, const struct channel_config *config, const struct cause *cause)
{
    struct channel *channel = channel_create(world, config->role, true, config->is_tls);
    uint32_t node = world->sites[config->role].node;
    uint16_t from_port = config->from_port ? config->from_port : net_free_port(world->net, node);
    struct tcp_config tcp = channel_tcp_config(world);
    struct cause forward = cause_forward(cause);

    channel->peer = config->peer;
    channel->end = config->has_gateways ? config->end : config->peer;
    channel->tls_end = config->gateways_pass_tls ? channel->end : config->peer;
    channel->by_fingerprint = config->by_fingerprint;
    channel->context = config->context;
    channel->owner = config->owner;
    channel->spliced = config->spliced;
    if (channel->spliced)
        channel->spliced->spliced = channel;
    channel_meet_tamperer(channel);
    if (config->is_tls)
        channel->tls = channel_tls_kind(channel);
    if (config->is_tls && world->wants_bytes)
        channel_make_pair(channel);
    channel_tell(channel, config->peer, "TCP", SPAN("SYN"), 0);
    channel->tcp = tcp_connect(world->net, node, from_port, world->sites[config->peer].node, config->port, &tcp,
                               channel, &channel_tcp_owner, &forward);
    return channel;
}

static void *channel_accept(void *context, struct tcp *tcp, uint32_t from_node, uint16_t from_port)
{
    struct listener *listener = context;
    struct world *world = listener->world;
    struct channel *client = tcp_peer_context(tcp);

    (void)from_node;
    (void)from_port;
    check(client != NULL);
    bool ends_tls = client->is_tls && client->tls_end == listener->role;
    bool is_tls = listener->is_either ? ends_tls : listener->is_tls;
    struct channel *channel = channel_create(world, listener->role, false, is_tls);

    channel->tcp = tcp;
    channel->peer = client->role;
    channel->owner = listener->owner;
    channel->other = client;
    client->other = channel;
    channel->end = channel_far(channel)->role;
    if (is_tls) {
        const struct channel *tls = channel_tls_peer(channel);

        channel->tls_end = tls->role;
        channel->by_fingerprint = tls->by_fingerprint;
        channel->tls = tls->tls;
        channel_join_pair(channel, channel_tls_peer(channel));
    }
    channel_meet_tamperer(channel);
    watch_received(world, channel_note_take(client));
    channel_tell(channel, client->role, "TCP", SPAN("SYN, ACK"), 0);
    channel->context = listener->accept(listener->context, channel);
    return channel;
}

static void listen(const struct listener *config, uint16_t port)
{
    struct world *world = config->world;
    struct listener *listener = arena_alloc(world->arena, sizeof(*listener));
    struct tcp_config tcp = channel_tcp_config(world);

    *listener = *config;
    tcp_listen(world->net, world->sites[config->role].node, port, &tcp, listener, channel_accept, &channel_tcp_owner);
}

void channel_listen(struct world *world, enum role role, uint16_t port, bool is_tls, void *context,
                    channel_accept_fn *accept, const struct channel_owner *owner)
{
    listen(&(struct listener){world, role, is_tls, false, context, accept, owner}, port);
}

void channel_listen_either(struct world *world, enum role role, uint16_t port, void *context, channel_accept_fn *accept,
                           const struct channel_owner *owner)
{
    listen(&(struct listener){world, role, false, true, context, accept, owner}, port);
}

void channel_listen_end(struct world *world, enum role role, uint16_t port)
{
    tcp_listen_end(world->net, world->sites[role].node, port);
}

struct cause channel_opening(const struct channel *channel)
{
    return tcp_opening(channel->tcp);
}

struct world *channel_world(const struct channel *channel)
{
    return channel->world;
}

enum role channel_peer(const struct channel *channel)
{
    return channel->peer;
}

enum role channel_end(const struct channel *channel)
{
    return channel->end;
}

enum role channel_role(const struct channel *channel)
{
    return channel->role;
}

bool channel_is_passive(const struct channel *channel)
{
    return !channel->is_client;
}

bool channel_has_tls(const struct channel *channel)
{
    return channel->is_tls;
}

bool channels_are_ready(const struct world *world)
{
    for (const struct channel *channel = world->channels_first; channel; channel = channel->next)
        if (!channel_is_ready(channel) && !channel_is_dead(channel))
            return false;
    return true;
}

bool channel_is_ready(const struct channel *channel)
{
    return channel->state == CHANNEL_READY;
}

bool channel_is_dead(const struct channel *channel)
{
    return channel->state == CHANNEL_DEAD;
}

/* ---- Writing ---- */

/* What goes out carries the sums of what lets it go. Where that is nobody's (a handshake that began before the press),
 * what was written has waited in line for it. */
struct cause channel_cause(const struct channel *channel, const struct cause *cause)
{
    struct cause own = *cause;

    if (cause->transfer == 0 && channel->pushed.transfer != 0) {
        own = channel->pushed;
        cause_charge(&own, PART_QUEUEING, world_now(channel->world) - channel->pushed_ns);
    }
    return channel->acknowledges ? cause_feedback(&own) : cause_forward(&own);
}

uint64_t channel_room(struct channel *channel)
{
    uint64_t waiting = rope_length(&channel->out) + rope_length(&channel->wire);
    uint64_t limit = TLS_WAITING_MAX;

    if (!channel->is_tls)
        limit = channel->state == CHANNEL_READY ? tcp_room(channel->tcp) : channel->world->scenario->tcp_buffer_bytes;
    uint64_t room = waiting < limit ? limit - waiting : 0;

    if (room == 0)
        channel->wants_room = true;
    return room;
}

/* Hands to TCP what it has room for, and lets go what was appended there. Filling the room makes TCP tell when there is
 * some again. */
void channel_flush(struct channel *channel, const struct cause *cause)
{
    if (rope_length(&channel->wire) == 0 && !channel->has_appended && !channel->finishes)
        return;
    struct cause own = channel_cause(channel, cause);
    uint64_t waiting = channel->is_tls ? rope_length(&channel->wire) : channel_open_bytes(channel, &channel->wire);
    uint64_t room = waiting > 0 ? tcp_room(channel->tcp) : 0;
    uint64_t until = channel->wire.begin + (waiting < room ? waiting : room);

    if (until > channel->wire.begin) {
        tcp_write_rope(channel->tcp, &channel->wire, channel->wire.begin, until, &own);
        rope_release(&channel->wire, until);
    } else if (channel->has_appended || !channel->barriers) {
        tcp_push(channel->tcp, &own);
    }
    channel->has_appended = false;
    if (rope_length(&channel->wire) > 0)
        return;
    if (channel->finishes && !channel->has_finished && rope_length(&channel->out) == 0 && !channel->is_sealing) {
        channel->has_finished = true;
        tcp_finish(channel->tcp, &own);
    }
}

void channel_offer_room(struct channel *channel, const struct cause *cause)
{
    if (!channel->wants_room || channel->state != CHANNEL_READY || channel_room(channel) == 0)
        return;
    channel->wants_room = false;
    if (channel->owner->writable)
        channel->owner->writable(channel->context, channel, cause);
}

/* What is written behind the end, an answer that was still being worked on, goes nowhere. */
static bool channel_is_closed(const struct channel *channel)
{
    return channel->state == CHANNEL_DEAD || channel->finishes;
}

/* How many of size bytes TCP takes without a detour: there is room for them, and nothing waits before them. */
static uint64_t channel_straight(struct channel *channel, uint64_t size)
{
    if (channel->is_tls || channel->on_wire || channel->state != CHANNEL_READY || rope_length(&channel->wire) > 0 ||
        channel->barriers)
        return 0;
    uint64_t room = tcp_room(channel->tcp);

    channel->has_appended = true;
    return size < room ? size : room;
}

/* What this end writes, as it leaves it. */
static void channel_append(struct channel *channel, const void *bytes, size_t size)
{
    uint64_t straight = channel_straight(channel, size);
    const char *rest = (const char *)bytes + straight;

    if (straight > 0)
        tcp_append_bytes(channel->tcp, bytes, straight);
    if (straight == size)
        return;
    if (channel->is_tls)
        rope_append_bytes(&channel->out, rest, size - straight);
    else
        channel_wire(channel, (struct span){rest, size - straight});
}

void channel_write(struct channel *channel, struct slice slice, bool acknowledges)
{
    if (slice.length == 0 || channel_is_closed(channel))
        return;
    channel->written += slice.length;
    channel->acknowledges = acknowledges;
    if (channel->on_read)
        intercept_slice(channel->on_read, slice);
    if (channel->on_plain) {
        intercept_slice(channel->on_plain, slice);
        return;
    }
    if (channel->on_wire && !channel->is_tls) {
        intercept_slice(channel->on_wire, slice);
        return;
    }
    uint64_t straight = channel_straight(channel, slice.length);

    if (straight > 0)
        tcp_append(channel->tcp, slice_part(slice, 0, straight));
    if (straight < slice.length)
        rope_append(channel->is_tls ? &channel->out : &channel->wire,
                    slice_part(slice, straight, slice.length - straight));
}

void channel_write_bytes(struct channel *channel, const void *bytes, size_t size, bool acknowledges)
{
    if (size == 0 || channel_is_closed(channel))
        return;
    channel->written += size;
    channel->acknowledges = acknowledges;
    if (channel->on_read)
        intercept_bytes(channel->on_read, (struct span){bytes, size});
    if (channel->on_plain)
        intercept_bytes(channel->on_plain, (struct span){bytes, size});
    else
        channel_append(channel, bytes, size);
}

void channel_push(struct channel *channel, const struct cause *cause)
{
    channel->pushed = *cause;
    channel->pushed_ns = world_now(channel->world);
    if (channel->state != CHANNEL_READY)
        return;
    if (channel->is_tls)
        channel_seal_next(channel, cause);
    else
        channel_flush(channel, cause);
}

void channel_finish(struct channel *channel, const struct cause *cause)
{
    if (channel->state == CHANNEL_DEAD)
        return;
    channel->finishes = true;
    if (channel->state == CHANNEL_READY)
        channel_flush(channel, cause);
}

void channel_reset(struct channel *channel, const struct cause *cause)
{
    if (channel->state == CHANNEL_DEAD)
        return;
    channel->state = CHANNEL_DEAD;
    tcp_reset(channel->tcp, cause);
}

void channel_abort(struct channel *channel, const struct cause *cause)
{
    if (!tcp_is_over(channel->tcp))
        channel_reset(channel, cause);
}

/* ---- Reading ---- */

struct rope *channel_in(struct channel *channel)
{
    return channel->is_tls ? &channel->in : tcp_received(channel->tcp);
}

void channel_release(struct channel *channel, uint64_t offset, const struct cause *cause)
{
    if (!channel->is_tls) {
        tcp_release(channel->tcp, offset, cause);
        return;
    }
    rope_release(&channel->in, offset);
    if (channel->is_full)
        channel_open_next(channel, cause);
}

void channel_ready(struct channel *channel, const struct cause *cause)
{
    channel->state = CHANNEL_READY;
    channel_notes_follow(channel);
    if (channel->owner->ready)
        channel->owner->ready(channel->context, channel, cause);
    if (channel->is_tls) {
        channel_seal_next(channel, cause);
        channel_open_next(channel, cause);
    } else {
        channel_flush(channel, cause);
    }
    channel_offer_room(channel, cause);
}

/* ---- What TCP tells ---- */

static void channel_tcp_established(void *context, struct tcp *tcp, const struct cause *cause)
{
    struct channel *channel = context;

    channel->tcp = tcp;
    if (channel->is_client && channel->other)
        watch_received(channel->world, channel_note_take(channel->other));
    if (!channel->is_tls) {
        channel_ready(channel, cause);
        return;
    }
    channel->state = CHANNEL_HANDSHAKE;
    if (channel->is_client)
        channel_greet(channel, cause);
    else
        channel_handshake(channel, cause);
}

static void channel_tcp_received(void *context, struct tcp *tcp, const struct cause *cause)
{
    struct channel *channel = context;

    (void)tcp;
    if (channel->state == CHANNEL_HANDSHAKE)
        channel_handshake(channel, cause);
    else if (channel->state == CHANNEL_READY && channel->is_tls)
        channel_open_next(channel, cause);
    else if (channel->state == CHANNEL_READY && channel->owner->received)
        channel->owner->received(channel->context, channel, cause);
}

static void channel_tcp_writable(void *context, struct tcp *tcp, const struct cause *cause)
{
    struct channel *channel = context;

    (void)tcp;
    if (channel->state != CHANNEL_READY)
        return;
    channel_flush(channel, cause);
    channel_seal_next(channel, cause);
    channel_offer_room(channel, cause);
}

static void channel_tcp_ended(void *context, struct tcp *tcp, enum tcp_end how, const struct cause *cause)
{
    struct channel *channel = context;

    (void)tcp;
    if (channel->state == CHANNEL_DEAD)
        return;
    if (how != TCP_END_FIN)
        channel->state = CHANNEL_DEAD;
    if (channel->owner->ended)
        channel->owner->ended(channel->context, channel, how, cause);
}

static const struct tcp_owner channel_tcp_owner = {.established = channel_tcp_established,
                                                   .received = channel_tcp_received,
                                                   .writable = channel_tcp_writable,
                                                   .ended = channel_tcp_ended};
