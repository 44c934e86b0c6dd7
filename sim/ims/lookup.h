/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lookup.h - a user's certificate from a store of certificates by HTTP (RFC 4387): UE-A asks for the one that carries
 * the recipient's URI and gets it as DER. It needs no TLS: whoever has it verifies it. The store answers after an MSRP
 * relay's dwell (assumed).
 */
#ifndef SIM_IMS_LOOKUP_H
#define SIM_IMS_LOOKUP_H

#include "sim/ims/world.h"

/* The store at its site. */
void lookup_create(struct world *world);

/* UE-A asks for the recipient's certificate, of the kind that the scenario's suite needs; done is called when it is
 * there. What fails ends the trial. */
void lookup_ask(struct world *world, const struct cause *cause, void *context, station_done_fn *done);

/* Whom is sealed to, where bytes are real: user B as he is known, or by the certificate that came. */
const struct party *lookup_recipient(const struct world *world);

#endif
