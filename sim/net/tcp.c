/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Opening and closing. A segment finds the other end by the connection that it names, not by addresses: only a SYN has
 * to look for a listener. Two SYNs that cross (simultaneous open) cannot happen, since nobody listens where he
 * connects from.
 */
#include "sim/base/units.h"
#include "sim/net/tcp.h"

enum { SCALE_MAX = 14 };

const struct tcp_config tcp_rfc = {
    .initial_window = 10,
    .send_buffer = 4 * MIB,
    .receive_buffer = 4 * MIB,
    .delayed_ack_ns = 200 * MS,
    .rto_min_ns = 1 * SECOND,
    .rto_max_ns = 60 * SECOND,
    .syn_retries = 6,
    .retries = 15,
    .rto_spread_min_ns = 1 * MS,
    .has_timestamps = false,
    .has_sack = true,
    .idle_restart = TCP_IDLE_RESTART,
};

/* Linux, include/net/tcp.h and net/ipv4: TCP_DELACK_MIN 40 ms, TCP_RTO_MIN 200 ms, which it adds to the round trip,
 * TCP_TIMEOUT_MIN_US 2 ms. */
const struct tcp_config tcp_linux = {
    .congestion = TCP_CUBIC,
    .hystart = &tcp_hystart_linux,
    .initial_window = 10,
    .send_buffer = 4 * MIB,
    .receive_buffer = 4 * MIB,
    .delayed_ack_ns = 40 * MS,
    .rto_min_ns = 200 * MS,
    .rto_max_ns = 120 * SECOND,
    .syn_retries = 6,
    .retries = 15,
    .rto_spread_min_ns = 200 * MS,
    .rack_margin_ns = 2 * MS,
    .has_timestamps = true,
    .has_sack = true,
    .has_rack = true,
    .has_linux_rack = true,
    .reduces_window = true,
    .has_quick_ack = true,
    .idle_restart = TCP_IDLE_HALVE,
};

static struct tcp *tcp_create(struct net *net, uint32_t node, uint32_t peer_node, const struct tcp_config *config)
{
    struct arena *arena = config->arena ? config->arena : net->arena;
    struct tcp *tcp = arena_alloc(arena, sizeof(*tcp));

    check(node < net->node_count && peer_node < net->node_count);
    check(net_route(net, node, peer_node) && net_route(net, peer_node, node));
    check(config->initial_window > 0 && config->send_buffer > 0 && config->receive_buffer > 0);
    tcp->net = net;
    tcp->arena = arena;
    tcp->engine = net->engine;
    tcp->way = net_route(net, node, peer_node);
    tcp->config = *config;
    tcp->node = node;
    tcp->peer_node = peer_node;
    tcp->number = (uint32_t)++net->connections;
    tcp->mtu = net_path_mtu(net, node, peer_node);
    tcp->mss = tcp->mtu - IP_HEADER_BYTES - TCP_HEADER_BYTES;
    tcp->fin_at = UINT64_MAX;
    tcp->ssthresh = UINT64_MAX;
    tcp->late_part = PART_QUEUEING;
    tcp->data_ns = INT64_MIN;
    check(config->congestion < TCP_CONGESTION_COUNT);
    tcp->congestion = &tcp_congestions[config->congestion];
    if (tcp->congestion->create)
        tcp->congestion->create(tcp);
    while (config->receive_buffer >> tcp->scale_own > UINT16_MAX && tcp->scale_own < SCALE_MAX)
        tcp->scale_own++;
    rope_init(&tcp->out, arena);
    rope_init(&tcp->in, arena);
    timer_init(&tcp->timer, net->engine, tcp, tcp_timeout);
    timer_init(&tcp->delayed, net->engine, tcp, tcp_delayed_ack);
    tcp_reset_rto(tcp);
    return tcp;
}

/* Once the ports are known: what protects the way takes its part of each packet. */
static void tcp_protect(struct tcp *tcp)
{
    struct net *net = tcp->net;

    tcp->shield = shield_find(net, tcp->node, tcp->port, tcp->peer_node, tcp->peer_port);
    tcp->mtu = net_port_mtu(net, tcp->node, tcp->port, tcp->peer_node, tcp->peer_port);
    tcp->mss = tcp->mtu - IP_HEADER_BYTES - TCP_HEADER_BYTES;
}

