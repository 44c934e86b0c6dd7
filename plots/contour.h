/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * contour.h - where a function given on a grid is zero: line segments by marching squares (Lorensen, Cline 1987, in two
 * dimensions), straight between the points of the grid.
 */
#ifndef PLOTS_CONTOUR_H
#define PLOTS_CONTOUR_H

#include <stddef.h>

/* In steps of the grid: x from 0 to columns - 1, y from 0 to rows - 1. */
struct contour_segment {
    double x1, y1, x2, y2;
};

/* values[row * columns + column]; squares with a corner that is not finite have no line. A saddle is joined by the mean
 * of its corners. Returns how many segments there are, at most max of them written; two for each square suffice. */
size_t contour_find(const double *values, size_t columns, size_t rows, struct contour_segment *segments, size_t max);

#endif
