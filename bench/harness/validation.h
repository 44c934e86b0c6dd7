/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * validation.h - the model against theory. A row says what is compared, where the closed form comes from and how it is
 * judged; its function gives what is expected and what the simulator gives. Rows stand in one table a group, each in
 * a file of its own.
 */
#ifndef BENCH_HARNESS_VALIDATION_H
#define BENCH_HARNESS_VALIDATION_H

#include "sim/base/table.h"
#include "sim/des/stats.h"

enum { VALIDATION_VALUES_MAX = 32 };

/* Confidence at which the Student intervals of all rows of kind VALIDATION_INTERVAL hold at once (Bonferroni). */
#define VALIDATION_CONFIDENCE 0.999

/* How far formulas that only approximate may be off, unless the caller says otherwise. They are those of TCP's
 * throughput under loss: Mathis knows neither timeouts nor the time that recovery takes, Padhye describes Reno and
 * losses that come in bursts, while TCP here has SACK and losses are independent. A fifth holds both, and would show a
 * mistake in a power or in the halving. */
#define VALIDATION_WITHIN 0.2

enum validation_kind {
    VALIDATION_EXACT,        /* every value is the expected one */
    VALIDATION_INTERVAL,     /* the mean's interval holds the expected value, and is narrow enough to say something */
    VALIDATION_WITHIN_SHARE, /* the mean differs by at most a share of the expected value, which is an approximation */
    VALIDATION_KIND_COUNT
};

enum validation_unit { VALIDATION_NS, VALIDATION_MS, VALIDATION_BYTES, VALIDATION_COUNT, VALIDATION_SHARE };
enum { VALIDATION_UNIT_COUNT = VALIDATION_SHARE + 1 };

/* What a row's function fills in. */
struct validation_result {
    /* VALIDATION_EXACT */
    size_t count;
    int64_t expected[VALIDATION_VALUES_MAX], simulated[VALIDATION_VALUES_MAX];
    /* The others. */
    double expected_mean;
    struct tally tally; /* one value a seed */
};

/* What a row's function may use. */
struct validation_effort {
    bool is_quick;       /* fewer seeds, shorter runs */
    struct arena *arena; /* may be reset; a trial fits into it */
};

struct validation_row {
    const char *what;
    const char *source;
    enum validation_kind kind;
    enum validation_unit unit;
    /* Fails, with a note, when the machine lets it down; what does not agree is no error. */
    enum err (*run)(const struct validation_row *row, const struct validation_effort *effort,
                    struct validation_result *result, struct note *note);
    const void *subject; /* what run is told, or NULL */
    uint32_t number;     /* the same */
};

struct validation_group {
    const char *name;
    const struct validation_row *rows; /* ends with a row whose what is NULL */
};

extern const struct validation_row validation_queues[], validation_network[], validation_tcp[], validation_sip[],
    validation_msrp[], validation_trials[], validation_load[];

/* All of them; ends with a group whose name is NULL. */
extern const struct validation_group validation_groups[];

struct validation_plan {
    const struct validation_group *groups; /* ends with a group whose name is NULL */
    const char *only;                      /* the one group to run; NULL: all */
    bool is_quick;
    double within; /* share of the expected value, for rows of kind VALIDATION_WITHIN_SHARE */
    void (*progress)(void *context, size_t done, size_t wanted); /* may be NULL */
    void *context;
};

struct validation_report {
    size_t rows, failed, intervals;
    double confidence; /* of each interval alone */
};

/* Runs the rows, and writes one row each into table, whose columns it makes. ERR_UNKNOWN for a group that does not
 * exist, ERR_FULL, ERR_CRYPTO. */
MUST_USE enum err validation_run(const struct validation_plan *plan, struct table *table,
                                 struct validation_report *report, struct note *note);

/* The widest half of an interval that still says something, as a share of the expected value. */
double validation_widest(bool is_quick);

/* For the rows' functions: one more pair of values of an exact row. */
void validation_add(struct validation_result *result, int64_t expected, int64_t simulated);

#endif
