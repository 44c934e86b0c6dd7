/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schedule.h - dwells of the kind `replayed`: when each node sent which message, in the order in which it did, by
 * absolute offset, so that no error of one dwell is in the next. A message that is ready before its time is kept until
 * then, as processing; one that is ready later leaves at once, late.
 */
#ifndef SIM_IMS_SCHEDULE_H
#define SIM_IMS_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

enum { SCHEDULE_ROLE_SIZE = 24, SCHEDULE_KIND_SIZE = 32, SCHEDULE_ROWS_MAX = 4096, SCHEDULE_TIMES_MAX = 1 << 20 };

/* What one node sent to another of one kind: times[first] and the count - 1 behind it, ascending. */
struct schedule_row {
    char from[SCHEDULE_ROLE_SIZE], to[SCHEDULE_ROLE_SIZE]; /* as sim_message has them: "P-CSCF(A)" */
    char kind[SCHEDULE_KIND_SIZE];                         /* "INVITE", "INVITE/200", "SEND", "LIR", "ClientHello" */
    uint32_t first, count;
};

/* At most a row for each from, to and kind. */
struct schedule {
    int64_t pressed_ns; /* when the user presses send, simulated time: however far the warm-up is by then */
    size_t row_count, time_count;
    const struct schedule_row *rows;
    const int64_t *times_ns; /* first bit out, simulated time */
};

#endif
