/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "bench/measure/loop.h"
#include "sim/base/check.h"

#include <poll.h>
#include <stddef.h>
#include <time.h>

#define SECOND_NS INT64_C(1000000000)

int64_t loop_now_ns(void)
{
    struct timespec now;

    check(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec * SECOND_NS + now.tv_nsec;
}

bool loop_add(struct loop *loop, struct loop_watch *watch)
{
    for (int i = 0; i < LOOP_WATCHES_MAX; i++)
        if (!loop->watches[i]) {
            loop->watches[i] = watch;
            return true;
        }
    return false;
}

void loop_remove(struct loop *loop, struct loop_watch *watch)
{
    for (int i = 0; i < LOOP_WATCHES_MAX; i++)
        if (loop->watches[i] == watch)
            loop->watches[i] = NULL;
}

bool loop_add_timer(struct loop *loop, struct loop_timer *timer)
{
    for (int i = 0; i < LOOP_TIMERS_MAX; i++)
        if (!loop->timers[i]) {
            timer->at_ns = INT64_MAX;
            loop->timers[i] = timer;
            return true;
        }
    return false;
}

void loop_remove_timer(struct loop *loop, struct loop_timer *timer)
{
    for (int i = 0; i < LOOP_TIMERS_MAX; i++)
        if (loop->timers[i] == timer)
            loop->timers[i] = NULL;
}

void loop_defer(struct loop *loop, struct loop_job *job)
{
    job->next = loop->jobs;
    loop->jobs = job;
}

static void run_jobs(struct loop *loop)
{
    while (loop->jobs) {
        struct loop_job *job = loop->jobs;

        loop->jobs = job->next;
        job->run(job->context);
    }
}

static void ring_timers(struct loop *loop)
{
    int64_t now_ns = loop_now_ns();

    for (int i = 0; i < LOOP_TIMERS_MAX; i++) {
        struct loop_timer *timer = loop->timers[i];

        if (!timer || timer->at_ns > now_ns)
            continue;
        timer->at_ns = INT64_MAX;
        timer->ring(timer->context);
    }
}

static int64_t next_ns(const struct loop *loop, int64_t until_ns)
{
    for (int i = 0; i < LOOP_TIMERS_MAX; i++)
        if (loop->timers[i] && loop->timers[i]->at_ns < until_ns)
            until_ns = loop->timers[i]->at_ns;
    return until_ns;
}

/* A watch may remove itself or another one, and a new one may take its place: only those that were polled are told. */
static void tell(struct loop *loop, struct loop_watch *const *asked, const struct pollfd *polled)
{
    for (int i = 0; i < LOOP_WATCHES_MAX; i++) {
        struct loop_watch *watch = loop->watches[i];

        if (watch && polled[i].revents != 0 && watch == asked[i])
            watch->ready(watch->context, polled[i].revents);
    }
}

void loop_turn(struct loop *loop, int64_t until_ns)
{
    struct loop_watch *asked[LOOP_WATCHES_MAX];
    struct pollfd polled[LOOP_WATCHES_MAX];
    struct timespec wait, *timeout = NULL;

    for (int i = 0; i < LOOP_WATCHES_MAX; i++) {
        const struct loop_watch *watch = asked[i] = loop->watches[i];

        polled[i] = (struct pollfd){.fd = watch ? watch->fd : -1, .events = watch ? watch->events : (short)0};
    }
    int64_t at_ns = next_ns(loop, until_ns);

    if (at_ns != INT64_MAX) {
        int64_t left_ns = at_ns - loop_now_ns();

        left_ns = left_ns > 0 ? left_ns : 0;
        wait = (struct timespec){.tv_sec = left_ns / SECOND_NS, .tv_nsec = left_ns % SECOND_NS};
        timeout = &wait;
    }
    if (ppoll(polled, LOOP_WATCHES_MAX, timeout, NULL) > 0)
        tell(loop, asked, polled);
    ring_timers(loop);
    run_jobs(loop);
}

void loop_run(struct loop *loop)
{
    while (!loop->is_over)
        loop_turn(loop, INT64_MAX);
}
