/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/threat_message.h"
#include "sim/wire/http.h"
#include "sim/wire/rcs_link.h"
#include "sim/wire/sip.h"

#include <stdlib.h>

enum { HEAD_ROOM = 4096 /* what a head can grow by */ };

static bool is_type(struct span type, const char *wanted)
{
    struct span name = {type.data, span_find_byte(type, ';')};

    return span_equal_nocase(span_trim(name), span_of(wanted));
}

/* What the body is, by its type. */
static void judge(struct threat_message *message)
{
    bool is_octets = is_type(message->content_type, "application/octet-stream");
    bool is_sealed = is_type(message->content_type, "application/pkcs7-mime") ||
                     is_type(message->content_type, "application/x-sealed-pieces");

    message->has_file = is_octets || is_sealed;
    message->has_sdp = is_type(message->content_type, "application/sdp");
    message->has_link = is_type(message->content_type, RCS_LINK_TYPE);
    message->has_certificate = is_type(message->content_type, "application/pkix-cert");
}

/* ---- Reading ---- */

static bool read_msrp(struct span text, struct threat_message *message)
{
    struct msrp_head head;
    size_t size;

    if (msrp_parse_head(text, &head, &size) != ERR_OK || !head.is_request || !head.has_body)
        return false;
    size_t end = 2 + 7 + head.transaction_id.size + 1 + 2;

    if (text.size < size + end)
        return false;
    message->head = (struct span){text.data, size};
    message->body = (struct span){text.data + size, text.size - size - end};
    message->content_type = head.content_type;
    if (head.has_range)
        message->range = head.range;
    return true;
}

/* "File-Part: 00000001/00000040" of a file in MESSAGEs. */
static void read_part(struct threat_message *message)
{
    struct span text = span_after(message->head, span_find(message->head, SPAN("\r\nFile-Part: ")));

    if (text.size == 0 || span_cut_literal(&text, SPAN("\r\nFile-Part: ")) != ERR_OK ||
        span_cut_number(&text, &message->part) != ERR_OK || span_cut_literal(&text, SPAN("/")) != ERR_OK ||
        span_cut_number(&text, &message->parts) != ERR_OK)
        message->part = message->parts = 1;
    message->range = (struct msrp_byte_range){1, MSRP_RANGE_STAR, MSRP_RANGE_STAR};
}

static bool read_sip(struct span text, struct threat_message *message)
{
    struct sip_message sip;

    if (sip_parse(text, &sip) != ERR_OK || sip.size >= text.size)
        return false;
    message->head = (struct span){text.data, sip.size};
    message->body = span_after(text, sip.size);
    message->content_type = sip_value(&sip, SIP_HEADER_CONTENT_TYPE);
    read_part(message);
    return true;
}

static bool read_http(struct span text, struct threat_message *message)
{
    struct http_head head;
    size_t size;

    if (http_parse_head(text, &head, &size) != ERR_OK || size >= text.size)
        return false;
    message->head = (struct span){text.data, size};
    message->body = span_after(text, size);
    message->content_type = head.content_type;
    return true;
}

/* ---- Writing ---- */

static void write_msrp(const struct threat_message *message, struct span body, struct span type, struct sink *sink)
{
    struct msrp_head head;
    size_t size;
    bool is_whole = message->range.start == 1 && (message->range.total == message->body.size);
    struct span unit = message->unit->bytes;

    if (msrp_parse_head(unit, &head, &size) != ERR_OK)
        return;
    head.content_type = type;
    if (is_whole)
        head.range = (struct msrp_byte_range){1, body.size, body.size};
    msrp_write_head(&head, sink);
    sink_span(sink, body);
    sink_text(sink, "\r\n");
    msrp_write_end(head.transaction_id, unit.data[unit.size - 3], sink);
}

static void write_sip(const struct threat_message *message, struct span body, struct span type, struct sink *sink)
{
    struct sip_message sip;

    if (sip_parse(message->unit->bytes, &sip) != ERR_OK)
        return;
    sink_span(sink, sip.start);
    for (size_t i = 0; i < sip.count; i++) {
        if (sip.lines[i].header == SIP_HEADER_CONTENT_TYPE)
            sip_write_line(sink, "Content-Type", type);
        else if (sip.lines[i].header != SIP_HEADER_CONTENT_LENGTH)
            sink_span(sink, sip.lines[i].whole);
    }
    sip_write_end(sink, body.size);
    sink_span(sink, body);
}

static void write_http(const struct threat_message *message, struct span body, struct span type, struct sink *sink)
{
    struct http_head head;
    size_t size;

    if (http_parse_head(message->unit->bytes, &head, &size) != ERR_OK)
        return;
    head.content_type = type;
    head.length = body.size;
    http_write_head(&head, sink);
    sink_span(sink, body);
}

/* ---- Kinds ---- */

static const struct kind_row {
    bool (*read)(struct span text, struct threat_message *message);
    void (*write)(const struct threat_message *message, struct span body, struct span type, struct sink *sink);
} kinds[SIM_UNIT_KIND_COUNT] = {
    [SIM_UNIT_SIP] = {read_sip, write_sip},
    [SIM_UNIT_MSRP] = {read_msrp, write_msrp},
    [SIM_UNIT_HTTP] = {read_http, write_http},
};

bool threat_message_read(const struct sim_unit *unit, struct threat_message *message)
{
    const struct kind_row *row = &kinds[unit->kind];

    *message = (struct threat_message){.unit = unit, .part = 1, .parts = 1};
    message->range = (struct msrp_byte_range){1, MSRP_RANGE_STAR, MSRP_RANGE_STAR};
    if (!row->read || !row->read(unit->bytes, message))
        return false;
    if (message->range.total == MSRP_RANGE_STAR && message->parts == 1)
        message->range.total = message->body.size;
    judge(message);
    return true;
}

enum err threat_message_put(const struct threat_message *message, struct span body, const char *type,
                            struct sim_onward *onward)
{
    size_t room = message->unit->bytes.size + body.size + HEAD_ROOM;
    struct sink sink = {.data = malloc(room), .capacity = room};

    if (!sink.data)
        return ERR_FULL;
    kinds[message->unit->kind].write(message, body, type ? span_of(type) : message->content_type, &sink);
    if (!sink.overflow)
        sim_onward_put(onward, sink_written(&sink));
    free(sink.data);
    return ERR_OK;
}
