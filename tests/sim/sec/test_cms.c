/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/cms.h"
#include "tests/unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NOW_S = 1800000000, SMALL = 4096 };

static struct party_set parties;

static const char alice[] = "sip:alice@open-ims.test";

/* Seals size bytes of the pattern from alice to bob; the caller frees the result. */
static uint8_t *seal(enum cms_suite suite, bool with_certificate, uint64_t size, uint64_t *sealed_size)
{
    enum party_kind kind = cms_party_kind(suite);
    struct note note = {0};
    struct cms_sealing sealing = {&parties.alice[kind], &parties.bob[kind], suite, with_certificate, NOW_S, NULL, 0};
    struct slice content = {&source_pattern, 0, size};

    *sealed_size = cms_sealed_size(suite, with_certificate, size);
    uint8_t *sealed = malloc(*sealed_size + 1);

    sealed[*sealed_size] = 0xa5;
    CU_ASSERT_EQUAL_FATAL(cms_seal(&sealing, content, sealed, *sealed_size, &note), ERR_OK);
    CU_ASSERT_EQUAL(sealed[*sealed_size], 0xa5);
    return sealed;
}

/* As bob, who trusts the set's authority and waits for alice; known is alice's party or NULL. */
static struct cms_opening opening_of(enum cms_suite suite, const struct party *known)
{
    enum party_kind kind = cms_party_kind(suite);

    return (struct cms_opening){.recipient = &parties.bob[kind],
                                .authority = &parties.authority[kind],
                                .sender_aor = alice,
                                .sender = known,
                                .at_s = NOW_S,
                                .weakest = suite};
}

static bool is_pattern(const uint8_t *bytes, uint64_t size)
{
    uint8_t *expected = malloc(size + 1);

    slice_read((struct slice){&source_pattern, 0, size}, 0, expected, size);
    bool is_equal = memcmp(bytes, expected, size) == 0;

    free(expected);
    return is_equal;
}

static void check_round_trip(enum cms_suite suite, bool with_certificate, uint64_t size)
{
    struct note note = {0};
    const struct party *known = with_certificate ? NULL : &parties.alice[cms_party_kind(suite)];
    struct cms_opening opening = opening_of(suite, known);
    uint64_t sealed_size;
    size_t opened = SIZE_MAX;
    uint8_t *sealed = seal(suite, with_certificate, size, &sealed_size);
    uint8_t *out = malloc(size + 1);

    CU_ASSERT_EQUAL(cms_open(&opening, (struct span){(char *)sealed, sealed_size}, out, size, &opened, &note), ERR_OK);
    CU_ASSERT_STRING_EQUAL(note.text, "");
    CU_ASSERT_EQUAL(opened, size);
    CU_ASSERT(is_pattern(out, size));
    free(out);
    free(sealed);
}

static void test_round_trip(void)
{
    static const uint64_t sizes[] = {0,     1,     15,    16,    17,    127,   128,   255,   256,        1024,
                                     15800, 16000, 16384, 16385, 32768, 65535, 65536, 70000, 1024 * 1024};

    for (int suite = 0; suite < CMS_SUITE_COUNT; suite++)
        for (int with = 0; with < 2; with++)
            for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
                check_round_trip((enum cms_suite)suite, with == 1, sizes[i]);
}

/* From bytes in memory too, which are not copied piece by piece. */
static void test_memory_source(void)
{
    static uint8_t file[100000], out[100000];
    struct source source = source_memory(file);
    struct note note = {0};
    struct cms_sealing sealing = {&parties.alice[PARTY_EC], &parties.bob[PARTY_EC], CMS_RFC8591, true, NOW_S, NULL, 0};
    struct cms_opening opening = opening_of(CMS_RFC8591, NULL);
    uint64_t sealed_size = cms_sealed_size(CMS_RFC8591, true, 99990);
    uint8_t *sealed = malloc(sealed_size);
    size_t size = 0;

    for (size_t i = 0; i < sizeof(file); i++)
        file[i] = (uint8_t)(i * i >> 3);
    CU_ASSERT_EQUAL(cms_seal(&sealing, (struct slice){&source, 10, 99990}, sealed, sealed_size, &note), ERR_OK);
    CU_ASSERT_EQUAL(cms_open(&opening, (struct span){(char *)sealed, sealed_size}, out, sizeof(out), &size, &note),
                    ERR_OK);
    CU_ASSERT_EQUAL(size, 99990);
    CU_ASSERT_EQUAL(memcmp(out, file + 10, 99990), 0);
    free(sealed);
}

