/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sweep_folder.h - a sweep's results folder: sweep.ini (the whole of it, nothing included from elsewhere), program.txt
 * (the revision and compiler of the program that began it, which alone may go on), trials.csv, to which rows are
 * appended whole and synced in batches, summary.csv made from it, manifest.txt at the end. What was killed, cut or
 * filled a disk is continued: the finished file is the one an undisturbed run would have written.
 */
#ifndef BENCH_HARNESS_SWEEP_FOLDER_H
#define BENCH_HARNESS_SWEEP_FOLDER_H

#include "bench/harness/results.h"
#include "bench/harness/sweep_run.h"

enum { SWEEP_BATCH = 1 << 16 /* bytes of rows that are written and synced together, at the latest after a second */ };

struct sweep_file {
    int descriptor;
    char path[RESULTS_PATH_SIZE];
    uint64_t rows;    /* in the file, whole */
    uint64_t waiting; /* rows in buffer */
    size_t pending;   /* bytes in it */
    int64_t synced_ns;
    char buffer[SWEEP_BATCH + SWEEP_ROW_SIZE];
};

/* Saves sweep.ini and the copies of inputs, and begins trials.csv with its head. */
MUST_USE enum err sweep_file_begin(struct sweep_file *file, const struct results *results, const struct sweep *sweep,
                                   struct note *note);

/* Whether the folder holds nothing but what sweep_file_begin saves before the first row: a run that was ended there is
 * resumed by beginning again. */
bool sweep_file_is_bare(const char *folder);

/* Opens the trials.csv of a run that ended early, checks that its sweep.ini, program and rows are this sweep's and cuts
 * a row that is not whole (with a precision: its last point). *rows and *point say where to go on. */
MUST_USE enum err sweep_file_resume(struct sweep_file *file, const char *folder, const struct sweep *sweep,
                                    uint64_t *rows, size_t *point, struct note *note);

/* Appends a row. */
MUST_USE enum err sweep_file_add(struct sweep_file *file, const struct sweep *sweep, const struct sweep_row *row,
                                 struct note *note);
MUST_USE enum err sweep_file_flush(struct sweep_file *file, struct note *note);
void sweep_file_close(struct sweep_file *file);

/* Reads folder/trials.csv a point at a time and writes folder/summary.csv, whole or not at all, in place of one that is
 * there. */
MUST_USE enum err sweep_summarise(const char *folder, struct note *note);

#endif
