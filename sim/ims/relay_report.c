/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/relay_state.h"
#include "sim/base/units.h"

enum { REPORT_SIZE = 2048 };

/* RFC 4975 section 7.1.1, which RFC 4976 section 6 asks of relays, too. */
static const int64_t answer_timeout_ns = 30 * SECOND;

static bool is_gone(const struct relay_leg *leg)
{
    return leg->has_finished || channel_is_dead(leg->leg->channel);
}

/* The REPORT of a SEND that came to nothing (RFC 4976 section 6), back to where it came from. False: its sender wants
 * one but is gone. */
static bool relay_tell(struct relay *relay, const struct msrp_passed *passed, int status, const struct cause *cause)
{
    struct relay_leg *from = passed->from;
    struct msrp_head send = msrp_passed_head(passed);
    char text[REPORT_SIZE];
    struct sink report = SINK(text);

    if (!msrp_relay_report(relay->msrp, &send, status, &report))
        return true;
    if (is_gone(from))
        return false;
    /* A path too long for a REPORT is that of nobody in a trial. */
    check(!report.overflow);
    from->leg->cause = cause_feedback(cause);
    leg_write_text(from->leg, sink_written(&report), true);
    return true;
}

/* ---- Answers of next hops ---- */

static void relay_arm(struct relay *relay)
{
    int64_t wake_ns = INT64_MAX;

    for (uint32_t i = 0; i < relay->leg_count; i++) {
        int64_t own_ns = msrp_pending_wake_ns(&relay->legs[i].pending);

        wake_ns = own_ns < wake_ns ? own_ns : wake_ns;
    }
    if (wake_ns == INT64_MAX)
        timer_cancel(&relay->timer);
    else
        timer_arm(&relay->timer, wake_ns);
}

static struct msrp_passed passed_of(const struct transit *transit)
{
    struct msrp_passed passed = {.deadline_ns = world_now(transit->from->relay->world) + answer_timeout_ns,
                                 .origin = transit->origin,
                                 .from = transit->from,
                                 .has_range = transit->has_range,
                                 .range = transit->range};

    check(transit->transaction_id_size == MSRP_IDENT_SIZE);
    memcpy(passed.transaction_id, transit->transaction_id, MSRP_IDENT_SIZE);
    return passed;
}

void relay_passed(struct relay_leg *out, const struct transit *transit)
{
    struct relay *relay = out->relay;

    if (!transit->origin || transit->is_told || transit->origin->wish == MSRP_WISH_NO)
        return;
    struct msrp_passed passed = passed_of(transit);

    msrp_pending_add(&out->pending, relay->world->arena, &passed);
    relay_arm(relay);
}

/* The SEND that is being passed out on a leg, under the ID it has there. */
static struct transit *transit_under_way(const struct relay_leg *out, struct span transaction_id)
{
    struct relay *relay = out->relay;

    for (uint32_t i = 0; i < relay->leg_count; i++) {
        struct transit *transit = relay->legs[i].first;

        if (transit && transit->is_begun && transit->origin && transit->to == channel_peer(out->leg->channel) &&
            span_equal((struct span){transit->transaction_id, transit->transaction_id_size}, transaction_id))
            return transit;
    }
    return NULL;
}

void relay_answered_by(struct relay_leg *out, const struct msrp_head *response, const struct cause *cause)
{
    struct relay *relay = out->relay;
    struct msrp_passed passed;

    if (msrp_pending_answered(&out->pending, response->transaction_id, &passed)) {
        relay_arm(relay);
        if (response->status != 200)
            (void)relay_tell(relay, &passed, response->status, cause);
        return;
    }
    /* A next hop that refuses a chunk before it has come whole: its sender may still cut it off. */
    struct transit *transit = response->status == 200 ? NULL : transit_under_way(out, response->transaction_id);

    if (!transit || transit->is_told)
        return;
    transit->is_told = true;
    passed = passed_of(transit);
    (void)relay_tell(relay, &passed, response->status, cause);
}

static void relay_wake(struct engine *engine, void *context)
{
    struct relay *relay = context;
    struct msrp_passed passed;

    for (uint32_t i = 0; i < relay->leg_count; i++)
        while (msrp_pending_expired(&relay->legs[i].pending, engine->now_ns, &passed))
            /* Where only errors are answered, silence is success. */
            if (passed.origin->wish == MSRP_WISH_YES)
                (void)relay_tell(relay, &passed, 408, &relay->legs[i].leg->cause);
    relay_arm(relay);
}

void relay_watch_next_hops(struct relay *relay)
{
    timer_init(&relay->timer, relay->world->engine, relay, relay_wake);
}

/* ---- Connections that break ---- */

/* Nobody is left to be told, so nobody can send it again. */
static void relay_tell_or_fail(struct relay *relay, const struct msrp_passed *passed, const struct cause *cause)
{
    if (!relay_tell(relay, passed, 408, cause))
        world_fail(relay->world, OUTCOME_TRANSFER_FAILED);
}

void relay_lose(struct transit *transit, const struct cause *cause)
{
    struct relay_leg *from = transit->from;

    if (transit->origin && !transit->is_told) {
        struct msrp_passed passed = passed_of(transit);

        transit->is_told = true;
        relay_tell_or_fail(from->relay, &passed, cause);
    }
    rope_release(&from->body, transit->body_end);
    transit->to = ROLE_COUNT;
}

void relay_broken(struct relay_leg *own, const struct cause *cause)
{
    struct relay *relay = own->relay;
    struct msrp_passed passed;

    while (msrp_pending_expired(&own->pending, INT64_MAX, &passed))
        relay_tell_or_fail(relay, &passed, cause);
    relay_arm(relay);
    relay_pump_all(relay, cause);
}
