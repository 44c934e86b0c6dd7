/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * digest.h - hashes: MD5 for HTTP digest access authentication, SHA-1 and SHA-256 of a file.
 */
#ifndef SIM_SEC_DIGEST_H
#define SIM_SEC_DIGEST_H

#include "sim/base/slice.h"

enum { DIGEST_MD5_HEX = 32, DIGEST_SHA1_SIZE = 20, DIGEST_SHA256_SIZE = 32 };

/* MD5 of the concatenated parts as 32 lower-case hex digits, without a zero byte behind them. */
void digest_md5(const struct span *parts, size_t count, char hex[DIGEST_MD5_HEX]);

/* The hash of every byte of the slice. */
void digest_sha1(struct slice slice, uint8_t hash[DIGEST_SHA1_SIZE]);
void digest_sha256(struct slice slice, uint8_t hash[DIGEST_SHA256_SIZE]);

#endif
