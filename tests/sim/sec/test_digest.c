/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/digest.h"
#include "tests/unit.h"

static bool is_hex(const uint8_t *hash, size_t size, const char *expected)
{
    char text[65] = {0};
    struct sink sink = SINK(text);

    for (size_t i = 0; i < size; i++)
        sink_hex(&sink, hash[i], 2);
    return span_equal(sink_written(&sink), span_of(expected));
}

static void test_md5(void)
{
    /* RFC 1321 appendix A.5 */
    static const char *const rows[][2] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct span part = span_of(rows[i][0]);
        char hex[DIGEST_MD5_HEX + 1] = {0};

        digest_md5(&part, 1, hex);
        CU_ASSERT_STRING_EQUAL(hex, rows[i][1]);
    }
}

/* RFC 2617 section 3.5: request-digest of Mufasa. */
static void test_http_digest(void)
{
    char a1[DIGEST_MD5_HEX], a2[DIGEST_MD5_HEX], response[DIGEST_MD5_HEX + 1] = {0};
    const struct span user[] = {SPAN("Mufasa"), SPAN(":"), SPAN("testrealm@host.com"), SPAN(":"),
                                SPAN("Circle Of Life")};
    const struct span request[] = {SPAN("GET:"), SPAN("/dir/index.html")};

    digest_md5(user, 5, a1);
    digest_md5(request, 2, a2);
    const struct span all[] = {
        {a1, sizeof(a1)}, SPAN(":dcd98b7102dd2f0e8b11d0f600bfb0c093:00000001:0a4f113b:auth:"), {a2, sizeof(a2)}};

    digest_md5(all, 3, response);
    CU_ASSERT_STRING_EQUAL(response, "6629fae49393a05397450978507c4ef1");
    digest_md5(NULL, 0, response);
    CU_ASSERT_STRING_EQUAL(response, "d41d8cd98f00b204e9800998ecf8427e");
}

static void test_sha(void)
{
    uint8_t hash[DIGEST_SHA256_SIZE];
    struct source abc = source_memory("xabcx");
    static char million[1000000];
    struct source source = source_memory(million);

    /* FIPS 180-2 appendices A.1, A.3, B.1, B.3. */
    memset(million, 'a', sizeof(million));
    digest_sha1((struct slice){&abc, 1, 3}, hash);
    CU_ASSERT(is_hex(hash, DIGEST_SHA1_SIZE, "a9993e364706816aba3e25717850c26c9cd0d89d"));
    digest_sha1((struct slice){&source, 0, sizeof(million)}, hash);
    CU_ASSERT(is_hex(hash, DIGEST_SHA1_SIZE, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"));
    digest_sha256((struct slice){&abc, 1, 3}, hash);
    CU_ASSERT(is_hex(hash, DIGEST_SHA256_SIZE, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    digest_sha256((struct slice){&source, 0, sizeof(million)}, hash);
    CU_ASSERT(is_hex(hash, DIGEST_SHA256_SIZE, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
    digest_sha256((struct slice){&abc, 0, 0}, hash);
    CU_ASSERT(is_hex(hash, DIGEST_SHA256_SIZE, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"MD5 gives the values of RFC 1321", test_md5},
        {"parts are hashed one after the other, as in RFC 2617's example", test_http_digest},
        {"SHA-1 and SHA-256 give the values of FIPS 180-2", test_sha},
        {NULL, NULL},
    };

    return unit_run("digest", tests);
}
