/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/digest.h"
#include "sim/base/check.h"

#include <openssl/evp.h>

enum { READ_SIZE = 16384 };

static EVP_MD_CTX *digest_begin(const EVP_MD *algorithm)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    check(context != NULL);
    check(EVP_DigestInit_ex(context, algorithm, NULL) == 1);
    return context;
}

static void digest_end(EVP_MD_CTX *context, uint8_t *hash, unsigned int expected)
{
    unsigned int size = 0;

    check(EVP_DigestFinal_ex(context, hash, &size) == 1);
    check(size == expected);
    EVP_MD_CTX_free(context);
}

void digest_md5(const struct span *parts, size_t count, char hex[DIGEST_MD5_HEX])
{
    EVP_MD_CTX *context = digest_begin(EVP_md5());
    uint8_t hash[DIGEST_MD5_HEX / 2];
    struct sink sink = {.data = hex, .capacity = DIGEST_MD5_HEX};

    for (size_t i = 0; i < count; i++)
        check(EVP_DigestUpdate(context, parts[i].data, parts[i].size) == 1);
    digest_end(context, hash, sizeof(hash));
    for (size_t i = 0; i < sizeof(hash); i++)
        sink_hex(&sink, hash[i], 2);
}

static void digest_slice(const EVP_MD *algorithm, struct slice slice, uint8_t *hash, unsigned int hash_size)
{
    EVP_MD_CTX *context = digest_begin(algorithm);
    const char *memory = slice_pointer(slice);
    char copy[READ_SIZE];

    for (uint64_t at = 0; at < slice.length;) {
        size_t size = slice.length - at < READ_SIZE ? (size_t)(slice.length - at) : READ_SIZE;

        if (!memory)
            slice_read(slice, at, copy, size);
        check(EVP_DigestUpdate(context, memory ? memory + at : copy, size) == 1);
        at += size;
    }
    digest_end(context, hash, hash_size);
}

void digest_sha1(struct slice slice, uint8_t hash[DIGEST_SHA1_SIZE])
{
    digest_slice(EVP_sha1(), slice, hash, DIGEST_SHA1_SIZE);
}

void digest_sha256(struct slice slice, uint8_t hash[DIGEST_SHA256_SIZE])
{
    digest_slice(EVP_sha256(), slice, hash, DIGEST_SHA256_SIZE);
}
