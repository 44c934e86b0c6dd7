/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/gate.h"
#include "sim/base/units.h"

#define EARLY_NS (300 * MS) /* before SIP sends anything again (T1) */

void gate_init(struct world *world)
{
    const struct schedule *schedule = world->trial->schedule;

    if (schedule && schedule->row_count > 0)
        world->schedule_sent = arena_alloc(world->arena, schedule->row_count * sizeof(uint32_t));
}

static bool is_label(const struct world *world, enum role role, const char *label)
{
    return world->sites[role].label && strcmp(world->sites[role].label, label) == 0;
}

int64_t gate_take(struct world *world, enum role from, enum role to, struct span kind)
{
    const struct schedule *schedule = world->trial->schedule;

    for (size_t i = 0; schedule && i < schedule->row_count; i++) {
        const struct schedule_row *row = &schedule->rows[i];

        if (!span_equal(kind, span_of(row->kind)) || !is_label(world, from, row->from) || !is_label(world, to, row->to))
            continue;
        if (world->schedule_sent[i] == row->count)
            return NONE_NS;
        check(row->first + row->count <= schedule->time_count);
        return schedule->times_ns[row->first + world->schedule_sent[i]++];
    }
    return NONE_NS;
}

int64_t gate_wait_ns(const struct world *world, enum role from, const char *kind)
{
    const struct schedule *schedule = world->trial->schedule;
    int64_t next_ns = INT64_MAX;

    for (size_t i = 0; schedule && i < schedule->row_count; i++) {
        const struct schedule_row *row = &schedule->rows[i];

        if (strcmp(kind, row->kind) != 0 || (from != ROLE_COUNT && !is_label(world, from, row->from)) ||
            world->schedule_sent[i] == row->count)
            continue;
        if (schedule->times_ns[row->first + world->schedule_sent[i]] < next_ns)
            next_ns = schedule->times_ns[row->first + world->schedule_sent[i]];
    }
    next_ns -= next_ns != INT64_MAX ? EARLY_NS : next_ns;
    return next_ns > world_now(world) ? next_ns - world_now(world) : 0;
}
