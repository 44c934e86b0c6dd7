/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/figures.h"
#include "bench/cli/progress.h"
#include "plots/figure.h"
#include "sim/access.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <math.h>
#include <stdlib.h>

enum { CAPTION_NAME = 32, TEXT_SIZE = 1024, CSV_SIZE = 64 * 1024 };

/* ---- Captions ---- */

void figures_assumed(const struct setup *setup, struct sink *sink)
{
    const struct scenario *scenario = &setup->file.scenario;
    size_t rows = 0;
    size_t parameters = 0;

    for (size_t i = 0; i < setup->dwells.count; i++)
        rows += setup->dwells.rows[i].is_assumed;
    for (size_t i = 0; scenario_fields[i].name; i++)
        parameters += span_starts(span_of(setup->file.origins[i]), SPAN("assumed"));
    struct span table = span_of(setup->dwells.name);

    table.size = span_find(table, SPAN(" (built-in)"));
    sink_text(sink, "Assumed: ");
    if (scenario->dwell_spread > 0)
        sink_format(sink, "spread of dwells (%.3g %%), ", 100 * scenario->dwell_spread);
    sink_format(sink, "%zu of %zu dwells of %.*s", rows, setup->dwells.count,
                (int)(table.size < CAPTION_NAME ? table.size : CAPTION_NAME), table.data);
    sink_format(sink, ", %zu scenario parameters (hopsim show names them)", parameters);
}

static void write_caption(const struct setup *setup, struct sink *sink)
{
    figures_assumed(setup, sink);
    if (access_is_mobile(&setup->file.scenario))
        sink_text(sink, "; direct arms are a bound");
}

static void draw(const struct figure *figure)
{
    struct note note = {{0}};

    if (figure_draw(figure, &note) != ERR_OK)
        fprintf(stderr, "hopsim: %s\n", note.text);
}

static enum err save_and_draw(const struct results *results, struct figure *figure, struct note *note)
{
    char folder[OUTFILE_PATH_SIZE];

    results_path(results, "figures", folder, sizeof(folder));
    figure->folder = folder;
    TRY(figure_save(figure, note));
    draw(figure);
    return ERR_OK;
}

static enum err save_csv(const struct results *results, const char *name, const char *ending, const struct sink *csv,
                         struct note *note)
{
    char path[TEXT_SIZE];
    struct sink sink = SINK(path);

    check(!csv->overflow);
    sink_format(&sink, "figures/%s%s.csv", name, ending);
    return results_save(results, sink_string(&sink), sink_written(csv), note);
}

/* ---- Delay by arm ---- */

static void write_number(struct sink *sink, double value)
{
    sink_char(sink, ',');
    if (isfinite(value))
        sink_format(sink, "%.9g", value);
}

/* The longest delay that the axis holds: of the arms that take at most so many times the reference's. */
#define AXIS_TIMES 5

static double axis_end_ms(const struct comparison *comparison)
{
    double reference_ms = comparison_of_arm(comparison, comparison->reference).delay.mean_ms;
    double most_ms = 0;

    for (size_t arm = 0; arm < comparison->arm_count; arm++) {
        struct comparison_estimate delay = comparison_of_arm(comparison, arm).delay;
        double high_ms = delay.mean_ms + (isfinite(delay.half_ms) ? delay.half_ms : 0);

        if (delay.count > 0 && !(high_ms > AXIS_TIMES * reference_ms))
            most_ms = fmax(most_ms, high_ms);
    }
    return most_ms;
}

static size_t write_arms(const struct comparison *comparison, struct sink *csv)
{
    size_t rows = 0;

    sink_text(csv, "row,arm,mean_ms,low_ms,high_ms");
    for (int part = 0; part < PART_COUNT; part++)
        sink_format(csv, ",%s_ms", part_names[part]);
    sink_char(csv, '\n');
    for (size_t arm = 0; arm < comparison->arm_count; arm++) {
        struct comparison_arm one = comparison_of_arm(comparison, arm);
        double half_ms = isfinite(one.delay.half_ms) ? one.delay.half_ms : 0;

        if (one.delivered == 0)
            continue;
        sink_format(csv, "%zu,%s%s", rows++, headline_mark(comparison->arms[arm]), comparison->arms[arm]->name);
        write_number(csv, one.delay.mean_ms);
        write_number(csv, one.delay.mean_ms - half_ms);
        write_number(csv, one.delay.mean_ms + half_ms);
        for (int part = 0; part < PART_COUNT; part++)
            write_number(csv, one.parts_ms[part]);
        sink_char(csv, '\n');
    }
    return rows;
}

