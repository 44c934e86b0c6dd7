/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * First every instant that an arrow begins or ends at gets its height, in the order of time: the height grows with the
 * time in between, at least by a line where an arrow begins, at most by what a fold takes. Then lifelines, bars and
 * arrows are drawn at these heights.
 */
#include "plots/ladder_svg.h"
#include "plots/ladder_flow.h"
#include "plots/markup.h"
#include "sim/base/units.h"

#include <stdlib.h>

/* Pixels. */
enum {
    TIME_WIDTH = 92,
    PITCH = 118,
    SIDE = 150, /* to the right of the last lifeline, for labels of arrows that start there */
    HEAD = 78,
    LINE = 17, /* between arrows that begin at the same time */
    TICK = 5,  /* the least between other instants */
    FOLD = 46, /* an idle stretch */
    STRETCH = 90,
    FOOT = 40,
    PART_HEIGHT = 22,
    LABEL_MAX = 64, /* bytes of markup of a label or name that is shown */
    NAME_SHORT = 15 /* bytes of a name that stand in one line */
};

struct instant {
    int64_t at_ns;
    double y;
    size_t row; /* whose arrow begins here; SIZE_MAX: one ends */
};

struct drawing {
    const struct ladder_svg_style *style;
    const struct ladder_flow *flow;
    struct sink *sink;
    struct instant *instants;
    size_t instant_count;
    double *begin_y; /* by row */
    double bottom;
};

/* Colours of Okabe and Ito (2008), dark enough on white and light enough on black beside their dash. */
static const struct look {
    const char *protocol, *colour, *dash;
} looks[] = {
    {"SIP", "#0072b2", ""},        {"MSRP", "#009e73", ""},   {"Diameter", "#cc79a7", "7 3"}, {"TCP", "#808080", "2 3"},
    {"TLS", "#d55e00", "9 3 2 3"}, {"DNS", "#e69f00", "4 4"}, {"HTTP", "#56b4e9", "12 3"},    {NULL, "#808080", "1 4"},
};

static const struct look *look_of(const char *protocol)
{
    const struct look *look = looks;

    while (look->protocol && strcmp(look->protocol, protocol) != 0)
        look++;
    return look;
}

static double lane_x(unsigned lane)
{
    return TIME_WIDTH + PITCH / 2.0 + lane * PITCH;
}

static double width_of(const struct drawing *drawing)
{
    return TIME_WIDTH + drawing->flow->lane_count * PITCH + SIDE;
}

/* What takes at most LABEL_MAX bytes of markup, cut between characters, so that no name makes a drawing large. */
static struct span cut(struct span text)
{
    size_t size = 0, taken = 0;

    while (size < text.size) {
        size_t length = markup_sequence(span_after(text, size));
        char markup[4 * sizeof("&quot;")];
        struct sink sink = SINK(markup);

        length = length > 0 ? length : 1;
        markup_text(&sink, (struct span){text.data + size, length});
        taken += sink.size;
        if (taken > LABEL_MAX)
            break;
        size += length;
    }
    return (struct span){text.data, size};
}

/* ---- Heights ---- */

static int compare_instants(const void *a, const void *b)
{
    const struct instant *first = a, *second = b;

    if (first->at_ns != second->at_ns)
        return first->at_ns < second->at_ns ? -1 : 1;
    return first->row < second->row ? -1 : first->row > second->row;
}

/* Nanoseconds a pixel: the arrows' own lines are half of the height, the time between them the other half. */
static double scale_of(const struct drawing *drawing)
{
    const struct instant *instants = drawing->instants;
    double busy_ns = 0;

    for (size_t i = 1; i < drawing->instant_count; i++) {
        size_t row = instants[i].row;
        bool is_idle = row != SIZE_MAX && drawing->flow->rows[row].idle_ns > 0;

        busy_ns += is_idle ? 0 : (double)(instants[i].at_ns - instants[i - 1].at_ns);
    }
    return busy_ns > 0 ? busy_ns / (LINE * (double)(drawing->flow->row_count + 1)) : 1;
}

