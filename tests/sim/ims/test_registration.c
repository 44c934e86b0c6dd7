/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Both users' registrations in a trial: their times as sums of propagation, their refusals as outcomes, whom they ask.
 */
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/sim.h"
#include "tests/unit.h"

static struct arena *arena;
static struct dwell_table dwells, no_dwells;
static struct cost_table costs;

/* In `home` with infinitely fast links and no dwells, ways are sums of propagation. */
enum { ACCESS_NS = 10 * 1000 * 1000, CORE_NS = 5 * 1000 * 1000, SITE_NS = 100 * 1000, ZA_NS = 20 * 1000 * 1000 };

static const int64_t gm_ns = ACCESS_NS + CORE_NS + SITE_NS; /* UE to P-CSCF */
static const int64_t hop_ns = 2 * SITE_NS;                  /* between two nodes at the core router */

static struct scenario standard(void)
{
    struct scenario scenario;

    field_defaults(scenario_fields, &scenario);
    scenario.topology = TOPOLOGY_HOME;
    scenario.access.rate_bps = scenario.core.rate_bps = scenario.site.rate_bps = scenario.za.rate_bps = 0;
    scenario.access.delay_ns = ACCESS_NS;
    scenario.core.delay_ns = CORE_NS;
    scenario.site.delay_ns = SITE_NS;
    scenario.za.delay_ns = ZA_NS;
    return scenario;
}

static struct outcome run(const struct scenario *scenario, const struct dwell_table *table, const struct sim_tap *tap)
{
    struct trial trial = {.scenario = scenario,
                          .arm = arm_find(SPAN("msrp-plain")),
                          .dwells = table,
                          .costs = &costs,
                          .file = &source_pattern,
                          .file_bytes = 1000,
                          .events_max = 1000000,
                          .tap = tap};
    struct outcome outcome = {.end = OUTCOME_LIMIT};
    struct note note = {{0}};

    CU_ASSERT_EQUAL_FATAL(sim_run(&trial, arena, &outcome, &note), ERR_OK);
    return outcome;
}

/* RFC 6076 section 4.1. Two round trips UE to S-CSCF; UAR twice, MAR, SAR; before the MAR the S-CSCF's connection. */
static int64_t way_ns(int uars, bool is_cold)
{
    int64_t sip_ns = 4 * (gm_ns + 2 * hop_ns), cx_ns = 2 * hop_ns;

    /* The I-CSCF's own connection stands if it is warm. */
    return sip_ns + (uars + 2) * cx_ns + cx_ns + (is_cold ? cx_ns : 0);
}

static void test_way(void)
{
    for (int is_cold = 0; is_cold < 2; is_cold++)
        for (int asks_twice = 0; asks_twice < 2; asks_twice++) {
            struct scenario scenario = standard();

            scenario.connections = is_cold ? CONNECTIONS_COLD : CONNECTIONS_WARM;
            scenario.second_uar = asks_twice;
            struct outcome outcome = run(&scenario, &no_dwells, NULL);

            CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
            CU_ASSERT_EQUAL(outcome.registration_ns, way_ns(1 + asks_twice, is_cold != 0));
            CU_ASSERT_EQUAL(outcome.prepare_ns, is_cold ? outcome.registration_ns : 0);
        }
}

/* The delay grows by the registration and by the connections that a warm trial has already; its parts still add up. */
static void test_cold(void)
{
    struct scenario warm = standard(), cold = standard();

    cold.connections = CONNECTIONS_COLD;
    struct outcome before = run(&warm, &no_dwells, NULL), after = run(&cold, &no_dwells, NULL);
    int64_t sum_ns = 0;

    for (int i = 0; i < PART_COUNT; i++)
        sum_ns += after.parts_ns[i];
    CU_ASSERT_EQUAL(sum_ns, after.delay_ns);
    CU_ASSERT_EQUAL(after.delay_ns, before.delay_ns + after.registration_ns);
}

static const struct {
    int subscriber;
    enum outcome_end end;
    uint64_t status;
} subscribers[] = {
    {SUBSCRIBER_REGULAR, OUTCOME_DELIVERED, 0},
    {SUBSCRIBER_UNKNOWN, OUTCOME_REGISTRATION_REFUSED, 403},
    {SUBSCRIBER_BARRED, OUTCOME_REGISTRATION_REFUSED, 403},
    {SUBSCRIBER_WRONG_KEY, OUTCOME_REGISTRATION_REFUSED, 403},
    {SUBSCRIBER_WRONG_RESPONSE, OUTCOME_REGISTRATION_REFUSED, 403},
    {SUBSCRIBER_OUT_OF_SYNC, OUTCOME_DELIVERED, 0},
};

