/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sweep.h - a sweep as text: a scenario with one section more, [sweep], that names axes (any parameter, or scenarios),
 * arms, and how many repetitions a point gets. A point is one combination of the axes' values. Names of files in it
 * begin in the working folder.
 *
 *     [sweep]
 *     transfer.size = 1KiB .. 1GiB log 13   ; a range, linear or logarithmic, of so many values
 *     core.delay = 1ms, 5ms, 20ms           ; a list
 *     scenarios = home, lte                 ; instead of a scenario of its own
 *     arms = msrp-smime, message-tls, msrp-relay
 *     design = grid                         ; or zip: axes of one length side by side; or latin 50: a hypercube sample
 *     repetitions = 30                      ; or precision = 1% with trials_max = 10000
 */
#ifndef BENCH_HARNESS_SWEEP_H
#define BENCH_HARNESS_SWEEP_H

#include "bench/harness/comparison.h"
#include "bench/harness/setup.h"

enum {
    SWEEP_AXES_MAX = 12,
    SWEEP_VALUES_MAX = 1024,
    SWEEP_VALUE_SIZE = 160,
    SWEEP_TEXT_MAX = 1 << 20,
    SWEEP_POINTS_MAX = 1 << 20
};

#define SWEEP_EVENTS_MAX (UINT64_C(1) << 60) /* the largest limit of a trial's events */

enum sweep_design { SWEEP_GRID, SWEEP_ZIP, SWEEP_LATIN };

struct sweep_axis {
    char column[64];         /* in results: "transfer.size_bytes"; "scenario" */
    const struct field *row; /* NULL: scenarios */
    size_t count;
    char (*values)[SWEEP_VALUE_SIZE]; /* as a scenario would say them */
};

struct sweep {
    char name[FIELD_TEXT_SIZE]; /* of the results, from the file's name */
    struct scenario_file base;
    bool has_scenarios; /* the first axis is scenarios, and base is all defaults */
    size_t axis_count;
    struct sweep_axis axes[SWEEP_AXES_MAX];
    enum sweep_design design;
    size_t points;
    size_t arm_count, reference;
    const struct arm *arms[COMPARISON_ARMS_MAX];
    size_t repetitions; /* of a point; with a precision the most */
    double precision;   /* 0: exactly repetitions */
    uint64_t events_max;
    char inputs[FIELD_TEXT_SIZE]; /* folder of the copies that it reads, see sweep_inputs.h; "": the originals */
    char *text;                   /* the file as it was read, owned */
    size_t text_size;
};

/* Reads a sweep. Errors say "FILE:LINE: what was expected"; sweep_free gives back after success only. */
MUST_USE enum err sweep_read(const char *path, struct sweep *sweep, struct note *note);
/* The same for a sweep.ini of a results folder, whose scenarios are the copies in the folder inputs. */
MUST_USE enum err sweep_read_copy(const char *path, const char *inputs, struct sweep *sweep, struct note *note);
void sweep_free(struct sweep *sweep);

/* As if events_max = most stood in [sweep], in the copy of the text too. ERR_FULL without memory. */
MUST_USE enum err sweep_limit_events(struct sweep *sweep, uint64_t most, struct note *note);

/* The value of an axis at a point. */
const char *sweep_value(const struct sweep *sweep, size_t point, size_t axis);

/* Which of the axis's values that is. */
size_t sweep_value_number(const struct sweep *sweep, size_t point, size_t axis);

/* The scenario that is the numbered value of its axis: name, or its copy among the sweep's inputs. */
MUST_USE enum err sweep_read_scenario(const struct sweep *sweep, size_t number, const char *name,
                                      struct scenario_file *file, struct note *note);

/* The scenario of a point. ERR_RANGE with a note for a value that does not go with others. */
MUST_USE enum err sweep_scenario(const struct sweep *sweep, size_t point, struct scenario_file *file,
                                 struct note *note);

/* A value of a number's row as a number in its unit (ns, bytes, bit/s, a ratio), and such a number in the words of a
 * scenario, rounded to what the row can hold. The row is no choice and no text. */
MUST_USE enum err sweep_number(const struct field *row, struct span text, double *number, struct note *note);
void sweep_write_number(const struct field *row, double number, struct sink *sink);

/* The value as a cell of a CSV, in the unit of its column. */
void sweep_write_cell(const struct sweep *sweep, size_t point, size_t axis, struct sink *sink);

#endif