static double step(const struct drawing *drawing, size_t i, double scale)
{
    const struct instant *now = &drawing->instants[i];
    double pixels = (double)(now->at_ns - drawing->instants[i - 1].at_ns) / scale;
    double least = now->row != SIZE_MAX ? LINE : now->at_ns > drawing->instants[i - 1].at_ns ? TICK : 0;

    if (now->row != SIZE_MAX && (drawing->flow->rows[now->row].idle_ns > 0 || drawing->flow->rows[now->row].left_out))
        return FOLD;
    if (pixels > STRETCH)
        pixels = STRETCH;
    return pixels > least ? pixels : least;
}

static void find_heights(struct drawing *drawing)
{
    double y = HEAD + LINE;

    for (size_t i = 0; i < drawing->flow->row_count; i++) {
        const struct ladder_message *message = drawing->flow->rows[i].message;

        drawing->instants[drawing->instant_count++] = (struct instant){message->sent_ns, 0, i};
        if (message->received_ns != NONE_NS)
            drawing->instants[drawing->instant_count++] = (struct instant){message->received_ns, 0, SIZE_MAX};
    }
    qsort(drawing->instants, drawing->instant_count, sizeof(*drawing->instants), compare_instants);
    double scale = scale_of(drawing);

    for (size_t i = 0; i < drawing->instant_count; i++) {
        y += i > 0 ? step(drawing, i, scale) : 0;
        drawing->instants[i].y = y;
        if (drawing->instants[i].row != SIZE_MAX)
            drawing->begin_y[drawing->instants[i].row] = y;
    }
    drawing->bottom = y + LINE;
}

/* The height of a time: between the instants around it in proportion. */
static double y_at(const struct drawing *drawing, int64_t at_ns)
{
    const struct instant *instants = drawing->instants;
    size_t low = 0, high = drawing->instant_count;

    while (low < high) { /* the first instant at or after it */
        size_t middle = (low + high) / 2;

        if (instants[middle].at_ns < at_ns)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == drawing->instant_count)
        return drawing->bottom;
    if (low == 0 || instants[low].at_ns == at_ns)
        return instants[low].y;
    double share = (double)(at_ns - instants[low - 1].at_ns) / (double)(instants[low].at_ns - instants[low - 1].at_ns);

    return instants[low - 1].y + share * (instants[low].y - instants[low - 1].y);
}

/* Where an arrow ends: at its time, but never above its own begin, which equal times may have moved down. */
static double end_y(const struct drawing *drawing, size_t row)
{
    const struct ladder_message *message = drawing->flow->rows[row].message;
    double begin = drawing->begin_y[row];

    if (message->received_ns == NONE_NS)
        return begin + LINE / 2.0;
    double end = y_at(drawing, message->received_ns);

    return end > begin ? end : begin;
}

/* ---- Drawing ---- */

static const char styles[] =
    ".ladder text{font:12px 'DejaVu Sans',system-ui,sans-serif;fill:#222}"
    ".ladder .lane{stroke:#bbb}.ladder .dwell{fill:#e69f00;fill-opacity:.45}"
    ".ladder .time{font-size:10.5px;fill:#555;text-anchor:end}.ladder .note{font-size:10.5px;fill:#666}"
    ".ladder .name{font-weight:bold;text-anchor:middle}.ladder .address{font-size:9.5px;text-anchor:middle}.ladder "
    ".label{paint-order:stroke;stroke:#fff;stroke-width:3px}"
    ".ladder a:hover .label,.ladder a:focus .label{text-decoration:underline}.ladder .paper{fill:#fff}"
    "@media (prefers-color-scheme:dark){.ladder text{fill:#eee}.ladder .paper{fill:#1b1d20}"
    ".ladder .label{stroke:#1b1d20}.ladder .time,.ladder .note{fill:#aaa}.ladder .lane{stroke:#555}}"
    "@media print{.ladder text{fill:#222}.ladder .paper{fill:#fff}.ladder .label{stroke:#fff}}";

