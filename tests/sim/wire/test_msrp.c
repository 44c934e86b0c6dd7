/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The messages are RFC 4975's and RFC 4976's examples; their numbers were read off by hand. */
#include "sim/wire/msrp.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PATHS                                                                                                          \
    "To-Path: msrp://bob.example.com:8888/9di4eae923wzd;tcp\r\n"                                                       \
    "From-Path: msrp://alicepc.example.com:7777/iau39soe2843z;tcp\r\n"

static const char send_text[] = "MSRP d93kswow SEND\r\n" PATHS "Message-ID: 12339sdqwer\r\n"
                                "Byte-Range: 1-16/16\r\n"
                                "Content-Type: text/plain\r\n"
                                "\r\n"
                                "Hi, I'm Alice!\r\n"
                                "\r\n-------d93kswow$\r\n";

static const char auth_text[] =
    "MSRP 49fi AUTH\r\n"
    "To-Path: msrps://alice@intra.example.com;tcp\r\n"
    "From-Path: msrps://alice.example.com:9892/98cjs;tcp\r\n"
    "Authorization: Digest username=\"Alice\", realm=\"intra.example.com\", "
    "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", qop=auth, nc=00000001, cnonce=\"0a4f113b\", "
    "response=\"6629fae49393a05397450978507c4ef1\"\r\n"
    "-------49fi$\r\n";

static const char report_text[] = "MSRP dkei38sd REPORT\r\n" PATHS "Message-ID: 12339sdqwer\r\n"
                                  "Byte-Range: 1-106/106\r\n"
                                  "Status: 000 200 OK\r\n"
                                  "-------dkei38sd$\r\n";

static const char answer_text[] = "MSRP 49fi 200 OK\r\n"
                                  "To-Path: msrps://alice.example.com:9892/98cjs;tcp\r\n"
                                  "From-Path: msrps://alice@intra.example.com;tcp\r\n"
                                  "Use-Path: msrps://intra.example.com:9000/jui787s2f;tcp\r\n"
                                  "Expires: 900\r\n"
                                  "-------49fi$\r\n";

static bool is(struct span span, const char *text)
{
    return span_equal(span, span_of(text));
}

static enum err parse(const char *text, struct msrp_head *head, size_t *size)
{
    return msrp_parse_head(span_of(text), head, size);
}

static enum err parse_only(const char *text)
{
    struct msrp_head head;
    size_t size;

    return parse(text, &head, &size);
}

static void test_send(void)
{
    struct msrp_head head;
    size_t size = 0;

    CU_ASSERT_EQUAL_FATAL(parse(send_text, &head, &size), ERR_OK);
    CU_ASSERT_TRUE(head.is_request && head.has_body && head.has_range);
    CU_ASSERT_TRUE(is(head.transaction_id, "d93kswow") && is(head.method, "SEND"));
    CU_ASSERT_TRUE(is(head.to_path, "msrp://bob.example.com:8888/9di4eae923wzd;tcp"));
    CU_ASSERT_TRUE(is(head.from_path, "msrp://alicepc.example.com:7777/iau39soe2843z;tcp"));
    CU_ASSERT_TRUE(is(head.message_id, "12339sdqwer") && is(head.content_type, "text/plain"));
    CU_ASSERT_TRUE(head.range.start == 1 && head.range.end == 16 && head.range.total == 16);
    CU_ASSERT_EQUAL(head.success_report.size, 0);
    CU_ASSERT_STRING_EQUAL(send_text + size, "Hi, I'm Alice!\r\n\r\n-------d93kswow$\r\n");
}

static void test_report(void)
{
    struct msrp_head head;
    size_t size = 0, end_size = 0;
    char flag = 0;

    CU_ASSERT_EQUAL_FATAL(parse(report_text, &head, &size), ERR_OK);
    CU_ASSERT_TRUE(head.is_request && !head.has_body && is(head.report_status, "000 200 OK"));
    CU_ASSERT_EQUAL(msrp_parse_end(span_of(report_text + size), head.transaction_id, &flag, &end_size), ERR_OK);
    CU_ASSERT_EQUAL(flag, '$');
    CU_ASSERT_EQUAL(size + end_size, strlen(report_text));
}

