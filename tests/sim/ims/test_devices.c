/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A user with several devices: RFC 3261 sections 16.6, 16.7 and 13.2.2.4. */
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/sim.h"
#include "tests/unit.h"

static struct arena *arena;
static struct dwell_table dwells;
static struct cost_table costs;

/* Messages that a role got or sent, by label; what was sent again counts too. */
struct seen {
    const char *from, *to, *label;
    int count;
};

struct tally {
    struct seen *rows;
    size_t count;
};

static bool matches(const char *wanted, const char *name)
{
    return !wanted || strcmp(wanted, name) == 0;
}

static void count_message(void *context, const struct sim_message *message)
{
    struct tally *tally = context;

    for (size_t i = 0; i < tally->count; i++) {
        struct seen *row = &tally->rows[i];

        row->count += matches(row->from, message->from) && matches(row->to, message->to) &&
                      span_equal(message->label, span_of(row->label));
    }
}

static struct scenario standard(uint64_t devices)
{
    struct scenario scenario;

    field_defaults(scenario_fields, &scenario);
    scenario.topology = TOPOLOGY_HOME;
    scenario.devices = devices;
    return scenario;
}

static struct outcome run(const struct scenario *scenario, const char *arm, struct seen *rows, size_t count)
{
    struct tally tally = {rows, count};
    struct sim_tap tap = {.context = &tally, .message = count_message};
    struct trial trial = {.scenario = scenario,
                          .arm = arm_find(span_of(arm)),
                          .dwells = &dwells,
                          .costs = &costs,
                          .file = &source_pattern,
                          .file_bytes = 3000,
                          .events_max = 1000000,
                          .tap = &tap};
    struct outcome outcome = {.end = OUTCOME_LIMIT};
    struct note note = {{0}};

    CU_ASSERT_EQUAL_FATAL(sim_run(&trial, arena, &outcome, &note), ERR_OK);
    return outcome;
}

#define ROWS(rows) rows, sizeof(rows) / sizeof((rows)[0])

static void test_first_answer_wins(void)
{
    for (uint64_t devices = 2; devices <= 8; devices += 3) {
        struct scenario scenario = standard(devices);
        int others = (int)devices - 1;
        struct seen rows[] = {
            {"P-CSCF(B)", NULL, "INVITE", 0},  {"UE-B", NULL, "200 (INVITE)", 0},
            {"S-CSCF(B)", NULL, "CANCEL", 0},  {NULL, "S-CSCF(B)", "487 (INVITE)", 0},
            {NULL, "UE-A", "180 (INVITE)", 0}, {NULL, "UE-A", "200 (INVITE)", 0},
            {NULL, "UE-A", "487 (INVITE)", 0},
        };

        scenario.provisional = PROVISIONAL_180;
        CU_ASSERT_EQUAL(run(&scenario, "msrp-plain", ROWS(rows)).end, OUTCOME_DELIVERED);
        CU_ASSERT_EQUAL(rows[0].count, (int)devices);
        CU_ASSERT_EQUAL(rows[1].count, 1);
        CU_ASSERT_EQUAL(rows[2].count, others);
        CU_ASSERT_EQUAL(rows[3].count, others);
        CU_ASSERT_EQUAL(rows[4].count, (int)devices); /* as many early dialogs */
        CU_ASSERT_EQUAL(rows[5].count, 1);
        CU_ASSERT_EQUAL(rows[6].count, 0);
    }
}

