/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/http.h"
#include "sim/wire/rcs_link.h"
#include "tests/unit.h"

static void heads_are_read_as_they_were_written(void)
{
    const struct http_head heads[] = {
        {.is_request = true,
         .method = SPAN("PUT"),
         .target = SPAN("/upload"),
         .host = SPAN("content.example.com"),
         .content_type = SPAN("application/octet-stream"),
         .has_length = true,
         .length = 1048576},
        {.is_request = true, .method = SPAN("GET"), .target = SPAN("/files/1"), .host = SPAN("a")},
        {.status = 200, .content_type = SPAN("text/plain"), .has_length = true, .length = 0},
        {.status = 404, .has_length = true, .length = 0},
        {.status = 599, .has_length = true, .length = UINT64_MAX},
    };

    for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
        char text[1024];
        struct sink sink = SINK(text);
        struct http_head read;
        size_t size;

        http_write_head(&heads[i], &sink);
        CU_ASSERT_FALSE(sink.overflow);
        size_t whole = sink.size;

        sink_text(&sink, "body");
        CU_ASSERT_EQUAL_FATAL(http_parse_head(sink_written(&sink), &read, &size), ERR_OK);
        CU_ASSERT_EQUAL(size, whole);
        CU_ASSERT_EQUAL(read.is_request, heads[i].is_request);
        CU_ASSERT_EQUAL(read.status, heads[i].status);
        CU_ASSERT(span_equal(read.method, heads[i].method) && span_equal(read.target, heads[i].target));
        CU_ASSERT(span_equal(read.host, heads[i].host) && span_equal(read.content_type, heads[i].content_type));
        CU_ASSERT_EQUAL(read.has_length, heads[i].has_length);
        CU_ASSERT_EQUAL(read.length, heads[i].length);
        for (size_t cut = 0; cut < whole; cut++)
            CU_ASSERT_EQUAL(http_parse_head((struct span){text, cut}, &read, &size), ERR_MORE);
    }
}

/* As other programs write them: RFC 9112 sections 2.1 and 3.2, RFC 9110 section 5.1. */
static void heads_of_others_are_read(void)
{
    const char *const texts[] = {
        "GET /hello.txt HTTP/1.1\r\nUser-Agent: curl/7.64.1\r\nhOST:www.example.com\r\nAccept-Language: en, mi\r\n\r\n",
        "HTTP/1.1 200 OK\r\nDate: Mon, 27 Jul 2009 12:28:53 GMT\r\nETag: \"34aa387-d-1568eb00\"\r\n"
        "content-length: \t51 \r\nVary: Accept-Encoding\r\nContent-Type: text/plain\r\n\r\n",
        "HTTP/1.1 204 \r\nX-Empty:\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct http_head head;
        size_t size = 0;

        CU_ASSERT_EQUAL(http_parse_head(span_of(texts[i]), &head, &size), ERR_OK);
        CU_ASSERT_EQUAL(size, strlen(texts[i]));
        CU_ASSERT(i != 0 || span_equal(head.host, SPAN("www.example.com")));
        CU_ASSERT(i != 1 || (head.status == 200 && head.length == 51));
    }
}

