/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/table.h"
#include "sim/base/check.h"

#include <stdint.h>

void table_init(struct table *table, struct arena *arena)
{
    *table = (struct table){.arena = arena};
}

void table_column(struct table *table, const char *title, const char *name, enum table_kind kind)
{
    check(table->column_count < TABLE_COLUMNS_MAX);
    check(!table->first);
    table->columns[table->column_count++] = (struct table_column){title, name, kind};
}

void table_row(struct table *table)
{
    struct table_row *row = arena_alloc(table->arena, sizeof(*row));

    row->cells = arena_alloc(table->arena, (table->column_count + 1) * sizeof(*row->cells));
    if (table->last)
        table->last->next = row;
    else
        table->first = row;
    table->last = row;
    table->next_column = 0;
}

static struct span keep(struct arena *arena, struct span text)
{
    char *copy = arena_alloc(arena, text.size + 1);

    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    return (struct span){copy, text.size};
}

void table_cell(struct table *table, struct span shown, struct span plain)
{
    check(table->last != NULL);
    check(table->next_column < table->column_count);
    table->last->cells[table->next_column++] =
        (struct table_cell){keep(table->arena, shown), keep(table->arena, plain)};
}

void table_same(struct table *table, struct span text)
{
    table_cell(table, text, text);
}

/* Columns on a terminal: code points, which is right but for wide and combining ones. */
static size_t text_width(struct span text)
{
    size_t width = 0;

    for (size_t i = 0; i < text.size; i++)
        width += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return width;
}

static struct span shown_of(const struct table_row *row, size_t column)
{
    struct span text = row->cells[column].shown;

    return text.size > 0 ? text : SPAN("-");
}

static size_t column_width(const struct table *table, size_t column)
{
    size_t width = text_width(span_of(table->columns[column].title));

    for (const struct table_row *row = table->first; row; row = row->next) {
        size_t cell = text_width(shown_of(row, column));

        if (cell > width)
            width = cell;
    }
    return width;
}

static void write_blanks(struct sink *sink, size_t count)
{
    for (; count > 0; count--)
        sink_char(sink, ' ');
}

/* Columns of a table from one up to another, the latter not included. */
struct range {
    size_t from, to;
};

/* The cells of a line, titles when row is NULL, behind blanks that are owed; returns the blanks owed behind them. They
 * are written only before something else, so no line ends in one. */
static size_t write_cells(const struct table *table, const struct table_row *row, const size_t *widths,
                          struct range range, size_t owed, struct sink *sink)
{
    for (size_t i = range.from; i < range.to; i++) {
        const struct table_column *column = &table->columns[i];

        if (!column->title)
            continue;
        struct span text = row ? shown_of(row, i) : span_of(column->title);
        size_t room = widths[i] - text_width(text);

        write_blanks(sink, owed + (column->kind == TABLE_NUMBER ? room : 0));
        sink_span(sink, text);
        owed = 2 + (column->kind == TABLE_NUMBER ? 0 : room);
    }
    return owed;
}

static void write_block(const struct table *table, const size_t *widths, size_t key_count, struct range range,
                        struct sink *sink)
{
    const struct table_row *row = NULL;

    do {
        size_t owed = write_cells(table, row, widths, (struct range){0, key_count}, 0, sink);

        (void)write_cells(table, row, widths, range, owed, sink);
        sink_char(sink, '\n');
        row = row ? row->next : table->first;
    } while (row);
}

/* The columns that say what a row is of: the first one, and texts behind it as long as they take half of the room. */
static size_t count_keys(const struct table *table, const size_t *widths, size_t room)
{
    size_t count = 0, used = 0;

    while (count < table->column_count &&
           (used == 0 || (table->columns[count].kind == TABLE_TEXT && 2 * (used + widths[count]) <= room)))
        used += table->columns[count].title ? widths[count] + 2 : 0, count++;
    return count;
}

