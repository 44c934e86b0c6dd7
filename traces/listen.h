/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * listen.h - finds messages in what UDP and TCP carry, on whatever port: SIP in datagrams and streams, MSRP, Diameter
 * and TLS in streams. A connection's bytes are put in order, whatever was sent again, early or not captured.
 */
#ifndef TRACES_LISTEN_H
#define TRACES_LISTEN_H

#include "traces/trace.h"

struct listener;

/* NULL without memory. */
struct listener *listener_create(struct trace *trace, uint16_t tap);
void listener_free(struct listener *listener);

/* For packets_config: context is the listener. */
void listener_packet(void *context, const struct packet_seen *packet);

/* The capture is over: what waits for missing segments is told without them. */
void listener_end(struct listener *listener);

/* ---- A direction of a connection, as it is read ---- */

/* Where a piece of a stream was: when, and in which frame. */
struct piece {
    int64_t at_ns;
    int64_t begin_ns; /* when its first byte came: earlier than at_ns for what was in a TLS record of several pieces */
    uint64_t frame;
    bool is_copy;
};

struct tls_side; /* what a direction has shown of its TLS */

/* What speaks on a direction, and how far it has been read. */
struct reader {
    struct trace *trace;
    struct listener *listener; /* whose direction it is; NULL for what is read within TLS */
    struct tls_side *tls;      /* NULL until a record has come */
    uint16_t tap;
    struct endpoint from, to;
    int protocol;                 /* enum trace_protocol, or READER_UNKNOWN, READER_OTHER */
    bool is_within;               /* of what TLS held: no TLS within */
    bool is_lost;                 /* a gap or damage: looks for the next beginning */
    uint64_t skip;                /* bytes of a body that are passed over */
    uint64_t body;                /* MSRP: bytes behind the head so far */
    uint64_t tried;               /* bytes in which no protocol was found */
    bool is_in_body;              /* MSRP: the end-line of the head that came last is still to come */
    bool is_sealed;               /* TLS: a ChangeCipherSpec or application data has been seen */
    char end_line[48];            /* MSRP: seven dashes and the transaction ID */
    struct trace_message message; /* MSRP: the request under way */
    struct msrp_texts {
        const char *message_id, *to_path, *from_path;
    } texts;          /* MSRP: of the message that was kept last; NULL: none */
    int64_t first_ns; /* when the first byte that waits in the buffer came */
    size_t size;      /* bytes that wait */
    size_t capacity;
    char *bytes;
};
enum { READER_UNKNOWN = -1, READER_OTHER = -2 };

/* The next bytes in order. */
void reader_take(struct reader *reader, struct span bytes, const struct piece *piece);

/* Bytes are missing here. */
void reader_gap(struct reader *reader);

#endif
