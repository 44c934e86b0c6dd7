/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/esp.h"
#include "sim/base/check.h"
#include "sim/sec/failure.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

enum { IV_MAX = 16, BLOCK_MAX = 16, MAC_SIZE = 20, NONCE_SIZE = ESP_SALT_SIZE + 8, PACKET_MAX = 65535 };

const struct esp_shape esp_shapes[ESP_SUITE_COUNT] = {
    [ESP_AES_CBC] = {.iv_bytes = 16, .icv_bytes = 12, .block_bytes = 16},
    [ESP_AES_GCM] = {.iv_bytes = 8, .icv_bytes = 16, .block_bytes = 4},
    [ESP_NULL_SHA] = {.iv_bytes = 0, .icv_bytes = 12, .block_bytes = 4},
};

static const struct suite_row {
    const char *cipher;     /* as OpenSSL calls it; NULL: none */
    const char *encryption; /* as Wireshark's table of SAs has them */
    const char *authentication;
    bool has_tag; /* the cipher's own, else an HMAC */
} rows[ESP_SUITE_COUNT] = {
    [ESP_AES_CBC] = {"AES-128-CBC", "AES-CBC [RFC3602]", "HMAC-SHA-1-96 [RFC2404]", false},
    [ESP_AES_GCM] = {"AES-128-GCM", "AES-GCM with 16 octet ICV [RFC4106]", "NULL", true},
    [ESP_NULL_SHA] = {NULL, "NULL", "HMAC-SHA-1-96 [RFC2404]", false},
};

struct esp {
    struct esp_association association;
    const struct esp_shape *shape;
    const struct suite_row *row;
    EVP_CIPHER_CTX *seal, *open;
    EVP_CIPHER_CTX *ivs; /* CBC: the same key on single blocks */
    EVP_MAC_CTX *mac;    /* keyed; NULL where the cipher has its own tag */
    uint8_t plain[PACKET_MAX + BLOCK_MAX];
};

uint64_t esp_size(enum esp_suite suite, uint64_t payload_bytes)
{
    check((unsigned)suite < ESP_SUITE_COUNT);
    const struct esp_shape *shape = &esp_shapes[suite];
    uint64_t block = shape->block_bytes, inner = (payload_bytes + ESP_TRAILER_SIZE + block - 1) / block * block;

    return ESP_HEADER_SIZE + shape->iv_bytes + inner + shape->icv_bytes;
}

void esp_derive(struct esp_association *association, struct span text)
{
    uint8_t bytes[64];
    unsigned int size = 0;

    static_assert(sizeof(bytes) >= ESP_KEY_SIZE + ESP_SALT_SIZE + ESP_AUTH_KEY_SIZE, "one hash gives all keys");
    check(EVP_Digest(text.data, text.size, bytes, &size, EVP_sha512(), NULL) == 1 && size == sizeof(bytes));
    memcpy(association->key, bytes, ESP_KEY_SIZE);
    memcpy(association->salt, bytes + ESP_KEY_SIZE, ESP_SALT_SIZE);
    memcpy(association->auth_key, bytes + ESP_KEY_SIZE + ESP_SALT_SIZE, ESP_AUTH_KEY_SIZE);
    OPENSSL_cleanse(bytes, sizeof(bytes));
}

static void write_hex(const uint8_t *bytes, size_t size, struct sink *sink)
{
    for (size_t i = 0; i < size; i++)
        sink_hex(sink, bytes[i], 2);
}

void esp_write_keys(const struct esp_association *association, const char *from, const char *to, struct sink *sink)
{
    const struct suite_row *row = &rows[association->suite];

    sink_format(sink, "\"IPv4\",\"%s\",\"%s\",\"0x%08x\",\"%s\",\"", from, to, association->spi, row->encryption);
    if (row->cipher) {
        sink_text(sink, "0x");
        write_hex(association->key, ESP_KEY_SIZE, sink);
        write_hex(association->salt, row->has_tag ? ESP_SALT_SIZE : 0, sink);
    }
    sink_format(sink, "\",\"%s\",\"", row->authentication);
    if (!row->has_tag) {
        sink_text(sink, "0x");
        write_hex(association->auth_key, ESP_AUTH_KEY_SIZE, sink);
    }
    sink_text(sink, "\"");
}

/* ---- Contexts ---- */

static EVP_CIPHER_CTX *cipher_create(const char *name, const uint8_t *key, int is_sealing)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool done = cipher && context && EVP_CipherInit_ex2(context, cipher, key, NULL, is_sealing, NULL) == 1 &&
                EVP_CIPHER_CTX_set_padding(context, 0) == 1;

    EVP_CIPHER_free(cipher);
    if (done)
        return context;
    EVP_CIPHER_CTX_free(context);
    return NULL;
}

static EVP_MAC_CTX *mac_create(const uint8_t *key)
{
    char sha1[] = "SHA1";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha1, 0),
                               OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;

    EVP_MAC_free(mac);
    if (context && EVP_MAC_init(context, key, ESP_AUTH_KEY_SIZE, parameters) == 1)
        return context;
    EVP_MAC_CTX_free(context);
    return NULL;
}

