/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The descriptions are those of RFC 4975 section 4, RFC 5547 section 9 and RFC 4976 section 4. */
#include "sim/wire/sdp.h"
#include "sim/wire/sdp_qos.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define HASH "sha-1:72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E"

static const char chat[] = "v=0\r\n"
                           "o=alice 2890844557 2890844559 IN IP4 alicepc.example.com\r\n"
                           "s= -\r\n"
                           "c=IN IP4 alicepc.example.com\r\n"
                           "t=0 0\r\n"
                           "m=message 7777 TCP/MSRP *\r\n"
                           "a=accept-types:text/plain\r\n"
                           "a=path:msrp://alicepc.example.com:7777/iau39soe2843z;tcp\r\n";

static const char file[] = "v=0\r\n"
                           "o=alice 2890844526 2890844526 IN IP4 host.atlanta.example.com\r\n"
                           "s=\r\n"
                           "c=IN IP4 host.atlanta.example.com\r\n"
                           "t=0 0\r\n"
                           "m=message 7654 TCP/MSRP *\r\n"
                           "i=This is my latest picture\r\n"
                           "a=sendonly\r\n"
                           "a=accept-types:message/cpim\r\n"
                           "a=accept-wrapped-types:*\r\n"
                           "a=path:msrp://atlanta.example.com:7654/jshA7we;tcp\r\n"
                           "a=file-selector:name:\"My cool picture.jpg\" type:image/jpeg size:32349 hash:" HASH "\r\n"
                           "a=file-transfer-id:vBnG916bdberum2fFEABR1FR3ExZMUrd\r\n"
                           "a=file-disposition:attachment\r\n"
                           "a=file-date:creation:\"Mon, 15 May 2006 15:01:31 +0300\"\r\n"
                           "a=file-icon:cid:id2@alicepc.example.com\r\n"
                           "a=file-range:1-32349\r\n";

static bool is(struct span span, const char *text)
{
    return span_equal(span, span_of(text));
}

static enum err read_only(const char *text)
{
    struct sdp_msrp sdp;

    return sdp_read(span_of(text), &sdp);
}

static void test_chat(void)
{
    struct sdp_msrp sdp;

    CU_ASSERT_EQUAL_FATAL(sdp_read(span_of(chat), &sdp), ERR_OK);
    CU_ASSERT_TRUE(is(sdp.user, "alice") && sdp.session_id == 2890844557 && sdp.version == 2890844559);
    CU_ASSERT_TRUE(is(sdp.host, "alicepc.example.com") && sdp.port == 7777 && !sdp.is_tls);
    CU_ASSERT_TRUE(is(sdp.path, "msrp://alicepc.example.com:7777/iau39soe2843z;tcp"));
    CU_ASSERT_TRUE(is(sdp.accept_types, "text/plain") && sdp.direction == SDP_SENDRECV);
    CU_ASSERT_TRUE(sdp.setup == SDP_SETUP_ABSENT && !sdp.has_file && !sdp.has_cema);
}

static void test_file(void)
{
    struct sdp_msrp sdp;

    CU_ASSERT_EQUAL_FATAL(sdp_read(span_of(file), &sdp), ERR_OK);
    CU_ASSERT_TRUE(sdp.direction == SDP_SENDONLY && sdp.has_file && sdp.has_file_size && sdp.file_size == 32349);
    CU_ASSERT_TRUE(is(sdp.file_name, "My cool picture.jpg") && is(sdp.file_type, "image/jpeg"));
    CU_ASSERT_TRUE(is(sdp.file_hash, HASH) && is(sdp.file_disposition, "attachment"));
    CU_ASSERT_TRUE(is(sdp.file_transfer_id, "vBnG916bdberum2fFEABR1FR3ExZMUrd"));
}

