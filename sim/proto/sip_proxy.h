/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_proxy.h - a call session control function: a transaction-stateful proxy (RFC 3261 section 16, RFC 4320) that is
 * P-, I- or S-CSCF by its configuration (TS 24.229 sections 5.2, 5.3, 5.4): what it adds to and takes from a request,
 * and where it sends it. Its users are those that register through it, or given tables as a registration fills them.
 */
#ifndef SIM_PROTO_SIP_PROXY_H
#define SIM_PROTO_SIP_PROXY_H

#include "sim/proto/sip.h"
#include "sim/proto/sip_digest.h"
#include "sim/proto/sip_register.h"

enum cscf_role { CSCF_P, CSCF_I, CSCF_S, CSCF_AS /* an application server that passes on what it gets */ };

/* A registered user as the S-CSCF (contact, path) or the P-CSCF (contact) keeps it. */
struct cscf_user {
    const char *aor;     /* "sip:bob@open-ims.test" */
    const char *contact; /* "sip:bob@192.168.80.3:5060"; NULL: known and not registered, refused with 480 */
    const char *path;    /* "sip:term@pcscf.open-ims.test:4060;lr": Path of the registration */
};

/* Users beyond those of a table, too many for one: the owner finds them. */
struct sip_directory {
    void *context;
    /* P-CSCF: whether the UE of a registered user is there. */
    bool (*serves)(void *context, struct sip_hop from);
    /* S-CSCF: the user of a URI's address of record. Texts stay until the next call. False: nobody of the directory's.
     */
    bool (*find)(void *context, struct span uri, struct cscf_user *user);
};

struct sip_proxy;

/* An S-CSCF that an I-CSCF knows, and the capability that it has. */
struct sip_server {
    const char *uri;
    uint32_t capability;
};

/* A proxy that takes part in registrations (TS 24.229 sections 5.2.2, 5.3.1, 5.4.1). */
struct sip_registrar_config {
    const char *network;              /* P-CSCF: its P-Visited-Network-ID, "open-ims.test" */
    const struct sip_server *servers; /* I-CSCF: whom it chooses from where the HSS has assigned none; ends with NULL */
    const char *server;     /* S-CSCF: its own name as the HSS and I-CSCFs know it: "sip:scscf-1.open-ims.test:6060" */
    bool asks_once;         /* I-CSCF: remembers where the first REGISTER went and asks the HSS no second time */
    uint32_t expires_s_min; /* S-CSCF: shorter registrations get 423 */
    uint32_t expires_s_max; /* and longer ones this */
    bool watches_expiry;    /* a timer ends a registration; else whoever looks finds it ended */
    const char *security_server; /* P-CSCF: its Security-Server, whole value; NULL: no security agreement */
    sip_md5_fn *md5;             /* S-CSCF */
};

struct sip_proxy_config {
    enum cscf_role role;
    const char *name; /* host in its own Via, Record-Route: "pcscf.open-ims.test" */
    uint16_t port;
    uint8_t transport;                     /* of its Via towards the next hop, enum sip_transport */
    uint8_t transport_ue;                  /* P-CSCF: the same towards its UE */
    const char *domain;                    /* the home network: requests for users elsewhere or here go to i_cscf */
    struct sip_hop i_cscf;                 /* S-CSCF: entry of the terminating network */
    const struct sip_name *names;          /* hosts of Route, Path and Contact URIs; ends with a NULL name */
    const struct cscf_user *users;         /* ends with a NULL aor */
    const struct cscf_user *others;        /* S-CSCF: further devices of its users, reached in parallel; the same */
    const struct sip_directory *directory; /* NULL: none */
    struct sip_timers timers;              /* towards other nodes */
    struct sip_timers timers_ue;           /* P-CSCF: towards the UE */
    uint64_t identity;                     /* branches are made from it */
    struct sip_secret secret;              /* S-CSCF: of the user whose first requests it challenges with 407 */
    uint64_t retry_after_s;     /* not 0: overloaded, refuses what is no part of a dialog with 503 and this */
    bool heeds_retry_after;     /* a next hop that answers 503 with Retry-After gets nothing that begins for as long */
    struct sip_by_size by_size; /* where transport is SIP_UDP */
    bool resolves;              /* i_cscf is not known but looked up: SIP_RESOLVE */
    const struct sip_registrar_config *registrar; /* NULL: REGISTER is refused with 405, users are those given */
    /* Changes SDP that passes in an INVITE or UPDATE (offer) or an answer to one of them, provisional or 2xx: true when
     * out holds a new body. NULL: never. Asked once for a request, and for a response each time it passes: it must
     * change the same answer in the same way. */
    bool (*rewrite_sdp)(void *context, bool is_answer, struct span sdp, struct sink *out);
    void *rewrite_context;
};

