/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * progress.h - a bar with the time left on standard error, on a terminal only; nothing elsewhere.
 */
#ifndef BENCH_CLI_PROGRESS_H
#define BENCH_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    const char *label; /* what is done: "warm" */
    bool is_shown;     /* standard error is a terminal */
    int64_t started_ns, drawn_ns;
};

void progress_begin(struct progress *progress, const char *label);

/* For comparison_plan: context is the struct progress. Draws at most ten times a second. */
void progress_show(void *context, size_t done, size_t wanted);

/* Takes the bar away. */
void progress_end(struct progress *progress);

#endif
