/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/cms_signer.h"
#include "sim/base/check.h"
#include "sim/sec/cms_key.h"
#include "sim/sec/failure.h"
#include "sim/sec/trust.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

enum {
    SIGNER_VERSION = 1,    /* RFC 5652 section 5.3, with issuerAndSerialNumber */
    SIGNATURE_TRIES = 200, /* about every second one has that size */
    UTC_TIME_SIZE = 13,    /* YYMMDDHHMMSSZ */
    ATTRIBUTES_MAX = 256
};

/* ---- Writing ---- */

static void write_attribute(struct sink *sink, int nid, struct span value)
{
    der_write_head(sink, DER_SEQUENCE, der_oid_size(nid) + der_size(value.size));
    der_write_oid(sink, nid);
    der_write(sink, DER_SET, value);
}

static bool write_time(struct sink *sink, int64_t time_s)
{
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)time_s);
    bool done = time && ASN1_STRING_type(time) == V_ASN1_UTCTIME && ASN1_STRING_length(time) == UTC_TIME_SIZE;

    if (done)
        der_write(sink, DER_UTC_TIME, (struct span){(const char *)ASN1_STRING_get0_data(time), UTC_TIME_SIZE});
    ASN1_TIME_free(time);
    return done;
}

/* The attributes in the order that DER asks of a SET OF: content type, signing time, message digest, by their lengths.
 */
static enum err write_attributes(struct sink *sink, const struct cms_sealing *sealing, const uint8_t *digest,
                                 struct note *note)
{
    const EVP_MD *algorithm = EVP_get_digestbynid(cms_suites[sealing->suite].digest_nid);
    char bytes[64];
    struct sink value = SINK(bytes);

    der_write_oid(&value, NID_pkcs7_data);
    write_attribute(sink, NID_pkcs9_contentType, sink_written(&value));
    value = SINK(bytes);
    if (!write_time(&value, sealing->signing_time_s))
        return note_set(note, ERR_RANGE, "a signing time lies between 1950 and 2049");
    write_attribute(sink, NID_pkcs9_signingTime, sink_written(&value));
    value = SINK(bytes);
    der_write(&value, DER_OCTET_STRING, (struct span){(const char *)digest, (size_t)EVP_MD_get_size(algorithm)});
    check(!value.overflow);
    write_attribute(sink, NID_pkcs9_messageDigest, sink_written(&value));
    return ERR_OK;
}

/* One signature over text; *size holds the room on the way in. */
static bool sign_once(EVP_PKEY *key, const EVP_MD *algorithm, struct span text, uint8_t *signature, size_t *size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context && EVP_DigestSignInit(context, NULL, algorithm, NULL, key) == 1 &&
                EVP_DigestSign(context, signature, size, (const unsigned char *)text.data, text.size) == 1;

    EVP_MD_CTX_free(context);
    return done;
}

static bool sign(const struct cms_sealing *sealing, struct span text, uint8_t *signature, size_t *size)
{
    const struct cms_suite_row *row = &cms_suites[sealing->suite];
    const EVP_MD *algorithm = EVP_get_digestbynid(row->digest_nid);

    for (int i = 0; i < SIGNATURE_TRIES; i++) {
        *size = CMS_SIGNATURE_MAX;
        if (!sign_once(sealing->sender->key, algorithm, text, signature, size))
            return false;
        if (row->kind == PARTY_RSA || *size == PARTY_SIGNATURE_EC)
            return true;
    }
    return false;
}

enum err cms_signer_write(struct sink *sink, const struct cms_sealing *sealing, const uint8_t *digest,
                          struct note *note)
{
    const struct cms_suite_row *row = &cms_suites[sealing->suite];
    char attribute_bytes[ATTRIBUTES_MAX], set_bytes[ATTRIBUTES_MAX], bytes[CMS_SIGNER_MAX];
    struct sink attributes = SINK(attribute_bytes), set = SINK(set_bytes), content = SINK(bytes);
    uint8_t signature[CMS_SIGNATURE_MAX];
    size_t size;

    TRY(write_attributes(&attributes, sealing, digest, note));
    /* Signed as the SET OF that they are, sent under the tag [0]: RFC 5652 section 5.4. */
    der_write(&set, DER_SET, sink_written(&attributes));
    check(!attributes.overflow && !set.overflow);
    if (!sign(sealing, sink_written(&set), signature, &size))
        return crypto_failed(note, "cannot sign");
    der_write_small(&content, SIGNER_VERSION);
    cms_write_identifier(&content, sealing->sender);
    cms_write_digest_algorithm(&content, row);
    der_write(&content, DER_CONTEXT_0, sink_written(&attributes));
    cms_write_signature_algorithm(&content, row);
    der_write(&content, DER_OCTET_STRING, (struct span){(const char *)signature, size});
    check(!content.overflow);
    der_write(sink, DER_SEQUENCE, sink_written(&content));
    return ERR_OK;
}

/* ---- Checking ---- */

/* The parts of a SignerInfo that are used. */
struct signer {
    struct span identifier;
    struct span attributes; /* content of [0] */
    struct span signature;
};

static enum err cut_algorithm(struct span *text, int nid)
{
    struct span algorithm;

