/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sender, reader and receiver joined in memory; every body that arrives is compared with its source. */
#include "sim/proto/msrp_ident.h"
#include "tests/sim/proto/msrp_pipe.h"
#include "tests/unit.h"

#include <stdio.h>

enum { ARENA_SIZE = 64 << 20 };

static struct arena *arena;

static struct slice pattern(uint64_t length)
{
    return (struct slice){&source_pattern, 0, length};
}

struct row {
    uint64_t size, chunk_bytes;
    uint32_t window, piece;
    uint64_t room;
    bool has_star;
};

/* Whether the body arrives whole, in the chunks and with the answers that the row makes one expect. */
static bool arrives(const struct row *row, struct slice body, uint32_t seed)
{
    struct pair pair;
    uint64_t chunks = row->chunk_bytes ? (row->size + row->chunk_bytes - 1) / row->chunk_bytes : 1;

    arena_reset(arena);
    pair_init(&pair, arena, body, row->room);
    struct msrp_send_config config = pair_send_config(&pair);

    config.chunk_bytes = row->chunk_bytes;
    config.window = row->window;
    config.has_star = row->has_star;
    pair.sender = msrp_sender_create(arena, &config);
    enum err error = pair_run(&pair, row->piece, seed);

    chunks = chunks ? chunks : 1;
    return error == ERR_OK && msrp_sender_state(pair.sender) == MSRP_SENT && pair.completed == 1 &&
           pair.length == row->size && pair.told == row->size && pair.wrong == 0 && pair.answers == chunks &&
           msrp_sender_chunks(pair.sender) == chunks && msrp_sender_wake_ns(pair.sender) == INT64_MAX &&
           pair.there.acknowledging == 0 && strcmp(pair.type, "application/octet-stream") == 0;
}

static void test_all_small(void)
{
    uint64_t failed = 0;

    for (uint64_t size = 0; size <= 5000; size++) {
        struct row few = {.size = size, .piece = 1500, .room = 4096, .has_star = size % 2};
        struct row many = {
            .size = size, .chunk_bytes = 2048, .window = (uint32_t)(size % 3), .piece = 1500, .room = 4096};

        failed += !arrives(&few, pattern(size), (uint32_t)size + 1);
        failed += !arrives(&many, pattern(size), (uint32_t)size + 1);
    }
    CU_ASSERT_EQUAL(failed, 0);
}

static void test_byte_by_byte(void)
{
    for (uint64_t size = 0; size < 40; size++) {
        struct row row = {.size = size, .chunk_bytes = 7, .piece = 1, .room = 1, .has_star = true};

        CU_ASSERT_TRUE(arrives(&row, pattern(size), 1));
    }
}

static void test_large(void)
{
    static const struct row rows[] = {
        {.size = 3000000, .piece = 70000, .room = 65536},
        {.size = 3000000, .piece = 70000, .room = 65536, .has_star = true},
        {.size = 3000000, .piece = 1460, .room = 1},
        {.size = 1000001, .chunk_bytes = 2048, .window = 1, .piece = 3000, .room = 65536},
        {.size = 1000001, .chunk_bytes = 2048, .window = 4, .piece = 3000, .room = 65536},
        {.size = 1000001, .chunk_bytes = 2048, .window = 0, .piece = 3000, .room = 65536},
        {.size = 1000001, .chunk_bytes = 100000, .window = 4, .piece = 20000, .room = 9000, .has_star = true},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CU_ASSERT_TRUE(arrives(&rows[i], pattern(rows[i].size), (uint32_t)i + 5));
}

/* Content goes by reference, so that its length costs nothing. */
static void test_huge(void)
{
    struct pair pair;
    uint64_t size = UINT64_C(1) << 39;

    arena_reset(arena);
    pair_init(&pair, arena, pattern(size), UINT64_MAX);
    struct msrp_send_config config = pair_send_config(&pair);

    pair.is_blind = true;
    pair.sender = msrp_sender_create(arena, &config);
    msrp_sender_pump(pair.sender, 0);
    CU_ASSERT_TRUE(stream_move(&pair.there, UINT64_MAX));
    CU_ASSERT_EQUAL(pair_run(&pair, 1000, 1), ERR_OK);
    CU_ASSERT_TRUE(pair.completed == 1 && pair.told == size);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_SENT);
}

