/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loop.h - the real clock and what waits for it: file descriptors by poll(), timers, and work put off to the end of a
 * turn. Times are nanoseconds of CLOCK_MONOTONIC, which all processes and namespaces of one machine share.
 */
#ifndef BENCH_MEASURE_LOOP_H
#define BENCH_MEASURE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

enum { LOOP_WATCHES_MAX = 64, LOOP_TIMERS_MAX = 64 };

struct loop_watch {
    int fd;
    short events; /* of poll(); 0: only errors and hang-ups */
    void *context;
    void (*ready)(void *context, short events);
};

struct loop_timer {
    int64_t at_ns; /* INT64_MAX: not armed */
    void *context;
    void (*ring)(void *context);
};

/* Work for the end of the turn, when nobody is inside of anybody's event any more. */
struct loop_job {
    struct loop_job *next;
    void *context;
    void (*run)(void *context);
};

struct loop {
    struct loop_watch *watches[LOOP_WATCHES_MAX]; /* NULL: unused */
    struct loop_timer *timers[LOOP_TIMERS_MAX];
    struct loop_job *jobs;
    bool is_over;
};

int64_t loop_now_ns(void);

/* The owner keeps watch or timer alive until it is removed. False: there is no place left. */
bool loop_add(struct loop *loop, struct loop_watch *watch);
void loop_remove(struct loop *loop, struct loop_watch *watch);
bool loop_add_timer(struct loop *loop, struct loop_timer *timer);
void loop_remove_timer(struct loop *loop, struct loop_timer *timer);

void loop_defer(struct loop *loop, struct loop_job *job);

/* One turn: waits for the first event, at most until until_ns, and tells everybody concerned. */
void loop_turn(struct loop *loop, int64_t until_ns);

/* Turns until somebody sets is_over. */
void loop_run(struct loop *loop);

#endif
