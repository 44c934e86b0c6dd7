/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Holds our CMS to OpenSSL's: the same sizes as its library writes, its program opens what we seal, and we open what
 * its library seals.
 */
#include "sim/sec/cms.h"
#include "tests/unit.h"

#include <openssl/cms.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NOW_S = 1800000000 };

static struct party_set parties;
enum { OTHER_DEVICES = 2 };
static struct party devices[PARTY_KIND_COUNT][OTHER_DEVICES]; /* bob's, besides the one that parties knows */
static char folder[] = "/tmp/hopsim-cms-XXXXXX";

static const char file_header[] = "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n";
static const char signed_header[] =
    "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=\"smime.p7m\"\r\n"
    "Content-Transfer-Encoding: binary\r\n\r\n";

/* ---- Sealing by OpenSSL's library ---- */

static size_t signature_size(CMS_ContentInfo *signed_data)
{
    STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(signed_data);

    return (size_t)ASN1_STRING_length(CMS_SignerInfo_get0_signature(sk_CMS_SignerInfo_value(signers, 0)));
}

/* SignedData of header and content; again until an ECDSA signature has 71 bytes. */
static CMS_ContentInfo *sign(enum cms_suite suite, bool with_certificate, const char *content, size_t size)
{
    const struct party *sender = &parties.alice[cms_party_kind(suite)];
    const EVP_MD *digest = suite == CMS_RFC8591 ? EVP_sha256() : EVP_sha1();
    unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP | (with_certificate ? 0 : CMS_NOCERTS);

    for (;;) {
        BIO *in = BIO_new(BIO_s_mem());
        CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);

        BIO_write(in, file_header, (int)strlen(file_header));
        BIO_write(in, content, (int)size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(CMS_add1_signer(cms, sender->certificate, sender->key, digest, flags));
        CU_ASSERT_EQUAL_FATAL(CMS_final(cms, in, NULL, CMS_BINARY), 1);
        BIO_free(in);
        if (suite != CMS_RFC8591 || signature_size(cms) == 71)
            return cms;
        CMS_ContentInfo_free(cms);
    }
}

static const EVP_CIPHER *(*const ciphers[CMS_SUITE_COUNT])(void) = {
    [CMS_RFC8591] = EVP_aes_128_gcm, [CMS_RFC4975_RSA] = EVP_aes_128_cbc, [CMS_2013_3DES] = EVP_des_ede3_cbc};

static void add_recipient(CMS_ContentInfo *cms, enum cms_suite suite, const struct party *party)
{
    CMS_RecipientInfo *recipient = CMS_add1_recipient_cert(cms, party->certificate, CMS_KEY_PARAM);

    CU_ASSERT_PTR_NOT_NULL_FATAL(recipient);
    if (suite == CMS_RFC8591)
        EVP_PKEY_CTX_set_ecdh_kdf_md(CMS_RecipientInfo_get0_pkey_ctx(recipient), EVP_sha256());
}

/* Encrypts what plaintext holds for bob and for as many of his other devices; as DER in a memory BIO. */
static BIO *encrypt(enum cms_suite suite, uint32_t others, BIO *plaintext)
{
    CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, ciphers[suite](), CMS_BINARY | CMS_PARTIAL);
    BIO *out = BIO_new(BIO_s_mem());

    for (uint32_t i = others; i > 0; i--)
        add_recipient(cms, suite, &devices[cms_party_kind(suite)][i - 1]);
    add_recipient(cms, suite, &parties.bob[cms_party_kind(suite)]);
    CU_ASSERT_EQUAL_FATAL(CMS_final(cms, plaintext, NULL, CMS_BINARY), 1);
    CU_ASSERT_EQUAL_FATAL(i2d_CMS_bio(out, cms), 1);
    CMS_ContentInfo_free(cms);
    return out;
}