static void test_growth(void)
{
    /* Eleven heads contain the file: six of the SignedData, five around it. */
    uint64_t empty = cms_sealed_size(CMS_RFC8591, false, 0);

    CU_ASSERT_EQUAL(cms_sealed_size(CMS_RFC8591, false, 1), empty + 1);
    CU_ASSERT_EQUAL(cms_sealed_size(CMS_RFC8591, true, 0) - empty, PARTY_CERTIFICATE_EC + 4);
    CU_ASSERT_EQUAL(cms_sealed_size(CMS_RFC8591, false, 1 << 20) - cms_sealed_size(CMS_RFC8591, false, 1 << 17),
                    (1 << 20) - (1 << 17));
    /* From 2^32 on each of them has five octets of length instead of four. */
    CU_ASSERT_EQUAL(cms_sealed_size(CMS_RFC8591, false, UINT64_C(1) << 33) -
                        cms_sealed_size(CMS_RFC8591, false, UINT64_C(1) << 31),
                    (UINT64_C(1) << 33) - (UINT64_C(1) << 31) + 11);
    for (uint64_t size = 0; size < 64; size++)
        CU_ASSERT_EQUAL(cms_sealed_size(CMS_RFC4975_RSA, false, 100000 + size + 16) -
                            cms_sealed_size(CMS_RFC4975_RSA, false, 100000 + size),
                        16);
}

static void test_flipped_bits(void)
{
    for (int suite = 0; suite < CMS_SUITE_COUNT; suite++) {
        struct cms_opening opening = opening_of((enum cms_suite)suite, NULL);
        uint64_t sealed_size;
        uint8_t *sealed = seal((enum cms_suite)suite, true, 100, &sealed_size), out[SMALL];

        for (size_t at = 0; at < sealed_size; at++) {
            struct note note = {0};
            size_t size = 77;

            sealed[at] ^= (uint8_t)(1 << at % 8);
            enum err result =
                cms_open(&opening, (struct span){(char *)sealed, sealed_size}, out, sizeof(out), &size, &note);

            /* CBC without a tag lets the header in front of the SignedData change unseen, but never the file. */
            if (result == ERR_OK) {
                CU_ASSERT_NOT_EQUAL(suite, CMS_RFC8591);
                CU_ASSERT(size == 100 && is_pattern(out, 100));
            } else {
                CU_ASSERT_EQUAL(size, 77);
                CU_ASSERT_NOT_EQUAL(note.text[0], 0);
            }
            sealed[at] ^= (uint8_t)(1 << at % 8);
        }
        free(sealed);
    }
}

static void test_wiped(void)
{
    struct cms_opening opening = opening_of(CMS_RFC8591, NULL);
    struct note note = {0};
    uint64_t sealed_size;
    uint8_t *sealed = seal(CMS_RFC8591, true, 50000, &sealed_size);
    static uint8_t out[50000], zeros[50000];
    size_t size = 77;

    sealed[sealed_size - 1] ^= 1;
    CU_ASSERT_EQUAL(cms_open(&opening, (struct span){(char *)sealed, sealed_size}, out, sizeof(out), &size, &note),
                    ERR_CRYPTO);
    CU_ASSERT_EQUAL(memcmp(out, zeros, sizeof(out)), 0);
    CU_ASSERT_EQUAL(size, 77);
    free(sealed);
}

