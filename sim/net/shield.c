/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/net/graph.h"
#include "sim/net/tcp.h"
#include "sim/net/udp.h"

/* ---- Who is protected ---- */

struct shield *net_shield(struct net *net, const struct net_shield_config *config)
{
    struct shield *shield = arena_alloc(net->arena, sizeof(*shield));

    check(net->routes != NULL);
    check(config->from < net->node_count && config->to < net->node_count);
    check(config->block_bytes > 0 && config->work_ns != NULL);
    shield->net = net;
    shield->config = *config;
    shield->seal = (struct shield_end){.shield = shield, .cpu = net_cpu(net, config->from), .is_sealing = true};
    shield->open = (struct shield_end){.shield = shield, .cpu = net_cpu(net, config->to)};
    check(shield->seal.cpu && shield->open.cpu);
    shield->next = net->shields;
    net->shields = shield;
    return shield;
}

void net_tunnel(struct net *net, const struct net_shield_config *config)
{
    struct link *link = net_route(net, config->from, config->to);

    check(config->is_tunnel && link && link->to == config->to && !link->tunnel);
    struct shield *shield = net_shield(net, config);

    net->shields = shield->next; /* it is found by its link */
    shield->next = NULL;
    link->tunnel = shield;
    link->has_tunnel = true;
}

struct shield *shield_find(const struct net *net, uint32_t from, uint16_t from_port, uint32_t to, uint16_t to_port)
{
    struct shield *found = NULL;

    for (struct shield *shield = net->shields; shield; shield = shield->next) {
        const struct net_shield_config *config = &shield->config;
        bool is_from = from_port == config->from_port, is_to = to_port == config->to_port;

        if (config->from != from || config->to != to || (!is_from && !is_to))
            continue;
        if (is_from && is_to)
            return shield;
        if (!found)
            found = shield;
    }
    return found;
}

/* A tunnel takes what has one of its ports at either end. */
static bool tunnel_takes(const struct shield *tunnel, uint16_t from_port, uint16_t to_port)
{
    const struct net_shield_config *config = &tunnel->config;

    for (uint32_t i = 0; i < config->port_count; i++)
        if (config->ports[i] == from_port || config->ports[i] == to_port)
            return true;
    return false;
}

/* ---- Sizes ---- */

uint32_t shield_bytes(const struct shield *shield, uint32_t bytes)
{
    const struct net_shield_config *config = &shield->config;
    uint32_t inner = config->is_tunnel ? bytes : bytes - IP_HEADER_BYTES, block = config->block_bytes;

    inner = (inner + config->trailer_bytes + block - 1) / block * block;
    return IP_HEADER_BYTES + config->fixed_bytes + inner;
}

uint32_t shield_most(const struct shield *shield, uint32_t mtu)
{
    const struct net_shield_config *config = &shield->config;
    uint32_t room = (mtu - IP_HEADER_BYTES - config->fixed_bytes) / config->block_bytes * config->block_bytes;

    return room - config->trailer_bytes + (config->is_tunnel ? 0 : IP_HEADER_BYTES);
}

uint32_t shield_path_mtu(const struct net *net, uint32_t from, uint16_t from_port, uint32_t to, uint16_t to_port,
                         uint32_t mtu)
{
    for (uint32_t at = from;;) {
        const struct link *link = net_route(net, at, to);

        if (link->tunnel && tunnel_takes(link->tunnel, from_port, to_port) &&
            shield_most(link->tunnel, link->mtu) < mtu)
            mtu = shield_most(link->tunnel, link->mtu);
        at = link->to;
        if (at == to)
            return mtu;
    }
}

uint32_t net_port_mtu(const struct net *net, uint32_t from, uint16_t from_port, uint32_t to, uint16_t to_port)
{
    const struct shield *shield = shield_find(net, from, from_port, to, to_port);
    uint32_t mtu = shield_path_mtu(net, from, from_port, to, to_port, net_path_mtu(net, from, to));

    return shield ? shield_most(shield, mtu) : mtu;
}

