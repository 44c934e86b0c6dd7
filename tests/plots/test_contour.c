/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/contour.h"
#include "tests/unit.h"

#include <math.h>

enum { SIDE = 9, MAX = 2 * SIDE * SIDE };

static void test_a_plane_is_cut_in_a_straight_line(void)
{
    struct contour_segment segments[MAX];
    double values[SIDE * SIDE], length = 0;

    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            values[y * SIDE + x] = 2 * x + y - 7.5;
    size_t count = contour_find(values, SIDE, SIDE, segments, MAX);

    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_DOUBLE_EQUAL(2 * segments[i].x1 + segments[i].y1, 7.5, 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(2 * segments[i].x2 + segments[i].y2, 7.5, 1e-12);
        length += hypot(segments[i].x2 - segments[i].x1, segments[i].y2 - segments[i].y1);
    }
    CU_ASSERT_DOUBLE_EQUAL(length, hypot(3.75, 7.5), 1e-9); /* from (3.75, 0) to (0, 7.5) */
}

static void test_a_circle_has_its_length(void)
{
    enum { FINE = 201 };
    static double values[FINE * FINE];
    static struct contour_segment segments[4 * FINE];
    double length = 0;

    for (int y = 0; y < FINE; y++)
        for (int x = 0; x < FINE; x++)
            values[y * FINE + x] = hypot(x - 100, y - 100) - 80;
    size_t count = contour_find(values, FINE, FINE, segments, 4 * FINE);

    CU_ASSERT_FATAL(count <= 4 * FINE);
    for (size_t i = 0; i < count; i++)
        length += hypot(segments[i].x2 - segments[i].x1, segments[i].y2 - segments[i].y1);
    CU_ASSERT_DOUBLE_EQUAL(length, 2 * 3.14159265358979 * 80, 0.5);
}

static void test_a_saddle_is_joined_by_its_middle(void)
{
    const double high[4] = {3, -1, -1, 3}, low[4] = {1, -3, -3, 1};
    struct contour_segment segments[2];

    CU_ASSERT_EQUAL_FATAL(contour_find(high, 2, 2, segments, 2), 2);
    for (int i = 0; i < 2; i++) /* the positive corners are one: each line cuts off a negative one */
        CU_ASSERT(fabs(segments[i].x1 + segments[i].y1 - 1) < 1 &&
                  (segments[i].x1 + segments[i].x2 > 1.2) == (segments[i].y1 + segments[i].y2 < 0.8));
    CU_ASSERT_EQUAL_FATAL(contour_find(low, 2, 2, segments, 2), 2);
    for (int i = 0; i < 2; i++)
        CU_ASSERT((segments[i].x1 + segments[i].x2 > 1.2) == (segments[i].y1 + segments[i].y2 > 1.2));
}

static void test_what_is_not_known_has_no_line(void)
{
    const double values[4] = {-1, NAN, 1, 1}, above[4] = {1, 2, 3, 4};
    struct contour_segment segments[2];

    CU_ASSERT_EQUAL(contour_find(values, 2, 2, segments, 2), 0);
    CU_ASSERT_EQUAL(contour_find(above, 2, 2, segments, 2), 0);
    CU_ASSERT_EQUAL(contour_find(above, 1, 1, segments, 2), 0);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a plane is cut in a straight line", test_a_plane_is_cut_in_a_straight_line},
        {"a circle has its length", test_a_circle_has_its_length},
        {"a saddle is joined by its middle", test_a_saddle_is_joined_by_its_middle},
        {"what is not known has no line", test_what_is_not_known_has_no_line},
        {NULL, NULL},
    };

    return unit_run("contour", tests);
}
