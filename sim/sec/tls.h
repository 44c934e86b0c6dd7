/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls.h - TLS 1.3 (RFC 8446) and 1.2 (RFC 5246) as sizes and, on demand, as bytes: a full handshake with X25519 and
 * P-256 certificates of party.h, or a resumed one with a ticket of an earlier connection; no server name indication. An
 * ECDSA signature counts 71 bytes. A pair is both ends of one connection in one process: it makes the bytes; the owner
 * carries them.
 */
#ifndef SIM_SEC_TLS_H
#define SIM_SEC_TLS_H

#include "sim/base/arena.h"
#include "sim/sec/party.h"

enum {
    TLS_RECORD_MAX = 16384, /* plaintext bytes of one record */
    TLS_OVERHEAD_MAX = 57,  /* of AES-CBC: header 5, IV 16, MAC 20, padding 1 to 16 */
    TLS_SEALED_MAX = TLS_RECORD_MAX + TLS_OVERHEAD_MAX,
    TLS_CLOSE_MAX = 53 /* the longest close_notify alert */
};

enum tls_version { TLS_1_3, TLS_1_2, TLS_VERSION_COUNT };

/* 1.3: TLS_AES_128_GCM_SHA256. 1.2, with the extended master secret (RFC 7627): ECDHE-ECDSA-AES128-GCM-SHA256, or
 * ECDHE-ECDSA-AES128-SHA, whose records are authenticated before they are encrypted, as before RFC 7366. */
enum tls_cipher { TLS_AES_GCM, TLS_AES_CBC_SHA, TLS_CIPHER_COUNT };

/* What the sizes of a connection depend on. */
struct tls_kind {
    enum tls_version version;
    enum tls_cipher cipher;
    bool is_mutual;   /* the client shows a certificate; of a resumed connection: it did in the one that is resumed */
    bool has_tickets; /* the server gives one: 1.3 always, 1.2 in a full handshake (RFC 8446 4.6.1, RFC 5077 3.1) */
    bool is_resumed;  /* by a ticket: RFC 8446 section 2.2 with psk_dhe_ke, or RFC 5077 section 3.1; has_tickets too */
};

/* AES-CBC there is with 1.2 alone. */
bool tls_exists(const struct tls_kind *kind);

/* Flights of the handshake, in order, the client's first, then in turns. */
enum tls_flight {
    TLS_CLIENT_HELLO,
    TLS_SERVER_FLIGHT, /* 1.3, and where resumed: ServerHello to Finished; 1.2: to ServerHelloDone */
    TLS_CLIENT_FINISHED,
    TLS_SERVER_LAST, /* 1.2 in full: Finished, behind a ticket; 1.3: a ticket; else there is none */
    TLS_FLIGHT_COUNT
};
int tls_flights(const struct tls_kind *kind);

/* Whether application data of the client waits for the server's last flight, a round trip more: in a full handshake of
 * 1.2. Else it may follow the client's Finished at once. */
bool tls_client_waits(const struct tls_kind *kind);

/* Bytes of a flight on the wire, record headers included. */
uint64_t tls_flight_size(const struct tls_kind *kind, enum tls_flight flight);

/* Bytes of a ticket: the session as OpenSSL seals it. */
uint64_t tls_ticket_size(const struct tls_kind *kind);

/* Bytes of the record, header included, that holds so much plaintext, at most TLS_RECORD_MAX; and how many of them
 * stand before the plaintext. */
uint32_t tls_record_size(const struct tls_kind *kind, uint32_t plaintext_bytes);
uint32_t tls_bytes_before(const struct tls_kind *kind);

/* The padding's length in that record, as its last byte has it before encryption (RFC 5246 section 6.2.3.2): 0 to 15,
 * with AES-GCM always 0. */
uint32_t tls_padding(const struct tls_kind *kind, uint32_t plaintext_bytes);

/* The most plaintext that is in a record of so many bytes: all but the padding. 0: no record of data has that size. */
uint32_t tls_plaintext_most(const struct tls_kind *kind, uint32_t record_bytes);

/* Bytes on the wire of bytes of application data in the fewest records; 0 for 0. */
uint64_t tls_sealed_size(const struct tls_kind *kind, uint64_t bytes);

struct ssl_ctx_st;     /* OpenSSL's SSL_CTX */
struct ssl_session_st; /* OpenSSL's SSL_SESSION */

/* What connections of one client to one server share; read-only once made, usable from several threads. */
struct tls_context {
    struct ssl_ctx_st *client, *server;
    struct ssl_session_st *session; /* that is resumed, from a handshake nobody has seen; NULL: none */
    struct tls_kind kind;
};

struct tls_config {
    const struct party *client; /* NULL: the client shows no certificate */
    const struct party *server;
    const struct party
        *authority; /* trusted by both; NULL: any certificate is taken, and the owner looks whose it is */
    int64_t at_s;   /* seconds since 1970 at which certificates must be valid */
    enum tls_version version;
    const char *host; /* whom the client wants to speak with; NULL: the server by its name */
    enum tls_cipher cipher;
    bool has_tickets, is_resumed;
};

/* The client will accept only a certificate with the server's name, where there is an authority. A session to resume is
 * made by a full handshake, which fails as any would. Freed by tls_context_free. ERR_CRYPTO, with a note. */
MUST_USE enum err tls_context_init(struct tls_context *context, const struct tls_config *config, struct note *note);
void tls_context_free(struct tls_context *context);

struct tls_pair;

/* One line of SSLKEYLOGFILE format, without its newline. */
typedef void tls_secret_fn(void *owner, struct span keylog_line);

/* Connects: runs the handshake, again until every flight has the size of the formula. secret may be NULL. The pair's
 * record is in the arena; what OpenSSL holds is freed by tls_pair_free. ERR_CRYPTO, with a note. */
MUST_USE enum err tls_pair_create(struct tls_pair **pair, struct arena *arena, const struct tls_context *context,
                                  tls_secret_fn *secret, void *owner, struct note *note);
void tls_pair_free(struct tls_pair *pair);

/* The bytes of a flight: tls_flight_size() of them, as long as the pair lives. */
struct span tls_pair_flight(const struct tls_pair *pair, enum tls_flight flight);

/* SHA-256 of the certificate that the other end has shown, in this connection or the one that it resumes, as
 * a=fingerprint has it (RFC 8122 section 5). False: it has shown none. */
bool tls_pair_fingerprint(const struct tls_pair *pair, bool at_client, uint8_t hash[PARTY_FINGERPRINT_SIZE]);

/* One record of plaintext (1 to TLS_RECORD_MAX bytes): exactly tls_record_size() bytes into record, which holds
 * capacity. Records of one direction are opened in the order in which they were sealed. */
MUST_USE enum err tls_pair_seal(struct tls_pair *pair, bool from_client, struct span plaintext, uint8_t *record,
                                size_t capacity);

/* Opens one whole record that the other end sealed; *size is 0 for its close_notify. ERR_CRYPTO when it was changed, is
 * out of order or not a record, ERR_MORE when it is not whole, ERR_FULL when the plaintext might not fit: room for
 * the lesser of tls_plaintext_most() and TLS_RECORD_MAX is enough. After ERR_CRYPTO the end opens no more. */
MUST_USE enum err tls_pair_open(struct tls_pair *pair, bool at_client, struct span record, uint8_t *plaintext,
                                size_t capacity, size_t *size);

/* The close_notify record of that end: tls_record_size() of 2 bytes. The end seals nothing afterwards. */
MUST_USE enum err tls_pair_close(struct tls_pair *pair, bool from_client, uint8_t record[TLS_CLOSE_MAX]);

#endif
