/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/field.h"
#include "sim/base/check.h"
#include "sim/base/csv.h"
#include "sim/base/nearest.h"
#include "sim/base/units.h"

#include <stdlib.h>

/* A member's value while it is read: the one its kind says. */
struct value {
    int64_t time_ns;
    uint64_t number;
    double ratio;
    int choice;
    struct span text;
};

/* What a kind of member knows to do. */
struct kind {
    enum err (*read)(const struct field *row, struct span text, struct value *value, struct note *note);
    int (*compare)(const struct value *a, const struct value *b); /* NULL: the kind has no order */
    void (*load)(const void *member, struct value *value);
    void (*store)(void *member, const struct value *value);
    void (*write)(const struct field *row, const struct value *value, struct sink *sink);
    void (*write_csv)(const struct field *row, const struct value *value, struct sink *sink);
    const char *column_end;
};

static enum err time_read(const struct field *row, struct span text, struct value *value, struct note *note)
{
    (void)row;
    return units_read_time(text, &value->time_ns, note);
}

static int time_compare(const struct value *a, const struct value *b)
{
    return a->time_ns < b->time_ns ? -1 : a->time_ns > b->time_ns;
}

static void time_load(const void *member, struct value *value)
{
    memcpy(&value->time_ns, member, sizeof(value->time_ns));
}

static void time_store(void *member, const struct value *value)
{
    memcpy(member, &value->time_ns, sizeof(value->time_ns));
}

static void time_write(const struct field *row, const struct value *value, struct sink *sink)
{
    (void)row;
    if (value->time_ns == NONE_NS)
        sink_char(sink, '-');
    else
        units_write_time(sink, value->time_ns);
}

static void time_write_csv(const struct field *row, const struct value *value, struct sink *sink)
{
    (void)row;
    if (value->time_ns != NONE_NS)
        sink_format(sink, "%lld", (long long)value->time_ns);
}

static enum err size_read(const struct field *row, struct span text, struct value *value, struct note *note)
{
    (void)row;
    return units_read_size(text, &value->number, note);
}

static enum err rate_read(const struct field *row, struct span text, struct value *value, struct note *note)
{
    (void)row;
    return units_read_rate(text, &value->number, note);
}

static enum err frequency_read(const struct field *row, struct span text, struct value *value, struct note *note)
{
    (void)row;
    return units_read_frequency(text, &value->number, note);
}

static enum err count_read(const struct field *row, struct span text, struct value *value, struct note *note)
{
    struct span rest = text;
    uint64_t number;

    (void)row;
    enum err error = span_cut_number(&rest, &number);

    if (error == ERR_RANGE)
        return note_set(note, ERR_RANGE, "\"%.*s\" is too large", (int)text.size, text.data);
    if (error != ERR_OK || rest.size != 0)
        return note_set(note, ERR_SYNTAX, "\"%.*s\": expected a whole number like 16, without unit", (int)text.size,
                        text.data);
    value->number = number;
    return ERR_OK;
}

static int number_compare(const struct value *a, const struct value *b)
{
    return a->number < b->number ? -1 : a->number > b->number;
}

static void number_load(const void *member, struct value *value)
{
    memcpy(&value->number, member, sizeof(value->number));
}

static void number_store(void *member, const struct value *value)
{
    memcpy(member, &value->number, sizeof(value->number));
}

static void size_write(const struct field *row, const struct value *value, struct sink *sink)
{
    (void)row;
    units_write_size(sink, value->number);
}

static void rate_write(const struct field *row, const struct value *value, struct sink *sink)
{
    (void)row;
    units_write_rate(sink, value->number);
}

static void frequency_write(const struct field *row, const struct value *value, struct sink *sink)
{
    (void)row;
    units_write_frequency(sink, value->number);
}

static void number_write(const struct field *row, const struct value *value, struct sink *sink)
{
    (void)row;
    sink_number(sink, value->number);
}

static void number_write_csv(const struct field *row, const struct value *value, struct sink *sink)
{
    if (value->number != NONE_COUNT)
        number_write(row, value, sink);
}

static enum err ratio_read(const struct field *row, struct span text, struct value *value, struct note *note)
{
    (void)row;
    return units_read_ratio(text, &value->ratio, note);
}

static int ratio_compare(const struct value *a, const struct value *b)
{
    return a->ratio < b->ratio ? -1 : a->ratio > b->ratio;
}

static void ratio_load(const void *member, struct value *value)
{
    memcpy(&value->ratio, member, sizeof(value->ratio));
}

static void ratio_store(void *member, const struct value *value)
{
    memcpy(member, &value->ratio, sizeof(value->ratio));
}

static void ratio_write(const struct field *row, const struct value *value, struct sink *sink)
{
    (void)row;
    units_write_ratio(sink, value->ratio);
}

/* The fewest digits that read back to the same number. */
static void ratio_write_csv(const struct field *row, const struct value *value, struct sink *sink)
{
    char text[40];

    (void)row;
    for (int precision = 1; precision <= 17; precision++) {
        struct sink number = SINK(text);

        sink_format(&number, "%.*g", precision, value->ratio);
        if (strtod(sink_string(&number), NULL) == value->ratio)
            break;
    }
    sink_text(sink, text);
}

static void write_choices(const struct field *row, struct sink *sink)
{
    for (int i = 0; row->choices[i]; i++)
        sink_format(sink, "%s%s", i == 0 ? "" : row->choices[i + 1] ? ", " : " or ", row->choices[i]);
}

static enum err choice_read(const struct field *row, struct span text, struct value *value, struct note *note)
{
    char names[512];
    struct sink sink = SINK(names);
    struct nearest nearest = nearest_to(text);

