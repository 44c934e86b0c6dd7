/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * net.h - the network as its users see it: nodes joined by full-duplex links, routes fixed at build, datagrams and
 * TCP connections between hosts, a tap that sees each packet. It carries bytes by reference and knows no protocol
 * above TCP and UDP.
 */
#ifndef SIM_NET_NET_H
#define SIM_NET_NET_H

#include "sim/base/slice.h"
#include "sim/des/engine.h"
#include "sim/des/parts.h"
#include "sim/des/station.h"
#include "sim/des/stream.h"

struct net;
struct packet;
struct shield;
struct net_tap;

/* One direction of a link. */
struct link_config {
    uint64_t rate_bps;    /* 0: infinitely fast */
    uint64_t burst_bytes; /* what a link silent for long sends at once (a token bucket of that depth, or of one packet
                             if that is more, filled at rate_bps), at most 1 GiB; 0: one packet after the other */
    int64_t propagation_ns;
    int64_t jitter_ns;  /* 0, or the most that is added to a packet's propagation, uniform */
    bool is_order_free; /* a packet may overtake those sent before it; else it waits for them */
    double loss;        /* share of packets lost */
    double loss_burst;  /* mean length of a run of losses, packets: 1 or less, each lost independently; else Gilbert */
    uint64_t queue_bytes_max; /* bytes that may wait for transmission (the packet in transmission not counted) */
    uint32_t mtu;             /* largest IP packet, bytes */
    uint32_t overhead_bytes;  /* link-layer bytes of each packet: 14 for Ethernet as captures show it */
    int64_t promotion_ns;     /* of a radio: what packets wait for, charged to queueing, after idle_ns of silence */
    int64_t idle_ns;          /* in both directions, from the last bit's entering on */
};

struct node_config {
    const char *name;   /* lasts as long as the net */
    uint32_t address;   /* IPv4, host byte order; 0 for a router, which has no sockets */
    uint32_t workers;   /* CPU workers; 0 for a router */
    uint32_t queue_max; /* jobs that may wait for them */
};

/* An empty network. tap may be NULL. Everything lives in arena. */
struct net *net_create(struct engine *engine, struct arena *arena, struct streams *streams, const struct net_tap *tap);

/* A node; its number counts up from 0. A host reaches itself by a loopback link (rate 0, MTU 65,535, delay 0)
 * unless net_loopback says otherwise. */
uint32_t net_add_node(struct net *net, const struct node_config *config);
void net_loopback(struct net *net, uint32_t node, const struct link_config *config);

/* Joins two nodes. The configurations may differ (an access link's two directions), but not in promotion and idle: a
 * radio has one state for both. It is idle at first. */
void net_join(struct net *net, uint32_t a, uint32_t b, const struct link_config *a_to_b,
              const struct link_config *b_to_a);

/* Fixes the routes: least propagation, then fewest hops, then the lowest node number. Call once, after the joins. */
void net_build(struct net *net);

/* From here on every link counts its random draws from first (0 at the start), so that what came before, which may
 * differ from arm to arm, shifts none of them. */
void net_begin_draws(struct net *net, uint64_t first);

/* From here on every packet to and from a host is lost on the links that join it. */
void net_cut(struct net *net, uint32_t node);

/* What befalls one packet: the one that leaves its origin as number packet, from 1, counted from net_begin_draws on. */
enum net_fault_kind {
    NET_FAULT_NONE,
    NET_FAULT_LOSE,     /* lost on its first link */
    NET_FAULT_HOLD,     /* held there for hold_ns, and what follows it on that link behind it */
    NET_FAULT_DUPLICATE /* sent twice there, one behind the other; but retransmissions and what carries SACK */
};
struct net_fault {
    enum net_fault_kind kind;
    uint64_t packet;
    int64_t hold_ns;
};
void net_set_fault(struct net *net, const struct net_fault *fault);

/* Number of links (each direction one, loopbacks last) and what they are, for taps and reports. */
struct link_info {
    const char *from, *to;
    struct link_config config;
    uint64_t packets, bytes, dropped_queue, dropped_loss;
};
uint32_t net_links(const struct net *net);
struct link_info net_link(const struct net *net, uint32_t link);

struct station *net_cpu(struct net *net, uint32_t node);
const char *net_name(const struct net *net, uint32_t node);
uint32_t net_address(const struct net *net, uint32_t node);
struct engine *net_engine(struct net *net);
struct arena *net_arena(struct net *net);

