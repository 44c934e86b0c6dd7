/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unreliable worlds end well: each packet of a transfer is lost in one trial and held for 10 s in another, every arm.
 */
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/sim.h"
#include "tests/unit.h"

#include <stdlib.h>

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

enum { SAMPLE = 20 };

/* All in check-long; in between every so many-th, beginning somewhere else for each case. */
static uint64_t stride(void)
{
    const char *is_long = getenv("LONG");

    return is_long && is_long[0] ? 1 : SAMPLE;
}

static const char *const fault_words[] = {"nothing", "lost", "held", "doubled"};

/* One packet lost, late or doubled is survived: SIP over UDP sends again within 32 s (128 s towards a UE), TCP within
 * seconds. */
static void check_outcome(const struct trial *trial, const struct outcome *outcome)
{
    bool is_right = outcome->end == OUTCOME_DELIVERED && outcome->delay_ns < 60 * SECOND;

    if (!is_right)
        printf("%s %s: packet %llu %s: ended as %d after %lld ns\n", trial->arm->name,
               trial->scenario->connections == CONNECTIONS_WARM ? "warm" : "cold",
               (unsigned long long)trial->fault_packet, fault_words[trial->packet_fault], outcome->end,
               (long long)outcome->delay_ns);
    CU_ASSERT(is_right);
}

static struct trial trial_of(const struct arm *arm, const struct scenario *scenario)
{
    return (struct trial){.scenario = scenario,
                          .arm = arm,
                          .dwells = &dwells,
                          .costs = &costs,
                          .file = &source_pattern,
                          .file_bytes = FILE_BYTES,
                          .events_max = 1000000,
                          .hold_ns = 10 * SECOND};
}

static void try_packets(const struct arm *arm, const struct scenario *scenario, enum sim_fault fault)
{
    struct trial trial = trial_of(arm, scenario);
    uint64_t packets = packets_of(trial), sent_again = 0;

    CU_ASSERT(packets > 10);
    uint64_t step = fault == SIM_FAULT_DUPLICATE ? stride() : 1;

    trial.packet_fault = (int)fault;
    for (uint64_t packet = 1 + packets % step; packet <= packets; packet += step) {
        trial.fault_packet = packet;
        struct outcome outcome = run(&trial);

        check_outcome(&trial, &outcome);
        sent_again += outcome.retransmissions > 0;
    }
    /* The accidents do happen: what is more than an ACK of TCP has to be sent again. */
    CU_ASSERT(fault == SIM_FAULT_DUPLICATE || sent_again * 3 > packets);
}

static void try_arms(enum sim_fault fault)
{
    for (int is_warm = 0; is_warm < 2; is_warm++)
        for (const struct arm *arm = arms; arm->name; arm++) {
            struct scenario scenario = standard(is_warm != 0);

            try_packets(arm, &scenario, fault);
        }
}

static void a_lost_packet_is_survived(void)
{
    try_arms(SIM_FAULT_LOSE);
}

static void a_packet_held_for_ten_seconds_is_survived(void)
{
    try_arms(SIM_FAULT_HOLD);
}

static void a_doubled_packet_is_survived(void)
{
    try_arms(SIM_FAULT_DUPLICATE);
}

/* ---- SIP messages ---- */

static void count_message(void *context, const struct sim_message *message)
{
    uint64_t *counts = context; /* messages, and those of them before the press, which is at a whole second */

    if (strcmp(message->protocol, "SIP") == 0)
        counts[message->sent_ns < (int64_t)counts[2]]++;
}

static uint64_t messages_of(struct trial trial)
{
    uint64_t counts[3] = {0, 0, 0};
    struct sim_tap tap = {.context = counts, .message = count_message};

    trial.tap = &tap;
    counts[2] = (uint64_t)run(&trial).pressed_ns;
    counts[0] = counts[1] = 0;
    CU_ASSERT_EQUAL(run(&trial).end, OUTCOME_DELIVERED);
    return counts[0];
}

static bool is_near(int64_t ns, int64_t expected_ns)
{
    return ns >= expected_ns && ns < expected_ns + 2 * SECOND;
}

/*
 * Over UDP every message is sent again. TCP and TLS lose none unless a node fails, and then nothing is sent again but
 * the 200 to INVITE: a timer ends it, 64*T1 of RFC 3261 (32 s; 128 s where UE-A waits), twice that where a PRACK runs
 * out first and the INVITE is cancelled; a reliable 183 that nobody heard of is refused by UE-B after 64*T1 of Gm.
 */
