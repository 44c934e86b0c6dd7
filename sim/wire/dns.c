/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/dns.h"
#include "sim/base/check.h"

enum {
    HEADER_SIZE = 12,
    CLASS_IN = 1,
    LABEL_MAX = 63,
    POINTER = 0xc0,
    FLAG_RESPONSE = 0x8000,
    FLAG_AUTHORITATIVE = 0x0400,
    FLAG_RECURSION_DESIRED = 0x0100,
    FLAG_RECURSION_AVAILABLE = 0x0080,
    RCODE_MASK = 0x000f,
    NAME_JUMPS_MAX = 16
};

const char *dns_type_name(uint16_t type)
{
    return type == DNS_A ? "A" : type == DNS_SRV ? "SRV" : type == DNS_NAPTR ? "NAPTR" : "?";
}

/* ---- Writing ---- */

static void write_name(struct sink *sink, struct span name)
{
    while (name.size > 0) {
        size_t size = span_find_byte(name, '.');

        if (size == 0 || size > LABEL_MAX) {
            sink->overflow = true;
            return;
        }
        sink_u8(sink, (uint8_t)size);
        sink_span(sink, (struct span){name.data, size});
        name = span_after(name, size < name.size ? size + 1 : size);
    }
    sink_u8(sink, 0);
}

/* A character-string, RFC 1035 section 3.3. */
static void write_word(struct sink *sink, const char *word)
{
    sink_u8(sink, (uint8_t)strlen(word));
    sink_text(sink, word);
}

static void write_data(struct sink *sink, const struct dns_record *record)
{
    switch (record->type) {
    case DNS_A:
        sink_u32(sink, record->address);
        break;
    case DNS_SRV:
        sink_u16(sink, record->order);
        sink_u16(sink, record->preference);
        sink_u16(sink, record->port);
        write_name(sink, span_of(record->target));
        break;
    default:
        check(record->type == DNS_NAPTR);
        sink_u16(sink, record->order);
        sink_u16(sink, record->preference);
        write_word(sink, record->flags);
        write_word(sink, record->service);
        write_word(sink, ""); /* no regular expression */
        write_name(sink, span_of(record->target));
    }
}

static void write_record(struct sink *sink, const struct dns_message *message, const struct dns_record *record)
{
    char bytes[DNS_SIZE_MAX];
    struct sink data = SINK(bytes);

    /* A name that was asked for is a pointer to the question (section 4.1.4). */
    if (span_equal_nocase(span_of(record->name), span_of(message->name)))
        sink_u16(sink, POINTER << 8 | HEADER_SIZE);
    else
        write_name(sink, span_of(record->name));
    sink_u16(sink, record->type);
    sink_u16(sink, CLASS_IN);
    sink_u32(sink, record->ttl_s);
    write_data(&data, record);
    sink->overflow = sink->overflow || data.overflow;
    sink_u16(sink, (uint16_t)data.size);
    sink_span(sink, sink_written(&data));
}

void dns_write(const struct dns_message *message, struct sink *sink)
{
    unsigned flags = message->rcode & RCODE_MASK;

    check(message->count <= DNS_RECORDS_MAX);
    flags |= message->is_response ? FLAG_RESPONSE : 0;
    flags |= message->is_authoritative ? FLAG_AUTHORITATIVE : 0;
    flags |= message->is_recursive ? FLAG_RECURSION_DESIRED : 0;
    flags |= message->is_recursive && message->is_response ? FLAG_RECURSION_AVAILABLE : 0;
    sink_u16(sink, message->id);
    sink_u16(sink, (uint16_t)flags);
    sink_u16(sink, 1);
    sink_u16(sink, (uint16_t)message->count);
    sink_u16(sink, 0);
    sink_u16(sink, 0);
    write_name(sink, span_of(message->name));
    sink_u16(sink, message->type);
    sink_u16(sink, CLASS_IN);
    for (uint32_t i = 0; i < message->count; i++)
        write_record(sink, message, &message->records[i]);
}

/* ---- Reading ---- */

/* Where reading stands in a message. */
struct cursor {
    struct span bytes;
    size_t at;
};

static enum err cut_number(struct cursor *cursor, size_t size, uint32_t *number)
{
    uint32_t value = 0;

    if (size > cursor->bytes.size - cursor->at)
        return ERR_SYNTAX;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | (uint8_t)cursor->bytes.data[cursor->at++];
    *number = value;
    return ERR_OK;
}

static enum err cut_u16(struct cursor *cursor, uint16_t *number)
{
    uint32_t value;

    TRY(cut_number(cursor, 2, &value));
    *number = (uint16_t)value;
    return ERR_OK;
}

/* A name, its pointers followed: each to what stands before it, so that they end. */
static enum err cut_name(struct cursor *cursor, char name[DNS_NAME_SIZE])
{
    struct sink sink = {.data = name, .capacity = DNS_NAME_SIZE - 1};
    struct cursor at = *cursor;
    bool has_jumped = false;

