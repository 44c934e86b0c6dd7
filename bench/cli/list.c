/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list.c - what there is to choose from: arms, scenarios, parameters, tables of dwells and costs. */
#include "bench/cli/command.h"
#include "bench/cli/measure_arm.h"
#include "bench/harness/cost_file.h"
#include "bench/harness/dwell_file.h"
#include "bench/harness/input.h"
#include "bench/harness/scenario_file.h"
#include "sim/arm.h"
#include "sim/base/nearest.h"
#include "sim/base/units.h"

enum { LIST_MEMORY = 64 << 20 };

typedef enum err list_fn(struct table *table, struct note *note);

static void cell(struct table *table, const char *text)
{
    table_same(table, span_of(text));
}

static bool is_measured(const struct arm *arm)
{
    struct measure_arm ignored;
    struct note why = {{0}};

    return measure_arm(arm, &ignored, &why) == ERR_OK;
}

static enum err list_arms(struct table *table, struct note *note)
{
    static const char *const carriers[] = {
        [CARRIER_MESSAGE] = "SIP MESSAGE", [CARRIER_MSRP] = "MSRP", [CARRIER_HTTP] = "HTTP"};
    static const char *const paths[] = {
        [PATH_CSCFS] = "every CSCF",     [PATH_RELAYS] = "relays", [PATH_B2BUAS] = "B2BUAs",
        [PATH_RCS] = "SBCs and ASs",     [PATH_AGWS] = "IMS-AGWs", [PATH_DIRECT] = "direct",
        [PATH_SERVER] = "content server"};
    static const char *const hops[] = {
        [HOP_NONE] = "none", [HOP_TLS] = "TLS", [HOP_ESP] = "ESP", [HOP_TLS_ACCESS] = "TLS UE-AGW"};
    static const char *const bodies[] = {[BODY_CLEAR] = "none", [BODY_CMS] = "CMS", [BODY_TLS] = "TLS"};

    (void)note;
    table_column(table, "arm", "arm", TABLE_TEXT);
    table_column(table, "carrier", "carrier", TABLE_TEXT);
    table_column(table, "path", "path", TABLE_TEXT);
    table_column(table, "each hop", "each_hop", TABLE_TEXT);
    table_column(table, "end to end", "end_to_end", TABLE_TEXT);
    table_column(table, "over sockets", "over_sockets", TABLE_TEXT);
    table_column(table, "stands for", "stands_for", TABLE_TEXT);
    for (const struct arm *arm = arms; arm->name; arm++) {
        table_row(table);
        cell(table, arm->name);
        cell(table, carriers[arm->carrier]);
        cell(table, paths[arm->path]);
        cell(table, hops[arm->hop]);
        cell(table, bodies[arm->body]);
        cell(table, is_measured(arm) ? "measured" : "simulated only");
        cell(table, arm->stands_for);
    }
    return ERR_OK;
}

static enum err list_scenarios(struct table *table, struct note *note)
{
    table_column(table, "scenario", "scenario", TABLE_TEXT);
    table_column(table, "shows", "shows", TABLE_TEXT);
    for (const struct input_builtin *row = input_builtins; row->name; row++) {
        struct scenario_file file;

        if (row->kind != INPUT_SCENARIO)
            continue;
        TRY(scenario_file_read(span_of(row->name), &file, note));
        table_row(table);
        cell(table, row->name);
        cell(table, file.scenario.shows);
    }
    return ERR_OK;
}

static enum err list_parameters(struct table *table, struct note *note)
{
    (void)note;
    table_column(table, "parameter", "parameter", TABLE_TEXT);
    table_column(table, "default", "default", TABLE_TEXT);
    table_column(table, "range", "range", TABLE_TEXT);
    table_column(table, "meaning", "meaning", TABLE_TEXT);
    table_column(table, "source of the default", "source", TABLE_TEXT);
    for (const struct field *row = scenario_fields; row->name; row++) {
        char text[256];
        struct sink range = SINK(text);

        scenario_write_range(row, &range);
        table_row(table);
        cell(table, row->name);
        cell(table, row->standard);
        table_same(table, sink_written(&range));
        cell(table, row->help);
        cell(table, row->source);
    }
    return ERR_OK;
}

static void time_cell(struct table *table, int64_t time_ns)
{
    char shown_text[32], plain_text[32];
    struct sink shown = SINK(shown_text), plain = SINK(plain_text);

    if (time_ns != NONE_NS) {
        units_show_time(&shown, time_ns);
        sink_number(&plain, (uint64_t)time_ns);
    }
    table_cell(table, sink_written(&shown), sink_written(&plain));
}