/* Ways to make two readers see two messages in one (RFC 9112 sections 5.1, 6.3, 11.2), and what is none. */
static void what_could_be_read_in_two_ways_is_refused(void)
{
    const struct {
        const char *text;
        enum err error;
    } cases[] = {
        {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", ERR_SYNTAX},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", ERR_SYNTAX},
        {"GET / HTTP/1.1\r\n\r\n", ERR_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", ERR_SYNTAX},
        {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", ERR_SYNTAX},
        {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", ERR_SYNTAX},
        {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", ERR_SYNTAX},
        {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", ERR_SYNTAX},
        {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n", ERR_RANGE},
        {"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", ERR_SYNTAX},
        {"PUT / HTTP/1.1\r\nHost : a\r\n\r\n", ERR_SYNTAX},
        {"PUT / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", ERR_SYNTAX},
        {"PUT / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", ERR_SYNTAX},
        {"PUT / HTTP/1.1\r\nHost: a\nb\r\n\r\n", ERR_SYNTAX},
        {"HTTP/1.1 20 OK\r\n\r\n", ERR_SYNTAX},
        {"HTTP/1.1 2000 OK\r\n\r\n", ERR_SYNTAX},
        {"HTTP/1.1 099 OK\r\n\r\n", ERR_SYNTAX},
        {"MSRP 1234 SEND\r\n\r\n", ERR_SYNTAX},
        {"", ERR_MORE},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct http_head head = {.status = 7};
        size_t size = 9;

        CU_ASSERT_EQUAL(http_parse_head(span_of(cases[i].text), &head, &size), cases[i].error);
        CU_ASSERT(head.status == 7 && size == 9);
    }
}

/* ---- Links ---- */

static void links_are_read_as_they_were_written(void)
{
    char text[1024];
    struct sink sink = SINK(text);
    struct rcs_link read;
    const struct rcs_link example = {.file_size = 4092,
                                     .file_name = SPAN("picture.jpg"),
                                     .content_type = SPAN("image/jpeg"),
                                     .url = SPAN("https://content.example.com/files/0123"),
                                     .until = SPAN("2013-01-08T00:00:00Z")};

    rcs_link_write(&example, &sink);
    CU_ASSERT_FALSE(sink.overflow);
    CU_ASSERT_EQUAL_FATAL(rcs_link_read(sink_written(&sink), &read), ERR_OK);
    CU_ASSERT_EQUAL(read.file_size, example.file_size);
    CU_ASSERT(span_equal(read.file_name, example.file_name) && span_equal(read.content_type, example.content_type));
    CU_ASSERT(span_equal(read.url, example.url) && span_equal(read.until, example.until));
    for (size_t cut = 0; cut + 2 < sink.size; cut++)
        CU_ASSERT_EQUAL(rcs_link_read((struct span){text, cut}, &read), ERR_SYNTAX);
}

/* A phone writes a thumbnail first, attributes and white space as it likes. */
static void a_thumbnail_is_passed_over(void)
{
    const char *text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                       "<file xmlns=\"urn:gsma:params:xml:ns:rcs:rcs:fthttp\" xmlns:x=\"urn:x\">\n"
                       "  <file-info type=\"thumbnail\"><file-size>7</file-size>"
                       "<content-type>image/png</content-type><data url=\"https://a/small\" until=\"x\"/></file-info>\n"
                       "  <file-info type=\"file\" file-disposition=\"file\"><file-size>123</file-size>"
                       "<content-type>video/mp4</content-type><data until=\"y\" url=\"https://a/large\"/></file-info>\n"
                       "</file>\n";
    struct rcs_link link;

    CU_ASSERT_EQUAL_FATAL(rcs_link_read(span_of(text), &link), ERR_OK);
    CU_ASSERT_EQUAL(link.file_size, 123);
    CU_ASSERT(span_equal(link.url, SPAN("https://a/large")) && span_equal(link.until, SPAN("y")));
    CU_ASSERT_EQUAL(link.file_name.size, 0);
}

static void urls_are_split_at_the_host(void)
{
    struct span host, path;

    CU_ASSERT_EQUAL(rcs_link_split(SPAN("https://a.example/files/1?x"), &host, &path), ERR_OK);
    CU_ASSERT(span_equal(host, SPAN("a.example")) && span_equal(path, SPAN("/files/1?x")));
    CU_ASSERT_EQUAL(rcs_link_split(SPAN("http://a/b"), &host, &path), ERR_SYNTAX);
    CU_ASSERT_EQUAL(rcs_link_split(SPAN("https://a"), &host, &path), ERR_SYNTAX);
    CU_ASSERT_EQUAL(rcs_link_split(SPAN("https:///b"), &host, &path), ERR_SYNTAX);
    CU_ASSERT_EQUAL(rcs_link_split(SPAN("https://a:443/b"), &host, &path), ERR_SYNTAX);
    CU_ASSERT_EQUAL(rcs_link_split(SPAN(""), &host, &path), ERR_SYNTAX);
}

int main(void)
{
    const struct unit_test tests[] = {
        {"heads are read as they were written, and wait for what is missing", heads_are_read_as_they_were_written},
        {"heads of others are read", heads_of_others_are_read},
        {"what could be read in two ways is refused", what_could_be_read_in_two_ways_is_refused},
        {"links are read as they were written", links_are_read_as_they_were_written},
        {"a thumbnail is passed over", a_thumbnail_is_passed_over},
        {"URLs are split at the host", urls_are_split_at_the_host},
        {NULL, NULL},
    };

    return unit_run("http", tests);
}
