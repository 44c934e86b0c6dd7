/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls_open.h - opens the records that one end of a TLS connection sent, with the secret that a key log gives: TLS 1.3
 * (RFC 8446 sections 5.2 and 7) and 1.2 (RFC 5246 sections 6.2.3 and 6.3, GCM as in RFC 5288, ChaCha20-Poly1305 as in
 * RFC 7905, CBC with HMAC before or, as RFC 7366 has it, after encryption). Who reads the handshake says which suite.
 */
#ifndef SIM_SEC_TLS_OPEN_H
#define SIM_SEC_TLS_OPEN_H

#include "sim/base/err.h"
#include "sim/base/span.h"

enum { TLS_RANDOM_SIZE = 32, TLS_SECRET_MAX = 48, TLS_CIPHERTEXT_MAX = 16384 + 2048 };

/* The suite's name as IANA has it; NULL for one that cannot be opened here. */
const char *tls_suite_name(uint16_t suite);

struct tls_open_config {
    uint16_t suite;
    bool is_1_3;                  /* else 1.2 */
    bool from_client;             /* whose records; 1.2 */
    bool mac_last;                /* encrypt_then_mac was agreed on; 1.2 with CBC */
    struct span secret;           /* 1.3: traffic secret of the end and epoch; 1.2: master secret */
    const uint8_t *client_random; /* 1.2: TLS_RANDOM_SIZE bytes each */
    const uint8_t *server_random;
};

struct tls_suite;         /* a row of the table of suites */
struct evp_cipher_ctx_st; /* OpenSSL's EVP_CIPHER_CTX */
struct evp_mac_ctx_st;    /* OpenSSL's EVP_MAC_CTX */

/* In place; what OpenSSL holds for it is let go by tls_open_free, which also wipes the keys. */
struct tls_open {
    const struct tls_suite *suite;
    bool is_1_3, mac_last;
    uint64_t sequence; /* of the next record */
    uint8_t iv[16];
    uint8_t secret[TLS_SECRET_MAX]; /* 1.3 */
    struct evp_cipher_ctx_st *cipher;
    struct evp_mac_ctx_st *mac; /* CBC */
};

/* ERR_UNKNOWN: the suite is not in the table; ERR_CRYPTO: the secret has not its length, or OpenSSL refuses. */
MUST_USE enum err tls_open_init(struct tls_open *open, const struct tls_open_config *config);
void tls_open_free(struct tls_open *open);

/* The end's next keys after its KeyUpdate, RFC 8446 section 7.2. */
MUST_USE enum err tls_open_update(struct tls_open *open);

/* Opens a whole record, header included: its content goes to plain, which holds capacity and may not overlap it; type
 * is that of the content. ERR_CRYPTO: changed, or not the next one; then the next one is still waited for. ERR_FULL:
 * the content may not fit. */
MUST_USE enum err tls_open_record(struct tls_open *open, struct span record, uint8_t *plain, size_t capacity,
                                  uint8_t *type, size_t *size);

#endif