static void write_sample(struct sink *sink, bool is_exact, size_t trials)
{
    if (is_exact)
        sink_text(sink, "one trial an arm: nothing is random, exact");
    else
        sink_format(sink, "%zu trials an arm, 95 %% interval of the mean", trials);
}

enum err figures_by_arm(const struct results *results, const char *name, const struct setup *setup,
                        const struct headline_case *one, struct note *note)
{
    char csv[CSV_SIZE], title[TEXT_SIZE], subtitle[TEXT_SIZE], caption[TEXT_SIZE];
    struct sink csv_sink = SINK(csv), title_sink = SINK(title), subtitle_sink = SINK(subtitle);
    struct sink caption_sink = SINK(caption);
    size_t rows = write_arms(&one->comparison, &csv_sink);

    TRY(save_csv(results, name, "", &csv_sink, note));
    if (rows == 0)
        return ERR_OK;
    sink_format(&title_sink, "Delay by arm and where it goes: %s, %s connections", setup->file.scenario.name,
                one->connections == CONNECTIONS_WARM ? "warm" : "cold");
    units_show_size(&subtitle_sink, setup->file_bytes);
    sink_format(&subtitle_sink, " file, %llu relays; ", (unsigned long long)setup->file.scenario.relays);
    write_sample(&subtitle_sink, one->comparison.is_exact, one->comparison.trials);
    write_caption(setup, &caption_sink);
    sink_text(&caption_sink, "\n* the proposal, (a) and (b) the hop-by-hop baselines; a bar with an arrow is cut");

    struct figure figure = {.name = name,
                            .script = "delay-by-arm",
                            .title = sink_string(&title_sink),
                            .subtitle = sink_string(&subtitle_sink),
                            .caption = sink_string(&caption_sink)};

    figure_set_number(&figure, "rows", (double)rows);
    figure_set_number(&figure, "most_ms", axis_end_ms(&one->comparison));
    return save_and_draw(results, &figure, note);
}

/* ---- Delay by size ---- */

/* Large files take long and vary little. */
static size_t trials_of(uint64_t bytes, size_t most)
{
    size_t wanted = bytes <= 64 * KIB ? 30 : bytes <= MIB ? 10 : bytes <= 4 * MIB ? 3 : 2;

    return wanted < most ? wanted : most;
}

static enum err run_size(struct figures_sizes *sizes, struct setup *setup, const struct headline_plan *plan,
                         struct note *note)
{
    size_t size = sizes->size_count;
    struct comparison_plan run = {.arm_count = plan->arm_count, .jobs = plan->jobs, .memory_bytes = HEADLINE_MEMORY};
    struct comparison comparison;
    struct progress progress;

    memcpy(run.arms, plan->arms, sizeof(run.arms));
    run.trial = setup_trial(setup, NULL, 0);
    run.trials = trials_of(setup->file_bytes, plan->trials);
    run.progress = progress_show;
    run.context = &progress;
    progress_begin(&progress, "delay by size");
    enum err error = comparison_run(&run, &comparison, note);

    progress_end(&progress);
    if (error != ERR_OK)
        return error;
    sizes->bytes[size] = (double)setup->file_bytes;
    sizes->trials[size] = comparison.trials;
    sizes->is_exact = comparison.is_exact;
    for (size_t arm = 0; arm < plan->arm_count; arm++)
        sizes->delays[arm][size] = comparison_of_arm(&comparison, arm).delay;
    sizes->size_count++;
    comparison_free(&comparison);
    return ERR_OK;
}

static size_t find_arm(const struct figures_sizes *sizes, const char *name)
{
    size_t arm = 0;

    while (arm < sizes->arm_count && strcmp(sizes->arms[arm]->name, name) != 0)
        arm++;
    return arm;
}

static void add_crossings(struct figures_sizes *sizes, const char *baseline)
{
    size_t first = find_arm(sizes, HEADLINE_PROPOSAL);
    size_t second = find_arm(sizes, baseline);
    double proposal_ms[FIGURES_SIZES_MAX], baseline_ms[FIGURES_SIZES_MAX];
    struct crossing found[FIGURES_CROSSINGS_MAX];

    if (first == sizes->arm_count || second == sizes->arm_count)
        return;
    for (size_t i = 0; i < sizes->size_count; i++) {
        proposal_ms[i] = sizes->delays[first][i].mean_ms;
        baseline_ms[i] = sizes->delays[second][i].mean_ms;
    }
    size_t count = crossing_find(sizes->bytes, proposal_ms, baseline_ms, sizes->size_count, found,
                                 FIGURES_CROSSINGS_MAX - sizes->crossing_count);

    for (size_t i = 0; i < count; i++)
        sizes->crossings[sizes->crossing_count++] =
            (struct figures_crossing){.baseline = sizes->arms[second], .at = found[i]};
}

