/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_proxy_state.h - what a proxy holds, shared by its three parts: sip_proxy.c moves messages between transactions,
 * sip_cscf.c decides by role where a request goes, sip_forward.c writes what goes. For users sip_proxy.h is the door.
 */
#ifndef SIM_PROTO_SIP_PROXY_STATE_H
#define SIM_PROTO_SIP_PROXY_STATE_H

#include "sim/proto/sip_hop.h"
#include "sim/proto/sip_incoming.h"
#include "sim/proto/sip_proxy.h"
#include "sim/proto/sip_transaction.h"
#include "sim/wire/diameter.h"

/* What a request waits for. */
enum sip_wait {
    SIP_WAIT_LOCATION,      /* I-CSCF: where its user is served */
    SIP_WAIT_AUTHORIZATION, /* I-CSCF: whether its user may register, and where */
    SIP_WAIT_VECTOR,        /* S-CSCF: what to challenge its user with */
    SIP_WAIT_ASSIGNMENT,    /* S-CSCF: its user's profile, or that it is gone */
    SIP_WAIT_ADDRESS        /* P-, S-CSCF: where the I-CSCF of a domain is */
};

enum { SIP_QUESTION_SIZE = 768 };

struct sip_pending {
    struct sip_pending *next;
    uint32_t token;
    enum sip_wait wait;
    struct sip_key key; /* of its server transaction, which may be gone by then */
    struct sip_hop from;
    struct sip_buffer *head;
    struct sip_buffer *copied; /* the body, where its source does not last */
    struct slice body;
    struct diameter_message question; /* its spans point into text */
    char text[SIP_QUESTION_SIZE];
};

/* A request that went to several places at once: the response context of RFC 3261 section 16.7. */
enum { SIP_BRANCHES_MAX = 16 };
struct sip_fork {
    struct sip_fork *next; /* begun later */
    struct sip_key server;
    struct sip_key branches[SIP_BRANCHES_MAX];
    uint32_t count;
    uint32_t waiting;        /* branches without a final response */
    bool is_decided;         /* a 2xx or 6xx has come, or nobody asks any more: the others are cancelled */
    int status;              /* of the best refusal so far; 0: none */
    struct sip_buffer *best; /* its head as it came; NULL: nobody answered, 408 */
};

/* A next hop that has said Retry-After (RFC 3261 section 21.5.4). */
enum { SIP_CLOSED_MAX = 16 };
struct sip_closed {
    uint32_t address;
    uint16_t port;
    int64_t until_ns;
};

struct sip_proxy {
    struct sip_proxy_config config;
    struct sip_layer layer;
    uint64_t drawn;    /* identifiers made so far */
    uint64_t refusals; /* because of overload */
    struct sip_closed closed[SIP_CLOSED_MAX];
    uint64_t held_back;
    uint32_t own_address; /* 0: not known by name */
    uint32_t last_token;
    struct sip_nonces nonces;
    struct sip_fork *forks, *forks_last, *forks_unused;          /* oldest first */
    struct sip_pending *pending, *pending_last, *pending_unused; /* oldest first */
    struct sip_user *users;                                      /* that have registered, or tried to */
    struct sink scratch;                                         /* for the head under construction */
    char scratch_bytes[SIP_HEAD_SIZE_MAX];
};

enum { SIP_ADDED_SIZE = 1024, SIP_PUSH_SIZE = 512 };

static inline uint64_t sip_drop(enum sip_header header)
{
    return UINT64_C(1) << header;
}

/* What becomes of a request on its way through a proxy. */
struct sip_forward {
    bool is_initial;               /* creates a dialog or stands alone: To has no tag */
    bool is_from_ue;               /* P-CSCF: came from its UE */
    bool is_to_ue;                 /* P-CSCF: goes to its UE */
    uint32_t pops;                 /* Route elements at the front that are ours */
    struct span own_user;          /* user part of the first of them: "orig", "term", "mo", "mt" or nothing */
    struct span next_route;        /* URI of the first that stays; size 0: none */
    struct span uri;               /* Request-URI */
    struct span push;              /* URI of a Route element put in front; size 0: none */
    const struct cscf_user *other; /* S-CSCF: the next device of the same user; NULL: no more */
    const char *record_user;       /* user part of our Record-Route; NULL: none is added */
    uint64_t drops;                /* headers that do not go on: sip_drop() of each */
    struct sip_hop hop;
    struct sip_hop i_cscf;            /* of the domain that it goes to, once it is known */
    struct span domain;               /* with SIP_CSCF_RESOLVE: whose I-CSCF is looked for */
    struct diameter_message question; /* with SIP_CSCF_ASK; its spans point into the request */
    uint32_t loop;                    /* hash of what the routing of the request depends on */
    struct sink added;
    char added_bytes[SIP_ADDED_SIZE]; /* whole header lines that are added */
    char push_bytes[SIP_PUSH_SIZE];   /* of push, where it is made here */
};

