/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dwell.h - how long a node keeps a message, last bit in to first bit out: a table of measured rows and the draw of one
 * dwell from it. Work occupies a worker of the host; waiting occupies nothing.
 */
#ifndef SIM_IMS_DWELL_H
#define SIM_IMS_DWELL_H

#include "sim/base/slice.h"
#include "sim/des/stream.h"

enum dwell_role {
    DWELL_UE_A,
    DWELL_UE_B,
    DWELL_P_CSCF,
    DWELL_I_CSCF,
    DWELL_S_CSCF,
    DWELL_HSS,
    DWELL_AS, /* application servers */
    DWELL_RELAY,
    DWELL_DNS,
    DWELL_ROLE_COUNT
};
extern const char *const dwell_role_names[DWELL_ROLE_COUNT]; /* "ue-a", "p-cscf" ... */

enum dwell_side { DWELL_ANY_SIDE, DWELL_ORIG, DWELL_TERM, DWELL_SIDE_COUNT };
extern const char *const dwell_side_names[DWELL_SIDE_COUNT]; /* "any", "orig", "term" */

/* What a measured dwell holds besides the node's own work: the simulator adds it itself, so it is subtracted. */
enum { DWELL_INCLUDES_HSS = 1, DWELL_INCLUDES_MEDIA_PROXY = 2, DWELL_INCLUDES_ESP = 4 };

enum { DWELL_KIND_SIZE = 32, DWELL_SOURCE_SIZE = 160, DWELL_ROWS_MAX = 256, DWELL_SEQUENCE_MAX = 8192 };

/* Times in ns; min, p95, max are NONE_NS where not known. */
struct dwell_row {
    enum dwell_role role;
    char kind[DWELL_KIND_SIZE]; /* method, or method/status: "INVITE", "INVITE/200", "LIR", "SEND", "SEND/200", "AUTH";
                                   "*" for every kind without a row of its own */
    enum dwell_side side;
    uint64_t n; /* sample; 0: assumed */
    int64_t min_ns, median_ns, p95_ns, max_ns;
    int64_t work_ns; /* of the median, what occupies a worker; NONE_NS: known only as a whole, a wait */
    uint32_t sequence_first, sequence_count; /* replayed: dwells in their order, in the table; count 0: the median */
    unsigned includes;
    bool is_assumed;
    char source[DWELL_SOURCE_SIZE];
};

struct dwell_table {
    char name[64];
    size_t count;
    struct dwell_row rows[DWELL_ROWS_MAX];
    size_t sequence_count;
    int64_t sequence_ns[DWELL_SEQUENCE_MAX]; /* of all rows that are replayed */
};

/* The row of a kind at a role and side: exact side before any, exact kind before "*"; NULL when there is none, which
 * means a dwell of 0. */
const struct dwell_row *dwell_find(const struct dwell_table *table, enum dwell_role role, struct span kind,
                                   enum dwell_side side);

#define DWELL_IS_EXPONENTIAL (-1.0) /* in place of a spread */

/* A dwell of the row: its median for spread 0, else lognormal with that median and coefficient of variation, clipped
 * at ten medians; of negative spread exponential with the row's value as its mean, not clipped. work_ns gets the part
 * that occupies a worker. */
struct dwell {
    int64_t work_ns;
    int64_t wait_ns;
};
struct dwell dwell_draw(const struct dwell_row *row, double spread, gsl_rng *rng);

/* Dwell number `ordinal`, from 0, of a row that is replayed: a wait. Behind the last one the sequence begins anew. */
struct dwell dwell_replay(const struct dwell_table *table, const struct dwell_row *row, uint32_t ordinal);

#endif