static void test_auth(void)
{
    struct msrp_head head;
    struct span value;
    size_t size;

    CU_ASSERT_EQUAL_FATAL(parse(auth_text, &head, &size), ERR_OK);
    CU_ASSERT_TRUE(msrp_digest_parameter(head.authorization, SPAN("username"), &value) && is(value, "Alice"));
    CU_ASSERT_TRUE(msrp_digest_parameter(head.authorization, SPAN("qop"), &value) && is(value, "auth"));
    CU_ASSERT_TRUE(msrp_digest_parameter(head.authorization, SPAN("nc"), &value) && is(value, "00000001"));
    CU_ASSERT_TRUE(msrp_digest_parameter(head.authorization, SPAN("CNONCE"), &value) && is(value, "0a4f113b"));
    CU_ASSERT_FALSE(msrp_digest_parameter(head.authorization, SPAN("opaque"), &value));
    CU_ASSERT_EQUAL_FATAL(parse(answer_text, &head, &size), ERR_OK);
    CU_ASSERT_TRUE(!head.is_request && head.status == 200 && is(head.reason, "OK"));
    CU_ASSERT_TRUE(is(head.use_path, "msrps://intra.example.com:9000/jui787s2f;tcp") && is(head.expires, "900"));
}

static void test_truncated(void)
{
    const char *texts[] = {send_text, auth_text, report_text, answer_text};

    for (size_t i = 0; i < 4; i++) {
        struct msrp_head head = {.status = 77};
        size_t size = 0, whole = 0;

        CU_ASSERT_EQUAL_FATAL(parse(texts[i], &head, &whole), ERR_OK);
        size_t dashes = head.has_body ? 0 : 7;

        head = (struct msrp_head){.status = 77};
        for (size_t cut = 0; cut < whole + dashes; cut++)
            CU_ASSERT_EQUAL(msrp_parse_head((struct span){texts[i], cut}, &head, &size), ERR_MORE);
        CU_ASSERT_TRUE(head.status == 77 && size == 0);
        CU_ASSERT_EQUAL(msrp_parse_head((struct span){texts[i], whole + dashes}, &head, &size), ERR_OK);
    }
}

/* A copy of text whose last byte is the last of a page before one that cannot be read. */
static const char *at_page_end(const char *text, size_t size)
{
    static char *pages;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (!pages) {
        pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pages == MAP_FAILED || mprotect(pages + page, page, PROT_NONE) != 0)
            abort();
    }
    memcpy(pages + page - size, text, size);
    return pages + page - size;
}

static void test_page_end(void)
{
    struct msrp_head head;
    struct msrp_byte_range range;
    struct msrp_uri uri;
    size_t size;
    char flag;
    const char path[] = "msrps://alice@[2001:db8::1]:9892/98cjs;tcp";
    const char end[] = "-------49fi$\r\n";

    for (size_t cut = 0; cut < sizeof(auth_text); cut++)
        (void)!msrp_parse_head((struct span){at_page_end(auth_text, cut), cut}, &head, &size);
    for (size_t cut = 0; cut < sizeof(path); cut++) {
        (void)!msrp_parse_uri((struct span){at_page_end(path, cut), cut}, &uri);
        (void)!msrp_parse_byte_range((struct span){at_page_end("10-2048/4385", cut % 13), cut % 13}, &range);
    }
    for (size_t cut = 0; cut + 1 < sizeof(end); cut++) {
        enum err error = msrp_parse_end((struct span){at_page_end(end, cut), cut}, SPAN("49fi"), &flag, &size);

        CU_ASSERT_EQUAL(error, ERR_MORE);
    }
}

