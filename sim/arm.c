/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/arm.h"

#include <stddef.h>

const struct arm arms[] = {
    {"message-plain", CARRIER_MESSAGE, PATH_CSCFS, HOP_NONE, BODY_CLEAR, MESSAGES_SMALL,
     "the file in signalling: SIP MESSAGEs of at most 1,300 B (RFC 3428) through every CSCF, one outstanding"},
    {"message-tls", CARRIER_MESSAGE, PATH_CSCFS, HOP_TLS, BODY_CLEAR, MESSAGES_SMALL,
     "the file in signalling, hop by hop: MESSAGEs over TLS between every two neighbours"},
    {"message-ipsec", CARRIER_MESSAGE, PATH_CSCFS, HOP_ESP, BODY_CLEAR, MESSAGES_SMALL,
     "the same under IPsec: MESSAGEs over UDP in ESP between every two neighbours (TS 33.203, TS 33.210)"},
    {"message-large", CARRIER_MESSAGE, PATH_CSCFS, HOP_TLS, BODY_CLEAR, MESSAGES_LARGE,
     "the same without the small cap: MESSAGEs of up to 60 KiB over TLS"},
    {"message-smime", CARRIER_MESSAGE, PATH_CSCFS, HOP_NONE, BODY_CMS, MESSAGES_SMALL,
     "pager mode end to end: the whole file sealed once, then split over MESSAGEs (beyond RFC 8591)"},
    {"msrp-relay-plain", CARRIER_MSRP, PATH_B2BUAS, HOP_NONE, BODY_CLEAR, MESSAGES_SMALL,
     "the effect of the path alone: a B2BUA at each site answers and forwards, nothing is protected"},
    {"msrp-relay", CARRIER_MSRP, PATH_RELAYS, HOP_TLS, BODY_CLEAR, MESSAGES_SMALL,
     "hop by hop: RFC 4976 relays with AUTH, TLS on each leg"},
    {"msrp-relay-smime", CARRIER_MSRP, PATH_RELAYS, HOP_TLS, BODY_CMS, MESSAGES_SMALL,
     "both: signed and encrypted from UE to UE (RFC 8591), through relays with TLS"},
    {"msrp-b2bua", CARRIER_MSRP, PATH_RCS, HOP_TLS, BODY_CLEAR, MESSAGES_SMALL,
     "deployed RCS: SBC, AS, AS, SBC; legs of TLS negotiated in the INVITE, each answers SENDs"},
    {"msrp-e2ae", CARRIER_MSRP, PATH_AGWS, HOP_TLS_ACCESS, BODY_CLEAR, MESSAGES_SMALL,
     "3GPP TS 33.328: an IMS-AGW on each side ends the TLS of its UE and answers no SEND; plain in between"},
    {"msrp-plain", CARRIER_MSRP, PATH_DIRECT, HOP_NONE, BODY_CLEAR, MESSAGES_SMALL,
     "the paper's plain run: one TCP connection from UE to UE"},
    {"msrp-tls", CARRIER_MSRP, PATH_DIRECT, HOP_NONE, BODY_TLS, MESSAGES_SMALL,
     "msrps from UE to UE, certificates known by a=fingerprint: whoever rewrites the SDP can step in between"},
    {"msrp-smime", CARRIER_MSRP, PATH_DIRECT, HOP_NONE, BODY_CMS, MESSAGES_SMALL,
     "the paper's proposal: signed and encrypted from UE to UE, sent directly"},
    {"msrp-smime-agw", CARRIER_MSRP, PATH_AGWS, HOP_NONE, BODY_CMS, MESSAGES_SMALL,
     "the proposal in a real IMS: IMS-AGWs pass TCP's bytes on (RFC 6714)"},
    {"msrp-tls-agw", CARRIER_MSRP, PATH_AGWS, HOP_NONE, BODY_TLS, MESSAGES_SMALL,
     "msrps from UE to UE in a real IMS: IMS-AGWs pass TCP's bytes on (RFC 6714), TLS within them"},
    {"http-upload", CARRIER_HTTP, PATH_SERVER, HOP_TLS, BODY_CLEAR, MESSAGES_SMALL,
     "RCS file transfer over HTTP: PUT to a content server, its link in one MESSAGE, GET"},
    {.name = NULL},
};

const struct arm *arm_find(struct span name)
{
    for (const struct arm *arm = arms; arm->name; arm++)
        if (span_equal(name, span_of(arm->name)))
            return arm;
    return NULL;
}

bool arm_has_b2buas(const struct arm *arm)
{
    return arm->path == PATH_B2BUAS || arm->path == PATH_RCS;
}

bool arm_has_tls_at_ues(const struct arm *arm)
{
    bool hop_is_tls = arm->hop == HOP_TLS || arm->hop == HOP_TLS_ACCESS;

    return arm->carrier == CARRIER_MSRP && (hop_is_tls || arm->body == BODY_TLS);
}

bool arm_has_fingerprints(const struct arm *arm)
{
    return arm_has_tls_at_ues(arm) && arm->path != PATH_RELAYS;
}
