/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How rows are judged: what disagrees must be told, whatever its kind. */
#include "bench/harness/validation.h"
#include "sim/base/units.h"
#include "tests/unit.h"

static struct arena *arena;

/* What a row of these tests gives. */
struct subject {
    int64_t expected[4], simulated[4];
    size_t count;
    double expected_mean;
    double values[8];
    size_t value_count;
    enum err error;
};

static enum err run_subject(const struct validation_row *row, const struct validation_effort *effort,
                            struct validation_result *result, struct note *note)
{
    const struct subject *subject = row->subject;

    CU_ASSERT_PTR_NOT_NULL(effort->arena);
    for (size_t i = 0; i < subject->count; i++)
        validation_add(result, subject->expected[i], subject->simulated[i]);
    result->expected_mean = subject->expected_mean;
    for (size_t i = 0; i < subject->value_count; i++)
        tally_add(&result->tally, subject->values[i]);
    return subject->error == ERR_OK ? ERR_OK : note_set(note, subject->error, "out of order");
}

struct run {
    struct validation_report report;
    enum err error;
    struct note note;
    char csv[4096];
};

static struct run run_rows(const struct validation_row *rows, const char *only, bool is_quick)
{
    const struct validation_group groups[] = {{"some", rows}, {.name = NULL}};
    const struct validation_plan plan = {
        .groups = groups, .only = only, .is_quick = is_quick, .within = VALIDATION_WITHIN};
    struct run run = {.note = {{0}}};
    struct sink sink = SINK(run.csv);
    struct table table;

    arena_reset(arena);
    table_init(&table, arena);
    run.error = validation_run(&plan, &table, &run.report, &run.note);
    if (run.error == ERR_OK)
        table_write_csv(&table, &sink);
    sink_string(&sink);
    return run;
}

static struct run run_one(enum validation_kind kind, const struct subject *subject, bool is_quick)
{
    const struct validation_row rows[] = {{.what = "a row",
                                           .source = "a book",
                                           .kind = kind,
                                           .unit = VALIDATION_NS,
                                           .run = run_subject,
                                           .subject = subject},
                                          {.what = NULL}};

    return run_rows(rows, NULL, is_quick);
}

static bool holds(enum validation_kind kind, const struct subject *subject)
{
    struct run run = run_one(kind, subject, false);

    CU_ASSERT_EQUAL_FATAL(run.error, ERR_OK);
    CU_ASSERT_EQUAL(run.report.rows, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.csv, ",a book"));
    CU_ASSERT_EQUAL(strstr(run.csv, ",ok,") != NULL, run.report.failed == 0);
    CU_ASSERT_EQUAL(strstr(run.csv, ",FAILED,") != NULL, run.report.failed == 1);
    return run.report.failed == 0;
}

static void a_wrong_exact_value_fails(void)
{
    const struct subject right = {.expected = {500, 1500}, .simulated = {500, 1500}, .count = 2};
    const struct subject wrong = {.expected = {500, 1500}, .simulated = {500, 1501}, .count = 2};
    const struct subject none = {.count = 0};

    CU_ASSERT_TRUE(holds(VALIDATION_EXACT, &right));
    CU_ASSERT_FALSE(holds(VALIDATION_EXACT, &wrong));
    CU_ASSERT_FALSE(holds(VALIDATION_EXACT, &none));
    struct run run = run_one(VALIDATION_EXACT, &wrong, false);

    CU_ASSERT_PTR_NOT_NULL(strstr(run.csv, "some,a row,500 1500,500 1501,1,0,ns,FAILED,a book"));
}

static void an_interval_must_hold_the_expected_value(void)
{
    const struct subject right = {.expected_mean = 100, .values = {99, 101, 100, 100, 99, 101}, .value_count = 6};
    const struct subject wrong = {.expected_mean = 105, .values = {99, 101, 100, 100, 99, 101}, .value_count = 6};
    const struct subject alone = {.expected_mean = 100, .values = {100}, .value_count = 1};
    const struct subject none = {.expected_mean = 100};

    CU_ASSERT_TRUE(holds(VALIDATION_INTERVAL, &right));
    CU_ASSERT_FALSE(holds(VALIDATION_INTERVAL, &wrong));
    CU_ASSERT_FALSE(holds(VALIDATION_INTERVAL, &alone));
    CU_ASSERT_FALSE(holds(VALIDATION_INTERVAL, &none));
}

