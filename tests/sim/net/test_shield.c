/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Protection of packets: sizes on links, time at both ends, who is protected, what is left of an MTU. */
#include "tests/sim/net/lab.h"

enum {
    RATE = 8000000, /* a byte a microsecond */
    DELAY = 1000000,
    SEAL = 30000,
    OPEN = 49152,
    PORT_A = 5060,
    PORT_B = 4060,
    FIXED = 8 + 16 + 12, /* AES-CBC with HMAC-SHA-1-96 */
    TRAILER = 2,
    BLOCK = 16,
    TUNNEL_PORTS = 1
};

static int64_t work(void *context, bool is_sealing, uint32_t bytes)
{
    (void)context;
    (void)bytes;
    return is_sealing ? SEAL : OPEN;
}

static void write_marks(void *context, uint32_t sequence, uint8_t protocol, struct span payload, struct sink *sink)
{
    size_t whole = (payload.size + TRAILER + BLOCK - 1) / BLOCK * BLOCK + FIXED;

    (void)context;
    sink_u32(sink, sequence);
    sink_u8(sink, protocol);
    sink_span(sink, payload);
    while (sink->size < whole)
        sink_u8(sink, 0xee);
}

static struct net_shield_config shield_of(uint32_t from, uint32_t to)
{
    return (struct net_shield_config){.from = from,
                                      .to = to,
                                      .protocol = 50,
                                      .fixed_bytes = FIXED,
                                      .trailer_bytes = TRAILER,
                                      .block_bytes = BLOCK,
                                      .work_ns = work,
                                      .write = write_marks};
}

/* Both directions between nodes 0 and last, for port A at 0 and B at the other end. */
static void protect(struct lab *lab, uint32_t last)
{
    struct net_shield_config there = shield_of(0, last), back = shield_of(last, 0);

    there.from_port = back.to_port = PORT_A;
    there.to_port = back.from_port = PORT_B;
    net_shield(lab->net, &there);
    net_shield(lab->net, &back);
}

/* ---- Datagrams ---- */

struct inbox {
    struct lab *lab;
    int count;
    uint32_t size[64];
    int64_t at_ns[64];
    struct cause cause[64];
};

static void received(void *context, const struct datagram *datagram, const struct cause *cause)
{
    struct inbox *inbox = context;

    CU_ASSERT_FATAL(inbox->count < 64);
    CU_ASSERT_EQUAL(parts_total(&cause->parts), inbox->lab->engine.now_ns);
    inbox->size[inbox->count] = datagram->size;
    inbox->cause[inbox->count] = *cause;
    inbox->at_ns[inbox->count++] = inbox->lab->engine.now_ns;
}

static void send_one(struct lab *lab, uint32_t to, uint16_t port, uint64_t size)
{
    struct cause cause = {.transfer = 1};
    struct slice slice = {&source_pattern, 0, size};

    udp_send(lab->net, 0, PORT_A, to, port, &slice, 1, &cause, NULL);
}

/* IP 20, UDP 8: 100 bytes of data are 108 of payload, with the trailer 110, in blocks 112; 20 + 36 + 112 = 168. */
static void a_datagram_has_its_bytes_and_times(void)
{
    struct lab lab;
    struct link_config link = lab_link(RATE, DELAY);

    link.overhead_bytes = 0;
    lab_open(&lab, 1 << 20, 0, NULL);
    struct inbox inbox = {.lab = &lab};

    lab_chain(&lab, 2, &link);
    protect(&lab, 2);
    udp_bind(lab.net, 2, PORT_B, &inbox, received);
    send_one(&lab, 2, PORT_B, 100);
    lab_run(&lab);
    CU_ASSERT_EQUAL_FATAL(inbox.count, 1);
    CU_ASSERT_EQUAL(inbox.size[0], 100);
    CU_ASSERT_EQUAL(inbox.at_ns[0], SEAL + OPEN + 2 * (DELAY + 168 * 1000));
    CU_ASSERT_EQUAL(inbox.cause[0].parts.ns[PART_CRYPTO], SEAL + OPEN);
    CU_ASSERT_EQUAL(inbox.cause[0].parts.ns[PART_PROPAGATION], 2 * DELAY);
    CU_ASSERT_EQUAL(net_link(lab.net, 0).bytes, 168);
    CU_ASSERT_EQUAL(net_layers(lab.net).payload_bytes, 2 * 100);
    CU_ASSERT_EQUAL(net_layers(lab.net).shield_bytes, 2 * (168 - 128));
    CU_ASSERT_EQUAL(net_layers(lab.net).ip_bytes, 2 * 20);
    CU_ASSERT_EQUAL(net_layers(lab.net).transport_bytes, 2 * 8);
    CU_ASSERT_EQUAL(net_layers(lab.net).link_bytes, 0);
    lab_close(&lab);
}

