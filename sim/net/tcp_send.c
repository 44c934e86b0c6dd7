/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Segments are made here and nowhere else: their sums, windows and options are those of the moment. There is no Nagle
 * algorithm (TCP_NODELAY), as in every SIP and MSRP implementation that cares for delay.
 */
#include "sim/base/units.h"
#include "sim/net/tcp.h"

enum { MARKS_FIRST = 8, SACK_HEAD_BYTES = 4, SACK_BLOCK_BYTES = 8 };

static inline uint32_t tcp_option_bytes(const struct tcp *tcp, uint16_t flags, uint32_t sack_count)
{
    if (flags & PACKET_RST)
        return 0;
    if (flags & PACKET_SYN) /* MSS and window scale with padding; SACK-permitted and timestamps share theirs */
        return tcp->config.has_timestamps ? 20 : tcp->config.has_sack ? 12 : 8;
    return (tcp->config.has_timestamps ? TCP_STAMP_BYTES : 0) +
           (sack_count ? SACK_HEAD_BYTES + SACK_BLOCK_BYTES * sack_count : 0);
}

/* The window that a segment sent now offers. */
static uint32_t tcp_offer(struct tcp *tcp, bool is_syn)
{
    uint64_t edge = tcp->in.begin + tcp->config.receive_buffer;
    uint8_t scale = is_syn ? 0 : tcp->scale_own;

    /* RFC 1122 section 4.2.3.3: the window does not open by less than a segment or half the buffer. */
    if (edge < tcp->offered + least(tcp->mss, tcp->config.receive_buffer / 2))
        edge = tcp->offered;
    uint64_t window = edge > tcp->expected ? edge - tcp->expected : 0;

    window = least(window >> scale, UINT16_MAX) << scale;
    tcp->offered = greatest(tcp->offered, tcp->expected + window);
    return (uint32_t)window;
}

/* At most max SACK blocks; RFC 2018 section 4: the range that changed last comes first. */
static uint32_t tcp_sack_blocks(const struct tcp *tcp, struct range *blocks, uint32_t max)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < SACK_BLOCKS_MAX && count < max; i++) {
        struct range range = ranges_at(&tcp->early, tcp->recent[i]);
        bool is_new = range.until > range.from;

        for (uint32_t k = 0; k < count; k++)
            if (blocks[k].from == range.from)
                is_new = false;
        if (is_new)
            blocks[count++] = range;
    }
    return count;
}

/* Gives the segment its SACK blocks; returns how many. */
static uint32_t segment_add_sack(struct tcp *tcp, struct packet *packet)
{
    struct packet_extra *extra = packet_extra_create(tcp->net);

    packet->extra = extra;
    extra->sack_count = tcp_sack_blocks(tcp, extra->sack, tcp->config.has_timestamps ? 3 : SACK_BLOCKS_MAX);
    return extra->sack_count;
}

/* A segment of length bytes of payload; its cause is not set yet. Inline: mostly the flags are known beforehand. */
static inline struct packet *segment_create(struct tcp *tcp, uint64_t offset, uint64_t length, uint16_t flags)
{
    struct packet *packet = packet_create(tcp->net);
    uint32_t sack_count = 0;

    packet->extra = NULL;
    if (tcp->early.count > 0 && tcp->config.has_sack && !(flags & (PACKET_SYN | PACKET_RST))) {
        sack_count = segment_add_sack(tcp, packet);
        length = least(length, tcp->mss - SACK_HEAD_BYTES - SACK_BLOCK_BYTES * sack_count);
    }
    packet->of.tcp = tcp;
    packet->offset = offset;
    packet->acknowledged = tcp->expected;
    packet->window = tcp_offer(tcp, flags & PACKET_SYN);
    packet->stamp_us = tcp->config.has_timestamps ? tcp_stamp_us(tcp) : 0;
    packet->echo_us = tcp->recent_us;
    packet->length = (uint16_t)length;
    packet->bytes = (uint16_t)(IP_HEADER_BYTES + TCP_HEADER_BYTES + tcp_option_bytes(tcp, flags, sack_count) + length);
    packet->to = (uint16_t)tcp->peer_node;
    packet->id = tcp->id_next++;
    packet->flags = flags | PACKET_ORIGIN;
    packet->ttl = PACKET_TTL;
    return packet;
}

/* Every segment answers what has arrived so far. */
static inline void segment_send(struct tcp *tcp, struct packet *packet)
{
    tcp->segments_sent++;
    if (packet->flags & PACKET_ACK) {
        tcp->answered = tcp->expected;
        tcp->write_ends = 0;
        tcp->ack_now = false;
        timer_cancel(&tcp->delayed);
    }
    if (tcp->shield)
        shield_send(tcp->shield, packet, tcp->way);
    else
        link_send(tcp->way, packet);
}

static inline void control_send(struct tcp *tcp, uint16_t flags, bool is_feedback)
{
    struct packet *packet = segment_create(tcp, tcp->highest, 0, flags);

    check(tcp->last_ns == tcp->engine->now_ns);
    packet->cause = tcp->last;
    packet->cause.is_feedback = is_feedback;
    segment_send(tcp, packet);
}

