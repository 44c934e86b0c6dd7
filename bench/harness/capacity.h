/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * capacity.h - the design objective capacity of ETSI TS 186 008: the highest rate of attempts of which at most a given
 * share, 0.1 % there, is inadequately handled (failed, or later than load.delay_max), and that is steady: what comes
 * is what goes. A rate that is not would fail if only it lasted: in a short load a core that has too much to do
 * still is within load.delay_max when arrivals end.
 *
 * Two things show it. A host whose work an attempt, counted until all is done, times the rate is its workers' whole
 * time or more has no steady state (Loynes, Proc. Cambridge Phil. Soc. 58, 1962), nor has a link with such bits; no
 * rate beyond the least of these bounds can be carried (Denning and Buzen, ACM Computing Surveys 10(3), 1978). And
 * whatever else is too slow shows in flow balance, of the same paper: from the third quarter of the arrivals to the
 * fourth attempts under way must not grow by more than half the search's precision of those that arrive in a quarter
 * and two standard deviations of what a queue does that is just full, a random walk: sqrt(4 / 3) for the root of a
 * quarter's arrivals, with Poisson arrivals and exponential work.
 */
#ifndef BENCH_HARNESS_CAPACITY_H
#define BENCH_HARNESS_CAPACITY_H

#include "bench/harness/load_run.h"

/* Beyond that many attempts a second nothing is sought: of so many one rate already takes minutes to try. */
enum { CAPACITY_MOST_PER_S = 100000 };

/* Why a rate does not hold; the first that applies. */
enum capacity_reason {
    CAPACITY_HOLDS,
    CAPACITY_WORK,       /* more work than a host's workers have time */
    CAPACITY_LINK,       /* more bits than a link has time for */
    CAPACITY_INADEQUATE, /* too many failed or were late */
    CAPACITY_GROWTH,     /* attempts under way grow */
    CAPACITY_REASONS
};

/* What is sought: load.rate beside given calls, or load.calls beside given files. Registrations are given. */
enum capacity_of { CAPACITY_OF_FILES, CAPACITY_OF_CALLS };

/* What a rate came to, over all replications. */
struct capacity_look {
    uint64_t rate_per_ks; /* thousandths of attempts a second, of what is sought; 0: there is none */
    uint64_t all_per_ks;  /* of attempts of all kinds */
    enum capacity_reason reason;
    bool is_stopped; /* before its end, as there were too many: inadequate is a lower bound; nothing is known of work */
    double inadequate; /* share of attempts behind the warm-up */
    double offered;    /* work that comes over the workers' time, at the busiest host */
    size_t busiest;    /* which, of LOAD_HOSTS */
    double link;       /* the same of the busiest link */
    double growth;     /* of attempts under way, as in load.h, mean */
    int64_t stay_ns;   /* mean, as in load.h; 0 where it is stopped */
    uint64_t attempts; /* counted */
};

struct capacity {
    struct capacity_look held;    /* the highest rate that held; rate 0: not even the lowest that was tried */
    struct capacity_look failing; /* the lowest that did not; rate 0: all held */
    /* Nothing is known that would: what held shows of hosts and links bounds no rate below CAPACITY_MOST_PER_S. The
     * search is over at the first such rate, and held is no capacity. */
    bool is_unbounded;
    uint64_t looks; /* rates that were tried */
};

struct capacity_search {
    struct load_job job; /* its setup's rate is where the search begins; arm, replications, jobs as in a load */
    struct setup *setup; /* the same; rate, duration and users of its load are changed and put back */
    enum capacity_of of;
    double inadequate_most;        /* a share above 0: 0.001 */
    double precision;              /* the two rates at the end differ by no more than this share of the lower */
    uint64_t attempts_most;        /* of a replication: a fast rate lasts less than load.duration */
    struct load_outcome *outcomes; /* room for the replications */
    /* A rate is about to be tried; with the job's context. May be NULL. */
    void (*trying)(void *context, uint64_t rate_per_ks);
};

/*
 * Raises or halves the rate until one holds and one does not, then halves the distance. A rate that holds shows what
 * work and links alone allow: the next is just below that, or, beside load of other kinds, at most twice the rate; none
 * is tried far beyond it. Where that is more than CAPACITY_MOST_PER_S the search is over. A rate lasts for
 * load.duration, but for no more than attempts_most attempts a replication, yet for load.delay_max where that is less
 * than load.duration, for four times what attempts take at the highest rate that has held, and for long enough that 3 /
 * inadequate_most attempts arrive in all replications: so many without a failure show with 95 % that the share is less
 * (Hanley and Lippman-Hand, JAMA 249, 1983). There are at least as many users as such a load can keep busy. ERR_RANGE
 * with a note where users or memory are exhausted before the core is, and for arrivals with rates of their own; errors
 * of load_run.
 */
MUST_USE enum err capacity_find(const struct capacity_search *search, struct capacity *capacity, struct note *note);

#endif
