/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/scenario_file.h"
#include "bench/harness/input.h"
#include "sim/base/check.h"
#include "sim/preset.h"
#include "sim/base/nearest.h"

#include <ini.h>

enum {
    INCLUDES_MAX = 8,
    TEXT_MAX = 150, /* bytes of a text value, so that its line can be read back */
    KEY_SIZE = 128,
    LINE_MAX_BYTES = 190 /* of a line that is written, less than inih reads */
};

/* One file on its way through inih, which calls for a line and then handles what the line says. */
struct reading {
    const struct input *input;
    struct span rest;
    unsigned line;
    struct span comment; /* behind the value of this line */
    enum err error;
    struct note why; /* set with error */

    bool has_entries;
    char include[INPUT_NAME_SIZE];
    struct scenario_file *file; /* NULL: only looking for the include */
    unsigned lines[SCENARIO_FIELDS_MAX];
};

static size_t row_number(const struct field *row)
{
    size_t number = (size_t)(row - scenario_fields);

    check(number < SCENARIO_FIELDS_MAX);
    return number;
}

static void set_origin(char *origin, struct span text)
{
    struct sink sink = {.data = origin, .capacity = SCENARIO_ORIGIN_SIZE};

    if (text.size > SCENARIO_ORIGIN_SIZE - 1)
        text.size = SCENARIO_ORIGIN_SIZE - 1;
    for (size_t i = 0; i < text.size; i++)
        sink_char(&sink, (unsigned char)text.data[i] < ' ' ? '?' : text.data[i]);
    sink_string(&sink);
}

void scenario_file_defaults(struct scenario_file *file)
{
    /* The bytes between members too, so that equal scenarios are equal bytes. */
    memset(file, 0, sizeof(*file));
    field_defaults(scenario_fields, &file->scenario);
    for (const struct field *row = scenario_fields; row->name; row++)
        set_origin(file->origins[row_number(row)], span_of(row->source));
}

/* ---- Lines ---- */

static enum err fail_at(struct reading *reading, enum err error, const char *why)
{
    if (reading->error == ERR_OK)
        reading->error = note_set(&reading->why, error, "%s:%u: %s", reading->input->name, reading->line, why);
    return error;
}

/* What stands behind the first ';' that follows a blank, as inih finds it, after the '='. */
static struct span cut_comment(struct span line)
{
    size_t at = span_find_byte(line, '=');

    for (at++; at < line.size; at++)
        if (line.data[at] == ';' && (line.data[at - 1] == ' ' || line.data[at - 1] == '\t'))
            return span_trim(span_after(line, at + 1));
    return (struct span){line.data, 0};
}

/* inih's line reader. inih would cut long lines silently; here they are refused. Comment lines may be of any length. */
static char *give_line(char *buffer, int size, void *stream)
{
    struct reading *reading = stream;
    struct span line;

    /* An include can only come first, so whoever looks for one need not read on. */
    if (!reading->file && reading->has_entries)
        return NULL;
    if (reading->error != ERR_OK || !input_cut_line(&reading->rest, &line))
        return NULL;
    reading->line++;
    if (reading->line == 1 && span_starts(line, SPAN("\xEF\xBB\xBF")))
        line = span_after(line, 3);
    line = span_trim(line);
    if (line.size > 0 && (line.data[0] == '#' || line.data[0] == ';'))
        line.size = 0;
    if (line.size > (size_t)size - 3) {
        char why[80];
        struct sink sink = SINK(why);

        sink_format(&sink, "a line of %zu bytes: expected at most %d", line.size, size - 3);
        fail_at(reading, ERR_RANGE, sink_string(&sink));
        return NULL;
    }
    if (span_find_byte(line, 0) < line.size) {
        fail_at(reading, ERR_SYNTAX, "a zero byte: expected text");
        return NULL;
    }
    reading->comment = cut_comment(line);
    memcpy(buffer, line.data, line.size);
    buffer[line.size] = 0;
    return buffer;
}