/* Behind its own transfer a datagram waits for the CPU as crypto, not in a queue; the CPU works on one at a time. */
static void datagrams_are_sealed_one_after_another(void)
{
    struct lab lab;
    struct link_config link = lab_link(0, DELAY);

    lab_open(&lab, 1 << 20, 0, NULL);
    struct inbox inbox = {.lab = &lab};

    lab_chain(&lab, 1, &link);
    protect(&lab, 1);
    udp_bind(lab.net, 1, PORT_B, &inbox, received);
    for (int i = 0; i < 5; i++)
        send_one(&lab, 1, PORT_B, (uint64_t)(100 + i));
    lab_run(&lab);
    CU_ASSERT_EQUAL_FATAL(inbox.count, 5);
    for (int i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(inbox.size[i], (uint32_t)(100 + i));
        CU_ASSERT_EQUAL(inbox.at_ns[i], SEAL + DELAY + (i + 1) * OPEN);
        CU_ASSERT_EQUAL(inbox.cause[i].parts.ns[PART_QUEUEING], 0);
    }
    CU_ASSERT_EQUAL(station_busy_ns(net_cpu(lab.net, 0)), 5 * SEAL);
    CU_ASSERT_EQUAL(station_busy_ns(net_cpu(lab.net, 1)), 5 * OPEN);
    lab_close(&lab);
}

static void other_ports_are_not_protected(void)
{
    struct lab lab;
    struct link_config link = lab_link(RATE, DELAY);

    lab_open(&lab, 1 << 20, 0, NULL);
    struct inbox inbox = {.lab = &lab};
    struct cause cause = {.transfer = 1};
    struct slice slice = {&source_pattern, 0, 100};

    lab_chain(&lab, 1, &link);
    protect(&lab, 1);
    udp_bind(lab.net, 1, 7000, &inbox, received);
    udp_send(lab.net, 0, 7001, 1, 7000, &slice, 1, &cause, NULL);
    lab_run(&lab);
    CU_ASSERT_EQUAL(inbox.count, 1);
    CU_ASSERT_EQUAL(net_layers(lab.net).shield_bytes, 0);
    CU_ASSERT_EQUAL(net_link(lab.net, 0).bytes, 128 + 14);
    lab_close(&lab);
}

/* The whole datagram is sealed, then cut (RFC 4303 section 3.3.4): 1,472 bytes fill an unprotected packet. */
static void a_protected_datagram_is_cut_after_it_is_sealed(void)
{
    struct lab lab;
    struct link_config link = lab_link(RATE, DELAY);

    link.overhead_bytes = 0;
    lab_open(&lab, 1 << 20, 0, NULL);
    struct inbox inbox = {.lab = &lab};

    lab_chain(&lab, 2, &link);
    protect(&lab, 2);
    udp_bind(lab.net, 2, PORT_B, &inbox, received);
    send_one(&lab, 2, PORT_B, 1472);
    lab_run(&lab);
    CU_ASSERT_EQUAL(inbox.count, 1);
    CU_ASSERT_EQUAL(net_link(lab.net, 0).packets, 2);
    CU_ASSERT_EQUAL(net_link(lab.net, 0).bytes, 20 + 20 + FIXED + (1480 + TRAILER + BLOCK - 1) / BLOCK * BLOCK);
    CU_ASSERT_EQUAL(inbox.cause[0].parts.ns[PART_CRYPTO], SEAL + OPEN);
    CU_ASSERT_EQUAL(net_layers(lab.net).payload_bytes, 2 * 1472);
    lab_close(&lab);
}

