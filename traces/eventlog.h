/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * eventlog.h - the event log of a trial: text, one event a line, the simulated time in integer nanoseconds first. The
 * same scenario and seed give the same bytes, so two logs are compared with diff.
 */
#ifndef TRACES_EVENTLOG_H
#define TRACES_EVENTLOG_H

#include "traces/outfile.h"

#include <stdint.h>

/* Starts the log. A plain outfile: close it with outfile_close or outfile_discard. */
MUST_USE enum err eventlog_open(struct outfile *log, const char *path, struct note *note);

/* For sim_tap: context is the log. A line that holds line breaks is written with spaces in their place. */
void eventlog_add(void *context, int64_t at_ns, struct span line);

#endif
