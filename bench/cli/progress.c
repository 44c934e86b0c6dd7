/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/progress.h"
#include "bench/harness/clock.h"
#include "sim/base/units.h"

#include <stdio.h>
#include <unistd.h>

enum { BAR = 24 };

void progress_begin(struct progress *progress, const char *label)
{
    *progress = (struct progress){.label = label, .is_shown = isatty(STDERR_FILENO) == 1, .started_ns = clock_now_ns()};
}

void progress_show(void *context, size_t done, size_t wanted)
{
    struct progress *progress = context;
    int64_t at_ns = clock_now_ns();

    if (!progress->is_shown || wanted == 0 || done == 0 || at_ns - progress->drawn_ns < 100 * MS)
        return;
    progress->drawn_ns = at_ns;
    double share = (double)done / (double)wanted;
    double taken_s = (double)(at_ns - progress->started_ns) / SECOND;
    int full = (int)(share * BAR);

    fprintf(stderr, "\r\033[K%-20.20s [%.*s%.*s] %3.0f %%, %.3g/s, %.0f s left", progress->label, full,
            "########################", BAR - full, "........................", 100 * share, (double)done / taken_s,
            taken_s * (1 - share) / share);
    fflush(stderr);
}

void progress_end(struct progress *progress)
{
    if (progress->is_shown && progress->drawn_ns != 0)
        fprintf(stderr, "\r\033[K");
}
