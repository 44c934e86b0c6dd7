/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/cost_file.h"
#include "sim/base/csv.h"
#include "bench/harness/input.h"
#include "sim/base/units.h"

enum { COLUMN_OPERATION, COLUMN_FIXED, COLUMN_BYTE, COLUMN_SOURCE, COLUMN_COUNT };

static const char header[] = "operation,fixed_ns,ns_per_byte,source";

enum {
    DIGITS_MAX = 15,       /* of a number, so that it is exact in a double */
    FIXED_MOST_S = 3600,   /* an hour */
    BYTE_MOST_NS = 1000000 /* a millisecond */
};

/* Digits with a fraction or without: as a whole number of steps of 10^-decimals. */
static enum err cut_decimal(struct span cell, uint64_t *steps, int *decimals)
{
    struct span rest = cell, fraction;
    uint64_t whole, part = 0;

    *decimals = 0;
    TRY(span_cut_number(&rest, &whole));
    if (span_cut_literal(&rest, SPAN(".")) == ERR_OK) {
        fraction = rest;
        TRY(span_cut_number(&rest, &part));
        *decimals = (int)(fraction.size - rest.size);
    }
    if (rest.size != 0 || cell.size > DIGITS_MAX)
        return ERR_SYNTAX;
    for (int i = 0; i < *decimals; i++)
        whole *= 10;
    *steps = whole + part;
    return ERR_OK;
}

/* A time in nanoseconds of at most most_ns. */
static enum err read_ns(struct span cell, double most_ns, double *value_ns, struct note *note)
{
    uint64_t steps;
    int decimals;
    double divisor = 1;

    if (cell.size > 0 && cell.data[0] == '-')
        return note_set(note, ERR_RANGE, "expected 0 or more");
    if (cut_decimal(cell, &steps, &decimals) != ERR_OK)
        return note_set(note, ERR_SYNTAX, "expected nanoseconds like 1500 or 0.82, of at most %d characters",
                        DIGITS_MAX);
    for (int i = 0; i < decimals; i++)
        divisor *= 10;
    if ((double)steps / divisor > most_ns)
        return note_set(note, ERR_RANGE, "expected at most %.0f ns", most_ns);
    *value_ns = (double)steps / divisor;
    return ERR_OK;
}

static enum err find_operation(struct span cell, int *operation, struct note *note)
{
    char known[512];
    struct sink sink = SINK(known);

    for (int i = 0; i < COST_OPERATION_COUNT; i++) {
        if (span_equal(cell, span_of(cost_operation_names[i]))) {
            *operation = i;
            return ERR_OK;
        }
        sink_format(&sink, "%s%s", i ? ", " : "", cost_operation_names[i]);
    }
    return note_set(note, ERR_UNKNOWN, "\"%.*s\": expected one of %s", (int)(cell.size > 80 ? 80 : cell.size),
                    cell.data, sink_string(&sink));
}

static enum err cut_line(struct span line, struct span *cells, struct sink *unquoted, struct note *note)
{
    size_t count = 0;

    if (csv_cut(line, cells, COLUMN_COUNT, &count, unquoted) != ERR_OK || count != COLUMN_COUNT)
        return note_set(note, ERR_SYNTAX, "expected %d cells: %s", COLUMN_COUNT, header);
    if (cells[COLUMN_SOURCE].size == 0)
        return note_set(note, ERR_SYNTAX, "source: expected where the number comes from");
    return ERR_OK;
}

static enum err add_row(struct span line, struct cost_table *table, struct note *note)
{
    char unquoted_text[1024];
    struct sink unquoted = SINK(unquoted_text);
    struct span cells[COLUMN_COUNT];
    double fixed_ns, ns_per_byte;
    int operation = 0;
    struct note why = {{0}};

    TRY(cut_line(line, cells, &unquoted, note));
    TRY(find_operation(cells[COLUMN_OPERATION], &operation, note));
    enum err error = read_ns(cells[COLUMN_FIXED], (double)(FIXED_MOST_S * SECOND), &fixed_ns, &why);

    if (error != ERR_OK)
        return note_set(note, error, "fixed_ns: %s", why.text);
    error = read_ns(cells[COLUMN_BYTE], BYTE_MOST_NS, &ns_per_byte, &why);
    if (error != ERR_OK)
        return note_set(note, error, "ns_per_byte: %s", why.text);
    if (table->costs[operation].is_known)
        return note_set(note, ERR_SYNTAX, "a second row for %s", cost_operation_names[operation]);
    table->costs[operation] = (struct cost){(int64_t)(fixed_ns + 0.5), ns_per_byte, true};
    return ERR_OK;
}

/* Keeps what the comment says of the machine, cut to the room there is. */
static void read_comment(struct span line, struct cost_table *table)
{
    struct span label = SPAN("# machine: ");

    if (!span_starts(line, label) || table->machine[0])
        return;
    struct span text = span_trim(span_after(line, label.size));
    size_t size = text.size < sizeof(table->machine) ? text.size : sizeof(table->machine) - 1;

    memcpy(table->machine, text.data, size);
}

static enum err add_line(struct span line, bool *has_header, struct cost_table *table, struct note *note)
{
    if (*has_header)
        return add_row(line, table, note);
    if (!span_equal(line, span_of(header)))
        return note_set(note, ERR_SYNTAX, "expected the header %s", header);
    *has_header = true;
    return ERR_OK;
}

enum err cost_file_parse(struct span text, const char *name, struct cost_table *table, struct note *note)
{
    struct cost_table result = {.costs[0].is_known = false};
    struct sink name_sink = SINK(result.name);
    bool has_header = false, has_rows = false;
    struct span line;

    sink_format(&name_sink, "%.*s", (int)sizeof(result.name) - 1, name);
    sink_string(&name_sink);
    for (unsigned number = 1; input_cut_line(&text, &line); number++) {
        struct note why = {{0}};

        line = span_trim(line);
        if (line.size > 0 && line.data[0] == '#')
            read_comment(line, &result);
        if (line.size == 0 || line.data[0] == '#')
            continue;
        has_rows = has_header;
        enum err error = add_line(line, &has_header, &result, &why);

        if (error != ERR_OK)
            return note_set(note, error, "%s:%u: %s", name, number, why.text);
    }
    if (!has_rows)
        return note_set(note, ERR_SYNTAX, "%s: holds no rows: expected the header %s and rows of costs", name, header);
    *table = result;
    return ERR_OK;
}

enum err cost_file_read(const char *name, struct cost_table *table, struct note *note)
{
    struct input input;

    TRY(input_read(INPUT_COST, span_of(name), SPAN(""), &input, note));
    enum err error = cost_file_parse(input.text, input.name, table, note);

    input_free(&input);
    return error;
}
