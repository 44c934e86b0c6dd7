/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Refusals are outcomes with a time of their own: how far an INVITE goes until somebody refuses it, and back. */
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/sim.h"
#include "tests/unit.h"

static struct arena *arena;
static struct dwell_table dwells;
static struct cost_table costs;

/* In `home` with infinitely fast links and no dwells, ways are sums of propagation. */
enum { ACCESS_NS = 10 * 1000 * 1000, CORE_NS = 5 * 1000 * 1000, SITE_NS = 100 * 1000 };

static const int64_t gm_ns = ACCESS_NS + CORE_NS + SITE_NS; /* UE to P-CSCF */
static const int64_t hop_ns = 2 * SITE_NS;                  /* between two nodes at the core router */

static struct scenario standard(void)
{
    struct scenario scenario;

    field_defaults(scenario_fields, &scenario);
    scenario.topology = TOPOLOGY_HOME;
    scenario.access.rate_bps = scenario.core.rate_bps = scenario.site.rate_bps = 0;
    scenario.access.delay_ns = ACCESS_NS;
    scenario.core.delay_ns = CORE_NS;
    scenario.site.delay_ns = SITE_NS;
    return scenario;
}

static struct outcome run(const struct scenario *scenario, const char *arm)
{
    struct trial trial = {.scenario = scenario,
                          .arm = arm_find(span_of(arm)),
                          .dwells = &dwells,
                          .costs = &costs,
                          .file = &source_pattern,
                          .file_bytes = 1000,
                          .events_max = 1000000};
    struct outcome outcome = {.end = OUTCOME_LIMIT};
    struct note note = {{0}};

    CU_ASSERT_EQUAL_FATAL(sim_run(&trial, arena, &outcome, &note), ERR_OK);
    return outcome;
}

static void check_refusal(const struct outcome *outcome, enum outcome_end end, int status, int64_t refusal_ns)
{
    if (outcome->end != (int)end || outcome->refusal_ns != refusal_ns)
        printf("ended as %d by %llu after %lld ns, not as %d after %lld\n", outcome->end,
               (unsigned long long)outcome->status, (long long)outcome->refusal_ns, (int)end, (long long)refusal_ns);
    CU_ASSERT_EQUAL(outcome->end, end);
    CU_ASSERT_EQUAL(outcome->status, status);
    CU_ASSERT_EQUAL(outcome->refusal_ns, refusal_ns);
    CU_ASSERT_EQUAL(outcome->delay_ns, NONE_NS);
}

