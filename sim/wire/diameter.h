/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diameter.h - the Diameter messages of the Cx interface that the core exchanges (RFC 6733; TS 29.228, TS 29.229), as
 * functions of bytes: capabilities exchange, User-Authorization, Server-Assignment, Location-Info, Multimedia-Auth.
 * What a message holds beyond struct diameter_message is passed over when read.
 */
#ifndef SIM_WIRE_DIAMETER_H
#define SIM_WIRE_DIAMETER_H

#include "sim/base/sink.h"

enum diameter_command {
    DIAMETER_CAPABILITIES_EXCHANGE = 257, /* CER, CEA */
    DIAMETER_USER_AUTHORIZATION = 300,    /* UAR, UAA */
    DIAMETER_SERVER_ASSIGNMENT = 301,     /* SAR, SAA */
    DIAMETER_LOCATION_INFO = 302,         /* LIR, LIA */
    DIAMETER_MULTIMEDIA_AUTH = 303        /* MAR, MAA */
};

enum {
    DIAMETER_VENDOR_3GPP = 10415,
    DIAMETER_APPLICATION_CX = 16777216,
    DIAMETER_HEADER_SIZE = 20,
    DIAMETER_SIZE_MAX = 4096
};

/* Result-Code, RFC 6733 section 7.1. */
enum {
    DIAMETER_SUCCESS = 2001,
    DIAMETER_UNABLE_TO_COMPLY = 5012,
    DIAMETER_AUTHORIZATION_REJECTED = 5003,
};

/* Of 3GPP, in an Experimental-Result: TS 29.229 section 6.2. */
enum {
    DIAMETER_FIRST_REGISTRATION = 2001,
    DIAMETER_SUBSEQUENT_REGISTRATION = 2002,
    DIAMETER_UNREGISTERED_SERVICE = 2003,
    DIAMETER_ERROR_USER_UNKNOWN = 5001,
    DIAMETER_ERROR_IDENTITIES_DONT_MATCH = 5002,
    DIAMETER_ERROR_IDENTITY_NOT_REGISTERED = 5003,
    DIAMETER_ERROR_AUTH_SCHEME_NOT_SUPPORTED = 5006
};

/* User-Authorization-Type, TS 29.229 section 6.3.24. */
enum diameter_authorization { DIAMETER_REGISTRATION, DIAMETER_DEREGISTRATION, DIAMETER_CAPABILITIES };

/* Server-Assignment-Type, section 6.3.15. */
enum diameter_assignment {
    DIAMETER_NO_ASSIGNMENT,
    DIAMETER_ASSIGN_REGISTRATION,
    DIAMETER_ASSIGN_RE_REGISTRATION,
    DIAMETER_ASSIGN_UNREGISTERED_USER,
    DIAMETER_ASSIGN_TIMEOUT_DEREGISTRATION,
    DIAMETER_ASSIGN_USER_DEREGISTRATION,
    DIAMETER_ASSIGN_AUTHENTICATION_FAILURE = 9,
    DIAMETER_ASSIGN_AUTHENTICATION_TIMEOUT = 10
};

/* A span of size 0 is an AVP that is absent, and so is a number of 0 where it says so. What a command does not have is
 * not written. */
struct diameter_message {
    bool is_request;
    bool is_experimental; /* answers: result stands in an Experimental-Result of 3GPP */
    uint32_t command;
    uint32_t application; /* written by the command: base or Cx */
    uint32_t hop_by_hop, end_to_end;
    uint32_t result;
    struct span session_id;
    struct span origin_host, origin_realm, destination_realm;
    uint32_t host_address;       /* capabilities exchange: IPv4, host byte order */
    struct span user_name;       /* the private identity */
    struct span public_identity; /* "sip:bob@open-ims.test" */
    struct span visited_network; /* UAR */
    uint32_t authorization_type; /* UAR: enum diameter_authorization */
    struct span server_name;     /* SIP URI of the S-CSCF */
    uint32_t capability;         /* UAA: a Mandatory-Capability of the Server-Capabilities; 0: none */
    uint32_t assignment_type;    /* SAR: enum diameter_assignment */
    uint32_t is_data_available;  /* SAR: User-Data-Already-Available */
    struct span user_data;       /* SAA: the service profile, XML */
    uint32_t auth_items;         /* MAR, MAA: SIP-Number-Auth-Items; 0: absent */
    uint32_t auth_item;          /* MAA: SIP-Item-Number; 0: absent */
    struct span auth_scheme;     /* "Digest-AKAv1-MD5" */
    struct span authenticate;    /* MAA: RAND and AUTN */
    struct span authorization;   /* MAA: XRES. MAR: RAND and AUTS */
    struct span confidentiality_key, integrity_key; /* MAA */
};

/* Writes the whole message, its length included. */
void diameter_write(const struct diameter_message *message, struct sink *sink);

/* The message at the front of text and its length. ERR_MORE: text ends inside it; ERR_SYNTAX: not Diameter version 1,
 * or AVPs that do not fit their message; ERR_RANGE: longer than DIAMETER_SIZE_MAX. */
MUST_USE enum err diameter_parse(struct span text, struct diameter_message *message, size_t *size);

/* "LIR", "LIA", "CER" ...; "?" for others. */
const char *diameter_name(const struct diameter_message *message);

#endif