static void expect(const struct cms_opening *opening, const uint8_t *sealed, uint64_t sealed_size, enum err expected)
{
    struct note note = {0};
    uint8_t out[SMALL];
    size_t size = 0;

    CU_ASSERT_EQUAL(cms_open(opening, (struct span){(const char *)sealed, sealed_size}, out, sizeof(out), &size, &note),
                    expected);
    CU_ASSERT_EQUAL(note.text[0] != 0, expected != ERR_OK);
}

static void test_strangers(void)
{
    struct note note = {0};
    struct party_set others;

    CU_ASSERT_EQUAL_FATAL(party_set_init(&others, &(struct party_set_config){.with_rsa = true}, &note), ERR_OK);
    for (int i = 0; i < CMS_SUITE_COUNT; i++) {
        enum cms_suite suite = (enum cms_suite)i;
        enum party_kind kind = cms_party_kind(suite);
        uint64_t size, bare_size;
        uint8_t *sealed = seal(suite, true, 100, &size), *bare = seal(suite, false, 100, &bare_size);
        struct cms_opening opening = opening_of(suite, NULL);

        expect(&opening, sealed, size, ERR_OK);
        opening.recipient = &parties.alice[kind];
        expect(&opening, sealed, size, ERR_CRYPTO);
        opening = opening_of(suite, NULL);
        opening.authority = &others.authority[kind];
        expect(&opening, sealed, size, ERR_CRYPTO);
        opening = opening_of(suite, NULL);
        opening.sender_aor = "sip:bob@open-ims.test";
        expect(&opening, sealed, size, ERR_CRYPTO);
        opening.sender_aor = "sip:alice@open-ims.tes";
        expect(&opening, sealed, size, ERR_CRYPTO);
        opening = opening_of(suite, NULL);
        opening.at_s = 1000000000;
        expect(&opening, sealed, size, ERR_CRYPTO);
        /* Without a certificate the signer must be known, and be the one who signed. */
        opening = opening_of(suite, NULL);
        expect(&opening, bare, bare_size, ERR_CRYPTO);
        opening = opening_of(suite, &others.alice[kind]);
        expect(&opening, bare, bare_size, ERR_CRYPTO);
        opening = opening_of(suite, &parties.alice[kind]);
        expect(&opening, bare, bare_size, ERR_OK);
        free(sealed);
        free(bare);
    }
    party_set_free(&others);
}

/* Each shorter message, at the end of readable memory. */
static void test_truncated(void)
{
    struct cms_opening opening = opening_of(CMS_RFC8591, NULL);
    uint64_t size;
    uint8_t *sealed = seal(CMS_RFC8591, true, 100, &size);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CU_ASSERT_FATAL(pages != MAP_FAILED && size <= page);
    CU_ASSERT_EQUAL_FATAL(mprotect(pages + page, page, PROT_NONE), 0);
    for (size_t length = 0; length <= size; length++) {
        uint8_t *end = (uint8_t *)pages + page - length;

        memcpy(end, sealed, length);
        expect(&opening, end, length, length < size ? ERR_MORE : ERR_OK);
    }
    munmap(pages, 2 * page);
    /* One byte too many, and a message that says it is shorter than what lies in it. */
    sealed = realloc(sealed, size + 1);
    expect(&opening, sealed, size + 1, ERR_SYNTAX);
    sealed[3]--;
    expect(&opening, sealed, size - 1, ERR_MORE);
    free(sealed);
}

