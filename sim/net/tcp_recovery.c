/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How much may be on its way, and what is done when something gets lost.
 *
 * Slow start and congestion avoidance count acknowledged bytes (RFC 3465 with L = 2 segments, 1 after a timeout; RFC
 * 5681 section 3.1), so a delayed ACK opens the window as far as two ACKs would. The window grows only while it is what
 * limits the sender. Losses are repaired by RFC 6675 where both ends know SACK (by RFC 8985 in tcp_rack.c where both
 * want it), by RFC 6582 else, and by the timeout of RFC 6298.
 */
#include "sim/base/units.h"
#include "sim/net/tcp.h"

enum { DUPLICATES = 3, ETHERNET_MSS = 1460 };

/* RFC 6928: min(10 MSS, max(2 MSS, 14600)), for any number of segments; one if the handshake lost a packet */
uint64_t tcp_initial_window(const struct tcp *tcp)
{
    uint64_t segments = tcp->config.initial_window;
    uint64_t mss = tcp->mss;

    return least(segments * mss, greatest(2 * mss, segments * ETHERNET_MSS));
}

void tcp_reset_rto(struct tcp *tcp)
{
    int64_t least_ns = tcp->config.rto_spread_min_ns;
    int64_t rto_ns = tcp->rtt_ns + (4 * tcp->rttvar_ns > least_ns ? 4 * tcp->rttvar_ns : least_ns);

    if (!tcp->has_rtt)
        rto_ns = SECOND;
    if (rto_ns < tcp->config.rto_min_ns)
        rto_ns = tcp->config.rto_min_ns;
    tcp->rto_ns = rto_ns < tcp->config.rto_max_ns ? rto_ns : tcp->config.rto_max_ns;
}

void tcp_measure(struct tcp *tcp, int64_t rtt_ns)
{
    int64_t error_ns = tcp->rtt_ns > rtt_ns ? tcp->rtt_ns - rtt_ns : rtt_ns - tcp->rtt_ns;

    if (tcp->has_rtt) {
        tcp->rttvar_ns += (error_ns - tcp->rttvar_ns) / 4;
        tcp->rtt_ns += (rtt_ns - tcp->rtt_ns) / 8;
    } else {
        tcp->has_rtt = true;
        tcp->rtt_ns = rtt_ns;
        tcp->rttvar_ns = rtt_ns / 2;
    }
    tcp_reset_rto(tcp);
}

static void newreno_grow(struct tcp *tcp, uint64_t count)
{
    tcp->counted += count;
    if (tcp->counted >= tcp->cwnd) {
        tcp->counted -= tcp->cwnd;
        tcp->cwnd += tcp->mss;
    }
}

static uint64_t newreno_reduce(struct tcp *tcp, uint64_t flight)
{
    (void)tcp;
    return flight / 2;
}

const struct tcp_congestion tcp_congestions[TCP_CONGESTION_COUNT] = {
    [TCP_NEWRENO] = {.name = "newreno", .grow = newreno_grow, .reduce = newreno_reduce},
    [TCP_CUBIC] = {.name = "cubic",
                   .create = cubic_create,
                   .sample = cubic_sample,
                   .grow = cubic_grow,
                   .reduce = cubic_reduce,
                   .timeout = cubic_timeout,
                   .idle = cubic_idle},
};

static void tcp_grow(struct tcp *tcp, uint64_t count, uint64_t flight)
{
    if (tcp->cwnd < tcp->ssthresh) {
        if (2 * flight >= tcp->cwnd)
            tcp->cwnd += least(count, (tcp->has_timed_out ? 1u : 2u) * (uint64_t)tcp->mss);
        return;
    }
    if (flight + tcp->mss > tcp->cwnd)
        tcp->congestion->grow(tcp, count);
}

void tcp_reduce(struct tcp *tcp)
{
    /* What limited transmit has added does not count. */
    uint64_t flight = least(tcp->highest - tcp->acknowledged, tcp->cwnd);

    if (tcp->config.reduces_window)
        flight = tcp->cwnd;
    tcp->ssthresh = greatest(tcp->congestion->reduce(tcp, flight), 2 * (uint64_t)tcp->mss);
}

