/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/units.h"
#include "sim/des/mser.h"
#include "sim/des/stats.h"
#include "sim/ims/core.h"
#include "sim/load_state.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { BLOCKS_FIRST = 16 };

static const char *const end_names[] = {"done", "limit", "no-users", "stopped", NULL};

/* A row a line, as a table is read. */
/* clang-format off */
#define ROW(row_name, row_kind, member, row_help)                                                                      \
    {.name = (row_name), .kind = (row_kind), .offset = offsetof(struct load_outcome, member), .help = (row_help)}

const struct field load_fields[] = {
    {.name = "end", .kind = FIELD_CHOICE, .offset = offsetof(struct load_outcome, end), .choices = end_names,
     .help = "done; memory or events exhausted; all users busy; stopped as too many were inadequate"},
    ROW("attempts", FIELD_COUNT, attempts, "all that arrived"),
    ROW("cut", FIELD_COUNT, cut, "of them taken for warm-up, by MSER-5"),
    ROW("cut_time", FIELD_TIME, cut_ns, "from the first possible arrival to the first attempt that counts"),
    ROW("counted", FIELD_COUNT, counted, "attempts behind the warm-up"),
    ROW("delivered", FIELD_COUNT, delivered, "of them, those whose file is in hand"),
    ROW("late", FIELD_COUNT, late, "of those, beyond load.delay_max"),
    ROW("refused", FIELD_COUNT, refused, "failed: 503, or 500 from behind a proxy"),
    ROW("timed_out", FIELD_COUNT, timed_out, "failed: no answer to INVITE or MESSAGE"),
    ROW("otherwise", FIELD_COUNT, otherwise, "failed in another way"),
    ROW("inadequate", FIELD_RATIO, inadequate, "%IHS: share of late and failed attempts, calls and registrations among them (ETSI TS 186 008-1)"),
    ROW("rate", FIELD_RATIO, rate, "counted attempts a second"),
    ROW("delay_mean", FIELD_TIME, delay_mean_ns, "of delivered ones: the user presses send, to plaintext in hand"),
    ROW("delay_p50", FIELD_TIME, delay_p50_ns, "quantiles count a failure as longer than every delay"),
    ROW("delay_p90", FIELD_TIME, delay_p90_ns, "the same"),
    ROW("delay_p95", FIELD_TIME, delay_p95_ns, "the same"),
    ROW("delay_p99", FIELD_TIME, delay_p99_ns, "the same"),
    ROW("delay_most", FIELD_TIME, delay_most_ns, "of delivered ones"),
    ROW("setup_mean", FIELD_TIME, setup_mean_ns, "of answered ones: INVITE leaves UE-A, to its 200 arrives there"),
    ROW("setup_p50", FIELD_TIME, setup_p50_ns, "the same, of all attempts"),
    ROW("setup_p95", FIELD_TIME, setup_p95_ns, "the same"),
    ROW("setup_p99", FIELD_TIME, setup_p99_ns, "the same"),
    ROW("stay_mean", FIELD_TIME, stay_mean_ns, "of all: the user presses send, to nothing more is to come"),
    ROW("under_way", FIELD_RATIO, under_way, "attempts, mean over time"),
    ROW("utilisation_p_cscf_a", FIELD_RATIO, utilisation[0], "share of the workers' time"),
    ROW("utilisation_s_cscf_a", FIELD_RATIO, utilisation[1], "the same"),
    ROW("utilisation_i_cscf_b", FIELD_RATIO, utilisation[2], "the same"),
    ROW("utilisation_hss_b", FIELD_RATIO, utilisation[3], "the same"),
    ROW("utilisation_s_cscf_b", FIELD_RATIO, utilisation[4], "the same"),
    ROW("utilisation_p_cscf_b", FIELD_RATIO, utilisation[5], "the same"),
    ROW("dropped", FIELD_COUNT, dropped, "datagrams that hosts of the core dropped since their queues were full"),
    ROW("refusals", FIELD_COUNT, refusals, "503 that CSCFs have sent"),
    ROW("sip_again", FIELD_COUNT, sip_again, "SIP messages sent again"),
    ROW("tcp_again", FIELD_COUNT, tcp_again, "TCP segments sent again"),
    ROW("events", FIELD_COUNT, events, "events of the simulation"),
    ROW("ended", FIELD_TIME, ended_ns, "from the first possible arrival to the last attempt's end"),
    ROW("memory", FIELD_SIZE, memory_bytes, "at its most"),
    ROW("attempt_memory", FIELD_SIZE, attempt_bytes, "of it, what attempts under way took"),
    ROW("held_back", FIELD_COUNT, held_back, "requests that CSCFs kept from a next hop that had said Retry-After"),
    ROW("calls", FIELD_COUNT, calls.arrived, "without a file, all that arrived"),
    ROW("calls_counted", FIELD_COUNT, calls.counted, "of them, those behind the warm-up"),
    ROW("calls_failed", FIELD_COUNT, calls.failed, "of those, not answered or not ended in order"),
    ROW("calls_late", FIELD_COUNT, calls.late, "answered beyond load.delay_max"),
    ROW("call_setup_mean", FIELD_TIME, calls.delay_mean_ns, "of those that did not fail: INVITE leaves, to its 200"),
    ROW("call_setup_p95", FIELD_TIME, calls.delay_p95_ns, "the same, a failure longer than every other"),
    ROW("registrations", FIELD_COUNT, registrations.arrived, "UEs that register again, all that arrived"),
    ROW("registrations_counted", FIELD_COUNT, registrations.counted, "of them, those behind the warm-up"),
    ROW("registrations_failed", FIELD_COUNT, registrations.failed, "of those, refused or not answered"),
    ROW("registrations_late", FIELD_COUNT, registrations.late, "done beyond load.delay_max"),
    ROW("registration_mean", FIELD_TIME, registrations.delay_mean_ns, "of those that did not fail"),
    ROW("registration_p95", FIELD_TIME, registrations.delay_p95_ns, "the same, a failure longer than every other"),
    {.name = NULL},
};
/* clang-format on */

