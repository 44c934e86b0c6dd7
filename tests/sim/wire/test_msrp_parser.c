/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parser that keeps the last head must find what msrp_parse_head finds, whatever was kept before. */
#include "sim/wire/msrp.h"
#include "tests/unit.h"

#include <sys/mman.h>
#include <unistd.h>

#define PATHS                                                                                                          \
    "To-Path: msrp://bob.example.com:8888/9di4eae923wzd;tcp\r\n"                                                       \
    "From-Path: msrp://alicepc.example.com:7777/iau39soe2843z;tcp\r\n"
#define SEND(id, range)                                                                                                \
    "MSRP " id " SEND\r\n" PATHS "Message-ID: 12339sdqwer\r\nByte-Range: " range "\r\nContent-Type: "                  \
    "text/plain\r\n\r\n"
#define OK(id) "MSRP " id " 200 OK\r\n" PATHS "-------" id "$\r\n"

/* In the order of a stream: like the one before, or unlike it in one place. */
static const char *const stream[] = {
    SEND("d93kswow", "1-16/16"),
    SEND("d93kswo0", "17-2064/4294967296"),
    SEND("d93kswo1", "17-*/*"),
    SEND("d93k+=.-", "1-1/1"),
    SEND("d93kswow", "1-1/1 "),
    SEND("d93kswow", " 1-1/1"),
    SEND("d93kswow", "1-1/9223372036854775808"),
    SEND("d93kswow", "1-1/1x"),
    SEND("d93kswow", "1-1"),
    SEND("d93k wow", "1-1/1"),
    SEND("-93kswow", "1-1/1"),
    SEND("d93kswo\t", "1-1/1"),
    SEND("longer0d93kswow", "1-1/1"),
    SEND("d93kswow", "1-1/1"),
    "MSRP d93kswow SEND\r\n" PATHS "Message-ID: 12339sdqwer\r\nByte-Range: 1-1/1\r\nContent-Type: text/html\r\n\r\n",
    "MSRP d93kswow SEND\r\n" PATHS "Message-ID: 12339sdqwer\r\nByte-Range: 1-1/1\r\n-------d93kswow$\r\n",
    "MSRP d93kswo1 SEND\r\n" PATHS "Message-ID: 12339sdqwer\r\nByte-Range: 1-2/2\r\n-------d93kswo1$\r\n",
    "MSRP d93kswo1 SEND\r\n" PATHS "Message-ID: 12339sdqwer\r\nByte-Range: 1-2/2\r\n------x",
    OK("d93kswow"),
    OK("d93kswo1"),
    "MSRP d93kswo2 200 OK\r\n" PATHS "Expires: 1\r\n-------d93kswo2$\r\n",
    "MSRP d93kswo2 201 OK\r\n" PATHS "-------d93kswo2$\r\n",
    OK("d93kswo3"),
    SEND("d93kswow", "5-16/16"),
};
enum { STREAM = sizeof(stream) / sizeof(stream[0]) };

static bool is_same(const struct msrp_head *a, const struct msrp_head *b)
{
    const struct span lefts[] = {a->transaction_id, a->method,        a->reason,       a->to_path,
                                 a->from_path,      a->message_id,    a->content_type, a->success_report,
                                 a->failure_report, a->report_status, a->use_path,     a->www_authenticate,
                                 a->authorization,  a->expires};
    const struct span rights[] = {b->transaction_id, b->method,        b->reason,       b->to_path,
                                  b->from_path,      b->message_id,    b->content_type, b->success_report,
                                  b->failure_report, b->report_status, b->use_path,     b->www_authenticate,
                                  b->authorization,  b->expires};

    for (size_t i = 0; i < sizeof(lefts) / sizeof(lefts[0]); i++)
        if (!span_equal(lefts[i], rights[i]))
            return false;
    return a->is_request == b->is_request && a->status == b->status && a->has_range == b->has_range &&
           a->has_body == b->has_body &&
           (!a->has_range ||
            (a->range.start == b->range.start && a->range.end == b->range.end && a->range.total == b->range.total));
}

