/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * results.h - a results folder: made once, never overwritten, each file in it whole or absent. manifest.txt says what
 * made it; trials.csv has a row a trial, summary.csv a row a point and arm, with the unit of each number in the name
 * of its column. Wall times stand in the manifest only, so that all else is the same for the same seed.
 */
#ifndef BENCH_HARNESS_RESULTS_H
#define BENCH_HARNESS_RESULTS_H

#include "bench/harness/comparison.h"
#include "bench/harness/setup.h"
#include "traces/outfile.h"

enum { RESULTS_PATH_SIZE = 3072, RESULTS_KEYS_MAX = 16 };

struct results {
    char path[RESULTS_PATH_SIZE]; /* of the folder, without a slash at its end */
    int64_t started_s;            /* since 1970 */
    int64_t started_ns;           /* of the monotonic clock */
};

/* Makes the folder `wanted`, or results/NAME-YYYYMMDD-HHMMSS when that is NULL. ERR_FILE when it exists already or
 * cannot be made. What stands above it is made too. */
MUST_USE enum err results_create(struct results *results, const char *wanted, const char *name, struct note *note);

/* A folder within it. */
MUST_USE enum err results_folder(const struct results *results, const char *name, struct note *note);

/* The path of a file within it. RESULTS_PATH_SIZE bytes of path suffice or the process ends. */
void results_path(const struct results *results, const char *name, char *path, size_t size);

/* Starts a file of the folder; end it with outfile_close. */
MUST_USE enum err results_open(const struct results *results, const char *name, struct outfile *file,
                               struct note *note);

/* A file with this content, whole. ERR_FULL when the disk is full. */
MUST_USE enum err results_save(const struct results *results, const char *name, struct span content, struct note *note);

/* The program that runs: lines "revision: ..." and "compiler: ...". */
void results_write_program(struct sink *sink);

/* A word of a command as a shell would want it. */
void results_write_word(struct sink *sink, const char *word);

/* What the manifest says beside machine, compiler, revision and times. */
struct results_manifest {
    size_t word_count;
    const char *const *words; /* of the command line */
    uint64_t seed;
    const char *libraries; /* lines "name version" */
    const char *remarks;   /* further lines "key: value"; may be NULL */
};

/* The last file of a folder: it holds the wall time since results_create. */
MUST_USE enum err results_save_manifest(const struct results *results, const struct results_manifest *manifest,
                                        struct note *note);

/* The scenario, written in full, its dwell table and its cost table as PREFIX.ini, PREFIX-dwell.csv, PREFIX-cost.csv.
 */
MUST_USE enum err results_save_inputs(const struct results *results, const struct setup *setup, const char *prefix,
                                      struct note *note);

/* Letters, digits, '.', '-' and '_' of a name, '-' in place of the rest: names come from scenario files and become
 * parts of paths and cells. */
void results_write_name(struct sink *sink, const char *name);

/* The columns of a point: what distinguishes one comparison of a folder from another, such as connections=cold. */
struct results_key {
    const char *column;
    const char *value;
};

/* Columns of trials.csv: the keys, arm, trial, seed, then those of outcome_fields. */
void results_write_trials_head(struct outfile *file, const struct results_key *keys, size_t key_count);

/* The rows of one comparison. */
void results_write_trials(struct outfile *file, const struct results_key *keys, size_t key_count,
                          const struct comparison *comparison, uint64_t seed);

/* What a row of summary.csv says. */
struct results_summary {
    const char *arm, *reference;
    bool is_exact;
    struct comparison_arm one;
    struct comparison_pair pair; /* with the reference */
};

/* Columns of summary.csv. */
void results_write_summary_head(struct outfile *file, const struct results_key *keys, size_t key_count);
void results_write_summary_row(struct outfile *file, const struct results_key *keys, size_t key_count,
                               const struct results_summary *row);

/* A row an arm. */
void results_write_summary(struct outfile *file, const struct results_key *keys, size_t key_count,
                           const struct comparison *comparison);

#endif
