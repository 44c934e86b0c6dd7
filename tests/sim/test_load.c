/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads: an attempt alone is the trial, nothing is lost on the way to a row, memory follows what is alive. */
#include "sim/load.h"
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "tests/unit.h"

#include <math.h>

static struct arena *arena;
static struct dwell_table dwells;
static struct cost_table costs;

static void add_dwell(enum dwell_role role, int64_t work_ns)
{
    dwells.rows[dwells.count++] =
        (struct dwell_row){.role = role, .kind = "*", .side = DWELL_ANY_SIDE, .median_ns = work_ns, .work_ns = work_ns};
}

static void open_stage(void)
{
    arena = arena_create((size_t)1 << 30);
    for (int i = 0; i < COST_OPERATION_COUNT; i++)
        costs.costs[i] = (struct cost){.fixed_ns = 100 * US, .ns_per_byte = 1, .is_known = true};
    add_dwell(DWELL_P_CSCF, 200 * US);
    add_dwell(DWELL_S_CSCF, 300 * US);
    add_dwell(DWELL_I_CSCF, 100 * US);
    add_dwell(DWELL_HSS, 500 * US);
}

static struct scenario standard(void)
{
    struct scenario scenario;

    field_defaults(scenario_fields, &scenario);
    scenario.topology = TOPOLOGY_HOME;
    scenario.load_users = 20000;
    scenario.load_rate_per_ks = 20 * 1000;
    scenario.load_ns = 5 * SECOND;
    return scenario;
}

static struct trial trial_of(const struct scenario *scenario, const char *arm, uint64_t number)
{
    return (struct trial){.scenario = scenario,
                          .arm = arm_find(span_of(arm)),
                          .dwells = &dwells,
                          .costs = &costs,
                          .file = &source_pattern,
                          .file_bytes = 10000,
                          .number = number};
}

static struct load_outcome run(const struct scenario *scenario, const char *arm, uint64_t number)
{
    struct trial trial = trial_of(scenario, arm, number);
    struct load load = {.trial = &trial};
    struct load_outcome outcome = {.end = LOAD_LIMIT};
    struct note note = {{0}};

    CU_ASSERT_EQUAL_FATAL(sim_load(&load, arena, &outcome, &note), ERR_OK);
    return outcome;
}

static const char *const loaded_arms[] = {"msrp-plain", "msrp-tls", "msrp-smime", "message-plain", "message-smime"};

/* One a second, far apart: the delay of a load's attempt is that of the trial, to the nanosecond. */
static void an_attempt_alone_is_the_trial(void)
{
    struct scenario scenario = standard();

    scenario.load_arrivals = ARRIVALS_DETERMINISTIC;
    scenario.load_rate_per_ks = 200;
    scenario.load_ns = 16 * SECOND;
    for (size_t i = 0; i < sizeof(loaded_arms) / sizeof(loaded_arms[0]); i++) {
        struct load_outcome load = run(&scenario, loaded_arms[i], 0);
        struct trial trial = trial_of(&scenario, loaded_arms[i], 0);
        struct outcome outcome;
        struct note note = {{0}};

        CU_ASSERT_EQUAL(sim_run(&trial, arena, &outcome, &note), ERR_OK);
        CU_ASSERT_EQUAL(load.attempts, 3);
        CU_ASSERT_EQUAL(load.delivered, load.counted);
        /* Names of users and addresses are a few bytes longer or shorter. */
        CU_ASSERT(llabs((long long)(load.delay_mean_ns - outcome.delay_ns)) < 200 * US);
        CU_ASSERT_EQUAL(load.delay_most_ns, load.delay_p50_ns);
        CU_ASSERT_EQUAL(load.sip_again + load.tcp_again + load.dropped, 0);
    }
}

/* More than the S-CSCFs can do, whose full queues drop or, at 12 jobs, refuse. */
static struct scenario overload(void)
{
    struct scenario scenario = standard();

    scenario.load_rate_per_ks = 1000 * 1000;
    scenario.load_ns = 2 * SECOND;
    scenario.cpu_workers = 1;
    scenario.cpu_queue = 16;
    return scenario;
}

