/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * span.h - bytes that belong to somebody else: a borrowed pointer and a length, and the cuts parsers are made of.
 * A span need not end in a zero byte. The cut functions take what they name off the front of *text; when they fail
 * *text and the results are untouched.
 */
#ifndef SIM_BASE_SPAN_H
#define SIM_BASE_SPAN_H

#include "sim/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const char *data;
    size_t size;
};

/* The span of a string literal: SPAN("SIP/2.0"). */
#define SPAN(literal) ((struct span){.data = (literal), .size = sizeof(literal) - 1})

/* The span of a zero-terminated string. */
static inline struct span span_of(const char *text)
{
    return (struct span){.data = text, .size = strlen(text)};
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Equal but for the case of ASCII letters. */
bool span_equal_nocase(struct span a, struct span b);

bool span_starts(struct span text, struct span prefix);

/* What is left of text after its first count bytes; count is at most text.size. */
static inline struct span span_after(struct span text, size_t count)
{
    return (struct span){.data = text.data + count, .size = text.size - count};
}

/* text without blanks and tabs at both ends. */
static inline struct span span_trim(struct span text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = span_after(text, 1);
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* Offset of the first byte that equals what, or of the first place where needle stands; text.size when there is none.
 */
static inline size_t span_find_byte(struct span text, char what)
{
    const char *found = text.size ? memchr(text.data, what, text.size) : NULL;

    return found ? (size_t)(found - text.data) : text.size;
}

size_t span_find(struct span text, struct span needle);

/* The literal off the front: ERR_MORE when text ends inside it, ERR_SYNTAX when it differs. Inline, so that a
 * comparison with a constant becomes a few loads. */
MUST_USE static inline enum err span_cut_literal(struct span *text, struct span literal)
{
    if (text->size >= literal.size) {
        if (literal.size > 0 && memcmp(text->data, literal.data, literal.size) != 0)
            return ERR_SYNTAX;
        *text = span_after(*text, literal.size);
        return ERR_OK;
    }
    return text->size == 0 || memcmp(text->data, literal.data, text->size) == 0 ? ERR_MORE : ERR_SYNTAX;
}

/* Everything up to the first stop, which is dropped: ERR_MORE when it does not occur. */
MUST_USE enum err span_cut_until(struct span *text, char stop, struct span *before);

/* A line without its CR LF: ERR_MORE when no CR LF has come. */
MUST_USE enum err span_cut_line(struct span *text, struct span *line);

/* Decimal digits, at least one: ERR_MORE when text is empty, ERR_SYNTAX when no digit leads, ERR_RANGE past 2^64 - 1.
 */
MUST_USE enum err span_cut_number(struct span *text, uint64_t *number);

/* A whole text that is a port of RFC 6335: 1 to 65535. ERR_SYNTAX when it is no number, ERR_RANGE when it is another.
 */
MUST_USE enum err span_parse_port(struct span text, uint16_t *port);

#endif
