/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RACK-TLP, RFC 8985: a segment is lost when one that was sent later has been delivered and enough time for reordering
 * has passed; when the tail of what was sent stays without an answer, a probe asks for one. For this each segment on
 * its way is known, with the time of its last sending. D-SACK is neither sent nor read, so the time for reordering
 * stays at a quarter of the least round trip.
 */
#include "sim/base/units.h"
#include "sim/net/tcp.h"

enum { SENT_FIRST = 32, DUPLICATES = 3 };

/* A segment that was sent and is not acknowledged. */
struct sent {
    uint64_t from;
    uint64_t until;
    int64_t at_ns; /* last sending */
    bool is_again;
    bool is_lost; /* and not sent again since */
    bool is_sacked;
};

enum rack_wait { WAIT_REORDERING, WAIT_PROBE };

struct rack {
    struct sent *ring; /* in order of offset; its first and one behind its last count up without limit */
    uint64_t mask;
    uint64_t first;
    uint64_t end;
    uint64_t pipe; /* bytes on their way: neither delivered nor lost */
    uint64_t lost; /* segments marked */
    uint64_t sacked;
    uint64_t lost_from; /* no segment before it is marked */

    /* Of the segment sent last among those that were delivered (section 5.2). */
    int64_t at_ns;
    int64_t rtt_ns;
    uint64_t until;
    bool has_delivered;
    bool has_reordered;
    uint64_t fack;      /* the highest byte delivered before this ACK */
    uint64_t fack_next; /* and by it */
    int64_t rtt_min_ns;

    /* What this ACK delivered. */
    int64_t first_rtt_ns;
    int64_t last_rtt_ns;
    uint64_t delivered; /* bytes */

    /* Of a recovery whose window shrinks in proportion: RFC 9937's RecoverFS, prr_delivered, prr_out. */
    uint64_t prr_from;
    uint64_t prr_delivered;
    uint64_t prr_sent;

    /* The probe. */
    bool has_probe;
    bool is_probe_again; /* it was sent before */
    uint64_t probe_end;
    uint64_t probes;
    enum rack_wait wait;
    struct timer timer;
};

static event_fn rack_expire;

void rack_create(struct tcp *tcp)
{
    struct rack *rack;

    if (tcp->rack)
        return;
    rack = arena_alloc(tcp->arena, sizeof(*rack));
    *rack = (struct rack){.mask = SENT_FIRST - 1, .rtt_min_ns = INT64_MAX, .first_rtt_ns = -1, .last_rtt_ns = -1};
    rack->ring = arena_alloc(tcp->arena, SENT_FIRST * sizeof(*rack->ring));
    timer_init(&rack->timer, tcp->engine, tcp, rack_expire);
    tcp->rack = rack;
}

void rack_stop(struct tcp *tcp)
{
    timer_cancel(&tcp->rack->timer);
}

uint64_t rack_probes(const struct tcp *tcp)
{
    return tcp->rack->probes;
}

int64_t rack_first_rtt_ns(const struct tcp *tcp)
{
    return tcp->rack->first_rtt_ns;
}

int64_t rack_last_rtt_ns(const struct tcp *tcp)
{
    return tcp->rack->last_rtt_ns;
}

uint64_t rack_delivered(const struct tcp *tcp)
{
    return tcp->rack->delivered;
}

/* ---- The segments on their way ---- */

static struct sent *sent_at(const struct rack *rack, uint64_t index)
{
    return &rack->ring[index & rack->mask];
}

static uint64_t sent_length(const struct sent *sent)
{
    return sent->until - sent->from;
}

/* A place at index; what is behind it moves up. */
static struct sent *sent_insert(struct tcp *tcp, uint64_t index)
{
    struct rack *rack = tcp->rack;

    if (rack->end - rack->first > rack->mask) {
        uint64_t mask = 2 * rack->mask + 1;
        struct sent *ring = arena_alloc(tcp->arena, (mask + 1) * sizeof(*ring));

        for (uint64_t i = rack->first; i != rack->end; i++)
            ring[i & mask] = *sent_at(rack, i);
        rack->ring = ring;
        rack->mask = mask;
    }
    for (uint64_t i = rack->end++; i != index; i--)
        *sent_at(rack, i) = *sent_at(rack, i - 1);
    return sent_at(rack, index);
}

