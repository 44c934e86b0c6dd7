/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/sip.h"
#include "tests/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* RFC 3261 section 4. */
static const char invite[] = "INVITE sip:bob@biloxi.com SIP/2.0\r\n"
                             "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds\r\n"
                             "Max-Forwards: 70\r\n"
                             "To: Bob <sip:bob@biloxi.com>\r\n"
                             "From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"
                             "Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n"
                             "CSeq: 314159 INVITE\r\n"
                             "Contact: <sip:alice@pc33.atlanta.com>\r\n"
                             "Content-Type: application/sdp\r\n"
                             "Content-Length: 142\r\n\r\n";
static const char ok[] =
    "SIP/2.0 200 OK\r\n"
    "Via: SIP/2.0/UDP server10.biloxi.com;branch=z9hG4bKnashds8;received=192.0.2.3\r\n"
    "Via: SIP/2.0/UDP bigbox3.site3.atlanta.com;branch=z9hG4bK77ef4c2312983.1;received=192.0.2.2\r\n"
    "To: Bob <sip:bob@biloxi.com>;tag=a6c85cf\r\n"
    "From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"
    "Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n"
    "CSeq: 314159 INVITE\r\n"
    "Content-Length: 131\r\n\r\n";

static bool is(struct span text, const char *expected)
{
    if (span_equal(text, span_of(expected)))
        return true;
    printf("'%.*s' is not '%s'\n", (int)text.size, text.data, expected);
    return false;
}

/* What every reader makes of a text, whatever it is: nothing may be read outside it. */
static void read_all(struct span text)
{
    struct sip_message message;

    if (sip_parse(text, &message) != ERR_OK)
        return;
    CU_ASSERT_TRUE(message.size <= text.size && message.count <= SIP_LINES_MAX);
    for (size_t i = 0; i < message.count; i++) {
        struct span rest = message.lines[i].value, element, value;
        struct sip_cseq cseq;
        uint64_t number;

        (void)sip_tag(rest);
        CU_ASSERT_TRUE(sip_parse_cseq(rest, &cseq) < ERR_COUNT);
        CU_ASSERT_TRUE(sip_parse_number(rest, &number) < ERR_COUNT);
        while (rest.size > 0 && sip_cut_element(&rest, &element) == ERR_OK) {
            struct sip_via via;
            struct sip_address address;
            struct sip_uri uri;

            CU_ASSERT_TRUE(sip_parse_via(element, &via) < ERR_COUNT);
            if (sip_parse_address(element, &address) == ERR_OK && sip_parse_uri(address.uri, &uri) == ERR_OK)
                (void)sip_parameter(uri.parameters, SPAN("lr"), &value);
        }
    }
}

/* The text, ending where nothing can be read. */
struct fence {
    char *memory;
    size_t page;
};

static struct fence fence_create(void)
{
    struct fence fence = {.page = (size_t)sysconf(_SC_PAGESIZE)};

    fence.memory = mmap(NULL, 17 * fence.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CU_ASSERT_FATAL(fence.memory != MAP_FAILED);
    CU_ASSERT_FATAL(mprotect(fence.memory + 16 * fence.page, fence.page, PROT_NONE) == 0);
    return fence;
}

static struct span fenced(const struct fence *fence, const char *text, size_t size)
{
    char *at = fence->memory + 16 * fence->page - size;

