/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/msrp_session.h"
#include "sim/base/check.h"

enum {
    HEAD_SIZE_MAX = 8192,
    MARK_MAX = 2 + 7 + MSRP_IDENT_MAX,            /* CR LF, seven dashes, transaction ID */
    LOOK_MAX = HEAD_SIZE_MAX + MSRP_END_LINE_MAX, /* what is looked at to find a head and its end-line */
    GATHER_FIRST = 512                            /* most heads are shorter; bytes without memory are costly to make */
};

enum reading { READING_HEAD, READING_BODY, READING_NOTHING };

struct msrp_reader {
    void *context;
    const struct msrp_reader_events *events;
    enum reading reading;
    uint64_t at;      /* stream offset: everything before was taken */
    uint64_t body_at; /* bytes of this body that were passed on */
    uint64_t end_at;  /* stream offset where the end-line should be; MSRP_RANGE_STAR: not known */
    size_t mark_size;
    char mark[MARK_MAX]; /* what ends the body, but for flag and CR LF */
    struct msrp_parser parser;
    char gathered[LOOK_MAX];
};

struct msrp_reader *msrp_reader_create(struct arena *arena, void *context, const struct msrp_reader_events *events)
{
    struct msrp_reader *reader = arena_alloc(arena, sizeof(*reader));

    check(events->head && events->body && events->end);
    reader->context = context;
    reader->events = events;
    return reader;
}

/* ---- Heads ---- */

static void start_body(struct msrp_reader *reader, const struct msrp_head *head)
{
    struct sink mark = {.data = reader->mark, .capacity = MARK_MAX};
    const struct msrp_byte_range *range = &head->range;

    sink_span(&mark, SPAN("\r\n-------"));
    sink_span(&mark, head->transaction_id);
    check(!mark.overflow);
    reader->mark_size = mark.size;
    reader->reading = READING_BODY;
    reader->body_at = 0;
    reader->end_at = MSRP_RANGE_STAR;
    if (head->has_range && range->end != MSRP_RANGE_STAR && range->start > 0 && range->end >= range->start - 1)
        reader->end_at = reader->at + (range->end - range->start + 1);
}

/* A head, and the end-line of a message without a body, at the front of text. */
static enum err take_message(struct msrp_reader *reader, struct span text)
{
    const struct msrp_head *head;
    size_t head_size, end_size;
    char flag;

    TRY(msrp_parser_head(&reader->parser, text, &head, &head_size));
    if (head_size > HEAD_SIZE_MAX)
        return ERR_SYNTAX;
    if (head->has_body) {
        reader->at += head_size;
        start_body(reader, head);
        reader->events->head(reader->context, head);
        return ERR_OK;
    }
    TRY(msrp_parse_end(span_after(text, head_size), head->transaction_id, &flag, &end_size));
    reader->at += head_size + end_size;
    reader->events->head(reader->context, head);
    reader->events->end(reader->context, flag);
    return ERR_OK;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* In place where the head lies side by side in memory; else gathered, a little first. */
static enum err take_head(struct msrp_reader *reader, struct rope *stream)
{
    uint64_t available = smaller(stream->end - reader->at, LOOK_MAX);

    if (available == 0)
        return ERR_MORE;
    struct slice slice = rope_slice(stream, reader->at);

    slice.length = smaller(slice.length, available);
    const char *text = slice_pointer(slice);
    enum err error = text ? take_message(reader, (struct span){text, slice.length}) : ERR_MORE;

    if (error == ERR_MORE && (!text || slice.length < available)) {
        size_t first = smaller(available, GATHER_FIRST);

        rope_read(stream, reader->at, reader->gathered, first);
        error = take_message(reader, (struct span){reader->gathered, first});
        if (error == ERR_MORE && first < available) {
            rope_read(stream, reader->at + first, reader->gathered + first, available - first);
            error = take_message(reader, (struct span){reader->gathered, available});
        }
    }
    return error == ERR_MORE && available == LOOK_MAX ? ERR_SYNTAX : error;
}

/* ---- Bodies ---- */

static void pass_body(struct msrp_reader *reader, struct rope *stream, uint64_t until)
{
    while (reader->at < until) {
        struct slice slice = rope_slice(stream, reader->at);

        slice.length = smaller(slice.length, until - reader->at);
        reader->events->body(reader->context, reader->body_at, slice);
        reader->body_at += slice.length;
        reader->at += slice.length;
    }
}

static bool is_flag(char c)
{
    return c == '$' || c == '+' || c == '#';
}

/* Whether an end-line is what text begins with: ERR_MORE when text is too short to tell. */
static enum err match_end(const struct msrp_reader *reader, struct span text, char *flag)
{
    size_t mark = reader->mark_size;

