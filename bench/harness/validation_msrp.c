/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What becomes of a file: chunks, the sealed object, TLS records. Sizes of sealed files come from OpenSSL's own CMS. */
#include "bench/harness/setup.h"
#include "bench/harness/validation.h"
#include "sim/sec/cms.h"
#include "sim/sec/tls.h"

#include <openssl/cms.h>
#include <stdlib.h>

static const uint64_t sizes[] = {1, 1197, 2047, 2048, 2049, 4097, 65536, 1048576};
enum { SIZE_COUNT = sizeof(sizes) / sizeof(sizes[0]), SIZE_MOST = 1048576, CHUNK = 2048 };

/* A trial of the paper's scenario with a file of that size and what assignment says. */
static enum err run_trial(const char *assignment, const char *arm, uint64_t size, struct arena *arena,
                          struct outcome *outcome, struct note *note)
{
    struct setup *setup = calloc(1, sizeof(*setup));

    if (!setup)
        return note_set(note, ERR_FULL, "no memory for a trial");
    enum err error = scenario_file_read(SPAN("paper-exact"), &setup->file, note);

    if (error == ERR_OK)
        error = scenario_file_set(&setup->file, span_of(assignment), note);
    setup->file.scenario.file_bytes = size;
    if (error == ERR_OK)
        error = setup_open(setup, note);
    if (error == ERR_OK) {
        struct trial trial = setup_trial(setup, arm_find(span_of(arm)), 0);

        error = sim_run(&trial, arena, outcome, note);
        setup_close(setup);
    }
    free(setup);
    return error;
}

/* ---- Chunks ---- */

struct chunks {
    const char *assignment;
    uint64_t chunk_bytes;
};

static enum err run_chunks(const struct validation_row *row, const struct validation_effort *effort,
                           struct validation_result *result, struct note *note)
{
    const struct chunks *chunks = row->subject;
    struct outcome outcome;

    for (size_t i = 0; i < SIZE_COUNT; i++) {
        TRY(run_trial(chunks->assignment, "msrp-plain", sizes[i], effort->arena, &outcome, note));
        validation_add(result, (int64_t)((sizes[i] + chunks->chunk_bytes - 1) / chunks->chunk_bytes),
                       (int64_t)outcome.chunks);
    }
    return ERR_OK;
}

/* ---- The sealed file ---- */

static const char file_header[] = "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n";
static const char signed_header[] =
    "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=\"smime.p7m\"\r\n"
    "Content-Transfer-Encoding: binary\r\n\r\n";

/* How OpenSSL's library is asked for a suite. */
struct library {
    const char *assignment;
    enum cms_suite suite;
    const EVP_MD *(*digest)(void);
    const EVP_CIPHER *(*cipher)(void);
    bool agrees_on_key; /* ECDH, whose key derivation must be told its digest */
};

static int signature_bytes(CMS_ContentInfo *cms)
{
    STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);

    return ASN1_STRING_length(CMS_SignerInfo_get0_signature(sk_CMS_SignerInfo_value(signers, 0)));
}

static CMS_ContentInfo *sign_once(const struct library *library, const struct party *sender, const void *file,
                                  uint64_t size)
{
    const unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
    BIO *in = BIO_new(BIO_s_mem());
    bool is_done = cms && in && BIO_puts(in, file_header) > 0 && BIO_write(in, file, (int)size) == (int)size &&
                   CMS_add1_signer(cms, sender->certificate, sender->key, library->digest(), flags) &&
                   CMS_final(cms, in, NULL, CMS_BINARY) == 1;

    BIO_free(in);
    if (is_done)
        return cms;
    CMS_ContentInfo_free(cms);
    return NULL;
}

/* Again until an ECDSA signature has its most frequent length: that is what sizes count. */
static CMS_ContentInfo *sign(const struct library *library, const struct party *sender, const void *file, uint64_t size)
{
    CMS_ContentInfo *cms = sign_once(library, sender, file, size);

    while (cms && library->agrees_on_key && signature_bytes(cms) != PARTY_SIGNATURE_EC) {
        CMS_ContentInfo_free(cms);
        cms = sign_once(library, sender, file, size);
    }
    return cms;
}

