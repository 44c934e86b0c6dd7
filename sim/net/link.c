/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A packet's whole way over the link is known when it is sent: when its transmission begins (when the link is free),
 * ends, and when its last bit comes out. So nothing happens at its departure, unless a tap wants to see it.
 */
#include "sim/net/link.h"
#include "sim/base/units.h"
#include "sim/net/graph.h"
#include "sim/net/link_watch.h"
#include "sim/net/udp.h"

/* Rings are read and written in order, each line again only after all others: it is asked for some packets ahead. */
enum { RING_FIRST = 16, AHEAD = 6 };

static event_fn link_arrive;
static event_fn link_arrive_free;

static const struct cause nobody = {.transfer = 0};

static bool has_bucket(const struct link_config *config)
{
    return config->rate_bps > 0 && config->burst_bytes > 0;
}

/* How long it takes to fill; below 2^63 for a GiB at 1 bit/s. */
static int64_t bucket_ns(const struct link_config *config)
{
    uint64_t depth = config->mtu + config->overhead_bytes;

    if (!has_bucket(config))
        return 0;
    if (depth < config->burst_bytes)
        depth = config->burst_bytes;
    return (int64_t)(depth * 8 * (uint64_t)SECOND / config->rate_bps);
}

void link_init(struct link *link, struct net *net, uint32_t from, uint32_t to, const struct link_config *config,
               uint64_t place)
{
    check(config->propagation_ns >= 0 && config->jitter_ns >= 0);
    check(config->loss >= 0 && config->loss <= 1);
    check(config->loss_burst >= 0);
    check(config->mtu >= 68 && config->mtu <= IP_BYTES_MAX); /* RFC 791: the least that every link carries */
    check(config->overhead_bytes <= MIB);
    check(config->burst_bytes <= GIB);
    *link = (struct link){
        .net = net,
        .engine = net->engine,
        .propagation_ns = config->propagation_ns,
        .overhead_bytes = config->overhead_bytes,
        .mtu = config->mtu,
        .from = from,
        .to = to,
        .is_random = config->loss > 0 || config->jitter_ns > 0,
        .is_free = config->is_order_free,
        .is_watched = config->is_order_free || net->tap != NULL,
        .queue_bytes_max = config->queue_bytes_max,
        .rate_bps = config->rate_bps,
        .bucket_ns = bucket_ns(config),
        .place = place,
        .config = *config,
    };
    link->empty_ns = net->engine->now_ns - link->bucket_ns; /* full */
    link->flights = arena_alloc(net->arena, RING_FIRST * sizeof(*link->flights));
    link->flight_mask = RING_FIRST - 1;
    link->waiting = arena_alloc(net->arena, RING_FIRST * sizeof(*link->waiting));
    link->waiting_mask = RING_FIRST - 1;
}

void link_pair(struct link *up, struct link *down)
{
    const struct link_config *config = &up->config;

    check(config->promotion_ns >= 0 && config->idle_ns >= 0);
    check(config->promotion_ns == down->config.promotion_ns && config->idle_ns == down->config.idle_ns);
    if (config->promotion_ns == 0)
        return;
    struct radio *radio = arena_alloc(up->net->arena, sizeof(*radio));

    *radio = (struct radio){up, down, config->promotion_ns, config->idle_ns, 0};
    up->radio = down->radio = radio;
    up->has_radio = down->has_radio = true;
    up->free_ns = down->free_ns = up->engine->now_ns - config->idle_ns; /* silent for long */
}

static void link_grow_flights(struct link *link)
{
    uint32_t mask = 2 * link->flight_mask + 1;
    struct flight *flights = arena_alloc(link->net->arena, ((size_t)mask + 1) * sizeof(*flights));

    check(mask != UINT32_MAX);
    for (uint64_t i = link->flight_first; i != link->flight_end; i++)
        flights[i & mask] = link->flights[i & link->flight_mask];
    link->flights = flights;
    link->flight_mask = mask;
}

static void link_grow_waiting(struct link *link)
{
    uint32_t mask = 2 * link->waiting_mask + 1;
    struct waiting *waiting = arena_alloc(link->net->arena, ((size_t)mask + 1) * sizeof(*waiting));

    check(mask != UINT32_MAX);
    for (uint32_t i = link->waiting_first; i != link->waiting_end; i++)
        waiting[i & mask] = link->waiting[i & link->waiting_mask];
    link->waiting = waiting;
    link->waiting_mask = mask;
}

