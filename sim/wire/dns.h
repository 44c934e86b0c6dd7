/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dns.h - DNS messages with the records that lead to a SIP server (RFC 1035 section 4; SRV, RFC 2782; NAPTR, RFC 3403),
 * as functions of bytes: one question, and what answers it. Names are text without the dot at their end, cased as they
 * came; records of other types are passed over when read.
 */
#ifndef SIM_WIRE_DNS_H
#define SIM_WIRE_DNS_H

#include "sim/base/sink.h"

enum dns_type { DNS_A = 1, DNS_SRV = 33, DNS_NAPTR = 35 };

enum dns_rcode { DNS_NO_ERROR = 0, DNS_SERVER_FAILURE = 2, DNS_NAME_ERROR = 3 };

enum {
    DNS_NAME_SIZE = 256, /* with the zero byte at its end */
    DNS_WORD_SIZE = 32,
    DNS_RECORDS_MAX = 8, /* more of a message are passed over */
    DNS_SIZE_MAX = 512   /* over UDP, RFC 1035 section 4.2.1 */
};

struct dns_record {
    uint16_t type; /* enum dns_type */
    uint32_t ttl_s;
    char name[DNS_NAME_SIZE];
    uint32_t address;            /* A: host byte order */
    uint16_t order, preference;  /* NAPTR; SRV: priority and weight */
    uint16_t port;               /* SRV */
    char flags[DNS_WORD_SIZE];   /* NAPTR: "s", the replacement is a name of SRV records */
    char service[DNS_WORD_SIZE]; /* NAPTR: "SIP+D2U" */
    char target[DNS_NAME_SIZE];  /* SRV; NAPTR: the replacement */
};

struct dns_message {
    uint16_t id;
    bool is_response, is_authoritative, is_recursive; /* is_recursive: desired, and in a response available */
    uint8_t rcode;                                    /* enum dns_rcode */
    uint16_t type;                                    /* of the question */
    char name[DNS_NAME_SIZE];
    uint32_t count;
    struct dns_record records[DNS_RECORDS_MAX]; /* answers, then additional ones */
};

/* Writes the message; records are its answers. The sink overflows where a label is longer than 63 bytes. */
void dns_write(const struct dns_message *message, struct sink *sink);

/* ERR_SYNTAX: not a message with one question, or records that do not fit it. */
MUST_USE enum err dns_parse(struct span bytes, struct dns_message *message);

/* "A", "SRV", "NAPTR"; "?" for others. */
const char *dns_type_name(uint16_t type);

#endif
