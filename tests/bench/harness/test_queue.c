/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Engine, station and streams together against closed forms of queueing theory (Kleinrock 1975). Each queue is
 * simulated with 20 fixed seeds; the mean of the 20 must agree with the formula within Student intervals that hold for
 * all queues at once with 99.9 % (Bonferroni).
 */
#include "bench/harness/queue.h"
#include "sim/base/units.h"
#include "tests/unit.h"

#include <math.h>

enum { SEEDS = 20, QUEUES = 5 };

static struct arena *arena;

static struct queue_result simulate(const struct queue *queue, uint64_t customers)
{
    struct queue_result result;

    queue_simulate(queue, SEEDS, customers, arena, &result);
    return result;
}

/* The interval must hold the closed form, and be narrow enough to say something. */
static void agrees(const struct tally *tally, double expected, double narrow)
{
    double half_width = tally_half_width(tally, 1 - 0.001 / QUEUES);

    CU_ASSERT(fabs(tally->mean - expected) <= half_width);
    CU_ASSERT(half_width < narrow * expected);
}

static void single_worker_with_exponential_work(void)
{
    static const struct queue queue = {.load = 0.7, .workers = 1};
    struct queue_result result = simulate(&queue, 40000);

    agrees(&result.wait_ms, 0.7 / (1 - 0.7), 0.08);
    CU_ASSERT_DOUBLE_EQUAL(result.busy.mean, 0.7, 0.01);
    CU_ASSERT_EQUAL(result.refused.most, 0);
}

static void single_worker_with_constant_work(void)
{
    static const struct queue queue = {.load = 0.7, .workers = 1, .work = QUEUE_CONSTANT};
    struct queue_result result = simulate(&queue, 40000);

    agrees(&result.wait_ms, 0.7 / (2 * (1 - 0.7)), 0.05);
}

static void four_workers(void)
{
    static const struct queue queue = {.load = 0.8, .workers = 4};
    struct queue_result result = simulate(&queue, 60000);

    /* Erlang's C for 3.2 erlang and 4 workers is 0.5964 in any table. */
    agrees(&result.wait_ms, 0.5964 / 0.8, 0.1);
    CU_ASSERT_DOUBLE_EQUAL(result.busy.mean, 0.8, 0.01);
}

static void a_finite_room_loses_what_the_formula_says(void)
{
    static const struct queue queue = {.load = 0.8, .workers = 1, .room = 5};
    struct queue_result result = simulate(&queue, 40000);

    /* Share lost: (1 - a) a^K / (1 - a^(K + 1)). */
    agrees(&result.refused, (1 - 0.8) * pow(0.8, 5) / (1 - pow(0.8, 6)), 0.05);
}

static void no_room_to_wait_loses_what_erlang_says(void)
{
    static const struct queue queue = {.load = 2.0 / 3, .workers = 3, .room = 3, .work = QUEUE_CONSTANT};
    struct queue_result result = simulate(&queue, 40000);

    /* Erlang's B for 2 erlang on 3 workers is 4/19, whatever the distribution of the work. */
    agrees(&result.refused, 4.0 / 19, 0.03);
}

static void formulas_give_what_tables_say(void)
{
    CU_ASSERT_DOUBLE_EQUAL(queue_wait_erlang(0.8, 4), 0.5964 / 0.8, 0.0001);
    CU_ASSERT_DOUBLE_EQUAL(queue_wait_erlang(0.7, 1), 0.7 / 0.3, 1e-12);
    /* M/M/2 waits for a^2 / (1 - a^2) service times. */
    CU_ASSERT_DOUBLE_EQUAL(queue_wait_erlang(0.7, 2), 0.49 / 0.51, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(queue_wait_pollaczek(0.7, 1), 0.7 / 0.3, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(queue_wait_pollaczek(0.7, 0), 0.35 / 0.3, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(queue_refused_erlang(2.0 / 3, 3), 4.0 / 19, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(queue_refused_room(0.8, 1), queue_refused_erlang(0.8, 1), 1e-12);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"M/M/1 waits as long as Erlang says", single_worker_with_exponential_work},
        {"M/D/1 waits half as long", single_worker_with_constant_work},
        {"M/M/4 waits as Erlang's C says", four_workers},
        {"M/M/1/5 loses what the formula says", a_finite_room_loses_what_the_formula_says},
        {"M/D/3/3 loses what Erlang's B says", no_room_to_wait_loses_what_erlang_says},
        {"the formulas give what tables say", formulas_give_what_tables_say},
        {NULL, NULL}};

    arena = arena_create(64 * MIB);
    int status = arena ? unit_run("queue", tests) : 3;

    if (arena)
        arena_destroy(arena);
    return status;
}
