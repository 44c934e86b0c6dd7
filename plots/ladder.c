/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The flow (ladder_flow.h) in the columns of a terminal. */
#include "plots/ladder_flow.h"
#include "plots/cells.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

enum {
    TIME_COLUMNS = 11,
    PITCH_MAX = 26,
    PITCH_LABEL = 16, /* lifelines at least so far apart have the label on the arrow */
    FOOT_ROWS = 30    /* a ladder longer than this names its lifelines at the end again */
};

struct ladder {
    const struct ladder_style *style;
    struct sink *sink;
    const struct ladder_flow *flow;
    unsigned width, pitch, info_at;
};

/* ---- Lifelines ---- */

static unsigned lane_column(const struct ladder *ladder, unsigned lane)
{
    return TIME_COLUMNS + 1 + ladder->pitch / 2 + lane * ladder->pitch;
}

static void lay_out(struct ladder *ladder)
{
    unsigned width = ladder->style->width;

    ladder->width = width < LADDER_WIDTH_MIN ? LADDER_WIDTH_MIN : width > LADDER_WIDTH_MAX ? LADDER_WIDTH_MAX : width;
    unsigned info = ladder->width < 80 ? 16 : ladder->width < 120 ? 24 : 40;
    unsigned lanes = ladder->flow->lane_count > 0 ? ladder->flow->lane_count : 1;

    ladder->pitch = (ladder->width - TIME_COLUMNS - 2 - info) / lanes;
    if (ladder->pitch < 2)
        ladder->pitch = 2;
    if (ladder->pitch > PITCH_MAX)
        ladder->pitch = PITCH_MAX;
    ladder->info_at = TIME_COLUMNS + 2 + ladder->pitch * lanes;
}

/* name in at most room columns: what stands in brackets tells apart, so it stays, and so does what stands before the
 * first hyphen: "P(A)" for "P-CSCF(A)". */
static struct span shorten(const char *name, unsigned room, struct sink *sink)
{
    struct span text = span_of(name);
    size_t head = span_find_byte(text, '(');
    struct span tail = span_after(text, head);
    size_t hyphen = span_find_byte((struct span){name, head}, '-');

    if (text.size <= room || tail.size == 0 || tail.size >= room)
        return text;
    sink_bytes(sink, name, hyphen + tail.size <= room ? hyphen : room - tail.size);
    sink_span(sink, tail);
    return sink_written(sink);
}

static void write_names(struct ladder *ladder)
{
    unsigned longest = 0;

    for (unsigned i = 0; i < ladder->flow->lane_count; i++) {
        unsigned width = cells_text_width(span_of(ladder->flow->lanes[i]));

        longest = width > longest ? width : longest;
    }
    unsigned lines = longest < ladder->pitch || ladder->flow->lane_count < 2 ? 1 : 2;

    for (unsigned line = 0; line < lines; line++) {
        struct cells cells;

        cells_clear(&cells, ladder->width);
        if (line + 1 == lines)
            cells_text(&cells, TIME_COLUMNS - 3, 2, SPAN("ms"));
        for (unsigned i = 0; i < ladder->flow->lane_count; i++) {
            unsigned column = lane_column(ladder, i);
            unsigned room = lines * ladder->pitch - 1;
            char buffer[CELLS_MAX];
            struct sink sink = SINK(buffer);

            if (i % lines != line) {
                if (line > 0)
                    cells_put(&cells, column, CELL_LIFELINE);
                continue;
            }
            if (room > 2 * (column - TIME_COLUMNS))
                room = 2 * (column - TIME_COLUMNS);
            if (room > 2 * (ladder->width - column))
                room = 2 * (ladder->width - column);
            struct span name = shorten(ladder->flow->lanes[i], room, &sink);
            unsigned width = cells_text_width(name);

            cells_text(&cells, column - (width < room ? width : room) / 2, room, name);
        }
        cells_write(&cells, ladder->style->is_unicode, ladder->sink);
    }
}

/* ---- Rows ---- */

static void put_lifelines(const struct ladder *ladder, struct cells *cells, enum cell_symbol symbol)
{
    cells_clear(cells, ladder->width);
    for (unsigned i = 0; i < ladder->flow->lane_count; i++)
        cells_put(cells, lane_column(ladder, i), (uint8_t)symbol);
}

/* The shaft from lifeline to lifeline with its head, a cross half way where the message was lost, every second column
 * where it was sent again; the label on it where it has room. */
static void put_arrow(const struct ladder *ladder, struct cells *cells, const struct ladder_row *row)
{
    const struct ladder_message *message = row->message;
    unsigned from = lane_column(ladder, row->from);
    unsigned to = lane_column(ladder, row->to);
    unsigned left = from < to ? from : to;
    unsigned right = from < to ? to : from;
    unsigned middle = (left + right) / 2;

    if (from == to) {
        cells_put(cells, from, '*');
        return;
    }
    if (message->is_lost && from < to)
        right = middle;
    else if (message->is_lost)
        left = middle;
    for (unsigned column = left + 1; column < right; column++)
        if (!message->is_again || (column - left) % 2 == 1)
            cells_put(cells, column, CELL_SHAFT);
        else
            cells_put(cells, column, ' ');
    if (message->is_lost)
        cells_put(cells, middle, CELL_TIMES);
    else
        cells_put(cells, from < to ? right - 1 : left + 1, from < to ? CELL_RIGHT : CELL_LEFT);

    if (ladder->pitch >= PITCH_LABEL && right - left > 8) {
        unsigned room = right - left - 5;
        unsigned needs = cells_text_width(row->label);
        unsigned takes = needs < room ? needs : room;

        cells_text(cells, left + (right - left - takes + 1) / 2, takes, row->label);
    }
}