static_assert(sizeof(end_names) / sizeof(end_names[0]) == LOAD_STOPPED + 2, "each end has a name");

/* ---- While it runs ---- */

/* Sums over all elements of the core. */
struct sums {
    uint64_t refusals, held_back, dropped;
};

static struct sums sum_core(const struct world *world)
{
    struct sums sums = {0};

    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct sip_node *node = world->sip_nodes[role];

        if (!node || !sip_node_proxy(node))
            continue;
        sums.refusals += sip_proxy_refused_requests(sip_node_proxy(node));
        sums.held_back += sip_proxy_held_back(sip_node_proxy(node));
    }
    for (size_t i = 0; i < LOAD_HOSTS; i++) {
        bool is_first = true;

        for (size_t earlier = 0; earlier < i; earlier++)
            is_first = is_first && world->sites[loading_hosts[earlier]].cpu != world->sites[loading_hosts[i]].cpu;
        sums.dropped += is_first ? station_refused(world->sites[loading_hosts[i]].cpu) : 0;
    }
    return sums;
}

void loading_measure(struct loading *loading)
{
    loading->sip_again_before = core_retransmissions(loading->world);
    loading->tcp_again_before = net_retransmissions(loading->world->net);
    loading_measure_work(loading);
}

static void add_block(struct arena *arena, struct log *log)
{
    if (log->block_count == log->block_capacity) {
        uint64_t capacity = log->block_capacity ? 2 * log->block_capacity : BLOCKS_FIRST;
        struct records **blocks = arena_alloc(arena, capacity * sizeof(struct records *));

        if (log->block_count > 0)
            memcpy(blocks, log->blocks, log->block_count * sizeof(struct records *));
        log->blocks = blocks;
        log->block_capacity = capacity;
    }
    log->blocks[log->block_count++] = arena_alloc(arena, sizeof(struct records));
}

const struct record *loading_record(const struct loading *loading, enum attempt_kind kind, uint64_t number)
{
    return &loading->logs[kind].blocks[number / RECORDS]->items[number % RECORDS];
}

