/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records are made and opened one after another at each end; an end that does not read opens no more of them. */
#include "sim/ims/channel_state.h"
#include "sim/ims/fingerprint.h"
#include "sim/ims/gate.h"

#include <assert.h>

enum { TLS_HEADER = 5 };

/* Bytes of the record that holds so much plaintext. */
static uint64_t record_size(const struct channel *channel, uint64_t plaintext_bytes)
{
    return tls_record_size(&channel->tls, (uint32_t)plaintext_bytes);
}

/* Warm, whoever connects inside the delay has a ticket of an earlier connection; cold, one that this trial gave him.
 * Who steps in between cannot read it: with him the handshake is a full one. */
static bool is_resumed(const struct channel *channel)
{
    const struct world *world = channel->world;
    bool is_warm = world->scenario->connections == CONNECTIONS_WARM && !world->is_warming;
    bool has_ticket = is_warm || (world->tickets[channel->role] >> channel->tls_end & 1);

    return world->scenario->tls_resumption == RESUMPTION_TICKET && has_ticket &&
           !intercept_stand_in(world, channel->role, channel->peer, channel->tls_end, channel->by_fingerprint);
}

struct tls_kind channel_tls_kind(const struct channel *channel)
{
    const struct scenario *scenario = channel->world->scenario;

    return (struct tls_kind){.version = (enum tls_version)scenario->tls_version,
                             .cipher = (enum tls_cipher)scenario->tls_cipher,
                             .is_mutual = channel->by_fingerprint,
                             .has_tickets = scenario->tls_resumption == RESUMPTION_TICKET,
                             .is_resumed = is_resumed(channel)};
}

/* The two ends of one connection of TLS. */
struct ends {
    const struct party *client, *server; /* client NULL: it shows no certificate */
    const char *host;                    /* whom the client wants to speak with */
};

static enum err make_pair(const struct channel *channel, const struct ends *ends, struct tls_context *context,
                          struct tls_pair **pair, struct note *note)
{
    struct world *world = channel->world;
    const struct trial *trial = world->trial;
    bool takes_any = channel->by_fingerprint || intercept_is_credulous(world);
    struct tls_config config = {.client = ends->client,
                                .server = ends->server,
                                .host = ends->host,
                                .authority = takes_any ? NULL : &trial->parties->authority[PARTY_EC],
                                .at_s = SIM_EPOCH_S,
                                .version = channel->tls.version,
                                .cipher = channel->tls.cipher,
                                .has_tickets = channel->tls.has_tickets,
                                .is_resumed = channel->tls.is_resumed};

    TRY(tls_context_init(context, &config, note));
    return tls_pair_create(pair, world->arena, context, trial->tap->secret, trial->tap->context, note);
}

static const struct party *server_of(const struct world *world, enum role role, bool by_fingerprint)
{
    const char *name = world->sites[role].host_name;
    const struct party *party =
        role == ROLE_MALLORY ? world->trial->tamper->stand_in(world->trial->tamper->context, name, by_fingerprint)
                             : party_set_server(world->trial->parties, span_of(name));

    check(party != NULL);
    return party;
}

static void middle_put(void *context, struct span bytes);

/* Somebody on the way shows both ends a certificate: the client takes it or not. */
static void channel_make_middle(struct channel *channel, const struct party *stand_in)
{
    struct world *world = channel->world;
    const char *host = world->sites[channel->tls_end].host_name;
    bool is_mutual = channel->by_fingerprint;
    struct middle *middle = arena_alloc(world->arena, sizeof(*middle));
    struct ends near = {is_mutual ? server_of(world, channel->role, true) : NULL, stand_in, host};
    struct ends far = {is_mutual ? stand_in : NULL, server_of(world, channel->tls_end, channel->by_fingerprint), host};
    struct note note = {{0}};

    channel->middle = middle;
    if (make_pair(channel, &near, &middle->contexts[0], &middle->pairs[0], &note) != ERR_OK) {
        channel->is_refused = true;
        return;
    }
    channel->pair = middle->pairs[0];
    enum err error = make_pair(channel, &far, &middle->contexts[1], &middle->pairs[1], &note);

    check(error == ERR_OK);
    middle->ways[0] = intercept_create(world, channel->role, channel->tls_end, false, channel, middle_put);
}