static bool ends_well(const struct trial *trial, const struct outcome *outcome)
{
    int64_t t1_ns = 500 * MS, gm_t1_ns = 2 * SECOND, waited_ns = outcome->refusal_ns;
    bool is_reliable = trial->scenario->sip_transport == SIP_TRANSPORT_AS_RFC || trial->arm->hop == HOP_TLS;

    if (outcome->end == OUTCOME_DELIVERED)
        return outcome->delay_ns < 60 * SECOND;
    /* Another device has answered a MESSAGE that UE-B has not got: UE-A cannot know. */
    if (outcome->end == OUTCOME_TRANSFER_FAILED && trial->scenario->devices > 1)
        return trial->arm->carrier == CARRIER_MESSAGE;
    if (trial->message_fault != SIM_FAULT_LOSE || !is_reliable)
        return false;
    if (outcome->end == OUTCOME_TRANSFER_FAILED) /* a MESSAGE that is not the first */
        return outcome->delay_ns == NONE_NS && trial->arm->carrier == CARRIER_MESSAGE;
    return outcome->end == OUTCOME_SETUP_TIMEOUT &&
           (is_near(waited_ns, 64 * t1_ns) || is_near(waited_ns, 64 * gm_t1_ns) || is_near(waited_ns, 128 * gm_t1_ns));
}

static void try_message(const struct trial *trial, const char *mode)
{
    struct outcome outcome = run((struct trial *)(uintptr_t)trial);
    bool is_right = ends_well(trial, &outcome);

    if (!is_right)
        printf("%s %s: message %llu %s: ended as %d after %lld ns, waited %lld\n", trial->arm->name, mode,
               (unsigned long long)trial->fault_message, fault_words[trial->message_fault], outcome.end,
               (long long)outcome.delay_ns, (long long)outcome.refusal_ns);
    CU_ASSERT(is_right);
}

/* The worlds in which every message has its accident. */
static const struct mode {
    const char *name;
    int provisional, transport, auth;
    uint64_t devices;
    int ifc;
} modes[] = {
    {"plain", PROVISIONAL_NONE, SIP_TRANSPORT_AS_OBSERVED, PROXY_AUTH_OFF, 1, 0},
    {"preconditions", PROVISIONAL_183, SIP_TRANSPORT_AS_OBSERVED, PROXY_AUTH_OFF, 1, 0},
    {"challenged", PROVISIONAL_NONE, SIP_TRANSPORT_AS_OBSERVED, PROXY_AUTH_DIGEST, 1, 0},
    {"forked", PROVISIONAL_180, SIP_TRANSPORT_AS_OBSERVED, PROXY_AUTH_OFF, 3, 0},
    {"with servers", PROVISIONAL_NONE, SIP_TRANSPORT_AS_OBSERVED, PROXY_AUTH_OFF, 1, 1},
    {"as-rfc", PROVISIONAL_183, SIP_TRANSPORT_AS_RFC, PROXY_AUTH_OFF, 1, 0},
};

static void try_mode(const struct arm *arm, const struct mode *mode)
{
    struct scenario scenario = standard(true);
    struct trial trial = trial_of(arm, &scenario);

    scenario.provisional = mode->provisional;
    scenario.has_reliable_ringing = 1;
    scenario.sip_transport = mode->transport;
    scenario.proxy_auth = mode->auth;
    scenario.devices = mode->devices;
    scenario.ifc_orig = scenario.ifc_term = mode->ifc;
    uint64_t messages = messages_of(trial);

    CU_ASSERT(messages >= 10);
    for (int fault = SIM_FAULT_LOSE; fault <= SIM_FAULT_DUPLICATE; fault++) {
        uint64_t from = stride() > 1 ? (uint64_t)(mode - modes + 3 * (arm - arms) + 5 * fault) % stride() : 0;

        trial.message_fault = fault;
        for (trial.fault_message = from + 1; trial.fault_message <= messages; trial.fault_message += stride())
            try_message(&trial, mode->name);
    }
}

static void a_message_lost_late_or_doubled_ends_well(void)
{
    for (const struct arm *arm = arms; arm->name; arm++)
        for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
            try_mode(arm, &modes[i]);
}

/* Registrations and look-ups inside the delay, over two networks. A question held for 10 s is one nobody answered. */
static void names_may_be_lost_too(void)
{
    struct scenario scenario = standard(false);

    scenario.topology = TOPOLOGY_TWO_DOMAINS;
    scenario.dns = DNS_COLD;
    try_packets(arm_find(SPAN("msrp-plain")), &scenario, SIM_FAULT_LOSE);
}

int main(void)
{
    const struct unit_test tests[] = {
        {"whichever packet is lost, the file arrives", a_lost_packet_is_survived},
        {"whichever packet is held for 10 s, the file arrives", a_packet_held_for_ten_seconds_is_survived},
        {"whichever packet is doubled, the file arrives", a_doubled_packet_is_survived},
        {"whichever SIP message is lost, late or doubled, the trial ends well",
         a_message_lost_late_or_doubled_ends_well},
        {"the same where names are looked up", names_may_be_lost_too},
        {NULL, NULL},
    };

    set_up();
    int status = unit_run("faults", tests);

    arena_destroy(arena);
    return status;
}
