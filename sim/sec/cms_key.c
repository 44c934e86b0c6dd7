/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/cms_key.h"
#include "sim/base/check.h"
#include "sim/sec/failure.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/objects.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

enum {
    WRAP_KEY_SIZE = 16,               /* AES-128 key wrap, and the key it wraps */
    WRAPPED_SIZE = WRAP_KEY_SIZE + 8, /* RFC 3394 */
    POINT_SIZE = 65,                  /* uncompressed point of P-256 */
    SECRET_SIZE = 32,
    KARI_VERSION = 3, /* RFC 5652 section 6.2.2 */
    KTRI_VERSION = 0  /* RFC 5652 section 6.2.1, with issuerAndSerialNumber */
};

void cms_write_identifier(struct sink *sink, const struct party *party)
{
    const X509 *certificate = party->certificate;
    unsigned char serial[64], *end = serial;
    const unsigned char *name = NULL;
    size_t name_size = 0;

    check(X509_NAME_get0_der(X509_get_issuer_name(certificate), &name, &name_size) == 1);
    check(i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), NULL) <= (int)sizeof(serial));
    int serial_size = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &end);

    check(serial_size > 0);
    der_write_head(sink, DER_SEQUENCE, name_size + (uint64_t)serial_size);
    sink_bytes(sink, name, name_size);
    sink_bytes(sink, serial, (size_t)serial_size);
}

/* AlgorithmIdentifier of AES-128 key wrap, without parameters. */
static void write_wrap_algorithm(struct sink *sink)
{
    der_write_head(sink, DER_SEQUENCE, der_oid_size(NID_id_aes128_wrap));
    der_write_oid(sink, NID_id_aes128_wrap);
}

/* Key-encryption key from the shared secret; what is hashed with it is ECC-CMS-SharedInfo, RFC 5753 section 7.2. */
static bool derive_wrapping_key(const uint8_t secret[SECRET_SIZE], uint8_t key[WRAP_KEY_SIZE])
{
    char bytes[64];
    struct sink info = SINK(bytes);
    uint64_t algorithm = der_size(der_oid_size(NID_id_aes128_wrap));

    der_write_head(&info, DER_SEQUENCE, algorithm + der_size(der_size(4)));
    write_wrap_algorithm(&info);
    der_write_head(&info, DER_CONTEXT_2, der_size(4));
    der_write_head(&info, DER_OCTET_STRING, 4);
    sink_u32(&info, 8 * WRAP_KEY_SIZE);
    check(!info.overflow);

    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_X963KDF, NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    char digest[] = SN_sha256;
    uint8_t copy[SECRET_SIZE];
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, copy, sizeof(copy)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, bytes, info.size),
        OSSL_PARAM_construct_end(),
    };

    memcpy(copy, secret, sizeof(copy));
    bool done = context && EVP_KDF_derive(context, key, WRAP_KEY_SIZE, parameters) == 1;

    OPENSSL_cleanse(copy, sizeof(copy));
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return done;
}

/* ECDH of own key and the other's public key, then the KDF. */
static bool agree(EVP_PKEY *own, EVP_PKEY *other, uint8_t key[WRAP_KEY_SIZE])
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
    uint8_t secret[SECRET_SIZE];
    size_t size = sizeof(secret);
    bool done = context && EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, other) == 1 &&
                EVP_PKEY_derive(context, secret, &size) == 1 && size == sizeof(secret) &&
                derive_wrapping_key(secret, key);

    OPENSSL_cleanse(secret, sizeof(secret));
    EVP_PKEY_CTX_free(context);
    return done;
}

/* Wraps or unwraps: size_out is what must come out. */
static bool wrap(const uint8_t key[WRAP_KEY_SIZE], bool is_wrapping, const uint8_t *in, int size_in, uint8_t *out,
                 int size_out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t bytes[WRAPPED_SIZE + 16];
    int size = 0, last = 0;

    if (!context)
        return false;
    EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    bool done = EVP_CipherInit_ex(context, EVP_aes_128_wrap(), NULL, key, NULL, is_wrapping ? 1 : 0) == 1 &&
                EVP_CipherUpdate(context, bytes, &size, in, size_in) == 1 &&
                EVP_CipherFinal_ex(context, bytes + size, &last) == 1 && size + last == size_out;

    if (done)
        memcpy(out, bytes, (size_t)size_out);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    EVP_CIPHER_CTX_free(context);
    return done;
}

/* An ephemeral key agrees with the recipient's: the point to send and the wrapped key. */
static bool wrap_for(const struct party *recipient, const uint8_t *key, uint8_t *point, uint8_t *wrapped)
{
    EVP_PKEY *ephemeral = EVP_EC_gen("P-256");
    uint8_t wrapping_key[WRAP_KEY_SIZE];
    size_t size = 0;
    bool done = ephemeral &&
                EVP_PKEY_get_octet_string_param(ephemeral, OSSL_PKEY_PARAM_PUB_KEY, point, POINT_SIZE, &size) == 1 &&
                size == POINT_SIZE && agree(ephemeral, recipient->key, wrapping_key) &&
                wrap(wrapping_key, true, key, WRAP_KEY_SIZE, wrapped, WRAPPED_SIZE);

    OPENSSL_cleanse(wrapping_key, sizeof(wrapping_key));
    EVP_PKEY_free(ephemeral);
    return done;
}

