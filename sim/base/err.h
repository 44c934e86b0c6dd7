/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * err.h - what can be wrong with the user's input or with the machine, and the one note that says it in words.
 * Functions that return enum err leave their outputs untouched on failure.
 */
#ifndef SIM_BASE_ERR_H
#define SIM_BASE_ERR_H

enum err {
    ERR_OK,
    ERR_MORE,    /* well-formed so far, but incomplete: more bytes may finish it */
    ERR_SYNTAX,  /* no continuation can make it right */
    ERR_RANGE,   /* understood, but outside what is allowed */
    ERR_UNKNOWN, /* a name that is not in its table */
    ERR_FULL,    /* a stated limit is reached: memory of a trial, a buffer, a disk */
    ERR_FILE,    /* a file or folder cannot be opened, read or written as asked */
    ERR_CRYPTO,  /* a signature, tag, certificate or handshake does not hold */
    ERR_COUNT
};

#define MUST_USE __attribute__((warn_unused_result))

/* Passes an error up: the only macro that returns. */
#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        enum err try_result = (call);                                                                                  \
        if (try_result != ERR_OK)                                                                                      \
            return try_result;                                                                                         \
    } while (0)

enum { NOTE_SIZE = 1024 };

/* The words for a human about the first failure; the command line prints it once. Empty when text[0] is 0. */
struct note {
    char text[NOTE_SIZE];
};

/* Sets the note, unless it holds an earlier one already, and returns error: `return note_set(note, ERR_FILE, ...)`. */
enum err note_set(struct note *note, enum err error, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
