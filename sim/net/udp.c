/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/net/udp.h"
#include "sim/net/graph.h"

void udp_bind(struct net *net, uint32_t node, uint16_t port, void *context, udp_received_fn *received)
{
    struct binding *binding = net_bind(net, node, port, false);

    binding->context = context;
    binding->received = received;
}

void udp_unbind(struct net *net, uint32_t node, uint16_t port)
{
    net_unbind(net, node, port, false);
}

static struct udp_carried *carried_create(struct net *net)
{
    struct udp_carried *carried = net->carried;

    if (carried) {
        net->carried = carried->next;
        return carried;
    }
    carried = arena_alloc(net->arena, sizeof(*carried));
    rope_init(&carried->data, net->arena);
    return carried;
}

/* One fragment less; the last one takes the datagram with it. */
static void carried_drop(struct net *net, struct udp_carried *carried)
{
    check(carried->pieces > 0);
    if (--carried->pieces > 0)
        return;
    rope_release(&carried->data, carried->data.end);
    carried->next = net->carried;
    net->carried = carried;
}

void udp_lost(struct net *net, struct packet *packet)
{
    carried_drop(net, packet->of.carried);
}

void udp_fragmented(struct packet *packet, uint32_t more)
{
    packet->of.carried->pieces += more;
}

void udp_send(struct net *net, uint32_t node, uint16_t port, uint32_t to_node, uint16_t to_port,
              const struct slice *slices, uint32_t slice_count, const struct cause *cause, void *note)
{
    struct udp_carried *carried = carried_create(net);
    struct packet *packet = packet_create(net);

    carried->from_node = node;
    carried->from_port = port;
    carried->to_port = to_port;
    carried->data_at = carried->data.end;
    for (uint32_t i = 0; i < slice_count; i++)
        rope_append(&carried->data, slices[i]);
    uint64_t size = carried->data.end - carried->data_at;

    check(size <= IP_BYTES_MAX - IP_HEADER_BYTES - UDP_HEADER_BYTES);
    carried->size = (uint32_t)size;
    carried->wire_length = UDP_HEADER_BYTES + carried->size;
    carried->arrived = 0;
    carried->pieces = 1;
    carried->note = note;
    *packet = (struct packet){
        .cause = *cause,
        .of.carried = carried,
        .bytes = (uint16_t)(IP_HEADER_BYTES + UDP_HEADER_BYTES + size),
        .length = (uint16_t)(UDP_HEADER_BYTES + size),
        .to = (uint16_t)to_node,
        .id = net->nodes[node].id_next++,
        .flags = PACKET_UDP | PACKET_ORIGIN,
        .ttl = PACKET_TTL,
    };
    struct shield *shield = shield_find(net, node, port, to_node, to_port);

    carried->shielded.shield = shield;
    if (shield)
        shield_send(shield, packet, net_route(net, node, to_node));
    else
        link_send(net_route(net, node, to_node), packet);
}

/* The datagram's data as an array of slices, which lives until the next delivery. */
static uint32_t carried_slices(struct net *net, struct udp_carried *carried)
{
    uint64_t at = carried->data_at;
    uint32_t count = 0;

    while (at < carried->data.end) {
        if (count == net->slice_capacity)
            net->slices = net_grow(net, net->slices, &net->slice_capacity, sizeof(*net->slices));
        net->slices[count] = rope_slice(&carried->data, at);
        at += net->slices[count++].length;
    }
    return count;
}

static void udp_deliver(struct net *net, struct udp_carried *carried, const struct packet *packet)
{
    const struct binding *binding = net_binding(net, packet->to, carried->to_port, false);

    if (!binding)
        binding = net_binding(net, packet->to, 0, false);
    if (!binding) {
        net->unclaimed++;
        return;
    }
    uint32_t count = carried_slices(net, carried);
    struct datagram datagram = {
        .from_node = carried->from_node,
        .from_port = carried->from_port,
        .to_port = carried->to_port,
        .slices = net->slices,
        .slice_count = count,
        .size = carried->size,
        .note = carried->note,
    };

    binding->received(binding->context, &datagram, &packet->cause);
}

void udp_finish(struct net *net, struct packet *packet)
{
    udp_deliver(net, packet->of.carried, packet);
    carried_drop(net, packet->of.carried);
    packet_recycle(net, packet);
}

void udp_arrive(struct net *net, struct packet *packet, struct link *link)
{
    struct udp_carried *carried = packet->of.carried;
    bool is_copy = packet->flags & PACKET_COPY, is_shielded = packet->flags & PACKET_SHIELDED;
    uint32_t whole = carried->wire_length;

    /* The copy of a fragment adds nothing to what is put together; that of a whole datagram is one more, unless it is
     * protected: then it is a replay. */
    if (!is_copy)
        carried->arrived += packet->length;
    check(carried->arrived <= whole);
    bool is_whole = is_copy ? packet->length == whole && !is_shielded : carried->arrived == whole;

    if (is_whole && is_shielded) {
        shield_take(packet, link);
    } else if (is_whole) {
        udp_finish(net, packet);
    } else {
        carried_drop(net, carried);
        packet_recycle(net, packet);
    }
}
