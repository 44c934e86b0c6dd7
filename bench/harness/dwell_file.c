/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/dwell_file.h"
#include "sim/base/csv.h"
#include "bench/harness/input.h"
#include "sim/base/check.h"
#include "sim/base/field.h"
#include "sim/base/units.h"

#include <assert.h>

enum column {
    COLUMN_ROLE,
    COLUMN_KIND,
    COLUMN_SIDE,
    COLUMN_N,
    COLUMN_MIN,
    COLUMN_MEDIAN,
    COLUMN_P95,
    COLUMN_MAX,
    COLUMN_WORK,
    COLUMN_INCLUDES,
    COLUMN_SOURCE,
    COLUMN_COUNT,
    COLUMN_REPLAYED = COLUMN_COUNT, /* may be left out, with its name */
    COLUMNS_MOST
};

static const char *const columns[] = {
    "role",   "kind",   "side",    "n",        "min_ms", "median_ms",
    "p95_ms", "max_ms", "work_ms", "includes", "source", "replayed_ms",
};
static_assert(sizeof(columns) / sizeof(columns[0]) == COLUMNS_MOST, "each column has a name");

enum { INCLUDES_COUNT = 3, DWELL_MOST_S = 3600, LINE_MOST = 1 << 17 };

static const struct {
    const char *name;
    unsigned bit;
} includes_names[INCLUDES_COUNT] = {
    {"hss", DWELL_INCLUDES_HSS},
    {"media-proxy", DWELL_INCLUDES_MEDIA_PROXY},
    {"esp", DWELL_INCLUDES_ESP},
};

/* Reads one cell into the row; the note says what was expected. */
typedef enum err cell_read_fn(struct span cell, struct dwell_row *row, struct note *note);

static enum err find_name(struct span cell, const char *const *names, int count, int *found, struct note *note)
{
    char known[256];
    struct sink sink = SINK(known);

    for (int i = 0; i < count; i++) {
        if (span_equal(cell, span_of(names[i]))) {
            *found = i;
            return ERR_OK;
        }
        sink_format(&sink, "%s%s", i ? ", " : "", names[i]);
    }
    return note_set(note, ERR_UNKNOWN, "\"%.*s\": expected one of %s", (int)cell.size, cell.data, sink_string(&sink));
}

static enum err read_role(struct span cell, struct dwell_row *row, struct note *note)
{
    int role;

    TRY(find_name(cell, dwell_role_names, DWELL_ROLE_COUNT, &role, note));
    row->role = (enum dwell_role)role;
    return ERR_OK;
}

static enum err read_side(struct span cell, struct dwell_row *row, struct note *note)
{
    int side;

    TRY(find_name(cell, dwell_side_names, DWELL_SIDE_COUNT, &side, note));
    row->side = (enum dwell_side)side;
    return ERR_OK;
}

static enum err keep_text(struct span cell, char *text, size_t size, struct note *note)
{
    if (cell.size == 0)
        return note_set(note, ERR_SYNTAX, "an empty cell: expected a text");
    if (cell.size >= size)
        return note_set(note, ERR_RANGE, "a text of %zu bytes: expected at most %zu", cell.size, size - 1);
    for (size_t i = 0; i < cell.size; i++)
        if ((unsigned char)cell.data[i] < ' ' || cell.data[i] == 127)
            return note_set(note, ERR_SYNTAX, "a control character (code %d) in a text", cell.data[i]);
    memset(text, 0, size);
    memcpy(text, cell.data, cell.size);
    return ERR_OK;
}

/* Of SIP, MSRP and Diameter: a misspelt one would leave its messages to the row of "*". */
static const char *const methods[] = {
    "*",     "INVITE",   "ACK",       "BYE",    "CANCEL",  "PRACK", "UPDATE", "MESSAGE", "OPTIONS", "INFO",
    "REFER", "REGISTER", "SUBSCRIBE", "NOTIFY", "PUBLISH", "SEND",  "REPORT", "AUTH",    "LIR",     "UAR",
    "MAR",   "SAR",      "RTR",       "PPR",    "CER",     "DWR",   "DPR",    "AAR",     "STR",
};

static bool is_kind(struct span cell)
{
    struct span method = cell;
    uint64_t status = 200;

    for (size_t i = 0; i < cell.size; i++) {
        if (cell.data[i] != '/')
            continue;
        struct span rest = {cell.data + i + 1, cell.size - i - 1};

        if (rest.size != 3 || span_cut_number(&rest, &status) != ERR_OK || rest.size != 0)
            return false;
        method.size = i;
        break;
    }
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (span_equal(method, span_of(methods[i])))
            return status >= 100 && status < 700;
    return false;
}

