/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Background load: it comes as often as it is asked to, is answered, and occupies what it passes. */
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/sim.h"
#include "tests/unit.h"

#include <math.h>

static struct arena *arena;
static struct dwell_table dwells, no_dwells;
static struct cost_table costs;

enum { RATE = 50, WORK_NS = 1000 * 1000, PASSES = 10 /* of five CSCFs, a request and its answer */ };

struct tally {
    uint64_t requests[3], answers[3], others;
    uint64_t sum; /* of when requests leave, to tell one run from another */
    int64_t pressed_ns;
};

static const char *const methods[] = {"PUBLISH", "NOTIFY", "OPTIONS"};
static const char *const answers[] = {"200 (PUBLISH)", "200 (NOTIFY)", "200 (OPTIONS)"};

static void count_message(void *context, const struct sim_message *message)
{
    struct tally *tally = context;

    for (size_t i = 0; i < 3; i++) {
        if (strcmp(message->from, "crowd A") == 0 && span_equal(message->label, span_of(methods[i])) &&
            message->sent_ns >= tally->pressed_ns) {
            tally->requests[i]++;
            tally->sum = 31 * tally->sum + (uint64_t)(message->sent_ns - tally->pressed_ns);
        }
        tally->answers[i] += strcmp(message->to, "crowd A") == 0 && message->received_ns != NONE_NS &&
                             span_equal(message->label, span_of(answers[i])) && message->sent_ns >= tally->pressed_ns;
    }
    tally->others += strcmp(message->to, "crowd A") == 0 && !span_starts(message->label, SPAN("200 "));
}

static struct scenario standard(uint64_t rate)
{
    struct scenario scenario;

    field_defaults(scenario_fields, &scenario);
    scenario.topology = TOPOLOGY_HOME;
    scenario.background_rate = rate;
    scenario.cpu_workers = 1;
    scenario.answer_ns = 20 * SECOND;
    return scenario;
}

static struct outcome run(const struct scenario *scenario, const char *arm, const struct dwell_table *table,
                          struct tally *tally)
{
    struct sim_tap tap = {.context = tally, .message = count_message};
    struct trial trial = {.scenario = scenario,
                          .arm = arm_find(span_of(arm)),
                          .dwells = table,
                          .costs = &costs,
                          .file = &source_pattern,
                          .file_bytes = 20000,
                          .tap = tally ? &tap : NULL};
    struct outcome outcome = {.end = OUTCOME_LIMIT};
    struct note note = {{0}};

    CU_ASSERT_EQUAL_FATAL(sim_run(&trial, arena, &outcome, &note), ERR_OK);
    CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
    return outcome;
}

/* The same with messages counted from the press on, which is where the first run says it is. */
static struct outcome counted(const struct scenario *scenario, const char *arm, const struct dwell_table *table,
                              struct tally *tally)
{
    *tally = (struct tally){.pressed_ns = run(scenario, arm, table, NULL).pressed_ns};
    return run(scenario, arm, table, tally);
}

static bool is_within(double seen, double expected, double deviations)
{
    bool is_right = fabs(seen - expected) <= deviations * sqrt(expected);

    if (!is_right)
        printf("%.1f, not %.1f\n", seen, expected);
    return is_right;
}

static void test_arrivals(void)
{
    struct scenario scenario = standard(RATE);
    struct tally tally;
    struct outcome outcome = counted(&scenario, "msrp-plain", &no_dwells, &tally);
    double seconds = (double)(outcome.delay_ns + outcome.teardown_ns) / (double)SECOND, sent = 0;

    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT_TRUE(is_within((double)tally.requests[i], RATE * seconds / 3, 4));
        /* What is under way at the press or at the end is on one side only. */
        CU_ASSERT_TRUE(fabs((double)tally.answers[i] - (double)tally.requests[i]) < RATE / 2);
        sent += (double)tally.requests[i];
    }
    CU_ASSERT_TRUE(is_within(sent, RATE * seconds, 4));
    CU_ASSERT_EQUAL(tally.others, 0);
}

