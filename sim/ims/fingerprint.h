/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fingerprint.h - certificates as the SDP names them (a=fingerprint, RFC 8122 section 5): "SHA-256 4A:AD:...". Where
 * bytes are real it is that of a real certificate, else as many characters that differ from role to role.
 */
#ifndef SIM_IMS_FINGERPRINT_H
#define SIM_IMS_FINGERPRINT_H

#include "sim/ims/world.h"

enum { FINGERPRINT_TEXT = sizeof("SHA-256 ") - 1 + 3 * PARTY_FINGERPRINT_SIZE - 1 };

/* The value of a=fingerprint for a hash, FINGERPRINT_TEXT characters. */
void fingerprint_write(const uint8_t hash[PARTY_FINGERPRINT_SIZE], struct sink *sink);

/* That of the certificate that a role shows. */
void fingerprint_of_role(const struct world *world, enum role role, struct sink *sink);

/* Whether two values are the same certificate's: hexadecimal digits in capitals or not. An absent one is nobody's. */
bool fingerprint_is_same(struct span a, struct span b);

#endif
