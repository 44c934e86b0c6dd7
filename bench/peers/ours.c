/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ours.c - one file over TCP of the set `rfc` between two nodes, run after run, each a line on standard input, each
 * answered by a row of CSV. ns3.cc reads the same lines and writes the same rows. With the argument "plan" it
 * writes the lines instead: to each it adds the packets that the link from sender to receiver will lose, by their
 * place in the order in which they enter it, so that both programs lose the same ones. The set linux:BYTES is that of
 * kernel.sh: TCP of the set `linux` over Ethernet, a queue of so many bytes forth and no limit to the rate back;
 * linux-rfc8985:BYTES is the same with tcp.rack_rules = rfc.
 */
#include "sim/base/units.h"
#include "sim/net/net.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PORT = 7394, PPP_BYTES = 2, ETHERNET_BYTES = 14, SEGMENT = 1448, SPARE = 1000, LINE_MAX_BYTES = 1 << 20 };

/* A line: what congestion control the peer is to use, the file, the link, the address of its losses. */
struct run {
    char set[32];
    uint64_t size;
    uint64_t rate_bps;
    int64_t rtt_ns;
    double loss;
    uint64_t trial;
    uint64_t queue_bytes; /* of linux:BYTES; 0: another set, whose queue never drops */
    bool is_rfc8985;      /* no more than that of RACK */
};

struct carrier {
    struct engine *engine;
    uint64_t size;
    int64_t finished_ns;
    bool stop;
};

/* What the tap sees of the link from sender to receiver. */
struct losses {
    uint64_t sent;
    uint64_t lost;
    bool is_plan;  /* write each lost one's place */
    FILE *capture; /* NULL: none */
};

static int64_t wall_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

/* pcap with nanoseconds, in this machine's byte order, each packet from its IP header on. */
static void capture_begin(FILE *file)
{
    const uint32_t header[] = {0xa1b23c4d, 2 | 4 << 16, 0, 0, UINT16_MAX, 101};

    fwrite(header, sizeof(header), 1, file);
}

static void capture_packet(FILE *file, struct net *net, int64_t at_ns, const struct packet *packet)
{
    char bytes[2048];
    struct sink sink = SINK(bytes);

    net_packet_bytes(net, packet, &sink);
    const uint32_t header[] = {(uint32_t)(at_ns / SECOND), (uint32_t)(at_ns % SECOND), (uint32_t)sink.size,
                               (uint32_t)sink.size};

    fwrite(header, sizeof(header), 1, file);
    fwrite(bytes, sink.size, 1, file);
}

static void watch(void *context, struct net *net, uint32_t link, enum tap_event event, int64_t at_ns, bool is_origin,
                  const struct packet *packet)
{
    struct losses *losses = context;

    (void)is_origin;
    if (link == 0) {
        losses->sent += event == TAP_SENT;
        losses->lost += event == TAP_DROPPED;
        if (event == TAP_DROPPED && losses->is_plan)
            printf(" %" PRIu64, losses->sent);
    }
    /* What a capture at the sender shows. */
    if (losses->capture && event == (link == 0 ? TAP_SENT : TAP_RECEIVED))
        capture_packet(losses->capture, net, at_ns, packet);
}

static struct net *join(struct engine *engine, struct arena *arena, const struct run *run, struct streams *streams,
                        const struct net_tap *tap)
{
    /* The queue never drops: what is lost is lost by the draw. */
    struct link_config back = {.rate_bps = run->rate_bps,
                               .propagation_ns = run->rtt_ns / 2,
                               .queue_bytes_max = GIB,
                               .mtu = 1500,
                               .overhead_bytes = PPP_BYTES};
    struct link_config forth = back;

    forth.loss = run->loss;
    if (run->queue_bytes > 0) {
        forth.overhead_bytes = back.overhead_bytes = ETHERNET_BYTES;
        forth.queue_bytes_max = run->queue_bytes;
        back.rate_bps = 0;
    }
    engine_init(engine, arena);
    streams_init(streams, arena, 1, run->trial);
    struct net *net = net_create(engine, arena, streams, tap);

    net_add_node(net, &(struct node_config){.name = "a", .address = 0x0a000001, .workers = 1});
    net_add_node(net, &(struct node_config){.name = "b", .address = 0x0a000002, .workers = 1});
    net_join(net, 0, 1, &forth, &back);
    net_build(net);
    return net;
}

static void take(void *context, struct tcp *tcp, const struct cause *cause)
{
    struct carrier *carrier = context;
    uint64_t end = tcp_received(tcp)->end;

    tcp_release(tcp, end, cause);
    if (end < carrier->size)
        return;
    carrier->finished_ns = carrier->engine->now_ns;
    carrier->stop = true;
}

/* HyStart as ns-3 3.37 has it: a train as long as the least round trip, or a delay that is twice as long. */
static const struct tcp_hystart hystart_ns3 = {
    .window_least = 16,
    .samples = 8,
    .spacing_ns = 2 * MS,
    .train_divisor = 1,
    .delay_divisor = 1,
    .delay_least_ns = 4 * MS,
    .delay_most_ns = 1000 * MS,
    .growth_divisor = 20,
};

/* The sets of ns3.cc, and what of ours stands against each. */
struct rival {
    const char *name;
    enum tcp_congestion_kind congestion;
    const struct tcp_hystart *hystart;
};