static bool esp_set_up(struct esp *esp)
{
    const struct esp_association *association = &esp->association;

    if (esp->row->cipher) {
        esp->seal = cipher_create(esp->row->cipher, association->key, 1);
        esp->open = cipher_create(esp->row->cipher, association->key, 0);
        esp->ivs = cipher_create("AES-128-ECB", association->key, 1);
        if (!esp->seal || !esp->open || !esp->ivs)
            return false;
    }
    if (esp->row->has_tag)
        return true;
    esp->mac = mac_create(association->auth_key);
    return esp->mac != NULL;
}

enum err esp_create(struct esp **esp, struct arena *arena, const struct esp_association *association, struct note *note)
{
    struct esp *made = arena_alloc(arena, sizeof(*made));

    check((unsigned)association->suite < ESP_SUITE_COUNT);
    made->association = *association;
    made->shape = &esp_shapes[association->suite];
    made->row = &rows[association->suite];
    if (!esp_set_up(made)) {
        esp_free(made);
        return crypto_failed(note, "cannot set up ESP");
    }
    *esp = made;
    return ERR_OK;
}

void esp_free(struct esp *esp)
{
    if (!esp)
        return;
    EVP_CIPHER_CTX_free(esp->seal);
    EVP_CIPHER_CTX_free(esp->open);
    EVP_CIPHER_CTX_free(esp->ivs);
    EVP_MAC_CTX_free(esp->mac);
    OPENSSL_cleanse(esp, sizeof(*esp));
}

void esp_set_spi(struct esp *esp, uint32_t spi)
{
    esp->association.spi = spi;
}

/* ---- Pieces ---- */

static bool icv_make(struct esp *esp, const uint8_t *bytes, size_t size, uint8_t *icv)
{
    uint8_t whole[MAC_SIZE];
    size_t made = 0;
    bool done = EVP_MAC_init(esp->mac, NULL, 0, NULL) == 1 && EVP_MAC_update(esp->mac, bytes, size) == 1 &&
                EVP_MAC_final(esp->mac, whole, &made, sizeof(whole)) == 1 && made == MAC_SIZE;

    memcpy(icv, whole, esp->shape->icv_bytes);
    return done;
}

static bool iv_make(struct esp *esp, uint32_t sequence, uint8_t *iv)
{
    uint8_t counter[IV_MAX] = {0};
    int size = 0;

    for (size_t i = 0; i < sizeof(sequence); i++)
        counter[esp->shape->iv_bytes ? esp->shape->iv_bytes - 1u - i : i] = (uint8_t)(sequence >> 8 * i);
    memcpy(iv, counter, esp->shape->iv_bytes);
    if (esp->association.suite != ESP_AES_CBC)
        return true;
    return EVP_CipherUpdate(esp->ivs, iv, &size, counter, IV_MAX) == 1 && size == IV_MAX;
}

static void nonce_make(const struct esp *esp, const uint8_t *iv, uint8_t *nonce)
{
    memcpy(nonce, esp->association.salt, ESP_SALT_SIZE);
    memcpy(nonce + ESP_SALT_SIZE, iv, 8);
}

/* Payload, padding 1, 2, 3 ..., its length, the next header: where they are sealed from. */
static size_t plain_make(struct esp *esp, uint8_t next_header, struct span payload)
{
    size_t block = esp->shape->block_bytes;
    size_t size = (payload.size + ESP_TRAILER_SIZE + block - 1) / block * block;
    size_t padding = size - payload.size - ESP_TRAILER_SIZE;

    if (payload.size > 0)
        memcpy(esp->plain, payload.data, payload.size);
    for (size_t i = 0; i < padding; i++)
        esp->plain[payload.size + i] = (uint8_t)(i + 1);
    esp->plain[size - 2] = (uint8_t)padding;
    esp->plain[size - 1] = next_header;
    return size;
}

static bool encrypt(struct esp *esp, const uint8_t *head, size_t size, uint8_t *out)
{
    const uint8_t *iv = head + ESP_HEADER_SIZE;
    uint8_t nonce[NONCE_SIZE];
    int done = 0, rest = 0;

    if (!esp->row->cipher) {
        memcpy(out, esp->plain, size);
        return true;
    }
    if (!esp->row->has_tag)
        return EVP_CipherInit_ex2(esp->seal, NULL, NULL, iv, 1, NULL) == 1 &&
               EVP_CipherUpdate(esp->seal, out, &done, esp->plain, (int)size) == 1 && done == (int)size;
    nonce_make(esp, iv, nonce);
    return EVP_CipherInit_ex2(esp->seal, NULL, NULL, nonce, 1, NULL) == 1 &&
           EVP_CipherUpdate(esp->seal, NULL, &done, head, ESP_HEADER_SIZE) == 1 &&
           EVP_CipherUpdate(esp->seal, out, &done, esp->plain, (int)size) == 1 &&
           EVP_CipherFinal_ex(esp->seal, out + done, &rest) == 1 && done + rest == (int)size &&
           EVP_CIPHER_CTX_ctrl(esp->seal, EVP_CTRL_AEAD_GET_TAG, esp->shape->icv_bytes, out + size) == 1;
}

