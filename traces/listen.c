/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A table of directions by their two endpoints. Segments that come in order go straight to the reader; those that are
 * early wait, copied, up to a limit; then what is missing is told as a gap. A direction that was silent longest gives
 * its place to a new one.
 */
#include "traces/reader_state.h"
#include "traces/handshakes.h"
#include "sim/base/check.h"
#include "sim/sec/tls_open.h"

#include <stdlib.h>

enum { DIRECTIONS = 2 * TRACE_CONNECTIONS_MAX, SLOTS = 4 * DIRECTIONS, WAITING_MAX = 64 };

static const uint32_t NOWHERE = UINT32_MAX;

struct waiting {
    uint32_t sequence;
    uint32_t size;
    struct piece piece;
    char *bytes;
};

struct direction {
    struct reader reader;
    struct endpoint from, to;
    bool is_used, has_sequence, is_ended;
    uint32_t next; /* the sequence number that comes next */
    uint32_t slot;
    uint32_t older, newer; /* in the order of the last packet */
    size_t waiting_count, waiting_bytes;
    struct pair_gaps pairs;
    struct waiting *waiting; /* WAITING_MAX, by sequence; NULL until the first */
};

struct listener {
    struct trace *trace;
    uint16_t tap;
    struct direction *directions;
    uint32_t count, oldest, newest;
    struct sink plain;     /* see listener_plain */
    uint32_t slots[SLOTS]; /* 1 + index of a direction; 0: free */
};

/* ---- Directions ---- */

static uint32_t slot_of(const struct endpoint *from, const struct endpoint *to)
{
    return (uint32_t)((endpoint_hash(from) * 31 + endpoint_hash(to)) % SLOTS);
}

static void unlink_direction(struct listener *listener, uint32_t index)
{
    struct direction *one = &listener->directions[index];

    if (one->older != NOWHERE)
        listener->directions[one->older].newer = one->newer;
    else
        listener->oldest = one->newer;
    if (one->newer != NOWHERE)
        listener->directions[one->newer].older = one->older;
    else
        listener->newest = one->older;
}

static void link_newest(struct listener *listener, uint32_t index)
{
    struct direction *one = &listener->directions[index];

    one->older = listener->newest;
    one->newer = NOWHERE;
    if (listener->newest != NOWHERE)
        listener->directions[listener->newest].newer = index;
    else
        listener->oldest = index;
    listener->newest = index;
}

static void drop_waiting(struct direction *one)
{
    for (size_t i = 0; i < one->waiting_count; i++)
        free(one->waiting[i].bytes);
    one->waiting_count = one->waiting_bytes = 0;
}

/* Takes the direction out of the table; entries behind it move up, so that none is lost behind a hole. */
static void remove_slot(struct listener *listener, uint32_t slot)
{
    uint32_t hole = slot;

    listener->slots[hole] = 0;
    for (uint32_t next = (hole + 1) % SLOTS; listener->slots[next]; next = (next + 1) % SLOTS) {
        struct direction *one = &listener->directions[listener->slots[next] - 1];
        uint32_t home = slot_of(&one->from, &one->to);
        bool stays = hole <= next ? hole < home && home <= next : hole < home || home <= next;

        if (stays)
            continue;
        listener->slots[hole] = listener->slots[next];
        one->slot = hole;
        listener->slots[next] = 0;
        hole = next;
    }
}

static void forget(struct listener *listener, uint32_t index)
{
    struct direction *one = &listener->directions[index];

    drop_waiting(one);
    remove_slot(listener, one->slot);
    unlink_direction(listener, index);
    one->is_used = false;
}

/* A reader that has read nothing; its buffer stays. */
static void begin_reader(struct listener *listener, struct direction *one)
{
    one->reader.trace = listener->trace;
    one->reader.listener = listener;
    one->reader.tap = listener->tap;
    one->reader.from = one->from;
    one->reader.to = one->to;
    reader_begin(&one->reader);
}

/* A fresh direction in a free place, or in that of the one that was silent longest. Buffers stay with the place. */
static uint32_t add_direction(struct listener *listener, const struct endpoint *from, const struct endpoint *to)
{
    uint32_t index = listener->count;

    if (index < DIRECTIONS) {
        listener->count++;
    } else {
        index = listener->oldest;
        forget(listener, index);
        listener->trace->counts.connections_forgotten++;
    }
    struct direction *one = &listener->directions[index];
    struct direction fresh = {
        .reader = one->reader, .from = *from, .to = *to, .is_used = true, .waiting = one->waiting};

    *one = fresh;
    begin_reader(listener, one);
    one->slot = slot_of(from, to);
    while (listener->slots[one->slot])
        one->slot = (one->slot + 1) % SLOTS;
    listener->slots[one->slot] = index + 1;
    link_newest(listener, index);
    return index;
}

