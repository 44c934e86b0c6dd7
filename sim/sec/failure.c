/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/failure.h"

#include <openssl/err.h>

enum err crypto_failed(struct note *note, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    if (reason)
        return note_set(note, ERR_CRYPTO, "%s: %s", what, reason);
    return note_set(note, ERR_CRYPTO, "%s", what);
}
