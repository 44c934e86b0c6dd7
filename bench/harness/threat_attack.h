/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * threat_attack.h - what an attacker does, each attack a row, and the attacker while a trial runs: he sees what passes
 * his place, notes what he can read of it, and changes what the attack wants changed wherever he finds a way.
 */
#ifndef BENCH_HARNESS_THREAT_ATTACK_H
#define BENCH_HARNESS_THREAT_ATTACK_H

#include "bench/harness/mallory.h"
#include "bench/harness/threat_message.h"

/* What can be read at a place. */
enum threat_secret {
    THREAT_FILE, /* the file's content */
    THREAT_NAME, /* its name */
    THREAT_WHO,  /* who sends it to whom: both addresses of record, or an address of each at the ends of one flow */
    THREAT_SIZE, /* its size: the number itself, or an upper bound of at most twice as much by the bytes that pass */
    THREAT_WHEN, /* that something passes while it is sent */
    THREAT_SECRET_COUNT
};

struct threat_attacker;

struct threat_attack {
    const char *name, *what;
    bool is_reading; /* nothing is changed: */
    enum threat_secret secret;
    /* A message that can be read passes. True: it has been dealt with. NULL: it goes on. */
    bool (*message)(struct threat_attacker *attacker, const struct threat_message *message, struct sim_onward *onward);
    /* A record of TLS or packet of ESP passes that may carry the file. The same. */
    bool (*closed)(struct threat_attacker *attacker, const struct sim_unit *unit, struct sim_onward *onward);
    int sealed;          /* enum mallory_sealed: what comes in the place of a sealed file; -1: nothing */
    bool replaces_plain; /* and Mallory's file in the place of one that is not sealed */
    int flaw;            /* enum mallory_flaw: of the certificates that he shows where TLS passes; -1: none */
    bool at_sender;      /* user A may be the one who does it, */
    bool at_sender_only;
    bool wants_lookup; /* the trial has the recipient's certificate fetched */
    bool wants_record; /* he has watched a transfer before */
    bool wants_host;   /* he has a host that SDP can name; where there is any, and MSRP */
};

/* Ends with a row whose name is NULL. */
extern const struct threat_attack threat_attacks[];

enum { THREAT_PLACE_SIZE = 64, THREAT_WHY_SIZE = 160, THREAT_WINDOWS = 8 };

/* Where the attacker is. */
struct threat_place {
    char name[THREAT_PLACE_SIZE]; /* "P-CSCF(A)", "ue-a|edge-a" */
    const char *role;             /* NULL: a link */
    char link_a[24], link_b[24];
    bool is_sender;
    bool sees_file; /* in messages that can be read: found out by a trial in which he only looks */
};

/* What he has kept of a transfer that he watched. */
struct threat_record {
    struct mallory_object body;   /* the file as it was carried, where it could be read */
    struct mallory_object closed; /* the first record or packet that may have carried it */
};

/* Where a description led before he put his host into it; an empty host: he has seen none. */
struct threat_end {
    char host[THREAT_PLACE_SIZE];
    uint16_t port;
};

/* The two neighbours between whom he puts his host: the sender of the offer and its receiver. */
struct threat_detour {
    const char *from, *to; /* roles; NULL: not chosen yet */
    struct threat_end offer, answer;
};

struct threat_attacker {
    const struct threat_attack *attack;
    const struct mallory *mallory;
    const struct threat_place *place;
    const struct arm *arm;
    const struct threat_record *record; /* NULL: none */
    struct threat_record *keeps;        /* where to keep what passes; NULL: nowhere */
    uint32_t attempts;                  /* changes made */
    struct threat_detour detour;
    bool has_changed; /* the bit */
    bool sees_file;
    unsigned windows; /* of the file that have been seen: bits */
    bool secrets[THREAT_SECRET_COUNT];
    bool has_seen_alice, has_seen_bob;
    uint64_t flow_bytes[64];          /* by flow */
    uint64_t part, part_at, part_end; /* of a file in MESSAGEs: the one that passed last, and where it lies */
    struct mallory_object held;       /* a record that waits for the next one */
    uint32_t held_flow;
    /* What became of it. */
    bool has_taken, is_original;
    uint32_t refusals;
    char why[THREAT_WHY_SIZE]; /* the first refusal's */
};

/* Gives back what the attacker holds. */
void threat_attacker_free(struct threat_attacker *attacker);
void threat_record_free(struct threat_record *record);

/* The trial's tamperer. */
struct sim_tamper threat_tamper(struct threat_attacker *attacker, bool is_credulous);

/* After the trial: whether he could read it. */
bool threat_has_read(const struct threat_attacker *attacker, enum threat_secret secret);

#endif