static enum err read_kind(struct span cell, struct dwell_row *row, struct note *note)
{
    if (!is_kind(cell))
        return note_set(note, ERR_SYNTAX, "\"%.*s\": expected a method, method/status or *",
                        (int)(cell.size > 80 ? 80 : cell.size), cell.data);
    return keep_text(cell, row->kind, sizeof(row->kind), note);
}

static enum err read_n(struct span cell, struct dwell_row *row, struct note *note)
{
    struct span rest = cell;

    if (cell.size == 0)
        return ERR_OK;
    if (span_cut_number(&rest, &row->n) != ERR_OK || rest.size != 0)
        return note_set(note, ERR_SYNTAX, "\"%.*s\": expected the size of the sample, or nothing", (int)cell.size,
                        cell.data);
    return ERR_OK;
}

static enum err read_ms(struct span cell, int64_t *time_ns, struct note *note)
{
    char text[64];
    struct sink sink = SINK(text);
    struct note ignored = {{0}};
    int64_t value_ns;

    *time_ns = NONE_NS;
    if (cell.size == 0)
        return ERR_OK;
    sink_span(&sink, cell);
    sink_text(&sink, "ms");
    if (sink.overflow || units_read_time(sink_written(&sink), &value_ns, &ignored) != ERR_OK)
        return note_set(note, ERR_SYNTAX, "\"%.*s\": expected milliseconds like 2.657, or nothing",
                        (int)(cell.size > 80 ? 80 : cell.size), cell.data);
    if (value_ns > DWELL_MOST_S * SECOND)
        return note_set(note, ERR_RANGE, "%.*s ms: expected at most an hour", (int)cell.size, cell.data);
    *time_ns = value_ns;
    return ERR_OK;
}

static enum err read_min(struct span cell, struct dwell_row *row, struct note *note)
{
    return read_ms(cell, &row->min_ns, note);
}

static enum err read_median(struct span cell, struct dwell_row *row, struct note *note)
{
    if (cell.size == 0)
        return note_set(note, ERR_SYNTAX, "an empty cell: expected milliseconds");
    return read_ms(cell, &row->median_ns, note);
}

static enum err read_p95(struct span cell, struct dwell_row *row, struct note *note)
{
    return read_ms(cell, &row->p95_ns, note);
}

static enum err read_max(struct span cell, struct dwell_row *row, struct note *note)
{
    return read_ms(cell, &row->max_ns, note);
}

static enum err read_work(struct span cell, struct dwell_row *row, struct note *note)
{
    return read_ms(cell, &row->work_ns, note);
}

static enum err read_includes(struct span cell, struct dwell_row *row, struct note *note)
{
    while (cell.size > 0) {
        size_t end = span_find_byte(cell, '+');
        struct span name = {cell.data, end};
        int i = 0;

        while (i < INCLUDES_COUNT && !span_equal(name, span_of(includes_names[i].name)))
            i++;
        if (i == INCLUDES_COUNT)
            return note_set(note, ERR_UNKNOWN, "\"%.*s\": expected hss, media-proxy or esp, joined by +, or nothing",
                            (int)name.size, name.data);
        row->includes |= includes_names[i].bit;
        cell = span_after(cell, end < cell.size ? end + 1 : end);
    }
    return ERR_OK;
}

static enum err read_source(struct span cell, struct dwell_row *row, struct note *note)
{
    TRY(keep_text(cell, row->source, sizeof(row->source), note));
    row->is_assumed = span_find(cell, SPAN("assumed")) < cell.size;
    return ERR_OK;
}

static cell_read_fn *const readers[COLUMN_COUNT] = {
    [COLUMN_ROLE] = read_role,     [COLUMN_KIND] = read_kind,
    [COLUMN_SIDE] = read_side,     [COLUMN_N] = read_n,
    [COLUMN_MIN] = read_min,       [COLUMN_MEDIAN] = read_median,
    [COLUMN_P95] = read_p95,       [COLUMN_MAX] = read_max,
    [COLUMN_WORK] = read_work,     [COLUMN_INCLUDES] = read_includes,
    [COLUMN_SOURCE] = read_source,
};

/* Cuts a line into exactly `columns_of_file` cells. */
static enum err cut_line(struct span line, size_t columns_of_file, struct span *cells, struct sink *unquoted,
                         struct note *note)
{
    size_t count = 0;
    enum err error = csv_cut(line, cells, columns_of_file, &count, unquoted);

