/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load.h - the door for running loads: many users' attempts to send the file in one simulation, each the session or the
 * MESSAGEs of a trial, through one core, and calls and registrations beside them. Like a trial a load is a function:
 * scenario, arm, tables and number in, outcome out.
 */
#ifndef SIM_LOAD_H
#define SIM_LOAD_H

#include "sim/sim.h"

enum load_end {
    LOAD_DONE,
    LOAD_LIMIT,    /* memory or events exhausted */
    LOAD_NO_USERS, /* all were busy */
    LOAD_STOPPED   /* more attempts than inadequate_most were inadequate */
};

/* CSCFs, the HSS behind the I-CSCF, relays: hosts whose utilisation is told. */
enum { LOAD_HOSTS = 6 };

/* A step of a staircase, with attempts of all kinds that arrived in it; no warm-up is cut. */
enum { LOAD_STEPS_MAX = 64 };
struct load_step {
    uint64_t arrived, failed, late;
    int64_t delay_mean_ns; /* of files delivered; NONE_NS: none was */
    double utilisation[LOAD_HOSTS];
};

/* Calls or registrations. */
struct load_beside {
    uint64_t arrived, counted;           /* counted: behind the files' warm-up */
    uint64_t failed, late;               /* of those counted; late: after load.delay_max */
    int64_t delay_mean_ns, delay_p95_ns; /* calls: INVITE to its 200; registrations: first REGISTER to the last 200 */
};

/*
 * A replication: one row. What is counted are attempts that arrived behind the warm-up, all of them seen to their end.
 * Of one that has not come to its end (any but LOAD_DONE) no attempt is cut as warm-up, delivered ones are not counted,
 * %IHS is of those known by then, and there are no delays.
 * Times in ns; quantiles count an attempt that failed as longer than every delay, and are NONE_NS where they fall on
 * one.
 */
struct load_outcome {
    int end;           /* enum load_end */
    uint64_t attempts; /* all that arrived */
    uint64_t cut;      /* of them taken for warm-up: MSER-5 over the delays of delivered attempts */
    int64_t cut_ns;    /* from the first arrival to the first that counts */
    uint64_t counted, delivered;
    uint64_t late;      /* delivered, but beyond load.delay_max */
    uint64_t refused;   /* failed: refused with 503 or 500 */
    uint64_t timed_out; /* failed: no answer to INVITE or MESSAGE */
    uint64_t otherwise; /* failed in another way */
    struct load_beside calls, registrations;
    double inadequate; /* share of late and failed ones, calls and registrations among them: %IHS of TS 186 008-1 */
    double rate;       /* counted attempts a second */
    int64_t delay_mean_ns, delay_p50_ns, delay_p90_ns, delay_p95_ns, delay_p99_ns,
        delay_most_ns;                                               /* of delivered ones */
    int64_t setup_mean_ns, setup_p50_ns, setup_p95_ns, setup_p99_ns; /* INVITE to its 200 */
    int64_t stay_mean_ns;           /* of all: the user presses send, to nothing more is to come */
    double under_way;               /* attempts, mean over time from the first that counts to the last arrival */
    double utilisation[LOAD_HOSTS]; /* over the same time */
    uint64_t dropped;               /* datagrams that full hosts dropped, all the time */
    uint64_t refusals;              /* 503 of CSCFs */
    uint64_t held_back;             /* by CSCFs whose next hop has said Retry-After */
    uint64_t sip_again, tcp_again;  /* sent again */
    uint64_t events;
    int64_t ended_ns;       /* simulated time from the first possible arrival to the last attempt's end */
    uint64_t memory_bytes;  /* at its most, the users' rows included */
    uint64_t attempt_bytes; /* of it, what attempts under way took */

    /* Not in rows. Of LOAD_DONE only: all work is done by then. */
    int64_t work_ns[LOAD_HOSTS]; /* of a host's workers, drained, by attempts of all kinds; background.rate is in it */
    int64_t link_ns; /* for which the busiest link transmits, by attempts; access links of a side count as their mean */
    uint32_t step_count; /* 0: no staircase; steps beyond LOAD_STEPS_MAX are left out */
    struct load_step steps[LOAD_STEPS_MAX];
    double growth; /* attempts of all kinds under way, mean of the last quarter of the arrivals less that of the one
                    * before it, over the attempts that arrive in a quarter: 0 where what comes is what goes */
};

extern const struct field load_fields[];

/* How often hosts and attempts are looked at, and what an attempt may take before it counts as failed. */
#define LOAD_LOOK_NS (250 * INT64_C(1000000))
#define LOAD_ATTEMPT_MAX_NS (400 * INT64_C(1000000000))

struct load {
    const struct trial *trial;  /* no tap, no faults, no tampering */
    const int64_t *arrivals_ns; /* load.arrivals = capture: ascending, from 0 on; else NULL */
    size_t arrival_count;
    uint64_t inadequate_most; /* it is over when more have failed or are late; 0: it goes on */
    void *context;
    void (*progress)(void *context, int64_t now_ns, int64_t end_ns); /* may be NULL */
};

/* Runs the load until every attempt has ended. The arena is reset first. ERR_RANGE with a note for a scenario or arm
 * that loads do not have, for a table that knows dwells of CSCFs and HSSs as waits only, and for one that cannot be
 * built. */
MUST_USE enum err sim_load(const struct load *load, struct arena *arena, struct load_outcome *outcome,
                           struct note *note);

#endif
