/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sample_file.h - the file that is sent where the user names none: a small INI text, as the paper's capture shows one,
 * repeated to any length.
 */
#ifndef BENCH_HARNESS_SAMPLE_FILE_H
#define BENCH_HARNESS_SAMPLE_FILE_H

#include "sim/base/slice.h"

/* Without end: the text again and again. */
extern const struct source sample_file;

/* Bytes of the text once. */
uint64_t sample_file_size(void);

#endif