struct packet shield_inner(const struct packet *packet)
{
    struct packet inner = *packet;

    if (packet->flags & PACKET_TUNNELLED) {
        inner.bytes = packet->extra->tunnel.inner_bytes;
        inner.flags &= (uint16_t)~PACKET_TUNNELLED;
    } else if (packet->flags & PACKET_UDP) {
        inner.offset = 0;
        inner.length = (uint16_t)(UDP_HEADER_BYTES + packet->of.carried->size);
        inner.bytes = (uint16_t)(IP_HEADER_BYTES + inner.length);
        inner.flags &= (uint16_t)~PACKET_SHIELDED;
    } else {
        inner.bytes = packet->extra->shielded.inner_bytes;
        inner.flags &= (uint16_t)~PACKET_SHIELDED;
    }
    return inner;
}

/* ---- The two lines ---- */

static void end_start(struct shield_end *end);

/* Where a packet stands that has just been sealed: on the link, as it would have without. */
static void sealed_go(struct packet *packet, struct link *link)
{
    if (packet->flags & PACKET_TUNNELLED)
        link_take(link, packet);
    else
        link_send(link, packet);
}

/* The tunnel's end: the extension goes where nothing else needs it, since fragments have none. */
static void leave_tunnel(struct net *net, struct packet *packet)
{
    struct packet_extra *extra = packet->extra;

    packet->bytes = extra->tunnel.inner_bytes;
    packet->flags &= (uint16_t)~PACKET_TUNNELLED;
    if (packet->flags & PACKET_UDP && !extra->changed) {
        extra->next = net->extras;
        net->extras = extra;
        packet->extra = NULL;
    }
}

static void opened_go(struct net *net, struct packet *packet, struct link *link)
{
    if (packet->flags & PACKET_TUNNELLED) {
        leave_tunnel(net, packet);
        link_pass(link, packet);
        return;
    }
    net->packets_delivering++;
    packet->flags &= (uint16_t)~PACKET_SHIELDED;
    if (packet->flags & PACKET_UDP) {
        udp_finish(net, packet);
    } else {
        packet->bytes = packet->extra->shielded.inner_bytes;
        tcp_arrive(net, packet);
    }
    net->packets_delivering--;
}

/* Behind its own transfer a packet goes on with the sums of the one before it, behind anybody else's it has queued. */
static void take_turn(struct shield_job *job, const struct cause *before, int64_t now_ns)
{
    struct cause *cause = &job->packet->cause;

    if (cause->transfer == 0)
        return;
    if (before->transfer == cause->transfer)
        cause->parts = before->parts;
    else
        cause_charge(cause, PART_QUEUEING, now_ns - job->since_ns);
}

static void end_done(void *context, const struct cause *cause)
{
    struct shield_end *end = context;
    struct net *net = end->shield->net;
    struct shield_job *job = end->first;
    struct cause own = *cause;

    end->first = job->next;
    job->packet->cause = own;
    net->packets_shielding--;
    if (end->first) {
        take_turn(end->first, &own, net->engine->now_ns);
        end_start(end);
    }
    if (end->is_sealing)
        sealed_go(job->packet, job->link);
    else
        opened_go(net, job->packet, job->link);
    job->next = end->shield->jobs_free;
    end->shield->jobs_free = job;
}

static void end_start(struct shield_end *end)
{
    const struct net_shield_config *config = &end->shield->config;
    const struct packet *packet = end->first->packet;
    struct packet inner = shield_inner(packet);
    uint32_t bytes = config->is_tunnel ? inner.bytes : (uint32_t)inner.bytes - IP_HEADER_BYTES;
    int64_t work_ns = config->work_ns(config->context, end->is_sealing, bytes);

    station_take(end->cpu, &packet->cause, PART_CRYPTO, work_ns, end, end_done);
}