/* ---- Values ---- */

/* Sets a row. A text must survive being written as a line of a scenario. */
static enum err set_value(struct scenario_file *file, const struct field *row, struct span value, struct note *note)
{
    if (row->kind == FIELD_TEXT && value.size > TEXT_MAX)
        return note_set(note, ERR_RANGE, "%s: a text of %zu bytes: expected at most %d", row->name, value.size,
                        TEXT_MAX);
    if (row->kind == FIELD_TEXT && (span_find(value, SPAN(" ;")) < value.size || span_starts(value, SPAN(";"))))
        return note_set(note, ERR_SYNTAX, "%s: a text in which a comment would begin (a blank and ;)", row->name);
    return field_read(row, &file->scenario, value, note);
}

/* A preset stands for the lines that it is made of, at the place where it is set. */
static void apply_preset(struct scenario_file *file, const struct field *row)
{
    const struct preset *preset = preset_of(row);

    if (!preset)
        return;
    int choice = *(const int *)((const char *)&file->scenario + preset->offset);

    for (const struct preset_value *value = preset->values; value->name; value++) {
        const struct field *part = field_find(scenario_fields, span_of(value->name));
        struct note note = {{0}};

        if (value->choice != choice)
            continue;
        check(part);
        enum err error = field_read(part, &file->scenario, span_of(value->value), &note);

        check(error == ERR_OK);
        set_origin(file->origins[row_number(part)], span_of(value->source));
    }
}

/* In a file, what the preset would change must stand behind it. */
static bool comes_too_late(const struct reading *reading, const struct field *row)
{
    const struct preset *preset = preset_of(row);

    if (!preset)
        return false;
    for (const struct preset_value *value = preset->values; value->name; value++)
        if (reading->lines[row_number(field_find(scenario_fields, span_of(value->name)))] != 0)
            return true;
    return false;
}

static enum err unknown_key(struct span key, struct note *note)
{
    struct nearest nearest = nearest_to(key);

    for (const struct field *row = scenario_fields; row->name; row++)
        nearest_try(&nearest, row->name);
    if (nearest.best)
        return note_set(note, ERR_UNKNOWN, "unknown parameter %.*s: did you mean %s?", (int)key.size, key.data,
                        nearest.best);
    return note_set(note, ERR_UNKNOWN, "unknown parameter %.*s: expected one of `hopsim list parameters`",
                    (int)key.size, key.data);
}

static enum err handle_row(struct reading *reading, struct span key, struct span value)
{
    const struct field *row = field_find(scenario_fields, key);
    struct note why = {{0}};

    if (!row)
        return fail_at(reading, unknown_key(key, &why), why.text);
    size_t number = row_number(row);

    if (reading->lines[number] != 0) {
        struct sink sink = SINK(why.text);

        sink_format(&sink, "%s stands here a second time: it was set in line %u", row->name, reading->lines[number]);
        return fail_at(reading, ERR_SYNTAX, sink_string(&sink));
    }
    if (comes_too_late(reading, row)) {
        struct sink sink = SINK(why.text);
        struct span section = {row->name, strcspn(row->name, ".")};

        sink_format(&sink, "%s: expected before the other parameters of [%.*s]", row->name, (int)section.size,
                    section.data);
        return fail_at(reading, ERR_SYNTAX, sink_string(&sink));
    }
    enum err error = set_value(reading->file, row, value, &why);

    if (error != ERR_OK)
        return fail_at(reading, error, why.text);
    apply_preset(reading->file, row);
    reading->lines[number] = reading->line;
    char place[INPUT_NAME_SIZE + 16];
    struct sink sink = SINK(place);

    sink_format(&sink, "%s:%u", reading->input->name, reading->line);
    set_origin(reading->file->origins[number], reading->comment.size > 0 ? reading->comment : sink_written(&sink));
    return ERR_OK;
}

