/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reader_tls.c - the records of TLS. The two directions of a connection tell one another what the hellos say; with that
 * and the secrets of the trace's key log each opens its own records, and what was in them is read by a reader within.
 * What has no key is passed over and counted. Early data (RFC 8446 section 2.3) stays sealed: records that do not open
 * are passed over without the sequence number being moved on.
 */
#include "traces/keylog.h"
#include "traces/octets.h"
#include "traces/protected.h"
#include "traces/reader_state.h"
#include "sim/base/check.h"

#include <stdlib.h>

enum { CHANGE_CIPHER = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION = 23 };
enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, FINISHED = 20, KEY_UPDATE = 24 };
enum { EXTENSION_MAC_LAST = 22, EXTENSION_VERSIONS = 43 };
enum {
    HEADER = 5,
    MESSAGE_HEAD = 4,
    RANDOM_AT = HEADER + MESSAGE_HEAD + 2,
    MISSED_MAX = 64, /* records that a gap may have swallowed and still be gone on from */
    TRIES_MAX = 4096 /* openings of one side that may fail for the sake of finding the next record */
};

/* What one direction has shown, and what it has of the other one's. */
struct tls_side {
    bool is_client, has_client_random, has_suite, is_1_3, mac_last;
    uint8_t client_random[TLS_RANDOM_SIZE], server_random[TLS_RANDOM_SIZE];
    uint16_t suite;
    bool is_traffic;    /* 1.3: behind the end's Finished */
    bool had_keys;      /* the key log has answered */
    bool is_counted[2]; /* among the connections that stay sealed, that were opened */
    bool has_open;      /* the keys of open are there */
    bool has_missed;    /* records passed without keys */
    uint32_t tries;     /* openings that failed */
    bool is_behind;     /* records may be missing since the last one that was opened */
    struct tls_open open;
    /* 1.3: the handshake message that the content of records is in */
    uint8_t head[MESSAGE_HEAD];
    size_t head_size;
    uint32_t left;
    uint8_t last; /* the type that was ended by the last record: FINISHED, KEY_UPDATE or 0 */
    /* What is within */
    int64_t begin_ns; /* of the first record that waits to be drained */
    bool has_plain;
    struct reader inner;
    struct protected *row;
};

/* The magic random of a HelloRetryRequest, RFC 8446 section 4.1.3. */
static const uint8_t retry_random[TLS_RANDOM_SIZE] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                                      0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                                      0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

static struct tls_side *side_of(struct reader *reader)
{
    if (!reader->tls)
        reader->tls = calloc(1, sizeof(*reader->tls));
    return reader->tls;
}

void tls_side_free(struct reader *reader)
{
    struct tls_side *side = reader->tls;

    if (!side)
        return;
    reader->trace->tls_open_count -= side->had_keys;
    if (side->has_open)
        tls_open_free(&side->open);
    free(side->inner.bytes);
    free(side);
    reader->tls = NULL;
}

struct reader *tls_side_gap(struct reader *reader)
{
    struct tls_side *side = reader->tls;

    if (!side)
        return NULL;
    side->is_behind = true;
    side->head_size = side->left = side->last = 0;
    return &side->inner;
}

/* ---- Hellos ---- */

static void read_client_hello(struct reader *reader, struct span record)
{
    struct tls_side *side = side_of(reader);

    if (!side || record.size < RANDOM_AT + TLS_RANDOM_SIZE)
        return;
    side->is_client = true;
    side->has_client_random = true;
    memcpy(side->client_random, record.data + RANDOM_AT, TLS_RANDOM_SIZE);
}

/* What the extensions of a ServerHello say of the version and of the order of MAC and encryption. */
static void read_extensions(struct tls_side *side, struct span extensions)
{
    while (extensions.size >= 4) {
        uint16_t type = u16_at(extensions, 0);
        size_t size = u16_at(extensions, 2);

        if (size > extensions.size - 4)
            return;
        if (type == EXTENSION_VERSIONS && size == 2)
            side->is_1_3 = u16_at(extensions, 4) == 0x0304;
        side->mac_last = side->mac_last || type == EXTENSION_MAC_LAST;
        extensions = span_after(extensions, 4 + size);
    }
}

