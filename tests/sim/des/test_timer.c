/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/units.h"
#include "sim/des/engine.h"
#include "tests/unit.h"

enum { TIMERS = 12, DRIVES = 4000, LOG_SIZE = 40000, LANE_LENGTH = 5 };

static struct arena *arena;
static struct engine engine;
static struct timer timer;
static int64_t fired_ns[LOG_SIZE];
static size_t fired;

static void note_fired(struct engine *running, void *context)
{
    (void)context;
    fired_ns[fired++] = running->now_ns;
}

static void nothing(struct engine *running, void *context)
{
    (void)running;
    (void)context;
}

static void set_up(void)
{
    arena = arena_create(16 * MIB);
    engine_init(&engine, arena);
    timer_init(&timer, &engine, NULL, note_fired);
    fired = 0;
}

static void tear_down(void)
{
    arena_destroy(arena);
}

static void a_timer_fires_once(void)
{
    set_up();
    CU_ASSERT_FALSE(timer_armed(&timer));
    timer_arm(&timer, 5 * MS);
    CU_ASSERT_TRUE(timer_armed(&timer));
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL(fired, 1);
    CU_ASSERT_EQUAL(fired_ns[0], 5 * MS);
    CU_ASSERT_FALSE(timer_armed(&timer));
    tear_down();
}

/* A retransmission timer of 200 ms pushed back every 10 us, as acknowledgements do. */
static uint64_t most_pending;

static void push_back(struct engine *running, void *context)
{
    uint64_t *left = context;

    timer_arm(&timer, running->now_ns + 200 * MS);
    if (running->pending > most_pending)
        most_pending = running->pending;
    if (--*left > 0)
        engine_at(running, running->now_ns + 10 * US, left, push_back);
}

static void a_timer_pushed_back_keeps_one_event(void)
{
    uint64_t left = 100000;

    set_up();
    most_pending = 0;
    engine_at(&engine, 0, &left, push_back);
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL(fired, 1);
    CU_ASSERT_EQUAL(fired_ns[0], 99999 * 10 * US + 200 * MS);
    /* The timer's one event and the running one. */
    CU_ASSERT_EQUAL(most_pending, 2);
    /* One event a push, one of the timer's every 200 ms of the second it lasts. */
    CU_ASSERT(engine.events_run <= 100000 + 7);
    tear_down();
}

/* A long timer that a short one of the same timer overtakes again and again, as a probe overtakes a retransmission. */
static void alternate(struct engine *running, void *context)
{
    (void)context;
    fired++;
    if (running->pending > most_pending)
        most_pending = running->pending;
    if (fired == 10000)
        return;
    timer_arm(&timer, running->now_ns + 200 * MS);
    timer_arm(&timer, running->now_ns + MS);
}

static void a_timer_armed_short_and_long_in_turn_piles_up_no_events(void)
{
    set_up();
    most_pending = 0;
    timer_init(&timer, &engine, NULL, alternate);
    timer_arm(&timer, 0);
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL(fired, 10000);
    CU_ASSERT(engine.now_ns < 9999 * MS + 201 * MS);
    /* The short event, the long one, the running one. */
    CU_ASSERT(most_pending <= 3);
    tear_down();
}

static void a_timer_armed_earlier_fires_earlier_and_only_once(void)
{
    set_up();
    timer_arm(&timer, 100);
    timer_arm(&timer, 40);
    timer_arm(&timer, 60);
    timer_arm(&timer, 50);
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL(fired, 1);
    CU_ASSERT_EQUAL(fired_ns[0], 50);
    tear_down();
}

static void a_cancelled_timer_is_silent_until_armed_again(void)
{
    set_up();
    timer_arm(&timer, 100);
    timer_cancel(&timer);
    CU_ASSERT_FALSE(timer_armed(&timer));
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL(fired, 0);

    timer_arm(&timer, 200);
    timer_cancel(&timer);
    timer_arm(&timer, 150);
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL(fired, 1);
    CU_ASSERT_EQUAL(fired_ns[0], 150);
    /* The event of the first arming, at 200, has come and done nothing. */
    CU_ASSERT_EQUAL(engine.now_ns, 200);

    timer_arm(&timer, 300);
    timer_cancel(&timer);
    timer_arm(&timer, 400);
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL(fired, 2);
    CU_ASSERT_EQUAL(fired_ns[1], 400);
    tear_down();
}