enum err figures_run_sizes(struct figures_sizes *sizes, struct setup *setup, const struct headline_plan *plan,
                           uint64_t least_bytes, uint64_t most_bytes, struct note *note)
{
    struct setup *sized = calloc(1, sizeof(*sized));
    enum err error = ERR_OK;

    if (!sized)
        return note_set(note, ERR_FULL, "no memory for a setup");
    *sizes = (struct figures_sizes){.arm_count = plan->arm_count};
    memcpy(sizes->arms, plan->arms, sizeof(sizes->arms));
    for (uint64_t bytes = least_bytes; bytes <= most_bytes && error == ERR_OK; bytes *= 2) {
        check(sizes->size_count < FIGURES_SIZES_MAX);
        *sized = (struct setup){.file = setup->file};
        sized->file.scenario.file_path[0] = 0; /* no file of the user's is as long as asked for */
        sized->file.scenario.file_bytes = bytes;
        error = setup_open(sized, note);
        if (error != ERR_OK)
            break;
        error = run_size(sizes, sized, plan, note);
        setup_close(sized);
    }
    free(sized);
    add_crossings(sizes, "message-tls");
    add_crossings(sizes, "msrp-relay");
    return error;
}

static void write_crossing(struct sink *sink, const struct figures_crossing *crossing)
{
    sink_text(sink, "from ");
    units_show_size(sink, (uint64_t)llround(crossing->at.x));
    sink_format(sink, " on %s is faster", crossing->at.order < 0 ? HEADLINE_PROPOSAL : crossing->baseline->name);
}

void figures_write_crossings(const struct figures_sizes *sizes, struct sink *sink)
{
    static const char *const baselines[] = {"message-tls", "msrp-relay"};

    for (size_t b = 0; b < sizeof(baselines) / sizeof(*baselines); b++) {
        bool has_any = false;

        for (size_t i = 0; i < sizes->crossing_count; i++) {
            if (strcmp(sizes->crossings[i].baseline->name, baselines[b]) != 0)
                continue;
            sink_format(sink, HEADLINE_PROPOSAL " and %s: ", baselines[b]);
            write_crossing(sink, &sizes->crossings[i]);
            sink_text(sink, "\n");
            has_any = true;
        }
        size_t first = find_arm(sizes, HEADLINE_PROPOSAL);
        size_t second = find_arm(sizes, baselines[b]);

        if (has_any || first == sizes->arm_count || second == sizes->arm_count || sizes->size_count == 0)
            continue;
        double difference_ms = sizes->delays[first][0].mean_ms - sizes->delays[second][0].mean_ms;

        sink_format(sink, HEADLINE_PROPOSAL " and %s: no crossover from ", baselines[b]);
        units_show_size(sink, (uint64_t)sizes->bytes[0]);
        sink_text(sink, " to ");
        units_show_size(sink, (uint64_t)sizes->bytes[sizes->size_count - 1]);
        if (!isnan(difference_ms))
            sink_format(sink, ": %s has the lower mean at every size tried (each twice the one before)",
                        difference_ms < 0 ? HEADLINE_PROPOSAL : baselines[b]);
        sink_text(sink, "\n");
    }
}

static void write_sizes(const struct figures_sizes *sizes, struct sink *csv)
{
    sink_text(csv, "size_bytes");
    for (size_t arm = 0; arm < sizes->arm_count; arm++) {
        const char *name = sizes->arms[arm]->name;

        sink_format(csv, ",%s_mean_ms,%s_low_ms,%s_high_ms", name, name, name);
    }
    sink_text(csv, ",trials\n");
    for (size_t size = 0; size < sizes->size_count; size++) {
        sink_format(csv, "%.0f", sizes->bytes[size]);
        for (size_t arm = 0; arm < sizes->arm_count; arm++) {
            const struct comparison_estimate *delay = &sizes->delays[arm][size];
            double half_ms = isfinite(delay->half_ms) ? delay->half_ms : 0;

            write_number(csv, delay->mean_ms);
            write_number(csv, delay->mean_ms - half_ms);
            write_number(csv, delay->mean_ms + half_ms);
        }
        sink_format(csv, ",%zu\n", sizes->trials[size]);
    }
}