static enum err handle_include(struct reading *reading, struct span value)
{
    struct sink sink = SINK(reading->include);

    if (reading->has_entries || reading->include[0] != 0)
        return fail_at(reading, ERR_SYNTAX, "include: expected once, before everything else");
    if (value.size == 0)
        return fail_at(reading, ERR_SYNTAX, "include: expected a file or a built-in scenario");
    sink_span(&sink, value);
    sink_string(&sink);
    return ERR_OK;
}

/* inih's handler: 0 is an error. */
static int handle_entry(void *user, const char *section, const char *name, const char *value)
{
    struct reading *reading = user;
    bool is_top = strcmp(section, "") == 0;
    char key[KEY_SIZE];
    struct sink sink = SINK(key);

    if (is_top && strcmp(name, "include") == 0)
        return handle_include(reading, span_of(value)) == ERR_OK;
    reading->has_entries = true;
    if (!reading->file)
        return 1;
    if (is_top)
        return fail_at(reading, ERR_SYNTAX, "expected a [section] before the first parameter") == ERR_OK;
    if (strcmp(section, "scenario") != 0)
        sink_format(&sink, "%s.", section);
    sink_text(&sink, name);
    if (sink.overflow)
        return fail_at(reading, ERR_UNKNOWN, "a parameter's name is too long") == ERR_OK;
    return handle_row(reading, sink_written(&sink), span_of(value)) == ERR_OK;
}

/* Goes through one file; with file NULL only its include is looked for. */
static enum err go_through(struct reading *reading)
{
    reading->rest = reading->input->text;
    int error_line = ini_parse_stream(give_line, reading, handle_entry, reading);

    if (reading->error != ERR_OK && (error_line <= 0 || (unsigned)error_line >= reading->line))
        return reading->error;
    if (error_line == 0)
        return ERR_OK;
    reading->line = (unsigned)error_line;
    reading->error = ERR_OK;
    reading->why.text[0] = 0;
    return fail_at(reading, ERR_SYNTAX, "expected [section], key = value, or a comment that begins with #");
}

/* Opens what chain[0] includes, one after another. *count is how many there are, whatever happens. */
static enum err open_chain(struct input *chain, size_t *count, struct note *note)
{
    for (*count = 1;; (*count)++) {
        struct reading reading = {.input = &chain[*count - 1]};
        struct span folder = input_folder(reading.input);

        if (go_through(&reading) != ERR_OK)
            return note_set(note, reading.error, "%s", reading.why.text);
        if (reading.include[0] == 0)
            return ERR_OK;
        if (*count == INCLUDES_MAX)
            return note_set(note, ERR_RANGE, "%s: includes nested deeper than %d: does a scenario include itself?",
                            reading.input->name, INCLUDES_MAX - 1);
        TRY(input_read(INPUT_SCENARIO, span_of(reading.include), folder, &chain[*count], note));
    }
}

static enum err apply_chain(struct scenario_file *file, const struct input *chain, size_t count, struct note *note)
{
    scenario_file_defaults(file);
    while (count > 0) {
        struct reading reading = {.input = &chain[--count], .file = file};

        if (go_through(&reading) != ERR_OK)
            return note_set(note, reading.error, "%s", reading.why.text);
    }
    return ERR_OK;
}

/* Takes the first input over and frees it with those it includes. */
static enum err read_chain(const struct input *first, struct scenario_file *file, struct note *note)
{
    struct input chain[INCLUDES_MAX] = {*first};
    struct scenario_file result;
    size_t count = 0;
    enum err error = open_chain(chain, &count, note);

    if (error == ERR_OK)
        error = apply_chain(&result, chain, count, note);
    for (size_t i = 0; i < count; i++)
        input_free(&chain[i]);
    if (error == ERR_OK)
        *file = result;
    return error;
}