void channel_make_pair(struct channel *channel)
{
    struct world *world = channel->world;
    const struct party *stand_in =
        intercept_stand_in(world, channel->role, channel->peer, channel->tls_end, channel->by_fingerprint);
    struct ends ends = {channel->by_fingerprint ? server_of(world, channel->role, true) : NULL,
                        server_of(world, channel->tls_end, channel->by_fingerprint),
                        world->sites[channel->tls_end].host_name};
    struct note note = {{0}};

    if (stand_in) {
        channel_make_middle(channel, stand_in);
        return;
    }
    channel->context_tls = arena_alloc(world->arena, sizeof(*channel->context_tls));
    enum err error = make_pair(channel, &ends, channel->context_tls, &channel->pair, &note);

    check(error == ERR_OK);
}

void channel_join_pair(struct channel *channel, struct channel *client)
{
    struct world *world = channel->world;

    channel->pair = client->pair;
    channel->middle = client->middle;
    if (!channel->middle || client->is_refused)
        return;
    channel->pair = channel->middle->pairs[1];
    channel->middle->ways[1] = intercept_create(world, channel->role, client->role, false, channel, middle_put);
}

/* Bytes of TLS's own that this end sends: on every link as far as TLS goes. */
static void channel_count_tls(struct channel *channel, uint64_t bytes)
{
    struct world *world = channel->world;
    const struct channel *leg = channel;

    for (;;) {
        world->tls_bytes +=
            bytes * net_path_links(world->net, world->sites[leg->role].node, world->sites[leg->peer].node);
        if (!leg->other || leg->other->is_tls || !leg->other->spliced)
            return;
        leg = leg->other->spliced;
    }
}

/* ---- Records out ---- */

/* Messages that begin in the record begin, for whoever passes it on, where the record does. */
static void channel_mark_record(struct channel *channel, uint64_t until)
{
    while (channel->plain_marks.first && channel->plain_marks.first->offset < until) {
        channel_mark(channel, &channel->marks, channel->streamed, span_of(channel->plain_marks.first->kind));
        channel->plain_marks.first = channel->plain_marks.first->next;
    }
}

/* What has come through somebody in the middle leaves there under the other connection's keys. */
static void middle_put(void *context, struct span bytes)
{
    struct channel *channel = context;
    struct tls_pair *far = channel->middle->pairs[channel->is_client ? 1 : 0];

    for (size_t at = 0; at < bytes.size; at += TLS_RECORD_MAX) {
        struct span piece = span_after(bytes, at);
        uint8_t record[TLS_SEALED_MAX];

        piece.size = piece.size < TLS_RECORD_MAX ? piece.size : TLS_RECORD_MAX;
        enum err error = tls_pair_seal(far, channel->is_client, piece, record, sizeof(record));

        check(error == ERR_OK);
        channel_wire(channel, (struct span){(char *)record, record_size(channel, piece.size)});
    }
}

static void middle_take(struct channel *channel, struct span record)
{
    struct middle *middle = channel->middle;
    uint8_t plaintext[TLS_RECORD_MAX];
    size_t size = 0;
    enum err error = tls_pair_open(channel->pair, !channel->is_client, record, plaintext, sizeof(plaintext), &size);

    check(error == ERR_OK);
    intercept_bytes(middle->ways[channel->is_client ? 0 : 1], (struct span){(char *)plaintext, size});
}

static void channel_write_real_record(struct channel *channel, uint64_t from, uint64_t size)
{
    uint8_t plaintext[TLS_RECORD_MAX], bytes[TLS_SEALED_MAX];
    struct span record = {(char *)bytes, record_size(channel, size)};

    rope_read(&channel->out, from, plaintext, size);
    enum err error =
        tls_pair_seal(channel->pair, channel->is_client, (struct span){(char *)plaintext, size}, bytes, sizeof(bytes));

    check(error == ERR_OK);
    if (channel->middle)
        middle_take(channel, record);
    else
        channel_wire(channel, record);
    if (!intercept_is_on(channel->world))
        rope_append_rope(&channel->sealed, &channel->out, from, from + size);
}

