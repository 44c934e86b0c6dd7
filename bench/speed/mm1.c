/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/speed/speed.h"
#include "bench/speed/variates.h"
#include "sim/base/units.h"
#include "sim/des/engine.h"

struct customer {
    struct customer *next;
    int64_t arrived_ns;
};

struct shop {
    struct variates variates;
    struct arena *arena;
    struct customer *first, *last; /* first is being served */
    struct customer *spare;
    uint64_t arrived, customers;
    int64_t stayed_ns;
};

static int64_t exponential_ns(struct shop *shop, double mean)
{
    return (int64_t)(variates_exponential(&shop->variates) * (mean * (double)SECOND));
}

static void leave(struct engine *engine, void *context)
{
    struct shop *shop = context;
    struct customer *customer = shop->first;

    shop->stayed_ns += engine->now_ns - customer->arrived_ns;
    shop->first = customer->next;
    customer->next = shop->spare;
    shop->spare = customer;
    if (shop->first)
        engine_at(engine, engine->now_ns + exponential_ns(shop, 1), shop, leave);
}

static struct customer *customer_create(struct shop *shop)
{
    struct customer *customer = shop->spare;

    if (!customer)
        return arena_alloc(shop->arena, sizeof(*customer));
    shop->spare = customer->next;
    return customer;
}

static void arrive(struct engine *engine, void *context)
{
    struct shop *shop = context;
    struct customer *customer = customer_create(shop);

    *customer = (struct customer){.arrived_ns = engine->now_ns};
    if (shop->first) {
        shop->last->next = customer;
    } else {
        shop->first = customer;
        engine_at(engine, engine->now_ns + exponential_ns(shop, 1), shop, leave);
    }
    shop->last = customer;
    if (++shop->arrived < shop->customers)
        engine_at(engine, engine->now_ns + exponential_ns(shop, 1 / 0.9), shop, arrive);
}

struct speed mm1_run(uint64_t size, uint64_t count)
{
    struct arena *arena = arena_create((size_t)GIB);
    struct shop shop = {.arena = arena, .customers = count};
    struct engine engine;

    (void)size;
    check(arena != NULL);
    engine_init(&engine, arena);
    variates_init(&shop.variates, 7);
    double start = speed_clock();

    engine_at(&engine, exponential_ns(&shop, 1 / 0.9), &shop, arrive);
    engine_run(&engine, NULL);
    double seconds = speed_clock() - start;

    arena_destroy(arena);
    return (struct speed){seconds, count, (double)shop.stayed_ns / (double)SECOND / (double)count};
}
