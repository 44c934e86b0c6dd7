/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole trials: laws that hold whatever the numbers are. */
#include "bench/harness/setup.h"
#include "bench/harness/validation.h"
#include "sim/base/check.h"

#include <stdlib.h>

enum { ASSIGNMENTS_MAX = 4 };

struct subject {
    const char *scenario;
    uint64_t file_bytes;
    const char *assignments[ASSIGNMENTS_MAX];
    int64_t forward_links; /* between the user agents */
};

static enum err open_setup(const struct subject *subject, struct setup *setup, struct note *note)
{
    TRY(scenario_file_read(span_of(subject->scenario), &setup->file, note));
    for (size_t i = 0; i < ASSIGNMENTS_MAX && subject->assignments[i]; i++)
        TRY(scenario_file_set(&setup->file, span_of(subject->assignments[i]), note));
    setup->file.scenario.file_bytes = subject->file_bytes;
    return setup_open(setup, note);
}

typedef enum err arms_fn(const struct subject *subject, struct setup *setup, struct arena *arena,
                         struct validation_result *result, struct note *note);

/* Opens the subject's scenario around the function. */
static enum err with_setup(const struct subject *subject, arms_fn *run, struct arena *arena,
                           struct validation_result *result, struct note *note)
{
    struct setup *setup = calloc(1, sizeof(*setup));

    if (!setup)
        return note_set(note, ERR_FULL, "no memory for a scenario");
    enum err error = open_setup(subject, setup, note);

    if (error == ERR_OK) {
        error = run(subject, setup, arena, result, note);
        setup_close(setup);
    }
    free(setup);
    return error;
}

/* A trial that is not delivered has no delay: it shows as one of -1 ns, which no sum of parts is. */
static int64_t delay_of(const struct outcome *outcome)
{
    return outcome->end == OUTCOME_DELIVERED ? outcome->delay_ns : -1;
}

static enum err add_sums(const struct subject *subject, struct setup *setup, struct arena *arena,
                         struct validation_result *result, struct note *note)
{
    struct outcome outcome;

    (void)subject;
    for (const struct arm *arm = arms; arm->name; arm++) {
        struct trial trial = setup_trial(setup, arm, 1);
        int64_t sum_ns = 0;

        TRY(sim_run(&trial, arena, &outcome, note));
        for (int part = 0; part < PART_COUNT && outcome.end == OUTCOME_DELIVERED; part++)
            sum_ns += outcome.parts_ns[part];
        validation_add(result, delay_of(&outcome), sum_ns);
    }
    return ERR_OK;
}

static enum err run_sums(const struct validation_row *row, const struct validation_effort *effort,
                         struct validation_result *result, struct note *note)
{
    return with_setup(row->subject, add_sums, effort->arena, result, note);
}

/* By how much the delay and its propagation part move when every forward link is 1 ns longer; untouched where a trial
 * is not delivered. */
static enum err move_by_one(struct setup *setup, const struct arm *arm, struct arena *arena, int64_t *delay_ns,
                            int64_t *part_ns, struct note *note)
{
    struct trial trial = setup_trial(setup, arm, 0);
    struct outcome before, after;

    setup->file.scenario.forward_extra_ns = 0;
    TRY(sim_run(&trial, arena, &before, note));
    setup->file.scenario.forward_extra_ns = 1;
    TRY(sim_run(&trial, arena, &after, note));
    if (before.end != OUTCOME_DELIVERED || after.end != OUTCOME_DELIVERED)
        return ERR_OK;
    *delay_ns = after.delay_ns - before.delay_ns;
    *part_ns = after.parts_ns[PART_PROPAGATION] - before.parts_ns[PART_PROPAGATION];
    return ERR_OK;
}

/* The file itself crosses every forward link, so fewer crossings than links are none. */
static enum err add_moves(const struct subject *subject, struct setup *setup, struct arena *arena,
                          struct validation_result *result, struct note *note)
{
    for (const struct arm *arm = arms; arm->name; arm++) {
        int64_t delay_ns = -1, part_ns = -1;

        TRY(move_by_one(setup, arm, arena, &delay_ns, &part_ns, note));
        validation_add(result, part_ns < subject->forward_links ? subject->forward_links : part_ns, delay_ns);
    }
    return ERR_OK;
}

static enum err run_moves(const struct validation_row *row, const struct validation_effort *effort,
                          struct validation_result *result, struct note *note)
{
    return with_setup(row->subject, add_moves, effort->arena, result, note);
}

/* Where the whole file fits into one segment the crossings can be counted by hand: MESSAGE goes forward once; INVITE,
 * SYN and SEND go forward one after the other. */
static enum err add_counted(const struct subject *subject, struct setup *setup, struct arena *arena,
                            struct validation_result *result, struct note *note)
{
    static const struct {
        const char *arm;
        int64_t ways;
    } rows[] = {{"message-plain", 1}, {"msrp-plain", 3}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t delay_ns = -1, part_ns = -1;

        TRY(move_by_one(setup, arm_find(span_of(rows[i].arm)), arena, &delay_ns, &part_ns, note));
        validation_add(result, rows[i].ways * subject->forward_links, delay_ns);
    }
    return ERR_OK;
}

static enum err run_counted(const struct validation_row *row, const struct validation_effort *effort,
                            struct validation_result *result, struct note *note)
{
    return with_setup(row->subject, add_counted, effort->arena, result, note);
}

static const struct subject single_host = {.scenario = "paper-exact", .file_bytes = 50000, .forward_links = 2};
static const struct subject home = {.scenario = "home", .file_bytes = 50000, .forward_links = 4};
static const struct subject single_host_random = {
    .scenario = "paper", .file_bytes = 20000, .assignments = {"access.loss=1%", "connections=cold"}};
static const struct subject home_random = {
    .scenario = "home",
    .file_bytes = 20000,
    .assignments = {"access.loss=1%", "access.jitter=2ms", "dwell.spread=50%", "connections=cold"}};
static const struct subject single_host_small = {.scenario = "paper-exact", .file_bytes = 100, .forward_links = 2};
static const struct subject home_small = {.scenario = "home", .file_bytes = 100, .forward_links = 4};

static const char parts_source[] = "the parts of a delay are its length, each arm";
static const char law_source[] = "the propagation part counts its crossings, each arm";
static const char hand_source[] = "counted by hand: INVITE, SYN, SEND";

#define TRIALS_ROW(text, row_run, row_subject, text_source)                                                            \
    {                                                                                                                  \
        .what = (text), .source = (text_source), .unit = VALIDATION_NS, .run = (row_run), .subject = (row_subject)     \
    }

const struct validation_row validation_trials[] = {
    TRIALS_ROW("sum of the parts, single-host", run_sums, &single_host, parts_source),
    TRIALS_ROW("sum of the parts, home", run_sums, &home, parts_source),
    TRIALS_ROW("sum of the parts, single-host, 1 % loss, cold", run_sums, &single_host_random, parts_source),
    TRIALS_ROW("sum of the parts, home, 1 % loss, jitter, cold", run_sums, &home_random, parts_source),
    TRIALS_ROW("forward links 1 ns longer, single-host", run_moves, &single_host, law_source),
    TRIALS_ROW("forward links 1 ns longer, home", run_moves, &home, law_source),
    TRIALS_ROW("the same, 100 B by MESSAGE, by MSRP, single-host", run_counted, &single_host_small, hand_source),
    TRIALS_ROW("the same, 100 B by MESSAGE, by MSRP, home", run_counted, &home_small, hand_source),
    {.what = NULL},
};