/* A record that nobody looks into: its plaintext in clear, and last, as before encryption, the length of its padding.
 */
static void channel_write_sized_record(struct channel *channel, uint64_t from, uint64_t size)
{
    uint8_t header[TLS_OVERHEAD_MAX] = {23, 3, 3, 0, 0}, trailer[TLS_OVERHEAD_MAX] = {23};
    uint64_t whole = record_size(channel, size), fragment = whole - TLS_HEADER;
    uint32_t before = tls_bytes_before(&channel->tls), behind = (uint32_t)(whole - before - size);

    header[3] = (uint8_t)(fragment >> 8);
    header[4] = (uint8_t)fragment;
    trailer[behind - 1] = (uint8_t)tls_padding(&channel->tls, (uint32_t)size);
    rope_append_bytes(&channel->wire, header, before);
    rope_append_rope(&channel->wire, &channel->out, from, from + size);
    rope_append_bytes(&channel->wire, trailer, behind);
}

static void channel_write_record(struct channel *channel)
{
    uint64_t size = channel->sealing_bytes;
    uint64_t from = channel->out.begin, whole = record_size(channel, size);

    channel_mark_record(channel, from + size);
    channel->streamed += whole;

    if (channel->pair)
        channel_write_real_record(channel, from, size);
    else
        channel_write_sized_record(channel, from, size);
    rope_release(&channel->out, from + size);
    channel_count_tls(channel, whole - size);
}

/* By cipher, at who seals and at who opens. */
static const enum cost_operation record_costs[TLS_CIPHER_COUNT][2] = {
    [TLS_AES_GCM] = {COST_TLS_RECORD_SEAL, COST_TLS_RECORD_OPEN},
    [TLS_AES_CBC_SHA] = {COST_TLS_RECORD_SEAL_CBC, COST_TLS_RECORD_OPEN_CBC},
};

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
void channel_seal_next(struct channel *channel, const struct cause *cause)
{
    uint64_t size = channel_open_bytes(channel, &channel->out);

    if (channel->is_sealing || channel->state != CHANNEL_READY || size == 0 || rope_length(&channel->wire) > 0)
        return;
    struct cause own = channel_cause(channel, cause);

    channel->is_sealing = true;
    channel->sealing_bytes = size < TLS_RECORD_MAX ? size : TLS_RECORD_MAX;
    site_crypto(channel->world, channel->role, record_costs[channel->tls.cipher][0], channel->sealing_bytes, &own,
                channel, channel_sealed);
}

/* ---- Records in ---- */

/* Opens a real record and holds what is in it to what was sealed. What goes on are the slices that were sealed, so that
 * real bytes lie in no other pieces than sizes do, and no number depends on which of them a trial carries. Where
 * somebody tampers it is what was in the record. False: it does not hold. */
static bool channel_open_record(struct channel *channel, struct rope *wire, uint64_t from, uint64_t whole)
{
    uint8_t record[TLS_SEALED_MAX], plaintext[TLS_RECORD_MAX], expected[TLS_RECORD_MAX];
    size_t opened = 0;

    rope_read(wire, from, record, whole);
    enum err error = tls_pair_open(channel->pair, channel->is_client, (struct span){(char *)record, whole}, plaintext,
                                   sizeof(plaintext), &opened);

    if (intercept_is_on(channel->world)) {
        if (error != ERR_OK)
            return false;
        rope_append_bytes(&channel->in, plaintext, opened);
        return true;
    }
    struct rope *sealed = &channel_tls_peer(channel)->sealed;

    check(error == ERR_OK && record_size(channel, opened) == whole);
    rope_read(sealed, sealed->begin, expected, opened);
    check(memcmp(plaintext, expected, opened) == 0);
    rope_append_rope(&channel->in, sealed, sealed->begin, sealed->begin + opened);
    rope_release(sealed, sealed->begin + opened);
    return true;
}