    if (error == ERR_SYNTAX)
        return note_set(note, error, "a quote in the wrong place: expected \"...\" around a whole cell");
    if (error == ERR_FULL)
        return note_set(note, error, "the line is too long");
    if (error != ERR_OK || count != columns_of_file)
        return note_set(note, ERR_SYNTAX, "expected %zu cells", columns_of_file);
    return ERR_OK;
}

static bool is_header(struct span line, size_t count)
{
    char unquoted_text[512];
    struct sink unquoted = SINK(unquoted_text);
    struct span cells[COLUMNS_MOST];
    struct note ignored = {{0}};
    bool is_right = cut_line(line, count, cells, &unquoted, &ignored) == ERR_OK;

    for (size_t i = 0; i < count; i++)
        is_right = is_right && span_equal(cells[i], span_of(columns[i]));
    return is_right;
}

static enum err read_header(struct span line, size_t *count, struct note *note)
{
    char expected[256];
    struct sink sink = SINK(expected);

    for (*count = COLUMN_COUNT; *count <= COLUMNS_MOST; ++*count)
        if (is_header(line, *count))
            return ERR_OK;
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        sink_format(&sink, "%s%s", i ? "," : "", columns[i]);
    return note_set(note, ERR_SYNTAX, "expected the header %s[,%s]", sink_string(&sink), columns[COLUMN_REPLAYED]);
}

/* Minimum, median, p95 and maximum must not fall; the work is a part of the median. */
static enum err check_order(const struct dwell_row *row, struct note *note)
{
    const int64_t times[] = {row->min_ns, row->median_ns, row->p95_ns, row->max_ns};
    int64_t before_ns = 0;

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        if (times[i] == NONE_NS)
            continue;
        if (times[i] < before_ns)
            return note_set(note, ERR_RANGE, "expected min <= median <= p95 <= max");
        before_ns = times[i];
    }
    if (row->work_ns != NONE_NS && row->work_ns > row->median_ns)
        return note_set(note, ERR_RANGE, "the work is more than the median: expected a part of it");
    return ERR_OK;
}

/* Dwells in milliseconds, divided by blanks, behind those that the table has. */
static enum err read_sequence(struct span cell, struct dwell_table *table, struct dwell_row *row, struct note *note)
{
    row->sequence_first = (uint32_t)table->sequence_count;
    for (cell = span_trim(cell); cell.size > 0; cell = span_trim(cell)) {
        struct span one = {cell.data, span_find_byte(cell, ' ')};

        if (row->sequence_first + row->sequence_count == DWELL_SEQUENCE_MAX)
            return note_set(note, ERR_RANGE, "%s: expected at most %d dwells in all rows", columns[COLUMN_REPLAYED],
                            DWELL_SEQUENCE_MAX);
        TRY(read_ms(one, &table->sequence_ns[row->sequence_first + row->sequence_count], note));
        row->sequence_count++;
        cell = span_after(cell, one.size);
    }
    return ERR_OK;
}

static enum err read_row(struct span line, size_t count, struct dwell_table *table, struct dwell_row *row,
                         struct note *note)
{
    char unquoted_text[LINE_MOST];
    struct sink unquoted = SINK(unquoted_text);
    struct span cells[COLUMNS_MOST];

    *row = (struct dwell_row){.n = 0};
    TRY(cut_line(line, count, cells, &unquoted, note));
    for (int i = 0; i < COLUMN_COUNT; i++) {
        struct note why = {{0}};
        enum err error = readers[i](cells[i], row, &why);

        if (error != ERR_OK)
            return note_set(note, error, "%s = %s", columns[i], why.text);
    }
    if (count == COLUMNS_MOST)
        TRY(read_sequence(cells[COLUMN_REPLAYED], table, row, note));
    return check_order(row, note);
}

static bool is_known(const struct dwell_table *table, const struct dwell_row *row)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct dwell_row *other = &table->rows[i];

        if (other->role == row->role && other->side == row->side && strcmp(other->kind, row->kind) == 0)
            return true;
    }
    return false;
}

static enum err add_row(struct span line, size_t count, struct dwell_table *table, struct note *note)
{
    struct dwell_row row;