/* The second answer is on its way when the first cancels its INVITE. */
static void test_late_answer_is_acknowledged_and_ended(void)
{
    struct scenario scenario = standard(2);
    struct seen rows[] = {{NULL, "UE-A", "200 (INVITE)", 0}, {"P-CSCF(B)", "UE-B 2", "ACK", 0},
                          {"P-CSCF(B)", "UE-B 2", "BYE", 0}, {"UE-B 2", NULL, "200 (BYE)", 0},
                          {"P-CSCF(B)", "UE-B", "ACK", 0},   {"P-CSCF(B)", "UE-B", "BYE", 0}};

    scenario.devices_answer = DEVICES_ANSWER;
    scenario.devices_lag_ns = 2 * MS;
    CU_ASSERT_EQUAL(run(&scenario, "msrp-plain", ROWS(rows)).end, OUTCOME_DELIVERED);
    CU_ASSERT_EQUAL(rows[0].count, 2);
    for (size_t i = 1; i < 6; i++)
        CU_ASSERT_EQUAL(rows[i].count, 1);
}

/* Section 16.7, step 6: a 6xx is everybody's at once; a 486 waits for the others, and is better than their 487. */
static void test_refusals(void)
{
    struct scenario scenario = standard(3);
    struct seen rows[] = {{"S-CSCF(B)", NULL, "CANCEL", 0}, {NULL, "UE-A", "603 (INVITE)", 0}};
    struct outcome outcome;

    scenario.peer_state = PEER_DECLINES;
    outcome = run(&scenario, "msrp-plain", ROWS(rows));
    CU_ASSERT_EQUAL(outcome.end, OUTCOME_DECLINED);
    CU_ASSERT_TRUE(outcome.refusal_ns < 1 * SECOND);
    CU_ASSERT_EQUAL(rows[0].count, 2);
    CU_ASSERT_EQUAL(rows[1].count, 1);
    scenario.peer_state = PEER_BUSY;
    scenario.cancel_ns = 3 * SECOND;
    outcome = run(&scenario, "msrp-plain", ROWS(rows));
    CU_ASSERT_EQUAL(outcome.end, OUTCOME_BUSY);
    CU_ASSERT_TRUE(outcome.refusal_ns > 3 * SECOND && outcome.refusal_ns < 4 * SECOND);
}

/* All devices get each MESSAGE, UE-A one 200. */
static void test_messages(void)
{
    struct scenario scenario = standard(3);
    struct seen rows[] = {
        {"UE-A", NULL, "MESSAGE", 0}, {"P-CSCF(B)", NULL, "MESSAGE", 0}, {NULL, "UE-A", "200 (MESSAGE)", 0}};

    CU_ASSERT_EQUAL(run(&scenario, "message-plain", ROWS(rows)).end, OUTCOME_DELIVERED);
    CU_ASSERT_TRUE(rows[0].count > 1);
    CU_ASSERT_EQUAL(rows[1].count, 3 * rows[0].count);
    CU_ASSERT_EQUAL(rows[2].count, rows[0].count);
}

/* A device more costs UE-A's transfer its MESSAGEs' room on the links at most: the first answer is as early. */
static void test_one_device_is_as_before(void)
{
    struct scenario one = standard(1), two = standard(2);
    int64_t alone_ns = run(&one, "msrp-plain", NULL, 0).delay_ns, both_ns = run(&two, "msrp-plain", NULL, 0).delay_ns;

    CU_ASSERT_TRUE(both_ns >= alone_ns && both_ns < alone_ns + 1 * MS);
}

int main(void)
{
    const struct unit_test tests[] = {
        {"the first answer wins, the others are cancelled", test_first_answer_wins},
        {"a late answer is acknowledged and ended", test_late_answer_is_acknowledged_and_ended},
        {"of refusals the best goes back", test_refusals},
        {"MESSAGEs go to all devices", test_messages},
        {"another device delays nothing", test_one_device_is_as_before},
        {NULL, NULL},
    };

    arena = arena_create((size_t)1 << 28);
    check(arena != NULL);
    for (int i = 0; i < COST_OPERATION_COUNT; i++)
        costs.costs[i] = (struct cost){.fixed_ns = 0, .ns_per_byte = 0, .is_known = true};
    int status = unit_run("devices", tests);

    arena_destroy(arena);
    return status;
}