/* The plaintext of a record that channel_write_sized_record made. */
static void channel_open_sized_record(struct channel *channel, struct rope *wire, uint64_t from, uint64_t whole)
{
    uint64_t begin = from + tls_bytes_before(&channel->tls);
    uint8_t padding;

    rope_read(wire, from + whole - 1, &padding, 1);
    rope_append_rope(&channel->in, wire, begin, begin + tls_plaintext_most(&channel->tls, (uint32_t)whole) - padding);
}

static bool channel_read_record(struct channel *channel, const struct cause *cause)
{
    struct rope *wire = tcp_received(channel->tcp);
    uint64_t from = wire->begin, whole = channel->opening_bytes;

    if (!channel->pair)
        channel_open_sized_record(channel, wire, from, whole);
    else if (!channel_open_record(channel, wire, from, whole))
        return false;
    tcp_release(channel->tcp, from + whole, cause);
    return true;
}

static void channel_opened(void *context, const struct cause *cause)
{
    struct channel *channel = context;

    channel->is_opening = false;
    if (channel->state == CHANNEL_DEAD)
        return;
    if (!channel_read_record(channel, cause)) {
        channel_refuse(channel, cause, "bad_record_mac");
        return;
    }
    if (channel->owner->received)
        channel->owner->received(channel->context, channel, cause);
    channel_open_next(channel, cause);
}

static void channel_keep_ticket(const struct channel *channel)
{
    static_assert(ROLE_COUNT <= 64, "a bit a role");
    if (channel->tls.has_tickets)
        channel->world->tickets[channel->role] |= UINT64_C(1) << channel->tls_end;
}

/* A client of 1.3 takes the ticket, which its work on the handshake includes. False: it is not whole. */
static bool channel_take_ticket(struct channel *channel, const struct cause *cause)
{
    struct rope *wire = tcp_received(channel->tcp);

    if (channel->ticket_bytes == 0)
        return true;
    if (rope_length(wire) < channel->ticket_bytes)
        return false;
    watch_received(channel->world, channel_note_take(channel_tls_peer(channel)));
    tcp_release(channel->tcp, wire->begin + channel->ticket_bytes, cause);
    channel->ticket_bytes = 0;
    channel_keep_ticket(channel);
    return true;
}

/* A whole record goes to the CPU to be opened, unless one is there or the owner does not read. What it costs follows
 * from what can be seen of it: padding is worked on as plaintext is. */
void channel_open_next(struct channel *channel, const struct cause *cause)
{
    uint8_t header[TLS_HEADER];

    if (channel->is_opening || channel->state != CHANNEL_READY || !channel_take_ticket(channel, cause))
        return;
    channel->is_full = rope_length(&channel->in) >= TLS_WAITING_MAX;
    if (channel->is_full)
        return;
    struct rope *wire = tcp_received(channel->tcp);

    if (rope_length(wire) < TLS_HEADER)
        return;
    rope_read(wire, wire->begin, header, sizeof(header));
    uint32_t whole = TLS_HEADER + ((uint32_t)header[3] << 8 | header[4]);
    uint32_t plaintext = tls_plaintext_most(&channel->tls, whole);

    if (intercept_is_on(channel->world) && (header[0] != 23 || plaintext == 0)) {
        channel_refuse(channel, cause, "unexpected_message");
        return;
    }
    check(header[0] == 23 && plaintext > 0);
    if (rope_length(wire) < whole)
        return;
    channel->is_opening = true;
    channel->opening_bytes = whole;
    site_crypto(channel->world, channel->role, record_costs[channel->tls.cipher][1], plaintext, cause, channel,
                channel_opened);
}

/* ---- Handshakes ---- */

/* A handshake's flights in logs and schedules, and what it costs. */
struct handshake {
    const char *labels[TLS_FLIGHT_COUNT];
    const char *kinds[TLS_FLIGHT_COUNT]; /* what the first record of a flight is */
    enum cost_operation costs[2][2];     /* at the client and at the server, one-sided and mutual */
};

