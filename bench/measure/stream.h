/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream.h - one TCP connection, under TLS where asked for (OpenSSL; the peer's certificate is always verified and
 * there is no way back to plain text), with bounded buffers: a peer that does not read makes its partner stop reading,
 * one that says nothing for too long is hung up on. All memory of a connection is its own arena with a limit.
 */
#ifndef BENCH_MEASURE_STREAM_H
#define BENCH_MEASURE_STREAM_H

#include "bench/measure/loop.h"
#include "sim/base/slice.h"
#include "sim/sec/party.h"

#include <netinet/in.h>

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */
struct ssl_st;     /* OpenSSL's SSL */

enum {
    STREAM_MEMORY = 16 << 20, /* of one connection, what its protocol keeps included */
    STREAM_OUT = 256 << 10,   /* bytes written and not yet taken by the kernel, beyond which there is no room */
    STREAM_OUT_MAX = 4 << 20, /* and beyond which a peer that asks and does not read is hung up on */
    STREAM_IN = 64 << 10,     /* bytes read at once; what a protocol leaves unread for long is its own limit */
    STREAM_ACCEPTED_MAX = 16, /* connections of one listener at a time; further ones are closed at once */
    STREAM_HOST_SIZE = 64
};

enum stream_end {
    STREAM_FINISHED, /* the peer sends no more: FIN, under TLS behind its close_notify; what is written still goes out
                      */
    STREAM_REFUSED,  /* no connection came about */
    STREAM_BROKEN,   /* reset, or cut off under TLS */
    STREAM_ALIEN,    /* TLS failed: certificate, version or record */
    STREAM_SILENT,   /* nothing came or went for idle_ns */
    STREAM_LIMIT     /* the connection's memory or unread answers went beyond their limit */
};
extern const char *const stream_end_names[];

struct stream;

struct stream_owner {
    void (*ready)(void *context, struct stream *stream);    /* application data may flow */
    void (*received)(void *context, struct stream *stream); /* stream_in() has grown */
    void (*writable)(void *context, struct stream *stream); /* room has come after there was none */
    /* The last event: the owner forgets the stream, which sees to its own end. */
    void (*ended)(void *context, struct stream *stream, enum stream_end how);
};

/* What connections of one process share under TLS: its own certificate, whom it trusts. NULL contexts: no TLS. */
struct stream_tls {
    struct ssl_ctx_st *client, *server;
};
/* is_mutual: clients show their certificate, and servers want to see one. */
MUST_USE enum err stream_tls_init(struct stream_tls *tls, const struct party *own, const struct party *authority,
                                  bool is_mutual, struct note *note);
void stream_tls_free(struct stream_tls *tls);

/* Trusts further authorities, whose certificates stand in a PEM file. ERR_FILE, with a note. */
MUST_USE enum err stream_tls_trust(struct stream_tls *tls, const char *path, struct note *note);

/* Lines of SSLKEYLOGFILE format of every connection of the process go to this descriptor; -1: nowhere. */
void stream_tls_log_keys(struct stream_tls *tls, int fd);

struct stream_config {
    struct loop *loop;
    const struct stream_tls *tls; /* NULL: plain */
    const char *peer_name;        /* whom the certificate must name: a host name or an address; clients under TLS */
    struct in_addr from, to;      /* from 0.0.0.0: any */
    uint16_t to_port;
    int64_t idle_ns;        /* hang up when nothing comes or goes for so long; 0: never */
    const char *congestion; /* "reno", "cubic"; NULL: the system's */
    uint64_t buffer_bytes;  /* of the socket, each direction, fixed; 0: the system's, which grow */
    void *context;
    const struct stream_owner *owner;
};

/* Connects. NULL, with a note, when the machine refuses; a refusal of the peer is told by ended. */
struct stream *stream_open(const struct stream_config *config, struct note *note);

/* The same on a descriptor that is connected already and becomes the stream's: accepted, or one of a pair. */
struct stream *stream_adopt(const struct stream_config *config, int fd, bool is_server, struct note *note);

/* Waits at an address for connections; those accepted are made from the listener's config (tls, idle, congestion,
 * buffers, owner) with what accepted returns as context; NULL hangs up. */
typedef void *stream_accepted_fn(void *context, struct stream *stream);
struct stream_listener;
struct stream_listener *stream_listen(const struct stream_config *config, struct in_addr at, uint16_t port,
                                      stream_accepted_fn *accepted, struct note *note);
void stream_listener_free(struct stream_listener *listener);

/* Closes at once what is left; memory is given back at the end of the turn. Told to nobody. NULL: nothing happens. */
void stream_close(struct stream *stream);

/* Ends it in the next turn as one beyond its limit; the owner is told then. */
void stream_doom(struct stream *stream);

/* Sends what is written and then FIN (under TLS close_notify before it). The stream ends when the peer has done so. */
void stream_finish(struct stream *stream);

struct arena *stream_arena(struct stream *stream);
struct rope *stream_in(struct stream *stream);
void stream_release(struct stream *stream, uint64_t offset);

/* Reading stops while the owner says so; what has come is told when it goes on. */
void stream_pause(struct stream *stream, bool is_paused);

uint64_t stream_room(const struct stream *stream);
void stream_write(struct stream *stream, const void *bytes, size_t size);
void stream_write_slice(struct stream *stream, struct slice slice);
void stream_push(struct stream *stream); /* hands the kernel what it takes now */

struct in_addr stream_peer(const struct stream *stream);
/* "SHA-256 4A:AD:..." (RFC 8122) of a certificate, and of the one that the peer showed; nothing where it showed none.
 */
void stream_tls_fingerprint(const struct party *party, struct sink *sink);
void stream_peer_fingerprint(const struct stream *stream, struct sink *sink);

bool stream_is_dead(const struct stream *stream);
bool stream_is_ready(const struct stream *stream);
bool stream_is_server(const struct stream *stream);
int64_t stream_opened_ns(const struct stream *stream); /* when connect() was called, or the connection accepted */
uint64_t stream_retransmissions(const struct stream *stream); /* TCP segments sent again, as the kernel counts */

#endif