/* Whether both say the same of text; what the parser keeps changes. */
static bool agree(struct msrp_parser *parser, struct span text)
{
    const struct msrp_head *found = NULL;
    struct msrp_head expected;
    size_t found_size = 0, expected_size = 0;
    enum err error = msrp_parse_head(text, &expected, &expected_size);

    if (msrp_parser_head(parser, text, &found, &found_size) != error)
        return false;
    return error != ERR_OK || (found_size == expected_size && is_same(found, &expected));
}

static void test_stream(void)
{
    struct msrp_parser parser = {0};

    for (size_t i = 0; i < STREAM; i++)
        CU_ASSERT_TRUE(agree(&parser, span_of(stream[i])));
}

static void test_pairs(void)
{
    for (size_t i = 0; i < STREAM; i++)
        for (size_t j = 0; j < STREAM; j++) {
            struct msrp_parser parser = {0};

            CU_ASSERT_TRUE(agree(&parser, span_of(stream[i])));
            CU_ASSERT_TRUE(agree(&parser, span_of(stream[j])));
        }
}

/* A copy of text that ends at a page that cannot be read. */
static const char *at_page_end(char *page, size_t page_size, struct span text)
{
    return memcpy(page + page_size - text.size, text.data, text.size);
}

static void test_truncated(void)
{
    size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
    char *page = mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CU_ASSERT_FATAL(page != MAP_FAILED);
    CU_ASSERT_EQUAL_FATAL(mprotect(page + page_size, page_size, PROT_NONE), 0);
    for (size_t i = 0; i < STREAM; i++)
        for (size_t size = 0; size <= strlen(stream[i]); size++) {
            struct msrp_parser parser = {0};
            struct span text = {stream[i], size};

            CU_ASSERT_TRUE(agree(&parser, span_of(stream[i])));
            text.data = at_page_end(page, page_size, text);
            CU_ASSERT_TRUE(agree(&parser, text));
        }
    (void)munmap(page, 2 * page_size);
}

static void test_damaged(void)
{
    struct msrp_parser parser = {0};
    unsigned state = 1;

    for (int round = 0; round < 20000; round++) {
        char text[512];
        size_t length = strlen(stream[round % 2 ? STREAM - 1 : STREAM - 2]);

        memcpy(text, stream[round % 2 ? STREAM - 1 : STREAM - 2], length);
        CU_ASSERT_TRUE(agree(&parser, (struct span){text, length}));
        state = state * 1103515245 + 12345;
        text[(state >> 8) % length] = (char)(state >> 24);
        CU_ASSERT_TRUE(agree(&parser, (struct span){text, length}));
    }
}

static void test_long(void)
{
    char text[4096];
    struct sink sink = SINK(text);
    struct msrp_parser parser = {0};

    CU_ASSERT_TRUE(agree(&parser, span_of(stream[0])));
    sink_text(&sink, "MSRP d93kswow 200 OK\r\n" PATHS "Extra: ");
    for (int i = 0; i < 2000; i++)
        sink_char(&sink, 'x');
    sink_text(&sink, "\r\n-------d93kswow$\r\n");
    for (int i = 0; i < 2; i++)
        CU_ASSERT_TRUE(agree(&parser, sink_written(&sink)));
    CU_ASSERT_TRUE(agree(&parser, span_of(stream[0])));
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"heads of a stream are read as if each stood alone", test_stream},
        {"whatever was kept changes nothing", test_pairs},
        {"a head cut anywhere is read alike and not beyond its end", test_truncated},
        {"a damaged head is read alike", test_damaged},
        {"a head too long to be kept is read alike", test_long},
        {NULL, NULL},
    };

    return unit_run("msrp_parser", tests);
}