void tcp_send_control(struct tcp *tcp, uint16_t flags, bool is_feedback)
{
    control_send(tcp, flags, is_feedback);
}

void tcp_send_ack(struct tcp *tcp)
{
    control_send(tcp, PACKET_ACK, true);
}

void tcp_send_refusal(struct net *net, const struct packet *syn)
{
    struct packet *packet = packet_create(net);
    const struct tcp *from = syn->of.tcp;

    *packet = (struct packet){
        .cause = syn->cause,
        .of.tcp = syn->of.tcp,
        .bytes = IP_HEADER_BYTES + TCP_HEADER_BYTES,
        .to = (uint16_t)from->node,
        .id = net->nodes[from->peer_node].id_next++,
        .flags = PACKET_RST | PACKET_ACK | PACKET_REFUSAL | PACKET_ORIGIN,
        .ttl = PACKET_TTL,
    };
    struct shield *shield = shield_find(net, from->peer_node, from->peer_port, from->node, from->port);
    struct link *way = net_route(net, from->peer_node, from->node);

    if (shield)
        shield_send(shield, packet, way);
    else
        link_send(way, packet);
}

static struct tcp_mark *tcp_mark_at(const struct tcp *tcp, uint32_t index)
{
    return &tcp->marks[index & tcp->mark_mask];
}

static void tcp_grow_marks(struct tcp *tcp)
{
    uint32_t capacity = tcp->marks ? 2 * (tcp->mark_mask + 1) : MARKS_FIRST;
    struct tcp_mark *marks = arena_alloc(tcp->arena, capacity * sizeof(*marks));

    check(capacity != 0);
    for (uint32_t i = tcp->mark_first; i != tcp->mark_end; i++)
        marks[i & (capacity - 1)] = *tcp_mark_at(tcp, i);
    tcp->marks = marks;
    tcp->mark_mask = capacity - 1;
}

void tcp_mark_end(struct tcp *tcp, const struct cause *cause)
{
    struct tcp_mark *last = tcp->mark_end == tcp->mark_first ? NULL : tcp_mark_at(tcp, tcp->mark_end - 1);

    while (tcp->mark_first != tcp->mark_end && tcp_mark_at(tcp, tcp->mark_first)->until <= tcp->acknowledged)
        tcp->mark_first++;
    if (!last || last->cause.transfer != cause->transfer || last->cause.is_feedback != cause->is_feedback ||
        tcp->mark_end == tcp->mark_first) {
        if (!tcp->marks || tcp->mark_end - tcp->mark_first > tcp->mark_mask)
            tcp_grow_marks(tcp);
        last = tcp_mark_at(tcp, tcp->mark_end++);
    }
    *last = (struct tcp_mark){tcp_end_offset(tcp), tcp->engine->now_ns, *cause};
}

/*
 * The segment of the bytes from offset on, before end, goes on with the sums of what released it if that is of its own
 * transfer; else with the writer's, and it has waited for somebody else. It only acknowledges if all its bytes do.
 */
static void segment_charge(struct tcp *tcp, struct cause *cause, uint64_t offset, uint64_t end)
{
    uint32_t index = tcp->mark_end - 1;

    while (index != tcp->mark_first && tcp_mark_at(tcp, index - 1)->until >= end)
        index--;
    const struct tcp_mark *mark = tcp_mark_at(tcp, index);
    bool is_feedback = mark->cause.is_feedback;

    for (; is_feedback && index != tcp->mark_first && tcp_mark_at(tcp, index - 1)->until > offset; index--)
        is_feedback = tcp_mark_at(tcp, index - 1)->cause.is_feedback;
    cause->transfer = mark->cause.transfer;
    cause->is_feedback = is_feedback;
    if (cause->transfer == tcp->last.transfer) {
        cause->parts = tcp->last.parts;
        return;
    }
    cause->parts = mark->cause.parts;
    cause_charge(cause, tcp->late_part, tcp->engine->now_ns - mark->at_ns);
}

/* What was sent before is sent again: counted, kept, and of no use for measuring a round trip (Karn). */
static void tcp_note_again(struct tcp *tcp, struct packet *packet)
{
    packet->flags |= PACKET_AGAIN;
    tcp->again_in_flight++;
    tcp->is_timed = false;
    tcp_count_again(tcp, TCP_REPEAT_DATA, packet->offset, packet->length);
}

