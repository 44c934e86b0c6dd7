/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a segment of an open connection does. Its ACK is dealt with first, then its data; the owner is called before the
 * ACK for the data goes out, so what the owner writes at once carries it, and the window offered knows what was read.
 */
#include "sim/base/units.h"
#include "sim/net/tcp.h"

enum { QUICK_ACKS_MAX = 16 };

/* ---- The ACK of a segment ---- */

static bool take_sack(struct tcp *tcp, const struct packet_extra *extra)
{
    bool is_new = false;

    if (tcp->rack)
        rack_take_sack(tcp, extra);
    for (uint32_t i = 0; i < extra->sack_count; i++)
        if (extra->sack[i].until > tcp->acknowledged)
            is_new |= ranges_add(&tcp->sacked, tcp->arena, extra->sack[i]);
    return is_new;
}

/* Where each segment's time is known, that of the oldest measures the timeout, and that of the latest the way; else the
 * echo of the peer does, or one segment a round trip. */
static void take_measure(struct tcp *tcp, const struct packet *packet)
{
    int64_t now_ns = tcp->engine->now_ns;
    int64_t rtt_ns = -1;

    if (tcp->rack) {
        rtt_ns = rack_first_rtt_ns(tcp);
    } else if (tcp->config.has_timestamps) {
        rtt_ns = (int64_t)(tcp_stamp_us(tcp) - packet->echo_us) * US;
    } else if (tcp->is_timed && tcp->acknowledged >= tcp->timed_until) {
        rtt_ns = now_ns - tcp->timed_ns;
        tcp->is_timed = false;
    }
    if (rtt_ns < 0)
        return;
    tcp_measure(tcp, rtt_ns);
    if (tcp->congestion->sample)
        tcp->congestion->sample(tcp, tcp->rack ? rack_last_rtt_ns(tcp) : rtt_ns);
}

static void take_progress(struct tcp *tcp, const struct packet *packet)
{
    uint64_t flight = tcp->next - tcp->acknowledged;
    uint64_t count = packet->acknowledged - tcp->acknowledged;

    check(packet->acknowledged <= tcp->highest);
    tcp->acknowledged = packet->acknowledged;
    tcp->next = greatest(tcp->next, tcp->acknowledged);
    tcp->tries = 0;
    if (tcp->rack)
        rack_take_progress(tcp);
    if (tcp->sacked.count > 0) {
        ranges_cut(&tcp->sacked, tcp->acknowledged);
        if (tcp->next < tcp->highest)
            tcp->next = ranges_skip(&tcp->sacked, tcp->next);
    }
    take_measure(tcp, packet);
    tcp_progress(tcp, count, flight);
    tcp_let_go(tcp);
}

/* The owner hears that there is room, that all is acknowledged. */
static void tell_progress(struct tcp *tcp, uint64_t before, const struct cause *cause)
{
    const struct tcp_owner *owner = tcp->owner;
    uint64_t end = tcp->out.end;

    if (tcp->was_full) {
        tcp->was_full = false;
        if (owner->writable)
            owner->writable(tcp->context, tcp, cause);
    }
    if (owner->drained && tcp->state == TCP_OPEN && before < end && tcp->acknowledged >= tcp->out.end)
        owner->drained(tcp->context, tcp, cause);
}

/* A window that was closed has opened: the timer no longer probes it, but a FIN may be on its way. */
static void take_opening(struct tcp *tcp)
{
    tcp->tries = 0;
    tcp_reset_rto(tcp);
    timer_cancel(&tcp->timer);
    if (tcp->highest > tcp->acknowledged)
        timer_arm(&tcp->timer, tcp->engine->now_ns + tcp->rto_ns);
}

/* The ACK advances: what it says of losses. */
static void take_ack_ahead(struct tcp *tcp, const struct packet *packet, bool has_news)
{
    bool was_repairing = tcp->repair != REPAIR_NONE;

    take_progress(tcp, packet);
    if (tcp->rack)
        rack_judge(tcp, packet, true, has_news);
    else if (tcp->config.has_sack && has_news && !was_repairing)
        tcp_repeat(tcp); /* RFC 6675 section 5: with new SACK information it is a duplicate as well */
}

/* It does not: whether it is a duplicate. */
static bool is_repeat(const struct tcp *tcp, const struct packet *packet, bool has_news, bool has_grown)
{
    if (tcp->config.has_sack && !tcp->rack)
        return has_news;
    return has_news || (packet->length == 0 && !has_grown && !(packet->flags & PACKET_FIN));
}

