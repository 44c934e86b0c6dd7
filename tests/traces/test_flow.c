/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/units.h"
#include "tests/unit.h"
#include "traces/flow.h"

#include <math.h>
#include <stdlib.h>

/* Messages each way every 100 ms, ways of at least 2 ms and up to 8 ms more; the far clock is 3 s ahead and 50 ppm
 * fast. */
static void test_a_clock_is_found_within_its_bound(void)
{
    enum { COUNT = 400 };
    static struct flow_pair pairs[COUNT];
    const double offset_ns = 3e9, drift = 50e-6;
    unsigned seed = 1;

    for (int i = 0; i < COUNT; i++) {
        int64_t at_ns = i * 100 * MS;
        int64_t way_ns = 2 * MS + (int64_t)((seed = seed * 1103515245u + 12345u) >> 16) % 8000 * 1000;
        bool is_there = i % 2;
        int64_t near_ns = at_ns + (is_there ? 0 : way_ns), far_true_ns = at_ns + (is_there ? way_ns : 0);

        pairs[i] =
            (struct flow_pair){near_ns, far_true_ns + (int64_t)(offset_ns + drift * (double)far_true_ns), is_there};
    }
    struct flow_clock clock = flow_clock_fit(pairs, COUNT);

    CU_ASSERT(clock.is_known && !clock.is_impossible);
    CU_ASSERT(fabs(clock.drift - drift) < 30e-6);
    CU_ASSERT(clock.bound_ns <= 3.5 * MS);
    CU_ASSERT(fabs(clock.offset_ns - offset_ns) < 2.5 * MS);
}

static void test_ways_that_no_clock_explains_are_told(void)
{
    const struct flow_pair pairs[] = {
        {0, 5 * MS, true}, {10 * MS, 20 * MS, false}, {20 * MS, 25 * MS, true}, {30 * MS, 40 * MS, false}};
    const struct flow_pair one_way[] = {{0, 5 * MS, true}, {10 * MS, 17 * MS, true}};
    struct flow_clock clock = flow_clock_fit(pairs, 4);

    CU_ASSERT(clock.is_impossible);
    clock = flow_clock_fit(one_way, 2);
    CU_ASSERT(!clock.is_known);
    CU_ASSERT_EQUAL(clock.offset_ns, 5 * MS);
    CU_ASSERT(isinf(clock.bound_ns));
}

static void test_given_roles_are_parsed(void)
{
    struct flow_given given;
    struct note note = {{0}};

    CU_ASSERT_EQUAL(flow_parse_given(SPAN("10.0.0.1:5060=p-cscf"), &given, &note), ERR_OK);
    CU_ASSERT_EQUAL(given.role, FLOW_P_CSCF);
    CU_ASSERT_EQUAL(given.at.port, 5060);
    CU_ASSERT_EQUAL(flow_parse_given(SPAN("[2001:db8::1]:6060=s-cscf"), &given, &note), ERR_OK);
    CU_ASSERT(given.at.is_ipv6);
    static const char *const bad[] = {"",
                                      "10.0.0.1=p-cscf",
                                      "10.0.0.1:0=ue",
                                      "10.0.0.1:5060",
                                      "10.0.0.1:5060=king",
                                      "10.0.0.1:70000=ue",
                                      "x:1=ue",
                                      "10.0.0.1:5060=unknown",
                                      NULL};

    for (size_t i = 0; bad[i]; i++)
        CU_ASSERT_EQUAL(flow_parse_given(span_of(bad[i]), &given, &note), ERR_SYNTAX);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a clock 3 s and 50 ppm off is found within its bound", test_a_clock_is_found_within_its_bound},
        {"ways that no clock explains are told", test_ways_that_no_clock_explains_are_told},
        {"given roles are parsed", test_given_roles_are_parsed},
        {NULL, NULL},
    };

    return unit_run("flow", tests);
}
