/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/units.h"
#include "sim/des/engine.h"
#include "tests/unit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOG_SIZE = 100000 };

static struct arena *arena;
static struct engine engine;

/* What ran, in the order in which it ran. */
static struct {
    int64_t at_ns;
    uint64_t number;
} ran[LOG_SIZE];
static size_t ran_count;

static void set_up(void)
{
    arena = arena_create(64 * MIB);
    engine_init(&engine, arena);
    ran_count = 0;
}

static void tear_down(void)
{
    arena_destroy(arena);
}

/* The context is a number. */
static void note_run(struct engine *running, void *context)
{
    ran[ran_count].at_ns = running->now_ns;
    ran[ran_count++].number = (uint64_t)(uintptr_t)context;
}

static void *number(uint64_t value)
{
    return (void *)(uintptr_t)value;
}

/* A plain linear congruential sequence: which numbers does not matter, only that they are many and repeat. */
static uint64_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static void run_in_order_of_time(void)
{
    set_up();
    engine_at(&engine, 30 * MS, number(3), note_run);
    engine_at(&engine, 10 * MS, number(1), note_run);
    engine_at(&engine, 20 * MS, number(2), note_run);
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL_FATAL(ran_count, 3);
    for (uint64_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(ran[i].number, i + 1);
        CU_ASSERT_EQUAL(ran[i].at_ns, (int64_t)(i + 1) * 10 * MS);
    }
    CU_ASSERT_EQUAL(engine.now_ns, 30 * MS);
    CU_ASSERT_EQUAL(engine.events_run, 3);
    CU_ASSERT_EQUAL(engine.pending, 0);
    tear_down();
}

static int compare(const void *a, const void *b)
{
    const struct event *left = a, *right = b;

    if (left->at_ns != right->at_ns)
        return left->at_ns < right->at_ns ? -1 : 1;
    return left->ticket < right->ticket ? -1 : left->ticket > right->ticket;
}

/* Against qsort, for every number of events up to a few families and for many; growth happens on the way. */
static void order_is_that_of_a_sort(void)
{
    static struct event expected[LOG_SIZE];
    static const size_t counts[] = {1,  2,  3,  4,  5,  6,  7,   8,   9,   10,  16,   17,   20,   21,
                                    22, 63, 64, 85, 86, 87, 255, 256, 257, 258, 1023, 4097, 70000};
    uint64_t state = 1;

    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        size_t wrong = 0;

        set_up();
        for (size_t i = 0; i < counts[c]; i++) {
            int64_t at_ns = (int64_t)(draw(&state) % (counts[c] / 3 + 1));

            expected[i] = (struct event){.at_ns = at_ns, .ticket = i};
            engine_at(&engine, at_ns, number(i), note_run);
        }
        qsort(expected, counts[c], sizeof(expected[0]), compare);
        CU_ASSERT_EQUAL((uintptr_t)&engine.heap[1] % 128, 0);
        CU_ASSERT_TRUE(engine_run(&engine, NULL));
        CU_ASSERT_EQUAL_FATAL(ran_count, counts[c]);
        for (size_t i = 0; i < counts[c]; i++)
            wrong += ran[i].number != expected[i].ticket || ran[i].at_ns != expected[i].at_ns;
        CU_ASSERT_EQUAL(wrong, 0);
        tear_down();
    }
}

static void ask_for_two(struct engine *running, void *context)
{
    note_run(running, context);
    engine_at(running, running->now_ns, number(10), note_run);
    engine_at(running, running->now_ns, number(11), note_run);
}

static void what_is_asked_for_at_once_comes_after_what_waits(void)
{
    set_up();
    engine_at(&engine, 5, number(1), ask_for_two);
    engine_at(&engine, 5, number(2), note_run);
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL_FATAL(ran_count, 4);
    CU_ASSERT_EQUAL(ran[0].number, 1);
    CU_ASSERT_EQUAL(ran[1].number, 2);
    CU_ASSERT_EQUAL(ran[2].number, 10);
    CU_ASSERT_EQUAL(ran[3].number, 11);
    tear_down();
}

