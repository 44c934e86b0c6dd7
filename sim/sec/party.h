/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * party.h - who signs, decrypts and answers TLS: a key pair and its certificate under a test authority, all made in
 * memory. Every certificate of one kind has the same size whatever its name and key, so that sizes by formula hold.
 * Once made, a party is only read and may be used from several threads.
 */
#ifndef SIM_SEC_PARTY_H
#define SIM_SEC_PARTY_H

#include "sim/base/sink.h"

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */
struct x509_st;     /* OpenSSL's X509 */
struct X509_crl_st; /* OpenSSL's X509_CRL */

enum {
    PARTY_NAME_MAX = 39,            /* characters of an AoR or host name */
    PARTY_SIGNATURE_EC = 71,        /* bytes of DER that an ECDSA signature counts: its most frequent size */
    PARTY_DEVICES_MAX = 8,          /* of one user */
    PARTY_SERVERS_MAX = 48,         /* TLS servers of one set */
    PARTY_CERTIFICATE_EC = 412,     /* bytes of DER of a P-256 certificate, ECDSA signature of 71 bytes */
    PARTY_CERTIFICATE_RSA = 809,    /* bytes of DER of an RSA-2048 certificate */
    PARTY_FINGERPRINT_SIZE = 32,    /* bytes of SHA-256 */
    PARTY_SERVER_CERTIFICATE = 412, /* bytes of DER of a TLS server's certificate, always P-256 */
};

enum party_kind { PARTY_EC, PARTY_RSA, PARTY_KIND_COUNT };

struct party {
    struct evp_pkey_st *key;
    struct x509_st *certificate;
    struct X509_crl_st *crl;       /* an authority's: the revocation list that those who trust it hold; else NULL */
    char name[PARTY_NAME_MAX + 1]; /* the AoR or host name its subjectAltName carries; empty for an authority */
};

/* An authority that signs certificates of its own kind, with a revocation list on which nobody stands. ERR_CRYPTO when
 * OpenSSL refuses. */
MUST_USE enum err party_init_authority(struct party *authority, enum party_kind kind, struct note *note);

/* A user with an S/MIME certificate whose subjectAltName is the URI aor ("sip:alice@open-ims.test"). ERR_RANGE when
 * aor is empty or longer than PARTY_NAME_MAX. */
MUST_USE enum err party_init_user(struct party *user, const struct party *authority, const char *aor,
                                  struct note *note);

/* A TLS server (or client, for mutual TLS) with a P-256 certificate whose subjectAltName is host: a DNS name of at most
 * PARTY_NAME_MAX characters, or an IPv4 address. The authority must be of kind PARTY_EC. */
MUST_USE enum err party_init_server(struct party *server, const struct party *authority, const char *host,
                                    struct note *note);

/* What is unusual about a certificate; NULL and false: nothing. Key usages are in OpenSSL's configuration syntax
 * ("critical,keyAgreement"), "" leaves the extension out; dates are like "20101231235959Z", before 2050. */
struct party_oddity {
    const char *not_before, *not_after;
    const char *key_usage, *extended_key_usage;
    bool is_self_signed;  /* under its own key, in the authority's place */
    bool is_authority;    /* it may sign certificates itself */
    bool has_small_key;   /* RSA of 1,024 bits, P-192 */
    bool is_signed_sha1;  /* by the authority */
    const char *aor_type; /* "DNS", "email": the AoR under another type of alternative name than URI */
};

/* A user as party_init_user makes it but for its oddities; its size is not that of the others. */
MUST_USE enum err party_init_odd_user(struct party *user, const struct party *authority, const char *aor,
                                      const struct party_oddity *oddity, struct note *note);

/* Who is known by a certificate alone, in DER: a peer, whose key is the public one. name stays empty. ERR_CRYPTO: it is
 * no certificate, or something stands behind it. */
MUST_USE enum err party_init_peer(struct party *peer, struct span der, struct note *note);

/* Puts the user's certificate on the authority's revocation list, which is issued anew. ERR_CRYPTO. */
MUST_USE enum err party_revoke(struct party *authority, const struct party *user, struct note *note);

/* Frees the key (wiped, OpenSSL's number by number), the certificate and the list; a party of zeros is left alone. */
void party_free(struct party *party);

/* The certificate as DER. */
void party_write_der(const struct party *party, struct sink *der);

/* SHA-256 of the certificate's DER, as a=fingerprint has it (RFC 8122 section 5). */
void party_fingerprint(const struct party *party, uint8_t hash[PARTY_FINGERPRINT_SIZE]);

/* Writes certificate, revocation list or private key as PEM text, for other programs that check our output. Who has
 * written a key wipes the text (OPENSSL_cleanse). */
MUST_USE enum err party_write_certificate(const struct party *party, struct sink *pem);
MUST_USE enum err party_write_crl(const struct party *authority, struct sink *pem);
MUST_USE enum err party_write_key(const struct party *party, struct sink *pem);

/* Everybody a trial with real bytes needs. Making RSA keys takes some tenths of a second, so the owner makes one set
 * for all its trials. */
struct party_set {
    struct party authority[PARTY_KIND_COUNT];                         /* by kind; the RSA one only when asked for */
    struct party alice[PARTY_KIND_COUNT];                             /* sip:alice@open-ims.test */
    struct party bob[PARTY_KIND_COUNT];                               /* sip:bob@open-ims.test */
    struct party bob_others[PARTY_KIND_COUNT][PARTY_DEVICES_MAX - 1]; /* his other devices: the same name, other keys */
    uint32_t bob_other_count;
    struct party servers[PARTY_SERVERS_MAX]; /* in the order of their names */
    size_t server_count;
};

struct party_set_config {
    const char *alice, *bob;         /* AoRs; NULL for those above */
    const char *const *server_names; /* ends with NULL; NULL for none */
    bool with_rsa;
    uint32_t bob_others; /* other devices of bob's, at most PARTY_DEVICES_MAX - 1 */
};

/* Makes the set; freed by party_set_free, also after a failure. */
MUST_USE enum err party_set_init(struct party_set *set, const struct party_set_config *config, struct note *note);
void party_set_free(struct party_set *set);

/* The server of that name, or NULL. */
const struct party *party_set_server(const struct party_set *set, struct span name);

#endif