/* OriginatorPublicKey: the point, under the algorithm's bare OID. */
static void write_originator(struct sink *sink, const uint8_t *point)
{
    uint64_t algorithm = der_size(der_oid_size(NID_X9_62_id_ecPublicKey));
    uint64_t public_key = algorithm + der_size(1 + POINT_SIZE);

    der_write_head(sink, DER_CONTEXT_0, der_size(public_key));
    der_write_head(sink, DER_CONTEXT_1, public_key);
    der_write_head(sink, DER_SEQUENCE, der_oid_size(NID_X9_62_id_ecPublicKey));
    der_write_oid(sink, NID_X9_62_id_ecPublicKey);
    der_write_head(sink, DER_BIT_STRING, 1 + POINT_SIZE);
    sink_u8(sink, 0);
    sink_bytes(sink, point, POINT_SIZE);
}

static void write_agreement_algorithm(struct sink *sink)
{
    uint64_t wrap_algorithm = der_size(der_oid_size(NID_id_aes128_wrap));

    der_write_head(sink, DER_SEQUENCE, der_oid_size(NID_dhSinglePass_stdDH_sha256kdf_scheme) + wrap_algorithm);
    der_write_oid(sink, NID_dhSinglePass_stdDH_sha256kdf_scheme);
    write_wrap_algorithm(sink);
}

/* KeyAgreeRecipientInfo, [1] of RecipientInfo, RFC 5652 section 6.2.2. */
static enum err write_agreement(struct sink *sink, const struct party *recipient, const uint8_t *key, struct note *note)
{
    char bytes[CMS_RECIPIENT_MAX], name[256];
    struct sink content = SINK(bytes), identifier = SINK(name);
    uint8_t point[POINT_SIZE], wrapped[WRAPPED_SIZE];

    if (!wrap_for(recipient, key, point, wrapped))
        return crypto_failed(note, "cannot agree on a key with the recipient");
    cms_write_identifier(&identifier, recipient);
    der_write_small(&content, KARI_VERSION);
    write_originator(&content, point);
    write_agreement_algorithm(&content);
    uint64_t encrypted_key = identifier.size + der_size(WRAPPED_SIZE);

    der_write_head(&content, DER_SEQUENCE, der_size(encrypted_key));
    der_write_head(&content, DER_SEQUENCE, encrypted_key);
    sink_span(&content, sink_written(&identifier));
    der_write(&content, DER_OCTET_STRING, (struct span){(const char *)wrapped, sizeof(wrapped)});
    check(!content.overflow && !identifier.overflow);
    der_write(sink, DER_CONTEXT_1, sink_written(&content));
    return ERR_OK;
}

/* RSA either way. On the way in *size holds the room in out. */
static bool transport(EVP_PKEY *key, bool is_encrypting, struct span in, uint8_t *out, size_t *size)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    const unsigned char *bytes = (const unsigned char *)in.data;
    bool done = false;

    if (context && is_encrypting)
        done = EVP_PKEY_encrypt_init(context) == 1 && EVP_PKEY_encrypt(context, out, size, bytes, in.size) == 1;
    else if (context)
        done = EVP_PKEY_decrypt_init(context) == 1 && EVP_PKEY_decrypt(context, out, size, bytes, in.size) == 1;
    EVP_PKEY_CTX_free(context);
    return done;
}

/* KeyTransRecipientInfo, RFC 5652 section 6.2.1. */
static enum err write_transport(struct sink *sink, const struct party *recipient, struct span key, struct note *note)
{
    char bytes[CMS_RECIPIENT_MAX];
    struct sink content = SINK(bytes);
    uint8_t encrypted[CMS_SIGNATURE_MAX];
    size_t size = sizeof(encrypted);

    if (!transport(recipient->key, true, key, encrypted, &size))
        return crypto_failed(note, "cannot encrypt a key for the recipient");
    der_write_small(&content, KTRI_VERSION);
    cms_write_identifier(&content, recipient);
    der_write_head(&content, DER_SEQUENCE, der_oid_size(NID_rsaEncryption) + der_size(0));
    der_write_oid(&content, NID_rsaEncryption);
    der_write_head(&content, DER_NULL, 0);
    der_write(&content, DER_OCTET_STRING, (struct span){(const char *)encrypted, size});
    check(!content.overflow);
    der_write(sink, DER_SEQUENCE, sink_written(&content));
    return ERR_OK;
}

enum err cms_key_write(struct sink *sink, const struct cms_suite_row *row, const struct party *recipient,
                       const uint8_t key[CMS_KEY_MAX], struct note *note)
{
    if (row->key_way == CMS_KEY_TRANSPORT)
        return write_transport(sink, recipient, (struct span){(const char *)key, row->key_bytes}, note);
    check(row->key_bytes == WRAP_KEY_SIZE);
    return write_agreement(sink, recipient, key, note);
}

