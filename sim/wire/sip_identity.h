/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_identity.h - who a request is from, as its receiver has to take it (RFC 8591 sections 4.4.1, 8.4): what the
 * network asserts (P-Asserted-Identity, RFC 3325), and only where it asserts nothing what From says.
 */
#ifndef SIM_WIRE_SIP_IDENTITY_H
#define SIM_WIRE_SIP_IDENTITY_H

#include "sim/wire/sip.h"

enum { SIP_IDENTITY_SIZE = 256 };

/* The address of record, "sip:alice@open-ims.test", without port and parameters: the first sip: or sips: URI of
 * P-Asserted-Identity, which may hold a tel: URI beside it; else that of From. ERR_SYNTAX: there is none, and an
 * asserted identity that cannot be read does not make room for From. aor, with an end of string, is then empty. */
MUST_USE enum err sip_identity(struct span head, char aor[SIP_IDENTITY_SIZE]);

#endif
