/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/sheet.h"
#include "sim/base/csv.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static enum err refuse(struct note *note, const char *path)
{
    return note_set(note, errno == ENOMEM ? ERR_FULL : ERR_FILE, "%s: %s", path, strerror(errno));
}

/* All that is left of the file, a zero byte behind it. */
static enum err read_all(FILE *file, const char *path, struct span *text, struct note *note)
{
    size_t capacity = 1 << 16, size = 0;
    char *bytes = malloc(capacity);

    while (bytes) {
        size += fread(bytes + size, 1, capacity - 1 - size, file);
        if (size < capacity - 1)
            break;
        char *more = capacity < SHEET_BYTES_MAX ? realloc(bytes, capacity * 2) : NULL;

        if (!more) {
            free(bytes);
            return note_set(note, ERR_FULL, "%s: more than %zu MiB", path, capacity >> 20);
        }
        bytes = more;
        capacity *= 2;
    }
    if (!bytes || ferror(file)) {
        free(bytes);
        return refuse(note, path);
    }
    bytes[size] = 0;
    *text = (struct span){bytes, size};
    return ERR_OK;
}

enum err sheet_read_text(const char *path, struct span *text, struct note *note)
{
    FILE *file = fopen(path, "r");

    if (!file)
        return refuse(note, path);
    enum err error = read_all(file, path, text, note);

    fclose(file);
    return error;
}

/* The next line without its end; false at the end. */
static bool next_line(struct span *text, struct span *line)
{
    if (text->size == 0)
        return false;
    size_t end = span_find_byte(*text, '\n');

    *line = (struct span){text->data, end};
    *text = span_after(*text, end < text->size ? end + 1 : end);
    if (line->size > 0 && line->data[line->size - 1] == '\r')
        line->size--;
    return true;
}

static size_t count_lines(struct span text)
{
    size_t count = 0;
    struct span line;

    while (next_line(&text, &line))
        count++;
    return count;
}

static enum err parse(struct span text, const char *path, struct sheet *sheet, struct note *note)
{
    struct sink unquoted = {.data = sheet->unquoted, .capacity = text.size + 1};
    size_t number = 0, found;
    struct span line;

    while (next_line(&text, &line)) {
        bool is_head = sheet->column_count == 0;

        number++;
        if (line.size == 0 || (is_head && line.data[0] == '#'))
            continue;
        struct span *row = is_head ? sheet->names : sheet->cells + sheet->row_count * sheet->column_count;
        enum err error = csv_cut(line, row, is_head ? SHEET_COLUMNS_MAX : sheet->column_count, &found, &unquoted);

        if (error != ERR_OK || (!is_head && found != sheet->column_count))
            return note_set(note, ERR_SYNTAX, "%s:%zu: expected a row of %s", path, number,
                            is_head ? "at most 256 column names" : "as many cells as the first line has names");
        if (!is_head) {
            sheet->row_count++;
            continue;
        }
        sheet->column_count = found;
        sheet->cells = calloc(count_lines(text) + 1, found * sizeof(*sheet->cells));
        if (!sheet->cells)
            return note_set(note, ERR_FULL, "%s: no memory for its cells", path);
    }
    return ERR_OK;
}

enum err sheet_read(const char *path, struct sheet *sheet, struct note *note)
{
    struct span text;

    *sheet = (struct sheet){.column_count = 0};
    TRY(sheet_read_text(path, &text, note));
    sheet->bytes = (char *)text.data;
    sheet->unquoted = malloc(text.size + 1);
    enum err error =
        sheet->unquoted ? parse(text, path, sheet, note) : note_set(note, ERR_FULL, "%s: no memory for it", path);

    if (error != ERR_OK)
        sheet_free(sheet);
    return error;
}

void sheet_free(struct sheet *sheet)
{
    free(sheet->cells);
    free(sheet->bytes);
    free(sheet->unquoted);
    *sheet = (struct sheet){.column_count = 0};
}

size_t sheet_column(const struct sheet *sheet, const char *name)
{
    for (size_t column = 0; column < sheet->column_count; column++)
        if (span_equal(sheet->names[column], span_of(name)))
            return column;
    return SIZE_MAX;
}

struct span sheet_cell(const struct sheet *sheet, size_t row, size_t column)
{
    if (row >= sheet->row_count || column >= sheet->column_count)
        return (struct span){"", 0};
    return sheet->cells[row * sheet->column_count + column];
}

struct span sheet_find(const struct sheet *sheet, size_t row, const char *name)
{
    return sheet_cell(sheet, row, sheet_column(sheet, name));
}

double sheet_value(const struct sheet *sheet, size_t row, size_t column)
{
    struct span cell = sheet_cell(sheet, row, column);
    char text[64], *end;

    if (cell.size == 0 || cell.size >= sizeof(text))
        return NAN;
    memcpy(text, cell.data, cell.size);
    text[cell.size] = 0;
    double number = strtod(text, &end);

    return *end == 0 ? number : NAN;
}

double sheet_number(const struct sheet *sheet, size_t row, const char *name)
{
    return sheet_value(sheet, row, sheet_column(sheet, name));
}
