/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scenario_file.h - a scenario as text: INI, `[section]` and `key = value` for the row "section.key" of
 * scenario_fields, rows without a dot in [scenario]. `include = FILE` before the first section takes everything from
 * another scenario first. A comment behind a value, after " ;", says where the value comes from.
 */
#ifndef BENCH_HARNESS_SCENARIO_FILE_H
#define BENCH_HARNESS_SCENARIO_FILE_H

#include "sim/base/sink.h"
#include "sim/scenario.h"

enum { SCENARIO_FIELDS_MAX = 512, SCENARIO_ORIGIN_SIZE = 120, SCENARIO_TEXT_SIZE = 1 << 16 };

struct scenario_file {
    struct scenario scenario;
    char origins[SCENARIO_FIELDS_MAX][SCENARIO_ORIGIN_SIZE]; /* by row: where its value comes from */
};

/* Everything at its default. */
void scenario_file_defaults(struct scenario_file *file);

/* Reads a file or built-in scenario: defaults, then what it includes, then what it says. Errors say "FILE:LINE: what
 * was expected"; the result is then untouched. */
MUST_USE enum err scenario_file_read(struct span name, struct scenario_file *file, struct note *note);

/* The same for a text; name is what messages call it, and paths of includes begin in the working folder. */
MUST_USE enum err scenario_file_parse(struct span text, const char *name, struct scenario_file *file,
                                      struct note *note);

/* One "key=value" of the command line, with the row's full name. */
MUST_USE enum err scenario_file_set(struct scenario_file *file, struct span assignment, struct note *note);

/* The whole scenario, every row with its value, meaning, range and origin: reading it back gives the same, and so does
 * writing that. SCENARIO_TEXT_SIZE bytes suffice. */
void scenario_file_write(const struct scenario_file *file, struct sink *sink);

/* The range of a row in words, "0 to 10s" or "warm | cold"; nothing for a text. */
void scenario_write_range(const struct field *row, struct sink *sink);

#endif