static void take_ack(struct tcp *tcp, const struct packet *packet)
{
    /* The other side sends and this one only listens: nothing in the ACK is new. */
    if (tcp->acknowledged == tcp->highest && packet->acknowledged + packet->window <= tcp->edge) {
        if (tcp->rack && packet->length == 0 && packet->acknowledged == tcp->acknowledged)
            rack_take_duplicate(tcp, packet);
        return;
    }
    uint64_t before = tcp->acknowledged;
    bool was_closed = tcp->edge <= before;
    bool has_grown = packet->acknowledged + packet->window > tcp->edge;
    bool has_news = packet->extra && take_sack(tcp, packet->extra);

    if (packet->acknowledged < before)
        return;
    if (has_grown)
        tcp->edge = packet->acknowledged + packet->window;
    tcp->window_max = greatest(tcp->window_max, packet->window);
    if (was_closed)
        tcp->tries = 0;
    if (was_closed && has_grown)
        take_opening(tcp);
    if (packet->acknowledged > before) {
        take_ack_ahead(tcp, packet, has_news);
    } else if (tcp->highest > before && !was_closed && is_repeat(tcp, packet, has_news, has_grown)) {
        if (tcp->rack)
            rack_judge(tcp, packet, false, has_news);
        else
            tcp_repeat(tcp);
    } else if (!has_grown) {
        return;
    }
    tcp_output(tcp);
    if (packet->acknowledged > before && tcp->state == TCP_OPEN)
        tell_progress(tcp, before, &packet->cause);
}

/* ---- The data of a segment ---- */

static void take_payload(struct tcp *tcp, const struct packet *packet, uint64_t until)
{
    if (!packet->extra) {
        rope_append_rope(&tcp->in, &packet->of.tcp->out, tcp->expected, until);
        tcp->expected = until;
        return;
    }
    while (tcp->expected < until) {
        struct slice slice = packet_payload(packet, tcp->expected - packet->offset);

        slice.length = least(slice.length, until - tcp->expected);
        rope_append(&tcp->in, slice);
        tcp->expected += slice.length;
    }
}

/* Beyond a hole: noted, and the range it belongs to leads the SACK blocks. The bytes stay with the sender. */
static void take_early(struct tcp *tcp, struct range range)
{
    struct range whole;
    uint64_t moved = range.from;

    ranges_add(&tcp->early, tcp->arena, range);
    whole = ranges_at(&tcp->early, range.from);
    for (uint32_t i = 0; i < SACK_BLOCKS_MAX; i++) {
        uint64_t old = tcp->recent[i];

        tcp->recent[i] = moved;
        moved = old;
        if (old >= whole.from && old < whole.until)
            break;
    }
}

/* What had arrived early and fits now. */
static void take_filled(struct tcp *tcp)
{
    struct range first = tcp->early.items[0];

    if (first.from > tcp->expected)
        return;
    if (first.until > tcp->expected) {
        rope_append_rope(&tcp->in, &tcp->peer->out, tcp->expected, first.until);
        tcp->expected = first.until;
    }
    ranges_cut(&tcp->early, tcp->expected);
}

/* What comes first, or after silence, is acknowledged at once, so that the peer's slow start is not held up. Linux,
 * tcp_event_data_recv(): until half the window has come, at most 16 times. */
static void take_quick(struct tcp *tcp, const struct packet *packet)
{
    int64_t now_ns = tcp->engine->now_ns;

    if (tcp->data_ns == INT64_MIN || now_ns - tcp->data_ns > tcp->rto_ns)
        tcp->quick =
            (uint32_t)least(greatest(tcp->config.receive_buffer / (2 * (uint64_t)tcp->mss), 2), QUICK_ACKS_MAX);
    tcp->data_ns = now_ns;
    if (packet->length < tcp->mss || packet->flags & PACKET_PSH)
        tcp->write_ends++;
}

/* What has come already: the ACK for it was lost, or is late. Linux, tcp_enter_quickack_mode(). */
static void take_repeat(struct tcp *tcp)
{
    tcp->quick = QUICK_ACKS_MAX;
    tcp->is_answering = false;
}

/* True if data came into order. */
static bool take_data(struct tcp *tcp, const struct packet *packet)
{
    uint64_t before = tcp->expected;
    uint64_t from = packet->offset;
    uint64_t until = from + packet->length;

    if (packet->flags & PACKET_FIN)
        tcp->fin_at = until;
    until = least(until, tcp->in.begin + tcp->config.receive_buffer);
    if (until <= before || from > before) {
        tcp->ack_now = tcp->ack_now || packet->length > 0 || tcp->has_ended || from > before;
        if (until > from && from > before)
            take_early(tcp, (struct range){from, until});
        else if (tcp->config.has_quick_ack && packet->length > 0)
            take_repeat(tcp);
        return false;
    }
    take_payload(tcp, packet, until);
    if (tcp->config.has_quick_ack)
        take_quick(tcp, packet);
    if (tcp->early.count > 0) {
        tcp->ack_now = true;
        take_filled(tcp);
    }
    return true;
}

