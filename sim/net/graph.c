/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/net/graph.h"
#include "sim/base/units.h"

enum { POOL_STEP = 64, CAPACITY_FIRST = 8, NODES_MAX = 65535, PORT_FIRST_FREE = 49152, PORT_LAST = 65535 };

struct net *net_create(struct engine *engine, struct arena *arena, struct streams *streams, const struct net_tap *tap)
{
    struct net *net = arena_alloc(arena, sizeof(*net));

    net->engine = engine;
    net->arena = arena;
    net->streams = streams;
    net->tap = tap;
    return net;
}

void net_watch_repeats(struct net *net, void *context, net_repeat_fn *told)
{
    net->repeat_context = context;
    net->repeat = told;
}

void packet_pool_grow(struct net *net)
{
    struct packet *packets = arena_alloc(net->arena, POOL_STEP * sizeof(*packets));

    for (int i = POOL_STEP - 1; i >= 0; i--) {
        packets[i].of.next = net->packets;
        net->packets = &packets[i];
    }
}

void packet_extra_grow(struct net *net)
{
    struct packet_extra *extras = arena_alloc(net->arena, POOL_STEP * sizeof(*extras));

    for (int i = POOL_STEP - 1; i >= 0; i--) {
        extras[i].next = net->extras;
        net->extras = &extras[i];
    }
}

void packet_lose(struct net *net, struct packet *packet)
{
    if (packet->flags & PACKET_UDP)
        udp_lost(net, packet);
    else
        tcp_gone(packet);
    packet_recycle(net, packet);
}

void *net_grow(struct net *net, const void *old, uint32_t *capacity, size_t element_size)
{
    uint32_t larger = *capacity ? 2 * *capacity : CAPACITY_FIRST;
    void *array = arena_alloc(net->arena, larger * element_size);

    check(larger > *capacity);
    if (*capacity)
        memcpy(array, old, *capacity * element_size);
    *capacity = larger;
    return array;
}

uint32_t net_add_node(struct net *net, const struct node_config *config)
{
    check(!net->routes);
    check(net->node_count < NODES_MAX);
    if (net->node_count == net->node_capacity)
        net->nodes = net_grow(net, net->nodes, &net->node_capacity, sizeof(*net->nodes));
    struct node *node = &net->nodes[net->node_count];

    *node = (struct node){.name = config->name, .address = config->address, .port_next = PORT_FIRST_FREE};
    node->loopback = (struct link_config){.queue_bytes_max = UINT64_MAX, .mtu = IP_BYTES_MAX};
    if (config->workers)
        node->cpu = station_create(net->engine, net->arena, config->workers, config->queue_max);
    return net->node_count++;
}

void net_loopback(struct net *net, uint32_t node, const struct link_config *config)
{
    check(node < net->node_count);
    check(!net->routes);
    net->nodes[node].loopback = *config;
}

/* The same for each link whatever else the graph holds: a hash of its ends' names and which of their links it is. */
static uint64_t link_place(const struct net *net, uint32_t from, uint32_t to)
{
    uint64_t place = stream_place(net->nodes[from].name) * UINT64_C(0x9e3779b97f4a7c15);

    place = (place ^ place >> 32) + stream_place(net->nodes[to].name);
    for (uint32_t i = 0; i < net->link_count; i++)
        if (net->links[i]->from == from && net->links[i]->to == to)
            place += UINT64_C(0x9e3779b97f4a7c15);
    return place;
}

static void net_add_link(struct net *net, uint32_t from, uint32_t to, const struct link_config *config)
{
    if (net->link_count == net->link_capacity)
        net->links = net_grow(net, net->links, &net->link_capacity, sizeof(struct link *));
    struct link *link = arena_alloc(net->arena, sizeof(*link));

    link_init(link, net, from, to, config, link_place(net, from, to));
    link->number = net->link_count;
    net->links[net->link_count++] = link;
}

void net_join(struct net *net, uint32_t a, uint32_t b, const struct link_config *a_to_b,
              const struct link_config *b_to_a)
{
    check(!net->routes);
    check(a < net->node_count && b < net->node_count && a != b);
    net_add_link(net, a, b, a_to_b);
    net_add_link(net, b, a, b_to_a);
    link_pair(net->links[net->link_count - 2], net->links[net->link_count - 1]);
}

/* How far it is to a node: propagation first, then hops. */
struct distance {
    int64_t propagation_ns; /* INT64_MAX: no way */
    uint32_t hops;
};

static bool distance_less(struct distance a, struct distance b)
{
    return a.propagation_ns != b.propagation_ns ? a.propagation_ns < b.propagation_ns : a.hops < b.hops;
}