static void test_bad_heads(void)
{
    CU_ASSERT_EQUAL(parse_only("HTTP/1.1 200 OK\r\n"), ERR_SYNTAX);
    CU_ASSERT_EQUAL(parse_only("MSRP abc SEND\r\n" PATHS "-------abc$\r\n"), ERR_SYNTAX); /* ID of three */
    CU_ASSERT_EQUAL(parse_only("MSRP a/cd SEND\r\n" PATHS "-------a/cd$\r\n"), ERR_SYNTAX);
    CU_ASSERT_EQUAL(parse_only("MSRP abcd123456789012345678901234567890 SEND\r\n"), ERR_SYNTAX); /* of 34 */
    CU_ASSERT_EQUAL(parse_only("MSRP abcd Send\r\n" PATHS), ERR_SYNTAX);
    CU_ASSERT_EQUAL(parse_only("MSRP abcd 100 Trying\r\n" PATHS), ERR_SYNTAX);
    CU_ASSERT_EQUAL(parse_only("MSRP abcd 2000\r\n" PATHS), ERR_SYNTAX);
    CU_ASSERT_EQUAL(parse_only("MSRP abcd 99\r\n" PATHS), ERR_SYNTAX);
    CU_ASSERT_EQUAL(parse_only("MSRP abcd 200 OK\r\n" PATHS "\r\nbody"), ERR_SYNTAX);
    CU_ASSERT_EQUAL(parse_only("MSRP abcd SEND\r\nFrom-Path: msrp://a;tcp\r\n-------"), ERR_SYNTAX);
    CU_ASSERT_EQUAL(parse_only("MSRP abcd SEND\r\n" PATHS "To-Path: msrp://x;tcp\r\n-------"), ERR_SYNTAX);
    CU_ASSERT_EQUAL(parse_only("MSRP abcd SEND\r\n" PATHS "Message-ID:\r\n-------"), ERR_SYNTAX);
    CU_ASSERT_EQUAL(parse_only("MSRP abcd SEND\r\n" PATHS "no colon\r\n-------"), ERR_SYNTAX);
    CU_ASSERT_EQUAL(parse_only("MSRP abcd SEND\r\n" PATHS "-----X"), ERR_SYNTAX);
    CU_ASSERT_EQUAL(parse_only("MSRP abcd SEND\r\n" PATHS "X-A: \x01\r\n-------"), ERR_SYNTAX);
    CU_ASSERT_EQUAL(parse_only("MSRP abcd SEND\r\n" PATHS "X-A: a\nb\r\n-------"), ERR_SYNTAX);
    CU_ASSERT_EQUAL(parse_only("MSRP abcd SEND\r\n" PATHS "X-A: a\rb\r\n-------"), ERR_SYNTAX);
    CU_ASSERT_EQUAL(parse_only("MSRP abcd SEND\r\n" PATHS "Byte-Range: 1-x/9\r\n-------"), ERR_SYNTAX);
    CU_ASSERT_EQUAL(parse_only("MSRP abcd SEND\r\n" PATHS "Byte-Range: 1-\r\n-------"), ERR_SYNTAX);
}

static void test_tolerant_heads(void)
{
    struct msrp_head head;
    size_t size;

    CU_ASSERT_EQUAL(parse("MSRP abcd SEND\r\n" PATHS "X-Own: yes\r\nContent-ID: <1@x>\r\nBYTE-range:1-*/*\r\n-------",
                          &head, &size),
                    ERR_OK);
    CU_ASSERT_TRUE(head.range.end == MSRP_RANGE_STAR && head.range.total == MSRP_RANGE_STAR);
    CU_ASSERT_EQUAL(parse("MSRP abcd 481\r\n" PATHS "-------", &head, &size), ERR_OK);
    CU_ASSERT_TRUE(head.status == 481 && head.reason.size == 0);
    CU_ASSERT_EQUAL(
        parse("MSRP d93kswow NICKNAME\r\n" PATHS "Use-Nickname: \"Alice the great\"\r\n-------", &head, &size), ERR_OK);
}