/* Whether the identifier that comes next names the party's certificate. */
static enum err cut_identifier(struct span *text, const struct party *party, struct note *note)
{
    char bytes[256];
    struct sink own = SINK(bytes);
    struct span named;

    TRY(der_cut_whole(text, &named));
    cms_write_identifier(&own, party);
    check(!own.overflow);
    if (!span_equal(named, sink_written(&own)))
        return note_set(note, ERR_CRYPTO, "the message is not encrypted for this recipient");
    return ERR_OK;
}

static enum err cut_originator(struct span *text, struct span *point)
{
    struct span explicit_tag, public_key, algorithm, bits;

    TRY(der_cut(text, DER_CONTEXT_0, &explicit_tag));
    TRY(der_cut(&explicit_tag, DER_CONTEXT_1, &public_key));
    TRY(der_cut(&public_key, DER_SEQUENCE, &algorithm));
    TRY(der_cut_oid(&algorithm, NID_X9_62_id_ecPublicKey));
    TRY(der_cut(&public_key, DER_BIT_STRING, &bits));
    if (bits.size != 1 + POINT_SIZE || bits.data[0] != 0 || explicit_tag.size != 0 || public_key.size != 0)
        return ERR_SYNTAX;
    *point = span_after(bits, 1);
    return ERR_OK;
}

static bool unwrap_from(const struct party *recipient, struct span point, struct span wrapped, uint8_t *key)
{
    EVP_PKEY *sender = EVP_PKEY_new();
    uint8_t wrapping_key[WRAP_KEY_SIZE];
    bool done = sender && EVP_PKEY_copy_parameters(sender, recipient->key) == 1 &&
                EVP_PKEY_set1_encoded_public_key(sender, (const unsigned char *)point.data, point.size) == 1 &&
                agree(recipient->key, sender, wrapping_key) &&
                wrap(wrapping_key, false, (const uint8_t *)wrapped.data, (int)wrapped.size, key, WRAP_KEY_SIZE);

    OPENSSL_cleanse(wrapping_key, sizeof(wrapping_key));
    EVP_PKEY_free(sender);
    return done;
}

static enum err read_agreement(struct span info, const struct party *recipient, uint8_t *key, struct note *note)
{
    struct span content, point, algorithm, wrap_algorithm, encrypted_keys, encrypted_key, wrapped;
    uint8_t version;

    TRY(der_cut(&info, DER_CONTEXT_1, &content));
    TRY(der_cut_small(&content, &version));
    TRY(cut_originator(&content, &point));
    TRY(der_cut(&content, DER_SEQUENCE, &algorithm));
    TRY(der_cut_oid(&algorithm, NID_dhSinglePass_stdDH_sha256kdf_scheme));
    TRY(der_cut(&algorithm, DER_SEQUENCE, &wrap_algorithm));
    TRY(der_cut_oid(&wrap_algorithm, NID_id_aes128_wrap));
    TRY(der_cut(&content, DER_SEQUENCE, &encrypted_keys));
    TRY(der_cut(&encrypted_keys, DER_SEQUENCE, &encrypted_key));
    TRY(cut_identifier(&encrypted_key, recipient, note));
    TRY(der_cut(&encrypted_key, DER_OCTET_STRING, &wrapped));
    if (version != KARI_VERSION || algorithm.size || wrap_algorithm.size || encrypted_key.size || encrypted_keys.size ||
        content.size || info.size || wrapped.size != WRAPPED_SIZE)
        return ERR_SYNTAX;
    if (!unwrap_from(recipient, point, wrapped, key))
        return crypto_failed(note, "the key for this recipient does not unwrap");
    return ERR_OK;
}

static enum err read_transport(struct span info, const struct party *recipient, uint8_t *key, size_t key_bytes,
                               struct note *note)
{
    struct span content, algorithm, encrypted;
    uint8_t version, decrypted[CMS_SIGNATURE_MAX], random[CMS_KEY_MAX];
    size_t size = sizeof(decrypted);

    TRY(der_cut(&info, DER_SEQUENCE, &content));
    TRY(der_cut_small(&content, &version));
    TRY(cut_identifier(&content, recipient, note));
    TRY(der_cut(&content, DER_SEQUENCE, &algorithm));
    TRY(der_cut_oid(&algorithm, NID_rsaEncryption));
    TRY(der_cut(&content, DER_OCTET_STRING, &encrypted));
    if (version != KTRI_VERSION || content.size || info.size)
        return ERR_SYNTAX;
    if (RAND_bytes(random, sizeof(random)) != 1)
        return crypto_failed(note, "no random numbers");
    bool done = transport(recipient->key, false, encrypted, decrypted, &size) && size == key_bytes;

    memcpy(key, done ? decrypted : random, key_bytes);
    OPENSSL_cleanse(decrypted, sizeof(decrypted));
    return ERR_OK;
}

enum err cms_key_read(struct span info, const struct cms_suite_row *row, const struct party *recipient,
                      uint8_t key[CMS_KEY_MAX], struct note *note)
{
    if (row->key_way == CMS_KEY_AGREEMENT)
        return read_agreement(info, recipient, key, note);
    return read_transport(info, recipient, key, row->key_bytes, note);
}