static void fire_three_times(struct engine *running, void *context)
{
    note_fired(running, context);
    if (fired < 3)
        timer_arm(&timer, running->now_ns + 10);
}

static void a_timer_may_be_armed_by_what_it_runs(void)
{
    set_up();
    timer_init(&timer, &engine, NULL, fire_three_times);
    timer_arm(&timer, 10);
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL_FATAL(fired, 3);
    CU_ASSERT_EQUAL(fired_ns[2], 30);
    tear_down();
}

/*
 * The law of order, for timers and lanes: the same random program (arming, moving, cancelling, with ties everywhere)
 * on timers, on a lane's entries, and on a list in which each arming is one entry with a ticket of its own.
 */
struct due {
    int64_t at_ns;
    uint64_t ticket;
    bool armed;
};

struct program {
    void (*arm)(struct program *program, uint64_t which, int64_t delay_ns);
    void (*cancel)(struct program *program, uint64_t which);
    bool same_length; /* all delays are LANE_LENGTH */
    int64_t now_ns;
    uint64_t actions; /* so far: what the next one does depends on it */
    int64_t log[LOG_SIZE];
    size_t logged;

    struct timer timers[TIMERS];
    struct lane lane;
    struct lane_entry entries[TIMERS];

    struct due list[TIMERS + DRIVES]; /* timers, then ordinary events */
    uint64_t next_ticket;
};

static uint64_t scramble(uint64_t x)
{
    x = (x ^ x >> 31) * UINT64_C(0x7fb5d329728ea185);
    return (x ^ x >> 27) >> 20;
}

static void program_act(struct program *program, uint64_t salt)
{
    uint64_t draw = scramble(program->actions++ * 4 + salt);
    uint64_t which = draw % TIMERS;
    int64_t delay_ns = program->same_length ? LANE_LENGTH : (int64_t)(draw / 64 % 20);

    if (draw / 8192 % 4 == 0)
        program->cancel(program, which);
    else
        program->arm(program, which, delay_ns);
}

static void program_log(struct program *program, uint64_t which)
{
    if (program->logged + 1 < LOG_SIZE)
        program->log[program->logged++] = program->now_ns * (TIMERS + DRIVES) + (int64_t)which;
}

/* A timer fired: one time in four it does something, perhaps to itself. */
static void program_fired(struct program *program, uint64_t which)
{
    program_log(program, which);
    if (scramble(program->logged) % 4 == 0)
        program_act(program, 1);
}

static int64_t drive_ns(uint64_t drive)
{
    return (int64_t)(drive / 2 + drive / 64 * 8);
}

static void list_arm(struct program *program, uint64_t which, int64_t delay_ns)
{
    program->list[which] = (struct due){program->now_ns + delay_ns, program->next_ticket++, true};
}

static void list_cancel(struct program *program, uint64_t which)
{
    program->list[which].armed = false;
}

static void list_run(struct program *program)
{
    for (uint64_t i = 0; i < DRIVES; i++)
        program->list[TIMERS + i] = (struct due){drive_ns(i), program->next_ticket++, true};
    for (;;) {
        struct due *least = NULL;

        for (struct due *due = program->list; due < program->list + TIMERS + DRIVES; due++)
            if (due->armed &&
                (!least || due->at_ns < least->at_ns || (due->at_ns == least->at_ns && due->ticket < least->ticket)))
                least = due;
        if (!least)
            return;
        least->armed = false;
        program->now_ns = least->at_ns;
        uint64_t which = (uint64_t)(least - program->list);

        if (which < TIMERS) {
            program_fired(program, which);
        } else {
            program_log(program, which);
            program_act(program, 2);
        }
    }
}

static struct program by_list, by_engine;

static void timer_fired(struct engine *running, void *context)
{
    by_engine.now_ns = running->now_ns;
    program_fired(&by_engine, (uint64_t)((struct timer *)context - by_engine.timers));
}

static void entry_fired(struct engine *running, void *context)
{
    by_engine.now_ns = running->now_ns;
    program_fired(&by_engine, (uint64_t)((struct lane_entry *)context - by_engine.entries));
}