/* Student's t for 5 degrees of freedom and 99.9 % is 6.869; the standard error here is 3.651. */
static void an_interval_that_says_nothing_fails(void)
{
    const struct subject wide = {.expected_mean = 100, .values = {90, 110, 100, 100, 90, 110}, .value_count = 6};

    CU_ASSERT_FALSE(holds(VALIDATION_INTERVAL, &wide));
    struct run quick = run_one(VALIDATION_INTERVAL, &wide, true);

    CU_ASSERT_EQUAL(quick.report.failed, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(quick.csv, ",100,100,0,25.08"));
}

static void an_approximation_has_its_share(void)
{
    const struct subject right = {.expected_mean = 100, .values = {119, 119}, .value_count = 2};
    const struct subject wrong = {.expected_mean = 100, .values = {121, 121}, .value_count = 2};
    const struct subject below = {.expected_mean = 100, .values = {79}, .value_count = 1};

    CU_ASSERT_TRUE(holds(VALIDATION_WITHIN_SHARE, &right));
    CU_ASSERT_FALSE(holds(VALIDATION_WITHIN_SHARE, &wrong));
    CU_ASSERT_FALSE(holds(VALIDATION_WITHIN_SHARE, &below));
}

/* However many intervals there are, all hold at once with 99.9 %. */
static void intervals_share_the_confidence(void)
{
    static const struct subject right = {.expected_mean = 100, .values = {99, 101, 100}, .value_count = 3};
    const struct validation_row row = {
        .what = "w", .source = "s", .kind = VALIDATION_INTERVAL, .run = run_subject, .subject = &right};
    const struct validation_row rows[] = {row, row, row, row, {.what = NULL}};
    struct run run = run_rows(rows, "some", true);

    CU_ASSERT_EQUAL(run.report.intervals, 4);
    CU_ASSERT_DOUBLE_EQUAL(run.report.confidence, 1 - 0.001 / 4, 1e-15);
}

static void what_the_machine_refuses_is_an_error(void)
{
    const struct subject broken = {.error = ERR_CRYPTO};
    struct run run = run_one(VALIDATION_EXACT, &broken, false);

    CU_ASSERT_EQUAL(run.error, ERR_CRYPTO);
    CU_ASSERT_STRING_EQUAL(run.note.text, "out of order");
}

static void an_unknown_group_is_refused(void)
{
    const struct validation_row rows[] = {{.what = NULL}};
    struct run run = run_rows(rows, "soem", false);

    CU_ASSERT_EQUAL(run.error, ERR_UNKNOWN);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.note.text, "did you mean some?"));
}

static void every_row_has_a_source(void)
{
    for (const struct validation_group *group = validation_groups; group->name; group++)
        for (const struct validation_row *row = group->rows; row->what; row++)
            CU_ASSERT(row->source && row->source[0] && row->run);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a wrong exact value fails", a_wrong_exact_value_fails},
        {"an interval must hold the expected value", an_interval_must_hold_the_expected_value},
        {"an interval that says nothing fails", an_interval_that_says_nothing_fails},
        {"an approximation may be off by its share", an_approximation_has_its_share},
        {"intervals share the confidence", intervals_share_the_confidence},
        {"what the machine refuses is an error", what_the_machine_refuses_is_an_error},
        {"an unknown group is refused", an_unknown_group_is_refused},
        {"every row has a source", every_row_has_a_source},
        {NULL, NULL}};

    arena = arena_create(MIB);
    int status = arena ? unit_run("validation", tests) : 3;

    if (arena)
        arena_destroy(arena);
    return status;
}
