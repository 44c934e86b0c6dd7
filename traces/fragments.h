/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fragments.h - IP datagrams put together from their fragments (RFC 791, RFC 8200 section 4.5): a bounded number at a
 * time, each given up 30 s of the capture's time after its first fragment. Where fragments overlap the bytes that came
 * first stay.
 */
#ifndef TRACES_FRAGMENTS_H
#define TRACES_FRAGMENTS_H

#include "traces/packets.h"

struct fragments;

struct fragment {
    int64_t at_ns;
    struct endpoint from, to; /* ports 0 */
    uint32_t id;
    uint8_t protocol;
    uint32_t offset; /* bytes */
    bool is_last;
    struct span bytes;
};

struct fragments_whole {
    struct span bytes; /* valid until the next fragment */
    int64_t first_ns;
    uint32_t count;
};

/* NULL without memory. */
struct fragments *fragments_create(void);
void fragments_free(struct fragments *fragments);

/* True: with this one a datagram is whole. */
bool fragments_add(struct fragments *fragments, const struct fragment *fragment, struct fragments_whole *whole);

/* Fragments of datagrams that never became whole and were given up, copies of others' left out. */
uint64_t fragments_lost(const struct fragments *fragments);

#endif
