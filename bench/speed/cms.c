/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cms.c - sealing and opening a file that is larger than memory should be, against the least there is to do: SHA-256
 * over all of it, then AES-128-GCM over all of it, by OpenSSL's own loops over a block that stays in the cache.
 */
#include "bench/speed/speed.h"
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/sec/cms.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCK = 1 << 20, STEP = 1 << 14, AT_S = 1800000000 };

static uint8_t block[BLOCK];

/* A file of any length: the block, again and again. */
static void read_block(const struct source *source, uint64_t offset, void *out, size_t size)
{
    (void)source;
    for (size_t done = 0; done < size;) {
        size_t from = (size_t)((offset + done) % BLOCK), run = BLOCK - from;

        run = size - done < run ? size - done : run;
        memcpy((char *)out + done, block + from, run);
        done += run;
    }
}

static const struct source endless = {.read = read_block, .lasts = true};

static void make_parties(struct party_set *parties)
{
    struct note note = {{0}};

    for (size_t i = 0; i < BLOCK; i++)
        block[i] = (uint8_t)(i * 2654435761u >> 13);
    check(party_set_init(parties, &(struct party_set_config){.with_rsa = false}, &note) == ERR_OK);
}

static bool write_nowhere(void *context, const void *bytes, size_t size)
{
    (void)bytes;
    *(uint64_t *)context += size;
    return true;
}

static bool write_file(void *context, const void *bytes, size_t size)
{
    return fwrite(bytes, 1, size, context) == size;
}

static void seal(const struct party_set *parties, uint64_t size, cms_write_fn *write, void *context)
{
    struct cms_sealing sealing = {.sender = &parties->alice[PARTY_EC],
                                  .recipient = &parties->bob[PARTY_EC],
                                  .suite = CMS_RFC8591,
                                  .with_certificate = true,
                                  .signing_time_s = AT_S};
    struct note note = {{0}};

    check(cms_seal_to(&sealing, (struct slice){&endless, 0, size}, write, context, &note) == ERR_OK);
}

struct speed cms_seal_run(uint64_t size, uint64_t count)
{
    struct party_set parties;
    uint64_t written = 0;

    (void)count;
    make_parties(&parties);
    double start = speed_clock();

    seal(&parties, size, write_nowhere, &written);
    double seconds = speed_clock() - start;

    check(written == cms_sealed_size(CMS_RFC8591, true, size));
    party_set_free(&parties);
    return (struct speed){seconds, size, (double)size};
}

/* In a process of its own, whose memory is told at its end. */
struct speed cms_seal_memory(uint64_t size, uint64_t count)
{
    struct rusage usage;
    int status = 0;
    pid_t child = fork();

    check(child >= 0);
    if (child == 0) {
        cms_seal_run(size, count);
        _exit(0);
    }
    check(wait4(child, &status, 0, &usage) == child && status == 0);
    return (struct speed){1, (uint64_t)usage.ru_maxrss * KIB, (double)size};
}

/* The sealed message lies in a file without a name, mapped, as an opener finds it. */
struct speed cms_open_run(uint64_t size, uint64_t count)
{
    struct party_set parties;
    uint64_t sealed_size = cms_sealed_size(CMS_RFC8591, true, size), written = 0, opened = 0;
    FILE *file = tmpfile();
    struct note note = {{0}};

    (void)count;
    check(file != NULL);
    make_parties(&parties);
    seal(&parties, size, write_file, file);
    check(fflush(file) == 0);
    void *map = mmap(NULL, (size_t)sealed_size, PROT_READ, MAP_SHARED, fileno(file), 0);

    check(map != MAP_FAILED);
    struct cms_opening opening = {.recipient = &parties.bob[PARTY_EC],
                                  .authority = &parties.authority[PARTY_EC],
                                  .sender_aor = parties.alice[PARTY_EC].name,
                                  .at_s = AT_S};
    double start = speed_clock();
    enum err error =
        cms_open_to(&opening, (struct span){map, (size_t)sealed_size}, write_nowhere, &written, &opened, &note);
    double seconds = speed_clock() - start;

    check(error == ERR_OK && opened == size && written == size);
    munmap(map, (size_t)sealed_size);
    fclose(file);
    party_set_free(&parties);
    return (struct speed){seconds, size, (double)size};
}

static void hash(uint64_t size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t digest[EVP_MAX_MD_SIZE];

    check(context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1);
    for (uint64_t at = 0; at < size; at += BLOCK)
        check(EVP_DigestUpdate(context, block, size - at < BLOCK ? (size_t)(size - at) : BLOCK) == 1);
    check(EVP_DigestFinal_ex(context, digest, NULL) == 1);
    EVP_MD_CTX_free(context);
}

static void encrypt(uint64_t size)
{
    static const uint8_t key[16], nonce[12];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t out[STEP];
    int written = 0;

    check(context && EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), NULL, key, nonce) == 1);
    for (uint64_t at = 0; at < size; at += STEP)
        check(EVP_EncryptUpdate(context, out, &written, block + at % BLOCK,
                                size - at < STEP ? (int)(size - at) : STEP) == 1);
    check(EVP_EncryptFinal_ex(context, out, &written) == 1);
    EVP_CIPHER_CTX_free(context);
}

struct speed cms_floor(uint64_t size, uint64_t count)
{
    double start = speed_clock();

    (void)count;
    hash(size);
    encrypt(size);
    return (struct speed){speed_clock() - start, size, (double)size};
}
