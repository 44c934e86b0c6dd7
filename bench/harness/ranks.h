/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ranks.h - the processes (ranks) of one sweep. Rank 0 holds two counters that every rank reaches without its help: the
 * next row that nobody has claimed, and how many rows are told. It gives orders; the others send it messages. Which
 * file stands behind this is chosen when the program is built: ranks_single.c, one process, or ranks_mpi.c (make
 * MPI=1). Messages are a rank's own bytes, so all ranks run the same program on machines of one kind.
 */
#ifndef BENCH_HARNESS_RANKS_H
#define BENCH_HARNESS_RANKS_H

#include "sim/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ranks; /* threads may share it */

/* NULL with a note: they cannot be started. */
struct ranks *ranks_begin(struct note *note);
unsigned ranks_number(const struct ranks *ranks); /* this process's, from 0 on */
unsigned ranks_count(const struct ranks *ranks);

/* At rank 0 releases whoever waits for an order. */
void ranks_end(struct ranks *ranks);

/* Ends all ranks at once, one of which may be dead already, with the status; does not come back. */
_Noreturn void ranks_abandon(struct ranks *ranks, int status);

/* ---- What follows is for two ranks and more ---- */

/* At rank 0, none of whose earlier orders is still worked on: sets both counters and gives the order to the others. */
void ranks_order(struct ranks *ranks, const void *order, size_t size, uint64_t first);

/* At the others: waits for an order of the size. False: there are no more. */
bool ranks_await(struct ranks *ranks, void *order, size_t size);

/* Claims the next count of rows: the first of them. */
uint64_t ranks_claim(struct ranks *ranks, uint64_t count);

uint64_t ranks_told(struct ranks *ranks);

/* At rank 0: told rows are told; and nobody claims a row below next any more. */
void ranks_tell(struct ranks *ranks, uint64_t told);
void ranks_skip_to(struct ranks *ranks, uint64_t next);

/* To rank 0; back when the bytes may be used again. */
void ranks_send(struct ranks *ranks, const void *message, size_t size);

/* At rank 0: a message that has come, at most capacity bytes long; 0: there is none. */
size_t ranks_take(struct ranks *ranks, void *message, size_t capacity);

#endif
