/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * arm.h - the ways to carry the file, each a row of choices. Everything else about a trial is the same for all arms.
 */
#ifndef SIM_ARM_H
#define SIM_ARM_H

#include "sim/base/span.h"

enum arm_carrier { CARRIER_MESSAGE, CARRIER_MSRP, CARRIER_HTTP };
enum arm_path {
    PATH_CSCFS,  /* every CSCF, as signalling */
    PATH_RELAYS, /* RFC 4976 relays: AUTH, Use-Path */
    PATH_B2BUAS, /* path.relays of them; legs negotiated in the SDP, each answers SENDs */
    PATH_RCS,    /* the same, of deployed RCS: SBC, AS, AS, SBC */
    PATH_AGWS,   /* an IMS-AGW beside each P-CSCF passes TCP's bytes on, and answers no SEND (RFC 6714) */
    PATH_DIRECT,
    PATH_SERVER /* a content server keeps the file until it is asked for */
};
enum arm_hop {
    HOP_NONE,
    HOP_TLS,
    HOP_ESP,
    HOP_TLS_ACCESS /* between a UE and its gateway only (3GPP TS 33.328, e2ae) */
};
enum arm_body {
    BODY_CLEAR,
    BODY_CMS,
    BODY_TLS /* one TLS connection from UE to UE, known by a=fingerprint (RFC 4975 section 14.4) */
};

enum arm_messages {
    MESSAGES_SMALL, /* message.size */
    MESSAGES_LARGE  /* message.size_large */
};

struct arm {
    const char *name;
    enum arm_carrier carrier;
    enum arm_path path;
    enum arm_hop hop;           /* protection of each hop of the file's own path */
    enum arm_body body;         /* end to end */
    enum arm_messages messages; /* how long a MESSAGE may be */
    const char *stands_for;
};

/* Ends with a row whose name is NULL. */
extern const struct arm arms[];

/* The arm of that name, or NULL. */
const struct arm *arm_find(struct span name);

/* Whether back-to-back user agents stand in the way. */
bool arm_has_b2buas(const struct arm *arm);

/* Whether the UEs speak TLS on the MSRP connections of their own. */
bool arm_has_tls_at_ues(const struct arm *arm);

/* Whether they and their peers then know one another by certificates that the SDP names (a=fingerprint, RFC 8122), both
 * sides showing one; else a relay's is known by its name (RFC 4976 section 9.2). */
bool arm_has_fingerprints(const struct arm *arm);

#endif