    for (int i = 0; row->choices[i]; i++) {
        nearest_try(&nearest, row->choices[i]);
        if (!span_equal(text, span_of(row->choices[i])))
            continue;
        value->choice = i;
        return ERR_OK;
    }
    write_choices(row, &sink);
    return note_set(note, ERR_UNKNOWN, "\"%.*s\": expected %s%s%s%s", (int)text.size, text.data, sink_string(&sink),
                    nearest.best ? "; did you mean " : "", nearest.best ? nearest.best : "", nearest.best ? "?" : "");
}

static void choice_load(const void *member, struct value *value)
{
    memcpy(&value->choice, member, sizeof(value->choice));
}

static void choice_store(void *member, const struct value *value)
{
    memcpy(member, &value->choice, sizeof(value->choice));
}

static void choice_write(const struct field *row, const struct value *value, struct sink *sink)
{
    sink_text(sink, row->choices[value->choice]);
}

static enum err text_read(const struct field *row, struct span text, struct value *value, struct note *note)
{
    (void)row;
    if (text.size >= FIELD_TEXT_SIZE)
        return note_set(note, ERR_RANGE, "a text of %zu bytes: at most %d are allowed", text.size, FIELD_TEXT_SIZE - 1);
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < ' ' || text.data[i] == 127)
            return note_set(note, ERR_SYNTAX, "a control character (code %d) in a text", text.data[i]);
    value->text = text;
    return ERR_OK;
}

static void text_load(const void *member, struct value *value)
{
    value->text = span_of(member);
}

static void text_store(void *member, const struct value *value)
{
    memset(member, 0, FIELD_TEXT_SIZE);
    memcpy(member, value->text.data, value->text.size);
}

static void text_write(const struct field *row, const struct value *value, struct sink *sink)
{
    (void)row;
    sink_span(sink, value->text);
}

static void text_write_csv(const struct field *row, const struct value *value, struct sink *sink)
{
    (void)row;
    csv_write(sink, value->text);
}

static const struct kind kinds[FIELD_KIND_COUNT] = {
    [FIELD_TIME] = {time_read, time_compare, time_load, time_store, time_write, time_write_csv, "_ns"},
    [FIELD_SIZE] = {size_read, number_compare, number_load, number_store, size_write, number_write_csv, "_bytes"},
    [FIELD_RATE] = {rate_read, number_compare, number_load, number_store, rate_write, number_write, "_bps"},
    [FIELD_FREQUENCY] = {frequency_read, number_compare, number_load, number_store, frequency_write, number_write,
                         "_per_ks"},
    [FIELD_RATIO] = {ratio_read, ratio_compare, ratio_load, ratio_store, ratio_write, ratio_write_csv, "_ratio"},
    [FIELD_COUNT] = {count_read, number_compare, number_load, number_store, number_write, number_write_csv, ""},
    [FIELD_CHOICE] = {choice_read, NULL, choice_load, choice_store, choice_write, choice_write, ""},
    [FIELD_TEXT] = {text_read, NULL, text_load, text_store, text_write, text_write_csv, ""},
};

const struct field *field_find(const struct field *rows, struct span name)
{
    for (; rows->name; rows++)
        if (span_equal(name, span_of(rows->name)))
            return rows;
    return NULL;
}

/* A word of the table itself, which is right or our own mistake. */
static struct value value_of(const struct field *row, const char *word)
{
    struct note note = {{0}};
    struct value value = {0};

    check(kinds[row->kind].read(row, span_of(word), &value, &note) == ERR_OK);
    return value;
}

void field_defaults(const struct field *rows, void *record)
{
    for (; rows->name; rows++) {
        struct value value = value_of(rows, rows->standard);

        kinds[rows->kind].store((char *)record + rows->offset, &value);
    }
}

static bool is_in_range(const struct field *row, const struct value *value)
{
    const struct kind *kind = &kinds[row->kind];

    if (!kind->compare)
        return true;
    if (row->least) {
        struct value least = value_of(row, row->least);

        if (kind->compare(value, &least) < 0)
            return false;
    }
    if (row->most) {
        struct value most = value_of(row, row->most);

        return kind->compare(value, &most) <= 0;
    }
    return true;
}

enum err field_read(const struct field *row, void *record, struct span text, struct note *note)
{
    struct note reason = {{0}};
    struct value value = {0};
    enum err error = kinds[row->kind].read(row, text, &value, &reason);

    if (error != ERR_OK)
        return note_set(note, error, "%s = %s", row->name, reason.text);
    if (!is_in_range(row, &value))
        return note_set(note, ERR_RANGE, "%s = \"%.*s\": expected %s%s%s%s", row->name, (int)text.size, text.data,
                        row->least ? "at least " : "", row->least ? row->least : "",
                        row->most ? row->least ? ", at most " : "at most " : "", row->most ? row->most : "");
    kinds[row->kind].store((char *)record + row->offset, &value);
    return ERR_OK;
}

static struct value member_of(const struct field *row, const void *record)
{
    struct value value = {0};

    kinds[row->kind].load((const char *)record + row->offset, &value);
    return value;
}

void field_write(const struct field *row, const void *record, struct sink *sink)
{
    struct value value = member_of(row, record);

    kinds[row->kind].write(row, &value, sink);
}

void field_write_csv(const struct field *row, const void *record, struct sink *sink)
{
    struct value value = member_of(row, record);

    kinds[row->kind].write_csv(row, &value, sink);
}

void field_write_column(const struct field *row, struct sink *sink)
{
    sink_text(sink, row->name);
    sink_text(sink, kinds[row->kind].column_end);
}
