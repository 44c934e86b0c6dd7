/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/threat_closed.h"

enum { CUT = 100 /* bytes that are cut off a record or packet */ };

static struct mallory_object copy_of(const struct sim_unit *unit)
{
    struct mallory_object copy = {NULL, 0};

    mallory_object_add(&copy, unit->bytes);
    return copy;
}

static bool put_closed(struct threat_attacker *attacker, struct mallory_object *copy, struct sim_onward *onward)
{
    sim_onward_put(onward, (struct span){(const char *)copy->bytes, copy->size});
    mallory_object_free(copy);
    attacker->attempts++;
    return true;
}

bool threat_closed_change_bit(struct threat_attacker *attacker, const struct sim_unit *unit, struct sim_onward *onward)
{
    struct mallory_object copy = copy_of(unit);

    copy.bytes[copy.size / 2] ^= 1;
    return put_closed(attacker, &copy, onward);
}

/* A record's own length is made to fit. */
bool threat_closed_truncate(struct threat_attacker *attacker, const struct sim_unit *unit, struct sim_onward *onward)
{
    struct mallory_object copy = copy_of(unit);

    copy.size -= CUT;
    if (unit->kind == SIM_UNIT_TLS) {
        copy.bytes[3] = (uint8_t)((copy.size - 5) >> 8);
        copy.bytes[4] = (uint8_t)(copy.size - 5);
    }
    return put_closed(attacker, &copy, onward);
}

bool threat_closed_drop(struct threat_attacker *attacker, const struct sim_unit *unit, struct sim_onward *onward)
{
    (void)unit;
    (void)onward;
    attacker->attempts++;
    return true;
}

bool threat_closed_hold(struct threat_attacker *attacker, const struct sim_unit *unit, struct sim_onward *onward)
{
    (void)onward;
    attacker->held = copy_of(unit);
    attacker->held_flow = unit->flow;
    attacker->attempts++;
    return true;
}

/* What was held goes on behind the next. */
void threat_closed_release(struct threat_attacker *attacker, const struct sim_unit *unit, struct sim_onward *onward)
{
    sim_onward_put(onward, unit->bytes);
    sim_onward_put(onward, (struct span){(const char *)attacker->held.bytes, attacker->held.size});
    mallory_object_free(&attacker->held);
}

bool threat_closed_replay(struct threat_attacker *attacker, const struct sim_unit *unit, struct sim_onward *onward)
{
    (void)unit;
    if (!attacker->record || attacker->record->closed.size == 0)
        return false;
    struct mallory_object copy = {NULL, 0};

    mallory_object_add(&copy,
                       (struct span){(const char *)attacker->record->closed.bytes, attacker->record->closed.size});
    return put_closed(attacker, &copy, onward);
}