/* What is dropped comes again, INVITEs from their last hop and 200s from UE-B, and takes work from what is new. Who
 * refuses in time is spared most of that. */
static void full_queues_bring_a_storm(void)
{
    struct scenario scenario = overload(), light = overload();
    struct load_outcome full = run(&scenario, "msrp-plain", 0), refusing;

    light.load_rate_per_ks = 200 * 1000;
    CU_ASSERT_EQUAL(run(&light, "msrp-plain", 0).sip_again, 0);
    CU_ASSERT(full.dropped > full.attempts);
    CU_ASSERT(full.sip_again > full.attempts);
    CU_ASSERT_EQUAL(full.delivered + full.refused + full.timed_out + full.otherwise, full.counted);
    scenario.overload_jobs = 6;
    scenario.heeds_retry_after = 0;
    refusing = run(&scenario, "msrp-plain", 0);
    CU_ASSERT(refusing.refusals > 0 && refusing.refused > 0);
    CU_ASSERT_EQUAL(refusing.held_back, 0);
    CU_ASSERT(refusing.sip_again < full.sip_again / 4);
}

/* The whole second hop is spared for as long as one 503 says. */
static void a_retry_after_is_heeded(void)
{
    struct scenario scenario = overload();

    scenario.overload_jobs = 6;
    scenario.heeds_retry_after = 0;
    scenario.retry_after_ns = 1 * SECOND;
    struct load_outcome ignored = run(&scenario, "msrp-plain", 0);

    scenario.heeds_retry_after = 1;
    struct load_outcome heeded = run(&scenario, "msrp-plain", 0);

    CU_ASSERT(ignored.refusals > 100);
    CU_ASSERT(heeded.held_back > 100);
    CU_ASSERT(heeded.refusals < ignored.refusals);
    CU_ASSERT(heeded.utilisation[1] < ignored.utilisation[1]);
    CU_ASSERT_EQUAL(heeded.delivered + heeded.refused + heeded.timed_out + heeded.otherwise, heeded.counted);
}

static void every_attempt_ends_in_one_way(void)
{
    struct scenario scenario = standard();

    scenario.load_rate_per_ks = 700 * 1000;
    scenario.load_ns = 2 * SECOND;
    scenario.cpu_workers = 1;
    scenario.cpu_queue = 16;
    scenario.overload_jobs = 12;
    scenario.heeds_retry_after = 0;
    struct load_outcome load = run(&scenario, "msrp-smime", 1);

    CU_ASSERT_EQUAL(load.end, LOAD_DONE);
    CU_ASSERT_EQUAL(load.counted + load.cut, load.attempts);
    CU_ASSERT_EQUAL(load.delivered + load.refused + load.timed_out + load.otherwise, load.counted);
    CU_ASSERT(load.refused > 0 && load.refusals > 0);
    CU_ASSERT(load.utilisation[1] > 0.5 && load.utilisation[1] <= 1);
}

/* Twice what the I-CSCF and its HSS can do; late after a second. */
static void a_load_that_is_too_much_is_stopped(void)
{
    struct scenario scenario = standard();

    scenario.load_rate_per_ks = 1000 * 1000;
    scenario.cpu_workers = 1;
    scenario.load_delay_max_ns = 1 * SECOND;
    struct trial trial = trial_of(&scenario, "msrp-smime", 0);
    struct load load = {.trial = &trial, .inadequate_most = 50};
    struct load_outcome outcome;
    struct note note = {{0}};

    CU_ASSERT_EQUAL(sim_load(&load, arena, &outcome, &note), ERR_OK);
    CU_ASSERT_EQUAL(outcome.end, LOAD_STOPPED);
    CU_ASSERT(outcome.inadequate * (double)outcome.attempts > 50);
    CU_ASSERT(outcome.ended_ns < 4 * SECOND);
    CU_ASSERT_EQUAL(outcome.delay_mean_ns, NONE_NS);
    load.inadequate_most = 1000000;
    scenario.load_rate_per_ks = 20 * 1000;
    CU_ASSERT_EQUAL(sim_load(&load, arena, &outcome, &note), ERR_OK);
    CU_ASSERT_EQUAL(outcome.end, LOAD_DONE);
}

