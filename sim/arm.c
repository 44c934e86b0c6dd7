/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/arm.h"

#include <stddef.h>

const struct arm arms[] = {
    {"message-plain", CARRIER_MESSAGE, PATH_CSCFS, HOP_NONE, BODY_CLEAR,
     "the file in signalling: SIP MESSAGEs of at most 1,300 B (RFC 3428) through every CSCF, one outstanding"},
    {"message-tls", CARRIER_MESSAGE, PATH_CSCFS, HOP_TLS, BODY_CLEAR,
     "the file in signalling, hop by hop: MESSAGEs over TLS between every two neighbours"},
    {"msrp-relay-plain", CARRIER_MSRP, PATH_B2BUAS, HOP_NONE, BODY_CLEAR,
     "the effect of the path alone: a B2BUA at each site answers and forwards, nothing is protected"},
    {"msrp-relay", CARRIER_MSRP, PATH_RELAYS, HOP_TLS, BODY_CLEAR,
     "hop by hop: RFC 4976 relays with AUTH, TLS on each leg"},
    {"msrp-plain", CARRIER_MSRP, PATH_DIRECT, HOP_NONE, BODY_CLEAR,
     "the paper's plain run: one TCP connection from UE to UE"},
    {"msrp-smime", CARRIER_MSRP, PATH_DIRECT, HOP_NONE, BODY_CMS,
     "the paper's proposal: signed and encrypted from UE to UE, sent directly"},
    {.name = NULL},
};

const struct arm *arm_find(struct span name)
{
    for (const struct arm *arm = arms; arm->name; arm++)
        if (span_equal(name, span_of(arm->name)))
            return arm;
    return NULL;
}
