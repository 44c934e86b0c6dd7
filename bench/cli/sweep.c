/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sweep.c - sweeps: every combination of the axes' values, each arm on the same trials; continued where they ended. */
#include "bench/cli/headline.h"
#include "bench/cli/progress.h"
#include "bench/harness/clock.h"
#include "bench/harness/ranks.h"
#include "bench/harness/sweep_folder.h"
#include "bench/harness/sweep_inputs.h"
#include "sim/base/units.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { PROBES = 8 };

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

/* What a run holds on to; sweep_command_free gives it back whole. */
struct sweeping {
    const struct command_line *line;
    struct sweep sweep;
    bool is_read;
    struct ranks *ranks; /* NULL before they are needed */
    struct results results;
    struct sweep_file *file;
    struct progress progress;
    uint64_t told, lines_told; /* rows; for who watches no terminal */
    uint64_t failed;           /* rows with an error, of this run */
    uint64_t imprecise;        /* points whose trials are the most there may be and not enough, of this run */
    char first_error[SWEEP_ERROR_SIZE];
    uint64_t wanted;
    int64_t line_ns;
};

static enum err take_row(void *context, const struct sweep_row *row, struct note *note)
{
    struct sweeping *sweeping = context;

    sweeping->told++;
    if (row->is_error && sweeping->failed++ == 0)
        memcpy(sweeping->first_error, row->error, sizeof(sweeping->first_error));
    return sweep_file_add(sweeping->file, &sweeping->sweep, row, note);
}

/* A bar on a terminal; elsewhere a line every ten seconds. */
static void show(void *context, uint64_t done, uint64_t wanted)
{
    struct sweeping *sweeping = context;

    (void)done;
    (void)wanted;
    if (sweeping->progress.is_shown) {
        progress_show(&sweeping->progress, (size_t)sweeping->told, (size_t)sweeping->wanted);
    } else if (clock_now_ns() - sweeping->line_ns > 10 * SECOND) {
        sweeping->line_ns = clock_now_ns();
        fprintf(stderr, "hopsim: %llu of %s%llu rows\n", (unsigned long long)sweeping->told,
                sweeping->sweep.precision > 0 ? "at most " : "", (unsigned long long)sweeping->wanted);
    }
}

/* ---- Dry run ---- */

/* Seconds that a trial of each arm takes at points spread over the sweep. */
static enum err measure(const struct sweep *sweep, double *seconds, struct note *note)
{
    struct arena *arena = arena_create(HEADLINE_MEMORY);
    struct setup *setup = calloc(1, sizeof(*setup));
    size_t probes = sweep->points < PROBES ? sweep->points : PROBES, count = 0;
    enum err error = arena && setup ? ERR_OK : note_set(note, ERR_FULL, "no memory for a trial");
    int64_t begun_ns = clock_now_ns();

    for (size_t i = 0; i < probes && error == ERR_OK; i++) {
        error = sweep_scenario(sweep, i * (sweep->points - 1) / (probes > 1 ? probes - 1 : 1), &setup->file, note);
        if (error != ERR_OK || (error = setup_open(setup, note)) != ERR_OK)
            break;
        for (size_t arm = 0; arm < sweep->arm_count; arm++, count++) {
            struct trial trial = setup_trial(setup, sweep->arms[arm], 0);
            struct outcome outcome;
            struct note ignored = {{0}};

            trial.events_max = sweep->events_max;
            (void)!sim_run(&trial, arena, &outcome, &ignored);
        }
        setup_close(setup);
    }
    *seconds = count > 0 ? (double)(clock_now_ns() - begun_ns) / SECOND / (double)count : 0;
    if (arena)
        arena_destroy(arena);
    free(setup);
    return error;
}

static enum status dry_run(struct sweeping *sweeping, struct note *note)
{
    const struct sweep *sweep = &sweeping->sweep;
    char text[1024];
    struct sink sink = SINK(text);
    double seconds;
    uint64_t jobs;
    enum err error = sweep_rows(sweep, &sweeping->wanted, note);

