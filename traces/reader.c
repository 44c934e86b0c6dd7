/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bytes are read where they lie as long as nothing waits; what a message is still missing the end of is copied and
 * waits. Each protocol says how much of the front it has used: ERR_MORE asks for more, ERR_SYNTAX has the reader look
 * for the next beginning.
 */
#include "traces/octets.h"
#include "traces/reader_state.h"
#include "sim/base/check.h"
#include "sim/wire/diameter.h"
#include "sim/wire/msrp.h"

#include <stdlib.h>

enum {
    GUESS_MAX = 64 << 10, /* bytes in which a protocol must show itself */
    GUESS_LEAST = 12,     /* bytes that are enough to tell one */
    SIP_SIZE_MAX = 256 << 10,
    MSRP_HEAD_MAX = 16 << 10,
    GUESS_MORE = -3
};

struct trace_message reader_message(const struct reader *reader, int protocol, const struct piece *piece)
{
    return (struct trace_message){.frame = piece->frame,
                                  .first_ns = reader->size > 0 ? reader->first_ns : piece->begin_ns,
                                  .last_ns = piece->at_ns,
                                  .tap = reader->tap,
                                  .protocol = (uint8_t)protocol,
                                  .transport = TRACE_TCP,
                                  .is_copy = piece->is_copy,
                                  .is_in_tls = reader->is_within,
                                  .fragments = 1,
                                  .from = reader->from,
                                  .to = reader->to,
                                  .method = "",
                                  .call_id = "",
                                  .branch = "",
                                  .branch_below = "",
                                  .sent_by = "",
                                  .from_tag = "",
                                  .to_tag = "",
                                  .from_uri = "",
                                  .to_uri = "",
                                  .request_uri = "",
                                  .route = "",
                                  .record_route = "",
                                  .path = "",
                                  .service_route = "",
                                  .contact = "",
                                  .origin_host = "",
                                  .public_identity = "",
                                  .transaction = "",
                                  .message_id = "",
                                  .to_path = "",
                                  .from_path = ""};
}

/* ---- SIP ---- */

/* The value of Content-Length, or of its short form "l", in a head; 0 where there is none, which a stream must not
 * leave out (RFC 3261 section 18.3). */
static uint64_t content_length(struct span head)
{
    while (head.size > 0) {
        size_t end = span_find_byte(head, '\n');
        struct span line = {head.data, end};
        size_t colon = span_find_byte(line, ':');
        struct span name = span_trim((struct span){line.data, colon});

        if (colon < line.size && ((name.size == 14 && strncasecmp(name.data, "Content-Length", 14) == 0) ||
                                  (name.size == 1 && (name.data[0] == 'l' || name.data[0] == 'L')))) {
            struct span value = span_trim(span_after(line, colon + 1));
            uint64_t number = 0;

            return span_cut_number(&value, &number) == ERR_OK ? number : 0;
        }
        head = span_after(head, end < head.size ? end + 1 : end);
    }
    return 0;
}

static enum err read_sip(struct reader *reader, struct span bytes, const struct piece *piece, size_t *used)
{
    while (*used < bytes.size && (bytes.data[*used] == '\r' || bytes.data[*used] == '\n'))
        ++*used; /* keep-alives, RFC 5626 section 3.5.1 */
    if (*used > 0)
        return ERR_OK;
    TRY(trace_find_sip(bytes));
    size_t end = span_find(bytes, SPAN("\r\n\r\n"));

    if (end == bytes.size)
        return bytes.size > SIP_SIZE_MAX ? ERR_SYNTAX : ERR_MORE;
    uint64_t body = content_length((struct span){bytes.data, end});

    if (body > SIP_SIZE_MAX)
        return ERR_SYNTAX;
    if (end + 4 + body > bytes.size)
        return ERR_MORE;
    struct trace_message message = reader_message(reader, TRACE_SIP, piece);

    *used = end + 4 + (size_t)body;
    message.text = (struct span){bytes.data, *used};
    message.bytes = *used;
    message.is_malformed = !trace_read_sip(reader->trace, message.text, &message);
    trace_add(reader->trace, &message);
    return ERR_OK;
}

/* ---- MSRP ---- */

