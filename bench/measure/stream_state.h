/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_state.h - the inside of a connection and what its files do for each other: stream.c minds the socket,
 * stream_tls.c what TLS puts between socket and owner, stream_listen.c accepts.
 */
#ifndef BENCH_MEASURE_STREAM_STATE_H
#define BENCH_MEASURE_STREAM_STATE_H

#include "bench/measure/stream.h"

#include <sys/types.h>

struct stream_listener {
    struct stream_config config;
    struct loop_watch watch;
    stream_accepted_fn *accepted;
    int count; /* of its connections alive */
};

struct stream {
    struct stream_config config;
    struct stream_listener *listener; /* NULL for connections that were opened here */
    struct arena *arena;
    struct loop_watch watch;
    struct loop_timer idle;
    struct loop_job reaping;
    struct ssl_st *ssl;
    struct rope in;
    char *out; /* bytes from out_begin to out_end wait for the kernel */
    size_t out_begin, out_end, out_capacity;
    int64_t opened_ns;
    uint64_t retransmissions;
    bool is_server, is_connected, is_ready, is_dead;
    bool is_paused;       /* the owner reads no more for now */
    bool is_read_out;     /* the peer sends no more */
    bool was_told;        /* of that */
    bool is_finishing;    /* FIN follows what is written */
    bool has_finished;    /* and went out */
    bool wants_room;      /* the owner found no room */
    bool has_failed;      /* the socket or TLS did */
    bool is_alien;        /* it was TLS */
    bool is_over_limit;   /* more was written than may wait */
    bool tls_wants_write; /* TLS cannot go on before the socket takes more */
};

/* Fixes what the kernel keeps for a socket that is not connected yet; accepted ones have it from their listener. 0
 * bytes: as the system has it. False with a note. */
bool stream_set_buffers(int fd, uint64_t bytes, struct note *note);

/* Ends the connection and tells the owner. */
void stream_fail(struct stream *stream, enum stream_end how);

/* ---- stream_tls.c ---- */

bool stream_tls_begin(struct stream *stream);
bool stream_tls_handshake(struct stream *stream); /* true: done */
/* As recv() and send(): -1 with errno EAGAIN for not now, any other errno where TLS failed. */
ssize_t stream_tls_read(struct stream *stream, void *bytes, size_t size);
ssize_t stream_tls_write(struct stream *stream, const void *bytes, size_t size);
bool stream_tls_has_more(const struct stream *stream); /* opened and not read yet */
void stream_tls_finish(struct stream *stream);
void stream_tls_drop(struct stream *stream);

#endif
