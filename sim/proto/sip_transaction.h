/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_transaction.h - the four transaction machines of SIP (RFC 3261 section 17 as amended by RFC 6026) and what they
 * stand on: a table that finds a transaction by its branch, timers, buffers, the outbox of the step under way. User
 * agent and proxy are users of this layer; it decides what is sent again, what is absorbed and what is passed up.
 */
#ifndef SIM_PROTO_SIP_TRANSACTION_H
#define SIM_PROTO_SIP_TRANSACTION_H

#include "sim/proto/sip.h"
#include "sim/proto/sip_alarm.h"
#include "sim/proto/sip_pool.h"
#include "sim/wire/sip.h"

enum sip_transaction_kind { SIP_CLIENT_INVITE, SIP_CLIENT_OTHER, SIP_SERVER_INVITE, SIP_SERVER_OTHER };

enum sip_state {
    SIP_STATE_TRYING, /* "Calling" of an INVITE client transaction */
    SIP_STATE_PROCEEDING,
    SIP_STATE_ACCEPTED, /* RFC 6026: a 2xx to INVITE has passed */
    SIP_STATE_COMPLETED,
    SIP_STATE_CONFIRMED
};

/* A transaction is found by 128 bits made of its branch, its method and, for server transactions, the sent-by. */
struct sip_key {
    uint64_t low, high;
};

struct sip_transaction {
    struct sip_transaction *next; /* of the same bucket, or unused */
    struct sip_key key;
    uint8_t kind, state; /* enum sip_transaction_kind, enum sip_state */
    bool is_message;     /* of a MESSAGE: its responses only acknowledge */
    bool is_by_size;     /* by TCP because of its size alone: may go back to UDP */
    bool wants_cancel, has_cancelled;
    bool has_been_here;        /* for its user: the request passes this proxy once more */
    uint32_t token;            /* for its user; 0: none */
    struct sip_alarm again;    /* Timers A, E, G */
    struct sip_alarm end;      /* Timers B, C, D, F, H, I, J, K, L, M */
    int64_t interval_ns;       /* that of `again` */
    struct sip_timers timers;  /* of this hop */
    struct sip_hop hop;        /* where its requests or responses go */
    struct sip_buffer *head;   /* what is sent again: request, ACK or last response */
    struct sip_buffer *copied; /* the body, where it had to be copied */
    struct slice body;
    struct sip_buffer *request;      /* for its user: the request as it came */
    struct sip_transaction *partner; /* for its user: the transaction on the other side of a proxy */
    struct sip_fork *fork;           /* for its user: instead of a partner, where the request went to several places */
};

/* What the alarms of an element are; its user's own begin at SIP_ALARM_USER. */
enum sip_alarm_kind { SIP_ALARM_AGAIN, SIP_ALARM_END, SIP_ALARM_USER };

struct sip_layer {
    struct sip_pool pool;
    struct sip_clock clock;
    struct sip_transaction **buckets; /* bucket_count is a power of two */
    uint32_t bucket_count;
    uint32_t count; /* of transactions alive */
    struct sip_transaction *unused;
    uint64_t retransmissions;
    int64_t timer_c_ns; /* proxies: how long an INVITE may ring; 0: for ever */
    struct sip_by_size by_size;
    struct sip_hop *refusing; /* neighbours that refused a TCP connection, transport aside */
    uint32_t refusing_count;
    struct sip_outbox *out;
    int64_t now_ns;
};

void sip_layer_init(struct sip_layer *layer, struct arena *arena);

/* Every step of an element stands between these two. */
void sip_layer_begin(struct sip_layer *layer, int64_t now_ns, struct sip_outbox *out);
void sip_layer_end(struct sip_layer *layer);

/* Whether the outbox has room for one more timer's work; the rest of the due timers waits for the next step. */
bool sip_layer_has_room(const struct sip_layer *layer);

/* A fresh item of the outbox. */
struct sip_output *sip_layer_put(struct sip_layer *layer, enum sip_action action);

/* An item that sends; head and body must stay until the next step. */
struct sip_output *sip_layer_send(struct sip_layer *layer, struct sip_hop hop, struct span head, struct slice body);

/* A copy of text that lasts until the next step. */
struct span sip_layer_lend(struct sip_layer *layer, struct span text);

/* 64 bits of text, mixed; for keys, branches and the look for loops. */
uint64_t sip_hash(uint64_t seed, struct span text);
/* One number out of two, each of whose bits depends on every bit: fresh for each counter under one identity. */
uint64_t sip_mix(uint64_t identity, uint64_t counter);