static const struct rival rivals[] = {
    {"newreno", TCP_NEWRENO, NULL},
    {"by-bytes", TCP_NEWRENO, NULL},
    {"linux-reno", TCP_NEWRENO, NULL},
    {"cubic", TCP_CUBIC, &hystart_ns3},
    {"cubic-rfc", TCP_CUBIC, &tcp_hystart_linux},
    {.name = NULL},
};

static struct tcp_config config_of(const struct run *run)
{
    struct tcp_config tcp = run->queue_bytes > 0 ? tcp_linux : tcp_rfc;
    const struct rival *rival = rivals;

    tcp.send_buffer = 16 * MIB;
    tcp.receive_buffer = 16 * MIB;
    tcp.has_linux_rack = tcp.has_linux_rack && !run->is_rfc8985;
    if (run->queue_bytes > 0)
        return tcp;
    while (rival->name && strcmp(rival->name, run->set) != 0)
        rival++;
    check(rival->name);
    tcp.congestion = rival->congestion;
    tcp.hystart = rival->hystart;
    tcp.delayed_ack_ns = 40 * MS;
    tcp.has_timestamps = true;
    return tcp;
}

static void *accept_one(void *context, struct tcp *tcp, uint32_t from_node, uint16_t from_port)
{
    (void)tcp;
    (void)from_node;
    (void)from_port;
    return context;
}

static void carry(struct arena *arena, const struct run *run, FILE *capture)
{
    static const struct tcp_owner sender = {.established = NULL};
    static const struct tcp_owner receiver = {.received = take};
    const struct cause cause = {.transfer = 1};
    struct losses losses = {.capture = capture};
    const struct net_tap tap = {&losses, watch};
    int64_t start_ns = wall_ns();
    struct engine engine;
    struct carrier carrier = {.engine = &engine, .size = run->size};
    const struct tcp_config tcp = config_of(run);
    struct streams streams;
    struct net *net = join(&engine, arena, run, &streams, capture ? &tap : NULL);

    tcp_listen(net, 1, PORT, &tcp, &carrier, accept_one, &receiver);
    struct tcp *connection = tcp_connect(net, 0, PORT, 1, PORT, &tcp, &carrier, &sender, &cause);

    /* Before the handshake is done, so that the FIN rides on the last segment, as the peer's does. */
    tcp_write(connection, (struct slice){&source_pattern, 0, run->size}, &cause);
    tcp_finish(connection, &cause);
    engine_run(&engine, &carrier.stop);
    net_check(net);
    check(carrier.finished_ns > 0);
    struct link_info link = net_link(net, 0);

    check(link.dropped_queue == 0 || run->queue_bytes > 0);
    printf("ours,%s,%" PRIu64 ",%" PRIu64 ",%" PRId64 ",%g,%" PRIu64 ",%" PRId64 ",%" PRIu64 ",%" PRIu64 ",%" PRId64
           "\n",
           run->set, run->size, run->rate_bps, run->rtt_ns, run->loss, run->trial, carrier.finished_ns, link.packets,
           link.dropped_loss + link.dropped_queue, wall_ns() - start_ns);
}

/* Which packets the link loses is known by sending many through it. */
static void plan(struct arena *arena, const struct run *run)
{
    const struct cause cause = {.transfer = 0};
    struct losses losses = {.is_plan = true};
    const struct net_tap tap = {&losses, watch};
    struct run fast = *run;
    struct engine engine;
    struct streams streams;
    uint64_t count = run->loss > 0 ? 4 * (run->size / SEGMENT) + SPARE : 0;

    fast.rate_bps = 0;
    struct net *net = join(&engine, arena, &fast, &streams, &tap);

    printf("%s %" PRIu64 " %" PRIu64 " %" PRId64 " %g %" PRIu64, run->set, run->size, run->rate_bps, run->rtt_ns,
           run->loss, run->trial);
    for (uint64_t i = 0; i < count; i++)
        udp_send(net, 0, PORT, 1, PORT, &(struct slice){&source_pattern, 0, 1}, 1, &cause, NULL);
    engine_run(&engine, NULL);
    printf("\n");
}

static bool read_run(char *line, struct run *run)
{
    run->queue_bytes = 0;
    run->is_rfc8985 = sscanf(line, "linux-rfc8985:%" SCNu64, &run->queue_bytes) == 1;
    (void)sscanf(line, "linux:%" SCNu64, &run->queue_bytes);
    return sscanf(line, "%31s %" SCNu64 " %" SCNu64 " %" SCNd64 " %lf %" SCNu64, run->set, &run->size, &run->rate_bps,
                  &run->rtt_ns, &run->loss, &run->trial) == 6;
}

/* plan: adds the losses to the lines. Any other word: the packets at the sender go into a capture of that name. */
int main(int count, char **words)
{
    bool is_plan = count > 1 && strcmp(words[1], "plan") == 0;
    FILE *capture = count > 1 && !is_plan ? fopen(words[1], "wb") : NULL;
    struct arena *arena = arena_create((size_t)GIB);
    char *line = malloc(LINE_MAX_BYTES);
    struct run run;

    if (!arena || !line || (count > 1 && !is_plan && !capture))
        return 3;
    if (capture)
        capture_begin(capture);
    while (fgets(line, LINE_MAX_BYTES, stdin)) {
        if (!read_run(line, &run)) {
            fprintf(stderr, "not a run: %s", line);
            return 2;
        }
        arena_reset(arena);
        if (is_plan)
            plan(arena, &run);
        else
            carry(arena, &run, capture);
    }
    free(line);
    arena_destroy(arena);
    return capture && fclose(capture) != 0 ? 3 : 0;
}