/* SYN or SYN-ACK, first or again. */
static void tcp_send_syn(struct tcp *tcp)
{
    tcp->timed_ns = tcp->engine->now_ns;
    tcp_send_control(tcp, tcp->is_client ? PACKET_SYN : PACKET_SYN | PACKET_ACK, false);
    if (!timer_armed(&tcp->timer))
        timer_arm(&tcp->timer, tcp->engine->now_ns + tcp->rto_ns);
}

struct tcp *tcp_connect(struct net *net, uint32_t node, uint16_t port, uint32_t to_node, uint16_t to_port,
                        const struct tcp_config *config, void *context, const struct tcp_owner *owner,
                        const struct cause *cause)
{
    struct tcp *tcp = tcp_create(net, node, to_node, config);

    tcp->port = port;
    tcp->peer_port = to_port;
    tcp_protect(tcp);
    tcp->context = context;
    tcp->owner = owner;
    tcp->is_client = true;
    tcp->state = TCP_SYN_SENT;
    tcp_set_last(tcp, cause);
    tcp_send_syn(tcp);
    return tcp;
}

void tcp_listen(struct net *net, uint32_t node, uint16_t port, const struct tcp_config *config, void *context,
                tcp_accept_fn *accept, const struct tcp_owner *owner)
{
    struct binding *binding = net_bind(net, node, port, true);

    binding->context = context;
    binding->accept = accept;
    binding->owner = owner;
    binding->config = *config;
}

void tcp_listen_end(struct net *net, uint32_t node, uint16_t port)
{
    net_unbind(net, node, port, true);
}

void *tcp_peer_context(const struct tcp *tcp)
{
    return tcp->peer ? tcp->peer->context : NULL;
}

/* What both ends agree on, once each has seen the other's SYN. */
static void tcp_agree(struct tcp *tcp, const struct tcp *peer)
{
    tcp->config.has_sack = tcp->config.has_sack && peer->config.has_sack;
    tcp->config.has_timestamps = tcp->config.has_timestamps && peer->config.has_timestamps;
    tcp->mss = (tcp->mtu < peer->mtu ? tcp->mtu : peer->mtu) - IP_HEADER_BYTES - TCP_HEADER_BYTES;
    if (tcp->config.has_timestamps)
        tcp->mss -= TCP_STAMP_BYTES;
    if (tcp->config.has_sack && tcp->config.has_rack)
        rack_create(tcp);
}

void tcp_knock(struct net *net, const struct packet *syn)
{
    struct tcp *from = syn->of.tcp;
    const struct binding *binding = net_binding(net, syn->to, from->peer_port, true);

    check(syn->flags & PACKET_SYN);
    if (!binding) {
        tcp_send_refusal(net, syn);
        return;
    }
    struct tcp *tcp = tcp_create(net, syn->to, from->node, &binding->config);

    tcp->port = from->peer_port;
    tcp->peer_port = from->port;
    tcp_protect(tcp);
    tcp->peer = from;
    from->peer = tcp;
    tcp->owner = binding->owner;
    tcp->state = TCP_SYN_RECEIVED;
    tcp->edge = syn->window;
    tcp->window_max = syn->window;
    tcp->recent_us = syn->stamp_us;
    tcp_agree(tcp, from);
    tcp_set_last(tcp, &syn->cause);
    tcp->context = binding->accept(binding->context, tcp, from->node, from->port);
    if (tcp->state == TCP_SYN_RECEIVED)
        tcp_send_syn(tcp);
}

struct cause tcp_opening(const struct tcp *tcp)
{
    check(tcp->state == TCP_SYN_RECEIVED);
    return tcp->last;
}

/* The handshake is done for this end. */
static void tcp_open(struct tcp *tcp, const struct packet *packet)
{
    bool was_lost = tcp->tries > 0;

    timer_cancel(&tcp->timer);
    tcp->state = TCP_OPEN;
    tcp->tries = 0;
    tcp->cwnd = was_lost ? tcp->mss : tcp_initial_window(tcp);
    if (!was_lost) {
        tcp_measure(tcp, tcp->engine->now_ns - tcp->timed_ns);
        return;
    }
    /* The echo says which of the SYNs was answered: RFC 7323 section 4.1, and Linux lets that stand. */
    if (tcp->rack && tcp->config.has_timestamps) {
        tcp_measure(tcp, (int64_t)(tcp_stamp_us(tcp) - packet->echo_us) * US);
        return;
    }
    /* RFC 6298 rule 5.7: the timeout that the SYN had grown to is not kept. */
    tcp_reset_rto(tcp);
    tcp->rto_ns = tcp->rto_ns < 3 * SECOND ? 3 * SECOND : tcp->rto_ns;
}

