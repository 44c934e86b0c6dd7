/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * threat.h - who can read a file and who can change it without being noticed: for each arm, each place on the way of
 * the file or of its signalling and each attack one trial with real bytes, in which the attack is performed on what
 * passes there and the receivers verify. A verdict is what came of the trial; nothing is looked up.
 */
#ifndef BENCH_HARNESS_THREAT_H
#define BENCH_HARNESS_THREAT_H

#include "bench/harness/setup.h"
#include "bench/harness/threat_attack.h"

enum threat_verdict {
    THREAT_NA,        /* the attacker found no way: nothing passed there that he could do it to */
    THREAT_NOTICED,   /* somebody refused, or the file did not arrive */
    THREAT_UNNOTICED, /* it was done (or read), and nobody minded */
    THREAT_VERDICT_COUNT
};
extern const char *const threat_verdicts[THREAT_VERDICT_COUNT]; /* "n/a", "noticed", "unnoticed" */

/* What user B has in hand in the end. */
enum threat_delivered { THREAT_NOTHING, THREAT_ORIGINAL, THREAT_ALTERED, THREAT_DELIVERED_COUNT };
extern const char *const threat_delivered[THREAT_DELIVERED_COUNT];

struct threat_row {
    const struct arm *arm;
    bool has_hash; /* file.hash = sha-1 */
    const struct threat_attack *attack;
    const struct threat_place *place;
    bool has_read; /* what a reading attack is after; of the others, the file's content */
    enum threat_verdict verdict;
    enum threat_delivered delivered;
    char why[THREAT_WHY_SIZE]; /* what the first who refused said; empty: nobody */
};

enum { THREAT_ARMS_MAX = 32, THREAT_JOBS_MAX = 64 };

struct threat_plan {
    const struct setup *setup;
    const struct arm *arms[THREAT_ARMS_MAX];
    size_t arm_count;
    const char *attacks; /* names, separated by commas; NULL: all */
    const char *places;  /* the same */
    uint64_t file_bytes;
    unsigned jobs;
    bool is_credulous; /* receivers ask no certificate who vouches for it and whose it is */
    void *context;     /* of progress; progress NULL: none */
    void (*progress)(void *context, size_t done, size_t wanted);
};

struct threats;

/* Whether all names in the list are those of attacks. ERR_UNKNOWN with a note. */
MUST_USE enum err threats_check_attacks(const char *list, struct note *note);

/* Runs everything. ERR_UNKNOWN: no arm has a place of that name. ERR_RANGE: an arm does not deliver in this scenario
 * even without an attacker; with a note. */
MUST_USE enum err threats_run(const struct threat_plan *plan, struct threats **threats, struct note *note);
void threats_free(struct threats *threats);

/* Rows in the order of arms, without and with a hash, places, attacks. */
size_t threats_count(const struct threats *threats);
const struct threat_row *threats_row(const struct threats *threats, size_t index);

#endif
