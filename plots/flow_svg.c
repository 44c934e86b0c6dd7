/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/flow_svg.h"
#include "plots/sheet.h"
#include "sim/base/check.h"

#include <stdlib.h>

/* Copies of cells as zero-terminated strings, one behind the other. */
struct strings {
    char *next;
};

static const char *string_of(struct strings *strings, struct span cell)
{
    char *copy = strings->next;

    memcpy(copy, cell.data, cell.size);
    copy[cell.size] = 0;
    strings->next += cell.size + 1;
    return copy;
}

/* A count, or 0 for a cell that is none. */
static uint64_t count_of(struct span cell)
{
    uint64_t number;

    return span_cut_number(&cell, &number) == ERR_OK && cell.size == 0 ? number : 0;
}

/* Where a drawing can compute with it: any two of them differ by less than 2^63 ns. */
static bool is_near(int64_t time_ns)
{
    return time_ns > INT64_MIN / 4 && time_ns < INT64_MAX / 4;
}

static bool has_times(const struct ladder_message *message)
{
    return is_near(message->sent_ns) && (message->received_ns == NONE_NS || is_near(message->received_ns)) &&
           (message->dwell_ns == NONE_NS || is_near(message->dwell_ns));
}

static int64_t time_of(struct span cell)
{
    char text[24] = "";

    if (cell.size == 0 || cell.size >= sizeof(text))
        return NONE_NS;
    memcpy(text, cell.data, cell.size);
    return (int64_t)strtoll(text, NULL, 10);
}

static size_t strings_size(const struct sheet *sheet)
{
    size_t size = 1;

    for (size_t row = 0; row < sheet->row_count; row++)
        size += sheet_find(sheet, row, "from").size + sheet_find(sheet, row, "to").size +
                sheet_find(sheet, row, "protocol").size + 3;
    return size;
}

static struct ladder_message message_at(const struct sheet *sheet, size_t row, struct strings *strings)
{
    struct ladder_message message = {
        .number = count_of(sheet_find(sheet, row, "number")),
        .bytes = count_of(sheet_find(sheet, row, "bytes")),
        .is_again = span_equal(sheet_find(sheet, row, "is_again"), SPAN("1")),
        .label = sheet_find(sheet, row, "label"),
    };

    message.sent_ns = time_of(sheet_find(sheet, row, "sent_ns"));
    message.received_ns = time_of(sheet_find(sheet, row, "received_ns"));
    message.dwell_ns = time_of(sheet_find(sheet, row, "dwell_ns"));
    message.is_lost = message.received_ns == NONE_NS;
    message.from = string_of(strings, sheet_find(sheet, row, "from"));
    message.to = string_of(strings, sheet_find(sheet, row, "to"));
    message.protocol = string_of(strings, sheet_find(sheet, row, "protocol"));
    return message;
}

/* ---- One drawing ---- */

struct flow {
    struct ladder_message *messages;
    size_t count;
    char *copies;
    int64_t origin_ns;
};

/* What came before the press, connections and registrations, is no part of the flow, unless nothing followed. */
static bool has_later(const struct sheet *sheet, int64_t from_ns)
{
    for (size_t row = 0; row < sheet->row_count; row++) {
        int64_t sent_ns = time_of(sheet_find(sheet, row, "sent_ns"));

        if (sent_ns != NONE_NS && sent_ns >= from_ns)
            return true;
    }
    return false;
}

static enum err read_messages(const struct flow_drawing *drawing, const struct sheet *sheet, struct flow *flow,
                              struct note *note)
{
    bool is_cut = drawing->from_ns != NONE_NS && has_later(sheet, drawing->from_ns);
    struct strings strings = {flow->copies};

