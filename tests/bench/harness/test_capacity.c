/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Capacities against closed forms. Every attempt is a short file in one MESSAGE, the only work anywhere is that of
 * S-CSCF(A) on it with a mean of 1 ms: what it can take is known. LONG=1: the share of ETSI TS 186 008 too.
 */
#include "bench/harness/capacity.h"
#include "bench/harness/queue.h"
#include "sim/base/units.h"
#include "tests/unit.h"

#include <math.h>
#include <stdlib.h>

enum { FILE_BYTES = 100, REPLICATIONS = 2, S_CSCF = 1 };

#define WORK_NS (1 * MS)
#define CEILING_PER_KS 1000000

static struct setup setup;
static struct load_times no_times;
static struct load_outcome outcomes[REPLICATIONS];

static void open_stage(void)
{
    struct scenario *scenario = &setup.file.scenario;

    field_defaults(scenario_fields, scenario);
    scenario->topology = TOPOLOGY_HOME;
    scenario->cpu_workers = 1;
    scenario->cpu_queue = 1000000;
    scenario->dwell_spread = 0;
    scenario->load_users = 1000;
    scenario->load_rate_per_ks = 300 * 1000;
    scenario->load_delay_max_ns = 1 * SECOND;
    setup.dwells.count = 1;
    setup.dwells.rows[0] = (struct dwell_row){
        .role = DWELL_S_CSCF, .kind = "MESSAGE", .side = DWELL_ORIG, .median_ns = WORK_NS, .work_ns = WORK_NS};
    for (int i = 0; i < COST_OPERATION_COUNT; i++)
        setup.costs.costs[i].is_known = true;
    setup.source = source_pattern;
    setup.file_bytes = FILE_BYTES;
}

static struct capacity find(double inadequate_most, double precision, uint64_t attempts_most)
{
    struct capacity_search search = {.setup = &setup,
                                     .job = {.setup = &setup,
                                             .times = &no_times,
                                             .arm = arm_find(SPAN("message-plain")),
                                             .replications = REPLICATIONS,
                                             .jobs = 2,
                                             .memory_bytes = (size_t)4 << 30},
                                     .inadequate_most = inadequate_most,
                                     .precision = precision,
                                     .attempts_most = attempts_most,
                                     .outcomes = outcomes};
    struct capacity capacity = {.looks = 0};
    struct note note = {{0}};

    CU_ASSERT_EQUAL_FATAL(capacity_find(&search, &capacity, &note), ERR_OK);
    return capacity;
}

static bool is_long(void)
{
    const char *value = getenv("LONG");

    return value && *value;
}

/* M/D/1: 1,000 a second. Nobody fails, and in the 1.5 s that a rate lasts here nobody is late: only the work says no.
 */
static void no_capacity_is_beyond_what_work_allows(void)
{
    struct capacity capacity = find(0.01, 0.02, 1500);

    CU_ASSERT(capacity.held.rate_per_ks >= CEILING_PER_KS * 0.97);
    CU_ASSERT(capacity.held.rate_per_ks < CEILING_PER_KS);
    CU_ASSERT(capacity.failing.rate_per_ks >= CEILING_PER_KS);
    CU_ASSERT_EQUAL(capacity.failing.reason, CAPACITY_WORK);
    CU_ASSERT_EQUAL(capacity.failing.inadequate, 0);
    CU_ASSERT_EQUAL(capacity.held.busiest, S_CSCF);
    CU_ASSERT_DOUBLE_EQUAL(capacity.held.offered, (double)capacity.held.rate_per_ks / CEILING_PER_KS, 1e-9);
    CU_ASSERT_EQUAL(setup.file.scenario.load_rate_per_ks, 300 * 1000);
    CU_ASSERT_EQUAL(setup.file.scenario.load_users, 1000);
}

/* M/M/c holds at any rate below c / work and at none beyond it, however briefly a rate is tried: nobody is ever late
 * here, and in the shortest of these loads, of a second, twice that rate has not queued up for as long. */
