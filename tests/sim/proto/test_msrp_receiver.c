/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a receiver makes of chunks that come out of order, twice, or from a peer that lies. */
#include "sim/proto/msrp_ranges.h"
#include "tests/sim/proto/msrp_pipe.h"
#include "tests/unit.h"

#include <stdio.h>

enum { ARENA_SIZE = 16 << 20 };

static struct arena *arena;
static struct pair pair;
static uint32_t pieces; /* names transactions */

static void start(uint64_t size_max, const char *const *accept_types)
{
    struct msrp_receive_config config = {.own_uri = OWN_B, .size_max = size_max, .accept_types = accept_types};

    arena_reset(arena);
    pair_init(&pair, arena, (struct slice){&source_pattern, 0, 1 << 20}, 1 << 20);
    config.writer = stream_writer(&pair.back);
    config.context = &pair;
    config.body = pair_told;
    config.complete = pair_completed;
    pair.receiver = msrp_receiver_create(arena, &config);
}

struct piece {
    const char *range; /* NULL: no Byte-Range */
    uint64_t from, size;
    char flag;
    const char *more; /* other headers instead of Message-ID and Content-Type; NULL: those */
};

/* Sends one chunk of the pattern and says what status it got; 0: no answer. */
static int send_piece(const struct piece *piece)
{
    char head[1024], end[64];
    struct sink sink = SINK(head), tail = SINK(end);
    uint32_t count = ++pieces;

    sink_format(&sink, "MSRP tid%08x SEND\r\nTo-Path: " OWN_B "\r\nFrom-Path: " OWN_A "\r\n", count);
    if (piece->range)
        sink_format(&sink, "Byte-Range: %s\r\n", piece->range);
    sink_text(&sink, piece->more ? piece->more : "Message-ID: m123\r\nContent-Type: text/plain\r\n");
    sink_text(&sink, "\r\n");
    sink_format(&tail, "\r\n-------tid%08x%c\r\n", count, piece->flag);
    pair.last_status = 0;
    rope_append_bytes(&pair.there.out, head, sink.size);
    rope_append(&pair.there.out, (struct slice){&source_pattern, piece->from, piece->size});
    rope_append_bytes(&pair.there.out, end, tail.size);
    return pair_run(&pair, 1 << 20, 1) == ERR_OK ? pair.last_status : -1;
}

static int send_plain(const char *range, uint64_t from, uint64_t size, char flag)
{
    return send_piece(&(struct piece){range, from, size, flag, NULL});
}

static void test_out_of_order(void)
{
    start(10000, NULL);
    CU_ASSERT_EQUAL(send_plain("201-300/300", 200, 100, '$'), 200);
    CU_ASSERT_EQUAL(send_plain("101-200/300", 100, 100, '+'), 200);
    CU_ASSERT_EQUAL(pair.completed, 0);
    CU_ASSERT_EQUAL(send_plain("51-150/300", 50, 100, '+'), 200); /* half of it is there */
    CU_ASSERT_EQUAL(pair.told, 250);
    CU_ASSERT_EQUAL(send_plain("1-300/300", 0, 300, '$'), 200);
    CU_ASSERT_TRUE(pair.completed == 1 && pair.length == 300 && pair.told == 300 && pair.wrong == 0);
    CU_ASSERT_EQUAL(send_plain("1-300/300", 0, 300, '$'), 200); /* all again */
    CU_ASSERT_TRUE(pair.completed == 1 && pair.told == 300);
}

static void test_random_pieces(void)
{
    uint32_t state = 77;

    for (int round = 0; round < 50; round++) {
        uint64_t total = 1 + pipe_random(&state) % 3000;

        start(10000, NULL);
        for (int i = 0; i < 60 || pair.completed == 0; i++) {
            char range[64];
            struct sink sink = SINK(range);
            uint64_t from = pipe_random(&state) % total;
            uint64_t size = 1 + pipe_random(&state) % (total - from);

            sink_format(&sink, "%d-%d/%d", (int)from + 1, (int)(from + size), (int)total);
            int status = send_plain(sink_string(&sink), from, size, from + size == total ? '$' : '+');

            if (status != 200)
                CU_FAIL_FATAL("a piece was refused");
        }
        CU_ASSERT_TRUE(pair.completed == 1 && pair.told == total && pair.wrong == 0 && pair.length == total);
    }
}

