/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/capacity_table.h"
#include "sim/base/units.h"

enum { CELL_SIZE = 64, HELD_CELLS = 6, FAILING_CELLS = 3 };

static const char *const host_names[LOAD_HOSTS] = {"p-cscf-a", "s-cscf-a", "i-cscf-b", "hss-b", "s-cscf-b", "p-cscf-b"};

const char *const capacity_kinds[2] = {[CAPACITY_OF_FILES] = "files", [CAPACITY_OF_CALLS] = "calls"};

static const char *const reasons[CAPACITY_REASONS] = {
    [CAPACITY_HOLDS] = "",
    [CAPACITY_WORK] = "more work than time",
    [CAPACITY_INADEQUATE] = "failed or late",
    [CAPACITY_LINK] = "more bits than time",
    [CAPACITY_GROWTH] = "backlog grows",
};

/* In which of the tables for people a column stands; in none of them, for programs, all do. */
enum { FOR_PROGRAMS = 0, HELD = 1, FAILED = 2, COSTS = 4, VIEWS = HELD | FAILED | COSTS };

static const struct {
    const char *title, *name;
    enum table_kind kind;
    int views;
} columns[] = {
    {"arm", "arm", TABLE_TEXT, VIEWS},
    {NULL, "of", TABLE_TEXT, FOR_PROGRAMS},
    {"beside, 1/s", "beside_per_s", TABLE_NUMBER, VIEWS},
    {"capacity, 1/s", "capacity_per_s", TABLE_NUMBER, HELD},
    {"%IHS", "inadequate_ratio", TABLE_NUMBER, HELD},
    {"busiest", "busiest", TABLE_TEXT, HELD},
    {"its load", "offered_ratio", TABLE_NUMBER, HELD},
    {"by work, 1/s", "work_bound_per_s", TABLE_NUMBER, COSTS},
    {"attempts", "attempts", TABLE_NUMBER, HELD},
    {"fails at, 1/s", "failing_per_s", TABLE_NUMBER, FAILED},
    {"%IHS", "failing_inadequate_ratio", TABLE_NUMBER, FAILED},
    {"since", "failing_reason", TABLE_TEXT, FAILED},
    {"costs", "cost_ratio", TABLE_NUMBER, COSTS},
    {"lost", "lost_ratio", TABLE_NUMBER, COSTS},
    {"rates tried", "rates", TABLE_NUMBER, COSTS},
    {NULL, "file_bytes", TABLE_NUMBER, FOR_PROGRAMS},
};

/* ---- Cells ---- */

static void add_number(struct table *table, const char *format, double value)
{
    char text[CELL_SIZE];
    struct sink cell = SINK(text);

    sink_format(&cell, format, value);
    table_same(table, sink_written(&cell));
}

static void add_share(struct table *table, const char *mark, double share)
{
    char text[CELL_SIZE], plain_text[CELL_SIZE];
    struct sink shown = SINK(text), plain = SINK(plain_text);

    sink_format(&shown, "%s%.3g %%", mark, 100 * share);
    sink_format(&plain, "%.9g", share);
    table_cell(table, sink_written(&shown), sink_written(&plain));
}

static void add_empty(struct table *table, size_t cells)
{
    for (size_t i = 0; i < cells; i++)
        table_same(table, SPAN(""));
}

/* The highest rate that held, how far its load fills the busiest host, and what that host's work alone would allow. A
 * rate that held is no capacity where nothing bounds it. */
static void add_held(const struct capacity *capacity, struct table *table)
{
    const struct capacity_look *held = &capacity->held;

    if (held->rate_per_ks == 0) {
        table_same(table, SPAN("0"));
        add_empty(table, HELD_CELLS - 1);
        return;
    }
    if (capacity->is_unbounded)
        add_empty(table, 1);
    else
        add_number(table, "%.3f", (double)held->rate_per_ks / 1000);
    add_share(table, "", held->inadequate);
    table_same(table, span_of(host_names[held->busiest]));
    add_share(table, "", held->offered);
    /* What a call and a file take alone is not known where there are both. */
    if (held->offered > 0 && held->all_per_ks == held->rate_per_ks)
        add_number(table, "%.3f", (double)held->rate_per_ks / 1000 / held->offered);
    else
        add_empty(table, 1);
    add_number(table, "%.0f", (double)held->attempts);
}

static void add_failing(const struct capacity *capacity, struct table *table)
{
    const struct capacity_look *failing = &capacity->failing;

    if (capacity->is_unbounded) {
        add_empty(table, FAILING_CELLS - 1);
        table_same(table, SPAN("nothing bounds it"));
        return;
    }
    if (failing->rate_per_ks == 0) {
        add_empty(table, FAILING_CELLS);
        return;
    }
    add_number(table, "%.3f", (double)failing->rate_per_ks / 1000);
    add_share(table, failing->is_stopped ? "> " : "", failing->inadequate);
    table_same(table, span_of(reasons[failing->reason]));
}

