/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/speed/speed.h"
#include "bench/speed/variates.h"
#include "sim/base/units.h"
#include "sim/des/engine.h"

struct hold {
    struct variates variates;
    uint64_t left;
    bool stop;
};

static void hold_event(struct engine *engine, void *context)
{
    struct hold *hold = context;

    if (--hold->left == 0)
        hold->stop = true;
    engine_at(engine, engine->now_ns + (int64_t)(variates_exponential(&hold->variates) * (double)SECOND), hold,
              hold_event);
}

static void hold_for(struct engine *engine, struct hold *hold, uint64_t count)
{
    hold->left = count;
    hold->stop = false;
    engine_run(engine, &hold->stop);
}

struct speed hold_run(uint64_t size, uint64_t count)
{
    struct arena *arena = arena_create((size_t)GIB);
    struct hold hold = {.left = 0};
    struct engine engine;

    check(arena != NULL);
    engine_init(&engine, arena);
    variates_init(&hold.variates, 42);
    for (uint64_t i = 0; i < size; i++)
        engine_at(&engine, (int64_t)(variates_exponential(&hold.variates) * (double)SECOND), &hold, hold_event);
    hold_for(&engine, &hold, 2 * size);
    double start = speed_clock();

    hold_for(&engine, &hold, count);
    double seconds = speed_clock() - start;

    arena_destroy(arena);
    return (struct speed){seconds, count, (double)engine.now_ns / (double)SECOND};
}