/* Of requests by the method, of responses, which do not name one, as if to a SEND; flow_init finds the request. */
static const char *msrp_kind(struct trace *trace, const struct msrp_head *head)
{
    char text[64];
    struct sink sink = SINK(text);

    if (head->is_request)
        return span_equal(head->method, SPAN("SEND")) ? "SEND" : trace_text(trace, head->method);
    if (head->status == 200)
        return "SEND/200";
    sink_format(&sink, "SEND/%d", head->status);
    return trace_text(trace, sink_written(&sink));
}

/* The text as the trace keeps it: most often that of the message before. */
static const char *text_like(struct trace *trace, struct span text, const char *before)
{
    if (before && text.size > 0 && strncmp(before, text.data, text.size) == 0 && before[text.size] == 0)
        return before;
    return trace_text(trace, text);
}

static void begin_message(struct reader *reader, const struct msrp_head *head, struct span text,
                          const struct piece *piece)
{
    struct trace *trace = reader->trace;
    struct trace_message *message = &reader->message;
    const struct msrp_texts before = reader->texts;

    *message = reader_message(reader, TRACE_MSRP, piece);
    message->is_request = head->is_request;
    message->wants_report = span_equal(head->success_report, SPAN("yes"));
    message->status = head->status;
    message->kind = msrp_kind(trace, head);
    message->bytes = text.size;
    if (trace->count == trace->config.messages_max)
        return; /* it will be counted only */
    message->transaction = trace_text(trace, head->transaction_id);
    message->message_id = text_like(trace, head->message_id, before.message_id);
    message->to_path = text_like(trace, head->to_path, before.to_path);
    message->from_path = text_like(trace, head->from_path, before.from_path);
    reader->texts = (struct msrp_texts){message->message_id, message->to_path, message->from_path};
    message->range_start = head->has_range ? head->range.start : 0;
    message->range_end = head->has_range ? head->range.end : 0;
    message->range_total = head->has_range ? head->range.total : 0;
    message->content_type = trace_text(trace, head->content_type);
}

static void end_message(struct reader *reader, const struct piece *piece)
{
    reader->is_in_body = false;
    reader->message.last_ns = piece->at_ns;
    reader->message.frame = piece->frame;
    trace_add(reader->trace, &reader->message);
    reader->message.text.size = 0;
}

/* The end-line of the message under way, behind a body of known length or somewhere ahead. */
static enum err read_msrp_body(struct reader *reader, struct span bytes, const struct piece *piece, size_t *used)
{
    size_t line = strlen(reader->end_line);
    size_t at = span_find(bytes, (struct span){reader->end_line, line});

    if (at == bytes.size || bytes.size - at < line + 3) { /* with its flag and the end of the line */
        size_t kept = at < bytes.size ? bytes.size - at : line < bytes.size ? line : bytes.size;

        *used = bytes.size - kept; /* of what is passed over, nothing has to wait but a line that may have begun */
        reader->message.bytes += *used;
        reader->body += *used;
        return *used > 0 ? ERR_OK : ERR_MORE;
    }
    *used = at + line + (memcmp(bytes.data + at + line + 1, "\r\n", 2) == 0 ? 3 : 1);
    reader->message.bytes += *used;
    reader->body += at;
    reader->trace->counts.msrp_body_bytes += reader->body >= 2 ? reader->body - 2 : 0; /* less the CR LF before it */
    end_message(reader, piece);
    return ERR_OK;
}

/* The body's length when its Byte-Range tells it: then that many bytes need no look. */
static uint64_t known_body(const struct msrp_head *head)
{
    if (!head->has_range || head->range.end == MSRP_RANGE_STAR || head->range.end < head->range.start)
        return 0;
    return head->range.end - head->range.start + 1;
}

static enum err read_msrp(struct reader *reader, struct span bytes, const struct piece *piece, size_t *used)
{
    struct msrp_head head;
    size_t size;

    if (reader->is_in_body)
        return read_msrp_body(reader, bytes, piece, used);
    if (bytes.data[0] == '\r' || bytes.data[0] == '\n') { /* behind an end-line that was cut */
        *used = 1;
        return ERR_OK;
    }
    enum err error = msrp_parse_head(bytes, &head, &size);

