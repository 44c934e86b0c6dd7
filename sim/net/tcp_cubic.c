/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CUBIC, RFC 9438: after a loss the window grows along a cubic curve of the time since then, flat where the loss was,
 * but never slower than a Reno that gives away as little. Before the first loss HyStart may end slow start. Windows are
 * in segments here, shares of one included; the connection's is in bytes.
 */
#include "sim/base/units.h"
#include "sim/net/tcp.h"

#include <math.h>

#define CUBIC_C 0.4    /* RFC 9438 section 5: segments a cubed second */
#define CUBIC_BETA 0.7 /* section 4.6 */

struct cubic {
    int64_t epoch_ns; /* when this stage of congestion avoidance began; INT64_MIN: it has not */
    int64_t k_ns;     /* from then until the curve is flat */
    double origin;    /* where it is flat */
    double w_max;  /* the window before the last reduction, or less (fast convergence); 0: no loss yet, or a timeout */
    double w_est;  /* what Reno would have */
    double before; /* the window before the last reduction */
    double rest;   /* bytes, less than one, by which the window has grown and that it does not show */

    /* HyStart. */
    bool has_left;
    bool has_round;
    uint32_t samples;
    int64_t rtt_min_ns; /* of the connection; INT64_MAX: none yet */
    int64_t round_rtt_ns;
    int64_t round_ns; /* when the round began, and the last ACK of its train */
    int64_t train_ns;
    uint64_t round_end;
};

const struct tcp_hystart tcp_hystart_linux = {
    .window_least = 16,
    .samples = 8,
    .spacing_ns = 2 * MS,
    .train_extra_ns = 1 * MS, /* for pacing rates below 260 MB/s; less beyond */
    .train_divisor = 2,       /* without pacing */
    .delay_divisor = 8,
    .delay_least_ns = 4 * MS,
    .delay_most_ns = 16 * MS,
    .growth_divisor = 20,
};

static double segments(const struct tcp *tcp, uint64_t bytes)
{
    return (double)bytes / tcp->mss;
}

void cubic_create(struct tcp *tcp)
{
    tcp->cubic = arena_alloc(tcp->arena, sizeof(*tcp->cubic));
    *tcp->cubic = (struct cubic){.epoch_ns = INT64_MIN, .rtt_min_ns = INT64_MAX};
}

/* ---- HyStart ---- */

static void hystart_begin_round(struct tcp *tcp, struct cubic *cubic)
{
    cubic->has_round = true;
    cubic->round_ns = cubic->train_ns = tcp->engine->now_ns;
    cubic->round_end = tcp->next;
    cubic->round_rtt_ns = INT64_MAX;
    cubic->samples = 0;
}

static bool hystart_is_long_train(const struct tcp_hystart *rules, struct cubic *cubic, int64_t now_ns)
{
    if (now_ns - cubic->train_ns > rules->spacing_ns)
        return false;
    cubic->train_ns = now_ns;
    return now_ns - cubic->round_ns > (cubic->rtt_min_ns + rules->train_extra_ns) / rules->train_divisor;
}

static bool hystart_is_late(const struct tcp_hystart *rules, struct cubic *cubic, int64_t rtt_ns)
{
    int64_t more_ns = cubic->rtt_min_ns / rules->delay_divisor;

    if (more_ns < rules->delay_least_ns)
        more_ns = rules->delay_least_ns;
    if (more_ns > rules->delay_most_ns)
        more_ns = rules->delay_most_ns;
    if (rtt_ns < cubic->round_rtt_ns)
        cubic->round_rtt_ns = rtt_ns;
    if (cubic->samples < rules->samples) {
        cubic->samples++;
        return false;
    }
    return cubic->round_rtt_ns > cubic->rtt_min_ns + more_ns;
}

void cubic_sample(struct tcp *tcp, int64_t rtt_ns)
{
    const struct tcp_hystart *rules = tcp->config.hystart;
    struct cubic *cubic = tcp->cubic;
    int64_t now_ns = tcp->engine->now_ns;

    /* Right after a recovery round trips tell of the queue that caused it. */
    if (!rules || (cubic->epoch_ns != INT64_MIN && now_ns - cubic->epoch_ns < SECOND))
        return;
    if (rtt_ns < cubic->rtt_min_ns)
        cubic->rtt_min_ns = rtt_ns;
    if (cubic->has_left || tcp->cwnd >= tcp->ssthresh)
        return;
    if (!cubic->has_round || tcp->acknowledged > cubic->round_end)
        hystart_begin_round(tcp, cubic);
    if (tcp->cwnd < rules->window_least * (uint64_t)tcp->mss)
        return;
    bool is_long = hystart_is_long_train(rules, cubic, now_ns);
    bool is_late = hystart_is_late(rules, cubic, rtt_ns);

    if (!is_long && !is_late)
        return;
    cubic->has_left = true;
    tcp->ssthresh = tcp->cwnd;
}

