/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/ranks.h"
#include "bench/harness/sweep_state.h"
#include "bench/harness/sweep_inputs.h"
#include "sim/base/check.h"

#include <stdlib.h>

/* ---- Places ---- */

static void locate(const struct work *work, uint64_t row, size_t *point, size_t *trial, size_t *arm)
{
    size_t arm_count = work->job->sweep->arm_count, low = 0, high = work->point_count;
    uint64_t place = row / arm_count;

    while (high - low > 1) {
        size_t middle = (low + high) / 2;

        if (work->before[middle] <= place)
            low = middle;
        else
            high = middle;
    }
    *point = work->first_point + low;
    *trial = work->first_trial + (size_t)(place - work->before[low]);
    *arm = (size_t)(row % arm_count);
}

enum err sweep_is_exact(const struct sweep *sweep, size_t point, bool *is_exact, struct note *note)
{
    struct scenario_file *file = malloc(sizeof(*file));
    enum err error = file ? sweep_scenario(sweep, point, file, note) : note_set(note, ERR_FULL, "no memory");

    if (error == ERR_OK)
        *is_exact = comparison_is_exact(&file->scenario);
    free(file);
    return error;
}

enum err sweep_trials(const struct sweep *sweep, size_t point, size_t *trials, struct note *note)
{
    bool is_exact;

    TRY(sweep_is_exact(sweep, point, &is_exact, note));
    *trials = is_exact ? 1 : sweep->repetitions;
    return ERR_OK;
}

enum err sweep_rows(const struct sweep *sweep, uint64_t *rows, struct note *note)
{
    *rows = 0;
    for (size_t point = 0; point < sweep->points; point++) {
        size_t trials;

        TRY(sweep_trials(sweep, point, &trials, note));
        *rows += (uint64_t)trials * sweep->arm_count;
    }
    return ERR_OK;
}

/* ---- Workers ---- */

static enum err open_point(struct worker *worker, const struct sweep *sweep, size_t point)
{
    worker->note = (struct note){{0}};
    if (worker->point == point)
        return ERR_OK;
    if (worker->point != SIZE_MAX)
        setup_close(worker->setup);
    worker->point = SIZE_MAX;
    TRY(sweep_scenario(sweep, point, &worker->setup->file, &worker->note));
    TRY(sweep_inputs_redirect(sweep, point, &worker->setup->file.scenario, &worker->note));
    TRY(setup_open(worker->setup, &worker->note));
    worker->point = point;
    return ERR_OK;
}

/* What went wrong, a copy of an input called by its place in the folder: rows do not depend on where that lies. */
static void write_reason(const struct sweep *sweep, struct span why, struct slot *slot)
{
    char text[sizeof(((struct note *)NULL)->text)];
    struct sink sink = SINK(text);
    struct span inputs = span_of(sweep->inputs);
    size_t at = inputs.size > 0 ? span_find(why, inputs) : why.size;

    sink_span(&sink, (struct span){why.data, at});
    if (at < why.size)
        sink_span(&sink, span_after(why, at + inputs.size - strlen("inputs")));
    size_t size = sink.size < sizeof(slot->error) - 1 ? sink.size : sizeof(slot->error) - 1;

    memcpy(slot->error, text, size);
    slot->error[size] = 0;
}

void sweep_run_row(struct work *work, struct worker *worker, uint64_t row, struct slot *slot)
{
    const struct sweep *sweep = work->job->sweep;
    size_t point, trial, arm;

    locate(work, row, &point, &trial, &arm);
    enum err error = open_point(worker, sweep, point);

    slot->seed = error == ERR_OK ? worker->setup->file.scenario.seed : sweep->base.scenario.seed;
    if (error == ERR_OK) {
        struct trial run = setup_trial(worker->setup, sweep->arms[arm], trial);

        run.events_max = sweep->events_max;
        error = sim_run(&run, worker->arena, &slot->outcome, &worker->note);
    }
    slot->is_error = error != ERR_OK;
    if (error != ERR_OK)
        write_reason(sweep, span_of(worker->note.text), slot);
}

bool sweep_is_stopped(const struct work *work)
{
    return work->job->stop && *work->job->stop;
}