    TRY(span_cut_literal(&(struct span){text.data, text.size}, (struct span){reader->mark, mark}));
    if (text.size == mark)
        return ERR_MORE;
    if (!is_flag(text.data[mark]))
        return ERR_SYNTAX;
    struct span rest = span_after(text, mark + 1);

    TRY(span_cut_literal(&rest, SPAN("\r\n")));
    *flag = text.data[mark];
    return ERR_OK;
}

static enum err match_end_at(const struct msrp_reader *reader, struct rope *stream, uint64_t offset, char *flag)
{
    char text[MARK_MAX + 3];
    size_t size = smaller(stream->end - offset, reader->mark_size + 3);

    rope_read(stream, offset, text, size);
    return match_end(reader, (struct span){text, size}, flag);
}

static void finish_body(struct msrp_reader *reader, struct rope *stream, uint64_t end_at, char flag)
{
    pass_body(reader, stream, end_at);
    reader->at += reader->mark_size + 3;
    reader->reading = READING_HEAD;
    reader->events->end(reader->context, flag);
}

/* Looks for the end-line in text, which stands in the stream at offset. ERR_OK: found at *found; ERR_MORE: at *found
 * something begins that more bytes may make one; ERR_SYNTAX: none begins here. */
static enum err search_text(struct msrp_reader *reader, struct rope *stream, uint64_t offset, struct span text,
                            uint64_t *found, char *flag)
{
    size_t needed = reader->mark_size + 3;

    for (size_t at = 0;; at++) {
        at += span_find_byte(span_after(text, at), '\r');
        if (at >= text.size)
            return ERR_SYNTAX;
        bool is_inside = text.size - at >= needed;
        enum err error =
            is_inside ? match_end(reader, span_after(text, at), flag) : match_end_at(reader, stream, offset + at, flag);

        *found = offset + at;
        if (error != ERR_SYNTAX)
            return error;
    }
}

/* Searches one slice, as far as until, and passes on what is body for certain. ERR_OK: taken, or the end was found. */
static enum err search_slice(struct msrp_reader *reader, struct rope *stream, uint64_t until)
{
    struct slice slice = rope_slice(stream, reader->at);
    uint64_t found;
    char flag;

    slice.length = smaller(slice.length, until - reader->at);
    const char *text = slice_pointer(slice);

    if (!text) {
        slice.length = smaller(slice.length, LOOK_MAX);
        slice_read(slice, 0, reader->gathered, slice.length);
        text = reader->gathered;
    }
    enum err error = search_text(reader, stream, reader->at, (struct span){text, slice.length}, &found, &flag);

    if (error == ERR_OK)
        finish_body(reader, stream, found, flag);
    else
        pass_body(reader, stream, error == ERR_MORE ? found : reader->at + slice.length);
    return error == ERR_MORE ? ERR_MORE : ERR_OK;
}

/* The end-line at its place. If something else is there the peer wrote more than it announced: its end-line is then
 * looked for in all that follows. */
static enum err take_end(struct msrp_reader *reader, struct rope *stream)
{
    char flag;
    enum err error = match_end_at(reader, stream, reader->at, &flag);

    if (error == ERR_OK)
        finish_body(reader, stream, reader->at, flag);
    if (error == ERR_SYNTAX)
        reader->end_at = MSRP_RANGE_STAR;
    return error == ERR_MORE ? ERR_MORE : ERR_OK;
}

/* With a known end, slices of sources that last go through unseen: they are content, since whoever writes an end-line,
 * also one that comes early because the chunk was interrupted, writes it as bytes. */
static enum err take_body(struct msrp_reader *reader, struct rope *stream)
{
    if (reader->at == stream->end)
        return ERR_MORE;
    if (reader->at == reader->end_at)
        return take_end(reader, stream);
    uint64_t until = smaller(reader->end_at, stream->end);
    struct slice slice = rope_slice(stream, reader->at);

    if (reader->end_at == MSRP_RANGE_STAR || !slice.source->lasts)
        return search_slice(reader, stream, until);
    pass_body(reader, stream, smaller(until, reader->at + slice.length));
    return ERR_OK;
}

enum err msrp_reader_take(struct msrp_reader *reader, struct rope *stream, uint64_t *released)
{
    enum err error = ERR_OK;

    check(reader->at >= stream->begin && reader->at <= stream->end);
    while (error == ERR_OK) {
        if (reader->reading == READING_HEAD)
            error = take_head(reader, stream);
        else if (reader->reading == READING_BODY)
            error = take_body(reader, stream);
        else
            return ERR_SYNTAX;
    }
    if (error != ERR_MORE) {
        reader->reading = READING_NOTHING;
        return ERR_SYNTAX;
    }
    *released = reader->at;
    return ERR_OK;
}
