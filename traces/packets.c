/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A frame is opened layer by layer in a loop: each step finds either the next IP packet within (a tunnel), or UDP or
 * TCP with its payload, or the end. Lengths are checked against what was captured before anything is read.
 */
#include "traces/packets.h"
#include "traces/esp_keys.h"
#include "traces/fragments.h"
#include "traces/link_layer.h"
#include "traces/octets.h"
#include "traces/protected.h"
#include "sim/base/check.h"
#include "sim/base/sink.h"
#include "sim/base/units.h"

#include <stdlib.h>

/* Protocol numbers of IANA. */
enum {
    IP_HOP_BY_HOP = 0,
    IP_IN_IP = 4,
    IP_TCP = 6,
    IP_UDP = 17,
    IP_IPV6 = 41,
    IP_ROUTING = 43,
    IP_FRAGMENT = 44,
    IP_GRE = 47,
    IP_ESP = 50,
    IP_AH = 51,
    IP_DESTINATION = 60,
    PORT_ESP = 4500, /* RFC 3948 */
    HEADERS_MAX = 8
};

enum { COPIES = 1 << 16 };
#define COPY_WINDOW (20 * MS) /* far below any retransmission of SIP, and any timeout of TCP */

struct copy_mark {
    uint64_t hash;
    int64_t at_ns;
};

struct packets {
    struct packets_config config;
    struct packets_counts counts;
    struct fragments *fragments;
    struct copy_mark marks[COPIES];
    uint8_t opened[PACKETS_DATAGRAM_SIZE_MAX]; /* of ESP that had keys */
};

/* What is being opened. */
struct opening {
    struct packet_seen seen;
    struct span bytes; /* an IP packet, then what it carries */
    uint8_t protocol;  /* of what it carries */
    uint32_t ip_id;
    int depth;
};

enum step { STEP_IP, STEP_DONE }; /* another IP packet within; nothing more */

/* ---- Endpoints ---- */