struct sip_proxy *sip_proxy_create(struct arena *arena, const struct sip_proxy_config *config);

/* A whole message has come. Requests: a retransmission is absorbed, INVITE is answered 100, the rest is forwarded by
 * Route, by role and by table; what cannot be forwarded is answered (400, 403, 404, 416, 420, 482, 483, 513). Responses
 * go up by Via. */
void sip_proxy_receive(struct sip_proxy *proxy, int64_t now_ns, struct sip_hop from, struct span head,
                       struct slice body, struct sip_outbox *out);

/* The HSS has answered a SIP_LOCATE: s_cscf is the Server-Name ("sip:scscf.open-ims.test:6060"); NULL: there is none,
 * and the request is refused with status: 404 for a user whom nobody knows, 480 for one who is not registered. */
void sip_proxy_located(struct sip_proxy *proxy, int64_t now_ns, uint32_t token, const char *s_cscf, int status,
                       struct sip_outbox *out);

/* The HSS has answered a SIP_ASK; NULL: it cannot be reached. The answer's spans are copied. */
void sip_proxy_answered(struct sip_proxy *proxy, int64_t now_ns, uint32_t token, const struct diameter_message *answer,
                        struct sip_outbox *out);

/* The S-CSCF forgets where a user is, as after a restart; the HSS still takes it for registered. */
void sip_proxy_forget(struct sip_proxy *proxy, struct span aor);

/* A SIP_RESOLVE has ended with the entry of the domain; NULL: there is none, and the request is refused with status:
 * 404 for a name that does not exist, 504 where nobody answered. */
void sip_proxy_resolved(struct sip_proxy *proxy, int64_t now_ns, uint32_t token, const struct sip_hop *entry,
                        int status, struct sip_outbox *out);

/* What the registration of the UE at that place agreed on (P-CSCF): from the challenge on its keys are those of the
 * security associations to come. False: no challenge has passed. The spans stay until the next one. */
bool sip_proxy_security(const struct sip_proxy *proxy, struct sip_hop ue, struct sip_security *security);

/* The service profile of a registered user (S-CSCF), XML of TS 29.228 annex E; size 0: not registered here. */
struct span sip_proxy_profile(const struct sip_proxy *proxy, struct span aor);

/* A neighbour refused the TCP connection that a request was to take because of its size (section 18.1.1). */
void sip_proxy_refused(struct sip_proxy *proxy, int64_t now_ns, struct sip_hop hop, struct sip_outbox *out);

/* The connection to a neighbour has broken: each request that it carried and that is not answered at all yet counts as
 * answered with 503 (sections 16.9, 8.1.3.1). */
void sip_proxy_broken(struct sip_proxy *proxy, int64_t now_ns, struct sip_hop hop, struct sip_outbox *out);

void sip_proxy_wake(struct sip_proxy *proxy, int64_t now_ns, struct sip_outbox *out);

/* Whether a message is a request that begins something, which an overloaded proxy refuses: no part of a dialog, no
 * CANCEL, ACK or REGISTER. Only looked at roughly: of what cannot be parsed it says no. */
bool sip_proxy_may_refuse(struct span head);

/* Requests refused so far because of overload. */
uint64_t sip_proxy_refused_requests(const struct sip_proxy *proxy);

/* Requests so far that it did not send on since their next hop had said Retry-After: each got 500. */
uint64_t sip_proxy_held_back(const struct sip_proxy *proxy);

/* From now on overloaded, or not: what retry_after_s of the configuration says. */
void sip_proxy_set_overload(struct sip_proxy *proxy, uint64_t retry_after_s);

uint64_t sip_proxy_retransmissions(const struct sip_proxy *proxy);

#endif
