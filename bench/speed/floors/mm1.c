/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mm1.c - M/M/1 on the bare heap: events that call functions through pointers, customers from a free list.
 */
#include "bench/speed/floors/heap.h"
#include "bench/speed/speed.h"
#include "bench/speed/variates.h"

enum { HEAP_SIZE = 1024, POOL = 1 << 16 };

struct guest {
    struct guest *next;
    double arrived;
};

struct house {
    struct variates variates;
    struct guest *first, *last;
    struct guest *spare;
    uint64_t arrived, guests;
    double stayed;
};

static void leave(struct bare *bare, void *context)
{
    struct house *house = context;
    struct guest *guest = house->first;

    house->stayed += bare->now - guest->arrived;
    house->first = guest->next;
    guest->next = house->spare;
    house->spare = guest;
    if (house->first)
        bare_after(bare, variates_exponential(&house->variates), house, leave);
}

static void arrive(struct bare *bare, void *context)
{
    struct house *house = context;
    struct guest *guest = house->spare;

    if (!guest)
        abort();
    house->spare = guest->next;
    *guest = (struct guest){.arrived = bare->now};
    if (house->first) {
        house->last->next = guest;
    } else {
        house->first = guest;
        bare_after(bare, variates_exponential(&house->variates), house, leave);
    }
    house->last = guest;
    if (++house->arrived < house->guests)
        bare_after(bare, variates_exponential(&house->variates) * (1 / 0.9), house, arrive);
}

struct speed mm1_floor(uint64_t size, uint64_t count)
{
    struct guest *pool = calloc(POOL, sizeof(*pool));
    struct house house = {.guests = count};
    struct bare bare;

    (void)size;
    if (!pool)
        abort();
    for (int i = POOL - 1; i >= 0; i--) {
        pool[i].next = house.spare;
        house.spare = &pool[i];
    }
    bare_init(&bare, HEAP_SIZE);
    variates_init(&house.variates, 7);
    double start = speed_clock();

    bare_after(&bare, variates_exponential(&house.variates) * (1 / 0.9), &house, arrive);
    bare_run(&bare);
    double seconds = speed_clock() - start;

    free(bare.memory);
    free(pool);
    return (struct speed){seconds, count, house.stayed / (double)count};
}
