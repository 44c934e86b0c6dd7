/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main.c - measures ours and the floors in turn, five times, and prints the medians as CSV. ratio is ours divided by
 * the floor in speed: 1 is as fast as the bare loop.
 */
#include "bench/speed/capture.h"
#include "bench/speed/speed.h"
#include "bench/speed/variates.h"
#include "sim/base/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 5, FLOORS = 2 };

static double ns_a_thing(const struct speed *speed)
{
    return speed->seconds * 1e9 / (double)speed->things;
}

static double ms_a_thing(const struct speed *speed)
{
    return speed->seconds * 1e3 / (double)speed->things;
}

static double things_a_second(const struct speed *speed)
{
    return (double)speed->things / speed->seconds;
}

static double ms_a_gigabyte(const struct speed *speed)
{
    return speed->seconds * 1e3 / ((double)speed->things * 1e-9);
}

static double mib_of_things(const struct speed *speed)
{
    return (double)speed->things / (double)MIB;
}

struct benchmark {
    const char *name;
    const char *unit;
    double (*value)(const struct speed *speed); /* in the unit */
    speed_fn *ours;
    speed_fn *floors[FLOORS]; /* the fastest counts */
    uint64_t size, count;
    double tolerance; /* by which outcomes may differ, relative */
};

static const struct benchmark benchmarks[] = {
    {"hold-10", "ns/event", ns_a_thing, hold_run, {hold_floor_pop_push, hold_floor_replace}, 10, 10000000, 1e-6},
    {"hold-1e3", "ns/event", ns_a_thing, hold_run, {hold_floor_pop_push, hold_floor_replace}, 1000, 5000000, 1e-6},
    {"hold-1e5", "ns/event", ns_a_thing, hold_run, {hold_floor_pop_push, hold_floor_replace}, 100000, 3000000, 1e-6},
    {"hold-1e6", "ns/event", ns_a_thing, hold_run, {hold_floor_pop_push, hold_floor_replace}, 1000000, 3000000, 1e-6},
    {"mm1", "ns/customer", ns_a_thing, mm1_run, {mm1_floor}, 0, 5000000, 1e-6},
    {"tcp-10MB", "ms/transfer", ms_a_thing, tcp_run, {tcp_floor}, 10000000, 50, 0.05},
    {"msrp-1GiB", "hops/s", things_a_second, msrp_run, {NULL}, GIB, 0, 0},
    {"msrp-1GiB-memory", "MiB", mib_of_things, msrp_memory, {NULL}, GIB, 0, 0},
    {"msrp-1GiB-2048", "hops/s", things_a_second, msrp_run, {NULL}, GIB, 2048, 0},
    {"msrp-1GiB-2048-memory", "MiB", mib_of_things, msrp_memory, {NULL}, GIB, 2048, 0},
    {"cms-seal-1GiB", "ns/B", ns_a_thing, cms_seal_run, {cms_floor}, GIB, 0, 0},
    {"cms-seal-1GiB-memory", "MiB", mib_of_things, cms_seal_memory, {NULL}, GIB, 0, 0},
    {"cms-open-1GiB", "ns/B", ns_a_thing, cms_open_run, {cms_floor}, GIB, 0, 0},
    {"inspect-1GB", "ms/GB", ms_a_gigabyte, inspect_run, {inspect_floor}, 1000000000, 0, 0},
    {"inspect-1GB-memory", "MiB", mib_of_things, inspect_memory, {NULL}, 1000000000, 0, 0},
    {"inspect-100MB-memory", "MiB", mib_of_things, inspect_memory, {NULL}, 100000000, 0, 0},
    {"timer-push", "ns/push", ns_a_thing, timer_run, {NULL}, 100, 20000000, 0},
};

double speed_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof(*values), compare);
    return values[ROUNDS / 2];
}

/* What the row shows, in its unit. Stops when the outcome is not the expected one: a loop that does other work is no
 * floor.
 */
static double measure(const struct benchmark *benchmark, speed_fn *run, double *expected)
{
    struct speed speed = run(benchmark->size, benchmark->count);

    if (isnan(*expected))
        *expected = speed.outcome;
    if (fabs(speed.outcome - *expected) > benchmark->tolerance * fabs(*expected)) {
        fprintf(stderr, "%s: found %.9g, expected %.9g\n", benchmark->name, speed.outcome, *expected);
        exit(1);
    }
    return benchmark->value(&speed);
}

static void measure_and_print(const struct benchmark *benchmark)
{
    double ours[ROUNDS], floors[FLOORS][ROUNDS];
    double expected = NAN, fastest = INFINITY;

    for (int i = 0; i < ROUNDS; i++) {
        ours[i] = measure(benchmark, benchmark->ours, &expected);
        for (int f = 0; f < FLOORS; f++)
            floors[f][i] = benchmark->floors[f] ? measure(benchmark, benchmark->floors[f], &expected) : INFINITY;
    }
    double median_ours = median(ours);

    for (int f = 0; f < FLOORS; f++)
        fastest = fmin(fastest, median(floors[f]));
    if (isinf(fastest))
        printf("%s,%.3f,%s,,\n", benchmark->name, median_ours, benchmark->unit);
    else
        printf("%s,%.3f,%s,%.3f,%.3f\n", benchmark->name, median_ours, benchmark->unit, fastest, fastest / median_ours);
    fflush(stdout);
}

/* All benchmarks, or those named on the command line; --capture FILE BYTES writes the capture that inspect is measured
 * with, --read FILE reads it as inspect does. */
int main(int count, char **names)
{
    if (count == 4 && strcmp(names[1], "--capture") == 0)
        return capture_save(names[2], strtoull(names[3], NULL, 10) / CAPTURE_FRAME);
    if (count == 3 && strcmp(names[1], "--read") == 0)
        return inspect_read(names[2]);
    variates_prepare();
    printf("name,value,unit,floor,ratio\n");
    for (size_t i = 0; i < sizeof(benchmarks) / sizeof(benchmarks[0]); i++) {
        int wanted = count < 2;

        for (int n = 1; n < count; n++)
            wanted |= strcmp(names[n], benchmarks[i].name) == 0;
        if (wanted)
            measure_and_print(&benchmarks[i]);
    }
    return 0;
}
