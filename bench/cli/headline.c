/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/headline.h"
#include "bench/cli/figures.h"
#include "bench/cli/progress.h"
#include "sim/base/check.h"

#include <unistd.h>

static const char *const marks[][2] = {{HEADLINE_PROPOSAL, "* "}, {"message-tls", "(a) "}, {"msrp-relay", "(b) "}};
enum { MARKS = sizeof(marks) / sizeof(*marks) };

enum { KEYS = 4, WAYS_MEMORY = 16 << 20 };

const char *headline_mark(const struct arm *arm)
{
    for (size_t i = 0; i < MARKS; i++)
        if (strcmp(marks[i][0], arm->name) == 0)
            return marks[i][1];
    return "";
}

unsigned headline_jobs(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    return processors < 1 ? 1 : processors > COMPARISON_JOBS_MAX ? COMPARISON_JOBS_MAX : (unsigned)processors;
}

/* ---- Choosing arms ---- */

static void add_arm(struct headline_plan *plan, const struct arm *arm)
{
    for (size_t i = 0; i < plan->arm_count; i++)
        if (plan->arms[i] == arm)
            return;
    check(plan->arm_count < COMPARISON_ARMS_MAX);
    plan->arms[plan->arm_count++] = arm;
}

enum err headline_choose(struct headline_plan *plan, const char *list, struct note *note)
{
    struct headline_plan chosen = *plan;

    chosen.arm_count = 0;
    for (size_t i = 0; i < MARKS; i++) {
        const struct arm *arm = arm_find(span_of(marks[i][0]));

        check(arm);
        add_arm(&chosen, arm);
    }
    for (const struct arm *arm = arms; !list && arm->name; arm++)
        add_arm(&chosen, arm);
    for (struct span rest = span_of(list ? list : ""); rest.size > 0;) {
        struct span name = {rest.data, span_find_byte(rest, ',')};
        const struct arm *arm = arm_find(span_trim(name));

        if (!arm)
            return note_set(note, ERR_UNKNOWN, "--arms: no arm is called '%.*s' (hopsim list arms)",
                            (int)(name.size < 80 ? name.size : 80), name.data);
        add_arm(&chosen, arm);
        rest = span_after(rest, name.size < rest.size ? name.size + 1 : name.size);
    }
    *plan = chosen;
    return ERR_OK;
}

/* ---- Running ---- */

static enum err run_case(struct headline_case *one, struct setup *setup, const struct headline_plan *plan,
                         struct note *note)
{
    struct comparison_plan run = {.trials = plan->trials, .precision = plan->precision, .jobs = plan->jobs};
    struct progress progress;

    setup->file.scenario.connections = one->connections;
    setup->file.scenario.seal_when = one->seal_when;
    for (size_t i = 0; i < plan->arm_count; i++)
        if (!one->is_bound || (plan->arms[i]->body == BODY_CMS && plan->arms[i]->carrier == CARRIER_MSRP))
            run.arms[run.arm_count++] = plan->arms[i];
    check(run.arm_count > 0 && strcmp(run.arms[0]->name, HEADLINE_PROPOSAL) == 0);
    run.trial = setup_trial(setup, NULL, 0);
    run.memory_bytes = HEADLINE_MEMORY;
    run.progress = progress_show;
    run.context = &progress;
    progress_begin(&progress, one->connections == CONNECTIONS_WARM ? "warm connections" : "cold connections");
    enum err error = comparison_run(&run, &one->comparison, note);

    progress_end(&progress);
    return error;
}

static enum err measure_ways(struct headline *headline, struct note *note)
{
    struct arena *arena = arena_create(WAYS_MEMORY);

    if (!arena)
        return note_set(note, ERR_FULL, "no memory for the network");
    enum err error = sim_ways(&headline->file.scenario, arena, &headline->ways, note);

    arena_destroy(arena);
    return error;
}

enum err headline_run(struct headline *headline, struct setup *setup, const struct headline_plan *plan,
                      struct note *note)
{
    struct scenario given = setup->file.scenario;
    int other = given.seal_when == SEAL_AT_PRESS ? SEAL_AFTER_ANSWER : SEAL_AT_PRESS;

    *headline = (struct headline){.file = setup->file};
    enum err error = measure_ways(headline, note);
    struct sink name = SINK(headline->name);

    struct sink assumed = SINK(headline->assumed);

    results_write_name(&name, given.name);
    sink_string(&name);
    figures_assumed(setup, &assumed);
    sink_string(&assumed);
    for (int i = 0; i < HEADLINE_CASES && error == ERR_OK; i++) {
        struct headline_case *one = &headline->cases[i];

        one->connections = i / 2 == 0 ? CONNECTIONS_WARM : CONNECTIONS_COLD;
        one->is_bound = i % 2 == 1;
        one->seal_when = one->is_bound ? other : given.seal_when;
        if (one->is_bound) { /* as many trials as the case that it bounds */
            struct headline_plan same = *plan;

            same.trials = headline->cases[i - 1].comparison.trials;
            same.precision = 0;
            error = run_case(one, setup, &same, note);
        } else {
            error = run_case(one, setup, plan, note);
        }
        headline->case_count += error == ERR_OK;
    }
    setup->file.scenario = given;
    if (error != ERR_OK)
        headline_free(headline);
    return error;
}

void headline_free(struct headline *headline)
{
    for (size_t i = 0; i < headline->case_count; i++)
        comparison_free(&headline->cases[i].comparison);
    headline->case_count = 0;
}

const struct headline_case *headline_case(const struct headline *headline, int connections)
{
    for (size_t i = 0; i < headline->case_count; i++)
        if (headline->cases[i].connections == connections && !headline->cases[i].is_bound)
            return &headline->cases[i];
    return NULL;
}

/* ---- Rows of files ---- */

static const char *choice_name(const char *field_name, int value)
{
    const struct field *field = field_find(scenario_fields, span_of(field_name));

    check(field && field->choices);
    return field->choices[value];
}

static void write_keys(const struct headline *headline, const struct headline_case *one, char relays[24],
                       struct results_key keys[KEYS])
{
    struct sink sink = {.data = relays, .capacity = 24};

    sink_number(&sink, headline->file.scenario.relays);
    sink_string(&sink);
    keys[0] = (struct results_key){"scenario", headline->name};
    keys[1] = (struct results_key){"path.relays", relays};
    keys[2] = (struct results_key){"connections", choice_name("connections", one->connections)};
    keys[3] = (struct results_key){"seal.when", choice_name("seal.when", one->seal_when)};
}

void headline_write_heads(struct outfile *trials, struct outfile *summary)
{
    static const struct results_key keys[KEYS] = {
        {"scenario", ""}, {"path.relays", ""}, {"connections", ""}, {"seal.when", ""}};

    results_write_trials_head(trials, keys, KEYS);
    results_write_summary_head(summary, keys, KEYS);
}

void headline_write_rows(const struct headline *headline, struct outfile *trials, struct outfile *summary)
{
    for (size_t i = 0; i < headline->case_count; i++) {
        const struct headline_case *one = &headline->cases[i];
        struct results_key keys[KEYS];
        char relays[24];

        write_keys(headline, one, relays, keys);
        results_write_trials(trials, keys, KEYS, &one->comparison, headline->file.scenario.seed);
        results_write_summary(summary, keys, KEYS, &one->comparison);
    }
}
