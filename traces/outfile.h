/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outfile.h - a file that gets its name only when it is whole. Bytes go to a temporary name in the same folder; closing
 * gives the file its name, so that nothing half-written is ever left as if whole. Nothing is overwritten. What is
 * no plain file (a pipe, /dev/stdout) is written in place.
 */
#ifndef TRACES_OUTFILE_H
#define TRACES_OUTFILE_H

#include "sim/base/span.h"

#include <stdio.h>

enum { OUTFILE_PATH_SIZE = 4096 };

struct outfile {
    FILE *stream; /* NULL when not open */
    bool is_in_place;
    int error; /* errno of the first failure; nothing is written after it */
    char path[OUTFILE_PATH_SIZE];
    char part[OUTFILE_PATH_SIZE];
};

/* Starts the file. ERR_FILE, with a note that names it, when it exists already or cannot be made. */
MUST_USE enum err outfile_open(struct outfile *file, const char *path, struct note *note);

/* The same for secrets: nobody but its owner may read the file, from its first moment on, and no buffer keeps them. */
MUST_USE enum err outfile_open_private(struct outfile *file, const char *path, struct note *note);

/* Failures are remembered and told by outfile_close. */
void outfile_write(struct outfile *file, struct span bytes);

/* Ends the file and names it. ERR_FULL when the disk is full, ERR_FILE otherwise, with a note; then nothing is left.
 * The struct may be opened again. */
MUST_USE enum err outfile_close(struct outfile *file, struct note *note);

/* Ends the file without a trace of it; nothing happens when it is not open. */
void outfile_discard(struct outfile *file);

#endif
