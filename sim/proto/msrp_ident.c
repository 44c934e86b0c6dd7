/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/msrp_ident.h"

#define LOW_48 ((UINT64_C(1) << 48) - 1)

/* Odd factors and their inverses modulo 2^48. */
#define FACTOR_A UINT64_C(0x9e3779b97f4b)
#define FACTOR_B UINT64_C(0xd6e8feb86659)
#define INVERSE_A UINT64_C(0x393dee219263)
#define INVERSE_B UINT64_C(0x05a0905881e9)

uint64_t msrp_ident_hash(uint64_t value)
{
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

/* Every step can be undone: x ^ x >> 24 undoes itself in 48 bits, a product by an odd factor its inverse. */
static uint64_t scramble(uint64_t x, uint64_t key)
{
    x = (x + key) & LOW_48;
    x = (x ^ x >> 24) * FACTOR_A & LOW_48;
    x = (x ^ x >> 24) * FACTOR_B & LOW_48;
    return x ^ x >> 24;
}

static uint64_t unscramble(uint64_t x, uint64_t key)
{
    x = (x ^ x >> 24) * INVERSE_B & LOW_48;
    x = (x ^ x >> 24) * INVERSE_A & LOW_48;
    x ^= x >> 24;
    return (x - key) & LOW_48;
}

void msrp_ident_write(uint64_t identity, uint64_t counter, char text[MSRP_IDENT_SIZE])
{
    uint64_t x = scramble(counter, msrp_ident_hash(identity));

    for (int i = 0; i < MSRP_IDENT_SIZE; i++)
        text[i] = "0123456789abcdef"[x >> (44 - 4 * i) & 15];
}

/* Without branches: whether a digit is a letter is chance, and a processor would guess wrong every other time. */
bool msrp_ident_read(uint64_t identity, struct span text, uint64_t *counter)
{
    uint64_t x = 0;
    bool is_good = true;

    if (text.size != MSRP_IDENT_SIZE)
        return false;
    for (size_t i = 0; i < MSRP_IDENT_SIZE; i++) {
        unsigned digit = (unsigned char)text.data[i] - (unsigned)'0';
        unsigned letter = (unsigned char)text.data[i] - (unsigned)'a';

        is_good &= (digit < 10) | (letter < 6);
        x = x << 4 | (digit < 10 ? digit : letter + 10);
    }
    if (!is_good)
        return false;
    *counter = unscramble(x, msrp_ident_hash(identity));
    return true;
}