    memcpy(at, text, size);
    return (struct span){at, size};
}

static void test_request_is_cut_into_spans(void)
{
    struct sip_message message;
    struct sip_cseq cseq;

    CU_ASSERT_EQUAL_FATAL(sip_parse(SPAN(invite), &message), ERR_OK);
    CU_ASSERT_TRUE(message.is_request);
    CU_ASSERT_TRUE(is(message.method, "INVITE") && is(message.uri, "sip:bob@biloxi.com"));
    CU_ASSERT_EQUAL(message.count, 9);
    CU_ASSERT_EQUAL(message.size, sizeof(invite) - 1);
    CU_ASSERT_TRUE(is(sip_value(&message, SIP_HEADER_TO), "Bob <sip:bob@biloxi.com>"));
    CU_ASSERT_TRUE(is(sip_tag(sip_value(&message, SIP_HEADER_FROM)), "1928301774"));
    CU_ASSERT_EQUAL(sip_tag(sip_value(&message, SIP_HEADER_TO)).size, 0);
    CU_ASSERT_EQUAL_FATAL(sip_parse_cseq(sip_value(&message, SIP_HEADER_CSEQ), &cseq), ERR_OK);
    CU_ASSERT_TRUE(cseq.number == 314159 && is(cseq.method, "INVITE"));
    CU_ASSERT_EQUAL(sip_value(&message, SIP_HEADER_ROUTE).size, 0);
    CU_ASSERT_PTR_NULL(sip_line_next(&message, SIP_HEADER_ROUTE, NULL));
    CU_ASSERT_TRUE(is(message.lines[1].whole, "Max-Forwards: 70\r\n"));
}

static void test_response_is_cut_into_spans(void)
{
    struct sip_message message;
    struct sip_via via;

    CU_ASSERT_EQUAL_FATAL(sip_parse(SPAN(ok), &message), ERR_OK);
    CU_ASSERT_FALSE(message.is_request);
    CU_ASSERT_TRUE(message.status == 200 && is(message.reason, "OK"));
    const struct sip_line *first = sip_line_next(&message, SIP_HEADER_VIA, NULL);
    const struct sip_line *second = sip_line_next(&message, SIP_HEADER_VIA, first);

    CU_ASSERT_PTR_NOT_NULL_FATAL(second);
    CU_ASSERT_PTR_NULL(sip_line_next(&message, SIP_HEADER_VIA, second));
    CU_ASSERT_EQUAL_FATAL(sip_parse_via(second->value, &via), ERR_OK);
    CU_ASSERT_TRUE(is(via.received, "192.0.2.2") && is(via.branch, "z9hG4bK77ef4c2312983.1"));
}

/* RFC 4475 section 3.1.1.1 asks for all of this. */
static void test_folds_compact_forms_and_cases_are_read(void)
{
    static const char text[] = "\r\n\r\nINVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
                               "TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
                               "f: \"J Rosenberg \\\\\\\"\" <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n"
                               "MaX-fOrWaRdS: 0068\r\n"
                               "i: wsinv.ndaksdj@192.0.2.1\r\n"
                               "cseq: 0009\r\n  INVITE\r\n"
                               "v:  SIP  / 2.0\r\n  /UDP\r\n    192.0.2.2;branch=390skdjuw\r\n"
                               "l: 150\r\nm:\"Quoted, string \\\"\\\"\" <sip:jdrosen@example.com>\r\n\r\nbody";
    struct sip_message message;
    struct sip_via via;
    struct sip_cseq cseq;
    struct sip_address address;
    uint64_t number;

    CU_ASSERT_EQUAL_FATAL(sip_parse(SPAN(text), &message), ERR_OK);
    CU_ASSERT_EQUAL(message.size, sizeof(text) - 1 - 4);
    CU_ASSERT_TRUE(is(sip_tag(sip_value(&message, SIP_HEADER_TO)), "1918181833n"));
    CU_ASSERT_TRUE(is(sip_tag(sip_value(&message, SIP_HEADER_FROM)), "98asjd8"));
    CU_ASSERT_EQUAL(sip_parse_number(sip_value(&message, SIP_HEADER_MAX_FORWARDS), &number), ERR_OK);
    CU_ASSERT_EQUAL(number, 68);
    CU_ASSERT_EQUAL_FATAL(sip_parse_cseq(sip_value(&message, SIP_HEADER_CSEQ), &cseq), ERR_OK);
    CU_ASSERT_TRUE(cseq.number == 9 && is(cseq.method, "INVITE"));
    CU_ASSERT_EQUAL_FATAL(sip_parse_via(sip_value(&message, SIP_HEADER_VIA), &via), ERR_OK);
    CU_ASSERT_TRUE(is(via.transport, "UDP") && is(via.host, "192.0.2.2") && is(via.branch, "390skdjuw"));
    CU_ASSERT_TRUE(is(sip_value(&message, SIP_HEADER_CONTENT_LENGTH), "150"));
    CU_ASSERT_EQUAL_FATAL(sip_parse_address(sip_value(&message, SIP_HEADER_CONTACT), &address), ERR_OK);
    CU_ASSERT_TRUE(is(address.display, "\"Quoted, string \\\"\\\"\"") && is(address.uri, "sip:jdrosen@example.com"));
}

static void test_every_truncation_wants_more(void)
{
    const struct span texts[] = {SPAN(invite), SPAN(ok)};
    struct fence fence = fence_create();
    struct sip_message message;

    for (size_t i = 0; i < 2; i++)
        for (size_t size = 0; size < texts[i].size; size++) {
            enum err result = sip_parse(fenced(&fence, texts[i].data, size), &message);

            if (result != ERR_MORE)
                printf("%zu bytes\n", size);
            CU_ASSERT_EQUAL(result, ERR_MORE);
        }
    munmap(fence.memory, 17 * fence.page);
}

static void test_bad_heads_are_refused(void)
{
    static const char *const heads[] = {
        "INVITE  sip:a@b SIP/2.0\r\n\r\n",         /* RFC 4475 3.1.2.8: two blanks */
        "INVITE sip:a@b SIP/2.0 \r\n\r\n",         /* 3.1.2.9: a blank behind */
        "INVITE <sip:a@b> SIP/2.0\r\n\r\n",        /* 3.1.2.6 */
        "INVITE sip:a@b; x SIP/2.0\r\n\r\n",       /* 3.1.2.7: a blank within */
        "INVITE sip:a@b SIP/7.0\r\n\r\n",          /* 3.1.2.16 */
        "INVITE sip:a@b\r\n\r\n",                  /* no version */
        " INVITE sip:a@b SIP/2.0\r\n\r\n",         /* a blank before */
        "SIP/2.0 4294967301 big\r\n\r\n",          /* 3.1.2.19 */
        "SIP/2.0 099 small\r\n\r\n",               /* no such status */
        "SIP/2.0 2x0 no\r\n\r\n",                  /* no number */
        "SIP/2.0 200\r\n\r\n",                     /* no blank before the reason */
        "GET / HTTP/1.1\r\n\r\n",                  /* another protocol */
        "INVITE sip:a@b SIP/2.0\r\nTo\r\n\r\n",    /* no colon */
        "INVITE sip:a@b SIP/2.0\r\n: x\r\n\r\n",   /* no name */
        "INVITE sip:a@b SIP/2.0\r\n x: y\r\n\r\n", /* a fold of nothing */
        "INVITE sip:a@b SIP/2.0\r\nT o: y\r\n\r\n",
        "INVITE sip:a@b SIP/2.0\r\nTo: y\n\r\n\r\n", /* a bare line feed */
    };
    struct sip_message message;

    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        if (sip_parse(span_of(heads[i]), &message) != ERR_SYNTAX)
            printf("taken: %s", heads[i]);
        CU_ASSERT_EQUAL(sip_parse(span_of(heads[i]), &message), ERR_SYNTAX);
    }
    CU_ASSERT_EQUAL(sip_parse(SPAN("SIP/2.0 100 \r\nTo: a\r\n\r\n"), &message), ERR_OK); /* 3.1.1.13: no reason */
}

