/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base64.h - bytes as letters (RFC 4648 section 4), as nonces and tokens of AKA are carried in SIP.
 */
#ifndef SIM_WIRE_BASE64_H
#define SIM_WIRE_BASE64_H

#include "sim/base/sink.h"

/* Padded to groups of four. */
void base64_write(struct sink *sink, struct span bytes);

/* Writes the bytes of text, which must be whole groups, padding only at the end and no stray bits. ERR_SYNTAX: not
 * base64; ERR_FULL: it does not fit into what is left of sink. The sink is untouched then. */
MUST_USE enum err base64_read(struct span text, struct sink *sink);

#endif