static BIO *seal_by_library(enum cms_suite suite, uint32_t others, bool with_certificate, const char *content,
                            size_t size)
{
    CMS_ContentInfo *cms = sign(suite, with_certificate, content, size);
    BIO *plaintext = BIO_new(BIO_s_mem());

    BIO_puts(plaintext, signed_header);
    CU_ASSERT_EQUAL_FATAL(i2d_CMS_bio(plaintext, cms), 1);
    BIO *sealed = encrypt(suite, others, plaintext);

    BIO_free(plaintext);
    CMS_ContentInfo_free(cms);
    return sealed;
}

static struct span bio_span(BIO *bio)
{
    char *data = NULL;
    long size = BIO_get_mem_data(bio, &data);

    return (struct span){data, (size_t)size};
}

static struct cms_opening opening_of(enum cms_suite suite)
{
    enum party_kind kind = cms_party_kind(suite);

    return (struct cms_opening){.recipient = &parties.bob[kind],
                                .authority = &parties.authority[kind],
                                .sender_aor = parties.alice[kind].name,
                                .sender = &parties.alice[kind],
                                .at_s = NOW_S,
                                .weakest = suite};
}

/* The formula is the library's size, and we open what the library sealed. */
static void check_size(enum cms_suite suite, bool with_certificate, size_t size)
{
    struct note note = {0};
    struct cms_opening opening = opening_of(suite);
    char *content = malloc(size + 1), *out = malloc(size + 1);
    size_t opened = SIZE_MAX;

    slice_read((struct slice){&source_pattern, 0, size}, 0, content, size);
    BIO *sealed = seal_by_library(suite, 0, with_certificate, content, size);

    CU_ASSERT_EQUAL(bio_span(sealed).size, cms_sealed_size(suite, with_certificate, size));
    CU_ASSERT_EQUAL(cms_open(&opening, bio_span(sealed), (uint8_t *)out, size, &opened, &note), ERR_OK);
    CU_ASSERT_STRING_EQUAL(note.text, "");
    CU_ASSERT_EQUAL(opened, size);
    CU_ASSERT_EQUAL(memcmp(out, content, size), 0);
    BIO_free(sealed);
    free(content);
    free(out);
}

static void test_sizes(void)
{
    static const size_t sizes[] = {
        0,    1,    15,   16,   17,    100,   127,   128,   129,    255,           256,     257,          1023,
        1024, 1025, 2048, 4096, 10000, 65535, 65536, 65537, 200000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1};

    for (int suite = 0; suite < CMS_SUITE_COUNT; suite++)
        for (int with = 0; with < 2; with++)
            for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
                check_size((enum cms_suite)suite, with == 1, sizes[i]);
}

/* Where one more octet of length in some head makes another head longer: around 2^7, 2^8, 2^16 less what is around the
 * file. */
static void test_length_steps(void)
{
    for (size_t size = 0; size < 300; size += 3)
        check_size(CMS_RFC8591, size % 2 == 0, size);
    for (size_t size = 64200; size < 65600; size += 17)
        check_size(CMS_RFC8591, size % 2 == 0, size);
    for (size_t size = 63500; size < 65600; size += 41)
        check_size(CMS_RFC4975_RSA, size % 2 == 0, size);
}

/* RFC 5652 section 6.2: a RecipientInfo for each device, each of which opens what the library or we sealed. */
static void check_devices(enum cms_suite suite, uint32_t others, size_t size)
{
    enum party_kind kind = cms_party_kind(suite);
    uint64_t sealed_size = cms_sealed_size_for(suite, 1 + others, true, size);
    struct cms_sealing sealing = {&parties.alice[kind], &parties.bob[kind], suite, true, NOW_S, devices[kind], others};
    uint8_t *sealed = malloc(sealed_size), *out = malloc(size + 1);
    char *content = malloc(size + 1);
    struct note note = {0};

    slice_read((struct slice){&source_pattern, 0, size}, 0, content, size);
    BIO *by_library = seal_by_library(suite, others, true, content, size);

    CU_ASSERT_EQUAL(bio_span(by_library).size, sealed_size);
    CU_ASSERT_EQUAL(cms_seal(&sealing, (struct slice){&source_pattern, 0, size}, sealed, sealed_size, &note), ERR_OK);
    for (uint32_t i = 0; i <= OTHER_DEVICES; i++) {
        struct cms_opening opening = opening_of(suite);
        enum err expected = i <= others ? ERR_OK : ERR_CRYPTO;
        size_t opened = 0;

        if (i > 0)
            opening.recipient = &devices[kind][i - 1];
        CU_ASSERT_EQUAL(cms_open(&opening, bio_span(by_library), out, size, &opened, &note), expected);
        CU_ASSERT_EQUAL(cms_open(&opening, (struct span){(char *)sealed, sealed_size}, out, size, &opened, &note),
                        expected);
        CU_ASSERT(expected != ERR_OK || (opened == size && memcmp(out, content, size) == 0));
    }
    BIO_free(by_library);
    free(content);
    free(out);
    free(sealed);
}

