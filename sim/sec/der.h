/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * der.h - ASN.1 in its distinguished encoding (X.690): heads of definite length, written and cut. Only what CMS needs:
 * tags below 31, lengths in the fewest octets.
 */
#ifndef SIM_SEC_DER_H
#define SIM_SEC_DER_H

#include "sim/base/sink.h"

enum der_tag {
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_UTC_TIME = 0x17,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_IMPLICIT_0 = 0x80, /* [0] of a primitive type */
    DER_CONTEXT_0 = 0xa0,  /* [0] of a constructed type, or explicit */
    DER_CONTEXT_1 = 0xa1,
    DER_CONTEXT_2 = 0xa2,
};

/* Bytes of a value whose content has content_bytes: tag, length and content. */
uint64_t der_size(uint64_t content_bytes);

/* ---- Writing ---- */

/* Tag and length of a value whose content follows. */
void der_write_head(struct sink *sink, enum der_tag tag, uint64_t content_bytes);

/* A whole value. */
void der_write(struct sink *sink, enum der_tag tag, struct span content);

/* An INTEGER from 0 to 127. */
void der_write_small(struct sink *sink, uint8_t number);

/* The OBJECT IDENTIFIER that OpenSSL numbers nid; der_oid_size is its whole size. */
void der_write_oid(struct sink *sink, int nid);
uint64_t der_oid_size(int nid);

/* ---- Reading: the cuts of span.h. ERR_SYNTAX for another tag, an indefinite length or one not in its fewest octets;
 * ERR_MORE when text ends too early. ---- */

/* Tag and length; the content need not be there. */
MUST_USE enum err der_cut_head(struct span *text, enum der_tag tag, uint64_t *content_bytes);

/* A whole value: its content. */
MUST_USE enum err der_cut(struct span *text, enum der_tag tag, struct span *content);

/* A whole value of whatever tag: its encoding, head included. */
MUST_USE enum err der_cut_whole(struct span *text, struct span *encoding);

/* An INTEGER from 0 to 127. */
MUST_USE enum err der_cut_small(struct span *text, uint8_t *number);

/* The OBJECT IDENTIFIER that OpenSSL numbers nid. */
MUST_USE enum err der_cut_oid(struct span *text, int nid);

/* Whether a value of this tag comes next. */
bool der_next_is(struct span text, enum der_tag tag);

#endif