/* ---- TCP ---- */

static struct transfer run_transfer(struct lab *lab, uint32_t last, uint16_t port, uint64_t total)
{
    struct transfer transfer = {.lab = lab, .total = total, .is_checked = true, .first = {.transfer = 1}};
    struct tcp_config config = tcp_rfc;

    transfer.first.parts.ns[PART_TIMER] = lab->engine.now_ns; /* the press was at 0 */
    tcp_listen(lab->net, last, port, &config, &transfer, transfer_accept, &transfer_owner);
    transfer.sender = tcp_connect(lab->net, 0, 49152, last, port, &config, &transfer, &transfer_owner, &transfer.first);
    lab_run(lab);
    CU_ASSERT_EQUAL(transfer.got, total);
    CU_ASSERT_EQUAL(transfer.wrong_bytes, 0);
    CU_ASSERT_EQUAL(transfer.wrong_sums, 0);
    return transfer;
}

/* Of 1,500: 1,500 - 20 - 36 = 1,444, in blocks 1,440, less the trailer 1,438 of TCP: 1,418 - 12 of timestamps. */
static void segments_fit_with_what_protects_them(void)
{
    struct lab lab;
    struct link_config link = lab_link(100 * RATE, DELAY);

    lab_open(&lab, 1 << 24, 0, NULL);
    lab_chain(&lab, 2, &link);
    protect(&lab, 2);
    struct transfer transfer = run_transfer(&lab, 2, PORT_B, 1000000);

    CU_ASSERT_EQUAL(tcp_info(transfer.sender).mss, 1440 - TRAILER - 20 - (tcp_rfc.has_timestamps ? 12 : 0));
    CU_ASSERT_EQUAL(net_port_mtu(lab.net, 0, 49152, 2, PORT_B), 20 + 1440 - TRAILER);
    CU_ASSERT_EQUAL(net_port_mtu(lab.net, 0, 49152, 2, 80), 1500);
    CU_ASSERT_EQUAL(net_layers(lab.net).payload_bytes, 2 * 1000000);
    lab_close(&lab);
}

static void a_refusal_is_protected_too(void)
{
    struct lab lab;
    struct link_config link = lab_link(RATE, DELAY);
    struct tcp_config config = tcp_rfc;

    lab_open(&lab, 1 << 20, 0, NULL);
    struct transfer transfer = {.lab = &lab, .first = {.transfer = 1}};

    lab_chain(&lab, 1, &link);
    protect(&lab, 1);
    tcp_connect(lab.net, 0, 49152, 1, PORT_B, &config, &transfer, &transfer_owner, &transfer.first);
    lab_run(&lab);
    CU_ASSERT_EQUAL(transfer.ended_sender, 1);
    CU_ASSERT_EQUAL(transfer.how_sender, TCP_END_RESET);
    CU_ASSERT_TRUE(net_link(lab.net, 1).bytes > 40 + 14);
    lab_close(&lab);
}

/* ---- Tunnels ---- */

static const uint16_t tunnel_ports[TUNNEL_PORTS] = {PORT_B};

static void tunnel(struct lab *lab, uint32_t a, uint32_t b)
{
    struct net_shield_config there = shield_of(a, b), back = shield_of(b, a);

    there.is_tunnel = back.is_tunnel = true;
    there.ports = back.ports = tunnel_ports;
    there.port_count = back.port_count = TUNNEL_PORTS;
    net_tunnel(lab->net, &there);
    net_tunnel(lab->net, &back);
}

