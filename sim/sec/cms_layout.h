/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cms_layout.h - what the CMS suites consist of and how long every part is. The writer takes its lengths from here and
 * so does the formula, so that they cannot differ. For use inside sim/sec.
 */
#ifndef SIM_SEC_CMS_LAYOUT_H
#define SIM_SEC_CMS_LAYOUT_H

#include "sim/sec/cms.h"
#include "sim/sec/der.h"

enum {
    CMS_KEY_MAX = 24,           /* bytes of the longest content-encryption key: triple DES */
    CMS_BLOCK_SIZE = 16,        /* AES, the longest block */
    CMS_TAG_SIZE = 16,          /* GCM */
    CMS_NONCE_GCM = 12,         /* RFC 5084 recommends 12 octets */
    CMS_DIGEST_MAX = 32,        /* SHA-256 */
    CMS_SIGNATURE_MAX = 256,    /* RSA-2048 */
    CMS_SIGNER_MAX = 1024,      /* bytes of a SignerInfo we write */
    CMS_RECIPIENT_MAX = 1024,   /* bytes of a RecipientInfo we write */
    CMS_CERTIFICATE_MAX = 1024, /* bytes of a certificate of party.h */
    CMS_HEAD_MAX = 1024,        /* bytes of everything sealed before the file begins */
    CMS_PIECE = 16384           /* bytes worked on at once: they stay in the processor's first cache */
};

/* How the content-encryption key comes to the recipient. */
enum cms_key_way { CMS_KEY_AGREEMENT, CMS_KEY_TRANSPORT };

struct cms_suite_row {
    enum party_kind kind;
    const char *content_type;
    int digest_nid;
    int signature_nid;
    bool signature_has_null; /* its AlgorithmIdentifier carries NULL parameters */
    int content_nid;         /* ContentInfo: authEnvelopedData or envelopedData */
    int cipher_nid;
    uint8_t key_bytes;     /* content-encryption key, at most CMS_KEY_MAX */
    uint8_t block_bytes;   /* at most CMS_BLOCK_SIZE */
    bool is_authenticated; /* GCM with a tag after the content; otherwise CBC with padding */
    enum cms_key_way key_way;
    uint64_t signer_bytes;      /* SignerInfo */
    uint64_t recipient_bytes;   /* RecipientInfo */
    uint64_t certificate_bytes; /* the sender's */
};
extern const struct cms_suite_row cms_suites[CMS_SUITE_COUNT];

/* MIME headers in front of the file and in front of the SignedData. */
extern const char cms_file_header[];
extern const char cms_signed_header[];

/* Content lengths of the nested structures, from the inside out. */
struct cms_layout {
    uint64_t entity;        /* MIME entity of the file: what is signed */
    uint64_t encapsulated;  /* EncapsulatedContentInfo */
    uint64_t certificates;  /* [0] of SignedData; 0 when there are none */
    uint64_t signed_data;   /* SignedData */
    uint64_t signed_info;   /* its ContentInfo */
    uint64_t plaintext;     /* MIME entity of the SignedData: what is encrypted */
    uint64_t ciphertext;    /* the same with padding */
    uint64_t recipients;    /* RecipientInfos */
    uint64_t encrypted;     /* EncryptedContentInfo */
    uint64_t enveloped;     /* (Auth)EnvelopedData */
    uint64_t envelope_info; /* its ContentInfo */
    uint64_t sealed;        /* the whole */
};

void cms_layout_init(struct cms_layout *layout, enum cms_suite suite, uint32_t recipients, bool with_certificate,
                     uint64_t content_bytes);

/* AlgorithmIdentifier of the suite's digest and signature. OpenSSL writes digests without parameters. */
void cms_write_digest_algorithm(struct sink *sink, const struct cms_suite_row *row);
void cms_write_signature_algorithm(struct sink *sink, const struct cms_suite_row *row);

/* ContentEncryptionAlgorithmIdentifier with its nonce or IV. */
void cms_write_cipher(struct sink *sink, const struct cms_suite_row *row, const uint8_t *nonce);

/* Bytes of the nonce or IV. */
size_t cms_nonce_size(const struct cms_suite_row *row);

#endif
