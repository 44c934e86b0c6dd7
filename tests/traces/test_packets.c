/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/units.h"
#include "tests/unit.h"
#include "traces/packets.h"

#include <stdlib.h>

enum { ETHERNET = 1, RAW = 101, LOOPBACK = 0, COOKED = 113, COOKED_2 = 276 };

/* What was told last, and how often. */
static struct {
    size_t count, copies;
    struct packet_seen last;
    char payload[4096];
} told;

static void see(void *context, const struct packet_seen *packet)
{
    (void)context;
    told.count++;
    told.copies += packet->is_copy;
    told.last = *packet;
    memcpy(told.payload, packet->payload.data, packet->payload.size);
    told.last.payload.data = told.payload;
}

static struct packets *begin(void)
{
    static const struct packets_config config = {.seen = see, .opens_esp = true};
    struct packets *packets = packets_create(&config);

    CU_ASSERT_FATAL(packets != NULL);
    memset(&told, 0, sizeof(told));
    return packets;
}

static int64_t clock_ns = SECOND;

static void feed(struct packets *packets, int link_type, const struct sink *bytes)
{
    static uint64_t number;
    const struct frame frame = {.number = ++number,
                                .at_ns = clock_ns += SECOND,
                                .link_type = link_type,
                                .bytes = sink_written(bytes),
                                .wire_size = bytes->size};

    packets_frame(packets, &frame);
}

/* An IPv4 header for size bytes of a protocol: offset in units of 8, with the flag that more fragments follow. */
static void put_ipv4(struct sink *sink, uint8_t protocol, size_t size, uint16_t id, uint16_t flags_and_offset)
{
    sink_u8(sink, 0x45);
    sink_u8(sink, 0);
    sink_u16(sink, (uint16_t)(20 + size));
    sink_u16(sink, id);
    sink_u16(sink, flags_and_offset);
    sink_u8(sink, 64);
    sink_u8(sink, protocol);
    sink_u16(sink, 0);
    sink_u32(sink, 0x0a000001);
    sink_u32(sink, 0x0a000002);
}

static void put_udp(struct sink *sink, const char *payload)
{
    sink_u16(sink, 5070);
    sink_u16(sink, 5080);
    sink_u16(sink, (uint16_t)(8 + strlen(payload)));
    sink_u16(sink, 0);
    sink_text(sink, payload);
}

static void put_packet(struct sink *sink, const char *payload)
{
    put_ipv4(sink, 17, 8 + strlen(payload), 7, 0);
    put_udp(sink, payload);
}

static void expect_hello(void)
{
    CU_ASSERT_EQUAL(told.count, 1);
    CU_ASSERT(span_equal(told.last.payload, SPAN("hello")));
    CU_ASSERT_EQUAL(told.last.from.port, 5070);
    CU_ASSERT_EQUAL(told.last.to.port, 5080);
    CU_ASSERT_EQUAL(told.last.to.address[3], 2);
}

/* Each link layer's header as its bytes, then the packet. */
static void test_every_link_layer_is_opened(void)
{
    static const struct {
        int link_type;
        size_t size;
        uint8_t header[24];
    } rows[] = {
        {ETHERNET, 14, {1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 8, 0}},
        {ETHERNET, 18, {1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0x81, 0, 0, 5, 8, 0}},
        {ETHERNET, 22, {1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0}},
        {ETHERNET, 22, {1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0x88, 0x64, 0x11, 0, 0, 1, 0, 35, 0, 0x21}},
        {COOKED, 16, {0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0}},
        {COOKED_2, 20, {8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0}},
        {LOOPBACK, 4, {2, 0, 0, 0}},
        {108, 4, {0, 0, 0, 2}},
        {RAW, 0, {0}},
        {228, 0, {0}},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct packets *packets = begin();
        char bytes[256];
        struct sink sink = SINK(bytes);

        sink_bytes(&sink, rows[i].header, rows[i].size);
        put_packet(&sink, "hello");
        sink_text(&sink, "\0\0\0padding of the frame");
        feed(packets, rows[i].link_type, &sink);
        expect_hello();
        packets_free(packets);
    }
}