static void test_relays_and_setup(void)
{
    const char *path = "msrps://extra.example.com:9000/mywdEe1233;tcp msrps://intra.example.com:9000/jui787s2f;tcp "
                       "msrps://alice.example.com:9892/98cjs;tcp";
    char text[1024];
    struct sink sink = SINK(text);
    struct sdp_msrp sdp;

    sink_text(&sink, "v=0\no=- 1 1 IN IP6 2001:db8::1\ns=-\nc=IN IP6 2001:db8::1\nt=0 0\n"
                     "m=audio 4000 RTP/AVP 0\na=recvonly\n"
                     "m=message 2855 TCP/TLS/MSRP *\nc=IN IP6 2001:db8::2\na=setup:actpass\na=msrp-cema\na=path:");
    sink_text(&sink, path);
    sink_text(&sink, "\na=fingerprint:SHA-1 4A:AD:B9\nm=audio 0 RTP/AVP 0\na=inactive\n");
    CU_ASSERT_EQUAL_FATAL(sdp_read(sink_written(&sink), &sdp), ERR_OK);
    CU_ASSERT_TRUE(is(sdp.path, path) && sdp.is_tls && sdp.port == 2855 && is(sdp.host, "2001:db8::2"));
    CU_ASSERT_TRUE(sdp.setup == SDP_SETUP_ACTPASS && sdp.has_cema && sdp.direction == SDP_SENDRECV);
    CU_ASSERT_TRUE(is(sdp.fingerprint, "SHA-1 4A:AD:B9"));
}

static void test_round_trip(void)
{
    struct sdp_msrp sdp, again;
    char text[2048], twice[2048];
    struct sink first = SINK(text), second = SINK(twice);

    CU_ASSERT_EQUAL_FATAL(sdp_read(span_of(file), &sdp), ERR_OK);
    sdp.setup = SDP_SETUP_PASSIVE;
    sdp.has_cema = true;
    sdp.is_tls = true;
    sdp.fingerprint = SPAN("SHA-256 00:11");
    sdp_write(&sdp, &first);
    CU_ASSERT_EQUAL_FATAL(sdp_read(sink_written(&first), &again), ERR_OK);
    sdp_write(&again, &second);
    CU_ASSERT_TRUE(!first.overflow && span_equal(sink_written(&first), sink_written(&second)));
    CU_ASSERT_TRUE(again.setup == SDP_SETUP_PASSIVE && again.has_cema && again.is_tls && again.file_size == 32349);
    CU_ASSERT_TRUE(is(again.file_name, "My cool picture.jpg") && is(again.fingerprint, "SHA-256 00:11"));
}

static void test_written(void)
{
    struct sdp_msrp sdp = {.session_id = 5, .version = 6, .host = SPAN("192.168.80.1"), .port = 7394};
    char text[512];
    struct sink sink = SINK(text);

    sdp.path = SPAN("msrp://192.168.80.1:7394/session;tcp");
    sdp.accept_types = SPAN("*");
    sdp.direction = SDP_SENDONLY;
    sdp.has_file = true;
    sdp.file_type = SPAN("text/plain");
    sdp.has_file_size = true;
    sdp_write(&sdp, &sink);
    CU_ASSERT_STRING_EQUAL(sink_string(&sink),
                           "v=0\r\no=- 5 6 IN IP4 192.168.80.1\r\ns=-\r\nc=IN IP4 192.168.80.1\r\n"
                           "t=0 0\r\nm=message 7394 TCP/MSRP *\r\na=sendonly\r\na=accept-types:*\r\n"
                           "a=path:msrp://192.168.80.1:7394/session;tcp\r\n"
                           "a=file-selector:type:text/plain size:0\r\n");
}

static void test_truncated(void)
{
    size_t path_end = span_find(span_of(file), SPAN("jshA7we;tcp\r\n")) + strlen("jshA7we;tcp\r\n");

    for (size_t cut = 0; cut < sizeof(file) - 1; cut++) {
        struct sdp_msrp sdp = {.port = 1};
        enum err error = sdp_read((struct span){file, cut}, &sdp);
        bool is_whole = cut >= path_end && file[cut - 1] == '\n';

        CU_ASSERT_EQUAL(error, is_whole ? ERR_OK : ERR_MORE);
        CU_ASSERT_TRUE(is_whole || sdp.port == 1);
    }
}