bool loading_is_adequate(const struct loading *loading, int end, int64_t delay_ns)
{
    int64_t most_ns = loading->world->scenario->load_delay_max_ns;

    return end == OUTCOME_DELIVERED && (most_ns == 0 || delay_ns <= most_ns);
}

void loading_note(struct loading *loading, const struct place *place, const struct attempt_result *result)
{
    struct log *log = &loading->logs[place->kind];
    uint64_t number = place->number;

    while (number >= log->block_count * RECORDS)
        add_block(loading->world->arena, log);
    loading->noted[place->kind]++;
    log->blocks[number / RECORDS]->items[number % RECORDS] =
        (struct record){.pressed_ns = result->pressed_ns - loading->begun_ns,
                        .delay_ns = result->delay_ns,
                        .setup_ns = result->setup_ns,
                        .stay_ns = world_now(loading->world) - result->pressed_ns,
                        .end = result->end};
    loading->inadequate += !loading_is_adequate(loading, result->end, result->delay_ns);
}

void loading_note_look(struct loading *loading, uint32_t talking)
{
    uint64_t place = loading->look_count++ % LOOKS;

    if (place == 0) {
        struct looks *more = arena_alloc(loading->world->arena, sizeof(*more));

        if (loading->looks)
            loading->looks_last->next = more;
        else
            loading->looks = more;
        loading->looks_last = more;
    }
    struct seen *seen = &loading->looks_last->items[place];

    for (size_t i = 0; i < LOAD_HOSTS; i++)
        seen->busy_ns[i] = station_busy_ns(loading->world->sites[loading_hosts[i]].cpu);
    seen->under_way = loading->running[ATTEMPT_FILE];
    seen->waiting = 0;
    for (int kind = 0; kind < ATTEMPT_KINDS; kind++)
        seen->waiting += loading->running[kind];
    seen->waiting -= talking;
}

/* ---- At the end ---- */

/* Until when attempts are of the warm-up: as many as are there before the first delivered one that MSER keeps, of the
 * kind of which there are most. 0: none is. */
static int64_t warm_up_ns(struct loading *loading)
{
    enum attempt_kind kind = ATTEMPT_FILE;

    for (int other = 0; other < ATTEMPT_KINDS; other++)
        if (loading->attempts[other] > loading->attempts[kind])
            kind = (enum attempt_kind)other;
    uint64_t attempts = loading->attempts[kind];
    double *delays = arena_alloc(loading->world->arena, (attempts + 1) * sizeof(*delays));
    uint64_t *numbers = arena_alloc(loading->world->arena, (attempts + 1) * sizeof(*numbers));
    size_t count = 0;

    for (uint64_t i = 0; i < attempts; i++)
        if (loading_record(loading, kind, i)->delay_ns != NONE_NS) {
            delays[count] = (double)loading_record(loading, kind, i)->delay_ns;
            numbers[count++] = i;
        }
    size_t cut = mser_cut(delays, count);

    return cut == 0 ? 0 : loading_record(loading, kind, numbers[cut])->pressed_ns;
}