enum err scenario_file_read(struct span name, struct scenario_file *file, struct note *note)
{
    struct input input;

    TRY(input_read(INPUT_SCENARIO, name, SPAN(""), &input, note));
    return read_chain(&input, file, note);
}

enum err scenario_file_parse(struct span text, const char *name, struct scenario_file *file, struct note *note)
{
    struct input input = {.text = text};
    struct sink sink = SINK(input.name);

    sink_format(&sink, "%.*s", INPUT_NAME_SIZE - 1, name);
    sink_string(&sink);
    return read_chain(&input, file, note);
}

enum err scenario_file_set(struct scenario_file *file, struct span assignment, struct note *note)
{
    struct note why = {{0}};
    struct span value = assignment, key;

    if (span_cut_until(&value, '=', &key) != ERR_OK)
        return note_set(note, ERR_SYNTAX, "--set %.*s: expected KEY=VALUE", (int)assignment.size, assignment.data);
    key = span_trim(key);
    const struct field *row = field_find(scenario_fields, key);
    enum err error = row ? set_value(file, row, span_trim(value), &why) : unknown_key(key, &why);

    if (error != ERR_OK)
        return note_set(note, error, "--set: %s", why.text);
    apply_preset(file, row);
    set_origin(file->origins[row_number(row)], SPAN("--set"));
    return ERR_OK;
}

/* ---- Writing ---- */

void scenario_write_range(const struct field *row, struct sink *sink)
{
    if (row->choices) {
        for (int i = 0; row->choices[i]; i++)
            sink_format(sink, "%s%s", i ? " | " : "", row->choices[i]);
        return;
    }
    if (row->least && row->most)
        sink_format(sink, "%s to %s", row->least, row->most);
    else if (row->least)
        sink_format(sink, "at least %s", row->least);
    else if (row->most)
        sink_format(sink, "at most %s", row->most);
}

static struct span section_of(const struct field *row)
{
    struct span name = span_of(row->name);
    size_t dot = span_find_byte(name, '.');

    return dot == name.size ? SPAN("scenario") : (struct span){name.data, dot};
}

static void write_row(const struct scenario_file *file, const struct field *row, struct sink *sink)
{
    struct span name = span_of(row->name);
    size_t dot = span_find_byte(name, '.');
    char range_text[256];
    struct sink range = SINK(range_text);

    scenario_write_range(row, &range);
    sink_format(sink, "\n# %s", row->help);
    if (range.size > 0)
        sink_format(sink, " [%s]", sink_string(&range));
    sink_text(sink, "\n");
    size_t start = sink->size;

    sink_span(sink, dot == name.size ? name : span_after(name, dot + 1));
    sink_text(sink, " = ");
    field_write(row, &file->scenario, sink);
    struct span origin = span_of(file->origins[row_number(row)]);
    size_t used = sink->size - start;
    size_t room = used + 3 < LINE_MAX_BYTES ? LINE_MAX_BYTES - used - 3 : 0;

    if (origin.size > room)
        origin = span_trim((struct span){origin.data, room});
    sink_format(sink, " ; %.*s\n", (int)origin.size, origin.data);
}

void scenario_file_write(const struct scenario_file *file, struct sink *sink)
{
    struct span section = SPAN("");

    sink_text(sink, "# A scenario of hopsim: copy and edit. Behind each value: where it comes from.\n");
    /* Rows of one section need not stand together in the table: a section is written at its first row. */
    for (const struct field *first = scenario_fields; first->name; first++) {
        bool is_new = true;

        section = section_of(first);
        for (const struct field *row = scenario_fields; row < first; row++)
            is_new = is_new && !span_equal(section, section_of(row));
        if (!is_new)
            continue;
        sink_format(sink, "\n[%.*s]\n", (int)section.size, section.data);
        for (const struct field *row = first; row->name; row++)
            if (span_equal(section, section_of(row)))
                write_row(file, row, sink);
    }
}
