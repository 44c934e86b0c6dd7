/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * milenage.h - the example algorithms of authentication and key agreement (3GPP TS 35.205, TS 35.206) with AES-128 as
 * their kernel: what a subscriber's USIM and the authentication centre compute alike.
 */
#ifndef SIM_SEC_MILENAGE_H
#define SIM_SEC_MILENAGE_H

#include <stdint.h>

enum {
    MILENAGE_KEY_SIZE = 16,
    MILENAGE_RAND_SIZE = 16,
    MILENAGE_SQN_SIZE = 6,
    MILENAGE_AMF_SIZE = 2,
    MILENAGE_MAC_SIZE = 8,
    MILENAGE_RES_SIZE = 8,
    MILENAGE_AK_SIZE = 6
};

/* A subscriber's secret, and the operator's constant mixed with it. */
struct milenage_key {
    uint8_t k[MILENAGE_KEY_SIZE];
    uint8_t opc[MILENAGE_KEY_SIZE];
};

/* What f2 to f5 make of a challenge. */
struct milenage_answer {
    uint8_t res[MILENAGE_RES_SIZE];
    uint8_t ck[MILENAGE_KEY_SIZE];
    uint8_t ik[MILENAGE_KEY_SIZE];
    uint8_t ak[MILENAGE_AK_SIZE];
};

/* OPc of the operator's OP for one subscriber. */
void milenage_opc(const uint8_t k[MILENAGE_KEY_SIZE], const uint8_t op[MILENAGE_KEY_SIZE],
                  uint8_t opc[MILENAGE_KEY_SIZE]);

/* f1 and f1*: the code that authenticates the network, and the one that authenticates a resynchronisation. */
void milenage_f1(const struct milenage_key *key, const uint8_t rand[MILENAGE_RAND_SIZE],
                 const uint8_t sqn[MILENAGE_SQN_SIZE], const uint8_t amf[MILENAGE_AMF_SIZE],
                 uint8_t mac_a[MILENAGE_MAC_SIZE], uint8_t mac_s[MILENAGE_MAC_SIZE]);

void milenage_f2345(const struct milenage_key *key, const uint8_t rand[MILENAGE_RAND_SIZE],
                    struct milenage_answer *answer);

/* f5*: hides the sequence number of a resynchronisation. */
void milenage_f5_star(const struct milenage_key *key, const uint8_t rand[MILENAGE_RAND_SIZE],
                      uint8_t ak[MILENAGE_AK_SIZE]);

#endif
