/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * channel.h - a TCP connection between two roles, with TLS on it or not: what is written here comes out there in order.
 * TLS costs its handshake (RFC 8446: one round trip), CPU time for each record at both ends, and the bytes of its
 * records; records are made one after another at each end, as on one core. Real records are made where bytes are
 * wanted, else their sizes.
 */
#ifndef SIM_IMS_CHANNEL_H
#define SIM_IMS_CHANNEL_H

#include "sim/ims/watch.h"

struct channel;

/* What its owner is told; NULL where it does not care. */
struct channel_owner {
    void (*ready)(void *context, struct channel *channel, const struct cause *cause);
    void (*received)(void *context, struct channel *channel, const struct cause *cause); /* channel_in has grown */
    void (*writable)(void *context, struct channel *channel,
                     const struct cause *cause); /* room, after there was none */
    void (*ended)(void *context, struct channel *channel, enum tcp_end how, const struct cause *cause);
};

/* A connection of a role to a port of another one's host. */
struct channel_config {
    enum role role, peer;
    uint16_t port;      /* of the peer */
    uint16_t from_port; /* 0: a free one */
    bool is_tls;
    bool by_fingerprint;     /* TLS: both ends show a certificate, which the owners hold to the SDP (RFC 8122) */
    bool has_gateways;       /* the peer passes bytes on, */
    enum role end;           /* to this role at last; */
    bool gateways_pass_tls;  /* TLS included, else the peer ends it */
    struct channel *spliced; /* a gateway's other connection, which this one goes on with; NULL: none */
    void *context;
    const struct channel_owner *owner;
};
struct channel *channel_open(struct world *world, const struct channel_config *config, const struct cause *cause);

/* Who accepts: returns the context of the new channel. The stream's peer is known. */
typedef void *channel_accept_fn(void *context, struct channel *channel);
void channel_listen(struct world *world, enum role role, uint16_t port, bool is_tls, void *context,
                    channel_accept_fn *accept, const struct channel_owner *owner);

/* The same for a port at which some speak TLS and some do not: as the client does. */
void channel_listen_either(struct world *world, enum role role, uint16_t port, void *context, channel_accept_fn *accept,
                           const struct channel_owner *owner);

void channel_listen_end(struct world *world, enum role role, uint16_t port);

/* The sums of the SYN, for who does something about it while accept runs. */
struct cause channel_opening(const struct channel *channel);

struct world *channel_world(const struct channel *channel);
enum role channel_peer(const struct channel *channel);
enum role channel_end(const struct channel *channel); /* who reads what is written here, behind any gateways */
enum role channel_role(const struct channel *channel);
bool channel_is_passive(const struct channel *channel); /* this end accepted */
bool channel_has_tls(const struct channel *channel);    /* and ends it, or begins it, here */
bool channel_is_ready(const struct channel *channel);
bool channel_is_dead(const struct channel *channel);

/* Bytes that may be written now. More is taken all the same and waits; writing before the channel is ready waits too.
 * Nothing leaves before the push: what was written between two pushes shares records and segments. */
uint64_t channel_room(struct channel *channel);
void channel_write(struct channel *channel, struct slice slice, bool acknowledges);
void channel_write_bytes(struct channel *channel, const void *bytes, size_t size, bool acknowledges);
void channel_push(struct channel *channel, const struct cause *cause);

/* A message of that kind to that role is written next: where the trial has a schedule it leaves no sooner than that
 * says, and what is written later waits behind it. */
void channel_gate(struct channel *channel, enum role to, struct span kind);

/* For a gateway that writes to `out` what it reads from `in`: how many of size bytes from offset on may be written at
 * once, none of them behind the beginning of another message. Where a message begins at the offset it is gated. */
uint64_t channel_pass_on(struct channel *in, struct channel *out, uint64_t offset, uint64_t size);

/* What has arrived and is not released yet. */
struct rope *channel_in(struct channel *channel);
void channel_release(struct channel *channel, uint64_t offset, const struct cause *cause);

/* What a=fingerprint has to say of the certificate that the other end of TLS showed (fingerprint.h). */
void channel_write_fingerprint(const struct channel *channel, struct sink *sink);

/* FIN after all that was written; RST at once. */
void channel_finish(struct channel *channel, const struct cause *cause);
void channel_reset(struct channel *channel, const struct cause *cause);

/* RST, unless both ends have finished and know it. */
void channel_abort(struct channel *channel, const struct cause *cause);

/* The log of messages on this stream: they are received in the order in which they were sent. */
void channel_note_sent(struct channel *channel, struct watched *message);
struct watched *channel_note_received(struct channel *channel);

/* Whether every stream of the world can carry data, or never will. */
bool channels_are_ready(const struct world *world);

/* Frees what OpenSSL holds for all streams of the world. */
void channels_free(struct world *world);

#endif
