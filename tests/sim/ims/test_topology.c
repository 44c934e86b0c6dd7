/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Topologies: where packets pass and how long that takes, by hand; every arm in each of them; the radio's promotion. */
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/sim.h"
#include "tests/unit.h"

/* Lengths of which no two sums below are equal. */
#define ACCESS (7 * MS)
#define CORE (3 * MS)
#define SITE (1 * MS)
#define ZA (11 * MS)
#define S8 (100 * MS)

static struct arena *arena;
static struct dwell_table dwells;
static struct cost_table costs;

static const struct case_row {
    const char *name;
    int topology, breakout;
    int64_t direct_ns, core_ns;
} cases[] = {
    {"single-host", TOPOLOGY_SINGLE_HOST, BREAKOUT_S8HR, 2 * ACCESS, 4 * ACCESS},
    /* Between two hosts at one core router it is twice SITE. */
    {"home", TOPOLOGY_HOME, BREAKOUT_S8HR, 2 * (ACCESS + CORE), 2 * (ACCESS + CORE) + 10 * SITE},
    /* From one core router to the other: SITE, ZA, SITE. */
    {"two-domains", TOPOLOGY_TWO_DOMAINS, BREAKOUT_S8HR, 2 * (ACCESS + CORE) + ZA + 2 * SITE,
     2 * (ACCESS + CORE) + ZA + 12 * SITE},
    {"s8hr", TOPOLOGY_ROAMING, BREAKOUT_S8HR, 2 * (ACCESS + CORE) + S8 + ZA + 2 * SITE,
     2 * (ACCESS + CORE) + S8 + ZA + 12 * SITE},
    /* Directly it stays in the visited network; S-CSCF(A) is at home, so signalling goes there and back. */
    {"lbo", TOPOLOGY_ROAMING, BREAKOUT_LBO, 2 * (ACCESS + CORE), 2 * (ACCESS + CORE) + 2 * ZA + 14 * SITE},
};
enum { CASES = sizeof(cases) / sizeof(*cases) };

static void add_dwell(enum dwell_role role, int64_t median_ns)
{
    struct dwell_row *row = &dwells.rows[dwells.count++];
    struct sink sink = SINK(row->kind);

    *row = (struct dwell_row){.role = role,
                              .side = DWELL_ANY_SIDE,
                              .n = 10,
                              .min_ns = NONE_NS,
                              .median_ns = median_ns,
                              .p95_ns = NONE_NS,
                              .max_ns = NONE_NS,
                              .work_ns = NONE_NS};
    sink_text(&sink, "*");
    sink_string(&sink);
}

static void set_up(void)
{
    static const enum dwell_role roles[] = {DWELL_P_CSCF, DWELL_S_CSCF, DWELL_I_CSCF, DWELL_HSS,
                                            DWELL_RELAY,  DWELL_UE_A,   DWELL_UE_B};

    arena = arena_create((size_t)1 << 30);
    for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
        add_dwell(roles[i], (int64_t)(i + 1) * 100 * US);
    for (int i = 0; i < COST_OPERATION_COUNT; i++)
        costs.costs[i] = (struct cost){.fixed_ns = 100 * US + i * 1000, .ns_per_byte = 1.5, .is_known = true};
}

static struct scenario scenario_of(const struct case_row *row)
{
    struct scenario scenario;

    field_defaults(scenario_fields, &scenario);
    scenario.topology = row->topology;
    scenario.breakout = row->breakout;
    scenario.access.delay_ns = ACCESS;
    scenario.core.delay_ns = CORE;
    scenario.site.delay_ns = SITE;
    scenario.za.delay_ns = ZA;
    scenario.s8.delay_ns = S8;
    return scenario;
}

static struct outcome run(const struct scenario *scenario, const struct arm *arm, uint64_t bytes)
{
    struct trial trial = {.scenario = scenario,
                          .arm = arm,
                          .dwells = &dwells,
                          .costs = &costs,
                          .file = &source_pattern,
                          .file_bytes = bytes};
    struct outcome outcome = {.end = OUTCOME_LIMIT};
    struct note note = {{0}};

    CU_ASSERT_EQUAL(sim_run(&trial, arena, &outcome, &note), ERR_OK);
    return outcome;
}

static void ways_are_the_sums_of_their_links(void)
{
    for (size_t i = 0; i < CASES; i++) {
        struct scenario scenario = scenario_of(&cases[i]);
        struct sim_ways ways = {0, 0};
        struct note note = {{0}};

        arena_reset(arena);
        CU_ASSERT_EQUAL(sim_ways(&scenario, arena, &ways, &note), ERR_OK);
        CU_ASSERT_EQUAL(ways.direct_ns, cases[i].direct_ns);
        CU_ASSERT_EQUAL(ways.core_ns, cases[i].core_ns);
    }
}

