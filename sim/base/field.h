/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * field.h - one table row for each member of a struct that people read or write: the scenario reader, --set, --help,
 * show, CSV columns and sweep axes all walk the same table. A new parameter is one row.
 */
#ifndef SIM_BASE_FIELD_H
#define SIM_BASE_FIELD_H

#include "sim/base/sink.h"

enum { FIELD_TEXT_SIZE = 256 };

enum field_kind {                  /* type of the member */
                  FIELD_TIME,      /* int64_t, nanoseconds; written "20ms" */
                  FIELD_SIZE,      /* uint64_t, bytes; written "1MiB" */
                  FIELD_RATE,      /* uint64_t, bits per second; written "100Mbit/s" */
                  FIELD_FREQUENCY, /* uint64_t, events per 1,000 s; written "25/s" */
                  FIELD_RATIO,     /* double; written "0.1%" or "0.001" */
                  FIELD_COUNT,     /* uint64_t */
                  FIELD_CHOICE,    /* int, index into choices */
                  FIELD_TEXT,      /* char[FIELD_TEXT_SIZE] */
                  FIELD_KIND_COUNT
};

struct field {
    const char *name; /* "transfer.size"; in a CSV the column "transfer.size_bytes" */
    enum field_kind kind;
    size_t offset;              /* of the member in its struct */
    const char *standard;       /* the default, as a scenario would write it */
    const char *least, *most;   /* inclusive range in the same words; NULL where open, for choices and for texts */
    const char *const *choices; /* FIELD_CHOICE: names by index, NULL-terminated */
    const char *help;           /* one sentence, no full stop */
    const char *source;         /* where the default comes from: a standard, a capture, a measurement, or "assumed" */
};

/* A time of NONE_NS is an empty cell: the phase does not exist in this arm. */
#define NONE_NS INT64_MIN

/* A size or count of NONE_COUNT is an empty cell of a CSV: nobody knows it (of a transfer that was measured). */
#define NONE_COUNT UINT64_MAX

/* The row called name, or NULL. rows ends with a row whose name is NULL. */
const struct field *field_find(const struct field *rows, struct span name);

/* Sets every member to its default. */
void field_defaults(const struct field *rows, void *record);

/* Reads value, in the words of a scenario file, into the member. The note says what was expected: the right spelling
 * of a unit, the range, the choices. ERR_SYNTAX, ERR_RANGE or ERR_UNKNOWN; the member is then untouched. */
MUST_USE enum err field_read(const struct field *row, void *record, struct span value, struct note *note);

/* Writes the member as a scenario file would say it: "20ms", "1MiB", "few-large"; reading it back gives the same. */
void field_write(const struct field *row, const void *record, struct sink *sink);

/* The same for CSV: plain numbers in the unit of the column name; an empty cell for NONE_NS. Text is quoted if needed.
 */
void field_write_csv(const struct field *row, const void *record, struct sink *sink);

/* The column name with its unit: "delay_ns", "transfer.size_bytes", "access.rate_bps", "loss_ratio", plain otherwise.
 */
void field_write_column(const struct field *row, struct sink *sink);

#endif