static void a_ticket_keeps_its_place(void)
{
    set_up();
    uint64_t early = engine_ticket(&engine);

    engine_at(&engine, 7, number(2), note_run);
    engine_at_ticket(&engine, 7, early, number(1), note_run);
    engine_at(&engine, 7, number(3), note_run);
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL_FATAL(ran_count, 3);
    for (uint64_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(ran[i].number, i + 1);
    tear_down();
}

static bool stop_now;

static void note_and_stop(struct engine *running, void *context)
{
    note_run(running, context);
    stop_now = true;
}

static void a_stopped_run_goes_on_where_it_was(void)
{
    set_up();
    stop_now = false;
    engine_at(&engine, 1, number(1), note_run);
    engine_at(&engine, 2, number(2), note_and_stop);
    engine_at(&engine, 3, number(3), note_run);
    CU_ASSERT_TRUE(engine_run(&engine, &stop_now));
    CU_ASSERT_EQUAL(ran_count, 2);
    CU_ASSERT_EQUAL(engine.pending, 1);
    CU_ASSERT_TRUE(engine_run(&engine, &stop_now));
    CU_ASSERT_EQUAL(ran_count, 2);
    stop_now = false;
    engine_at(&engine, 2, number(4), note_run);
    CU_ASSERT_TRUE(engine_run(&engine, &stop_now));
    CU_ASSERT_EQUAL_FATAL(ran_count, 4);
    CU_ASSERT_EQUAL(ran[2].number, 4);
    CU_ASSERT_EQUAL(ran[3].number, 3);
    tear_down();
}

static void go_on_for_ever(struct engine *running, void *context)
{
    engine_at(running, running->now_ns + 1, context, go_on_for_ever);
}

static void a_run_without_end_is_ended_by_its_limit(void)
{
    set_up();
    engine.events_max = 1000;
    engine_at(&engine, 0, NULL, go_on_for_ever);
    CU_ASSERT_FALSE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL(engine.events_run, 1000);
    CU_ASSERT_EQUAL(engine.now_ns, 999);

    set_up();
    engine.events_max = 2;
    engine_at(&engine, 0, number(1), note_run);
    engine_at(&engine, 0, number(2), note_run);
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL(ran_count, 2);
    tear_down();
}

/* Events that ask for none, one or several more, at times that tie, against a list searched for its least. */
enum { TREE_MAX = 5000 };

struct tree {
    uint64_t state;
    uint64_t asked;
    struct event list[TREE_MAX]; /* the reference: ticket is the number, run is not NULL while it waits */
};

static struct tree tree;

static uint64_t tree_children(uint64_t node, int64_t *delay_ns)
{
    uint64_t state = node * 77 + 5;
    uint64_t children = draw(&state) % 4;

    *delay_ns = (int64_t)(draw(&state) % 6);
    return children;
}

static void tree_run(struct engine *running, void *context)
{
    int64_t delay_ns;
    uint64_t children = tree_children((uint64_t)(uintptr_t)context, &delay_ns);

    note_run(running, context);
    for (uint64_t i = 0; i < children && tree.asked < TREE_MAX; i++)
        engine_at(running, running->now_ns + delay_ns * (int64_t)i, number(tree.asked++), tree_run);
}

static size_t tree_reference(struct event *order)
{
    uint64_t asked = 20;
    size_t count = 0;

    for (uint64_t i = 0; i < asked; i++)
        tree.list[i] = (struct event){.at_ns = 0, .ticket = i, .run = tree_run};
    for (;;) {
        struct event *least = NULL;

        for (uint64_t i = 0; i < asked; i++)
            if (tree.list[i].run && (!least || compare(&tree.list[i], least) < 0))
                least = &tree.list[i];
        if (!least)
            return count;
        int64_t delay_ns;
        uint64_t children = tree_children(least->ticket, &delay_ns);

        least->run = NULL;
        order[count++] = *least;
        for (uint64_t i = 0; i < children && asked < TREE_MAX; i++, asked++)
            tree.list[asked] =
                (struct event){.at_ns = least->at_ns + delay_ns * (int64_t)i, .ticket = asked, .run = tree_run};
    }
}

static void events_that_ask_for_events_run_in_the_same_order_as_in_a_list(void)
{
    static struct event order[TREE_MAX];
    size_t expected = tree_reference(order), wrong = 0;

    set_up();
    tree.asked = 20;
    for (uint64_t i = 0; i < 20; i++)
        engine_at(&engine, 0, number(i), tree_run);
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL_FATAL(ran_count, expected);
    CU_ASSERT(expected > TREE_MAX / 2);
    for (size_t i = 0; i < expected; i++)
        wrong += ran[i].number != order[i].ticket || ran[i].at_ns != order[i].at_ns;
    CU_ASSERT_EQUAL(wrong, 0);
    tear_down();
}

static void ask_for_the_past(struct engine *running, void *context)
{
    engine_at(running, running->now_ns - 1, context, note_run);
}

static uint64_t old_ticket;

static void ask_for_an_earlier_place(struct engine *running, void *context)
{
    engine_at_ticket(running, running->now_ns, old_ticket, context, note_run);
}

/* True when a run that begins with this event aborts; tried in a process of its own. */
static bool aborts(event_fn *run)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        const struct rlimit no_core = {0, 0};

        setrlimit(RLIMIT_CORE, &no_core);
        fclose(stderr);
        set_up();
        old_ticket = engine_ticket(&engine);
        engine_at(&engine, 5, NULL, run);
        engine_run(&engine, NULL);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void nothing_enters_the_past(void)
{
    CU_ASSERT_TRUE(aborts(ask_for_the_past));
    CU_ASSERT_TRUE(aborts(ask_for_an_earlier_place));
    CU_ASSERT_FALSE(aborts(note_run));
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"events run in order of time", run_in_order_of_time},
        {"the order is that of a sort by time and ticket", order_is_that_of_a_sort},
        {"what is asked for at once comes after what waits", what_is_asked_for_at_once_comes_after_what_waits},
        {"a ticket keeps its place", a_ticket_keeps_its_place},
        {"a stopped run goes on where it was", a_stopped_run_goes_on_where_it_was},
        {"a run without end is ended by its limit", a_run_without_end_is_ended_by_its_limit},
        {"events that ask for events run in the same order as in a list",
         events_that_ask_for_events_run_in_the_same_order_as_in_a_list},
        {"nothing enters the past", nothing_enters_the_past},
        {NULL, NULL}};

    return unit_run("engine", tests);
}
