/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hold.c - the hold model without an engine: no clock, no functions called through pointers, the heap and the loop in
 * one piece. Which of the two ways is faster depends on the size; the faster one is the floor.
 */
#include "bench/speed/floors/heap.h"
#include "bench/speed/speed.h"
#include "bench/speed/variates.h"

static void fill(struct bare *bare, struct variates *variates, uint64_t size)
{
    bare_init(bare, size);
    variates_init(variates, 42);
    for (uint64_t i = 0; i < size; i++)
        bare_after(bare, variates_exponential(variates), NULL, NULL);
}

/* Each function returns the time of the last event that ran. */
static double pop_push(struct bare *bare, struct variates *variates, uint64_t count)
{
    double last = 0;

    for (uint64_t i = 0; i < count; i++) {
        struct bare_event event = bare_pop(bare);

        last = event.at;
        event.at += variates_exponential(variates);
        event.order = bare->next_order++;
        bare_push(bare, event);
    }
    return last;
}

static double replace(struct bare *bare, struct variates *variates, uint64_t count)
{
    double last = 0;

    for (uint64_t i = 0; i < count; i++) {
        struct bare_event event = bare->heap[0];

        last = event.at;
        event.at += variates_exponential(variates);
        event.order = bare->next_order++;
        bare_replace(bare, event);
    }
    return last;
}

struct speed hold_floor_pop_push(uint64_t size, uint64_t count)
{
    struct variates variates;
    struct bare bare;

    fill(&bare, &variates, size);
    pop_push(&bare, &variates, 2 * size);
    double start = speed_clock();
    double last = pop_push(&bare, &variates, count);
    double seconds = speed_clock() - start;

    free(bare.memory);
    return (struct speed){seconds, count, last};
}

struct speed hold_floor_replace(uint64_t size, uint64_t count)
{
    struct variates variates;
    struct bare bare;

    fill(&bare, &variates, size);
    replace(&bare, &variates, 2 * size);
    double start = speed_clock();
    double last = replace(&bare, &variates, count);
    double seconds = speed_clock() - start;

    free(bare.memory);
    return (struct speed){seconds, count, last};
}
