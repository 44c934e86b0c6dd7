/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/des/station.h"

#include <assert.h>

enum { WORKERS_MAX = 64, RING_FIRST = 8 };

/* A job in the queue or in service. */
struct job {
    struct cause cause;
    enum part part;
    int64_t submitted_ns;
    int64_t work_ns;
    void *context;
    station_done_fn *done;
};

struct worker {
    struct station *station;
    struct job job;
};

struct station {
    struct engine *engine;
    struct arena *arena;
    uint64_t idle; /* a bit for each idle worker */
    uint32_t worker_count;
    uint32_t queue_max;
    uint32_t waiting;
    struct job *ring;   /* jobs that wait, first come first */
    uint32_t ring_size; /* a power of two */
    uint32_t ring_first;
    int64_t busy_ns;
    uint64_t jobs;
    uint64_t refused;
    struct worker *workers;
};

struct station *station_create(struct engine *engine, struct arena *arena, uint32_t workers, uint32_t queue_max)
{
    check(workers >= 1 && workers <= WORKERS_MAX);
    check(queue_max <= UINT32_MAX / 2);
    struct station *station = arena_alloc(arena, sizeof(*station));

    *station = (struct station){.engine = engine, .arena = arena, .worker_count = workers, .queue_max = queue_max};
    station->idle = UINT64_MAX >> (WORKERS_MAX - workers);
    station->workers = arena_alloc(arena, workers * sizeof(*station->workers));
    for (uint32_t i = 0; i < workers; i++)
        station->workers[i].station = station;
    return station;
}

/* Twice the ring: a power of two that holds the jobs that wait. */
static void ring_grow(struct station *station)
{
    uint32_t size = station->ring_size ? 2 * station->ring_size : RING_FIRST;
    struct job *ring = arena_alloc(station->arena, size * sizeof(*ring));

    for (uint32_t i = 0; i < station->waiting; i++)
        ring[i] = station->ring[(station->ring_first + i) & (station->ring_size - 1)];
    station->ring = ring;
    station->ring_size = size;
    station->ring_first = 0;
}

static void worker_event(struct engine *engine, void *context);

/* Begins the worker's job. */
static void worker_begin(struct worker *worker)
{
    struct station *station = worker->station;

    station->busy_ns += worker->job.work_ns;
    engine_at(station->engine, station->engine->now_ns + worker->job.work_ns, worker, worker_event);
}

/* The first in line goes on with the sums of the job before it if both are of one transfer: what it waited for is then
 * the transfer itself. */
static void worker_take_next(struct worker *worker, const struct cause *released)
{
    struct station *station = worker->station;
    struct job *job = &worker->job;

    check(station->waiting > 0);
    *job = station->ring[station->ring_first];
    station->ring_first = (station->ring_first + 1) & (station->ring_size - 1);
    station->waiting--;
    if (released->transfer != 0 && released->transfer == job->cause.transfer)
        job->cause.parts = released->parts;
    else
        cause_charge(&job->cause, PART_QUEUEING, station->engine->now_ns - job->submitted_ns);
    worker_begin(worker);
}

/* The next in line begins before the owner hears of the end: what the owner then submits comes behind it. */
static void worker_event(struct engine *engine, void *context)
{
    struct worker *worker = context;
    struct station *station = worker->station;
    struct job *job = &worker->job;
    station_done_fn *done = job->done;
    void *owner = job->context;

    check(station->engine == engine);
    cause_charge(&job->cause, job->part, job->work_ns);
    struct cause cause = job->cause;

    if (station->waiting > 0)
        worker_take_next(worker, &cause);
    else
        station->idle |= UINT64_C(1) << (worker - station->workers);
    done(owner, &cause);
}

void station_take(struct station *station, const struct cause *cause, enum part part, int64_t work_ns, void *context,
                  station_done_fn *done)
{
    check(work_ns >= 0);
    struct job job = {*cause, part, station->engine->now_ns, work_ns, context, done};

    if (station->idle != 0) {
        check(station->waiting == 0);
        struct worker *worker = &station->workers[__builtin_ctzll(station->idle)];

        station->idle &= station->idle - 1;
        worker->job = job;
        worker_begin(worker);
    } else {
        check(station->waiting < UINT32_MAX / 2);
        if (station->waiting == station->ring_size)
            ring_grow(station);
        station->ring[(station->ring_first + station->waiting) & (station->ring_size - 1)] = job;
        station->waiting++;
    }
    station->jobs++;
}

bool station_submit(struct station *station, const struct cause *cause, enum part part, int64_t work_ns, void *context,
                    station_done_fn *done)
{
    if (station->idle == 0 && station->waiting >= station->queue_max) {
        station->refused++;
        return false;
    }
    station_take(station, cause, part, work_ns, context, done);
    return true;
}

uint32_t station_present(const struct station *station)
{
    return station->waiting + station->worker_count - (uint32_t)__builtin_popcountll(station->idle);
}

int64_t station_busy_ns(const struct station *station)
{
    return station->busy_ns;
}

uint64_t station_jobs(const struct station *station)
{
    return station->jobs;
}

uint64_t station_refused(const struct station *station)
{
    return station->refused;
}