/* Nanoseconds for bytes, rounded to the nearest. Below 2^64 for any packet: (2^20 + 2^16) * 8 * 10^9. */
static inline int64_t link_transmission_ns(struct link *link, uint32_t bytes)
{
    if (bytes != link->size_bytes) {
        uint64_t rate = link->rate_bps;

        link->size_bytes = bytes;
        link->size_ns = rate ? (int64_t)(((uint64_t)bytes * 8 * (uint64_t)SECOND + rate / 2) / rate) : 0;
    }
    return link->size_ns;
}

/* Room in the queue for a packet that has to wait? */
static bool link_admit(struct link *link, uint32_t bytes)
{
    int64_t now_ns = link->engine->now_ns;

    while (link->waiting_first != link->waiting_end) {
        const struct waiting *first = &link->waiting[link->waiting_first & link->waiting_mask];

        if (first->start_ns > now_ns)
            break;
        link->waiting_bytes -= first->bytes;
        link->waiting_first++;
    }
    if (bytes > link->queue_bytes_max - link->waiting_bytes)
        return false;
    if (link->waiting_end - link->waiting_first > link->waiting_mask)
        link_grow_waiting(link);
    link->waiting[link->waiting_end++ & link->waiting_mask] = (struct waiting){link->free_ns, bytes};
    __builtin_prefetch(&link->waiting[(link->waiting_end + AHEAD) & link->waiting_mask], 1);
    link->waiting_bytes += bytes;
    return true;
}

/* Number by number (volatile forbids a wide copy): two of them have just been written, and a wide load would wait for
 * that. */
static void parts_take(struct parts *to, const volatile struct parts *from)
{
    for (int i = 0; i < PART_COUNT; i++)
        to->ns[i] = from->ns[i];
}

/*
 * The packet waits until the link is free. Behind its own transfer it goes on with the sums that the packet before it
 * had at its release: that one's sums, less what it was charged for its way after that. A bucket may let it begin
 * before that release, which then is less transmission, or later.
 */
static void link_charge_wait(const struct link *link, int64_t release_ns, struct cause *cause)
{
    const struct cause *last = link->last;
    int64_t later_ns = link->free_ns - release_ns;

    if (cause->transfer == 0)
        return;
    if (last->transfer != cause->transfer) {
        cause_charge(cause, PART_QUEUEING, link->free_ns - link->engine->now_ns);
        return;
    }
    parts_take(&cause->parts, &last->parts);
    cause->parts.ns[last->is_feedback ? PART_FEEDBACK : PART_PROPAGATION] -= link->last_way_ns;
    if (later_ns != 0)
        cause->parts.ns[later_ns > 0        ? PART_QUEUEING
                        : last->is_feedback ? PART_FEEDBACK
                                            : PART_TRANSMISSION] += later_ns;
}

/* The address of a draw is the packet's ordinal on this link, so that one lost packet more changes no other draw. */
static double link_draw(struct link *link, enum stream_kind kind)
{
    return gsl_rng_uniform(streams_at(link->net->streams, link->place, kind, link->packets - link->packets_before));
}

/* True for the packet that a fault is meant for; asked once a packet, when it is taken. */
static bool link_meets_fault(struct link *link, const struct packet *packet)
{
    struct net *net = link->net;

    if (net->fault.kind == NET_FAULT_NONE || !(packet->flags & PACKET_ORIGIN))
        return false;
    return ++net->origins == net->fault.packet;
}

/* Chance of loss: the same for every packet, or Gilbert's two states (1960), in the bad one of which all are lost: left
 * with probability 1 / burst and entered so often that the share of losses is as configured. */
static bool link_loses(struct link *link)
{
    double loss = link->config.loss, burst = link->config.loss_burst;

    if (loss <= 0)
        return false;
    double draw = link_draw(link, STREAM_LOSS);

    if (burst <= 1 || loss >= 1)
        return draw < loss;
    if (link->packets - link->packets_before <= 1)
        link->is_losing = draw < loss;
    else if (link->is_losing)
        link->is_losing = draw >= 1 / burst;
    else
        link->is_losing = draw < loss / (1 - loss) / burst;
    return link->is_losing;
}

static event_fn link_repeat;

/* A second packet follows, as soon as this one is on its way. */
static void link_duplicate(struct link *link, const struct packet *packet)
{
    struct net *net = link->net;

    if (packet->extra || packet->flags & PACKET_AGAIN)
        return;
    net->copy = *packet;
    net->copy.flags = (uint16_t)((packet->flags & ~PACKET_ORIGIN) | PACKET_COPY);
    if (packet->flags & PACKET_UDP)
        udp_fragmented(&net->copy, 1);
    engine_at(link->engine, link->engine->now_ns, link, link_repeat);
}

