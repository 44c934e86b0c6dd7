/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/net/link_watch.h"
#include "sim/net/graph.h"

static event_fn link_depart;

void link_tell(struct link *link, enum tap_event event, int64_t at_ns, const struct packet *packet)
{
    const struct net_tap *tap = link->net->tap;
    bool is_origin = packet->flags & PACKET_ORIGIN;

    if (tap)
        tap->packet(tap->context, link->net, link->number, event, at_ns, is_origin, packet);
}

static void departure_tell(struct link *link, struct packet *packet, bool is_lost)
{
    int64_t now_ns = link->engine->now_ns;

    link_tell(link, TAP_SENT, now_ns, packet);
    if (is_lost)
        link_tell(link, TAP_DROPPED, now_ns, packet);
}

static struct departure *departure_create(struct net *net)
{
    struct departure *departure = net->departures;

    if (!departure)
        return arena_alloc(net->arena, sizeof(*departure));
    net->departures = departure->next;
    return departure;
}

static void link_depart(struct engine *engine, void *context)
{
    struct link *link = context;
    struct net *net = link->net;
    struct departure *first = link->departures;

    link->departures = first->next;
    if (first->next)
        engine_at_ticket(engine, first->next->start_ns, first->next->ticket, link, link_depart);
    departure_tell(link, first->packet, first->is_lost);
    if (first->is_lost) {
        net->packets_departing--;
        packet_lose(net, first->packet);
    }
    first->next = net->departures;
    net->departures = first;
}

bool link_watch(struct link *link, struct packet *packet, int64_t start_ns, bool is_lost)
{
    struct engine *engine = link->engine;
    struct departure *departure;

    if (start_ns == engine->now_ns) {
        departure_tell(link, packet, is_lost);
        return false;
    }
    departure = departure_create(link->net);
    *departure = (struct departure){NULL, packet, start_ns, engine_ticket(engine), is_lost};
    if (link->departures)
        link->departures_last->next = departure;
    else
        link->departures = departure;
    if (departure == link->departures)
        engine_at_ticket(engine, start_ns, departure->ticket, link, link_depart);
    link->departures_last = departure;
    return true;
}