/* The least MTU on the way and its propagation, one way. */
uint32_t net_path_mtu(const struct net *net, uint32_t from, uint32_t to);
/* The same for what goes between two ports: less what protects it (net_shield). */
uint32_t net_port_mtu(const struct net *net, uint32_t from, uint16_t from_port, uint32_t to, uint16_t to_port);
int64_t net_path_propagation_ns(const struct net *net, uint32_t from, uint32_t to);

/* ---- Protection below UDP and TCP ---- */

/*
 * One direction of a security association between two nodes (ESP, whose bytes are the owner's): what it adds to each
 * packet, and what that costs at both ends. Sizes: an IP payload (of a tunnel the whole packet) and trailer_bytes, in
 * whole blocks of block_bytes, and fixed_bytes, behind an IP header.
 */
struct net_shield_config {
    uint32_t from, to;
    uint16_t from_port,
        to_port;           /* net_shield: what goes from one or to the other; a shield that names both goes first */
    const uint16_t *ports; /* net_tunnel: what has one of them at either end; last as long as the net */
    uint32_t port_count;
    bool is_tunnel;                    /* whole packets, behind an IP header of its own */
    uint32_t from_address, to_address; /* of a tunnel's header; 0: the packet's own */
    uint8_t protocol;                  /* in that IP header */
    uint32_t fixed_bytes, trailer_bytes, block_bytes;
    void *context;
    /* CPU time of sealing or opening bytes of payload. */
    int64_t (*work_ns)(void *context, bool is_sealing, uint32_t bytes);
    /* Appends what stands behind the IP header. protocol is that of payload. Called where somebody looks. */
    void (*write)(void *context, uint32_t sequence, uint8_t protocol, struct span payload, struct sink *sink);
};

/* Protects what the hosts from and to send from one to the other and its ports name. After net_build. */
struct shield *net_shield(struct net *net, const struct net_shield_config *config);

/* Protects what crosses the link between two neighbours that pass it on: security gateways. Both have workers. */
void net_tunnel(struct net *net, const struct net_shield_config *config);

/* ---- UDP ---- */

/* A datagram has arrived: size bytes of payload. Valid during the call; bulk slices of lasting sources may be kept. */
struct datagram {
    uint32_t from_node;
    uint16_t from_port;
    uint16_t to_port;
    const struct slice *slices;
    uint32_t slice_count;
    uint32_t size;
    void *note; /* the sender's, for who watches both ends */
};
typedef void udp_received_fn(void *context, const struct datagram *datagram, const struct cause *cause);

/* Takes the port of a host; one owner a port. Port 0 takes what comes for ports that nobody has. */
void udp_bind(struct net *net, uint32_t node, uint16_t port, void *context, udp_received_fn *received);
void udp_unbind(struct net *net, uint32_t node, uint16_t port);

/* Sends a datagram of these slices, fragmented as each link's MTU demands (RFC 791); one lost fragment loses all.
 * Slices of spools are copied before the call returns. At most 65,507 bytes. */
void udp_send(struct net *net, uint32_t node, uint16_t port, uint32_t to_node, uint16_t to_port,
              const struct slice *slices, uint32_t slice_count, const struct cause *cause, void *note);

/* ---- TCP ---- */

struct tcp;

enum tcp_end { TCP_END_FIN, TCP_END_RESET, TCP_END_TIMEOUT };

/* What the owner of a connection is told. Each call carries what set it off. NULL where it does not care. */
struct tcp_owner {
    void (*established)(void *context, struct tcp *tcp, const struct cause *cause);
    /* tcp_received(tcp) has grown: read it and release what was read (that opens the window). */
    void (*received)(void *context, struct tcp *tcp, const struct cause *cause);
    /* Room has come for writing after tcp_room was seen at 0. */
    void (*writable)(void *context, struct tcp *tcp, const struct cause *cause);
    /* All bytes that were written so far have been acknowledged. */
    void (*drained)(void *context, struct tcp *tcp, const struct cause *cause);
    /* The other side has finished (FIN), reset, or is given up. After RESET and TIMEOUT the connection is dead. */
    void (*ended)(void *context, struct tcp *tcp, enum tcp_end how, const struct cause *cause);
};

/* How the congestion window grows when slow start is over, and what is left of it after a loss. */
enum tcp_congestion_kind {
    TCP_NEWRENO, /* RFC 5681, RFC 6582 */
    TCP_CUBIC,   /* RFC 9438 */
    TCP_CONGESTION_COUNT
};

/* What an idle sender does with its window. */
enum tcp_idle_restart {
    TCP_IDLE_KEEP,
    TCP_IDLE_RESTART, /* after a timeout's length, down to the initial window: RFC 5681 section 4.1 */
    TCP_IDLE_HALVE    /* half of it for each timeout's length, as Linux does: RFC 2861 section 3.1 */
};

