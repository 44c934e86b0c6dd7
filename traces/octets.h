/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * octets.h - numbers in network byte order. The caller has seen that the octets are there.
 */
#ifndef TRACES_OCTETS_H
#define TRACES_OCTETS_H

#include "sim/base/span.h"

#include <stdint.h>

static inline uint8_t u8_at(struct span bytes, size_t at)
{
    return (uint8_t)bytes.data[at];
}

static inline uint16_t u16_at(struct span bytes, size_t at)
{
    return (uint16_t)(u8_at(bytes, at) << 8 | u8_at(bytes, at + 1));
}

static inline uint32_t u32_at(struct span bytes, size_t at)
{
    return (uint32_t)u16_at(bytes, at) << 16 | u16_at(bytes, at + 2);
}

#endif
