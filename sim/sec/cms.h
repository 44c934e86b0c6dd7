/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cms.h - a file under S/MIME: signed, then encrypted (RFC 8591 section 8, RFC 8551 section 3.7), as DER. What is
 * signed is a MIME entity, a short fixed header and the file; what is encrypted is the MIME entity of the SignedData.
 * Sizes come from a formula that is exact for the certificates of party.h; bytes are made only on demand.
 */
#ifndef SIM_SEC_CMS_H
#define SIM_SEC_CMS_H

#include "sim/base/slice.h"
#include "sim/sec/party.h"

/* From the strongest to the weakest. */
enum cms_suite {
    CMS_RFC8591,     /* ECDSA P-256 SHA-256; AuthEnvelopedData AES-128-GCM, ECDH P-256 with X9.63 KDF SHA-256 */
    CMS_RFC4975_RSA, /* RSA-2048 SHA-1; EnvelopedData AES-128-CBC, RSA key transport (S/MIME 3.1) */
    CMS_2013_3DES,   /* RSA-2048 SHA-1; EnvelopedData triple DES in CBC, RSA key transport (S/MIME 3.0) */
    CMS_SUITE_COUNT
};

enum { CMS_RECIPIENTS_MAX = 16 };

/* The kind of party a suite needs. */
enum party_kind cms_party_kind(enum cms_suite suite);

/* Value of the Content-Type header of what cms_seal writes. */
const char *cms_content_type(enum cms_suite suite);

/* Bytes of a file of content_bytes once sealed for so many recipients (1 to CMS_RECIPIENTS_MAX). */
uint64_t cms_sealed_size(enum cms_suite suite, bool with_certificate, uint64_t content_bytes);
uint64_t cms_sealed_size_for(enum cms_suite suite, uint32_t recipients, bool with_certificate, uint64_t content_bytes);

struct cms_sealing {
    const struct party *sender, *recipient; /* both of the suite's kind */
    enum cms_suite suite;
    bool with_certificate;      /* include the sender's */
    int64_t signing_time_s;     /* seconds since 1970, before 2050: the signing-time attribute */
    const struct party *others; /* more recipients behind the first, of the same kind */
    uint32_t other_count;       /* at most CMS_RECIPIENTS_MAX - 1 */
};

/* Seals content into out: exactly cms_sealed_size_for() bytes, of out_size; ERR_FULL when there is less room. Memory
 * use does not depend on the size. ERR_RANGE for a signing time past 2049; ERR_CRYPTO, with a note, when OpenSSL
 * refuses; what out holds then means nothing. */
MUST_USE enum err cms_seal(const struct cms_sealing *sealing, struct slice content, uint8_t *out, size_t out_size,
                           struct note *note);

/* Takes the next bytes of a message or file that is too large for memory. False: it cannot, and all ends. */
typedef bool cms_write_fn(void *context, const void *bytes, size_t size);

/* The same into a function, in pieces, in order; in all cms_sealed_size_for() bytes. Takes 64 KiB of memory of its own,
 * whatever the size. ERR_FILE with a note when write cannot. */
MUST_USE enum err cms_seal_to(const struct cms_sealing *sealing, struct slice content, cms_write_fn *write,
                              void *context, struct note *note);

struct cms_opening {
    const struct party *recipient;
    const struct party *authority; /* whom the recipient trusts */
    const char *sender_aor;        /* as the network asserts it, else as From says: the signer's certificate is its */
    const struct party *sender;    /* known before, for when the certificate is not included; may be NULL */
    int64_t at_s;                  /* seconds since 1970 at which certificates must be valid */
    enum cms_suite weakest;        /* what is sealed with a suite behind this one is refused */
    bool trusts_anybody;           /* any certificate is taken: to show what that leads to */
};

/* Opens what cms_seal or another writer of DER made with a suite above: decrypts, checks tag or padding, content
 * digest, signature and the signer's certificate (trust.h). out holds the file, *size its length, only when all have
 * passed; otherwise out is wiped. ERR_CRYPTO when a check fails, ERR_SYNTAX or ERR_MORE when it is not such a
 * structure, ERR_FULL when capacity is too small; with a note. */
MUST_USE enum err cms_open(const struct cms_opening *opening, struct span sealed, uint8_t *out, size_t capacity,
                           size_t *size, struct note *note);

/* The same into a function, in pieces, in order. What it is given is not believed yet: before ERR_OK it must reach
 * nobody (RFC 5083 section 2), and after any other return it must be thrown away. Takes 128 KiB of memory of its own.
 * ERR_FILE with a note when write cannot. */
MUST_USE enum err cms_open_to(const struct cms_opening *opening, struct span sealed, cms_write_fn *write, void *context,
                              uint64_t *size, struct note *note);

#endif
