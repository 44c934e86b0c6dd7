/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/sip_alarm.h"
#include "sim/base/check.h"

#include <stddef.h>

static uint32_t lane_of(struct sip_clock *clock, int64_t length_ns)
{
    uint32_t i = 0;

    while (i < clock->count && clock->lanes[i].length_ns != length_ns)
        i++;
    if (i == clock->count) {
        check(i < SIP_LANES_MAX);
        clock->lanes[i] = (struct sip_lane){.length_ns = length_ns};
        clock->count++;
    }
    return i;
}

void sip_alarm_set(struct sip_clock *clock, struct sip_alarm *alarm, int64_t now_ns, int64_t length_ns)
{
    check(length_ns > 0 && now_ns <= INT64_MAX - length_ns);
    sip_alarm_stop(clock, alarm);
    uint32_t index = lane_of(clock, length_ns);
    struct sip_lane *lane = &clock->lanes[index];

    alarm->at_ns = now_ns + length_ns;
    check(!lane->last || lane->last->at_ns <= alarm->at_ns);
    alarm->lane = (uint8_t)(index + 1);
    alarm->previous = lane->last;
    alarm->next = NULL;
    if (lane->last)
        lane->last->next = alarm;
    else
        lane->first = alarm;
    lane->last = alarm;
}

void sip_alarm_stop(struct sip_clock *clock, struct sip_alarm *alarm)
{
    if (alarm->lane == 0)
        return;
    struct sip_lane *lane = &clock->lanes[alarm->lane - 1];

    if (alarm->previous)
        alarm->previous->next = alarm->next;
    else
        lane->first = alarm->next;
    if (alarm->next)
        alarm->next->previous = alarm->previous;
    else
        lane->last = alarm->previous;
    alarm->lane = 0;
}

static struct sip_alarm *clock_first(const struct sip_clock *clock)
{
    struct sip_alarm *first = NULL;

    for (uint32_t i = 0; i < clock->count; i++) {
        struct sip_alarm *alarm = clock->lanes[i].first;

        if (alarm && (!first || alarm->at_ns < first->at_ns))
            first = alarm;
    }
    return first;
}

int64_t sip_clock_next_ns(const struct sip_clock *clock)
{
    const struct sip_alarm *first = clock_first(clock);

    return first ? first->at_ns : INT64_MAX;
}

struct sip_alarm *sip_clock_due(struct sip_clock *clock, int64_t now_ns)
{
    struct sip_alarm *first = clock_first(clock);

    if (!first || first->at_ns > now_ns)
        return NULL;
    sip_alarm_stop(clock, first);
    return first;
}