bool endpoint_same_host(const struct endpoint *a, const struct endpoint *b)
{
    return a->is_ipv6 == b->is_ipv6 && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && endpoint_same_host(a, b);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static uint64_t mix_bytes(uint64_t hash, struct span bytes)
{
    uint64_t word;

    for (; bytes.size >= sizeof(word); bytes = span_after(bytes, sizeof(word))) {
        memcpy(&word, bytes.data, sizeof(word));
        hash = mix(hash, word);
    }
    for (; bytes.size > 0; bytes = span_after(bytes, 1))
        hash = mix(hash, u8_at(bytes, 0));
    return hash;
}

uint64_t endpoint_hash(const struct endpoint *endpoint)
{
    return mix(mix_bytes(endpoint->port, (struct span){(const char *)endpoint->address, endpoint->is_ipv6 ? 16 : 4}),
               endpoint->is_ipv6);
}

static void write_ipv6(const uint8_t *address, struct sink *sink)
{
    int longest = 0, from = -1;

    for (int i = 0; i < 8; i++) { /* the longest run of zero groups, RFC 5952 */
        int run = 0;

        while (i + run < 8 && address[2 * (i + run)] == 0 && address[2 * (i + run) + 1] == 0)
            run++;
        if (run > longest && run > 1) {
            longest = run;
            from = i;
        }
    }
    for (int i = 0; i < 8; i++) {
        if (i == from) {
            sink_text(sink, "::");
            i += longest - 1;
            continue;
        }
        if (i > 0 && i != from + longest)
            sink_char(sink, ':');
        sink_format(sink, "%x", address[2 * i] << 8 | address[2 * i + 1]);
    }
}

void endpoint_write(const struct endpoint *endpoint, struct sink *sink)
{
    const uint8_t *a = endpoint->address;

    if (endpoint->is_ipv6) {
        sink_text(sink, endpoint->port ? "[" : "");
        write_ipv6(a, sink);
        sink_text(sink, endpoint->port ? "]" : "");
    } else {
        sink_format(sink, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
    }
    if (endpoint->port)
        sink_format(sink, ":%u", endpoint->port);
}

/* ---- Copies ---- */

/* What tells a packet from others without a look at what it carries. */
static uint64_t hash_head(const struct opening *opening)
{
    const struct packet_seen *seen = &opening->seen;
    uint64_t hash = mix(endpoint_hash(&seen->from), endpoint_hash(&seen->to));

    hash = mix(hash, (uint64_t)opening->ip_id << 32 | (uint64_t)seen->is_tcp << 31 | seen->payload.size);
    return mix(mix(hash, (uint64_t)seen->sequence << 32 | seen->acknowledged), seen->flags);
}

/* A sequence number tells segments apart, so the place of a segment's mark is known before its bytes are there, and a
 * little of them will do; datagrams may differ anywhere. */
static bool is_copy(struct packets *packets, const struct opening *opening)
{
    const struct packet_seen *seen = &opening->seen;
    struct span payload = seen->payload, head = payload, tail = payload;
    uint64_t place = hash_head(opening), hash;

    tail.size = 0;
    if (seen->is_tcp) {
        __builtin_prefetch(&packets->marks[place % COPIES], 1);
        if (payload.size > 128) {
            head.size = 64;
            tail = span_after(payload, payload.size - 64);
        }
    }
    hash = mix_bytes(mix_bytes(place, head), tail);
    struct copy_mark *mark = &packets->marks[(seen->is_tcp ? place : hash) % COPIES];
    bool is_known = mark->hash == hash && seen->at_ns >= mark->at_ns && seen->at_ns - mark->at_ns <= COPY_WINDOW;

    *mark = (struct copy_mark){hash, seen->at_ns};
    return is_known;
}

static void tell(struct packets *packets, struct opening *opening)
{
    opening->seen.is_copy = is_copy(packets, opening);
    packets->counts.copies += opening->seen.is_copy;
    packets->config.seen(packets->config.context, &opening->seen);
}

/* ---- Tunnels ---- */

static bool is_ip(struct span bytes)
{
    if (bytes.size < 20)
        return false;
    if (u8_at(bytes, 0) >> 4 == 4)
        return (u8_at(bytes, 0) & 15) >= 5 && u16_at(bytes, 2) >= 20 && u16_at(bytes, 2) <= bytes.size;
    return u8_at(bytes, 0) >> 4 == 6 && bytes.size >= 40 && (size_t)u16_at(bytes, 4) + 40 <= bytes.size;
}

/* GRE (RFC 2784, 2890): flags, protocol, then what the flags announce. */
static enum step open_gre(struct packets *packets, struct opening *opening)
{
    struct span bytes = opening->bytes;

    if (bytes.size < 4) {
        packets->counts.malformed++;
        return STEP_DONE;
    }
    uint8_t flags = u8_at(bytes, 0);
    size_t header = 4 + (flags & 0x80 ? 4u : 0u) + (flags & 0x20 ? 4u : 0u) + (flags & 0x10 ? 4u : 0u);
    uint16_t type = u16_at(bytes, 2);

    if (bytes.size < header || (u8_at(bytes, 1) & 7) != 0)
        return STEP_DONE;
    opening->bytes = span_after(bytes, header);
    if (type == 0x6558) /* Ethernet within */
        return link_layer_open(1, &opening->bytes) == LINK_IP ? STEP_IP : STEP_DONE;
    return (type == 0x0800 || type == 0x86dd) && is_ip(opening->bytes) ? STEP_IP : STEP_DONE;
}

/* GTP-U (TS 29.281 section 5): version 1, a G-PDU whose length is right and that holds an IP packet. By its form, since
 * ports say nothing. */
static bool find_gtp(struct span payload, struct span *inner)
{
    if (payload.size < 8 || (u8_at(payload, 0) & 0xf0) != 0x30 || u8_at(payload, 1) != 0xff ||
        (size_t)u16_at(payload, 2) + 8 != payload.size)
        return false;
    size_t header = u8_at(payload, 0) & 7 ? 12 : 8;

    if (payload.size < header)
        return false;
    uint8_t next = header == 12 && (u8_at(payload, 0) & 4) ? u8_at(payload, 11) : 0;

    while (next != 0) { /* extension headers: length in fours, content, next type */
        size_t length = header < payload.size ? (size_t)u8_at(payload, header) * 4 : 0;

        if (length == 0 || header + length > payload.size)
            return false;
        header += length;
        next = u8_at(payload, header - 1);
    }
    *inner = span_after(payload, header);
    return is_ip(*inner);
}

/* ESP whose content is not encrypted (RFC 2410): padding counts up from 1, then its length and the next header, and
 * what is in front of that is UDP or TCP that fits. icv: bytes of the integrity check value. */
static bool fits_null(struct span esp, size_t icv, uint8_t *protocol, struct span *inner)
{
    if (esp.size < 8 + 2 + icv + 8)
        return false;
    size_t end = esp.size - icv;
    uint8_t padding = u8_at(esp, end - 2), next = u8_at(esp, end - 1);

    if ((size_t)padding + 10 > end || (next != IP_UDP && next != IP_TCP && next != IP_IN_IP && next != IP_IPV6))
        return false;
    for (uint8_t i = 1; i <= padding; i++)
        if (u8_at(esp, end - 2 - padding + i - 1) != i)
            return false;
    *inner = (struct span){esp.data + 8, end - 10 - padding};
    *protocol = next;
    if (next == IP_UDP)
        return inner->size >= 8 && u16_at(*inner, 4) == inner->size;
    if (next == IP_IN_IP || next == IP_IPV6)
        return is_ip(*inner);
    return inner->size >= 20 && u8_at(*inner, 12) >> 4 >= 5 && (size_t)(u8_at(*inner, 12) >> 4) * 4 <= inner->size &&
           (u8_at(*inner, 12) & 0x0e) == 0;
}

/* ESP without encryption, by its form. */
static bool find_null(struct packets *packets, struct opening *opening, struct span esp)
{
    static const size_t icvs[] = {12, 16, 0}; /* HMAC-SHA-1-96 and MD5-96, HMAC-SHA-256-128, none */

    for (size_t i = 0; packets->config.opens_esp && i < sizeof(icvs) / sizeof(*icvs); i++)
        if (fits_null(esp, icvs[i], &opening->protocol, &opening->bytes)) {
            packets->counts.esp_opened++;
            packets->counts.tunnelled++;
            return true;
        }
    return false;
}

/* What a given association opens; the bytes lie with packets until the next such packet. */
static enum err open_keyed(struct packets *packets, struct opening *opening, struct span esp)
{
    struct esp_opened opened;

    TRY(esp_keys_open(packets->config.trace->esp_keys, &opening->seen.from, &opening->seen.to, esp, packets->opened,
                      &opened));
    opening->protocol = opened.next_header;
    opening->bytes = (struct span){(const char *)packets->opened, opened.size};
    packets->counts.esp_keyed++;
    packets->counts.tunnelled++;
    return ERR_OK;
}

/* True: opening holds what was within, with its protocol. */
static bool open_esp(struct packets *packets, struct opening *opening, struct span esp)
{
    struct trace *trace = packets->config.trace;
    struct protected *row =
        trace && esp.size >= 8 ? protected_esp(trace, &opening->seen.from, &opening->seen.to, u32_at(esp, 0)) : NULL;
    enum err error = row ? open_keyed(packets, opening, esp) : ERR_UNKNOWN;

    if (error != ERR_OK && !find_null(packets, opening, esp)) {
        packets->counts.esp_sealed++;
        if (row)
            protected_sealed(row, esp.size,
                             error == ERR_UNKNOWN ? "no security association for it" : "its keys do not open it");
        return false;
    }
    if (row)
        protected_opened(row, opening->bytes.size);
    if (row && error != ERR_OK)
        row->suite = "NULL, by its form";
    return true;
}

/* ---- Transport ---- */

/* UDP, or what it tunnels. */
static enum step open_udp(struct packets *packets, struct opening *opening, bool *is_again)
{
    struct span bytes = opening->bytes;

    if (bytes.size < 8 || u16_at(bytes, 4) < 8) {
        packets->counts.malformed++;
        return STEP_DONE;
    }
    size_t length = u16_at(bytes, 4);

    opening->seen.is_tcp = false;
    opening->seen.is_cut = length > bytes.size;
    opening->seen.from.port = u16_at(bytes, 0);
    opening->seen.to.port = u16_at(bytes, 2);
    opening->seen.payload = (struct span){bytes.data + 8, (length < bytes.size ? length : bytes.size) - 8};
    struct span payload = opening->seen.payload;

    if (find_gtp(payload, &opening->bytes)) {
        packets->counts.tunnelled++;
        return STEP_IP;
    }
    bool is_esp_port = opening->seen.from.port == PORT_ESP || opening->seen.to.port == PORT_ESP;

    if (is_esp_port && payload.size > 8 && u32_at(payload, 0) != 0 && open_esp(packets, opening, payload)) {
        if (opening->protocol == IP_IN_IP || opening->protocol == IP_IPV6)
            return STEP_IP;
        *is_again = true;
        return STEP_DONE;
    }
    tell(packets, opening);
    return STEP_DONE;
}

static void open_tcp(struct packets *packets, struct opening *opening)
{
    struct span bytes = opening->bytes;

    if (bytes.size < 20 || u8_at(bytes, 12) >> 4 < 5 || (size_t)(u8_at(bytes, 12) >> 4) * 4 > bytes.size) {
        packets->counts.malformed++;
        return;
    }
    opening->seen.is_tcp = true;
    opening->seen.from.port = u16_at(bytes, 0);
    opening->seen.to.port = u16_at(bytes, 2);
    opening->seen.sequence = u32_at(bytes, 4);
    opening->seen.acknowledged = u32_at(bytes, 8);
    opening->seen.flags = u8_at(bytes, 13);
    opening->seen.payload = span_after(bytes, (size_t)(u8_at(bytes, 12) >> 4) * 4);
    tell(packets, opening);
}

static enum step open_transport(struct packets *packets, struct opening *opening)
{
    for (int again = 0; again < PACKETS_DEPTH_MAX; again++) {
        bool is_again = false;
        enum step step = STEP_DONE;

        switch (opening->protocol) {
        case IP_UDP:
            step = open_udp(packets, opening, &is_again);
            break;
        case IP_TCP:
            open_tcp(packets, opening);
            break;
        case IP_GRE:
            step = open_gre(packets, opening);
            packets->counts.tunnelled += step == STEP_IP;
            break;
        case IP_IN_IP:
        case IP_IPV6:
            step = is_ip(opening->bytes) ? STEP_IP : STEP_DONE;
            packets->counts.tunnelled += step == STEP_IP;
            break;
        case IP_ESP:
            is_again = open_esp(packets, opening, opening->bytes);
            break;
        default:
            packets->counts.not_udp_tcp++;
        }
        if (!is_again)
            return step;
    }
    return STEP_DONE;
}

/* ---- IP ---- */

/* What is left when a fragment has been put with the others: true when the datagram is whole. */
static bool put_together(struct packets *packets, struct opening *opening, const struct fragment *fragment)
{
    struct fragments_whole whole;

    packets->counts.fragments++;
    if (!fragments_add(packets->fragments, fragment, &whole))
        return false;
    packets->counts.datagrams_whole++;
    opening->seen.first_ns = whole.first_ns;
    opening->seen.fragments = whole.count;
    opening->seen.is_cut = false;
    opening->bytes = whole.bytes;
    return true;
}

static bool open_ipv4(struct packets *packets, struct opening *opening)
{
    struct span bytes = opening->bytes;
    size_t header = bytes.size > 0 ? (size_t)(u8_at(bytes, 0) & 15) * 4 : 0;

    if (bytes.size < 20 || header < 20 || header > bytes.size || (u16_at(bytes, 2) > 0 && u16_at(bytes, 2) < header)) {
        packets->counts.malformed++;
        return false;
    }
    size_t total = u16_at(bytes, 2) > 0 ? u16_at(bytes, 2) : bytes.size; /* 0: segmentation offloaded */
    uint16_t offset = u16_at(bytes, 6);

    opening->seen.is_cut = total > bytes.size;
    if (total < bytes.size)
        bytes.size = total;
    opening->seen.from = opening->seen.to = (struct endpoint){.port = 0};
    memcpy(opening->seen.from.address, bytes.data + 12, 4);
    memcpy(opening->seen.to.address, bytes.data + 16, 4);
    opening->protocol = u8_at(bytes, 9);
    opening->ip_id = u16_at(bytes, 4);
    opening->bytes = span_after(bytes, header);
    if ((offset & 0x3fff) == 0)
        return true;
    if (opening->seen.is_cut) {
        packets->counts.fragments++;
        packets->counts.fragments_lost++;
        return false;
    }
    const struct fragment fragment = {.at_ns = opening->seen.at_ns,
                                      .from = opening->seen.from,
                                      .to = opening->seen.to,
                                      .id = opening->ip_id,
                                      .protocol = opening->protocol,
                                      .offset = (uint32_t)(offset & 0x1fff) * 8,
                                      .is_last = (offset & 0x2000) == 0,
                                      .bytes = opening->bytes};

    return put_together(packets, opening, &fragment);
}

/* Extension headers up to what the packet carries; false where it is malformed, or a fragment that others are missing
 * of. */
static bool open_extensions(struct packets *packets, struct opening *opening)
{
    for (int i = 0; i < HEADERS_MAX; i++) {
        struct span bytes = opening->bytes;
        uint8_t kind = opening->protocol;

        if (kind == IP_FRAGMENT && bytes.size >= 8) {
            const struct fragment fragment = {.at_ns = opening->seen.at_ns,
                                              .from = opening->seen.from,
                                              .to = opening->seen.to,
                                              .id = u32_at(bytes, 4),
                                              .protocol = u8_at(bytes, 0),
                                              .offset = u16_at(bytes, 2) & 0xfff8,
                                              .is_last = (u16_at(bytes, 2) & 1) == 0,
                                              .bytes = span_after(bytes, 8)};

            opening->protocol = u8_at(bytes, 0);
            opening->ip_id = fragment.id;
            if (!put_together(packets, opening, &fragment))
                return false;
            continue;
        }
        if (kind != IP_HOP_BY_HOP && kind != IP_ROUTING && kind != IP_DESTINATION && kind != IP_AH)
            return true;
        size_t length = bytes.size < 2  ? 0
                        : kind == IP_AH ? ((size_t)u8_at(bytes, 1) + 2) * 4
                                        : ((size_t)u8_at(bytes, 1) + 1) * 8;

        if (length == 0 || length > bytes.size)
            break;
        opening->protocol = u8_at(bytes, 0);
        opening->bytes = span_after(bytes, length);
    }
    packets->counts.malformed++;
    return false;
}

static bool open_ipv6(struct packets *packets, struct opening *opening)
{
    struct span bytes = opening->bytes;

    if (bytes.size < 40) {
        packets->counts.malformed++;
        return false;
    }
    size_t total = (size_t)u16_at(bytes, 4) + 40;

    opening->seen.is_cut = total > bytes.size;
    if (total < bytes.size && total > 40)
        bytes.size = total;
    opening->seen.from = opening->seen.to = (struct endpoint){.is_ipv6 = true};
    memcpy(opening->seen.from.address, bytes.data + 8, 16);
    memcpy(opening->seen.to.address, bytes.data + 24, 16);
    opening->protocol = u8_at(bytes, 6);
    opening->ip_id = 0;
    opening->bytes = span_after(bytes, 40);
    return open_extensions(packets, opening);
}

static void open_ip(struct packets *packets, struct opening *opening)
{
    for (; opening->depth < PACKETS_DEPTH_MAX; opening->depth++) {
        uint8_t version = opening->bytes.size > 0 ? u8_at(opening->bytes, 0) >> 4 : 0;
        bool is_open = version == 4   ? open_ipv4(packets, opening)
                       : version == 6 ? open_ipv6(packets, opening)
                                      : (packets->counts.not_ip++, false);

        if (!is_open || open_transport(packets, opening) != STEP_IP)
            return;
    }
    packets->counts.malformed++;
}

void packets_frame(struct packets *packets, const struct frame *frame)
{
    struct opening opening = {.seen = {.frame = frame->number,
                                       .at_ns = frame->at_ns,
                                       .first_ns = frame->at_ns,
                                       .interface = frame->interface,
                                       .fragments = 1},
                              .bytes = frame->bytes};
    enum link_verdict verdict = link_layer_open(frame->link_type, &opening.bytes);

    packets->counts.frames++;
    packets->counts.link_unknown += verdict == LINK_UNKNOWN;
    packets->counts.malformed += verdict == LINK_MALFORMED;
    packets->counts.not_ip += verdict == LINK_NOT_IP;
    if (verdict == LINK_IP)
        open_ip(packets, &opening);
    packets->counts.fragments_lost = fragments_lost(packets->fragments);
}

struct packets *packets_create(const struct packets_config *config)
{
    struct packets *packets = calloc(1, sizeof(*packets));

    if (!packets)
        return NULL;
    packets->config = *config;
    packets->fragments = fragments_create();
    if (!packets->fragments) {
        free(packets);
        return NULL;
    }
    for (size_t i = 0; i < COPIES; i++)
        packets->marks[i].at_ns = INT64_MIN / 2;
    return packets;
}

void packets_free(struct packets *packets)
{
    if (!packets)
        return;
    fragments_free(packets->fragments);
    free(packets);
}

const struct packets_counts *packets_counts(const struct packets *packets)
{
    return &packets->counts;
}
