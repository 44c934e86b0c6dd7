/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/sink.h"
#include "sim/base/check.h"

#include <stdio.h>

void sink_text(struct sink *sink, const char *text)
{
    sink_bytes(sink, text, strlen(text));
}

void sink_char(struct sink *sink, char c)
{
    sink_bytes(sink, &c, 1);
}

static const char digit_pairs[] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/* Two digits a division. */
void sink_number(struct sink *sink, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);

    for (; number >= 100; number /= 100) {
        at -= 2;
        memcpy(digits + at, digit_pairs + 2 * (number % 100), 2);
    }
    if (number >= 10)
        memcpy(digits + (at -= 2), digit_pairs + 2 * number, 2);
    else
        digits[--at] = (char)('0' + number);
    sink_bytes(sink, digits + at, sizeof(digits) - at);
}

void sink_hex(struct sink *sink, uint64_t number, int digits)
{
    check(digits >= 1 && digits <= 16);
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
        sink_char(sink, "0123456789abcdef"[number >> shift & 15]);
}

void sink_format_list(struct sink *sink, const char *format, va_list list)
{
    char text[4096];
    int size = vsnprintf(text, sizeof(text), format, list);

    check(size >= 0);
    if ((size_t)size < sizeof(text))
        sink_bytes(sink, text, (size_t)size);
    else
        sink->overflow = true;
}

void sink_format(struct sink *sink, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    sink_format_list(sink, format, list);
    va_end(list);
}

void sink_u8(struct sink *sink, uint8_t value)
{
    sink_bytes(sink, &value, 1);
}

void sink_u16(struct sink *sink, uint16_t value)
{
    sink_u8(sink, (uint8_t)(value >> 8));
    sink_u8(sink, (uint8_t)value);
}

void sink_u32(struct sink *sink, uint32_t value)
{
    sink_u16(sink, (uint16_t)(value >> 16));
    sink_u16(sink, (uint16_t)value);
}

const char *sink_string(struct sink *sink)
{
    check(sink->capacity > 0);
    size_t end = sink->size < sink->capacity ? sink->size : sink->capacity - 1;

    sink->data[end] = 0;
    return sink->data;
}
