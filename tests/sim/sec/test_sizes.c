/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sizes by formula against what OpenSSL makes of as many bytes: TLS against SSL_write through memory BIOs, without our
 * code in between; CMS against CMS_sign and CMS_encrypt; ESP against packets laid out byte by byte. LONG=1: every size
 * around every step, else a sample of them.
 */
#include "sim/sec/cms.h"
#include "sim/sec/esp.h"
#include "sim/sec/tls.h"
#include "tests/unit.h"

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>
#include <string.h>

enum { NOW_S = 1800000000, MIB16 = 1 << 24, ROOM = MIB16 + 4096 };

static struct party_set parties;
static struct arena *arena;
static uint8_t *file; /* ROOM bytes */

/* Sizes at which something may step: powers of two and records, with what lies around them. */
static size_t next_size(size_t size, size_t around)
{
    static const size_t steps[] = {0,     16,    128,   256,    1024,    4096,    16384,     32768,
                                   49152, 65536, 98304, 262144, 1048576, 4194304, MIB16 / 2, MIB16};

    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        size_t from = steps[i] > around ? steps[i] - around : 0;

        if (size < from)
            return from;
        if (size < steps[i] + around)
            return size + 1;
    }
    return SIZE_MAX;
}

/* ---- TLS ---- */

static const struct tls_kind tls_kinds[] = {
    {.version = TLS_1_3}, {.version = TLS_1_2}, {.version = TLS_1_2, .cipher = TLS_AES_CBC_SHA}};

struct ends {
    SSL *client, *server;
    BIO *up;
};

static void connect_ends(struct ends *ends, const struct tls_context *context)
{
    BIO *down = BIO_new(BIO_s_mem());

    ends->up = BIO_new(BIO_s_mem());
    ends->client = SSL_new(context->client);
    ends->server = SSL_new(context->server);
    BIO_up_ref(ends->up);
    BIO_up_ref(down);
    BIO_set_mem_eof_return(ends->up, -1);
    BIO_set_mem_eof_return(down, -1);
    SSL_set_bio(ends->client, down, ends->up);
    SSL_set_bio(ends->server, ends->up, down);
    SSL_set_connect_state(ends->client);
    SSL_set_accept_state(ends->server);
    for (int turn = 0; turn < 3; turn++) {
        SSL_do_handshake(ends->client);
        SSL_do_handshake(ends->server);
    }
    CU_ASSERT_FATAL(SSL_is_init_finished(ends->client) && SSL_is_init_finished(ends->server));
    CU_ASSERT_EQUAL_FATAL(BIO_pending(ends->up), 0);
}

/* In pieces of a record, as bytes come from whoever makes them: 64 KiB or more at once OpenSSL may spread over more
 * records of AES-CBC, to work on four or eight of them side by side. */
static void check_records(const struct ends *ends, const struct tls_kind *kind, size_t size)
{
    for (size_t at = 0, written = 0; at < size; at += written) {
        size_t left = size - at;

        CU_ASSERT_EQUAL_FATAL(
            SSL_write_ex(ends->client, file + at, left < TLS_RECORD_MAX ? left : TLS_RECORD_MAX, &written), 1);
    }
    CU_ASSERT_EQUAL((uint64_t)BIO_pending(ends->up), tls_sealed_size(kind, size));
    (void)BIO_reset(ends->up);
}

static void tls_writes_as_many_bytes_as_counted(void)
{
    size_t around = unit_is_long() ? 300 : 18;

    for (size_t i = 0; i < sizeof(tls_kinds) / sizeof(*tls_kinds); i++) {
        struct tls_config config = {.server = &parties.servers[0],
                                    .authority = &parties.authority[PARTY_EC],
                                    .at_s = NOW_S,
                                    .version = tls_kinds[i].version,
                                    .cipher = tls_kinds[i].cipher};
        struct tls_context context;
        struct ends ends;
        struct note note = {{0}};

        CU_ASSERT_EQUAL_FATAL(tls_context_init(&context, &config, &note), ERR_OK);
        connect_ends(&ends, &context);
        for (size_t size = 0; size != SIZE_MAX; size = next_size(size, size < 1 << 20 ? around : around / 9))
            check_records(&ends, &tls_kinds[i], size);
        SSL_free(ends.client);
        SSL_free(ends.server);
        tls_context_free(&context);
    }
}

/* ---- CMS ---- */

static const char file_header[] = "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n";
static const char signed_header[] =
    "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=\"smime.p7m\"\r\n"
    "Content-Transfer-Encoding: binary\r\n\r\n";