static bool decrypt(struct esp *esp, const uint8_t *head, size_t size, uint8_t *icv)
{
    const uint8_t *iv = head + ESP_HEADER_SIZE, *sealed = iv + esp->shape->iv_bytes;
    uint8_t nonce[NONCE_SIZE];
    int done = 0, rest = 0;

    if (!esp->row->cipher) {
        memcpy(esp->plain, sealed, size);
        return true;
    }
    if (!esp->row->has_tag)
        return EVP_CipherInit_ex2(esp->open, NULL, NULL, iv, 0, NULL) == 1 &&
               EVP_CipherUpdate(esp->open, esp->plain, &done, sealed, (int)size) == 1 && done == (int)size;
    nonce_make(esp, iv, nonce);
    return EVP_CipherInit_ex2(esp->open, NULL, NULL, nonce, 0, NULL) == 1 &&
           EVP_CipherUpdate(esp->open, NULL, &done, head, ESP_HEADER_SIZE) == 1 &&
           EVP_CipherUpdate(esp->open, esp->plain, &done, sealed, (int)size) == 1 &&
           EVP_CIPHER_CTX_ctrl(esp->open, EVP_CTRL_AEAD_SET_TAG, esp->shape->icv_bytes, icv) == 1 &&
           EVP_CipherFinal_ex(esp->open, esp->plain + done, &rest) == 1 && done + rest == (int)size;
}

static uint32_t read_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* ---- Packets ---- */

enum err esp_seal(struct esp *esp, uint32_t sequence, uint8_t next_header, struct span payload, struct sink *sink)
{
    check(payload.size <= PACKET_MAX - ESP_ADDED_MAX);
    size_t whole = (size_t)esp_size(esp->association.suite, payload.size), at = sink->size;

    if (sink->capacity - at < whole) {
        sink->overflow = true;
        return ERR_FULL;
    }
    uint8_t *head = (uint8_t *)sink->data + at;
    size_t size = plain_make(esp, next_header, payload), front = ESP_HEADER_SIZE + (size_t)esp->shape->iv_bytes;

    sink_u32(sink, esp->association.spi);
    sink_u32(sink, sequence);
    bool done = iv_make(esp, sequence, head + ESP_HEADER_SIZE) && encrypt(esp, head, size, head + front) &&
                (esp->row->has_tag || icv_make(esp, head, front + size, head + front + size));

    sink->size = done ? at + whole : at;
    return done ? ERR_OK : ERR_CRYPTO;
}

static bool is_authentic(struct esp *esp, struct span packet)
{
    const uint8_t *bytes = (const uint8_t *)packet.data;
    size_t size = packet.size - esp->shape->icv_bytes;
    uint8_t icv[MAC_SIZE];

    return esp->row->has_tag ||
           (icv_make(esp, bytes, size, icv) && CRYPTO_memcmp(icv, bytes + size, esp->shape->icv_bytes) == 0);
}

/* Bytes of the payload, of size bytes with their padding; ERR_CRYPTO if that is not as RFC 4303 wants it. */
static enum err unpad(const uint8_t *plain, size_t size, size_t *payload)
{
    size_t padding = plain[size - 2];

    if (padding + ESP_TRAILER_SIZE > size)
        return ERR_CRYPTO;
    for (size_t i = 0; i < padding; i++)
        if (plain[size - ESP_TRAILER_SIZE - padding + i] != i + 1)
            return ERR_CRYPTO;
    *payload = size - ESP_TRAILER_SIZE - padding;
    return ERR_OK;
}

enum err esp_open(struct esp *esp, struct span packet, uint8_t *payload, size_t capacity, struct esp_opened *opened)
{
    const struct esp_shape *shape = esp->shape;
    const uint8_t *head = (const uint8_t *)packet.data;
    size_t added = ESP_HEADER_SIZE + (size_t)shape->iv_bytes + shape->icv_bytes, size, inner;
    uint8_t icv[MAC_SIZE];

    if (packet.size < added + shape->block_bytes || packet.size > PACKET_MAX)
        return ERR_CRYPTO;
    inner = packet.size - added;
    if (inner % shape->block_bytes != 0 || read_u32(head) != esp->association.spi || !is_authentic(esp, packet))
        return ERR_CRYPTO;
    memcpy(icv, head + packet.size - shape->icv_bytes, shape->icv_bytes);
    if (!decrypt(esp, head, inner, icv))
        return ERR_CRYPTO;
    TRY(unpad(esp->plain, inner, &size));
    if (size > capacity)
        return ERR_FULL;
    memcpy(payload, esp->plain, size);
    *opened = (struct esp_opened){read_u32(head + 4), esp->plain[inner - 1], size};
    return ERR_OK;
}
