/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/milenage.h"
#include "sim/base/check.h"

#include <openssl/evp.h>
#include <string.h>

enum { BLOCK = 16 };

/* TS 35.206 section 4.1: by how many bytes each function rotates, and what it adds to the last byte. */
enum { ROTATE_1 = 8, ROTATE_2 = 0, ROTATE_3 = 4, ROTATE_4 = 8, ROTATE_5 = 12 };
enum { CONSTANT_1 = 0, CONSTANT_2 = 1, CONSTANT_3 = 2, CONSTANT_4 = 4, CONSTANT_5 = 8 };

static EVP_CIPHER_CTX *kernel_begin(const uint8_t k[BLOCK])
{
    EVP_CIPHER_CTX *kernel = EVP_CIPHER_CTX_new();

    check(kernel != NULL);
    check(EVP_EncryptInit_ex(kernel, EVP_aes_128_ecb(), NULL, k, NULL) == 1);
    check(EVP_CIPHER_CTX_set_padding(kernel, 0) == 1);
    return kernel;
}

/* One block; in and out may be the same. */
static void kernel_run(EVP_CIPHER_CTX *kernel, const uint8_t in[BLOCK], uint8_t out[BLOCK])
{
    int size = 0;

    check(EVP_EncryptUpdate(kernel, out, &size, in, BLOCK) == 1);
    check(size == BLOCK);
}

static void mix(uint8_t block[BLOCK], const uint8_t with[BLOCK])
{
    for (int i = 0; i < BLOCK; i++)
        block[i] ^= with[i];
}

/* TEMP: the challenge under OPc, encrypted. */
static void make_temp(EVP_CIPHER_CTX *kernel, const struct milenage_key *key, const uint8_t rand[BLOCK],
                      uint8_t temp[BLOCK])
{
    memcpy(temp, rand, BLOCK);
    mix(temp, key->opc);
    kernel_run(kernel, temp, temp);
}

/* OUT2 to OUT5: TEMP under OPc, rotated, with a constant, encrypted, under OPc again. */
static void make_out(EVP_CIPHER_CTX *kernel, const struct milenage_key *key, const uint8_t temp[BLOCK], int rotate,
                     int constant, uint8_t out[BLOCK])
{
    uint8_t block[BLOCK];

    for (int i = 0; i < BLOCK; i++)
        block[i] = temp[(i + rotate) % BLOCK] ^ key->opc[(i + rotate) % BLOCK];
    block[BLOCK - 1] ^= (uint8_t)constant;
    kernel_run(kernel, block, out);
    mix(out, key->opc);
}

void milenage_opc(const uint8_t k[MILENAGE_KEY_SIZE], const uint8_t op[MILENAGE_KEY_SIZE],
                  uint8_t opc[MILENAGE_KEY_SIZE])
{
    EVP_CIPHER_CTX *kernel = kernel_begin(k);

    kernel_run(kernel, op, opc);
    mix(opc, op);
    EVP_CIPHER_CTX_free(kernel);
}

void milenage_f1(const struct milenage_key *key, const uint8_t rand[MILENAGE_RAND_SIZE],
                 const uint8_t sqn[MILENAGE_SQN_SIZE], const uint8_t amf[MILENAGE_AMF_SIZE],
                 uint8_t mac_a[MILENAGE_MAC_SIZE], uint8_t mac_s[MILENAGE_MAC_SIZE])
{
    EVP_CIPHER_CTX *kernel = kernel_begin(key->k);
    uint8_t temp[BLOCK], in[BLOCK], out[BLOCK];

    make_temp(kernel, key, rand, temp);
    for (int half = 0; half < BLOCK; half += BLOCK / 2) {
        memcpy(in + half, sqn, MILENAGE_SQN_SIZE);
        memcpy(in + half + MILENAGE_SQN_SIZE, amf, MILENAGE_AMF_SIZE);
    }
    for (int i = 0; i < BLOCK; i++)
        out[i] = in[(i + ROTATE_1) % BLOCK] ^ key->opc[(i + ROTATE_1) % BLOCK];
    out[BLOCK - 1] ^= CONSTANT_1;
    mix(out, temp);
    kernel_run(kernel, out, out);
    mix(out, key->opc);
    memcpy(mac_a, out, MILENAGE_MAC_SIZE);
    memcpy(mac_s, out + MILENAGE_MAC_SIZE, MILENAGE_MAC_SIZE);
    EVP_CIPHER_CTX_free(kernel);
}

void milenage_f2345(const struct milenage_key *key, const uint8_t rand[MILENAGE_RAND_SIZE],
                    struct milenage_answer *answer)
{
    EVP_CIPHER_CTX *kernel = kernel_begin(key->k);
    uint8_t temp[BLOCK], out[BLOCK];

    make_temp(kernel, key, rand, temp);
    make_out(kernel, key, temp, ROTATE_2, CONSTANT_2, out);
    memcpy(answer->ak, out, MILENAGE_AK_SIZE);
    memcpy(answer->res, out + BLOCK - MILENAGE_RES_SIZE, MILENAGE_RES_SIZE);
    make_out(kernel, key, temp, ROTATE_3, CONSTANT_3, answer->ck);
    make_out(kernel, key, temp, ROTATE_4, CONSTANT_4, answer->ik);
    EVP_CIPHER_CTX_free(kernel);
}

void milenage_f5_star(const struct milenage_key *key, const uint8_t rand[MILENAGE_RAND_SIZE],
                      uint8_t ak[MILENAGE_AK_SIZE])
{
    EVP_CIPHER_CTX *kernel = kernel_begin(key->k);
    uint8_t temp[BLOCK], out[BLOCK];

    make_temp(kernel, key, rand, temp);
    make_out(kernel, key, temp, ROTATE_5, CONSTANT_5, out);
    memcpy(ak, out, MILENAGE_AK_SIZE);
    EVP_CIPHER_CTX_free(kernel);
}
