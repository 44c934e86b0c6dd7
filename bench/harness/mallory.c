/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/mallory.h"
#include "sim/base/check.h"

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <stdlib.h>

static const char expired_at[] = "20121231235959Z"; /* a day before the trial's calendar begins */

/* The user that each flawed certificate is made for; NULL: user A. */
static const struct flaw_row {
    struct party_oddity oddity;
    const char *aor, *host; /* another's */
} flaws[MALLORY_FLAW_COUNT] = {
    [MALLORY_EXPIRED] = {{.not_after = expired_at}, NULL, NULL},
    [MALLORY_SELF_SIGNED] = {{.is_self_signed = true}, NULL, NULL},
    [MALLORY_WRONG_NAME] = {{.not_before = NULL}, "sip:alice@open-ims.example", "mallory.open-ims.example"},
    [MALLORY_REVOKED] = {{.not_before = NULL}, NULL, NULL},
};

static const char file_header[] = "Content-Type: application/octet-stream\r\n"
                                  "Content-Transfer-Encoding: binary\r\n"
                                  "\r\n";
static const char signed_header[] =
    "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=\"smime.p7m\"\r\n"
    "Content-Transfer-Encoding: binary\r\n"
    "\r\n";

/* ---- Files ---- */

/* Letters that look drawn, others for each number. */
static enum err make_file(struct mallory_object *file, uint64_t size, uint64_t number)
{
    uint64_t state = number * UINT64_C(0x9e3779b97f4a7c15) + 1;

    file->bytes = malloc(size + 1);
    if (!file->bytes)
        return ERR_FULL;
    file->size = size;
    for (uint64_t i = 0; i < size; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        file->bytes[i] = (uint8_t)("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"[state >> 59]);
    }
    return ERR_OK;
}

/* ---- Sealing with OpenSSL's library ---- */

static enum err keep(BIO *bio, bool is_made, struct mallory_object *object, struct note *note)
{
    char *data = NULL;
    long size = is_made ? BIO_get_mem_data(bio, &data) : 0;

    if (size <= 0)
        return note_set(note, ERR_CRYPTO, "OpenSSL does not seal what an attacker would");
    object->bytes = malloc((size_t)size);
    if (!object->bytes)
        return note_set(note, ERR_FULL, "no memory for what an attacker seals");
    memcpy(object->bytes, data, (size_t)size);
    object->size = (size_t)size;
    return ERR_OK;
}

/* SignedData of a MIME entity with the file, as the MIME entity that is encrypted. */
static bool sign(const struct party *signer, enum cms_suite suite, const struct mallory_object *file, BIO *out)
{
    const unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
    const EVP_MD *digest = suite == CMS_RFC8591 ? EVP_sha256() : EVP_sha1();
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
    BIO *in = BIO_new(BIO_s_mem());
    bool done = cms && in && BIO_puts(in, file_header) > 0 && BIO_write(in, file->bytes, (int)file->size) >= 0 &&
                CMS_add1_signer(cms, signer->certificate, signer->key, digest, flags) &&
                CMS_final(cms, in, NULL, CMS_BINARY) == 1 && BIO_puts(out, signed_header) > 0 &&
                i2d_CMS_bio(out, cms) == 1;

    BIO_free(in);
    CMS_ContentInfo_free(cms);
    return done;
}

static bool encrypt(const struct party *recipient, enum cms_suite suite, BIO *entity, BIO *out)
{
    static const EVP_CIPHER *(*const ciphers[CMS_SUITE_COUNT])(void) = {
        [CMS_RFC8591] = EVP_aes_128_gcm, [CMS_RFC4975_RSA] = EVP_aes_128_cbc, [CMS_2013_3DES] = EVP_des_ede3_cbc};
    CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, ciphers[suite](), CMS_BINARY | CMS_PARTIAL);
    CMS_RecipientInfo *info = cms ? CMS_add1_recipient_cert(cms, recipient->certificate, CMS_KEY_PARAM) : NULL;
    bool done = info != NULL;

    if (done && suite == CMS_RFC8591)
        done = EVP_PKEY_CTX_set_ecdh_kdf_md(CMS_RecipientInfo_get0_pkey_ctx(info), EVP_sha256()) == 1;
    done = done && CMS_final(cms, entity, NULL, CMS_BINARY) == 1 && i2d_CMS_bio(out, cms) == 1;
    CMS_ContentInfo_free(cms);
    return done;
}

static enum err seal(struct mallory *m, const struct party *signer, enum mallory_sealed which, struct note *note)
{
    BIO *entity = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    bool done = entity && out && sign(signer, m->suite, &m->own_file, entity) &&
                encrypt(&m->parties.bob[cms_party_kind(m->suite)], m->suite, entity, out);
    enum err error = keep(out, done, &m->sealed[which], note);

    BIO_free(entity);
    BIO_free(out);
    return error;
}

/* What Carol has sealed for user A is opened with user A's key and sealed for user B, Carol's signature still on it. */
static enum err forward(struct mallory *m, struct note *note)
{
    const struct party *alice = &m->parties.alice[cms_party_kind(m->suite)];
    BIO *entity = BIO_new(BIO_s_mem()), *sealed = BIO_new(BIO_s_mem()), *opened = BIO_new(BIO_s_mem()),
        *out = BIO_new(BIO_s_mem());
    bool done = entity && sealed && opened && out && sign(&m->carol, m->suite, &m->own_file, entity) &&
                encrypt(alice, m->suite, entity, sealed);
    CMS_ContentInfo *cms = done ? d2i_CMS_bio(sealed, NULL) : NULL;