static void test_end_lines(void)
{
    size_t size;
    char flag = 0;

    CU_ASSERT_EQUAL(msrp_parse_end(SPAN("-------abcd#\r\nMSRP"), SPAN("abcd"), &flag, &size), ERR_OK);
    CU_ASSERT_TRUE(flag == '#' && size == 14);
    CU_ASSERT_EQUAL(msrp_parse_end(SPAN("-------abcd!\r\n"), SPAN("abcd"), &flag, &size), ERR_SYNTAX);
    CU_ASSERT_EQUAL(msrp_parse_end(SPAN("-------abce$\r\n"), SPAN("abcd"), &flag, &size), ERR_SYNTAX);
    CU_ASSERT_EQUAL(msrp_parse_end(SPAN("-------abcd$\n"), SPAN("abcd"), &flag, &size), ERR_SYNTAX);
}

static void test_byte_ranges(void)
{
    struct msrp_byte_range range = {7, 7, 7};

    CU_ASSERT_EQUAL(msrp_parse_byte_range(SPAN("1-*/4385"), &range), ERR_OK);
    CU_ASSERT_TRUE(range.start == 1 && range.end == MSRP_RANGE_STAR && range.total == 4385);
    CU_ASSERT_EQUAL(msrp_parse_byte_range(SPAN("1-0/0"), &range), ERR_OK);
    CU_ASSERT_TRUE(range.start == 1 && range.end == 0 && range.total == 0);
    CU_ASSERT_EQUAL(msrp_parse_byte_range(SPAN("*-1/2"), &range), ERR_SYNTAX);
    CU_ASSERT_EQUAL(msrp_parse_byte_range(SPAN("1-2/3 "), &range), ERR_SYNTAX);
    CU_ASSERT_EQUAL(msrp_parse_byte_range(SPAN("1-2/-3"), &range), ERR_SYNTAX);
    CU_ASSERT_EQUAL(msrp_parse_byte_range(SPAN("1-9223372036854775808/*"), &range), ERR_RANGE);
    CU_ASSERT_EQUAL(msrp_parse_byte_range(SPAN("1-18446744073709551616/*"), &range), ERR_RANGE);
    CU_ASSERT_EQUAL(msrp_parse_byte_range(SPAN("1-2/"), &range), ERR_MORE);
    CU_ASSERT_TRUE(range.start == 1 && range.end == 0 && range.total == 0);
}

static void test_uris(void)
{
    struct msrp_uri uri;

    CU_ASSERT_EQUAL(msrp_parse_uri(SPAN("msrp://192.168.80.1:7394/session;tcp"), &uri), ERR_OK);
    CU_ASSERT_TRUE(!uri.is_secure && is(uri.host, "192.168.80.1") && uri.port == 7394);
    CU_ASSERT_TRUE(is(uri.session_id, "session") && is(uri.transport, "tcp") && uri.user.size == 0);
    CU_ASSERT_EQUAL(msrp_parse_uri(SPAN("MSRPS://alice@intra.example.com;tcp"), &uri), ERR_OK);
    CU_ASSERT_TRUE(uri.is_secure && is(uri.user, "alice") && uri.port == 0 && uri.session_id.size == 0);
    CU_ASSERT_EQUAL(msrp_parse_uri(SPAN("msrp://[2001:db8::1]:9/a/b=c;tcp;x=y"), &uri), ERR_OK);
    CU_ASSERT_TRUE(is(uri.host, "[2001:db8::1]") && uri.port == 9 && is(uri.session_id, "a/b=c"));
    CU_ASSERT_EQUAL(msrp_parse_uri(SPAN("http://a;tcp"), &uri), ERR_SYNTAX);
    CU_ASSERT_EQUAL(msrp_parse_uri(SPAN("msrp://;tcp"), &uri), ERR_SYNTAX);
    CU_ASSERT_EQUAL(msrp_parse_uri(SPAN("msrp://[::1;tcp"), &uri), ERR_SYNTAX);
    CU_ASSERT_EQUAL(msrp_parse_uri(SPAN("msrp://a:b;tcp"), &uri), ERR_SYNTAX);
    CU_ASSERT_EQUAL(msrp_parse_uri(SPAN("msrp://a/;tcp"), &uri), ERR_SYNTAX);
    CU_ASSERT_EQUAL(msrp_parse_uri(SPAN("msrp://a:65536/s;tcp"), &uri), ERR_RANGE);
    CU_ASSERT_EQUAL(msrp_parse_uri(SPAN("msrp://a b/s;tcp"), &uri), ERR_SYNTAX);
    CU_ASSERT_EQUAL(msrp_parse_uri(SPAN("msrp://a/s"), &uri), ERR_MORE);
    CU_ASSERT_EQUAL(uri.port, 9);
}