static CMS_ContentInfo *encrypt(const struct library *library, const struct party *recipient, CMS_ContentInfo *inner)
{
    CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, library->cipher(), CMS_BINARY | CMS_PARTIAL);
    CMS_RecipientInfo *info = cms ? CMS_add1_recipient_cert(cms, recipient->certificate, CMS_KEY_PARAM) : NULL;
    BIO *plaintext = BIO_new(BIO_s_mem());

    if (info && library->agrees_on_key)
        EVP_PKEY_CTX_set_ecdh_kdf_md(CMS_RecipientInfo_get0_pkey_ctx(info), EVP_sha256());
    bool is_done = info && plaintext && BIO_puts(plaintext, signed_header) > 0 && i2d_CMS_bio(plaintext, inner) == 1 &&
                   CMS_final(cms, plaintext, NULL, CMS_BINARY) == 1;

    BIO_free(plaintext);
    if (is_done)
        return cms;
    CMS_ContentInfo_free(cms);
    return NULL;
}

static enum err sealed_by_library(const struct library *library, const struct party_set *parties, const void *file,
                                  uint64_t size, int64_t *sealed, struct note *note)
{
    enum party_kind kind = cms_party_kind(library->suite);
    CMS_ContentInfo *inner = sign(library, &parties->alice[kind], file, size);
    CMS_ContentInfo *outer = inner ? encrypt(library, &parties->bob[kind], inner) : NULL;
    int length = outer ? i2d_CMS_ContentInfo(outer, NULL) : -1;

    CMS_ContentInfo_free(outer);
    CMS_ContentInfo_free(inner);
    if (length < 0)
        return note_set(note, ERR_CRYPTO, "OpenSSL does not seal %llu bytes", (unsigned long long)size);
    *sealed = length;
    return ERR_OK;
}

static enum err compare_sealed(const struct library *library, const struct party_set *parties, const void *file,
                               struct arena *arena, struct validation_result *result, struct note *note)
{
    struct outcome outcome;
    int64_t sealed = -1;

    for (size_t i = 0; i < SIZE_COUNT; i++) {
        TRY(sealed_by_library(library, parties, file, sizes[i], &sealed, note));
        TRY(run_trial(library->assignment, "msrp-smime", sizes[i], arena, &outcome, note));
        validation_add(result, sealed, (int64_t)outcome.body_bytes);
    }
    return ERR_OK;
}

static enum err run_sealed(const struct validation_row *row, const struct validation_effort *effort,
                           struct validation_result *result, struct note *note)
{
    const struct library *library = row->subject;
    const struct party_set_config config = {.with_rsa = cms_party_kind(library->suite) == PARTY_RSA};
    struct party_set parties = {.server_count = 0};
    void *file = calloc(1, SIZE_MOST);
    enum err error = file ? party_set_init(&parties, &config, note) : note_set(note, ERR_FULL, "no memory for a file");

    if (error == ERR_OK)
        error = compare_sealed(library, &parties, file, effort->arena, result, note);
    party_set_free(&parties);
    free(file);
    return error;
}

/* ---- TLS records ---- */

/* Bytes of the records that OpenSSL makes of size bytes, by what their headers say. */
static enum err seal_records(struct tls_pair *pair, uint64_t size, int64_t *sealed, struct note *note)
{
    static const char plaintext[TLS_RECORD_MAX];
    uint8_t record[TLS_SEALED_MAX];

    *sealed = 0;
    while (size > 0) {
        size_t part = size < TLS_RECORD_MAX ? (size_t)size : TLS_RECORD_MAX;

        if (tls_pair_seal(pair, true, (struct span){plaintext, part}, record, sizeof(record)) != ERR_OK)
            return note_set(note, ERR_CRYPTO, "OpenSSL does not seal a TLS record");
        *sealed += 5 + (record[3] << 8 | record[4]);
        size -= part;
    }
    return ERR_OK;
}