    if (error == ERR_MORE && bytes.size > MSRP_HEAD_MAX)
        return ERR_SYNTAX;
    TRY(error);
    struct sink line = {.data = reader->end_line, .capacity = sizeof(reader->end_line)};

    if (head.transaction_id.size + 8 > sizeof(reader->end_line))
        return ERR_SYNTAX;
    sink_text(&line, "-------");
    sink_span(&line, head.transaction_id);
    sink_string(&line);
    begin_message(reader, &head, (struct span){bytes.data, size}, piece);
    reader->is_in_body = true;
    reader->body = 0;
    *used = size;
    if (head.has_body) {
        /* The end-line must follow, so one that comes early (a body that was interrupted) is found all the same. */
        uint64_t body = known_body(&head);

        reader->skip = body > sizeof(reader->end_line) ? body - sizeof(reader->end_line) : 0;
    }
    return ERR_OK;
}

/* ---- Diameter ---- */

/* Version 1, a length that is a multiple of four, reserved flag bits at 0: RFC 6733 section 3. */
static bool is_diameter(struct span bytes)
{
    uint32_t length = u32_at(bytes, 0) & 0xffffff, command = u32_at(bytes, 4) & 0xffffff;

    return bytes.data[0] == 1 && length >= DIAMETER_HEADER_SIZE && length % 4 == 0 && length <= 65536 &&
           ((uint8_t)bytes.data[4] & 0x0f) == 0 && command >= 257 && command < 16777214;
}

static enum err read_diameter(struct reader *reader, struct span bytes, const struct piece *piece, size_t *used)
{
    struct diameter_message parsed;
    struct trace_message message = reader_message(reader, TRACE_DIAMETER, piece);
    size_t size;

    if (bytes.size < DIAMETER_HEADER_SIZE)
        return ERR_MORE;
    if (!is_diameter(bytes))
        return ERR_SYNTAX;
    size = u32_at(bytes, 0) & 0xffffff;
    if (bytes.size < size)
        return ERR_MORE;
    *used = size;
    if (diameter_parse(bytes, &parsed, &size) != ERR_OK)
        return ERR_OK; /* another application's, or longer than Cx needs: not ours to tell */
    message.kind = diameter_name(&parsed);
    message.is_request = parsed.is_request;
    message.status = (int)parsed.result;
    message.hop_by_hop = parsed.hop_by_hop;
    message.origin_host = trace_text(reader->trace, parsed.origin_host);
    message.public_identity = trace_text(reader->trace, parsed.public_identity);
    message.bytes = *used;
    trace_add(reader->trace, &message);
    return ERR_OK;
}

static read_fn *const readers[TRACE_PROTOCOL_COUNT] = {read_sip, read_msrp, read_diameter, reader_read_tls};

/* ---- Which protocol ---- */

/* By the first bytes; READER_UNKNOWN where they begin none, GUESS_MORE where they are too few to say. */
static int guess(const struct reader *reader, struct span bytes)
{
    if (bytes.size >= 5 && memcmp(bytes.data, "MSRP ", 5) == 0)
        return TRACE_MSRP;
    if (!reader->is_within && bytes.size >= 6 && tls_is_record(bytes) &&
        (reader->protocol == TRACE_TLS || (bytes.data[0] == 22 && (bytes.data[5] == 1 || bytes.data[5] == 2))))
        return TRACE_TLS; /* it begins with a hello; behind a gap any record will do */
    if (bytes.size >= GUESS_LEAST && is_diameter(bytes))
        return TRACE_DIAMETER;
    enum err error = trace_find_sip(bytes);

    return error == ERR_OK ? TRACE_SIP : error == ERR_MORE || bytes.size < GUESS_LEAST ? GUESS_MORE : READER_UNKNOWN;
}

/* Where in bytes a message of the reader's protocol begins, or may begin once more has come: behind the end of a line
 * for those that are text. bytes.size: nowhere. */
static size_t find_beginning(const struct reader *reader, struct span bytes)
{
    for (size_t at = 0; at < bytes.size;) {
        int found = guess(reader, span_after(bytes, at));

        if (found == GUESS_MORE || (found >= 0 && (reader->protocol < 0 || found == reader->protocol)))
            return at;
        if (reader->protocol != TRACE_SIP && reader->protocol != TRACE_MSRP && reader->protocol != READER_UNKNOWN)
            return bytes.size; /* binary ones begin with a segment */
        size_t line = span_find_byte(span_after(bytes, at), '\n');

        at += line + 1;
    }
    return bytes.size;
}

