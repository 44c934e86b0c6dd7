/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flows.h - of a comparison's results folder: who said what in the first trial of the proposal and of both baselines,
 * as messages/ARM/messages.csv and messages.txt, from which the page draws call flows.
 */
#ifndef BENCH_CLI_FLOWS_H
#define BENCH_CLI_FLOWS_H

#include "bench/cli/headline.h"

/* Files up to this size are carried as real bytes, so that texts can be shown; of longer ones only the table is kept.
 */
#define FLOWS_REAL_BYTES_MAX (UINT64_C(16) << 20)
enum { FLOWS_TEXTS_MAX = 500 }; /* messages of a flow whose text is kept */

/* The first trial of an arm as folder/messages.csv and folder/messages.txt; the folder exists. pressed_ns: when the
 * user pressed send. Errors as sim_run and outfile_open. */
MUST_USE enum err flows_save_arm(const char *folder, const struct setup *setup, const struct arm *arm,
                                 int64_t *pressed_ns, struct note *note);

/* Runs the trials on the open setup. Errors as sim_run and outfile_open. */
MUST_USE enum err flows_save(const struct results *results, const struct setup *setup, const struct headline_plan *plan,
                             struct note *note);

/* report.html of the folder, its last file. */
MUST_USE enum err flows_save_page(const struct results *results, struct note *note);

#endif
