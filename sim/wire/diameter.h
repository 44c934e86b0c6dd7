/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diameter.h - the Diameter messages of the Cx interface that the core exchanges (RFC 6733; TS 29.228, TS 29.229), as
 * functions of bytes: capabilities exchange and Location-Info. What a message holds beyond struct diameter_message is
 * passed over when read.
 */
#ifndef SIM_WIRE_DIAMETER_H
#define SIM_WIRE_DIAMETER_H

#include "sim/base/sink.h"

enum diameter_command {
    DIAMETER_CAPABILITIES_EXCHANGE = 257, /* CER, CEA */
    DIAMETER_LOCATION_INFO = 302          /* LIR, LIA */
};

enum {
    DIAMETER_VENDOR_3GPP = 10415,
    DIAMETER_APPLICATION_CX = 16777216,
    DIAMETER_SUCCESS = 2001,
    DIAMETER_ERROR_USER_UNKNOWN = 5001, /* of 3GPP: in an Experimental-Result */
    DIAMETER_HEADER_SIZE = 20,
    DIAMETER_SIZE_MAX = 4096
};

/* A span of size 0 is an AVP that is absent. */
struct diameter_message {
    bool is_request;
    uint32_t command;
    uint32_t application; /* written by the command: base or Cx */
    uint32_t hop_by_hop, end_to_end;
    struct span session_id;
    struct span origin_host, origin_realm, destination_realm;
    uint32_t host_address;       /* capabilities exchange: IPv4, host byte order */
    uint32_t result;             /* answers: Result-Code, or the code of an Experimental-Result */
    struct span public_identity; /* LIR */
    struct span server_name;     /* LIA */
};

/* Writes the whole message, its length included. */
void diameter_write(const struct diameter_message *message, struct sink *sink);

/* The message at the front of text and its length. ERR_MORE: text ends inside it; ERR_SYNTAX: not Diameter version 1,
 * or AVPs that do not fit their message; ERR_RANGE: longer than DIAMETER_SIZE_MAX. */
MUST_USE enum err diameter_parse(struct span text, struct diameter_message *message, size_t *size);

/* "LIR", "LIA", "CER", "CEA"; "?" for others. */
const char *diameter_name(const struct diameter_message *message);

#endif
