/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/sip.h"
#include "sim/base/units.h"
#include "sim/wire/sip.h"

#include <assert.h>

static_assert((int)SIP_HEAD_MAX == (int)SIP_HEAD_SIZE_MAX, "elements and codec agree on the longest head");

const struct sip_timers sip_timers_core = {.t1_ns = 500 * MS, .t2_ns = 4 * SECOND, .t4_ns = 5 * SECOND};
const struct sip_timers sip_timers_gm = {.t1_ns = 2 * SECOND, .t2_ns = 16 * SECOND, .t4_ns = 17 * SECOND};

enum err sip_kind(struct span head, struct sink *kind)
{
    struct sip_message message;
    struct sip_cseq cseq;

    TRY(sip_parse(head, &message));
    if (message.is_request) {
        sink_span(kind, message.method);
        return ERR_OK;
    }
    TRY(sip_parse_cseq(sip_value(&message, SIP_HEADER_CSEQ), &cseq));
    sink_span(kind, cseq.method);
    sink_char(kind, '/');
    sink_number(kind, (uint64_t)message.status);
    return ERR_OK;
}

enum err sip_frame(struct span bytes, size_t *head_size, uint64_t *body_size)
{
    struct sip_message message;
    enum err result = sip_parse(bytes, &message);

    if (result == ERR_MORE)
        return ERR_MORE;
    if (result != ERR_OK || sip_parse_number(sip_value(&message, SIP_HEADER_CONTENT_LENGTH), body_size) != ERR_OK)
        return ERR_SYNTAX;
    *head_size = message.size;
    return ERR_OK;
}
