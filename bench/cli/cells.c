/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/cells.h"
#include "sim/base/units.h"

#include <inttypes.h>

enum { CELL = 512 };

void cell_text(struct table *table, const char *text)
{
    table_same(table, span_of(text));
}

void cell_format(struct table *table, const char *format, ...)
{
    char text[CELL];
    struct sink sink = SINK(text);
    va_list list;

    va_start(list, format);
    sink_format_list(&sink, format, list);
    va_end(list);
    table_same(table, sink_written(&sink));
}

void cell_time(struct table *table, int64_t ns, int digits)
{
    char shown[64], plain[64];
    struct sink shown_sink = SINK(shown), plain_sink = SINK(plain);

    if (ns != NONE_NS) {
        sink_format(&shown_sink, "%.*f", digits, (double)ns / MS);
        sink_format(&plain_sink, "%" PRId64, ns);
    }
    table_cell(table, sink_written(&shown_sink), sink_written(&plain_sink));
}
