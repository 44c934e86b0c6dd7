/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/nearest.h"

enum { LENGTH_MAX = 63 };

struct nearest nearest_to(struct span given)
{
    size_t near_enough = given.size / 3 > 2 ? given.size / 3 : 2;

    return (struct nearest){.given = given, .distance = near_enough + 1};
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment (Damerau 1964): three rows of the table of distances between prefixes. */
static size_t distance(struct span a, struct span b)
{
    size_t rows[3][LENGTH_MAX + 1];

    for (size_t j = 0; j <= b.size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *second = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            bool is_same = a.data[i - 1] == b.data[j - 1];

            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (is_same ? 0 : 1));
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1])
                row[j] = least(row[j], second[j - 2] + 1);
        }
    }
    return rows[a.size % 3][b.size];
}

void nearest_try(struct nearest *nearest, const char *candidate)
{
    struct span name = span_of(candidate);

    if (name.size > LENGTH_MAX || nearest->given.size > LENGTH_MAX)
        return;
    size_t found = distance(nearest->given, name);

    /* Nothing in common is not near, however short. */
    if (found >= nearest->distance || found >= name.size)
        return;
    nearest->distance = found;
    nearest->best = candidate;
}