static const EVP_CIPHER *(*const ciphers[CMS_SUITE_COUNT])(void) = {
    [CMS_RFC8591] = EVP_aes_128_gcm, [CMS_RFC4975_RSA] = EVP_aes_128_cbc, [CMS_2013_3DES] = EVP_des_ede3_cbc};

/* SignedData around what the BIO holds; again until an ECDSA signature has 71 bytes. */
static CMS_ContentInfo *sign(enum cms_suite suite, bool with_certificate, const char *bytes, size_t size)
{
    const struct party *sender = &parties.alice[cms_party_kind(suite)];
    unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP | (with_certificate ? 0 : CMS_NOCERTS);
    int signature_size = 0;

    for (;;) {
        BIO *in = BIO_new_mem_buf(bytes, (int)size);
        CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);

        CU_ASSERT_PTR_NOT_NULL_FATAL(CMS_add1_signer(cms, sender->certificate, sender->key,
                                                     suite == CMS_RFC8591 ? EVP_sha256() : EVP_sha1(), flags));
        CU_ASSERT_EQUAL_FATAL(CMS_final(cms, in, NULL, CMS_BINARY), 1);
        BIO_free(in);
        signature_size =
            ASN1_STRING_length(CMS_SignerInfo_get0_signature(sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0)));
        if (suite != CMS_RFC8591 || signature_size == PARTY_SIGNATURE_EC)
            return cms;
        CMS_ContentInfo_free(cms);
    }
}

/* Bytes of the DER that OpenSSL encrypts the entity to. */
static uint64_t encrypted_size(enum cms_suite suite, BIO *entity)
{
    CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, ciphers[suite](), CMS_BINARY | CMS_PARTIAL);
    CMS_RecipientInfo *recipient =
        CMS_add1_recipient_cert(cms, parties.bob[cms_party_kind(suite)].certificate, CMS_KEY_PARAM);

    CU_ASSERT_PTR_NOT_NULL_FATAL(recipient);
    if (suite == CMS_RFC8591)
        EVP_PKEY_CTX_set_ecdh_kdf_md(CMS_RecipientInfo_get0_pkey_ctx(recipient), EVP_sha256());
    CU_ASSERT_EQUAL_FATAL(CMS_final(cms, entity, NULL, CMS_BINARY), 1);
    int size = i2d_CMS_ContentInfo(cms, NULL);

    CMS_ContentInfo_free(cms);
    return (uint64_t)size;
}

static void check_sealed(enum cms_suite suite, bool with_certificate, size_t size)
{
    char *entity = malloc(sizeof(file_header) + size);
    BIO *signed_entity = BIO_new(BIO_s_mem());

    memcpy(entity, file_header, sizeof(file_header) - 1);
    memcpy(entity + sizeof(file_header) - 1, file, size);
    CMS_ContentInfo *cms = sign(suite, with_certificate, entity, sizeof(file_header) - 1 + size);

    BIO_puts(signed_entity, signed_header);
    CU_ASSERT_EQUAL_FATAL(i2d_CMS_bio(signed_entity, cms), 1);
    uint64_t made = encrypted_size(suite, signed_entity);

    CU_ASSERT_EQUAL(made, cms_sealed_size(suite, with_certificate, size));
    CMS_ContentInfo_free(cms);
    BIO_free(signed_entity);
    free(entity);
}

/* DER's lengths take another octet at 2^7, 2^8, 2^16 and 2^24, for each structure that is around the file at another
 * size of it, at most 2,048 less. */
static void cms_has_as_many_bytes_as_counted(void)
{
    bool is_long = unit_is_long();

    for (int suite = 0; suite < CMS_SUITE_COUNT; suite++) {
        for (size_t size = 0; size <= 70; size += is_long ? 1 : 1 + size / 20)
            check_sealed((enum cms_suite)suite, size % 2 == 0, size);
        for (size_t size = 71; size <= 1100; size += is_long ? 1 : 61)
            check_sealed((enum cms_suite)suite, size % 2 == 0, size);
        for (size_t size = 65536 - 2048; size <= 65536 + 64; size += is_long ? 1 : 301)
            check_sealed((enum cms_suite)suite, size % 2 == 0, size);
    }
    for (size_t back = 0; back <= 2048; back += is_long ? 16 : 512)
        check_sealed(CMS_RFC8591, back % 32 == 0, MIB16 - back);
    check_sealed(CMS_RFC8591, true, MIB16 - 1);
    check_sealed(CMS_RFC8591, true, MIB16 + 1);
    check_sealed(CMS_RFC4975_RSA, true, MIB16);
    for (size_t back = 0; is_long && back <= 2048; back += 64) {
        check_sealed(CMS_RFC4975_RSA, back % 128 == 0, MIB16 - back);
        check_sealed(CMS_2013_3DES, back % 128 == 0, MIB16 - back);
    }
}

