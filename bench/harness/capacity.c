/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/capacity.h"
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/proto/sip.h"

#include <math.h>

/* From 1 attempt in a thousand seconds to what load.rate can be, and so for the others. */
enum { RATE_LEAST = 1, RATE_MOST = CAPACITY_MOST_PER_S * 1000, USERS_MOST = 4000000, USERS_SPARE = 100 };
#define DURATION_LEAST_NS (1 * SECOND)
#define DURATION_MOST_NS (1000000 * SECOND)
#define RULE_OF_THREE 3.0
/* A user whose attempt has ended is busy until no copy of a message can come: 64 T1 of Gm. */
#define USER_BUSY_NS (64 * sip_timers_gm.t1_ns)

/* After so many times what an attempt takes, half the load is behind the time in which only arrivals are new. */
#define STAYS 4

/* Where calls are sought and the scenario has none. */
#define CALLS_BEGIN_PER_KS 100000
/* Where nothing is beside what is sought, the first rate shows what hosts and links allow, and the next may be so many
 * times the first: a rate beyond what else there is fails early, and costs little. */
#define ALONE_TIMES 64
/* Below this share of the load beside it, a rate that does not hold is none. */
#define BESIDE_SHARE 256

/* What the search begins with, to be put back; and how long attempts stayed at the highest rate that held. */
struct given {
    uint64_t rate_per_ks, users;
    int64_t load_ns, stay_ns;
};

/* ---- How a rate is tried ---- */

static double per_second(uint64_t rate_per_ks)
{
    return (double)rate_per_ks / 1000;
}

/* What is sought. */
static uint64_t *sought(const struct capacity_search *search)
{
    struct scenario *scenario = &search->setup->file.scenario;

    return search->of == CAPACITY_OF_CALLS ? &scenario->load_calls_per_ks : &scenario->load_rate_per_ks;
}

/* Attempts of all kinds. */
static uint64_t all_per_ks(const struct scenario *scenario)
{
    return scenario->load_rate_per_ks + scenario->load_calls_per_ks + scenario->load_registrations_per_ks;
}

static int64_t duration_ns(const struct capacity_search *search, const struct given *given)
{
    const struct scenario *scenario = &search->setup->file.scenario;
    int64_t delay_max_ns = scenario->load_delay_max_ns;
    double rate = per_second(all_per_ks(scenario));
    double most_s = (double)search->attempts_most / rate;
    double least_s = RULE_OF_THREE / search->inadequate_most / (double)search->job.replications / rate;
    double duration = (double)given->load_ns;

    duration = fmax(fmin(duration, most_s * (double)SECOND), fmin(duration, (double)delay_max_ns));
    duration = fmax(fmax(duration, least_s * (double)SECOND), (double)DURATION_LEAST_NS);
    duration = fmax(duration, STAYS * (double)given->stay_ns);
    return llround(fmin(duration, (double)DURATION_MOST_NS));
}

/* Callers for twice the attempts that come while one is busy: the rest of them are easily found. */
static uint64_t user_count(const struct scenario *scenario, const struct given *given)
{
    double busy_ns = (double)(USER_BUSY_NS + 2 * scenario->load_delay_max_ns + scenario->load_call_ns);
    double seconds = fmin((double)scenario->load_ns, busy_ns) / (double)SECOND;
    double wanted = 2 * (2 * per_second(all_per_ks(scenario)) * seconds + USERS_SPARE);

    return (uint64_t)fmax((double)given->users, fmin(ceil(wanted), USERS_MOST));
}

/* So many in one replication are too many for all of them, were there none in the others. */
static uint64_t stop_at(const struct capacity_search *search)
{
    const struct scenario *scenario = &search->setup->file.scenario;
    double attempts = per_second(all_per_ks(scenario)) * (double)scenario->load_ns / (double)SECOND;

    return (uint64_t)ceil(2 * search->inadequate_most * attempts * (double)search->job.replications) + 1;
}

