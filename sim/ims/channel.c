/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/channel.h"
#include "sim/sec/tls.h"

enum {
    TLS_HEADER = 5,
    TLS_TRAILER = TLS_RECORD_OVERHEAD - TLS_HEADER,
    TLS_WAITING_MAX = 4 * TLS_RECORD_MAX, /* plaintext that an end takes before it is sealed, or has opened */
    CHANNEL_NOTES = 8,
};

enum channel_state { CHANNEL_CONNECTING, CHANNEL_HANDSHAKE, CHANNEL_READY, CHANNEL_DEAD };

struct listener {
    struct world *world;
    enum role role;
    bool is_tls;
    void *context;
    channel_accept_fn *accept;
    const struct channel_owner *owner;
};

/* Messages under way in one direction, oldest first: a ring that grows. */
struct notes {
    struct watched **ring;
    uint32_t capacity, first, end;
};

struct channel {
    struct world *world;
    struct channel *next;  /* of the world's streams */
    struct channel *other; /* the other end */
    struct tcp *tcp;
    void *context;
    const struct channel_owner *owner;
    enum role role, peer;
    enum channel_state state;
    bool is_client, is_tls;
    bool is_sealing, is_opening; /* a record is with the CPU */
    bool wants_room;
    bool has_appended; /* TCP has bytes that wait for the push */
    bool is_full;        /* records wait until the owner has read what was opened */
    bool acknowledges;   /* what was written last only acknowledges */
    struct cause pushed; /* sums of the last push, and when it was */
    int64_t pushed_ns;
    bool finishes;     /* FIN when everything has been handed to TCP */
    bool has_finished; /* it has been */
    int64_t syn_ns;
    struct rope in;   /* TLS: plaintext received */
    struct rope out;  /* TLS: plaintext to be sealed */
    struct rope wire; /* bytes that TCP had no room for, or no connection yet */
    uint64_t sealing_bytes, opening_bytes;
    struct tls_context *context_tls; /* of a client's end where bytes are real */
    struct tls_pair *pair;
    struct notes notes; /* of what this end sent */
};

static const struct tcp_owner channel_tcp_owner;

static void channel_flush(struct channel *channel, const struct cause *cause);
static void channel_seal_next(struct channel *channel, const struct cause *cause);
static void channel_open_next(struct channel *channel, const struct cause *cause);

static struct tcp_config channel_tcp_config(const struct scenario *scenario)
{
    struct tcp_config config = tcp_rfc;

    config.initial_window = (uint32_t)scenario->tcp_initial_window;
    config.send_buffer = scenario->tcp_buffer_bytes;
    config.receive_buffer = scenario->tcp_buffer_bytes;
    config.delayed_ack_ns = scenario->tcp_delayed_ack_ns;
    config.rto_min_ns = scenario->tcp_rto_min_ns;
    config.has_timestamps = scenario->tcp_timestamps != 0;
    return config;
}

static struct channel *channel_create(struct world *world, enum role role, bool is_client, bool is_tls)
{
    struct channel *channel = arena_alloc(world->arena, sizeof(*channel));

    *channel = (struct channel){.world = world,
                                .next = world->channels_first,
                                .role = role,
                                .peer = ROLE_COUNT,
                                .is_client = is_client,
                                .is_tls = is_tls,
                                .syn_ns = NONE_NS};
    rope_init(&channel->in, world->arena);
    rope_init(&channel->out, world->arena);
    rope_init(&channel->wire, world->arena);
    world->channels_first = channel;
    return channel;
}

static void channel_tell(struct channel *from, enum role to, const char *protocol, struct span label, uint64_t bytes)
{
    struct watch_new message = {
        .from = from->role, .to = to, .protocol = protocol, .label = label, .bytes = bytes, .head = label};

    channel_note_sent(from, watch_sent(from->world, &message));
}

/* Keys and secrets of a connection whose bytes are real. */
static void channel_make_pair(struct channel *channel)
{
    struct world *world = channel->world;
    const struct party_set *parties = world->trial->parties;
    struct note note = {{0}};
    struct tls_config config = {.server = party_set_server(parties, span_of(world->sites[channel->peer].host_name)),
                                .authority = &parties->authority[PARTY_EC],
                                .at_s = SIM_EPOCH_S};

    check(config.server != NULL);
    channel->context_tls = arena_alloc(world->arena, sizeof(*channel->context_tls));
    enum err error = tls_context_init(channel->context_tls, &config, &note);

    check(error == ERR_OK);
    error = tls_pair_create(&channel->pair, world->arena, channel->context_tls, world->trial->tap->secret,
                            world->trial->tap->context, &note);
    check(error == ERR_OK);
}

