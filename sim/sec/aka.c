/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/aka.h"
#include "sim/base/check.h"

#include <string.h>

enum { AUTN_AMF_AT = MILENAGE_SQN_SIZE, AUTN_MAC_AT = MILENAGE_SQN_SIZE + MILENAGE_AMF_SIZE };

#define SQN_MAX ((UINT64_C(1) << 48) - 1)

/* TS 33.102 annex H: the separation bit of the AMF is for EPS; IMS leaves it 0. A resynchronisation has all bits 0. */
static const uint8_t amf_zero[MILENAGE_AMF_SIZE];

static void sqn_write(uint64_t sqn, uint8_t bytes[MILENAGE_SQN_SIZE])
{
    for (int i = 0; i < MILENAGE_SQN_SIZE; i++)
        bytes[i] = (uint8_t)(sqn >> 8 * (MILENAGE_SQN_SIZE - 1 - i));
}

static uint64_t sqn_read(const uint8_t bytes[MILENAGE_SQN_SIZE])
{
    uint64_t sqn = 0;

    for (int i = 0; i < MILENAGE_SQN_SIZE; i++)
        sqn = sqn << 8 | bytes[i];
    return sqn;
}

static void hide(uint8_t sqn[MILENAGE_SQN_SIZE], const uint8_t ak[MILENAGE_AK_SIZE])
{
    for (int i = 0; i < MILENAGE_SQN_SIZE; i++)
        sqn[i] ^= ak[i];
}

/* Compares in a time that does not depend on where they differ. */
static bool is_same(const uint8_t *a, const uint8_t *b, size_t size)
{
    unsigned difference = 0;

    for (size_t i = 0; i < size; i++)
        difference |= (unsigned)(a[i] ^ b[i]);
    return difference == 0;
}

static uint64_t sqn_next(uint64_t sqn)
{
    uint64_t index = (sqn + 1) % AKA_INDICES;

    return ((sqn >> AKA_INDEX_BITS) + 1) << AKA_INDEX_BITS | index;
}

void aka_vector_make(struct aka_centre *centre, const uint8_t rand[MILENAGE_RAND_SIZE], struct aka_vector *vector)
{
    uint8_t sqn[MILENAGE_SQN_SIZE], mac_s[MILENAGE_MAC_SIZE];

    centre->sqn = sqn_next(centre->sqn);
    check(centre->sqn <= SQN_MAX);
    sqn_write(centre->sqn, sqn);
    memcpy(vector->rand, rand, MILENAGE_RAND_SIZE);
    milenage_f2345(&centre->key, rand, &vector->answer);
    milenage_f1(&centre->key, rand, sqn, amf_zero, vector->autn + AUTN_MAC_AT, mac_s);
    hide(sqn, vector->answer.ak);
    memcpy(vector->autn, sqn, MILENAGE_SQN_SIZE);
    memcpy(vector->autn + AUTN_AMF_AT, amf_zero, MILENAGE_AMF_SIZE);
}

bool aka_resynchronise(struct aka_centre *centre, const uint8_t rand[MILENAGE_RAND_SIZE],
                       const uint8_t auts[AKA_AUTS_SIZE])
{
    uint8_t sqn[MILENAGE_SQN_SIZE], ak[MILENAGE_AK_SIZE], mac_a[MILENAGE_MAC_SIZE], mac_s[MILENAGE_MAC_SIZE];

    milenage_f5_star(&centre->key, rand, ak);
    memcpy(sqn, auts, MILENAGE_SQN_SIZE);
    hide(sqn, ak);
    milenage_f1(&centre->key, rand, sqn, amf_zero, mac_a, mac_s);
    if (!is_same(mac_s, auts + MILENAGE_SQN_SIZE, MILENAGE_MAC_SIZE))
        return false;
    centre->sqn = sqn_read(sqn);
    return true;
}

static uint64_t usim_highest(const struct aka_usim *usim)
{
    uint64_t highest = 0;

    for (uint64_t index = 0; index < AKA_INDICES; index++)
        if (usim->seq[index] > highest >> AKA_INDEX_BITS)
            highest = usim->seq[index] << AKA_INDEX_BITS | index;
    return highest;
}

static void write_auts(const struct aka_usim *usim, const uint8_t rand[MILENAGE_RAND_SIZE], uint8_t auts[AKA_AUTS_SIZE])
{
    uint8_t sqn[MILENAGE_SQN_SIZE], ak[MILENAGE_AK_SIZE], mac_a[MILENAGE_MAC_SIZE];

    sqn_write(usim_highest(usim), sqn);
    milenage_f1(&usim->key, rand, sqn, amf_zero, mac_a, auts + MILENAGE_SQN_SIZE);
    milenage_f5_star(&usim->key, rand, ak);
    hide(sqn, ak);
    memcpy(auts, sqn, MILENAGE_SQN_SIZE);
}

enum aka_verdict aka_usim_answer(struct aka_usim *usim, const uint8_t rand[MILENAGE_RAND_SIZE],
                                 const uint8_t autn[AKA_AUTN_SIZE], struct milenage_answer *answer,
                                 uint8_t auts[AKA_AUTS_SIZE])
{
    struct milenage_answer made;
    uint8_t sqn[MILENAGE_SQN_SIZE], mac_a[MILENAGE_MAC_SIZE], mac_s[MILENAGE_MAC_SIZE];

    milenage_f2345(&usim->key, rand, &made);
    memcpy(sqn, autn, MILENAGE_SQN_SIZE);
    hide(sqn, made.ak);
    milenage_f1(&usim->key, rand, sqn, autn + AUTN_AMF_AT, mac_a, mac_s);
    if (!is_same(mac_a, autn + AUTN_MAC_AT, MILENAGE_MAC_SIZE))
        return AKA_BAD_MAC;
    uint64_t seq = sqn_read(sqn) >> AKA_INDEX_BITS, *last = &usim->seq[sqn_read(sqn) % AKA_INDICES];
    uint64_t highest = usim_highest(usim) >> AKA_INDEX_BITS;

    if (seq <= *last || (seq > highest && seq - highest >= AKA_DELTA)) {
        write_auts(usim, rand, auts);
        return AKA_OUT_OF_SYNC;
    }
    *last = seq;
    *answer = made;
    return AKA_GOOD;
}
