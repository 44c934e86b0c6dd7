/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * msrp_leg.h - MSRP on a real connection: what comes in is cut into heads, bodies and ends by sim/proto's reader, what
 * is written goes into the connection's bounded buffer.
 */
#ifndef BENCH_MEASURE_MSRP_LEG_H
#define BENCH_MEASURE_MSRP_LEG_H

#include "bench/measure/stream.h"
#include "sim/proto/msrp_session.h"

struct msrp_leg;

/* A leg lives in its stream's arena. context and events are its owner's. */
struct msrp_leg *msrp_leg_create(struct stream *stream, void *context, const struct msrp_reader_events *events);

/* Takes what has come. False: the peer speaks no MSRP; the stream has been closed. */
bool msrp_leg_take(struct msrp_leg *leg);

struct stream *msrp_leg_stream(struct msrp_leg *leg);
struct msrp_writer msrp_leg_writer(struct msrp_leg *leg);

/* Writes a whole message and hands it to the kernel. */
void msrp_leg_write_text(struct msrp_leg *leg, struct span text);

#endif
