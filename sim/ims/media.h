/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * media.h - the MSRP side of a UE: its way into the network (AUTH with each of its relays, RFC 4976 section 5.1), the
 * connection of the session, the sending or receiving of the file. When to do what is the session's business
 * (session.h).
 */
#ifndef SIM_IMS_MEDIA_H
#define SIM_IMS_MEDIA_H

#include "sim/ims/leg.h"
#include "sim/wire/sdp.h"

enum { MEDIA_PATH_SIZE = 640 };

struct media;

/* What the session is told. */
struct media_owner {
    void (*prepared)(void *context, const struct cause *cause); /* the own path is known */
    void (*sent)(void *context, const struct cause *cause);     /* every SEND has been answered */
    /* The whole body is there, in order, as it was sent. */
    void (*received)(void *context, uint64_t length, struct span content_type, const struct cause *cause);
    /* So many bytes of the body are there, in order; told where media_watch_growth asked for it. */
    void (*grown)(void *context, uint64_t length, const struct cause *cause);
    /* The file was refused with that MSRP status, or not answered in time (408): the session still stands, and nothing
     * is left to be sent. */
    void (*refused)(void *context, int status, const struct cause *cause);
    void (*failed)(void *context, enum outcome_end end); /* the connection is gone, or never was */
};

/* The UE's MSRP side; it listens where peers connect to it. */
struct media *media_create(struct world *world, enum role role, void *context, const struct media_owner *owner);

/* Gets ready to be offered or to answer: AUTH with the UE's own relays where the arm has them; else ready at once. */
void media_prepare(struct media *media, const struct cause *cause);

/* The a=path of this end, outermost relay first. */
const char *media_path(const struct media *media);

/* Whether this end opens the session's connection (a=setup, RFC 6135). */
bool media_is_active(const struct media *media);

/* What the other end says of itself in its SDP: the offer, or the answer. */
void media_meet(struct media *media, const struct sdp_msrp *peer, const struct cause *cause);

/* Both descriptions are on their way: the active end connects, unless the own relays lead there. Where nothing else is
 * to be sent it sends a SEND without a body at once, which binds the connection (RFC 4975 section 5.4). */
void media_connect(struct media *media, const struct cause *cause);

/* Sends body as one message, as soon as the connection is there; offered bytes of it there are so far. media_offer
 * tells of more. */
void media_send(struct media *media, struct slice body, uint64_t offered, const char *content_type,
                const struct cause *cause);
void media_offer(struct media *media, uint64_t offered, const struct cause *cause);

/* Where received bytes are kept for who wants to look at them: capacity bytes; NULL: nowhere. */
void media_keep_bytes(struct media *media, uint8_t *bytes, uint64_t capacity);

/* From now on the owner is told of what has come before all of it is there. */
void media_watch_growth(struct media *media);

/* Ends the connection. */
void media_close(struct media *media, const struct cause *cause);

/* Ends the connection at once, if there is one that stands. */
void media_abort(struct media *media, const struct cause *cause);

/* Nobody listens any more. */
void media_retire(struct media *media);

uint64_t media_chunks(const struct media *media);

#endif