static enum err save_sizes(const struct results *results, const char *name, const struct figures_sizes *sizes,
                           struct note *note)
{
    char text[CSV_SIZE];
    struct sink csv = SINK(text);

    write_sizes(sizes, &csv);
    TRY(save_csv(results, name, "", &csv, note));
    csv.size = 0;
    sink_text(&csv, "size_bytes,delay_ms,text\n");
    for (size_t i = 0; i < sizes->crossing_count; i++) {
        sink_format(&csv, "%.9g,%.9g,", sizes->crossings[i].at.x, sizes->crossings[i].at.y);
        write_crossing(&csv, &sizes->crossings[i]);
        sink_char(&csv, '\n');
    }
    if (sizes->crossing_count == 0) /* gnuplot takes no table without rows; this one is outside of the axes */
        sink_text(&csv, "0.001,1,none\n");
    return save_csv(results, name, "-crossings", &csv, note);
}

/* The extremes of all means, for the axis; false when nothing was delivered. */
static bool find_extremes(const struct figures_sizes *sizes, double *least_ms, double *most_ms)
{
    *least_ms = INFINITY;
    *most_ms = 0;
    for (size_t arm = 0; arm < sizes->arm_count; arm++)
        for (size_t size = 0; size < sizes->size_count; size++) {
            double mean_ms = sizes->delays[arm][size].mean_ms;

            if (mean_ms > 0) {
                *least_ms = fmin(*least_ms, mean_ms);
                *most_ms = fmax(*most_ms, mean_ms);
            }
        }
    return *most_ms > 0;
}

enum err figures_by_size(const struct results *results, const char *name, const struct setup *setup,
                         const struct figures_sizes *sizes, struct note *note)
{
    char title[TEXT_SIZE], subtitle[TEXT_SIZE], caption[TEXT_SIZE], names[TEXT_SIZE], crossings[TEXT_SIZE];
    struct sink title_sink = SINK(title), subtitle_sink = SINK(subtitle), caption_sink = SINK(caption);
    struct sink names_sink = SINK(names), crossings_sink = SINK(crossings);

    double least_ms, most_ms;

    check(sizes->size_count > 0);
    TRY(save_sizes(results, name, sizes, note));
    if (!find_extremes(sizes, &least_ms, &most_ms))
        return ERR_OK;
    sink_format(&title_sink, "Delay against the size of the file: %s, %s connections", setup->file.scenario.name,
                setup->file.scenario.connections == CONNECTIONS_WARM ? "warm" : "cold");
    if (sizes->is_exact)
        sink_text(&subtitle_sink, "one trial an arm and size: nothing is random, exact");
    else
        sink_format(&subtitle_sink, "%zu trials an arm at small sizes to %zu at the largest, shaded: 95 %% interval",
                    sizes->trials[0], sizes->trials[sizes->size_count - 1]);
    sink_format(&subtitle_sink, "; %llu relays", (unsigned long long)setup->file.scenario.relays);
    write_caption(setup, &caption_sink);
    sink_text(&caption_sink, "\ncrossovers with " HEADLINE_PROPOSAL ": straight lines in log space between the points");
    for (size_t arm = 0; arm < sizes->arm_count; arm++)
        sink_format(&names_sink, "%s%s", arm ? " " : "", sizes->arms[arm]->name);
    sink_format(&crossings_sink, "%s-crossings.csv", name);

    struct figure figure = {.name = name,
                            .script = "delay-by-size",
                            .title = sink_string(&title_sink),
                            .subtitle = sink_string(&subtitle_sink),
                            .caption = sink_string(&caption_sink)};

    figure_set_text(&figure, "arms", sink_string(&names_sink));
    figure_set_text(&figure, "data_crossings", sink_string(&crossings_sink));
    figure_set_number(&figure, "crossings", (double)sizes->crossing_count);
    figure_set_number(&figure, "least_ms", least_ms);
    figure_set_number(&figure, "most_ms", most_ms);
    figure_set_number(&figure, "least_bytes", sizes->bytes[0]);
    figure_set_number(&figure, "most_bytes", sizes->bytes[sizes->size_count - 1]);
    return save_and_draw(results, &figure, note);
}