static void dwell_rows(struct table *table, const char *name, const struct dwell_table *dwells)
{
    for (size_t i = 0; i < dwells->count; i++) {
        const struct dwell_row *row = &dwells->rows[i];
        char text[64], number[24];
        struct sink includes = SINK(text), n = SINK(number);

        if (row->n > 0)
            sink_number(&n, row->n);
        dwell_write_includes(row->includes, &includes);
        table_row(table);
        cell(table, name);
        cell(table, dwell_role_names[row->role]);
        cell(table, row->kind);
        cell(table, dwell_side_names[row->side]);
        table_same(table, sink_written(&n));
        time_cell(table, row->min_ns);
        time_cell(table, row->median_ns);
        time_cell(table, row->p95_ns);
        time_cell(table, row->max_ns);
        time_cell(table, row->work_ns);
        table_same(table, sink_written(&includes));
        cell(table, row->source);
    }
}

static enum err list_dwells(struct table *table, struct note *note)
{
    struct dwell_table dwells;

    table_column(table, "table", "table", TABLE_TEXT);
    table_column(table, "role", "role", TABLE_TEXT);
    table_column(table, "message", "kind", TABLE_TEXT);
    table_column(table, "side", "side", TABLE_TEXT);
    table_column(table, "n", "n", TABLE_NUMBER);
    table_column(table, "min", "min_ns", TABLE_NUMBER);
    table_column(table, "median", "median_ns", TABLE_NUMBER);
    table_column(table, "p95", "p95_ns", TABLE_NUMBER);
    table_column(table, "max", "max_ns", TABLE_NUMBER);
    table_column(table, "work", "work_ns", TABLE_NUMBER);
    table_column(table, "includes", "includes", TABLE_TEXT);
    table_column(table, "source", "source", TABLE_TEXT);
    for (const struct input_builtin *row = input_builtins; row->name; row++) {
        if (row->kind != INPUT_DWELL)
            continue;
        TRY(dwell_file_read(span_of(row->name), &dwells, note));
        dwell_rows(table, row->name, &dwells);
    }
    return ERR_OK;
}

static void cost_rows(struct table *table, const char *name, const struct cost_table *costs)
{
    for (int i = 0; i < COST_OPERATION_COUNT; i++) {
        const struct cost *cost = &costs->costs[i];
        char text[32];
        struct sink per_byte = SINK(text);

        if (!cost->is_known)
            continue;
        sink_format(&per_byte, "%.4f", cost->ns_per_byte);
        table_row(table);
        cell(table, name);
        cell(table, cost_operation_names[i]);
        time_cell(table, cost->fixed_ns);
        table_same(table, sink_written(&per_byte));
        cell(table, costs->machine);
    }
}

static enum err list_costs(struct table *table, struct note *note)
{
    struct cost_table costs;

    table_column(table, "table", "table", TABLE_TEXT);
    table_column(table, "operation", "operation", TABLE_TEXT);
    table_column(table, "fixed", "fixed_ns", TABLE_NUMBER);
    table_column(table, "ns a byte", "ns_per_byte", TABLE_NUMBER);
    table_column(table, "machine", "machine", TABLE_TEXT);
    for (const struct input_builtin *row = input_builtins; row->name; row++) {
        if (row->kind != INPUT_COST)
            continue;
        TRY(cost_file_read(row->name, &costs, note));
        cost_rows(table, row->name, &costs);
    }
    return ERR_OK;
}

static const struct list {
    const char *name;
    list_fn *fill;
} lists[] = {
    {"arms", list_arms},     {"scenarios", list_scenarios}, {"parameters", list_parameters},
    {"dwells", list_dwells}, {"costs", list_costs},         {.name = NULL},
};

static enum status unknown_list(const char *name)
{
    struct nearest nearest = nearest_to(span_of(name));

    for (const struct list *list = lists; list->name; list++)
        nearest_try(&nearest, list->name);
    fprintf(stderr, "hopsim: list: %s is nothing to list: ", name);
    if (nearest.best)
        fprintf(stderr, "did you mean %s? ", nearest.best);
    for (const struct list *list = lists; list->name; list++)
        fprintf(stderr, "%s%s", list == lists ? "expected " : ", ", list->name);
    fprintf(stderr, "\n");
    return STATUS_INPUT;
}

static enum status print_list(const struct command_line *line, const struct list *list)
{
    struct arena *arena = arena_create(LIST_MEMORY);
    struct note note = {{0}};
    struct table table;

    if (!arena) {
        fprintf(stderr, "hopsim: no memory\n");
        return STATUS_FAULT;
    }
    table_init(&table, arena);
    enum err error = list->fill(&table, &note);
    enum status status = error == ERR_OK ? command_print_table(line, &table) : command_fail(error, &note);

    arena_destroy(arena);
    return status;
}

static enum status run_list(const struct command_line *line)
{
    for (const struct list *list = lists; list->name; list++)
        if (strcmp(list->name, line->arguments[0]) == 0)
            return print_list(line, list);
    return unknown_list(line->arguments[0]);
}

static const struct command_option options[] = {COMMAND_OPTION_CSV, COMMAND_OPTION_JSON, {.name = NULL}};

const struct command command_list = {
    .name = "list",
    .arguments = "arms|scenarios|parameters|dwells|costs",
    .arguments_least = 1,
    .arguments_most = 1,
    .help = "List what there is to choose from",
    .options = options,
    .run = run_list,
};
