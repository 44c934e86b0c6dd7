/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sim.h - the one door for running trials. A trial is a function: scenario, arm, tables, file and trial number in,
 * outcome out. It reads no clock, no file and no environment.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "sim/arm.h"
#include "sim/base/slice.h"
#include "sim/ims/dwell.h"
#include "sim/ims/schedule.h"
#include "sim/outcome.h"
#include "sim/scenario.h"
#include "sim/sec/cost.h"
#include "sim/sec/party.h"

/* What happens to a packet on a link; sim/net's tap_event in the same order. A packet lost on the way is sent, then
 * dropped; one that finds the queue full is only dropped. */
enum sim_packet_event { SIM_PACKET_SENT, SIM_PACKET_RECEIVED, SIM_PACKET_DROPPED };

/* A packet on a link, for captures. */
struct sim_packet {
    uint32_t link;         /* index into the links announced */
    const char *from, *to; /* node names of this link */
    int event;             /* enum sim_packet_event */
    bool is_origin;        /* on the first link of its way: what "each packet once, as first sent" means */
    int64_t at_ns;         /* simulated time */
    struct span bytes;     /* from the IPv4 header on */
};

/* A message of an application protocol between two roles, for ladders. Told when it is received or known lost. */
struct sim_message {
    uint64_t number;       /* from 1, in the order of sending */
    int64_t sent_ns;       /* first bit out, simulated time */
    int64_t received_ns;   /* last bit in; NONE_NS when lost */
    const char *from, *to; /* roles: "UE-A", "P-CSCF(A)" ... */
    const char *protocol;  /* "SIP", "MSRP", "HTTP", "Diameter", "TCP", "TLS" */
    struct span label;     /* "INVITE", "200 (INVITE)", "SEND 1-1444/1444" */
    uint64_t bytes;        /* of the message */
    int64_t dwell_ns;      /* how long the receiver kept it before it acted; NONE_NS when unknown yet */
    bool is_again;         /* a retransmission */
    struct span text;      /* the message as text, headers whole, a body's first part; empty unless wanted */
};

/* What may befall one packet, or one SIP message whatever carries it. */
enum sim_fault { SIM_FAULT_NONE, SIM_FAULT_LOSE, SIM_FAULT_HOLD, SIM_FAULT_DUPLICATE };

/* Who watches. Functions may be NULL. */
struct sim_tap {
    void *context;
    bool wants_bytes; /* real CMS, TLS and message bytes are made */
    void (*packet)(void *context, const struct sim_packet *packet);
    void (*message)(void *context, const struct sim_message *message);
    void (*secret)(void *context, struct span keylog_line);        /* SSLKEYLOGFILE format, without its newline */
    void (*association)(void *context, struct span line);          /* keys of ESP, a line of Wireshark's esp_sa */
    void (*event)(void *context, int64_t at_ns, struct span line); /* the event log */
};

/* Simulated time 0 on the calendar, for time stamps, signing times and certificates: 2013-01-01 00:00 UTC. */
#define SIM_EPOCH_S INT64_C(1356998400)

/* What passes a place, as whole as a place can have it: a message, a record of TLS, a packet of ESP. */
enum sim_unit_kind {
    SIM_UNIT_SIP,
    SIM_UNIT_MSRP,
    SIM_UNIT_HTTP,
    SIM_UNIT_DIAMETER,
    SIM_UNIT_TLS,
    SIM_UNIT_ESP,
    SIM_UNIT_OTHER,
    SIM_UNIT_KIND_COUNT
};

struct sim_unit {
    int kind;              /* enum sim_unit_kind */
    const char *from, *to; /* roles at the two ends of its connection or datagram, "UE-A" */
    uint32_t flow;         /* the same for all that goes one way between two ends; from 1 */
    bool ends_here;        /* the place is its receiver: nothing goes on */
    struct span bytes;
};

/* Sends bytes on in the place of a unit: none, once, or several times. */
struct sim_onward;
void sim_onward_put(struct sim_onward *onward, struct span bytes);

/* A host and port as SDP has them. */
struct sim_address {
    const char *host;
    uint16_t port;
};

