/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * receipt.h - a file that is being received. Its bytes stand in an unnamed temporary file of the folder it will live
 * in; it gets its name only when it is whole and, where it was sealed, when tag, signature and chain have passed. A
 * sealed file is opened into another unnamed file, so that a process that dies leaves no plaintext behind.
 */
#ifndef BENCH_MEASURE_RECEIPT_H
#define BENCH_MEASURE_RECEIPT_H

#include "sim/base/slice.h"
#include "sim/sec/cms.h"

enum { RECEIPT_PATH_SIZE = 4096 };

struct receipt {
    int folder; /* descriptor of the folder */
    int fd;     /* what has come; -1: none */
    uint64_t size_max;
};

/* size_max: of what is received; a byte beyond is ERR_RANGE. ERR_FILE: the folder cannot hold unnamed files (its file
 * system lacks O_TMPFILE, or it is not ours to write to), with a note. */
MUST_USE enum err receipt_open(struct receipt *receipt, const char *folder, uint64_t size_max, struct note *note);

/* The bytes of slice stand at offset. ERR_RANGE, or ERR_FULL for a full disk; with a note. */
MUST_USE enum err receipt_write(struct receipt *receipt, uint64_t offset, struct slice slice, struct note *note);

/* The whole is there, length bytes: opens it where opening is not NULL, and gives it its name. *size: the plaintext's.
 * ERR_CRYPTO, ERR_SYNTAX, ERR_MORE: it does not hold, and nothing is left; ERR_FILE: the name is taken, or the machine
 * refuses. With a note. */
MUST_USE enum err receipt_keep(struct receipt *receipt, uint64_t length, const struct cms_opening *opening,
                               const char *name, uint64_t *size, struct note *note);

/* Forgets everything; harmless after receipt_keep. */
void receipt_drop(struct receipt *receipt);

#endif