static void test_unknown_total(void)
{
    start(10000, NULL);
    CU_ASSERT_EQUAL(send_plain("1-*/*", 0, 3000, '+'), 200);
    CU_ASSERT_EQUAL(send_plain("3001-*/*", 3000, 1000, '$'), 200);
    CU_ASSERT_TRUE(pair.completed == 1 && pair.length == 4000 && pair.wrong == 0);
    start(10000, NULL);
    CU_ASSERT_EQUAL(send_plain(NULL, 0, 50, '$'), 200);
    CU_ASSERT_TRUE(pair.completed == 1 && pair.length == 50);
}

static void test_empty(void)
{
    start(10000, NULL);
    CU_ASSERT_EQUAL(send_plain("1-0/0", 0, 0, '$'), 200);
    CU_ASSERT_TRUE(pair.completed == 1 && pair.length == 0);
    CU_ASSERT_EQUAL(pair_feed(&pair, "MSRP abcd SEND\r\nTo-Path: " OWN_B "\r\nFrom-Path: " OWN_A "\r\n"
                                     "Message-ID: open\r\nByte-Range: 1-0/0\r\n-------abcd$\r\n"),
                    ERR_OK);
    CU_ASSERT_TRUE(pair.last_status == 200 && pair.completed == 1 && pair.answers == 2);
}

static void test_aborted(void)
{
    start(10000, NULL);
    CU_ASSERT_EQUAL(send_plain("1-*/300", 0, 100, '#'), 200);
    CU_ASSERT_EQUAL(send_plain("101-300/300", 100, 200, '$'), 200);
    CU_ASSERT_EQUAL(pair.completed, 0);
    CU_ASSERT_EQUAL(send_plain("1-100/300", 0, 100, '+'), 200);
    CU_ASSERT_EQUAL(pair.completed, 1);
}

static void test_interrupted(void)
{
    start(10000, NULL);
    struct source copy = source_pattern; /* bytes that do not last are searched */
    char head[] = "MSRP abcd SEND\r\nTo-Path: " OWN_B "\r\nFrom-Path: " OWN_A "\r\nMessage-ID: m123\r\n"
                  "Byte-Range: 1-300/300\r\nContent-Type: text/plain\r\n\r\n";

    copy.lasts = false;
    rope_append_bytes(&pair.there.out, head, sizeof(head) - 1);
    rope_append(&pair.there.out, (struct slice){&copy, 0, 100});
    CU_ASSERT_EQUAL(pair_feed(&pair, "\r\n-------abcd+\r\n"), ERR_OK);
    CU_ASSERT_EQUAL(pair.last_status, 200);
    CU_ASSERT_EQUAL(send_plain("101-300/300", 100, 200, '$'), 200);
    CU_ASSERT_TRUE(pair.completed == 1 && pair.told == 300 && pair.wrong == 0);
}

static void test_lies(void)
{
    static const struct {
        const char *range;
        uint64_t size;
        char flag;
        int status;
    } rows[] = {
        {"0-10/10", 10, '$', 400},      /* counts from 1 */
        {"20-10/30", 10, '$', 400},     /* ends before it starts */
        {"1-20/10", 20, '$', 400},      /* beyond the total */
        {"12-20/10", 9, '$', 400},      /* begins behind it */
        {"1-10/20", 10, '$', 400},      /* the last chunk, but not the last byte */
        {"1-10/10", 30, '$', 400},      /* longer than announced */
        {"1-*/10", 30, '$', 400},       /* longer than the message */
        {"1-10/20000", 10, '+', 413},   /* longer than is taken */
        {"1-20000/*", 10, '+', 413},    /* the same */
        {"15000-15001/*", 2, '+', 413}, /* the same */
        {"1-*/*", 10001, '+', 413},     /* found out by counting */
        {"9000-*/*", 5000, '$', 413},   /* the same */
        {"1-9223372036854775807/9223372036854775807", 10, '+', 413},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        start(10000, NULL);
        int status = send_plain(rows[i].range, 0, rows[i].size, rows[i].flag);

        if (status != rows[i].status)
            printf("\n  %s: %d instead of %d ... ", rows[i].range, status, rows[i].status);
        CU_ASSERT_EQUAL(status, rows[i].status);
        CU_ASSERT_TRUE(pair.completed == 0 && pair.told <= 10000);
    }
}