static void test_limits_hold(void)
{
    char text[2 * SIP_HEAD_SIZE_MAX];
    struct sink sink = SINK(text);
    struct sip_message message;

    sink_text(&sink, "OPTIONS sip:a@b SIP/2.0\r\n");
    for (int i = 0; i < SIP_LINES_MAX; i++)
        sink_text(&sink, "X: y\r\n");
    size_t size = sink.size;

    sink_text(&sink, "\r\n");
    CU_ASSERT_EQUAL(sip_parse(sink_written(&sink), &message), ERR_OK);
    CU_ASSERT_EQUAL(message.count, SIP_LINES_MAX);
    sink.size = size;
    sink_text(&sink, "X: y\r\n\r\n");
    CU_ASSERT_EQUAL(sip_parse(sink_written(&sink), &message), ERR_FULL);

    sink.size = size;
    sink_text(&sink, "Y: ");
    while (sink.size < SIP_HEAD_SIZE_MAX)
        sink_char(&sink, 'y');
    CU_ASSERT_EQUAL(sip_parse((struct span){text, SIP_HEAD_SIZE_MAX - 1}, &message), ERR_MORE);
    CU_ASSERT_EQUAL(sip_parse(sink_written(&sink), &message), ERR_FULL);
    /* One that just fits: the last four bytes end the last line and the head. */
    memcpy(text + SIP_HEAD_SIZE_MAX - 4, "\r\n\r\n", 4);
    memcpy(text + 25, "Z: y\r\n", 6);
    size_t first = 25 + 6;

    memcpy(text + first, "Y: ", 3);
    memset(text + first + 3, 'y', SIP_HEAD_SIZE_MAX - 4 - first - 3);
    CU_ASSERT_EQUAL(sip_parse((struct span){text, SIP_HEAD_SIZE_MAX}, &message), ERR_OK);
    CU_ASSERT_EQUAL(message.size, SIP_HEAD_SIZE_MAX);
}