/* Bytes in memory that are not lasting are copied into the streams and searched on the way. */
static void test_memory(void)
{
    static char bytes[60000];
    uint32_t state = 9;
    struct source source = source_memory(bytes);

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = "\r\n-abcde"[pipe_random(&state) % 8];
    memcpy(bytes + 5000, "\r\n-------0123456789ab$\r\n", 24);
    for (uint32_t i = 0; i < 8; i++) {
        struct row row = {.size = sizeof(bytes), .chunk_bytes = i % 2 ? 2048 : 0, .piece = 999, .room = 7000};

        source.lasts = i & 2;
        row.has_star = i & 4;
        row.chunk_bytes *= 1 + (i & 4); /* stars stand in chunks above 2048 only */
        CU_ASSERT_TRUE(arrives(&row, (struct slice){&source, 0, sizeof(bytes)}, i + 1));
    }
}

/* The first transaction IDs of the sender stand in the body: it has to take others. */
static void test_ident_in_body(void)
{
    char bytes[400], ident[MSRP_IDENT_SIZE];
    struct sink sink = SINK(bytes);
    struct pair pair;

    for (uint64_t i = 0; i < 10; i++) {
        msrp_ident_write(1, i, ident);
        sink_text(&sink, "\r\n-------");
        sink_bytes(&sink, ident, sizeof(ident));
        sink_text(&sink, "$\r\n");
    }
    struct source source = source_memory(bytes);
    struct row row = {.size = sink.size, .piece = 50, .room = 4096};

    source.lasts = false;
    CU_ASSERT_TRUE(arrives(&row, (struct slice){&source, 0, sink.size}, 3));
    arena_reset(arena);
    pair_init(&pair, arena, (struct slice){&source, 0, sink.size}, 4096);
    struct msrp_send_config config = pair_send_config(&pair);
    char text[64];

    msrp_sender_pump(msrp_sender_create(arena, &config), 0);
    rope_read(&pair.there.out, 0, text, 17);
    msrp_ident_write(1, 10, ident);
    CU_ASSERT_TRUE(memcmp(text + 5, ident, sizeof(ident)) == 0);
}

static void test_idents(void)
{
    for (uint64_t identity = 0; identity < 50; identity++)
        for (uint64_t i = 0; i < 100; i++) {
            uint64_t counter = i * UINT64_C(0x123456789) & ((UINT64_C(1) << 48) - 1), again = 0;
            char text[MSRP_IDENT_SIZE];

            msrp_ident_write(identity, counter, text);
            CU_ASSERT_TRUE(msrp_ident_read(identity, (struct span){text, sizeof(text)}, &again) && again == counter);
        }
    CU_ASSERT_FALSE(msrp_ident_read(1, SPAN("0123456789aB"), &(uint64_t){0}));
    CU_ASSERT_FALSE(msrp_ident_read(1, SPAN("0123456789a"), &(uint64_t){0}));
}

/* The whole of a small SEND and of its answer, as they go over the wire. */
static void test_wire(void)
{
    struct pair pair;
    char ident[MSRP_IDENT_SIZE], id[MSRP_IDENT_SIZE], text[1024], wanted_text[1024];
    struct sink wanted = SINK(wanted_text);

    arena_reset(arena);
    pair_init(&pair, arena, pattern(10), 65536);
    struct msrp_send_config config = pair_send_config(&pair);

    config.content_type = "text/plain";
    config.success_report = "yes";
    config.failure_report = "no";
    msrp_ident_write(1, 0, ident);
    msrp_ident_write(msrp_ident_hash(~UINT64_C(1)), 0, id);
    sink_format(&wanted,
                "MSRP %.12s SEND\r\nTo-Path: " OWN_B "\r\nFrom-Path: " OWN_A "\r\nMessage-ID: %.12s\r\n"
                "Byte-Range: 1-10/10\r\nSuccess-Report: yes\r\nFailure-Report: no\r\nContent-Type: text/plain\r\n\r\n"
                "0000000000\r\n-------%.12s$\r\n",
                ident, id, ident);
    pair.sender = msrp_sender_create(arena, &config);
    msrp_sender_pump(pair.sender, 0);
    CU_ASSERT_EQUAL_FATAL(rope_length(&pair.there.out), wanted.size);
    rope_read(&pair.there.out, 0, text, wanted.size);
    CU_ASSERT_TRUE(memcmp(text, wanted_text, wanted.size) == 0);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_WAITING); /* for the REPORT, not for an answer */
    CU_ASSERT_EQUAL(msrp_sender_wake_ns(pair.sender), INT64_MAX);
    CU_ASSERT_EQUAL(pair_run(&pair, 100, 1), ERR_OK);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_SENT);
    CU_ASSERT_TRUE(pair.answers == 0 && pair.completed == 1 && pair.back.acknowledging > 0); /* but a REPORT came */
}

