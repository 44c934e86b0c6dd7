/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Links and IP without loss: transmission, propagation, fragments, to the nanosecond and the byte. */
#include "bench/harness/chain.h"
#include "bench/harness/validation.h"
#include "sim/base/units.h"
#include "sim/net/packet.h"

enum { DATAGRAM = 972, FRAMES = 10, PAPER_INVITE = 1652, PORT = 5060 };

/* What a host received, and the frames that left the first link. */
struct watch {
    struct engine *engine;
    struct validation_result *result;
    const int64_t *expected; /* of each datagram's arrival, in order */
    uint32_t received;
};

static void received(void *context, const struct datagram *datagram, const struct cause *cause)
{
    struct watch *watch = context;

    (void)datagram;
    (void)cause;
    validation_add(watch->result, watch->expected[watch->received++], watch->engine->now_ns);
}

/* Bits of a frame at a rate, in ns: the rates of these rows divide it. */
static int64_t transmission_ns(uint64_t frame_bytes, uint64_t rate_bps)
{
    return (int64_t)(frame_bytes * 8 * (uint64_t)SECOND / rate_bps);
}

static void send(struct chain *chain, uint64_t size)
{
    const struct cause cause = {.transfer = 1};
    struct slice slice = {&source_pattern, 0, size};

    udp_send(chain->net, 0, PORT, chain->last, PORT, &slice, 1, &cause, NULL);
}

/* One datagram over links of different rates and lengths: the sum over the links. */
static enum err run_one_datagram(const struct validation_row *row, const struct validation_effort *effort,
                                 struct validation_result *result, struct note *note)
{
    const uint64_t frame = DATAGRAM + UDP_HEADER_BYTES + IP_HEADER_BYTES + 14;
    const struct link_config links[] = {chain_link(10000000, 3 * MS), chain_link(1000000000, 250 * US),
                                        chain_link(100000000, 20 * MS + 1)};
    int64_t expected_ns = 0;
    struct chain chain;

    (void)note;
    for (uint32_t i = 0; i < row->number; i++)
        expected_ns += transmission_ns(frame, links[i].rate_bps) + links[i].propagation_ns;
    struct watch watch = {.engine = &chain.engine, .result = result, .expected = &expected_ns};

    chain_init(&chain, effort->arena, links, row->number, 1, NULL);
    udp_bind(chain.net, chain.last, PORT, &watch, received);
    send(&chain, DATAGRAM);
    chain_run(&chain);
    return ERR_OK;
}

/* Frames in a row over equal links: each link is busy with one while the next link is with the one before. */
static enum err run_train(const struct validation_row *row, const struct validation_effort *effort,
                          struct validation_result *result, struct note *note)
{
    const uint64_t frame = DATAGRAM + UDP_HEADER_BYTES + IP_HEADER_BYTES + 14;
    const struct link_config link = chain_link(10000000, 5 * MS), links[] = {link, link, link};
    int64_t one_ns = transmission_ns(frame, link.rate_bps), expected_ns[FRAMES];
    struct chain chain;

    (void)note;
    for (uint32_t i = 0; i < FRAMES; i++)
        expected_ns[i] = (row->number + i) * one_ns + row->number * link.propagation_ns;
    struct watch watch = {.engine = &chain.engine, .result = result, .expected = expected_ns};

    chain_init(&chain, effort->arena, links, row->number, 1, NULL);
    udp_bind(chain.net, chain.last, PORT, &watch, received);
    for (uint32_t i = 0; i < FRAMES; i++)
        send(&chain, DATAGRAM);
    chain_run(&chain);
    return ERR_OK;
}

struct frames {
    struct validation_result *result;
    uint32_t count;
};

/* The paper's capture shows 1,514 and 214 bytes. */
static void frame_sent(void *context, struct net *net, uint32_t link, enum tap_event event, int64_t at_ns,
                       bool is_origin, const struct packet *packet)
{
    static const int64_t expected[] = {1514, 214};
    struct frames *frames = context;

    (void)at_ns;
    if (event != TAP_SENT || !is_origin)
        return;
    uint32_t overhead = net_link(net, link).config.overhead_bytes;

    validation_add(frames->result, frames->count < 2 ? expected[frames->count] : 0, packet->bytes + overhead);
    frames->count++;
}

static enum err run_fragments(const struct validation_row *row, const struct validation_effort *effort,
                              struct validation_result *result, struct note *note)
{
    const struct link_config link = chain_link(100000000, MS);
    struct frames frames = {.result = result};
    struct net_tap tap = {&frames, frame_sent};
    struct chain chain;

    (void)row;
    (void)note;
    chain_init(&chain, effort->arena, &link, 1, 1, &tap);
    send(&chain, PAPER_INVITE);
    chain_run(&chain);
    return ERR_OK;
}

const struct validation_row validation_network[] = {
    {.what = "a frame over 1 link",
     .source = "bits / rate + propagation",
     .unit = VALIDATION_NS,
     .run = run_one_datagram,
     .number = 1},
    {.what = "a frame over 3 links of different rates",
     .source = "store and forward: the sum over the links",
     .unit = VALIDATION_NS,
     .run = run_one_datagram,
     .number = 3},
    {.what = "10 frames in a row over 1 link",
     .source = "n bits / rate + propagation",
     .unit = VALIDATION_NS,
     .run = run_train,
     .number = 1},
    {.what = "10 frames in a row over 3 equal links",
     .source = "(links + n - 1) bits / rate + links propagation",
     .unit = VALIDATION_NS,
     .run = run_train,
     .number = 3},
    {.what = "frames of a SIP message of 1,652 B by UDP",
     .source = "RFC 791 section 2.3; the paper's frames 56, 57",
     .unit = VALIDATION_BYTES,
     .run = run_fragments},
    {.what = NULL},
};