static enum err run_rate(const struct capacity_search *search, const struct given *given, uint64_t rate_per_ks,
                         struct note *note)
{
    struct scenario *scenario = &search->setup->file.scenario;
    struct load_job job = search->job;
    double rate = per_second(rate_per_ks);

    *sought(search) = rate_per_ks;
    scenario->load_ns = duration_ns(search, given);
    scenario->load_users = user_count(scenario, given);
    job.inadequate_most = stop_at(search);
    if (search->trying)
        search->trying(job.context, rate_per_ks);
    TRY(load_run(&job, search->outcomes, note));
    for (size_t i = 0; i < job.replications; i++) {
        if (search->outcomes[i].end == LOAD_NO_USERS)
            return note_set(note, ERR_RANGE, "at %.3f/s all users are busy: expected more of them (load.users)", rate);
        if (search->outcomes[i].end == LOAD_LIMIT)
            return note_set(note, ERR_RANGE,
                            "at %.3f/s the memory of a load is exhausted: expected a shorter one (load.duration)",
                            rate);
    }
    return ERR_OK;
}

/* ---- What it came to ---- */

static void sum_work(const struct capacity_search *search, struct capacity_look *look)
{
    const struct scenario *scenario = &search->setup->file.scenario;
    double offered[LOAD_HOSTS] = {0};

    for (size_t i = 0; i < search->job.replications; i++)
        for (size_t host = 0; host < LOAD_HOSTS; host++)
            offered[host] += (double)search->outcomes[i].work_ns[host] / (double)SECOND /
                             (double)scenario->cpu_workers * per_second(all_per_ks(scenario)) /
                             (double)search->job.replications;
    look->busiest = 0;
    for (size_t host = 1; host < LOAD_HOSTS; host++)
        if (offered[host] > offered[look->busiest])
            look->busiest = host;
    look->offered = offered[look->busiest];
    for (size_t i = 0; i < search->job.replications; i++)
        look->link += (double)search->outcomes[i].link_ns / (double)SECOND * per_second(all_per_ks(scenario)) /
                      (double)search->job.replications;
}

static enum capacity_reason judge(const struct capacity_search *search, const struct capacity_look *look)
{
    if (look->offered >= 1)
        return CAPACITY_WORK;
    if (look->link >= 1)
        return CAPACITY_LINK;
    if (look->is_stopped || look->inadequate > search->inadequate_most)
        return CAPACITY_INADEQUATE;
    double chance = 2 * sqrt(4.0 / 3 / fmax((double)look->attempts / 4, 1));

    return look->growth > search->precision / 2 + chance ? CAPACITY_GROWTH : CAPACITY_HOLDS;
}

static struct capacity_look sum_up(const struct capacity_search *search, uint64_t rate_per_ks)
{
    struct capacity_look look = {.rate_per_ks = rate_per_ks, .all_per_ks = all_per_ks(&search->setup->file.scenario)};
    double inadequate = 0;

    for (size_t i = 0; i < search->job.replications; i++) {
        const struct load_outcome *outcome = &search->outcomes[i];
        uint64_t counted = outcome->counted + outcome->calls.counted + outcome->registrations.counted;

        look.is_stopped = look.is_stopped || outcome->end == LOAD_STOPPED;
        look.attempts += counted;
        inadequate += outcome->inadequate * (double)counted;
        look.growth += outcome->growth / (double)search->job.replications;
        if (outcome->end == LOAD_DONE)
            look.stay_ns += outcome->stay_mean_ns / (int64_t)search->job.replications;
    }
    look.inadequate = look.attempts > 0 ? inadequate / (double)look.attempts : 0;
    if (!look.is_stopped)
        sum_work(search, &look);
    look.reason = judge(search, &look);
    return look;
}

/* ---- The search ---- */

/* What hosts and links allow of what is sought, as a rate that held shows: one rate more is as much work more as the
 * average. With load of other kinds beside it that is a guess, no more. */
static double bound_per_ks(const struct capacity_look *held)
{
    double all = (double)held->all_per_ks, beside = all - (double)held->rate_per_ks;
    double share = fmax(held->offered, held->link);

    return share > 0 ? all / share - beside : INFINITY;
}

