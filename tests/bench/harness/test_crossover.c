/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/crossover.h"
#include "tests/unit.h"

#include <math.h>

/* A difference in closed form, with a half width of its own and a place from which arms cannot be compared. */
struct truth {
    double (*mean)(double at);
    double half;
    double not_comparable_from; /* 0: nowhere */
    double comparable_from;     /* behind that; 0: never again */
};

static enum err sample(void *context, double at, struct crossover_sample *sample, struct note *note)
{
    const struct truth *truth = context;

    (void)note;
    bool is_comparable = truth->not_comparable_from == 0 || at < truth->not_comparable_from ||
                         (truth->comparable_from > 0 && at >= truth->comparable_from);

    *sample = (struct crossover_sample){is_comparable ? truth->mean(at) : -truth->mean(at), truth->half, is_comparable};
    return ERR_OK;
}

static struct crossover find(const struct truth *truth, double low, double high, bool is_log)
{
    const struct crossover_plan plan = {
        .low = low, .high = high, .is_log = is_log, .narrow = 1e-6, .context = (void *)truth, .sample = sample};
    struct crossover crossover;
    struct note note = {{0}};

    CU_ASSERT_EQUAL_FATAL(crossover_find(&plan, &crossover, &note), ERR_OK);
    return crossover;
}

/* One link: an arm with a fixed cost of 3 ms more and 1 ns a byte less crosses the other at 3,000,000 bytes. */
static double line(double at)
{
    return 3e6 - at;
}

static double three(double at)
{
    return (log10(at) - 3.3) * (log10(at) - 4.4) * (log10(at) - 5.5);
}

static double above(double at)
{
    return 1 + at;
}

static void test_a_crossing_is_found_in_closed_form(void)
{
    const struct truth truth = {line, 0, 0, 0};
    struct crossover crossover = find(&truth, 1e3, 1e9, true);

    CU_ASSERT_EQUAL(crossover.change_count, 1);
    CU_ASSERT(fabs(crossover.changes[0].at - 3e6) < 3e6 * 1e-5);
    CU_ASSERT(!crossover.changes[0].is_upwards);
    CU_ASSERT(!crossover.changes[0].has_span);
    CU_ASSERT(crossover.scanned >= 6 * 16);
}

static void test_every_change_of_sign_is_told(void)
{
    const struct truth truth = {three, 0, 0, 0};
    struct crossover crossover = find(&truth, 1e3, 1e6, true);
    const double expected[] = {3.3, 4.4, 5.5};

    CU_ASSERT_EQUAL_FATAL(crossover.change_count, 3);
    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT(fabs(log10(crossover.changes[i].at) - expected[i]) < 1e-5);
        CU_ASSERT_EQUAL(crossover.changes[i].is_upwards, i % 2 == 0);
    }
}

/* |3e6 - x| <= 1e6: from 2,000,000 to 4,000,000. */
static void test_the_span_of_0_is_the_set_of_places(void)
{
    const struct truth truth = {line, 1e6, 0, 0};
    struct crossover crossover = find(&truth, 1e3, 1e9, true);

    CU_ASSERT_EQUAL(crossover.span_count, 1);
    CU_ASSERT(crossover.changes[0].has_span);
    CU_ASSERT(fabs(crossover.changes[0].span.low - 2e6) < 10);
    CU_ASSERT(fabs(crossover.changes[0].span.high - 4e6) < 10);
    CU_ASSERT(!crossover.changes[0].span.is_open_low && !crossover.changes[0].span.is_open_high);
    crossover = find(&truth, 2.5e6, 1e9, true); /* begins inside */
    CU_ASSERT(crossover.spans[0].is_open_low);
    CU_ASSERT_EQUAL(crossover.spans[0].low, 2.5e6);
}

/* A span narrower than the grid's step is found around the change. */
static void test_a_narrow_span_is_found(void)
{
    const struct truth truth = {line, 100, 0, 0};
    struct crossover crossover = find(&truth, 1e3, 1e9, true);

    CU_ASSERT_EQUAL(crossover.span_count, 0);
    CU_ASSERT(crossover.changes[0].has_span);
    CU_ASSERT(fabs(crossover.changes[0].span.low - (3e6 - 100)) < 10);
    CU_ASSERT(fabs(crossover.changes[0].span.high - (3e6 + 100)) < 10);
}

