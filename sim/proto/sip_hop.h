/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_hop.h - from URIs and Vias to places to send to: the next hop of a request (RFC 3263 without DNS: names are
 * given) and the way back of a response (RFC 3261 section 18.2.2).
 */
#ifndef SIM_PROTO_SIP_HOP_H
#define SIM_PROTO_SIP_HOP_H

#include "sim/proto/sip.h"
#include "sim/wire/sip.h"

enum { SIP_PORT = 5060, SIP_PORT_TLS = 5061 };

/* How a transport is spelled in a Via and as a URI parameter ("" for UDP, which needs none). */
struct sip_transport_name {
    const char *via;
    const char *parameter;
};
extern const struct sip_transport_name sip_transport_names[];

/* Where a request to this URI goes: its host among names or as an address, its port, else that of the name, else the
 * transport's own; its ;transport=, else the given one. ERR_UNKNOWN: nobody knows that host, or the scheme. */
MUST_USE enum err sip_hop_of_uri(const struct sip_name *names, uint8_t transport, struct span uri, struct sip_hop *hop);

/* Where the responses to a request go whose top Via is this and that came from there. */
struct sip_hop sip_hop_back(const struct sip_via *via, struct sip_hop from);

#endif
