/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_incoming.h - a message that has come, with what every element needs of it, and the head of an answer to it.
 */
#ifndef SIM_PROTO_SIP_INCOMING_H
#define SIM_PROTO_SIP_INCOMING_H

#include "sim/proto/sip.h"
#include "sim/wire/sip.h"

struct sip_incoming {
    struct sip_message message;
    struct sip_via via; /* the top one */
    struct sip_cseq cseq;
    struct sip_hop from;
    struct span head;
    struct slice body;
};

/* Reads head into message, via and cseq. ERR_SYNTAX for anything that a transaction cannot be made of: RFC 3261 section
 * 8.1.1 names the headers that every message has. */
MUST_USE enum err sip_incoming_read(struct sip_incoming *incoming);

/* The Via lines of a request, with received and rport filled in its top Via as sections 18.2.1 of RFC 3261 and 4 of RFC
 * 3581 want it; sip_write_top_via is the first line of them. */
void sip_write_vias(struct sink *sink, const struct sip_incoming *request);
void sip_write_top_via(struct sink *sink, const struct sip_incoming *request);

enum { SIP_TAG_DIGITS = 8 };
void sip_write_tag(struct sink *sink, uint64_t tag);

/* Status line, Via, From, To, Call-ID, CSeq of an answer (section 8.2.6.2). tag goes into To where it has none; 0: not.
 */
void sip_write_answer(struct sink *sink, const struct sip_incoming *request, int status, uint64_t tag);

#endif
