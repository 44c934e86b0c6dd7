/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ifc.h - initial filter criteria in a service profile (TS 29.228 annexes B, C, E; TS 23.218 section 5.2): which
 * application server a request goes to next. Read from the XML that the HSS sends, element by element, without
 * namespaces and attributes.
 */
#ifndef SIM_WIRE_IFC_H
#define SIM_WIRE_IFC_H

#include "sim/wire/sip.h"

/* As numbered in the profile. */
enum ifc_session_case { IFC_ORIGINATING, IFC_TERMINATING, IFC_TERMINATING_UNREGISTERED };

/* A profile with more criteria, or more groups in one, is read as far as that. */
enum { IFC_MAX = 16, IFC_GROUPS_MAX = 16 };

struct ifc_match {
    struct span server; /* the application server's URI, in the profile */
    uint32_t next;      /* the number of the criterion behind it */
    bool continues;     /* the request goes on without it where it cannot be reached: SESSION_CONTINUED */
};

/* The first criterion from number `from` on, in the order of their priorities, whose trigger point the request meets.
 * Service point triggers: Method, SessionCase, RequestURI and SIPHeader (whose Content is looked for as it stands);
 * another one is never met. A criterion without a trigger point is always met. False: none. */
bool ifc_find(struct span profile, const struct sip_message *request, enum ifc_session_case session_case, uint32_t from,
              struct ifc_match *match);

#endif
