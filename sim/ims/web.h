/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * web.h - HTTP/1.1 on a channel, over TLS or not: requests one way, responses the other, bodies framed by their length.
 * A body that is sent is read from a rope as there is room, by reference; one that comes in is told piece by piece.
 */
#ifndef SIM_IMS_WEB_H
#define SIM_IMS_WEB_H

#include "sim/ims/channel.h"
#include "sim/wire/http.h"

struct web;

/* What the owner is told; the sums of what set it off are in web_cause(). After ended with another end than FIN nothing
 * more is told. */
struct web_owner {
    void (*ready)(void *context, struct web *web);
    void (*head)(void *context, struct web *web, const struct http_head *head);
    void (*body)(void *context, struct web *web, uint64_t at, struct slice slice);
    void (*end)(void *context, struct web *web);
    void (*ended)(void *context, struct web *web, enum tcp_end how);
};

/* A connection to the HTTP or HTTPS port of a role, or one that was accepted there: accept returns its context. */
struct web *web_open(struct world *world, enum role role, enum role peer, void *context, const struct web_owner *owner,
                     const struct cause *cause);
typedef void *web_accept_fn(void *context, struct web *web);
void web_listen(struct world *world, enum role role, void *context, web_accept_fn *accept,
                const struct web_owner *owner);

/* Sends a message: head, to which the length is added, and all that body holds from its begin on; NULL: none. The rope
 * stays as it is and must not change before all is sent. label is what a ladder shows. */
void web_send(struct web *web, struct http_head head, struct rope *body, const char *label, const struct cause *cause);

/* Nothing more is sent. */
void web_finish(struct web *web, const struct cause *cause);

struct cause web_cause(const struct web *web);

#endif
