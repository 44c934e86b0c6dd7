/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * station.h - a host's CPU: workers that serve jobs first come first served, and a queue in front of them with a limit.
 * A job that waits behind a job of its own transfer goes on with that job's sums; behind anybody else's it queues.
 */
#ifndef SIM_DES_STATION_H
#define SIM_DES_STATION_H

#include "sim/des/engine.h"
#include "sim/des/parts.h"

/* A job is done: cause holds its sums now. */
typedef void station_done_fn(void *context, const struct cause *cause);

struct station;

/* workers is 1 to 64; queue_max is the most jobs that wait (not counting those in service). */
struct station *station_create(struct engine *engine, struct arena *arena, uint32_t workers, uint32_t queue_max);

/* Serves a job of work_ns, charged to part, and calls done at its end. False: the queue is full, nothing happens. */
bool station_submit(struct station *station, const struct cause *cause, enum part part, int64_t work_ns, void *context,
                    station_done_fn *done);

/* The same for work that is never refused, that of open connections: their own windows bound what waits. It may stand
 * in line beyond queue_max. */
void station_take(struct station *station, const struct cause *cause, enum part part, int64_t work_ns, void *context,
                  station_done_fn *done);

/* Jobs there now, in the queue and in service. */
uint32_t station_present(const struct station *station);

/* Nanoseconds of work done or begun so far, jobs accepted, jobs refused. */
int64_t station_busy_ns(const struct station *station);
uint64_t station_jobs(const struct station *station);
uint64_t station_refused(const struct station *station);

#endif