static void test_sizes(void)
{
    struct row row = {.size = 1250, .piece = 1460, .room = 65536};
    struct pair pair;

    CU_ASSERT_TRUE(arrives(&row, pattern(row.size), 1));
    arena_reset(arena);
    pair_init(&pair, arena, pattern(1250), 65536);
    struct msrp_send_config config = pair_send_config(&pair);

    config.content_type = "text/plain";
    pair.sender = msrp_sender_create(arena, &config);
    CU_ASSERT_EQUAL(pair_run(&pair, 5000, 1), ERR_OK);
    printf("\n  a SEND of %d B takes %d B, its 200 takes %d B ... ", 1250, (int)pair.there.in.end,
           (int)pair.back.in.end);
    /* 24 start + 47 To + 49 From + 26 ID + 25 range + 26 type + 2; 2 + 22 end-line; counted by hand */
    CU_ASSERT_EQUAL(pair.there.in.end, 1250 + 24 + 47 + 49 + 26 + 25 + 26 + 2 + 24);
    CU_ASSERT_EQUAL(pair.back.in.end, 26 + 47 + 49 + 22);
}

static void test_window(void)
{
    for (uint32_t window = 1; window <= 5; window++) {
        struct pair pair;

        arena_reset(arena);
        pair_init(&pair, arena, pattern(100000), 1 << 20);
        struct msrp_send_config config = pair_send_config(&pair);

        config.chunk_bytes = 2048;
        config.window = window;
        pair.sender = msrp_sender_create(arena, &config);
        msrp_sender_pump(pair.sender, 0);
        CU_ASSERT_EQUAL(msrp_sender_chunks(pair.sender), window);
        CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_SENDING);
        CU_ASSERT_FALSE(msrp_sender_in_chunk(pair.sender));
        CU_ASSERT_EQUAL(msrp_sender_wake_ns(pair.sender), INT64_C(30000000000));
    }
}

static void answer(struct msrp_sender *sender, uint64_t transaction, int status)
{
    char ident[MSRP_IDENT_SIZE];
    struct msrp_head head = {.status = status};

    msrp_ident_write(1, transaction, ident);
    head.transaction_id = (struct span){ident, sizeof(ident)};
    msrp_sender_answered(sender, 5, &head);
}

static struct msrp_sender *started(struct pair *pair, uint64_t size, uint64_t room)
{
    arena_reset(arena);
    pair_init(pair, arena, pattern(size), room);
    struct msrp_send_config config = pair_send_config(pair);

    config.chunk_bytes = 2000;
    struct msrp_sender *sender = msrp_sender_create(arena, &config);

    msrp_sender_pump(sender, 3);
    return sender;
}

static void test_out_of_order(void)
{
    struct pair pair;
    struct msrp_sender *sender = started(&pair, 10000, 1 << 20);

    CU_ASSERT_EQUAL(msrp_sender_state(sender), MSRP_WAITING);
    answer(sender, 4, 200);
    answer(sender, 2, 200);
    answer(sender, 2, 200); /* twice */
    answer(sender, 9, 200); /* never sent */
    answer(sender, 0, 200);
    CU_ASSERT_EQUAL(msrp_sender_state(sender), MSRP_WAITING);
    answer(sender, 1, 200);
    CU_ASSERT_EQUAL(msrp_sender_state(sender), MSRP_WAITING);
    answer(sender, 3, 200);
    CU_ASSERT_EQUAL(msrp_sender_state(sender), MSRP_SENT);
}

