/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/cost_fit.h"
#include "sim/base/check.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

double fit_median(double *values, size_t count)
{
    check(count % 2 == 1);
    qsort(values, count, sizeof(*values), compare);
    return values[count / 2];
}

/* Sums over points divided by their times: u = 1/t belongs to the fixed part, v = bytes/t to the part a byte. */
struct sums {
    double u, v, uu, uv, vv;
};

static struct fit solve(const struct sums *s)
{
    double determinant = s->uu * s->vv - s->uv * s->uv;
    struct fit fit = {.fixed_ns = s->u / s->uu};

    if (determinant <= 0)
        return fit;
    fit.fixed_ns = (s->u * s->vv - s->v * s->uv) / determinant;
    fit.ns_per_byte = (s->v * s->uu - s->u * s->uv) / determinant;
    if (fit.fixed_ns < 0)
        fit = (struct fit){.ns_per_byte = s->v / s->vv};
    if (fit.ns_per_byte < 0)
        fit = (struct fit){.fixed_ns = s->u / s->uu};
    return fit;
}

struct fit fit_line(const struct fit_point *points, size_t count)
{
    struct sums s = {0};

    check(count > 0);
    for (size_t i = 0; i < count; i++) {
        double u = 1 / points[i].time_ns, v = points[i].bytes / points[i].time_ns;

        s.u += u;
        s.v += v;
        s.uu += u * u;
        s.uv += u * v;
        s.vv += v * v;
    }
    struct fit fit = solve(&s);

    for (size_t i = 0; i < count; i++) {
        double residual =
            fabs(fit.fixed_ns + fit.ns_per_byte * points[i].bytes - points[i].time_ns) / points[i].time_ns;

        if (residual > fit.residual)
            fit.residual = residual;
    }
    return fit;
}
