/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/cells.h"
#include "sim/base/check.h"

#include <assert.h>

static const struct {
    char ascii;
    const char *utf8;
} symbols[] = {
    [CELL_LIFELINE] = {'|', "│"}, [CELL_FOLD] = {':', "┊"}, [CELL_SHAFT] = {'-', "─"},
    [CELL_RIGHT] = {'>', "→"},    [CELL_LEFT] = {'<', "←"}, [CELL_TIMES] = {'x', "×"},
    [CELL_CUT] = {'~', "…"},      [CELL_FULL] = {'#', "█"}, [CELL_EDGE] = {'|', "┤"},
};
static_assert(sizeof(symbols) / sizeof(*symbols) == CELL_SYMBOL_COUNT, "every symbol has its two forms");

static bool is_printable(char c)
{
    return c >= ' ' && c <= '~';
}

void cells_clear(struct cells *cells, unsigned width)
{
    check(width <= CELLS_MAX);
    cells->width = width;
    memset(cells->cell, ' ', sizeof(cells->cell));
}

void cells_put(struct cells *cells, unsigned column, uint8_t cell)
{
    check(cell > 0 && cell < 127);
    if (column < cells->width)
        cells->cell[column] = cell;
}

void cells_fill(struct cells *cells, unsigned from, unsigned until, uint8_t cell)
{
    for (unsigned column = from; column < until && column < cells->width; column++)
        cells_put(cells, column, cell);
}

unsigned cells_text_width(struct span text)
{
    unsigned width = 0;

    /* No line is longer than CELLS_MAX, so counting beyond it would tell nobody anything. */
    for (size_t i = 0; i < text.size && width <= CELLS_MAX; i++)
        width += is_printable(text.data[i]) ? 1 : 4;
    return width;
}

static unsigned put_escaped(struct cells *cells, unsigned column, char c)
{
    if (is_printable(c)) {
        cells_put(cells, column, (uint8_t)c);
        return 1;
    }
    cells_put(cells, column, '\\');
    cells_put(cells, column + 1, 'x');
    cells_put(cells, column + 2, (uint8_t) "0123456789abcdef"[(uint8_t)c >> 4]);
    cells_put(cells, column + 3, (uint8_t) "0123456789abcdef"[(uint8_t)c & 15]);
    return 4;
}

unsigned cells_text(struct cells *cells, unsigned column, unsigned room, struct span text)
{
    bool is_whole = cells_text_width(text) <= room;
    unsigned taken = 0;

    for (size_t i = 0; i < text.size; i++) {
        unsigned needs = is_printable(text.data[i]) ? 1 : 4;

        if (taken + needs + (is_whole ? 0 : 1) > room)
            break;
        taken += put_escaped(cells, column + taken, text.data[i]);
    }
    if (!is_whole && taken < room)
        cells_put(cells, column + taken++, CELL_CUT);
    return taken;
}

void cells_write(const struct cells *cells, bool is_unicode, struct sink *sink)
{
    unsigned end = cells->width;

    while (end > 0 && cells->cell[end - 1] == ' ')
        end--;
    for (unsigned column = 0; column < end; column++) {
        uint8_t cell = cells->cell[column];

        if (cell >= CELL_SYMBOL_COUNT)
            sink_char(sink, (char)cell);
        else if (is_unicode)
            sink_text(sink, symbols[cell].utf8);
        else
            sink_char(sink, symbols[cell].ascii);
    }
    sink_char(sink, '\n');
}