/* text and a blank before it at *column, if all of it fits. */
static void put_detail(const struct ladder *ladder, struct cells *cells, unsigned *column, struct sink *text)
{
    if (*column + 1 + text->size <= ladder->width)
        *column += 1 + cells_text(cells, *column + 1, CELLS_MAX, sink_written(text));
    text->size = 0;
}

/* To the right of the lifelines: label (unless it is on the arrow), count and marks always, the rest where it fits. */
static void put_info(const struct ladder *ladder, struct cells *cells, const struct ladder_row *row)
{
    const struct ladder_message *message = row->message;
    const struct ladder_group *group = row->group;
    char buffer[160];
    struct sink text = SINK(buffer);
    unsigned column = ladder->info_at - 1;
    unsigned room = ladder->width - ladder->info_at;

    if (group)
        sink_format(&text, " x %zu", group->count);
    sink_text(&text, message->is_again ? " again" : "");
    sink_text(&text, message->is_lost ? " lost" : "");
    if (ladder->pitch < PITCH_LABEL) {
        unsigned label_room = room > text.size + 1 ? room - (unsigned)text.size : 1;

        column += 1 + cells_text(cells, column + 1, label_room, row->label);
    }
    struct span marks = sink_written(&text);

    if (column < ladder->info_at && marks.size > 0)
        marks = span_after(marks, 1), column++;
    if (column < ladder->width)
        column += cells_text(cells, column, ladder->width - column, marks);
    text.size = 0;
    sink_format(&text, "%llu B", (unsigned long long)(group ? group->bytes : message->bytes));
    if (message->bytes > 0)
        put_detail(ladder, cells, &column, &text);
    text.size = 0;
    if (strcmp(message->protocol, "SIP") != 0 && span_find(message->label, span_of(message->protocol)) != 0) {
        sink_text(&text, message->protocol);
        put_detail(ladder, cells, &column, &text);
    }
    if (group) {
        sink_format(&text, "until %.3f ms", (double)(group->until_ns - ladder->style->origin_ns) / MS);
        put_detail(ladder, cells, &column, &text);
    } else if (message->dwell_ns != NONE_NS && message->dwell_ns > 0) {
        sink_format(&text, "kept %.3f ms", (double)message->dwell_ns / MS);
        put_detail(ladder, cells, &column, &text);
    }
}

static void write_row(struct ladder *ladder, const struct ladder_row *row)
{
    struct cells cells;
    char buffer[64];
    struct sink text = SINK(buffer);

    put_lifelines(ladder, &cells, CELL_LIFELINE);
    sink_format(&text, "%*.3f", TIME_COLUMNS - 1, (double)(row->message->sent_ns - ladder->style->origin_ns) / MS);
    cells_text(&cells, 0, TIME_COLUMNS, sink_written(&text));
    put_arrow(ladder, &cells, row);
    put_info(ladder, &cells, row);
    cells_write(&cells, ladder->style->is_unicode, ladder->sink);
}

static void write_pause(struct ladder *ladder, const char *format, double value)
{
    struct cells cells;
    char buffer[64];
    struct sink text = SINK(buffer);

    put_lifelines(ladder, &cells, CELL_FOLD);
    sink_format(&text, format, value);
    cells_text(&cells, ladder->info_at, ladder->width - ladder->info_at, sink_written(&text));
    cells_write(&cells, ladder->style->is_unicode, ladder->sink);
}

static void write_rows(struct ladder *ladder)
{
    for (size_t i = 0; i < ladder->flow->row_count; i++) {
        const struct ladder_row *row = &ladder->flow->rows[i];

        if (row->left_out)
            write_pause(ladder, "%.0f lines left out", (double)row->left_out);
        else if (row->idle_ns)
            write_pause(ladder, "%.1f ms idle", (double)row->idle_ns / MS);
        write_row(ladder, row);
    }
    if (ladder->flow->row_count > FOOT_ROWS)
        write_names(ladder);
}

enum err ladder_write(const struct ladder_message *messages, size_t count, const struct ladder_style *style,
                      struct sink *sink)
{
    struct ladder_flow flow;
    struct ladder ladder = {.style = style, .sink = sink, .flow = &flow};
    enum err error = ladder_flow_init(&flow, messages, count, style->roles);

    if (error == ERR_OK) {
        lay_out(&ladder);
        write_names(&ladder);
        write_rows(&ladder);
        error = sink->overflow ? ERR_FULL : ERR_OK;
    }
    ladder_flow_free(&flow);
    return error;
}