static void test_timeouts(void)
{
    struct pair pair;
    struct msrp_sender *sender = started(&pair, 4000, 1 << 20);

    CU_ASSERT_EQUAL(msrp_sender_wake_ns(sender), INT64_C(30000000003));
    answer(sender, 0, 200);
    msrp_sender_wake(sender, INT64_C(30000000002));
    CU_ASSERT_EQUAL(msrp_sender_state(sender), MSRP_WAITING);
    msrp_sender_wake(sender, INT64_C(30000000003));
    CU_ASSERT_EQUAL(msrp_sender_state(sender), MSRP_FAILED);
    CU_ASSERT_EQUAL(msrp_sender_status(sender), 408);

    sender = started(&pair, 4000, 500); /* the first chunk is not written yet: nothing can run out */
    CU_ASSERT_TRUE(msrp_sender_in_chunk(sender));
    CU_ASSERT_EQUAL(msrp_sender_wake_ns(sender), INT64_MAX);
}

static void test_failures(void)
{
    static const int statuses[] = {400, 403, 408, 413, 415, 423, 481, 501, 506};

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        struct pair pair;
        struct msrp_sender *sender = started(&pair, 9000, 3000);

        CU_ASSERT_TRUE(msrp_sender_in_chunk(sender));
        answer(sender, 0, statuses[i]);
        CU_ASSERT_EQUAL(msrp_sender_state(sender), MSRP_FAILED);
        CU_ASSERT_EQUAL(msrp_sender_status(sender), statuses[i]);
        uint64_t size = pair.there.out.end;
        char end[3];

        rope_read(&pair.there.out, size - 3, end, 3);
        CU_ASSERT_TRUE(memcmp(end, "#\r\n", 3) == 0); /* the chunk in progress was cut off */
        msrp_sender_pump(sender, 9);
        CU_ASSERT_EQUAL(pair.there.out.end, size);
    }
}

/* What a sender cuts off in the middle of a chunk with a known end, the reader finds. */
static void test_cut_off(void)
{
    struct pair pair;
    struct msrp_sender *sender = started(&pair, 9000, 3000);

    answer(sender, 0, 413);
    CU_ASSERT_EQUAL(pair_run(&pair, 100, 1), ERR_OK);
    CU_ASSERT_TRUE(pair.completed == 0 && pair.wrong == 0 && pair.told > 2000 && pair.told < 4000);
    CU_ASSERT_EQUAL(pair.answers, 2);
}

/* RFC 4975 sections 10.8 and 10.10 say that the session is no longer the sender's to use; the others speak of the one
 * request or message. */
static void test_session_ends(void)
{
    static const int statuses[] = {200, 400, 403, 408, 413, 415, 423, 481, 501, 506};

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        CU_ASSERT_EQUAL(msrp_status_ends_session(statuses[i]), statuses[i] == 481 || statuses[i] == 506);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"bodies of 0 to 5000 bytes arrive in one chunk and in many", test_all_small},
        {"streams may come byte by byte", test_byte_by_byte},
        {"large bodies arrive with any window, room and split", test_large},
        {"half a tebibyte goes by reference", test_huge},
        {"bodies in memory full of dashes and CR LF arrive", test_memory},
        {"a transaction ID that stands in the body is not taken", test_ident_in_body},
        {"a name tells its counter to whom gave it", test_idents},
        {"a SEND looks as RFC 4975 says; reports as asked", test_wire},
        {"a SEND and its 200 take the bytes counted by hand", test_sizes},
        {"no more SENDs than the window wait for their answers", test_window},
        {"answers come in any order, twice, or for nothing", test_out_of_order},
        {"a SEND runs out 30 s after its last byte", test_timeouts},
        {"every error ends the sending and cuts the chunk off", test_failures},
        {"a chunk cut off before its announced end is ended", test_cut_off},
        {"RFC 4975 10.8, 10.10: 481 and 506 end the session, others a message", test_session_ends},
        {NULL, NULL},
    };

    arena = arena_create(ARENA_SIZE);
    return arena ? unit_run("msrp session", tests) : 3;
}