static void write_head(const struct drawing *drawing, double height)
{
    struct sink *sink = drawing->sink;
    double width = width_of(drawing);

    if (!drawing->style->is_embedded)
        sink_text(sink, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    sink_format(sink,
                "<svg class=\"ladder\" xmlns=\"http://www.w3.org/2000/svg\" role=\"%s\" viewBox=\"0 0 %.0f %.0f\" "
                "width=\"%.0f\" height=\"%.0f\" x=\"%.0f\">\n<title>",
                drawing->style->link_prefix ? "group" : "img", width, height, width, height, drawing->style->x);
    if (drawing->style->size)
        *drawing->style->size = (struct ladder_svg_size){width, height};
    markup_string(sink, drawing->style->title);
    sink_format(sink, "</title>\n<style>%s</style>\n<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n",
                styles);
    if (drawing->style->is_untitled)
        return;
    sink_text(sink, "<text x=\"12\" y=\"20\" style=\"font-weight:bold\">");
    markup_string(sink, drawing->style->title);
    sink_text(sink, "</text>\n");
}

/* Which protocols are in the drawing, with their colours. */
static void write_key(const struct drawing *drawing)
{
    double x = 12;

    for (const struct look *look = looks; look->protocol; look++) {
        bool is_used = false;

        for (size_t i = 0; i < drawing->flow->row_count && !is_used; i++)
            is_used = look_of(drawing->flow->rows[i].message->protocol) == look;
        if (!is_used)
            continue;
        sink_format(drawing->sink,
                    "<line x1=\"%.0f\" y1=\"37\" x2=\"%.0f\" y2=\"37\" stroke=\"%s\" stroke-width=\"2\" "
                    "stroke-dasharray=\"%s\"/><text class=\"note\" x=\"%.0f\" y=\"41\">%s</text>\n",
                    x, x + 26, look->colour, look->dash, x + 31, look->protocol);
        x += 98;
    }
    sink_format(drawing->sink,
                "<rect class=\"dwell\" x=\"%.0f\" y=\"31\" width=\"8\" height=\"12\"/>"
                "<text class=\"note\" x=\"%.0f\" y=\"41\">kept by a node</text>\n",
                x, x + 13);
}

/* A long name in two lines, broken at its last blank: "p-cscf" over "192.0.2.1:5060". */
static void write_name(const struct drawing *drawing, unsigned lane)
{
    struct span name = cut(span_of(drawing->flow->lanes[lane]));
    size_t blank = name.size;

    while (name.size > NAME_SHORT && blank > 0 && name.data[blank - 1] != ' ')
        blank--;
    bool is_broken = name.size > NAME_SHORT && blank > 0;

    sink_format(drawing->sink, "<text class=\"name\" x=\"%.1f\" y=\"%d\">", lane_x(lane), HEAD - (is_broken ? 20 : 8));
    markup_text(drawing->sink, is_broken ? (struct span){name.data, blank - 1} : name);
    if (is_broken) {
        sink_format(drawing->sink, "</text><text class=\"address\" x=\"%.1f\" y=\"%d\">", lane_x(lane), HEAD - 8);
        markup_text(drawing->sink, span_after(name, blank));
    }
    sink_text(drawing->sink, "</text>\n");
}

static void write_lanes(const struct drawing *drawing)
{
    for (unsigned lane = 0; lane < drawing->flow->lane_count; lane++) {
        sink_format(drawing->sink, "<line class=\"lane\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%.1f\"/>", lane_x(lane),
                    HEAD, lane_x(lane), drawing->bottom);
        write_name(drawing, lane);
    }
}

static void write_dwell(const struct drawing *drawing, const struct ladder_row *row)
{
    const struct ladder_message *message = row->message;

    if (row->group || message->received_ns == NONE_NS || message->dwell_ns == NONE_NS || message->dwell_ns <= 0)
        return;
    double from = y_at(drawing, message->received_ns);
    double to = y_at(drawing, message->received_ns + message->dwell_ns);

    sink_format(drawing->sink, "<rect class=\"dwell\" x=\"%.1f\" y=\"%.1f\" width=\"8\" height=\"%.1f\"><title>",
                lane_x(row->to) - 4, from, to - from > 1 ? to - from : 1);
    markup_text(drawing->sink, cut(span_of(message->to)));
    sink_format(drawing->sink, " kept it for %.3f ms</title></rect>\n", (double)message->dwell_ns / MS);
}

static void write_mark(const struct drawing *drawing, size_t i)
{
    const struct ladder_row *row = &drawing->flow->rows[i];
    double y = drawing->begin_y[i] - FOLD / 2.0;

    if (!row->left_out && !row->idle_ns)
        return;
    sink_format(drawing->sink,
                "<rect class=\"paper\" x=\"0\" y=\"%.1f\" width=\"%.0f\" height=\"14\"/><text class=\"note\" x=\"12\" "
                "y=\"%.1f\">",
                y - 9, width_of(drawing), y + 2);
    if (row->left_out)
        sink_format(drawing->sink, "%zu rows left out", row->left_out);
    else
        sink_format(drawing->sink, "%.1f ms idle", (double)row->idle_ns / MS);
    sink_text(drawing->sink, "</text>\n");
}

/* The label, then what tells it from an ordinary one. */
static void write_label(const struct drawing *drawing, const struct ladder_row *row)
{
    const struct ladder_message *message = row->message;

    markup_text(drawing->sink, cut(row->label));
    if (row->group)
        sink_format(drawing->sink, " × %zu", row->group->count);
    sink_text(drawing->sink, message->is_again ? " again" : "");
    sink_text(drawing->sink, message->is_lost ? " lost" : "");
}

static void write_tooltip(const struct drawing *drawing, const struct ladder_row *row)
{
    const struct ladder_message *message = row->message;
    double sent_ms = (double)(message->sent_ns - drawing->style->origin_ns) / MS;

    sink_text(drawing->sink, "<title>");
    markup_text(drawing->sink, cut(span_of(message->protocol)));
    sink_text(drawing->sink, " ");
    write_label(drawing, row);
    sink_text(drawing->sink, ", ");
    markup_text(drawing->sink, cut(span_of(message->from)));
    sink_text(drawing->sink, " to ");
    markup_text(drawing->sink, cut(span_of(message->to)));
    sink_format(drawing->sink, ", %llu B, sent at %.3f ms",
                (unsigned long long)(row->group ? row->group->bytes : message->bytes), sent_ms);
    if (row->group)
        sink_format(drawing->sink, ", the last until %.3f ms",
                    (double)(row->group->until_ns - drawing->style->origin_ns) / MS);
    else if (message->received_ns != NONE_NS)
        sink_format(drawing->sink, ", received %.3f ms later", (double)(message->received_ns - message->sent_ns) / MS);
    sink_text(drawing->sink, "</title>");
}

/* The shaft with its head; a lost message ends half way in a cross, one to its own node is a dot. */
static void write_shaft(const struct drawing *drawing, size_t i)
{
    const struct ladder_row *row = &drawing->flow->rows[i];
    const struct look *look = look_of(row->message->protocol);
    double x1 = lane_x(row->from), x2 = lane_x(row->to), y1 = drawing->begin_y[i], y2 = end_y(drawing, i);
    double sign = x2 > x1 ? 1 : -1;
    const char *dash = row->message->is_again ? "3 3" : look->dash;

    if (row->from == row->to) {
        sink_format(drawing->sink, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>", x1, y1, look->colour);
        return;
    }
    if (row->message->is_lost) {
        x2 = (x1 + x2) / 2;
        y2 = y1 + (y2 - y1) / 2;
    }
    sink_format(drawing->sink,
                "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"1.6\" "
                "stroke-dasharray=\"%s\"/>",
                x1, y1, x2, y2, look->colour, dash);
    if (row->message->is_lost)
        sink_format(drawing->sink,
                    "<path d=\"M%.1f %.1fl10 10m0 -10l-10 10\" stroke=\"#d55e00\" stroke-width=\"2.2\" fill=\"none\"/>",
                    x2 - 5, y2 - 5);
    else
        sink_format(drawing->sink, "<path d=\"M%.1f %.1fl%.1f -4v8z\" fill=\"%s\"/>", x2, y2, -8 * sign, look->colour);
}

static void write_arrow(const struct drawing *drawing, size_t i)
{
    const struct ladder_row *row = &drawing->flow->rows[i];
    bool is_leftwards = row->to < row->from;
    bool is_linked = drawing->style->link_prefix && row->message->number > 0;

    if (is_linked) {
        sink_text(drawing->sink, "<a href=\"");
        markup_string(drawing->sink, drawing->style->link_prefix);
        sink_format(drawing->sink, "%llu\">", (unsigned long long)row->message->number);
    }
    sink_text(drawing->sink, "<g>");
    write_tooltip(drawing, row);
    write_shaft(drawing, i);
    sink_format(drawing->sink, "<text class=\"label\"%s x=\"%.1f\" y=\"%.1f\">",
                is_leftwards ? " text-anchor=\"end\"" : "", lane_x(row->from) + (is_leftwards ? -7 : 7),
                drawing->begin_y[i] - 3);
    write_label(drawing, row);
    sink_text(drawing->sink, is_linked ? "</text></g></a>" : "</text></g>");
    sink_format(drawing->sink, "<text class=\"time\" x=\"%d\" y=\"%.1f\">%.3f</text>\n", TIME_WIDTH - 8,
                drawing->begin_y[i] + 4, (double)(row->message->sent_ns - drawing->style->origin_ns) / MS);
}

/* Colours and hatching-free order of plots/delay-by-arm.gp: processing first. */
static const char *const part_colours[] = {"#e69f00", "#d55e00", "#56b4e9", "#0072b2",
                                           "#009e73", "#f0e442", "#d9d9d9", "#cc79a7"};

static void write_parts(const struct drawing *drawing)
{
    const struct ladder_svg_style *style = drawing->style;
    double x = TIME_WIDTH, y = drawing->bottom + FOOT, room = width_of(drawing) - TIME_WIDTH - 20;
    double total_ns = 0;

    for (size_t i = 0; i < style->part_count; i++)
        total_ns += style->parts[i].ns > 0 ? (double)style->parts[i].ns : 0;
    if (total_ns <= 0)
        return;
    sink_format(drawing->sink, "<text class=\"note\" x=\"12\" y=\"%.1f\">delay, %.3f ms</text>\n", y - 8,
                total_ns / MS);
    double key_x = TIME_WIDTH;

    for (size_t i = 0; i < style->part_count; i++) {
        double share = style->parts[i].ns > 0 ? (double)style->parts[i].ns / total_ns : 0;
        const char *colour = part_colours[i % (sizeof(part_colours) / sizeof(*part_colours))];

        if (share <= 0)
            continue;
        sink_format(drawing->sink,
                    "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\" stroke=\"#555\" "
                    "stroke-width=\".6\"><title>%s %.3f ms</title></rect>"
                    "<rect x=\"%.1f\" y=\"%.1f\" width=\"10\" height=\"10\" fill=\"%s\" stroke=\"#555\"/>"
                    "<text class=\"note\" x=\"%.1f\" y=\"%.1f\">%s %.1f %%</text>\n",
                    x, y, share * room, PART_HEIGHT, colour, style->parts[i].name, (double)style->parts[i].ns / MS,
                    key_x, y + PART_HEIGHT + 8, colour, key_x + 14, y + PART_HEIGHT + 17, style->parts[i].name,
                    100 * share);
        x += share * room;
        key_x += 128;
    }
}

static enum err draw(struct drawing *drawing)
{
    find_heights(drawing);
    write_head(drawing, drawing->bottom + FOOT + (drawing->style->part_count > 0 ? 2 * PART_HEIGHT + 12 : 0));
    write_key(drawing);
    write_lanes(drawing);
    for (size_t i = 0; i < drawing->flow->row_count; i++)
        write_dwell(drawing, &drawing->flow->rows[i]);
    for (size_t i = 0; i < drawing->flow->row_count; i++) {
        write_mark(drawing, i);
        write_arrow(drawing, i);
    }
    write_parts(drawing);
    sink_text(drawing->sink, "</svg>\n");
    return drawing->sink->overflow ? ERR_FULL : ERR_OK;
}

enum err ladder_svg_write(const struct ladder_message *messages, size_t count, const struct ladder_svg_style *style,
                          struct sink *sink)
{
    struct ladder_flow flow;
    struct drawing drawing = {.style = style, .flow = &flow, .sink = sink};
    enum err error = ladder_flow_init(&flow, messages, count, style->roles);

    if (error == ERR_OK) {
        drawing.instants = calloc(2 * flow.row_count + 1, sizeof(*drawing.instants));
        drawing.begin_y = calloc(flow.row_count + 1, sizeof(*drawing.begin_y));
        error = drawing.instants && drawing.begin_y ? draw(&drawing) : ERR_FULL;
    }
    free(drawing.instants);
    free(drawing.begin_y);
    ladder_flow_free(&flow);
    return error;
}
