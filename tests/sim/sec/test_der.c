/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/der.h"
#include "tests/unit.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <sys/mman.h>
#include <unistd.h>

static const uint64_t lengths[] = {0,
                                   1,
                                   127,
                                   128,
                                   255,
                                   256,
                                   65535,
                                   65536,
                                   16777215,
                                   16777216,
                                   4294967295u,
                                   4294967296u,
                                   (1ull << 40) - 1,
                                   1ull << 40,
                                   1ull << 62};
enum { LENGTH_COUNT = sizeof(lengths) / sizeof(lengths[0]) };

static void test_heads(void)
{
    /* Octets of the head by X.690 section 8.1.3: tag, length, and one octet for each 8 bits from 128 on. */
    static const size_t heads[LENGTH_COUNT] = {2, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 10};

    for (size_t i = 0; i < LENGTH_COUNT; i++) {
        char bytes[16];
        struct sink sink = SINK(bytes);
        uint64_t back = 77;

        der_write_head(&sink, DER_SEQUENCE, lengths[i]);
        CU_ASSERT_EQUAL(sink.size, heads[i]);
        CU_ASSERT_EQUAL(der_size(lengths[i]), lengths[i] + heads[i]);
        struct span text = sink_written(&sink);

        CU_ASSERT_EQUAL(der_cut_head(&text, DER_SEQUENCE, &back), ERR_OK);
        CU_ASSERT_EQUAL(back, lengths[i]);
        CU_ASSERT_EQUAL(text.size, 0);
        for (size_t size = 0; size < sink.size; size++) {
            text = (struct span){bytes, size};
            CU_ASSERT_EQUAL(der_cut_head(&text, DER_SEQUENCE, &back), ERR_MORE);
            CU_ASSERT_EQUAL(text.size, size);
        }
    }
    for (int size = 0; size < 70000; size += 7)
        CU_ASSERT_EQUAL(der_size((uint64_t)size), (uint64_t)ASN1_object_size(0, size, V_ASN1_OCTET_STRING));
}

static void test_known(void)
{
    char bytes[64];
    struct sink sink = SINK(bytes);

    /* 1.2.840.113549.1.7.1 (id-data), and INTEGER 5. */
    der_write_oid(&sink, NID_pkcs7_data);
    der_write_small(&sink, 5);
    CU_ASSERT(span_equal(sink_written(&sink), SPAN("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\x02\x01\x05")));
    CU_ASSERT_EQUAL(der_oid_size(NID_pkcs7_data), 11);
}

/* text at the end of readable memory. */
static struct span at_page_end(struct span text)
{
    static char *pages;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (!pages) {
        pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CU_ASSERT_FATAL(pages != MAP_FAILED && mprotect(pages + page, page, PROT_NONE) == 0);
    }
    memcpy(pages + page - text.size, text.data, text.size);
    return (struct span){pages + page - text.size, text.size};
}

static void test_truncated(void)
{
    struct span whole = SPAN("\x30\x0e\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\x02\x01\x05");

    for (size_t size = 0; size <= whole.size; size++) {
        struct span text = at_page_end((struct span){whole.data, size}), content = {0}, before = text;

        CU_ASSERT_EQUAL(der_cut(&text, DER_SEQUENCE, &content), size < whole.size ? ERR_MORE : ERR_OK);
        if (size < whole.size) {
            CU_ASSERT(text.data == before.data && text.size == before.size && content.data == NULL);
            CU_ASSERT_EQUAL(der_cut_whole(&text, &content), ERR_MORE);
            continue;
        }
        uint8_t number = 0;

        CU_ASSERT_EQUAL(der_cut_oid(&content, NID_pkcs7_signed), ERR_SYNTAX);
        CU_ASSERT_EQUAL(der_cut_oid(&content, NID_pkcs7_data), ERR_OK);
        CU_ASSERT_EQUAL(der_cut_small(&content, &number), ERR_OK);
        CU_ASSERT_EQUAL(number, 5);
        CU_ASSERT_EQUAL(content.size, 0);
    }
}

static void test_hostile(void)
{
    static const struct {
        struct span text;
        enum err expected;
    } rows[] = {
        {{"\x30\x80\x00\x00", 4}, ERR_SYNTAX},                              /* indefinite length */
        {{"\x30\x81\x7f", 3}, ERR_SYNTAX},                                  /* not in the fewest octets */
        {{"\x30\x82\x00\x80", 4}, ERR_SYNTAX},                              /* leading zero */
        {{"\x30\x89\x01\x01\x01\x01\x01\x01\x01\x01\x01", 11}, ERR_SYNTAX}, /* nine octets */
        {{"\x30\xff", 2}, ERR_SYNTAX},                                      /* reserved */
        {{"\x31\x00", 2}, ERR_SYNTAX},                                      /* another tag */
        {{"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff", 10}, ERR_MORE},       /* more than there can be */
        {{"\x30\x00", 2}, ERR_OK},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct span text = at_page_end(rows[i].text), content;

        CU_ASSERT_EQUAL(der_cut(&text, DER_SEQUENCE, &content), rows[i].expected);
    }
    struct span high_tag = SPAN("\x1f\x81\x01\x00"), negative = SPAN("\x02\x01\x80"), wide = SPAN("\x02\x02\x00\x80");
    struct span encoding;
    uint8_t number;

    CU_ASSERT_EQUAL(der_cut_whole(&high_tag, &encoding), ERR_SYNTAX);
    CU_ASSERT_EQUAL(der_cut_small(&negative, &number), ERR_SYNTAX);
    CU_ASSERT_EQUAL(der_cut_small(&wide, &number), ERR_SYNTAX);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"heads have the octets of X.690, read back and want more when cut", test_heads},
        {"an OID and an INTEGER are written as known", test_known},
        {"every truncation of a value wants more", test_truncated},
        {"what is not DER is refused", test_hostile},
        {NULL, NULL},
    };

    return unit_run("der", tests);
}
