/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/msrp_hop.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

enum { REPORT_SIZE = 20480 };

/* RFC 4975 section 7.1.1, which RFC 4976 section 6 asks of relays, too. */
static const int64_t answer_timeout_ns = 30 * SECOND;

/* What a SEND's origin is when its connection is gone, and the memory of it with that. */
static const struct msrp_origin nobody = {.wish = MSRP_WISH_NO};

/* The REPORT of a SEND that came to nothing (RFC 4976 section 6), back to where it came from, if that is still there.
 */
static void msrp_hop_tell(struct msrp_hop *relay, const struct msrp_passed *passed, int status)
{
    struct msrp_hop_leg *from = passed->from;
    struct msrp_head send = msrp_passed_head(passed);
    char text[REPORT_SIZE];
    struct sink report = SINK(text);

    if (from && from->stream && msrp_relay_report(relay->msrp, &send, status, &report) && !report.overflow)
        msrp_hop_say(from, sink_written(&report));
}

static void msrp_hop_arm(struct msrp_hop *relay)
{
    int64_t wake_ns = INT64_MAX;

    for (int i = 0; i < MSRP_HOP_LEGS_MAX; i++) {
        int64_t own_ns = relay->legs[i].arena ? msrp_pending_wake_ns(&relay->legs[i].pending) : INT64_MAX;

        wake_ns = own_ns < wake_ns ? own_ns : wake_ns;
    }
    relay->timer.at_ns = wake_ns;
}

static struct msrp_passed passed_of(struct msrp_hop_leg *from, const struct transit *transit)
{
    struct msrp_passed passed = {.deadline_ns = loop_now_ns() + answer_timeout_ns,
                                 .origin = transit->origin,
                                 .from = from,
                                 .has_range = transit->has_range,
                                 .range = transit->range};

    check(transit->transaction_id_size == MSRP_IDENT_SIZE);
    memcpy(passed.transaction_id, transit->transaction_id, MSRP_IDENT_SIZE);
    return passed;
}

void msrp_hop_passed(struct msrp_hop_leg *from, struct msrp_hop_leg *out, const struct transit *transit)
{
    if (!transit->origin || transit->is_told || transit->origin->wish == MSRP_WISH_NO)
        return;
    struct msrp_passed passed = passed_of(from, transit);

    msrp_pending_add(&out->pending, out->arena, &passed);
    msrp_hop_arm(out->relay);
}

/* The SEND that is being passed out on a leg, under the ID it has there. */
static struct transit *transit_under_way(struct msrp_hop_leg *out, struct span transaction_id,
                                         struct msrp_hop_leg **from)
{
    struct msrp_hop *relay = out->relay;

    for (int i = 0; i < MSRP_HOP_LEGS_MAX; i++) {
        struct transit *transit = relay->legs[i].arena ? relay->legs[i].first : NULL;

        *from = &relay->legs[i];
        if (transit && transit->is_begun && transit->origin && transit->to == out &&
            span_equal((struct span){transit->transaction_id, transit->transaction_id_size}, transaction_id))
            return transit;
    }
    return NULL;
}

void msrp_hop_answered_by(struct msrp_hop_leg *out, const struct msrp_head *response)
{
    struct msrp_hop *relay = out->relay;
    struct msrp_hop_leg *from;
    struct msrp_passed passed;

    if (msrp_pending_answered(&out->pending, response->transaction_id, &passed)) {
        msrp_hop_arm(relay);
        if (response->status != 200)
            msrp_hop_tell(relay, &passed, response->status);
        return;
    }
    /* A next hop that refuses a chunk before it has come whole: its sender may still cut it off. */
    struct transit *transit = response->status == 200 ? NULL : transit_under_way(out, response->transaction_id, &from);

    if (!transit || transit->is_told)
        return;
    transit->is_told = true;
    passed = passed_of(from, transit);
    msrp_hop_tell(relay, &passed, response->status);
}

static void msrp_hop_wake(void *context)
{
    struct msrp_hop *relay = context;
    int64_t now_ns = loop_now_ns();
    struct msrp_passed passed;

    for (int i = 0; i < MSRP_HOP_LEGS_MAX; i++)
        while (relay->legs[i].arena && msrp_pending_expired(&relay->legs[i].pending, now_ns, &passed))
            /* Where only errors are answered, silence is success. */
            if (passed.origin->wish == MSRP_WISH_YES)
                msrp_hop_tell(relay, &passed, 408);
    msrp_hop_arm(relay);
    msrp_hop_pump_all(relay);
}

void msrp_hop_watch_next_hops(struct msrp_hop *relay)
{
    relay->timer = (struct loop_timer){.context = relay, .ring = msrp_hop_wake};
    check(loop_add_timer(&relay->node->loop, &relay->timer));
}

void msrp_hop_lose(struct msrp_hop_leg *from, struct transit *transit)
{
    if (transit->origin && !transit->is_told) {
        struct msrp_passed passed = passed_of(from, transit);

        transit->is_told = true;
        msrp_hop_tell(from->relay, &passed, 408);
    }
    /* Its bytes are let go of when those before it have gone on; a next message's release covers them. */
    transit->to = NULL;
    if (transit == from->first)
        rope_release(&from->body, transit->body_end);
}

void msrp_hop_forget(struct msrp_hop_leg *gone)
{
    struct msrp_hop *relay = gone->relay;
    struct msrp_passed passed;

    while (msrp_pending_expired(&gone->pending, INT64_MAX, &passed))
        msrp_hop_tell(relay, &passed, 408);
    for (int i = 0; i < MSRP_HOP_LEGS_MAX; i++) {
        struct msrp_hop_leg *leg = &relay->legs[i];

        if (!leg->arena || leg == gone)
            continue;
        for (uint64_t at = leg->pending.first; at != leg->pending.next; at++) {
            struct msrp_passed *entry = &leg->pending.ring[at & (leg->pending.capacity - 1)];

            if (entry->from == gone) {
                entry->from = NULL;
                entry->origin = &nobody;
            }
        }
        if (leg->writer == gone)
            leg->writer = NULL;
    }
    msrp_hop_arm(relay);
}
