/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cx.h - Diameter between CSCFs and an HSS: a TCP connection of each CSCF, opened with an exchange of capabilities (RFC
 * 6733 section 5.3), on which questions of the Cx interface and their answers pass (TS 29.228).
 */
#ifndef SIM_IMS_CX_H
#define SIM_IMS_CX_H

#include "sim/ims/watch.h"
#include "sim/wire/diameter.h"

/* The HSS that a CSCF asks: that of its own operator. */
enum role cx_hss_of(const struct world *world, enum role role);

/* What an HSS makes of a question: everything but the names and numbers that any answer carries. Called when it has
 * worked on it. The answer's spans may point into the question or what lasts. */
typedef void cx_serve_fn(void *context, const struct diameter_message *question, struct diameter_message *answer);
void cx_serve(struct world *world, enum role hss, void *context, cx_serve_fn *serve);

/* Opens the connection of a CSCF before it is needed. */
void cx_connect(struct world *world, enum role role, const struct cause *cause);

/* Asks: command and what it is about are the caller's. The answer goes to the CSCF's element, where token is not 0,
 * once it is there and not_before_ns has come. */
void cx_ask(struct world *world, enum role role, const struct diameter_message *question, uint32_t token,
            int64_t not_before_ns, const struct cause *cause);

#endif
