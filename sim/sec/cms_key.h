/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cms_key.h - the content-encryption key on its way to the recipient: RecipientInfo by key agreement (RFC 5753: ECDH
 * P-256, X9.63 KDF with SHA-256, AES-128 key wrap) or by key transport (RSA, PKCS #1 v1.5). Inside sim/sec.
 */
#ifndef SIM_SEC_CMS_KEY_H
#define SIM_SEC_CMS_KEY_H

#include "sim/sec/cms_layout.h"

/* IssuerAndSerialNumber of the party's certificate. */
void cms_write_identifier(struct sink *sink, const struct party *party);

/* The RecipientInfo that carries key, as long as the suite's, to the recipient. */
MUST_USE enum err cms_key_write(struct sink *sink, const struct cms_suite_row *row, const struct party *recipient,
                                const uint8_t key[CMS_KEY_MAX], struct note *note);

/* The key from the RecipientInfo in info. ERR_CRYPTO when it is not for this recipient or does not unwrap. A key
 * sent by RSA that does not decrypt is replaced by a random one: the failure then shows where the content does not
 * decrypt, and whoever sent it learns nothing about the padding (RFC 3218). */
MUST_USE enum err cms_key_read(struct span info, const struct cms_suite_row *row, const struct party *recipient,
                               uint8_t key[CMS_KEY_MAX], struct note *note);

#endif