static void test_rooms(void)
{
    struct note note = {0};
    struct cms_sealing sealing = {&parties.alice[PARTY_EC], &parties.bob[PARTY_EC], CMS_RFC8591, true, NOW_S, NULL, 0};
    struct slice content = {&source_pattern, 0, 100};
    uint8_t bytes[SMALL], out[SMALL];
    uint64_t size = cms_sealed_size(CMS_RFC8591, true, 100);
    struct cms_opening opening = opening_of(CMS_RFC8591, NULL);
    size_t opened = 0;

    CU_ASSERT_EQUAL(cms_seal(&sealing, content, bytes, size - 1, &note), ERR_FULL);
    CU_ASSERT_EQUAL(cms_seal(&sealing, content, bytes, size, &note), ERR_OK);
    CU_ASSERT_EQUAL(cms_open(&opening, (struct span){(char *)bytes, size}, out, 99, &opened, &note), ERR_FULL);
    CU_ASSERT_EQUAL(cms_open(&opening, (struct span){(char *)bytes, size}, out, 100, &opened, &note), ERR_OK);
    sealing.signing_time_s = 2600000000;
    CU_ASSERT_EQUAL(cms_seal(&sealing, content, bytes, size, &note), ERR_RANGE);
}

/* Seals and opens without CUnit, whose counts are not for several threads; the number of failures. */
static void *work(void *owner)
{
    size_t *failures = owner;

    for (int i = 0; i < 40; i++) {
        enum cms_suite suite = i % 8 ? CMS_RFC8591 : CMS_RFC4975_RSA;
        enum party_kind kind = cms_party_kind(suite);
        struct note note = {0};
        struct cms_sealing sealing = {&parties.alice[kind], &parties.bob[kind], suite, true, NOW_S, NULL, 0};
        struct cms_opening opening = opening_of(suite, NULL);
        uint8_t bytes[SMALL], out[100];
        uint64_t sealed_size = cms_sealed_size(suite, true, 100);
        size_t size = 0;

        if (cms_seal(&sealing, (struct slice){&source_pattern, 0, 100}, bytes, sizeof(bytes), &note) != ERR_OK ||
            cms_open(&opening, (struct span){(char *)bytes, sealed_size}, out, sizeof(out), &size, &note) != ERR_OK ||
            size != 100 || !is_pattern(out, 100))
            ++*failures;
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[4];
    size_t failures[4] = {0};

    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, work, &failures[i]), 0);
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(pthread_join(threads[i], NULL), 0);
        CU_ASSERT_EQUAL(failures[i], 0);
    }
}

static void test_names(void)
{
    CU_ASSERT_STRING_EQUAL(cms_content_type(CMS_RFC8591),
                           "application/pkcs7-mime; smime-type=authEnveloped-data; name=\"smime.p7m\"");
    CU_ASSERT_STRING_EQUAL(cms_content_type(CMS_RFC4975_RSA),
                           "application/pkcs7-mime; smime-type=enveloped-data; name=\"smime.p7m\"");
}

/* ---- In pieces ---- */

struct pieces {
    uint8_t *bytes;
    size_t size, capacity, most; /* most: the largest piece */
};

static bool keep(void *context, const void *bytes, size_t size)
{
    struct pieces *pieces = context;

    if (size > pieces->capacity - pieces->size)
        return false;
    memcpy(pieces->bytes + pieces->size, bytes, size);
    pieces->size += size;
    pieces->most = size > pieces->most ? size : pieces->most;
    return true;
}

