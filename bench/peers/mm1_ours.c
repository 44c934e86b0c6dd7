/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mm1_ours.c - the benchmark mm1 of bench/speed as a program: M/M/1 at load 0.9, so many customers, answered like the
 * other mm1_* by one line: mean time in the system in service times, seconds of CPU time that the run took.
 */
#include "bench/speed/speed.h"
#include "bench/speed/variates.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double speed_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int count, char **words)
{
    unsigned long long customers = count == 2 ? strtoull(words[1], NULL, 10) : 0;

    if (customers == 0) {
        fprintf(stderr, "usage: mm1_ours CUSTOMERS\n");
        return 2;
    }
    variates_prepare();
    struct speed speed = mm1_run(0, customers);

    printf("%.6f %.9f\n", speed.outcome, speed.seconds);
    return 0;
}
