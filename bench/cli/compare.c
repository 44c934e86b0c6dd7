/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compare.c - every arm side by side on one scenario, and the difference split. */
#include "bench/cli/drawing.h"
#include "bench/cli/exposure.h"
#include "bench/cli/figures.h"
#include "bench/cli/flows.h"
#include "bench/cli/scratch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { TRIALS_STANDARD = 100, TABLE_MEMORY = 64 << 20, SIZE_LEAST = 1 << 10, SIZE_MOST = 16 << 20 };

/* What a comparison holds on to; compare_free gives it back whole. */
struct compare {
    const struct command_line *line;
    struct setup setup;
    struct headline_plan plan;
    struct headline headline;
    struct figures_sizes sizes; /* none unless --sizes */
    struct threats *threats;    /* NULL unless --threats */
    struct arena *arena;
    struct sink text;
};

static enum err read_inputs(struct compare *compare, struct note *note)
{
    const struct command_line *line = compare->line;

    compare->arena = arena_create(TABLE_MEMORY);
    compare->text = (struct sink){.data = malloc(HEADLINE_TEXT_SIZE), .capacity = HEADLINE_TEXT_SIZE};
    if (!compare->arena || !compare->text.data)
        return note_set(note, ERR_FULL, "no memory for the tables");
    TRY(headline_read_plan(&compare->plan, line, TRIALS_STANDARD, note));
    TRY(command_scenario(line, &compare->setup.file, note));
    return setup_open(&compare->setup, note);
}

static enum err save_rows(struct compare *compare, const struct results *results, struct note *note)
{
    struct outfile trials = {0}, summary = {0};
    enum err error = results_open(results, "trials.csv", &trials, note);

    if (error == ERR_OK)
        error = results_open(results, "summary.csv", &summary, note);
    if (error == ERR_OK) {
        headline_write_heads(&trials, &summary);
        headline_write_rows(&compare->headline, &trials, &summary);
        error = outfile_close(&trials, note);
    }
    if (error == ERR_OK)
        error = outfile_close(&summary, note);
    outfile_discard(&trials);
    outfile_discard(&summary);
    return error;
}

static enum err save(struct compare *compare, const struct results *results, struct note *note)
{
    TRY(results_save_inputs(results, &compare->setup, "scenario", note));
    TRY(save_rows(compare, results, note));
    TRY(results_save(results, "comparison.txt", sink_written(&compare->text), note));
    if (compare->sizes.size_count > 0)
        TRY(figures_save_sizes(results, &compare->setup, &compare->sizes, note));
    if (compare->threats)
        TRY(exposure_save(compare->threats, results, compare->arena, note));
    TRY(flows_save(results, &compare->setup, &compare->plan, note));
    TRY(headline_save_manifest(results, compare->line, compare->setup.file.scenario.seed, note));
    TRY(figures_draw(results->path, NULL, note));
    return flows_save_page(results, note);
}

static enum err compare_sizes(struct compare *compare, struct note *note)
{
    TRY(figures_run_sizes(&compare->sizes, &compare->setup, &compare->plan, SIZE_LEAST, SIZE_MOST, note));
    sink_text(&compare->text, "By the size of the file:\n");
    figures_write_crossings(&compare->sizes, &compare->text);
    return ERR_OK;
}

/* The other arm of a drawing: the first that --arms names beside the proposal, else relay by relay. */
static const struct arm *other_arm(const struct compare *compare)
{
    bool is_given = command_option(compare->line, "--arms") != NULL;

    for (size_t i = 0; i < compare->plan.arm_count; i++) {
        const char *name = compare->plan.arms[i]->name;

        if (is_given ? !*headline_mark(compare->plan.arms[i]) : strcmp(name, "msrp-relay") == 0)
            return compare->plan.arms[i];
    }
    return arm_find(SPAN("msrp-relay"));
}

/* The proposal and another arm side by side, each from a messages.csv of its first trial. */
static enum err draw_pair(struct compare *compare, const char *path, struct note *note)
{
    const struct arm *pair[] = {arm_find(SPAN(HEADLINE_PROPOSAL)), other_arm(compare)};
    struct scratch scratch = {""};
    char folders[2][OUTFILE_PATH_SIZE], csv[2][OUTFILE_PATH_SIZE];
    struct flow_drawing drawings[2];
    enum err error = ERR_OK;