/* Sends again from offset on, up to a full segment or what the peer has. */
static uint64_t tcp_send_again(struct tcp *tcp, uint64_t offset)
{
    uint64_t until = least(tcp->highest, ranges_next(&tcp->sacked, offset));
    uint64_t length = until - offset;

    check(offset < until);
    if (offset + length <= tcp->out.end || length > tcp->mss + 1u)
        length = least(length, tcp->mss);
    return tcp_send_data(tcp, offset, length);
}

/* ---- NewReno, RFC 6582 ---- */

static void newreno_begin(struct tcp *tcp)
{
    tcp->repair = REPAIR_NEWRENO;
    tcp->was_partial = false;
    tcp->cwnd = tcp->ssthresh + DUPLICATES * (uint64_t)tcp->mss;
    tcp_send_again(tcp, tcp->acknowledged);
}

static void newreno_progress(struct tcp *tcp, uint64_t count)
{
    uint64_t mss = tcp->mss;

    if (tcp->acknowledged >= tcp->recover) {
        tcp->cwnd = least(tcp->ssthresh, greatest(tcp->highest - tcp->acknowledged, mss) + mss);
        tcp->repair = REPAIR_NONE;
        tcp->repeats = 0;
        return;
    }
    tcp_send_again(tcp, tcp->acknowledged);
    tcp->cwnd -= least(count, tcp->cwnd - mss);
    if (count >= mss)
        tcp->cwnd += mss;
}

/* ---- SACK, RFC 6675 ---- */

/* Whatever the peer does not have before it counts as lost (IsLost): three ranges or more than two segments are SACKed
 * from it on. */
static uint64_t sack_lost_edge(const struct tcp *tcp)
{
    uint64_t bytes = 0;
    uint32_t ranges = 0;

    for (uint32_t i = tcp->sacked.count; i > 0; i--) {
        const struct range *range = &tcp->sacked.items[i - 1];

        bytes += range->until - range->from;
        if (++ranges >= DUPLICATES || bytes > (DUPLICATES - 1) * (uint64_t)tcp->mss)
            return range->from;
    }
    return tcp->acknowledged;
}

/* Bytes before offset that the peer does not have. */
static uint64_t sack_missing(const struct tcp *tcp, uint64_t offset)
{
    return offset <= tcp->acknowledged ? 0 : offset - tcp->acknowledged - ranges_below(&tcp->sacked, offset);
}

/* SetPipe: each byte that is not SACKed counts once if it is not lost, and once if it was retransmitted. */
static uint64_t sack_pipe(const struct tcp *tcp)
{
    return sack_missing(tcp, tcp->highest) - sack_missing(tcp, sack_lost_edge(tcp)) + sack_missing(tcp, tcp->high_rxt);
}

static void sack_begin(struct tcp *tcp)
{
    tcp->repair = REPAIR_SACK;
    tcp->cwnd = tcp->ssthresh;
    tcp->next = tcp->highest;
    tcp->high_rxt = tcp->acknowledged + tcp_send_again(tcp, tcp->acknowledged);
    tcp->rescue = tcp->high_rxt;
}

static uint64_t sack_send_hole(struct tcp *tcp, uint64_t hole)
{
    uint64_t sent = tcp_send_again(tcp, hole);

    tcp->high_rxt = hole + sent;
    return sent;
}

/* The last segment that the peer does not have, once in a recovery: its loss would show in no SACK. */
static uint64_t sack_send_rescue(struct tcp *tcp)
{
    struct range top = ranges_at(&tcp->sacked, tcp->highest - 1);
    uint64_t until = top.until > top.from ? top.from : tcp->highest;
    uint64_t from = until - least(until - tcp->acknowledged, tcp->mss);

    tcp->rescue = tcp->recover;
    return tcp_send_data(tcp, from, until - from);
}