static void each_device_has_a_recipient_info(void)
{
    for (int suite = 0; suite < CMS_SUITE_COUNT; suite++)
        for (uint32_t others = 0; others <= OTHER_DEVICES; others++)
            for (size_t size = 0; size <= 40000; size = size * 200 + 200)
                check_devices((enum cms_suite)suite, others, size);
}

/* ---- Hostile content that is encrypted as it should be ---- */

static void expect_refusal(const char *plaintext, size_t size)
{
    struct cms_opening opening = opening_of(CMS_RFC8591);
    struct note note = {0};
    BIO *in = BIO_new_mem_buf(plaintext, (int)size);
    BIO *sealed = encrypt(CMS_RFC8591, 0, in);
    uint8_t out[4096];
    size_t opened = 77;

    opening.sender = NULL;
    CU_ASSERT_NOT_EQUAL(cms_open(&opening, bio_span(sealed), out, sizeof(out), &opened, &note), ERR_OK);
    CU_ASSERT_EQUAL(opened, 77);
    CU_ASSERT_NOT_EQUAL(note.text[0], 0);
    BIO_free(sealed);
    BIO_free(in);
}

/* The MIME entity of a SignedData over "hello". */
static size_t write_signed(char *bytes, size_t capacity)
{
    CMS_ContentInfo *cms = sign(CMS_RFC8591, true, "hello", 5);
    BIO *bio = BIO_new(BIO_s_mem());
    size_t size;

    BIO_puts(bio, signed_header);
    CU_ASSERT_EQUAL_FATAL(i2d_CMS_bio(bio, cms), 1);
    size = bio_span(bio).size;
    CU_ASSERT_FATAL(size <= capacity);
    memcpy(bytes, bio_span(bio).data, size);
    BIO_free(bio);
    CMS_ContentInfo_free(cms);
    return size;
}

static void test_hostile(void)
{
    static char bytes[4096], long_header[3000];
    size_t size = write_signed(bytes, sizeof(bytes)), body = strlen(signed_header);

    expect_refusal("", 0);
    expect_refusal("hello", 5);
    expect_refusal(file_header, strlen(file_header));
    expect_refusal(signed_header, strlen(signed_header));
    memset(long_header, 'a', sizeof(long_header));
    expect_refusal(long_header, sizeof(long_header));
    expect_refusal(bytes + body, size - body);
    for (size_t length = body; length < size; length += 7)
        expect_refusal(bytes, length);
    expect_refusal(bytes, size + 1);
    /* Every octet of the SignedData changed: the encryption holds, the signature must not. */
    for (size_t at = body; at < size; at++) {
        bytes[at] ^= 1;
        expect_refusal(bytes, size);
        bytes[at] ^= 1;
    }
}

/* ---- OpenSSL's program ---- */

