/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cms_signer.h - SignerInfo (RFC 5652 section 5.3): who signed, the signed attributes content type, signing time and
 * message digest, and the signature over them. Inside sim/sec.
 */
#ifndef SIM_SEC_CMS_SIGNER_H
#define SIM_SEC_CMS_SIGNER_H

#include "sim/sec/cms_layout.h"

/* Writes the SignerInfo of sender over a content of this digest. An ECDSA signature is made again until it has 71
 * bytes. */
MUST_USE enum err cms_signer_write(struct sink *sink, const struct cms_sealing *sealing, const uint8_t *digest,
                                   struct note *note);

/* Checks the one SignerInfo in info against the content's digest, the certificates that came along (a span of them,
 * perhaps empty) and what the opening expects of the signer. */
MUST_USE enum err cms_signer_check(struct span info, struct span certificates, const struct cms_opening *opening,
                                   const struct cms_suite_row *row, const uint8_t *digest, struct note *note);

#endif
