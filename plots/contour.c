/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/contour.h"

#include <math.h>
#include <stdbool.h>

struct corner {
    double x, y, value;
};

struct crossing {
    double x, y;
};

/* Corners go round the square; edge i lies between corner i and the next one. */
static bool crosses(const struct corner corners[4], size_t edge, struct crossing *at)
{
    const struct corner *a = &corners[edge], *b = &corners[(edge + 1) % 4];

    if ((a->value < 0) == (b->value < 0))
        return false;
    double share = a->value / (a->value - b->value);

    at->x = a->x + share * (b->x - a->x);
    at->y = a->y + share * (b->y - a->y);
    return true;
}

static size_t add(struct contour_segment *segments, size_t count, size_t max, struct crossing a, struct crossing b)
{
    if (count < max)
        segments[count] = (struct contour_segment){a.x, a.y, b.x, b.y};
    return count + 1;
}

size_t contour_find(const double *values, size_t columns, size_t rows, struct contour_segment *segments, size_t max)
{
    size_t count = 0;

    for (size_t y = 0; y + 1 < rows; y++)
        for (size_t x = 0; x + 1 < columns; x++) {
            double left = (double)x, top = (double)y;
            const struct corner corners[4] = {
                {left, top, values[y * columns + x]},
                {left + 1, top, values[y * columns + x + 1]},
                {left + 1, top + 1, values[(y + 1) * columns + x + 1]},
                {left, top + 1, values[(y + 1) * columns + x]},
            };
            double mean = (corners[0].value + corners[1].value + corners[2].value + corners[3].value) / 4;
            struct crossing found[4];
            size_t edges = 0;

            for (size_t edge = 0; isfinite(mean) && edge < 4; edge++)
                edges += crosses(corners, edge, &found[edges]);
            if (edges == 2) {
                count = add(segments, count, max, found[0], found[1]);
            } else if (edges == 4) { /* the middle joins the two corners of its own sign */
                bool is_joined = (mean < 0) == (corners[0].value < 0);

                count = add(segments, count, max, found[0], found[is_joined ? 1 : 3]);
                count = add(segments, count, max, found[2], found[is_joined ? 3 : 1]);
            }
        }
    return count;
}