static void end_add(struct shield_end *end, struct packet *packet, struct link *link)
{
    struct shield *shield = end->shield;
    struct shield_job *job = shield->jobs_free;

    if (job)
        shield->jobs_free = job->next;
    else
        job = arena_alloc(shield->net->arena, sizeof(*job));
    *job = (struct shield_job){NULL, packet, link, shield->net->engine->now_ns};
    shield->net->packets_shielding++;
    if (end->first) {
        end->last->next = job;
        end->last = job;
        return;
    }
    end->first = end->last = job;
    end_start(end);
}

/* ---- Packets ---- */

static struct packet_extra *extra_of(struct net *net, struct packet *packet)
{
    if (!packet->extra)
        packet->extra = packet_extra_create(net);
    return packet->extra;
}

void shield_send(struct shield *shield, struct packet *packet, struct link *link)
{
    uint32_t bytes = shield_bytes(shield, packet->bytes);
    struct packet_shielded mark = {shield, ++shield->sequence, packet->bytes};

    check(bytes <= IP_BYTES_MAX);
    packet->flags |= PACKET_SHIELDED;
    if (packet->flags & PACKET_UDP) {
        packet->of.carried->shielded = mark;
        packet->of.carried->wire_length = bytes - IP_HEADER_BYTES;
        packet->length = (uint16_t)(bytes - IP_HEADER_BYTES);
    } else {
        extra_of(shield->net, packet)->shielded = mark;
    }
    packet->bytes = (uint16_t)bytes;
    end_add(&shield->seal, packet, link);
}

static void tunnel_add(struct shield *tunnel, struct packet *packet, struct link *link)
{
    extra_of(tunnel->net, packet)->tunnel = (struct packet_shielded){tunnel, ++tunnel->sequence, packet->bytes};
    packet->bytes = (uint16_t)shield_bytes(tunnel, packet->bytes);
    packet->flags |= PACKET_TUNNELLED;
    end_add(&tunnel->seal, packet, link);
}

static bool enters(const struct shield *tunnel, const struct packet *packet)
{
    if (packet->flags & PACKET_UDP)
        return tunnel_takes(tunnel, packet->of.carried->from_port, packet->of.carried->to_port);
    return tunnel_takes(tunnel, packet->of.tcp->port, packet->of.tcp->peer_port);
}

/* The gateway fragments before it seals, so that the other one opens each packet by itself. */
bool shield_enter_tunnel(struct link *link, struct packet *packet)
{
    struct shield *tunnel = link->tunnel;

    if (!enters(tunnel, packet))
        return false;
    uint32_t most = shield_most(tunnel, link->mtu), piece = (most - IP_HEADER_BYTES) & ~7u;
    uint32_t left = packet->length;

    if (packet->bytes <= most) {
        tunnel_add(tunnel, packet, link);
        return true;
    }
    check(packet->flags & PACKET_UDP);
    udp_fragmented(packet, (left - 1) / piece);
    for (uint64_t offset = packet->offset; left > 0; offset += piece) {
        uint32_t length = left < piece ? left : piece;
        struct packet *fragment = left > piece ? packet_create(link->net) : packet;

        if (fragment != packet)
            *fragment = *packet;
        fragment->offset = offset;
        fragment->length = (uint16_t)length;
        fragment->bytes = (uint16_t)(IP_HEADER_BYTES + length);
        tunnel_add(tunnel, fragment, link);
        left -= length;
    }
    return true;
}

void shield_take(struct packet *packet, struct link *link)
{
    const struct packet_extra *extra = packet->extra;
    struct shield *shield = packet->flags & PACKET_TUNNELLED ? extra->tunnel.shield
                            : packet->flags & PACKET_UDP     ? packet->of.carried->shielded.shield
                                                             : extra->shielded.shield;

    end_add(&shield->open, packet, link);
}
