/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * delay_line.h - when a frame that came in leaves the delay box, in one direction. Where a token bucket behind the box
 * spaces the frames of a link, but lets the first one go at once, the box adds the time that the link takes to send it.
 */
#ifndef BENCH_MEASURE_DELAY_LINE_H
#define BENCH_MEASURE_DELAY_LINE_H

#include <stdint.h>

struct delay_line {
    int64_t delay_ns;     /* propagation */
    uint64_t rate_bps;    /* of the link; 0: none, frames only wait for delay_ns */
    uint64_t queue_bytes; /* that may wait at the bucket; what finds no room is not waited for */
    /* Kept by delay_line_due(); 0 at first. */
    int64_t free_ns; /* when the link, without the bucket's drops that are not foreseen, has sent all frames */
    int64_t due_ns;  /* of the frame before */
};

/*
 * When a frame of size bytes that came in at seen_ns leaves; frames in the order in which they came, and so they leave.
 * An idle link takes the frame's own bits. Behind others, which the bucket holds back by themselves, the frame waits
 * for those of a longest one: so frames come to the bucket's queue at the distances at which they came to the link, and
 * a short one finds the room that it would have found there. But none leaves later than the link would have sent it.
 */
int64_t delay_line_due(struct delay_line *line, int64_t seen_ns, uint64_t size);

#endif