static uint32_t look_up(const struct listener *listener, const struct endpoint *from, const struct endpoint *to)
{
    for (uint32_t slot = slot_of(from, to); listener->slots[slot]; slot = (slot + 1) % SLOTS) {
        uint32_t index = listener->slots[slot] - 1;
        const struct direction *one = &listener->directions[index];

        if (endpoint_equal(&one->from, from) && endpoint_equal(&one->to, to))
            return index;
    }
    return NOWHERE;
}

static struct direction *find_direction(struct listener *listener, const struct endpoint *from,
                                        const struct endpoint *to, bool *is_new)
{
    uint32_t index = look_up(listener, from, to);

    *is_new = index == NOWHERE;
    if (*is_new)
        return &listener->directions[add_direction(listener, from, to)];
    if (listener->newest != index) {
        unlink_direction(listener, index);
        link_newest(listener, index);
    }
    return &listener->directions[index];
}

struct reader *listener_peer(struct listener *listener, const struct reader *reader)
{
    uint32_t index = look_up(listener, &reader->to, &reader->from);

    return index == NOWHERE ? NULL : &listener->directions[index].reader;
}

struct sink *listener_plain(struct listener *listener)
{
    enum { CAPACITY = 3 * TRACE_STREAM_BYTES_MAX + TLS_CIPHERTEXT_MAX }; /* more than a reader takes at once */

    if (!listener->plain.data) {
        listener->plain = (struct sink){.data = malloc(CAPACITY), .capacity = CAPACITY};
        if (!listener->plain.data)
            return NULL;
    }
    return &listener->plain;
}

/* ---- Order ---- */

/* The first waiting segment, as far as it is not behind what was read; false: none fits yet. */
static bool take_waiting(struct direction *one)
{
    if (one->waiting_count == 0)
        return false;
    struct waiting *first = &one->waiting[0];
    int32_t ahead = (int32_t)(first->sequence - one->next);

    if (ahead > 0)
        return false;
    uint32_t old = (uint32_t)-ahead;

    if (old < first->size) {
        reader_take(&one->reader, (struct span){first->bytes + old, first->size - old}, &first->piece);
        one->next += first->size - old;
    }
    one->waiting_bytes -= first->size;
    free(first->bytes);
    memmove(one->waiting, one->waiting + 1, --one->waiting_count * sizeof(*one->waiting));
    return true;
}

/* What is missing will not come any more: goes on with the first segment that waits. */
static void give_up_gap(struct listener *listener, struct direction *one)
{
    if (one->waiting_count == 0)
        return;
    listener->trace->counts.stream_gaps++;
    listener->trace->counts.stream_gap_bytes += one->waiting[0].sequence - one->next;
    one->next = one->waiting[0].sequence;
    reader_gap(&one->reader);
    while (take_waiting(one))
        ;
}

static void keep(struct listener *listener, struct direction *one, uint32_t sequence, struct span bytes,
                 const struct piece *piece)
{
    size_t at = one->waiting_count;

    listener->trace->counts.stream_segments_late++;
    while (at > 0 && (int32_t)(one->waiting[at - 1].sequence - sequence) > 0)
        at--;
    if (at > 0 && one->waiting[at - 1].sequence == sequence && one->waiting[at - 1].size >= bytes.size)
        return; /* waits already */
    char *copy = malloc(bytes.size);

    if (!copy)
        return;
    memcpy(copy, bytes.data, bytes.size);
    memmove(one->waiting + at + 1, one->waiting + at, (one->waiting_count - at) * sizeof(*one->waiting));
    one->waiting[at] = (struct waiting){sequence, (uint32_t)bytes.size, *piece, copy};
    one->waiting_count++;
    one->waiting_bytes += bytes.size;
    if (one->waiting_count == WAITING_MAX || one->waiting_bytes > TRACE_STREAM_BYTES_MAX)
        give_up_gap(listener, one);
}

static void take_segment(struct listener *listener, struct direction *one, const struct packet_seen *packet)
{
    const struct piece piece = {packet->at_ns, packet->at_ns, packet->frame, packet->is_copy};
    struct span bytes = packet->payload;
    int32_t ahead = (int32_t)(packet->sequence - one->next);

    if (ahead > 0) {
        if (!one->waiting)
            one->waiting = calloc(WAITING_MAX, sizeof(*one->waiting));
        if (one->waiting)
            keep(listener, one, packet->sequence, bytes, &piece);
        return;
    }
    if (ahead < 0) { /* all or some of it was there */
        uint32_t old = (uint32_t)-ahead;

        listener->trace->counts.stream_segments_again += !packet->is_copy;
        if (old >= bytes.size)
            return;
        bytes = span_after(bytes, old);
    }
    reader_take(&one->reader, bytes, &piece);
    one->next += (uint32_t)bytes.size;
    while (take_waiting(one))
        ;
}

