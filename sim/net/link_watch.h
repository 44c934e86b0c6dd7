/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * link_watch.h - what a tap on a link sees: packets leave in order of time, so those that wait are told by an event of
 * their own.
 */
#ifndef SIM_NET_LINK_WATCH_H
#define SIM_NET_LINK_WATCH_H

#include "sim/net/link.h"

/* Tells the tap, if there is one. */
void link_tell(struct link *link, enum tap_event event, int64_t at_ns, const struct packet *packet);

/* A packet whose first bit leaves at start_ns, at or after now, and not before that of an earlier one. True if the tap
 * will see it leave later; a lost one is given back then. */
bool link_watch(struct link *link, struct packet *packet, int64_t start_ns, bool is_lost);

#endif
