/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/cost_fit.h"
#include "tests/unit.h"

#include <math.h>
#include <stdbool.h>

static bool is_near(double value, double expected, double within)
{
    return fabs(value - expected) <= within;
}

static void a_line_is_found_again(void)
{
    struct fit_point points[5];

    for (int i = 0; i < 5; i++) {
        points[i].bytes = 1024 << 3 * i;
        points[i].time_ns = 170000 + 0.8 * points[i].bytes;
    }
    struct fit fit = fit_line(points, 5);

    CU_ASSERT_TRUE(is_near(fit.fixed_ns, 170000, 1e-3));
    CU_ASSERT_TRUE(is_near(fit.ns_per_byte, 0.8, 1e-9));
    CU_ASSERT_TRUE(is_near(fit.residual, 0, 1e-9));
}

/* By hand: times 90 and 220 at 0 and 100 bytes and 160 at 50: residuals are relative, the largest is told. */
static void the_largest_residual_is_told(void)
{
    const struct fit_point points[] = {{0, 100}, {100, 200}, {50, 165}};
    struct fit fit = fit_line(points, 3);
    double largest = 0;

    for (int i = 0; i < 3; i++) {
        double off = fabs(fit.fixed_ns + fit.ns_per_byte * points[i].bytes - points[i].time_ns) / points[i].time_ns;

        largest = off > largest ? off : largest;
    }
    CU_ASSERT_TRUE(is_near(fit.residual, largest, 1e-12));
    CU_ASSERT_TRUE(fit.residual > 0.02 && fit.residual < 0.1);
    CU_ASSERT_TRUE(fit.fixed_ns > 100 && fit.fixed_ns < 110);
}

/* Neither part is negative: times that fall with the size have none a byte, times through the origin nothing fixed. */
static void no_part_is_negative(void)
{
    const struct fit_point falling[] = {{10, 100}, {1000, 90}};
    const struct fit_point steep[] = {{10, 5}, {1000, 1000}};
    const struct fit_point one[] = {{0, 42}};
    struct fit a = fit_line(falling, 2), b = fit_line(steep, 2), c = fit_line(one, 1);

    CU_ASSERT_TRUE(a.ns_per_byte == 0 && a.fixed_ns > 89 && a.fixed_ns < 101);
    CU_ASSERT_TRUE(b.fixed_ns == 0 && b.ns_per_byte > 0.4 && b.ns_per_byte < 1.1);
    CU_ASSERT_TRUE(is_near(c.fixed_ns, 42, 1e-9) && c.ns_per_byte == 0 && is_near(c.residual, 0, 1e-9));
}

static void the_median_is_the_middle_one(void)
{
    double values[] = {9, 1, 5, 3, 7};

    CU_ASSERT_EQUAL(fit_median(values, 5), 5);
    for (int i = 1; i < 5; i++)
        CU_ASSERT_TRUE(values[i - 1] <= values[i]);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a line is found again", a_line_is_found_again},
        {"the largest relative residual is told", the_largest_residual_is_told},
        {"no part is negative", no_part_is_negative},
        {"the median is the middle one, the others in order", the_median_is_the_middle_one},
        {NULL, NULL},
    };

    return unit_run("cost_fit", tests);
}
