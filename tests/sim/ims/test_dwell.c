/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit.h"

#include "sim/base/field.h"
#include "sim/base/units.h"
#include "sim/ims/dwell.h"

#include <math.h>
#include <stdlib.h>

enum { DRAWS = 20001 };

static struct dwell_table table = {
    .count = 5,
    .rows =
        {
            {.role = DWELL_P_CSCF, .kind = "*", .median_ns = 1 * MS, .work_ns = NONE_NS},
            {.role = DWELL_P_CSCF, .kind = "INVITE", .median_ns = 2 * MS, .work_ns = NONE_NS},
            {.role = DWELL_P_CSCF, .kind = "INVITE", .side = DWELL_ORIG, .median_ns = 3 * MS, .work_ns = 1 * MS},
            {.role = DWELL_P_CSCF, .kind = "*", .side = DWELL_TERM, .median_ns = 4 * MS, .work_ns = NONE_NS},
            {.role = DWELL_HSS, .kind = "LIR", .median_ns = 5 * MS, .work_ns = NONE_NS},
        },
};

static int64_t median_of(enum dwell_role role, const char *kind, enum dwell_side side)
{
    const struct dwell_row *row = dwell_find(&table, role, span_of(kind), side);

    return row ? row->median_ns : -1;
}

static void the_nearest_row_is_found(void)
{
    CU_ASSERT_EQUAL(median_of(DWELL_P_CSCF, "INVITE", DWELL_ORIG), 3 * MS);
    CU_ASSERT_EQUAL(median_of(DWELL_P_CSCF, "INVITE", DWELL_TERM), 2 * MS);
    CU_ASSERT_EQUAL(median_of(DWELL_P_CSCF, "INVITE", DWELL_ANY_SIDE), 2 * MS);
    CU_ASSERT_EQUAL(median_of(DWELL_P_CSCF, "BYE", DWELL_ORIG), 1 * MS);
    CU_ASSERT_EQUAL(median_of(DWELL_P_CSCF, "BYE", DWELL_TERM), 4 * MS);
    CU_ASSERT_EQUAL(median_of(DWELL_P_CSCF, "INVITE/200", DWELL_ORIG), 1 * MS);
    CU_ASSERT_EQUAL(median_of(DWELL_HSS, "LIR", DWELL_TERM), 5 * MS);
    CU_ASSERT_EQUAL(median_of(DWELL_HSS, "UAR", DWELL_TERM), -1);
    CU_ASSERT_EQUAL(median_of(DWELL_S_CSCF, "INVITE", DWELL_ORIG), -1);
}

static void without_spread_a_dwell_is_its_median(void)
{
    struct dwell whole = dwell_draw(&table.rows[1], 0, NULL);
    struct dwell split = dwell_draw(&table.rows[2], 0, NULL);

    CU_ASSERT_EQUAL(whole.work_ns, 0);
    CU_ASSERT_EQUAL(whole.wait_ns, 2 * MS);
    CU_ASSERT_EQUAL(split.work_ns, 1 * MS);
    CU_ASSERT_EQUAL(split.wait_ns, 2 * MS);
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return left < right ? -1 : left > right;
}

/* A lognormal with coefficient of variation v and median m has the mean m sqrt(1 + v^2). */
static void a_spread_keeps_the_median_and_gives_the_variation(void)
{
    static double drawn[DRAWS];
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double sum = 0, squares = 0, v = 0.3;

    for (int i = 0; i < DRAWS; i++) {
        struct dwell dwell = dwell_draw(&table.rows[2], v, rng);

        CU_ASSERT_TRUE(dwell.work_ns >= 0 && dwell.wait_ns >= 0);
        CU_ASSERT_TRUE(llabs(3 * dwell.work_ns - (dwell.work_ns + dwell.wait_ns)) <= 3);
        drawn[i] = (double)(dwell.work_ns + dwell.wait_ns) / 3e6;
        sum += drawn[i];
        squares += drawn[i] * drawn[i];
    }
    gsl_rng_free(rng);
    double mean = sum / DRAWS;
    double variation = sqrt(squares / DRAWS - mean * mean) / mean;

    qsort(drawn, DRAWS, sizeof(drawn[0]), compare);
    /* Standard errors: of the mean 0.3 / sqrt(20,000) = 0.0021; tolerances are about five of them. */
    CU_ASSERT_DOUBLE_EQUAL(drawn[DRAWS / 2], 1, 0.013);
    CU_ASSERT_DOUBLE_EQUAL(mean, sqrt(1 + v * v), 0.011);
    CU_ASSERT_DOUBLE_EQUAL(variation, v, 0.012);
}

static void no_dwell_is_longer_than_ten_medians(void)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    int64_t most_ns = 0;

    for (int i = 0; i < DRAWS; i++) {
        struct dwell dwell = dwell_draw(&table.rows[1], 3, rng);

        most_ns = dwell.wait_ns > most_ns ? dwell.wait_ns : most_ns;
    }
    gsl_rng_free(rng);
    CU_ASSERT_EQUAL(most_ns, 20 * MS);
}

static void a_replayed_row_gives_its_dwells_in_their_order(void)
{
    static struct dwell_table captured = {
        .count = 2,
        .rows = {{.role = DWELL_P_CSCF, .kind = "INVITE", .sequence_first = 0, .sequence_count = 1},
                 {.role = DWELL_S_CSCF, .kind = "INVITE", .sequence_first = 1, .sequence_count = 3}},
        .sequence_count = 4,
        .sequence_ns = {7 * MS, 5 * MS, 1 * MS, 3 * MS},
    };
    static const int64_t expected_ns[] = {5 * MS, 1 * MS, 3 * MS, 5 * MS, 1 * MS};

    for (uint32_t i = 0; i < 5; i++) {
        struct dwell dwell = dwell_replay(&captured, &captured.rows[1], i);

        CU_ASSERT_EQUAL(dwell.wait_ns, expected_ns[i]);
        CU_ASSERT_EQUAL(dwell.work_ns, 0);
    }
}

static const struct unit_test tests[] = {
    {"a replayed row gives its dwells in their order, and begins anew", a_replayed_row_gives_its_dwells_in_their_order},
    {"the nearest row is found: kind before side, a star for the rest", the_nearest_row_is_found},
    {"without spread a dwell is its median, split into work and wait", without_spread_a_dwell_is_its_median},
    {"a spread keeps the median and gives the variation", a_spread_keeps_the_median_and_gives_the_variation},
    {"no dwell is longer than ten medians", no_dwell_is_longer_than_ten_medians},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("dwell", tests);
}
