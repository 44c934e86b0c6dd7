/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * arm.h - the ways to carry the file, each a row of choices. Everything else about a trial is the same for all arms.
 */
#ifndef SIM_ARM_H
#define SIM_ARM_H

#include "sim/base/span.h"

enum arm_carrier { CARRIER_MESSAGE, CARRIER_MSRP };
enum arm_path {
    PATH_CSCFS,  /* every CSCF, as signalling */
    PATH_RELAYS, /* RFC 4976 relays: AUTH, Use-Path */
    PATH_B2BUAS, /* legs negotiated in the SDP, each answers SENDs */
    PATH_DIRECT
};
enum arm_hop { HOP_NONE, HOP_TLS };
enum arm_body { BODY_CLEAR, BODY_CMS };

struct arm {
    const char *name;
    enum arm_carrier carrier;
    enum arm_path path;
    enum arm_hop hop;   /* protection of each hop of the file's own path */
    enum arm_body body; /* end to end */
    const char *stands_for;
};

/* Ends with a row whose name is NULL. */
extern const struct arm arms[];

/* The arm of that name, or NULL. */
const struct arm *arm_find(struct span name);

#endif