static void test_page_end(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sdp_leg leg = {.path = SPAN("msrp://x;tcp"), .host = SPAN("x"), .port = 1};
    char text[2048];

    if (pages == MAP_FAILED || mprotect(pages + page, page, PROT_NONE) != 0)
        abort();
    for (size_t cut = 0; cut < sizeof(file); cut++) {
        struct sdp_msrp sdp;
        struct sink sink = SINK(text);
        struct span at_end = {pages + page - cut, cut};

        memcpy(pages + page - cut, file, cut);
        enum err error = sdp_read(at_end, &sdp);

        CU_ASSERT_EQUAL(sdp_replace_leg(at_end, &leg, &sink), error == ERR_OK);
    }
    munmap(pages, 2 * page);
}

static void test_bad(void)
{
#define FRONT "v=0\no=- 1 1 IN IP4 a\n"
#define PATH "a=path:msrp://a;tcp\n"
    CU_ASSERT_EQUAL(read_only("<xml/>\n"), ERR_SYNTAX);
    CU_ASSERT_EQUAL(read_only(FRONT "no line\nm=message 1 TCP/MSRP *\n" PATH), ERR_SYNTAX);
    CU_ASSERT_EQUAL(read_only(FRONT "m=message 1 TCP/MSRP *\nm=message 2 TCP/MSRP *\n" PATH), ERR_SYNTAX);
    CU_ASSERT_EQUAL(read_only(FRONT "m=message 65536 TCP/MSRP *\n" PATH), ERR_RANGE);
    CU_ASSERT_EQUAL(read_only(FRONT "m=message x TCP/MSRP *\n" PATH), ERR_SYNTAX);
    CU_ASSERT_EQUAL(read_only(FRONT "m=message 1\n" PATH), ERR_SYNTAX);
    CU_ASSERT_EQUAL(read_only("v=0\no=- x 1 IN IP4 a\n"), ERR_SYNTAX);
    CU_ASSERT_EQUAL(read_only(FRONT "c=IN IP5 a\nm=message 1 TCP/MSRP *\n" PATH), ERR_SYNTAX);
    CU_ASSERT_EQUAL(read_only(FRONT "m=message 1 TCP/MSRP *\n" PATH "a=file-selector:name:\"a\n"), ERR_SYNTAX);
    CU_ASSERT_EQUAL(read_only(FRONT "m=message 1 TCP/MSRP *\n" PATH "a=file-selector:name:a\n"), ERR_SYNTAX);
    CU_ASSERT_EQUAL(read_only(FRONT "m=message 1 TCP/MSRP *\n" PATH "a=file-selector:size:9999999999999999999999\n"),
                    ERR_RANGE);
    CU_ASSERT_EQUAL(read_only(FRONT "m=audio 1 RTP/AVP 0\n" PATH), ERR_MORE);
    CU_ASSERT_EQUAL(read_only(FRONT "m=message 1 TCP/MSRP *\n" PATH "a=file-selector\n"), ERR_OK);
}

static void test_file_names(void)
{
    char text[64];
    struct sink sink = SINK(text);

    sdp_file_name(SPAN("50% \"off\"\r\n.txt"), &sink);
    CU_ASSERT_STRING_EQUAL(sink_string(&sink), "50%25 %22off%22%0D%0A.txt");
}