static void test_tunnels_are_opened_by_their_form(void)
{
    char inner[256], bytes[512];

    for (int kind = 0; kind < 5; kind++) {
        struct packets *packets = begin();
        struct sink packet = SINK(inner), sink = SINK(bytes);

        put_packet(&packet, "hello");
        if (kind == 0) { /* IP in IP */
            put_ipv4(&sink, 4, packet.size, 1, 0);
        } else if (kind == 1) { /* GRE with a key, RFC 2890 */
            put_ipv4(&sink, 47, 8 + packet.size, 1, 0);
            sink_u16(&sink, 0x2000);
            sink_u16(&sink, 0x0800);
            sink_u32(&sink, 99);
        } else if (kind == 2) { /* GTP-U, TS 29.281, without options and on no special port */
            put_ipv4(&sink, 17, 16 + packet.size, 1, 0);
            sink_u16(&sink, 1111);
            sink_u16(&sink, 2222);
            sink_u16(&sink, (uint16_t)(16 + packet.size));
            sink_u16(&sink, 0);
            sink_u16(&sink, 0x30ff);
            sink_u16(&sink, (uint16_t)packet.size);
            sink_u32(&sink, 77);
        } else if (kind == 3) { /* GTP-U with an extension header of four bytes */
            put_ipv4(&sink, 17, 24 + packet.size, 1, 0);
            sink_u16(&sink, 2152);
            sink_u16(&sink, 2152);
            sink_u16(&sink, (uint16_t)(24 + packet.size));
            sink_u16(&sink, 0);
            sink_u16(&sink, 0x34ff);
            sink_u16(&sink, (uint16_t)(packet.size + 8));
            sink_u32(&sink, 77);
            sink_u32(&sink, 0x85); /* sequence, N-PDU, next: PDU session container */
            sink_u32(&sink, 0x01100900);
        } else { /* ESP, RFC 2410: UDP, padding 1 2, next header 17, 12 bytes of integrity */
            put_ipv4(&sink, 50, 8 + 13 + 4 + 12, 1, 0);
            sink_u32(&sink, 0x1234);
            sink_u32(&sink, 1);
            put_udp(&sink, "hello");
            sink_u16(&sink, 0x0102);
            sink_u16(&sink, 0x0211);
            sink_text(&sink, "twelve bytes");
            packet.size = 0;
        }
        sink_span(&sink, sink_written(&packet));
        feed(packets, RAW, &sink);
        expect_hello();
        CU_ASSERT_EQUAL(packets_counts(packets)->tunnelled, 1);
        packets_free(packets);
    }
}

/* A datagram of 40 bytes in three fragments, in every order, one of them twice and overlapping. */
static void test_fragments_come_in_any_order(void)
{
    static const char text[] = "0123456789abcdef0123456789abcdef"; /* 32 bytes behind the UDP header */
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const uint16_t offsets[] = {0, 2, 4}, sizes[] = {16, 24, 8}; /* the second reaches over the third */
    char whole[64];

    for (size_t order = 0; order < 6; order++) {
        struct packets *packets = begin();
        struct sink datagram = SINK(whole);

        put_udp(&datagram, text);
        for (size_t i = 0; i < 3; i++) {
            int which = orders[order][i];
            char bytes[128];
            struct sink sink = SINK(bytes);

            CU_ASSERT_EQUAL(told.count, 0);
            put_ipv4(&sink, 17, sizes[which], (uint16_t)(100 + order),
                     (uint16_t)(offsets[which] | (offsets[which] * 8 + sizes[which] < 40 ? 0x2000 : 0)));
            sink_bytes(&sink, whole + offsets[which] * 8, sizes[which]);
            feed(packets, RAW, &sink);
            if (told.count > 0)
                break; /* two of them may be enough */
        }
        CU_ASSERT_EQUAL(told.count, 1);
        CU_ASSERT(span_equal(told.last.payload, span_of(text)));
        CU_ASSERT(told.last.fragments >= 2);
        CU_ASSERT(told.last.first_ns < told.last.at_ns);
        packets_free(packets);
    }
}

