/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/units.h"
#include "tests/unit.h"
#include "traces/listen.h"

#include <stdlib.h>

static const char invite[] = "INVITE sip:bob@home.test SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKa\r\n"
                             "From: <sip:alice@home.test>;tag=1\r\nTo: <sip:bob@home.test>\r\nCall-ID: c1\r\n"
                             "CSeq: 1 INVITE\r\nContent-Length: 4\r\n\r\nv=0\n";
static const char send[] = "MSRP d93kswow SEND\r\nTo-Path: msrp://b.test:8888/9di4ea;tcp\r\n"
                           "From-Path: msrp://a.test:7777/iau39;tcp\r\nMessage-ID: 12339sdqwer\r\n"
                           "Byte-Range: 1-16/16\r\nContent-Type: text/plain\r\n\r\nHi, I'm Alice!!!\r\n"
                           "-------d93kswow$\r\n";
static const char answer[] = "MSRP d93kswow 200 OK\r\nTo-Path: msrp://a.test:7777/iau39;tcp\r\n"
                             "From-Path: msrp://b.test:8888/9di4ea;tcp\r\n-------d93kswow$\r\n";

static struct trace trace;
static struct listener *listener;
static int64_t now_ns;

static void begin(void)
{
    static const struct trace_config config = {.opens_esp = true};
    struct note note = {{0}};

    CU_ASSERT_EQUAL_FATAL(trace_init(&trace, &config, &note), ERR_OK);
    listener = listener_create(&trace, 0);
    CU_ASSERT_FATAL(listener != NULL);
    now_ns = SECOND;
}

static void end(void)
{
    listener_free(listener);
    trace_free(&trace);
}

static void segment(uint32_t sequence, struct span bytes, uint8_t flags)
{
    const struct packet_seen packet = {.at_ns = now_ns += MS,
                                       .first_ns = now_ns,
                                       .fragments = 1,
                                       .is_tcp = true,
                                       .from = {.address = {10, 0, 0, 1}, .port = 40000},
                                       .to = {.address = {10, 0, 0, 2}, .port = 7000},
                                       .payload = bytes,
                                       .sequence = sequence,
                                       .flags = flags};

    listener_packet(listener, &packet);
}

static struct span part(const char *text, size_t from, size_t size)
{
    return (struct span){text + from, size};
}

/* Two messages, cut at every byte, in order and with the second half first. */
static void test_any_split_gives_the_same_messages(void)
{
    char both[2048];
    struct sink sink = SINK(both);

    sink_text(&sink, invite);
    sink_text(&sink, "\r\n\r\n"); /* a keep-alive between them */
    sink_text(&sink, invite);
    for (int is_swapped = 0; is_swapped < 2; is_swapped++)
        for (size_t cut = 1; cut < sink.size; cut++) {
            begin();
            segment(999, part("", 0, 0), PACKET_SYN);
            if (is_swapped)
                segment(1000 + (uint32_t)cut, part(both, cut, sink.size - cut), PACKET_ACK);
            segment(1000, part(both, 0, cut), PACKET_ACK);
            if (!is_swapped)
                segment(1000 + (uint32_t)cut, part(both, cut, sink.size - cut), PACKET_ACK);
            CU_ASSERT_EQUAL_FATAL(trace.count, 2);
            CU_ASSERT_STRING_EQUAL(trace.messages[0].kind, "INVITE");
            CU_ASSERT_STRING_EQUAL(trace.messages[1].call_id, "c1");
            CU_ASSERT_EQUAL(trace.messages[0].bytes, strlen(invite));
            CU_ASSERT_EQUAL(trace.counts.malformed, 0);
            end();
        }
}

static void test_msrp_is_cut_anywhere(void)
{
    char both[2048];
    struct sink sink = SINK(both);

    sink_text(&sink, send);
    sink_text(&sink, answer);
    for (size_t cut = 1; cut < sink.size; cut++) {
        begin();
        segment(999, part("", 0, 0), PACKET_SYN);
        segment(1000, part(both, 0, cut), PACKET_ACK);
        segment(1000 + (uint32_t)cut, part(both, cut, sink.size - cut), PACKET_ACK);
        CU_ASSERT_EQUAL_FATAL(trace.count, 2);
        CU_ASSERT_STRING_EQUAL(trace.messages[0].kind, "SEND");
        CU_ASSERT_EQUAL(trace.messages[0].bytes, strlen(send));
        CU_ASSERT_EQUAL(trace.messages[0].range_end, 16);
        CU_ASSERT_STRING_EQUAL(trace.messages[1].kind, "SEND/200");
        CU_ASSERT_EQUAL(trace.counts.msrp_body_bytes, 16);
        end();
    }
}