/* ---- The loop ---- */

/* Reads what is whole of bytes; returns how much was used. */
static size_t read_some(struct reader *reader, struct span bytes, const struct piece *piece)
{
    size_t at = 0;

    while (at < bytes.size) {
        struct span rest = span_after(bytes, at);

        if (reader->skip > 0) {
            uint64_t size = reader->skip < rest.size ? reader->skip : rest.size;

            reader->skip -= size;
            if (reader->protocol == TRACE_MSRP) {
                reader->message.bytes += size;
                reader->body += size;
            }
            at += (size_t)size;
            continue;
        }
        if (reader->protocol == READER_OTHER)
            return bytes.size;
        if (reader->is_lost || reader->protocol == READER_UNKNOWN) {
            size_t begin = find_beginning(reader, rest);

            if (begin == rest.size) {
                reader->tried += rest.size;
                if (reader->protocol == READER_UNKNOWN && reader->tried > GUESS_MAX)
                    reader->protocol = READER_OTHER;
                return bytes.size;
            }
            at += begin;
            rest = span_after(bytes, at);
            int found = guess(reader, rest);

            if (found == GUESS_MORE)
                return at;
            reader->protocol = found;
            reader->is_lost = false;
        }
        size_t used = 0;
        enum err error = readers[reader->protocol](reader, rest, piece, &used);

        if (error == ERR_MORE)
            return at;
        at += used;
        if (error != ERR_OK) {
            reader->is_lost = true;
            reader->is_in_body = false;
            at += 1;
        }
        reader->first_ns = piece->begin_ns;
    }
    return at < bytes.size ? at : bytes.size;
}

static bool append(struct reader *reader, struct span bytes)
{
    if (reader->size + bytes.size > reader->capacity) {
        size_t capacity = reader->capacity ? reader->capacity : 4096;

        while (capacity < reader->size + bytes.size)
            capacity *= 2;
        char *grown = capacity <= 2 * TRACE_STREAM_BYTES_MAX ? realloc(reader->bytes, capacity) : NULL;

        if (!grown)
            return false;
        reader->bytes = grown;
        reader->capacity = capacity;
    }
    memcpy(reader->bytes + reader->size, bytes.data, bytes.size);
    reader->size += bytes.size;
    return true;
}

static void lose(struct reader *reader)
{
    reader->size = 0;
    reader->skip = 0;
    reader->is_in_body = false;
    reader->is_lost = true;
    if (reader->protocol == READER_OTHER)
        reader->protocol = READER_UNKNOWN;
}

static void take(struct reader *reader, struct span bytes, const struct piece *piece)
{
    if (reader->size == 0) {
        size_t used = read_some(reader, bytes, piece);
        struct span rest = span_after(bytes, used);

        reader->first_ns = piece->begin_ns;
        if (rest.size > 0 && !append(reader, rest))
            lose(reader);
        return;
    }
    if (!append(reader, bytes)) {
        lose(reader);
        return;
    }
    size_t used = read_some(reader, (struct span){reader->bytes, reader->size}, piece);

    memmove(reader->bytes, reader->bytes + used, reader->size - used);
    reader->size -= used;
}

void reader_take(struct reader *reader, struct span bytes, const struct piece *piece)
{
    struct piece opened = *piece;

    take(reader, bytes, piece);
    struct reader *within = tls_side_within(reader, &opened);

    if (within) {
        struct sink *plain = listener_plain(reader->listener);

        take(within, sink_written(plain), &opened);
        plain->size = 0;
    }
}

void reader_gap(struct reader *reader)
{
    struct reader *within = tls_side_gap(reader);

    lose(reader);
    if (within)
        lose(within);
}

void reader_begin(struct reader *reader)
{
    struct reader fresh = {.trace = reader->trace,
                           .listener = reader->listener,
                           .tap = reader->tap,
                           .from = reader->from,
                           .to = reader->to,
                           .protocol = READER_UNKNOWN,
                           .bytes = reader->bytes,
                           .capacity = reader->capacity};

    tls_side_free(reader);
    *reader = fresh;
}
