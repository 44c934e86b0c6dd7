/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reader alone: what it says about a stream must not depend on how the stream arrives, and no stream hurts it. */
#include "sim/proto/msrp_session.h"
#include "tests/unit.h"

#include <stdlib.h>

enum { ARENA_SIZE = 16 << 20, LOG_SIZE = 65536 };

#define PATHS "To-Path: msrp://b:1/x;tcp\r\nFrom-Path: msrp://a:1/y;tcp\r\n"

/* What was told, as text: heads in brackets, bodies as they are, ends in angles. */
static char log_text[LOG_SIZE];
static struct sink log_sink;
static uint64_t body_bytes, ends, wrong_places;
static uint64_t body_at;
static struct arena *arena;

static void told_head(void *context, const struct msrp_head *head)
{
    (void)context;
    sink_char(&log_sink, '[');
    sink_span(&log_sink, head->transaction_id);
    sink_char(&log_sink, ' ');
    sink_span(&log_sink, head->method);
    sink_span(&log_sink, head->reason);
    sink_char(&log_sink, ']');
    body_at = 0;
}

static void told_body(void *context, uint64_t at, struct slice slice)
{
    (void)context;
    wrong_places += at != body_at;
    body_at += slice.length;
    body_bytes += slice.length;
    for (uint64_t i = 0; i < slice.length && log_sink.size < LOG_SIZE / 2; i++) {
        char c;

        slice_read(slice, i, &c, 1);
        sink_char(&log_sink, c);
    }
}

static void told_end(void *context, char flag)
{
    (void)context;
    sink_char(&log_sink, '<');
    sink_char(&log_sink, flag);
    sink_char(&log_sink, '>');
    ends++;
}

static const struct msrp_reader_events events = {told_head, told_body, told_end};

struct line {
    struct rope rope;
    struct msrp_reader *reader;
};

static void start(struct line *line)
{
    arena_reset(arena);
    log_sink = SINK(log_text);
    body_bytes = ends = wrong_places = body_at = 0;
    rope_init(&line->rope, arena);
    line->reader = msrp_reader_create(arena, NULL, &events);
}

static enum err take(struct line *line)
{
    uint64_t released;

    TRY(msrp_reader_take(line->reader, &line->rope, &released));
    rope_release(&line->rope, released);
    return ERR_OK;
}

/* Feeds text in pieces of the given size, with its last bytes in a lasting source if asked for. */
static enum err feed(struct line *line, const char *text, size_t size, size_t piece)
{
    for (size_t at = 0; at < size; at += piece) {
        rope_append_bytes(&line->rope, text + at, size - at < piece ? size - at : piece);
        TRY(take(line));
    }
    return ERR_OK;
}

static enum err feed_all(struct line *line, const char *text)
{
    return feed(line, text, strlen(text), SIZE_MAX / 2);
}

static const char stream[] = "MSRP aaaa SEND\r\n" PATHS "Byte-Range: 1-10/10\r\nContent-Type: a/b\r\n\r\n"
                             "0123\r\n--\r\n\r\n-------aaaa$\r\n"
                             "MSRP bbbb 200 OK\r\n" PATHS "-------bbbb$\r\n"
                             "MSRP cccc SEND\r\n" PATHS "Byte-Range: 1-*/10\r\nContent-Type: a/b\r\n\r\n"
                             "\r\n-------bbbb$\r\n\r\n-------cccc!\r\n-------cccc+\r\n"
                             "MSRP dddd SEND\r\n" PATHS "Byte-Range: 1-100/200\r\nContent-Type: a/b\r\n\r\n"
                             "early\r\n-------dddd#\r\n"
                             "MSRP eeee SEND\r\n" PATHS "Byte-Range: 1-3/3\r\nContent-Type: a/b\r\n\r\n"
                             "too long\r\n-------eeee$\r\n"
                             "MSRP ffff SEND\r\n" PATHS "Byte-Range: 1-0/0\r\nContent-Type: a/b\r\n\r\n"
                             "\r\n-------ffff$\r\n";

static const char told[] = "[aaaa SEND]0123\r\n--\r\n<$>[bbbb OK]<$>"
                           "[cccc SEND]\r\n-------bbbb$\r\n\r\n-------cccc!<+>"
                           "[dddd SEND]early<#>[eeee SEND]too long<$>[ffff SEND]<$>";