/* By version, in full and resumed. */
static const struct handshake handshakes[TLS_VERSION_COUNT][2] = {
    [TLS_1_3] = {{{"ClientHello", "ServerHello..Finished", "Finished", "NewSessionTicket"},
                  {"ClientHello", "ServerHello", "ChangeCipherSpec", "NewSessionTicket"},
                  {{COST_TLS13_CLIENT, COST_TLS13_CLIENT_MUTUAL}, {COST_TLS13_SERVER, COST_TLS13_SERVER_MUTUAL}}},
                 {{"ClientHello", "ServerHello..Finished", "Finished", "NewSessionTicket"},
                  {"ClientHello", "ServerHello", "ChangeCipherSpec", "NewSessionTicket"},
                  {{COST_TLS13_CLIENT_RESUMED, COST_TLS13_CLIENT_RESUMED},
                   {COST_TLS13_SERVER_RESUMED, COST_TLS13_SERVER_RESUMED}}}},
    [TLS_1_2] = {{{"ClientHello", "ServerHello..Done", "ClientKeyExchange..Finished", "Finished"},
                  {"ClientHello", "ServerHello", "ClientKeyExchange", "ChangeCipherSpec"},
                  {{COST_TLS12_CLIENT, COST_TLS12_CLIENT_MUTUAL}, {COST_TLS12_SERVER, COST_TLS12_SERVER_MUTUAL}}},
                 {{"ClientHello", "ServerHello..Finished", "Finished"},
                  {"ClientHello", "ServerHello", "ChangeCipherSpec"},
                  {{COST_TLS12_CLIENT_RESUMED, COST_TLS12_CLIENT_RESUMED},
                   {COST_TLS12_SERVER_RESUMED, COST_TLS12_SERVER_RESUMED}}}},
};

static const struct handshake *handshake_of(const struct channel *channel)
{
    return &handshakes[channel->tls.version][channel->tls.is_resumed];
}

static void channel_send_flight_now(struct channel *channel, enum tls_flight flight, const struct cause *cause)
{
    const struct handshake *handshake = handshake_of(channel);
    uint64_t size = tls_flight_size(&channel->tls, flight);
    struct cause forward = cause_forward(cause);

    if (channel->world->trial->schedule && channel_passes_tls(channel))
        channel_mark(channel, &channel->marks, channel->streamed, span_of(handshake->kinds[flight]));
    channel->streamed += size;
    channel_count_tls(channel, size);
    channel_tell(channel, channel->tls_end, "TLS", span_of(handshake->labels[flight]), size);
    if (channel->pair) {
        struct span bytes = tls_pair_flight(channel->pair, flight);

        check(bytes.size == size);
        tcp_write_bytes(channel->tcp, bytes.data, bytes.size, &forward);
    } else {
        tcp_write(channel->tcp, (struct slice){&source_pattern, 0, size}, &forward);
    }
}

/* Whether an end that has sent the flight can send data behind it. */
static bool is_done_by(const struct channel *channel, enum tls_flight flight)
{
    return flight == TLS_SERVER_LAST || (flight == TLS_CLIENT_FINISHED && !tls_client_waits(&channel->tls));
}

/* A flight on its way out. */
struct flight {
    struct channel *channel;
    enum tls_flight flight;
};

static void channel_flight_go(void *context, const struct cause *cause)
{
    const struct flight *out = context;
    struct channel *channel = out->channel;

    if (channel->state == CHANNEL_DEAD)
        return;
    channel_send_flight_now(channel, out->flight, cause);
    if (is_done_by(channel, out->flight))
        channel_ready(channel, cause);
}

/* At once, or when a schedule says so. */
static void channel_send_flight(struct channel *channel, enum tls_flight flight, const struct cause *cause)
{
    struct world *world = channel->world;
    struct flight out = {channel, flight};
    int64_t due_ns = gate_take(world, channel->role, channel->tls_end, span_of(handshake_of(channel)->kinds[flight]));

    if (due_ns == NONE_NS || due_ns <= world_now(world)) {
        channel_flight_go(&out, cause);
        return;
    }
    struct flight *later = arena_alloc(world->arena, sizeof(*later));

    *later = out;
    world_wait(world, PART_PROCESSING, due_ns - world_now(world), cause, later, channel_flight_go);
}

