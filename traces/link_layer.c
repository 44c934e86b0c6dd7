/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/link_layer.h"
#include "traces/octets.h"

/* LINKTYPE_ values; the two that differ between systems (raw IP) are both known. */
enum {
    TYPE_NULL = 0,
    TYPE_ETHERNET = 1,
    TYPE_RAW_12 = 12,
    TYPE_RAW_14 = 14,
    TYPE_RAW = 101,
    TYPE_LOOP = 108,
    TYPE_COOKED = 113,
    TYPE_IPV4 = 228,
    TYPE_IPV6 = 229,
    TYPE_COOKED_2 = 276
};

enum {
    ETHER_IPV4 = 0x0800,
    ETHER_IPV6 = 0x86dd,
    ETHER_VLAN = 0x8100,
    ETHER_QINQ = 0x88a8,
    ETHER_QINQ_OLD = 0x9100,
    ETHER_PPPOE = 0x8864,
    PPP_IPV4 = 0x0021,
    PPP_IPV6 = 0x0057,
    TAGS_MAX = 8
};

/* What follows an EtherType: tags, a PPPoE session (RFC 2516: six bytes, then PPP's protocol), or IP. */
static enum link_verdict open_type(uint16_t type, struct span *bytes)
{
    for (int tags = 0; tags < TAGS_MAX && (type == ETHER_VLAN || type == ETHER_QINQ || type == ETHER_QINQ_OLD);
         tags++) {
        if (bytes->size < 4)
            return LINK_MALFORMED;
        type = u16_at(*bytes, 2);
        *bytes = span_after(*bytes, 4);
    }
    if (type == ETHER_PPPOE) {
        if (bytes->size < 8)
            return LINK_MALFORMED;
        uint16_t protocol = u16_at(*bytes, 6);

        *bytes = span_after(*bytes, 8);
        return protocol == PPP_IPV4 || protocol == PPP_IPV6 ? LINK_IP : LINK_NOT_IP;
    }
    return type == ETHER_IPV4 || type == ETHER_IPV6 ? LINK_IP : LINK_NOT_IP;
}

/* A header of size bytes whose EtherType stands at type_at. */
static enum link_verdict open_header(struct span *bytes, size_t size, size_t type_at)
{
    if (bytes->size < size)
        return LINK_MALFORMED;
    uint16_t type = u16_at(*bytes, type_at);

    *bytes = span_after(*bytes, size);
    return open_type(type, bytes);
}

/* Four bytes of address family in the writer's byte order; the version of IP says enough. */
static enum link_verdict open_loopback(struct span *bytes)
{
    if (bytes->size < 5)
        return LINK_MALFORMED;
    *bytes = span_after(*bytes, 4);
    uint8_t version = (uint8_t)bytes->data[0] >> 4;

    return version == 4 || version == 6 ? LINK_IP : LINK_NOT_IP;
}

enum link_verdict link_layer_open(int link_type, struct span *bytes)
{
    switch (link_type) {
    case TYPE_ETHERNET:
        return open_header(bytes, 14, 12);
    case TYPE_COOKED:
        return open_header(bytes, 16, 14);
    case TYPE_COOKED_2:
        return open_header(bytes, 20, 0);
    case TYPE_NULL:
    case TYPE_LOOP:
        return open_loopback(bytes);
    case TYPE_RAW:
    case TYPE_RAW_12:
    case TYPE_RAW_14:
    case TYPE_IPV4:
    case TYPE_IPV6:
        return bytes->size > 0 ? LINK_IP : LINK_MALFORMED;
    default:
        return LINK_UNKNOWN;
    }
}
