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

/* When the role sends next what begins with the kind and ends with it or goes on with a status; INT64_MAX: never. */
static int64_t next_ns_of(const struct world *world, enum role from, struct span kind, bool is_answer)
{
    const struct schedule *schedule = world->trial->schedule;
    int64_t next_ns = INT64_MAX;

    for (size_t i = 0; schedule && i < schedule->row_count; i++) {
        const struct schedule_row *row = &schedule->rows[i];
        char end = row->kind[kind.size < SCHEDULE_KIND_SIZE ? kind.size : 0];

        if (!span_starts(span_of(row->kind), kind) || end != (is_answer ? '/' : 0) ||
            (from != ROLE_COUNT && !is_label(world, from, row->from)) || world->schedule_sent[i] == row->count)
            continue;
        if (schedule->times_ns[row->first + world->schedule_sent[i]] < next_ns)
            next_ns = schedule->times_ns[row->first + world->schedule_sent[i]];
    }
    return next_ns;
}

int64_t gate_wait_ns(const struct world *world, enum role from, const char *kind)
{
    int64_t next_ns = next_ns_of(world, from, span_of(kind), false);

    next_ns -= next_ns != INT64_MAX ? EARLY_NS : next_ns;
    return next_ns > world_now(world) ? next_ns - world_now(world) : 0;
}

int64_t gate_answer_wait_ns(const struct world *world, enum role role, struct span kind)
{
    bool is_request = span_find_byte(kind, '/') == kind.size;
    bool is_awaited = is_request && !span_equal(kind, SPAN("INVITE")) && !span_equal(kind, SPAN("ACK"));
    int64_t next_ns = is_awaited ? next_ns_of(world, role, kind, true) : INT64_MAX;

    return next_ns != INT64_MAX && next_ns > world_now(world) ? next_ns - world_now(world) : 0;
}