uint64_t tcp_send_data(struct tcp *tcp, uint64_t offset, uint64_t length)
{
    int64_t now_ns = tcp->engine->now_ns;
    uint64_t payload = least(offset + length, tcp->out.end) - least(offset, tcp->out.end);
    struct packet *packet = segment_create(tcp, offset, payload, PACKET_ACK);
    uint64_t end = offset + packet->length;

    check(tcp->last_ns == now_ns);
    if (packet->length == payload && length > payload) {
        packet->flags |= PACKET_FIN;
        end++;
    }
    if (packet->length > 0 && offset + packet->length == tcp->out.end)
        packet->flags |= PACKET_PSH;
    segment_charge(tcp, &packet->cause, offset, end);
    if (offset < tcp->highest) {
        tcp_note_again(tcp, packet);
    } else if (!tcp->is_timed) {
        tcp->is_timed = true;
        tcp->timed_ns = now_ns;
        tcp->timed_until = end;
    }
    tcp->highest = greatest(tcp->highest, end);
    tcp->sent_ns = now_ns;
    /* Linux, tcp_event_data_sent() */
    if (packet->length > 0 && tcp->data_ns != INT64_MIN && now_ns - tcp->data_ns < tcp->config.delayed_ack_ns)
        tcp->is_answering = true;
    if (tcp->rack)
        rack_sent(tcp, offset, end);
    if (!timer_armed(&tcp->timer))
        timer_arm(&tcp->timer, now_ns + tcp->rto_ns);
    segment_send(tcp, packet);
    return end - offset;
}

/* Bytes that may be in flight: without SACK, two duplicate ACKs release one segment each (RFC 3042). */
static uint64_t tcp_allowance(const struct tcp *tcp)
{
    if (tcp->repeats == 0 || tcp->repair != REPAIR_NONE || tcp->config.has_sack || tcp->next < tcp->highest)
        return tcp->cwnd;
    return tcp->cwnd + (uint64_t)tcp->mss * least(tcp->repeats, 2);
}

uint64_t tcp_sendable(const struct tcp *tcp, uint64_t offset, uint64_t flight)
{
    uint64_t allowance = tcp_allowance(tcp);
    uint64_t length = offset < tcp->out.end ? least(tcp->out.end - offset, tcp->mss) : 0;

    if (tcp->sacked.count && offset < tcp->highest)
        length = least(length, ranges_next(&tcp->sacked, offset) - offset);
    if (offset + length > tcp->edge) {
        uint64_t usable = tcp->edge > offset ? tcp->edge - offset : 0;

        /* RFC 1122 section 4.2.3.4: no small segment into a window that will open further */
        if (usable == 0 || (flight > 0 && usable < tcp->window_max / 2))
            return 0;
        length = usable;
    }
    if (flight + length > allowance) {
        if (flight > 0)
            return 0;
        length = least(length, allowance);
    }
    return offset + length == tcp->out.end ? length + tcp->is_finishing : length;
}

/* The window is halved for each timeout's length, and slow start may go on to three quarters of it. */
static void tcp_decay(struct tcp *tcp, int64_t idle_ns)
{
    uint64_t least_bytes = least(tcp->cwnd, tcp_initial_window(tcp));

    tcp->ssthresh = greatest(tcp->ssthresh, tcp->cwnd / 2 + tcp->cwnd / 4);
    for (; idle_ns > tcp->rto_ns && tcp->cwnd > least_bytes; idle_ns -= tcp->rto_ns)
        tcp->cwnd /= 2;
    tcp->cwnd = greatest(tcp->cwnd, least_bytes);
}

/* Something is about to be sent. RFC 5681 section 4.1: after an idle time longer than the timeout, start from the
 * restart window. */
static void tcp_restart(struct tcp *tcp)
{
    int64_t idle_ns = tcp->engine->now_ns - tcp->sent_ns;

    if (tcp->acknowledged != tcp->highest)
        return;
    if (tcp->congestion->idle && tcp->highest > 0)
        tcp->congestion->idle(tcp, idle_ns);
    if (idle_ns <= tcp->rto_ns)
        return;
    if (tcp->config.idle_restart == TCP_IDLE_RESTART)
        tcp->cwnd = least(tcp->cwnd, tcp_initial_window(tcp));
    else if (tcp->config.idle_restart == TCP_IDLE_HALVE)
        tcp_decay(tcp, idle_ns);
}

/* From tcp->next on, new data or, after a timeout, all but what the peer has. */
static inline void tcp_output_onward(struct tcp *tcp, uint64_t end)
{
    uint64_t flight = tcp_flight(tcp);

    while (tcp->next < end) {
        uint64_t length = tcp_sendable(tcp, tcp->next, flight);

        if (length == 0)
            break;
        uint64_t sent = tcp_send_data(tcp, tcp->next, length);

        tcp->next += sent;
        flight += sent;
        if (tcp->sacked.count && tcp->next < tcp->highest)
            tcp->next = ranges_skip(&tcp->sacked, tcp->next);
    }
}

void tcp_output(struct tcp *tcp)
{
    uint64_t end = tcp_end_offset(tcp);

    if (tcp->state != TCP_OPEN)
        return;
    if (tcp->repair == REPAIR_SACK && !tcp->rack) {
        tcp_repair_output(tcp);
        return;
    }
    if (tcp->next < end)
        tcp_restart(tcp);
    else if (!tcp->rack)
        return;
    if (tcp->rack)
        rack_output(tcp);
    else
        tcp_output_onward(tcp, end);
    /* Nothing on its way and nothing allowed: the window is closed and will be probed. */
    if (tcp->acknowledged == tcp->highest && tcp->next < end && !timer_armed(&tcp->timer))
        timer_arm(&tcp->timer, tcp->engine->now_ns + tcp->rto_ns);
}