/* The first message is whole when its last byte has come, and began with its first. */
static void test_times_are_of_the_first_and_last_byte(void)
{
    begin();
    segment(999, part("", 0, 0), PACKET_SYN);
    segment(1000, part(invite, 0, 50), PACKET_ACK);
    int64_t first_ns = now_ns;

    segment(1050, part(invite, 50, 50), PACKET_ACK);
    segment(1100, part(invite, 100, strlen(invite) - 100), PACKET_ACK);
    CU_ASSERT_EQUAL_FATAL(trace.count, 1);
    CU_ASSERT_EQUAL(trace.messages[0].first_ns, first_ns);
    CU_ASSERT_EQUAL(trace.messages[0].last_ns, now_ns);
    end();
}

static void test_what_is_sent_again_is_told_once(void)
{
    begin();
    segment(999, part("", 0, 0), PACKET_SYN);
    for (int i = 0; i < 3; i++)
        segment(1000, part(invite, 0, 100), PACKET_ACK);
    segment(1050, part(invite, 50, strlen(invite) - 50), PACKET_ACK); /* overlaps */
    segment(1000, part(invite, 0, strlen(invite)), PACKET_ACK);
    CU_ASSERT_EQUAL(trace.count, 1);
    CU_ASSERT_EQUAL(trace.counts.stream_segments_again, 4);
    end();
}

/* A connection that began before the capture, in the middle of a message; one whose segment is missing. */
static void test_gaps_lose_only_what_is_missing(void)
{
    begin();
    segment(5000, part(invite, 100, strlen(invite) - 100), PACKET_ACK);
    segment(5000 + (uint32_t)strlen(invite) - 100, part(invite, 0, strlen(invite)), PACKET_ACK);
    CU_ASSERT_EQUAL(trace.count, 1);
    CU_ASSERT_EQUAL(trace.counts.connections_joined, 1);
    end();
    begin();
    segment(999, part("", 0, 0), PACKET_SYN);
    segment(1000, part(invite, 0, 100), PACKET_ACK);
    segment(1000 + (uint32_t)strlen(invite), part(invite, 0, strlen(invite)), PACKET_ACK); /* the rest never comes */
    CU_ASSERT_EQUAL(trace.count, 0);
    listener_end(listener);
    CU_ASSERT_EQUAL(trace.count, 1);
    CU_ASSERT_EQUAL(trace.counts.stream_gaps, 1);
    CU_ASSERT_EQUAL(trace.counts.stream_gap_bytes, strlen(invite) - 100);
    end();
}

static void test_other_protocols_are_left_alone(void)
{
    static const char *const others[] = {"GET / HTTP/1.1\r\nHost: sip.test\r\n\r\n",
                                         "HTTP/1.1 200 OK\r\n\r\n",
                                         "SIP",
                                         "\x16\x03\x09xxxxx",
                                         "MSRQ x\r\n",
                                         "INVITE sip:bob@home.test SIP/3.0\r\n\r\n",
                                         "\x01\x00\x00\x13\x80\x00\x01\x01xxxxxxxxxxxx",
                                         NULL};

    for (size_t i = 0; others[i]; i++) {
        begin();
        segment(999, part("", 0, 0), PACKET_SYN);
        segment(1000, span_of(others[i]), PACKET_ACK);
        CU_ASSERT_EQUAL(trace.count, 0);
        end();
    }
}

/* Many more connections than are kept: the memory stays, messages are still found. */
static void test_connections_have_a_limit(void)
{
    begin();
    for (uint32_t i = 0; i < 3 * TRACE_CONNECTIONS_MAX; i++) {
        struct packet_seen packet = {
            .at_ns = now_ns += 1000,
            .fragments = 1,
            .is_tcp = true,
            .from = {.address = {10, 0, (uint8_t)(i >> 15), 1}, .port = (uint16_t)(1024 + i % 32768)},
            .to = {.address = {10, 0, 0, 2}, .port = 7000},
            .sequence = 999,
            .flags = PACKET_SYN};

        listener_packet(listener, &packet);
        packet.sequence = 1000;
        packet.flags = PACKET_ACK;
        packet.payload = span_of(i % 1000 == 0 ? invite : "x");
        listener_packet(listener, &packet);
    }
    CU_ASSERT_EQUAL(trace.count, (3 * TRACE_CONNECTIONS_MAX + 999) / 1000);
    CU_ASSERT_EQUAL(trace.counts.connections_forgotten, TRACE_CONNECTIONS_MAX);
    end();
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"any split gives the same messages", test_any_split_gives_the_same_messages},
        {"MSRP may be cut anywhere", test_msrp_is_cut_anywhere},
        {"times are of the first and the last byte", test_times_are_of_the_first_and_last_byte},
        {"what is sent again is told once", test_what_is_sent_again_is_told_once},
        {"gaps lose only what is missing", test_gaps_lose_only_what_is_missing},
        {"other protocols are left alone", test_other_protocols_are_left_alone},
        {"connections have a limit", test_connections_have_a_limit},
        {NULL, NULL},
    };

    return unit_run("listen", tests);
}