static void link_repeat(struct engine *engine, void *context)
{
    struct link *link = context;
    struct packet *packet = packet_create(link->net);

    (void)engine;
    *packet = link->net->copy;
    link_take(link, packet);
}

/* What chance, a fault and the order of packets add to the way; *is_lost: it does not come out. */
static int64_t link_way_ns(struct link *link, const struct packet *packet, bool *is_lost)
{
    int64_t way_ns = link->propagation_ns;
    bool is_faulty = link_meets_fault(link, packet);

    *is_lost = link_loses(link) || (is_faulty && link->net->fault.kind == NET_FAULT_LOSE);
    if (link->config.jitter_ns > 0)
        way_ns += (int64_t)(link_draw(link, STREAM_JITTER) * (double)link->config.jitter_ns + 0.5);
    if (is_faulty && link->net->fault.kind == NET_FAULT_DUPLICATE)
        link_duplicate(link, packet);
    if (is_faulty && link->net->fault.kind == NET_FAULT_HOLD)
        way_ns += link->net->fault.hold_ns;
    if (link->is_free)
        return way_ns;
    /* Order is kept: what was sent later does not come out earlier. */
    if (link->free_ns + way_ns < link->arrive_ns)
        way_ns = link->arrive_ns - link->free_ns;
    link->arrive_ns = link->free_ns + way_ns;
    return way_ns;
}

static void link_drop(struct link *link, struct packet *packet)
{
    link->dropped_queue++;
    link_tell(link, TAP_DROPPED, link->engine->now_ns, packet);
    packet_lose(link->net, packet);
}

/* Lost on the way: its transmission takes its time, but it does not come out. */
static void link_lose(struct link *link, struct packet *packet, int64_t start_ns)
{
    link->dropped_loss++;
    link->lost_bytes += packet->bytes;
    link->ghost = packet->cause;
    link->last = &link->ghost;
    if (link->net->tap && link_watch(link, packet, start_ns, true))
        link->net->packets_departing++;
    else
        packet_lose(link->net, packet);
}

/* ---- The way of a packet ---- */

static void link_launch_free(struct link *link, struct packet *packet, int64_t arrive_ns)
{
    struct net *net = link->net;
    struct free_flight *flight = net->free_flights;

    if (flight)
        net->free_flights = flight->next;
    else
        flight = arena_alloc(net->arena, sizeof(*flight));
    *flight = (struct free_flight){.link = link, .packet = packet};
    link->flight_end++;
    link->free_bytes += packet->bytes;
    engine_at(link->engine, arrive_ns, flight, link_arrive_free);
}

static inline void link_launch(struct link *link, struct packet *packet, int64_t arrive_ns)
{
    struct engine *engine = link->engine;
    uint64_t ticket = engine_ticket(engine);

    if (link->flight_end - link->flight_first > link->flight_mask)
        link_grow_flights(link);
    if (link->flight_end == link->flight_first)
        engine_at_ticket(engine, arrive_ns, ticket, link, link_arrive);
    struct flight *flight = &link->flights[link->flight_end++ & link->flight_mask];

    flight->arrive_ns = arrive_ns;
    flight->ticket = ticket;
    flight->packet = packet;
    __builtin_prefetch(&link->flights[(link->flight_end + AHEAD) & link->flight_mask], 1);
}

/* Behind the packets before it, the last of which is released at release_ns: false if there is no room for it. */
static bool link_wait(struct link *link, struct packet *packet, uint32_t bytes, int64_t release_ns)
{
    if (!link_admit(link, bytes)) {
        link_drop(link, packet);
        return false;
    }
    link_charge_wait(link, release_ns, &packet->cause);
    return true;
}

static inline void link_charge_way(struct cause *cause, int64_t transmission_ns, int64_t way_ns)
{
    if (cause->is_feedback) {
        cause->parts.ns[PART_FEEDBACK] += transmission_ns + way_ns;
        return;
    }
    cause->parts.ns[PART_TRANSMISSION] += transmission_ns;
    cause->parts.ns[PART_PROPAGATION] += way_ns;
}

/* Whose way has been charged, and that begins at start_ns: is lost or arrives, and a tap sees it. */
static void link_launch_watched(struct link *link, struct packet *packet, int64_t start_ns, bool is_lost)
{
    if (is_lost) {
        link_lose(link, packet, start_ns);
        return;
    }
    if (link->net->tap)
        link_watch(link, packet, start_ns, false);
    if (link->is_free)
        link_launch_free(link, packet, link->free_ns + link->last_way_ns);
    else
        link_launch(link, packet, link->free_ns + link->last_way_ns);
}