/* Waits until the row's slot is free; false when the run ends first. */
static bool wait_for_room(struct work *work, uint64_t row)
{
    pthread_mutex_lock(&work->lock);
    while (row >= work->told + SWEEP_AHEAD_MAX && !work->is_ended)
        pthread_cond_wait(&work->room, &work->lock);
    bool may_run = !work->is_ended;

    pthread_mutex_unlock(&work->lock);
    return may_run;
}

void sweep_slot_done(struct work *work, uint64_t row)
{
    pthread_mutex_lock(&work->lock);
    work->slots[row % SWEEP_AHEAD_MAX].is_done = true;
    if (row == work->told)
        pthread_cond_signal(&work->done);
    pthread_mutex_unlock(&work->lock);
}

/* The worker's next row; beyond the last one when there are no more. */
static uint64_t claim(struct work *work, struct worker *worker)
{
    if (worker->claimed == worker->until) {
        worker->claimed = sweep_has_ranks(work->job) ? ranks_claim(work->job->ranks, work->block)
                                                     : atomic_fetch_add(&work->next, work->block);
        worker->until = worker->claimed + work->block;
    }
    return worker->claimed++;
}

static void run_rows(struct work *work, struct worker *worker)
{
    while (!sweep_is_stopped(work)) {
        uint64_t row = claim(work, worker);

        if (row >= work->total || !wait_for_room(work, row))
            return;
        sweep_run_row(work, worker, row, &work->slots[row % SWEEP_AHEAD_MAX]);
        sweep_slot_done(work, row);
    }
}

bool sweep_worker_init(struct worker *worker, const struct sweep_job *job)
{
    *worker = (struct worker){
        .arena = arena_create(job->memory_bytes), .setup = calloc(1, sizeof(*worker->setup)), .point = SIZE_MAX};
    return worker->arena && worker->setup;
}

void sweep_worker_free(struct worker *worker)
{
    if (worker->point != SIZE_MAX)
        setup_close(worker->setup);
    if (worker->arena)
        arena_destroy(worker->arena);
    free(worker->setup);
}

void sweep_thread_done(struct work *work)
{
    pthread_mutex_lock(&work->lock);
    work->running--;
    pthread_cond_signal(&work->done);
    pthread_mutex_unlock(&work->lock);
}

static void *run_worker(void *context)
{
    struct work *work = context;
    struct worker worker;

    if (sweep_worker_init(&worker, work->job))
        run_rows(work, &worker);
    sweep_worker_free(&worker);
    sweep_thread_done(work);
    return NULL;
}

/* ---- Telling ---- */

/* Takes the next row out of its slot; false when none will come any more. */
static bool next_row(struct work *work, struct sweep_row *row)
{
    struct slot *slot = &work->slots[work->told % SWEEP_AHEAD_MAX];

    pthread_mutex_lock(&work->lock);
    while (!slot->is_done && work->running > 0)
        pthread_cond_wait(&work->done, &work->lock);
    bool is_there = slot->is_done;

    pthread_mutex_unlock(&work->lock);
    if (!is_there)
        return false;
    locate(work, work->told, &row->point, &row->trial, &row->arm);
    row->seed = slot->seed;
    row->outcome = slot->outcome;
    row->is_error = slot->is_error;
    memcpy(row->error, slot->error, sizeof(row->error));
    pthread_mutex_lock(&work->lock);
    slot->is_done = false;
    work->told++;
    pthread_cond_broadcast(&work->room);
    pthread_mutex_unlock(&work->lock);
    return true;
}

static enum err tell_rows(struct work *work, enum err (*take)(void *, const struct sweep_row *, struct note *),
                          void *context, struct note *note)
{
    struct sweep_row row;
    enum err error = ERR_OK;

    while (error == ERR_OK && work->told < work->total && next_row(work, &row)) {
        error = take(context, &row, note);
        if (work->job->progress && (work->told % 16 == 0 || work->told == work->total))
            work->job->progress(work->job->context, work->told, work->total);
    }
    return error;
}

