/* SPDX-License-Identifier: GPL-3.0-or-later */
/* load_work.c - what attempts bring to hosts and links, and whether attempts under way grow. */
#include "sim/base/units.h"
#include "sim/des/stats.h"
#include "sim/load_state.h"

#include <math.h>

enum { DIRECTIONS = 2 };

const enum role loading_hosts[LOAD_HOSTS] = {ROLE_P_A, ROLE_S_A, ROLE_I_B, ROLE_HSS_B, ROLE_S_B, ROLE_P_B};

uint64_t loading_attempts(const struct loading *loading)
{
    uint64_t sum = 0;

    for (int kind = 0; kind < ATTEMPT_KINDS; kind++)
        sum += loading->attempts[kind];
    return sum;
}

void loading_measure_work(struct loading *loading)
{
    const struct net *net = loading->world->net;

    for (size_t i = 0; i < LOAD_HOSTS; i++)
        loading->busy_before_ns[i] = station_busy_ns(loading->world->sites[loading_hosts[i]].cpu);
    loading->bytes_before = arena_alloc(loading->world->arena, net_links(net) * sizeof(*loading->bytes_before));
    for (uint32_t link = 0; link < net_links(net); link++)
        loading->bytes_before[link] = net_link(net, link).bytes;
}

/* ---- Links ---- */

/* Links of the same kind that carry equal shares: a side's access links in one direction. */
struct share {
    double busy_ns;
    uint32_t links;
};

/* The time for which a link transmits what it was given since the first arrival. */
static double link_busy_ns(const struct loading *loading, uint32_t link, const struct link_info *info)
{
    if (info->config.rate_bps == 0)
        return 0;
    return (double)(info->bytes - loading->bytes_before[link]) * 8 * (double)SECOND / (double)info->config.rate_bps;
}

static void keep_busiest(const struct share *share, double attempts, double *most_ns)
{
    double mean_ns = share->links > 0 ? share->busy_ns / share->links / attempts : 0;

    if (mean_ns > *most_ns)
        *most_ns = mean_ns;
}

/* Which users call is chance: an access link's share is the mean over all of its side. */
static double busiest_link_ns(const struct loading *loading)
{
    const struct net *net = loading->world->net;
    struct share groups[POPULATION_SIDES][DIRECTIONS] = {{{0}}};
    double attempts = (double)loading_attempts(loading), most_ns = 0;

    for (uint32_t link = 0; link < net_links(net); link++) {
        struct link_info info = net_link(net, link);
        struct share one = {link_busy_ns(loading, link, &info), 1};
        enum population_side side;
        bool is_up = population_side_of(loading->world->population, info.from, &side);

        if (is_up || population_side_of(loading->world->population, info.to, &side)) {
            groups[side][is_up].busy_ns += one.busy_ns;
            groups[side][is_up].links++;
        } else {
            keep_busiest(&one, attempts, &most_ns);
        }
    }
    for (int side = 0; side < POPULATION_SIDES; side++)
        for (int direction = 0; direction < DIRECTIONS; direction++)
            keep_busiest(&groups[side][direction], attempts, &most_ns);
    return most_ns;
}

/* ---- Attempts under way ---- */

/* What growth says: by halves of the second half, so that it is far behind the first attempts, which nobody leaves. */
static double growth(const struct loading *loading)
{
    const struct looks *block = loading->looks;
    int64_t load_ns = loading->world->scenario->load_ns;
    struct tally third = {0}, fourth = {0};

    for (uint64_t i = 0; i < loading->look_count; i++) {
        int64_t at_ns = (int64_t)i * LOAD_LOOK_NS;

        if (i > 0 && i % LOOKS == 0)
            block = block->next;
        if (at_ns >= load_ns / 2 && at_ns <= load_ns)
            tally_add(at_ns < load_ns / 4 * 3 ? &third : &fourth, block->items[i % LOOKS].waiting);
    }
    return (fourth.mean - third.mean) / ((double)loading_attempts(loading) / 4);
}

void loading_write_work(const struct loading *loading, struct load_outcome *outcome)
{
    if (loading_attempts(loading) == 0)
        return;
    for (size_t i = 0; i < LOAD_HOSTS; i++) {
        int64_t busy_ns = station_busy_ns(loading->world->sites[loading_hosts[i]].cpu) - loading->busy_before_ns[i];

        outcome->work_ns[i] = busy_ns / (int64_t)loading_attempts(loading);
    }
    outcome->link_ns = llround(busiest_link_ns(loading));
    outcome->growth = growth(loading);
}
