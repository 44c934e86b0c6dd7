/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/sip_parts.h"
#include "sim/base/check.h"
#include "sim/base/sink.h"

enum { PART_DIGITS = 8, ROUNDS = 4 };

struct sip_ua_message sip_parts_message(struct sip_parts *parts, uint64_t part)
{
    check(part >= 1 && part <= parts->count);
    uint64_t from = (part - 1) * parts->part_bytes, left = parts->file.length - from;
    struct sink header = SINK(parts->header);

    sink_format(&header, "File-Part: %0*llu/%0*llu\r\n", PART_DIGITS, (unsigned long long)part, PART_DIGITS,
                (unsigned long long)parts->count);
    check(!header.overflow);
    return (struct sip_ua_message){
        .target = parts->target,
        .content_type = parts->content_type,
        .headers = sink_written(&header),
        .body = {parts->file.source, parts->file.offset + from, left < parts->part_bytes ? left : parts->part_bytes}};
}

/* The head's length depends on the body's only through the digits of Content-Length: a few rounds find both. */
enum err sip_parts_fit(struct sip_parts *parts, struct sip_ua *ua, uint64_t limit_bytes, const char *limit_name,
                       struct note *note)
{
    uint64_t body = limit_bytes, whole = parts->file.length;

    parts->count = 1;
    for (int round = 0; round < ROUNDS; round++) {
        struct sip_ua_message message = sip_parts_message(parts, 1);

        message.body.length = body;
        size_t head = sip_ua_message_head_size(ua, &message);

        if (head >= limit_bytes)
            return note_set(note, ERR_RANGE, "%s = %lluB leaves no room for a body: the headers alone take %zu bytes",
                            limit_name, (unsigned long long)limit_bytes, head);
        body = limit_bytes - head;
    }
    uint64_t count = whole == 0 ? 1 : (whole + body - 1) / body;

    if (count > SIP_PARTS_MAX)
        return note_set(note, ERR_RANGE, "%s = %lluB: the file takes %llu MESSAGEs, expected at most %d", limit_name,
                        (unsigned long long)limit_bytes, (unsigned long long)count, SIP_PARTS_MAX);
    parts->part_bytes = body;
    parts->count = count;
    return ERR_OK;
}

bool sip_parts_read(struct span head, uint64_t *part, uint64_t *count)
{
    struct span text = span_after(head, span_find(head, SPAN("\r\nFile-Part: ")));

    return text.size > 0 && span_cut_literal(&text, SPAN("\r\nFile-Part: ")) == ERR_OK &&
           span_cut_number(&text, part) == ERR_OK && span_cut_literal(&text, SPAN("/")) == ERR_OK &&
           span_cut_number(&text, count) == ERR_OK && span_starts(text, SPAN("\r\n")) && *part >= 1 && *part <= *count;
}
