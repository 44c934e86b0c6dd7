/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/sip_hop.h"

const struct sip_transport_name sip_transport_names[] = {
    [SIP_UDP] = {"UDP", ""},
    [SIP_TCP] = {"TCP", ";transport=tcp"},
    [SIP_TLS] = {"TLS", ";transport=tls"},
};

static bool transport_of(struct span word, uint8_t *transport)
{
    for (uint8_t i = SIP_UDP; i <= SIP_TLS; i++)
        if (span_equal_nocase(word, span_of(sip_transport_names[i].via))) {
            *transport = i;
            return true;
        }
    return false;
}

static enum err host_find(const struct sip_name *names, struct span host, struct sip_hop *hop)
{
    if (sip_parse_ipv4(host, &hop->address) == ERR_OK) {
        hop->port = 0;
        return ERR_OK;
    }
    for (; names && names->name; names++)
        if (span_equal_nocase(host, span_of(names->name))) {
            *hop = names->hop;
            return ERR_OK;
        }
    return ERR_UNKNOWN;
}

enum err sip_hop_of_uri(const struct sip_name *names, uint8_t transport, struct span uri, struct sip_hop *hop)
{
    struct sip_uri parsed;
    struct sip_hop found = {.port = 0};
    struct span word;

    TRY(sip_parse_uri(uri, &parsed));
    TRY(host_find(names, parsed.host, &found));
    found.transport = transport;
    if (sip_parameter(parsed.parameters, SPAN("transport"), &word) && !transport_of(word, &found.transport))
        return ERR_UNKNOWN;
    if (span_equal_nocase(parsed.scheme, SPAN("sips")))
        found.transport = SIP_TLS;
    if (parsed.port != 0)
        found.port = parsed.port;
    if (found.port == 0)
        found.port = found.transport == SIP_TLS ? SIP_PORT_TLS : SIP_PORT;
    *hop = found;
    return ERR_OK;
}

struct sip_hop sip_hop_back(const struct sip_via *via, struct sip_hop from)
{
    struct sip_hop hop = from;

    /* A connection is its own way back; over UDP the sent-by names the port unless rport asks for the source. */
    if (from.transport == SIP_UDP && !via->has_rport)
        hop.port = via->port != 0 ? via->port : SIP_PORT;
    return hop;
}