    if (error == ERR_OK)
        error = command_number(sweeping->line, "-j", headline_jobs(), 1, COMPARISON_JOBS_MAX, &jobs, note);
    if (error == ERR_OK)
        error = measure(sweep, &seconds, note);
    if (error != ERR_OK)
        return command_fail(error, note);
    bool has_lone = sweeping->wanted < (uint64_t)sweep->points * sweep->arm_count * sweep->repetitions;

    sink_format(&sink, "%zu points of %zu axes, %zu arms, %s%zu trials a point%s: %llu rows%s\n", sweep->points,
                sweep->axis_count, sweep->arm_count, sweep->precision > 0 ? "up to " : "", sweep->repetitions,
                has_lone ? ", 1 where nothing is random" : "", (unsigned long long)sweeping->wanted,
                sweep->precision > 0 ? " at most" : "");
    sink_format(&sink, "about %.1f s in %llu threads, from %.3g ms a trial at points spread over the sweep\n",
                seconds * (double)sweeping->wanted / (double)jobs, (unsigned long long)jobs, 1000 * seconds);
    return command_print(sink_written(&sink));
}

/* ---- Running ---- */

static enum err open_folder(struct sweeping *sweeping, struct sweep_job *job, struct note *note)
{
    const struct command_given *folder = command_option(sweeping->line, "-o");

    sweeping->file = calloc(1, sizeof(*sweeping->file));
    if (!sweeping->file)
        return note_set(note, ERR_FULL, "no memory for rows");
    sweeping->file->descriptor = -1;
    if (!command_option(sweeping->line, "--resume")) {
        TRY(sweep_inputs_check(&sweeping->sweep, note));
        TRY(results_create(&sweeping->results, folder ? folder->value : NULL, sweeping->sweep.name, note));
        return sweep_file_begin(sweeping->file, &sweeping->results, &sweeping->sweep, note);
    }
    if (!folder)
        return note_set(note, ERR_SYNTAX, "--resume: expected -o FOLDER, the one that was begun");
    sweeping->results = (struct results){.started_s = (int64_t)time(NULL), .started_ns = clock_now_ns()};
    struct sink path = SINK(sweeping->results.path);

    sink_text(&path, folder->value);
    sink_string(&path);
    if (path.overflow || path.size >= RESULTS_PATH_SIZE - 32)
        return note_set(note, ERR_RANGE, "-o %.60s...: expected a shorter name of a folder", folder->value);
    if (sweep_file_is_bare(sweeping->results.path))
        return sweep_file_begin(sweeping->file, &sweeping->results, &sweeping->sweep, note);
    TRY(sweep_file_resume(sweeping->file, sweeping->results.path, &sweeping->sweep, &job->first, &job->first_point,
                          note));
    sweeping->told = job->first;
    return ERR_OK;
}

/* What runs is what the folder holds. */
static enum err use_copies(struct sweeping *sweeping, struct note *note)
{
    struct sweep copy;

    TRY(sweep_inputs_read(sweeping->results.path, &copy, note));
    sweep_free(&sweeping->sweep);
    sweeping->sweep = copy;
    return ERR_OK;
}

/* Rows, until they are all there or somebody says stop; what is done is in the file either way. */
static enum err fill_folder(struct sweeping *sweeping, struct sweep_job *job, struct note *note)
{
    struct note flush = {{0}};

    TRY(open_folder(sweeping, job, note));
    TRY(use_copies(sweeping, note));
    progress_begin(&sweeping->progress, "sweep");
    sweeping->line_ns = clock_now_ns();
    enum err error = sweep_run(job, note);

    progress_end(&sweeping->progress);
    enum err flushed = sweep_file_flush(sweeping->file, error == ERR_OK ? note : &flush);

    return error == ERR_OK ? flushed : error;
}

static enum err run_rows(struct sweeping *sweeping, struct note *note)
{
    struct sweep_job job = {.sweep = &sweeping->sweep,
                            .memory_bytes = HEADLINE_MEMORY,
                            .ranks = sweeping->ranks,
                            .folder = sweeping->results.path,
                            .stop = &stopped,
                            .context = sweeping,
                            .row = take_row,
                            .imprecise = &sweeping->imprecise,
                            .progress = show};
    struct sigaction action = {.sa_handler = stop, .sa_flags = (int)SA_RESETHAND}; /* a second one ends it */
    struct sigaction before, before_term;
    uint64_t jobs, by_itself = ranks_count(sweeping->ranks) > 1 ? 1 : headline_jobs();