static void test_replaced(void)
{
    struct sdp_leg leg = {.path = SPAN("msrps://10.0.0.9:2855/x;tcp"), .host = SPAN("10.0.0.9"), .port = 2855};
    char text[2048];
    struct sink sink = SINK(text);
    struct sdp_msrp sdp;

    leg.is_tls = true;
    leg.fingerprint = SPAN("SHA-256 AA:BB");
    CU_ASSERT_TRUE_FATAL(sdp_replace_leg(span_of(file), &leg, &sink));
    CU_ASSERT_EQUAL_FATAL(sdp_read(sink_written(&sink), &sdp), ERR_OK);
    CU_ASSERT_TRUE(is(sdp.path, "msrps://10.0.0.9:2855/x;tcp") && is(sdp.host, "10.0.0.9") && sdp.port == 2855);
    CU_ASSERT_TRUE(sdp.is_tls && is(sdp.fingerprint, "SHA-256 AA:BB") && sdp.file_size == 32349);
    CU_ASSERT_TRUE(span_find(sink_written(&sink), SPAN("a=file-range:1-32349\r\n")) < sink.size);
    CU_ASSERT_TRUE(span_find(sink_written(&sink), SPAN("o=alice 2890844526")) < sink.size);

    /* Back to a leg without TLS: the fingerprint goes, a path that is not given stays. */
    char plain[2048];
    struct sink out = SINK(plain);

    leg = (struct sdp_leg){.host = SPAN("2001:db8::5"), .port = 9};
    CU_ASSERT_TRUE_FATAL(sdp_replace_leg(sink_written(&sink), &leg, &out));
    CU_ASSERT_EQUAL_FATAL(sdp_read(sink_written(&out), &sdp), ERR_OK);
    CU_ASSERT_TRUE(!sdp.is_tls && sdp.fingerprint.size == 0 && is(sdp.path, "msrps://10.0.0.9:2855/x;tcp"));
    CU_ASSERT_TRUE(span_find(sink_written(&out), SPAN("c=IN IP6 2001:db8::5\r\n")) < out.size);
}

static void test_not_replaced(void)
{
    struct sdp_leg leg = {.host = SPAN("a"), .port = 9};
    char text[512];
    struct sink sink = SINK(text);

    CU_ASSERT_FALSE(sdp_replace_leg(SPAN("v=0\r\no=- 1 1 IN IP4 a\r\nm=audio 1 RTP/AVP 0\r\n"), &leg, &sink));
    CU_ASSERT_EQUAL(sink.size, 0);
}

/* RFC 3312 section 5: what is written is read again, and what RFC 3312's section 13 shows is understood. */
static void test_preconditions(void)
{
    for (int bits = 0; bits < 16; bits++) {
        struct sdp_qos qos = {bits & 1, bits >> 1 & 1, bits >> 2 & 1, bits >> 3 & 1}, again;
        char text[512];
        struct sink sink = SINK(text);

        sink_text(&sink, "v=0\r\n");
        sdp_write_qos(&qos, &sink);
        CU_ASSERT_FALSE(sink.overflow);
        CU_ASSERT_TRUE(sdp_read_qos(sink_written(&sink), &again));
        CU_ASSERT_EQUAL(memcmp(&qos, &again, sizeof(qos)), 0);
    }
    struct sdp_qos qos;

    CU_ASSERT_FALSE(sdp_read_qos(SPAN("v=0\r\nm=audio 20000 RTP/AVP 0\r\n"), &qos));
    CU_ASSERT_TRUE(
        sdp_read_qos(SPAN("m=audio 30000 RTP/AVP 0\r\na=curr:qos local none\r\na=curr:qos remote sendrecv\r\n"
                          "a=des:qos mandatory local sendrecv\r\na=des:qos mandatory remote sendrecv\r\n"
                          "a=conf:qos remote sendrecv\r\n"),
                     &qos));
    CU_ASSERT_TRUE(!qos.has_local && qos.has_remote && qos.insists_remote && qos.asks_confirmation);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"RFC 4975's offer is read", test_chat},
        {"RFC 5547's offer of a file is read", test_file},
        {"paths through relays, setup, CEMA and other media are read", test_relays_and_setup},
        {"what is written reads back the same", test_round_trip},
        {"an offer is written line by line as expected", test_written},
        {"a description cut inside a line or before its path wants more", test_truncated},
        {"nothing is read behind the end of the text", test_page_end},
        {"what is not SDP, or not MSRP's, is refused", test_bad},
        {"file names are percent-encoded", test_file_names},
        {"a leg is put in and taken out, other lines stay", test_replaced},
        {"a description without MSRP is left alone", test_not_replaced},
        {"preconditions are written and read", test_preconditions},
        {NULL, NULL},
    };

    return unit_run("sdp", tests);
}