/* False: it is not whole, or asks for another hello. */
static bool parse_server_hello(struct tls_side *side, struct span record)
{
    size_t at = RANDOM_AT + TLS_RANDOM_SIZE, id = at < record.size ? u8_at(record, at) : 0;

    if (record.size < at + 1 + id + 3 || memcmp(record.data + RANDOM_AT, retry_random, TLS_RANDOM_SIZE) == 0)
        return false;
    at += 1 + id;
    memcpy(side->server_random, record.data + RANDOM_AT, TLS_RANDOM_SIZE);
    side->suite = u16_at(record, at);
    side->is_1_3 = side->mac_last = false;
    if (record.size < at + 5)
        return true;
    struct span extensions = span_after(record, at + 5);
    size_t size = u16_at(record, at + 3);

    extensions.size = size < extensions.size ? size : extensions.size;
    read_extensions(side, extensions);
    return true;
}

static void read_server_hello(struct reader *reader, struct span record)
{
    struct tls_side *side = side_of(reader);
    struct reader *peer = reader->listener ? listener_peer(reader->listener, reader) : NULL;
    struct tls_side *client = peer ? peer->tls : NULL;

    if (!side || !parse_server_hello(side, record) || !client || !client->has_client_random)
        return;
    memcpy(side->client_random, client->client_random, TLS_RANDOM_SIZE);
    memcpy(client->server_random, side->server_random, TLS_RANDOM_SIZE);
    side->has_client_random = true;
    side->has_suite = client->has_suite = true;
    client->suite = side->suite;
    client->is_1_3 = side->is_1_3;
    client->mac_last = side->mac_last;
}

/* ---- Keys ---- */

static bool set_keys(struct tls_side *side, const struct keylog *keylog, bool is_traffic)
{
    enum keylog_label label = !side->is_1_3     ? KEYLOG_MASTER
                              : is_traffic      ? side->is_client ? KEYLOG_CLIENT_TRAFFIC : KEYLOG_SERVER_TRAFFIC
                              : side->is_client ? KEYLOG_CLIENT_HANDSHAKE
                                                : KEYLOG_SERVER_HANDSHAKE;
    const struct tls_open_config config = {.suite = side->suite,
                                           .is_1_3 = side->is_1_3,
                                           .from_client = side->is_client,
                                           .mac_last = side->mac_last,
                                           .secret = keylog_find(keylog, label, side->client_random),
                                           .client_random = side->client_random,
                                           .server_random = side->server_random};
    struct tls_open open;

    if (config.secret.size == 0 || tls_open_init(&open, &config) != ERR_OK)
        return false;
    if (side->has_open)
        tls_open_free(&side->open);
    side->open = open;
    side->has_open = true;
    side->is_traffic = is_traffic;
    return true;
}

/* Asks for keys once the suite is known: their block may stand anywhere before what they open. A log that has the
 * secrets of the traffic alone will do: the records of the handshake do not open then. */
static void ask_for_keys(struct reader *reader)
{
    struct tls_side *side = reader->tls;
    const struct keylog *keylog = reader->trace->keylog;

    if (side->had_keys || !side->has_suite || reader->trace->tls_open_count >= TRACE_TLS_OPEN_MAX)
        return;
    if (set_keys(side, keylog, false) || (side->is_1_3 && set_keys(side, keylog, true))) {
        side->had_keys = true;
        side->is_behind = side->is_behind || side->has_missed;
        reader->trace->tls_open_count++;
        side->inner = (struct reader){.trace = reader->trace,
                                      .tap = reader->tap,
                                      .from = reader->from,
                                      .to = reader->to,
                                      .protocol = READER_UNKNOWN,
                                      .is_within = true};
    }
}

static const char *why_sealed(const struct reader *reader)
{
    const struct tls_side *side = reader->tls;

    if (!side || !side->has_client_random)
        return "its handshake is not in the capture";
    if (!side->has_suite)
        return "it came before the server's answer";
    if (side->has_open)
        return "its keys do not open it";
    if (!tls_suite_name(side->suite))
        return "its cipher suite is not known here";
    return reader->trace->tls_open_count >= TRACE_TLS_OPEN_MAX ? "too many connections with keys" : "no keys for it";
}

/* ---- Opening ---- */

/* Follows the handshake messages in the content of records: which one of interest the record ends with. */
static void follow_handshake(struct tls_side *side, struct span content)
{
    side->last = 0;
    while (content.size > 0) {
        if (side->left > 0) {
            size_t size = side->left < content.size ? side->left : content.size;

            side->left -= (uint32_t)size;
            content = span_after(content, size);
        } else {
            side->head[side->head_size++] = u8_at(content, 0);
            content = span_after(content, 1);
            if (side->head_size < MESSAGE_HEAD)
                continue;
            side->left = (uint32_t)side->head[1] << 16 | (uint32_t)side->head[2] << 8 | side->head[3];
            side->head_size = 0;
        }
        if (side->left == 0 && side->head_size == 0)
            side->last = side->head[0];
    }
}