    for (int jumps = 0; jumps < NAME_JUMPS_MAX;) {
        uint32_t size;

        TRY(cut_number(&at, 1, &size));
        if ((size & POINTER) == POINTER) {
            size_t own = at.at - 1;
            uint32_t low;

            TRY(cut_number(&at, 1, &low));
            if (!has_jumped)
                cursor->at = at.at;
            has_jumped = true;
            at.at = (size & 0x3f) << 8 | low;
            if (at.at >= own)
                return ERR_SYNTAX;
            jumps++;
            continue;
        }
        if (size == 0) {
            if (!has_jumped)
                cursor->at = at.at;
            name[sink.size] = '\0';
            return ERR_OK;
        }
        if (size > LABEL_MAX || size > at.bytes.size - at.at)
            return ERR_SYNTAX;
        if (sink.size > 0)
            sink_char(&sink, '.');
        sink_bytes(&sink, at.bytes.data + at.at, size);
        if (sink.overflow || memchr(at.bytes.data + at.at, 0, size))
            return ERR_SYNTAX;
        at.at += size;
    }
    return ERR_SYNTAX;
}

/* A character-string; a longer one than there is room for is cut. */
static enum err cut_word(struct cursor *cursor, char word[DNS_WORD_SIZE])
{
    struct sink sink = {.data = word, .capacity = DNS_WORD_SIZE};
    uint32_t size;

    TRY(cut_number(cursor, 1, &size));
    if (size > cursor->bytes.size - cursor->at)
        return ERR_SYNTAX;
    sink_bytes(&sink, cursor->bytes.data + cursor->at, size < DNS_WORD_SIZE ? size : DNS_WORD_SIZE - 1);
    (void)sink_string(&sink);
    cursor->at += size;
    return ERR_OK;
}

static enum err cut_data(struct cursor *cursor, struct dns_record *record)
{
    char regexp[DNS_WORD_SIZE];

    if (record->type == DNS_A)
        return cut_number(cursor, 4, &record->address);
    TRY(cut_u16(cursor, &record->order));
    TRY(cut_u16(cursor, &record->preference));
    if (record->type == DNS_SRV) {
        TRY(cut_u16(cursor, &record->port));
        return cut_name(cursor, record->target);
    }
    TRY(cut_word(cursor, record->flags));
    TRY(cut_word(cursor, record->service));
    TRY(cut_word(cursor, regexp));
    return cut_name(cursor, record->target);
}

static enum err cut_record(struct cursor *cursor, struct dns_message *message)
{
    struct dns_record record = {.type = 0};
    uint16_t class_of, size;

    TRY(cut_name(cursor, record.name));
    TRY(cut_u16(cursor, &record.type));
    TRY(cut_u16(cursor, &class_of));
    TRY(cut_number(cursor, 4, &record.ttl_s));
    TRY(cut_u16(cursor, &size));
    if (size > cursor->bytes.size - cursor->at)
        return ERR_SYNTAX;
    size_t end = cursor->at + size;
    bool is_known = record.type == DNS_A || record.type == DNS_SRV || record.type == DNS_NAPTR;

    if (is_known && class_of == CLASS_IN && message->count < DNS_RECORDS_MAX) {
        struct cursor data = {{cursor->bytes.data, end}, cursor->at};

        TRY(cut_data(&data, &record));
        if (data.at != end)
            return ERR_SYNTAX;
        message->records[message->count++] = record;
    }
    cursor->at = end;
    return ERR_OK;
}

enum err dns_parse(struct span bytes, struct dns_message *message)
{
    struct cursor cursor = {bytes, 0};
    struct dns_message parsed = {.id = 0};
    uint16_t flags, questions, answers, authorities, additional, class_of;

    TRY(cut_u16(&cursor, &parsed.id));
    TRY(cut_u16(&cursor, &flags));
    TRY(cut_u16(&cursor, &questions));
    TRY(cut_u16(&cursor, &answers));
    TRY(cut_u16(&cursor, &authorities));
    TRY(cut_u16(&cursor, &additional));
    if (questions != 1)
        return ERR_SYNTAX;
    TRY(cut_name(&cursor, parsed.name));
    TRY(cut_u16(&cursor, &parsed.type));
    TRY(cut_u16(&cursor, &class_of));
    for (uint32_t left = (uint32_t)answers + authorities + additional; left > 0; left--)
        TRY(cut_record(&cursor, &parsed));
    if (class_of != CLASS_IN || cursor.at != bytes.size)
        return ERR_SYNTAX;
    parsed.is_response = (flags & FLAG_RESPONSE) != 0;
    parsed.is_authoritative = (flags & FLAG_AUTHORITATIVE) != 0;
    parsed.is_recursive = (flags & FLAG_RECURSION_DESIRED) != 0;
    parsed.rcode = flags & RCODE_MASK;
    *message = parsed;
    return ERR_OK;
}
