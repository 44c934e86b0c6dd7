/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * headline.h - the answer that compare and reproduce give: all arms on one scenario with warm and with cold
 * connections, the sealed arms also with the other bound of seal.when, the difference to the baselines and its split.
 */
#ifndef BENCH_CLI_HEADLINE_H
#define BENCH_CLI_HEADLINE_H

#include "bench/cli/command.h"
#include "bench/harness/results.h"

enum { HEADLINE_CASES = 4, HEADLINE_TEXT_SIZE = 512 * 1024 };
#define HEADLINE_PROPOSAL "msrp-smime"
#define HEADLINE_MEMORY ((size_t)1 << 30) /* of a trial; reserved, not used */

struct headline_plan {
    const struct arm *arms[COMPARISON_ARMS_MAX]; /* HEADLINE_PROPOSAL is among them */
    size_t arm_count;
    size_t trials;
    double precision;
    unsigned jobs;
};

/* One comparison, under connections and seal.when of its own. */
struct headline_case {
    int connections, seal_when;
    bool is_bound; /* only the sealed arms, under the other seal.when */
    struct comparison comparison;
};

struct headline {
    struct scenario_file file;     /* as given */
    char name[FIELD_TEXT_SIZE];    /* the scenario's, of plain letters */
    char assumed[FIELD_TEXT_SIZE]; /* what of it is assumed, in words */
    struct sim_ways ways;
    size_t case_count;
    struct headline_case cases[HEADLINE_CASES];
};

/* Puts all arms, or those that the comma-separated list names, into the plan: the proposal first, then both baselines
 * (which are always there), then the others. ERR_UNKNOWN with a note. */
MUST_USE enum err headline_choose(struct headline_plan *plan, const char *list, struct note *note);

/* "(a) " and "(b) " before the baselines, "* " before the proposal, "" otherwise. */
const char *headline_mark(const struct arm *arm);

/* As many threads as the machine has processors. */
unsigned headline_jobs(void);

/* Runs all cases on an open setup, whose scenario is as before when it returns. headline_free gives back. */
MUST_USE enum err headline_run(struct headline *headline, struct setup *setup, const struct headline_plan *plan,
                               struct note *note);
void headline_free(struct headline *headline);

/* The first case with these connections, all arms. */
const struct headline_case *headline_case(const struct headline *headline, int connections);

/* All rows of all cases as one table for programs, in arena. */
void headline_table(const struct headline *headline, struct table *table, struct arena *arena);

/* Tables, bars, differences and split for people. */
void headline_write(const struct headline *headline, const struct command_terminal *terminal, struct arena *arena,
                    struct sink *sink);

/* The rows of all cases; the heads once a file. */
void headline_write_heads(struct outfile *trials, struct outfile *summary);
void headline_write_rows(const struct headline *headline, struct outfile *trials, struct outfile *summary);

/* The command line in words, for the manifest: the order is the command, its arguments, its options. */
MUST_USE enum err headline_save_manifest(const struct results *results, const struct command_line *line, uint64_t seed,
                                         struct note *note);

/* Reads what --trials, --trials-max, --precision and -j say into the plan; standard is the number of trials. */
MUST_USE enum err headline_read_plan(struct headline_plan *plan, const struct command_line *line, size_t standard,
                                     struct note *note);

#endif
