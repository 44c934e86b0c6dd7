/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/units.h"
#include "sim/des/station.h"
#include "tests/unit.h"

enum { JOBS = 20000, TRANSFERS = 4 };

static struct arena *arena;
static struct engine engine;
static struct station *station;

static struct {
    uintptr_t number;
    int64_t at_ns;
    struct cause cause;
} done[JOBS];
static size_t done_count;

static void set_up(uint32_t workers, uint32_t queue_max)
{
    arena = arena_create(64 * MIB);
    engine_init(&engine, arena);
    station = station_create(&engine, arena, workers, queue_max);
    done_count = 0;
}

static void tear_down(void)
{
    arena_destroy(arena);
}

static void note_done(void *context, const struct cause *cause)
{
    done[done_count].number = (uintptr_t)context;
    done[done_count].at_ns = engine.now_ns;
    done[done_count++].cause = *cause;
}

static bool submit(uintptr_t number, const struct cause *cause, int64_t work_ns)
{
    return station_submit(station, cause, PART_PROCESSING, work_ns, (void *)number, note_done);
}

static struct cause cause_of(uint16_t transfer, bool is_feedback)
{
    return (struct cause){.transfer = transfer, .is_feedback = is_feedback};
}

static void jobs_are_served_first_come_first_served(void)
{
    struct cause cause = cause_of(0, false);

    set_up(2, 10);
    CU_ASSERT_TRUE(submit(1, &cause, 30));
    CU_ASSERT_TRUE(submit(2, &cause, 10));
    CU_ASSERT_TRUE(submit(3, &cause, 30)); /* 10 to 40 */
    CU_ASSERT_TRUE(submit(4, &cause, 5));  /* 30 to 35 */
    CU_ASSERT_TRUE(submit(5, &cause, 0));  /* 35 */
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    static const uintptr_t numbers[] = {2, 1, 4, 5, 3};
    static const int64_t times[] = {10, 30, 35, 35, 40};

    CU_ASSERT_EQUAL_FATAL(done_count, 5);
    for (size_t i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(done[i].number, numbers[i]);
        CU_ASSERT_EQUAL(done[i].at_ns, times[i]);
    }
    CU_ASSERT_EQUAL(station_busy_ns(station), 75);
    CU_ASSERT_EQUAL(station_jobs(station), 5);
    tear_down();
}

static void a_full_queue_refuses_and_nothing_happens(void)
{
    struct cause cause = cause_of(0, false);

    set_up(1, 2);
    for (uintptr_t i = 1; i <= 5; i++)
        CU_ASSERT_EQUAL(submit(i, &cause, 10), i <= 3);
    CU_ASSERT_EQUAL(station_jobs(station), 3);
    CU_ASSERT_EQUAL(station_refused(station), 2);
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL(done_count, 3);
    CU_ASSERT_EQUAL(station_busy_ns(station), 30);
    tear_down();

    set_up(1, 0);
    CU_ASSERT_TRUE(submit(1, &cause, 10));
    CU_ASSERT_FALSE(submit(2, &cause, 10));
    tear_down();
}

/* The sums of a job that waited, at its end. */
static struct parts waited(struct cause before, struct cause cause)
{
    set_up(1, 10);
    CU_ASSERT_TRUE(submit(1, &before, 100));
    CU_ASSERT_TRUE(submit(2, &cause, 7));
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL_FATAL(done_count, 2);
    CU_ASSERT_EQUAL(done[1].number, 2);
    CU_ASSERT_EQUAL(done[1].cause.transfer, cause.transfer);
    CU_ASSERT_EQUAL(done[1].cause.is_feedback, cause.is_feedback);
    tear_down();
    return done[1].cause.parts;
}

static void a_wait_behind_the_own_transfer_takes_its_sums(void)
{
    struct cause before = cause_of(3, false), cause = cause_of(3, false);

    before.parts.ns[PART_TRANSMISSION] = 50;
    cause.parts.ns[PART_PROPAGATION] = 50;
    struct parts parts = waited(before, cause);

    CU_ASSERT_EQUAL(parts.ns[PART_TRANSMISSION], 50);
    CU_ASSERT_EQUAL(parts.ns[PART_PROPAGATION], 0);
    CU_ASSERT_EQUAL(parts.ns[PART_PROCESSING], 107);
    CU_ASSERT_EQUAL(parts_total(&parts), 157);

    /* An acknowledgement's own work is feedback; what stood before it was not. */
    cause.is_feedback = true;
    parts = waited(before, cause);
    CU_ASSERT_EQUAL(parts.ns[PART_PROCESSING], 100);
    CU_ASSERT_EQUAL(parts.ns[PART_FEEDBACK], 7);
    CU_ASSERT_EQUAL(parts_total(&parts), 157);
}

static void a_wait_behind_anybody_else_is_queueing(void)
{
    struct cause before = cause_of(2, false), cause = cause_of(3, false);

    cause.parts.ns[PART_PROPAGATION] = 50;
    struct parts parts = waited(before, cause);

    CU_ASSERT_EQUAL(parts.ns[PART_PROPAGATION], 50);
    CU_ASSERT_EQUAL(parts.ns[PART_QUEUEING], 100);
    CU_ASSERT_EQUAL(parts.ns[PART_PROCESSING], 7);

    cause.is_feedback = true;
    parts = waited(before, cause);
    CU_ASSERT_EQUAL(parts.ns[PART_QUEUEING], 0);
    CU_ASSERT_EQUAL(parts.ns[PART_FEEDBACK], 107);

    /* Two jobs of nobody's transfer have nothing in common. */
    parts = waited(cause_of(0, false), cause_of(0, false));
    CU_ASSERT_EQUAL(parts.ns[PART_QUEUEING], 100);
    CU_ASSERT_EQUAL(parts.ns[PART_PROCESSING], 7);
}