static struct distance distance_over(const struct link *link, const struct distance *to_target)
{
    struct distance rest = to_target[link->to];

    if (rest.propagation_ns == INT64_MAX)
        return rest;
    return (struct distance){rest.propagation_ns + link->propagation_ns, rest.hops + 1};
}

/* Distances of all nodes to target: relaxed until nothing changes (Bellman-Ford); graphs here have tens of nodes. */
static void net_distances(const struct net *net, uint32_t target, struct distance *distances)
{
    for (uint32_t node = 0; node < net->node_count; node++)
        distances[node] = (struct distance){INT64_MAX, 0};
    distances[target] = (struct distance){0, 0};
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 0; i < net->link_count; i++) {
            struct distance way = distance_over(net->links[i], distances);

            if (distance_less(way, distances[net->links[i]->from])) {
                distances[net->links[i]->from] = way;
                changed = true;
            }
        }
    }
}

/* Of the links that begin a shortest way, the one to the lowest node, then the one joined first. */
static void net_choose(struct net *net, uint32_t target, const struct distance *distances)
{
    for (uint32_t i = 0; i < net->link_count; i++) {
        struct link *link = net->links[i];
        struct distance way = distance_over(link, distances);
        struct link **route = &net->routes[(size_t)link->from * net->node_count + target];

        if (link->from == target || way.propagation_ns == INT64_MAX || distance_less(distances[link->from], way))
            continue;
        if (!*route || link->to < (*route)->to)
            *route = link;
    }
}

void net_build(struct net *net)
{
    size_t count = net->node_count;
    struct distance *distances = arena_alloc(net->arena, count * sizeof(*distances));

    check(!net->routes);
    net->routes = arena_alloc(net->arena, count * count * sizeof(struct link *));
    for (uint32_t target = 0; target < count; target++) {
        net_distances(net, target, distances);
        net_choose(net, target, distances);
    }
    for (uint32_t node = 0; node < count; node++) {
        net_add_link(net, node, node, &net->nodes[node].loopback);
        net->routes[(size_t)node * count + node] = net->links[net->link_count - 1];
    }
    for (uint32_t i = 0; i < net->link_count; i++)
        net->links[i]->onward = &net->routes[(size_t)net->links[i]->to * count];
}

uint32_t net_links(const struct net *net)
{
    return net->link_count;
}

struct link_info net_link(const struct net *net, uint32_t number)
{
    check(number < net->link_count);
    const struct link *link = net->links[number];

    return (struct link_info){
        .from = net->nodes[link->from].name,
        .to = net->nodes[link->to].name,
        .config = link->config,
        .packets = link->packets,
        .bytes = link->bytes,
        .dropped_queue = link->dropped_queue,
        .dropped_loss = link->dropped_loss,
    };
}

struct station *net_cpu(struct net *net, uint32_t node)
{
    check(node < net->node_count);
    return net->nodes[node].cpu;
}

const char *net_name(const struct net *net, uint32_t node)
{
    check(node < net->node_count);
    return net->nodes[node].name;
}

uint32_t net_address(const struct net *net, uint32_t node)
{
    check(node < net->node_count);
    return net->nodes[node].address;
}

struct engine *net_engine(struct net *net)
{
    return net->engine;
}

struct arena *net_arena(struct net *net)
{
    return net->arena;
}

uint32_t net_path_mtu(const struct net *net, uint32_t from, uint32_t to)
{
    const struct link *link = net_route(net, from, to);
    uint32_t mtu = link->mtu;

    while (link->to != to) {
        link = net_route(net, link->to, to);
        if (link->mtu < mtu)
            mtu = link->mtu;
    }
    return mtu;
}

uint32_t net_path_links(const struct net *net, uint32_t from, uint32_t to)
{
    const struct link *link = net_route(net, from, to);
    uint32_t links = 1;

    for (; link->to != to; links++)
        link = net_route(net, link->to, to);
    return links;
}

static bool link_joins(const struct net *net, const struct link *link, const char *a, const char *b)
{
    const char *from = net->nodes[link->from].name, *to = net->nodes[link->to].name;

    return (strcmp(from, a) == 0 && strcmp(to, b) == 0) || (strcmp(from, b) == 0 && strcmp(to, a) == 0);
}

bool net_path_crosses(const struct net *net, uint32_t from, uint32_t to, const char *a, const char *b)
{
    const struct link *link = net_route(net, from, to);

    while (!link_joins(net, link, a, b)) {
        if (link->to == to)
            return false;
        link = net_route(net, link->to, to);
    }
    return true;
}