/* Attempts of a kind before that time: they arrive in the order of their numbers. */
static uint64_t count_before(const struct loading *loading, enum attempt_kind kind, int64_t at_ns)
{
    uint64_t count = 0;

    while (count < loading->attempts[kind] && loading_record(loading, kind, count)->pressed_ns < at_ns)
        count++;
    return count;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Values of all attempts, those without one as infinite. */
struct sample {
    double *values;
    size_t count;
    struct tally finite;
};

static void sample_add(struct sample *sample, int64_t value_ns)
{
    sample->values[sample->count++] = value_ns == NONE_NS ? INFINITY : (double)value_ns;
    if (value_ns != NONE_NS)
        tally_add(&sample->finite, (double)value_ns);
}

/* Between two order statistics of which one is infinite there is nothing. */
static int64_t quantile_of(const struct sample *sample, double q)
{
    double at = sample->count > 0 ? stats_quantile(sample->values, sample->count, q, 0.95).value : NAN;

    return isfinite(at) ? llround(at) : NONE_NS;
}

static int64_t mean_of(const struct sample *sample)
{
    return sample->finite.count > 0 ? llround(sample->finite.mean) : NONE_NS;
}

static void count(const struct loading *loading, const struct record *record, struct load_outcome *outcome)
{
    outcome->counted++;
    switch (record->end) {
    case OUTCOME_DELIVERED:
        outcome->delivered++;
        outcome->late += !loading_is_adequate(loading, record->end, record->delay_ns);
        break;
    case OUTCOME_OVERLOADED:
        outcome->refused++;
        break;
    case OUTCOME_SETUP_TIMEOUT:
        outcome->timed_out++;
        break;
    default:
        outcome->otherwise++;
    }
}

/* Means over time from the first look behind the warm-up to the last within the arrivals. */
static void write_looks(const struct loading *loading, int64_t from_ns, struct load_outcome *outcome)
{
    const struct scenario *scenario = loading->world->scenario;
    const struct looks *block = loading->looks;
    struct seen first = {0}, last = {0};
    uint64_t looks = 0;
    double under_way = 0;

    for (uint64_t i = 0; i < loading->look_count; i++) {
        int64_t at_ns = (int64_t)i * LOAD_LOOK_NS;

        if (i > 0 && i % LOOKS == 0)
            block = block->next;
        if (at_ns < from_ns || at_ns > scenario->load_ns)
            continue;
        last = block->items[i % LOOKS];
        if (looks++ == 0)
            first = last;
        under_way += last.under_way;
    }
    double workers_ns = (double)(looks > 1 ? looks - 1 : 1) * (double)LOAD_LOOK_NS * (double)scenario->cpu_workers;

    outcome->under_way = looks > 0 ? under_way / (double)looks : 0;
    for (size_t i = 0; i < LOAD_HOSTS; i++)
        outcome->utilisation[i] = (double)(last.busy_ns[i] - first.busy_ns[i]) / workers_ns;
}

static void write_delays(struct loading *loading, struct load_outcome *outcome)
{
    size_t room = (loading->attempts[ATTEMPT_FILE] + 1) * sizeof(double);
    struct sample delays = {.values = arena_alloc(loading->world->arena, room)},
                  setups = {.values = arena_alloc(loading->world->arena, room)};
    struct tally stays = {0};

    for (uint64_t i = outcome->cut; i < loading->attempts[ATTEMPT_FILE]; i++) {
        const struct record *record = loading_record(loading, ATTEMPT_FILE, i);

        sample_add(&delays, record->delay_ns);
        sample_add(&setups, record->setup_ns);
        tally_add(&stays, (double)record->stay_ns);
        count(loading, record, outcome);
    }
    qsort(delays.values, delays.count, sizeof(double), compare);
    qsort(setups.values, setups.count, sizeof(double), compare);
    outcome->stay_mean_ns = llround(stays.mean);
    outcome->delay_mean_ns = mean_of(&delays);
    outcome->delay_p50_ns = quantile_of(&delays, 0.5);
    outcome->delay_p90_ns = quantile_of(&delays, 0.9);
    outcome->delay_p95_ns = quantile_of(&delays, 0.95);
    outcome->delay_p99_ns = quantile_of(&delays, 0.99);
    outcome->delay_most_ns = delays.finite.count > 0 ? llround(delays.finite.most) : NONE_NS;
    outcome->setup_mean_ns = mean_of(&setups);
    outcome->setup_p50_ns = quantile_of(&setups, 0.5);
    outcome->setup_p95_ns = quantile_of(&setups, 0.95);
    outcome->setup_p99_ns = quantile_of(&setups, 0.99);
}

static void write_beside(struct loading *loading, enum attempt_kind kind, int64_t from_ns, struct load_beside *beside)
{
    struct sample delays = {
        .values = arena_alloc(loading->world->arena, (loading->attempts[kind] + 1) * sizeof(*delays.values))};

    for (uint64_t i = count_before(loading, kind, from_ns); i < loading->attempts[kind]; i++) {
        const struct record *record = loading_record(loading, kind, i);
        bool has_failed = record->end != OUTCOME_DELIVERED;

        sample_add(&delays, record->delay_ns);
        beside->failed += has_failed;
        beside->late += !has_failed && !loading_is_adequate(loading, record->end, record->delay_ns);
    }
    qsort(delays.values, delays.count, sizeof(double), compare);
    beside->counted = delays.count;
    beside->delay_mean_ns = mean_of(&delays);
    beside->delay_p95_ns = quantile_of(&delays, 0.95);
}

/* What is known of a load at any time. */
static void write_sums(const struct loading *loading, struct load_outcome *outcome)
{
    struct world *world = loading->world;
    struct sums sums = sum_core(world);

    *outcome = (struct load_outcome){
        .attempts = loading->attempts[ATTEMPT_FILE],
        .calls = {.arrived = loading->attempts[ATTEMPT_CALL], .delay_mean_ns = NONE_NS, .delay_p95_ns = NONE_NS},
        .registrations = {.arrived = loading->attempts[ATTEMPT_REGISTRATION],
                          .delay_mean_ns = NONE_NS,
                          .delay_p95_ns = NONE_NS},
        .dropped = sums.dropped,
        .refusals = sums.refusals,
        .held_back = sums.held_back,
        .sip_again = core_retransmissions(world) + loading->sip_again - loading->sip_again_before,
        .tcp_again = net_retransmissions(world->net) - loading->tcp_again_before,
        .events = world->engine->events_run,
        .ended_ns = world_now(world) - loading->begun_ns,
        .attempt_bytes = loading->attempt_bytes};
}

/* Attempts still under way have no records. */
static void write_unfinished(const struct loading *loading, struct load_outcome *outcome)
{
    int64_t *times_ns[] = {&outcome->delay_mean_ns, &outcome->delay_p50_ns, &outcome->delay_p90_ns,
                           &outcome->delay_p95_ns,  &outcome->delay_p99_ns, &outcome->delay_most_ns,
                           &outcome->setup_mean_ns, &outcome->setup_p50_ns, &outcome->setup_p95_ns,
                           &outcome->setup_p99_ns,  &outcome->stay_mean_ns};
    uint64_t inadequate = loading->inadequate + loading_late(loading);

    outcome->end = loading->has_no_users ? LOAD_NO_USERS : loading->is_stopped ? LOAD_STOPPED : LOAD_LIMIT;
    outcome->counted = outcome->attempts;
    outcome->calls.counted = outcome->calls.arrived;
    outcome->registrations.counted = outcome->registrations.arrived;
    outcome->inadequate = loading_attempts(loading) > 0 ? (double)inadequate / (double)loading_attempts(loading) : 0;
    for (size_t i = 0; i < sizeof(times_ns) / sizeof(times_ns[0]); i++)
        *times_ns[i] = NONE_NS;
}

static void write_finished(struct loading *loading, struct load_outcome *outcome)
{
    outcome->end = LOAD_DONE;
    outcome->cut_ns = warm_up_ns(loading);
    outcome->cut = count_before(loading, ATTEMPT_FILE, outcome->cut_ns);
    write_delays(loading, outcome);
    write_beside(loading, ATTEMPT_CALL, outcome->cut_ns, &outcome->calls);
    write_beside(loading, ATTEMPT_REGISTRATION, outcome->cut_ns, &outcome->registrations);
    int64_t counted_ns = loading->world->scenario->load_ns - outcome->cut_ns;

    outcome->rate = (double)outcome->counted * (double)SECOND / (double)counted_ns;
    const struct load_beside *calls = &outcome->calls, *registrations = &outcome->registrations;
    uint64_t counted = outcome->counted + calls->counted + registrations->counted;
    uint64_t inadequate = outcome->counted - outcome->delivered + outcome->late + calls->failed + calls->late +
                          registrations->failed + registrations->late;

    outcome->inadequate = counted > 0 ? (double)inadequate / (double)counted : 0;
    loading_write_work(loading, outcome);
    loading_write_steps(loading, outcome);
}

void loading_write(struct loading *loading, struct load_outcome *outcome)
{
    write_sums(loading, outcome);
    if (loading->is_over && !loading->has_no_users && !loading->is_stopped)
        write_finished(loading, outcome);
    else
        write_unfinished(loading, outcome);
    write_looks(loading, outcome->cut_ns, outcome);
    outcome->memory_bytes = arena_used(loading->world->arena);
}
