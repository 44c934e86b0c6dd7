/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * world.h - one trial while it runs: the network, the roles and the hosts they live on, what has happened so far.
 * Everything in it comes from the trial's arena.
 */
#ifndef SIM_IMS_WORLD_H
#define SIM_IMS_WORLD_H

#include "sim/net/net.h"
#include "sim/proto/sip.h"
#include "sim/sim.h"

#define WORLD_WARM_UP_DRAWS (UINT64_C(1) << 63) /* ordinals that no transfer reaches */

enum role {
    ROLE_UE_A,
    ROLE_P_A,
    ROLE_S_A,
    ROLE_I_B,
    ROLE_HSS_B,
    ROLE_S_B,
    ROLE_P_B,
    ROLE_UE_B,
    ROLE_RELAY_1,
    ROLE_AGW_A = ROLE_RELAY_1 + 6,
    ROLE_AGW_B,
    ROLE_CONTENT,
    ROLE_CERTIFICATES,
    ROLE_I_A, /* of UE-A's operator, where that is not UE-B's */
    ROLE_HSS_A,
    ROLE_DNS_A,
    ROLE_DNS_B,
    ROLE_AS_A, /* where initial filter criteria name one */
    ROLE_AS_B,
    ROLE_MALLORY,                     /* the host of somebody who tampers and has one */
    ROLE_DEVICE_2,                    /* further devices of user B */
    ROLE_CROWD_A = ROLE_DEVICE_2 + 7, /* other users' UEs, at both ends of the background load */
    ROLE_CROWD_B,
    ROLE_COUNT
};

/* User B's further devices are UEs too. */
static inline bool role_is_ue(enum role role)
{
    return role == ROLE_UE_A || role == ROLE_UE_B || role >= ROLE_DEVICE_2;
}

/* A role and where it lives. */
struct site {
    const char *label;     /* "P-CSCF(A)" */
    const char *host_name; /* in SIP: "pcscf.open-ims.test"; a UE's is its address */
    enum dwell_role dwell_role;
    enum dwell_side side;
    const char *user; /* of a UE: the user part of its address of record */
    uint32_t node;
    struct station *cpu;
    uint32_t address;
    uint16_t sip_port;
    uint16_t msrp_port; /* UEs and relays; a gateway's towards its UE */
    uint16_t web_port;  /* of a server of HTTP, */
    bool has_plain_web; /* without TLS */
    uint16_t core_port; /* a gateway's towards the other gateway */
};

/* A router where a network meets another one: its node, and its address as a security gateway. */
struct border {
    uint32_t node, address;
};

struct hss;
struct population;
struct pooled_timer;
struct ipsec;
struct crowd;
struct device;
struct watch;
struct channel;
struct intercept;
struct sip_node;
struct relay;
struct agw;
struct cx;
struct cx_job;
struct registration;
struct dns_asker;
struct dns_job;

/* When what DESIGN calls milestones happened; NONE_NS: not yet, or not in this arm. */
struct moments {
    int64_t pressed_ns;
    int64_t signalled_ns; /* INVITE or the first MESSAGE leaves */
    int64_t answered_ns;
    int64_t sealing_ns;
    int64_t sealed_ns;
    int64_t syn_ns;       /* the first SYN of a leg of the session's own */
    int64_t connected_ns; /* the passive end of the last of them can receive */
    int64_t first_byte_ns;
    int64_t last_byte_ns;
    int64_t in_hand_ns;
    int64_t bye_ns;
    int64_t ended_ns;
    int64_t refused_ns; /* the refusal of INVITE or a MESSAGE arrived at UE-A */
};

/*
 * A trial has one world. A load has one for the core and one more for each attempt under way: a copy in which UE-A and
 * UE-B are the attempt's own, as are the arena and everything that tells how far it has come; engine, network and core
 * nodes are the same.
 */