/* As many columns behind the keys as the room allows, at least one. */
static struct range next_block(const struct table *table, const size_t *widths, size_t key_count, size_t from,
                               size_t room)
{
    struct range range = {from, from};
    size_t used = 0, shown = 0;

    for (size_t i = 0; i < key_count; i++)
        used += table->columns[i].title ? widths[i] + 2 : 0;
    for (; range.to < table->column_count; range.to++) {
        if (!table->columns[range.to].title)
            continue;
        if (shown > 0 && used + widths[range.to] > room)
            break;
        used += widths[range.to] + 2;
        shown++;
    }
    return range;
}

void table_write_text(const struct table *table, size_t room, struct sink *sink)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0};

    for (size_t i = 0; i < table->column_count; i++)
        if (table->columns[i].title)
            widths[i] = column_width(table, i);
    if (room == 0)
        room = SIZE_MAX / 4;
    size_t key_count = count_keys(table, widths, room);
    struct range range = next_block(table, widths, 0, 0, room);

    if (range.to == table->column_count) {
        write_block(table, widths, 0, range, sink);
        return;
    }
    for (range.to = key_count; range.to < table->column_count;) {
        if (range.to > key_count)
            sink_char(sink, '\n');
        range = next_block(table, widths, key_count, range.to, room);
        write_block(table, widths, key_count, range, sink);
    }
}

/* Quotes around what holds a comma, a quote or a line end; a quote inside is doubled. */
static void write_csv_cell(struct span text, struct sink *sink)
{
    bool is_plain = true;

    for (size_t i = 0; i < text.size; i++)
        is_plain =
            is_plain && text.data[i] != ',' && text.data[i] != '"' && text.data[i] != '\r' && text.data[i] != '\n';
    if (is_plain) {
        sink_span(sink, text);
        return;
    }
    sink_char(sink, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"')
            sink_char(sink, '"');
        sink_char(sink, text.data[i]);
    }
    sink_char(sink, '"');
}

static void write_csv_line(const struct table *table, const struct table_row *row, struct sink *sink)
{
    bool is_first = true;

    for (size_t i = 0; i < table->column_count; i++) {
        const struct table_column *column = &table->columns[i];

        if (!column->name)
            continue;
        if (!is_first)
            sink_char(sink, ',');
        write_csv_cell(row ? row->cells[i].plain : span_of(column->name), sink);
        is_first = false;
    }
    sink_char(sink, '\n');
}

void table_write_csv(const struct table *table, struct sink *sink)
{
    write_csv_line(table, NULL, sink);
    for (const struct table_row *row = table->first; row; row = row->next)
        write_csv_line(table, row, sink);
}

/* RFC 8259 section 7. Bytes above 127 go through: our texts are UTF-8. */
static void write_json_string(struct span text, struct sink *sink)
{
    sink_char(sink, '"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (c == '"' || c == '\\') {
            sink_char(sink, '\\');
            sink_char(sink, (char)c);
        } else if (c < ' ') {
            sink_text(sink, "\\u");
            sink_hex(sink, c, 4);
        } else {
            sink_char(sink, (char)c);
        }
    }
    sink_char(sink, '"');
}

static void write_json_row(const struct table *table, const struct table_row *row, struct sink *sink)
{
    const char *before = "";

    sink_char(sink, '{');
    for (size_t i = 0; i < table->column_count; i++) {
        const struct table_column *column = &table->columns[i];

        if (!column->name)
            continue;
        sink_text(sink, before);
        before = ", ";
        write_json_string(span_of(column->name), sink);
        sink_text(sink, ": ");
        if (column->kind == TABLE_TEXT)
            write_json_string(row->cells[i].plain, sink);
        else if (row->cells[i].plain.size == 0)
            sink_text(sink, "null");
        else
            sink_span(sink, row->cells[i].plain);
    }
    sink_char(sink, '}');
}

void table_write_json(const struct table *table, struct sink *sink)
{
    sink_text(sink, "[");
    for (const struct table_row *row = table->first; row; row = row->next) {
        sink_text(sink, row == table->first ? "\n  " : ",\n  ");
        write_json_row(table, row, sink);
    }
    sink_text(sink, "\n]\n");
}