static void test_changed_total(void)
{
    start(10000, NULL);
    CU_ASSERT_EQUAL(send_plain("1-100/300", 0, 100, '+'), 200);
    CU_ASSERT_EQUAL(send_plain("101-200/301", 100, 100, '+'), 400);
    CU_ASSERT_EQUAL(send_plain("101-300/300", 100, 200, '$'), 400); /* the message is lost */
    CU_ASSERT_EQUAL(pair.completed, 0);
    start(10000, NULL);
    CU_ASSERT_EQUAL(send_plain("101-200/*", 100, 100, '+'), 200);
    CU_ASSERT_EQUAL(send_plain("1-100/150", 0, 100, '+'), 400); /* bytes behind it are there */
}

static void test_refusals(void)
{
    static const char *const types[] = {"text/*", "application/pkcs7-mime", NULL};
    struct piece piece = {"1-10/10", 0, 10, '$', NULL};

    start(10000, types);
    CU_ASSERT_EQUAL(send_piece(&piece), 200);
    piece.more = "Message-ID: m124\r\nContent-Type: application/PKCS7-mime; smime-type=x\r\n";
    CU_ASSERT_EQUAL(send_piece(&piece), 200);
    piece.more = "Message-ID: m125\r\nContent-Type: image/png\r\n";
    CU_ASSERT_EQUAL(send_piece(&piece), 415);
    piece.more = "Message-ID: m126\r\n";
    CU_ASSERT_EQUAL(send_piece(&piece), 400);
    piece.more = "Content-Type: text/plain\r\n";
    CU_ASSERT_EQUAL(send_piece(&piece), 400);
    CU_ASSERT_EQUAL(pair.completed, 2);
    CU_ASSERT_EQUAL(
        pair_feed(&pair, "MSRP abcd SEND\r\nTo-Path: " OWN_A "\r\nFrom-Path: " OWN_A "\r\n-------abcd$\r\n"), ERR_OK);
    CU_ASSERT_EQUAL(pair.last_status, 481);
    CU_ASSERT_EQUAL(
        pair_feed(&pair, "MSRP abcd NICKNAME\r\nTo-Path: " OWN_B "\r\nFrom-Path: " OWN_A "\r\n-------abcd$\r\n"),
        ERR_OK);
    CU_ASSERT_EQUAL(pair.last_status, 501);
    /* Section 7.2: what answers a SEND goes one hop, whatever else all the way that the request has come. */
    CU_ASSERT_EQUAL(pair_feed(&pair, "MSRP abce NICKNAME\r\nTo-Path: " OWN_B "\r\nFrom-Path: " OWN_B " " OWN_A
                                     "\r\n-------abce$\r\n"),
                    ERR_OK);
    CU_ASSERT_EQUAL(pair.last_status, 501);
    CU_ASSERT_STRING_EQUAL(pair.last_to, OWN_B " " OWN_A);
    CU_ASSERT_EQUAL(
        pair_feed(&pair, "MSRP abcf SEND\r\nTo-Path: " OWN_A "\r\nFrom-Path: " OWN_B " " OWN_A "\r\n-------abcf$\r\n"),
        ERR_OK);
    CU_ASSERT_EQUAL(pair.last_status, 481);
    CU_ASSERT_STRING_EQUAL(pair.last_to, OWN_B);
}