struct world {
    const struct trial *trial;
    const struct scenario *scenario;
    const struct arm *arm;
    struct engine *engine;
    struct arena *arena;
    struct streams *streams;
    struct net *net;
    struct site sites[ROLE_COUNT];
    struct border borders[2]; /* where there are two networks */
    struct ipsec *ipsec;
    uint32_t relay_count;
    uint32_t legs_missing; /* legs of the session's own that have not stood yet; those between relays are shared */
    const struct sip_name *names; /* every host name of the scenario, for the elements */
    struct watch *watch;
    struct channel *channels_first;
    struct sip_node *sip_nodes[ROLE_COUNT]; /* NULL for roles without SIP */
    struct relay *relays[ROLE_COUNT];       /* by role; NULL for others */
    struct agw *agws[ROLE_COUNT];           /* the same */
    struct cx *cx[ROLE_COUNT];              /* by role; NULL for those without Diameter */
    struct cx_job *cx_jobs_free;
    struct hss *hsses[ROLE_COUNT]; /* the same */
    struct registration *registration;
    struct dns_asker *dns_askers[ROLE_COUNT]; /* by role; NULL for those that have not asked yet */
    struct dns_job *dns_jobs_free;
    struct party found; /* the recipient, where another certificate than was to be expected came from the store */
    struct moments moments;
    struct cause delivered;   /* sums at the moment the plaintext was in hand */
    uint32_t *dwell_ordinals; /* draws so far, by role and row of the dwell table */
    uint32_t *schedule_sent;  /* messages so far, by row of the schedule; NULL: no schedule */
    struct site_keep *keeps_free;
    struct lane keep_lanes[ROLE_COUNT]; /* waits of one length at a role; the others stand in the heap one by one */
    struct device *devices[ROLE_CROWD_A - ROLE_DEVICE_2]; /* of user B, beyond the first */
    bool has_answered;                                    /* UE-B has, the INVITE */
    struct intercept *intercepts;                         /* where somebody tampers */
    struct population *population;                        /* the users of a load; NULL: a trial */
    struct pooled_timer *timers;                          /* taken, that world_give_timers gives back */
    struct pooled_timer **timers_free;                    /* shared by all worlds of a load */
    void (*over)(void *context);                          /* told once when is_over becomes true; NULL: nobody is */
    void *over_context;
    struct crowd *crowd;           /* NULL: no background load */
    uint64_t tickets[ROLE_COUNT];  /* bit i: the role has been given a ticket of TLS by role i */
    uint64_t tls_bytes, sip_bytes; /* sent so far, each once a link of its way */
    uint64_t sip_messages;         /* sent since the press */
    struct note *note;             /* of a scenario that turns out to be impossible */
    bool is_impossible;
    int refusal;          /* its SIP status; 0: none */
    enum role reset_role; /* of the node that has lost its SIP connections; ROLE_COUNT: none */
    int end;              /* enum outcome_end, once is_over or is_delivered */
    bool is_delivered;
    bool is_over;    /* nothing more is to come: the engine stops */
    bool is_warming; /* what is ready before the press is being made ready: the event log is silent */
    bool wants_bytes;
};

/* Hosts, links, routes and sites of the scenario's topology. ERR_RANGE with a note for what cannot be built. */
MUST_USE enum err world_build(struct world *world, const struct net_tap *tap, struct note *note);

/* The domain of a role's operator, and that of the network that a P-CSCF is in. */
const char *world_domain(const struct world *world, enum role role);
const char *world_network(const struct world *world, enum role role);

/* "sip:USER@HOST:PORTPARAMETERS" of the role's site, parameters being "" or like ";lr"; in the arena. */
const char *world_sip_uri(struct world *world, const char *user, enum role role, const char *parameters);

/* The address of record of a UE's user: "sip:bob@open-ims.test". */
void world_write_aor(const struct world *world, enum role ue, char *text, size_t size);

/* From here on random draws count from 0 and not from beyond all others: what came before shifts none. */
void world_begin_draws(struct world *world);

/* The CSCF beside which back-to-back user agent number index of so many lives, in the order of the path. */
enum role world_b2bua_site(uint32_t count, uint32_t index);

