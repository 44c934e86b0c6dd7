/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flow_msrp.c - which request an MSRP response answers: it names no method, but the transaction (RFC 4975 section 7.2).
 */
#include "traces/flow_state.h"

#include <stdlib.h>

static uint64_t transaction_key(const struct trace_message *message, const struct endpoint *from,
                                const struct endpoint *to)
{
    uint64_t ends = flow_mix(endpoint_hash(from), endpoint_hash(to));

    return flow_mix(flow_mix_text(ends, message->transaction), message->tap);
}

static void name_response(struct flow *flow, const struct flow_index *requests, size_t i)
{
    struct trace_message *response = &flow->messages[i];
    uint64_t key = transaction_key(response, &response->to, &response->from);
    size_t at = flow_index_next(requests, key, SIZE_MAX);
    char text[64];
    struct sink sink = SINK(text);

    if (at == SIZE_MAX || flow->messages[at].transaction != response->transaction ||
        strcmp(flow->messages[at].kind, "SEND") == 0)
        return;
    sink_format(&sink, "%.40s/%d", flow->messages[at].kind, response->status);
    const char *kept = trace_text((struct trace *)flow->trace, sink_written(&sink));

    response->kind = kept ? kept : response->kind;
}

void flow_name_responses(struct flow *flow)
{
    struct flow_index requests = {0};
    bool has_memory = flow_index_init(&requests, flow->trace->count);

    for (size_t i = 0; i < flow->trace->count && has_memory; i++) {
        const struct trace_message *message = &flow->messages[i];

        if (message->protocol != TRACE_MSRP)
            continue;
        if (message->is_request)
            flow_index_add(&requests, transaction_key(message, &message->from, &message->to), i);
        else
            name_response(flow, &requests, i);
    }
    flow_index_free(&requests);
}
