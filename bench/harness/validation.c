/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/validation.h"
#include "sim/base/check.h"
#include "sim/base/nearest.h"
#include "sim/base/units.h"

#include <math.h>
#include <stdlib.h>

#define TRIAL_MEMORY ((size_t)1 << 30)
enum { TEXT_SIZE = 1024, SHOWN_MAX = 7, SHOWN_FIRST = 3, SAME_FROM = 3 };

const struct validation_group validation_groups[] = {
    {"queues", validation_queues}, {"network", validation_network}, {"tcp", validation_tcp},   {"sip", validation_sip},
    {"msrp", validation_msrp},     {"trials", validation_trials},   {"load", validation_load}, {.name = NULL},
};

/* A row that has been run and judged. */
struct verdict {
    const struct validation_row *row;
    const struct validation_result *result;
    double allowed; /* half of the interval, or the most that the mean may be off; 0: nothing */
    double widest;  /* the most that half of the interval may be; INFINITY where there is none */
    bool holds;
};

double validation_widest(bool is_quick)
{
    return is_quick ? 0.4 : 0.1;
}

void validation_add(struct validation_result *result, int64_t expected, int64_t simulated)
{
    check(result->count < VALIDATION_VALUES_MAX);
    result->expected[result->count] = expected;
    result->simulated[result->count++] = simulated;
}

/* ---- Judging ---- */

static void judge_exact(struct verdict *verdict)
{
    const struct validation_result *result = verdict->result;

    verdict->holds = result->count > 0;
    for (size_t i = 0; i < result->count; i++)
        verdict->holds = verdict->holds && result->expected[i] == result->simulated[i];
}

static void judge_estimate(struct verdict *verdict)
{
    const struct validation_result *result = verdict->result;
    double off = fabs(result->tally.mean - result->expected_mean);

    verdict->holds =
        result->tally.count > 0 && isfinite(off) && off <= verdict->allowed && verdict->allowed <= verdict->widest;
}

static struct verdict judge(const struct validation_row *row, const struct validation_result *result,
                            const struct validation_plan *plan, double confidence)
{
    struct verdict verdict = {.row = row, .result = result, .widest = INFINITY};

    if (row->kind == VALIDATION_EXACT) {
        judge_exact(&verdict);
        return verdict;
    }
    if (row->kind == VALIDATION_INTERVAL) {
        verdict.allowed = tally_half_width(&result->tally, confidence);
        verdict.widest = validation_widest(plan->is_quick) * fabs(result->expected_mean);
    } else {
        verdict.allowed = plan->within * fabs(result->expected_mean);
    }
    judge_estimate(&verdict);
    return verdict;
}

/* ---- Telling ---- */

static const char *const unit_names[VALIDATION_UNIT_COUNT] = {
    [VALIDATION_NS] = "ns",   [VALIDATION_MS] = "ms",   [VALIDATION_BYTES] = "B",
    [VALIDATION_COUNT] = "1", [VALIDATION_SHARE] = "1",
};

static void write_signed(struct sink *sink, int64_t number)
{
    sink_format(sink, "%lld", (long long)number);
}

/* Times that come out whole in a larger unit are shown in it, to the last digit. */
static void show_value(struct sink *sink, enum validation_unit unit, int64_t value)
{
    if (unit == VALIDATION_NS && value >= 0)
        units_write_time(sink, value);
    else
        write_signed(sink, value);
}

static void write_values(struct sink *shown, struct sink *plain, enum validation_unit unit, const int64_t *values,
                         size_t count)
{
    bool is_long = count > SHOWN_MAX;

    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            sink_char(plain, ' ');
        write_signed(plain, values[i]);
        if (is_long && i >= SHOWN_FIRST && i + 1 < count)
            continue;
        if (i > 0)
            sink_text(shown, is_long && i + 1 == count ? " .. " : " ");
        show_value(shown, unit, values[i]);
    }
    if (unit == VALIDATION_BYTES)
        sink_text(shown, " B");
    if (is_long)
        sink_format(shown, " (%zu values)", count);
}

static void write_estimate(struct sink *shown, struct sink *plain, enum validation_unit unit, double value)
{
    sink_format(plain, "%.9g", value);
    if (unit == VALIDATION_SHARE)
        sink_format(shown, "%.3f %%", 100 * value);
    else if (unit == VALIDATION_BYTES)
        sink_format(shown, "%.0f B", value);
    else if (unit == VALIDATION_COUNT)
        sink_format(shown, "%.4g", value);
    else
        sink_format(shown, "%.4g %s", value, unit_names[unit]);
}

/* A cell whose two texts a function has written. */
struct cell {
    char shown_text[TEXT_SIZE], plain_text[TEXT_SIZE];
    struct sink shown, plain;
};

static void cell_begin(struct cell *cell)
{
    cell->shown = SINK(cell->shown_text);
    cell->plain = SINK(cell->plain_text);
}

static void cell_end(struct cell *cell, struct table *table)
{
    check(!cell->shown.overflow && !cell->plain.overflow);
    table_cell(table, sink_written(&cell->shown), sink_written(&cell->plain));
}

static void tell_exact(const struct verdict *verdict, struct table *table)
{
    const struct validation_result *result = verdict->result;
    enum validation_unit unit = verdict->row->unit;
    int64_t most = 0;
    struct cell cell;

    for (size_t i = 0; i < result->count; i++) {
        int64_t off = result->simulated[i] - result->expected[i];

        most = llabs(off) > llabs(most) ? off : most;
    }
    cell_begin(&cell);
    write_values(&cell.shown, &cell.plain, unit, result->expected, result->count);
    cell_end(&cell, table);
    cell_begin(&cell);
    write_values(&cell.shown, &cell.plain, unit, result->simulated, result->count);
    if (verdict->holds && result->count >= SAME_FROM) {
        cell.shown.size = 0;
        sink_text(&cell.shown, "the same");
    }
    cell_end(&cell, table);
    cell_begin(&cell);
    write_signed(&cell.shown, most);
    write_signed(&cell.plain, most);
    if (most != 0 && unit != VALIDATION_COUNT)
        sink_format(&cell.shown, " %s", unit_names[unit]);
    cell_end(&cell, table);
    table_cell(table, SPAN("exact"), SPAN("0"));
}