static void what_m_m_c_can_take_does_not_depend_on_the_duration(void)
{
    static const struct {
        uint64_t workers, attempts;
    } rows[] = {{1, 1000}, {2, 2000}, {1, 4000}, {4, 4000}, {4, 40000}};
    struct scenario *scenario = &setup.file.scenario;
    const struct scenario given = *scenario;
    size_t count = sizeof(rows) / sizeof(rows[0]) - (is_long() ? 0 : 3);

    scenario->dwell_distribution = DWELL_EXPONENTIAL;
    scenario->load_delay_max_ns = 0;
    for (size_t i = 0; i < count; i++) {
        scenario->cpu_workers = rows[i].workers;
        struct capacity capacity = find(0.01, 0.02, rows[i].attempts);
        double most = (double)rows[i].workers * CEILING_PER_KS, seen = sqrt(REPLICATIONS * (double)rows[i].attempts);

        /* The work of so many attempts has a mean within 3 / seen of 1 ms. */
        CU_ASSERT((double)capacity.held.rate_per_ks < most * (1 + 3 / seen));
        CU_ASSERT((double)capacity.failing.rate_per_ks > most * (1 - 3 / seen - 0.06));
        CU_ASSERT((double)capacity.held.rate_per_ks > most * (1 - 3 / seen - 0.08));
        CU_ASSERT_NOT_EQUAL(capacity.failing.reason, CAPACITY_INADEQUATE);
    }
    *scenario = given;
}

/* The load of a worker at which M/M/workers/room refuses that share: the share grows with the load. */
static double load_refused(double share, uint32_t workers, uint32_t room)
{
    double low = 0, high = 1;

    while (high - low > 1e-6) {
        double middle = (low + high) / 2;

        *(queue_refused_workers_room(middle, workers, room) < share ? &low : &high) = middle;
    }
    return low;
}

static void refused_share_bounds(double share, uint32_t workers, uint32_t room, uint64_t attempts, double tolerance)
{
    struct scenario *scenario = &setup.file.scenario;
    double expected = load_refused(share, workers, room) * workers * CEILING_PER_KS;

    scenario->dwell_distribution = DWELL_EXPONENTIAL;
    scenario->cpu_workers = workers;
    scenario->overload_jobs = room;
    scenario->heeds_retry_after = 0;
    struct capacity capacity = find(share, 0.02, attempts);

    scenario->dwell_distribution = DWELL_LOGNORMAL;
    scenario->cpu_workers = 1;
    scenario->overload_jobs = 0;
    scenario->heeds_retry_after = 1;
    CU_ASSERT_EQUAL(capacity.failing.reason, CAPACITY_INADEQUATE);
    CU_ASSERT(fabs((double)capacity.held.rate_per_ks / expected - 1) < tolerance);
    CU_ASSERT(capacity.held.inadequate <= share && capacity.failing.inadequate > share);
}

/* A tenth of M/M/2/4's customers is refused at a load of 0.68, of M/M/1/2's at one of 0.39. 3,000 attempts know the
 * tenth within 6 % (one sigma), so the load within 4 %. */
static void a_refused_share_is_that_of_a_full_queue(void)
{
    refused_share_bounds(0.1, 2, 4, 1500, 0.12);
    if (is_long()) {
        refused_share_bounds(0.1, 1, 2, 1500, 0.12);
        refused_share_bounds(0.001, 1, 12, 100000, 0.04);
        refused_share_bounds(0.001, 3, 16, 100000, 0.04);
    }
}

/* What an attempt takes where nobody else is: without the work of the S-CSCF. */
static int64_t rest_of_delay_ns(void)
{
    struct scenario *scenario = &setup.file.scenario;
    struct load_job job = {.setup = &setup,
                           .times = &no_times,
                           .arm = arm_find(SPAN("message-plain")),
                           .replications = 1,
                           .jobs = 1,
                           .memory_bytes = (size_t)1 << 30};
    struct note note = {{0}};
    const struct scenario given = *scenario;

    scenario->load_arrivals = ARRIVALS_DETERMINISTIC;
    scenario->load_rate_per_ks = 1000;
    scenario->load_ns = 5 * SECOND;
    CU_ASSERT_EQUAL_FATAL(load_run(&job, outcomes, &note), ERR_OK);
    *scenario = given;
    return outcomes[0].delay_mean_ns - WORK_NS;
}

