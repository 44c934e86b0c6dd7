/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * msrp_ident.h - names that MSRP elements give: transaction IDs, session parts of URIs, nonces. A name is a counter
 * scrambled by a one-to-one map of 48 bits that the element's identity keys, so names never repeat, look like chance,
 * and tell their counter to the element that gave them without a table.
 */
#ifndef SIM_PROTO_MSRP_IDENT_H
#define SIM_PROTO_MSRP_IDENT_H

#include "sim/base/sink.h"

enum { MSRP_IDENT_SIZE = 12 }; /* hexadecimal digits of a name */

/* counter is taken modulo 2^48. */
void msrp_ident_write(uint64_t identity, uint64_t counter, char text[MSRP_IDENT_SIZE]);

/* The counter of a name that this identity gave; false when text has another form. */
bool msrp_ident_read(uint64_t identity, struct span text, uint64_t *counter);

/* 64 bits that look like chance, for whoever needs more than one name (SplitMix64's output function). */
uint64_t msrp_ident_hash(uint64_t value);

#endif
