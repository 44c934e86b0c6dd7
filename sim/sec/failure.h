/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * failure.h - what OpenSSL says when it refuses, put into the note.
 */
#ifndef SIM_SEC_FAILURE_H
#define SIM_SEC_FAILURE_H

#include "sim/base/err.h"

/* Sets the note to what and OpenSSL's newest reason, empties OpenSSL's queue of errors and returns ERR_CRYPTO. */
MUST_USE enum err crypto_failed(struct note *note, const char *what);

#endif