/* RFC 4975 section 5.1 */
static void test_other_messages(void)
{
    static const char *const ids[] = {
        "Message-ID: m0\r\nContent-Type: text/plain\r\n", "Message-ID: m1\r\nContent-Type: text/html\r\n",
        "Message-ID: m2\r\nContent-Type: text/plain\r\n", "Message-ID: m3\r\nContent-Type: text/plain\r\n",
        "Message-ID: m4\r\nContent-Type: text/plain\r\n"};

    start(10000, NULL);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(send_piece(&(struct piece){"1-100/300", 0, 100, '+', ids[i]}), 200);
    CU_ASSERT_EQUAL(send_piece(&(struct piece){"1-10/10", 0, 10, '$', ids[4]}), 413);
    /* An error in one of them is none of the others. */
    CU_ASSERT_EQUAL(send_piece(&(struct piece){"101-200/999", 100, 100, '+', ids[2]}), 400);
    CU_ASSERT_EQUAL(send_piece(&(struct piece){"101-200/300", 100, 100, '+', ids[2]}), 400);
    for (int i = 3; i >= 0; i--)
        CU_ASSERT_EQUAL(send_piece(&(struct piece){"101-200/300", 100, 100, '+', ids[i]}), i == 2 ? 400 : 200);
    CU_ASSERT_EQUAL(pair.completed, 0);
    CU_ASSERT_EQUAL(send_piece(&(struct piece){"1-10/10", 0, 10, '$', ids[4]}), 200);
    CU_ASSERT_TRUE(pair.completed == 1 && pair.length == 10);
    CU_ASSERT_EQUAL(send_piece(&(struct piece){"201-300/300", 200, 100, '$', ids[1]}), 200);
    CU_ASSERT_TRUE(pair.completed == 2 && pair.length == 300 && strcmp(pair.type, "text/html") == 0);
    CU_ASSERT_EQUAL(send_piece(&(struct piece){"201-300/300", 200, 100, '$', ids[3]}), 200);
    CU_ASSERT_EQUAL(send_piece(&(struct piece){"201-300/300", 200, 100, '$', ids[0]}), 200);
    CU_ASSERT_TRUE(pair.completed == 4 && pair.wrong == 0);
}

static void test_wanted_answers(void)
{
    struct piece piece = {"1-10/10", 0, 10, '$', NULL};

    start(10000, NULL);
    piece.more = "Message-ID: m1a1\r\nContent-Type: a/b\r\nFailure-Report: no\r\n";
    CU_ASSERT_EQUAL(send_piece(&piece), 0);
    piece.more = "Message-ID: m1a2\r\nContent-Type: a/b\r\nFailure-Report: partial\r\n";
    CU_ASSERT_EQUAL(send_piece(&piece), 0);
    piece.range = "3-1/10";
    CU_ASSERT_EQUAL(send_piece(&piece), 400);
    CU_ASSERT_EQUAL(pair.completed, 2);
    CU_ASSERT_EQUAL(pair_feed(&pair, "MSRP abcd REPORT\r\nTo-Path: " OWN_B "\r\nFrom-Path: " OWN_A "\r\n"
                                     "Message-ID: m1a1\r\nStatus: 000 200 OK\r\n-------abcd$\r\n"),
                    ERR_OK);
    CU_ASSERT_EQUAL(pair.answers, 1);
}

static void test_order_of_answers(void)
{
    const struct msrp_head head = {.is_request = true,
                                   .transaction_id = SPAN("abcd"),
                                   .method = SPAN("SEND"),
                                   .to_path = SPAN(OWN_B),
                                   .from_path = SPAN("msrp://r;tcp " OWN_A)};
    struct msrp_head other = head;
    char text[1024];

    start(10000, NULL);
    other.transaction_id = SPAN("efgh");
    other.from_path = SPAN("msrp://q;tcp");
    CU_ASSERT_FALSE(msrp_receiver_answer(pair.receiver));
    msrp_receiver_head(pair.receiver, &head);
    CU_ASSERT_FALSE(msrp_receiver_answer(pair.receiver)); /* its end has not come */
    msrp_receiver_end(pair.receiver, '$');
    msrp_receiver_head(pair.receiver, &other);
    msrp_receiver_end(pair.receiver, '$');
    CU_ASSERT_TRUE(msrp_receiver_answer(pair.receiver));
    CU_ASSERT_TRUE(msrp_receiver_answer(pair.receiver));
    CU_ASSERT_FALSE(msrp_receiver_answer(pair.receiver));
    struct sink wanted = SINK(text);
    char got[1024];

    sink_text(&wanted, "MSRP abcd 200 OK\r\nTo-Path: msrp://r;tcp\r\nFrom-Path: " OWN_B "\r\n-------abcd$\r\n"
                       "MSRP efgh 200 OK\r\nTo-Path: msrp://q;tcp\r\nFrom-Path: " OWN_B "\r\n-------efgh$\r\n");
    CU_ASSERT_EQUAL_FATAL(rope_length(&pair.back.out), wanted.size);
    rope_read(&pair.back.out, 0, got, wanted.size);
    CU_ASSERT_TRUE(memcmp(got, text, wanted.size) == 0);
}

