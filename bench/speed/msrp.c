/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/speed/speed.h"
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/sim.h"

/* The defaults on a network that never drops a packet and keeps the window open. */
static struct scenario fast_network(uint64_t chunk_bytes)
{
    struct scenario scenario;

    field_defaults(scenario_fields, &scenario);
    scenario.topology = TOPOLOGY_HOME;
    scenario.access.rate_bps = scenario.core.rate_bps = 1000000000;
    scenario.access.delay_ns = 2 * MS;
    scenario.core.delay_ns = 500 * US;
    scenario.access.queue_bytes = 64 * (uint64_t)MIB;
    scenario.tcp_buffer_bytes = 16 * (uint64_t)MIB;
    scenario.chunking = chunk_bytes == 2048 ? CHUNKING_2048 : CHUNKING_FEW_LARGE;
    return scenario;
}

/* No dwell but that of a SEND at UE-B, so that answers wait there as they do in the built-in tables. */
static void make_tables(struct dwell_table *dwells, struct cost_table *costs)
{
    *dwells = (struct dwell_table){.count = 1};
    dwells->rows[0] = (struct dwell_row){
        .role = DWELL_UE_B, .kind = "SEND", .side = DWELL_ANY_SIDE, .median_ns = 1229 * US, .work_ns = NONE_NS};
    *costs = (struct cost_table){.name = "none"};
    for (int i = 0; i < COST_OPERATION_COUNT; i++)
        costs->costs[i].is_known = true;
}

static struct speed run(uint64_t size, uint64_t chunk_bytes, uint64_t *peak_bytes)
{
    struct scenario scenario = fast_network(chunk_bytes);
    struct dwell_table dwells;
    struct cost_table costs;
    struct trial trial = {.scenario = &scenario,
                          .arm = arm_find(SPAN("msrp-plain")),
                          .dwells = &dwells,
                          .costs = &costs,
                          .file = &source_pattern,
                          .file_bytes = size};
    struct arena *arena = arena_create((size_t)GIB);
    struct outcome outcome;
    struct note note = {{0}};

    check(arena != NULL && trial.arm != NULL);
    make_tables(&dwells, &costs);
    double start = speed_clock();
    enum err error = sim_run(&trial, arena, &outcome, &note);
    double seconds = speed_clock() - start;

    check(error == ERR_OK && outcome.end == OUTCOME_DELIVERED);
    *peak_bytes = arena_peak(arena);
    arena_destroy(arena);
    return (struct speed){seconds, outcome.packet_hops, (double)outcome.delay_ns / (double)SECOND};
}

struct speed msrp_run(uint64_t size, uint64_t count)
{
    uint64_t peak_bytes;

    return run(size, count, &peak_bytes);
}

struct speed msrp_memory(uint64_t size, uint64_t count)
{
    uint64_t peak_bytes;
    struct speed speed = run(size, count, &peak_bytes);

    speed.things = peak_bytes;
    return speed;
}
