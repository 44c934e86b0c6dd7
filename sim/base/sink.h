/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sink.h - a bounded place to write bytes into. What does not fit is not written and is remembered: the writer goes
 * on without asking and checks overflow once, at the end.
 */
#ifndef SIM_BASE_SINK_H
#define SIM_BASE_SINK_H

#include "sim/base/span.h"

#include <stdarg.h>

struct sink {
    char *data;
    size_t capacity;
    size_t size;   /* bytes written; never more than capacity */
    bool overflow; /* something did not fit; stays set */
};

/* A sink over an array: struct sink sink = SINK(buffer). */
#define SINK(array) ((struct sink){.data = (array), .capacity = sizeof(array)})

static inline void sink_bytes(struct sink *sink, const void *bytes, size_t size)
{
    if (size > sink->capacity - sink->size) {
        sink->overflow = true;
        return;
    }
    if (size > 0)
        memcpy(sink->data + sink->size, bytes, size);
    sink->size += size;
}

static inline void sink_span(struct sink *sink, struct span text)
{
    sink_bytes(sink, text.data, text.size);
}

/* A zero-terminated string, without its zero. */
void sink_text(struct sink *sink, const char *text);
void sink_char(struct sink *sink, char c);
void sink_number(struct sink *sink, uint64_t number);
/* number in lower-case hexadecimal, exactly digits wide (1 to 16), leading zeros kept. */
void sink_hex(struct sink *sink, uint64_t number, int digits);
/* As printf, without its trailing zero. */
void sink_format(struct sink *sink, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sink_format_list(struct sink *sink, const char *format, va_list list);

/* Network byte order. */
void sink_u8(struct sink *sink, uint8_t value);
void sink_u16(struct sink *sink, uint16_t value);
void sink_u32(struct sink *sink, uint32_t value);

/* What has been written so far; valid until the next write. */
static inline struct span sink_written(const struct sink *sink)
{
    return (struct span){.data = sink->data, .size = sink->size};
}

/* Ends the text with a zero byte and returns it; an overflowing text is cut. The capacity must be at least 1. */
const char *sink_string(struct sink *sink);

#endif