static void tcp_tell_established(struct tcp *tcp, const struct packet *packet)
{
    if (tcp->owner->established)
        tcp->owner->established(tcp->context, tcp, &packet->cause);
}

/* The SYN-ACK: the third packet of the handshake goes out before anything that was written meanwhile. */
static void tcp_take_syn_ack(struct tcp *tcp, const struct packet *packet)
{
    tcp_agree(tcp, packet->of.tcp);
    tcp->edge = packet->window;
    tcp->window_max = packet->window;
    tcp->recent_us = packet->stamp_us;
    tcp_open(tcp, packet);
    tcp_send_control(tcp, PACKET_ACK, false);
    tcp_output(tcp);
    tcp_tell_established(tcp, packet);
}

static void tcp_stop(struct tcp *tcp)
{
    timer_cancel(&tcp->timer);
    timer_cancel(&tcp->delayed);
    if (tcp->rack)
        rack_stop(tcp);
}

void tcp_die(struct tcp *tcp, enum tcp_end how, const struct cause *cause)
{
    tcp->state = TCP_DEAD;
    tcp_stop(tcp);
    if (tcp->owner->ended)
        tcp->owner->ended(tcp->context, tcp, how, cause);
}

void tcp_take_rare(struct tcp *tcp, const struct packet *packet)
{
    if (packet->flags & PACKET_RST) {
        if (tcp->state != TCP_DEAD)
            tcp_die(tcp, TCP_END_RESET, &packet->cause);
        return;
    }
    if (tcp->state == TCP_DEAD) {
        tcp_send_control(tcp, PACKET_RST | PACKET_ACK, true);
        return;
    }
    if (tcp->state == TCP_SYN_SENT) {
        tcp_take_syn_ack(tcp, packet);
        return;
    }
    if (packet->flags & PACKET_SYN && tcp->state == TCP_OPEN) {
        tcp_send_control(tcp, PACKET_ACK, false); /* the third packet of the handshake was lost */
        return;
    }
    if (packet->flags & PACKET_SYN) {
        tcp->recent_us = packet->stamp_us;
        tcp_count_again(tcp, TCP_REPEAT_SYN, 0, 0);
        tcp_send_control(tcp, PACKET_SYN | PACKET_ACK, false);
        return;
    }
    tcp_open(tcp, packet);
    tcp_tell_established(tcp, packet);
    if (tcp->state == TCP_OPEN)
        tcp_take(tcp, packet);
}

void tcp_gone(const struct packet *packet)
{
    struct tcp *tcp = packet->of.tcp;

    if (!(packet->flags & PACKET_AGAIN))
        return;
    check(tcp->again_in_flight > 0);
    tcp->again_in_flight--;
    tcp_let_go(tcp);
}

/* RFC 1122 section 4.2.2.17: one byte into a closed window, as long as it takes. */
static void tcp_probe(struct tcp *tcp)
{
    if (tcp->acknowledged < tcp->out.end)
        tcp_send_data(tcp, tcp->acknowledged, 1);
}

void tcp_wake(struct tcp *tcp)
{
    int64_t now_ns = tcp->engine->now_ns;

    tcp->last.parts.ns[PART_TIMER] += now_ns - tcp->last_ns;
    tcp->last.is_feedback = false;
    tcp->last_ns = now_ns;
}

void tcp_timeout(struct engine *engine, void *context)
{
    struct tcp *tcp = context;
    bool is_open = tcp->state == TCP_OPEN;

    (void)engine;
    tcp_wake(tcp);
    if (++tcp->tries > (is_open ? tcp->config.retries : tcp->config.syn_retries)) {
        tcp_die(tcp, TCP_END_TIMEOUT, &tcp->last);
        return;
    }
    tcp->rto_ns = 2 * tcp->rto_ns < tcp->config.rto_max_ns ? 2 * tcp->rto_ns : tcp->config.rto_max_ns;
    tcp->late_part = PART_TIMER;
    if (!is_open) {
        tcp_count_again(tcp, TCP_REPEAT_SYN, 0, 0);
        tcp_send_syn(tcp);
    } else if (tcp->edge <= tcp->acknowledged && tcp->acknowledged < tcp->out.end) {
        tcp_probe(tcp);
    } else {
        tcp->timeouts++;
        tcp_collapse(tcp);
    }
    tcp->late_part = PART_QUEUEING;
}