/* NextSeg, rules 1 to 4: the next hole that is lost; new data; a hole that may be lost; the rescue */
static uint64_t sack_send_next(struct tcp *tcp, uint64_t pipe)
{
    uint64_t hole = ranges_skip(&tcp->sacked, greatest(tcp->high_rxt, tcp->acknowledged));
    uint64_t length;

    if (hole < sack_lost_edge(tcp))
        return sack_send_hole(tcp, hole);
    if (tcp->next < tcp_end_offset(tcp) && (length = tcp_sendable(tcp, tcp->next, pipe)) > 0) {
        uint64_t sent = tcp_send_data(tcp, tcp->next, length);

        tcp->next += sent;
        return sent;
    }
    if (tcp->sacked.count > 0 && hole < tcp->sacked.items[tcp->sacked.count - 1].from)
        return sack_send_hole(tcp, hole);
    if (tcp->acknowledged > tcp->rescue && tcp->acknowledged < tcp->highest)
        return sack_send_rescue(tcp);
    return 0;
}

void tcp_repair_output(struct tcp *tcp)
{
    uint64_t pipe = sack_pipe(tcp);

    while (pipe + tcp->mss <= tcp->cwnd) {
        uint64_t sent = sack_send_next(tcp, pipe);

        if (sent == 0)
            return;
        pipe += sent;
    }
}

/* ---- Both ---- */

void tcp_repair_begin(struct tcp *tcp)
{
    tcp_reduce(tcp);
    tcp->recover = tcp->highest;
    tcp->counted = 0;
    tcp->fast_recoveries++;
}

static void tcp_repair(struct tcp *tcp)
{
    tcp_repair_begin(tcp);
    if (tcp->config.has_sack)
        sack_begin(tcp);
    else
        newreno_begin(tcp);
}

void tcp_progress(struct tcp *tcp, uint64_t count, uint64_t flight)
{
    bool keep_timer = tcp->repair == REPAIR_NEWRENO && tcp->was_partial && tcp->acknowledged < tcp->recover;

    /* The impatient variant of RFC 6582: of the partial ACKs only the first restarts the timer. */
    if (tcp->acknowledged == tcp->highest)
        timer_cancel(&tcp->timer);
    else if (!keep_timer)
        timer_arm(&tcp->timer, tcp->engine->now_ns + tcp->rto_ns);

    if (tcp->acknowledged >= tcp->recover)
        tcp->has_timed_out = false;
    if (tcp->repair == REPAIR_NEWRENO) {
        newreno_progress(tcp, count);
        tcp->was_partial = true;
        return;
    }
    if (tcp->repair == REPAIR_SACK) {
        if (tcp->acknowledged < tcp->recover)
            return;
        if (tcp->config.has_linux_rack && tcp->rack)
            tcp->cwnd = tcp->ssthresh;
        tcp->repair = REPAIR_NONE;
        tcp->repeats = 0;
        return;
    }
    tcp->repeats = 0;
    /* Linux, tcp_cong_control(): what the same ACK's SACK blocks tell counts as well. */
    tcp_grow(tcp, tcp->rack && tcp->config.has_linux_rack ? rack_delivered(tcp) : count, flight);
}

void tcp_repeat(struct tcp *tcp)
{
    if (tcp->repair == REPAIR_NEWRENO)
        tcp->cwnd += tcp->mss;
    if (tcp->repair != REPAIR_NONE)
        return;
    tcp->repeats++;
    /* After a timeout or a recovery no other recovery for what had been sent before it. */
    if (tcp->config.has_sack ? tcp->acknowledged < tcp->recover : tcp->acknowledged <= tcp->recover && tcp->recover > 0)
        return;
    if (tcp->repeats >= DUPLICATES || (tcp->config.has_sack && sack_lost_edge(tcp) > tcp->acknowledged))
        tcp_repair(tcp);
}

void tcp_collapse(struct tcp *tcp)
{
    if (tcp->tries == 1)
        tcp_reduce(tcp);
    if (tcp->congestion->timeout)
        tcp->congestion->timeout(tcp);
    tcp->cwnd = tcp->mss;
    tcp->counted = 0;
    tcp->repair = REPAIR_NONE;
    tcp->repeats = 0;
    tcp->recover = tcp->highest;
    tcp->has_timed_out = true;
    tcp->is_timed = false;
    if (tcp->rack)
        rack_lose_all(tcp);
    else
        tcp->next = tcp->acknowledged;
    tcp_output(tcp);
}
