/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tool.h - other programs (ip, tc) and pieces of work that have to be done inside of another network namespace, each in
 * a process of its own that is waited for.
 */
#ifndef BENCH_MEASURE_TOOL_H
#define BENCH_MEASURE_TOOL_H

#include "sim/base/span.h"

#include <sys/types.h>

/* Runs words[0] from the PATH with input on its standard input (at most 60 kB). ERR_FILE, with the end of what it said
 * on standard error, when it cannot be run or does not end with status 0. words end with NULL. */
MUST_USE enum err tool_run(const char *const *words, struct span input, struct note *note);

/* Runs work in a process whose network namespace is that of the descriptor (-1: ours). ERR_FILE when it returns false.
 */
MUST_USE enum err tool_inside(int namespace_fd, bool (*work)(void *context), void *context, const char *what,
                              struct note *note);

/* Forks a process that dies with its parent, inside of a namespace (-1: ours). 0 in the child, -1 with a note. */
pid_t tool_fork(int namespace_fd, struct note *note);

#endif
