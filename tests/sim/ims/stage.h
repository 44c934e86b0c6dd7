/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stage.h - what trials share beside their scenario: memory, parties, no dwells, known costs. A test file that includes
 * it calls stage_open before its tests and stage_close after them.
 */
#ifndef TESTS_SIM_IMS_STAGE_H
#define TESTS_SIM_IMS_STAGE_H

#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/sim.h"
#include "tests/unit.h"

static struct arena *arena;
static struct dwell_table dwells;
static struct cost_table costs;
static struct party_set parties;
static const struct sim_tamper *tamper; /* of the trials that follow; NULL: nobody tampers */

/* Operation number i costs 100 us + i step_ns and ns_per_byte. */
static inline void stage_open(struct party_set_config config, int64_t step_ns, double ns_per_byte)
{
    struct note note = {{0}};

    config.server_names = sim_server_names;
    arena = arena_create((size_t)1 << 30);
    for (int i = 0; i < COST_OPERATION_COUNT; i++)
        costs.costs[i] =
            (struct cost){.fixed_ns = 100 * US + i * step_ns, .ns_per_byte = ns_per_byte, .is_known = true};
    check(party_set_init(&parties, &config, &note) == ERR_OK);
}

static inline void stage_close(void)
{
    party_set_free(&parties);
    arena_destroy(arena);
}

static inline struct scenario standard(void)
{
    struct scenario scenario;

    field_defaults(scenario_fields, &scenario);
    return scenario;
}

static inline struct outcome run(const struct scenario *scenario, const char *arm, uint64_t bytes,
                                 const struct sim_tap *tap)
{
    struct trial trial = {.scenario = scenario,
                          .arm = arm_find(span_of(arm)),
                          .dwells = &dwells,
                          .costs = &costs,
                          .file = &source_pattern,
                          .file_bytes = bytes,
                          .tap = tap,
                          .tamper = tamper,
                          .parties = &parties};
    struct outcome outcome = {.end = OUTCOME_LIMIT};
    struct note note = {{0}};

    CU_ASSERT_EQUAL(sim_run(&trial, arena, &outcome, &note), ERR_OK);
    return outcome;
}

#endif
