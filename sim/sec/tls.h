/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls.h - TLS 1.3 (RFC 8446) and 1.2 (RFC 5246) as sizes and, on demand, as bytes: one full handshake with
 * TLS_AES_128_GCM_SHA256 and X25519, P-256 certificates of party.h, no tickets, no server name indication. An ECDSA
 * signature counts 71 bytes. A pair is both ends of one connection in one process: it makes the bytes; the owner
 * carries them.
 */
#ifndef SIM_SEC_TLS_H
#define SIM_SEC_TLS_H

#include "sim/base/arena.h"
#include "sim/sec/party.h"

enum {
    TLS_RECORD_MAX = 16384,   /* plaintext bytes of one record */
    TLS_RECORD_OVERHEAD = 22, /* of TLS 1.3: header 5, content type 1, tag 16 */
    TLS_OVERHEAD_MAX = 29,
    TLS_SEALED_MAX = TLS_RECORD_MAX + TLS_OVERHEAD_MAX,
    TLS_CLOSE_SIZE = 24, /* close_notify alert of TLS 1.3 */
    TLS_CLOSE_MAX = 31
};

/* 1.2 with ECDHE-ECDSA-AES128-GCM-SHA256 and the extended master secret (RFC 7627), without tickets. */
enum tls_version { TLS_1_3, TLS_1_2, TLS_VERSION_COUNT };

/* Flights of the handshake, in order, the client's first, then in turns. Application data of the client may follow its
 * last flight of 1.3 at once; with 1.2 it waits for the server's Finished, a round trip more. */
enum tls_flight {
    TLS_CLIENT_HELLO,
    TLS_SERVER_FLIGHT, /* 1.3: ServerHello to Finished; 1.2: to ServerHelloDone */
    TLS_CLIENT_FINISHED,
    TLS_SERVER_FINISHED, /* 1.2 alone */
    TLS_FLIGHT_COUNT
};
int tls_flights(enum tls_version version);

/* Bytes of a flight on the wire, record headers included. */
uint64_t tls_flight_size(enum tls_version version, enum tls_flight flight, bool is_mutual);

/* What a record adds to its plaintext, and how much of that stands before it. */
uint32_t tls_overhead(enum tls_version version);
uint32_t tls_overhead_before(enum tls_version version);

/* Bytes on the wire of bytes of application data in the fewest records; 0 for 0. */
uint64_t tls_sealed_size(enum tls_version version, uint64_t bytes);

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

/* What connections of one client to one server share; read-only once made, usable from several threads. */
struct tls_context {
    struct ssl_ctx_st *client, *server;
    bool is_mutual;
    enum tls_version version;
};

struct tls_config {
    const struct party *client; /* NULL: the client shows no certificate */
    const struct party *server;
    const struct party
        *authority; /* trusted by both; NULL: any certificate is taken, and the owner looks whose it is */
    int64_t at_s;   /* seconds since 1970 at which certificates must be valid */
    enum tls_version version;
    const char *host; /* whom the client wants to speak with; NULL: the server by its name */
};

/* The client will accept only a certificate with the server's name, where there is an authority. Freed by
 * tls_context_free. */
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

/* SHA-256 of the certificate that the other end has shown, as a=fingerprint has it (RFC 8122 section 5). False: it has
 * shown none. */
bool tls_pair_fingerprint(const struct tls_pair *pair, bool at_client, uint8_t hash[PARTY_FINGERPRINT_SIZE]);

/* One record of plaintext (1 to TLS_RECORD_MAX bytes): exactly plaintext.size + tls_overhead() bytes into record,
 * which holds capacity. Records of one direction are opened in the order in which they were sealed. */
MUST_USE enum err tls_pair_seal(struct tls_pair *pair, bool from_client, struct span plaintext, uint8_t *record,
                                size_t capacity);

/* Opens one whole record that the other end sealed; *size is 0 for its close_notify. ERR_CRYPTO when it was changed, is
 * out of order or not a record, ERR_MORE when it is not whole, ERR_FULL when the plaintext does not fit. After
 * ERR_CRYPTO the end opens no more. */
MUST_USE enum err tls_pair_open(struct tls_pair *pair, bool at_client, struct span record, uint8_t *plaintext,
                                size_t capacity, size_t *size);

/* The close_notify record of that end: TLS_CLOSE_SIZE bytes, of 1.2 TLS_CLOSE_MAX. The end seals nothing afterwards. */
MUST_USE enum err tls_pair_close(struct tls_pair *pair, bool from_client, uint8_t record[TLS_CLOSE_MAX]);

#endif
