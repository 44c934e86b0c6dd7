/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A relay may cut chunks again (RFC 4976 section 6, RFC 4975 section 5.1): each piece is a SEND with a transaction of
 * its own and the bytes of the message that it holds, and all but the last end with '+'.
 */
#include "sim/ims/relay_state.h"

/* The piece that begins at start: range and transaction ID of the head that is passed on become its own. */
static void relay_cut_head(struct transit *transit, uint64_t start)
{
    uint64_t size = transit->from->relay->world->scenario->relay_chunk_bytes;
    struct msrp_byte_range *range = &transit->range;
    char text[RELAY_TEXT_SIZE];
    struct sink sink = SINK(text);
    struct msrp_head head;
    size_t head_size;
    enum err error = msrp_parse_head((struct span){transit->head, transit->head_size}, &head, &head_size);

    check(error == ERR_OK && head.has_range);
    range->start = start;
    range->end = start + size - 1;
    if (range->end > transit->range_end)
        range->end = transit->range_end;
    head.range = *range;
    head.transaction_id = (struct span){transit->transaction_id, transit->transaction_id_size};
    msrp_write_head(&head, &sink);
    check(!sink.overflow);
    memcpy(transit->head, sink.data, sink.size);
    transit->head_size = sink.size;
    transit->cut_left = size;
}

void relay_cut_first(struct transit *transit)
{
    uint64_t size = transit->from->relay->world->scenario->relay_chunk_bytes;
    const struct msrp_byte_range *range = &transit->range;

    if (size == 0 || !transit->has_body || !transit->has_range || transit->to == ROLE_COUNT)
        return;
    /* Where the chunk ends as far as its head says; it may end before. */
    transit->range_end = range->end != MSRP_RANGE_STAR ? range->end : range->total;
    transit->is_cut = true;
    relay_cut_head(transit, range->start);
}

void relay_cut_next(struct relay_leg *out, struct transit *transit, const struct msrp_writer *writer)
{
    struct sink id = SINK(transit->transaction_id);
    uint64_t size = out->relay->world->scenario->relay_chunk_bytes;

    relay_pass_end(transit, '+', writer);
    relay_passed(out, transit);
    msrp_relay_transaction_id(out->relay->msrp, &id);
    check(!id.overflow && id.size == transit->transaction_id_size);
    relay_cut_head(transit, transit->range.start + size);
    writer->bytes(writer->context, transit->head, transit->head_size, transit->acknowledges);
}