static void channel_client_worked(void *context, const struct cause *cause)
{
    struct channel *channel = context;
    bool has_last = tls_flights(&channel->tls) > TLS_SERVER_LAST;

    if (has_last && !tls_client_waits(&channel->tls))
        channel->ticket_bytes = tls_flight_size(&channel->tls, TLS_SERVER_LAST);
    channel_send_flight(channel, TLS_CLIENT_FINISHED, cause);
}

static void channel_server_worked(void *context, const struct cause *cause)
{
    channel_send_flight(context, TLS_SERVER_FLIGHT, cause);
}

/* A server's answer to the last flight of a client, if there is one; its work on that is part of what it has done
 * before. */
static void channel_server_finish(struct channel *channel, const struct cause *cause)
{
    if (tls_flights(&channel->tls) > TLS_SERVER_LAST)
        channel_send_flight(channel, TLS_SERVER_LAST, cause);
    else
        channel_ready(channel, cause);
}

/* The flight that this end waits for: a server's first and last, or a client's. */
static enum tls_flight channel_awaited(const struct channel *channel, bool is_first)
{
    if (channel->is_client)
        return is_first ? TLS_SERVER_FLIGHT : TLS_SERVER_LAST;
    return is_first ? TLS_CLIENT_HELLO : TLS_CLIENT_FINISHED;
}

/* A client that has waited for the server's Finished. */
static void channel_finished(struct channel *channel, const struct cause *cause)
{
    channel_keep_ticket(channel);
    channel_ready(channel, cause);
}

/* Takes the flight this end waits for once it is whole. */
void channel_handshake(struct channel *channel, const struct cause *cause)
{
    struct rope *wire = tcp_received(channel->tcp);
    bool is_first = wire->begin == 0;
    enum tls_flight flight = channel_awaited(channel, is_first);

    if (channel->is_client && !is_first && !tls_client_waits(&channel->tls))
        return;
    uint64_t size = tls_flight_size(&channel->tls, flight);
    enum cost_operation cost = handshake_of(channel)->costs[!channel->is_client][channel->tls.is_mutual];

    if (rope_length(wire) < size)
        return;
    watch_received(channel->world, channel_note_take(channel_tls_peer(channel)));
    tcp_release(channel->tcp, wire->begin + size, cause);
    if (channel->is_refused) {
        channel_refuse(channel, cause, "bad_certificate");
        return;
    }
    if (flight == TLS_SERVER_FLIGHT)
        site_crypto(channel->world, channel->role, cost, 0, cause, channel, channel_client_worked);
    else if (flight == TLS_CLIENT_HELLO)
        site_crypto(channel->world, channel->role, cost, 0, cause, channel, channel_server_worked);
    else if (flight == TLS_CLIENT_FINISHED)
        channel_server_finish(channel, cause);
    else
        channel_finished(channel, cause);
}

void channel_greet(struct channel *channel, const struct cause *cause)
{
    channel_send_flight(channel, TLS_CLIENT_HELLO, cause);
}

void channel_write_fingerprint(const struct channel *channel, struct sink *sink)
{
    uint8_t hash[PARTY_FINGERPRINT_SIZE];

    if (!channel->pair) {
        fingerprint_of_role(channel->world, channel->tls_end, sink);
        return;
    }
    check(tls_pair_fingerprint(channel->pair, channel->is_client, hash));
    fingerprint_write(hash, sink);
}

void channels_free(struct world *world)
{
    for (struct channel *channel = world->channels_first; channel; channel = channel->next) {
        if (!channel->is_client || !channel->is_tls)
            continue;
        for (int i = 0; channel->middle && i < 2; i++) {
            tls_pair_free(channel->middle->pairs[i]);
            tls_context_free(&channel->middle->contexts[i]);
        }
        if (channel->pair && !channel->middle)
            tls_pair_free(channel->pair);
        if (channel->context_tls)
            tls_context_free(channel->context_tls);
        channel->pair = NULL;
        channel->middle = NULL;
        channel->context_tls = NULL;
    }
}