static void test_any_split(void)
{
    for (size_t piece = 1; piece < sizeof(stream); piece++) {
        struct line line;

        start(&line);
        CU_ASSERT_EQUAL(feed(&line, stream, sizeof(stream) - 1, piece), ERR_OK);
        CU_ASSERT_STRING_EQUAL(sink_string(&log_sink), told);
        CU_ASSERT_TRUE(rope_length(&line.rope) == 0 && wrong_places == 0);
    }
}

/* The same bytes as slices of a source that cannot be pointed into, cut at every place. */
struct hidden {
    struct source source;
    const char *text;
};

static void hidden_read(const struct source *source, uint64_t offset, void *bytes, size_t size)
{
    memcpy(bytes, ((const struct hidden *)(const void *)source)->text + offset, size);
}

static void test_without_memory(void)
{
    static const char text[] = "MSRP aaaa SEND\r\n" PATHS "Byte-Range: 1-*/*\r\nContent-Type: a/b\r\n\r\n"
                               "\r\n-------aaa\r\n-------aaaa\r\n\r\n-------aaaa$\r\n"
                               "MSRP bbbb 200 OK\r\n" PATHS "-------bbbb$\r\n";
    struct hidden hidden = {{hidden_read, NULL, 0, true}, text};

    for (size_t cut = 0; cut < sizeof(text); cut++) {
        struct line line;

        start(&line);
        rope_append(&line.rope, (struct slice){&hidden.source, 0, cut});
        CU_ASSERT_EQUAL(take(&line), ERR_OK);
        rope_append_bytes(&line.rope, text + cut, sizeof(text) - 1 - cut);
        CU_ASSERT_EQUAL(take(&line), ERR_OK);
        CU_ASSERT_STRING_EQUAL(sink_string(&log_sink), "[aaaa SEND]\r\n-------aaa\r\n-------aaaa\r\n<$>[bbbb OK]<$>");
    }
}

static void test_truncated(void)
{
    for (size_t cut = 0; cut < sizeof(stream) - 1; cut++) {
        struct line line;

        start(&line);
        CU_ASSERT_EQUAL(feed(&line, stream, cut, SIZE_MAX / 2), ERR_OK);
        CU_ASSERT_TRUE(span_starts(SPAN(told), sink_written(&log_sink)));
        CU_ASSERT_TRUE(ends < 6);
    }
}

static void test_unseen(void)
{
    struct line line;
    struct hidden hidden = {{hidden_read, NULL, 0, true}, NULL}; /* a look at it would crash */
    uint64_t size = UINT64_C(1) << 40;

    start(&line);
    log_sink.size = LOG_SIZE / 2; /* nor does this log look */
    rope_append_bytes(&line.rope,
                      SPAN("MSRP aaaa SEND\r\n" PATHS "Byte-Range: 1-1099511627776/1099511627776\r\n"
                           "Content-Type: a/b\r\n\r\n")
                          .data,
                      sizeof("MSRP aaaa SEND\r\n" PATHS "Byte-Range: 1-1099511627776/1099511627776\r\n"
                             "Content-Type: a/b\r\n\r\n") -
                          1);
    rope_append(&line.rope, (struct slice){&hidden.source, 0, size});
    CU_ASSERT_EQUAL(feed_all(&line, "\r\n-------aaaa$\r\n"), ERR_OK);
    CU_ASSERT_TRUE(ends == 1 && body_bytes == size);
}

static void test_released(void)
{
    struct line line;

    start(&line);
    CU_ASSERT_EQUAL(feed_all(&line, "MSRP aaaa SEND\r\n" PATHS), ERR_OK);
    CU_ASSERT_TRUE(line.rope.begin == 0); /* a head stays until it is whole */
    CU_ASSERT_EQUAL(feed_all(&line, "Byte-Range: 1-*/*\r\nContent-Type: a/b\r\n\r\n"), ERR_OK);
    CU_ASSERT_EQUAL(rope_length(&line.rope), 0);
    CU_ASSERT_EQUAL(feed_all(&line, "12345\r\n-----"), ERR_OK);
    CU_ASSERT_EQUAL(rope_length(&line.rope), 7); /* what may begin an end-line */
    CU_ASSERT_EQUAL(feed_all(&line, "x"), ERR_OK);
    CU_ASSERT_EQUAL(rope_length(&line.rope), 0);
}