    done = cms && CMS_decrypt(cms, alice->key, alice->certificate, NULL, opened, CMS_BINARY) == 1 &&
           encrypt(&m->parties.bob[cms_party_kind(m->suite)], m->suite, opened, out);
    enum err error = keep(out, done, &m->sealed[MALLORY_SEALED_FORWARDED], note);

    CMS_ContentInfo_free(cms);
    BIO_free(entity);
    BIO_free(sealed);
    BIO_free(opened);
    BIO_free(out);
    return error;
}

/* ---- Certificates ---- */

static enum err make_users(struct mallory *m, const char *alice, struct note *note)
{
    enum party_kind kind = cms_party_kind(m->suite);
    struct party *authority = &m->parties.authority[kind];

    TRY(party_init_user(&m->own, authority, "sip:mallory@open-ims.test", note));
    TRY(party_init_user(&m->carol, authority, "sip:carol@open-ims.test", note));
    TRY(party_init_user(&m->tls, &m->parties.authority[PARTY_EC], "sip:mallory@open-ims.test", note));
    TRY(party_init_server(&m->host, &m->parties.authority[PARTY_EC], SIM_TAMPER_HOST, note));
    for (int flaw = 0; flaw < MALLORY_FLAW_COUNT; flaw++) {
        const char *aor = flaws[flaw].aor ? flaws[flaw].aor : alice;

        TRY(party_init_odd_user(&m->users[flaw], authority, aor, &flaws[flaw].oddity, note));
    }
    return party_revoke(authority, &m->users[MALLORY_REVOKED], note);
}

static bool is_address(const char *host)
{
    return host[strspn(host, "0123456789.")] == 0;
}

/* Hosts that are known by their address show certificates that SDP names: nobody needs others for them. */
static enum err make_hosts(struct mallory *m, struct note *note)
{
    struct party *authority = &m->parties.authority[PARTY_EC];

    for (size_t i = 0; i < m->parties.server_count; i++) {
        const char *host = m->parties.servers[i].name;

        for (int flaw = 0; flaw < MALLORY_FLAW_COUNT && !is_address(host); flaw++) {
            struct party_oddity oddity = flaws[flaw].oddity;

            oddity.aor_type = "DNS";
            TRY(party_init_odd_user(&m->hosts[flaw][i], authority, flaws[flaw].host ? flaws[flaw].host : host, &oddity,
                                    note));
            if (flaw == MALLORY_REVOKED)
                TRY(party_revoke(authority, &m->hosts[flaw][i], note));
        }
    }
    return ERR_OK;
}

/* ---- All ---- */

static enum err make_files(struct mallory *m, uint64_t size, struct note *note)
{
    if (make_file(&m->file, size, 1) != ERR_OK || make_file(&m->old_file, size, 2) != ERR_OK ||
        make_file(&m->own_file, size, 3) != ERR_OK)
        return note_set(note, ERR_FULL, "no memory for files");
    m->file_source = source_memory(m->file.bytes);
    m->old_source = source_memory(m->old_file.bytes);
    return ERR_OK;
}

enum err mallory_init(struct mallory *mallory, const struct scenario *scenario, uint64_t file_bytes, struct note *note)
{
    const char *alice = sim_alice_aor(scenario);

    *mallory = (struct mallory){.suite = (enum cms_suite)scenario->suite};
    const struct party_set_config config = {.alice = alice,
                                            .server_names = sim_server_names,
                                            .with_rsa = cms_party_kind(mallory->suite) == PARTY_RSA,
                                            .bob_others = (uint32_t)scenario->devices - 1};

    TRY(make_files(mallory, file_bytes, note));
    TRY(party_set_init(&mallory->parties, &config, note));
    TRY(make_users(mallory, alice, note));
    TRY(make_hosts(mallory, note));
    for (int flaw = 0; flaw < MALLORY_FLAW_COUNT; flaw++)
        TRY(seal(mallory, &mallory->users[flaw], (enum mallory_sealed)(MALLORY_SEALED_FLAWED + flaw), note));
    TRY(seal(mallory, &mallory->own, MALLORY_SEALED_OWN, note));
    return forward(mallory, note);
}

void mallory_free(struct mallory *mallory)
{
    struct mallory_object *files[] = {&mallory->file, &mallory->old_file, &mallory->own_file};

    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        free(files[i]->bytes);
    for (int i = 0; i < MALLORY_SEALED_COUNT; i++)
        free(mallory->sealed[i].bytes);
    party_free(&mallory->own);
    party_free(&mallory->carol);
    party_free(&mallory->tls);
    party_free(&mallory->host);
    for (int flaw = 0; flaw < MALLORY_FLAW_COUNT; flaw++) {
        party_free(&mallory->users[flaw]);
        for (size_t i = 0; i < PARTY_SERVERS_MAX; i++)
            party_free(&mallory->hosts[flaw][i]);
    }
    party_set_free(&mallory->parties);
    *mallory = (struct mallory){.suite = CMS_RFC8591};
}

const struct party *mallory_host(const struct mallory *mallory, enum mallory_flaw flaw, const char *host)
{
    for (size_t i = 0; i < mallory->parties.server_count; i++)
        if (strcmp(mallory->parties.servers[i].name, host) == 0 && mallory->hosts[flaw][i].certificate)
            return &mallory->hosts[flaw][i];
    return NULL;
}

void mallory_object_add(struct mallory_object *object, struct span bytes)
{
    uint8_t *grown = realloc(object->bytes, object->size + bytes.size + 1);

    check(grown != NULL);
    memcpy(grown + object->size, bytes.data, bytes.size);
    object->bytes = grown;
    object->size += bytes.size;
}

void mallory_object_free(struct mallory_object *object)
{
    free(object->bytes);
    *object = (struct mallory_object){NULL, 0};
}
