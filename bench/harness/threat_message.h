/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * threat_message.h - a message that an attacker can read, cut into head and body, and the same put together again with
 * another body: lengths, ranges and types fit, so that nothing but the content tells.
 */
#ifndef BENCH_HARNESS_THREAT_MESSAGE_H
#define BENCH_HARNESS_THREAT_MESSAGE_H

#include "sim/sim.h"
#include "sim/wire/msrp.h"

struct threat_message {
    const struct sim_unit *unit;
    struct span head, body;
    struct span content_type;
    bool has_file;                /* the body is the file, or a part of it, as it is carried */
    bool has_sdp;                 /* the body is a session description */
    bool has_link;                /* the body says where the file lies, and how long it is */
    bool has_certificate;         /* the body is a recipient's certificate */
    uint64_t part, parts;         /* of a file in MESSAGEs, from 1; 1 of 1 where it comes whole */
    struct msrp_byte_range range; /* of the body within the file as it is carried; total is of all of it */
};

/* False: the unit is no message that can be read, or has no body. */
bool threat_message_read(const struct sim_unit *unit, struct threat_message *message);

/* Puts the message with another body; type NULL: of the same type. ERR_FULL: no memory. */
MUST_USE enum err threat_message_put(const struct threat_message *message, struct span body, const char *type,
                                     struct sim_onward *onward);

#endif
