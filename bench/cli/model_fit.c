/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/model_fit.h"
#include "sim/base/units.h"

#include <string.h>

enum { ROUNDS = 40 };

int64_t model_fit_member(const void *record, size_t offset)
{
    int64_t value;

    memcpy(&value, (const char *)record + offset, sizeof(value));
    return value;
}

enum err model_fit_set_time(struct scenario_file *file, const char *key, int64_t time_ns, struct note *note)
{
    char text[64];
    struct sink sink = SINK(text);

    sink_format(&sink, "%s=%lldns", key, (long long)time_ns);
    return scenario_file_set(file, sink_written(&sink), note);
}

enum err model_fit_run(const struct setup *setup, const struct measured_point *point, uint64_t number,
                       struct arena *arena, struct outcome *outcome, struct note *note)
{
    struct trial trial = setup_trial(setup, point->arm, number);

    trial.file_bytes = point->size_bytes;
    TRY(sim_run(&trial, arena, outcome, note));
    if (outcome->end != OUTCOME_DELIVERED)
        return note_set(note, ERR_RANGE, "%s is not delivered in the simulator", point->arm->name);
    return ERR_OK;
}

enum err model_fit_least(int64_t *number, int64_t most, model_fit_fn *ask, void *context, struct note *note)
{
    int64_t low = 0, high = most;

    for (int round = 0; round < ROUNDS && low < high; round++) {
        bool is_small;

        *number = low + (high - low) / 2;
        TRY(ask(context, &is_small, note));
        if (is_small)
            low = *number + 1;
        else
            high = *number;
    }
    *number = low;
    return ERR_OK;
}

void model_fit_line(int64_t small_ns, int64_t large_ns, int64_t *fixed_ns, int64_t *byte_ps)
{
    *byte_ps = (large_ns - small_ns) * 1000 / (int64_t)(MIB - 10 * KIB);
    *fixed_ns = small_ns - *byte_ps * (int64_t)(10 * KIB) / 1000;
}

void model_fit_set_cost(struct cost *cost, int64_t fixed_ns, int64_t byte_ps)
{
    cost->fixed_ns = fixed_ns > 0 ? fixed_ns : 0;
    cost->ns_per_byte = byte_ps > 0 ? (double)byte_ps / 1000 : 0;
}