static void test_vias_are_read(void)
{
    static const struct {
        const char *text, *transport, *host, *branch, *received;
        int port;
        bool has_rport;
        const char *rport;
    } rows[] = {
        {"SIP/2.0/UDP erlang.bell-telephone.com:5060;branch=z9hG4bK87asdks7", "UDP", "erlang.bell-telephone.com",
         "z9hG4bK87asdks7", "", 5060, false, ""},
        {"SIP / 2.0 / UDP first.example.com: 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1", "UDP",
         "first.example.com", "z9hG4bKa7c6a8dlze.1", "", 4000, false, ""},
        {"SIP/2.0/UDP 10.1.1.1:4540;rport;branch=z9hG4bKkjshdyff", "UDP", "10.1.1.1", "z9hG4bKkjshdyff", "", 4540, true,
         ""},
        {"SIP/2.0/UDP 10.1.1.1:4540;received=192.0.2.1;rport=9988;branch=z9hG4bKkjshdyff", "UDP", "10.1.1.1",
         "z9hG4bKkjshdyff", "192.0.2.1", 4540, true, "9988"},
        {"SIP/2.0/TLS [2001:db8::9:1]:5061;branch=z9hG4bKas3-111", "TLS", "[2001:db8::9:1]", "z9hG4bKas3-111", "", 5061,
         false, ""},
        {"SIP/2.0/UDP pc33.atlanta.com", "UDP", "pc33.atlanta.com", "", "", 0, false, ""},
    };
    static const char *const bad[] = {
        "",
        "SIP/2.0",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ;branch=z9hG4bK1",
        "SIP/1.0/UDP a;branch=z9hG4bK1",
        "HTTP/2.0/UDP a",
        "SIP/2.0/UDP a:0",
        "SIP/2.0/UDP a:65536",
        "SIP/2.0/UDP a:b",
        "SIP/2.0/UDP [::1;x",
        "SIP/2.0/UDPa.b",
    };
    struct sip_via via;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT_EQUAL_FATAL(sip_parse_via(span_of(rows[i].text), &via), ERR_OK);
        CU_ASSERT_TRUE(is(via.transport, rows[i].transport) && is(via.host, rows[i].host));
        CU_ASSERT_TRUE(is(via.branch, rows[i].branch) && is(via.received, rows[i].received));
        CU_ASSERT_TRUE(via.port == rows[i].port && via.has_rport == rows[i].has_rport && is(via.rport, rows[i].rport));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_EQUAL(sip_parse_via(span_of(bad[i]), &via), ERR_SYNTAX);
}

