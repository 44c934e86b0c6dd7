/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/delay_line.h"

enum { FRAME_BYTES = 1514 }; /* the longest on an Ethernet, as captures show it */

static int64_t bits_ns(const struct delay_line *line, uint64_t size)
{
    return line->rate_bps > 0 ? (int64_t)(size * 8 * 1000000000 / line->rate_bps) : 0;
}

int64_t delay_line_due(struct delay_line *line, int64_t seen_ns, uint64_t size)
{
    int64_t start_ns = line->free_ns > seen_ns ? line->free_ns : seen_ns;
    int64_t sent_ns = start_ns + bits_ns(line, size);
    int64_t behind_ns = seen_ns + bits_ns(line, FRAME_BYTES);

    if (start_ns - seen_ns <= bits_ns(line, line->queue_bytes))
        line->free_ns = sent_ns;
    int64_t due_ns = (sent_ns < behind_ns ? sent_ns : behind_ns) + line->delay_ns;

    line->due_ns = due_ns > line->due_ns ? due_ns : line->due_ns;
    return line->due_ns;
}
