/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sizes of TLS by the lengths of its messages and fields; tls.c holds what OpenSSL makes to them. */
#include "sim/sec/tls.h"
#include "sim/base/check.h"

enum {
    MESSAGE_HEAD = 4, /* handshake message: type and length */
    RECORD_HEAD = 5,
    HELLO_CLIENT = 172, /* ClientHello as OpenSSL writes it with the set-up of tls.c */
    HELLO_SERVER = 122, /* ServerHello: X25519 share, the client's session ID given back */
    CHANGE_CIPHER = 6,  /* the record for middleboxes, RFC 8446 appendix D.4 */
    EXTENSIONS = 2,     /* an empty list */
    REQUEST = 11,       /* CertificateRequest: no context, one signature algorithm */
    CERTIFICATE = 1 + 3 + 3 + PARTY_SERVER_CERTIFICATE + 2,
    VERIFY = 2 + 2 + PARTY_SIGNATURE_EC,
    FINISHED = 32,        /* HMAC with SHA-256 */
    HELLO_CLIENT_12 = 79, /* as above, of 1.2, without the extensions below */
    HELLO_SERVER_12 = 61,
    MAC_LAST = 4, /* encrypt_then_mac, RFC 7366, empty: who wants AES-CBC as of 2013 leaves it out */
    CERTIFICATE_12 = 3 + 3 + PARTY_SERVER_CERTIFICATE,
    KEY_SERVER_12 = 4 + 32 + 2 + 2 + PARTY_SIGNATURE_EC, /* named curve, X25519 share, signature */
    KEY_CLIENT_12 = 1 + 32,
    REQUEST_12 = 1 + 1 + 2 + 2 + 2, /* one type, one signature algorithm, no authorities */
    FINISHED_12 = 12,
    TICKET_AROUND = 16 + 16 + 32, /* as OpenSSL seals sessions: the key's name, an IV, HMAC-SHA-256 */
    SESSION = 8 * 16,             /* in whole blocks: its DER is 112 to 127 bytes long */
    SESSION_MUTUAL = 34 * 16,     /* with the client's certificate */
    SESSION_12 = 6 * 16,
    SESSION_12_MUTUAL = 33 * 16,
    OFFER = 4 + 2 + 2 + 4 + 2 + 1 + 32, /* pre_shared_key around one ticket: its age and a binder, RFC 8446 4.2.11 */
    ACCEPTANCE = 4 + 2,                 /* the server's pre_shared_key */
    NEW_TICKET = 4 + 4 + 1 + 8 + 2 + 2, /* NewSessionTicket around it: lifetime, age, a nonce of 8; RFC 8446 4.6.1 */
    TICKET_HEAD_12 = 4,                 /* SessionTicket of a hello, around a ticket or empty, RFC 5077 section 3.2 */
    NEW_TICKET_12 = 4 + 2,              /* NewSessionTicket: lifetime; section 3.3 */
    SESSION_ID_12 = 32,                 /* by which the client knows that its ticket was taken, section 3.4 */
    POINT_FORMATS_12 = 8, /* ec_point_formats, which OpenSSL does not send again, RFC 8422 section 5.1.2 */
};

/* How records are built: what stands before the plaintext, what behind it, and what both fill whole ones of from the
 * plaintext on. */
static const struct protection {
    uint32_t before, behind, block;
} protections[TLS_VERSION_COUNT][TLS_CIPHER_COUNT] = {
    /* the type of the content and a tag, RFC 8446 section 5.2 */
    [TLS_1_3][TLS_AES_GCM] = {RECORD_HEAD, 1 + 16, 1},
    /* eight bytes of the nonce, a tag, RFC 5288 section 3 */
    [TLS_1_2][TLS_AES_GCM] = {RECORD_HEAD + 8, 16, 1},
    /* an IV, HMAC-SHA-1, the padding's length, RFC 5246 section 6.2.3.2 */
    [TLS_1_2][TLS_AES_CBC_SHA] = {RECORD_HEAD + 16, 20 + 1, 16},
};

/* ---- Records ---- */

bool tls_exists(const struct tls_kind *kind)
{
    return protections[kind->version][kind->cipher].block > 0;
}

static const struct protection *protection_of(const struct tls_kind *kind)
{
    check(tls_exists(kind));
    return &protections[kind->version][kind->cipher];
}

uint32_t tls_padding(const struct tls_kind *kind, uint32_t plaintext_bytes)
{
    const struct protection *protection = protection_of(kind);
    uint32_t last = (plaintext_bytes + protection->behind) % protection->block;

    return last > 0 ? protection->block - last : 0;
}

uint32_t tls_record_size(const struct tls_kind *kind, uint32_t plaintext_bytes)
{
    const struct protection *protection = protection_of(kind);

    check(plaintext_bytes <= TLS_RECORD_MAX);
    return protection->before + plaintext_bytes + tls_padding(kind, plaintext_bytes) + protection->behind;
}

uint32_t tls_bytes_before(const struct tls_kind *kind)
{
    return protection_of(kind)->before;
}

uint32_t tls_plaintext_most(const struct tls_kind *kind, uint32_t record_bytes)
{
    const struct protection *protection = protection_of(kind);

    if (record_bytes > tls_record_size(kind, TLS_RECORD_MAX) || record_bytes <= protection->before + protection->behind)
        return 0;
    if ((record_bytes - protection->before) % protection->block != 0)
        return 0;
    return record_bytes - protection->before - protection->behind;
}