struct channel *channel_open(struct world *world, const struct channel_config *config, const struct cause *cause)
{
    struct channel *channel = channel_create(world, config->role, true, config->is_tls);
    uint32_t node = world->sites[config->role].node;
    uint16_t from_port = config->from_port ? config->from_port : net_free_port(world->net, node);
    struct tcp_config tcp = channel_tcp_config(world->scenario);
    struct cause forward = cause_forward(cause);

    channel->peer = config->peer;
    channel->context = config->context;
    channel->owner = config->owner;
    channel->syn_ns = world_now(world);
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
    struct channel *client = world->channels_first;

    while (client) {
        struct tcp_info info = {0};

        if (client->is_client && client->tcp)
            info = tcp_info(client->tcp);
        if (client->is_client && client->tcp && info.node == from_node && info.port == from_port)
            break;
        client = client->next;
    }
    check(client != NULL);
    struct channel *channel = channel_create(world, listener->role, false, listener->is_tls);

    channel->tcp = tcp;
    channel->peer = client->role;
    channel->owner = listener->owner;
    channel->other = client;
    channel->pair = client->pair;
    channel->syn_ns = client->syn_ns;
    client->other = channel;
    watch_received(world, channel_note_received(channel));
    channel_tell(channel, client->role, "TCP", SPAN("SYN, ACK"), 0);
    channel->context = listener->accept(listener->context, channel);
    return channel;
}

void channel_listen(struct world *world, enum role role, uint16_t port, bool is_tls, void *context,
                    channel_accept_fn *accept, const struct channel_owner *owner)
{
    struct listener *listener = arena_alloc(world->arena, sizeof(*listener));
    struct tcp_config config = channel_tcp_config(world->scenario);

    *listener = (struct listener){world, role, is_tls, context, accept, owner};
    tcp_listen(world->net, world->sites[role].node, port, &config, listener, channel_accept, &channel_tcp_owner);
}

struct world *channel_world(const struct channel *channel)
{
    return channel->world;
}

enum role channel_peer(const struct channel *channel)
{
    return channel->peer;
}

enum role channel_role(const struct channel *channel)
{
    return channel->role;
}

bool channel_is_passive(const struct channel *channel)
{
    return !channel->is_client;
}

bool channel_is_ready(const struct channel *channel)
{
    return channel->state == CHANNEL_READY;
}

bool channel_is_dead(const struct channel *channel)
{
    return channel->state == CHANNEL_DEAD;
}

int64_t channel_syn_ns(const struct channel *channel)
{
    return channel->syn_ns;
}

/* ---- Writing ---- */

/* What goes out carries the sums of what lets it go. Where that is nobody's (a handshake that began before the press),
 * what was written has waited in line for it. */
