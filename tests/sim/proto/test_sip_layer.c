/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the SIP elements stand on: frames of a stream, kinds, hops, timers, buffers. */
#include "sim/base/units.h"
#include "sim/proto/sip_hop.h"
#include "sim/proto/sip_transaction.h"
#include "tests/unit.h"

static const char message[] = "MESSAGE sip:user2@domain.com SIP/2.0\r\n" /* RFC 3428 section 10, F1 */
                              "Via: SIP/2.0/TCP user1pc.domain.com;branch=z9hG4bK776sgdkse\r\n"
                              "Max-Forwards: 70\r\n"
                              "From: sip:user1@domain.com;tag=49583\r\n"
                              "To: sip:user2@domain.com\r\n"
                              "Call-ID: asd88asd77a@1.2.3.4\r\n"
                              "CSeq: 1 MESSAGE\r\n"
                              "Content-Type: text/plain\r\n"
                              "Content-Length: 18\r\n\r\n"
                              "Watson, come here.";

static void test_frames_are_told_from_any_part(void)
{
    size_t head_size = 0;
    uint64_t body_size = 0;

    for (size_t size = 0; size < sizeof(message) - 1 - 18; size++)
        CU_ASSERT_EQUAL(sip_frame((struct span){message, size}, &head_size, &body_size), ERR_MORE);
    CU_ASSERT_EQUAL(head_size, 0);
    CU_ASSERT_EQUAL(sip_frame(SPAN(message), &head_size, &body_size), ERR_OK);
    CU_ASSERT_EQUAL(head_size, sizeof(message) - 1 - 18);
    CU_ASSERT_EQUAL(body_size, 18);
    CU_ASSERT_EQUAL(sip_frame(SPAN("\r\n\r\nOPTIONS sip:a SIP/2.0\r\nl: 0\r\n\r\nOPT"), &head_size, &body_size),
                    ERR_OK);
    CU_ASSERT_EQUAL(head_size, 4 + 23 + 6 + 2);
    CU_ASSERT_EQUAL(sip_frame(SPAN("OPTIONS sip:a SIP/2.0\r\n\r\n"), &head_size, &body_size), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_frame(SPAN("OPTIONS sip:a SIP/2.0\r\nl: x\r\n\r\n"), &head_size, &body_size), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_frame(SPAN("OPTIONS sip:a SIP/2.0\r\nl: -1\r\n\r\n"), &head_size, &body_size), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_frame(SPAN("GET / HTTP/1.1\r\n"), &head_size, &body_size), ERR_SYNTAX);
}

static void test_kinds_are_named(void)
{
    char text[64];
    struct sink kind = SINK(text);

    CU_ASSERT_EQUAL(sip_kind(SPAN(message), &kind), ERR_OK);
    CU_ASSERT_STRING_EQUAL(sink_string(&kind), "MESSAGE");
    kind.size = 0;
    CU_ASSERT_EQUAL(sip_kind(SPAN("SIP/2.0 180 Ringing\r\nCSeq: 7 INVITE\r\n\r\n"), &kind), ERR_OK);
    CU_ASSERT_STRING_EQUAL(sink_string(&kind), "INVITE/180");
    CU_ASSERT_EQUAL(sip_kind(SPAN("SIP/2.0 180 Ringing\r\n\r\n"), &kind), ERR_SYNTAX);
}

static void test_uris_lead_to_hops(void)
{
    static const struct sip_name names[] = {{"pcscf.open-ims.test", {0x0A000001, 4060, SIP_UDP}},
                                            {"bare.open-ims.test", {0x0A000002, 0, SIP_UDP}},
                                            {NULL, {0, 0, 0}}};
    static const struct {
        const char *uri;
        uint8_t transport;
        struct sip_hop hop;
        enum err result;
    } rows[] = {
        {"sip:PCSCF.open-ims.test;lr", SIP_UDP, {0x0A000001, 4060, SIP_UDP}, ERR_OK},
        {"sip:term@pcscf.open-ims.test:4061;lr", SIP_TLS, {0x0A000001, 4061, SIP_TLS}, ERR_OK},
        {"sip:bare.open-ims.test", SIP_UDP, {0x0A000002, 5060, SIP_UDP}, ERR_OK},
        {"sip:bare.open-ims.test;transport=TCP", SIP_UDP, {0x0A000002, 5060, SIP_TCP}, ERR_OK},
        {"sip:bare.open-ims.test;transport=tls", SIP_UDP, {0x0A000002, 5061, SIP_TLS}, ERR_OK},
        {"sips:bare.open-ims.test", SIP_UDP, {0x0A000002, 5061, SIP_TLS}, ERR_OK},
        {"sip:bob@192.168.80.3", SIP_TCP, {0xC0A85003, 5060, SIP_TCP}, ERR_OK},
        {"sip:bob@nowhere.test", SIP_UDP, {0, 0, 0}, ERR_UNKNOWN},
        {"sip:bob@192.168.80.3;transport=sctp", SIP_UDP, {0, 0, 0}, ERR_UNKNOWN},
        {"tel:+4930", SIP_UDP, {0, 0, 0}, ERR_UNKNOWN},
        {"nonsense", SIP_UDP, {0, 0, 0}, ERR_SYNTAX},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sip_hop hop = {0, 0, 0};

        CU_ASSERT_EQUAL(sip_hop_of_uri(names, rows[i].transport, span_of(rows[i].uri), &hop), rows[i].result);
        CU_ASSERT_EQUAL(hop.address, rows[i].hop.address);
        CU_ASSERT_EQUAL(hop.port, rows[i].hop.port);
        CU_ASSERT_EQUAL(hop.transport, rows[i].hop.transport);
    }
}

