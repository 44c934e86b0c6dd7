/* SPDX-License-Identifier: GPL-3.0-or-later */
/* validate.c - the model against theory: a row a comparison, with its source. */
#include "bench/cli/command.h"
#include "bench/cli/progress.h"
#include "bench/cli/validate_core.h"
#include "bench/cli/validate_measured.h"
#include "bench/harness/validation.h"
#include "sim/base/units.h"

enum { TABLE_MEMORY = 16 << 20 };

static enum err read_plan(const struct command_line *line, struct validation_plan *plan, struct note *note)
{
    const struct command_given *only = command_option(line, "--only");
    const struct command_given *within = command_option(line, "--within");

    *plan = (struct validation_plan){.groups = validation_groups,
                                     .only = only ? only->value : NULL,
                                     .is_quick = command_option(line, "--quick") != NULL,
                                     .within = VALIDATION_WITHIN};
    return within ? units_read_ratio(span_of(within->value), &plan->within, note) : ERR_OK;
}

/* How to read the table. */
static enum status print_summary(const struct validation_plan *plan, const struct validation_report *report)
{
    char text[1024];
    struct sink sink = SINK(text);

    sink_format(&sink, "\n%zu of %zu rows hold.\n", report->rows - report->failed, report->rows);
    sink_format(
        &sink,
        "+-: Student's interval of the mean over fixed seeds; the %zu intervals of the whole table hold at once\n"
        "with %.1f %%. It must hold what is expected, and be no wider than %.0f %% of it.\n"
        "within: the formula approximates; %.3g %% is how far it may be off (--within).\n",
        report->intervals, 100 * VALIDATION_CONFIDENCE, 100 * validation_widest(plan->is_quick), 100 * plan->within);
    if (plan->is_quick)
        sink_text(&sink, "quick: fewer seeds and shorter runs, so the intervals are wider than without --quick.\n");
    return command_print(sink_written(&sink));
}

static enum status print(const struct command_line *line, const struct validation_plan *plan,
                         const struct validation_report *report, const struct table *table)
{
    enum status status = command_print_table(line, table);

    if (status == STATUS_DONE && !command_option(line, "--csv") && !command_option(line, "--json"))
        status = print_summary(plan, report);
    return status == STATUS_DONE && report->failed > 0 ? STATUS_NO : status;
}

static enum status run_validate(const struct command_line *line)
{
    if (command_option(line, "--measured"))
        return validate_measured(line);
    if (command_option(line, "--core"))
        return validate_core(line);
    struct arena *arena = arena_create(TABLE_MEMORY);
    struct validation_report report;
    struct validation_plan plan;
    struct progress progress;
    struct note note = {{0}};
    struct table table;

    if (!arena)
        return command_fail(note_set(&note, ERR_FULL, "no memory for the table"), &note);
    table_init(&table, arena);
    enum err error = read_plan(line, &plan, &note);

    if (error == ERR_OK) {
        progress_begin(&progress, "validate");
        plan.progress = progress_show;
        plan.context = &progress;
        error = validation_run(&plan, &table, &report, &note);
        progress_end(&progress);
    }
    enum status status = error == ERR_OK ? print(line, &plan, &report, &table) : command_fail(error, &note);

    arena_destroy(arena);
    return status;
}

static const struct command_option options[] = {
    {"--quick", NULL, "fewer seeds and shorter runs: a few seconds, wider intervals"},
    {"--only", "GROUP", "one group of rows: queues, network, tcp, sip, msrp or trials"},
    {"--within", "SHARE", "how far formulas that approximate may be off; 20% unless given"},
    {"--measured", NULL, "against real transfers (hopsim measure; needs root): calibrate on some, predict others"},
    {"--record", "FILE", "with --measured: keeps a row a point; what stands there is not measured again; measured.csv"},
    {"--repeat", "N", "with --measured: transfers a point, 7 unless given"},
    {"--every", "N", "with --measured: only each Nth point of the plan"},
    {"--recorded", NULL, "with --measured: measure nothing, compare what the record has"},
    {"--answer", NULL, "with --measured and --csv or --json: hop by hop against end to end in place of the errors"},
    {"--core", "FOLDER", "against sessions through another program's core, as bench/testbed/table.sh leaves them"},
    {"--rate", "RATE", "with --core: of the users' links there; unshaped unless given"},
    COMMAND_OPTION_CSV,
    COMMAND_OPTION_JSON,
    {.name = NULL},
};

const struct command command_validate = {
    .name = "validate",
    .arguments = "",
    .help = "Compare the model with theory: queues, links, TCP, SIP's timers, sizes, whole trials",
    .options = options,
    .run = run_validate,
};
