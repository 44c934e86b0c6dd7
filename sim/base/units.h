/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * units.h - quantities as people write them. A number without its unit is refused, and so is a unit that could mean
 * two things (5M, Mbps, kb): the error says the right spelling. kB = 1,000 B, KiB = 1,024 B; rates are decimal.
 */
#ifndef SIM_BASE_UNITS_H
#define SIM_BASE_UNITS_H

#include "sim/base/sink.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)
#define SECOND INT64_C(1000000000)

enum { KIB = 1024, MIB = 1024 * 1024 };
#define GIB (UINT64_C(1) << 30)

/* "20ms", "1.5s", "250us", "7ns", "2min", "0" (zero needs no unit) into nanoseconds, rounded to the nearest. Digits
 * are exact: no floating point. Negative times are refused. Errors set the note. */
MUST_USE enum err units_read_time(struct span text, int64_t *time_ns, struct note *note);

/* "1MiB", "64KiB", "1500B", "10kB", "2GiB", "1GB", "0". A fraction of a byte is refused. */
MUST_USE enum err units_read_size(struct span text, uint64_t *bytes, struct note *note);

/* "100Mbit/s", "1Gbit/s", "64kbit/s", "9600bit/s". */
MUST_USE enum err units_read_rate(struct span text, uint64_t *bps, struct note *note);

/* "25/s", "0.5/s", "3/ks" (ks: 1,000 s) into events per 1,000 s. */
MUST_USE enum err units_read_frequency(struct span text, uint64_t *per_ks, struct note *note);

/* "0.1%" or "0.001". */
MUST_USE enum err units_read_ratio(struct span text, double *ratio, struct note *note);

/* The shortest text that reads back to the same value: "20ms", "1.5s", "64KiB", "100Mbit/s", "0.1%". */
void units_write_time(struct sink *sink, int64_t time_ns);
void units_write_size(struct sink *sink, uint64_t bytes);
void units_write_rate(struct sink *sink, uint64_t bps);
void units_write_ratio(struct sink *sink, double ratio);
void units_write_frequency(struct sink *sink, uint64_t per_ks);

/* For people, about four digits, the unit chosen by size: "12.34 ms", "1.25 MiB", "98.7 Mbit/s". */
void units_show_time(struct sink *sink, int64_t time_ns);
void units_show_size(struct sink *sink, uint64_t bytes);
void units_show_rate(struct sink *sink, double bps);

#endif
