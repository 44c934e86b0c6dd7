/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sweep's rows by several processes. Rank 0 gives an order for each stretch of rows; every rank claims blocks of them
 * and the others send theirs to rank 0, whose receiving thread puts them into the slots of its own workers. The counter
 * of told rows keeps everybody within SWEEP_AHEAD_MAX rows.
 */
#include "bench/harness/ranks.h"
#include "bench/harness/sweep_inputs.h"
#include "bench/harness/sweep_state.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <stdlib.h>
#include <time.h>

enum { BLOCK_MAX = 16, BLOCKS_LEAST = 16 /* of a rank, so that the last ones end together */ };

/* How often the counter of told rows is looked at, and messages for. */
#define LOOK_NS (200 * US)

struct order {
    char folder[RESULTS_PATH_SIZE];
    bool is_all; /* all points; else one, from first_trial on */
    size_t first_point, first_trial;
    uint64_t trials, total, block; /* trials of one point; rows */
};

/* Rows from first on; none: the rank is through with the order. */
struct message {
    uint64_t first, count;
    struct slot slots[BLOCK_MAX];
};

bool sweep_has_ranks(const struct sweep_job *job)
{
    return job->ranks && ranks_count(job->ranks) > 1;
}

static void pause_look(void)
{
    struct timespec pause = {.tv_nsec = LOOK_NS};

    nanosleep(&pause, NULL);
}

/* Large enough to be cheap, small enough that all ranks have some, now and within SWEEP_AHEAD_MAX. */
static uint64_t block_size(const struct work *work, uint64_t first)
{
    uint64_t ranks = ranks_count(work->job->ranks), block = (work->total - first) / (BLOCKS_LEAST * ranks);

    if (block > SWEEP_AHEAD_MAX / (4 * ranks))
        block = SWEEP_AHEAD_MAX / (4 * ranks);
    return block > BLOCK_MAX ? BLOCK_MAX : block < 1 ? 1 : block;
}

/* ---- Rank 0 ---- */

void sweep_ranks_order(struct work *work, uint64_t first, bool is_all)
{
    struct order order = {.is_all = is_all,
                          .first_point = work->first_point,
                          .first_trial = work->first_trial,
                          .trials = work->before[work->point_count],
                          .total = work->total,
                          .block = work->total > first ? block_size(work, first) : 1};
    struct sink folder = SINK(order.folder);

    sink_text(&folder, work->job->folder);
    sink_string(&folder);
    check(!folder.overflow);
    work->block = order.block;
    ranks_order(work->job->ranks, &order, sizeof(order), first);
}

static void put(struct work *work, const struct message *message)
{
    for (uint64_t i = 0; i < message->count; i++) {
        uint64_t row = message->first + i;

        work->slots[row % SWEEP_AHEAD_MAX] = message->slots[i];
        sweep_slot_done(work, row);
    }
}

/* What others are to know of how far it has come. */
static void publish(struct work *work, uint64_t *published)
{
    pthread_mutex_lock(&work->lock);
    uint64_t told = work->is_ended ? UINT64_MAX - SWEEP_AHEAD_MAX : work->told;

    pthread_mutex_unlock(&work->lock);
    if (told == *published)
        return;
    *published = told;
    ranks_tell(work->job->ranks, told);
    if (told > work->total)
        ranks_skip_to(work->job->ranks, work->total);
}

void *sweep_ranks_receive(void *context)
{
    struct work *work = context;
    struct message *message = malloc(sizeof(*message));
    unsigned working = ranks_count(work->job->ranks) - 1;
    uint64_t published = 0;

    check(message);
    while (working > 0 && !sweep_is_stopped(work)) {
        size_t size = ranks_take(work->job->ranks, message, sizeof(*message));

        if (size == 0) {
            publish(work, &published);
            pause_look();
        } else if (message->count == 0) {
            working--;
        } else {
            put(work, message);
        }
    }
    free(message);
    sweep_thread_done(work);
    return NULL;
}

/* ---- The others ---- */

static void send_message(struct ranks *ranks, struct message *message)
{
    ranks_send(ranks, message, offsetof(struct message, slots) + message->count * sizeof(message->slots[0]));
}

/* A block, once rank 0 has room for all of it. */
static void run_block(struct work *work, struct worker *worker, struct message *message)
{
    while (message->first + message->count > ranks_told(work->job->ranks) + SWEEP_AHEAD_MAX)
        pause_look();
    for (uint64_t i = 0; i < message->count; i++)
        sweep_run_row(work, worker, message->first + i, &message->slots[i]);
    send_message(work->job->ranks, message);
}

static void run_blocks(struct work *work, struct worker *worker, struct message *message)
{
    for (;;) {
        message->first = ranks_claim(work->job->ranks, work->block);
        if (message->first >= work->total)
            break;
        uint64_t left = work->total - message->first;

        message->count = left < work->block ? left : work->block;
        run_block(work, worker, message);
    }
    message->count = 0;
    send_message(work->job->ranks, message);
}

/* What a helping rank holds on to. */
struct helper {
    struct sweep sweep;
    bool is_read;
    uint64_t *before; /* of all points */
    struct worker worker;
    struct order order;
    struct message message;
};

static enum err follow(struct helper *helper, struct work *work, struct note *note)
{
    const struct order *order = &helper->order;
    uint64_t of_one[2] = {0, order->trials};

    if (!helper->is_read) {
        TRY(sweep_inputs_read(order->folder, &helper->sweep, note));
        helper->is_read = true;
    }
    if (order->is_all && !helper->before)
        TRY(sweep_count_trials(&helper->sweep, &helper->before, note));
    work->first_point = order->first_point;
    work->point_count = order->is_all ? helper->sweep.points : 1;
    work->first_trial = order->first_trial;
    work->before = order->is_all ? helper->before : of_one;
    work->total = order->total;
    work->block = order->block;
    run_blocks(work, &helper->worker, &helper->message);
    return ERR_OK;
}

enum err sweep_help(struct ranks *ranks, size_t memory_bytes, struct note *note)
{
    struct helper *helper = calloc(1, sizeof(*helper));
    enum err error = ERR_OK;

    if (!helper)
        return note_set(note, ERR_FULL, "no memory for a rank of a sweep");
    struct sweep_job job = {.sweep = &helper->sweep, .jobs = 1, .memory_bytes = memory_bytes, .ranks = ranks};
    struct work work = {.job = &job};

    if (!sweep_worker_init(&helper->worker, &job))
        error = note_set(note, ERR_FULL, "no memory for a trial of %zu bytes", memory_bytes);
    while (error == ERR_OK && ranks_await(ranks, &helper->order, sizeof(helper->order)))
        error = follow(helper, &work, note);
    sweep_worker_free(&helper->worker);
    free(helper->before);
    if (helper->is_read)
        sweep_free(&helper->sweep);
    free(helper);
    return error;
}
