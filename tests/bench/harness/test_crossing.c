/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/crossing.h"
#include "tests/unit.h"

#include <math.h>

/* y1 = x and y2 = 100 meet at 100, wherever the points lie: both are straight in log space. */
static void test_power_laws_meet_where_they_should(void)
{
    double x[] = {10, 1000};
    double y1[] = {10, 1000};
    double y2[] = {100, 100};
    struct crossing found[4];

    CU_ASSERT_EQUAL(crossing_find(x, y1, y2, 2, found, 4), 1);
    CU_ASSERT_DOUBLE_EQUAL(found[0].x, 100, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(found[0].y, 100, 1e-9);
    CU_ASSERT_EQUAL(found[0].order, 1);
    CU_ASSERT_EQUAL(crossing_find(x, y2, y1, 2, found, 4), 1);
    CU_ASSERT_EQUAL(found[0].order, -1);
}

static void test_several_crossings_in_order(void)
{
    double x[] = {1, 2, 4, 8};
    double y1[] = {1, 4, 1, 4};
    double y2[] = {2, 2, 2, 2};
    struct crossing found[4];

    CU_ASSERT_EQUAL(crossing_find(x, y1, y2, 4, found, 4), 3);
    CU_ASSERT_DOUBLE_EQUAL(found[0].x, sqrt(2), 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(found[1].x, sqrt(8), 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(found[2].x, sqrt(32), 1e-9);
    CU_ASSERT_EQUAL(crossing_find(x, y1, y2, 4, found, 2), 2);
}

static void test_parallel_and_touching_lines_do_not_cross(void)
{
    double x[] = {1, 2, 4};
    double y1[] = {1, 2, 1};
    double y2[] = {2, 2, 2};
    struct crossing found[4];

    CU_ASSERT_EQUAL(crossing_find(x, y1, y2, 3, found, 4), 0);
    CU_ASSERT_EQUAL(crossing_find(x, y1, y1, 3, found, 4), 0);
    CU_ASSERT_EQUAL(crossing_find(x, y1, y2, 0, found, 4), 0);
}

static void test_unknown_points_are_passed_over(void)
{
    double x[] = {10, 100, 1000};
    double y1[] = {10, NAN, 1000};
    double y2[] = {100, 100, 100};
    struct crossing found[4];

    CU_ASSERT_EQUAL(crossing_find(x, y1, y2, 3, found, 4), 1);
    CU_ASSERT_DOUBLE_EQUAL(found[0].x, 100, 1e-9);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"power laws meet where they should", test_power_laws_meet_where_they_should},
        {"several crossings come in order", test_several_crossings_in_order},
        {"parallel and touching lines do not cross", test_parallel_and_touching_lines_do_not_cross},
        {"unknown points are passed over", test_unknown_points_are_passed_over},
        {NULL, NULL},
    };

    return unit_run("crossing", tests);
}