/* How much of what is sought the core no longer takes for each unit of what is beside it, from the first rate of that
 * on. */
static void add_lost(const struct capacity_rows *rows, size_t number, size_t arm, struct table *table)
{
    const struct capacity *first = &rows->capacities[0][arm], *here = &rows->capacities[number][arm];
    double more = (double)rows->besides_per_ks[number] - (double)rows->besides_per_ks[0];

    if (more > 0 && !first->is_unbounded && !here->is_unbounded)
        add_number(table, "%.4g", ((double)first->held.rate_per_ks - (double)here->held.rate_per_ks) / more);
    else
        add_empty(table, 1);
}

/* How many attempts of the first arm one of this arm displaces. */
static void add_cost(const struct capacity *first, const struct capacity *here, struct table *table)
{
    if (here->held.rate_per_ks > 0 && !first->is_unbounded && !here->is_unbounded)
        add_number(table, "%.4g", (double)first->held.rate_per_ks / (double)here->held.rate_per_ks);
    else
        add_empty(table, 1);
}

static void add_row(const struct capacity_rows *rows, size_t number, size_t arm, struct table *table)
{
    const struct capacity *capacity = &rows->capacities[number][arm];

    table_row(table);
    table_same(table, span_of(rows->arms[arm]->name));
    table_same(table, span_of(capacity_kinds[rows->of]));
    add_number(table, "%.3f", (double)rows->besides_per_ks[number] / 1000);
    add_held(capacity, table);
    add_failing(capacity, table);
    add_cost(&rows->capacities[number][0], capacity, table);
    add_lost(rows, number, arm, table);
    add_number(table, "%.0f", (double)capacity->looks);
    add_number(table, "%.0f", (double)rows->file_bytes);
}

/* ---- Tables ---- */

/* One of those for people, or that for programs. */
static void make(const struct capacity_rows *rows, int view, struct arena *arena, struct table *table)
{
    table_init(table, arena);
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
        table_column(table, columns[i].views & view ? columns[i].title : NULL, columns[i].name, columns[i].kind);
    for (size_t i = 0; i < rows->beside_count * rows->arm_count; i++)
        add_row(rows, i % rows->beside_count, i / rows->beside_count, table);
}

void capacity_table_make(const struct capacity_rows *rows, struct arena *arena, struct table *table)
{
    make(rows, FOR_PROGRAMS, arena, table);
}

static void write_head(const struct capacity_rows *rows, struct sink *sink)
{
    sink_format(sink, "%s: how many %s a second the core takes so that at most %.3g %%\n", rows->scenario,
                capacity_kinds[rows->of], 100 * rows->inadequate_most);
    sink_format(sink, "of all attempts fail or are late, beside %s; files have %llu B\n",
                capacity_kinds[rows->of == CAPACITY_OF_FILES ? CAPACITY_OF_CALLS : CAPACITY_OF_FILES],
                (unsigned long long)rows->file_bytes);
}

void capacity_table_write_unbounded(const struct capacity_rows *rows, struct sink *sink)
{
    for (size_t i = 0; i < rows->beside_count * rows->arm_count; i++) {
        const struct capacity *capacity = &rows->capacities[i % rows->beside_count][i / rows->beside_count];
        const struct capacity_look *held = &capacity->held;

        if (!capacity->is_unbounded)
            continue;
        sink_format(sink, "%s: nothing bounds it below %d a second. At %.3f the busiest\n",
                    rows->arms[i / rows->beside_count]->name, CAPACITY_MOST_PER_S, (double)held->rate_per_ks / 1000);
        sink_format(sink, "host, %s, has work for %.2g %% of its time, the busiest link for %.2g %%.\n",
                    host_names[held->busiest], 100 * held->offered, 100 * held->link);
        sink_text(sink, "Expected dwells with work for what the arm sends (dwell.table).\n");
    }
}

void capacity_table_write(const struct capacity_rows *rows, struct arena *arena, struct sink *sink)
{
    static const struct {
        int view;
        const char *heading;
    } views[] = {
        {HELD, "The highest rate that holds"},
        {FAILED, "The lowest that does not"},
        {COSTS, "What work alone allows, and what attempts cost"},
    };
    struct table table;

    write_head(rows, sink);
    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
        sink_format(sink, "\n%s\n", views[i].heading);
        make(rows, views[i].view, arena, &table);
        table_write_text(&table, 0, sink);
    }
    capacity_table_write_unbounded(rows, sink);
}
