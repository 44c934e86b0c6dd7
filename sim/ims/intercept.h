/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * intercept.h - the trial's tamperer at its place (sim_tamper): streams are cut into whole messages or records,
 * datagrams are messages or, where ESP protects them, packets of ESP, really sealed and really opened again; each is
 * handed to the tamperer, and what that lets go on goes on. Before the press everything does.
 */
#ifndef SIM_IMS_INTERCEPT_H
#define SIM_IMS_INTERCEPT_H

#include "sim/ims/world.h"

/* Where a connection's bytes meet the tamperer. */
enum intercept_at {
    INTERCEPT_NOWHERE,
    INTERCEPT_PLAIN, /* as its end writes them, above TLS */
    INTERCEPT_WIRE,  /* as they go over a link */
    INTERCEPT_SEEN   /* as its end reads them: nothing goes on */
};

/* What the role from writes to the role to, whose TLS, if it has any, ends at the role tls_end. */
enum intercept_at intercept_place(const struct world *world, enum role from, enum role to, enum role tls_end,
                                  bool is_tls);

/* Takes what goes on. */
typedef void intercept_put_fn(void *context, struct span bytes);

/* One direction of a connection. It lives in the world's arena. */
struct intercept;
struct intercept *intercept_create(struct world *world, enum role from, enum role to, bool ends_here, void *context,
                                   intercept_put_fn *put);

/* More bytes of the stream; what is whole of it passes. */
void intercept_slice(struct intercept *intercept, struct slice slice);
void intercept_bytes(struct intercept *intercept, struct span bytes);

/* A datagram from one role to another. False: nobody is there, and it goes as it would have. */
bool intercept_datagram(struct world *world, enum role from, enum role to, const struct slice *slices, uint32_t count,
                        void *context, intercept_put_fn *put);

/* Who stands in for the ends of TLS on the way between two roles, the first of which connects to next; NULL: nobody. */
const struct party *intercept_stand_in(const struct world *world, enum role from, enum role next, enum role to,
                                       bool by_fingerprint);

/* Whether receivers take any certificate. */
bool intercept_is_credulous(const struct world *world);

/* Tells that somebody refused something. */
void intercept_refused(const struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether somebody tampers: what arrives may then be anything. */
bool intercept_is_on(const struct world *world);

/* Frees what OpenSSL holds. */
void intercepts_free(struct world *world);

#endif
