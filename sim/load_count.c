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

static const enum role hosts[LOAD_HOSTS] = {ROLE_P_A, ROLE_S_A, ROLE_I_B, ROLE_HSS_B, ROLE_S_B, ROLE_P_B};

static const char *const end_names[] = {"done", "limit", "no-users", NULL};

/* A row a line, as a table is read. */
/* clang-format off */
#define ROW(row_name, row_kind, member, row_help)                                                                      \
    {.name = (row_name), .kind = (row_kind), .offset = offsetof(struct load_outcome, member), .help = (row_help)}

const struct field load_fields[] = {
    {.name = "end", .kind = FIELD_CHOICE, .offset = offsetof(struct load_outcome, end), .choices = end_names,
     .help = "done; memory or events exhausted; all users busy"},
    ROW("attempts", FIELD_COUNT, attempts, "all that arrived"),
    ROW("cut", FIELD_COUNT, cut, "of them taken for warm-up, by MSER-5"),
    ROW("cut_time", FIELD_TIME, cut_ns, "from the first possible arrival to the first attempt that counts"),
    ROW("counted", FIELD_COUNT, counted, "attempts behind the warm-up"),
    ROW("delivered", FIELD_COUNT, delivered, "of them, those whose file is in hand"),
    ROW("late", FIELD_COUNT, late, "of those, beyond load.delay_max"),
    ROW("refused", FIELD_COUNT, refused, "failed: 503, or 500 from behind a proxy"),
    ROW("timed_out", FIELD_COUNT, timed_out, "failed: no answer to INVITE or MESSAGE"),
    ROW("otherwise", FIELD_COUNT, otherwise, "failed in another way"),
    ROW("inadequate", FIELD_RATIO, inadequate, "%IHS: share of late and failed ones (ETSI TS 186 008-1)"),
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
    {.name = NULL},
};
/* clang-format on */

static_assert(sizeof(end_names) / sizeof(end_names[0]) == LOAD_NO_USERS + 2, "each end has a name");

/* ---- While it runs ---- */

/* Sums over all elements of the core. */
struct sums {
    uint64_t refusals, dropped;
};

static struct sums sum_core(const struct world *world)
{
    struct sums sums = {0};

    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct sip_node *node = world->sip_nodes[role];

        if (node && sip_node_proxy(node))
            sums.refusals += sip_proxy_refused_requests(sip_node_proxy(node));
    }
    for (size_t i = 0; i < LOAD_HOSTS; i++) {
        bool is_first = true;

        for (size_t earlier = 0; earlier < i; earlier++)
            is_first = is_first && world->sites[hosts[earlier]].cpu != world->sites[hosts[i]].cpu;
        sums.dropped += is_first ? station_refused(world->sites[hosts[i]].cpu) : 0;
    }
    return sums;
}

void loading_measure(struct loading *loading)
{
    loading->sip_again_before = core_retransmissions(loading->world);
    loading->tcp_again_before = net_retransmissions(loading->world->net);
}

static void add_block(struct loading *loading)
{
    struct arena *arena = loading->world->arena;

    if (loading->block_count == loading->block_capacity) {
        uint64_t capacity = loading->block_capacity ? 2 * loading->block_capacity : BLOCKS_FIRST;
        struct records **blocks = arena_alloc(arena, capacity * sizeof(struct records *));

        if (loading->block_count > 0)
            memcpy(blocks, loading->records, loading->block_count * sizeof(struct records *));
        loading->records = blocks;
        loading->block_capacity = capacity;
    }
    loading->records[loading->block_count++] = arena_alloc(arena, sizeof(struct records));
}

void loading_note(struct loading *loading, uint64_t number, const struct attempt_result *result)
{
    while (number >= loading->block_count * RECORDS)
        add_block(loading);
    loading->records[number / RECORDS]->items[number % RECORDS] =
        (struct record){.pressed_ns = result->pressed_ns - loading->begun_ns,
                        .delay_ns = result->delay_ns,
                        .setup_ns = result->setup_ns,
                        .stay_ns = world_now(loading->world) - result->pressed_ns,
                        .end = result->end};
}