/* The time from the SYN to the last ACK is three ways, whatever else there is; rates are without limit. */
static void a_direct_connection_takes_three_direct_ways(void)
{
    for (size_t i = 0; i < CASES; i++) {
        struct scenario scenario = scenario_of(&cases[i]);

        scenario.access.rate_bps = scenario.core.rate_bps = scenario.site.rate_bps = 0;
        scenario.za.rate_bps = scenario.s8.rate_bps = 0;
        struct outcome outcome = run(&scenario, arm_find(SPAN("msrp-plain")), 1000);

        CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
        CU_ASSERT_EQUAL(outcome.connect_ns, 3 * cases[i].direct_ns);
    }
}

static void every_arm_delivers_with_any_number_of_relays(void)
{
    for (size_t i = 0; i < CASES; i++)
        for (int connections = 0; connections < 2; connections++)
            for (const struct arm *arm = arms; arm->name; arm++)
                for (uint64_t relays = 1; relays <= 5; relays++) {
                    struct scenario scenario = scenario_of(&cases[i]);

                    scenario.connections = connections;
                    scenario.relays = relays;
                    struct outcome outcome = run(&scenario, arm, 20000);

                    CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
                    CU_ASSERT_EQUAL(outcome.retransmissions, 0);
                }
}

static void one_nanosecond_more_moves_the_delay_by_the_crossings_counted(void)
{
    for (size_t i = 0; i < CASES; i++)
        for (const struct arm *arm = arms; arm->name; arm++) {
            struct scenario scenario = scenario_of(&cases[i]);
            struct outcome before = run(&scenario, arm, 100000);

            scenario.forward_extra_ns = 1;
            struct outcome after = run(&scenario, arm, 100000);
            int64_t moved = after.delay_ns - before.delay_ns;

            CU_ASSERT(moved >= 2);
            CU_ASSERT_EQUAL(moved, after.parts_ns[PART_PROPAGATION] - before.parts_ns[PART_PROPAGATION]);
        }
}

/* Each UE's radio is promoted once: by what UE-A sends first and by what reaches UE-B first. */
static void a_promotion_is_waited_for_once_at_each_end(void)
{
    for (size_t i = 0; i < CASES; i++)
        for (const struct arm *arm = arms; arm->name; arm++) {
            struct scenario scenario = scenario_of(&cases[i]);
            struct outcome before = run(&scenario, arm, 20000);

            scenario.promotion_ns = 40 * MS;
            scenario.promotion_idle_ns = 100 * SECOND;
            struct outcome after = run(&scenario, arm, 20000);

            CU_ASSERT_EQUAL(after.end, OUTCOME_DELIVERED);
            CU_ASSERT_EQUAL(after.delay_ns - before.delay_ns, 2 * 40 * MS);
            CU_ASSERT_EQUAL(after.parts_ns[PART_QUEUEING] - before.parts_ns[PART_QUEUEING], 2 * 40 * MS);
            scenario.promotion_idle_ns = 1 * MS;
            after = run(&scenario, arm, 20000);
            CU_ASSERT_EQUAL(after.end, OUTCOME_DELIVERED);
            CU_ASSERT(after.delay_ns - before.delay_ns > 4 * 40 * MS);
        }
}

static void the_way_up_has_a_rate_of_its_own(void)
{
    struct scenario scenario = scenario_of(&cases[1]);
    const struct arm *arm = arm_find(SPAN("msrp-plain"));

    scenario.access.rate_bps = 100000000;
    struct outcome even = run(&scenario, arm, 1000000);

    scenario.access_rate_up_bps = 100000000;
    CU_ASSERT_EQUAL(run(&scenario, arm, 1000000).delay_ns, even.delay_ns);
    scenario.access_rate_up_bps = 10000000;
    struct outcome slow = run(&scenario, arm, 1000000);

    /* 8 Mbit at 10 Mbit/s, with headers. */
    CU_ASSERT(slow.transfer_ns > 800 * MS && slow.transfer_ns < 1000 * MS);
    CU_ASSERT(even.transfer_ns < 300 * MS);
}

int main(void)
{
    const struct unit_test tests[] = {
        {"direct and core ways are the sums of their links", ways_are_the_sums_of_their_links},
        {"a direct connection takes three direct ways", a_direct_connection_takes_three_direct_ways},
        {"every arm delivers with any number of relays", every_arm_delivers_with_any_number_of_relays},
        {"one nanosecond more on each forward link moves the delay by the crossings counted",
         one_nanosecond_more_moves_the_delay_by_the_crossings_counted},
        {"a promotion is waited for once at each end", a_promotion_is_waited_for_once_at_each_end},
        {"the way up has a rate of its own", the_way_up_has_a_rate_of_its_own},
        {NULL, NULL},
    };

    set_up();
    int status = unit_run("topology", tests);

    arena_destroy(arena);
    return status;
}