/* Those under way then have no records. */
static void a_load_whose_users_are_all_busy_says_so(void)
{
    struct scenario scenario = standard();

    scenario.load_users = 40;
    struct load_outcome load = run(&scenario, "msrp-smime", 0);

    CU_ASSERT_EQUAL(load.end, LOAD_NO_USERS);
    CU_ASSERT(load.attempts > 0 && load.attempts <= 20);
    CU_ASSERT_EQUAL(load.inadequate, 0);
    CU_ASSERT_EQUAL(load.delay_p50_ns, NONE_NS);
}

/* What the S-CSCF does for a session by the table, in ns: INVITE, 180 or 200 and so on, counted in a load that is
 * light. */
static void utilisation_grows_with_the_rate(void)
{
    struct scenario scenario = standard();
    struct load_outcome once, twice;

    scenario.load_arrivals = ARRIVALS_DETERMINISTIC;
    scenario.load_ns = 8 * SECOND;
    scenario.load_rate_per_ks = 25 * 1000;
    once = run(&scenario, "msrp-plain", 0);
    scenario.load_rate_per_ks = 50 * 1000;
    twice = run(&scenario, "msrp-plain", 0);
    for (size_t i = 0; i < LOAD_HOSTS; i++)
        CU_ASSERT_DOUBLE_EQUAL(twice.utilisation[i] / once.utilisation[i], 2, 0.1);
    /* INVITE, 100, 200, ACK, BYE, 200 at 0.3 ms each: the 100 is the next hop's */
    CU_ASSERT_DOUBLE_EQUAL(once.utilisation[1], 25 * 6 * 300e-6 / 4, 0.001);
    CU_ASSERT_EQUAL(once.work_ns[1], 6 * 300 * US);
    CU_ASSERT_DOUBLE_EQUAL(once.growth, 0, 0.02);
}

/* Calls without a file are answered as soon as those with one, and bring the CSCFs as many messages. */
static void calls_beside_files_take_what_their_messages_take(void)
{
    struct scenario scenario = standard();
    struct load_outcome files, calls;

    scenario.load_rate_per_ks = 5 * 1000;
    files = run(&scenario, "msrp-plain", 0);
    scenario.load_rate_per_ks = 0;
    scenario.load_calls_per_ks = 5 * 1000;
    scenario.load_call_ns = 3 * SECOND;
    calls = run(&scenario, "msrp-plain", 0);
    CU_ASSERT_EQUAL(calls.attempts + calls.registrations.arrived, 0);
    CU_ASSERT(calls.calls.arrived > 5 && calls.calls.arrived < 60);
    CU_ASSERT_EQUAL(calls.calls.counted, calls.calls.arrived);
    CU_ASSERT_EQUAL(calls.calls.failed + calls.calls.late, 0);
    CU_ASSERT(llabs((long long)(calls.calls.delay_mean_ns - files.setup_mean_ns)) < 1 * MS);
    for (size_t i = 0; i < LOAD_HOSTS; i++)
        CU_ASSERT_EQUAL(calls.work_ns[i], files.work_ns[i]);
    CU_ASSERT(calls.ended_ns > files.ended_ns + 1 * SECOND);
}

/* REGISTER, 401, REGISTER, 200 at the P-CSCF; UAR, MAR, SAR at the HSS, which is asked for an S-CSCF once. */
static void registrations_beside_files_take_what_their_messages_take(void)
{
    struct scenario scenario = standard();

    scenario.load_rate_per_ks = 0;
    scenario.load_registrations_per_ks = 20 * 1000;
    scenario.second_uar = 0;
    struct load_outcome load = run(&scenario, "msrp-plain", 0);

    CU_ASSERT(load.registrations.arrived > 60);
    CU_ASSERT_EQUAL(load.registrations.failed + load.registrations.late, 0);
    CU_ASSERT_EQUAL(load.work_ns[0], 4 * 200 * US);
    CU_ASSERT_EQUAL(load.work_ns[1], 2 * 300 * US);
    /* and once the CER of the S-CSCF, which opens its connection when it has something to ask */
    CU_ASSERT_DOUBLE_EQUAL((double)load.work_ns[3], 3 * 500e3, 501e3 / (double)load.registrations.arrived);
    scenario.second_uar = 1;
    load = run(&scenario, "msrp-plain", 0);
    CU_ASSERT_DOUBLE_EQUAL((double)load.work_ns[3], 4 * 500e3, 501e3 / (double)load.registrations.arrived);
}