static enum err compare_records(const struct tls_context *context, struct arena *arena,
                                struct validation_result *result, struct note *note)
{
    struct tls_pair *pair;
    int64_t sealed = -1;
    enum err error = ERR_OK;

    TRY(tls_pair_create(&pair, arena, context, NULL, NULL, note));
    for (size_t i = 0; error == ERR_OK && i < SIZE_COUNT; i++) {
        uint64_t records = (sizes[i] + 16383) / 16384;

        error = seal_records(pair, sizes[i], &sealed, note);
        validation_add(result, (int64_t)(sizes[i] + records * (5 + 1 + 16)), sealed);
    }
    tls_pair_free(pair);
    return error;
}

static enum err run_records(const struct validation_row *row, const struct validation_effort *effort,
                            struct validation_result *result, struct note *note)
{
    static const char *const names[] = {"192.168.80.3", NULL};
    const struct party_set_config config = {.server_names = names};
    struct party_set parties = {.server_count = 0};
    struct tls_context context = {.client = NULL};
    enum err error = party_set_init(&parties, &config, note);

    (void)row;
    if (error == ERR_OK) {
        const struct tls_config tls = {
            .server = &parties.servers[0], .authority = &parties.authority[PARTY_EC], .at_s = SIM_EPOCH_S};

        error = tls_context_init(&context, &tls, note);
    }
    if (error == ERR_OK)
        error = compare_records(&context, effort->arena, result, note);
    tls_context_free(&context);
    party_set_free(&parties);
    return error;
}

static const struct chunks chunks_2048 = {"msrp.chunk=2048", CHUNK}, chunks_large = {"msrp.chunk=few-large", SIZE_MOST};
static const struct library library_rfc8591 = {"smime.suite=rfc8591", CMS_RFC8591, EVP_sha256, EVP_aes_128_gcm, true};
static const struct library library_rsa = {"smime.suite=rfc4975-rsa", CMS_RFC4975_RSA, EVP_sha1, EVP_aes_128_cbc,
                                           false};
static const struct library library_3des = {"smime.suite=2013-3des", CMS_2013_3DES, EVP_sha1, EVP_des_ede3_cbc, false};

const struct validation_row validation_msrp[] = {
    {.what = "chunks of 2,048 B: SENDs of 1 B to 1 MiB",
     .source = "RFC 4975 section 5.1: n / 2,048, rounded up",
     .unit = VALIDATION_COUNT,
     .run = run_chunks,
     .subject = &chunks_2048},
    {.what = "few large chunks: SENDs of 1 B to 1 MiB",
     .source = "RFC 4975 section 5.1: one, interruptible",
     .unit = VALIDATION_COUNT,
     .run = run_chunks,
     .subject = &chunks_large},
    {.what = "sealed under rfc8591: 1 B to 1 MiB",
     .source = "RFC 8591, 5652, 5083, as OpenSSL's CMS writes it",
     .unit = VALIDATION_BYTES,
     .run = run_sealed,
     .subject = &library_rfc8591},
    {.what = "sealed under rfc4975-rsa: 1 B to 1 MiB",
     .source = "RFC 4975, 5652, as OpenSSL's CMS writes it",
     .unit = VALIDATION_BYTES,
     .run = run_sealed,
     .subject = &library_rsa},
    {.what = "sealed under 2013-3des: 1 B to 1 MiB",
     .source = "RFC 3370, 5652, as OpenSSL's CMS writes it",
     .unit = VALIDATION_BYTES,
     .run = run_sealed,
     .subject = &library_3des},
    {.what = "TLS 1.3 records: 1 B to 1 MiB",
     .source = "RFC 8446 section 5.2: 22 B a record of 16 KiB",
     .unit = VALIDATION_BYTES,
     .run = run_records},
    {.what = NULL},
};