/* Behind an end's Finished and KeyUpdate its keys are others. */
static void change_keys(struct reader *reader, size_t record_size, const struct piece *piece)
{
    struct tls_side *side = reader->tls;

    if (side->last == FINISHED && !side->is_traffic) {
        struct trace_message message = reader_message(reader, TRACE_TLS, piece);

        message.kind = "Finished";
        message.bytes = record_size;
        trace_add(reader->trace, &message);
        if (!set_keys(side, reader->trace->keylog, true)) {
            tls_open_free(&side->open);
            side->has_open = false;
        }
    } else if (side->last == KEY_UPDATE && side->is_traffic && tls_open_update(&side->open) != ERR_OK) {
        tls_open_free(&side->open);
        side->has_open = false;
    }
    side->last = 0;
}

/* Opens a record behind the plain bytes that wait; behind a gap it may be a later one than the next. */
static enum err open_next(struct tls_side *side, struct span record, const struct sink *plain, uint8_t *type,
                          size_t *size)
{
    uint64_t sequence = side->open.sequence;
    enum err error = ERR_CRYPTO;

    for (uint64_t missed = 0; missed <= (side->is_behind && side->tries < TRIES_MAX ? MISSED_MAX : 0); missed++) {
        side->open.sequence = sequence + missed;
        error = tls_open_record(&side->open, record, (uint8_t *)plain->data + plain->size,
                                plain->capacity - plain->size, type, size);
        if (error == ERR_OK) {
            side->is_behind = false;
            return ERR_OK;
        }
        side->tries++;
    }
    side->open.sequence = sequence;
    return error;
}

/* The same. Where the end's Finished was not opened, for want of bytes or of keys, the keys of the handshake open no
 * more, and those of the traffic are tried. */
static enum err open_record(struct reader *reader, struct span record, const struct sink *plain, uint8_t *type,
                            size_t *size)
{
    struct tls_side *side = reader->tls, next = *side;
    enum err error = open_next(side, record, plain, type, size);

    next.has_open = false; /* its keys stay with the side */
    if (error == ERR_OK || !side->is_1_3 || side->is_traffic || side->tries >= TRIES_MAX ||
        !set_keys(&next, reader->trace->keylog, true))
        return error;
    next.is_behind = true;
    error = open_next(&next, record, plain, type, size);
    side->tries = next.tries;
    if (error != ERR_OK) {
        tls_open_free(&next.open);
        return error;
    }
    tls_open_free(&side->open);
    side->open = next.open;
    side->is_traffic = true;
    side->is_behind = false;
    side->head_size = side->left = 0;
    return ERR_OK;
}

/* True: the record was opened, and what it held is taken account of. */
static bool take_sealed(struct reader *reader, struct span record, const struct piece *piece)
{
    struct tls_side *side = reader->tls;
    struct sink *plain = listener_plain(reader->listener);
    uint8_t type = 0;
    size_t size = 0;

    if (!plain || open_record(reader, record, plain, &type, &size) != ERR_OK)
        return false;
    if (type == HANDSHAKE && side->is_1_3) {
        follow_handshake(side, (struct span){plain->data + plain->size, size});
        change_keys(reader, record.size, piece);
    } else if (type == APPLICATION) {
        if (!side->has_plain)
            side->begin_ns = reader_message(reader, TRACE_TLS, piece).first_ns;
        side->has_plain = true;
        plain->size += size;
    }
    if (type != APPLICATION)
        size = 0;
    reader->trace->counts.tls_records_opened++;
    reader->trace->counts.tls_bytes_opened += size;
    protected_opened(side->row, size);
    return true;
}

struct reader *tls_side_within(struct reader *reader, struct piece *piece)
{
    struct tls_side *side = reader->tls;

    if (!side || !side->has_plain)
        return NULL;
    piece->begin_ns = side->begin_ns;
    side->has_plain = false;
    return &side->inner;
}

/* ---- Records ---- */

bool tls_is_record(struct span bytes)
{
    size_t length = bytes.size >= HEADER ? u16_at(bytes, 3) : 0;

    return length > 0 && length <= TLS_CIPHERTEXT_MAX && u8_at(bytes, 0) >= CHANGE_CIPHER &&
           u8_at(bytes, 0) <= APPLICATION && u8_at(bytes, 1) == 3 && u8_at(bytes, 2) <= 4;
}