/* The host of somebody who tampers, as SDP names it. */
#define SIM_TAMPER_HOST "mallory.open-ims.test"
#define SIM_TAMPER_PORT 7394

/*
 * Somebody on the way who changes what passes, and whoever looks what becomes of it. The place is a role, which sees
 * and changes what that role sees and sends, or a link, by its two nodes, which sees what goes over it, TLS and ESP
 * closed. Needs real bytes.
 */
struct sim_tamper {
    void *context;
    const char *role;            /* the place; NULL: */
    const char *link_a, *link_b; /* a link; both NULL: nobody is anywhere */
    /* A unit passes after the press: what goes on is put. NULL: everything goes on. */
    void (*pass)(void *context, const struct sim_unit *unit, struct sim_onward *onward);
    /* sdp is asked for each offer and answer that a CSCF passes on, by its label ("S-CSCF(B)"), and writes another one
     * to out, or returns false to let it be. NULL: nobody does. */
    bool (*sdp)(void *context, const char *role, bool is_answer, struct span sdp, struct sink *out);
    /* Who stands in for both ends of a TLS connection to a host that crosses the place, with this certificate; NULL:
     * nobody. by_fingerprint: the ends know each other by what SDP says, not by the host's name. */
    const struct party *(*stand_in)(void *context, const char *host, bool by_fingerprint);
    bool has_host; /* he has a host, SIM_TAMPER_HOST: whoever SDP leads there goes on to where onward says, and passes
                    * him in clear on his way; where there is TLS it ends there, under what stand_in gives for that
                    * host. Where the arm has relays it is one more of them (RFC 4976), for whoever names it. */
    /* Where SDP would have led who comes to that host from another one. False: he does not know. */
    bool (*onward)(void *context, const char *from, struct sim_address *to);
    /* The file that UE-B's user has in hand in the end, whatever it is. */
    void (*taken)(void *context, struct span file);
    /* Somebody refused something, and why: a record, a packet, a certificate, a file. */
    void (*refused)(void *context, const char *why);
    bool is_credulous; /* receivers ask nobody's certificate who vouches for it and whose it is */
};

struct trial {
    const struct scenario *scenario;
    const struct arm *arm;
    const struct dwell_table *dwells;
    const struct cost_table *costs;
    const struct source *file; /* file_bytes of it are sent */
    uint64_t file_bytes;
    uint64_t number;     /* of the trial: part of every random address, the same for every arm */
    uint64_t events_max; /* 0: no limit */
    int packet_fault; /* enum sim_fault: of the packet that leaves its origin as number fault_packet after the press */
    uint64_t fault_packet;
    int message_fault; /* of the SIP message that is sent as number fault_message after the press */
    uint64_t fault_message;
    int64_t hold_ns; /* how long what is held is held; what follows a packet on its link waits behind it */
    const struct schedule *schedule; /* NULL: nodes keep messages as long as the dwell table says */
    const struct sim_tamper *tamper; /* NULL: nobody changes anything */
    const struct sim_tap *tap;       /* NULL: nobody watches */
    const struct party_set *parties; /* whom real bytes are made for; needed where the tap wants bytes */
};

/* User A's address of record in the scenario: for party_set_config. User B's is always "sip:bob@open-ims.test". */
const char *sim_alice_aor(const struct scenario *scenario);

/* Host names for which real bytes need TLS servers, NULL-terminated: for party_set_config. */
extern const char *const sim_server_names[];

/* Runs the trial to its end, the session's teardown included. The arena is reset first. A trial that fails is an
 * outcome, not an error; errors are ERR_RANGE (a scenario that cannot be built, note) and ERR_CRYPTO (keys). */
MUST_USE enum err sim_run(const struct trial *trial, struct arena *arena, struct outcome *outcome, struct note *note);

/* Propagation one way from UE-A to UE-B: directly, and through every CSCF in the order of an INVITE. Takes from arena
 * what it needs. ERR_RANGE with a note for a scenario that cannot be built. */
struct sim_ways {
    int64_t direct_ns, core_ns;
};
MUST_USE enum err sim_ways(const struct scenario *scenario, struct arena *arena, struct sim_ways *ways,
                           struct note *note);

#endif
