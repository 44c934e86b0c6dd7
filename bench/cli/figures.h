/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * figures.h - what figures of comparisons need beside trials and summary: delays by size of the file, and what is
 * assumed; and drawing a folder's figures.
 */
#ifndef BENCH_CLI_FIGURES_H
#define BENCH_CLI_FIGURES_H

#include "bench/cli/headline.h"
#include "bench/harness/crossing.h"

enum { FIGURES_SIZES_MAX = 24, FIGURES_CROSSINGS_MAX = 8 };

/* What of a setup is assumed, in one or two lines for a caption. */
void figures_assumed(const struct setup *setup, struct sink *sink);

/* Delays by size of the file. */
struct figures_sizes {
    size_t arm_count, size_count;
    const struct arm *arms[COMPARISON_ARMS_MAX];
    double bytes[FIGURES_SIZES_MAX];
    size_t trials[FIGURES_SIZES_MAX];
    bool is_exact;
    struct comparison_estimate delays[COMPARISON_ARMS_MAX][FIGURES_SIZES_MAX];
    size_t crossing_count;
    struct figures_crossing {
        const struct arm *baseline;
        struct crossing at; /* bytes, ms; order -1: the proposal is the faster one from here on */
    } crossings[FIGURES_CROSSINGS_MAX];
};

/* Runs the plan's arms on files of least to most bytes, each twice the last; fewer trials for larger files, at most
 * plan->trials. The setup is as before when it returns. */
MUST_USE enum err figures_run_sizes(struct figures_sizes *sizes, struct setup *setup, const struct headline_plan *plan,
                                    uint64_t least_bytes, uint64_t most_bytes, struct note *note);

/* The crossings in words, a line each; or that there are none. */
void figures_write_crossings(const struct figures_sizes *sizes, struct sink *sink);

/* sizes.csv: a row a size and arm, in the columns of summary.csv. */
MUST_USE enum err figures_save_sizes(const struct results *results, const struct setup *setup,
                                     const struct figures_sizes *sizes, struct note *note);

/* Every figure that the tables of a results folder suffice for, into FOLDER/figures, or for LaTeX into the folder
 * latex, which is made. Figures that gnuplot does not draw are one line on standard error and no error. */
MUST_USE enum err figures_draw(const char *folder, const char *latex, struct note *note);

#endif
