/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * delay_box.h - propagation delay in user space: frames that come in at one device of a pair leave at the other a fixed
 * time after the kernel stamped their arrival, in order. With a token bucket, which spaces frames but lets the first
 * one go at once, it also adds the time in which a link of that rate sends the frame (delay_line.h). How late each
 * really left is counted.
 */
#ifndef BENCH_MEASURE_DELAY_BOX_H
#define BENCH_MEASURE_DELAY_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DELAY_BOX_PAIRS_MAX = 2 };

struct delay_box_config {
    int64_t delay_ns;
    uint64_t rate_bps;    /* of the link whose frames it delays, spaced by a token bucket behind the box; 0: none */
    uint64_t queue_bytes; /* of that bucket */
    size_t pair_count;
    const char *pairs[DELAY_BOX_PAIRS_MAX][2]; /* devices of the namespace the process is in */
    int line; /* read until the other side closes it; then a struct delay_box_report is written and the box ends */
};

/* Lateness: when a frame was handed to the device less when it was due. */
struct delay_box_report {
    uint64_t frames;
    uint64_t dropped; /* no memory, or the shaped link's queue was full */
    int64_t mean_ns, p99_ns, most_ns;
};

/* Ends when the line is shut down by the other side. False: a device cannot be opened, or there is no memory. One byte
 * on the line says that the box forwards. */
bool delay_box_run(const struct delay_box_config *config);

#endif