int64_t net_path_propagation_ns(const struct net *net, uint32_t from, uint32_t to)
{
    const struct link *link = net_route(net, from, to);
    int64_t propagation_ns = link->propagation_ns;

    while (link->to != to) {
        link = net_route(net, link->to, to);
        propagation_ns += link->propagation_ns;
    }
    return propagation_ns;
}

struct binding *net_binding(const struct net *net, uint32_t number, uint16_t port, bool is_tcp)
{
    const struct node *node = &net->nodes[number];

    for (uint32_t i = 0; i < node->binding_count; i++)
        if (node->bindings[i].port == port && node->bindings[i].is_tcp == is_tcp)
            return &node->bindings[i];
    return NULL;
}

struct binding *net_bind(struct net *net, uint32_t number, uint16_t port, bool is_tcp)
{
    check(number < net->node_count);
    struct node *node = &net->nodes[number];

    check(node->address != 0);
    check(!net_binding(net, number, port, is_tcp));
    if (node->binding_count == node->binding_capacity)
        node->bindings = net_grow(net, node->bindings, &node->binding_capacity, sizeof(*node->bindings));
    struct binding *binding = &node->bindings[node->binding_count++];

    *binding = (struct binding){.port = port, .is_tcp = is_tcp};
    return binding;
}

void net_unbind(struct net *net, uint32_t number, uint16_t port, bool is_tcp)
{
    struct node *node = &net->nodes[number];
    struct binding *binding = net_binding(net, number, port, is_tcp);

    check(binding != NULL);
    *binding = node->bindings[--node->binding_count];
}

/* Packets of a connection lie in the rings of links, or in what is kept beside them. */
void net_visit_segments(const struct net *net, void *context, net_segment_fn *told)
{
    for (uint32_t i = 0; i < net->link_count; i++) {
        const struct link *link = net->links[i];

        for (uint64_t at = link->flight_first; at != link->flight_end; at++) {
            const struct packet *packet = link->flights[at & link->flight_mask].packet;

            if (packet && !(packet->flags & PACKET_UDP))
                told(context, packet->of.tcp);
        }
    }
}

uint16_t net_free_port(struct net *net, uint32_t number)
{
    check(number < net->node_count);
    struct node *node = &net->nodes[number];

    for (;;) {
        uint16_t port = node->port_next;

        node->port_next = port == PORT_LAST ? PORT_FIRST_FREE : (uint16_t)(port + 1);
        if (!net_binding(net, number, port, true) && !net_binding(net, number, port, false))
            return port;
    }
}

uint64_t net_packet_hops(const struct net *net)
{
    uint64_t hops = 0;

    for (uint32_t i = 0; i < net->link_count; i++)
        hops += net->links[i]->flight_first;
    return hops;
}

uint64_t net_retransmissions(const struct net *net)
{
    return net->retransmissions;
}

struct net_layers net_layers(const struct net *net)
{
    struct net_layers layers = {0};
    uint64_t arrived = 0;

    for (uint32_t i = 0; i < net->link_count; i++) {
        const struct link *link = net->links[i];

        layers.link_bytes += link->flight_first * link->overhead_bytes;
        layers.ip_bytes += link->flight_first * IP_HEADER_BYTES;
        layers.shield_bytes += link->shield_bytes;
        layers.payload_bytes += link->payload_bytes;
        arrived += link_arrived_bytes(link);
    }
    layers.transport_bytes = arrived - layers.ip_bytes - layers.shield_bytes - layers.payload_bytes;
    return layers;
}

void net_begin_draws(struct net *net, uint64_t first)
{
    for (uint32_t i = 0; i < net->link_count; i++)
        net->links[i]->packets_before = net->links[i]->packets - first;
    net->origins = 0;
}

void net_set_fault(struct net *net, const struct net_fault *fault)
{
    net->fault = *fault;
    for (uint32_t i = 0; i < net->link_count; i++)
        net->links[i]->is_random = true;
}

void net_cut(struct net *net, uint32_t node)
{
    for (uint32_t i = 0; i < net->link_count; i++) {
        struct link *link = net->links[i];

        if (link->from == link->to || (link->from != node && link->to != node))
            continue;
        link->config.loss = 1;
        link->is_random = true;
    }
}

void net_check(const struct net *net)
{
    uint64_t in_flight = 0;

    for (uint32_t i = 0; i < net->link_count; i++) {
        const struct link *link = net->links[i];

        check(link->packets == link->flight_first + link->dropped_loss + link_in_flight(link));
        in_flight += link_in_flight(link);
    }
    check(net->packets_alive == in_flight + net->packets_delivering + net->packets_departing + net->packets_shielding);
}