/* The first packet after silence starts the promotion; until its end, whoever is the first in a direction waits for
 * the radio, which is nobody's. */
static void link_wake(struct link *link)
{
    struct radio *radio = link->radio;
    int64_t now_ns = link->engine->now_ns;
    int64_t busy_ns = radio->up->free_ns > radio->down->free_ns ? radio->up->free_ns : radio->down->free_ns;

    if (now_ns - busy_ns >= radio->idle_ns)
        radio->ready_ns = now_ns + radio->promotion_ns;
    if (radio->ready_ns > now_ns && link->free_ns < radio->ready_ns) {
        link->free_ns = radio->ready_ns;
        link->last = &nobody;
    }
}

/*
 * A token bucket, as Linux' tbf has it at the end of a wire: a packet's last bit comes out as soon as there are tokens
 * for all of it, and not before that of an earlier one. Tokens since empty_ns, at the link's rate; more than the bucket
 * holds are lost. Sets when the packet begins, which is not before an earlier one does, and how long it takes from then
 * on. False: no room to wait.
 */
static bool link_pass_bucket(struct link *link, struct packet *packet, uint32_t bytes, int64_t *transmission_ns)
{
    int64_t now_ns = link->engine->now_ns, release_ns = link->free_ns, bits_ns = *transmission_ns;
    int64_t start_ns = now_ns > link->empty_ns ? now_ns : link->empty_ns;

    if (link->has_radio && link->radio->ready_ns > start_ns)
        start_ns = link->radio->ready_ns;
    int64_t end_ns = start_ns + bits_ns > release_ns ? start_ns + bits_ns : release_ns;

    start_ns = end_ns - bits_ns > link->start_ns ? end_ns - bits_ns : link->start_ns;
    if (release_ns <= now_ns) { /* the packet before it may be gone */
        release_ns = now_ns;
        link->last = &nobody;
    }
    link->free_ns = start_ns;
    if (start_ns > now_ns && !link_wait(link, packet, bytes, release_ns)) {
        link->free_ns = release_ns;
        return false;
    }
    if (link->empty_ns < end_ns - link->bucket_ns)
        link->empty_ns = end_ns - link->bucket_ns;
    link->empty_ns += bits_ns;
    link->start_ns = start_ns;
    *transmission_ns = end_ns - start_ns;
    return true;
}

static inline void link_carry(struct link *link, struct packet *packet)
{
    uint32_t bytes = packet->bytes + link->overhead_bytes;
    int64_t start_ns = link->engine->now_ns, transmission_ns = link_transmission_ns(link, bytes);

    if (link->has_radio)
        link_wake(link);
    if (link->bucket_ns > 0) {
        if (!link_pass_bucket(link, packet, bytes, &transmission_ns))
            return;
        start_ns = link->start_ns;
    } else if (link->free_ns > start_ns) {
        if (!link_wait(link, packet, bytes, link->free_ns))
            return;
        start_ns = link->free_ns;
    }
    link->free_ns = start_ns + transmission_ns;
    link->packets++;
    link->bytes += bytes;
    bool is_lost = false;
    int64_t way_ns = link->is_random ? link_way_ns(link, packet, &is_lost) : link->propagation_ns;

    link->last = &packet->cause;
    link->last_way_ns = way_ns;
    link_charge_way(&packet->cause, transmission_ns, way_ns);
    if (link->is_random || link->is_watched)
        link_launch_watched(link, packet, start_ns, is_lost);
    else
        link_launch(link, packet, link->free_ns + way_ns);
}

void link_take(struct link *link, struct packet *packet)
{
    link_carry(link, packet);
}

void link_fragment(struct link *link, struct packet *packet)
{
    struct net *net = link->net;
    uint32_t piece = (link->mtu - IP_HEADER_BYTES) & ~7u;
    uint32_t left = packet->length;
    uint64_t offset = packet->offset;

    check(packet->flags & PACKET_UDP);
    udp_fragmented(packet, (left - 1) / piece);
    while (left > 0) {
        uint32_t length = left < piece ? left : piece;
        struct packet *fragment = left > piece ? packet_create(net) : packet;

        if (fragment != packet)
            *fragment = *packet;
        fragment->offset = offset;
        fragment->length = (uint16_t)length;
        fragment->bytes = (uint16_t)(IP_HEADER_BYTES + length);
        link_take(link, fragment);
        offset += length;
        left -= length;
    }
}

