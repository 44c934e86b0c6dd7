/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load_state.h - a load while it runs: load.c lets attempts arrive, load_run.c keeps them and their memory,
 * load_count.c counts what they gave. For users load.h is the door.
 */
#ifndef SIM_LOAD_STATE_H
#define SIM_LOAD_STATE_H

#include "sim/ims/attempt.h"
#include "sim/load.h"

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

/* What was seen at a look. */
struct seen {
    int64_t busy_ns[LOAD_HOSTS];
    uint32_t under_way;
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
    uint64_t number; /* of the attempt */
    int64_t begun_ns;
    enum { PLACE_FREE, PLACE_RUNNING, PLACE_CLOSING, PLACE_GONE } state;
    bool is_named; /* by an event or packet */
    uint32_t next_free;
};

struct loading {
    const struct load *load;
    struct world *world;
    struct arena_pool *pool;
    struct sip_linger *linger;
    struct sip_outbox linger_outbox;
    struct timer linger_timer;
    int64_t begun_ns;
    uint64_t attempts;  /* that have arrived */
    uint32_t running;   /* of them, those that have not ended */
    uint32_t under_way; /* those whose UEs still have something to do */
    bool has_all, is_over, has_no_users;

    struct place *places;
    uint32_t place_count, place_capacity;
    uint32_t free; /* 1 + the first; 0: none */
    uint32_t gone;

    struct records **records; /* blocks, by the attempt's number */
    uint64_t block_count, block_capacity;
    struct looks *looks, *looks_last;
    uint64_t look_count;
    uint64_t sip_again;                          /* by user agents that are gone */
    uint64_t sip_again_before, tcp_again_before; /* before the first arrival */
    size_t attempt_bytes;                        /* the most that they took at once */
};

/* ---- load_run.c ---- */

/* Takes what comes for UEs that are no more. */
void loading_bind(struct loading *loading);

/* An attempt of two users who are free; false: there are none, or the scenario is impossible. */
bool loading_begin(struct loading *loading);

/* Closes attempts that have ended, gives back the memory of those that nothing names any more, notes the hosts' work.
 */
void loading_look(struct loading *loading);

/* ---- load_count.c ---- */

/* What has been counted before the first arrival is not the load's. */
void loading_measure(struct loading *loading);
void loading_note(struct loading *loading, uint64_t number, const struct attempt_result *result);
void loading_note_look(struct loading *loading);
void loading_write(struct loading *loading, struct load_outcome *outcome);

#endif
