/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dns_client.h - how a SIP element finds a server for a domain (RFC 3263 section 4): NAPTR says by which transport, SRV
 * on which host and port, A where that is; each is asked for in turn unless the answer before brought it along. Answers
 * are remembered for as long as they say. A question that nobody answers is asked again.
 */
#ifndef SIM_PROTO_DNS_CLIENT_H
#define SIM_PROTO_DNS_CLIENT_H

#include "sim/proto/sip.h"
#include "sim/wire/dns.h"

struct dns_client;

/* Seconds before a question is asked again, and how often it is asked: resolv.conf(5)'s defaults. */
enum { DNS_TIMEOUT_S = 5, DNS_ATTEMPTS = 2 };

enum dns_action {
    DNS_SEND, /* bytes to the name server */
    DNS_DONE  /* the look-up of that token has ended */
};

struct dns_output {
    enum dns_action action;
    struct span bytes; /* valid until the next call */
    uint16_t type;     /* DNS_SEND: what is asked for */
    bool is_again;
    uint32_t token;
    int status; /* DNS_DONE: 0, 404 no such name, 504 no answer (RFC 3261 section 21.5.5) */
    struct sip_hop entry;
};

enum { DNS_OUTBOX_MAX = 8 };
struct dns_outbox {
    uint32_t count;
    struct dns_output items[DNS_OUTBOX_MAX];
    int64_t wake_ns; /* INT64_MAX: never. Always set. */
};

/* Looks for servers of this transport (enum sip_transport). */
struct dns_client *dns_client_create(struct arena *arena, uint8_t transport);

/* A domain or the name of a host. Ends at once where it is remembered. */
void dns_client_resolve(struct dns_client *client, int64_t now_ns, struct span name, uint32_t token,
                        struct dns_outbox *out);

/* A datagram from the name server. What answers nothing is dropped. */
void dns_client_receive(struct dns_client *client, int64_t now_ns, struct span bytes, struct dns_outbox *out);

void dns_client_wake(struct dns_client *client, int64_t now_ns, struct dns_outbox *out);

/* Questions asked again. */
uint64_t dns_client_retransmissions(const struct dns_client *client);

#endif