static void test_none_in_range_and_not_comparable(void)
{
    const struct truth none = {above, 0, 0, 0}, cut = {line, 0, 1e6, 0};
    struct crossover crossover = find(&none, 0, 10, false);

    CU_ASSERT_EQUAL(crossover.change_count + crossover.span_count, 0);
    CU_ASSERT(crossover.first > 0 && crossover.last > 0);
    crossover = find(&cut, 1e3, 1e9, true); /* the change lies where nothing can be said */
    CU_ASSERT_EQUAL(crossover.change_count, 0);
    CU_ASSERT(crossover.not_comparable > 0);
    CU_ASSERT_EQUAL(crossover.gap_count, 1);
    CU_ASSERT(!crossover.gaps[0].is_change);
    CU_ASSERT_EQUAL(crossover.gaps[0].high, 1e9);
    CU_ASSERT(crossover.last > 0); /* what cannot be compared has no say */
}

/* The change lies in a stretch without comparison: it is told, though not where. */
static void test_a_change_across_a_gap_is_told(void)
{
    const struct truth truth = {line, 0, 1e6, 1e7};
    struct crossover crossover = find(&truth, 1e3, 1e9, true);

    CU_ASSERT_EQUAL(crossover.change_count, 0);
    CU_ASSERT_EQUAL_FATAL(crossover.gap_count, 1);
    CU_ASSERT(crossover.gaps[0].is_change && !crossover.gaps[0].is_upwards);
    CU_ASSERT(crossover.gaps[0].low >= 1e6 && crossover.gaps[0].low < 1.2e6);
    CU_ASSERT(crossover.gaps[0].high < 1e7 && crossover.gaps[0].high > 8e6);
    CU_ASSERT(crossover.first > 0 && crossover.last < 0);
}

/* The gap is narrower than the grid: the change is narrowed no further than to it. */
static void test_a_gap_ends_the_narrowing(void)
{
    const struct truth truth = {line, 0, 2.95e6, 3.05e6};
    struct crossover crossover = find(&truth, 1e3, 1e9, true);

    CU_ASSERT_EQUAL_FATAL(crossover.change_count, 1);
    CU_ASSERT(crossover.changes[0].is_cut && !crossover.changes[0].has_span);
    CU_ASSERT(crossover.changes[0].low < 2.95e6 && crossover.changes[0].high >= 3.05e6);
}

static double between_two(double at)
{
    return at < 6.5 ? -1 : 1;
}

static void test_whole_numbers_are_not_split(void)
{
    const struct truth truth = {between_two, 0, 0, 0};
    const struct crossover_plan plan = {
        .low = 1, .high = 12, .narrow = 1e-9, .is_whole = true, .context = (void *)&truth, .sample = sample};
    struct crossover crossover;
    struct note note = {{0}};

    CU_ASSERT_EQUAL(crossover_find(&plan, &crossover, &note), ERR_OK);
    CU_ASSERT_EQUAL(crossover.scanned, 12);
    CU_ASSERT_EQUAL(crossover.change_count, 1);
    CU_ASSERT_EQUAL(crossover.changes[0].at, 6.5);
}

static void test_plans_that_cannot_be_are_refused(void)
{
    const struct truth truth = {line, 0, 0, 0};
    const struct crossover_plan plans[] = {
        {.low = 2, .high = 1, .context = (void *)&truth, .sample = sample},
        {.low = 0, .high = 1, .is_log = true, .context = (void *)&truth, .sample = sample},
        {.low = NAN, .high = 1, .context = (void *)&truth, .sample = sample},
    };
    struct crossover crossover;
    struct note note = {{0}};

    for (size_t i = 0; i < sizeof(plans) / sizeof(*plans); i++)
        CU_ASSERT_EQUAL(crossover_find(&plans[i], &crossover, &note), ERR_RANGE);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a crossing is found where the closed form has it", test_a_crossing_is_found_in_closed_form},
        {"every change of sign is told, three of them", test_every_change_of_sign_is_told},
        {"the span of 0 is the set of places, open at the range's end", test_the_span_of_0_is_the_set_of_places},
        {"a span narrower than the grid is found around the change", test_a_narrow_span_is_found},
        {"none in range, and not comparable", test_none_in_range_and_not_comparable},
        {"a change across what cannot be compared is told", test_a_change_across_a_gap_is_told},
        {"what cannot be compared ends the narrowing", test_a_gap_ends_the_narrowing},
        {"whole numbers are not split", test_whole_numbers_are_not_split},
        {"plans that cannot be are refused", test_plans_that_cannot_be_are_refused},
        {NULL, NULL},
    };

    return unit_run("crossover", tests);
}
