/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * queue.h - queues that theory knows, simulated with the engine, stations and streams that trials use: Poisson
 * arrivals, workers in one station, work of a chosen distribution with a mean of 1 ms, a second station behind it where
 * wanted. The closed forms stand beside them.
 */
#ifndef BENCH_HARNESS_QUEUE_H
#define BENCH_HARNESS_QUEUE_H

#include "sim/base/arena.h"
#include "sim/des/stats.h"

enum queue_work { QUEUE_EXPONENTIAL, QUEUE_CONSTANT, QUEUE_LOGNORMAL, QUEUE_HYPEREXPONENTIAL, QUEUE_WORK_COUNT };

struct queue {
    double load; /* offered, by worker */
    uint32_t workers;
    uint32_t room; /* jobs in the whole station; 0: no limit */
    enum queue_work work;
    double variation;   /* coefficient of variation of lognormal and hyperexponential work, the latter's above 1 */
    double second_load; /* of a second station with one worker and exponential work; 0: there is none */
};

/* What the runs of a queue gave, one value a seed: mean waits in ms, shares of customers refused, shares of time for
 * which a worker of the first station is busy. */
struct queue_result {
    struct tally wait_ms, second_wait_ms, refused, busy;
};

/* Runs the queue with seeds 1 to seeds, customers each after a warm-up. The arena (64 MiB suffice) is reset. */
void queue_simulate(const struct queue *queue, uint64_t seeds, uint64_t customers, struct arena *arena,
                    struct queue_result *result);

/* Mean wait of M/M/c in service times: Erlang's C by the recursion of his B (Kleinrock 1975, section 3.5). */
double queue_wait_erlang(double load, uint32_t workers);

/* Mean wait of M/G/1 in service times: Pollaczek and Khinchine (Kleinrock 1975, section 5.7). */
double queue_wait_pollaczek(double load, double variation);

/* Share of customers that M/M/1/room refuses (Kleinrock 1975, section 3.6). */
double queue_refused_room(double load, uint32_t room);

/* Share of customers that M/M/workers/room refuses, room at least workers: birth and death (Kleinrock 1975, section
 * 3.2). */
double queue_refused_workers_room(double load, uint32_t workers, uint32_t room);

/* Share of customers that M/G/c/c refuses: Erlang's B (Kleinrock 1975, section 3.7). */
double queue_refused_erlang(double load, uint32_t workers);

#endif
