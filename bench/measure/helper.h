/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * helper.h - a process of the command's own with a line to it: what the conductor starts and ends.
 */
#ifndef BENCH_MEASURE_HELPER_H
#define BENCH_MEASURE_HELPER_H

#include "sim/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

#define HELPER_LINGER_NS (INT64_C(2000000000)) /* how long processes may take to end by themselves */

struct helper {
    pid_t pid; /* 0: none */
    int line;  /* -1: none */
};

/* Forks into a namespace (namespace_fd; -1: the command's own) with a line of a socketpair's type. The child returns
 * with pid 0 and its end of the line, which is the caller's to close, in *child_end. ERR_FILE with a note. */
MUST_USE enum err helper_fork(struct helper *helper, int namespace_fd, int type, int *child_end, struct note *note);

/* Whether it has said by one byte that it has begun; waits for that for 5 s. */
bool helper_is_ready(const struct helper *helper);

/* Ends a process: by closing its line, and when that is not enough by force. True: it ended well by itself, or there
 * was none. *signal_number (may be NULL) gets what it had died of before. */
bool helper_end(struct helper *helper, int *signal_number);

#endif