static void test_subscribers(void)
{
    for (int is_cold = 0; is_cold < 2; is_cold++)
        for (size_t i = 0; i < sizeof(subscribers) / sizeof(subscribers[0]); i++) {
            struct scenario scenario = standard();

            scenario.connections = is_cold ? CONNECTIONS_COLD : CONNECTIONS_WARM;
            scenario.subscriber = subscribers[i].subscriber;
            struct outcome outcome = run(&scenario, &no_dwells, NULL);

            CU_ASSERT_EQUAL(outcome.end, subscribers[i].end);
            CU_ASSERT_EQUAL(outcome.status, subscribers[i].status);
            CU_ASSERT_EQUAL(outcome.registration_ns == NONE_NS, subscribers[i].end != OUTCOME_DELIVERED);
        }
}

/* A resynchronisation is one round trip more, one UAR and one MAR. */
static void test_resynchronisation(void)
{
    struct scenario scenario = standard();

    scenario.subscriber = SUBSCRIBER_OUT_OF_SYNC;
    struct outcome outcome = run(&scenario, &no_dwells, NULL);

    CU_ASSERT_EQUAL(outcome.registration_ns, way_ns(2, false) + 2 * (gm_ns + 2 * hop_ns) + 2 * 2 * hop_ns);
}

/* TS 24.229 table 7.7.1: 64 times T1 of Gm. */
static void test_timeout(void)
{
    for (int is_cold = 0; is_cold < 2; is_cold++) {
        struct scenario scenario = standard();

        scenario.connections = is_cold ? CONNECTIONS_COLD : CONNECTIONS_WARM;
        scenario.access.loss = 1;
        struct outcome outcome = run(&scenario, &no_dwells, NULL);

        CU_ASSERT_EQUAL(outcome.end, OUTCOME_REGISTRATION_TIMEOUT);
        CU_ASSERT_EQUAL(outcome.status, 408);
        CU_ASSERT_EQUAL(outcome.registration_ns, NONE_NS);
    }
}

/* However much was drawn before the press, what is drawn after it is the same. */
static void test_draws(void)
{
    struct scenario once = standard(), twice = standard(), again = standard();

    for (int role = 0; role < DWELL_ROLE_COUNT; role++) {
        struct dwell_row *row = &dwells.rows[role];

        *row = (struct dwell_row){
            .role = (enum dwell_role)role, .kind = "*", .median_ns = 5 * MS, .work_ns = MS, .min_ns = NONE_NS};
    }
    dwells.count = DWELL_ROLE_COUNT;
    once.dwell_spread = twice.dwell_spread = again.dwell_spread = 0.5;
    once.access.jitter_ns = twice.access.jitter_ns = again.access.jitter_ns = 3 * MS;
    once.second_uar = 0;
    twice.second_uar = 1;
    again.second_uar = 1;
    again.subscriber = SUBSCRIBER_OUT_OF_SYNC;
    struct outcome a = run(&once, &dwells, NULL), b = run(&twice, &dwells, NULL), c = run(&again, &dwells, NULL);

    CU_ASSERT_EQUAL(a.end, OUTCOME_DELIVERED);
    CU_ASSERT(a.registration_ns < b.registration_ns && b.registration_ns < c.registration_ns);
    CU_ASSERT_EQUAL(a.delay_ns, b.delay_ns);
    CU_ASSERT_EQUAL(a.delay_ns, c.delay_ns);
}

/* Who asked which HSS what: "S-CSCF(A) HSS(A) MAR". */
struct asked {
    int own, foreign, others;
};

static void take_message(void *context, const struct sim_message *message)
{
    struct asked *asked = context;
    bool is_registration = span_equal(message->label, SPAN("UAR")) || span_equal(message->label, SPAN("MAR")) ||
                           span_equal(message->label, SPAN("SAR"));

    if (!is_registration)
        return;
    if (strchr(message->from, 'A') && strcmp(message->to, "HSS(A)") == 0)
        asked->own++;
    else if (strstr(message->from, "(B)") && strcmp(message->to, "HSS(B)") == 0)
        asked->foreign++;
    else
        asked->others++;
}

