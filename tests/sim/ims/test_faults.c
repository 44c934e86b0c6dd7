/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unreliable worlds end well: each packet of a transfer is lost in one trial and held for 10 s in another, every arm.
 */
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/sim.h"
#include "tests/unit.h"

static struct arena *arena;
static struct dwell_table dwells;
static struct cost_table costs;

enum { FILE_BYTES = 6000 };

static void set_up(void)
{
    arena = arena_create((size_t)1 << 29);
    check(arena != NULL);
    for (int i = 0; i < COST_OPERATION_COUNT; i++)
        costs.costs[i] = (struct cost){.fixed_ns = 100 * US, .ns_per_byte = 1, .is_known = true};
}

static struct scenario standard(bool is_warm)
{
    struct scenario scenario;

    field_defaults(scenario_fields, &scenario);
    scenario.topology = TOPOLOGY_HOME;
    scenario.connections = is_warm ? CONNECTIONS_WARM : CONNECTIONS_COLD;
    return scenario;
}

static void count_packet(void *context, const struct sim_packet *packet)
{
    uint64_t *counts = context; /* packets that left their origin, and those of them before the press */

    counts[0] += packet->event == SIM_PACKET_SENT && packet->is_origin;
}

static void count_event(void *context, int64_t at_ns, struct span line)
{
    uint64_t *counts = context;

    (void)at_ns;
    if (span_starts(line, SPAN("press ")))
        counts[1] = counts[0];
}

static struct outcome run(struct trial *trial)
{
    struct outcome outcome = {.end = OUTCOME_LIMIT};
    struct note note = {{0}};

    CU_ASSERT_EQUAL_FATAL(sim_run(trial, arena, &outcome, &note), ERR_OK);
    return outcome;
}

static uint64_t packets_of(struct trial trial)
{
    uint64_t counts[2] = {0, 0};
    struct sim_tap tap = {.context = counts, .packet = count_packet, .event = count_event};

    trial.tap = &tap;
    CU_ASSERT_EQUAL(run(&trial).end, OUTCOME_DELIVERED);
    return counts[0] - counts[1];
}

/* One packet lost or late is survived: SIP over UDP sends again within 32 s (128 s towards a UE), TCP within seconds.
 */
static void check_outcome(const struct arm *arm, const struct trial *trial, const struct outcome *outcome)
{
    bool is_right = outcome->end == OUTCOME_DELIVERED && outcome->delay_ns < 60 * SECOND;

    if (!is_right)
        printf("%s %s: packet %llu %s: ended as %d after %lld ns\n", arm->name,
               trial->scenario->connections == CONNECTIONS_WARM ? "warm" : "cold",
               (unsigned long long)(trial->lose_packet + trial->hold_packet), trial->lose_packet ? "lost" : "held",
               outcome->end, (long long)outcome->delay_ns);
    CU_ASSERT(is_right);
}

static void try_packets(const struct arm *arm, const struct scenario *scenario, bool is_lost)
{
    struct trial trial = {.scenario = scenario,
                          .arm = arm,
                          .dwells = &dwells,
                          .costs = &costs,
                          .file = &source_pattern,
                          .file_bytes = FILE_BYTES,
                          .events_max = 1000000,
                          .hold_ns = 10 * SECOND};
    uint64_t packets = packets_of(trial), sent_again = 0;

    CU_ASSERT(packets > 10);
    for (uint64_t packet = 1; packet <= packets; packet++) {
        trial.lose_packet = is_lost ? packet : 0;
        trial.hold_packet = is_lost ? 0 : packet;
        struct outcome outcome = run(&trial);

        check_outcome(arm, &trial, &outcome);
        sent_again += outcome.retransmissions > 0;
    }
    /* The accidents do happen: what is more than an ACK of TCP has to be sent again. */
    CU_ASSERT(sent_again * 3 > packets);
}

static void try_arms(bool is_lost)
{
    for (int is_warm = 0; is_warm < 2; is_warm++)
        for (const struct arm *arm = arms; arm->name; arm++) {
            struct scenario scenario = standard(is_warm != 0);

            try_packets(arm, &scenario, is_lost);
        }
}

static void a_lost_packet_is_survived(void)
{
    try_arms(true);
}

static void a_packet_held_for_ten_seconds_is_survived(void)
{
    try_arms(false);
}

int main(void)
{
    const struct unit_test tests[] = {
        {"whichever packet is lost, the file arrives", a_lost_packet_is_survived},
        {"whichever packet is held for 10 s, the file arrives", a_packet_held_for_ten_seconds_is_survived},
        {NULL, NULL},
    };

    set_up();
    int status = unit_run("faults", tests);

    arena_destroy(arena);
    return status;
}
