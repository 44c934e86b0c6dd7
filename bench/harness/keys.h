/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keys.h - writes certificates and private keys of a trial's users as PEM, so that other programs can open what the
 * trial sealed. They are made for the trial and protect nothing else; nobody but the files' owner may read them.
 */
#ifndef BENCH_HARNESS_KEYS_H
#define BENCH_HARNESS_KEYS_H

#include "sim/sec/party.h"

/* Writes alice.pem and bob.pem, each a certificate and its private key, and authority.pem, the certificate they stand
 * under, into the folder, which is made where it is missing. ERR_FILE when one of them is there already or cannot
 * be written; ERR_CRYPTO. */
MUST_USE enum err keys_save(const struct party_set *parties, enum party_kind kind, const char *folder,
                            struct note *note);

/* Starts esp_sa in the folder, made as above: Wireshark's table of security associations, of which keys_add_association
 * (for a tap) writes a line each. In a folder that the environment variable WIRESHARK_CONFIG_DIR names, Wireshark opens
 * ESP with it. */
struct outfile;
MUST_USE enum err keys_open_associations(struct outfile *file, const char *folder, struct note *note);
void keys_add_association(void *context, struct span line);

#endif