/* Where most of the load is of another kind, its work hides that of what is sought. */
static bool is_unbounded(const struct capacity_look *held)
{
    return bound_per_ks(held) >= RATE_MOST && 2 * held->rate_per_ks >= held->all_per_ks;
}

/* Just below what work alone allows; one step of the search beyond where that held. */
static uint64_t reach(const struct capacity_search *search, const struct capacity_look *held)
{
    double step = search->precision, rate = (double)held->rate_per_ks;
    double near = bound_per_ks(held) * (1 - step / 2);

    if (near < rate * (1 + step / 2))
        near = rate * (1 + step);
    return near < RATE_MOST ? (uint64_t)near : RATE_MOST;
}

/* The next rate to try while all have held: at most so many times as much. */
static uint64_t next_higher(uint64_t low, uint64_t near, uint64_t times)
{
    uint64_t next = low > RATE_MOST / times ? RATE_MOST : times * low;

    next = near < next ? near : next;
    return next > low ? next : low < RATE_MOST ? low + 1 : 0;
}

/* The next rate to try, 0 when the search is over. */
static uint64_t next_rate(const struct capacity_search *search, const struct capacity *capacity)
{
    uint64_t low = capacity->held.rate_per_ks, high = capacity->failing.rate_per_ks;
    uint64_t beside = all_per_ks(&search->setup->file.scenario) - *sought(search);

    if (capacity->is_unbounded)
        return 0;
    if (low == 0)
        return high / 2 > beside / BESIDE_SHARE ? high / 2 : 0;
    uint64_t near = reach(search, &capacity->held);
    /* Beside load of other kinds it is a guess, and of no use once its steps are small. */
    bool is_near = beside == 0 || (double)near > (double)low * (1 + 4 * search->precision);

    if (high == 0)
        return next_higher(low, is_near ? near : RATE_MOST, beside == 0 ? ALONE_TIMES : 2);
    check(low < high);
    if ((double)(high - low) <= search->precision * (double)low || high - low < 2)
        return 0;
    is_near = is_near && (double)near < (double)high * (1 - search->precision) && near > low;
    return is_near ? near : low + (high - low) / 2;
}

static enum err find(const struct capacity_search *search, const struct given *given, struct capacity *capacity,
                     struct note *note)
{
    struct capacity found = {.looks = 0};
    struct given trying = *given;

    for (uint64_t rate = given->rate_per_ks; rate >= RATE_LEAST; rate = next_rate(search, &found)) {
        TRY(run_rate(search, &trying, rate, note));
        struct capacity_look look = sum_up(search, rate);

        *(look.reason == CAPACITY_HOLDS ? &found.held : &found.failing) = look;
        found.is_unbounded = found.failing.rate_per_ks == 0 && is_unbounded(&found.held);
        trying.stay_ns = found.held.stay_ns > given->stay_ns ? found.held.stay_ns : given->stay_ns;
        found.looks++;
    }
    *capacity = found;
    return ERR_OK;
}

enum err capacity_find(const struct capacity_search *search, struct capacity *capacity, struct note *note)
{
    struct scenario *scenario = &search->setup->file.scenario;
    const struct scenario before = *scenario;
    bool has_calls = search->of == CAPACITY_OF_CALLS || scenario->load_calls_per_ks > 0;
    struct given given = {*sought(search), scenario->load_users, scenario->load_ns,
                          has_calls ? scenario->load_call_ns : 0};

    check(search->job.setup == search->setup && search->precision > 0 && search->inadequate_most > 0);
    if (scenario->load_arrivals != ARRIVALS_POISSON && scenario->load_arrivals != ARRIVALS_DETERMINISTIC)
        return note_set(note, ERR_RANGE, "load.arrivals: for a capacity expected poisson or deterministic");
    if (given.rate_per_ks == 0)
        given.rate_per_ks = CALLS_BEGIN_PER_KS;
    enum err error = find(search, &given, capacity, note);

    *scenario = before;
    return error;
}
