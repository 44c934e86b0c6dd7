/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/dwell.h"
#include "sim/base/check.h"
#include "sim/base/field.h"

#include <gsl/gsl_randist.h>
#include <math.h>

const char *const dwell_role_names[DWELL_ROLE_COUNT] = {
    [DWELL_UE_A] = "ue-a",     [DWELL_UE_B] = "ue-b",     [DWELL_P_CSCF] = "p-cscf",
    [DWELL_I_CSCF] = "i-cscf", [DWELL_S_CSCF] = "s-cscf", [DWELL_HSS] = "hss",
    [DWELL_DNS] = "dns",       [DWELL_AS] = "as",         [DWELL_RELAY] = "relay",
};

const char *const dwell_side_names[DWELL_SIDE_COUNT] = {
    [DWELL_ANY_SIDE] = "any",
    [DWELL_ORIG] = "orig",
    [DWELL_TERM] = "term",
};

/* How well a row fits: 0 not at all, kind before side, so that "INVITE, any" beats "*, orig". */
static int row_fit(const struct dwell_row *row, enum dwell_role role, struct span kind, enum dwell_side side)
{
    bool is_kind = span_equal(kind, span_of(row->kind));
    bool is_side = row->side == side;

    if (row->role != role)
        return 0;
    if (!is_kind && !span_equal(SPAN("*"), span_of(row->kind)))
        return 0;
    if (!is_side && row->side != DWELL_ANY_SIDE)
        return 0;
    return 1 + (is_side ? 1 : 0) + (is_kind ? 2 : 0);
}

const struct dwell_row *dwell_find(const struct dwell_table *table, enum dwell_role role, struct span kind,
                                   enum dwell_side side)
{
    const struct dwell_row *best = NULL;
    int best_fit = 0;

    check(table->count <= DWELL_ROWS_MAX);
    for (size_t i = 0; i < table->count; i++) {
        int fit = row_fit(&table->rows[i], role, kind, side);

        if (fit <= best_fit)
            continue;
        best_fit = fit;
        best = &table->rows[i];
    }
    return best;
}

struct dwell dwell_draw(const struct dwell_row *row, double spread, gsl_rng *rng)
{
    double median = (double)row->median_ns;
    double drawn = median;

    check(row->median_ns >= 0);
    check(row->work_ns == NONE_NS || (row->work_ns >= 0 && row->work_ns <= row->median_ns));
    if (spread == 0 || row->median_ns == 0)
        return row->work_ns == NONE_NS ? (struct dwell){.wait_ns = row->median_ns}
                                       : (struct dwell){row->work_ns, row->median_ns - row->work_ns};

    /* Of a lognormal the coefficient of variation depends on sigma alone: cv^2 = exp(sigma^2) - 1. */
    drawn *= spread < 0 ? gsl_ran_exponential(rng, 1) : gsl_ran_lognormal(rng, 0, sqrt(log1p(spread * spread)));
    if (spread > 0 && drawn > 10 * median)
        drawn = 10 * median;
    int64_t whole_ns = llround(drawn);

    if (row->work_ns == NONE_NS)
        return (struct dwell){.wait_ns = whole_ns};
    int64_t work_ns = llround(drawn * ((double)row->work_ns / median));

    return (struct dwell){.work_ns = work_ns, .wait_ns = whole_ns - work_ns};
}

struct dwell dwell_replay(const struct dwell_table *table, const struct dwell_row *row, uint32_t ordinal)
{
    check(row->sequence_count > 0 && row->sequence_first + row->sequence_count <= table->sequence_count);
    return (struct dwell){.wait_ns = table->sequence_ns[row->sequence_first + ordinal % row->sequence_count]};
}
