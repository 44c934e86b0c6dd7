/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/cost.h"
#include "tests/unit.h"

static void test_sum(void)
{
    struct cost_table table = {0};

    table.costs[COST_CMS_SEAL_RFC8591] = (struct cost){100, 1.5, true};
    table.costs[COST_TLS13_CLIENT] = (struct cost){INT64_C(9007199254740993), 0, true};
    CU_ASSERT_EQUAL(cost_ns(&table, COST_CMS_SEAL_RFC8591, 0), 100);
    CU_ASSERT_EQUAL(cost_ns(&table, COST_CMS_SEAL_RFC8591, 2), 103);
    CU_ASSERT_EQUAL(cost_ns(&table, COST_CMS_SEAL_RFC8591, 1), 102);
    CU_ASSERT_EQUAL(cost_ns(&table, COST_CMS_SEAL_RFC8591, 1000000000), 1500000100);
    /* 2^53 + 1 is no double: the fixed part is not rounded. */
    CU_ASSERT_EQUAL(cost_ns(&table, COST_TLS13_CLIENT, 12345), INT64_C(9007199254740993));
}

static void test_names(void)
{
    for (int i = 0; i < COST_OPERATION_COUNT; i++) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(cost_operation_names[i]);
        for (int j = 0; j < i; j++)
            CU_ASSERT_STRING_NOT_EQUAL(cost_operation_names[i], cost_operation_names[j]);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a cost is its fixed part and so much a byte, rounded to the nanosecond", test_sum},
        {"every operation has a name of its own", test_names},
        {NULL, NULL},
    };

    return unit_run("cost", tests);
}
