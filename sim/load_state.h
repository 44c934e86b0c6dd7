/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load_state.h - a load while it runs: load.c lets attempts arrive, load_run.c keeps them and their memory,
 * load_count.c counts what they gave, load_work.c what they took,
 * load_steps.c both step by step. For users load.h is the door.
 */
#ifndef SIM_LOAD_STATE_H
#define SIM_LOAD_STATE_H

#include "sim/ims/attempt.h"
#include "sim/load.h"

#include "sim/ims/renewal.h"

enum { RECORDS = 4096, LOOKS = 1024 };

/* What is kept of an attempt that has ended. */
struct record {
    int64_t pressed_ns; /* from begun_ns on */
    int64_t delay_ns, setup_ns, stay_ns;
    int end;
};

struct records {
    struct record items[RECORDS];
};

/* Of all attempts of a kind, by number. */
struct log {
    struct records **blocks;
    uint64_t block_count, block_capacity;
};

/* What was seen at a look. */
struct seen {
    int64_t busy_ns[LOAD_HOSTS];
    uint32_t under_way, waiting; /* files; attempts of all kinds, but for people who talk */
};

struct looks {
    struct looks *next;
    struct seen items[LOOKS];
};

/* A place for an attempt, by the number of its arena. */
struct place {
    struct attempt *attempt;
    struct arena *arena;
    struct loading *loading;
    enum attempt_kind kind;
    uint64_t number; /* of the attempt, among those of its kind */
    int64_t begun_ns;
    enum { PLACE_FREE, PLACE_RUNNING, PLACE_CLOSING, PLACE_GONE } state;
    bool is_named; /* by an event or packet */
    uint32_t next_free;
};

/* Calls or registrations that arrive. */
struct beside {
    struct loading *loading;
    enum attempt_kind kind;
    uint64_t rate_per_ks;
};

struct loading {
    const struct load *load;
    struct world *world;
    struct arena_pool *pool;
    struct sip_linger *linger;
    struct sip_outbox linger_outbox;
    struct timer linger_timer;
    int64_t begun_ns;
    uint64_t attempts[ATTEMPT_KINDS]; /* that have arrived */
    uint64_t noted[ATTEMPT_KINDS];    /* of them, those that have ended, each once */
    uint32_t running[ATTEMPT_KINDS];  /* and those that have not */
    uint32_t under_way;               /* of all kinds, those whose UEs still have something to do */
    uint32_t arriving;                /* kinds of which more is to come */
    struct beside besides[ATTEMPT_KINDS];
    struct renewals *renewals; /* NULL: nobody registers */
    bool is_over, has_no_users, is_stopped;
    uint64_t inadequate; /* of those that have ended */

    struct place *places;
    uint32_t place_count, place_capacity;
    uint32_t free; /* 1 + the first; 0: none */
    uint32_t gone;

    struct log logs[ATTEMPT_KINDS];
    struct looks *looks, *looks_last;
    uint64_t look_count;
    uint64_t sip_again;                          /* by user agents that are gone */
    uint64_t sip_again_before, tcp_again_before; /* before the first arrival */
    int64_t busy_before_ns[LOAD_HOSTS];
    uint64_t *bytes_before; /* by link */
    size_t attempt_bytes;   /* the most that they took at once */
};

/* ---- load_run.c ---- */

/* Takes what comes for UEs that are no more. */
void loading_bind(struct loading *loading);

/* An attempt of users who are free; false: there are none, or the scenario is impossible. */
bool loading_begin(struct loading *loading, enum attempt_kind kind);

/* Closes attempts that have ended, gives back the memory of those that nothing names any more, notes the hosts' work.
 */
void loading_look(struct loading *loading);

/* Attempts under way that are late by now, whatever comes. */
uint64_t loading_late(const struct loading *loading);

/* ---- load_work.c ---- */

/* The core's hosts, in the order of an outcome. */
extern const enum role loading_hosts[LOAD_HOSTS];

/* Attempts of all kinds that have arrived. */
uint64_t loading_attempts(const struct loading *loading);
void loading_measure_work(struct loading *loading);
void loading_write_work(const struct loading *loading, struct load_outcome *outcome);

/* ---- load_count.c ---- */

/* What has been counted before the first arrival is not the load's. */
void loading_measure(struct loading *loading);
void loading_note(struct loading *loading, const struct place *place, const struct attempt_result *result);
void loading_note_look(struct loading *loading, uint32_t talking);

/* What is kept of an attempt that has ended, as all have at the end. */
const struct record *loading_record(const struct loading *loading, enum attempt_kind kind, uint64_t number);

/* Whether the file, in hand after delay_ns or never (NONE_NS), is so within load.delay_max. */
bool loading_is_adequate(const struct loading *loading, int end, int64_t delay_ns);
void loading_write(struct loading *loading, struct load_outcome *outcome);

/* ---- load_steps.c ---- */

void loading_write_steps(const struct loading *loading, struct load_outcome *outcome);

#endif