/* ---- The curve ---- */

/* RFC 9438 section 4.2, figures 1 and 2 */
static double cubic_curve(const struct cubic *cubic, int64_t at_ns)
{
    double t_s = (double)(at_ns - cubic->epoch_ns - cubic->k_ns) / (double)SECOND;

    return cubic->origin + CUBIC_C * t_s * t_s * t_s;
}

static void cubic_begin(struct cubic *cubic, double window, int64_t now_ns)
{
    cubic->epoch_ns = now_ns;
    cubic->w_est = window;
    cubic->rest = 0;
    cubic->origin = fmax(cubic->w_max, window);
    cubic->k_ns = (int64_t)(cbrt((cubic->origin - window) / CUBIC_C) * (double)SECOND + 0.5);
}

/* Section 4.3, figure 4: by less than Reno's segment a round trip, since less was given away, until the window is what
 * it was before. */
static void cubic_follow_reno(struct cubic *cubic, double acknowledged, double window)
{
    double alpha = cubic->w_est < cubic->before ? 3 * (1 - CUBIC_BETA) / (1 + CUBIC_BETA) : 1;

    cubic->w_est += alpha * acknowledged / window;
}

void cubic_grow(struct tcp *tcp, uint64_t count)
{
    struct cubic *cubic = tcp->cubic;
    int64_t now_ns = tcp->engine->now_ns;
    double window = segments(tcp, tcp->cwnd) + cubic->rest / tcp->mss;
    double acknowledged = segments(tcp, count);

    if (cubic->epoch_ns == INT64_MIN)
        cubic_begin(cubic, window, now_ns);
    cubic_follow_reno(cubic, acknowledged, window);
    /* Sections 4.2, 4.4, 4.5: a round trip ahead on the curve, and by half the window in it at most */
    double target = fmin(fmax(cubic_curve(cubic, now_ns + tcp->rtt_ns), window), 1.5 * window);
    double grown = window + (target - window) * acknowledged / window;

    if (cubic->w_max <= 0 && tcp->config.hystart && tcp->config.hystart->growth_divisor > 0)
        grown = fmax(grown, window + acknowledged / tcp->config.hystart->growth_divisor);
    if (cubic_curve(cubic, now_ns) < cubic->w_est)
        grown = fmax(cubic->w_est, grown);
    tcp->cwnd = (uint64_t)(grown * tcp->mss);
    cubic->rest = grown * tcp->mss - (double)tcp->cwnd;
}

/* Sections 4.6 and 4.7. */
uint64_t cubic_reduce(struct tcp *tcp, uint64_t flight)
{
    struct cubic *cubic = tcp->cubic;
    double window = segments(tcp, tcp->cwnd);

    cubic->w_max = window < cubic->w_max ? window * (1 + CUBIC_BETA) / 2 : window;
    cubic->before = window;
    cubic->epoch_ns = INT64_MIN;
    return (uint64_t)((double)flight * CUBIC_BETA + 0.5);
}

/* Section 4.8: the curve begins anew, flat where slow start ends; so does HyStart. */
void cubic_timeout(struct tcp *tcp)
{
    struct cubic *cubic = tcp->cubic;

    cubic->w_max = 0;
    cubic->epoch_ns = INT64_MIN;
    cubic->has_left = cubic->has_round = false;
    cubic->rtt_min_ns = INT64_MAX;
}

/* Section 5.8: the time in which nothing was sent does not count. */
void cubic_idle(struct tcp *tcp, int64_t idle_ns)
{
    struct cubic *cubic = tcp->cubic;
    int64_t now_ns = tcp->engine->now_ns;

    if (cubic->epoch_ns == INT64_MIN)
        return;
    cubic->epoch_ns += idle_ns;
    if (cubic->epoch_ns > now_ns)
        cubic->epoch_ns = now_ns;
}