/* Full hosts refuse what begins: an INVITE of a call no less than one with a file. */
static void calls_fail_where_hosts_are_full(void)
{
    struct scenario scenario = standard();

    scenario.load_rate_per_ks = 200 * 1000;
    scenario.load_calls_per_ks = 500 * 1000;
    scenario.load_call_ns = 0;
    scenario.load_ns = 2 * SECOND;
    scenario.cpu_workers = 1;
    scenario.overload_jobs = 12;
    struct load_outcome load = run(&scenario, "msrp-plain", 1);

    CU_ASSERT_EQUAL(load.end, LOAD_DONE);
    CU_ASSERT(load.refused > 0 && load.calls.failed > load.refused);
    CU_ASSERT(load.calls.failed < load.calls.counted);
    double failed = (double)(load.calls.failed + load.calls.late + load.counted - load.delivered + load.late);

    CU_ASSERT_DOUBLE_EQUAL(load.inadequate, failed / (double)(load.calls.counted + load.counted), 1e-12);
}

static void the_same_number_gives_the_same_row(void)
{
    struct scenario scenario = standard();
    struct load_outcome a = run(&scenario, "msrp-smime", 3), b = run(&scenario, "msrp-smime", 3),
                        c = run(&scenario, "msrp-smime", 4);

    CU_ASSERT_EQUAL(a.attempts, b.attempts);
    CU_ASSERT_EQUAL(a.events, b.events);
    CU_ASSERT_EQUAL(a.delay_mean_ns, b.delay_mean_ns);
    CU_ASSERT_NOT_EQUAL(a.events, c.events);
}

static void memory_does_not_grow_with_time(void)
{
    struct scenario scenario = standard();
    struct load_outcome brief, lasting;

    scenario.load_users = 40000;
    scenario.load_arrivals = ARRIVALS_DETERMINISTIC;
    scenario.load_ns = 4 * SECOND;
    brief = run(&scenario, "msrp-smime", 0);
    scenario.load_ns = 40 * SECOND;
    lasting = run(&scenario, "msrp-smime", 0);
    CU_ASSERT_EQUAL(lasting.delivered, lasting.counted);
    CU_ASSERT(lasting.attempt_bytes < brief.attempt_bytes + brief.attempt_bytes / 10);
}

static void a_million_idle_users_fit_into_a_gibibyte(void)
{
    struct scenario scenario = standard();

    scenario.load_users = 1000000;
    scenario.load_ns = 1 * SECOND;
    struct load_outcome load = run(&scenario, "msrp-smime", 0);

    CU_ASSERT_EQUAL(load.delivered, load.counted);
    CU_ASSERT(load.memory_bytes < ((size_t)1 << 30) / 2);
}

/* Steps of 1 s at 20, 60 and 100 a second. */
static void a_staircase_rises(void)
{
    struct scenario scenario = standard();

    scenario.load_arrivals = ARRIVALS_STAIRCASE;
    scenario.load_step_rate_per_ks = 40 * 1000;
    scenario.load_step_ns = 1 * SECOND;
    scenario.load_ns = 3 * SECOND;
    struct load_outcome load = run(&scenario, "msrp-plain", 0);
    uint64_t attempts = 0;

    CU_ASSERT_EQUAL(load.step_count, 3);
    for (int i = 0; i < 3; i++) {
        double expected = 20 + 40 * i, arrived = (double)load.steps[i].arrived;

        attempts += load.steps[i].arrived;
        CU_ASSERT(fabs(arrived - expected) < 4 * sqrt(expected));
        CU_ASSERT_EQUAL(load.steps[i].failed + load.steps[i].late, 0);
        CU_ASSERT(load.steps[i].delay_mean_ns > 0);
    }
    CU_ASSERT_EQUAL(load.attempts, attempts);
    CU_ASSERT(load.steps[0].utilisation[1] < load.steps[1].utilisation[1]);
    CU_ASSERT(load.steps[1].utilisation[1] < load.steps[2].utilisation[1]);
}

