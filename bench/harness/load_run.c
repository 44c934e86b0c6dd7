/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/load_run.h"

#include <pthread.h>
#include <stdatomic.h>

enum { JOBS_MAX = 256, STEPS = 1000 };

struct running {
    const struct load_job *job;
    struct load_outcome *outcomes;
    atomic_size_t next;
    pthread_mutex_t lock;
    uint64_t done; /* thousandths of replications; guarded, as is what follows */
    enum err error;
    struct note *note;
};

/* One thread's replication. */
struct replication {
    struct running *running;
    uint64_t told; /* thousandths of it */
};

static void tell(struct replication *replication, uint64_t steps)
{
    struct running *running = replication->running;
    const struct load_job *job = running->job;

    if (steps <= replication->told || !job->progress)
        return;
    pthread_mutex_lock(&running->lock);
    running->done += steps - replication->told;
    job->progress(job->context, running->done, job->replications * STEPS);
    pthread_mutex_unlock(&running->lock);
    replication->told = steps;
}

static void progress(void *context, int64_t now_ns, int64_t end_ns)
{
    tell(context, now_ns >= end_ns ? STEPS - 1 : (uint64_t)((double)now_ns / (double)end_ns * STEPS));
}

static enum err run_one(struct running *running, size_t index, struct arena *arena, struct note *note)
{
    const struct load_job *job = running->job;
    struct replication replication = {.running = running};
    struct trial trial = setup_trial(job->setup, job->arm, job->first + index);
    struct load load = {.trial = &trial,
                        .arrivals_ns = job->times->at_ns,
                        .arrival_count = job->times->count,
                        .inadequate_most = job->inadequate_most,
                        .context = &replication,
                        .progress = progress};

    TRY(sim_load(&load, arena, &running->outcomes[index], note));
    tell(&replication, STEPS);
    return ERR_OK;
}

static void fail(struct running *running, enum err error, const struct note *note)
{
    pthread_mutex_lock(&running->lock);
    if (running->error == ERR_OK) {
        running->error = error;
        *running->note = *note;
    }
    pthread_mutex_unlock(&running->lock);
    atomic_store(&running->next, running->job->replications);
}

static void *work(void *context)
{
    struct running *running = context;
    struct arena *arena = arena_create(running->job->memory_bytes);
    struct note note = {{0}};
    enum err error = arena ? ERR_OK : note_set(&note, ERR_FULL, "no memory for a load");

    while (error == ERR_OK) {
        size_t index = atomic_fetch_add(&running->next, 1);

        if (index >= running->job->replications)
            break;
        error = run_one(running, index, arena, &note);
    }
    if (error != ERR_OK)
        fail(running, error, &note);
    arena_destroy(arena);
    return NULL;
}

enum err load_run(const struct load_job *job, struct load_outcome *outcomes, struct note *note)
{
    struct running running = {.job = job, .outcomes = outcomes, .note = note};
    pthread_t threads[JOBS_MAX];
    unsigned wanted = job->jobs < JOBS_MAX ? job->jobs : JOBS_MAX, begun = 0;

    if (wanted > job->replications)
        wanted = (unsigned)job->replications;
    pthread_mutex_init(&running.lock, NULL);
    while (begun + 1 < wanted && pthread_create(&threads[begun], NULL, work, &running) == 0)
        begun++;
    work(&running);
    for (unsigned i = 0; i < begun; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&running.lock);
    return running.error;
}
