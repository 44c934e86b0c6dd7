/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/speed/speed.h"
#include "sim/base/units.h"
#include "sim/net/net.h"

enum { PORT = 7394, SEGMENT = 1460, WINDOW = 180 * SEGMENT };

struct carrier {
    uint64_t size;
    uint64_t written;
    int64_t finished_ns;
};

static void write_on(void *context, struct tcp *tcp, const struct cause *cause)
{
    struct carrier *carrier = context;
    uint64_t length = carrier->size - carrier->written;

    if (length > tcp_room(tcp))
        length = tcp_room(tcp);
    if (length == 0)
        return;
    struct cause own = *cause;

    own.is_feedback = false; /* room comes with an acknowledgement, but these bytes are the file */
    tcp_write(tcp, (struct slice){&source_pattern, carrier->written, length}, &own);
    carrier->written += length;
}

static void take(void *context, struct tcp *tcp, const struct cause *cause)
{
    struct carrier *carrier = context;
    uint64_t end = tcp_received(tcp)->end;

    tcp_release(tcp, end, cause);
    /* The transfer began at 0, so its sums are the time. */
    if (end == carrier->size)
        carrier->finished_ns = parts_total(&cause->parts);
}

static void *accept_one(void *context, struct tcp *tcp, uint32_t from_node, uint16_t from_port)
{
    (void)tcp;
    (void)from_node;
    (void)from_port;
    return context;
}

/* What a trial does: a network made in an empty arena, a connection, the bytes, every check at the end. */
static int64_t carry(struct arena *arena, uint64_t size)
{
    static const struct link_config config = {.rate_bps = 100000000,
                                              .propagation_ns = 10000000,
                                              .queue_bytes_max = UINT64_MAX,
                                              .mtu = 1500,
                                              .overhead_bytes = 14};
    static const struct tcp_owner sender = {.established = write_on, .writable = write_on};
    static const struct tcp_owner receiver = {.received = take};
    const struct cause cause = {.transfer = 1};
    struct carrier carrier = {.size = size};
    struct tcp_config tcp = tcp_rfc;
    struct streams streams;
    struct engine engine;

    /* As in the floor: all is written at once, an acknowledgement for each segment, a window of 180 segments. */
    tcp.delayed_ack_ns = 0;
    tcp.send_buffer = size;
    tcp.receive_buffer = WINDOW;
    engine_init(&engine, arena);
    streams_init(&streams, arena, 1, 1);
    struct net *net = net_create(&engine, arena, &streams, NULL);
    uint32_t a = net_add_node(net, &(struct node_config){.name = "a", .address = 0x0a000001, .workers = 1});
    uint32_t b = net_add_node(net, &(struct node_config){.name = "b", .address = 0x0a000002, .workers = 1});

    net_join(net, a, b, &config, &config);
    net_build(net);
    tcp_listen(net, b, PORT, &tcp, &carrier, accept_one, &receiver);
    tcp_connect(net, a, PORT, b, PORT, &tcp, &carrier, &sender, &cause);
    engine_run(&engine, NULL);
    net_check(net);
    check(carrier.finished_ns > 0);
    return carrier.finished_ns;
}

struct speed tcp_run(uint64_t size, uint64_t count)
{
    struct arena *arena = arena_create((size_t)GIB);

    check(arena != NULL);
    int64_t finished_ns = carry(arena, size);
    double start = speed_clock();

    for (uint64_t i = 0; i < count; i++) {
        arena_reset(arena);
        check(carry(arena, size) == finished_ns);
    }
    double seconds = speed_clock() - start;

    arena_destroy(arena);
    return (struct speed){seconds, count, (double)finished_ns / (double)SECOND};
}
