/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcp.h - the inside of a connection's end. Offsets are 64-bit stream offsets: data byte 0 is the one behind the SYN,
 * the FIN stands one behind the last data byte. The files: tcp.c opens and closes, tcp_send.c makes segments and keeps
 * to the windows, tcp_recovery.c sets the congestion window and repairs losses, tcp_cubic.c lets it grow by RFC 9438,
 * tcp_rack.c finds losses by time (RFC 8985), tcp_receive.c puts the stream together.
 */
#ifndef SIM_NET_TCP_H
#define SIM_NET_TCP_H

#include "sim/base/units.h"
#include "sim/net/graph.h"
#include "sim/net/ranges.h"

enum tcp_state {
    TCP_SYN_SENT,
    TCP_SYN_RECEIVED,
    TCP_OPEN, /* until both have finished, and after that: late segments still get their answer */
    TCP_DEAD  /* reset or given up */
};

/* How the sender is repairing losses. */
enum tcp_repair {
    REPAIR_NONE,
    REPAIR_NEWRENO, /* fast recovery, RFC 6582 */
    REPAIR_SACK,    /* RFC 6675, or RFC 8985 where there is struct rack */
};

/* Who wrote the bytes up to an offset, last. */
struct tcp_mark {
    uint64_t until;
    int64_t at_ns;
    struct cause cause;
};

/* A congestion control. All but name and grow may be NULL. */
struct tcp_congestion {
    const char *name;
    void (*create)(struct tcp *tcp); /* its state */
    /* The round trip of what was acknowledged last; told before the window grows. */
    void (*sample)(struct tcp *tcp, int64_t rtt_ns);
    /* Congestion avoidance: count more bytes are acknowledged, and the window is what limited the sender. */
    void (*grow)(struct tcp *tcp, uint64_t count);
    /* A loss while flight bytes were outstanding: what ssthresh becomes, before it is raised to two segments. */
    uint64_t (*reduce)(struct tcp *tcp, uint64_t flight);
    void (*timeout)(struct tcp *tcp);
    /* Nothing has been on its way for idle_ns. */
    void (*idle)(struct tcp *tcp, int64_t idle_ns);
};
extern const struct tcp_congestion tcp_congestions[TCP_CONGESTION_COUNT];

struct cubic; /* tcp_cubic.c */
struct rack;  /* tcp_rack.c */

struct tcp {
    struct net *net;
    struct arena *arena; /* of everything that it allocates */
    struct engine *engine;
    struct link *way;      /* first link to the peer */
    struct shield *shield; /* what protects its packets; NULL: nothing */
    struct tcp *peer;      /* NULL until the SYN has arrived there */
    uint8_t state;
    uint8_t repair;
    uint8_t scale_own; /* window scale, RFC 7323 */
    bool is_client;
    bool is_finishing; /* a FIN stands behind the data */
    bool has_ended;    /* the peer's FIN has been taken */
    bool ack_now;      /* an ACK is due when this event has been dealt with */
    bool is_busy;      /* inside tcp_arrive: what is due goes out at its end */
    bool was_full;     /* tcp_room was 0 */
    bool was_partial;  /* fast recovery has seen a partial ACK */
    bool is_timed;     /* a segment's round trip is being measured */
    bool has_rtt;
    bool has_timed_out; /* slow start after an RTO: one segment an ACK at most (RFC 3465) */
    uint16_t repeats;   /* duplicate ACKs */
    uint16_t id_next;   /* IPv4 identification: each connection counts, as Linux does */
    uint32_t mss;       /* payload of a full segment */
    uint32_t mtu;

    /* Sending. */
    uint64_t acknowledged; /* SND.UNA */
    uint64_t next;         /* SND.NXT */
    uint64_t highest;      /* one behind the last byte ever sent */
    uint64_t edge;         /* where the peer's window ends */
    uint64_t window_max;   /* the largest that the peer ever offered */
    uint64_t pushed;       /* what the owner wrote up to here may leave */
    uint64_t cwnd;
    uint64_t ssthresh;
    uint64_t counted;  /* acknowledged bytes toward the next increment in congestion avoidance */
    uint64_t recover;  /* RecoveryPoint: what had been sent when the loss was found */
    uint64_t high_rxt; /* SACK recovery: retransmitted up to here */
    uint64_t rescue;   /* the rescue retransmission is allowed again above */
    struct ranges sacked;
    struct rope out;
    struct timer timer; /* retransmission, or probe of a closed window */
    int64_t rto_ns;
    int64_t rtt_ns; /* smoothed */
    int64_t rttvar_ns;
    int64_t sent_ns; /* of the last data */
    int64_t timed_ns;
    uint64_t timed_until;
    uint32_t tries;           /* timeouts since the last progress */
    uint32_t again_in_flight; /* retransmissions on the way: the rope is kept for them */
    const struct tcp_congestion *congestion;
    struct cubic *cubic;    /* NULL: another congestion control */
    struct rack *rack;      /* NULL: losses are found by RFC 6675 or RFC 6582 */
    struct tcp_mark *marks; /* ring */
    uint32_t mark_mask;
    uint32_t mark_first;
    uint32_t mark_end;