/* ---- ESP ---- */

static const struct {
    const EVP_CIPHER *(*cipher)(void); /* NULL: none */
    size_t iv, icv, block;
} esp_parts[ESP_SUITE_COUNT] = {
    [ESP_AES_CBC] = {EVP_aes_128_cbc, 16, 12, 16}, /* RFC 3602, RFC 2404 */
    [ESP_AES_GCM] = {EVP_aes_128_gcm, 8, 16, 4},   /* RFC 4106 */
    [ESP_NULL_SHA] = {NULL, 0, 12, 4},             /* RFC 2410 */
};

/* RFC 4303 section 2: SPI, sequence number, IV, payload, padding to whole blocks with its length and the next header,
 * ICV: the length of a packet that is put together piece by piece. */
static size_t lay_out(enum esp_suite suite, size_t payload, uint8_t *packet)
{
    static const uint8_t key[16], iv[16];
    size_t at = 8 + esp_parts[suite].iv, begin = at, pad = 0;

    memcpy(packet + at, file, payload);
    for (at += payload; (at - begin + 2) % esp_parts[suite].block != 0; at++)
        packet[at] = (uint8_t)++pad;
    packet[at++] = (uint8_t)pad;
    packet[at++] = 17;
    if (esp_parts[suite].cipher) {
        EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
        int done = 0, last = 0;

        EVP_EncryptInit_ex(context, esp_parts[suite].cipher(), NULL, key, iv);
        EVP_CIPHER_CTX_set_padding(context, 0);
        EVP_EncryptUpdate(context, packet + begin, &done, packet + begin, (int)(at - begin));
        CU_ASSERT_EQUAL(EVP_EncryptFinal_ex(context, packet + begin + done, &last), 1);
        EVP_CIPHER_CTX_free(context);
        at = begin + (size_t)(done + last);
    }
    return at + esp_parts[suite].icv;
}

static void esp_has_as_many_bytes_as_laid_out(void)
{
    static char sealed[65536 + ESP_ADDED_MAX];
    static uint8_t packet[65536 + ESP_ADDED_MAX];
    struct esp_association association = {.spi = 1};
    struct note note = {{0}};

    for (int suite = 0; suite < ESP_SUITE_COUNT; suite++) {
        struct esp *esp = NULL;

        association.suite = (enum esp_suite)suite;
        CU_ASSERT_EQUAL_FATAL(esp_create(&esp, arena, &association, &note), ERR_OK);
        for (size_t size = 0; size <= 65400; size += unit_is_long() || size < 70 ? 1 : 1 + size / 50) {
            struct sink sink = SINK(sealed);

            CU_ASSERT_EQUAL(esp_size((enum esp_suite)suite, size), lay_out((enum esp_suite)suite, size, packet));
            CU_ASSERT_EQUAL(esp_seal(esp, (uint32_t)size + 1, 17, (struct span){(char *)file, size}, &sink), ERR_OK);
            CU_ASSERT_EQUAL(esp_size((enum esp_suite)suite, size), sink.size);
        }
        esp_free(esp);
    }
}

int main(void)
{
    static const char *const names[] = {"relay-a.open-ims.test", NULL};
    static const struct unit_test tests[] = {
        {"TLS writes as many bytes as are counted, from 0 to 16 MiB", tls_writes_as_many_bytes_as_counted},
        {"a sealed file has as many bytes as are counted, from 0 to 16 MiB", cms_has_as_many_bytes_as_counted},
        {"a packet of ESP has as many bytes as one laid out by hand", esp_has_as_many_bytes_as_laid_out},
        {NULL, NULL},
    };
    struct note note = {{0}};

    file = malloc(ROOM);
    arena = arena_create(1 << 20);
    if (!file || !arena ||
        party_set_init(&parties, &(struct party_set_config){.server_names = names, .with_rsa = true}, &note) != ERR_OK)
        return 3;
    for (size_t i = 0; i < ROOM; i++)
        file[i] = (uint8_t)(i * 2654435761u >> 11);
    int status = unit_run("sizes", tests);

    party_set_free(&parties);
    arena_destroy(arena);
    free(file);
    return status;
}