/* Hops from the P-CSCF on to the one that refuses, whether the HSS is asked, and whether UE-B is reached. */
static void test_peers(void)
{
    static const struct {
        enum peer_state state;
        int hops;
        bool is_located, reaches_ue;
        enum outcome_end end;
        int status;
        bool also_message;
    } rows[] = {
        {PEER_UNKNOWN, 2, true, false, OUTCOME_NOT_FOUND, 404, true},
        {PEER_UNREGISTERED, 2, true, false, OUTCOME_NOT_REGISTERED, 480, true},
        {PEER_EXPIRED, 3, true, false, OUTCOME_NOT_REGISTERED, 480, true},
        {PEER_BUSY, 4, true, true, OUTCOME_BUSY, 486, false},
        {PEER_NO_SMIME, 4, true, true, OUTCOME_NOT_ACCEPTABLE, 488, false},
        {PEER_DECLINES, 4, true, true, OUTCOME_DECLINED, 603, false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scenario scenario = standard();
        int64_t way_ns = gm_ns + rows[i].hops * hop_ns + (rows[i].reaches_ue ? gm_ns : 0);
        int64_t expected_ns = 2 * way_ns + (rows[i].is_located ? 2 * hop_ns : 0);

        scenario.peer_state = (int)rows[i].state;
        struct outcome outcome = run(&scenario, "msrp-smime");

        check_refusal(&outcome, rows[i].end, rows[i].status, expected_ns);
        outcome = run(&scenario, "message-plain");
        if (rows[i].also_message)
            check_refusal(&outcome, rows[i].end, rows[i].status, expected_ns);
        else
            CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
    }
}

static void test_peer_without_smime_takes_other_files(void)
{
    struct scenario scenario = standard();

    scenario.peer_state = PEER_NO_SMIME;
    CU_ASSERT_EQUAL(run(&scenario, "msrp-plain").end, OUTCOME_DELIVERED);
    CU_ASSERT_EQUAL(run(&scenario, "msrp-relay").end, OUTCOME_DELIVERED);
}

/* RFC 3261 section 16.7: a 503 of one's own neighbour is a 503, one from farther away a 500. */
static void test_overload(void)
{
    static const int hops[OVERLOAD_COUNT] = {
        [OVERLOAD_P_A] = 0, [OVERLOAD_S_A] = 1, [OVERLOAD_I_B] = 2, [OVERLOAD_S_B] = 3, [OVERLOAD_P_B] = 4};

    for (int at = OVERLOAD_P_A; at < OVERLOAD_COUNT; at++) {
        struct scenario scenario = standard();
        int64_t expected_ns = 2 * (gm_ns + hops[at] * hop_ns) + (at > OVERLOAD_I_B ? 2 * hop_ns : 0);
        int status = at == OVERLOAD_P_A ? 503 : 500;

        scenario.overload_at = at;
        struct outcome outcome = run(&scenario, "msrp-smime");

        check_refusal(&outcome, OUTCOME_OVERLOADED, status, expected_ns);
        outcome = run(&scenario, "message-plain");
        check_refusal(&outcome, OUTCOME_OVERLOADED, status, expected_ns);
    }
}

/* RFC 3261 sections 8.1.3.1 and 16.9: whoever sent the request takes the RST for a 503, of which section 16.7 makes a
 * 500; it takes no longer than the 503 of an overloaded node. */
static void test_broken_connections(void)
{
    static const int hops[OVERLOAD_COUNT] = {
        [OVERLOAD_P_A] = 0, [OVERLOAD_S_A] = 1, [OVERLOAD_I_B] = 2, [OVERLOAD_S_B] = 3, [OVERLOAD_P_B] = 4};
    static const char *const arms_of_both[] = {"msrp-smime", "message-tls"};

    for (int at = OVERLOAD_P_A; at < OVERLOAD_COUNT; at++)
        for (int i = 0; i < 2; i++) {
            struct scenario scenario = standard();
            int64_t expected_ns = 2 * (gm_ns + hops[at] * hop_ns) + (at > OVERLOAD_I_B ? 2 * hop_ns : 0);

            scenario.reset_at = at;
            scenario.signalling_gm = scenario.signalling_core = PROTECTION_TLS;
            struct outcome outcome = run(&scenario, arms_of_both[i]);

            if (at == OVERLOAD_P_A)
                check_refusal(&outcome, OUTCOME_SIGNALLING_BROKEN, 503, expected_ns);
            else
                check_refusal(&outcome, OUTCOME_OVERLOADED, 500, expected_ns);
            scenario.signalling_gm = scenario.signalling_core = PROTECTION_NONE;
            if (i == 0)
                CU_ASSERT_EQUAL(run(&scenario, "msrp-smime").end, OUTCOME_DELIVERED);
        }
}

/* CANCEL goes the way of the INVITE without asking the HSS, 487 comes back on it. */
static void test_cancel(void)
{
    struct scenario scenario = standard();
    struct outcome outcome;

    scenario.answer_ns = 10 * SECOND;
    scenario.cancel_ns = 2 * SECOND;
    for (int provisional = PROVISIONAL_NONE; provisional <= PROVISIONAL_183; provisional++) {
        scenario.provisional = provisional;
        outcome = run(&scenario, "msrp-smime");
        check_refusal(&outcome, OUTCOME_CANCELLED, 487, 2 * SECOND + 2 * (2 * gm_ns + 4 * hop_ns));
    }
    /* An answer that overtakes it is acknowledged, and the session ended by BYE. */
    scenario.provisional = PROVISIONAL_NONE;
    scenario.answer_ns = 0;
    scenario.cancel_ns = 50 * MS;
    outcome = run(&scenario, "msrp-smime");
    CU_ASSERT_EQUAL(outcome.end, OUTCOME_CANCELLED);
    CU_ASSERT_EQUAL(outcome.status, 0);
    CU_ASSERT_EQUAL(outcome.teardown_ns, 2 * (2 * gm_ns + 3 * hop_ns)); /* the I-CSCF is not in the route set */
}

/* An application server is a detour of two hops each way for INVITE, BYE, MESSAGE and their answers. */
static void test_application_servers(void)
{
    struct scenario scenario = standard();
    struct outcome before = run(&scenario, "msrp-plain"), message = run(&scenario, "message-plain");

    for (int sides = 1; sides <= 3; sides++) {
        int64_t detours = (sides & 1) + (sides >> 1);

        scenario.ifc_orig = sides & 1;
        scenario.ifc_term = sides >> 1;
        struct outcome after = run(&scenario, "msrp-plain");

        CU_ASSERT_EQUAL(after.end, OUTCOME_DELIVERED);
        CU_ASSERT_EQUAL(after.setup_ns, before.setup_ns + detours * 4 * hop_ns);
        CU_ASSERT_EQUAL(after.teardown_ns, before.teardown_ns + detours * 4 * hop_ns);
        after = run(&scenario, "message-plain");
        CU_ASSERT_EQUAL(after.end, OUTCOME_DELIVERED);
        /* Two MESSAGEs: there, back and there. */
        CU_ASSERT_EQUAL(after.delay_ns, message.delay_ns + 3 * detours * 2 * hop_ns);
    }
}

/* RFC 3261 section 22: the challenge costs the way to S-CSCF(A) and back, once; a wrong password is found out at the
 * second challenge. */
static void test_challenges(void)
{
    static const char *const names[] = {"msrp-plain", "message-plain"};
    int64_t detour_ns = 2 * (gm_ns + hop_ns);

    for (size_t i = 0; i < 2; i++) {
        struct scenario scenario = standard();
        int64_t before_ns = run(&scenario, names[i]).delay_ns;

        scenario.proxy_auth = PROXY_AUTH_DIGEST;
        struct outcome outcome = run(&scenario, names[i]);

        CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
        CU_ASSERT_EQUAL(outcome.status, 0);
        if (i == 0) /* of MESSAGEs credentials make more */
            CU_ASSERT_EQUAL(outcome.delay_ns, before_ns + detour_ns);
        scenario.proxy_auth = PROXY_AUTH_WRONG_PASSWORD;
        outcome = run(&scenario, names[i]);
        check_refusal(&outcome, OUTCOME_NOT_AUTHORIZED, 407, 2 * detour_ns);
    }
}

int main(void)
{
    const struct unit_test tests[] = {
        {"each refusal of user B has its status and time", test_peers},
        {"a peer without S/MIME takes what is not sealed", test_peer_without_smime_takes_other_files},
        {"an overloaded CSCF refuses, and upstream hears of 500", test_overload},
        {"RFC 3261 8.1.3.1: a connection that breaks under a request is a 503", test_broken_connections},
        {"a challenge is answered, a wrong answer refused", test_challenges},
        {"an application server is a detour", test_application_servers},
        {"CANCEL ends in 487 or in BYE", test_cancel},
        {NULL, NULL},
    };

    arena = arena_create((size_t)1 << 28);
    check(arena != NULL);
    for (int i = 0; i < COST_OPERATION_COUNT; i++)
        costs.costs[i] = (struct cost){.fixed_ns = 0, .ns_per_byte = 0, .is_known = true};
    int status = unit_run("refusals", tests);

    arena_destroy(arena);
    return status;
}