    TRY(read_row(line, count, table, &row, note));
    if (is_known(table, &row))
        return note_set(note, ERR_SYNTAX, "a second row for %s %s, side %s", dwell_role_names[row.role], row.kind,
                        dwell_side_names[row.side]);
    if (table->count == DWELL_ROWS_MAX)
        return note_set(note, ERR_RANGE, "expected at most %d rows", DWELL_ROWS_MAX);
    table->rows[table->count++] = row;
    table->sequence_count += row.sequence_count;
    return ERR_OK;
}

enum err dwell_file_parse(struct span text, const char *name, struct dwell_table *table, struct note *note)
{
    struct dwell_table result = {.count = 0};
    struct sink name_sink = SINK(result.name);
    size_t count = 0; /* of columns; 0: no header yet */
    struct span line;

    sink_format(&name_sink, "%.*s", (int)sizeof(result.name) - 1, name);
    sink_string(&name_sink);
    for (unsigned number = 1; input_cut_line(&text, &line); number++) {
        struct note why = {{0}};

        line = span_trim(line);
        if (line.size == 0 || line.data[0] == '#')
            continue;
        enum err error = count > 0 ? add_row(line, count, &result, &why) : read_header(line, &count, &why);

        if (error != ERR_OK)
            return note_set(note, error, "%s:%u: %s", name, number, why.text);
    }
    if (result.count == 0)
        return note_set(note, ERR_SYNTAX, "%s: holds no rows: expected a header and rows of dwells", name);
    *table = result;
    return ERR_OK;
}

enum err dwell_file_read(struct span name, struct dwell_table *table, struct note *note)
{
    struct input input;

    TRY(input_read(INPUT_DWELL, name, SPAN(""), &input, note));
    enum err error = dwell_file_parse(input.text, input.name, table, note);

    input_free(&input);
    return error;
}

void dwell_write_includes(unsigned includes, struct sink *sink)
{
    const char *before = "";

    for (int i = 0; i < INCLUDES_COUNT; i++) {
        if (!(includes & includes_names[i].bit))
            continue;
        sink_format(sink, "%s%s", before, includes_names[i].name);
        before = "+";
    }
}

/* Milliseconds with as many digits as the nanoseconds need. */
static void write_ms(int64_t time_ns, struct sink *sink)
{
    sink_char(sink, ',');
    if (time_ns == NONE_NS)
        return;
    sink_number(sink, (uint64_t)(time_ns / MS));
    int64_t rest_ns = time_ns % MS;

    if (rest_ns == 0)
        return;
    sink_char(sink, '.');
    for (int64_t step_ns = MS / 10; rest_ns > 0; step_ns /= 10) {
        sink_char(sink, (char)('0' + rest_ns / step_ns));
        rest_ns %= step_ns;
    }
}

static void write_quoted(const char *text, struct sink *sink)
{
    sink_text(sink, ",\"");
    for (; *text; text++) {
        if (*text == '"')
            sink_char(sink, '"');
        sink_char(sink, *text);
    }
    sink_char(sink, '"');
}

static void write_sequence(const struct dwell_table *table, const struct dwell_row *row, struct sink *sink)
{
    for (uint32_t i = 0; i < row->sequence_count; i++) {
        char text[32];
        struct sink one = SINK(text);

        write_ms(table->sequence_ns[row->sequence_first + i], &one); /* with a comma in front */
        sink_char(sink, i == 0 ? ',' : ' ');
        sink_span(sink, span_after(sink_written(&one), 1));
    }
    if (row->sequence_count == 0)
        sink_char(sink, ',');
}

void dwell_file_write(const struct dwell_table *table, struct sink *sink)
{
    size_t count = table->sequence_count > 0 ? COLUMNS_MOST : COLUMN_COUNT;

    for (size_t i = 0; i < count; i++)
        sink_format(sink, "%s%s", i ? "," : "", columns[i]);
    sink_char(sink, '\n');
    for (size_t i = 0; i < table->count; i++) {
        const struct dwell_row *row = &table->rows[i];

        check(row->role < DWELL_ROLE_COUNT && row->side < DWELL_SIDE_COUNT);
        sink_format(sink, "%s,%s,%s,%llu", dwell_role_names[row->role], row->kind, dwell_side_names[row->side],
                    (unsigned long long)row->n);
        write_ms(row->min_ns, sink);
        write_ms(row->median_ns, sink);
        write_ms(row->p95_ns, sink);
        write_ms(row->max_ns, sink);
        write_ms(row->work_ns, sink);
        sink_char(sink, ',');
        dwell_write_includes(row->includes, sink);
        write_quoted(row->source, sink);
        if (count == COLUMNS_MOST)
            write_sequence(table, row, sink);
        sink_char(sink, '\n');
    }
}