static void test_uris_are_read(void)
{
    static const struct {
        const char *text, *scheme, *user, *host;
        int port;
        const char *parameters, *bare;
    } rows[] = {
        {"sip:alice@atlanta.com", "sip", "alice", "atlanta.com", 0, "", "sip:alice@atlanta.com"},
        {"sips:alice@atlanta.com:5061;transport=tcp?subject=x", "sips", "alice", "atlanta.com", 5061, ";transport=tcp",
         "sips:alice@atlanta.com"},
        {"sip:orig@scscf.open-ims.test:6060;lr", "sip", "orig", "scscf.open-ims.test", 6060, ";lr",
         "sip:orig@scscf.open-ims.test"},
        {"sip:atlanta.com;method=REGISTER", "sip", "", "atlanta.com", 0, ";method=REGISTER", "sip:atlanta.com"},
        {"sip:user;par=u%40example.net@example.com", "sip", "user;par=u%40example.net", "example.com", 0, "",
         "sip:user;par=u%40example.net@example.com"}, /* RFC 4475 3.1.1.10 */
        {"tel:+358-555-1234567;postd=pp22", "tel", "+358-555-1234567", "", 0, ";postd=pp22", "tel:+358-555-1234567"},
        {"sip:bob@[2001:db8::10]:5070", "sip", "bob", "[2001:db8::10]", 5070, "", "sip:bob@[2001:db8::10]"},
    };
    struct sip_uri uri;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT_EQUAL_FATAL(sip_parse_uri(span_of(rows[i].text), &uri), ERR_OK);
        CU_ASSERT_TRUE(is(uri.scheme, rows[i].scheme) && is(uri.user, rows[i].user) && is(uri.host, rows[i].host));
        CU_ASSERT_TRUE(uri.port == rows[i].port && is(uri.parameters, rows[i].parameters) &&
                       is(uri.bare, rows[i].bare));
    }
    CU_ASSERT_EQUAL(sip_parse_uri(SPAN("sip:"), &uri), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_parse_uri(SPAN("sip:@a"), &uri), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_parse_uri(SPAN("sip:a@b:99999"), &uri), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_parse_uri(SPAN("alice"), &uri), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_parse_uri(SPAN("soap.beep://192.0.2.103:3002"), &uri), ERR_UNKNOWN);
}