/* ---- What the owner does ---- */

uint64_t tcp_room(const struct tcp *tcp)
{
    uint64_t waiting = tcp->out.end - least(tcp->acknowledged, tcp->out.end);

    return tcp->config.send_buffer - least(waiting, tcp->config.send_buffer);
}

void tcp_append(struct tcp *tcp, struct slice slice)
{
    check(!tcp->is_finishing);
    if (tcp->state != TCP_DEAD)
        rope_append(&tcp->out, slice);
}

void tcp_append_bytes(struct tcp *tcp, const void *bytes, size_t size)
{
    check(!tcp->is_finishing);
    if (tcp->state != TCP_DEAD)
        rope_append_bytes(&tcp->out, bytes, size);
}

void tcp_push(struct tcp *tcp, const struct cause *cause)
{
    if (tcp->pushed == tcp->out.end || tcp->state == TCP_DEAD)
        return;
    tcp->pushed = tcp->out.end;
    tcp->was_full = tcp_room(tcp) == 0;
    tcp_set_last(tcp, cause);
    tcp_mark_end(tcp, cause);
    tcp_output(tcp);
}

void tcp_write(struct tcp *tcp, struct slice slice, const struct cause *cause)
{
    tcp_append(tcp, slice);
    tcp_push(tcp, cause);
}

void tcp_write_bytes(struct tcp *tcp, const void *bytes, size_t size, const struct cause *cause)
{
    tcp_append_bytes(tcp, bytes, size);
    tcp_push(tcp, cause);
}

void tcp_write_rope(struct tcp *tcp, struct rope *rope, uint64_t from, uint64_t until, const struct cause *cause)
{
    check(!tcp->is_finishing);
    if (tcp->state != TCP_DEAD)
        rope_append_rope(&tcp->out, rope, from, until);
    tcp_push(tcp, cause);
}

struct rope *tcp_received(struct tcp *tcp)
{
    return &tcp->in;
}

uint64_t tcp_written(const struct tcp *tcp)
{
    return tcp->out.end;
}

uint64_t tcp_acknowledged(const struct tcp *tcp)
{
    return least(tcp->acknowledged, tcp->out.end);
}

void tcp_finish(struct tcp *tcp, const struct cause *cause)
{
    if (tcp->is_finishing || tcp->state == TCP_DEAD)
        return;
    tcp->is_finishing = true;
    tcp_set_last(tcp, cause);
    tcp_mark_end(tcp, cause);
    tcp_output(tcp);
}

void tcp_reset(struct tcp *tcp, const struct cause *cause)
{
    if (tcp->state == TCP_DEAD)
        return;
    tcp->state = TCP_DEAD;
    tcp_stop(tcp);
    tcp_set_last(tcp, cause);
    if (tcp->peer)
        tcp_send_control(tcp, PACKET_RST | PACKET_ACK, cause->is_feedback);
}

bool tcp_is_over(const struct tcp *tcp)
{
    bool is_acknowledged = tcp->is_finishing && tcp->acknowledged == tcp_end_offset(tcp);

    return tcp->state == TCP_DEAD || (tcp->state == TCP_OPEN && tcp->has_ended && is_acknowledged);
}

struct tcp_info tcp_info(const struct tcp *tcp)
{
    return (struct tcp_info){
        .node = tcp->node,
        .peer_node = tcp->peer_node,
        .port = tcp->port,
        .peer_port = tcp->peer_port,
        .mss = tcp->mss,
        .segments_sent = tcp->segments_sent,
        .retransmitted = tcp->retransmitted,
        .timeouts = tcp->timeouts,
        .fast_recoveries = tcp->fast_recoveries,
        .probes = tcp->rack ? rack_probes(tcp) : 0,
        .window_bytes = tcp->cwnd,
        .slow_start_until_bytes = tcp->ssthresh,
        .smoothed_rtt_ns = tcp->rtt_ns,
    };
}
