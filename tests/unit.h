/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * unit.h - what every test file ends with: a table of tests, each named by a sentence, run by CUnit.
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <CUnit/Basic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

struct unit_test {
    const char *sentence;
    CU_TestFunc run;
};

/* Whether everything is to be done of what is otherwise sampled: LONG=1. */
static inline bool unit_is_long(void)
{
    const char *value = getenv("LONG");

    return value && *value;
}

/* Runs the tests as one suite; the exit status of main. Ends with a row whose sentence is NULL. */
static inline int unit_run(const char *name, const struct unit_test *tests)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 3;
    CU_pSuite suite = CU_add_suite(name, NULL, NULL);

    for (; suite && tests->sentence; tests++)
        if (!CU_add_test(suite, tests->sentence, tests->run))
            return 3;
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();

    CU_cleanup_registry();
    return failed ? 1 : 0;
}

#endif
