/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/span.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool span_equal_nocase(struct span a, struct span b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

bool span_starts(struct span text, struct span prefix)
{
    return text.size >= prefix.size && span_equal((struct span){text.data, prefix.size}, prefix);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

size_t span_find(struct span text, struct span needle)
{
    size_t at = 0;

    if (needle.size == 0)
        return 0;
    while (needle.size <= text.size - at) {
        struct span places = {text.data + at, text.size - at - needle.size + 1};
        size_t skip = span_find_byte(places, needle.data[0]);

        if (skip == places.size)
            break;
        at += skip;
        if (memcmp(text.data + at, needle.data, needle.size) == 0)
            return at;
        at++;
    }
    return text.size;
}

enum err span_cut_until(struct span *text, char stop, struct span *before)
{
    size_t at = span_find_byte(*text, stop);

    if (at == text->size)
        return ERR_MORE;
    *before = (struct span){text->data, at};
    *text = span_after(*text, at + 1);
    return ERR_OK;
}

enum err span_cut_line(struct span *text, struct span *line)
{
    size_t at = span_find(*text, SPAN("\r\n"));

    if (at == text->size)
        return ERR_MORE;
    *line = (struct span){text->data, at};
    *text = span_after(*text, at + 2);
    return ERR_OK;
}

/* So many digits fit into 64 bits whatever they are. */
enum { DIGITS_SAFE = 19 };

enum err span_cut_number(struct span *text, uint64_t *number)
{
    size_t safe = text->size < DIGITS_SAFE ? text->size : DIGITS_SAFE;
    uint64_t value = 0;
    size_t i = 0;

    if (text->size == 0)
        return ERR_MORE;
    for (; i < safe; i++) {
        unsigned digit = (unsigned char)text->data[i] - (unsigned)'0';

        if (digit > 9)
            break;
        value = value * 10 + digit;
    }
    for (; i >= DIGITS_SAFE && i < text->size && is_digit(text->data[i]); i++) {
        uint64_t digit = (uint64_t)(text->data[i] - '0');

        if (value > (UINT64_MAX - digit) / 10)
            return ERR_RANGE;
        value = value * 10 + digit;
    }
    if (i == 0)
        return ERR_SYNTAX;
    *text = span_after(*text, i);
    *number = value;
    return ERR_OK;
}

enum err span_parse_port(struct span text, uint16_t *port)
{
    uint64_t number;
    enum err error = span_cut_number(&text, &number);

    if (error == ERR_RANGE)
        return ERR_RANGE;
    if (error != ERR_OK || text.size != 0)
        return ERR_SYNTAX;
    if (number == 0 || number > UINT16_MAX)
        return ERR_RANGE;
    *port = (uint16_t)number;
    return ERR_OK;
}