    TRY(scratch_make(&scratch, "flow", note));
    for (int i = 0; i < 2 && error == ERR_OK; i++) {
        struct sink sink = SINK(csv[i]);

        scratch_path(&scratch, pair[i]->name, folders[i]);
        sink_format(&sink, "%s/messages.csv", folders[i]);
        drawings[i] = (struct flow_drawing){.csv = sink_string(&sink), .title = pair[i]->name};
        error = mkdir(folders[i], 0700) == 0 ? ERR_OK : note_set(note, ERR_FILE, "%s: %s", folders[i], strerror(errno));
        if (error == ERR_OK)
            error = flows_save_arm(folders[i], &compare->setup, pair[i], &drawings[i].from_ns, note);
    }
    if (error == ERR_OK)
        error = drawing_save(drawings, 2, path, note);
    scratch_remove(&scratch);
    return error;
}

static enum err compute(struct compare *compare, struct note *note)
{
    const struct command_given *ladder = command_option(compare->line, "--ladder-svg");
    const struct command_given *folder = command_option(compare->line, "-o");
    struct command_terminal terminal = command_terminal();
    struct results results;

    TRY(read_inputs(compare, note));
    if (folder)
        TRY(results_create(&results, folder->value, compare->setup.file.scenario.name, note));
    TRY(headline_run(&compare->headline, &compare->setup, &compare->plan, note));
    headline_write(&compare->headline, &terminal, compare->arena, &compare->text);
    if (command_option(compare->line, "--sizes"))
        TRY(compare_sizes(compare, note));
    if (command_option(compare->line, "--threats")) {
        TRY(exposure_run(&compare->setup, &compare->plan, &compare->threats, note));
        exposure_write(compare->threats, &compare->plan, compare->arena, &compare->text);
    }
    if (compare->text.overflow)
        return note_set(note, ERR_FULL, "the comparison is too long to be told");
    if (ladder)
        TRY(draw_pair(compare, ladder->value, note));
    return folder ? save(compare, &results, note) : ERR_OK;
}

static enum status print(struct compare *compare)
{
    struct table table;

    if (!command_option(compare->line, "--csv") && !command_option(compare->line, "--json"))
        return command_print(sink_written(&compare->text));
    headline_table(&compare->headline, &table, compare->arena);
    return command_print_table(compare->line, &table);
}

/* The answer is no where the proposal never arrived. */
static enum status judge(const struct compare *compare)
{
    const struct headline_case *warm = headline_case(&compare->headline, CONNECTIONS_WARM);

    return comparison_of_arm(&warm->comparison, warm->comparison.reference).delivered > 0 ? STATUS_DONE : STATUS_NO;
}

static void compare_free(struct compare *compare)
{
    headline_free(&compare->headline);
    threats_free(compare->threats);
    setup_close(&compare->setup);
    if (compare->arena)
        arena_destroy(compare->arena);
    free(compare->text.data);
    free(compare);
}

static enum status run_compare(const struct command_line *line)
{
    struct compare *compare = calloc(1, sizeof(*compare));
    struct note note = {{0}};

    if (!compare)
        return command_fail(note_set(&note, ERR_FULL, "no memory"), &note);
    compare->line = line;
    enum err error = compute(compare, &note);
    enum status status = error == ERR_OK ? print(compare) : command_fail(error, &note);

    if (status == STATUS_DONE)
        status = judge(compare);
    compare_free(compare);
    return status;
}

static const struct command_option options[] = {
    {"--arms", "LIST", "arms by name, separated by commas; the proposal and both baselines are always there"},
    COMMAND_OPTION_FILE,
    COMMAND_OPTION_SET,
    {"--trials", "N", "trials an arm; 100 unless given"},
    {"--precision", "SHARE", "as many trials as intervals of this share of the mean need, such as 1%"},
    {"--trials-max", "N", "at most so many with --precision; 10,000 unless given"},
    {"--sizes", NULL, "also run files of 1 KiB to 16 MiB and say where arms cross; -o then has the figure"},
    {"--threats", NULL, "also attack each arm at every node and link: who can read, who can change unnoticed"},
    {"--ladder-svg", "FILE",
     "draw two call flows side by side: the proposal, and what --arms names first or msrp-relay"},
    {"-j", "N", "threads; as many as there are processors unless given"},
    COMMAND_OPTION_JSON,
    COMMAND_OPTION_CSV,
    {"-o", "FOLDER", "write a results folder: rows, inputs, figures, call flows, report.html; it must not exist"},
    {.name = NULL},
};

const struct command command_compare = {
    .name = "compare",
    .arguments = "SCENARIO",
    .arguments_least = 1,
    .arguments_most = 1,
    .help = "Run every arm on the same trials, side by side, and split the difference",
    .options = options,
    .run = run_compare,
};
