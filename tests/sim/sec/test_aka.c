/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/aka.h"
#include "tests/unit.h"

#include <string.h>

/* Test set 1 of TS 35.208. */
static const struct milenage_key key = {
    {0x46, 0x5b, 0x5c, 0xe8, 0xb1, 0x99, 0xb4, 0x9f, 0xaa, 0x5f, 0x0a, 0x2e, 0xe2, 0x38, 0xa6, 0xbc},
    {0xcd, 0x63, 0xcb, 0x71, 0x95, 0x4a, 0x9f, 0x4e, 0x48, 0xa5, 0x99, 0x4e, 0x37, 0xa0, 0x2b, 0xaf}};
static const uint8_t rand_1[16] = {0x23, 0x55, 0x3c, 0xbe, 0x96, 0x37, 0xa8, 0x9d,
                                   0x21, 0x8a, 0xe6, 0x4d, 0xae, 0x47, 0xbf, 0x35};

struct pair {
    struct aka_centre centre;
    struct aka_usim usim;
    struct aka_vector vector;
    struct milenage_answer answer;
    uint8_t auts[AKA_AUTS_SIZE];
};

static struct pair pair_make(void)
{
    return (struct pair){.centre.key = key, .usim.key = key};
}

static enum aka_verdict challenge(struct pair *pair)
{
    aka_vector_make(&pair->centre, rand_1, &pair->vector);
    return aka_usim_answer(&pair->usim, pair->vector.rand, pair->vector.autn, &pair->answer, pair->auts);
}

/* TS 33.102 section 6.3.2: AUTN is SQN xor AK, AMF, MAC; AK and RES of test set 1 are known. */
static void test_vector(void)
{
    static const uint8_t ak[6] = {0xaa, 0x68, 0x9c, 0x64, 0x83, 0x70};
    static const uint8_t res[8] = {0xa5, 0x42, 0x11, 0xd5, 0xe3, 0xba, 0x50, 0xbf};
    struct pair pair = pair_make();

    CU_ASSERT_EQUAL(challenge(&pair), AKA_GOOD);
    CU_ASSERT_EQUAL(pair.centre.sqn, 33); /* SEQ 1, index 1 */
    for (int i = 0; i < 6; i++)
        CU_ASSERT_EQUAL(pair.vector.autn[i] ^ ak[i], i == 5 ? 33 : 0);
    CU_ASSERT(memcmp(pair.answer.res, res, sizeof(res)) == 0);
    CU_ASSERT(memcmp(&pair.answer, &pair.vector.answer, sizeof(pair.answer)) == 0);
}

static void test_mac(void)
{
    for (size_t i = 0; i < AKA_AUTN_SIZE; i++) {
        struct pair pair = pair_make();

        aka_vector_make(&pair.centre, rand_1, &pair.vector);
        pair.vector.autn[i] ^= 1;
        CU_ASSERT_EQUAL(aka_usim_answer(&pair.usim, rand_1, pair.vector.autn, &pair.answer, pair.auts), AKA_BAD_MAC);
        pair.vector.autn[i] ^= 1;
        CU_ASSERT_EQUAL(aka_usim_answer(&pair.usim, rand_1, pair.vector.autn, &pair.answer, pair.auts), AKA_GOOD);
    }
    struct pair other = pair_make();

    other.usim.key.k[15] ^= 1;
    CU_ASSERT_EQUAL(challenge(&other), AKA_BAD_MAC);
}

static void test_replay(void)
{
    struct pair pair = pair_make();

    CU_ASSERT_EQUAL(challenge(&pair), AKA_GOOD);
    CU_ASSERT_EQUAL(aka_usim_answer(&pair.usim, pair.vector.rand, pair.vector.autn, &pair.answer, pair.auts),
                    AKA_OUT_OF_SYNC);
}

/* Annex C.2.2: an index of its own for each, so that one which was overtaken still passes, once. */
static void test_order(void)
{
    struct pair pair = pair_make();
    struct aka_vector first;

    aka_vector_make(&pair.centre, rand_1, &first);
    CU_ASSERT_EQUAL(challenge(&pair), AKA_GOOD);
    CU_ASSERT_EQUAL(aka_usim_answer(&pair.usim, first.rand, first.autn, &pair.answer, pair.auts), AKA_GOOD);
    CU_ASSERT_EQUAL(aka_usim_answer(&pair.usim, first.rand, first.autn, &pair.answer, pair.auts), AKA_OUT_OF_SYNC);
}

static void test_resynchronisation(void)
{
    struct pair pair = pair_make();

    for (int i = 0; i < 100; i++)
        CU_ASSERT_EQUAL(challenge(&pair), AKA_GOOD);
    uint64_t last = pair.centre.sqn;

    pair.centre.sqn = 0; /* the centre has forgotten */
    CU_ASSERT_EQUAL(challenge(&pair), AKA_OUT_OF_SYNC);
    CU_ASSERT(aka_resynchronise(&pair.centre, rand_1, pair.auts));
    CU_ASSERT_EQUAL(pair.centre.sqn, last);
    CU_ASSERT_EQUAL(challenge(&pair), AKA_GOOD);
}

static void test_forged_resynchronisation(void)
{
    struct pair pair = pair_make();

    challenge(&pair);
    CU_ASSERT_EQUAL(aka_usim_answer(&pair.usim, rand_1, pair.vector.autn, &pair.answer, pair.auts), AKA_OUT_OF_SYNC);
    for (size_t i = 0; i < AKA_AUTS_SIZE; i++) {
        pair.auts[i] ^= 0x80;
        CU_ASSERT_FALSE(aka_resynchronise(&pair.centre, rand_1, pair.auts));
        CU_ASSERT_EQUAL(pair.centre.sqn, 33);
        pair.auts[i] ^= 0x80;
    }
}

/* Annex C.2.1: nobody can wear a USIM's counter out with one challenge. */
static void test_jump(void)
{
    struct pair pair = pair_make();

    pair.centre.sqn = (AKA_DELTA - 2) << AKA_INDEX_BITS;
    CU_ASSERT_EQUAL(challenge(&pair), AKA_GOOD);
    pair = pair_make();
    pair.centre.sqn = (AKA_DELTA - 1) << AKA_INDEX_BITS;
    CU_ASSERT_EQUAL(challenge(&pair), AKA_OUT_OF_SYNC);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a vector holds what TS 33.102 section 6.3.2 says", test_vector},
        {"a USIM refuses what its home network did not make", test_mac},
        {"a challenge is good once", test_replay},
        {"a challenge that was overtaken is still good", test_order},
        {"a centre that fell behind is told where the USIM is", test_resynchronisation},
        {"nobody else can move the centre's counter", test_forged_resynchronisation},
        {"a sequence number that jumps is refused", test_jump},
        {NULL, NULL},
    };

    return unit_run("aka", tests);
}