static void test_a_fragment_alone_tells_nothing(void)
{
    struct packets *packets = begin();
    char bytes[128];

    for (uint16_t id = 0; id < 1000; id++) {
        struct sink sink = SINK(bytes);

        put_ipv4(&sink, 17, 16, id, 0x2000);
        sink_text(&sink, "sixteen bytes...");
        feed(packets, RAW, &sink);
    }
    CU_ASSERT_EQUAL(told.count, 0);
    CU_ASSERT(packets_counts(packets)->fragments_lost >= 1000 - PACKETS_DATAGRAMS_MAX);
    packets_free(packets);
}

static void test_copies_are_near_in_time(void)
{
    struct packets *packets = begin();
    char bytes[128];
    struct sink sink = SINK(bytes);
    struct frame frame = {.number = 1, .at_ns = SECOND, .link_type = RAW};

    put_packet(&sink, "hello");
    frame.bytes = sink_written(&sink);
    packets_frame(packets, &frame);
    frame.at_ns += MS;
    packets_frame(packets, &frame);
    CU_ASSERT_EQUAL(told.copies, 1);
    frame.at_ns += 500 * MS; /* T1: sent again, no copy */
    packets_frame(packets, &frame);
    CU_ASSERT_EQUAL(told.copies, 1);
    packets_free(packets);
}

static void test_ipv6_with_extension_headers(void)
{
    struct packets *packets = begin();
    char bytes[256];
    struct sink sink = SINK(bytes);

    sink_u32(&sink, 0x60000000);
    sink_u16(&sink, 8 + 8 + 13);
    sink_u8(&sink, 0); /* hop by hop */
    sink_u8(&sink, 64);
    for (int end = 0; end < 2; end++) {
        sink_u32(&sink, 0x20010db8);
        sink_u32(&sink, 0);
        sink_u32(&sink, 0);
        sink_u32(&sink, (uint32_t)end + 1);
    }
    sink_u32(&sink, 60u << 24 | 0x000104); /* next: destination options; padding */
    sink_u32(&sink, 0);
    sink_u32(&sink, 17u << 24 | 0x000104);
    sink_u32(&sink, 0);
    put_udp(&sink, "hello");
    feed(packets, RAW, &sink);
    CU_ASSERT_EQUAL(told.count, 1);
    CU_ASSERT(told.last.from.is_ipv6);
    char name[64];
    struct sink name_sink = SINK(name);

    endpoint_write(&told.last.to, &name_sink);
    CU_ASSERT_STRING_EQUAL(sink_string(&name_sink), "[2001:db8::2]:5080");
    packets_free(packets);
}

/* Every truncation of a frame and every byte changed: nothing is read beyond the frame (the sanitizers watch), and the
 * counts still add up. */
static void test_damaged_frames_are_counted(void)
{
    struct packets *packets = begin();
    char bytes[256], outer[256];
    struct sink sink = SINK(outer);

    put_ipv4(&sink, 4, 20 + 13, 1, 0);
    put_packet(&sink, "hello");
    for (size_t size = 0; size <= sink.size; size++) {
        char *exact = malloc(size + 1);
        const struct frame frame = {.at_ns = clock_ns += SECOND, .link_type = RAW, .bytes = {exact, size}};

        memcpy(exact, outer, size);
        packets_frame(packets, &frame);
        free(exact);
    }
    CU_ASSERT_EQUAL(told.count, 1); /* what is cut is not taken for a tunnel */
    for (size_t at = 0; at < sink.size; at++)
        for (int value = 0; value < 256; value += 5) {
            const struct frame frame = {.at_ns = clock_ns += SECOND, .link_type = RAW, .bytes = {bytes, sink.size}};

            memcpy(bytes, outer, sink.size);
            bytes[at] = (char)value;
            packets_frame(packets, &frame);
        }
    packets_free(packets);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"every link layer is opened", test_every_link_layer_is_opened},
        {"tunnels are opened by their form", test_tunnels_are_opened_by_their_form},
        {"fragments come in any order, overlapping", test_fragments_come_in_any_order},
        {"a fragment alone tells nothing, and is counted", test_a_fragment_alone_tells_nothing},
        {"copies are near in time, retransmissions are not", test_copies_are_near_in_time},
        {"IPv6 with extension headers", test_ipv6_with_extension_headers},
        {"damaged frames are counted, not read beyond", test_damaged_frames_are_counted},
        {NULL, NULL},
    };

    return unit_run("packets", tests);
}