/* The IMS-AGW that a role controls, ROLE_COUNT where there is none: in the arms that have gateways, P-CSCFs have. */
enum role world_agw_of(const struct world *world, enum role role);

/* A host of UEs of a load behind an edge router, with an access link. After the roles, before the network is built. */
uint32_t world_add_ues(struct world *world, const char *name, uint32_t address, uint32_t edge, bool are_callers);

/* Further devices of user B in this scenario: the roles from ROLE_DEVICE_2 on. */
uint32_t world_devices(const struct world *world);

/* The role that lives at an address and SIP port, ROLE_COUNT when none does. */
enum role world_role_at(const struct world *world, uint32_t address, uint16_t sip_port);

/* Nothing more is to come. */
void world_end(struct world *world);

/* A timer that stays where it is however long its events wait, unlike the world's arena. */
struct timer *world_timer(struct world *world, void *context, event_fn *run);
void world_give_timers(struct world *world);

/* Where a SIP neighbour lives: its role, ROLE_COUNT where it is a UE of a load, and its node. */
struct neighbour {
    enum role role;
    uint32_t node;
};
struct neighbour world_neighbour(const struct world *world, uint32_t address, uint16_t sip_port);

/* Ends the trial as failed, unless the file has been delivered already; in any case the engine stops. */
void world_fail(struct world *world, enum outcome_end end);

/* Ends the trial as one of a scenario that cannot be; the note says why. */
void world_refuse_scenario(struct world *world);

/* The same for a request of UE-A's whose connection broke, which counts as a 503. */
void world_break(struct world *world);

/* The same for a refusal by a SIP response that arrived at UE-A at at_ns: the outcome's name is the status's. */
void world_refuse(struct world *world, int status, int64_t at_ns);

/* A leg of the session's own is opened by its active end; can carry the file as far as its passive end is concerned. */
void world_leg_opened(struct world *world);
void world_leg_ready(struct world *world);

/* Dwell of a message: draws it for a site and a kind. Work occupies the host's CPU, waiting nothing; done is called
 * at the end, at once when the table has no row. */
void site_keep(struct world *world, enum role role, struct span kind, const struct cause *cause, void *context,
               station_done_fn *done);

/* The same for a row that was looked up before, where messages of a kind are many: what site_row found, or NULL. */
const struct dwell_row *site_row(const struct world *world, enum role role, struct span kind);
void site_keep_row(struct world *world, enum role role, const struct dwell_row *row, const struct cause *cause,
                   void *context, station_done_fn *done);

/* The same in two steps for a node that asks another one in between (HSS): the work now, the wait later. */
struct site_dwell {
    struct dwell dwell;
    unsigned includes;
};
struct site_dwell site_draw(struct world *world, enum role role, struct span kind);
void site_work(struct world *world, enum role role, struct dwell dwell, const struct cause *cause, void *context,
               station_done_fn *done);

/* The same for what came as a datagram. False: the host's queue was full and dropped it, as a full socket buffer does.
 */
bool site_work_datagram(struct world *world, enum role role, struct dwell dwell, const struct cause *cause,
                        void *context, station_done_fn *done);

/* CPU time of a cryptographic operation on bytes at the site's host. */
void site_crypto(struct world *world, enum role role, enum cost_operation operation, uint64_t bytes,
                 const struct cause *cause, void *context, station_done_fn *done);

/* Calls done after a wait that is charged to part and occupies nothing. */
void world_wait(struct world *world, enum part part, int64_t wait_ns, const struct cause *cause, void *context,
                station_done_fn *done);

static inline int64_t world_now(const struct world *world)
{
    return world->engine->now_ns;
}

/* The cause with its sums, as one that carries the file. */
static inline struct cause cause_forward(const struct cause *cause)
{
    struct cause forward = *cause;

    forward.is_feedback = false;
    return forward;
}

static inline struct cause cause_feedback(const struct cause *cause)
{
    struct cause feedback = *cause;

    feedback.is_feedback = feedback.transfer != 0;
    return feedback;
}

#endif