static void test_lists_and_addresses_are_read(void)
{
    struct span list = SPAN("<sip:p1.example.com;lr>;a=\"x,y\" , \"A, B\" <sip:c@d;x=1,2>;q=1,\tsip:e@f;tag=7");
    struct span element, value = {"", 0};
    struct sip_address address;

    CU_ASSERT_EQUAL_FATAL(sip_cut_element(&list, &element), ERR_OK);
    CU_ASSERT_TRUE(is(element, "<sip:p1.example.com;lr>;a=\"x,y\""));
    CU_ASSERT_EQUAL_FATAL(sip_parse_address(element, &address), ERR_OK);
    CU_ASSERT_TRUE(is(address.uri, "sip:p1.example.com;lr") && is(address.parameters, ";a=\"x,y\""));
    CU_ASSERT_EQUAL_FATAL(sip_cut_element(&list, &element), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(sip_parse_address(element, &address), ERR_OK);
    CU_ASSERT_TRUE(is(address.display, "\"A, B\"") && is(address.uri, "sip:c@d;x=1,2"));
    CU_ASSERT_EQUAL_FATAL(sip_cut_element(&list, &element), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(sip_parse_address(element, &address), ERR_OK);
    CU_ASSERT_TRUE(is(address.uri, "sip:e@f"));
    CU_ASSERT_TRUE_FATAL(sip_parameter(address.parameters, SPAN("TAG"), &value));
    CU_ASSERT_TRUE(is(value, "7"));
    CU_ASSERT_EQUAL(list.size, 0);
    CU_ASSERT_EQUAL(sip_cut_element(&list, &element), ERR_SYNTAX);
    list = SPAN("\"open, <sip:a@b>");
    CU_ASSERT_EQUAL(sip_cut_element(&list, &element), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_parse_address(SPAN("<sip:a@b"), &address), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_parse_address(SPAN("<sip:a@b>x"), &address), ERR_SYNTAX);
    CU_ASSERT_FALSE(sip_parameter(SPAN(";lrx;xlr;a=lr"), SPAN("lr"), NULL));
    CU_ASSERT_TRUE(sip_parameter(SPAN(";a=\";lr\";LR"), SPAN("lr"), NULL));
}

static void test_small_values_are_read_whole_or_not(void)
{
    struct sip_cseq cseq;
    uint64_t number;
    uint32_t address;

    CU_ASSERT_EQUAL(sip_parse_cseq(SPAN("1INVITE"), &cseq), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_parse_cseq(SPAN("1 INVITE x"), &cseq), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_parse_cseq(SPAN("36893488147419103232 REGISTER"), &cseq), ERR_SYNTAX); /* RFC 4475 3.1.2.4 */
    CU_ASSERT_EQUAL(sip_parse_cseq(SPAN("1"), &cseq), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_parse_number(SPAN("-999"), &number), ERR_SYNTAX); /* RFC 4475 3.1.2.3 */
    CU_ASSERT_EQUAL(sip_parse_number(SPAN("99999999999999999999"), &number), ERR_RANGE);
    CU_ASSERT_EQUAL(sip_parse_number(SPAN("7 "), &number), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_parse_ipv4(SPAN("192.168.80.128"), &address), ERR_OK);
    CU_ASSERT_EQUAL(address, 0xC0A85080);
    CU_ASSERT_EQUAL(sip_parse_ipv4(SPAN("192.168.80"), &address), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_parse_ipv4(SPAN("192.168.80.256"), &address), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_parse_ipv4(SPAN("192.168.80.1.2"), &address), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_parse_ipv4(SPAN("a.b.c.d"), &address), ERR_SYNTAX);
}

static void test_written_lines_are_read_back(void)
{
    char text[512];
    struct sink sink = SINK(text);
    struct sip_message message;

    sip_write_request(&sink, SPAN("MESSAGE"), SPAN("sip:bob@open-ims.test"));
    sip_write_line(&sink, "To", SPAN("<sip:bob@open-ims.test>"));
    sip_write_end(&sink, 1300);
    CU_ASSERT_TRUE(is(sink_written(&sink), "MESSAGE sip:bob@open-ims.test SIP/2.0\r\nTo: <sip:bob@open-ims.test>\r\n"
                                           "Content-Length: 1300\r\n\r\n"));
    CU_ASSERT_EQUAL(sip_parse(sink_written(&sink), &message), ERR_OK);
    sink.size = 0;
    sip_write_status(&sink, 483);
    CU_ASSERT_TRUE(is(sink_written(&sink), "SIP/2.0 483 Too Many Hops\r\n"));
    sink.size = 0;
    sip_write_ipv4(&sink, 0xC0A85080);
    CU_ASSERT_TRUE(is(sink_written(&sink), "192.168.80.128"));
}

/* Bytes of a valid message changed at random, by the same numbers every time. */
static void test_damaged_heads_do_no_harm(void)
{
    struct fence fence = fence_create();
    uint64_t state = 1;
    char text[sizeof(ok)];

    for (int round = 0; round < 20000; round++) {
        memcpy(text, ok, sizeof(ok));
        for (int i = 0; i < 3; i++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
            text[(state >> 33) % (sizeof(ok) - 1)] = "\r\n \t:;,<>\"\\/=@[]%\0aZ0"[(state >> 20) % 21];
        }
        read_all(fenced(&fence, text, sizeof(ok) - 1));
    }
    munmap(fence.memory, 17 * fence.page);
}

/* ---- Messages of others, where they are at hand ---- */

/* Heads of RFC 4475 that no parser may take, by the start line or the form of a line alone. */
static const char *const refused[] = {"badvers.dat", "bigcode.dat", "ltgtruri.dat", "lwsruri.dat", "lwsstart.dat",
                                      "trws.dat",    NULL};
/* And such that every parser takes. */
static const char *const taken[] = {"wsinv.dat",    "intmeth.dat", "esc01.dat",    "escnull.dat", "esc02.dat",
                                    "lwsdisp.dat",  "semiuri.dat", "longreq.dat",  "dblreq.dat",  "transports.dat",
                                    "noreason.dat", "mpart01.dat", "unreason.dat", NULL};

static bool is_among(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

static const char *join(char *path, size_t size, const char *folder, const char *name)
{
    struct sink sink = {.data = path, .capacity = size};

    sink_text(&sink, folder);
    sink_char(&sink, '/');
    sink_text(&sink, name);
    return sink_string(&sink);
}

static int read_folder(const char *captures, const char *sub_folder)
{
    char path[1024], text[65536];
    struct fence fence = fence_create();
    int count = 0;

    DIR *folder = opendir(join(path, sizeof(path), captures, sub_folder));

    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;) {
        struct sip_message message;

        if (entry->d_name[0] == '.')
            continue;
        char name[1024];
        FILE *file =
            fopen(join(name, sizeof(name), join(path, sizeof(path), captures, sub_folder), entry->d_name), "rb");
        size_t size = file ? fread(text, 1, sizeof(text), file) : 0;

        if (file)
            fclose(file);
        struct span span = fenced(&fence, text, size);
        enum err result = sip_parse(span, &message);

        read_all(span);
        for (size_t cut = 0; cut < size && cut < 2048; cut++)
            read_all(fenced(&fence, text, cut));
        if (is_among(entry->d_name, refused))
            CU_ASSERT_EQUAL(result, ERR_SYNTAX);
        if (is_among(entry->d_name, taken) && result != ERR_OK)
            printf("%s: %d\n", entry->d_name, result);
        if (is_among(entry->d_name, taken))
            CU_ASSERT_EQUAL(result, ERR_OK);
        count++;
    }
    if (folder)
        closedir(folder);
    munmap(fence.memory, 17 * fence.page);
    return count;
}

/* The RAck of RFC 3262 section 7.2, and lists of option tags. */
static void test_reliable_headers_are_read(void)
{
    static const char *const wrong[] = {
        "", "776656", "776656 1", "776656 1 ", "x 1 INVITE", "1 INVITE", "4294967296 1 INVITE", "776656 1 INVITE x"};
    static const char text[] =
        "INVITE sip:a@b SIP/2.0\r\nk: timer, 100REL\r\nRequire: precondition\r\nRSeq: 988789\r\n\r\n";
    struct sip_message message;
    struct sip_rack rack;

    CU_ASSERT_EQUAL(sip_parse_rack(SPAN("776656 1 INVITE"), &rack), ERR_OK);
    CU_ASSERT_EQUAL(rack.rseq, 776656);
    CU_ASSERT_EQUAL(rack.cseq, 1);
    CU_ASSERT_TRUE(span_equal(rack.method, SPAN("INVITE")));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CU_ASSERT_NOT_EQUAL(sip_parse_rack(span_of(wrong[i]), &rack), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(sip_parse(span_of(text), &message), ERR_OK);
    CU_ASSERT_TRUE(sip_lists(&message, SIP_HEADER_SUPPORTED, SPAN("100rel")));
    CU_ASSERT_FALSE(sip_lists(&message, SIP_HEADER_REQUIRE, SPAN("100rel")));
    CU_ASSERT_TRUE(span_equal(sip_value(&message, SIP_HEADER_RSEQ), SPAN("988789")));
}

static void test_torture_messages_do_no_harm(void)
{
    const char *captures = getenv("CAPTURES");

    if (!captures || captures[0] == 0) {
        printf("skipped: CAPTURES names no folder of messages ");
        return;
    }
    CU_ASSERT_EQUAL(read_folder(captures, "messages/rfc4475"), 49);
    CU_ASSERT_TRUE(read_folder(captures, "messages/sip") > 100);
}

static const struct unit_test tests[] = {
    {"a request is cut into spans", test_request_is_cut_into_spans},
    {"a response is cut into spans", test_response_is_cut_into_spans},
    {"folds, compact forms and cases are read", test_folds_compact_forms_and_cases_are_read},
    {"every truncation of a head wants more", test_every_truncation_wants_more},
    {"bad heads are refused", test_bad_heads_are_refused},
    {"the limits of lines and bytes hold", test_limits_hold},
    {"Vias are read", test_vias_are_read},
    {"URIs are read", test_uris_are_read},
    {"lists and addresses are read", test_lists_and_addresses_are_read},
    {"small values are read whole or not at all", test_small_values_are_read_whole_or_not},
    {"RAck, RSeq and option tags are read", test_reliable_headers_are_read},
    {"written lines are read back", test_written_lines_are_read_back},
    {"damaged heads do no harm", test_damaged_heads_do_no_harm},
    {"the torture messages do no harm", test_torture_messages_do_no_harm},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("sip", tests);
}