/* The segment that holds offset, or the one behind all. */
static uint64_t sent_find(const struct rack *rack, uint64_t offset)
{
    uint64_t low = rack->first, high = rack->end;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (sent_at(rack, middle)->until <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Cuts the segment at index in two at offset, which lies within it. */
static void sent_split(struct tcp *tcp, uint64_t index, uint64_t offset)
{
    struct rack *rack = tcp->rack;
    struct sent *behind = sent_insert(tcp, index + 1);
    struct sent *sent = sent_at(rack, index);

    *behind = *sent;
    behind->from = sent->until = offset;
    rack->lost += sent->is_lost;
    rack->sacked += sent->is_sacked;
    if (rack->lost_from > index)
        rack->lost_from++;
}

/* What was sent before and is sent again. */
static void sent_repeat(struct tcp *tcp, uint64_t from, uint64_t until)
{
    struct rack *rack = tcp->rack;

    for (uint64_t i = sent_find(rack, from); i != rack->end && sent_at(rack, i)->from < until; i++) {
        if (sent_at(rack, i)->from < from) {
            sent_split(tcp, i, from);
            continue;
        }
        if (sent_at(rack, i)->until > until)
            sent_split(tcp, i, until);
        struct sent *sent = sent_at(rack, i);

        if (sent->is_lost) {
            rack->lost--;
            rack->pipe += sent_length(sent);
        }
        sent->is_lost = false;
        sent->is_again = true;
        sent->at_ns = tcp->engine->now_ns;
    }
}

void rack_sent(struct tcp *tcp, uint64_t from, uint64_t until)
{
    struct rack *rack = tcp->rack;
    uint64_t highest = rack->end == rack->first ? tcp->acknowledged : sent_at(rack, rack->end - 1)->until;

    if (tcp->repair != REPAIR_NONE)
        rack->prr_sent += until - from;
    if (from < highest)
        sent_repeat(tcp, from, least(until, highest));
    if (until <= highest)
        return;
    *sent_insert(tcp, rack->end) =
        (struct sent){.from = greatest(from, highest), .until = until, .at_ns = tcp->engine->now_ns};
    rack->pipe += until - greatest(from, highest);
}

static void sent_lose(struct rack *rack, uint64_t index)
{
    struct sent *sent = sent_at(rack, index);

    sent->is_lost = true;
    rack->lost++;
    rack->pipe -= sent_length(sent);
    if (index < rack->lost_from)
        rack->lost_from = index;
}

/* ---- What an ACK delivers: sections 6.2, steps 1 to 3 ---- */

/* Section 5.2: later sent, or further on where both were sent at once. */
static bool is_sent_after(int64_t at_ns, uint64_t until, int64_t other_ns, uint64_t other_until)
{
    return at_ns > other_ns || (at_ns == other_ns && until > other_until);
}

/* Step 3: what one ACK delivers it delivers in order, whatever its blocks say first. A segment whose own ACK was
 * delayed is delivered by that of a later one, behind a hole. */
static void rack_note_order(struct rack *rack, const struct sent *sent)
{
    rack->fack_next = greatest(rack->fack_next, sent->until);
    if (sent->until < rack->fack && !sent->is_again)
        rack->has_reordered = true;
}

static void rack_deliver(struct tcp *tcp, const struct sent *sent)
{
    struct rack *rack = tcp->rack;
    int64_t rtt_ns = tcp->engine->now_ns - sent->at_ns;

    rack_note_order(rack, sent);
    if (!sent->is_again) {
        if (rtt_ns < rack->rtt_min_ns)
            rack->rtt_min_ns = rtt_ns;
        if (rack->first_rtt_ns < 0)
            rack->first_rtt_ns = rtt_ns;
        rack->last_rtt_ns = rtt_ns;
    } else if (rtt_ns < rack->rtt_min_ns) {
        return; /* the answer is that to an earlier sending */
    }
    /* Linux, tcp_rack_advance(): SACKed first, then acknowledged in order, not in the order of sending. */
    if (tcp->config.has_linux_rack)
        rack->rtt_ns = rtt_ns;
    if (rack->has_delivered && !is_sent_after(sent->at_ns, sent->until, rack->at_ns, rack->until))
        return;
    rack->has_delivered = true;
    rack->at_ns = sent->at_ns;
    rack->until = sent->until;
    rack->rtt_ns = rtt_ns;
}

/* The segment is no longer on its way. */
static void sent_arrive(struct tcp *tcp, struct sent *sent)
{
    struct rack *rack = tcp->rack;

    if (sent->is_sacked)
        return;
    if (sent->is_lost)
        rack->lost--;
    else
        rack->pipe -= sent_length(sent);
    sent->is_lost = false;
    rack->delivered += sent_length(sent);
    rack_deliver(tcp, sent);
}

/* Blocks are of data: they do not tell of a FIN. */
static bool is_within(const struct tcp *tcp, const struct sent *sent, const struct range *block)
{
    return sent->from < block->until && least(sent->until, tcp->out.end) <= block->until;
}

void rack_take_sack(struct tcp *tcp, const struct packet_extra *extra)
{
    struct rack *rack = tcp->rack;

    for (uint32_t b = 0; b < extra->sack_count; b++) {
        const struct range *block = &extra->sack[b];

        for (uint64_t i = sent_find(rack, block->from); i != rack->end; i++) {
            struct sent *sent = sent_at(rack, i);

            if (!is_within(tcp, sent, block))
                break;
            if (sent->is_sacked || sent->from < block->from)
                continue;
            sent_arrive(tcp, sent);
            sent->is_sacked = true;
            rack->sacked++;
        }
    }
}

void rack_take_progress(struct tcp *tcp)
{
    struct rack *rack = tcp->rack;

    rack->first_rtt_ns = rack->last_rtt_ns = -1;
    while (rack->first != rack->end && sent_at(rack, rack->first)->until <= tcp->acknowledged) {
        struct sent *sent = sent_at(rack, rack->first++);

        rack->sacked -= sent->is_sacked;
        sent_arrive(tcp, sent);
    }
    if (rack->first == rack->end || sent_at(rack, rack->first)->from >= tcp->acknowledged)
        return;
    struct sent *cut = sent_at(rack, rack->first);

    if (!cut->is_sacked)
        rack->delivered += tcp->acknowledged - cut->from;
    if (!cut->is_sacked && !cut->is_lost)
        rack->pipe -= tcp->acknowledged - cut->from;
    cut->from = tcp->acknowledged;
}

/* ---- Losses: section 6.2, steps 4 and 5 ---- */

/* How long what was sent earlier may still come. */
static int64_t rack_window_ns(const struct tcp *tcp)
{
    const struct rack *rack = tcp->rack;
    int64_t window_ns = rack->rtt_min_ns / 4;

    if (!rack->has_reordered && (tcp->repair != REPAIR_NONE || rack->sacked >= DUPLICATES))
        return 0;
    return window_ns < tcp->rtt_ns ? window_ns : tcp->rtt_ns;
}

/* Marks what is lost; true if anything was. The rest may be so later, and the timer asks again then. */
static bool rack_detect(struct tcp *tcp)
{
    struct rack *rack = tcp->rack;
    int64_t now_ns = tcp->engine->now_ns, wait_ns = 0;
    int64_t patience_ns = rack->rtt_ns + rack_window_ns(tcp);
    uint64_t lost = rack->lost;

    if (!rack->has_delivered)
        return false;
    for (uint64_t i = rack->first; i != rack->end; i++) {
        const struct sent *sent = sent_at(rack, i);

        if (sent->is_sacked || sent->is_lost)
            continue;
        if (!is_sent_after(rack->at_ns, rack->until, sent->at_ns, sent->until)) {
            if (!sent->is_again)
                break; /* nor was anything behind it, but what was sent again later still */
            continue;
        }
        int64_t left_ns = sent->at_ns + patience_ns - now_ns;

        if (left_ns <= 0)
            sent_lose(rack, i);
        else if (left_ns > wait_ns)
            wait_ns = left_ns;
    }
    if (wait_ns > 0) {
        rack->wait = WAIT_REORDERING;
        timer_arm(&rack->timer, now_ns + wait_ns + tcp->config.rack_margin_ns);
    } else if (rack->wait == WAIT_REORDERING) {
        timer_cancel(&rack->timer);
    }
    return rack->lost > lost;
}

/* The first segment that is lost, again. */
static void rack_send_lost(struct tcp *tcp)
{
    struct rack *rack = tcp->rack;

    if (rack->lost_from < rack->first)
        rack->lost_from = rack->first;
    while (!sent_at(rack, rack->lost_from)->is_lost)
        rack->lost_from++;
    const struct sent *sent = sent_at(rack, rack->lost_from);

    check(rack->lost_from < rack->end);
    if (rack->lost_from == rack->first) /* as Linux does: it has a timeout of its own */
        timer_arm(&tcp->timer, tcp->engine->now_ns + tcp->rto_ns);
    tcp_send_data(tcp, sent->from, sent_length(sent));
}

/* New losses begin a recovery, unless one is under way, or what a timeout found is still being repaired. The first is
 * sent again at once, whatever is on its way (RFC 5681 section 3.2, RFC 6675 section 5). */
static void rack_recover(struct tcp *tcp)
{
    if (tcp->repair != REPAIR_NONE || (tcp->has_timed_out && tcp->acknowledged < tcp->recover))
        return;
    tcp->rack->prr_from = tcp->cwnd;
    tcp->rack->prr_delivered = tcp->rack->prr_sent = 0;
    tcp_repair_begin(tcp);
    tcp->repair = REPAIR_SACK;
    if (tcp->config.has_linux_rack)
        return; /* what this ACK delivered says how much */
    tcp->cwnd = tcp->ssthresh;
    rack_send_lost(tcp);
}

/* Proportional rate reduction, RFC 9937, as Linux has it (net/ipv4/tcp_input.c, tcp_cwnd_reduction()): by
 * what has been delivered, in whole segments, until no more than ssthresh is on its way; then back up to it, by a
 * segment more than was delivered where the ACK shows that repairs succeed. */
static void rack_shrink(struct tcp *tcp, uint64_t delivered, bool is_safe)
{
    struct rack *rack = tcp->rack;
    uint64_t mss = tcp->mss, allowed, may_send;

    if (!tcp->config.has_linux_rack || tcp->repair == REPAIR_NONE || delivered == 0)
        return;
    rack->prr_delivered += delivered;
    if (rack->pipe > tcp->ssthresh) {
        allowed = (tcp->ssthresh * rack->prr_delivered + rack->prr_from - 1) / rack->prr_from;
        allowed = (allowed + mss - 1) / mss * mss;
        may_send = allowed - least(rack->prr_sent, allowed);
    } else {
        allowed = rack->prr_delivered - least(rack->prr_sent, rack->prr_delivered);
        may_send = least(greatest(allowed, delivered) + (is_safe ? mss : 0), tcp->ssthresh - rack->pipe);
    }
    if (rack->prr_sent == 0)
        may_send = greatest(may_send, mss);
    tcp->cwnd = rack->pipe + may_send;
}

/* Section 7.4.2. */
static void rack_judge_probe(struct tcp *tcp, const struct packet *packet, bool has_progress, bool has_news)
{
    struct rack *rack = tcp->rack;

    if (!rack->has_probe || packet->acknowledged < rack->probe_end)
        return;
    bool is_beyond = packet->acknowledged > rack->probe_end;
    bool is_duplicate = !has_progress && !has_news;

    if (rack->is_probe_again && !is_beyond && !is_duplicate)
        return; /* the peer had it already, or had lost it: what it says next tells */
    rack->has_probe = false;
    if (!rack->is_probe_again || is_duplicate || tcp->repair != REPAIR_NONE)
        return;
    /* The probe itself has repaired a loss. */
    tcp_reduce(tcp);
    tcp->cwnd = least(tcp->cwnd, tcp->ssthresh);
}

void rack_take_duplicate(struct tcp *tcp, const struct packet *packet)
{
    rack_judge_probe(tcp, packet, false, packet->extra != NULL);
}

void rack_judge(struct tcp *tcp, const struct packet *packet, bool has_progress, bool has_news)
{
    struct rack *rack = tcp->rack;
    uint64_t delivered = rack->delivered;

    rack->delivered = 0;
    rack->fack = rack->fack_next;
    rack_judge_probe(tcp, packet, has_progress, has_news);
    if (rack->sacked == 0 && rack->lost == 0 && tcp->repair == REPAIR_NONE && !rack->has_reordered) {
        if (rack->wait == WAIT_REORDERING)
            timer_cancel(&rack->timer);
        return;
    }
    bool has_lost = rack_detect(tcp);

    if (has_lost)
        rack_recover(tcp);
    rack_shrink(tcp, delivered, has_progress && !has_lost);
}

/* Section 6.3: everything on its way may be lost; the first is sent again at once, the rest as ACKs come. */
void rack_lose_all(struct tcp *tcp)
{
    struct rack *rack = tcp->rack;

    timer_cancel(&rack->timer);
    rack->has_probe = false;
    for (uint64_t i = rack->first; i != rack->end; i++)
        if (!sent_at(rack, i)->is_sacked && !sent_at(rack, i)->is_lost)
            sent_lose(rack, i);
}

/* ---- Sending ---- */

static uint64_t rack_send_new(struct tcp *tcp)
{
    uint64_t length = tcp->next < tcp_end_offset(tcp) ? tcp_sendable(tcp, tcp->next, tcp->rack->pipe) : 0;
    uint64_t sent = length > 0 ? tcp_send_data(tcp, tcp->next, length) : 0;

    tcp->next += sent;
    return sent;
}

/* Section 7.2: when no answer comes for two round trips, a probe asks for one; before the timeout, in any case. */
static void rack_expect(struct tcp *tcp)
{
    struct rack *rack = tcp->rack;
    int64_t now_ns = tcp->engine->now_ns;
    int64_t wait_ns = tcp->has_rtt ? 2 * tcp->rtt_ns : SECOND;

    if (rack->wait == WAIT_REORDERING && timer_armed(&rack->timer))
        return;
    timer_cancel(&rack->timer);
    if (rack->end == rack->first || rack->has_probe || rack->sacked > 0 || rack->lost > 0 ||
        tcp->repair != REPAIR_NONE || tcp->tries > 0)
        return;
    if (rack->end - rack->first == 1) /* its ACK may be delayed, by as long as Linux allows for that */
        wait_ns += tcp->config.rto_min_ns;
    else
        wait_ns += tcp->config.rack_margin_ns;
    if (timer_armed(&tcp->timer) && now_ns + wait_ns >= tcp->timer.due_ns)
        wait_ns = tcp->timer.due_ns - now_ns - 1;
    if (wait_ns <= 0)
        return;
    rack->wait = WAIT_PROBE;
    timer_arm(&rack->timer, now_ns + wait_ns);
}

void rack_output(struct tcp *tcp)
{
    struct rack *rack = tcp->rack;

    while (rack->lost > 0 && (rack->pipe == 0 || rack->pipe + tcp->mss <= tcp->cwnd))
        rack_send_lost(tcp);
    while (rack->lost == 0 && rack_send_new(tcp) > 0)
        ;
    rack_expect(tcp);
}

/* Section 7.3: new data if there is any, else what was sent last. */
static void rack_probe(struct tcp *tcp)
{
    struct rack *rack = tcp->rack;
    const struct sent *last = sent_at(rack, rack->end - 1);
    uint64_t from = tcp->next;
    uint64_t length = from < tcp_end_offset(tcp) ? tcp_sendable(tcp, from, 0) : 0;

    rack->is_probe_again = length == 0;
    if (length == 0) {
        from = last->from;
        length = sent_length(last);
    }
    tcp_tell_repeat(tcp, TCP_REPEAT_PROBE, from, (uint32_t)length);
    uint64_t sent = tcp_send_data(tcp, from, length);

    if (!rack->is_probe_again)
        tcp->next += sent;
    rack->has_probe = true;
    rack->probe_end = tcp->highest;
    rack->probes++;
    timer_arm(&tcp->timer, tcp->engine->now_ns + tcp->rto_ns);
}

static void rack_expire(struct engine *engine, void *context)
{
    struct tcp *tcp = context;
    struct rack *rack = tcp->rack;

    (void)engine;
    if (tcp->state != TCP_OPEN || rack->first == rack->end)
        return;
    tcp_wake(tcp);
    tcp->late_part = PART_TIMER;
    if (rack->wait == WAIT_PROBE) {
        rack_probe(tcp);
    } else {
        if (rack_detect(tcp)) {
            rack_recover(tcp);
            rack_shrink(tcp, tcp->mss, false); /* Linux, tcp_rack_reo_timeout() */
        }
        tcp_output(tcp);
    }
    tcp->late_part = PART_QUEUEING;
}
