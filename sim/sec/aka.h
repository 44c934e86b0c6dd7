/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * aka.h - authentication and key agreement (3GPP TS 33.102 section 6.3) on both sides: the vectors of the
 * authentication centre, and the USIM that checks a challenge, answers it or asks for a fresh sequence number. Sequence
 * numbers end in five bits of an index (annex C.1.1.1, C.2.2): challenges that overtake one another are still good.
 */
#ifndef SIM_SEC_AKA_H
#define SIM_SEC_AKA_H

#include "sim/sec/milenage.h"

#include <stdbool.h>

enum { AKA_AUTN_SIZE = 16, AKA_AUTS_SIZE = 14, AKA_INDEX_BITS = 5, AKA_INDICES = 1 << AKA_INDEX_BITS };

/* A sequence number beyond the last one by this much or more is refused (TS 33.102 annex C.2.1, C.3.2). */
#define AKA_DELTA (UINT64_C(1) << 28)

struct aka_vector {
    uint8_t rand[MILENAGE_RAND_SIZE];
    uint8_t autn[AKA_AUTN_SIZE];
    struct milenage_answer answer; /* what the USIM should make of it */
};

/* The authentication centre's memory of one subscriber. */
struct aka_centre {
    struct milenage_key key;
    uint64_t sqn; /* of the last vector, 48 bits, its index included */
};

/* A fresh vector for a random challenge: the next sequence number with the next index. */
void aka_vector_make(struct aka_centre *centre, const uint8_t rand[MILENAGE_RAND_SIZE], struct aka_vector *vector);

/* A USIM's wish for a later sequence number (section 6.3.5). False: not made by this subscriber's USIM for rand. */
bool aka_resynchronise(struct aka_centre *centre, const uint8_t rand[MILENAGE_RAND_SIZE],
                       const uint8_t auts[AKA_AUTS_SIZE]);

struct aka_usim {
    struct milenage_key key;
    uint64_t seq[AKA_INDICES]; /* the highest accepted, by index, without it */
};

enum aka_verdict {
    AKA_GOOD,
    AKA_BAD_MAC,    /* not from the home network */
    AKA_OUT_OF_SYNC /* from it, but not fresh: auts asks for a later one */
};

/* Checks a challenge and answers it. answer is set with AKA_GOOD, auts with AKA_OUT_OF_SYNC. */
enum aka_verdict aka_usim_answer(struct aka_usim *usim, const uint8_t rand[MILENAGE_RAND_SIZE],
                                 const uint8_t autn[AKA_AUTN_SIZE], struct milenage_answer *answer,
                                 uint8_t auts[AKA_AUTS_SIZE]);

#endif
