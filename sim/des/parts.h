/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * parts.h - where the time went: the eight sums that every packet, message and job of a transfer carries. They add up
 * to now minus the moment the user pressed send, at every moment at which something is set off.
 *
 * What waits for several things takes the sums of the last of them; what waits in line behind its own transfer takes
 * the sums of what stood before it. Feedback is the whole way of what only acknowledges the file.
 */
#ifndef SIM_DES_PARTS_H
#define SIM_DES_PARTS_H

#include <stdbool.h>
#include <stdint.h>

enum part {
    PART_PROCESSING,
    PART_QUEUEING,
    PART_TRANSMISSION,
    PART_PROPAGATION,
    PART_CRYPTO,
    PART_TIMER,
    PART_ANSWERING,
    PART_FEEDBACK,
    PART_COUNT
};

/* Nanoseconds by part. */
struct parts {
    int64_t ns[PART_COUNT];
};

extern const char *const part_names[PART_COUNT];

/* What set something off: the sums so far, whose transfer it is, and whether it only acknowledges. */
struct cause {
    struct parts parts;
    uint16_t transfer; /* 0: nobody's (warming up, background); then the sums mean nothing */
    bool is_feedback;  /* everything is charged to PART_FEEDBACK */
};

static inline int64_t parts_total(const struct parts *parts)
{
    int64_t total = 0;

    for (int i = 0; i < PART_COUNT; i++)
        total += parts->ns[i];
    return total;
}

/* Charges ns to part, or to feedback where the cause only acknowledges. */
static inline void cause_charge(struct cause *cause, enum part part, int64_t ns)
{
    cause->parts.ns[cause->is_feedback ? PART_FEEDBACK : part] += ns;
}

#endif