static void take_tcp(struct listener *listener, const struct packet_seen *packet)
{
    struct trace_counts *counts = &listener->trace->counts;
    bool is_syn = packet->flags & PACKET_SYN, is_new;

    if (!packet->is_copy && (is_syn || listener->trace->handshakes->open_count > 0))
        handshakes_packet(listener->trace->handshakes, listener->tap, packet);
    if (!is_syn && packet->payload.size == 0 && !(packet->flags & (PACKET_FIN | PACKET_RST)))
        return; /* an acknowledgement moves nothing in its own direction */
    struct direction *one = find_direction(listener, &packet->from, &packet->to, &is_new);

    if (is_syn && !packet->is_copy && (is_new || one->is_ended || (int32_t)(packet->sequence + 1 - one->next) != 0)) {
        if (!is_new) { /* the same ports again */
            give_up_gap(listener, one);
            drop_waiting(one);
            begin_reader(listener, one);
            one->is_ended = false;
        }
        one->has_sequence = true;
        one->next = packet->sequence + 1;
        counts->connections += !(packet->flags & PACKET_ACK);
        return;
    }
    if (is_syn)
        return;
    if (!one->has_sequence) {
        one->has_sequence = true;
        one->next = packet->sequence;
        one->reader.is_lost = true; /* somewhere in a message, for all we know */
        counts->connections_joined++;
    }
    if (packet->payload.size > 0) {
        if (!packet->is_copy)
            pair_gaps_add(&one->pairs, packet);
        take_segment(listener, one, packet);
    }
    if (packet->flags & (PACKET_FIN | PACKET_RST)) {
        if (packet->flags & PACKET_RST)
            give_up_gap(listener, one);
        one->is_ended = true;
    }
    if (packet->is_cut && packet->payload.size > 0)
        reader_gap(&one->reader);
}

/* ---- Datagrams ---- */

static void take_udp(struct listener *listener, const struct packet_seen *packet)
{
    struct trace_message message = {.frame = packet->frame,
                                    .first_ns = packet->first_ns,
                                    .last_ns = packet->at_ns,
                                    .tap = listener->tap,
                                    .protocol = TRACE_SIP,
                                    .transport = TRACE_UDP,
                                    .is_copy = packet->is_copy,
                                    .fragments = packet->fragments,
                                    .bytes = packet->payload.size,
                                    .from = packet->from,
                                    .to = packet->to};

    if (trace_find_sip(packet->payload) != ERR_OK) {
        listener->trace->counts.datagrams_other++;
        return;
    }
    message.is_malformed = !trace_read_sip(listener->trace, packet->payload, &message);
    message.text = packet->payload;
    trace_add(listener->trace, &message);
}

void listener_packet(void *context, const struct packet_seen *packet)
{
    struct listener *listener = context;

    if (packet->is_tcp)
        take_tcp(listener, packet);
    else
        take_udp(listener, packet);
}

/* ---- Life ---- */

struct listener *listener_create(struct trace *trace, uint16_t tap)
{
    struct listener *listener = calloc(1, sizeof(*listener));

    if (!listener)
        return NULL;
    listener->trace = trace;
    listener->tap = tap;
    listener->oldest = listener->newest = NOWHERE;
    listener->directions = calloc(DIRECTIONS, sizeof(*listener->directions)); /* pages come as they are used */
    if (!listener->directions) {
        free(listener);
        return NULL;
    }
    return listener;
}

void listener_end(struct listener *listener)
{
    for (uint32_t i = 0; i < listener->count; i++) {
        struct direction *one = &listener->directions[i];

        while (one->waiting_count > 0)
            give_up_gap(listener, one);
        handshakes_add_rate(listener->trace->handshakes, &one->pairs, &one->from, &one->to);
    }
}

void listener_free(struct listener *listener)
{
    if (!listener)
        return;
    for (uint32_t i = 0; i < listener->count; i++) {
        drop_waiting(&listener->directions[i]);
        tls_side_free(&listener->directions[i].reader);
        free(listener->directions[i].waiting);
        free(listener->directions[i].reader.bytes);
    }
    free(listener->plain.data);
    free(listener->directions);
    free(listener);
}
