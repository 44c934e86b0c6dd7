/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/queue.h"
#include "sim/base/units.h"
#include "sim/des/station.h"
#include "sim/des/stream.h"

#include <gsl/gsl_randist.h>
#include <math.h>

enum { WARM_UP = 2000 };

struct queue_run {
    const struct queue *queue;
    struct engine engine;
    struct streams streams;
    struct station *station, *second;
    uint64_t customers;
    uint64_t arrived, passed_on;
    uint64_t refused;
    struct tally wait_ms, second_wait_ms;
};

static double draw_exponential(gsl_rng *rng, double variation)
{
    (void)variation;
    return gsl_ran_exponential(rng, 1);
}

static double draw_constant(gsl_rng *rng, double variation)
{
    (void)rng;
    (void)variation;
    return 1;
}

static double draw_lognormal(gsl_rng *rng, double variation)
{
    double variance = log(1 + variation * variation);

    return gsl_ran_lognormal(rng, -variance / 2, sqrt(variance));
}

/* Two exponential kinds of work, each of which makes half of all the work (balanced means). */
static double draw_hyperexponential(gsl_rng *rng, double variation)
{
    double squared = variation * variation;
    double first = (1 + sqrt((squared - 1) / (squared + 1))) / 2;
    double share = gsl_rng_uniform(rng) < first ? first : 1 - first;

    return gsl_ran_exponential(rng, 1 / (2 * share));
}

static double (*const draws[QUEUE_WORK_COUNT])(gsl_rng *rng, double variation) = {
    [QUEUE_EXPONENTIAL] = draw_exponential,
    [QUEUE_CONSTANT] = draw_constant,
    [QUEUE_LOGNORMAL] = draw_lognormal,
    [QUEUE_HYPEREXPONENTIAL] = draw_hyperexponential,
};

static int64_t in_ns(double ms)
{
    return (int64_t)llround(ms * (double)MS);
}

static int64_t exponential_ns(struct queue_run *run, const char *place, enum stream_kind kind, uint64_t ordinal,
                              double mean_ms)
{
    return in_ns(gsl_ran_exponential(streams_at(&run->streams, stream_place(place), kind, ordinal), mean_ms));
}

static double wait_ms(const struct cause *cause)
{
    return (double)cause->parts.ns[PART_QUEUEING] / (double)MS;
}

static void served_unseen(void *context, const struct cause *cause)
{
    (void)context;
    (void)cause;
}

static void second_served(void *context, const struct cause *cause)
{
    struct queue_run *run = context;

    tally_add(&run->second_wait_ms, wait_ms(cause));
}

static void pass_on(struct queue_run *run, station_done_fn *done)
{
    const struct cause cause = {.transfer = 0};
    double mean_ms = run->queue->second_load / run->queue->load;
    int64_t work_ns = exponential_ns(run, "second clerk", STREAM_SERVICE, run->passed_on++, mean_ms);

    if (!station_submit(run->second, &cause, PART_PROCESSING, work_ns, run, done))
        run->refused++;
}

static void served(void *context, const struct cause *cause)
{
    struct queue_run *run = context;

    tally_add(&run->wait_ms, wait_ms(cause));
    if (run->second)
        pass_on(run, second_served);
}

static void served_in_warm_up(void *context, const struct cause *cause)
{
    struct queue_run *run = context;

    (void)cause;
    if (run->second)
        pass_on(run, served_unseen);
}

static void arrive(struct engine *engine, void *context)
{
    struct queue_run *run = context;
    const struct queue *queue = run->queue;
    const struct cause cause = {.transfer = 0};
    gsl_rng *rng = streams_at(&run->streams, stream_place("clerk"), STREAM_SERVICE, run->arrived);
    int64_t work_ns = in_ns(draws[queue->work](rng, queue->variation));
    bool is_warm = run->arrived >= WARM_UP;
    bool is_accepted =
        station_submit(run->station, &cause, PART_PROCESSING, work_ns, run, is_warm ? served : served_in_warm_up);

    run->refused += is_warm && !is_accepted;
    int64_t pause_ns =
        exponential_ns(run, "door", STREAM_ARRIVAL, run->arrived, 1 / (queue->load * (double)queue->workers));

    if (++run->arrived < WARM_UP + run->customers)
        engine_at(engine, engine->now_ns + pause_ns, run, arrive);
}

static void simulate_seed(const struct queue *queue, uint64_t seed, uint64_t customers, struct arena *arena,
                          struct queue_result *result)
{
    struct queue_run run = {.queue = queue, .customers = customers};
    uint32_t waiting_max = queue->room ? queue->room - queue->workers : UINT32_MAX / 2;

    arena_reset(arena);
    engine_init(&run.engine, arena);
    streams_init(&run.streams, arena, seed, 0);
    run.station = station_create(&run.engine, arena, queue->workers, waiting_max);
    if (queue->second_load > 0)
        run.second = station_create(&run.engine, arena, 1, UINT32_MAX / 2);
    engine_at(&run.engine, 0, &run, arrive);
    engine_run(&run.engine, NULL);
    check(run.engine.pending == 0 && run.arrived == WARM_UP + customers);
    tally_add(&result->wait_ms, run.wait_ms.mean);
    tally_add(&result->second_wait_ms, run.second_wait_ms.mean);
    tally_add(&result->refused, (double)run.refused / (double)customers);
    tally_add(&result->busy, (double)station_busy_ns(run.station) / ((double)run.engine.now_ns * queue->workers));
}

void queue_simulate(const struct queue *queue, uint64_t seeds, uint64_t customers, struct arena *arena,
                    struct queue_result *result)
{
    *result = (struct queue_result){0};
    for (uint64_t seed = 1; seed <= seeds; seed++)
        simulate_seed(queue, seed, customers, arena, result);
}

double queue_refused_erlang(double load, uint32_t workers)
{
    double offered = load * workers;
    double refused = 1;

    for (uint32_t k = 1; k <= workers; k++)
        refused = offered * refused / (k + offered * refused);
    return refused;
}

double queue_wait_erlang(double load, uint32_t workers)
{
    double refused = queue_refused_erlang(load, workers);
    double waits = refused / (1 - load * (1 - refused));

    return waits / (workers * (1 - load));
}

double queue_wait_pollaczek(double load, double variation)
{
    return load * (1 + variation * variation) / (2 * (1 - load));
}

double queue_refused_room(double load, uint32_t room)
{
    return (1 - load) * pow(load, room) / (1 - pow(load, room + 1.0));
}

double queue_refused_workers_room(double load, uint32_t workers, uint32_t room)
{
    double state = 1, sum = 1;

    for (uint32_t k = 1; k <= room; k++) {
        state *= load * workers / (k < workers ? k : workers);
        sum += state;
    }
    return state / sum;
}
