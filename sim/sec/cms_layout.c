/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/cms_layout.h"
#include "sim/base/check.h"

#include <openssl/objects.h>

enum { VERSION_SIZE = 3 /* bytes of an INTEGER below 128 */ };

const char cms_file_header[] = "Content-Type: application/octet-stream\r\n"
                               "Content-Transfer-Encoding: binary\r\n"
                               "\r\n";
const char cms_signed_header[] = "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=\"smime.p7m\"\r\n"
                                 "Content-Transfer-Encoding: binary\r\n"
                                 "\r\n";

const struct cms_suite_row cms_suites[CMS_SUITE_COUNT] = {
    [CMS_RFC8591] =
        {
            .kind = PARTY_EC,
            .content_type = "application/pkcs7-mime; smime-type=authEnveloped-data; name=\"smime.p7m\"",
            .digest_nid = NID_sha256,
            .signature_nid = NID_ecdsa_with_SHA256,
            .content_nid = NID_id_smime_ct_authEnvelopedData,
            .cipher_nid = NID_aes_128_gcm,
            .key_bytes = 16,
            .block_bytes = 16,
            .is_authenticated = true,
            .key_way = CMS_KEY_AGREEMENT,
            .signer_bytes = 255,
            .recipient_bytes = 186,
            .certificate_bytes = PARTY_CERTIFICATE_EC,
        },
    [CMS_RFC4975_RSA] =
        {
            .kind = PARTY_RSA,
            .content_type = "application/pkcs7-mime; smime-type=enveloped-data; name=\"smime.p7m\"",
            .digest_nid = NID_sha1,
            .signature_nid = NID_rsaEncryption,
            .signature_has_null = true,
            .content_nid = NID_pkcs7_enveloped,
            .cipher_nid = NID_aes_128_cbc,
            .key_bytes = 16,
            .block_bytes = 16,
            .key_way = CMS_KEY_TRANSPORT,
            .signer_bytes = 431,
            .recipient_bytes = 327,
            .certificate_bytes = PARTY_CERTIFICATE_RSA,
        },
    [CMS_2013_3DES] =
        {
            .kind = PARTY_RSA,
            .content_type = "application/pkcs7-mime; smime-type=enveloped-data; name=\"smime.p7m\"",
            .digest_nid = NID_sha1,
            .signature_nid = NID_rsaEncryption,
            .signature_has_null = true,
            .content_nid = NID_pkcs7_enveloped,
            .cipher_nid = NID_des_ede3_cbc,
            .key_bytes = 24,
            .block_bytes = 8,
            .key_way = CMS_KEY_TRANSPORT,
            .signer_bytes = 431,
            .recipient_bytes = 327,
            .certificate_bytes = PARTY_CERTIFICATE_RSA,
        },
};

static uint64_t algorithm_bytes(const struct cms_suite_row *row)
{
    uint8_t nonce[CMS_BLOCK_SIZE] = {0};
    char bytes[64];
    struct sink sink = SINK(bytes);

    cms_write_cipher(&sink, row, nonce);
    check(!sink.overflow);
    return sink.size;
}

void cms_layout_init(struct cms_layout *layout, enum cms_suite suite, uint32_t recipients, bool with_certificate,
                     uint64_t content_bytes)
{
    const struct cms_suite_row *row = &cms_suites[suite];
    uint64_t digest_algorithm = der_size(der_oid_size(row->digest_nid));
    uint64_t data_oid = der_oid_size(NID_pkcs7_data);
    struct cms_layout *l = layout;

    l->entity = strlen(cms_file_header) + content_bytes;
    l->encapsulated = data_oid + der_size(der_size(l->entity));
    l->certificates = with_certificate ? row->certificate_bytes : 0;
    l->signed_data = VERSION_SIZE + der_size(digest_algorithm) + der_size(l->encapsulated) +
                     (with_certificate ? der_size(l->certificates) : 0) + der_size(row->signer_bytes);
    l->signed_info = der_oid_size(NID_pkcs7_signed) + der_size(der_size(l->signed_data));
    l->plaintext = strlen(cms_signed_header) + der_size(l->signed_info);
    /* CBC pads by 1 to as many octets as a block has, RFC 5652 section 6.3. */
    l->ciphertext = row->is_authenticated ? l->plaintext : (l->plaintext / row->block_bytes + 1) * row->block_bytes;
    l->recipients = recipients * row->recipient_bytes;
    l->encrypted = data_oid + algorithm_bytes(row) + der_size(l->ciphertext);
    l->enveloped = VERSION_SIZE + der_size(l->recipients) + der_size(l->encrypted) +
                   (row->is_authenticated ? der_size(CMS_TAG_SIZE) : 0);
    l->envelope_info = der_oid_size(row->content_nid) + der_size(der_size(l->enveloped));
    l->sealed = der_size(l->envelope_info);
}

uint64_t cms_sealed_size_for(enum cms_suite suite, uint32_t recipients, bool with_certificate, uint64_t content_bytes)
{
    struct cms_layout layout;

    check(suite >= 0 && suite < CMS_SUITE_COUNT);
    check(recipients >= 1 && recipients <= CMS_RECIPIENTS_MAX);
    cms_layout_init(&layout, suite, recipients, with_certificate, content_bytes);
    return layout.sealed;
}

uint64_t cms_sealed_size(enum cms_suite suite, bool with_certificate, uint64_t content_bytes)
{
    return cms_sealed_size_for(suite, 1, with_certificate, content_bytes);
}

enum party_kind cms_party_kind(enum cms_suite suite)
{
    check(suite >= 0 && suite < CMS_SUITE_COUNT);
    return cms_suites[suite].kind;
}

const char *cms_content_type(enum cms_suite suite)
{
    check(suite >= 0 && suite < CMS_SUITE_COUNT);
    return cms_suites[suite].content_type;
}

static void write_algorithm(struct sink *sink, int nid, bool has_null)
{
    der_write_head(sink, DER_SEQUENCE, der_oid_size(nid) + (has_null ? der_size(0) : 0));
    der_write_oid(sink, nid);
    if (has_null)
        der_write_head(sink, DER_NULL, 0);
}

void cms_write_digest_algorithm(struct sink *sink, const struct cms_suite_row *row)
{
    write_algorithm(sink, row->digest_nid, false);
}

void cms_write_signature_algorithm(struct sink *sink, const struct cms_suite_row *row)
{
    write_algorithm(sink, row->signature_nid, row->signature_has_null);
}

size_t cms_nonce_size(const struct cms_suite_row *row)
{
    return row->is_authenticated ? CMS_NONCE_GCM : row->block_bytes;
}

/* GCM: SEQUENCE of nonce and tag length (RFC 5084 section 3.2); CBC: the IV (RFC 3565 section 4.1, RFC 3370
 * section 5.1). */
void cms_write_cipher(struct sink *sink, const struct cms_suite_row *row, const uint8_t *nonce)
{
    struct span octets = {(const char *)nonce, cms_nonce_size(row)};
    uint64_t parameters = der_size(octets.size);

    if (row->is_authenticated)
        parameters = der_size(parameters + VERSION_SIZE);
    der_write_head(sink, DER_SEQUENCE, der_oid_size(row->cipher_nid) + parameters);
    der_write_oid(sink, row->cipher_nid);
    if (row->is_authenticated)
        der_write_head(sink, DER_SEQUENCE, der_size(octets.size) + VERSION_SIZE);
    der_write(sink, DER_OCTET_STRING, octets);
    if (row->is_authenticated)
        der_write_small(sink, CMS_TAG_SIZE);
}
