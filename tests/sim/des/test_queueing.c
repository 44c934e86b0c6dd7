/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_queueing.c - engine, station and streams together against closed forms of queueing theory (Kleinrock 1975).
 * Each queue is simulated with 20 fixed seeds; the mean of the 20 must agree with the formula within Student intervals
 * that hold for all queues at once with 99.9 % (Bonferroni).
 */
#include "sim/base/units.h"
#include "sim/des/station.h"
#include "sim/des/stats.h"
#include "sim/des/stream.h"
#include "tests/unit.h"

#include <gsl/gsl_randist.h>
#include <math.h>

enum { SEEDS = 20, WARM_UP = 2000, QUEUES = 5 };

/* Mean service is 1 ms throughout. */
struct queue {
    const char *name;
    double load; /* offered, by worker */
    uint32_t workers;
    uint32_t room; /* jobs in the whole station; 0: no limit */
    bool is_constant;
    uint64_t customers;
};

struct run {
    const struct queue *queue;
    struct engine engine;
    struct streams streams;
    struct station *station;
    uint64_t arrived;
    uint64_t refused;
    struct tally wait_ms;
};

static int64_t exponential_ns(struct run *run, const char *place, enum stream_kind kind, double mean_ms)
{
    gsl_rng *rng = streams_at(&run->streams, stream_place(place), kind, run->arrived);

    return (int64_t)(gsl_ran_exponential(rng, mean_ms) * (double)MS);
}

static void served(void *context, const struct cause *cause)
{
    struct run *run = context;

    tally_add(&run->wait_ms, (double)cause->parts.ns[PART_QUEUEING] / (double)MS);
}

static void served_unseen(void *context, const struct cause *cause)
{
    (void)context;
    (void)cause;
}

static void arrive(struct engine *engine, void *context)
{
    struct run *run = context;
    const struct queue *queue = run->queue;
    struct cause cause = {.transfer = 0};
    int64_t work_ns = queue->is_constant ? MS : exponential_ns(run, "clerk", STREAM_SERVICE, 1);
    bool is_warm = run->arrived >= WARM_UP;
    bool accepted =
        station_submit(run->station, &cause, PART_PROCESSING, work_ns, run, is_warm ? served : served_unseen);

    run->refused += is_warm && !accepted;
    if (++run->arrived < WARM_UP + queue->customers)
        engine_at(engine,
                  engine->now_ns + exponential_ns(run, "door", STREAM_ARRIVAL, 1 / (queue->load * queue->workers)), run,
                  arrive);
}

/* What a queue's 20 runs gave: mean waits, shares refused, shares of time that a worker is busy. */
struct result {
    struct tally wait_ms, refused, busy;
};

static struct result simulate(const struct queue *queue)
{
    struct arena *arena = arena_create(64 * MIB);
    struct result result = {0};

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct run run = {.queue = queue};

        arena_reset(arena);
        engine_init(&run.engine, arena);
        streams_init(&run.streams, arena, seed, 0);
        run.station = station_create(&run.engine, arena, queue->workers,
                                     queue->room ? queue->room - queue->workers : UINT32_MAX / 2);
        engine_at(&run.engine, 0, &run, arrive);
        CU_ASSERT_TRUE(engine_run(&run.engine, NULL));
        tally_add(&result.wait_ms, run.wait_ms.mean);
        tally_add(&result.refused, (double)run.refused / (double)queue->customers);
        tally_add(&result.busy,
                  (double)station_busy_ns(run.station) / ((double)run.engine.now_ns * (double)queue->workers));
    }
    arena_destroy(arena);
    return result;
}

/* The interval must hold the closed form, and be narrow enough to say something. */
static void agrees(const struct tally *tally, double expected, double narrow)
{
    double half_width = tally_half_width(tally, 1 - 0.001 / QUEUES);

    CU_ASSERT(fabs(tally->mean - expected) <= half_width);
    CU_ASSERT(half_width < narrow * expected);
}

/* Mean wait of M/M/c, in service times: Erlang's C by the recursion of his B. */
static double erlang_wait(double load, uint32_t workers)
{
    double offered = load * workers;
    double blocked = 1;

    for (uint32_t k = 1; k <= workers; k++)
        blocked = offered * blocked / (k + offered * blocked);
    double waits = blocked / (1 - load * (1 - blocked));

    return waits / (workers * (1 - load));
}

static void single_worker_with_exponential_work(void)
{
    static const struct queue queue = {.name = "M/M/1", .load = 0.7, .workers = 1, .customers = 40000};
    struct result result = simulate(&queue);

    agrees(&result.wait_ms, 0.7 / (1 - 0.7), 0.08);
    CU_ASSERT_DOUBLE_EQUAL(result.busy.mean, 0.7, 0.01);
}

static void single_worker_with_constant_work(void)
{
    static const struct queue queue = {
        .name = "M/D/1", .load = 0.7, .workers = 1, .is_constant = true, .customers = 40000};
    struct result result = simulate(&queue);

    agrees(&result.wait_ms, 0.7 / (2 * (1 - 0.7)), 0.05);
}

static void four_workers(void)
{
    static const struct queue queue = {.name = "M/M/4", .load = 0.8, .workers = 4, .customers = 60000};
    struct result result = simulate(&queue);

    /* Erlang's C for 3.2 erlang and 4 workers is 0.5964 in any table. */
    CU_ASSERT_DOUBLE_EQUAL(erlang_wait(0.8, 4), 0.5964 / 0.8, 0.0001);
    agrees(&result.wait_ms, erlang_wait(0.8, 4), 0.1);
    CU_ASSERT_DOUBLE_EQUAL(result.busy.mean, 0.8, 0.01);
}

static void a_finite_room_loses_what_the_formula_says(void)
{
    static const struct queue queue = {.name = "M/M/1/5", .load = 0.8, .workers = 1, .room = 5, .customers = 40000};
    struct result result = simulate(&queue);

    /* Share lost: (1 - a) a^K / (1 - a^(K + 1)). */
    agrees(&result.refused, (1 - 0.8) * pow(0.8, 5) / (1 - pow(0.8, 6)), 0.05);
}

static void no_room_to_wait_loses_what_erlang_says(void)
{
    static const struct queue queue = {
        .name = "M/D/3/3", .load = 2.0 / 3, .workers = 3, .room = 3, .is_constant = true, .customers = 40000};
    struct result result = simulate(&queue);

    /* Erlang's B for 2 erlang on 3 workers is 4/19, whatever the distribution of the work. */
    agrees(&result.refused, 4.0 / 19, 0.03);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"M/M/1 waits as long as Erlang says", single_worker_with_exponential_work},
        {"M/D/1 waits half as long", single_worker_with_constant_work},
        {"M/M/4 waits as Erlang's C says", four_workers},
        {"M/M/1/5 loses what the formula says", a_finite_room_loses_what_the_formula_says},
        {"M/D/3/3 loses what Erlang's B says", no_room_to_wait_loses_what_erlang_says},
        {NULL, NULL}};

    return unit_run("queueing", tests);
}