static void a_capture_says_when(void)
{
    static const int64_t times[] = {0, 100 * MS, 100 * MS, 2 * SECOND};
    struct scenario scenario = standard();

    scenario.load_arrivals = ARRIVALS_CAPTURE;
    struct trial trial = trial_of(&scenario, "msrp-plain", 0);
    struct load load = {.trial = &trial, .arrivals_ns = times, .arrival_count = 4};
    struct load_outcome outcome;
    struct note note = {{0}};

    CU_ASSERT_EQUAL(sim_load(&load, arena, &outcome, &note), ERR_OK);
    CU_ASSERT_EQUAL(outcome.attempts, 4);
    CU_ASSERT_EQUAL(outcome.delivered, 4);
}

/* What a load refuses, by a word of the note. */
static void what_cannot_be_is_refused(void)
{
    static const struct {
        const char *word;
        size_t offset;
        int value;
    } rows[] = {
        {"signalling.gm", offsetof(struct scenario, signalling_gm), PROTECTION_TLS},
        {"as-rfc", offsetof(struct scenario, sip_transport), SIP_TRANSPORT_AS_RFC},
        {"cold", offsetof(struct scenario, connections), CONNECTIONS_COLD},
        {"peer.state", offsetof(struct scenario, peer_state), PEER_BUSY},
        {"staircase", offsetof(struct scenario, load_arrivals), ARRIVALS_STAIRCASE},
        {"capture", offsetof(struct scenario, load_arrivals), ARRIVALS_CAPTURE},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scenario scenario = standard();
        struct trial trial = trial_of(&scenario, "msrp-smime", 0);
        struct load load = {.trial = &trial};
        struct load_outcome outcome;
        struct note note = {{0}};

        memcpy((char *)&scenario + rows[i].offset, &rows[i].value, sizeof(int));
        CU_ASSERT_EQUAL(sim_load(&load, arena, &outcome, &note), ERR_RANGE);
        CU_ASSERT(span_find(span_of(note.text), span_of(rows[i].word)) < strlen(note.text));
    }
}

static void a_dwell_that_is_only_a_wait_is_refused(void)
{
    struct scenario scenario = standard();
    struct trial trial = trial_of(&scenario, "msrp-smime", 0);
    struct load load = {.trial = &trial};
    struct load_outcome outcome;
    struct note note = {{0}};

    dwells.rows[1].work_ns = NONE_NS;
    CU_ASSERT_EQUAL(sim_load(&load, arena, &outcome, &note), ERR_RANGE);
    CU_ASSERT(span_find(span_of(note.text), SPAN("work times")) < strlen(note.text));
    dwells.rows[1].work_ns = dwells.rows[1].median_ns;
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"an attempt alone is the trial", an_attempt_alone_is_the_trial},
        {"full queues bring a storm", full_queues_bring_a_storm},
        {"a Retry-After is heeded", a_retry_after_is_heeded},
        {"every attempt ends in one way", every_attempt_ends_in_one_way},
        {"a load that is too much is stopped", a_load_that_is_too_much_is_stopped},
        {"a load whose users are all busy says so", a_load_whose_users_are_all_busy_says_so},
        {"utilisation grows with the rate", utilisation_grows_with_the_rate},
        {"calls beside files take what their messages take", calls_beside_files_take_what_their_messages_take},
        {"registrations beside files take what their messages take",
         registrations_beside_files_take_what_their_messages_take},
        {"calls fail where hosts are full", calls_fail_where_hosts_are_full},
        {"the same number gives the same row", the_same_number_gives_the_same_row},
        {"memory does not grow with time", memory_does_not_grow_with_time},
        {"a million idle users fit into a gibibyte", a_million_idle_users_fit_into_a_gibibyte},
        {"a staircase rises", a_staircase_rises},
        {"a capture says when", a_capture_says_when},
        {"what cannot be is refused", what_cannot_be_is_refused},
        {"a dwell that is only a wait is refused", a_dwell_that_is_only_a_wait_is_refused},
        {NULL, NULL}};

    open_stage();
    int status = unit_run("load", tests);

    arena_destroy(arena);
    return status;
}
