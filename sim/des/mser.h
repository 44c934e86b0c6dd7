/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mser.h - where the warm-up of a simulation ends: MSER-5 (White, Cobb, Spratt 2000), the number of values to leave out
 * of a series so that the mean of the rest is estimated best.
 */
#ifndef SIM_DES_MSER_H
#define SIM_DES_MSER_H

#include <stddef.h>

enum { MSER_BATCH = 5 };

/* Values to leave out at the front of the series, a multiple of five and at most half of it: the d for which the
 * squared distances of the batch means behind d from their mean, over the square of their number, are least. */
size_t mser_cut(const double *series, size_t count);

#endif
