/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The running half of comparison.h. Threads take trials from one counter and write each outcome to its own place, so
 * the result does not depend on how many there are.
 */
#include "bench/harness/comparison.h"
#include "sim/base/check.h"

#include <pthread.h>
#include <stdlib.h>

/* Trials done by one stretch of work; its fields but the first are guarded by lock. */
struct work {
    const struct comparison_plan *plan;
    struct comparison *comparison;
    pthread_mutex_t lock;
    size_t next, until; /* places in outcomes */
    enum err error;
    struct note note;
};

/* The next place to fill, or until when there is none. Says how far the work is. */
static size_t take(struct work *work)
{
    pthread_mutex_lock(&work->lock);
    size_t place = work->error == ERR_OK ? work->next : work->until;

    if (place < work->until)
        work->next++;
    pthread_mutex_unlock(&work->lock);
    return place;
}

static void fail(struct work *work, enum err error, const struct note *note)
{
    pthread_mutex_lock(&work->lock);
    if (work->error == ERR_OK) {
        work->error = error;
        work->note = *note;
    }
    pthread_mutex_unlock(&work->lock);
}

/* Runs trials until there are none left. The first thread tells how far all of them are. */
static void run_trials(struct work *work, bool tells)
{
    const struct comparison_plan *plan = work->plan;
    struct arena *arena = arena_create(plan->memory_bytes);
    struct note note = {0};

    if (!arena) {
        note_set(&note, ERR_FULL, "no memory for a trial of %zu bytes", plan->memory_bytes);
        fail(work, ERR_FULL, &note);
        return;
    }
    for (size_t place = take(work); place < work->until; place = take(work)) {
        struct trial trial = plan->trial;

        trial.arm = plan->arms[place % plan->arm_count];
        trial.number = place / plan->arm_count;
        trial.tap = NULL;
        enum err error = sim_run(&trial, arena, &work->comparison->outcomes[place], &note);

        if (error != ERR_OK)
            fail(work, error, &note);
        if (tells && plan->progress && place % 16 == 0)
            plan->progress(plan->context, place, work->until);
    }
    arena_destroy(arena);
}

static void *run_thread(void *context)
{
    run_trials(context, false);
    return NULL;
}

/* Runs trials from comparison->trials to before trials, in as many threads as asked for; fewer where the machine
 * gives no more. */
static enum err run_until(const struct comparison_plan *plan, struct comparison *comparison, size_t trials,
                          struct note *note)
{
    struct work work = {.plan = plan, .comparison = comparison};
    pthread_t threads[COMPARISON_JOBS_MAX];
    unsigned started = 0;
    size_t places = (trials - comparison->trials) * plan->arm_count;

    work.next = comparison->trials * plan->arm_count;
    work.until = trials * plan->arm_count;
    pthread_mutex_init(&work.lock, NULL);
    while (started + 1 < plan->jobs && started + 1 < places &&
           pthread_create(&threads[started], NULL, run_thread, &work) == 0)
        started++;
    run_trials(&work, true);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&work.lock);
    if (work.error != ERR_OK)
        return note_set(note, work.error, "%s", work.note.text);
    comparison->trials = trials;
    return ERR_OK;
}

static enum err make_room(struct comparison *comparison, size_t trials, struct note *note)
{
    struct outcome *outcomes =
        reallocarray(comparison->outcomes, trials, comparison->arm_count * sizeof(*comparison->outcomes));

    if (!outcomes)
        return note_set(note, ERR_FULL, "no memory for the outcomes of %zu trials an arm", trials);
    comparison->outcomes = outcomes;
    return ERR_OK;
}

static enum err run_all(const struct comparison_plan *plan, struct comparison *comparison, struct note *note)
{
    size_t most = comparison->is_exact ? 1 : plan->trials;
    size_t next = plan->precision > 0 && !comparison->is_exact ? comparison_next_look(0, most) : most;

    for (;;) {
        TRY(make_room(comparison, next, note));
        TRY(run_until(plan, comparison, next, note));
        if (next == most || comparison_is_enough(comparison, plan->precision))
            break;
        next = comparison_next_look(next, most);
    }
    if (plan->progress)
        plan->progress(plan->context, comparison->trials * plan->arm_count, comparison->trials * plan->arm_count);
    return ERR_OK;
}

enum err comparison_run(const struct comparison_plan *plan, struct comparison *comparison, struct note *note)
{
    struct comparison made = {.arm_count = plan->arm_count, .reference = plan->reference};

    check(plan->arm_count > 0 && plan->arm_count <= COMPARISON_ARMS_MAX);
    check(plan->trials > 0 && plan->jobs > 0 && plan->jobs <= COMPARISON_JOBS_MAX);
    check(plan->reference < plan->arm_count);
    memcpy(made.arms, plan->arms, sizeof(made.arms));
    made.is_exact = comparison_is_exact(plan->trial.scenario);
    enum err error = run_all(plan, &made, note);

    if (error != ERR_OK)
        comparison_free(&made);
    else
        *comparison = made;
    return error;
}
