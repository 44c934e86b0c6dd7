/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ranks are MPI's processes. The counters stand in a window of rank 0, reached by MPI_Fetch_and_op and MPI_Accumulate
 * in one shared epoch that lasts from beginning to end; orders are broadcast; messages go point to point. Threads of a
 * rank take turns (MPI_THREAD_SERIALIZED). An error of MPI's ends all ranks.
 */
#include "bench/harness/ranks.h"
#include "sim/base/check.h"

#include <mpi.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNTER_NEXT, COUNTER_TOLD, COUNTERS };
enum { TAG_MESSAGE = 1 };

struct ranks {
    int number, count;
    MPI_Win window;
    uint64_t *counters; /* rank 0's; of no length at the others */
    pthread_mutex_t turn;
};

static void open_window(struct ranks *ranks)
{
    MPI_Aint size = ranks->number == 0 ? COUNTERS * (MPI_Aint)sizeof(uint64_t) : 0;

    MPI_Win_allocate(size, sizeof(uint64_t), MPI_INFO_NULL, MPI_COMM_WORLD, &ranks->counters, &ranks->window);
    MPI_Win_lock_all(0, ranks->window);
}

struct ranks *ranks_begin(struct note *note)
{
    struct ranks *ranks = calloc(1, sizeof(*ranks));
    int provided;

    if (!ranks) {
        (void)!note_set(note, ERR_FULL, "no memory");
        return NULL;
    }
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided) != MPI_SUCCESS ||
        provided < MPI_THREAD_SERIALIZED) {
        (void)!note_set(note, ERR_FULL, "MPI: it has no MPI_THREAD_SERIALIZED");
        free(ranks);
        return NULL;
    }
    MPI_Comm_rank(MPI_COMM_WORLD, &ranks->number);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks->count);
    pthread_mutex_init(&ranks->turn, NULL);
    open_window(ranks);
    return ranks;
}

unsigned ranks_number(const struct ranks *ranks)
{
    return (unsigned)ranks->number;
}

unsigned ranks_count(const struct ranks *ranks)
{
    return (unsigned)ranks->count;
}

void ranks_end(struct ranks *ranks)
{
    int has_more = 0;

    if (ranks->number == 0 && ranks->count > 1)
        MPI_Bcast(&has_more, 1, MPI_INT, 0, MPI_COMM_WORLD);
    MPI_Win_unlock_all(ranks->window);
    MPI_Win_free(&ranks->window);
    pthread_mutex_destroy(&ranks->turn);
    free(ranks);
    MPI_Finalize();
}

void ranks_abandon(struct ranks *ranks, int status)
{
    (void)ranks;
    fflush(NULL);
    MPI_Abort(MPI_COMM_WORLD, status);
    abort();
}

/* ---- Counters ---- */

static uint64_t fetch(struct ranks *ranks, int counter, uint64_t operand, MPI_Op operation)
{
    uint64_t before = 0;

    pthread_mutex_lock(&ranks->turn);
    MPI_Fetch_and_op(&operand, &before, MPI_UINT64_T, 0, counter, operation, ranks->window);
    MPI_Win_flush(0, ranks->window);
    pthread_mutex_unlock(&ranks->turn);
    return before;
}

uint64_t ranks_claim(struct ranks *ranks, uint64_t count)
{
    return fetch(ranks, COUNTER_NEXT, count, MPI_SUM);
}

uint64_t ranks_told(struct ranks *ranks)
{
    return fetch(ranks, COUNTER_TOLD, 0, MPI_NO_OP);
}

void ranks_tell(struct ranks *ranks, uint64_t told)
{
    (void)fetch(ranks, COUNTER_TOLD, told, MPI_REPLACE);
}

void ranks_skip_to(struct ranks *ranks, uint64_t next)
{
    (void)fetch(ranks, COUNTER_NEXT, next, MPI_REPLACE);
}

/* ---- Orders and messages ---- */

void ranks_order(struct ranks *ranks, const void *order, size_t size, uint64_t first)
{
    int has_more = 1;

    check(ranks->number == 0);
    ranks_skip_to(ranks, first);
    ranks_tell(ranks, first);
    pthread_mutex_lock(&ranks->turn);
    MPI_Bcast(&has_more, 1, MPI_INT, 0, MPI_COMM_WORLD);
    MPI_Bcast((void *)(uintptr_t)order, (int)size, MPI_BYTE, 0, MPI_COMM_WORLD);
    pthread_mutex_unlock(&ranks->turn);
}

bool ranks_await(struct ranks *ranks, void *order, size_t size)
{
    int has_more = 0;

    check(ranks->number > 0);
    MPI_Bcast(&has_more, 1, MPI_INT, 0, MPI_COMM_WORLD);
    if (has_more)
        MPI_Bcast(order, (int)size, MPI_BYTE, 0, MPI_COMM_WORLD);
    return has_more;
}

void ranks_send(struct ranks *ranks, const void *message, size_t size)
{
    pthread_mutex_lock(&ranks->turn);
    MPI_Send(message, (int)size, MPI_BYTE, 0, TAG_MESSAGE, MPI_COMM_WORLD);
    pthread_mutex_unlock(&ranks->turn);
}

size_t ranks_take(struct ranks *ranks, void *message, size_t capacity)
{
    int is_there = 0, size = 0;
    MPI_Status status;

    pthread_mutex_lock(&ranks->turn);
    MPI_Iprobe(MPI_ANY_SOURCE, TAG_MESSAGE, MPI_COMM_WORLD, &is_there, &status);
    if (is_there) {
        MPI_Recv(message, (int)capacity, MPI_BYTE, status.MPI_SOURCE, TAG_MESSAGE, MPI_COMM_WORLD, &status);
        MPI_Get_count(&status, MPI_BYTE, &size);
    }
    pthread_mutex_unlock(&ranks->turn);
    return (size_t)size;
}
