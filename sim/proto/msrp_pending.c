/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/msrp_pending.h"
#include "sim/base/check.h"

enum { PENDING_FIRST = 64 };

#define ANSWERED INT64_MIN /* in the place of a deadline */

enum msrp_wish msrp_wish_of(struct span failure_report)
{
    if (failure_report.size == 0)
        return MSRP_WISH_YES;
    if (span_equal_nocase(failure_report, SPAN("no")))
        return MSRP_WISH_NO;
    return span_equal_nocase(failure_report, SPAN("partial")) ? MSRP_WISH_PARTIAL : MSRP_WISH_YES;
}

static struct span keep_text(struct arena *arena, struct span text)
{
    char *copy = arena_alloc(arena, text.size + 1);

    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    return (struct span){copy, text.size};
}

const struct msrp_origin *msrp_origin_keep(struct arena *arena, const struct msrp_origin *last,
                                           const struct msrp_head *send)
{
    if (last && span_equal(last->message_id, send->message_id) && span_equal(last->from_path, send->from_path) &&
        span_equal(last->to_path, send->to_path) && span_equal(last->failure_report, send->failure_report))
        return last;
    struct msrp_origin *origin = arena_alloc(arena, sizeof(*origin));

    *origin = (struct msrp_origin){.wish = msrp_wish_of(send->failure_report),
                                   .to_path = keep_text(arena, send->to_path),
                                   .from_path = keep_text(arena, send->from_path),
                                   .message_id = keep_text(arena, send->message_id),
                                   .failure_report = keep_text(arena, send->failure_report)};
    return origin;
}

struct msrp_head msrp_passed_head(const struct msrp_passed *passed)
{
    return (struct msrp_head){.is_request = true,
                              .method = SPAN("SEND"),
                              .to_path = passed->origin->to_path,
                              .from_path = passed->origin->from_path,
                              .message_id = passed->origin->message_id,
                              .failure_report = passed->origin->failure_report,
                              .has_range = passed->has_range,
                              .range = passed->range};
}

static struct msrp_passed *passed_at(const struct msrp_pending *pending, uint64_t index)
{
    return &pending->ring[index & (pending->capacity - 1)];
}

static void grow(struct msrp_pending *pending, struct arena *arena)
{
    uint64_t capacity = pending->capacity ? 2 * pending->capacity : PENDING_FIRST;
    struct msrp_passed *ring = arena_alloc(arena, capacity * sizeof(*ring));

    for (uint64_t i = pending->first; i != pending->next; i++)
        ring[i & (capacity - 1)] = *passed_at(pending, i);
    pending->ring = ring;
    pending->capacity = capacity;
}

void msrp_pending_add(struct msrp_pending *pending, struct arena *arena, const struct msrp_passed *passed)
{
    if (pending->next - pending->first == pending->capacity)
        grow(pending, arena);
    check(passed->deadline_ns != ANSWERED);
    *passed_at(pending, pending->next++) = *passed;
}

static void drop_answered(struct msrp_pending *pending)
{
    while (pending->first != pending->next && passed_at(pending, pending->first)->deadline_ns == ANSWERED)
        pending->first++;
}

/* A hop answers in the order of requests, so it is mostly the first one. */
bool msrp_pending_answered(struct msrp_pending *pending, struct span transaction_id, struct msrp_passed *passed)
{
    for (uint64_t i = pending->first; i != pending->next; i++) {
        struct msrp_passed *candidate = passed_at(pending, i);

        if (candidate->deadline_ns == ANSWERED ||
            !span_equal((struct span){candidate->transaction_id, MSRP_IDENT_SIZE}, transaction_id))
            continue;
        *passed = *candidate;
        candidate->deadline_ns = ANSWERED;
        drop_answered(pending);
        return true;
    }
    return false;
}

int64_t msrp_pending_wake_ns(const struct msrp_pending *pending)
{
    return pending->first == pending->next ? INT64_MAX : passed_at(pending, pending->first)->deadline_ns;
}

bool msrp_pending_expired(struct msrp_pending *pending, int64_t until_ns, struct msrp_passed *passed)
{
    if (pending->first == pending->next || passed_at(pending, pending->first)->deadline_ns > until_ns)
        return false;
    *passed = *passed_at(pending, pending->first++);
    drop_answered(pending);
    return true;
}