static void drive(struct engine *running, void *context)
{
    by_engine.now_ns = running->now_ns;
    program_log(&by_engine, (uint64_t)((struct due *)context - by_engine.list));
    program_act(&by_engine, 2);
}

static void timers_arm(struct program *program, uint64_t which, int64_t delay_ns)
{
    timer_arm(&program->timers[which], program->now_ns + delay_ns);
}

static void timers_cancel(struct program *program, uint64_t which)
{
    timer_cancel(&program->timers[which]);
}

static void entries_arm(struct program *program, uint64_t which, int64_t delay_ns)
{
    (void)delay_ns;
    lane_arm(&program->lane, &program->entries[which], &program->entries[which], entry_fired);
}

static void entries_cancel(struct program *program, uint64_t which)
{
    lane_cancel(&program->lane, &program->entries[which]);
}

static void compare_programs(void)
{
    size_t wrong = 0;

    set_up();
    for (size_t i = 0; i < TIMERS; i++)
        timer_init(&by_engine.timers[i], &engine, &by_engine.timers[i], timer_fired);
    lane_init(&by_engine.lane, &engine, LANE_LENGTH);
    for (uint64_t i = 0; i < DRIVES; i++)
        engine_at(&engine, drive_ns(i), &by_engine.list[TIMERS + i], drive);
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    list_run(&by_list);

    CU_ASSERT_EQUAL_FATAL(by_engine.logged, by_list.logged);
    CU_ASSERT(by_list.logged > DRIVES + DRIVES / 10);
    for (size_t i = 0; i < by_list.logged; i++)
        wrong += by_engine.log[i] != by_list.log[i];
    CU_ASSERT_EQUAL(wrong, 0);
    tear_down();
}

static void timers_keep_the_order_of_their_arming(void)
{
    by_list = (struct program){.arm = list_arm, .cancel = list_cancel};
    by_engine = (struct program){.arm = timers_arm, .cancel = timers_cancel};
    compare_programs();
}

static void lanes_keep_the_order_of_their_arming(void)
{
    by_list = (struct program){.arm = list_arm, .cancel = list_cancel, .same_length = true};
    by_engine = (struct program){.arm = entries_arm, .cancel = entries_cancel, .same_length = true};
    compare_programs();
}

static void a_lane_keeps_one_event(void)
{
    static struct lane_entry entries[1000];
    struct lane lane;

    set_up();
    lane_init(&lane, &engine, 32 * SECOND);
    for (size_t i = 0; i < 1000; i++)
        lane_arm(&lane, &entries[i], NULL, i == 999 ? note_fired : nothing);
    CU_ASSERT_EQUAL(engine.pending, 1);
    for (size_t i = 0; i < 999; i++)
        lane_cancel(&lane, &entries[i]);
    lane_cancel(&lane, &entries[5]);
    CU_ASSERT_EQUAL(engine.pending, 1);
    CU_ASSERT_TRUE(engine_run(&engine, NULL));
    CU_ASSERT_EQUAL(fired, 1);
    CU_ASSERT_EQUAL(fired_ns[0], 32 * SECOND);
    CU_ASSERT_EQUAL(engine.events_run, 2);
    CU_ASSERT_FALSE(entries[999].armed);
    tear_down();
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a timer fires once", a_timer_fires_once},
        {"a timer pushed back keeps one event", a_timer_pushed_back_keeps_one_event},
        {"a timer armed short and long in turn piles up no events",
         a_timer_armed_short_and_long_in_turn_piles_up_no_events},
        {"a timer armed earlier fires earlier, and only once", a_timer_armed_earlier_fires_earlier_and_only_once},
        {"a cancelled timer is silent until armed again", a_cancelled_timer_is_silent_until_armed_again},
        {"a timer may be armed by what it runs", a_timer_may_be_armed_by_what_it_runs},
        {"timers keep the order of their arming", timers_keep_the_order_of_their_arming},
        {"lanes keep the order of their arming", lanes_keep_the_order_of_their_arming},
        {"a lane keeps one event", a_lane_keeps_one_event},
        {NULL, NULL}};

    return unit_run("timer", tests);
}
