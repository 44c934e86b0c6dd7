/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hss.h - a home subscriber server: who its subscribers are, their keys and sequence numbers, where they are served,
 * and its answers about them (TS 29.228 sections 6.1.1 to 6.1.4, 6.3).
 */
#ifndef SIM_IMS_HSS_H
#define SIM_IMS_HSS_H

#include "sim/ims/world.h"
#include "sim/sec/aka.h"

struct hss;

/* Strings last as long as the trial. */
struct hss_subscriber {
    const char *public_identity;  /* "sip:bob@open-ims.test" */
    const char *private_identity; /* "bob@open-ims.test" */
    struct milenage_key key;
    uint32_t capability; /* that its S-CSCF must have */
    bool is_barred;      /* known, but may not register */
    const char *served;  /* by that S-CSCF from the start; NULL: registers itself */
    const char *server;  /* URI of the application server of its INVITEs and MESSAGEs; NULL: none */
    int session_case;    /* in which: enum ifc_session_case */
};

/* Makes the HSS at its site. */
struct hss *hss_create(struct world *world, enum role role);
void hss_add(struct hss *hss, const struct hss_subscriber *subscriber);

#endif
