/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ESP opened with security associations as Wireshark's table has them, for packets that esp.h seals. */
#include "sim/base/units.h"
#include "tests/unit.h"
#include "traces/esp_keys.h"
#include "traces/protected.h"

#include <stdlib.h>

enum { RAW = 101, ESP = 50, UDP = 17, IP_IN_IP = 4, PORT_ESP = 4500 };

static const char where[] = "esp_sa:1";

static struct {
    size_t count;
    struct endpoint from;
    char payload[64];
} told;

static void see(void *context, const struct packet_seen *packet)
{
    struct sink sink = SINK(told.payload);

    (void)context;
    told.count++;
    told.from = packet->from;
    sink_span(&sink, packet->payload);
    sink_string(&sink);
}

static void put_ipv4(struct sink *sink, uint8_t protocol, size_t size)
{
    sink_u32(sink, 0x45000000 | (uint32_t)(20 + size));
    sink_u32(sink, 0x00070000);
    sink_u32(sink, 0x40000000 | (uint32_t)protocol << 16);
    sink_u32(sink, 0x0a000001);
    sink_u32(sink, 0x0a000002);
}

static void put_udp(struct sink *sink, uint16_t port, struct span payload)
{
    sink_u16(sink, port);
    sink_u16(sink, port);
    sink_u16(sink, (uint16_t)(8 + payload.size));
    sink_u16(sink, 0);
    sink_span(sink, payload);
}

