/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mallory.h - everybody in a trial of threats: the honest users with their keys, and what an attacker has: certificates
 * that are expired, self-signed, revoked or another's, files of his own, and what he has sealed with them for user B,
 * made with OpenSSL's CMS functions and not with ours. Once made it is only read.
 */
#ifndef BENCH_HARNESS_MALLORY_H
#define BENCH_HARNESS_MALLORY_H

#include "sim/sec/cms.h"
#include "sim/sim.h"

enum mallory_flaw { MALLORY_EXPIRED, MALLORY_SELF_SIGNED, MALLORY_WRONG_NAME, MALLORY_REVOKED, MALLORY_FLAW_COUNT };

/* What is sealed for user B. */
enum mallory_sealed {
    MALLORY_SEALED_FLAWED,                                           /* by flaw: signed in the name of user A */
    MALLORY_SEALED_OWN = MALLORY_SEALED_FLAWED + MALLORY_FLAW_COUNT, /* signed by Mallory, who is a user too */
    MALLORY_SEALED_FORWARDED,                                        /* signed by Carol for user A, and sealed anew */
    MALLORY_SEALED_COUNT
};

struct mallory_object {
    uint8_t *bytes;
    size_t size;
};

struct mallory {
    struct party_set parties; /* the honest ones; their authority has a revocation list with one name */
    struct party own, carol;  /* users under the authority, of the suite's kind */
    struct party tls;         /* Mallory again, where he ends TLS: with the kind of key that TLS wants */
    struct party host;        /* his host, SIM_TAMPER_HOST, which is his own: the authority vouches for it */
    struct party users[MALLORY_FLAW_COUNT];
    struct party hosts[MALLORY_FLAW_COUNT][PARTY_SERVERS_MAX]; /* in the order of parties.servers */
    struct mallory_object file, old_file, own_file;            /* of one size: user A's, that of yesterday, Mallory's */
    struct mallory_object sealed[MALLORY_SEALED_COUNT];
    struct source file_source, old_source;
    enum cms_suite suite;
};

/* Makes everybody for a scenario, and files of file_bytes: drawn letters, which occur nowhere else. ERR_CRYPTO,
 * ERR_FULL with a note; mallory_free gives back what there is, also after a failure. */
MUST_USE enum err mallory_init(struct mallory *mallory, const struct scenario *scenario, uint64_t file_bytes,
                               struct note *note);
void mallory_free(struct mallory *mallory);

/* The certificate with a flaw that stands in for a host; NULL: there is no such host. */
const struct party *mallory_host(const struct mallory *mallory, enum mallory_flaw flaw, const char *host);

/* Appends bytes, which the object owns then, until it is freed. Aborts without memory. */
void mallory_object_add(struct mallory_object *object, struct span bytes);
void mallory_object_free(struct mallory_object *object);

#endif
