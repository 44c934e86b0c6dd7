/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * measure_tap.h - the tap of a measured transfer: every IPv4 packet of every link, both directions, as pcapng.
 */
#ifndef BENCH_CLI_MEASURE_TAP_H
#define BENCH_CLI_MEASURE_TAP_H

#include <stdbool.h>
#include <stddef.h>

/* As conduct_plan's tap; context is the path of the file. */
bool measure_tap(void *context, const char *const *devices, const char *const *labels, size_t count, int line);

#endif