/* The last of them hears from other ranks, where there are any. */
static unsigned start_threads(struct work *work, pthread_t *threads)
{
    unsigned wanted = work->job->jobs, started = 0;
    bool has_ranks = sweep_has_ranks(work->job);

    work->running = wanted + has_ranks; /* none is waited for before it has begun */
    while (started < wanted && pthread_create(&threads[started], NULL, run_worker, work) == 0)
        started++;
    if (has_ranks && pthread_create(&threads[started], NULL, sweep_ranks_receive, work) == 0)
        started++;
    pthread_mutex_lock(&work->lock);
    work->running -= wanted + has_ranks - started;
    pthread_mutex_unlock(&work->lock);
    return started;
}

static enum err run_threads(struct work *work, enum err (*take)(void *, const struct sweep_row *, struct note *),
                            void *context, struct note *note)
{
    pthread_t threads[COMPARISON_JOBS_MAX + 1];
    unsigned started = start_threads(work, threads);
    enum err error =
        started > 0 ? tell_rows(work, take, context, note) : note_set(note, ERR_FULL, "the machine gives no thread");

    pthread_mutex_lock(&work->lock);
    work->is_ended = true;
    pthread_cond_broadcast(&work->room);
    pthread_mutex_unlock(&work->lock);
    atomic_store(&work->next, work->total);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (error == ERR_OK && work->told < work->total && !sweep_is_stopped(work))
        return note_set(note, ERR_FULL, "no memory for a trial of %zu bytes", work->job->memory_bytes);
    return error;
}

static enum err run_work(struct work *work, uint64_t first,
                         enum err (*take)(void *, const struct sweep_row *, struct note *), void *context,
                         struct note *note)
{
    work->slots = calloc(SWEEP_AHEAD_MAX, sizeof(*work->slots));
    if (!work->slots)
        return note_set(note, ERR_FULL, "no memory for the rows of a sweep");
    work->total = work->before[work->point_count] * work->job->sweep->arm_count;
    work->told = first;
    work->block = 1;
    atomic_init(&work->next, first);
    if (sweep_has_ranks(work->job))
        sweep_ranks_order(work, first, work->job->sweep->precision == 0);
    pthread_mutex_init(&work->lock, NULL);
    pthread_cond_init(&work->done, NULL);
    pthread_cond_init(&work->room, NULL);
    enum err error = first < work->total ? run_threads(work, take, context, note) : ERR_OK;

    pthread_cond_destroy(&work->room);
    pthread_cond_destroy(&work->done);
    pthread_mutex_destroy(&work->lock);
    free(work->slots);
    return error;
}

/* ---- With a precision: a point at a time, in whole rounds ---- */

struct collecting {
    const struct sweep_job *job;
    struct comparison comparison;
};

static enum err collect(void *context, const struct sweep_row *row, struct note *note)
{
    struct collecting *collecting = context;

    if (!row->is_error)
        collecting->comparison.outcomes[row->trial * collecting->comparison.arm_count + row->arm] = row->outcome;
    else /* it counts as one that was not delivered */
        collecting->comparison.outcomes[row->trial * collecting->comparison.arm_count + row->arm] =
            (struct outcome){.end = OUTCOME_LIMIT, .delay_ns = NONE_NS};
    return collecting->job->row(collecting->job->context, row, note);
}

static enum err run_round(const struct sweep_job *job, struct collecting *collecting, size_t point, size_t until,
                          struct note *note)
{
    struct comparison *comparison = &collecting->comparison;
    uint64_t before[2] = {0, until - comparison->trials};
    struct work work = {
        .job = job, .first_point = point, .point_count = 1, .first_trial = comparison->trials, .before = before};
    struct outcome *outcomes =
        reallocarray(comparison->outcomes, until, comparison->arm_count * sizeof(*comparison->outcomes));

    if (!outcomes)
        return note_set(note, ERR_FULL, "no memory for %zu trials of a point", until);
    comparison->outcomes = outcomes;
    TRY(run_work(&work, 0, collect, collecting, note));
    comparison->trials = until;
    return ERR_OK;
}

