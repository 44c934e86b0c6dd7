/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/input.h"
#include "sim/base/nearest.h"
#include "sim/base/sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

const char *const input_kind_names[INPUT_KIND_COUNT] = {
    [INPUT_SCENARIO] = "scenario",
    [INPUT_DWELL] = "dwell table",
    [INPUT_COST] = "cost table",
};

static const struct input_builtin *find_builtin(enum input_kind kind, struct span name)
{
    for (const struct input_builtin *row = input_builtins; row->name; row++)
        if (row->kind == kind && span_equal(name, span_of(row->name)))
            return row;
    return NULL;
}

/* "; did you mean home? Built in are: home, paper" */
static void write_builtins(enum input_kind kind, struct span name, struct sink *sink)
{
    struct nearest nearest = nearest_to(name);
    const char *before = "built in are ";

    for (const struct input_builtin *row = input_builtins; row->name; row++)
        if (row->kind == kind)
            nearest_try(&nearest, row->name);
    if (nearest.best)
        sink_format(sink, "did you mean %s? ", nearest.best);
    for (const struct input_builtin *row = input_builtins; row->name; row++) {
        if (row->kind != kind)
            continue;
        sink_format(sink, "%s%s", before, row->name);
        before = ", ";
    }
}

/* Reads the whole stream into memory of its own; one byte more than the limit tells that there is more. */
static enum err read_stream(FILE *stream, struct input *input, struct note *note)
{
    char *bytes = malloc(INPUT_SIZE_MAX + 1);

    if (!bytes)
        return note_set(note, ERR_FULL, "no memory to read %s", input->name);
    errno = 0;
    size_t size = fread(bytes, 1, INPUT_SIZE_MAX + 1, stream);
    enum err error = ERR_OK;

    if (ferror(stream))
        error = note_set(note, ERR_FILE, "%s: cannot be read: %s", input->name, strerror(errno));
    else if (size == 0)
        error = note_set(note, ERR_FILE, "%s: is empty", input->name);
    else if (size > INPUT_SIZE_MAX)
        error = note_set(note, ERR_FILE, "%s: is larger than %d bytes", input->name, INPUT_SIZE_MAX);
    if (error != ERR_OK) {
        free(bytes);
        return error;
    }
    input->owned = bytes;
    input->text = (struct span){bytes, size};
    return ERR_OK;
}

static enum err read_file(enum input_kind kind, struct span name, struct input *input, struct note *note)
{
    bool could_be_builtin = span_find_byte(name, '/') == name.size && span_find_byte(name, '.') == name.size;
    FILE *stream = fopen(input->name, "rb");

    if (!stream && errno == ENOENT && could_be_builtin) {
        char names[512];
        struct sink sink = SINK(names);

        write_builtins(kind, name, &sink);
        return note_set(note, ERR_UNKNOWN, "%s: neither a file nor a built-in %s; %s", input->name,
                        input_kind_names[kind], sink_string(&sink));
    }
    if (!stream)
        return note_set(note, ERR_FILE, "%s: cannot be opened: %s", input->name, strerror(errno));
    enum err error = read_stream(stream, input, note);

    fclose(stream);
    return error;
}

enum err input_read(enum input_kind kind, struct span name, struct span folder, struct input *input, struct note *note)
{
    struct input result = {.owned = NULL};
    struct sink path = SINK(result.name);
    const struct input_builtin *builtin = find_builtin(kind, name);

    if (name.size == 0)
        return note_set(note, ERR_UNKNOWN, "expected the name of a %s", input_kind_names[kind]);
    if (name.size > 0 && name.data[0] != '/' && !builtin)
        sink_span(&path, folder);
    sink_span(&path, name);
    if (builtin)
        sink_text(&path, " (built-in)");
    sink_string(&path);
    if (path.overflow || path.size >= sizeof(result.name))
        return note_set(note, ERR_FILE, "%.*s...: a path of more than %d bytes", 40, name.data, INPUT_NAME_SIZE - 1);
    if (builtin)
        result.text = (struct span){(const char *)builtin->bytes, builtin->size};
    else
        TRY(read_file(kind, name, &result, note));
    *input = result;
    return ERR_OK;
}

void input_free(struct input *input)
{
    free(input->owned);
    *input = (struct input){.owned = NULL};
}

struct span input_folder(const struct input *input)
{
    struct span folder = span_of(input->name);

    while (input->owned && folder.size > 0 && folder.data[folder.size - 1] != '/')
        folder.size--;
    return input->owned ? folder : (struct span){.data = "", .size = 0};
}

bool input_cut_line(struct span *text, struct span *line)
{
    size_t end = span_find_byte(*text, '\n');

    if (text->size == 0)
        return false;
    *line = (struct span){text->data, end};
    *text = span_after(*text, end < text->size ? end + 1 : end);
    if (line->size > 0 && line->data[line->size - 1] == '\r')
        line->size--;
    return true;
}