/* Four transfers, pressed at different moments, whose jobs meet in one station; each job's end submits another one. */
static const int64_t pressed_ns[TRANSFERS + 1] = {0, 0, 137, 512, 900};
static uint64_t submitted, wrong_sums, wrong_order;

static uint64_t scramble(uint64_t x)
{
    x = (x ^ x >> 31) * UINT64_C(0x7fb5d329728ea185);
    return (x ^ x >> 27) >> 20;
}

static void check_and_go_on(void *context, const struct cause *cause)
{
    uint64_t draw = scramble((uint64_t)(uintptr_t)context + 1);
    struct cause next = *cause;

    done_count++;
    wrong_sums += parts_total(&cause->parts) != engine.now_ns - pressed_ns[cause->transfer];
    if (submitted == JOBS)
        return;
    submitted++;
    next.is_feedback = draw % 3 == 0;
    CU_ASSERT_TRUE(station_submit(station, &next, (enum part)(draw / 4 % PART_COUNT), (int64_t)(draw / 64 % 40),
                                  (void *)(uintptr_t)submitted, check_and_go_on));
}

static void begin_transfer(struct engine *running, void *context)
{
    (void)running;
    struct cause cause = cause_of((uint16_t)(uintptr_t)context, false);

    for (int64_t i = 0; i < 3; i++)
        CU_ASSERT_TRUE(station_submit(station, &cause, PART_CRYPTO, i, (void *)(uintptr_t)(i + 100), check_and_go_on));
}

static void the_sums_always_add_up_to_the_time_since_the_press(void)
{
    for (uint32_t workers = 1; workers <= 3; workers++) {
        set_up(workers, 100);
        submitted = wrong_sums = 0;
        for (uintptr_t i = 1; i <= TRANSFERS; i++)
            engine_at(&engine, pressed_ns[i], (void *)i, begin_transfer);
        CU_ASSERT_TRUE(engine_run(&engine, NULL));
        CU_ASSERT_EQUAL(done_count, JOBS + 3 * TRANSFERS);
        CU_ASSERT_EQUAL(wrong_sums, 0);
        tear_down();
    }
}

/* A closed population keeps the queue as it is: no job may take memory of its own, and none may overtake. */
static void check_place_and_go_on(void *context, const struct cause *cause)
{
    wrong_order += (uintptr_t)context != done_count++;
    if (submitted < JOBS) {
        CU_ASSERT_TRUE(
            station_submit(station, cause, PART_PROCESSING, 3, (void *)(uintptr_t)submitted, check_place_and_go_on));
        submitted++;
    }
}

static void a_steady_queue_takes_no_memory_and_keeps_its_order(void)
{
    struct cause cause = cause_of(0, false);

    set_up(1, 50);
    wrong_order = 0;
    for (submitted = 0; submitted < 51; submitted++)
        CU_ASSERT_TRUE(
            station_submit(station, &cause, PART_PROCESSING, 3, (void *)(uintptr_t)submitted, check_place_and_go_on));
    size_t used = arena_used(arena);

    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL(arena_used(arena), used);
    CU_ASSERT_EQUAL(done_count, JOBS);
    CU_ASSERT_EQUAL(wrong_order, 0);
    tear_down();
}

static void submit_behind(void *context, const struct cause *cause)
{
    note_done(context, cause);
    CU_ASSERT_TRUE(submit(9, cause, 1));
}

static void a_job_submitted_at_an_end_comes_behind_the_one_that_waits(void)
{
    struct cause cause = cause_of(0, false);

    set_up(1, 2);
    CU_ASSERT_TRUE(station_submit(station, &cause, PART_PROCESSING, 10, (void *)(uintptr_t)1, submit_behind));
    CU_ASSERT_TRUE(submit(2, &cause, 10));
    CU_ASSERT_TRUE(submit(3, &cause, 10));
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL_FATAL(done_count, 4);
    CU_ASSERT_EQUAL(done[1].number, 2);
    CU_ASSERT_EQUAL(done[2].number, 3);
    CU_ASSERT_EQUAL(done[3].number, 9);
    CU_ASSERT_EQUAL(done[3].at_ns, 31);
    tear_down();
}

static void every_part_has_a_name_of_its_own(void)
{
    for (int i = 0; i < PART_COUNT; i++) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(part_names[i]);
        for (int j = 0; j < i; j++)
            CU_ASSERT_STRING_NOT_EQUAL(part_names[i], part_names[j]);
    }
    CU_ASSERT_STRING_EQUAL(part_names[PART_PROCESSING], "processing");
    CU_ASSERT_STRING_EQUAL(part_names[PART_FEEDBACK], "feedback");
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"jobs are served first come first served", jobs_are_served_first_come_first_served},
        {"a full queue refuses, and nothing happens", a_full_queue_refuses_and_nothing_happens},
        {"a wait behind the own transfer takes its sums", a_wait_behind_the_own_transfer_takes_its_sums},
        {"a wait behind anybody else is queueing", a_wait_behind_anybody_else_is_queueing},
        {"the sums always add up to the time since the press", the_sums_always_add_up_to_the_time_since_the_press},
        {"a steady queue takes no memory and keeps its order", a_steady_queue_takes_no_memory_and_keeps_its_order},
        {"a job submitted at an end comes behind the one that waits",
         a_job_submitted_at_an_end_comes_behind_the_one_that_waits},
        {"every part has a name of its own", every_part_has_a_name_of_its_own},
        {NULL, NULL}};

    return unit_run("station", tests);
}
