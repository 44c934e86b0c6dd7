/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * protected.h - what a trace says of TLS and ESP: for each direction of a TLS connection and each security association,
 * how much was opened, how much stays sealed, and why.
 */
#ifndef TRACES_PROTECTED_H
#define TRACES_PROTECTED_H

#include "traces/trace.h"

struct protected
{
    bool is_esp, is_rest; /* rest: all beyond PROTECTED_MAX */
    struct endpoint from, to;
    uint32_t spi;
    const char *suite;             /* "" where not known */
    const char *why;               /* what stays sealed does so; "" */
    uint64_t opened, opened_bytes; /* records or packets, bytes of their content */
    uint64_t sealed, sealed_bytes; /* bytes as they are on the wire */
};

enum { PROTECTED_MAX = 4096 };

/* A new row for a direction of TLS; suite NULL: not known. The row of an association, made where it is new. Rows stay
 * where they are as long as the trace lives. */
struct protected *protected_tls(struct trace *trace, const struct endpoint *from, const struct endpoint *to,
                                const char *suite);
struct protected *protected_esp(struct trace *trace, const struct endpoint *from, const struct endpoint *to,
                                uint32_t spi);

/* Counts a record or packet. */
void protected_opened(struct protected *row, uint64_t bytes);
void protected_sealed(struct protected *row, uint64_t bytes, const char *why);

#endif
