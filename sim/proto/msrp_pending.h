/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * msrp_pending.h - the SENDs that a relay has passed to one next hop and that this hop has not answered (RFC 4976
 * section 6): when each is given up, and what a REPORT about it says.
 */
#ifndef SIM_PROTO_MSRP_PENDING_H
#define SIM_PROTO_MSRP_PENDING_H

#include "sim/base/arena.h"
#include "sim/proto/msrp_ident.h"
#include "sim/wire/msrp.h"

/* What Failure-Report asks for (RFC 4975 section 7.1): every response, errors alone, or nothing. */
enum msrp_wish { MSRP_WISH_YES, MSRP_WISH_PARTIAL, MSRP_WISH_NO };

enum msrp_wish msrp_wish_of(struct span failure_report);

/* Whether a request of that wish is answered with status. */
static inline bool msrp_wish_answers(enum msrp_wish wish, int status)
{
    return wish == MSRP_WISH_YES || (wish == MSRP_WISH_PARTIAL && status != 200);
}

/* Where a SEND came from: the headers that all SENDs of a message share. They last as long as the arena. */
struct msrp_origin {
    enum msrp_wish wish;
    struct span to_path, from_path, message_id, failure_report;
};

/* The origin of a SEND: the one that last holds, if it is the same, else a new one. */
const struct msrp_origin *msrp_origin_keep(struct arena *arena, const struct msrp_origin *last,
                                           const struct msrp_head *send);

struct msrp_passed {
    char transaction_id[MSRP_IDENT_SIZE]; /* at the next hop */
    int64_t deadline_ns;
    const struct msrp_origin *origin;
    void *from; /* the owner's: where it came from */
    bool has_range;
    struct msrp_byte_range range;
};

/* The head of the SEND as far as msrp_relay_report looks at it. */
struct msrp_head msrp_passed_head(const struct msrp_passed *passed);

/* In the order of passing, which is that of deadlines. Zero before the first. */
struct msrp_pending {
    struct msrp_passed *ring; /* capacity is 0 or a power of two */
    uint64_t capacity, first, next;
};

void msrp_pending_add(struct msrp_pending *pending, struct arena *arena, const struct msrp_passed *passed);

/* The SEND that a response with this ID answers: it is no longer pending. False: none. */
bool msrp_pending_answered(struct msrp_pending *pending, struct span transaction_id, struct msrp_passed *passed);

/* When the first is given up; INT64_MAX: none is pending. */
int64_t msrp_pending_wake_ns(const struct msrp_pending *pending);

/* The first SEND whose deadline is not after until_ns: it is no longer pending. False: none. */
bool msrp_pending_expired(struct msrp_pending *pending, int64_t until_ns, struct msrp_passed *passed);

#endif