static void test_alarms_end_in_order(void)
{
    enum { COUNT = 1000 };
    static struct sip_alarm alarms[COUNT];
    static struct sip_clock clock;
    static const int64_t lengths_ns[] = {500 * MS, 32 * SECOND, 5 * SECOND, 1 * SECOND};
    int64_t now_ns = 0, last_ns = 0;
    int ended = 0;

    CU_ASSERT_EQUAL(sip_clock_next_ns(&clock), INT64_MAX);
    for (int i = 0; i < COUNT; i++) {
        now_ns += 10 * MS;
        sip_alarm_set(&clock, &alarms[i], now_ns, lengths_ns[i * 7 % 4]);
        CU_ASSERT_EQUAL(alarms[i].at_ns, now_ns + lengths_ns[i * 7 % 4]);
    }
    /* Every third is stopped, every ninth set once more. */
    for (int i = 0; i < COUNT; i += 3)
        sip_alarm_stop(&clock, &alarms[i]);
    for (int i = 0; i < COUNT; i += 9)
        sip_alarm_set(&clock, &alarms[i], now_ns, 2 * SECOND);
    for (struct sip_alarm *alarm; (alarm = sip_clock_due(&clock, INT64_MAX)) != NULL; ended++) {
        CU_ASSERT_TRUE(alarm->at_ns >= last_ns);
        CU_ASSERT_EQUAL(alarm->lane, 0);
        last_ns = alarm->at_ns;
    }
    CU_ASSERT_EQUAL(ended, COUNT - (COUNT + 2) / 3 + (COUNT + 8) / 9);
    CU_ASSERT_EQUAL(sip_clock_next_ns(&clock), INT64_MAX);
    sip_alarm_set(&clock, &alarms[0], now_ns, SECOND);
    CU_ASSERT_PTR_NULL(sip_clock_due(&clock, now_ns + SECOND - 1));
    CU_ASSERT_PTR_EQUAL(sip_clock_due(&clock, now_ns + SECOND), &alarms[0]);
}

static void test_released_buffers_stay_readable_until_the_next_step(void)
{
    struct arena *arena = arena_create(16 * MIB);
    struct sip_pool pool;

    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    sip_pool_init(&pool, arena);
    struct sip_buffer *first = sip_pool_copy(&pool, SPAN("first"));

    sip_pool_release(&pool, first);
    struct sip_buffer *second = sip_pool_copy(&pool, SPAN("other"));

    CU_ASSERT_PTR_NOT_EQUAL(first, second);
    CU_ASSERT_TRUE(span_equal(sip_buffer_span(first), SPAN("first")));
    CU_ASSERT_FALSE(first->source.lasts);
    sip_pool_sweep(&pool);
    CU_ASSERT_PTR_EQUAL(sip_pool_copy(&pool, SPAN("third")), first);
    for (size_t size = 0; size < 3 * MIB; size = 2 * size + 1) {
        struct sip_buffer *buffer = sip_pool_take(&pool, size);

        memset(buffer->bytes, 0xee, size);
        CU_ASSERT_EQUAL(buffer->size, size);
    }
    arena_destroy(arena);
}

static void test_keys_tell_transactions_apart(void)
{
    struct sip_via via = {.branch = SPAN("z9hG4bK1"), .sent_by = SPAN("a:5060")};
    struct sip_key key = sip_server_key(&via, SPAN("INVITE")), ack = sip_server_key(&via, SPAN("ACK"));
    struct sip_key bye = sip_server_key(&via, SPAN("BYE")), client = sip_client_key(via.branch, SPAN("INVITE"));

    CU_ASSERT_TRUE(key.low == ack.low && key.high == ack.high);
    CU_ASSERT_TRUE(key.low != bye.low && key.high != bye.high);
    CU_ASSERT_TRUE(key.low != client.low && key.high != client.high);
    via.sent_by = SPAN("b:5060");
    bye = sip_server_key(&via, SPAN("INVITE"));
    CU_ASSERT_TRUE(key.low != bye.low && key.high != bye.high);
    via.sent_by = SPAN("a:5060");
    via.branch = SPAN("z9hG4bK2");
    bye = sip_server_key(&via, SPAN("INVITE"));
    CU_ASSERT_TRUE(key.low != bye.low && key.high != bye.high);
}

static const struct unit_test tests[] = {
    {"frames are told from any part of a stream", test_frames_are_told_from_any_part},
    {"kinds are named", test_kinds_are_named},
    {"URIs lead to hops", test_uris_lead_to_hops},
    {"alarms end in the order of time", test_alarms_end_in_order},
    {"released buffers stay readable until the next step", test_released_buffers_stay_readable_until_the_next_step},
    {"keys tell transactions apart", test_keys_tell_transactions_apart},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("sip layer", tests);
}