/* The sojourn in M/M/1 is exponential with work's rate less that of arrivals (Kleinrock 1975, section 5.5): it is
 * beyond 6 ms with a tenth where the two differ by ln(10) / 6 ms, at 616 arrivals a second. */
static void a_late_share_is_that_of_the_sojourn(void)
{
    struct scenario *scenario = &setup.file.scenario;
    const struct scenario given = *scenario;
    const int64_t most_ns = 6 * MS;
    double expected = CEILING_PER_KS - 1000 * log(10) / ((double)most_ns / (double)SECOND);

    scenario->load_delay_max_ns = most_ns + rest_of_delay_ns();
    scenario->dwell_distribution = DWELL_EXPONENTIAL;
    struct capacity capacity = find(0.1, 0.04, 2000);

    *scenario = given;
    CU_ASSERT_EQUAL(capacity.failing.reason, CAPACITY_INADEQUATE);
    CU_ASSERT(fabs((double)capacity.held.rate_per_ks / expected - 1) < 0.1);
}

/* The link between P-CSCF and S-CSCF is the bottleneck, and no attempt is ever late: its bits say no. Twice the bits,
 * twice the rate. */
static void no_capacity_is_beyond_what_a_link_carries(void)
{
    struct scenario *scenario = &setup.file.scenario;
    const struct scenario_link given = scenario->core;
    int64_t delay_max_ns = scenario->load_delay_max_ns;
    struct capacity capacities[2];

    scenario->load_delay_max_ns = 0;
    scenario->load_rate_per_ks = 50 * 1000;
    for (uint64_t i = 0; i < 2; i++) {
        scenario->core.rate_bps = (1 + i) * 1000000;
        scenario->core.queue_bytes = 1000000000;
        capacities[i] = find(0.01, 0.04, 1500);
        CU_ASSERT_EQUAL(capacities[i].failing.reason, CAPACITY_LINK);
        CU_ASSERT(capacities[i].failing.offered < 1);
    }
    CU_ASSERT_DOUBLE_EQUAL((double)capacities[1].held.rate_per_ks / (double)capacities[0].held.rate_per_ks, 2, 0.1);
    scenario->core = given;
    scenario->load_delay_max_ns = delay_max_ns;
    scenario->load_rate_per_ks = 300 * 1000;
}

static void arrivals_without_a_rate_of_their_own_are_refused(void)
{
    struct capacity_search search = {.setup = &setup,
                                     .job = {.setup = &setup, .replications = 1},
                                     .inadequate_most = 0.001,
                                     .precision = 0.02,
                                     .attempts_most = 1,
                                     .outcomes = outcomes};
    struct capacity capacity;
    struct note note = {{0}};

    setup.file.scenario.load_arrivals = ARRIVALS_STAIRCASE;
    CU_ASSERT_EQUAL(capacity_find(&search, &capacity, &note), ERR_RANGE);
    setup.file.scenario.load_arrivals = ARRIVALS_POISSON;
    CU_ASSERT(span_find(span_of(note.text), SPAN("load.arrivals")) < strlen(note.text));
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"no capacity is beyond what work allows", no_capacity_is_beyond_what_work_allows},
        {"what M/M/c can take does not depend on the duration", what_m_m_c_can_take_does_not_depend_on_the_duration},
        {"a refused share is that of a full queue", a_refused_share_is_that_of_a_full_queue},
        {"a late share is that of the sojourn", a_late_share_is_that_of_the_sojourn},
        {"no capacity is beyond what a link carries", no_capacity_is_beyond_what_a_link_carries},
        {"arrivals without a rate of their own are refused", arrivals_without_a_rate_of_their_own_are_refused},
        {NULL, NULL}};

    open_stage();
    return unit_run("capacity", tests);
}