static void test_uri_equality(void)
{
    CU_ASSERT_TRUE(msrp_uri_equal(SPAN("msrp://A.example:8/Xy;tcp"), SPAN("MSRP://a.EXAMPLE:8/Xy;TCP")));
    CU_ASSERT_TRUE(msrp_uri_equal(SPAN("msrp://u@a:8/x;tcp"), SPAN("msrp://a:8/x;tcp;p=1")));
    CU_ASSERT_FALSE(msrp_uri_equal(SPAN("msrp://a:8/Xy;tcp"), SPAN("msrp://a:8/xy;tcp")));
    CU_ASSERT_FALSE(msrp_uri_equal(SPAN("msrp://a:8/x;tcp"), SPAN("msrps://a:8/x;tcp")));
    CU_ASSERT_FALSE(msrp_uri_equal(SPAN("msrp://a:8/x;tcp"), SPAN("msrp://a:9/x;tcp")));
    CU_ASSERT_FALSE(msrp_uri_equal(SPAN("msrp://a/x;tcp"), SPAN("msrp://a:2855/x;tcp")));
}

static void test_paths(void)
{
    struct span path = SPAN("msrp://a;tcp  msrp://b;tcp msrp://c;tcp "), uri;
    char text[64];
    struct sink sink = SINK(text);

    msrp_path_reverse(path, &sink);
    CU_ASSERT_STRING_EQUAL(sink_string(&sink), "msrp://c;tcp msrp://b;tcp msrp://a;tcp");
    CU_ASSERT_TRUE(msrp_path_next(&path, &uri) && is(uri, "msrp://a;tcp"));
    CU_ASSERT_TRUE(msrp_path_next(&path, &uri) && is(uri, "msrp://b;tcp"));
    CU_ASSERT_TRUE(msrp_path_next(&path, &uri) && is(uri, "msrp://c;tcp"));
    CU_ASSERT_FALSE(msrp_path_next(&path, &uri));
}

static void test_round_trip(void)
{
    const char *texts[] = {send_text, auth_text, report_text, answer_text};

    for (size_t i = 0; i < 4; i++) {
        char text[1024];
        struct sink sink = SINK(text);
        struct msrp_head head;
        size_t size;

        CU_ASSERT_EQUAL_FATAL(parse(texts[i], &head, &size), ERR_OK);
        msrp_write_head(&head, &sink);
        CU_ASSERT_FALSE(sink.overflow);
        CU_ASSERT_TRUE(span_equal(sink_written(&sink), (struct span){texts[i], size}));
    }
}

static void test_responses(void)
{
    struct msrp_head head = {.is_request = true, .method = SPAN("SEND"), .transaction_id = SPAN("abcd")};
    char text[512];
    struct sink sink = SINK(text);

    head.to_path = SPAN("msrp://r;tcp msrp://b;tcp");
    head.from_path = SPAN("msrp://q;tcp msrp://a;tcp");
    msrp_write_response(&head, 200, &sink);
    CU_ASSERT_STRING_EQUAL(sink_string(&sink),
                           "MSRP abcd 200 OK\r\nTo-Path: msrp://q;tcp\r\nFrom-Path: msrp://r;tcp\r\n-------abcd$\r\n");
    head.method = SPAN("AUTH");
    sink = SINK(text);
    msrp_write_response(&head, 299, &sink);
    CU_ASSERT_STRING_EQUAL(sink_string(&sink), "MSRP abcd 299\r\nTo-Path: msrp://q;tcp msrp://a;tcp\r\n"
                                               "From-Path: msrp://r;tcp\r\n-------abcd$\r\n");
}