/* A worker is busy for the work of each message that passes: rate x time x passes x work. */
static void test_load(void)
{
    struct scenario loaded = standard(RATE), idle = standard(0);
    struct tally tally;
    struct outcome with = counted(&loaded, "msrp-plain", &dwells, &tally),
                   without = run(&idle, "msrp-plain", &dwells, NULL);
    double seconds = (double)(with.delay_ns + with.teardown_ns) / (double)SECOND;
    double busy = (double)(with.cpu_ns - without.cpu_ns) / WORK_NS;

    CU_ASSERT_TRUE(is_within(busy / PASSES, RATE * seconds, 4));
    CU_ASSERT_TRUE(with.wire_bytes > without.wire_bytes);
}

/* MESSAGEs wait behind others at every CSCF: more, and in queueing, the busier those are. */
static void test_waiting(void)
{
    int64_t last_ns = -1, last_queueing_ns = -1;

    for (uint64_t rate = 0; rate <= 400; rate += 200) {
        struct scenario scenario = standard(rate);
        struct outcome outcome = run(&scenario, "message-plain", &dwells, NULL);

        CU_ASSERT_TRUE(outcome.delay_ns > last_ns);
        CU_ASSERT_TRUE(outcome.parts_ns[PART_QUEUEING] > last_queueing_ns);
        last_ns = outcome.delay_ns;
        last_queueing_ns = outcome.parts_ns[PART_QUEUEING];
    }
}

/* Whatever carries the file, the same others come at the same times. */
static void test_same_for_every_arm(void)
{
    struct scenario scenario = standard(RATE);
    struct tally tally, other;
    struct outcome first = counted(&scenario, "msrp-plain", &no_dwells, &tally);
    struct outcome again = counted(&scenario, "msrp-plain", &no_dwells, &other);

    CU_ASSERT_EQUAL(first.delay_ns, again.delay_ns);
    CU_ASSERT_EQUAL(tally.sum, other.sum);
    counted(&scenario, "msrp-tls", &no_dwells, &other);
    CU_ASSERT_TRUE(tally.requests[0] >= other.requests[0] ? tally.requests[0] - other.requests[0] < 5
                                                          : other.requests[0] - tally.requests[0] < 5);
    scenario.seed++;
    counted(&scenario, "msrp-plain", &no_dwells, &other);
    CU_ASSERT_NOT_EQUAL(tally.sum, other.sum);
}

/* A transfer that nobody ends is ended all the same. */
static void test_hung_transfer_ends(void)
{
    struct scenario scenario = standard(1);
    struct outcome outcome = {.end = OUTCOME_LIMIT};
    struct note note = {{0}};

    scenario.cut_ns = 1 * MS;
    struct trial trial = {.scenario = &scenario,
                          .arm = arm_find(SPAN("msrp-plain")),
                          .dwells = &no_dwells,
                          .costs = &costs,
                          .file = &source_pattern,
                          .file_bytes = 1000};

    CU_ASSERT_EQUAL_FATAL(sim_run(&trial, arena, &outcome, &note), ERR_OK);
    CU_ASSERT_EQUAL(outcome.end, OUTCOME_SETUP_TIMEOUT);
}

int main(void)
{
    const struct unit_test tests[] = {
        {"requests come as often as asked, and are answered", test_arrivals},
        {"they occupy CPUs and links", test_load},
        {"MESSAGEs wait behind them", test_waiting},
        {"they are the same for every arm", test_same_for_every_arm},
        {"a transfer beside them ends", test_hung_transfer_ends},
        {NULL, NULL},
    };
    static const enum dwell_role roles[] = {DWELL_P_CSCF, DWELL_I_CSCF, DWELL_S_CSCF};

    arena = arena_create((size_t)1 << 29);
    check(arena != NULL);
    for (int i = 0; i < COST_OPERATION_COUNT; i++)
        costs.costs[i] = (struct cost){.fixed_ns = 0, .ns_per_byte = 0, .is_known = true};
    for (size_t i = 0; i < 3; i++)
        dwells.rows[dwells.count++] = (struct dwell_row){.role = roles[i],
                                                         .kind = "*",
                                                         .median_ns = WORK_NS,
                                                         .work_ns = WORK_NS,
                                                         .min_ns = NONE_NS,
                                                         .p95_ns = NONE_NS,
                                                         .max_ns = NONE_NS};
    int status = unit_run("background", tests);

    arena_destroy(arena);
    return status;
}
