/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * input.h - a small text that the user names: a file, or one of the scenarios and tables that are built into the
 * program so that it works anywhere.
 */
#ifndef BENCH_HARNESS_INPUT_H
#define BENCH_HARNESS_INPUT_H

#include "sim/base/span.h"

enum input_kind { INPUT_SCENARIO, INPUT_DWELL, INPUT_COST, INPUT_KIND_COUNT };
extern const char *const input_kind_names[INPUT_KIND_COUNT]; /* "scenario" ... */

/* A text built into the program. The table is made from bench/scenarios, bench/dwell and bench/costs. */
struct input_builtin {
    enum input_kind kind;
    const char *name; /* the file's, without its folder and ending */
    const unsigned char *bytes;
    size_t size;
};
/* Ends with a row whose name is NULL. */
extern const struct input_builtin input_builtins[];

enum { INPUT_SIZE_MAX = 1 << 20, INPUT_NAME_SIZE = 256 };

struct input {
    char name[INPUT_NAME_SIZE]; /* for messages: the path, or "home (built-in)" */
    struct span text;
    char *owned; /* NULL for a built-in */
};

/* Reads the built-in text of that name, or the file. A name with a slash or a dot is always a file; folder, where not
 * empty, is where a relative path begins. ERR_UNKNOWN or ERR_FILE: neither, a folder, not readable, empty, or larger
 * than INPUT_SIZE_MAX. */
MUST_USE enum err input_read(enum input_kind kind, struct span name, struct span folder, struct input *input,
                             struct note *note);
void input_free(struct input *input);

/* Everything up to the last slash of the input's path, the slash too; empty for a built-in. */
struct span input_folder(const struct input *input);

/* The next line off the front, without its LF or CR LF; false at the end. The last line needs no newline. */
bool input_cut_line(struct span *text, struct span *line);

#endif