/* The whole packet of 128 bytes, with the trailer 130, in blocks 144; 20 + 36 + 144 = 200, on the middle link alone. */
static void a_tunnel_takes_whole_packets_on_one_link(void)
{
    struct lab lab;
    struct link_config link = lab_link(RATE, DELAY);

    link.overhead_bytes = 0;
    lab_open(&lab, 1 << 20, 0, NULL);
    struct inbox inbox = {.lab = &lab};

    lab_chain(&lab, 3, &link);
    tunnel(&lab, 1, 2);
    udp_bind(lab.net, 3, PORT_B, &inbox, received);
    send_one(&lab, 3, PORT_B, 100);
    lab_run(&lab);
    CU_ASSERT_EQUAL_FATAL(inbox.count, 1);
    CU_ASSERT_EQUAL(inbox.at_ns[0], SEAL + OPEN + 3 * DELAY + (128 + 200 + 128) * 1000);
    CU_ASSERT_EQUAL(inbox.cause[0].parts.ns[PART_CRYPTO], SEAL + OPEN);
    CU_ASSERT_EQUAL(net_layers(lab.net).shield_bytes, 72);
    CU_ASSERT_EQUAL(net_layers(lab.net).payload_bytes, 3 * 100);
    lab_close(&lab);
}

/* A gateway cuts before it seals; what was sealed by the hosts goes through the same way; so does TCP. */
static void tunnels_pass_fragments_shields_and_segments(void)
{
    for (int shielded = 0; shielded < 2; shielded++) {
        struct lab lab;
        struct link_config link = lab_link(100 * RATE, DELAY);

        lab_open(&lab, 1 << 24, 0, NULL);
        struct inbox inbox = {.lab = &lab};

        lab_chain(&lab, 3, &link);
        tunnel(&lab, 1, 2);
        if (shielded)
            protect(&lab, 3);
        udp_bind(lab.net, 3, PORT_B, &inbox, received);
        for (uint64_t size = 1; size < 6000; size += 397)
            send_one(&lab, 3, PORT_B, size);
        lab_run(&lab);
        CU_ASSERT_EQUAL(inbox.count, 16);
        for (int i = 0; i < inbox.count; i++)
            CU_ASSERT_EQUAL(inbox.size[i], (uint32_t)(1 + 397 * i));
        struct transfer transfer = run_transfer(&lab, 3, PORT_B, 300000);
        uint32_t most = (1500 - 20 - FIXED) / BLOCK * BLOCK - TRAILER;

        if (shielded)
            most = 20 + (most - 20 - FIXED) / BLOCK * BLOCK - TRAILER;
        CU_ASSERT_EQUAL(net_port_mtu(lab.net, 0, 49152, 3, PORT_B), most);
        CU_ASSERT_EQUAL(tcp_info(transfer.sender).mss, most - 40 - (tcp_rfc.has_timestamps ? 12 : 0));
        lab_close(&lab);
    }
}

/* Loss of what is protected, in queue and link, leaves nothing behind. */
static void lost_packets_are_accounted_for(void)
{
    struct lab lab;
    struct link_config link = lab_link(RATE, DELAY);

    link.loss = 0.05;
    lab_open(&lab, 1 << 24, 3, NULL);
    lab_chain(&lab, 3, &link);
    tunnel(&lab, 1, 2);
    protect(&lab, 3);
    struct transfer transfer = run_transfer(&lab, 3, PORT_B, 300000);

    CU_ASSERT_TRUE(tcp_info(transfer.sender).retransmitted > 0);
    lab_close(&lab);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a protected datagram has its bytes, times and sums", a_datagram_has_its_bytes_and_times},
        {"datagrams are sealed and opened one after another", datagrams_are_sealed_one_after_another},
        {"other ports are not protected", other_ports_are_not_protected},
        {"a protected datagram is cut after it is sealed", a_protected_datagram_is_cut_after_it_is_sealed},
        {"segments fit with what protects them", segments_fit_with_what_protects_them},
        {"a refusal is protected too", a_refusal_is_protected_too},
        {"a tunnel takes whole packets on one link", a_tunnel_takes_whole_packets_on_one_link},
        {"tunnels pass fragments, shielded packets and segments", tunnels_pass_fragments_shields_and_segments},
        {"lost packets are accounted for", lost_packets_are_accounted_for},
        {NULL, NULL},
    };

    return unit_run("shield", tests);
}