/* HyStart (Ha, Rhee 2008): CUBIC leaves slow start before a loss when a round's ACKs come in one train for long, or
 * when the round trip has grown. Whose numbers they are differs from program to program. */
struct tcp_hystart {
    uint32_t window_least;  /* segments: not below */
    uint32_t samples;       /* round trips of a round, of which the least counts */
    int64_t spacing_ns;     /* between the ACKs of a train, at most */
    int64_t train_extra_ns; /* a train is long from (least round trip + this) / train_divisor on */
    uint32_t train_divisor;
    uint32_t delay_divisor; /* it has grown by (least round trip / this), but within the two below */
    int64_t delay_least_ns;
    int64_t delay_most_ns;
    uint32_t growth_divisor; /* until a loss, the window grows by a segment for so many acknowledged at least */
};
extern const struct tcp_hystart tcp_hystart_linux;

struct tcp_config {
    enum tcp_congestion_kind congestion;
    const struct tcp_hystart *hystart; /* of TCP_CUBIC; NULL: slow start until a loss */
    enum tcp_idle_restart idle_restart;
    uint32_t initial_window; /* segments, RFC 6928: 10 */
    uint64_t send_buffer;    /* bytes written and not yet acknowledged, at most */
    uint64_t receive_buffer; /* bytes received and not yet released, at most; the window offered */
    int64_t delayed_ack_ns;  /* 0: every segment is acknowledged at once; RFC 1122: at most 500 ms */
    int64_t rto_min_ns;      /* RFC 6298: 1 s */
    int64_t rto_max_ns;
    int64_t
        rto_spread_min_ns;  /* least of what is added to the smoothed round trip: RFC 6298: the clock's grain, 1 ms */
    int64_t rack_margin_ns; /* what the timers of RFC 8985 add: 0 there, 2 ms in Linux */
    uint32_t syn_retries, retries;
    bool has_timestamps; /* RFC 7323; without them the MSS is 1,460 on Ethernet, with them 1,448 bytes a segment */
    bool has_sack;       /* RFC 2018, RFC 6675 */
    bool has_rack;       /* RFC 8985 in place of RFC 6675, where both ends know SACK */
    bool reduces_window; /* a loss leaves a share of the window, as in Linux, not of what is on its way (RFC 5681) */
    /* With has_rack, as Linux: a recovery lets the window shrink in proportion to what is delivered (RFC 9937); SACKed
     * bytes count towards its growth; RACK.rtt is of what was acknowledged last. */
    bool has_linux_rack;
    bool has_quick_ack; /* the first segments, those after silence and ends of writes are acknowledged at once, as Linux
                           does, and more than one full segment rather than two */
    struct arena *arena; /* of the connection's end; NULL: the net's */
};
extern const struct tcp_config tcp_rfc;   /* the defaults of the set `rfc` */
extern const struct tcp_config tcp_linux; /* and of the set `linux` */

/* Opens a connection; the owner is told when it is established. context is passed to the owner's functions. */
struct tcp *tcp_connect(struct net *net, uint32_t node, uint16_t port, uint32_t to_node, uint16_t to_port,
                        const struct tcp_config *config, void *context, const struct tcp_owner *owner,
                        const struct cause *cause);

/* Accepts connections on a port. accept returns the context of the new connection, whose handshake is still under way:
 * the owner's established comes with the last ACK. */
typedef void *tcp_accept_fn(void *context, struct tcp *tcp, uint32_t from_node, uint16_t from_port);
void tcp_listen(struct net *net, uint32_t node, uint16_t port, const struct tcp_config *config, void *context,
                tcp_accept_fn *accept, const struct tcp_owner *owner);

/* The sums of the SYN that a connection begins with: for who does something about it while accept runs. */
struct cause tcp_opening(const struct tcp *tcp);

/* Nobody listens there any more. */
void tcp_listen_end(struct net *net, uint32_t node, uint16_t port);

/* What the other end's owner was given as context; NULL: the SYN has not arrived there. */
void *tcp_peer_context(const struct tcp *tcp);

/* Tells of the sending end of each TCP segment that is on a link in order (where packets may overtake one another
 * there is no telling, so such links are refused where this is called): who is gone must have none on its way. */
typedef void net_segment_fn(void *context, const struct tcp *sender);
void net_visit_segments(const struct net *net, void *context, net_segment_fn *told);

/* A free port of the node, counting up from 49,152, the same in every trial. */
uint16_t net_free_port(struct net *net, uint32_t node);

/* Bytes that may be written now. */
uint64_t tcp_room(const struct tcp *tcp);

