/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/csv.h"

/* A quoted cell, its opening quote at the front; a doubled quote stands for one. */
static enum err cut_quoted(struct span *line, struct span *cell, struct sink *unquoted)
{
    size_t start = unquoted->size;
    struct span rest = span_after(*line, 1);
    struct span piece;

    for (;;) {
        if (span_cut_until(&rest, '"', &piece) != ERR_OK)
            return ERR_SYNTAX;
        sink_span(unquoted, piece);
        if (rest.size == 0 || rest.data[0] != '"')
            break;
        sink_char(unquoted, '"');
        rest = span_after(rest, 1);
    }
    if (unquoted->overflow)
        return ERR_FULL;
    *cell = (struct span){unquoted->data + start, unquoted->size - start};
    *line = span_trim(rest);
    return ERR_OK;
}

static enum err cut_cell(struct span *line, struct span *cell, struct sink *unquoted)
{
    struct span text = span_trim(*line);
    size_t end;

    if (text.size > 0 && text.data[0] == '"') {
        TRY(cut_quoted(&text, cell, unquoted));
        *line = text;
        return text.size == 0 || text.data[0] == ',' ? ERR_OK : ERR_SYNTAX;
    }
    end = span_find_byte(text, ',');
    *cell = span_trim((struct span){text.data, end});
    *line = span_after(text, end);
    return span_find_byte(*cell, '"') == cell->size ? ERR_OK : ERR_SYNTAX;
}

enum err csv_cut(struct span line, struct span *cells, size_t max, size_t *count, struct sink *unquoted)
{
    size_t found = 0;

    for (;;) {
        if (found == max)
            return ERR_RANGE;
        TRY(cut_cell(&line, &cells[found], unquoted));
        found++;
        if (line.size == 0)
            break;
        line = span_after(line, 1);
    }
    *count = found;
    return ERR_OK;
}

void csv_write(struct sink *sink, struct span cell)
{
    bool is_plain = true;

    for (size_t i = 0; i < cell.size; i++)
        is_plain = is_plain && !strchr(",\"\r\n", cell.data[i]);
    if (is_plain) {
        sink_span(sink, cell);
        return;
    }
    sink_char(sink, '"');
    for (size_t i = 0; i < cell.size; i++) {
        if (cell.data[i] == '"')
            sink_char(sink, '"');
        sink_char(sink, cell.data[i]);
    }
    sink_char(sink, '"');
}
