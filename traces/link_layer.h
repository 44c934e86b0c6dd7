/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * link_layer.h - the IP packet within a frame (pcap-linktype(7)): Ethernet with 802.1Q, QinQ and PPPoE, Linux cooked 1
 * and 2, raw IP, BSD loopback.
 */
#ifndef TRACES_LINK_LAYER_H
#define TRACES_LINK_LAYER_H

#include "sim/base/span.h"

enum link_verdict { LINK_IP, LINK_NOT_IP, LINK_MALFORMED, LINK_UNKNOWN };

/* Leaves in *bytes the IP packet, trailing padding included. */
enum link_verdict link_layer_open(int link_type, struct span *bytes);

#endif
