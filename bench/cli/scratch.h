/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scratch.h - a folder for what is not kept, in TMPDIR or /tmp. Its name tells whose it is: making one removes those
 * that dead processes left.
 */
#ifndef BENCH_CLI_SCRATCH_H
#define BENCH_CLI_SCRATCH_H

#include "traces/outfile.h"

struct scratch {
    char path[512]; /* "" until it is made */
};

/* kind: a word that says what it is for. Errors: ERR_FILE. */
MUST_USE enum err scratch_make(struct scratch *scratch, const char *kind, struct note *note);

/* Its files, one folder deep, go with it; nothing where it was not made. */
void scratch_remove(struct scratch *scratch);

/* scratch/name into path. */
const char *scratch_path(const struct scratch *scratch, const char *name, char path[OUTFILE_PATH_SIZE]);

#endif