static void tell_received(struct tcp *tcp, const struct packet *packet)
{
    const struct tcp_owner *owner = tcp->owner;

    if (owner->received)
        owner->received(tcp->context, tcp, &packet->cause);
}

static void tell_end(struct tcp *tcp, const struct packet *packet)
{
    tcp->expected++;
    tcp->has_ended = true;
    tcp->ack_now = true;
    if (tcp->owner->ended)
        tcp->owner->ended(tcp->context, tcp, TCP_END_FIN, &packet->cause);
}

void tcp_take(struct tcp *tcp, const struct packet *packet)
{
    if (tcp->config.has_timestamps && packet->offset <= tcp->answered)
        tcp->recent_us = packet->stamp_us;
    take_ack(tcp, packet);
    if (tcp->state != TCP_OPEN || (packet->length == 0 && !(packet->flags & PACKET_FIN)))
        return;
    if (take_data(tcp, packet))
        tell_received(tcp, packet);
    if (tcp->state == TCP_OPEN && tcp->expected == tcp->fin_at)
        tell_end(tcp, packet);
}

/* ---- When an ACK goes out ---- */

/* The window is worth an ACK of its own when it has doubled after it had become small. */
static bool has_opened(const struct tcp *tcp)
{
    uint64_t buffer = tcp->config.receive_buffer;
    uint64_t edge = tcp->in.begin + buffer;
    uint64_t window = tcp->offered - least(tcp->expected, tcp->offered);

    return window <= least(buffer, UINT16_MAX) / 2 && edge >= tcp->expected + 2 * window &&
           edge >= tcp->offered + least(tcp->mss, buffer / 2);
}

/* Linux: the first segments; more than one full segment (__tcp_ack_snd_check()); the end of a write that has been read,
 * unless something goes back soon (tcp_cleanup_rbuf()). */
static bool is_quick(struct tcp *tcp, uint64_t due)
{
    if (!tcp->config.has_quick_ack || due == 0)
        return false;
    if (tcp->quick > 0 && !tcp->is_answering) {
        tcp->quick--;
        return true;
    }
    return due > tcp->mss || tcp->write_ends > 1 || (tcp->write_ends > 0 && !tcp->is_answering);
}

static void tcp_answer(struct tcp *tcp)
{
    uint64_t due = tcp->expected - tcp->answered;

    if (tcp->state != TCP_OPEN)
        return;
    /* RFC 5681 section 4.2: every second full segment, what is out of order, what fills a hole */
    if (is_quick(tcp, due) || tcp->ack_now || due >= 2 * (uint64_t)tcp->mss ||
        (due > 0 && tcp->config.delayed_ack_ns == 0) || has_opened(tcp)) {
        tcp_send_ack(tcp);
        return;
    }
    if (due == 0 || timer_armed(&tcp->delayed))
        return;
    tcp->delayed_cause = tcp->last;
    tcp->delayed_at_ns = tcp->engine->now_ns;
    timer_arm(&tcp->delayed, tcp->engine->now_ns + tcp->config.delayed_ack_ns);
}

void tcp_arrive(struct net *net, struct packet *packet)
{
    struct tcp *from = packet->of.tcp;
    struct tcp *tcp = packet->flags & PACKET_REFUSAL ? from : from->peer;

    if (!tcp) {
        tcp_knock(net, packet);
        packet_recycle(net, packet);
        return;
    }
    tcp_set_last(tcp, &packet->cause);
    tcp->is_busy = true;
    if (tcp->state == TCP_OPEN && !(packet->flags & (PACKET_SYN | PACKET_RST)))
        tcp_take(tcp, packet);
    else
        tcp_take_rare(tcp, packet);
    tcp->is_busy = false;
    tcp_answer(tcp);
    if (packet->flags & PACKET_AGAIN)
        tcp_gone(packet);
    packet_recycle(net, packet);
}

void tcp_delayed_ack(struct engine *engine, void *context)
{
    struct tcp *tcp = context;

    tcp->delayed_cause.parts.ns[PART_TIMER] += engine->now_ns - tcp->delayed_at_ns;
    tcp_set_last(tcp, &tcp->delayed_cause);
    tcp_send_ack(tcp);
}

void tcp_release(struct tcp *tcp, uint64_t offset, const struct cause *cause)
{
    rope_release(&tcp->in, offset);
    if (tcp->is_busy || tcp->state != TCP_OPEN || tcp->has_ended || !has_opened(tcp))
        return;
    tcp_set_last(tcp, cause);
    tcp_send_ack(tcp);
}