static enum err run_point(const struct sweep_job *job, size_t point, struct note *note)
{
    const struct sweep *sweep = job->sweep;
    struct collecting collecting = {.job = job, .comparison = {.arm_count = sweep->arm_count}};
    size_t most, next;
    enum err error = sweep_is_exact(sweep, point, &collecting.comparison.is_exact, note);

    most = collecting.comparison.is_exact ? 1 : sweep->repetitions;
    collecting.comparison.reference = sweep->reference;
    memcpy(collecting.comparison.arms, sweep->arms, sizeof(sweep->arms));
    for (next = 0; error == ERR_OK;) {
        next = most == 1 ? 1 : comparison_next_look(next, most);
        error = run_round(job, &collecting, point, next, note);
        if (error != ERR_OK || (job->stop && *job->stop))
            break;
        bool is_enough = comparison_is_enough(&collecting.comparison, sweep->precision);

        if (next == most && !is_enough && job->imprecise)
            ++*job->imprecise;
        if (next == most || is_enough)
            break;
    }
    comparison_free(&collecting.comparison);
    return error;
}

/* ---- With repetitions: everything is known before ---- */

enum err sweep_count_trials(const struct sweep *sweep, uint64_t **before, struct note *note)
{
    enum err error = ERR_OK;

    *before = calloc(sweep->points + 1, sizeof(**before));
    if (!*before)
        return note_set(note, ERR_FULL, "no memory for %zu points", sweep->points);
    for (size_t point = 0; point < sweep->points && error == ERR_OK; point++) {
        size_t trials = 0;

        error = sweep_trials(sweep, point, &trials, note);
        (*before)[point + 1] = (*before)[point] + trials;
    }
    if (error != ERR_OK)
        free(*before);
    return error;
}

static enum err run_all(const struct sweep_job *job, struct note *note)
{
    uint64_t *before;

    TRY(sweep_count_trials(job->sweep, &before, note));
    struct work work = {.job = job, .point_count = job->sweep->points, .before = before};
    enum err error = run_work(&work, job->first, job->row, job->context, note);

    free(before);
    return error;
}

enum err sweep_run(const struct sweep_job *job, struct note *note)
{
    check(job->jobs > 0 && job->jobs <= COMPARISON_JOBS_MAX);
    if (job->sweep->precision == 0)
        return run_all(job, note);
    for (size_t point = job->first_point; point < job->sweep->points; point++) {
        if (job->stop && *job->stop)
            return ERR_OK;
        TRY(run_point(job, point, note));
    }
    return ERR_OK;
}

/* ---- Rows as text ---- */

void sweep_write_head(const struct sweep *sweep, struct sink *sink)
{
    sink_text(sink, "point");
    for (size_t axis = 0; axis < sweep->axis_count; axis++)
        sink_format(sink, ",%s", sweep->axes[axis].column);
    sink_text(sink, ",arm,trial,seed");
    for (const struct field *field = outcome_fields; field->name; field++) {
        sink_char(sink, ',');
        field_write_column(field, sink);
    }
    sink_text(sink, ",error\n");
}

/* In quotes, so that it may say anything. */
static void write_error(struct sink *sink, const char *error)
{
    sink_char(sink, '"');
    for (; *error; error++) {
        if (*error == '"')
            sink_char(sink, '"');
        sink_char(sink, *error == '\n' || *error == '\r' ? ' ' : *error);
    }
    sink_char(sink, '"');
}

void sweep_write_row(const struct sweep *sweep, const struct sweep_row *row, struct sink *sink)
{
    sink_format(sink, "%zu", row->point);
    for (size_t axis = 0; axis < sweep->axis_count; axis++) {
        sink_char(sink, ',');
        sweep_write_cell(sweep, row->point, axis, sink);
    }
    sink_format(sink, ",%s,%zu,%llu", sweep->arms[row->arm]->name, row->trial, (unsigned long long)row->seed);
    for (const struct field *field = outcome_fields; field->name; field++) {
        sink_char(sink, ',');
        if (!row->is_error)
            field_write_csv(field, &row->outcome, sink);
    }
    sink_char(sink, ',');
    if (row->is_error)
        write_error(sink, row->error);
    sink_char(sink, '\n');
    check(!sink->overflow);
}