/* "hello" from port 5062, sealed: in transport or tunnel mode, in UDP or not. */
static void put_sealed(struct sink *sink, const struct esp_association *association, bool is_tunnel, bool is_in_udp)
{
    struct arena *arena = arena_create(1 << 20);
    struct esp *esp = NULL;
    struct note note = {{0}};
    char inner_bytes[256], sealed_bytes[512];
    struct sink inner = SINK(inner_bytes), sealed = SINK(sealed_bytes);

    if (is_tunnel)
        put_ipv4(&inner, UDP, 13);
    put_udp(&inner, 5062, SPAN("hello"));
    CU_ASSERT_EQUAL_FATAL(esp_create(&esp, arena, association, &note), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(esp_seal(esp, 9, is_tunnel ? IP_IN_IP : UDP, sink_written(&inner), &sealed), ERR_OK);
    esp_free(esp);
    arena_destroy(arena);
    put_ipv4(sink, is_in_udp ? UDP : ESP, sealed.size + (is_in_udp ? 8 : 0));
    if (is_in_udp)
        put_udp(sink, PORT_ESP, sink_written(&sealed));
    else
        sink_span(sink, sink_written(&sealed));
}

static struct trace trace;

static void begin(void)
{
    static const struct trace_config config = {.opens_esp = false};
    struct note note = {{0}};

    CU_ASSERT_EQUAL_FATAL(trace_init(&trace, &config, &note), ERR_OK);
    memset(&told, 0, sizeof(told));
}

static void feed(const struct sink *bytes)
{
    const struct packets_config config = {.seen = see, .trace = &trace};
    struct packets *packets = packets_create(&config);
    const struct frame frame = {
        .number = 1, .at_ns = SECOND, .link_type = RAW, .bytes = sink_written(bytes), .wire_size = bytes->size};

    CU_ASSERT_PTR_NOT_NULL_FATAL(packets);
    packets_frame(packets, &frame);
    packets_free(packets);
}

/* A line as esp.h writes it, or with each address and the SPI as any. */
static void add(const struct esp_association *association, bool is_any)
{
    char text[512];
    struct sink sink = SINK(text);
    struct note note = {{0}};

    esp_write_keys(association, is_any ? "*" : "10.0.0.1", is_any ? "*" : "10.0.0.2", &sink);
    sink_string(&sink);
    if (is_any)
        memcpy(strstr(text, "\"0x"), "\"*\"         ", 12);
    CU_ASSERT_EQUAL(esp_keys_add(trace.esp_keys, sink_written(&sink), where, &note), ERR_OK);
}

static void test_suites(void)
{
    for (int suite = 0; suite < ESP_SUITE_COUNT; suite++)
        for (int mode = 0; mode < 8; mode++) {
            struct esp_association association = {.suite = (enum esp_suite)suite, .spi = 0x1000};
            char bytes[1024];
            struct sink sink = SINK(bytes);

            begin();
            esp_derive(&association, SPAN("keys"));
            add(&association, mode & 4);
            put_sealed(&sink, &association, mode & 1, mode & 2);
            feed(&sink);
            CU_ASSERT_EQUAL(told.count, 1);
            CU_ASSERT_STRING_EQUAL(told.payload, "hello");
            CU_ASSERT_EQUAL(told.from.port, 5062);
            CU_ASSERT_EQUAL_FATAL(trace.protected_count, 1);
            CU_ASSERT_EQUAL(trace.protected_rows[0].spi, 0x1000);
            CU_ASSERT_EQUAL(trace.protected_rows[0].opened, 1);
            CU_ASSERT_EQUAL(trace.protected_rows[0].sealed, 0);
            trace_free(&trace);
        }
}

/* Associations for any SPI serve many of them; another's keys open nothing. */
static void test_which_association(void)
{
    struct esp_association one = {.suite = ESP_AES_CBC, .spi = 1}, other = {.suite = ESP_AES_CBC, .spi = 2};
    char bytes[1024];

    begin();
    esp_derive(&one, SPAN("one"));
    esp_derive(&other, SPAN("other"));
    add(&one, true);
    for (uint32_t spi = 1; spi < 4; spi++) {
        struct sink sink = SINK(bytes);

        one.spi = spi;
        put_sealed(&sink, &one, false, false);
        feed(&sink);
        CU_ASSERT_EQUAL(told.count, spi);
    }
    struct sink sink = SINK(bytes);

    put_sealed(&sink, &other, false, false);
    feed(&sink);
    CU_ASSERT_EQUAL(told.count, 3);
    CU_ASSERT_EQUAL_FATAL(trace.protected_count, 3);
    CU_ASSERT_EQUAL(trace.protected_rows[1].opened, 1);
    CU_ASSERT_EQUAL(trace.protected_rows[1].sealed, 1);
    CU_ASSERT_STRING_EQUAL(trace.protected_rows[1].why, "its keys do not open it");
    trace_free(&trace);
}

static void test_lines(void)
{
#define ROW(addresses, spi, rest) "\"IPv4\"," addresses "," spi "," rest
#define CBC "\"AES-CBC [RFC3602]\",\"0x00112233445566778899aabbccddeeff\""
#define SHA "\"HMAC-SHA-1-96 [RFC2404]\",\"0x000102030405060708090a0b0c0d0e0f10111213\""
    static const struct {
        const char *line;
        enum err expected;
    } rows[] = {
        {ROW("\"10.0.0.1\",\"*\"", "\"0x1f\"", CBC "," SHA), ERR_OK},
        {ROW("\"10.0.0.1\",\"*\"", "\"31\"", CBC "," SHA ",\"32-bit\",\"\""), ERR_OK}, /* columns of newer ones */
        {"\"IPv6\",\"2001:db8::1\",\"*\",\"*\",\"NULL\",\"\"," SHA, ERR_OK},
        {ROW("\"10.0.0\",\"*\"", "\"31\"", CBC "," SHA), ERR_SYNTAX},
        {ROW("\"10.0.0.1\",\"*\"", "\"0x1ffffffff\"", CBC "," SHA), ERR_SYNTAX},
        {ROW("\"10.0.0.1\",\"*\"", "\"x\"", CBC "," SHA), ERR_SYNTAX},
        {ROW("\"10.0.0.1\",\"*\"", "\"1\"", CBC), ERR_SYNTAX},
        {ROW("\"10.0.0.1\",\"*\"", "\"1\"", "\"ROT-13\",\"0x00\"," SHA), ERR_UNKNOWN},
        {ROW("\"10.0.0.1\",\"*\"", "\"1\"", CBC ",\"NULL\",\"\""), ERR_UNKNOWN},
        {ROW("\"10.0.0.1\",\"*\"", "\"1\"", "\"AES-CBC [RFC3602]\",\"0x0011\"," SHA), ERR_RANGE},
        {ROW("\"10.0.0.1\",\"*\"", "\"1\"", "\"NULL\",\"0x0011\"," SHA), ERR_RANGE},
        {"", ERR_SYNTAX},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct note note = {{0}};

        begin();
        CU_ASSERT_EQUAL(esp_keys_add(trace.esp_keys, span_of(rows[i].line), where, &note), rows[i].expected);
        CU_ASSERT_EQUAL(rows[i].expected != ERR_OK, strncmp(note.text, "esp_sa:1: expected ", 19) == 0);
        trace_free(&trace);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"every suite is opened, in transport and tunnel mode, in UDP or not", test_suites},
        {"the association that fits opens, whatever its SPI", test_which_association},
        {"a line that is wrong is told with what was expected", test_lines},
        {.sentence = NULL},
    };

    return unit_run("esp_keys", tests);
}