uint64_t tls_sealed_size(const struct tls_kind *kind, uint64_t bytes)
{
    uint32_t last = bytes % TLS_RECORD_MAX;

    return bytes / TLS_RECORD_MAX * tls_record_size(kind, TLS_RECORD_MAX) +
           (last > 0 ? tls_record_size(kind, last) : 0);
}

/* ---- Flights ---- */

/* A handshake message in an encrypted record of its own, as OpenSSL sends it. */
static uint64_t sealed_message(const struct tls_kind *kind, uint32_t body)
{
    return tls_record_size(kind, MESSAGE_HEAD + body);
}

/* A handshake message in a record of its own, not encrypted yet. */
static uint64_t clear_message(uint64_t body)
{
    return RECORD_HEAD + MESSAGE_HEAD + body;
}

static uint64_t flight_size_13(const struct tls_kind *kind, enum tls_flight flight)
{
    uint64_t certificate = sealed_message(kind, CERTIFICATE) + sealed_message(kind, VERIFY);
    uint64_t finished = sealed_message(kind, FINISHED);

    if (flight == TLS_CLIENT_HELLO)
        return RECORD_HEAD + HELLO_CLIENT;
    if (flight == TLS_SERVER_FLIGHT)
        return RECORD_HEAD + HELLO_SERVER + CHANGE_CIPHER + sealed_message(kind, EXTENSIONS) +
               (kind->is_mutual ? sealed_message(kind, REQUEST) : 0) + certificate + finished;
    if (flight == TLS_SERVER_LAST)
        return sealed_message(kind, NEW_TICKET + (uint32_t)tls_ticket_size(kind));
    return CHANGE_CIPHER + (kind->is_mutual ? certificate : 0) + finished;
}

static uint64_t flight_size_12(const struct tls_kind *kind, enum tls_flight flight)
{
    uint64_t certificate = clear_message(CERTIFICATE_12);
    uint64_t finished = CHANGE_CIPHER + sealed_message(kind, FINISHED_12);
    uint64_t offer = kind->has_tickets ? TICKET_HEAD_12 : 0, mac_last = kind->cipher == TLS_AES_GCM ? MAC_LAST : 0;

    if (flight == TLS_CLIENT_HELLO)
        return RECORD_HEAD + HELLO_CLIENT_12 + mac_last + offer;
    if (flight == TLS_SERVER_FLIGHT)
        return RECORD_HEAD + HELLO_SERVER_12 + offer + certificate + clear_message(KEY_SERVER_12) +
               (kind->is_mutual ? clear_message(REQUEST_12) : 0) + clear_message(0);
    if (flight == TLS_SERVER_LAST)
        return (kind->has_tickets ? clear_message(NEW_TICKET_12 + tls_ticket_size(kind)) : 0) + finished;
    return (kind->is_mutual ? certificate + clear_message(VERIFY) : 0) + clear_message(KEY_CLIENT_12) + finished;
}

uint64_t tls_ticket_size(const struct tls_kind *kind)
{
    if (kind->version == TLS_1_3)
        return TICKET_AROUND + (kind->is_mutual ? SESSION_MUTUAL : SESSION);
    return TICKET_AROUND + (kind->is_mutual ? SESSION_12_MUTUAL : SESSION_12);
}

/* Nobody shows a certificate. The hellos are those in full, with the ticket and its acceptance. */
static uint64_t resumed_flight_size(const struct tls_kind *kind, enum tls_flight flight)
{
    bool is_13 = kind->version == TLS_1_3;
    struct tls_kind full = {.version = kind->version, .cipher = kind->cipher, .is_mutual = kind->is_mutual};
    uint64_t finished = CHANGE_CIPHER + sealed_message(kind, is_13 ? FINISHED : FINISHED_12);

    if (flight == TLS_CLIENT_HELLO)
        return tls_flight_size(&full, TLS_CLIENT_HELLO) + (is_13 ? OFFER : TICKET_HEAD_12 + SESSION_ID_12) +
               tls_ticket_size(kind);
    if (flight == TLS_CLIENT_FINISHED)
        return finished;
    if (flight == TLS_SERVER_LAST)
        return flight_size_13(kind, flight);
    if (is_13)
        return RECORD_HEAD + HELLO_SERVER + ACCEPTANCE + sealed_message(kind, EXTENSIONS) + finished;
    return RECORD_HEAD + HELLO_SERVER_12 - POINT_FORMATS_12 + SESSION_ID_12 + finished;
}

bool tls_client_waits(const struct tls_kind *kind)
{
    return kind->version == TLS_1_2 && !kind->is_resumed;
}

int tls_flights(const struct tls_kind *kind)
{
    bool has_last = tls_client_waits(kind) || (kind->version == TLS_1_3 && kind->has_tickets);

    return has_last ? TLS_FLIGHT_COUNT : TLS_SERVER_LAST;
}

uint64_t tls_flight_size(const struct tls_kind *kind, enum tls_flight flight)
{
    check(flight >= 0 && (int)flight < tls_flights(kind) && (kind->has_tickets || !kind->is_resumed));
    if (kind->is_resumed)
        return resumed_flight_size(kind, flight);
    return kind->version == TLS_1_3 ? flight_size_13(kind, flight) : flight_size_12(kind, flight);
}
