/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/dns.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

/* RFC 1035 section 4.1: a question for the address of f.isi.arpa, and an answer whose name points to it. */
static const uint8_t question_bytes[] = {0x12, 0x34, 0x01, 0x00, 0, 1,   0,   0,   0,   0, 0, 0, 1, 'f',
                                         3,    'i',  's',  'i',  4, 'a', 'r', 'p', 'a', 0, 0, 1, 0, 1};
static const uint8_t answer_bytes[] = {0x12, 0x34, 0x85, 0x80, 0,   1,   0,    1,    0, 0, 0,  0, 1, 'f',  3,
                                       'i',  's',  'i',  4,    'a', 'r', 'p',  'a',  0, 0, 1,  0, 1, 0xc0, 0x0c,
                                       0,    1,    0,    1,    0,   0,   0x0e, 0x10, 0, 4, 10, 0, 0, 52};

static struct span bytes_of(const uint8_t *bytes, size_t size)
{
    return (struct span){(const char *)bytes, size};
}

static void test_known(void)
{
    struct dns_message message = {.id = 0x1234, .is_recursive = true, .type = DNS_A, .name = "f.isi.arpa"}, read;
    char text[DNS_SIZE_MAX];
    struct sink sink = SINK(text);

    dns_write(&message, &sink);
    CU_ASSERT(span_equal(sink_written(&sink), bytes_of(question_bytes, sizeof(question_bytes))));
    message.is_response = message.is_authoritative = true;
    message.count = 1;
    message.records[0] = (struct dns_record){.type = DNS_A, .ttl_s = 3600, .name = "F.ISI.ARPA", .address = 0x0a000034};
    sink.size = 0;
    dns_write(&message, &sink);
    CU_ASSERT(span_equal(sink_written(&sink), bytes_of(answer_bytes, sizeof(answer_bytes))));
    CU_ASSERT_EQUAL_FATAL(dns_parse(sink_written(&sink), &read), ERR_OK);
    CU_ASSERT_STRING_EQUAL(read.records[0].name, "f.isi.arpa");
    CU_ASSERT_EQUAL(read.records[0].address, 0x0a000034);
    CU_ASSERT_EQUAL(read.records[0].ttl_s, 3600);
}

static struct dns_message full(void)
{
    return (struct dns_message){
        .id = 7,
        .is_response = true,
        .is_recursive = true,
        .type = DNS_NAPTR,
        .name = "example.net",
        .count = 3,
        .records = {{.type = DNS_NAPTR,
                     .ttl_s = 60,
                     .name = "example.net",
                     .order = 50,
                     .preference = 40,
                     .flags = "s",
                     .service = "SIP+D2U",
                     .target = "_sip._udp.example.net"},
                    {.type = DNS_SRV,
                     .ttl_s = 60,
                     .name = "_sip._udp.example.net",
                     .order = 1,
                     .preference = 2,
                     .port = 4060,
                     .target = "a.example.net"},
                    {.type = DNS_A, .ttl_s = 60, .name = "a.example.net", .address = 0xC0000201}}};
}

static void test_round_trip(void)
{
    struct dns_message written = full(), read;
    char text[DNS_SIZE_MAX];
    struct sink sink = SINK(text);

    dns_write(&written, &sink);
    CU_ASSERT_EQUAL_FATAL(dns_parse(sink_written(&sink), &read), ERR_OK);
    CU_ASSERT_EQUAL(read.count, 3);
    for (int i = 0; i < 3; i++) {
        const struct dns_record *a = &written.records[i], *b = &read.records[i];

        CU_ASSERT_EQUAL(a->type, b->type);
        CU_ASSERT_STRING_EQUAL(a->name, b->name);
        CU_ASSERT_STRING_EQUAL(a->target, b->target);
        CU_ASSERT_STRING_EQUAL(a->service, b->service);
        CU_ASSERT_STRING_EQUAL(a->flags, b->flags);
        CU_ASSERT(a->order == b->order && a->preference == b->preference && a->port == b->port);
        CU_ASSERT_EQUAL(a->address, b->address);
    }
}

static void test_truncated(void)
{
    struct dns_message written = full(), read;
    char text[DNS_SIZE_MAX];
    struct sink sink = SINK(text);

    dns_write(&written, &sink);
    for (size_t size = 0; size < sink.size; size++) {
        char *copy = malloc(size + 1);

        CU_ASSERT_FATAL(copy != NULL);
        memcpy(copy, text, size);
        CU_ASSERT_EQUAL(dns_parse((struct span){copy, size}, &read), ERR_SYNTAX);
        free(copy);
    }
}

static void test_hostile(void)
{
    uint8_t bytes[sizeof(answer_bytes)];
    struct dns_message read;

    /* A pointer to itself, one to what comes, and every bit turned around. */
    memcpy(bytes, answer_bytes, sizeof(bytes));
    bytes[29] = 28;
    CU_ASSERT_EQUAL(dns_parse(bytes_of(bytes, sizeof(bytes)), &read), ERR_SYNTAX);
    bytes[29] = 40;
    CU_ASSERT_EQUAL(dns_parse(bytes_of(bytes, sizeof(bytes)), &read), ERR_SYNTAX);
    for (size_t i = 0; i < 8 * sizeof(bytes); i++) {
        memcpy(bytes, answer_bytes, sizeof(bytes));
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        enum err error = dns_parse(bytes_of(bytes, sizeof(bytes)), &read);

        CU_ASSERT(error == ERR_OK || error == ERR_SYNTAX);
    }
}

static void test_long_names(void)
{
    struct dns_message message = {.type = DNS_A};
    char text[DNS_SIZE_MAX];
    struct sink sink = SINK(text);

    memset(message.name, 'x', 64);
    dns_write(&message, &sink);
    CU_ASSERT_TRUE(sink.overflow);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"messages are as RFC 1035 has them", test_known},
        {"what is written is read again", test_round_trip},
        {"every truncation is refused", test_truncated},
        {"pointers that do not end are refused", test_hostile},
        {"labels that are too long are not written", test_long_names},
        {NULL, NULL},
    };

    return unit_run("dns", tests);
}