static void write_file(const char *name, const void *bytes, size_t size)
{
    char path[256];
    struct sink sink = SINK(path);

    sink_format(&sink, "%s/%s", folder, name);
    FILE *file = fopen(sink_string(&sink), "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static size_t read_file(const char *name, char *bytes, size_t capacity)
{
    char path[256];
    struct sink sink = SINK(path);

    sink_format(&sink, "%s/%s", folder, name);
    FILE *file = fopen(sink_string(&sink), "rb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    size_t size = fread(bytes, 1, capacity, file);

    fclose(file);
    return size;
}

/* Runs openssl in the folder; whether it succeeded. */
static bool run(const char *arguments)
{
    char command[1024];
    struct sink sink = SINK(command);

    sink_format(&sink, "cd %s && openssl %s 2>errors", folder, arguments);
    return system(sink_string(&sink)) == 0;
}

static void write_parties(enum party_kind kind)
{
    char text[8192];
    struct sink sink = SINK(text);

    CU_ASSERT_EQUAL(party_write_certificate(&parties.authority[kind], &sink), ERR_OK);
    write_file("ca.pem", text, sink.size);
    sink.size = 0;
    CU_ASSERT_EQUAL(party_write_certificate(&parties.alice[kind], &sink), ERR_OK);
    write_file("alice.pem", text, sink.size);
    sink.size = 0;
    CU_ASSERT_EQUAL(party_write_certificate(&parties.bob[kind], &sink), ERR_OK);
    write_file("bob.pem", text, sink.size);
    sink.size = 0;
    CU_ASSERT_EQUAL(party_write_key(&parties.bob[kind], &sink), ERR_OK);
    write_file("bob.key", text, sink.size);
}

static void seal_to_file(enum cms_suite suite, bool with_certificate, size_t size)
{
    enum party_kind kind = cms_party_kind(suite);
    struct note note = {0};
    struct cms_sealing sealing = {&parties.alice[kind], &parties.bob[kind], suite, with_certificate, NOW_S, NULL, 0};
    uint64_t sealed_size = cms_sealed_size(suite, with_certificate, size);
    uint8_t *sealed = malloc(sealed_size);

    CU_ASSERT_EQUAL_FATAL(cms_seal(&sealing, (struct slice){&source_pattern, 0, size}, sealed, sealed_size, &note),
                          ERR_OK);
    write_file("sealed", sealed, sealed_size);
    free(sealed);
}

static void check_program(enum cms_suite suite, bool with_certificate, size_t size)
{
    static char bytes[200000], expected[200000];
    size_t header = strlen(signed_header);

    write_parties(cms_party_kind(suite));
    seal_to_file(suite, with_certificate, size);
    CU_ASSERT(run("cms -decrypt -binary -inform DER -in sealed -recip bob.pem -inkey bob.key -out entity"));
    size_t entity = read_file("entity", bytes, sizeof(bytes));

    CU_ASSERT_FATAL(entity > header && memcmp(bytes, signed_header, header) == 0);
    write_file("signed", bytes + header, entity - header);
    CU_ASSERT(run("cms -verify -binary -inform DER -in signed -CAfile ca.pem -certfile alice.pem -out file"));
    size_t got = read_file("file", bytes, sizeof(bytes));

    CU_ASSERT_EQUAL_FATAL(got, strlen(file_header) + size);
    CU_ASSERT_EQUAL(memcmp(bytes, file_header, strlen(file_header)), 0);
    slice_read((struct slice){&source_pattern, 0, size}, 0, expected, size);
    CU_ASSERT_EQUAL(memcmp(bytes + strlen(file_header), expected, size), 0);
}

static void test_program_opens(void)
{
    static const size_t sizes[] = {0, 1, 100, 65536, 150000};

    for (int suite = 0; suite < CMS_SUITE_COUNT; suite++)
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
            check_program((enum cms_suite)suite, i % 2 == 0, sizes[i]);
    check_program(CMS_RFC8591, false, 0);
}

static void test_program_refuses(void)
{
    char bytes[4096];

    write_parties(PARTY_EC);
    seal_to_file(CMS_RFC8591, true, 100);
    size_t size = read_file("sealed", bytes, sizeof(bytes));

    bytes[size - 30] ^= 1;
    write_file("sealed", bytes, size);
    CU_ASSERT_FALSE(run("cms -decrypt -binary -inform DER -in sealed -recip bob.pem -inkey bob.key -out entity"));
}

static void expect_words(const char *const *words)
{
    static char text[65536];
    size_t size = read_file("printed", text, sizeof(text));

    for (; *words; words++)
        if (span_find((struct span){text, size}, span_of(*words)) == size) {
            fprintf(stderr, "not printed: %s\n", *words);
            CU_FAIL("a name is missing");
        }
}

static void test_algorithms(void)
{
    static const char *const enveloped[] = {"id-smime-ct-authEnvelopedData", "aes-128-gcm",
                                            "dhSinglePass-stdDH-sha256kdf-scheme", "id-aes128-wrap", NULL};
    static const char *const signed_words[] = {
        "pkcs7-signedData", "ecdsa-with-SHA256",        "sha256", "contentType", "messageDigest",
        "signingTime",      "Jan 15 08:00:00 2027 GMT", NULL};
    static const char *const enveloped_rsa[] = {"pkcs7-envelopedData", "aes-128-cbc", "d.ktri", "rsaEncryption", NULL};
    static const char *const enveloped_3des[] = {"pkcs7-envelopedData", "des-ede3-cbc", "d.ktri", "rsaEncryption",
                                                 NULL};
    static const char *const signed_rsa[] = {"pkcs7-signedData", "sha1", "rsaEncryption", NULL};

    check_program(CMS_RFC8591, true, 100);
    CU_ASSERT(run("cms -cmsout -print -noout -inform DER -in sealed >printed"));
    expect_words(enveloped);
    CU_ASSERT(run("cms -cmsout -print -noout -inform DER -in signed >printed"));
    expect_words(signed_words);
    check_program(CMS_2013_3DES, true, 100);
    CU_ASSERT(run("cms -cmsout -print -noout -inform DER -in sealed >printed"));
    expect_words(enveloped_3des);
    check_program(CMS_RFC4975_RSA, true, 100);
    CU_ASSERT(run("cms -cmsout -print -noout -inform DER -in sealed >printed"));
    expect_words(enveloped_rsa);
    CU_ASSERT(run("cms -cmsout -print -noout -inform DER -in signed >printed"));
    expect_words(signed_rsa);
}

static void remove_folder(void)
{
    static const char *const names[] = {"ca.pem", "alice.pem", "bob.pem", "bob.key", "sealed",
                                        "entity", "signed",    "file",    "printed", "errors"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[256];
        struct sink sink = SINK(path);

        sink_format(&sink, "%s/%s", folder, names[i]);
        unlink(sink_string(&sink));
    }
    rmdir(folder);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"sizes by formula are those of OpenSSL's library, whose output we open", test_sizes},
        {"they agree where lengths take another octet", test_length_steps},
        {"each device has a RecipientInfo and opens, nobody else", each_device_has_a_recipient_info},
        {"what is encrypted well but signed badly is refused", test_hostile},
        {"OpenSSL's program decrypts and verifies what we seal", test_program_opens},
        {"OpenSSL's program refuses what was changed", test_program_refuses},
        {"the algorithms are those the suites name", test_algorithms},
        {NULL, NULL},
    };
    struct note note = {0};

    if (!mkdtemp(folder) || party_set_init(&parties, &(struct party_set_config){.with_rsa = true}, &note) != ERR_OK)
        return 3;
    for (int kind = 0; kind < PARTY_KIND_COUNT; kind++)
        for (int i = 0; i < OTHER_DEVICES; i++)
            if (party_init_user(&devices[kind][i], &parties.authority[kind], "sip:bob@open-ims.test", &note) != ERR_OK)
                return 3;
    int status = unit_run("cms against OpenSSL", tests);

    for (int kind = 0; kind < PARTY_KIND_COUNT; kind++)
        for (int i = 0; i < OTHER_DEVICES; i++)
            party_free(&devices[kind][i]);
    party_set_free(&parties);
    remove_folder();
    return status;
}