/* What is sealed in pieces opens whole, and what is sealed whole opens in pieces. */
static void check_pieces(enum cms_suite suite, uint64_t size)
{
    enum party_kind kind = cms_party_kind(suite);
    struct cms_sealing sealing = {&parties.alice[kind], &parties.bob[kind], suite, true, NOW_S, NULL, 0};
    struct cms_opening opening = opening_of(suite, NULL);
    struct slice content = {&source_pattern, 0, size};
    uint64_t whole = cms_sealed_size(suite, true, size), opened = 0;
    struct pieces sealed = {.bytes = malloc(whole), .capacity = whole};
    struct pieces file = {.bytes = malloc(size + 1), .capacity = size};
    struct note note = {0};
    size_t out_size = 0;

    CU_ASSERT_EQUAL_FATAL(cms_seal_to(&sealing, content, keep, &sealed, &note), ERR_OK);
    CU_ASSERT_EQUAL(sealed.size, whole);
    CU_ASSERT(sealed.most <= 65536);
    struct span message = {(char *)sealed.bytes, sealed.size};

    CU_ASSERT_EQUAL(cms_open(&opening, message, file.bytes, size, &out_size, &note), ERR_OK);
    CU_ASSERT(out_size == size && is_pattern(file.bytes, size));
    memset(file.bytes, 0, size);
    CU_ASSERT_EQUAL(cms_open_to(&opening, message, keep, &file, &opened, &note), ERR_OK);
    CU_ASSERT(opened == size && file.size == size && is_pattern(file.bytes, size));
    CU_ASSERT(file.most <= 65536);
    /* The last byte is of the tag, or of the padding: all was handed on, nothing is believed. */
    sealed.bytes[whole - 1] ^= 1;
    file.size = 0;
    opened = 77;
    CU_ASSERT_NOT_EQUAL(cms_open_to(&opening, message, keep, &file, &opened, &note), ERR_OK);
    CU_ASSERT_EQUAL(opened, 77);
    free(sealed.bytes);
    free(file.bytes);
}

static void test_pieces(void)
{
    static const uint64_t sizes[] = {0, 1, 15, 16, 17, 16383, 16384, 16385, 32768, 100000, 3000001};

    for (int suite = 0; suite < CMS_SUITE_COUNT; suite++)
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
            check_pieces((enum cms_suite)suite, sizes[i]);
}

/* A disk that is full, at any moment. */
static void test_pieces_refused(void)
{
    uint64_t size = 200000, whole = cms_sealed_size(CMS_RFC8591, true, size), opened;
    struct cms_sealing sealing = {&parties.alice[PARTY_EC], &parties.bob[PARTY_EC], CMS_RFC8591, true, NOW_S, NULL, 0};
    struct cms_opening opening = opening_of(CMS_RFC8591, NULL);
    struct slice content = {&source_pattern, 0, size};
    struct pieces sealed = {.bytes = malloc(whole)}, file = {.bytes = malloc(size)};
    struct note note = {0};

    for (sealed.capacity = 0; sealed.capacity < whole; sealed.capacity += 20000) {
        sealed.size = 0;
        CU_ASSERT_EQUAL(cms_seal_to(&sealing, content, keep, &sealed, &note), ERR_FILE);
    }
    sealed.capacity = whole;
    sealed.size = 0;
    CU_ASSERT_EQUAL(cms_seal_to(&sealing, content, keep, &sealed, &note), ERR_OK);
    for (file.capacity = 0; file.capacity < size; file.capacity += 20000) {
        file.size = 0;
        CU_ASSERT_EQUAL(cms_open_to(&opening, (struct span){(char *)sealed.bytes, whole}, keep, &file, &opened, &note),
                        ERR_FILE);
    }
    free(sealed.bytes);
    free(file.bytes);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"what is sealed opens into the same file", test_round_trip},
        {"a file in memory is sealed from where it lies", test_memory_source},
        {"sealed sizes grow with the octets of the lengths", test_growth},
        {"a flipped bit anywhere is refused or leaves the file as it was", test_flipped_bits},
        {"nothing of a refused file is left", test_wiped},
        {"wrong recipient, authority, signer and time are refused", test_strangers},
        {"every truncation wants more", test_truncated},
        {"too little room is refused", test_rooms},
        {"several threads share one set of parties", test_threads},
        {"content types are those of RFC 8551", test_names},
        {"a file is sealed and opened in pieces as it is whole", test_pieces},
        {"a writer that refuses ends sealing and opening", test_pieces_refused},
        {NULL, NULL},
    };
    struct note note = {0};

    if (party_set_init(&parties, &(struct party_set_config){.with_rsa = true}, &note) != ERR_OK)
        return 3;
    int status = unit_run("cms", tests);

    party_set_free(&parties);
    return status;
}