static void test_long_heads(void)
{
    for (size_t size = 8000; size < 8400; size += 8) {
        static char value[9000];
        struct line line;
        size_t front = strlen("MSRP aaaa SEND\r\n" PATHS "X: \r\n\r\n");

        memset(value, 'v', sizeof(value));
        start(&line);
        CU_ASSERT_EQUAL(feed_all(&line, "MSRP aaaa SEND\r\n" PATHS "X: "), ERR_OK);
        enum err error = feed(&line, value, size - front, SIZE_MAX / 2);

        if (error == ERR_OK)
            error = feed_all(&line, "\r\n\r\n");
        CU_ASSERT_EQUAL(error, size <= 8192 ? ERR_OK : ERR_SYNTAX);
    }
}

static void test_endless_head(void)
{
    struct line line;
    enum err error = ERR_OK;

    start(&line);
    rope_append_bytes(&line.rope, "MSRP aaaa SEND\r\n", 16);
    while (error == ERR_OK && line.rope.end < 100000) {
        rope_append_bytes(&line.rope, "X: y\r\n", 6);
        error = take(&line);
    }
    CU_ASSERT_EQUAL(error, ERR_SYNTAX);
    CU_ASSERT_TRUE(line.rope.end < 8192 + 64);
    rope_append_bytes(&line.rope, stream, sizeof(stream) - 1);
    CU_ASSERT_EQUAL(take(&line), ERR_SYNTAX); /* and so it stays */
}

/* A chunk whose end never comes: nothing piles up. */
static void test_endless_chunk(void)
{
    static char bytes[4096];
    struct line line;
    size_t used = 0;

    start(&line);
    memset(bytes, '\r', sizeof(bytes));
    CU_ASSERT_EQUAL(feed_all(&line, "MSRP aaaa SEND\r\n" PATHS "Byte-Range: 1-4/4\r\nContent-Type: a/b\r\n\r\n"),
                    ERR_OK);
    for (int i = 0; i < 2000; i++) {
        CU_ASSERT_EQUAL(feed(&line, bytes, sizeof(bytes), SIZE_MAX / 2), ERR_OK);
        CU_ASSERT_TRUE(rope_length(&line.rope) < 64);
        if (i == 10)
            used = arena_used(arena);
    }
    CU_ASSERT_TRUE(ends == 0 && body_bytes > 2000 * 4096 - 64);
    CU_ASSERT_EQUAL(arena_used(arena), used);
}

static void test_garbage(void)
{
    struct line line;

    start(&line);
    CU_ASSERT_EQUAL(feed_all(&line, "GET / HTTP/1.1\r\n"), ERR_SYNTAX);
    start(&line);
    CU_ASSERT_EQUAL(feed_all(&line, "MSRP aaaa 200 OK\r\n" PATHS "-------aaab$\r\n"), ERR_SYNTAX);
    start(&line);
    CU_ASSERT_EQUAL(feed_all(&line, "MSRP bbbb 200 OK\r\n" PATHS "-------bbbb$\r\n\r\nMSRP"), ERR_SYNTAX);
    CU_ASSERT_EQUAL(ends, 1);
}

/* Damage in a good stream, in any split: no crash, nothing told that was not there, memory bounded. */
static void test_random_damage(void)
{
    uint32_t state = 4;

    for (int round = 0; round < 30000; round++) {
        char text[sizeof(stream)];
        struct line line;
        uint32_t damage = state % 5;

        memcpy(text, stream, sizeof(stream));
        for (uint32_t i = 0; i < damage; i++) {
            state = state * 1664525 + 1013904223;
            text[(state >> 10) % (sizeof(stream) - 1)] = (char)(state >> 3);
        }
        state = state * 1664525 + 1013904223;
        start(&line);
        (void)!feed(&line, text, sizeof(stream) - 1, 1 + (state >> 8) % 200);
        if (body_bytes > sizeof(stream) || wrong_places > 0 || arena_used(arena) > 100000)
            CU_FAIL_FATAL("more was told than came");
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a stream says the same however it arrives", test_any_split},
        {"bytes without memory are read as well", test_without_memory},
        {"a stream that stops anywhere is no error", test_truncated},
        {"content with a known end is not looked at", test_unseen},
        {"the stream is let go as soon as it can be", test_released},
        {"a head of 8 KiB is taken, a longer one is not", test_long_heads},
        {"a head without end is given up", test_endless_head},
        {"a chunk without end piles up nothing", test_endless_chunk},
        {"what is not MSRP is refused", test_garbage},
        {"damaged streams do no harm", test_random_damage},
        {NULL, NULL},
    };

    arena = arena_create(ARENA_SIZE);
    return arena ? unit_run("msrp reader", tests) : 3;
}
