/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/err.h"
#include "sim/base/sink.h"

enum err note_set(struct note *note, enum err error, const char *format, ...)
{
    struct sink sink = SINK(note->text);
    va_list list;

    if (note->text[0] != 0)
        return error;
    va_start(list, format);
    sink_format_list(&sink, format, list);
    va_end(list);
    if (sink.overflow)
        sink_text(&sink, "(the reason is too long to be told)");
    sink_string(&sink);
    return error;
}
