/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * leg.h - MSRP on a channel: what comes in is cut into heads, bodies and ends, what is written carries the sums of what
 * set it off. A leg belongs to a UE or a relay, which gives it its events.
 */
#ifndef SIM_IMS_LEG_H
#define SIM_IMS_LEG_H

#include "sim/ims/channel.h"
#include "sim/proto/msrp_session.h"

struct leg;

/* What the leg's owner is told; context is the owner. The leg's cause holds the sums meanwhile. */
struct leg_owner {
    void (*ready)(void *context, struct leg *leg);
    void (*head)(void *context, struct leg *leg, const struct msrp_head *head);
    void (*body)(void *context, struct leg *leg, uint64_t at, struct slice slice);
    void (*end)(void *context, struct leg *leg, char flag);
    /* All that had come has been told: a body comes in as many pieces as it happens to lie in. NULL: of no interest. */
    void (*taken)(void *context, struct leg *leg);
    void (*writable)(void *context, struct leg *leg);
    void (*ended)(void *context, struct leg *leg, enum tcp_end how);
    /* Whether more may be read now; NULL: always. leg_read() goes on later. */
    bool (*may_read)(void *context, struct leg *leg);
};

struct leg {
    struct world *world;
    struct channel *channel;
    void *context;
    const struct leg_owner *owner;
    struct msrp_reader *reader;
    struct cause cause;       /* of what is being done now */
    struct watched *incoming; /* the message whose end came last */
    bool is_reading;          /* what the owner does at once about a message must not read the next one inside it */
};

/* A leg on a connection that is opened for it, or on one that was accepted. */
struct leg *leg_open(struct world *world, const struct channel_config *config, const struct leg_owner *owner,
                     const struct cause *cause);
typedef void *leg_accept_fn(void *context, struct leg *leg); /* returns the leg's owner */
void leg_listen(struct world *world, enum role role, bool is_tls, void *context, leg_accept_fn *accept,
                const struct leg_owner *owner);

/* A writer that writes on the leg; what was written leaves with leg_push, with the leg's cause. */
struct msrp_writer leg_writer(struct leg *leg);
void leg_push(struct leg *leg);

/* Writes a whole message without a bulk body and pushes it: a response, AUTH. */
void leg_write_text(struct leg *leg, struct span text, bool acknowledges);

/* Reads what has come in, as far as the owner allows. */
void leg_read(struct leg *leg);

/* The role that an MSRP URI names, by host and port; ROLE_COUNT when none does. */
enum role leg_role_of_uri(const struct world *world, struct span uri);

#endif
