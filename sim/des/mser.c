/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/des/mser.h"
#include "sim/des/stats.h"

static double batch_mean(const double *series, size_t batch)
{
    double sum = 0;

    for (size_t i = 0; i < MSER_BATCH; i++)
        sum += series[batch * MSER_BATCH + i];
    return sum / MSER_BATCH;
}

/* From the last batch on to the front: a running mean and its squares hold what lies behind. Of equal values the
 * smallest cut is taken. */
size_t mser_cut(const double *series, size_t count)
{
    size_t batches = count / MSER_BATCH, best = 0;
    double least = -1;
    struct tally behind = {0};

    for (size_t cut = batches; cut-- > 0;) {
        tally_add(&behind, batch_mean(series, cut));
        double error = behind.squares / ((double)behind.count * (double)behind.count);

        if (cut > batches / 2 || (least >= 0 && error > least))
            continue;
        least = error;
        best = cut;
    }
    return best * MSER_BATCH;
}