/* Types of handshake messages that are sent in the clear, RFC 8446 section 4, RFC 5246 section 7.4. */
static const char *handshake_name(uint8_t type)
{
    static const char *const names[] = {
        [1] = "ClientHello",        [2] = "ServerHello",      [11] = "Certificate",
        [12] = "ServerKeyExchange", [14] = "ServerHelloDone", [16] = "ClientKeyExchange"};

    return type < sizeof(names) / sizeof(*names) && names[type] ? names[type] : "Handshake";
}

static void tell_record(struct reader *reader, struct span record, const struct piece *piece)
{
    struct trace_message message = reader_message(reader, TRACE_TLS, piece);
    uint8_t type = u8_at(record, 0);

    message.bytes = record.size;
    message.kind = type == HANDSHAKE && !reader->is_sealed ? handshake_name(u8_at(record, HEADER))
                   : type == HANDSHAKE                     ? "Finished"
                   : type == CHANGE_CIPHER                 ? "ChangeCipherSpec"
                   : type == ALERT                         ? "Alert"
                                                           : "first sealed record";
    message.is_request = strcmp(message.kind, "ClientHello") == 0;
    trace_add(reader->trace, &message);
}

/* Once for both directions. */
static void count_connection(struct reader *reader, bool is_open)
{
    struct reader *peer = reader->listener ? listener_peer(reader->listener, reader) : NULL;
    uint64_t *count =
        is_open ? &reader->trace->counts.tls_connections_opened : &reader->trace->counts.tls_connections_sealed;

    if (!reader->tls || reader->tls->is_counted[is_open])
        return;
    reader->tls->is_counted[is_open] = true;
    *count += !peer || !peer->tls || !peer->tls->is_counted[is_open];
}

static void count_sealed(struct reader *reader, uint64_t bytes)
{
    reader->trace->counts.tls_records_sealed++;
    reader->trace->counts.tls_application_bytes += bytes;
    count_connection(reader, false);
    if (reader->tls)
        protected_sealed(reader->tls->row, bytes, why_sealed(reader));
}

/* A record behind the ChangeCipherSpec, or of application data. */
static enum err read_sealed(struct reader *reader, struct span bytes, const struct piece *piece, size_t *used)
{
    size_t length = u16_at(bytes, 3);
    struct tls_side *side = side_of(reader);
    bool is_first = !reader->is_sealed, is_application = u8_at(bytes, 0) == APPLICATION;

    if (side && reader->listener)
        ask_for_keys(reader);
    bool has_keys = side && side->has_open;

    if ((has_keys || !is_application || is_first) && bytes.size < HEADER + length)
        return ERR_MORE;
    if (side && !side->row)
        side->row = protected_tls(reader->trace, &reader->from, &reader->to,
                                  side->has_suite ? tls_suite_name(side->suite) : NULL);
    if (is_first || !is_application)
        tell_record(reader, (struct span){bytes.data, HEADER + length}, piece);
    reader->is_sealed = true;
    if (has_keys && take_sealed(reader, (struct span){bytes.data, HEADER + length}, piece)) {
        *used = HEADER + length;
        count_connection(reader, true);
        return ERR_OK;
    }
    if (side)
        side->has_missed = true;
    if (is_application)
        count_sealed(reader, length);
    *used = HEADER + (bytes.size < HEADER + length ? 0 : length);
    reader->skip = bytes.size < HEADER + length ? length : 0; /* nothing of it is looked at */
    return ERR_OK;
}

enum err reader_read_tls(struct reader *reader, struct span bytes, const struct piece *piece, size_t *used)
{
    if (bytes.size < HEADER + 1)
        return ERR_MORE;
    if (!tls_is_record(bytes))
        return ERR_SYNTAX;
    uint8_t type = u8_at(bytes, 0), message = u8_at(bytes, HEADER);
    size_t length = u16_at(bytes, 3);
    bool has_suite = reader->tls && reader->tls->has_suite;
    bool is_hello = type == HANDSHAKE && (message == CLIENT_HELLO || message == SERVER_HELLO);

    /* Behind a HelloRetryRequest the hellos come again, behind a ChangeCipherSpec. */
    if (type == APPLICATION || (reader->is_sealed && type != CHANGE_CIPHER && (has_suite || !is_hello)))
        return read_sealed(reader, bytes, piece, used);
    if (bytes.size < HEADER + length)
        return ERR_MORE;
    struct span record = {bytes.data, HEADER + length};

    if (is_hello && message == CLIENT_HELLO)
        read_client_hello(reader, record);
    else if (is_hello)
        read_server_hello(reader, record);
    tell_record(reader, record, piece);
    reader->is_sealed = reader->is_sealed || type == CHANGE_CIPHER;
    *used = record.size;
    return ERR_OK;
}