static void test_random(void)
{
    char text[256];
    unsigned state = 1;

    for (int round = 0; round < 20000; round++) {
        struct msrp_head head;
        size_t size, length = sizeof(send_text) - 1 < sizeof(text) ? sizeof(send_text) - 1 : sizeof(text);

        memcpy(text, send_text, length);
        for (int i = 0; i < 3; i++) {
            state = state * 1103515245 + 12345;
            text[(state >> 8) % length] = (char)(state >> 24);
        }
        enum err error = msrp_parse_head((struct span){text, length}, &head, &size);

        if (error == ERR_OK && size > length)
            CU_FAIL("a head is longer than its text");
    }
}

/* The messages of the folder that CAPTURES names; their lines end in LF there, which a stream never has. */
static size_t read_message(const char *folder, const char *name, char *text, size_t capacity)
{
    char path[512];
    struct sink file_name = SINK(path);
    size_t size = 0;

    sink_text(&file_name, folder);
    sink_text(&file_name, "/messages/msrp/");
    sink_text(&file_name, name);
    FILE *file = fopen(sink_string(&file_name), "rb");

    if (!file)
        return 0;
    for (int c, before = 0; (c = getc(file)) != EOF && size + 2 < capacity; before = c) {
        if (c == '\n' && before != '\r')
            text[size++] = '\r';
        text[size++] = (char)c;
    }
    (void)fclose(file);
    return size;
}

static void test_captures(void)
{
    static const struct {
        const char *name, *method;
        int status;
    } rows[] = {
        {"MsrpReportRequest1.txt", "REPORT", 0},     {"MsrpRequestMessage1.txt", "SEND", 0},
        {"MsrpPositiveReport1.txt", "SEND", 0},      {"MsrpResponseMessage1.txt", "", 200},
        {"MsrpNicknameRequest1.txt", "NICKNAME", 0}, {"MsrpUnknownRequestMethod.txt", "UNKNOWN", 0},
    };
    const char *folder = getenv("CAPTURES");

    if (!folder || !folder[0]) {
        puts("skipped: the messages of a folder of captures, since CAPTURES names none");
        return;
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[4096];
        size_t length = read_message(folder, rows[i].name, text, sizeof(text)), size;
        struct msrp_head head;

        CU_ASSERT_TRUE_FATAL(length > 0);
        CU_ASSERT_EQUAL(msrp_parse_head((struct span){text, length}, &head, &size), ERR_OK);
        CU_ASSERT_TRUE(is(head.method, rows[i].method) && head.status == rows[i].status);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a SEND gives its headers and the place of its body", test_send},
        {"a REPORT has no body and ends at its end-line", test_report},
        {"AUTH and its answer give credentials and Use-Path", test_auth},
        {"a head cut anywhere wants more", test_truncated},
        {"no parser reads behind the end of its text", test_page_end},
        {"heads against the grammar are refused", test_bad_heads},
        {"unknown headers, any case and missing comments are taken", test_tolerant_heads},
        {"an end-line has its ID, a flag and CR LF", test_end_lines},
        {"Byte-Ranges are two numbers, stars where allowed, below 2^63", test_byte_ranges},
        {"URIs fall into their parts", test_uris},
        {"URIs are equal by RFC 4975 section 6.1", test_uri_equality},
        {"paths are cut and turned round", test_paths},
        {"what was parsed is written back the same", test_round_trip},
        {"a SEND is answered to the last hop, AUTH along the path", test_responses},
        {"damaged heads never reach behind their text", test_random},
        {"messages made by others are read", test_captures},
        {NULL, NULL},
    };

    return unit_run("msrp", tests);
}