    flow->origin_ns = INT64_MAX;
    for (size_t row = 0; row < sheet->row_count; row++) {
        struct ladder_message message = message_at(sheet, row, &strings);

        if (!has_times(&message))
            return note_set(note, ERR_SYNTAX, "%s: row %zu: expected sent_ns, and times in ns", drawing->csv, row + 1);
        if (is_cut && message.sent_ns < drawing->from_ns)
            continue;
        if (drawing->has_text && !drawing->has_text(drawing->context, message.number))
            message.number = 0; /* nothing to lead to */
        if (message.sent_ns < flow->origin_ns)
            flow->origin_ns = message.sent_ns;
        flow->messages[flow->count++] = message;
    }
    if (is_cut)
        flow->origin_ns = drawing->from_ns;
    return ERR_OK;
}

static enum err draw(const struct flow_drawing *drawing, const struct sheet *sheet, struct ladder_svg_style *style,
                     struct sink *sink, struct note *note)
{
    struct flow flow = {.messages = calloc(sheet->row_count + 1, sizeof(*flow.messages)),
                        .copies = malloc(strings_size(sheet))};
    enum err error = flow.messages && flow.copies ? read_messages(drawing, sheet, &flow, note)
                                                  : note_set(note, ERR_FULL, "no memory for a call flow");

    if (error == ERR_OK) {
        style->title = drawing->title;
        style->origin_ns = flow.origin_ns;
        style->link_prefix = drawing->link_prefix;
        style->parts = drawing->parts;
        style->part_count = drawing->part_count;
        error = ladder_svg_write(flow.messages, flow.count, style, sink);
        if (error != ERR_OK)
            (void)note_set(note, error, "%s: no memory for the drawing, or more than %d roles in it", drawing->csv,
                           LADDER_ROLES_MAX);
    }
    free(flow.messages);
    free(flow.copies);
    return error;
}

/* ---- Side by side ---- */

static enum err draw_file(const struct flow_drawing *drawing, struct ladder_svg_style *style, struct sink *sink,
                          struct note *note)
{
    struct sheet sheet;

    TRY(sheet_read(drawing->csv, &sheet, note));
    enum err error = draw(drawing, &sheet, style, sink, note);

    sheet_free(&sheet);
    return error;
}

static enum err draw_all(const struct flow_drawing *drawings, size_t count, struct sink *inner,
                         struct ladder_svg_size *whole, struct note *note)
{
    for (size_t i = 0; i < count; i++) {
        struct ladder_svg_size size = {0, 0};
        struct ladder_svg_style style = {.is_embedded = true, .x = whole->width, .size = &size};

        TRY(draw_file(&drawings[i], &style, inner, note));
        whole->width += size.width;
        whole->height = size.height > whole->height ? size.height : whole->height;
    }
    return ERR_OK;
}

enum err flow_svg_write(const struct flow_drawing *drawings, size_t count, bool is_embedded, struct sink *sink,
                        struct note *note)
{
    check(count > 0 && count <= FLOW_DRAWINGS_MAX);
    if (count == 1) {
        struct ladder_svg_style style = {.is_embedded = is_embedded, .is_untitled = is_embedded};

        return draw_file(&drawings[0], &style, sink, note);
    }
    size_t capacity = FLOW_DRAWINGS_MAX * (size_t)LADDER_SVG_SIZE;
    struct sink inner = {.data = malloc(capacity), .capacity = capacity};
    struct ladder_svg_size whole = {0, 0};
    enum err error = inner.data ? draw_all(drawings, count, &inner, &whole, note)
                                : note_set(note, ERR_FULL, "no memory for a drawing");

    if (error == ERR_OK) {
        if (!is_embedded)
            sink_text(sink, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        sink_format(sink,
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
                    "height=\"%.0f\">\n",
                    whole.width, whole.height, whole.width, whole.height);
        sink_span(sink, sink_written(&inner));
        sink_text(sink, "</svg>\n");
        error = sink->overflow ? note_set(note, ERR_FULL, "the drawings are too large to stand side by side") : ERR_OK;
    }
    free(inner.data);
    return error;
}
