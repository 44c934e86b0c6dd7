/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cast.h - who takes part in a measured transfer: roles with their names and addresses, how the file is carried, and
 * what every process needs to know. It is filled before the processes are made and only read by them.
 */
#ifndef BENCH_MEASURE_CAST_H
#define BENCH_MEASURE_CAST_H

#include "bench/measure/core.h"
#include "sim/base/slice.h"
#include "sim/sec/cms.h"

#include <netinet/in.h>

enum cast_role {
    CAST_UE_A,
    CAST_P_A,
    CAST_S_A,
    CAST_I_B,
    CAST_HSS_B,
    CAST_S_B,
    CAST_P_B,
    CAST_UE_B,
    CAST_RELAY_1,
    CAST_COUNT = CAST_RELAY_1 + 6
};

enum {
    CAST_RELAYS_MAX = CAST_COUNT - CAST_RELAY_1,
    CAST_B2BUAS_MAX = 5, /* CSCFs on the way */
    CAST_SIP_PORT = 5060,
    CAST_SIPS_PORT = 5061, /* under TLS (RFC 3261 section 19.1.2) */
    CAST_MSRP_PORT = 2855,
    CAST_DIAMETER_PORT = 3868,
    CAST_HOST_SIZE = 40,
    CAST_PATH_SIZE = 4096
};

extern const char *const cast_labels[CAST_COUNT]; /* "UE-A", "P-CSCF(A)", "relay 1" */
extern const char *const cast_short[CAST_COUNT];  /* "ue-a", "p-a", "relay-1": parts of names */
extern const char cast_domain[];                  /* "open-ims.test": of our own core */

/* What stands between the two users' MSRP ends. */
enum cast_between { CAST_DIRECT, CAST_RELAYS, CAST_B2BUAS };

/* How the file is carried; the bits of an arm that a real run needs. */
struct cast_way {
    bool is_message; /* SIP MESSAGEs through every CSCF, else MSRP */
    enum cast_between between;
    bool is_tls;           /* each connection that carries the file */
    bool is_cms;           /* sealed from end to end */
    bool has_fingerprints; /* the users know one another by a=fingerprint, and both show a certificate */
};

struct cast {
    struct cast_way way;
    const struct core *core; /* another program's; NULL: every role is a process of ours */
    uint32_t relay_count;    /* relays or back-to-back user agents; 0 where there are none */
    struct in_addr addresses[CAST_COUNT];
    char hosts[CAST_COUNT][CAST_HOST_SIZE]; /* as URIs name them: users by their address */
    uint16_t relay_port;                    /* CAST_MSRP_PORT, or that of another program's relay */

    struct slice file;
    uint64_t number; /* of the transfer: every identity is made from it */
    enum cms_suite suite;
    uint64_t chunk_bytes;   /* 0: one interruptible chunk */
    uint32_t window;        /* SENDs outstanding, at most; 0: no limit */
    uint64_t message_bytes; /* of a MESSAGE as it leaves UE-A */
    const char *congestion; /* of TCP; NULL: the system's */
    uint64_t buffer_bytes;  /* of TCP, each direction; 0: the system's */
    const char *folder;     /* where UE-B puts the file */
    const char *name;       /* and how it calls it */
    const char *authority;  /* PEM file of further authorities; NULL: none */
    int keylog;             /* descriptor for TLS secrets; -1: none */

    struct party_set parties;       /* servers in the order of roles */
    int beside[CAST_B2BUAS_MAX][2]; /* from the CSCF of a back-to-back user agent [0] to the agent [1] */
};

/* Names, and the roles that take part, also as somebody else's process. */
void cast_init(struct cast *cast);
bool cast_has(const struct cast *cast, enum cast_role role);

/* Whether the role is a process of another program's core. */
bool cast_is_foreign(const struct cast *cast, enum cast_role role);

/* The card of UE-A or UE-B in another program's core; NULL where the core is ours. */
const struct core_user *cast_user(const struct cast *cast, enum cast_role role);

/* Addresses of record: "sip:alice@open-ims.test", and whom the file is for. */
const char *cast_sender(const struct cast *cast);
const char *cast_target(const struct cast *cast);

/* After addresses are set: certificates for everybody. */
MUST_USE enum err cast_make_parties(struct cast *cast, struct note *note);

const struct party *cast_server(const struct cast *cast, enum cast_role role);

/* Who has that address, or that host and port of an MSRP URI; CAST_COUNT: nobody. */
enum cast_role cast_at(const struct cast *cast, struct in_addr address);
enum cast_role cast_of_uri(const struct cast *cast, struct span uri);

/* The CSCF beside which a back-to-back user agent lives, in the order of the path. */
enum cast_role cast_b2bua_site(uint32_t count, uint32_t index);

/* A number for an element: the same for the same role and transfer. */
uint64_t cast_identity(const struct cast *cast, enum cast_role role);

#endif
