/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * comparison.h - several arms over the same trials: runs them, and what their outcomes say together. Trial i meets the
 * same world in every arm, so arms are compared by paired differences. The statistics are functions of rows of
 * outcomes and do not care where these come from.
 */
#ifndef BENCH_HARNESS_COMPARISON_H
#define BENCH_HARNESS_COMPARISON_H

#include "sim/des/stats.h"
#include "sim/sim.h"

enum { COMPARISON_ARMS_MAX = 24, COMPARISON_TRIALS_LEAST = 30, COMPARISON_JOBS_MAX = 64 };

#define COMPARISON_CONFIDENCE 0.95

/* ---- Running ---- */

struct comparison_plan {
    struct trial trial; /* without arm and number; nobody taps: trials run in several threads */
    const struct arm *arms[COMPARISON_ARMS_MAX];
    size_t arm_count;
    size_t trials;       /* an arm; with a precision, the most */
    double precision;    /* 0: exactly trials of them; 0.01: until comparison_is_enough */
    size_t reference;    /* index of the arm that the others are paired with */
    unsigned jobs;       /* threads, 1 to COMPARISON_JOBS_MAX */
    size_t memory_bytes; /* limit of a trial's arena */
    /* Told from one thread now and then; may be NULL. */
    void (*progress)(void *context, size_t done, size_t wanted);
    void *context;
};

struct comparison {
    size_t arm_count;
    const struct arm *arms[COMPARISON_ARMS_MAX];
    size_t reference;
    size_t trials;            /* an arm */
    bool is_exact;            /* nothing is random: one trial says it all */
    struct outcome *outcomes; /* of arm a and trial t at [t * arm_count + a]; owned */
};

/* True when no draw can change an outcome: no spread of dwells, no loss, no jitter, no other users. */
bool comparison_is_exact(const struct scenario *scenario);

/* Runs the plan; a scenario without randomness runs once. The caller frees the comparison with comparison_free.
 * ERR_FULL when memory is short, errors of sim_run. */
MUST_USE enum err comparison_run(const struct comparison_plan *plan, struct comparison *comparison, struct note *note);
void comparison_free(struct comparison *comparison);

static inline const struct outcome *comparison_outcome(const struct comparison *comparison, size_t arm, size_t trial)
{
    return &comparison->outcomes[trial * comparison->arm_count + arm];
}

/* ---- Statistics ---- */

/* An estimate in ms with the half width of its 95 % Student interval (0 when exact, infinite for one random value). */
struct comparison_estimate {
    uint64_t count;
    double mean_ms;
    double half_ms;
};

/* Bytes on the wire by layer, as the columns of an outcome: link, IP, TCP and UDP, ESP; of what is above, TLS and SIP;
 * and the rest of it: MSRP, HTTP, Diameter, DNS, the file. */
enum { COMPARISON_LAYERS = 7 };
extern const char *const comparison_layer_names[COMPARISON_LAYERS];

struct comparison_arm {
    uint64_t trials;
    uint64_t delivered;
    uint64_t ended[OUTCOME_END_COUNT];
    struct comparison_estimate delay;   /* of what was delivered; NAN where nothing was */
    struct quantile p50, p90, p95, p99; /* ms; a failure counts as infinitely long; NAN where trials are too few */
    double parts_ms[PART_COUNT];        /* means of what was delivered */
    double wire_bytes, retransmissions; /* means over all trials */
    double cpu_ms, ue_cpu_ms, core_cpu_ms, relay_cpu_ms;
    double layer_bytes[COMPARISON_LAYERS];
};

/* What the trials of one arm say. */
struct comparison_arm comparison_of_arm(const struct comparison *comparison, size_t arm);

struct comparison_pair {
    struct comparison_estimate difference; /* other - reference, of trials that both delivered */
    double variance_ratio; /* variance of unpaired differences over that of paired ones; NAN where unknown */
    double failed_more;    /* share of failures of other - that of reference, 0 to 1 */
    bool is_ranked;        /* failures do not forbid to say which is faster */
    bool is_different;     /* ranked, and the interval does not hold 0 */
};

/* Pairs arm `other` with arm `reference`, trial by trial. */
struct comparison_pair comparison_of_pair(const struct comparison *comparison, size_t other, size_t reference);

/* The difference between going through the relays under TLS and going direct under S/MIME, by its causes. Of trials
 * that all arms concerned delivered: path + hop - end_to_end = whole. */
struct comparison_split {
    bool is_known;                          /* msrp-plain, -relay-plain, -relay and -smime are there and delivered */
    struct comparison_estimate path;        /* relay-plain - plain: leaving the relays out */
    struct comparison_estimate hop;         /* relay - relay-plain: TLS on each hop */
    struct comparison_estimate end_to_end;  /* smime - plain: S/MIME */
    struct comparison_estimate whole;       /* relay - smime */
    bool has_interaction;                   /* msrp-relay-smime is there and delivered */
    struct comparison_estimate interaction; /* (relay-smime - relay) - (smime - plain): S/MIME costs so much more with
                                               relays than without */
};

struct comparison_split comparison_split(const struct comparison *comparison);

/* Index of the arm of that name, or arm_count. */
size_t comparison_find(const struct comparison *comparison, const char *name);

/* ---- Trial by trial ---- */

/* The same statistics of trials that are seen once, in order. All zero is empty. */
struct comparison_sums {
    uint64_t trials;
    uint64_t ended[OUTCOME_END_COUNT];
    struct tally delay, wire, retransmissions, cpu, ue_cpu;
    struct tally parts[PART_COUNT];
    double core_cpu_ms, relay_cpu_ms, layer_bytes[COMPARISON_LAYERS];
};

void comparison_sums_add(struct comparison_sums *sums, const struct outcome *outcome);

/* What an arm's quantiles are made of: its delay in ms, infinite where it was not delivered. */
double comparison_delay_ms(const struct outcome *outcome);

/* delay_at gives an arm's delays as comparison_delay_ms by rank. */
struct comparison_arm comparison_of_sums(const struct comparison_sums *sums, bool is_exact, ranked_fn *delay_at,
                                         void *context);

struct comparison_pairs {
    struct tally other, reference, difference, failed_more;
};

void comparison_pairs_add(struct comparison_pairs *pairs, const struct outcome *other, const struct outcome *reference);
struct comparison_pair comparison_of_pairs(const struct comparison_pairs *pairs, bool is_exact);

/* ---- Precision ---- */

/* Every arm's half width is at most precision of its mean, and every paired difference's at most precision of the
 * reference arm's mean; never below COMPARISON_TRIALS_LEAST trials. Arms that deliver nothing are left out. */
bool comparison_is_enough(const struct comparison *comparison, double precision);

/* How many trials there should be at the next look: half as many again, at least COMPARISON_TRIALS_LEAST, at most
 * most. Looking more often would stop at lucky moments. */
size_t comparison_next_look(size_t trials, size_t most);

#endif
