/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * channel_state.h - the inside of a channel, and what its files do for each other: channel.c opens, writes and
 * listens to TCP, channel_tls.c makes handshakes and records, channel_schedule.c keeps what a schedule lets go later,
 * channel_notes.c the messages under way.
 */
#ifndef SIM_IMS_CHANNEL_STATE_H
#define SIM_IMS_CHANNEL_STATE_H

#include "sim/ims/channel.h"
#include "sim/ims/intercept.h"
#include "sim/sec/tls.h"

enum { TLS_WAITING_MAX = 4 * TLS_RECORD_MAX }; /* plaintext that an end takes before it is sealed, or has opened */

/* Two connections of TLS in the place of one: the client's with somebody on the way, and that one's with the server. */
struct middle {
    struct tls_context contexts[2];
    struct tls_pair *pairs[2];
    struct intercept *ways[2]; /* from the client, from the server */
};

enum channel_state { CHANNEL_CONNECTING, CHANNEL_HANDSHAKE, CHANNEL_READY, CHANNEL_DEAD };

/* Messages under way in one direction, oldest first: a ring that grows. */
struct notes {
    struct watched **ring;
    uint32_t capacity, first, end;
};

/* What is written behind an offset of the stream leaves no sooner than at_ns. Of TLS it is the plaintext's. */
struct barrier {
    struct barrier *next;
    uint64_t offset; /* of `out` or `wire` */
    int64_t at_ns;
};

/* Where a message begins in what the other end reads, for gateways that pass it on. */
struct mark {
    struct mark *next;
    uint64_t offset;
    char kind[SCHEDULE_KIND_SIZE];
};

struct marks {
    struct mark *first, *last;
};

struct channel {
    struct world *world;
    struct channel *next;    /* of the world's streams */
    struct channel *other;   /* the other end of the TCP connection */
    struct channel *spliced; /* a gateway's connection on the other side: what comes in here goes out there */
    struct tcp *tcp;
    void *context;
    const struct channel_owner *owner;
    enum role role, peer;
    enum role end;     /* who reads what is written */
    enum role tls_end; /* who ends TLS */
    enum channel_state state;
    bool is_client, is_tls, by_fingerprint;
    bool is_sealing, is_opening; /* a record is with the CPU */
    bool wants_room;
    bool has_appended;   /* TCP has bytes that wait for the push */
    bool is_full;        /* records wait until the owner has read what was opened */
    bool acknowledges;   /* what was written last only acknowledges */
    struct cause pushed; /* sums of the last push, and when it was */
    int64_t pushed_ns;
    bool finishes;          /* FIN when everything has been handed to TCP */
    bool has_finished;      /* it has been */
    struct rope in;         /* TLS: plaintext received */
    struct rope out;        /* TLS: plaintext to be sealed */
    struct rope sealed;     /* TLS with real bytes: plaintext of records that the other end has not opened yet */
    struct rope wire;       /* bytes that TCP had no room for, or no connection yet */
    uint64_t sealing_bytes; /* of plaintext */
    uint64_t opening_bytes; /* of a record */
    struct tls_kind tls;
    uint64_t ticket_bytes; /* a client of 1.3: of the ticket that comes before all data; 0: it has come, or none does */
    struct tls_context *context_tls;                /* of a client's end where bytes are real */
    struct tls_pair *pair;                          /* this end's side of it */
    struct middle *middle;                          /* who stands in for both ends of TLS; NULL: nobody */
    bool is_refused;                                /* this client does not take the certificate that it is shown */
    struct intercept *on_plain, *on_wire, *on_read; /* who sees, or changes, what this end writes; NULL: nobody */
    struct notes notes;                             /* of what this end sent */
    struct notes early;                             /* of what was written before it was ready */
    struct barrier *barriers, *barriers_last;       /* in the order of their offsets; NULL: none */
    struct timer barrier_timer;                     /* of the first one */
    struct marks marks;                             /* with a schedule: as the peer reads */
    struct marks plain_marks;   /* of what a TLS that the peer does not end has still to seal, by offset in `out` */
    uint64_t written, streamed; /* bytes so far: of the owner; of TLS and its handshakes */
};

/* ---- channel.c ---- */

/* A message of TCP or TLS itself, for the log. */
void channel_tell(struct channel *from, enum role to, const char *protocol, struct span label, uint64_t bytes);

/* The other end of TLS, behind gateways that pass it on. NULL: there is no connection so far yet. */
struct channel *channel_tls_peer(const struct channel *channel);

/* Who writes what is read here, behind all gateways. NULL: there is no connection so far yet. */
struct channel *channel_far(const struct channel *channel);

/* Whether TLS goes on behind the peer. */
static inline bool channel_passes_tls(const struct channel *channel)
{
    return channel->is_tls && channel->tls_end != channel->peer;
}

/* Bytes for TCP, past whoever is on the way. */
void channel_wire(struct channel *channel, struct span bytes);

/* Ends a connection whose other end is not to be believed, as a fatal alert does; the owner is told. */
void channel_refuse(struct channel *channel, const struct cause *cause, const char *why);

/* The sums of what goes out when cause lets it go. */
struct cause channel_cause(const struct channel *channel, const struct cause *cause);

/* Hands to TCP what waits, as far as it has room; tells the owner of room that has come. */
void channel_flush(struct channel *channel, const struct cause *cause);
void channel_offer_room(struct channel *channel, const struct cause *cause);

/* Both ends can write: the owner is told, and what waited leaves. */
void channel_ready(struct channel *channel, const struct cause *cause);

/* ---- channel_schedule.c ---- */

/* How much of what waits in the rope that barriers count in may leave now. */
uint64_t channel_open_bytes(const struct channel *channel, const struct rope *rope);

void channel_mark(struct channel *channel, struct marks *marks, uint64_t offset, struct span kind);

/* A timer_fn: the first barrier is due. What leaves now has been kept since it was pushed. */
void channel_barrier_due(struct engine *engine, void *context);

/* ---- channel_notes.c ---- */

/* A message that is sent now joins those under way; NULL is none. */
void channel_note_add(struct channel *channel, struct notes *notes, struct watched *message);

/* What was written before the channel was ready leaves now, behind its handshakes. */
void channel_notes_follow(struct channel *channel);

/* The oldest message that this end of a stream has sent and nobody has received. */
struct watched *channel_note_take(struct channel *sender);

/* ---- channel_tls.c ---- */

/* How a client's connection is protected. */
struct tls_kind channel_tls_kind(const struct channel *channel);

/* Keys and secrets of a connection whose bytes are real. */
void channel_make_pair(struct channel *channel);

/* The same of the end that accepts, once the client has made them. */
void channel_join_pair(struct channel *channel, struct channel *client);

/* A client's first flight, and what either end does when more of the handshake has come. */
void channel_greet(struct channel *channel, const struct cause *cause);
void channel_handshake(struct channel *channel, const struct cause *cause);

/* The next record goes to the CPU, if there is one and it can. */
void channel_seal_next(struct channel *channel, const struct cause *cause);
void channel_open_next(struct channel *channel, const struct cause *cause);

#endif