struct sip_key sip_client_key(struct span branch, struct span method);
struct sip_key sip_server_key(const struct sip_via *via, struct span method); /* ACK finds its INVITE */
struct sip_transaction *sip_find(const struct sip_layer *layer, struct sip_key key);

static inline bool sip_is_reliable(struct sip_hop hop)
{
    return hop.transport != SIP_UDP;
}

/* Whether every transaction has had its final response, and an INVITE's refusal its ACK. */
bool sip_layer_is_at_rest(const struct sip_layer *layer);

/* Moves all transactions of a layer at rest to another one, where they absorb what comes again for as long as they
 * would have, counted from now on. */
void sip_layer_bequeath(struct sip_layer *from, struct sip_layer *to);

/* ---- Transport by size: sip_size.c ---- */

/* The hop by which the request written there goes with body_size bytes behind it: the given one, or by TCP where it is
 * too large for UDP and the neighbour has not refused TCP; the top Via is then changed. */
struct sip_hop sip_hop_by_size(const struct sip_layer *layer, struct sip_hop hop, struct sink *request,
                               uint64_t body_size);

/* A neighbour refused the TCP connection to a hop: requests that wait for it go by UDP now, and so do later ones. */
void sip_layer_refused(struct sip_layer *layer, struct sip_hop hop);

/* ---- Client ---- */

struct sip_client_start {
    struct span method, branch;
    struct sip_hop hop;
    struct sip_timers timers;
    struct span head;  /* copied */
    struct slice body; /* copied if its source does not last and it may have to be sent again */
    bool is_by_size;   /* hop is not the one that was meant, but what sip_hop_by_size made of it */
};

/* A request that a client transaction goes back to UDP with: from now on it is sent again by timer. */
void sip_client_fall_back(struct sip_layer *layer, struct sip_transaction *client);

/* Sends a request and begins its transaction. */
struct sip_transaction *sip_client_begin(struct sip_layer *layer, const struct sip_client_start *start);

enum sip_news {
    SIP_NEWS_NONE, /* absorbed */
    SIP_NEWS_PROVISIONAL,
    SIP_NEWS_FINAL, /* the first final response */
    SIP_NEWS_AGAIN  /* a 2xx to INVITE once more, or one of another fork */
};

/* A response to one of its requests has come. ACK to a final response other than 2xx is sent here. The transaction may
 * be gone afterwards. */
enum sip_news sip_client_take(struct sip_layer *layer, struct sip_transaction *client,
                              const struct sip_message *response);

/* Gives up an INVITE: sends CANCEL, at once or when the other side has been heard of (section 9.1). A final response
 * must come within 64*T1, or the transaction times out. Nothing happens to one that has its final response. */
void sip_client_cancel(struct sip_layer *layer, struct sip_transaction *client);

/* ---- Server ---- */

/* Begins the transaction of a request; hop is where its responses go. */
struct sip_transaction *sip_server_begin(struct sip_layer *layer, struct sip_key key, struct span method,
                                         struct sip_hop hop, struct sip_timers timers);

/* Sends a response (head is copied). What no longer fits the state is dropped. The transaction may be gone afterwards.
 */
void sip_server_respond(struct sip_layer *layer, struct sip_transaction *server, int status, struct span head,
                        struct slice body);

/* The request has come again: the last response is sent again, or nothing. */
void sip_server_repeated(struct sip_layer *layer, struct sip_transaction *server);

/* ACK to a final response other than 2xx. */
void sip_server_acked(struct sip_layer *layer, struct sip_transaction *server);

/* ---- Both ---- */

void sip_transaction_end(struct sip_layer *layer, struct sip_transaction *transaction);

/* A client transaction whose request a connection to that hop carried, if any, that has broken before the other side
 * was heard of (RFC 3261 section 17.1.4); its user ends it, as if it had been answered with 503 (section 8.1.3.1). One
 * that has got a provisional response waits on: the final one may come over a connection of its own (section 18.2.2).
 * NULL: there is none. */
struct sip_transaction *sip_layer_broken(const struct sip_layer *layer, struct sip_hop hop);

/* An alarm of a transaction has ended. Returns the client transaction that nobody answered in time (or, after Timer C,
 * not finally); its user ends it. NULL otherwise. */
struct sip_transaction *sip_transaction_ring(struct sip_layer *layer, struct sip_alarm *alarm);

#endif