    TRY(der_cut(text, DER_SEQUENCE, &algorithm));
    return der_cut_oid(&algorithm, nid);
}

static enum err parse_signer(struct span info, const struct cms_suite_row *row, struct signer *signer)
{
    struct span content;
    uint8_t version;

    TRY(der_cut(&info, DER_SEQUENCE, &content));
    TRY(der_cut_small(&content, &version));
    TRY(der_cut_whole(&content, &signer->identifier));
    TRY(cut_algorithm(&content, row->digest_nid));
    TRY(der_cut(&content, DER_CONTEXT_0, &signer->attributes));
    TRY(cut_algorithm(&content, row->signature_nid));
    TRY(der_cut(&content, DER_OCTET_STRING, &signer->signature));
    return version == SIGNER_VERSION && content.size == 0 && info.size == 0 ? ERR_OK : ERR_SYNTAX;
}

/* The single value of the attribute nid, which must occur exactly once. */
static enum err find_attribute(struct span attributes, int nid, struct span *value)
{
    int found = 0;

    while (attributes.size > 0) {
        struct span attribute, values;

        TRY(der_cut(&attributes, DER_SEQUENCE, &attribute));
        if (der_cut_oid(&attribute, nid) != ERR_OK)
            continue;
        TRY(der_cut(&attribute, DER_SET, &values));
        TRY(der_cut_whole(&values, value));
        if (values.size != 0 || attribute.size != 0)
            return ERR_SYNTAX;
        found++;
    }
    return found == 1 ? ERR_OK : ERR_SYNTAX;
}

/* RFC 5652 section 5.6: the attributes must tell the content's type and digest. */
static enum err check_attributes(const struct signer *signer, const struct cms_suite_row *row, const uint8_t *digest,
                                 struct note *note)
{
    size_t digest_size = (size_t)EVP_MD_get_size(EVP_get_digestbynid(row->digest_nid));
    struct span type, told, octets;

    TRY(find_attribute(signer->attributes, NID_pkcs9_contentType, &type));
    TRY(der_cut_oid(&type, NID_pkcs7_data));
    TRY(find_attribute(signer->attributes, NID_pkcs9_messageDigest, &told));
    TRY(der_cut(&told, DER_OCTET_STRING, &octets));
    if (!span_equal(octets, (struct span){(const char *)digest, digest_size}))
        return note_set(note, ERR_CRYPTO, "the content is not what was signed");
    return ERR_OK;
}

static bool verify(X509 *certificate, const struct signer *signer, const struct cms_suite_row *row)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    char head[8];
    struct sink set = SINK(head);

    der_write_head(&set, DER_SET, signer->attributes.size);
    check(!set.overflow);
    bool done =
        key && context && EVP_DigestVerifyInit(context, NULL, EVP_get_digestbynid(row->digest_nid), NULL, key) == 1 &&
        EVP_DigestVerifyUpdate(context, head, set.size) == 1 &&
        EVP_DigestVerifyUpdate(context, signer->attributes.data, signer->attributes.size) == 1 &&
        EVP_DigestVerifyFinal(context, (const unsigned char *)signer->signature.data, signer->signature.size) == 1;

    EVP_MD_CTX_free(context);
    return done;
}

static bool is_named(X509 *certificate, struct span identifier)
{
    struct party party = {.certificate = certificate};
    char bytes[512];
    struct sink own = SINK(bytes);

    cms_write_identifier(&own, &party);
    return !own.overflow && span_equal(sink_written(&own), identifier);
}

/* The signer's certificate: one that came along, or the one known before. The caller frees it. */
static X509 *find_certificate(struct span certificates, const struct cms_opening *opening, struct span identifier)
{
    struct span encoding;

    while (certificates.size > 0 && der_cut_whole(&certificates, &encoding) == ERR_OK) {
        const unsigned char *at = (const unsigned char *)encoding.data;
        X509 *certificate = d2i_X509(NULL, &at, (long)encoding.size);

        if (certificate && is_named(certificate, identifier))
            return certificate;
        X509_free(certificate);
    }
    X509 *known = opening->sender ? opening->sender->certificate : NULL;

    if (known && is_named(known, identifier) && X509_up_ref(known) == 1)
        return known;
    return NULL;
}

static enum err check_certificate(X509 *certificate, const struct signer *signer, const struct cms_opening *opening,
                                  const struct cms_suite_row *row, struct note *note)
{
    if (!verify(certificate, signer, row))
        return crypto_failed(note, "the signature does not hold");
    if (opening->trusts_anybody)
        return ERR_OK;
    const struct trust trust = {opening->authority, opening->sender_aor, opening->at_s, TRUST_SIGN};

    return trust_check(certificate, &trust, note);
}

enum err cms_signer_check(struct span info, struct span certificates, const struct cms_opening *opening,
                          const struct cms_suite_row *row, const uint8_t *digest, struct note *note)
{
    struct signer signer;

    TRY(parse_signer(info, row, &signer));
    TRY(check_attributes(&signer, row, digest, note));
    X509 *certificate = find_certificate(certificates, opening, signer.identifier);

    if (!certificate)
        return note_set(note, ERR_CRYPTO, "the signer's certificate is neither included nor known");
    enum err result = check_certificate(certificate, &signer, opening, row, note);

    X509_free(certificate);
    return result;
}
