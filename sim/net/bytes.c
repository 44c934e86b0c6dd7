/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bytes.c - a packet as it is on the wire: IPv4 (RFC 791), UDP (RFC 768), TCP (RFC 9293) with MSS, window scale,
 * SACK (RFC 2018) and timestamps (RFC 7323, ticks of 1 ms). Made only when somebody looks.
 */
#include "sim/net/tcp.h"
#include "sim/net/udp.h"

enum {
    PROTOCOL_IP = 4,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    IP_PROTOCOL_AT = 9,
    IP_DF = 0x4000,
    IP_MF = 0x2000,
    BLOCK = 1024
};

/* The Internet checksum (RFC 1071) of a text that comes in pieces of any length. */
struct checksum {
    uint64_t sum;
    bool is_odd;
};

static void checksum_add(struct checksum *checksum, const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;

    for (size_t i = 0; i < size; i++) {
        checksum->sum += checksum->is_odd ? byte[i] : (uint64_t)byte[i] << 8;
        checksum->is_odd = !checksum->is_odd;
    }
}

static uint16_t checksum_end(const struct checksum *checksum)
{
    uint64_t sum = checksum->sum;

    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void checksum_pseudo(struct checksum *checksum, uint32_t from, uint32_t to, uint8_t protocol, uint32_t size)
{
    char bytes[12];
    struct sink sink = SINK(bytes);

    sink_u32(&sink, from);
    sink_u32(&sink, to);
    sink_u16(&sink, protocol);
    sink_u16(&sink, (uint16_t)size);
    checksum_add(checksum, bytes, sizeof(bytes));
}

struct slice packet_payload(const struct packet *packet, uint64_t at)
{
    if (packet->extra && packet->extra->changed)
        return rope_slice(packet->extra->changed, packet->extra->changed->begin + at);
    if (packet->flags & PACKET_UDP)
        return rope_slice(&packet->of.carried->data, packet->of.carried->data_at + at);
    struct tcp *tcp = packet->of.tcp;

    return rope_slice(&tcp->out, packet->offset + at);
}

/* Payload bytes from at on: into the checksum, the sink, or both (NULL: not wanted). */
static void payload_copy(const struct packet *packet, uint64_t at, uint64_t size, struct checksum *checksum,
                         struct sink *sink)
{
    char block[BLOCK];

    while (size > 0) {
        struct slice slice = packet_payload(packet, at);
        size_t run = (size_t)least(least(slice.length, size), BLOCK);

        slice_read(slice, 0, block, run);
        if (checksum)
            checksum_add(checksum, block, run);
        if (sink)
            sink_bytes(sink, block, run);
        at += run;
        size -= run;
    }
}

struct ip {
    uint32_t from;
    uint32_t to;
    uint8_t protocol;
    uint16_t fragment; /* flags and offset */
};

static void write_ip(const struct packet *packet, const struct ip *ip, struct sink *sink)
{
    char bytes[IP_HEADER_BYTES];
    struct checksum checksum = {0};

    for (int round = 0; round < 2; round++) {
        struct sink header = SINK(bytes);
        uint16_t sum = round ? checksum_end(&checksum) : 0;

        sink_u8(&header, 0x45);
        sink_u8(&header, 0);
        sink_u16(&header, packet->bytes);
        sink_u16(&header, packet->id);
        sink_u16(&header, ip->fragment);
        sink_u8(&header, packet->ttl);
        sink_u8(&header, ip->protocol);
        sink_u16(&header, sum);
        sink_u32(&header, ip->from);
        sink_u32(&header, ip->to);
        checksum_add(&checksum, bytes, round ? 0 : sizeof(bytes));
    }
    sink_bytes(sink, bytes, sizeof(bytes));
}

/* ---- UDP ---- */

static void write_udp_header(const struct packet *packet, const struct ip *ip, struct sink *sink)
{
    const struct udp_carried *carried = packet->of.carried;
    uint32_t size = carried->size + UDP_HEADER_BYTES;
    char bytes[UDP_HEADER_BYTES];
    struct sink header = SINK(bytes);
    struct checksum checksum = {0};

    sink_u16(&header, carried->from_port);
    sink_u16(&header, carried->to_port);
    sink_u16(&header, (uint16_t)size);
    checksum_pseudo(&checksum, ip->from, ip->to, ip->protocol, size);
    checksum_add(&checksum, bytes, header.size);
    payload_copy(packet, 0, carried->size, &checksum, NULL);
    uint16_t sum = checksum_end(&checksum);

    sink_u16(&header, sum ? sum : 0xffff); /* 0 would say that there is none */
    sink_bytes(sink, bytes, sizeof(bytes));
}

static void write_udp(const struct net *net, const struct packet *packet, struct sink *sink)
{
    const struct udp_carried *carried = packet->of.carried;
    bool has_more = packet->offset + packet->length < (uint64_t)carried->size + UDP_HEADER_BYTES;
    bool is_first = packet->offset == 0;
    struct ip ip = {
        .from = net->nodes[carried->from_node].address,
        .to = net->nodes[packet->to].address,
        .protocol = PROTOCOL_UDP,
        .fragment = (uint16_t)(packet->offset / 8 | (has_more ? IP_MF : 0)),
    };

    write_ip(packet, &ip, sink);
    if (is_first)
        write_udp_header(packet, &ip, sink);
    payload_copy(packet, is_first ? 0 : packet->offset - UDP_HEADER_BYTES,
                 packet->length - (is_first ? (uint64_t)UDP_HEADER_BYTES : 0), NULL, sink);
}

/* ---- TCP ---- */

/* A number that looks drawn, the same for the same seed, trial and connection. */
static uint32_t initial_sequence(const struct net *net, const struct tcp *tcp)
{
    uint64_t hash = net->streams->seed * UINT64_C(0x9e3779b97f4a7c15) + net->streams->trial;

    hash = (hash ^ hash >> 29) * UINT64_C(0xbf58476d1ce4e5b9) + tcp->number;
    hash = (hash ^ hash >> 32) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(hash >> 32);
}

static uint32_t sequence_of(const struct net *net, const struct tcp *tcp, uint64_t offset)
{
    return initial_sequence(net, tcp) + 1 + (uint32_t)offset;
}

static void write_stamps(const struct packet *packet, struct sink *sink)
{
    sink_u16(sink, 0x080a);
    sink_u32(sink, packet->stamp_us / 1000);
    sink_u32(sink, packet->flags & PACKET_ACK ? packet->echo_us / 1000 : 0);
}

/* MSS, SACK-permitted, timestamps, window scale, in the order in which Linux sends them. */
static void write_syn_options(const struct tcp *tcp, const struct packet *packet, struct sink *sink)
{
    sink_u16(sink, 0x0204);
    sink_u16(sink, (uint16_t)(tcp->mtu - IP_HEADER_BYTES - TCP_HEADER_BYTES));
    if (tcp->config.has_timestamps) {
        sink_u16(sink, tcp->config.has_sack ? 0x0402 : 0x0101);
        write_stamps(packet, sink);
    }
    sink_u8(sink, 1);
    sink_u16(sink, 0x0303);
    sink_u8(sink, tcp->scale_own);
    if (tcp->config.has_sack && !tcp->config.has_timestamps)
        sink_u32(sink, 0x01010402);
}

static void write_options(const struct net *net, const struct tcp *tcp, const struct packet *packet, struct sink *sink)
{
    const struct packet_extra *extra = packet->extra;

    if (packet->flags & PACKET_RST)
        return;
    if (packet->flags & PACKET_SYN) {
        write_syn_options(tcp, packet, sink);
        return;
    }
    if (tcp->config.has_timestamps) {
        sink_u16(sink, 0x0101);
        write_stamps(packet, sink);
    }
    if (!extra || extra->sack_count == 0)
        return;
    sink_u16(sink, 0x0101);
    sink_u8(sink, 5);
    sink_u8(sink, (uint8_t)(2 + 8 * extra->sack_count));
    for (uint32_t i = 0; i < extra->sack_count; i++) {
        sink_u32(sink, sequence_of(net, tcp->peer, extra->sack[i].from));
        sink_u32(sink, sequence_of(net, tcp->peer, extra->sack[i].until));
    }
}

static void write_tcp_header(const struct net *net, const struct packet *packet, uint16_t sum, struct sink *sink)
{
    const struct tcp *tcp = packet->of.tcp;
    bool is_refusal = packet->flags & PACKET_REFUSAL;
    bool is_syn = packet->flags & PACKET_SYN;
    const struct tcp *peer = is_refusal ? tcp : tcp->peer;
    uint32_t header_bytes = (uint32_t)packet->bytes - IP_HEADER_BYTES - packet->length;
    uint32_t window = is_syn ? packet->window : packet->window >> tcp->scale_own;

    sink_u16(sink, is_refusal ? tcp->peer_port : tcp->port);
    sink_u16(sink, is_refusal ? tcp->port : tcp->peer_port);
    sink_u32(sink, is_refusal ? 0 : sequence_of(net, tcp, packet->offset) - is_syn);
    sink_u32(sink, packet->flags & PACKET_ACK ? sequence_of(net, peer, packet->acknowledged) : 0);
    sink_u8(sink, (uint8_t)(header_bytes / 4 << 4));
    sink_u8(sink, packet->flags & PACKET_TCP_FLAGS);
    sink_u16(sink, (uint16_t)window);
    sink_u16(sink, sum);
    sink_u16(sink, 0);
    if (!is_refusal)
        write_options(net, tcp, packet, sink);
}

static void write_tcp(const struct net *net, const struct packet *packet, struct sink *sink)
{
    const struct tcp *tcp = packet->of.tcp;
    bool is_refusal = packet->flags & PACKET_REFUSAL;
    struct ip ip = {
        .from = net->nodes[is_refusal ? tcp->peer_node : tcp->node].address,
        .to = net->nodes[packet->to].address,
        .protocol = PROTOCOL_TCP,
        .fragment = IP_DF,
    };
    char bytes[60];
    struct sink header = SINK(bytes);
    struct checksum checksum = {0};

    write_tcp_header(net, packet, 0, &header);
    check(!header.overflow);
    check(header.size + IP_HEADER_BYTES + packet->length == packet->bytes);
    checksum_pseudo(&checksum, ip.from, ip.to, ip.protocol, packet->bytes - IP_HEADER_BYTES);
    checksum_add(&checksum, bytes, header.size);
    payload_copy(packet, 0, packet->length, &checksum, NULL);
    write_ip(packet, &ip, sink);
    header.size = 0;
    write_tcp_header(net, packet, checksum_end(&checksum), &header);
    sink_span(sink, sink_written(&header));
    payload_copy(packet, 0, packet->length, NULL, sink);
}

/* ---- Protected packets ---- */

/* The packet with nothing around it. */
static void write_bare(const struct net *net, const struct packet *packet, struct sink *sink)
{
    if (packet->flags & PACKET_UDP)
        write_udp(net, packet, sink);
    else
        write_tcp(net, packet, sink);
}

/* What a shield makes of a packet of these bytes: what stands behind the new IP header. */
static void shield_write(const struct packet_shielded *shielded, struct span inner, struct sink *sink)
{
    const struct net_shield_config *config = &shielded->shield->config;
    uint8_t protocol = config->is_tunnel ? PROTOCOL_IP : (uint8_t)inner.data[IP_PROTOCOL_AT];

    config->write(config->context, shielded->sequence, protocol,
                  config->is_tunnel ? inner : span_after(inner, IP_HEADER_BYTES), sink);
}

static struct ip shield_ip(const struct net *net, const struct packet *packet, const struct shield *shield)
{
    const struct net_shield_config *config = &shield->config;
    struct ip ip = {.from = config->from_address ? config->from_address : net->nodes[config->from].address,
                    .to = config->to_address ? config->to_address : net->nodes[config->to].address,
                    .protocol = config->protocol,
                    .fragment = packet->flags & PACKET_UDP ? 0 : IP_DF};

    return ip;
}

/* Protected from host to host: a segment as it is, of a datagram the piece that this fragment is. */
static void write_shielded(const struct net *net, const struct packet *packet, struct sink *sink)
{
    bool is_udp = packet->flags & PACKET_UDP;
    const struct packet_shielded *shielded = is_udp ? &packet->of.carried->shielded : &packet->extra->shielded;
    struct packet inner = shield_inner(packet);
    char bare_bytes[IP_BYTES_MAX], whole_bytes[IP_BYTES_MAX];
    struct sink bare = SINK(bare_bytes), whole = SINK(whole_bytes);
    struct ip ip = shield_ip(net, packet, shielded->shield);

    inner.ttl = PACKET_TTL;
    write_bare(net, &inner, &bare);
    shield_write(shielded, sink_written(&bare), &whole);
    check(!bare.overflow && !whole.overflow);
    if (is_udp) {
        uint64_t end = packet->offset + packet->length;

        check(end <= whole.size && whole.size == packet->of.carried->wire_length);
        ip.fragment = (uint16_t)(packet->offset / 8 | (end < whole.size ? IP_MF : 0));
        write_ip(packet, &ip, sink);
        sink_bytes(sink, whole.data + packet->offset, packet->length);
        return;
    }
    check(whole.size + IP_HEADER_BYTES == packet->bytes);
    write_ip(packet, &ip, sink);
    sink_span(sink, sink_written(&whole));
}

static void write_outside_tunnel(const struct net *net, const struct packet *packet, struct sink *sink)
{
    if (packet->flags & PACKET_SHIELDED)
        write_shielded(net, packet, sink);
    else
        write_bare(net, packet, sink);
}

static void write_tunnelled(const struct net *net, const struct packet *packet, struct sink *sink)
{
    struct packet inner = shield_inner(packet), outer = *packet;
    const struct packet_shielded *tunnel = &packet->extra->tunnel;
    char inner_bytes[IP_BYTES_MAX], whole_bytes[IP_BYTES_MAX];
    struct sink within = SINK(inner_bytes), whole = SINK(whole_bytes);
    struct ip ip = shield_ip(net, packet, tunnel->shield);

    write_outside_tunnel(net, &inner, &within);
    shield_write(tunnel, sink_written(&within), &whole);
    check(!within.overflow && !whole.overflow && whole.size + IP_HEADER_BYTES == packet->bytes);
    outer.ttl = PACKET_TTL;
    outer.id = (uint16_t)tunnel->sequence;
    write_ip(&outer, &ip, sink);
    sink_span(sink, sink_written(&whole));
}

void net_packet_bytes(struct net *net, const struct packet *packet, struct sink *sink)
{
    if (packet->flags & PACKET_TUNNELLED)
        write_tunnelled(net, packet, sink);
    else
        write_outside_tunnel(net, packet, sink);
}