    TRY(command_number(sweeping->line, "-j", by_itself, 1, COMPARISON_JOBS_MAX, &jobs, note));
    job.jobs = (unsigned)jobs;
    TRY(sweep_rows(&sweeping->sweep, &sweeping->wanted, note));
    sigaction(SIGINT, &action, &before); /* before there is a folder: whoever ends it is told how to go on */
    sigaction(SIGTERM, &action, &before_term);
    enum err error = fill_folder(sweeping, &job, note);

    sigaction(SIGINT, &before, NULL);
    sigaction(SIGTERM, &before_term, NULL);
    return error;
}

/* Whoever was stopped, by a signal or a full disk, is told how to go on. */
static void tell_how_to_resume(const struct sweeping *sweeping)
{
    const struct command_given *limit = command_option(sweeping->line, "--trial-events-max");
    char text[4 * RESULTS_PATH_SIZE];
    struct sink sink = SINK(text);

    if (!sweeping->file || sweeping->file->descriptor < 0)
        return;
    sink_format(&sink, "hopsim: %llu of %llu rows are in %s; go on with: hopsim sweep ",
                (unsigned long long)sweeping->file->rows, (unsigned long long)sweeping->wanted, sweeping->results.path);
    results_write_word(&sink, sweeping->line->arguments[0]);
    sink_text(&sink, " -o ");
    results_write_word(&sink, sweeping->results.path);
    sink_text(&sink, " --resume");
    if (limit)
        sink_format(&sink, " --trial-events-max %s", limit->value);
    fprintf(stderr, "%s\n", sink_string(&sink));
}

/* They are rows like others, but nobody should find them only in the file; nor intervals wider than asked for. */
static void tell_errors(const struct sweeping *sweeping)
{
    if (sweeping->failed > 0)
        fprintf(stderr, "hopsim: %llu of %llu rows are errors, the first: %s\n", (unsigned long long)sweeping->failed,
                (unsigned long long)sweeping->told, sweeping->first_error);
    if (sweeping->imprecise > 0)
        fprintf(stderr, "hopsim: %llu points have %zu trials, the most there may be, and not the precision\n",
                (unsigned long long)sweeping->imprecise, sweeping->sweep.repetitions);
}

/* manifest.txt is the last file of a folder. */
static bool is_finished(const struct sweeping *sweeping)
{
    char path[RESULTS_PATH_SIZE + 16];

    results_path(&sweeping->results, "manifest.txt", path, sizeof(path));
    return access(path, F_OK) == 0;
}

static enum status run_and_save(struct sweeping *sweeping, struct note *note)
{
    enum err error = run_rows(sweeping, note);
    char text[RESULTS_PATH_SIZE + 16];
    struct sink sink = SINK(text);

    tell_errors(sweeping);
    if (error != ERR_OK || stopped) {
        enum status status = error == ERR_OK ? STATUS_NO : command_fail(error, note);

        tell_how_to_resume(sweeping);
        return status;
    }
    if (is_finished(sweeping)) { /* an earlier run ended it: what it wrote stands */
        sink_format(&sink, "results: %s (finished before)\n", sweeping->results.path);
        return command_print(sink_written(&sink));
    }
    error = sweep_summarise(sweeping->results.path, note);
    if (error == ERR_OK)
        error = headline_save_manifest(&sweeping->results, sweeping->line, sweeping->sweep.base.scenario.seed, note);
    if (error != ERR_OK)
        return command_fail(error, note);
    sink_format(&sink, "results: %s\n", sweeping->results.path);
    return command_print(sink_written(&sink));
}

static enum err limit_events(struct sweeping *sweeping, struct note *note)
{
    uint64_t most;

    if (!command_option(sweeping->line, "--trial-events-max"))
        return ERR_OK;
    TRY(command_number(sweeping->line, "--trial-events-max", 1, 1, SWEEP_EVENTS_MAX, &most, note));
    return sweep_limit_events(&sweeping->sweep, most, note);
}

