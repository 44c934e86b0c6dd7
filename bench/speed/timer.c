/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/speed/speed.h"
#include "sim/base/units.h"
#include "sim/des/engine.h"

struct pusher {
    struct timer *timers;
    uint64_t size;
    uint64_t left;
    uint64_t fired;
};

static void fire(struct engine *engine, void *context)
{
    struct pusher *pusher = context;

    (void)engine;
    pusher->fired++;
}

/* Every 10 us all timers are pushed back, as segments of as many connections would do. What it costs includes the
 * events at which the timers find that they have been pushed back, one in 200 ms each. */
static void push(struct engine *engine, void *context)
{
    struct pusher *pusher = context;

    for (uint64_t i = 0; i < pusher->size; i++)
        timer_arm(&pusher->timers[i], engine->now_ns + 200 * MS);
    pusher->left -= pusher->size < pusher->left ? pusher->size : pusher->left;
    if (pusher->left > 0)
        engine_at(engine, engine->now_ns + 10 * US, pusher, push);
}

struct speed timer_run(uint64_t size, uint64_t count)
{
    struct arena *arena = arena_create((size_t)GIB);
    struct pusher pusher = {.size = size, .left = count};
    struct engine engine;

    check(arena != NULL);
    pusher.timers = arena_alloc(arena, size * sizeof(*pusher.timers));
    engine_init(&engine, arena);
    for (uint64_t i = 0; i < size; i++)
        timer_init(&pusher.timers[i], &engine, &pusher, fire);
    double start = speed_clock();

    engine_at(&engine, 0, &pusher, push);
    engine_run(&engine, NULL);
    double seconds = speed_clock() - start;

    check(pusher.fired == size);
    arena_destroy(arena);
    return (struct speed){seconds, count, (double)engine.now_ns / (double)SECOND};
}