static struct cause channel_cause(const struct channel *channel, const struct cause *cause)
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
static void channel_flush(struct channel *channel, const struct cause *cause)
{
    if (rope_length(&channel->wire) == 0 && !channel->has_appended && !channel->finishes)
        return;
    struct cause own = channel_cause(channel, cause);
    uint64_t waiting = rope_length(&channel->wire), room = waiting > 0 ? tcp_room(channel->tcp) : 0;
    uint64_t until = channel->wire.begin + (waiting < room ? waiting : room);

    if (until > channel->wire.begin) {
        tcp_write_rope(channel->tcp, &channel->wire, channel->wire.begin, until, &own);
        rope_release(&channel->wire, until);
    } else {
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

static void channel_offer_room(struct channel *channel, const struct cause *cause)
{
    if (!channel->wants_room || channel->state != CHANNEL_READY || channel_room(channel) == 0)
        return;
    channel->wants_room = false;
    if (channel->owner->writable)
        channel->owner->writable(channel->context, channel, cause);
}

static void channel_write_record(struct channel *channel)
{
    uint64_t size = channel->sealing_bytes;
    uint64_t from = channel->out.begin;

    if (channel->pair) {
        uint8_t plaintext[TLS_RECORD_MAX], record[TLS_SEALED_MAX];

        rope_read(&channel->out, from, plaintext, size);
        enum err error = tls_pair_seal(channel->pair, channel->is_client, (struct span){(char *)plaintext, size},
                                       record, sizeof(record));

        check(error == ERR_OK);
        rope_append_bytes(&channel->wire, record, size + TLS_RECORD_OVERHEAD);
    } else {
        uint8_t header[TLS_HEADER] = {23, 3, 3, 0, 0}, trailer[TLS_TRAILER] = {23};
        uint64_t fragment = size + TLS_TRAILER;

        header[3] = (uint8_t)(fragment >> 8);
        header[4] = (uint8_t)fragment;
        rope_append_bytes(&channel->wire, header, sizeof(header));
        rope_append_rope(&channel->wire, &channel->out, from, from + size);
        rope_append_bytes(&channel->wire, trailer, sizeof(trailer));
    }
    rope_release(&channel->out, from + size);
}

static void channel_sealed(void *context, const struct cause *cause)
{
    struct channel *channel = context;

    channel->is_sealing = false;
    if (channel->state == CHANNEL_DEAD)
        return;
    channel_write_record(channel);
    channel_flush(channel, cause);
    channel_seal_next(channel, cause);
    channel_offer_room(channel, cause);
}

/* The next record goes to the CPU, unless one is there or TCP has not taken the last one. */
static void channel_seal_next(struct channel *channel, const struct cause *cause)
{
    uint64_t size = rope_length(&channel->out);

    if (channel->is_sealing || channel->state != CHANNEL_READY || size == 0 || rope_length(&channel->wire) > 0)
        return;
    struct cause own = channel_cause(channel, cause);

    channel->is_sealing = true;
    channel->sealing_bytes = size < TLS_RECORD_MAX ? size : TLS_RECORD_MAX;
    site_crypto(channel->world, channel->role, COST_TLS_RECORD_SEAL, channel->sealing_bytes, &own, channel,
                channel_sealed);
}

/* What is written behind the end, an answer that was still being worked on, goes nowhere. */
static bool channel_is_closed(const struct channel *channel)
{
    return channel->state == CHANNEL_DEAD || channel->finishes;
}

/* How many of size bytes TCP takes without a detour: there is room for them, and nothing waits before them. */
static uint64_t channel_straight(struct channel *channel, uint64_t size)
{
    if (channel->is_tls || channel->state != CHANNEL_READY || rope_length(&channel->wire) > 0)
        return 0;
    uint64_t room = tcp_room(channel->tcp);

    channel->has_appended = true;
    return size < room ? size : room;
}

void channel_write(struct channel *channel, struct slice slice, bool acknowledges)
{
    if (slice.length == 0 || channel_is_closed(channel))
        return;
    uint64_t straight = channel_straight(channel, slice.length);

    if (straight > 0)
        tcp_append(channel->tcp, slice_part(slice, 0, straight));
    if (straight < slice.length)
        rope_append(channel->is_tls ? &channel->out : &channel->wire,
                    slice_part(slice, straight, slice.length - straight));
    channel->acknowledges = acknowledges;
}

void channel_write_bytes(struct channel *channel, const void *bytes, size_t size, bool acknowledges)
{
    if (size == 0 || channel_is_closed(channel))
        return;
    uint64_t straight = channel_straight(channel, size);

    if (straight > 0)
        tcp_append_bytes(channel->tcp, bytes, straight);
    if (straight < size)
        rope_append_bytes(channel->is_tls ? &channel->out : &channel->wire, (const char *)bytes + straight,
                          size - straight);
    channel->acknowledges = acknowledges;
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

static void channel_read_record(struct channel *channel, const struct cause *cause)
{
    struct rope *wire = tcp_received(channel->tcp);
    uint64_t from = wire->begin, size = channel->opening_bytes;

    if (channel->pair) {
        uint8_t record[TLS_SEALED_MAX], plaintext[TLS_RECORD_MAX];
        size_t opened = 0;

        rope_read(wire, from, record, size + TLS_RECORD_OVERHEAD);
        enum err error =
            tls_pair_open(channel->pair, channel->is_client, (struct span){(char *)record, size + TLS_RECORD_OVERHEAD},
                          plaintext, sizeof(plaintext), &opened);

        check(error == ERR_OK && opened == size);
        rope_append_bytes(&channel->in, plaintext, opened);
    } else {
        rope_append_rope(&channel->in, wire, from + TLS_HEADER, from + TLS_HEADER + size);
    }
    tcp_release(channel->tcp, from + size + TLS_RECORD_OVERHEAD, cause);
}

static void channel_opened(void *context, const struct cause *cause)
{
    struct channel *channel = context;

    channel->is_opening = false;
    if (channel->state == CHANNEL_DEAD)
        return;
    channel_read_record(channel, cause);
    if (channel->owner->received)
        channel->owner->received(channel->context, channel, cause);
    channel_open_next(channel, cause);
}

/* A whole record goes to the CPU to be opened, unless one is there or the owner does not read. */
static void channel_open_next(struct channel *channel, const struct cause *cause)
{
    uint8_t header[TLS_HEADER];

    if (channel->is_opening || channel->state != CHANNEL_READY)
        return;
    channel->is_full = rope_length(&channel->in) >= TLS_WAITING_MAX;
    if (channel->is_full)
        return;
    struct rope *wire = tcp_received(channel->tcp);

    if (rope_length(wire) < TLS_HEADER)
        return;
    rope_read(wire, wire->begin, header, sizeof(header));
    uint64_t fragment = (uint64_t)header[3] << 8 | header[4];

    check(header[0] == 23 && fragment > TLS_TRAILER - 1);
    if (rope_length(wire) < TLS_HEADER + fragment)
        return;
    channel->is_opening = true;
    channel->opening_bytes = fragment - TLS_TRAILER;
    site_crypto(channel->world, channel->role, COST_TLS_RECORD_OPEN, channel->opening_bytes, cause, channel,
                channel_opened);
}

/* ---- Handshakes ---- */

static void channel_ready(struct channel *channel, const struct cause *cause)
{
    channel->state = CHANNEL_READY;
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

static const char *const flight_labels[TLS_FLIGHT_COUNT] = {"ClientHello", "ServerHello..Finished", "Finished"};

static void channel_send_flight(struct channel *channel, enum tls_flight flight, const struct cause *cause)
{
    uint64_t size = tls_flight_size(flight, false);
    struct cause forward = cause_forward(cause);

    channel_tell(channel, channel->peer, "TLS", span_of(flight_labels[flight]), size);
    if (channel->pair) {
        struct span bytes = tls_pair_flight(channel->pair, flight);

        check(bytes.size == size);
        tcp_write_bytes(channel->tcp, bytes.data, bytes.size, &forward);
    } else {
        tcp_write(channel->tcp, (struct slice){&source_pattern, 0, size}, &forward);
    }
}

static void channel_client_worked(void *context, const struct cause *cause)
{
    struct channel *channel = context;

    if (channel->state == CHANNEL_DEAD)
        return;
    channel_send_flight(channel, TLS_CLIENT_FINISHED, cause);
    channel_ready(channel, cause);
}

static void channel_server_worked(void *context, const struct cause *cause)
{
    struct channel *channel = context;

    if (channel->state != CHANNEL_DEAD)
        channel_send_flight(channel, TLS_SERVER_FLIGHT, cause);
}

/* Takes the flight this end waits for once it is whole. A server waits for two, a client for one. */
static void channel_handshake(struct channel *channel, const struct cause *cause)
{
    struct rope *wire = tcp_received(channel->tcp);
    bool is_first = wire->begin == 0;
    enum tls_flight flight = channel->is_client ? TLS_SERVER_FLIGHT : is_first ? TLS_CLIENT_HELLO : TLS_CLIENT_FINISHED;
    uint64_t size = tls_flight_size(flight, false);

    if (rope_length(wire) < size || (channel->is_client && !is_first))
        return;
    watch_received(channel->world, channel_note_received(channel));
    tcp_release(channel->tcp, wire->begin + size, cause);
    if (channel->is_client)
        site_crypto(channel->world, channel->role, COST_TLS13_CLIENT, 0, cause, channel, channel_client_worked);
    else if (flight == TLS_CLIENT_HELLO)
        site_crypto(channel->world, channel->role, COST_TLS13_SERVER, 0, cause, channel, channel_server_worked);
    else
        channel_ready(channel, cause);
}

/* ---- What TCP tells ---- */

static void channel_tcp_established(void *context, struct tcp *tcp, const struct cause *cause)
{
    struct channel *channel = context;

    channel->tcp = tcp;
    if (channel->is_client)
        watch_received(channel->world, channel_note_received(channel));
    if (!channel->is_tls) {
        channel_ready(channel, cause);
        return;
    }
    channel->state = CHANNEL_HANDSHAKE;
    if (channel->is_client)
        channel_send_flight(channel, TLS_CLIENT_HELLO, cause);
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

/* ---- Notes ---- */

void channel_note_sent(struct channel *channel, struct watched *message)
{
    struct notes *notes = &channel->notes;

    if (!message)
        return;
    if (notes->end - notes->first == notes->capacity) {
        uint32_t capacity = notes->capacity ? 2 * notes->capacity : CHANNEL_NOTES;
        struct watched **ring = arena_alloc(channel->world->arena, capacity * sizeof(struct watched *));

        for (uint32_t i = notes->first; i != notes->end; i++)
            ring[i & (capacity - 1)] = notes->ring[i & (notes->capacity - 1)];
        notes->ring = ring;
        notes->capacity = capacity;
    }
    notes->ring[notes->end++ & (notes->capacity - 1)] = message;
}

struct watched *channel_note_received(struct channel *channel)
{
    struct notes *notes = channel->other ? &channel->other->notes : NULL;

    if (!notes || notes->first == notes->end)
        return NULL;
    return notes->ring[notes->first++ & (notes->capacity - 1)];
}

void channels_free(struct world *world)
{
    for (struct channel *channel = world->channels_first; channel; channel = channel->next) {
        if (!channel->is_client || !channel->is_tls)
            continue;
        if (channel->pair)
            tls_pair_free(channel->pair);
        if (channel->context_tls)
            tls_context_free(channel->context_tls);
        channel->pair = NULL;
        channel->context_tls = NULL;
    }
}