/* Of several ranks rank 0 does what a single process does; the others help it. */
static enum status run_ranks(struct sweeping *sweeping, struct note *note)
{
    sweeping->ranks = ranks_begin(note);
    if (!sweeping->ranks)
        return command_fail(ERR_FULL, note);
    if (ranks_number(sweeping->ranks) == 0)
        return run_and_save(sweeping, note);
    enum err error = sweep_help(sweeping->ranks, HEADLINE_MEMORY, note);

    if (error != ERR_OK)
        ranks_abandon(sweeping->ranks, (int)command_fail(error, note));
    return STATUS_DONE;
}

/* A rank may be dead when rank 0 is stopped: then nobody waits for anybody. */
static void end_ranks(struct sweeping *sweeping, enum status status)
{
    if (!sweeping->ranks)
        return;
    if (stopped && ranks_count(sweeping->ranks) > 1)
        ranks_abandon(sweeping->ranks, (int)status);
    ranks_end(sweeping->ranks);
}

static enum status run_sweep(const struct command_line *line)
{
    struct sweeping *sweeping = calloc(1, sizeof(*sweeping));
    struct note note = {{0}};
    enum status status;

    if (!sweeping)
        return command_fail(note_set(&note, ERR_FULL, "no memory"), &note);
    sweeping->line = line;
    enum err error = sweep_read(line->arguments[0], &sweeping->sweep, &note);

    sweeping->is_read = error == ERR_OK;
    if (error == ERR_OK)
        error = limit_events(sweeping, &note);
    if (error != ERR_OK)
        status = command_fail(error, &note);
    else if (command_option(line, "--dry-run"))
        status = dry_run(sweeping, &note);
    else
        status = run_ranks(sweeping, &note);
    if (sweeping->file)
        sweep_file_close(sweeping->file);
    end_ranks(sweeping, status);
    if (sweeping->is_read)
        sweep_free(&sweeping->sweep);
    free(sweeping->file);
    free(sweeping);
    return status;
}

static const struct command_option options[] = {
    {"-o", "FOLDER", "where results go; results/NAME-DATE-TIME unless given; it must not exist, but with --resume"},
    {"-j", "N", "threads; as many as there are processors unless given; of several ranks (mpirun) those of rank 0, 1"},
    {"--resume", NULL, "go on in the folder of -o: what is there stays, a row that is not whole is run again"},
    {"--trial-events-max", "N", "a trial with more events ends as a row with \"limit\", as events_max in [sweep]"},
    {"--dry-run", NULL, "say how many trials there are and about how long they take"},
    {.name = NULL},
};

const struct command command_sweep = {
    .name = "sweep",
    .arguments = "FILE",
    .arguments_least = 1,
    .arguments_most = 1,
    .help =
        "Run every combination of values that a scenario's section [sweep] names; ended by Ctrl-C (status 1) it can "
        "be resumed",
    .options = options,
    .notes =
        "FILE is a scenario (include = home) with a section [sweep] of the keys:\n"
        "  PARAMETER                an axis, of `hopsim list parameters`: a list (1ms, 5ms) or a range\n"
        "                           (1KiB .. 1GiB log 13, or lin 13)\n"
        "  scenarios                an axis of scenarios by name or file, and FILE then has no other section\n"
        "  arms                     arms of `hopsim list arms`, or all; msrp-smime, message-tls, msrp-relay unless "
        "given\n"
        "  design                   grid (unless given); zip, axes side by side; latin N, a sample of N points\n"
        "  repetitions              trials of a point and arm; 30 unless given, 1 where nothing is random\n"
        "  precision, trials_max    instead: go on until half the 95 % interval of each mean is at most this share\n"
        "                           of it (1%), or so many trials are done; 10000 unless given\n"
        "  events_max               a trial with more events ends as a row with \"limit\"\n"
        "A program built by `make MPI=1` shares the trials among ranks: mpirun -np 8 hopsim sweep FILE. Rank 0 alone\n"
        "writes, the same bytes as one process; the folder of -o must be one that all ranks can read. As a job of "
        "Slurm:\n"
        "sbatch -n 64 bench/slurm/sweep.sh FILE FOLDER.\n",
    .run = run_sweep,
};
