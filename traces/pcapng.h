/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pcapng.h - writes captures in the pcapng format (IETF draft-ietf-opsawg-pcapng), block by block: section header,
 * interfaces, packets with nanosecond times and comments, TLS secrets. libpcap cannot write it. The section is in
 * network byte order, which its byte-order magic says. Packets are Ethernet frames made around IPv4 packets.
 */
#ifndef TRACES_PCAPNG_H
#define TRACES_PCAPNG_H

#include "traces/outfile.h"

#include <stdint.h>

enum { PCAPNG_TEXT_MAX = 65535 }; /* of an option's value, bytes */

/* 2013-01-01 00:00:00 UTC: where simulated time begins unless the caller has a better idea. */
#define PCAPNG_EPOCH_NS (INT64_C(1356998400) * 1000000000)

/* What the section header says; empty spans are left out. */
struct pcapng_about {
    struct span hardware, os, application, comment;
};

enum pcapng_direction { PCAPNG_DIRECTION_UNKNOWN, PCAPNG_INBOUND, PCAPNG_OUTBOUND };

struct pcapng_packet {
    uint32_t interface;
    int64_t at_ns;       /* simulated time */
    struct span bytes;   /* from the IPv4 header on, at least 20 bytes; an Ethernet header is put before it */
    struct span comment; /* may be empty */
    enum pcapng_direction direction;
};

struct pcapng {
    struct outfile file;
    int64_t epoch_ns;
    uint32_t interfaces;
    uint32_t block_left; /* bytes that the open block still has to get before its trailer */
};

/* Starts a capture whose simulated time 0 is epoch_ns since 1970-01-01 00:00:00 UTC. Errors as outfile_open. */
MUST_USE enum err pcapng_open(struct pcapng *capture, const char *path, int64_t epoch_ns,
                              const struct pcapng_about *about, struct note *note);

/* Announces an interface and returns its number, counting from 0. It may come between packets. */
uint32_t pcapng_interface(struct pcapng *capture, struct span name);

void pcapng_packet(struct pcapng *capture, const struct pcapng_packet *packet);

/* Lines of a TLS key log (SSLKEYLOGFILE), the last newline included. Readers want them before the first packet that
 * they decrypt. */
void pcapng_secrets(struct pcapng *capture, struct span keylog);

/* As outfile_close and outfile_discard. */
MUST_USE enum err pcapng_close(struct pcapng *capture, struct note *note);
void pcapng_discard(struct pcapng *capture);

#endif
