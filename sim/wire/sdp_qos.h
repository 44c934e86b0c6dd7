/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sdp_qos.h - the precondition of resources for a media stream (RFC 3312 section 5, TS 24.229 section 6.1): what each
 * side has reserved and what it insists on.
 */
#ifndef SIM_WIRE_SDP_QOS_H
#define SIM_WIRE_SDP_QOS_H

#include "sim/base/sink.h"

/* As seen by who writes the description. */
struct sdp_qos {
    bool has_local, has_remote; /* a=curr: resources of the writer's and of the other segment are there */
    bool insists_remote;        /* a=des: mandatory for the other segment too, else none; for its own it is mandatory */
    bool asks_confirmation;     /* a=conf: the other side is to tell when its own are there */
};

/* Lines for the end of a media description. */
void sdp_write_qos(const struct sdp_qos *qos, struct sink *sink);

/* What the first a=curr:qos lines say; false where there are none: no precondition. */
bool sdp_read_qos(struct span sdp, struct sdp_qos *qos);

#endif