/* Appends to what is sent; length at most tcp_room. The cause's is_feedback says that these bytes only acknowledge. */
void tcp_write(struct tcp *tcp, struct slice slice, const struct cause *cause);
void tcp_write_bytes(struct tcp *tcp, const void *bytes, size_t size, const struct cause *cause);
/* The bytes of a rope from offset from to until, as one write: they share segments. */
void tcp_write_rope(struct tcp *tcp, struct rope *rope, uint64_t from, uint64_t until, const struct cause *cause);

/* The same in two steps, for who writes in pieces: what is appended waits for the push, and shares segments. A push
 * that finds nothing appended does nothing. */
void tcp_append(struct tcp *tcp, struct slice slice);
void tcp_append_bytes(struct tcp *tcp, const void *bytes, size_t size);
void tcp_push(struct tcp *tcp, const struct cause *cause);

/* What has arrived in order and is not released yet: read it, then tcp_release up to a stream offset. */
struct rope *tcp_received(struct tcp *tcp);
void tcp_release(struct tcp *tcp, uint64_t offset, const struct cause *cause);

/* Stream offsets: bytes written, bytes acknowledged. */
uint64_t tcp_written(const struct tcp *tcp);
uint64_t tcp_acknowledged(const struct tcp *tcp);

/* FIN after all that was written; RST at once. */
void tcp_finish(struct tcp *tcp, const struct cause *cause);
void tcp_reset(struct tcp *tcp, const struct cause *cause);

/* Whether the connection is dead, or both sides have finished and this one knows that its FIN has arrived. */
bool tcp_is_over(const struct tcp *tcp);

struct tcp_info {
    uint32_t node, peer_node;
    uint16_t port, peer_port;
    uint32_t mss; /* payload bytes of a full segment */
    uint64_t segments_sent, retransmitted, timeouts, fast_recoveries;
    uint64_t probes;                 /* tail loss probes, RFC 8985 section 7 */
    uint64_t window_bytes;           /* congestion window */
    uint64_t slow_start_until_bytes; /* ssthresh; UINT64_MAX: not known yet */
    int64_t smoothed_rtt_ns;
};
struct tcp_info tcp_info(const struct tcp *tcp);

/* Told of each TCP segment that is sent again: stream offset and payload bytes of a segment of data, 0 and 0 of a SYN.
 * Also of a tail loss probe (RFC 8985), before it is sent and whether it was sent before or not. */
enum tcp_repeat { TCP_REPEAT_SYN, TCP_REPEAT_DATA, TCP_REPEAT_PROBE };
typedef void net_repeat_fn(void *context, uint32_t from_node, uint32_t to_node, enum tcp_repeat what, uint64_t offset,
                           uint32_t length);
void net_watch_repeats(struct net *net, void *context, net_repeat_fn *told);

/* ---- The tap ---- */

enum tap_event { TAP_SENT, TAP_RECEIVED, TAP_DROPPED };

/*
 * Called for each packet on each link: TAP_SENT when its first bit enters the link, TAP_RECEIVED when its last bit has
 * come out of it, TAP_DROPPED where it was lost (queue full or loss; after TAP_SENT for loss). is_origin is set on the
 * first link of its way. Bytes: net_packet_bytes() while the call lasts.
 */
struct net_tap {
    void *context;
    void (*packet)(void *context, struct net *net, uint32_t link, enum tap_event event, int64_t at_ns, bool is_origin,
                   const struct packet *packet);
};

/* The packet as it is on the wire from its IPv4 header on, with right checksums. */
void net_packet_bytes(struct net *net, const struct packet *packet, struct sink *sink);

/* Sums over all links: packets moved over a link (packet-hops), TCP segments retransmitted. */
uint64_t net_packet_hops(const struct net *net);
uint64_t net_retransmissions(const struct net *net);
/* The bytes of packets that have come out of a link, each once a link, by layer. */
struct net_layers {
    uint64_t link_bytes, ip_bytes;
    uint64_t shield_bytes;    /* what shields and tunnels added, a tunnel's IP header too */
    uint64_t transport_bytes; /* headers of TCP and UDP */
    uint64_t payload_bytes;   /* above them */
};
struct net_layers net_layers(const struct net *net);

/* Links on the way from one node to another. */
uint32_t net_path_links(const struct net *net, uint32_t from, uint32_t to);

/* Whether that way crosses the link between two neighbours, by their names, in either direction. */
bool net_path_crosses(const struct net *net, uint32_t from, uint32_t to, const char *a, const char *b);

/* Conservation, checked at a trial's end: packets sent = received + dropped + in flight on each link. Aborts if not. */
void net_check(const struct net *net);

#endif
