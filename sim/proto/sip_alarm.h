/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_alarm.h - the timers of one SIP element. A SIP timer has one of few lengths (T1 doubled, T2, T4, 64*T1), and
 * time only goes on: alarms of one length end in the order in which they were set, so a list a length holds them
 * sorted, and setting, stopping and ending one costs the same for ten as for ten thousand.
 */
#ifndef SIM_PROTO_SIP_ALARM_H
#define SIM_PROTO_SIP_ALARM_H

#include <stdbool.h>
#include <stdint.h>

struct sip_alarm {
    struct sip_alarm *previous, *next;
    void *owner;
    int64_t at_ns;
    uint8_t lane; /* 1 + index of its list; 0: not set */
    uint8_t what; /* for the owner */
};

enum { SIP_LANES_MAX = 40 };

struct sip_clock {
    uint32_t count;
    struct sip_lane {
        int64_t length_ns;
        struct sip_alarm *first, *last;
    } lanes[SIP_LANES_MAX];
};

/* Sets an alarm to length_ns from now on, stopping it first if it is set. Time never goes back between calls. */
void sip_alarm_set(struct sip_clock *clock, struct sip_alarm *alarm, int64_t now_ns, int64_t length_ns);

/* Nothing happens to an alarm that is not set. */
void sip_alarm_stop(struct sip_clock *clock, struct sip_alarm *alarm);

/* When the first alarm ends; INT64_MAX when none is set. */
int64_t sip_clock_next_ns(const struct sip_clock *clock);

/* The first alarm that has ended by now_ns, stopped; NULL when there is none. Of alarms with the same time that of the
 * length first used comes first, and of one length that set first. */
struct sip_alarm *sip_clock_due(struct sip_clock *clock, int64_t now_ns);

#endif