/* ---- sip_cscf.c ---- */

/* Reads the Route set: pops, users, direction. Returns 0, or the status of a refusal. */
int sip_cscf_begin(struct sip_proxy *proxy, const struct sip_incoming *request, struct sip_forward *forward);

/* What must be done before a request can go on. */
enum {
    SIP_CSCF_LOCATE = 1, /* the HSS is asked; sip_cscf_located decides */
    SIP_CSCF_ASK,        /* the HSS is asked forward->question; sip_register_authorized decides */
    SIP_CSCF_RESOLVE,    /* forward->domain is looked up, and the request routed again with i_cscf */
    SIP_CSCF_REGISTRAR   /* the request goes nowhere: sip_registrar_take answers it */
};

/* Decides by role. Returns 0, a status of a refusal, or one of these. */
int sip_cscf_route(struct sip_proxy *proxy, const struct sip_incoming *request, struct sip_forward *forward);
int sip_cscf_located(struct sip_proxy *proxy, const struct sip_incoming *request, struct span s_cscf,
                     struct sip_forward *forward);

/* Sets forward->i_cscf: 0, or SIP_CSCF_RESOLVE with the domain of the Request-URI. */
int sip_cscf_entry(const struct sip_proxy *proxy, struct sip_forward *forward);

/* ---- sip_proxy.c ---- */

void sip_proxy_answer(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                      int status);
void sip_proxy_answer_later(struct sip_proxy *proxy, struct sip_transaction *server, int status);
void sip_proxy_pass_on(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                       struct sip_forward *forward);
/* Routes a request that is new, or that has waited: forward is what sip_cscf_begin made of it. */
void sip_proxy_route(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                     struct sip_forward *forward);

/* ---- sip_pending.c: requests that wait ---- */

void sip_pending_locate(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request);
void sip_pending_resolve(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                         struct span domain);
/* The question's spans are copied. */
void sip_pending_ask(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                     enum sip_wait wait, const struct diameter_message *question);

/* ---- sip_ifc.c ---- */

/* Where an initial request stands on its way through a user's criteria: told by the user part of the Route element
 * that led here, which is this S-CSCF's own when an application server sends the request back. */
struct sip_ifc_place {
    bool is_originating, is_back; /* is_back: an application server had it */
    uint32_t from;                /* the criterion to begin with */
};
struct sip_ifc_place sip_ifc_place(const struct sip_proxy *proxy, const struct sip_incoming *request,
                                   const struct sip_forward *forward);
/* Turns the request to the next application server that the profile of the served user names: true, when there is
 * one and it can be reached. */
bool sip_ifc_route(struct sip_proxy *proxy, const struct sip_incoming *request, const struct sip_ifc_place *place,
                   struct sip_forward *forward);

/* Turns to the next device of the user; false when there is none, or nobody knows where it is. */
bool sip_cscf_next(struct sip_proxy *proxy, struct sip_forward *forward);

/* ---- sip_proxy.c ---- */

/* Sends the request on; NULL: it does not fit. */
struct sip_transaction *sip_proxy_pass(struct sip_proxy *proxy, const struct sip_incoming *request,
                                       const struct sip_forward *forward, const struct slice *body);
/* Passes a response up. */
void sip_proxy_return(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *response);

/* ---- sip_fork.c ---- */

/* Sends the request to the place in forward and to all others that sip_cscf_next finds. */
void sip_fork_pass(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                   struct sip_forward *forward, const struct slice *body);
/* A response but 100 to a branch has come; is_first: its first final one. client may be gone: fork was taken before. */
void sip_fork_take(struct sip_proxy *proxy, struct sip_fork *fork, const struct sip_incoming *response, bool is_first);
/* A branch has run out. */
void sip_fork_timed_out(struct sip_proxy *proxy, struct sip_fork *fork);
void sip_fork_cancel(struct sip_proxy *proxy, struct sip_fork *fork);

/* ---- sip_forward.c ---- */

uint64_t sip_proxy_draw(struct sip_proxy *proxy);

/* Writes the request into scratch as it goes on; body_size differs from the received one where SDP was changed. Returns
 * the branch of the new Via, which is made from branch_seed and the look for loops. */
struct span sip_forward_request(struct sip_proxy *proxy, const struct sip_incoming *request,
                                const struct sip_forward *forward, uint32_t branch_seed, const struct slice *body);

/* Writes a response into scratch without its top Via, as one of that status. */
void sip_forward_response(struct sip_proxy *proxy, const struct sip_incoming *response, int status,
                          const struct slice *body);

/* The body as it goes on: changed by the owner's rewrite_sdp where it wants to. */
struct slice sip_forward_body(struct sip_proxy *proxy, const struct sip_incoming *message, bool is_answer);

#endif
