/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * msrp_ue.h - a user's MSRP side on real connections: its URI and path, AUTH with its own relays, a sender or receivers
 * of sim/proto. Of the connections that reach a listening user the first that brings a request for the session has the
 * session; the others get RFC 4975's 506, and those that bring none are hung up on.
 */
#ifndef BENCH_MEASURE_MSRP_UE_H
#define BENCH_MEASURE_MSRP_UE_H

#include "bench/measure/node.h"

struct msrp_ue;

struct msrp_ue_owner {
    void (*prepared)(void *context); /* the own path is known */
    void (*sent)(void *context);     /* every SEND has been answered */
    /* Bytes of the message, and that it is whole. False: no use going on, the connection is closed. */
    bool (*body)(void *context, uint64_t offset, struct slice slice);
    void (*received)(void *context, uint64_t length, struct span content_type);
    void (*failed)(void *context, enum node_end end, const char *text);
};

struct msrp_ue_config {
    struct node *node;
    const char *label; /* "alice": what URIs are made from beside the identity */
    bool is_listening;
    const char *const *accept_types; /* NULL-terminated, of what is received; NULL: all */
    void *context;
    const struct msrp_ue_owner *owner;
};

/* NULL, with a note, when the machine refuses. */
struct msrp_ue *msrp_ue_create(struct arena *arena, const struct msrp_ue_config *config, struct note *note);

/* Gets ready to be offered or to answer: AUTH with the user's own relays where there are some; else ready at once. */
void msrp_ue_prepare(struct msrp_ue *media);

const char *msrp_ue_uri(const struct msrp_ue *media);
const char *msrp_ue_path(const struct msrp_ue *media); /* for a=path */

/* A connection that somebody else made, with a peer at its other end: as one that was accepted. ERR_FULL, ERR_FILE with
 * a note; fd is then closed. */
MUST_USE enum err msrp_ue_adopt(struct msrp_ue *media, int fd, struct note *note);

/* What a message may be long; longer ones get 413. To be set before anybody sends. */
void msrp_ue_limit(struct msrp_ue *media, uint64_t size_max);

/* The fingerprint of the peer's certificate as its SDP says it; without one nobody is let in where there are to be
 * fingerprints. */
void msrp_ue_expect(struct msrp_ue *media, struct span fingerprint);

/* The peer's path as its SDP says it: connects to its first hop unless the own relays lead there. */
void msrp_ue_connect(struct msrp_ue *media, struct span peer_path);

/* Sends body as one message, as soon as the connection is there. */
void msrp_ue_send(struct msrp_ue *media, struct slice body, const char *content_type);

/* Ends the connection of the session. */
void msrp_ue_close(struct msrp_ue *media);

uint64_t msrp_ue_chunks(const struct msrp_ue *media);
uint64_t msrp_ue_resent(const struct msrp_ue *media); /* TCP segments */

#endif
