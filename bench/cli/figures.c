/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/figures.h"
#include "bench/cli/progress.h"
#include "plots/gallery.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { CAPTION_NAME = 32 };

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
    if (scenario->dwell_distribution == DWELL_EXPONENTIAL)
        sink_text(sink, "exponential dwells, ");
    else if (scenario->dwell_spread > 0)
        sink_format(sink, "spread of dwells (%.3g %%), ", 100 * scenario->dwell_spread);
    sink_format(sink, "%zu of %zu dwells of %.*s", rows, setup->dwells.count,
                (int)(table.size < CAPTION_NAME ? table.size : CAPTION_NAME), table.data);
    sink_format(sink, ", %zu scenario parameters (hopsim show names them)", parameters);
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

/* A row a size and arm, in the columns of summary.csv. */
static void write_sizes(const struct scenario *scenario, const struct figures_sizes *sizes, struct outfile *file)
{
    const char *connections = scenario->connections == CONNECTIONS_WARM ? "warm" : "cold";

    fputs("path.relays,connections,transfer.size_bytes,arm,exact,trials,delivered,delay_mean_ms,delay_low_ms,"
          "delay_high_ms\n",
          file->stream);
    for (size_t size = 0; size < sizes->size_count; size++)
        for (size_t arm = 0; arm < sizes->arm_count; arm++) {
            const struct comparison_estimate *delay = &sizes->delays[arm][size];
            double half_ms = isfinite(delay->half_ms) ? delay->half_ms : 0;

            fprintf(file->stream, "%llu,%s,%.0f,%s,%d,%zu,%zu,", (unsigned long long)scenario->relays, connections,
                    sizes->bytes[size], sizes->arms[arm]->name, sizes->is_exact, sizes->trials[size], delay->count);
            if (delay->count > 0)
                fprintf(file->stream, "%.9g,%.9g,%.9g\n", delay->mean_ms, delay->mean_ms - half_ms,
                        delay->mean_ms + half_ms);
            else
                fputs(",,\n", file->stream);
        }
}

enum err figures_save_sizes(const struct results *results, const struct setup *setup, const struct figures_sizes *sizes,
                            struct note *note)
{
    struct outfile file = {.stream = NULL};

    TRY(results_open(results, "sizes.csv", &file, note));
    write_sizes(&setup->file.scenario, sizes, &file);
    enum err error = outfile_close(&file, note);

    outfile_discard(&file);
    return error;
}

static void tell(const struct gallery_told *told, const char *folder)
{
    if (told->not_drawn > 0)
        fprintf(stderr,
                "hopsim: %zu of %zu figures are left out: %s (scripts and data are in %s; with gnuplot, Debian's "
                "gnuplot-nox, hopsim report draws them)\n",
                told->not_drawn, told->not_drawn + told->drawn, told->why, folder);
}

enum err figures_draw(const char *folder, const char *latex, struct note *note)
{
    char path[OUTFILE_PATH_SIZE];
    struct sink sink = SINK(path);
    struct gallery_told told;

    sink_format(&sink, "%s/figures", folder);
    if (sink.overflow || sink.size >= sizeof(path))
        return note_set(note, ERR_RANGE, "%s: too long a name", folder);
    const struct gallery_wanted wanted = {
        .folder = folder, .into = latex ? latex : sink_string(&sink), .is_latex = latex != NULL};

    if (mkdir(wanted.into, 0777) != 0 && errno != EEXIST)
        return note_set(note, ERR_FILE, "%s: %s", wanted.into, strerror(errno));
    TRY(gallery_draw(&wanted, &told, note));
    tell(&told, wanted.into);
    return ERR_OK;
}
