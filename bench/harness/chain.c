/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/chain.h"

struct link_config chain_link(uint64_t rate_bps, int64_t propagation_ns)
{
    return (struct link_config){.rate_bps = rate_bps,
                                .propagation_ns = propagation_ns,
                                .queue_bytes_max = UINT64_MAX,
                                .mtu = 1500,
                                .overhead_bytes = 14};
}

void chain_init(struct chain *chain, struct arena *arena, const struct link_config *links, uint32_t count,
                uint64_t seed, const struct net_tap *tap)
{
    static const char *const names[CHAIN_LINKS_MAX + 1] = {"a", "b", "c", "d", "e"};

    check(count >= 1 && count <= CHAIN_LINKS_MAX);
    arena_reset(arena);
    engine_init(&chain->engine, arena);
    streams_init(&chain->streams, arena, seed, 0);
    chain->net = net_create(&chain->engine, arena, &chain->streams, tap);
    chain->last = count;
    for (uint32_t i = 0; i <= count; i++)
        net_add_node(chain->net, &(struct node_config){.name = names[i], .address = 0x0a000001 + i, .workers = 1});
    for (uint32_t i = 0; i < count; i++) {
        struct link_config back = links[i];

        back.loss = 0;
        net_join(chain->net, i, i + 1, &links[i], &back);
    }
    net_build(chain->net);
}

static void stop(struct engine *engine, void *context)
{
    bool *is_over = context;

    (void)engine;
    *is_over = true;
}

void chain_run_until(struct chain *chain, int64_t until_ns)
{
    bool is_over = false;

    engine_at(&chain->engine, until_ns + 1, &is_over, stop);
    engine_run(&chain->engine, &is_over);
}

void chain_run(struct chain *chain)
{
    engine_run(&chain->engine, NULL);
    net_check(chain->net);
}

static void write_on(void *context, struct tcp *tcp, const struct cause *cause)
{
    struct bulk *bulk = context;
    uint64_t length = bulk->total - bulk->written;
    struct cause own = *cause;

    if (length > tcp_room(tcp))
        length = tcp_room(tcp);
    if (length == 0)
        return;
    own.is_feedback = false; /* room comes with an acknowledgement, but these bytes are the file */
    tcp_write(tcp, (struct slice){&source_pattern, bulk->written, length}, &own);
    bulk->written += length;
}

static void take(void *context, struct tcp *tcp, const struct cause *cause)
{
    struct bulk *bulk = context;

    bulk->received = tcp_received(tcp)->end;
    if (bulk->received == bulk->total && bulk->ended_ns == 0)
        bulk->ended_ns = bulk->engine->now_ns;
    tcp_release(tcp, bulk->received, cause);
}

static void end(void *context, struct tcp *tcp, enum tcp_end how, const struct cause *cause)
{
    struct bulk *bulk = context;

    (void)tcp;
    (void)cause;
    if (how != TCP_END_FIN)
        bulk->lost_ns = bulk->engine->now_ns;
}

static void *accept_one(void *context, struct tcp *tcp, uint32_t from_node, uint16_t from_port)
{
    (void)tcp;
    (void)from_node;
    (void)from_port;
    return context;
}

void bulk_start(struct bulk *bulk, struct chain *chain, const struct tcp_config *config)
{
    static const struct tcp_owner sender = {.established = write_on, .writable = write_on, .ended = end};
    static const struct tcp_owner receiver = {.received = take};
    const struct cause cause = {.transfer = 1};
    uint16_t port = net_free_port(chain->net, 0);

    bulk->engine = &chain->engine;
    tcp_listen(chain->net, chain->last, CHAIN_PORT, config, bulk, accept_one, &receiver);
    bulk->sender = tcp_connect(chain->net, 0, port, chain->last, CHAIN_PORT, config, bulk, &sender, &cause);
}