    /* Receiving. */
    uint64_t expected; /* RCV.NXT */
    uint64_t answered; /* the ACK sent last */
    uint64_t offered;  /* where the window offered ends */
    uint64_t fin_at;   /* the peer's FIN, once it is known; UINT64_MAX */
    struct rope in;
    struct ranges early;              /* arrived beyond a hole */
    uint64_t recent[SACK_BLOCKS_MAX]; /* an offset in each of the ranges of early that changed last */
    struct timer delayed;
    alignas(64) struct cause delayed_cause; /* of the segment that armed it */
    int64_t delayed_at_ns;
    uint32_t recent_us;  /* TS.Recent */
    uint32_t quick;      /* ACKs that are still sent at once */
    uint32_t write_ends; /* ends of writes that came since the last ACK */
    bool is_answering;   /* data has gone out soon after data came: an ACK may ride on what goes out next */
    int64_t data_ns;     /* of the data that arrived last; INT64_MIN: none has */

    /* What was sent or received last or asked for by the owner, and when: what is sent next goes on from there. */
    alignas(64) struct cause last;
    int64_t last_ns;
    enum part late_part; /* what bytes of another transfer than last's are charged for having waited */

    void *context;
    const struct tcp_owner *owner;
    struct tcp_config config;
    uint32_t node;
    uint32_t peer_node;
    uint16_t port;
    uint16_t peer_port;
    uint32_t number; /* of the connection's end in the net: its initial sequence number comes from it */
    uint64_t segments_sent;
    uint64_t retransmitted;
    uint64_t timeouts;
    uint64_t fast_recoveries;
};

/* One behind the last byte to be sent, a FIN included. */
static inline uint64_t tcp_end_offset(const struct tcp *tcp)
{
    return tcp->out.end + tcp->is_finishing;
}

static inline uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t greatest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The clock of the timestamps option. */
static inline uint32_t tcp_stamp_us(const struct tcp *tcp)
{
    return (uint32_t)(tcp->engine->now_ns / US);
}

static inline void tcp_set_last(struct tcp *tcp, const struct cause *cause)
{
    tcp->last = *cause;
    tcp->last_ns = tcp->engine->now_ns;
}

static inline void tcp_tell_repeat(struct tcp *tcp, enum tcp_repeat what, uint64_t offset, uint32_t length)
{
    if (tcp->net->repeat)
        tcp->net->repeat(tcp->net->repeat_context, tcp->node, tcp->peer_node, what, offset, length);
}

/* A segment is sent that was sent before. */
static inline void tcp_count_again(struct tcp *tcp, enum tcp_repeat what, uint64_t offset, uint32_t length)
{
    tcp->retransmitted++;
    tcp->net->retransmissions++;
    tcp_tell_repeat(tcp, what, offset, length);
}

/* ---- tcp.c ---- */

/* The timer: SYN, data or FIN again, or a probe of a closed window. */
event_fn tcp_timeout;

/* A timer of the connection has expired: what goes out now has waited for it. */
void tcp_wake(struct tcp *tcp);

/* A SYN that has not come through before. */
void tcp_knock(struct net *net, const struct packet *syn);

/* Whatever is not a plain segment of an open connection. */
void tcp_take_rare(struct tcp *tcp, const struct packet *packet);

/* The connection is over; the owner is told. */
void tcp_die(struct tcp *tcp, enum tcp_end how, const struct cause *cause);

/* Lets go of what is acknowledged, unless a retransmission on its way still refers to it. */
static inline void tcp_let_go(struct tcp *tcp)
{
    if (tcp->again_in_flight == 0)
        rope_release(&tcp->out, least(tcp->acknowledged, tcp->out.end));
}

/* ---- tcp_send.c ---- */

/* A segment without payload: SYN, SYN-ACK, ACK, RST, with the sums of tcp->last. */
void tcp_send_control(struct tcp *tcp, uint16_t flags, bool is_feedback);

