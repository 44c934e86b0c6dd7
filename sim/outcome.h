/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outcome.h - what a trial (or a measured transfer) gave: one flat row. outcome_fields names its columns.
 */
#ifndef SIM_OUTCOME_H
#define SIM_OUTCOME_H

#include "sim/base/field.h"
#include "sim/des/parts.h"

enum outcome_end {
    OUTCOME_DELIVERED,
    OUTCOME_SETUP_TIMEOUT,        /* no answer to INVITE or MESSAGE in time */
    OUTCOME_SETUP_REFUSED,        /* a final response of 300 or more that none of the names below fits */
    OUTCOME_NOT_FOUND,            /* 404: nobody knows the user */
    OUTCOME_NOT_REGISTERED,       /* 480 */
    OUTCOME_NOT_AUTHORIZED,       /* 401, 403, 407: no credentials, or wrong ones */
    OUTCOME_BUSY,                 /* 486, 600 */
    OUTCOME_CANCELLED,            /* 487 */
    OUTCOME_NOT_ACCEPTABLE,       /* 415, 488, 606: the peer does not take what is offered */
    OUTCOME_DECLINED,             /* 603 */
    OUTCOME_OVERLOADED,           /* 503, or 500, what a proxy makes of it */
    OUTCOME_SIGNALLING_BROKEN,    /* the connection under INVITE or MESSAGE broke: RFC 3261 section 8.1.3.1 */
    OUTCOME_REGISTRATION_REFUSED, /* REGISTER of UE-A or UE-B got another final response than 200 */
    OUTCOME_REGISTRATION_TIMEOUT, /* and none at all */
    OUTCOME_CONNECT_FAILED,       /* the media connection was refused or timed out */
    OUTCOME_TRANSFER_FAILED,      /* the media connection broke, or a SEND was refused or not answered */
    OUTCOME_VERIFY_FAILED,        /* tag, signature, chain or hash do not hold */
    OUTCOME_LIMIT,                /* memory or events of the trial exhausted */
    OUTCOME_END_COUNT
};

/* Times in nanoseconds; NONE_NS where the arm has no such phase or the trial did not get there. */
struct outcome {
    int end; /* enum outcome_end */

    int64_t prepare_ns, setup_ns, protect_ns, connect_ns, transfer_ns, unprotect_ns, teardown_ns;
    int64_t registration_ns; /* with connections = cold part of prepare, else before the press */
    int64_t delay_ns;
    int64_t refusal_ns; /* INVITE or the first MESSAGE leaves, to its refusal arrives at UE-A or its waiting ends */
    uint64_t status;    /* of that refusal; 0: none */
    int64_t parts_ns[PART_COUNT]; /* add up to delay_ns to the nanosecond; NONE_NS when not delivered */

    uint64_t file_bytes;    /* plaintext */
    uint64_t body_bytes;    /* as carried: the CMS object, or the file */
    uint64_t chunks;        /* SENDs of UE-A, or MESSAGEs */
    uint64_t wire_bytes;    /* all links and packets from press to the end, lost ones too, link layer included */
    uint64_t payload_bytes; /* of those that arrived, without link, IP, TCP and UDP headers */
    uint64_t layer_link_bytes, layer_ip_bytes, layer_transport_bytes,
        layer_esp_bytes; /* of those too: what each adds */
    uint64_t layer_tls_bytes,
        layer_sip_bytes; /* of the payload: TLS, and SIP but for the file's bytes, as first sent */
    uint64_t packet_hops;
    uint64_t retransmissions; /* TCP segments and SIP messages sent again */
    uint64_t events;
    int64_t cpu_ns;       /* all hosts' CPUs: work of crypto and processing */
    int64_t ue_cpu_ns;    /* of it, UE-A and UE-B */
    int64_t core_cpu_ns;  /* of it, hosts of CSCFs and the HSS, relays on the same host too */
    int64_t relay_cpu_ns; /* of it, hosts of relays, gateways and content servers alone */
    int64_t pressed_ns;   /* simulated time at which the user pressed send; not a result, an origin for logs */
};

extern const struct field outcome_fields[];

#endif
