/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loads against queueing theory. Every attempt is a short file in one MESSAGE, the only work anywhere is that of
 * S-CSCF(A) on it, exponential with a mean of 1 ms, and the way there takes the same time for all: its host sees a
 * Poisson process.
 */
#include "bench/harness/queue.h"
#include "bench/harness/validation.h"
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/load.h"

#include <math.h>
#include <stdlib.h>

enum { FILE_BYTES = 100, USERS = 20000 };

#define WORK_NS (1 * MS)

struct subject {
    double load;                             /* offered, by worker */
    uint32_t workers, room;                  /* room: jobs in the host, from which on it refuses; 0: no limit */
    enum { THERE, REFUSED, LITTLE } measure; /* THERE: wait and work */
    double (*expected)(const struct subject *subject);
};

/* The tables are large. */
struct stage {
    struct scenario scenario;
    struct dwell_table dwells;
    struct cost_table costs;
};

static struct trial open_stage(struct stage *stage, const struct subject *subject,
                               const struct validation_effort *effort)
{
    struct scenario *scenario = &stage->scenario;
    double rate = subject->load * subject->workers * (double)SECOND / (double)WORK_NS;
    double attempts = effort->is_quick ? 1500 : 8000;

    field_defaults(scenario_fields, scenario);
    scenario->topology = TOPOLOGY_HOME;
    scenario->dwell_distribution = DWELL_EXPONENTIAL;
    scenario->cpu_workers = subject->workers;
    scenario->cpu_queue = 1000000;
    scenario->overload_jobs = subject->room;
    scenario->heeds_retry_after = false; /* the formulas have who is refused leave, and arrivals go on as before */
    scenario->load_users = USERS * (effort->is_quick ? 1 : 4);
    scenario->load_rate_per_ks = (uint64_t)llround(rate * 1000);
    scenario->load_ns = llround(attempts / rate * (double)SECOND);
    stage->dwells.count = 1;
    stage->dwells.rows[0] = (struct dwell_row){
        .role = DWELL_S_CSCF, .kind = "MESSAGE", .side = DWELL_ORIG, .median_ns = WORK_NS, .work_ns = WORK_NS};
    for (int i = 0; i < COST_OPERATION_COUNT; i++)
        stage->costs.costs[i].is_known = true;
    return (struct trial){.scenario = scenario,
                          .arm = arm_find(SPAN("message-plain")),
                          .dwells = &stage->dwells,
                          .costs = &stage->costs,
                          .file = &source_pattern,
                          .file_bytes = FILE_BYTES};
}

/* What the way takes without the work. */
static enum err base_delay(struct stage *stage, const struct trial *trial, struct arena *arena, int64_t *delay_ns,
                           struct note *note)
{
    struct outcome outcome;

    stage->dwells.count = 0;
    enum err error = sim_run(trial, arena, &outcome, note);

    stage->dwells.count = 1;
    *delay_ns = outcome.delay_ns;
    return error;
}

static double measured(const struct subject *subject, const struct load_outcome *outcome, int64_t base_ns)
{
    double there_ns = (double)(outcome->delay_mean_ns - base_ns);
    double stays = outcome->rate * (double)outcome->stay_mean_ns / (double)SECOND;

    if (subject->measure == THERE)
        return there_ns / (double)WORK_NS;
    if (subject->measure == REFUSED)
        return (double)outcome->refused / (double)outcome->counted;
    return outcome->under_way / stays;
}

static enum err simulate(struct stage *stage, const struct subject *subject, const struct validation_effort *effort,
                         struct validation_result *result, struct note *note)
{
    struct trial trial = open_stage(stage, subject, effort);
    struct load load = {.trial = &trial};
    struct load_outcome outcome;
    int64_t base_ns;

    TRY(base_delay(stage, &trial, effort->arena, &base_ns, note));
    for (uint64_t seed = 0; seed < (effort->is_quick ? 8 : 20); seed++) {
        trial.number = seed;
        TRY(sim_load(&load, effort->arena, &outcome, note));
        check(outcome.end == LOAD_DONE);
        tally_add(&result->tally, measured(subject, &outcome, base_ns));
    }
    return ERR_OK;
}

static enum err run_load(const struct validation_row *row, const struct validation_effort *effort,
                         struct validation_result *result, struct note *note)
{
    const struct subject *subject = row->subject;
    struct stage *stage = calloc(1, sizeof(*stage));

    if (!stage)
        return note_set(note, ERR_FULL, "no memory for tables");
    result->expected_mean = subject->expected(subject);
    enum err error = simulate(stage, subject, effort, result, note);

    free(stage);
    return error;
}

static double time_of_mmc(const struct subject *subject)
{
    return 1 + queue_wait_erlang(subject->load, subject->workers);
}

static double refused_by_room(const struct subject *subject)
{
    return queue_refused_workers_room(subject->load, subject->workers, subject->room);
}

static double one(const struct subject *subject)
{
    (void)subject;
    return 1;
}

static const struct subject mm1 = {0.6, 1, 0, THERE, time_of_mmc};
static const struct subject mm3 = {0.7, 3, 0, THERE, time_of_mmc};
static const struct subject mm2_6 = {0.9, 2, 6, REFUSED, refused_by_room};
static const struct subject mm4_4 = {0.75, 4, 4, REFUSED, refused_by_room};
static const struct subject little = {0.5, 1, 0, LITTLE, one};

#define LOAD_ROW(text, row_unit, row_subject, text_source)                                                             \
    {                                                                                                                  \
        .what = (text), .source = (text_source), .kind = VALIDATION_INTERVAL, .unit = (row_unit), .run = run_load,     \
        .subject = (row_subject)                                                                                       \
    }

/* clang-format off */
const struct validation_row validation_load[] = {
    LOAD_ROW("load: M/M/1 at an S-CSCF, load 0.6: mean time there", VALIDATION_MS, &mm1,
             "Kleinrock, Queueing Systems I, section 3.2"),
    LOAD_ROW("load: M/M/3 at an S-CSCF, load 0.7: mean time there", VALIDATION_MS, &mm3,
             "Erlang C; Kleinrock I, section 3.5"),
    LOAD_ROW("load: M/M/2/6 at an S-CSCF, load 0.9: share refused with 503", VALIDATION_SHARE, &mm2_6,
             "birth and death; Kleinrock I, sections 3.2 and 3.6"),
    LOAD_ROW("load: M/M/4/4 at an S-CSCF, 3 erlang: share refused with 503", VALIDATION_SHARE, &mm4_4,
             "Erlang B; Kleinrock I, section 3.7"),
    LOAD_ROW("load: attempts under way over rate times their stay", VALIDATION_SHARE, &little,
             "Little 1961; Kleinrock I, section 2.1"),
    {.what = NULL},
};
