/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/tap.h"
#include "sim/base/check.h"

void tap_chain_add(struct tap_chain *chain, const struct sim_tap *tap)
{
    check(chain->count < TAP_CHAIN_MAX);
    chain->taps[chain->count++] = *tap;
}

static void pass_packet(void *context, const struct sim_packet *packet)
{
    const struct tap_chain *chain = context;

    for (int i = 0; i < chain->count; i++)
        if (chain->taps[i].packet)
            chain->taps[i].packet(chain->taps[i].context, packet);
}

static void pass_message(void *context, const struct sim_message *message)
{
    const struct tap_chain *chain = context;

    for (int i = 0; i < chain->count; i++)
        if (chain->taps[i].message)
            chain->taps[i].message(chain->taps[i].context, message);
}

static void pass_secret(void *context, struct span keylog_line)
{
    const struct tap_chain *chain = context;

    for (int i = 0; i < chain->count; i++)
        if (chain->taps[i].secret)
            chain->taps[i].secret(chain->taps[i].context, keylog_line);
}

static void pass_association(void *context, struct span line)
{
    const struct tap_chain *chain = context;

    for (int i = 0; i < chain->count; i++)
        if (chain->taps[i].association)
            chain->taps[i].association(chain->taps[i].context, line);
}

static void pass_event(void *context, int64_t at_ns, struct span line)
{
    const struct tap_chain *chain = context;

    for (int i = 0; i < chain->count; i++)
        if (chain->taps[i].event)
            chain->taps[i].event(chain->taps[i].context, at_ns, line);
}

struct sim_tap tap_chain_tap(struct tap_chain *chain)
{
    struct sim_tap tap = {.context = chain};

    for (int i = 0; i < chain->count; i++) {
        const struct sim_tap *each = &chain->taps[i];

        tap.wants_bytes |= each->wants_bytes;
        tap.packet = each->packet ? pass_packet : tap.packet;
        tap.message = each->message ? pass_message : tap.message;
        tap.secret = each->secret ? pass_secret : tap.secret;
        tap.association = each->association ? pass_association : tap.association;
        tap.event = each->event ? pass_event : tap.event;
    }
    return tap;
}