/* Text of an answer is used again where it fits, and never that of a REPORT, another status or another way back. */
static void test_like_answers(void)
{
    struct piece piece = {"1-10/10", 0, 10, '$', NULL};
    static const char silent_report[] =
        "Message-ID: %s\r\nContent-Type: a/b\r\nFailure-Report: partial\r\nSuccess-Report: yes\r\n";
    char more[256];

    start(10000, NULL);
    for (int round = 0; round < 3; round++) {
        struct sink sink = SINK(more);

        piece.more = "Message-ID: m1a1\r\nContent-Type: a/b\r\n";
        CU_ASSERT_EQUAL(send_piece(&piece), 200);
        CU_ASSERT_EQUAL(send_piece(&piece), 200);
        CU_ASSERT_EQUAL(send_plain("3-1/10", 0, 0, '$'), 400);
        CU_ASSERT_EQUAL(send_piece(&piece), 200);
        sink_format(&sink, silent_report, round % 2 ? "m1a2" : "m1a3");
        piece.more = sink_string(&sink);
        CU_ASSERT_EQUAL(send_piece(&piece), 0);
    }
    CU_ASSERT_EQUAL(send_plain("1-10/10", 0, 10, '$'), 200);
    CU_ASSERT_EQUAL(pair.answers, 13);
}

/* Every second byte: more gaps than are kept. */
static void test_too_many_gaps(void)
{
    int status = 200, sent = 0;

    start(1 << 20, NULL);
    for (; sent < 3000 && status == 200; sent++) {
        char range[64];
        struct sink sink = SINK(range);

        sink_format(&sink, "%d-%d/*", 2 * sent + 2, 2 * sent + 2);
        status = send_plain(sink_string(&sink), (uint64_t)(2 * sent + 1), 1, '+');
    }
    CU_ASSERT_EQUAL(status, 413);
    CU_ASSERT_EQUAL(sent, MSRP_RANGES_MAX + 1);
    CU_ASSERT_TRUE(pair.wrong == 0 && pair.told == MSRP_RANGES_MAX);
}

/* Memory stays the same however many messages and From-Paths a peer makes up. */
static void test_bounded(void)
{
    size_t used = 0;

    start(1 << 20, NULL);
    for (int i = 0; i < 20000; i++) {
        char text[512];
        struct sink sink = SINK(text);

        sink_format(&sink,
                    "MSRP t%07d SEND\r\nTo-Path: " OWN_B "\r\nFrom-Path: msrp://h%d;tcp\r\nMessage-ID: m%07d\r\n"
                    "Byte-Range: 1-4/4\r\nContent-Type: a/b\r\n\r\n0000\r\n-------t%07d$\r\n",
                    i, i, i, i);
        if (pair_feed(&pair, sink_string(&sink)) != ERR_OK || pair.last_status != 200)
            CU_FAIL_FATAL("a small message was refused");
        if (i == 100)
            used = arena_used(arena);
    }
    CU_ASSERT_EQUAL(pair.completed, 20000);
    CU_ASSERT_EQUAL(arena_used(arena), used);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"chunks in any order make the message, overlaps are told once", test_out_of_order},
        {"random overlapping pieces make the message", test_random_pieces},
        {"without a total the last chunk ends the message", test_unknown_total},
        {"an empty message is complete; a SEND without body is none", test_empty},
        {"an aborted message is forgotten", test_aborted},
        {"an interrupted chunk counts as far as it came", test_interrupted},
        {"Byte-Ranges that lie are refused", test_lies},
        {"a total that changes is refused, and the message with it", test_changed_total},
        {"wrong types, sessions, methods and missing headers are refused", test_refusals},
        {"RFC 4975 5.1: chunks of four messages come between one another", test_other_messages},
        {"Failure-Report says which answers are wanted", test_wanted_answers},
        {"answers keep the order of requests and go back one hop", test_order_of_answers},
        {"answers that are alike but for the transaction ID stay right", test_like_answers},
        {"too many gaps are refused", test_too_many_gaps},
        {"memory stays bounded", test_bounded},
        {NULL, NULL},
    };

    arena = arena_create(ARENA_SIZE);
    return arena ? unit_run("msrp receiver", tests) : 3;
}
