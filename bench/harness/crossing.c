/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/crossing.h"

#include <math.h>
#include <stdbool.h>

static bool is_known(const double *x, const double *y1, const double *y2, size_t i)
{
    return isfinite(x[i]) && isfinite(y1[i]) && isfinite(y2[i]) && x[i] > 0 && y1[i] > 0 && y2[i] > 0;
}

size_t crossing_find(const double *x, const double *y1, const double *y2, size_t count, struct crossing *crossings,
                     size_t max)
{
    size_t found = 0;
    size_t last = count; /* the last point at which the lines differ; count: none yet */

    for (size_t i = 0; i < count && found < max; i++) {
        if (!is_known(x, y1, y2, i) || y1[i] == y2[i])
            continue;
        double now = log(y1[i] / y2[i]);

        if (last < count) {
            double before = log(y1[last] / y2[last]);

            if ((before < 0) != (now < 0)) {
                double share = before / (before - now);
                double at = log(x[last]) + share * log(x[i] / x[last]);
                double height = log(y1[last]) + share * log(y1[i] / y1[last]);

                crossings[found++] = (struct crossing){exp(at), exp(height), now < 0 ? -1 : 1};
            }
        }
        last = i;
    }
    return found;
}