static void tell_estimate(const struct verdict *verdict, struct table *table)
{
    double expected = verdict->result->expected_mean, mean = verdict->result->tally.mean;
    double share = expected != 0 ? (mean - expected) / expected : NAN;
    struct cell cell;

    cell_begin(&cell);
    write_estimate(&cell.shown, &cell.plain, verdict->row->unit, expected);
    cell_end(&cell, table);
    cell_begin(&cell);
    write_estimate(&cell.shown, &cell.plain, verdict->row->unit, mean);
    cell_end(&cell, table);
    cell_begin(&cell);
    sink_format(&cell.shown, "%+.2f %%", 100 * share);
    sink_format(&cell.plain, "%.9g", mean - expected);
    cell_end(&cell, table);
    cell_begin(&cell);
    sink_format(&cell.shown, verdict->row->kind == VALIDATION_INTERVAL ? "+-%.2f %%" : "within %.3g %%",
                100 * verdict->allowed / fabs(expected));
    sink_format(&cell.plain, "%.9g", verdict->allowed);
    cell_end(&cell, table);
}

static void table_columns(struct table *table)
{
    table_column(table, "group", "group", TABLE_TEXT);
    table_column(table, "what", "what", TABLE_TEXT);
    table_column(table, "expected", "expected", TABLE_TEXT);
    table_column(table, "simulated", "simulated", TABLE_TEXT);
    table_column(table, "difference", "difference", TABLE_NUMBER);
    table_column(table, "allowed", "allowed", TABLE_NUMBER);
    table_column(table, NULL, "unit", TABLE_TEXT);
    table_column(table, "", "verdict", TABLE_TEXT);
    table_column(table, "source", "source", TABLE_TEXT);
}

static void tell(const struct validation_group *group, const struct verdict *verdict, struct table *table)
{
    table_row(table);
    table_same(table, span_of(group->name));
    table_same(table, span_of(verdict->row->what));
    if (verdict->row->kind == VALIDATION_EXACT)
        tell_exact(verdict, table);
    else
        tell_estimate(verdict, table);
    table_same(table, span_of(unit_names[verdict->row->unit]));
    table_same(table, verdict->holds ? SPAN("ok") : SPAN("FAILED"));
    table_same(table, span_of(verdict->row->source));
}

/* ---- Running ---- */

static enum err find_group(const struct validation_plan *plan, struct note *note)
{
    char text[256];
    struct sink known = SINK(text);
    struct nearest nearest = nearest_to(span_of(plan->only ? plan->only : ""));

    for (const struct validation_group *group = plan->groups; group->name; group++) {
        if (!plan->only || strcmp(group->name, plan->only) == 0)
            return ERR_OK;
        nearest_try(&nearest, group->name);
        sink_format(&known, "%s%s", group == plan->groups ? "" : ", ", group->name);
    }
    return note_set(note, ERR_UNKNOWN, "no group %s: %s%s%sexpected one of %s", plan->only,
                    nearest.best ? "did you mean " : "", nearest.best ? nearest.best : "", nearest.best ? "? " : "",
                    sink_string(&known));
}

static bool is_wanted(const struct validation_plan *plan, const struct validation_group *group)
{
    return !plan->only || strcmp(plan->only, group->name) == 0;
}

/* The intervals of all groups hold at once, so how many there are does not depend on which group is run. */
static void count_rows(const struct validation_plan *plan, struct validation_report *report)
{
    for (const struct validation_group *group = plan->groups; group->name; group++)
        for (const struct validation_row *row = group->rows; row->what; row++) {
            report->rows += is_wanted(plan, group);
            report->intervals += row->kind == VALIDATION_INTERVAL;
        }
    report->confidence =
        report->intervals > 0 ? 1 - (1 - VALIDATION_CONFIDENCE) / (double)report->intervals : VALIDATION_CONFIDENCE;
}

static enum err run_groups(const struct validation_plan *plan, const struct validation_effort *effort,
                           struct table *table, struct validation_report *report, struct note *note)
{
    struct validation_result result;
    size_t done = 0;

    for (const struct validation_group *group = plan->groups; group->name; group++)
        for (const struct validation_row *row = group->rows; is_wanted(plan, group) && row->what; row++) {
            result = (struct validation_result){0};
            arena_reset(effort->arena);
            TRY(row->run(row, effort, &result, note));
            struct verdict verdict = judge(row, &result, plan, report->confidence);

            tell(group, &verdict, table);
            report->failed += !verdict.holds;
            if (plan->progress)
                plan->progress(plan->context, ++done, report->rows);
        }
    return ERR_OK;
}

enum err validation_run(const struct validation_plan *plan, struct table *table, struct validation_report *report,
                        struct note *note)
{
    struct validation_effort effort = {.is_quick = plan->is_quick};

    TRY(find_group(plan, note));
    effort.arena = arena_create(TRIAL_MEMORY);
    if (!effort.arena)
        return note_set(note, ERR_FULL, "no memory for the validation");
    *report = (struct validation_report){0};
    count_rows(plan, report);
    table_columns(table);
    enum err error = run_groups(plan, &effort, table, report, note);

    arena_destroy(effort.arena);
    return error;
}