void loading_note_look(struct loading *loading)
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
        seen->busy_ns[i] = station_busy_ns(loading->world->sites[hosts[i]].cpu);
    seen->under_way = loading->running;
}

/* ---- At the end ---- */

/* All records in a row. */
static struct record *gather(const struct loading *loading)
{
    struct record *all = arena_alloc(loading->world->arena, (loading->attempts + 1) * sizeof(*all));

    for (uint64_t i = 0; i < loading->attempts; i++)
        all[i] = loading->records[i / RECORDS]->items[i % RECORDS];
    return all;
}

/* Attempts of the warm-up: as many as are there before the first delivered one that MSER keeps. */
static uint64_t warm_up(struct loading *loading, const struct record *all)
{
    double *delays = arena_alloc(loading->world->arena, (loading->attempts + 1) * sizeof(*delays));
    uint64_t *numbers = arena_alloc(loading->world->arena, (loading->attempts + 1) * sizeof(*numbers));
    size_t count = 0;

    for (uint64_t i = 0; i < loading->attempts; i++)
        if (all[i].delay_ns != NONE_NS) {
            delays[count] = (double)all[i].delay_ns;
            numbers[count++] = i;
        }
    size_t cut = mser_cut(delays, count);

    return cut == 0 ? 0 : numbers[cut];
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
    int64_t most_ns = loading->world->scenario->load_delay_max_ns;

    outcome->counted++;
    switch (record->end) {
    case OUTCOME_DELIVERED:
        outcome->delivered++;
        outcome->late += most_ns > 0 && record->delay_ns > most_ns;
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

static void write_delays(struct loading *loading, const struct record *all, struct load_outcome *outcome)
{
    size_t room = (loading->attempts + 1) * sizeof(double);
    struct sample delays = {.values = arena_alloc(loading->world->arena, room)},
                  setups = {.values = arena_alloc(loading->world->arena, room)};
    struct tally stays = {0};

    for (uint64_t i = outcome->cut; i < loading->attempts; i++) {
        sample_add(&delays, all[i].delay_ns);
        sample_add(&setups, all[i].setup_ns);
        tally_add(&stays, (double)all[i].stay_ns);
        count(loading, &all[i], outcome);
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

void loading_write(struct loading *loading, struct load_outcome *outcome)
{
    struct world *world = loading->world;
    const struct record *all = gather(loading);
    struct sums sums = sum_core(world);

    *outcome =
        (struct load_outcome){.end = loading->has_no_users ? LOAD_NO_USERS : LOAD_DONE,
                              .attempts = loading->attempts,
                              .cut = warm_up(loading, all),
                              .dropped = sums.dropped,
                              .refusals = sums.refusals,
                              .sip_again = core_retransmissions(world) + loading->sip_again - loading->sip_again_before,
                              .tcp_again = net_retransmissions(world->net) - loading->tcp_again_before,
                              .events = world->engine->events_run,
                              .ended_ns = world_now(world) - loading->begun_ns,
                              .attempt_bytes = loading->attempt_bytes};
    outcome->cut_ns = outcome->cut > 0 ? all[outcome->cut].pressed_ns : 0;
    write_delays(loading, all, outcome);
    int64_t counted_ns = world->scenario->load_ns - outcome->cut_ns;

    outcome->rate = (double)outcome->counted * (double)SECOND / (double)counted_ns;
    outcome->inadequate = outcome->counted > 0 ? (double)(outcome->counted - outcome->delivered + outcome->late) /
                                                     (double)outcome->counted
                                               : 0;
    write_looks(loading, outcome->cut_ns, outcome);
    outcome->memory_bytes = arena_used(world->arena);
}
