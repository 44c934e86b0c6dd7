/* SPDX-License-Identifier: GPL-3.0-or-later */
/* load_steps.c - a staircase step by step: the load profile of ETSI TS 186 008, whose steps are judged one by one. */
#include "sim/base/units.h"
#include "sim/des/stats.h"
#include "sim/load_state.h"

#include <math.h>

static void count_arrived(const struct loading *loading, enum attempt_kind kind, struct load_outcome *outcome,
                          struct tally delays[LOAD_STEPS_MAX])
{
    int64_t step_ns = loading->world->scenario->load_step_ns;

    for (uint64_t i = 0; i < loading->attempts[kind]; i++) {
        const struct record *record = loading_record(loading, kind, i);
        int64_t number = record->pressed_ns / step_ns;
        bool has_failed = record->end != OUTCOME_DELIVERED;

        if (number >= outcome->step_count)
            continue;
        struct load_step *step = &outcome->steps[number];

        step->arrived++;
        step->failed += has_failed;
        step->late += !has_failed && !loading_is_adequate(loading, record->end, record->delay_ns);
        if (kind == ATTEMPT_FILE && !has_failed)
            tally_add(&delays[number], (double)record->delay_ns);
    }
}

/* From the first look of a step to the last. */
static void watch_steps(const struct loading *loading, struct load_outcome *outcome)
{
    const struct scenario *scenario = loading->world->scenario;
    const struct looks *block = loading->looks;
    struct seen first[LOAD_STEPS_MAX] = {0}, last[LOAD_STEPS_MAX] = {0};
    uint64_t looks[LOAD_STEPS_MAX] = {0};

    for (uint64_t i = 0; i < loading->look_count; i++) {
        int64_t at_ns = (int64_t)i * LOAD_LOOK_NS, number = at_ns / scenario->load_step_ns;

        if (i > 0 && i % LOOKS == 0)
            block = block->next;
        if (number >= outcome->step_count || at_ns > scenario->load_ns)
            continue;
        last[number] = block->items[i % LOOKS];
        if (looks[number]++ == 0)
            first[number] = last[number];
    }
    for (uint32_t step = 0; step < outcome->step_count; step++)
        for (size_t host = 0; host < LOAD_HOSTS && looks[step] > 1; host++)
            outcome->steps[step].utilisation[host] =
                (double)(last[step].busy_ns[host] - first[step].busy_ns[host]) /
                ((double)(looks[step] - 1) * (double)LOAD_LOOK_NS * (double)scenario->cpu_workers);
}

void loading_write_steps(const struct loading *loading, struct load_outcome *outcome)
{
    const struct scenario *scenario = loading->world->scenario;
    struct tally delays[LOAD_STEPS_MAX] = {{0}};

    if (scenario->load_arrivals != ARRIVALS_STAIRCASE)
        return;
    int64_t count = (scenario->load_ns + scenario->load_step_ns - 1) / scenario->load_step_ns;

    outcome->step_count = (uint32_t)(count < LOAD_STEPS_MAX ? count : LOAD_STEPS_MAX);
    for (int kind = 0; kind < ATTEMPT_KINDS; kind++)
        count_arrived(loading, (enum attempt_kind)kind, outcome, delays);
    watch_steps(loading, outcome);
    for (uint32_t step = 0; step < outcome->step_count; step++)
        outcome->steps[step].delay_mean_ns = delays[step].count > 0 ? llround(delays[step].mean) : NONE_NS;
}