/* Each user asks their own operator, wherever UE-A is; abroad the way to S-CSCF(A) crosses Za. */
static void test_homes(void)
{
    static const struct {
        int topology, breakout;
    } rows[] = {{TOPOLOGY_TWO_DOMAINS, 0}, {TOPOLOGY_ROAMING, BREAKOUT_S8HR}, {TOPOLOGY_ROAMING, BREAKOUT_LBO}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scenario scenario = standard();
        struct asked asked = {0, 0, 0};
        struct sim_tap tap = {.context = &asked, .message = take_message};

        scenario.topology = rows[i].topology;
        scenario.breakout = rows[i].breakout;
        scenario.s8.rate_bps = 0;
        scenario.s8.delay_ns = 0;
        struct outcome outcome = run(&scenario, &no_dwells, &tap);

        CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
        CU_ASSERT_EQUAL(asked.own, 4);
        CU_ASSERT_EQUAL(asked.foreign, 4);
        CU_ASSERT_EQUAL(asked.others, 0);
        if (rows[i].breakout == BREAKOUT_LBO && rows[i].topology == TOPOLOGY_ROAMING) {
            /* P-CSCF(A) to I-CSCF(A): two border routers and Za more, four times. I-CSCF(A)'s connection is cold. */
            CU_ASSERT_EQUAL(outcome.registration_ns, way_ns(2, true) + 4 * (2 * SITE_NS + ZA_NS));
        }
    }
}

/* RFC 3263: three questions for a UE to find its P-CSCF, three for the P-CSCF to find the I-CSCF; then S-CSCF(A), which
 * in two-domains asks through its own server that of the other operator. */
static void test_dns(void)
{
    for (int is_cold = 0; is_cold < 2; is_cold++)
        for (int is_two = 0; is_two < 2; is_two++) {
            struct scenario cached = standard(), asked;

            cached.connections = is_cold ? CONNECTIONS_COLD : CONNECTIONS_WARM;
            cached.topology = is_two ? TOPOLOGY_TWO_DOMAINS : TOPOLOGY_HOME;
            asked = cached;
            asked.dns = DNS_COLD;
            struct outcome before = run(&cached, &no_dwells, NULL), after = run(&asked, &no_dwells, NULL);
            int64_t over_za_ns = is_two ? 3 * 2 * (hop_ns + 2 * SITE_NS + ZA_NS) : 0;
            int64_t discovery_ns = 3 * 2 * gm_ns, entry_ns = 3 * 2 * hop_ns;

            CU_ASSERT_EQUAL(after.end, OUTCOME_DELIVERED);
            CU_ASSERT_EQUAL(after.registration_ns, before.registration_ns + entry_ns);
            CU_ASSERT_EQUAL(after.prepare_ns - before.prepare_ns, is_cold ? discovery_ns + entry_ns : 0);
            CU_ASSERT_EQUAL(after.setup_ns - before.setup_ns, entry_ns + over_za_ns);
        }
}

/* What a UE sends and is sent on Gm, by IP protocol: "17 17 50 50". */
struct gm {
    char protocols[64];
    size_t count;
};

static void take_packet(void *context, const struct sim_packet *packet)
{
    struct gm *gm = context;
    uint8_t protocol = (uint8_t)packet->bytes.data[9];
    bool is_first_hop = strcmp(packet->from, "ue-a") == 0, is_last_hop = strcmp(packet->to, "ue-a") == 0;

    if (packet->event == SIM_PACKET_SENT && (is_first_hop || is_last_hop) && protocol != 6 && gm->count < 63)
        gm->protocols[gm->count++] = protocol == 50 ? 'E' : is_first_hop ? 'u' : 'd';
}

/* TS 33.203 section 7.1: the first REGISTER and its challenge are in the clear, all that follows is protected. */
static void test_esp(void)
{
    struct scenario scenario = standard();
    struct gm gm = {{0}, 0};
    struct sim_tap tap = {.context = &gm, .packet = take_packet};

    scenario.signalling_gm = PROTECTION_ESP;
    struct outcome outcome = run(&scenario, &no_dwells, &tap);

    CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
    CU_ASSERT_EQUAL(gm.count, 10); /* REGISTER twice, INVITE with its 100, ACK, BYE */
    CU_ASSERT_STRING_EQUAL(gm.protocols, "udEEEEEEEE");
}

static void set_up(void)
{
    arena = arena_create(256 * MIB);
    check(arena != NULL);
    for (int i = 0; i < COST_OPERATION_COUNT; i++)
        costs.costs[i].is_known = true;
}

int main(void)
{
    const struct unit_test tests[] = {
        {"a registration takes as long as its ways", test_way},
        {"a cold delay is longer by the registration", test_cold},
        {"who may register does", test_subscribers},
        {"a resynchronisation costs one round more", test_resynchronisation},
        {"a dead access is given up after 128 s", test_timeout},
        {"draws before the press shift none after", test_draws},
        {"each user asks their own operator", test_homes},
        {"a cold DNS costs its questions", test_dns},
        {"the challenge is in the clear, what follows is not", test_esp},
        {NULL, NULL},
    };

    set_up();
    int status = unit_run("registration", tests);

    arena_destroy(arena);
    return status;
}
