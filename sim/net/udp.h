/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * udp.h - a datagram on its way. What travels are fragments of its IP payload that all refer to it; since a route
 * neither duplicates nor forgets, putting them together is counting their bytes.
 */
#ifndef SIM_NET_UDP_H
#define SIM_NET_UDP_H

#include "sim/net/packet.h"

struct udp_carried {
    struct rope data; /* the datagram's data stands at its end */
    uint64_t data_at; /* where it begins */
    struct udp_carried *next;
    uint32_t from_node;
    uint16_t from_port;
    uint16_t to_port;
    uint32_t size;                   /* of the data */
    uint32_t wire_length;            /* IP payload, as protected */
    struct packet_shielded shielded; /* its shield NULL: not protected */
    uint32_t arrived;                /* bytes of the IP payload */
    uint32_t pieces;                 /* fragments on their way; with the last one it is recycled */
    void *note;                      /* the sender's */
};

#endif
