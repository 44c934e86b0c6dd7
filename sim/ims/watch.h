/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch.h - what an onlooker is told: each message of an application protocol with when it was sent, received and acted
 * on, and the event log. Costs nothing where nobody watches.
 */
#ifndef SIM_IMS_WATCH_H
#define SIM_IMS_WATCH_H

#include "sim/ims/world.h"

struct watched; /* a message under way; NULL where nobody watches, and every function takes that */

/* What is to be told of a message. */
struct watch_new {
    enum role from, to;
    const char *protocol;
    struct span label;
    uint64_t bytes;
    bool is_again;
    struct span head; /* text for those who want it */
    struct slice body;
};

void watch_init(struct world *world);
struct watched *watch_sent(struct world *world, const struct watch_new *message);
void watch_received(struct world *world, struct watched *watched);
/* The receiver has done with it what it had to: what lies between is its dwell. Only the first call counts. */
void watch_acted(struct world *world, struct watched *watched);

/* A line of the event log: "what from to ...". The log begins at the press. */
void watch_event(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* At the trial's end: tells all messages in the order of sending. */
void watch_tell(struct world *world);

#endif
