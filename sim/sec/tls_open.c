/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/tls_open.h"
#include "sim/base/check.h"
#include "sim/base/sink.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

enum {
    HEADER = 5,
    TAG = 16,
    NONCE = 12,
    EXPLICIT = 8,
    BLOCK = 16,
    HMAC_MAX = 48,
    KEYS_MAX = 2 * (HMAC_MAX + 32 + NONCE)
};

enum protection { GCM, CHACHA, CBC };

struct tls_suite {
    uint16_t number;
    const char *name;
    enum protection protection;
    const char *cipher; /* as OpenSSL calls it */
    const char *hash;   /* of the key derivation */
    uint8_t key_bytes;
    const char *mac; /* hash of the HMAC under CBC */
    uint8_t mac_bytes;
};

/* Suites with forward secrecy and without: who has the secrets does not care for the key exchange. */
static const struct tls_suite suites[] = {
    {0x1301, "TLS_AES_128_GCM_SHA256", GCM, "AES-128-GCM", "SHA256", 16, NULL, 0},
    {0x1302, "TLS_AES_256_GCM_SHA384", GCM, "AES-256-GCM", "SHA384", 32, NULL, 0},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256", CHACHA, "ChaCha20-Poly1305", "SHA256", 32, NULL, 0},
    {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", GCM, "AES-128-GCM", "SHA256", 16, NULL, 0},
    {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", GCM, "AES-256-GCM", "SHA384", 32, NULL, 0},
    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", GCM, "AES-128-GCM", "SHA256", 16, NULL, 0},
    {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", GCM, "AES-256-GCM", "SHA384", 32, NULL, 0},
    {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256", GCM, "AES-128-GCM", "SHA256", 16, NULL, 0},
    {0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384", GCM, "AES-256-GCM", "SHA384", 32, NULL, 0},
    {0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", GCM, "AES-128-GCM", "SHA256", 16, NULL, 0},
    {0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", GCM, "AES-256-GCM", "SHA384", 32, NULL, 0},
    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", CHACHA, "ChaCha20-Poly1305", "SHA256", 32, NULL, 0},
    {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", CHACHA, "ChaCha20-Poly1305", "SHA256", 32, NULL, 0},
    {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA", CBC, "AES-128-CBC", "SHA256", 16, "SHA1", 20},
    {0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", CBC, "AES-128-CBC", "SHA256", 16, "SHA1", 20},
    {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA", CBC, "AES-256-CBC", "SHA256", 32, "SHA1", 20},
    {0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", CBC, "AES-256-CBC", "SHA256", 32, "SHA1", 20},
    {0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256", CBC, "AES-128-CBC", "SHA256", 16, "SHA256", 32},
    {0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256", CBC, "AES-256-CBC", "SHA256", 32, "SHA256", 32},
    {0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", CBC, "AES-128-CBC", "SHA256", 16, "SHA1", 20},
    {0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", CBC, "AES-256-CBC", "SHA256", 32, "SHA1", 20},
    {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", CBC, "AES-128-CBC", "SHA256", 16, "SHA1", 20},
    {0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", CBC, "AES-256-CBC", "SHA256", 32, "SHA1", 20},
    {0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", CBC, "AES-128-CBC", "SHA256", 16, "SHA256", 32},
    {0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", CBC, "AES-256-CBC", "SHA384", 32, "SHA384", 48},
    {0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", CBC, "AES-128-CBC", "SHA256", 16, "SHA256", 32},
    {0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", CBC, "AES-256-CBC", "SHA384", 32, "SHA384", 48},
};

static const struct tls_suite *find_suite(uint16_t number)
{
    for (size_t i = 0; i < sizeof(suites) / sizeof(*suites); i++)
        if (suites[i].number == number)
            return &suites[i];
    return NULL;
}

const char *tls_suite_name(uint16_t suite)
{
    const struct tls_suite *found = find_suite(suite);

    return found ? found->name : NULL;
}

/* ---- Keys ---- */

static size_t hash_bytes(const struct tls_suite *suite)
{
    return strcmp(suite->hash, "SHA384") == 0 ? 48 : 32;
}

static bool derive(const char *name, OSSL_PARAM *parameters, uint8_t *out, size_t size)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    bool done = context && EVP_KDF_derive(context, out, size, parameters) == 1;

    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return done;
}

/* HKDF-Expand-Label with an empty context, RFC 8446 section 7.1. */
static bool expand(const struct tls_suite *suite, const uint8_t *secret, const char *label, uint8_t *out, size_t size)
{
    char info_bytes[64], hash[16];
    struct sink info = SINK(info_bytes), hash_text = SINK(hash);
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;

    sink_text(&hash_text, suite->hash);
    sink_u16(&info, (uint16_t)size);
    sink_u8(&info, (uint8_t)(6 + strlen(label)));
    sink_format(&info, "tls13 %s", label);
    sink_u8(&info, 0);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)sink_string(&hash_text), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret, hash_bytes(suite)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info_bytes, info.size), OSSL_PARAM_construct_end()};

    return derive("HKDF", parameters, out, size);
}

static EVP_MAC_CTX *mac_create(const struct tls_suite *suite, const uint8_t *key)
{
    char hash[16];
    struct sink text = SINK(hash);
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;

    sink_text(&text, suite->mac);
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)sink_string(&text), 0),
                               OSSL_PARAM_construct_end()};

    EVP_MAC_free(mac);
    if (context && EVP_MAC_init(context, key, suite->mac_bytes, parameters) == 1)
        return context;
    EVP_MAC_CTX_free(context);
    return NULL;
}

static bool set_key(struct tls_open *open, const uint8_t *key)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, open->suite->cipher, NULL);
    bool done;

    if (!open->cipher)
        open->cipher = EVP_CIPHER_CTX_new();
    done = cipher && open->cipher && EVP_DecryptInit_ex2(open->cipher, cipher, key, NULL, NULL) == 1 &&
           EVP_CIPHER_CTX_set_padding(open->cipher, 0) == 1;
    EVP_CIPHER_free(cipher);
    open->sequence = 0;
    return done;
}

static bool set_keys_13(struct tls_open *open)
{
    uint8_t key[32];
    bool done = expand(open->suite, open->secret, "key", key, open->suite->key_bytes) &&
                expand(open->suite, open->secret, "iv", open->iv, NONCE) && set_key(open, key);

    OPENSSL_cleanse(key, sizeof(key));
    return done;
}

/* The key block: MAC keys, keys, IVs, each the client's first; RFC 5246 section 6.3. */
static bool set_keys_12(struct tls_open *open, const struct tls_open_config *config)
{
    const struct tls_suite *suite = open->suite;
    size_t mac = suite->mac_bytes, key = suite->key_bytes, end = config->from_client ? 0 : 1;
    size_t iv = suite->protection == GCM ? NONCE - EXPLICIT : suite->protection == CHACHA ? NONCE : 0;
    uint8_t seed[2 * TLS_RANDOM_SIZE], block[KEYS_MAX] = {0};
    char label[] = "key expansion", hash[16];
    struct sink hash_text = SINK(hash);

    sink_text(&hash_text, suite->hash);
    memcpy(seed, config->server_random, TLS_RANDOM_SIZE);
    memcpy(seed + TLS_RANDOM_SIZE, config->client_random, TLS_RANDOM_SIZE);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)sink_string(&hash_text), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)config->secret.data, config->secret.size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, label, sizeof(label) - 1),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof(seed)), OSSL_PARAM_construct_end()};
    bool done =
        derive("TLS1-PRF", parameters, block, 2 * (mac + key + iv)) && set_key(open, block + 2 * mac + end * key);

    memcpy(open->iv, block + 2 * (mac + key) + end * iv, iv);
    if (done && suite->protection == CBC) {
        open->mac = mac_create(suite, block + end * mac);
        done = open->mac != NULL;
    }
    OPENSSL_cleanse(block, sizeof(block));
    return done;
}

enum err tls_open_init(struct tls_open *open, const struct tls_open_config *config)
{
    struct tls_open made = {.suite = find_suite(config->suite), .is_1_3 = config->is_1_3, .mac_last = config->mac_last};

    if (!made.suite || (made.suite->number >> 8 == 0x13) != config->is_1_3)
        return ERR_UNKNOWN;
    if (config->secret.size != (config->is_1_3 ? hash_bytes(made.suite) : TLS_SECRET_MAX))
        return ERR_CRYPTO;
    if (config->is_1_3)
        memcpy(made.secret, config->secret.data, config->secret.size);
    if (!(config->is_1_3 ? set_keys_13(&made) : set_keys_12(&made, config))) {
        tls_open_free(&made);
        ERR_clear_error();
        return ERR_CRYPTO;
    }
    *open = made;
    return ERR_OK;
}

void tls_open_free(struct tls_open *open)
{
    EVP_CIPHER_CTX_free(open->cipher);
    EVP_MAC_CTX_free(open->mac);
    OPENSSL_cleanse(open, sizeof(*open));
}

enum err tls_open_update(struct tls_open *open)
{
    uint8_t next[TLS_SECRET_MAX];

    check(open->is_1_3);
    if (!expand(open->suite, open->secret, "traffic upd", next, hash_bytes(open->suite)))
        return ERR_CRYPTO;
    memcpy(open->secret, next, sizeof(next));
    OPENSSL_cleanse(next, sizeof(next));
    return set_keys_13(open) ? ERR_OK : ERR_CRYPTO;
}

/* ---- Records ---- */

/* The nonce is the IV with the sequence number over its end (RFC 8446 section 5.3, RFC 7905 section 2), or the IV's
 * four bytes and eight that the record carries (RFC 5288 section 3). */
static void make_nonce(const struct tls_open *open, const uint8_t *carried, uint8_t *nonce)
{
    memcpy(nonce, open->iv, NONCE);
    if (carried)
        memcpy(nonce + NONCE - EXPLICIT, carried, EXPLICIT);
    for (size_t i = 0; !carried && i < sizeof(open->sequence); i++)
        nonce[NONCE - 1 - i] ^= (uint8_t)(open->sequence >> 8 * i);
}

/* Sequence number, type, version, length: what is authenticated beside the content, RFC 5246 section 6.2.3.3. */
static void make_additional(const struct tls_open *open, const uint8_t *header, size_t size, uint8_t additional[13])
{
    struct sink sink = {.data = (char *)additional, .capacity = 13};

    sink_u32(&sink, (uint32_t)(open->sequence >> 32));
    sink_u32(&sink, (uint32_t)open->sequence);
    sink_bytes(&sink, header, 3);
    sink_u16(&sink, (uint16_t)size);
}

static bool open_aead(struct tls_open *open, struct span record, uint8_t *plain, size_t *size)
{
    const uint8_t *bytes = (const uint8_t *)record.data;
    bool is_carried = !open->is_1_3 && open->suite->protection == GCM;
    size_t head = HEADER + (is_carried ? EXPLICIT : 0u), additional_size = HEADER;
    uint8_t nonce[NONCE], additional[13], tag[TAG];
    int done = 0, rest = 0;

    if (record.size < head + TAG)
        return false;
    *size = record.size - head - TAG;
    memcpy(additional, bytes, HEADER);
    if (!open->is_1_3) {
        make_additional(open, bytes, *size, additional);
        additional_size = sizeof(additional);
    }
    make_nonce(open, is_carried ? bytes + HEADER : NULL, nonce);
    memcpy(tag, bytes + head + *size, TAG);
    return EVP_DecryptInit_ex2(open->cipher, NULL, NULL, nonce, NULL) == 1 &&
           EVP_DecryptUpdate(open->cipher, NULL, &done, additional, (int)additional_size) == 1 &&
           EVP_DecryptUpdate(open->cipher, plain, &done, bytes + head, (int)*size) == 1 &&
           EVP_CIPHER_CTX_ctrl(open->cipher, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
           EVP_DecryptFinal_ex(open->cipher, plain + done, &rest) == 1;
}

static bool is_authentic(struct tls_open *open, const uint8_t *header, const uint8_t *bytes, size_t size,
                         const uint8_t *expected)
{
    uint8_t additional[13], made[EVP_MAX_MD_SIZE];
    size_t made_size = 0;

    make_additional(open, header, size, additional);
    return EVP_MAC_init(open->mac, NULL, 0, NULL) == 1 &&
           EVP_MAC_update(open->mac, additional, sizeof(additional)) == 1 &&
           EVP_MAC_update(open->mac, bytes, size) == 1 &&
           EVP_MAC_final(open->mac, made, &made_size, sizeof(made)) == 1 && made_size == open->suite->mac_bytes &&
           CRYPTO_memcmp(made, expected, made_size) == 0;
}

/* Content without its padding: each byte of that is its length; false where one is not. */
static bool unpad(const uint8_t *plain, size_t *size)
{
    size_t padding = plain[*size - 1];

    if (padding + 1 > *size)
        return false;
    for (size_t i = 0; i < padding; i++)
        if (plain[*size - 2 - i] != padding)
            return false;
    *size -= padding + 1;
    return true;
}

static bool open_cbc(struct tls_open *open, struct span record, uint8_t *plain, size_t *size)
{
    const uint8_t *header = (const uint8_t *)record.data, *bytes = header + HEADER;
    size_t mac = open->suite->mac_bytes, sealed = record.size - HEADER - (open->mac_last ? mac : 0);
    int done = 0;

    if (record.size < HEADER + mac + 2 * BLOCK || sealed % BLOCK != 0 ||
        (open->mac_last && !is_authentic(open, header, bytes, sealed, bytes + sealed)))
        return false;
    if (EVP_DecryptInit_ex2(open->cipher, NULL, NULL, bytes, NULL) != 1 ||
        EVP_DecryptUpdate(open->cipher, plain, &done, bytes + BLOCK, (int)(sealed - BLOCK)) != 1)
        return false;
    *size = sealed - BLOCK;
    if (done != (int)*size || !unpad(plain, size) || (!open->mac_last && *size < mac))
        return false;
    if (open->mac_last)
        return true;
    *size -= mac;
    return is_authentic(open, header, plain, *size, plain + *size);
}

/* In 1.3 the type stands behind the content, and zeros behind it. */
static bool cut_type(const uint8_t *plain, size_t *size, uint8_t *type)
{
    while (*size > 0 && plain[*size - 1] == 0)
        --*size;
    if (*size == 0)
        return false;
    *type = plain[--*size];
    return true;
}

enum err tls_open_record(struct tls_open *open, struct span record, uint8_t *plain, size_t capacity, uint8_t *type,
                         size_t *size)
{
    size_t found = 0;
    uint8_t inner;

    if (record.size < HEADER || record.size > HEADER + TLS_CIPHERTEXT_MAX)
        return ERR_CRYPTO;
    if (capacity < record.size)
        return ERR_FULL;
    bool is_open =
        open->suite->protection == CBC ? open_cbc(open, record, plain, &found) : open_aead(open, record, plain, &found);

    inner = (uint8_t)record.data[0];
    if (!is_open || (open->is_1_3 && !cut_type(plain, &found, &inner))) {
        ERR_clear_error();
        return ERR_CRYPTO;
    }
    open->sequence++;
    *type = inner;
    *size = found;
    return ERR_OK;
}