/* Nothing but an acknowledgement, the same as tcp_send_control(tcp, PACKET_ACK, true). */
void tcp_send_ack(struct tcp *tcp);

/* The answer of a host where nobody listens to a SYN. */
void tcp_send_refusal(struct net *net, const struct packet *syn);

/* Notes that the owner has written up to the end of what is to be sent. */
void tcp_mark_end(struct tcp *tcp, const struct cause *cause);

/* Sends length bytes from offset on, the FIN counted; fewer where SACK blocks need the place. Returns how many. */
uint64_t tcp_send_data(struct tcp *tcp, uint64_t offset, uint64_t length);

/* Bytes of the next segment from offset on while flight bytes are on their way; 0: not now. */
uint64_t tcp_sendable(const struct tcp *tcp, uint64_t offset, uint64_t flight);

/* Sends whatever the windows allow. */
void tcp_output(struct tcp *tcp);

/* ---- tcp_recovery.c ---- */

uint64_t tcp_initial_window(const struct tcp *tcp);

/* Less may be on its way after a loss: sets ssthresh. */
void tcp_reduce(struct tcp *tcp);

/* A recovery begins: ssthresh, and how far it reaches. */
void tcp_repair_begin(struct tcp *tcp);

/* A round trip was measured; the timeout from what was measured so far. */
void tcp_measure(struct tcp *tcp, int64_t rtt_ns);
void tcp_reset_rto(struct tcp *tcp);

/* Bytes on their way as far as the sender can know, outside of SACK recovery. */
static inline uint64_t tcp_flight(const struct tcp *tcp)
{
    uint64_t sent = tcp->next - tcp->acknowledged;

    return tcp->sacked.count ? sent - ranges_below(&tcp->sacked, tcp->next) : sent;
}

/* count more bytes are acknowledged; flight was outstanding before. */
void tcp_progress(struct tcp *tcp, uint64_t count, uint64_t flight);

/* A duplicate ACK. */
void tcp_repeat(struct tcp *tcp);

/* SACK recovery: sends what RFC 6675 NextSeg says as long as the pipe has room. */
void tcp_repair_output(struct tcp *tcp);

/* The retransmission timer has expired: back to slow start. */
void tcp_collapse(struct tcp *tcp);

/* ---- tcp_cubic.c: a row of tcp_congestions ---- */

void cubic_create(struct tcp *tcp);
void cubic_sample(struct tcp *tcp, int64_t rtt_ns);
void cubic_grow(struct tcp *tcp, uint64_t count);
uint64_t cubic_reduce(struct tcp *tcp, uint64_t flight);
void cubic_timeout(struct tcp *tcp);
void cubic_idle(struct tcp *tcp, int64_t idle_ns);

/* ---- tcp_rack.c: all of it only where tcp->rack is not NULL, but rack_create ---- */

void rack_create(struct tcp *tcp);

/* Bytes from from on, before until, are sent, first or again. */
void rack_sent(struct tcp *tcp, uint64_t from, uint64_t until);

/* SACK blocks; tcp->acknowledged has advanced. Both note what was delivered, for rack_judge. */
uint64_t rack_delivered(const struct tcp *tcp); /* bytes, by the ACK that is being taken */
void rack_take_sack(struct tcp *tcp, const struct packet_extra *extra);
void rack_take_progress(struct tcp *tcp);

/* The round trips of the first and the last segment that this ACK delivered and that were sent once; negative: none. */
int64_t rack_first_rtt_ns(const struct tcp *tcp);
int64_t rack_last_rtt_ns(const struct tcp *tcp);

/* The ACK has been noted: finds losses (section 6.2), judges a probe (section 7.4). has_news: it brought SACK blocks.
 */
void rack_judge(struct tcp *tcp, const struct packet *packet, bool has_progress, bool has_news);

/* An ACK that says nothing new while nothing is on its way: it may be the answer to a probe. */
void rack_take_duplicate(struct tcp *tcp, const struct packet *packet);

/* Sends what is lost, then what is new, and sees to it that a tail is probed (section 7.2). */
void rack_output(struct tcp *tcp);

/* The retransmission timer has expired (section 6.3). */
void rack_lose_all(struct tcp *tcp);

void rack_stop(struct tcp *tcp);
uint64_t rack_probes(const struct tcp *tcp);

/* ---- tcp_receive.c ---- */

/* A segment of an open connection. */
void tcp_take(struct tcp *tcp, const struct packet *packet);

event_fn tcp_delayed_ack;

#endif
