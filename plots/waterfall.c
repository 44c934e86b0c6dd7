/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/waterfall.h"
#include "plots/cells.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <math.h>

enum {
    NAME_COLUMNS_MAX = 24,
    PART_FIGURES = 22, /* " 123456.789 ms  99.9 %" */
    BAR_FIGURES = 24   /* "123456.789 ms +-0.123" */
};

static unsigned width_of(const struct waterfall_style *style)
{
    return style->width < 60 ? 60 : style->width > CELLS_MAX ? CELLS_MAX : style->width;
}

static void put_name(struct cells *cells, const char *name, unsigned room)
{
    cells_text(cells, 0, room, span_of(name));
}

static unsigned wider(unsigned columns, const char *name)
{
    unsigned width = cells_text_width(span_of(name));

    width = width > NAME_COLUMNS_MAX ? NAME_COLUMNS_MAX : width;
    return width > columns ? width : columns;
}

/* value of total in columns, rounded to the nearest. */
static unsigned scaled(double value, double total, unsigned columns)
{
    if (!(total > 0) || !(value > 0))
        return 0;
    return (unsigned)lrint(fmin(value / total, 1) * columns);
}

static void write_part(const char *name, unsigned names, const char *figures, struct cells *cells,
                       const struct waterfall_style *style, struct sink *sink)
{
    put_name(cells, name, names);
    cells_text(cells, cells->width - PART_FIGURES, PART_FIGURES, span_of(figures));
    cells_write(cells, style->is_unicode, sink);
}

void waterfall_write(const struct waterfall_part *parts, size_t count, const struct waterfall_style *style,
                     struct sink *sink)
{
    unsigned width = width_of(style);
    unsigned names = 5;
    int64_t total_ns = 0;
    int64_t before_ns = 0;
    char buffer[64];

    check(count <= WATERFALL_LINES_MAX);
    for (size_t i = 0; i < count; i++) {
        names = wider(names, parts[i].name);
        total_ns += parts[i].ns == NONE_NS ? 0 : parts[i].ns;
    }
    unsigned room = width - names - PART_FIGURES - 2;

    for (size_t i = 0; i < count; i++) {
        struct sink figures = SINK(buffer);
        struct cells cells;

        cells_clear(&cells, width);
        if (parts[i].ns != NONE_NS) {
            unsigned from = scaled((double)before_ns, (double)total_ns, room);
            unsigned until = scaled((double)(before_ns + parts[i].ns), (double)total_ns, room);

            if (style->is_plain)
                from = until = room;                   /* no bar */
            else if (from == until && parts[i].ns > 0) /* Too short to see is not nothing. */
                cells_put(&cells, names + 2 + (from < room ? from : room - 1), CELL_LIFELINE);
            cells_fill(&cells, names + 2 + from, names + 2 + until, CELL_FULL);
            before_ns += parts[i].ns;
            sink_format(&figures, "%11.3f ms %5.1f %%", (double)parts[i].ns / MS,
                        total_ns > 0 ? 100 * (double)parts[i].ns / (double)total_ns : 0.0);
        }
        write_part(parts[i].name, names, sink_string(&figures), &cells, style, sink);
    }
    struct sink figures = SINK(buffer);
    struct cells cells;

    cells_clear(&cells, width);
    sink_format(&figures, "%11.3f ms %5.1f %%", (double)total_ns / MS, total_ns > 0 ? 100.0 : 0.0);
    write_part("delay", names, sink_string(&figures), &cells, style, sink);
}

/* The longest delay that is drawn in full. */
static double bars_limit(const struct waterfall_bar *bars, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bars[i].is_marked && isfinite(bars[i].mean_ms) && bars[i].mean_ms > 0)
            return WATERFALL_TIMES * bars[i].mean_ms;
    return INFINITY;
}

static double bars_most(const struct waterfall_bar *bars, size_t count)
{
    double most = 0, limit = bars_limit(bars, count);

    for (size_t i = 0; i < count; i++) {
        if (isfinite(bars[i].mean_ms) && bars[i].mean_ms <= limit)
            most = fmax(most, bars[i].mean_ms);
        if (isfinite(bars[i].high_ms) && bars[i].mean_ms <= limit)
            most = fmax(most, bars[i].high_ms);
    }
    return most;
}

void waterfall_bars(const struct waterfall_bar *bars, size_t count, const struct waterfall_style *style,
                    struct sink *sink)
{
    unsigned width = width_of(style);
    unsigned names = 4;
    double most = bars_most(bars, count);
    char buffer[64];

    check(count <= WATERFALL_LINES_MAX);
    if (style->is_plain)
        return;
    for (size_t i = 0; i < count; i++)
        names = wider(names, bars[i].name);
    unsigned at = names + 3;
    unsigned room = width - at - BAR_FIGURES;

    for (size_t i = 0; i < count; i++) {
        const struct waterfall_bar *bar = &bars[i];
        struct sink figures = SINK(buffer);
        struct cells cells;

        cells_clear(&cells, width);
        put_name(&cells, bar->name, names);
        if (bar->is_marked)
            cells_put(&cells, names + 1, '*');
        if (isfinite(bar->mean_ms)) {
            cells_fill(&cells, at, at + scaled(bar->mean_ms, most, room), CELL_FULL);
            if (bar->mean_ms > bars_limit(bars, count))
                cells_put(&cells, at + room - 1, CELL_CUT);
            sink_format(&figures, "%9.3f ms", bar->mean_ms);
        } else {
            sink_text(&figures, "   nothing delivered");
        }
        if (isfinite(bar->mean_ms) && isfinite(bar->low_ms) && isfinite(bar->high_ms)) {
            unsigned end = at + scaled(bar->high_ms, most, room);

            cells_fill(&cells, at + scaled(bar->mean_ms, most, room), end, CELL_SHAFT);
            if (end > at && bar->mean_ms <= bars_limit(bars, count))
                cells_put(&cells, end - 1, CELL_EDGE);
            sink_format(&figures, " +-%.3g", bar->mean_ms - bar->low_ms);
        }
        cells_text(&cells, width - BAR_FIGURES + 1, BAR_FIGURES - 1, sink_written(&figures));
        cells_write(&cells, style->is_unicode, sink);
    }
}