static inline void link_expect(struct link *link)
{
    const struct flight *next = &link->flights[link->flight_first & link->flight_mask];

    __builtin_prefetch(next->packet);
    __builtin_prefetch(&next->packet->of);
    __builtin_prefetch(&link->flights[(link->flight_first + AHEAD) & link->flight_mask]);
    engine_at_ticket(link->engine, next->arrive_ns, next->ticket, link, link_arrive);
}

uint64_t link_arrived_bytes(const struct link *link)
{
    uint64_t bytes = link->bytes - link->packets * link->overhead_bytes - link->lost_bytes;

    if (link->is_free)
        return bytes - link->free_bytes;
    for (uint64_t i = link->flight_first; i != link->flight_end; i++)
        bytes -= link->flights[i & link->flight_mask].packet->bytes;
    return bytes;
}

/* What protects a packet is counted by itself. */
static void link_count_shield(struct link *link, const struct packet *packet)
{
    struct packet inner = packet->flags & PACKET_TUNNELLED ? shield_inner(packet) : *packet;

    link->shield_bytes += (uint64_t)packet->bytes - inner.bytes;
    if (!(inner.flags & PACKET_SHIELDED))
        return;
    if (!(inner.flags & PACKET_UDP)) {
        link->shield_bytes += (uint64_t)inner.bytes - shield_inner(&inner).bytes;
    } else if (packet->offset == 0) { /* of fragments, the first is counted for all of them */
        const struct udp_carried *carried = packet->of.carried;
        uint64_t added = carried->wire_length - UDP_HEADER_BYTES - (uint64_t)carried->size;

        link->shield_bytes += added;
        link->payload_bytes -= added;
    }
}

/* On to the next link. */
static inline void link_forward(struct link *link, struct packet *packet)
{
    struct link *next = link->onward[packet->to];

    packet->ttl--;
    packet->flags &= (uint16_t)~PACKET_ORIGIN;
    if (next->has_tunnel && shield_enter_tunnel(next, packet))
        return;
    if (packet->bytes <= next->mtu)
        link_carry(next, packet);
    else
        link_fragment(next, packet);
}

/* At its node. */
static void link_arrived(struct link *link, struct packet *packet)
{
    struct net *net = link->net;

    net->packets_delivering++;
    if (packet->flags & PACKET_UDP)
        udp_arrive(net, packet, link);
    else if (packet->flags & PACKET_SHIELDED)
        shield_take(packet, link);
    else
        tcp_arrive(net, packet);
    net->packets_delivering--;
}

void link_pass(struct link *link, struct packet *packet)
{
    if (packet->to != link->to)
        link_forward(link, packet);
    else
        link_arrived(link, packet);
}

/* What is a datagram's or protected comes out. */
static void link_deliver_special(struct link *link, struct packet *packet)
{
    if (packet->flags & PACKET_UDP && packet->offset == 0)
        link->payload_bytes -= UDP_HEADER_BYTES;
    if (packet->flags & (PACKET_SHIELDED | PACKET_TUNNELLED))
        link_count_shield(link, packet);
    if (packet->flags & PACKET_TUNNELLED)
        shield_take(packet, link);
    else if (packet->to != link->to)
        link_forward(link, packet);
    else
        link_arrived(link, packet);
}

/* The packet comes out. */
static inline void link_deliver(struct link *link, struct packet *packet)
{
    struct net *net = link->net;

    link->payload_bytes += packet->length;
    if (link->is_watched)
        link_tell(link, TAP_RECEIVED, link->engine->now_ns, packet);
    if (packet->flags & (PACKET_UDP | PACKET_SHIELDED | PACKET_TUNNELLED)) {
        link_deliver_special(link, packet);
        return;
    }
    if (packet->to != link->to) {
        link_forward(link, packet);
        return;
    }
    net->packets_delivering++;
    tcp_arrive(net, packet);
    net->packets_delivering--;
}

static void link_arrive(struct engine *engine, void *context)
{
    struct link *link = context;
    struct packet *packet = link->flights[link->flight_first++ & link->flight_mask].packet;

    (void)engine;
    if (link->flight_first != link->flight_end)
        link_expect(link);
    link_deliver(link, packet);
}

static void link_arrive_free(struct engine *engine, void *context)
{
    struct free_flight *flight = context;
    struct link *link = flight->link;
    struct net *net = link->net;
    struct packet *packet = flight->packet;

    (void)engine;
    flight->next = net->free_flights;
    net->free_flights = flight;
    link->flight_first++;
    link->free_bytes -= packet->bytes;
    link_deliver(link, packet);
}
