/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One process: nobody to give orders to, nobody to hear from. */
#include "bench/harness/ranks.h"
#include "sim/base/check.h"

#include <stdio.h>
#include <stdlib.h>

struct ranks {
    unsigned count;
};

struct ranks *ranks_begin(struct note *note)
{
    struct ranks *ranks = malloc(sizeof(*ranks));

    if (ranks)
        *ranks = (struct ranks){.count = 1};
    else
        (void)!note_set(note, ERR_FULL, "no memory");
    return ranks;
}

unsigned ranks_number(const struct ranks *ranks)
{
    return ranks->count - 1;
}

unsigned ranks_count(const struct ranks *ranks)
{
    return ranks->count;
}

void ranks_end(struct ranks *ranks)
{
    free(ranks);
}

void ranks_abandon(struct ranks *ranks, int status)
{
    free(ranks);
    fflush(NULL);
    exit(status);
}

/* ---- One rank has none of these ---- */

void ranks_order(struct ranks *ranks, const void *order, size_t size, uint64_t first)
{
    (void)order;
    (void)size;
    (void)first;
    check(ranks->count > 1);
}

bool ranks_await(struct ranks *ranks, void *order, size_t size)
{
    (void)order;
    (void)size;
    check(ranks->count > 1);
    return false;
}

uint64_t ranks_claim(struct ranks *ranks, uint64_t count)
{
    check(ranks->count > 1);
    return count;
}

uint64_t ranks_told(struct ranks *ranks)
{
    check(ranks->count > 1);
    return 0;
}

void ranks_tell(struct ranks *ranks, uint64_t told)
{
    (void)told;
    check(ranks->count > 1);
}

void ranks_skip_to(struct ranks *ranks, uint64_t next)
{
    (void)next;
    check(ranks->count > 1);
}

void ranks_send(struct ranks *ranks, const void *message, size_t size)
{
    (void)message;
    (void)size;
    check(ranks->count > 1);
}

size_t ranks_take(struct ranks *ranks, void *message, size_t capacity)
{
    (void)message;
    (void)capacity;
    check(ranks->count > 1);
    return 0;
}
